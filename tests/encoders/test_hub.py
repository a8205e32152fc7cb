"""Networks of other libraries: the numbers of the library itself, and clear words where it is missing or broken."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch

from neurogeom import encoders
from tests.encoders.networks import pictures, seeded


@pytest.fixture
def vit(tmp_path):
    """A folder with a small ViT of transformers."""
    transformers = pytest.importorskip("transformers", reason="needs the extra siglip")
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, image_size=32, patch_size=8
    )
    model = seeded(lambda: transformers.ViTModel(config)).eval()
    model.save_pretrained(tmp_path / "vit")
    settings = {"size": {"height": 32, "width": 32}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "resample": 2}
    (tmp_path / "vit" / "preprocessor_config.json").write_text(json.dumps(settings))
    return tmp_path / "vit", model


def test_a_vision_model_of_transformers_gives_its_own_numbers(vit):
    folder, model = vit
    encoder = encoders.from_library(f"transformers:{folder}", visual_degrees=8.0)
    images = pictures(3, 40)
    with torch.inference_mode():
        expected = model(encoder.preprocess(list(images))).last_hidden_state.numpy()
    found = encoders.extract(encoder, images, "layernorm")
    np.testing.assert_allclose(found.values.reshape(3, 17, 16), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        encoders.extract(encoder, images, "layernorm", pool="cls").values, expected[:, 0], atol=1e-5
    )
    assert found.x.values.max() == 3 and set(found.x.values[:16]) == {-1}
    assert np.nanmax(found.x_degrees.values) == 3.0


def test_missing_libraries_name_their_extra(monkeypatch):
    for library in ("timm", "torchvision", "open_clip"):
        monkeypatch.setitem(sys.modules, "torchvision", None)
        with pytest.raises(ImportError, match="torchvision"):
            encoders.from_library(f"{library}:resnet50")


def test_a_torchvision_of_another_torch_is_recognized(monkeypatch, tmp_path):
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')"
    )
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImportError, match=r"built for another torch than .*nms does not exist.*Install the pair"):
        encoders.from_library("torchvision:resnet50")


def test_what_names_no_network_is_refused():
    with pytest.raises(ValueError, match="has no network; write timm:NAME"):
        encoders.from_library("timm")
    with pytest.raises(ValueError, match="library='tim' is unknown. Did you mean 'timm'"):
        encoders.from_library("tim:resnet50")
