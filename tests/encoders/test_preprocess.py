"""Preprocessing: sizes, resampling and normalization equal those of the libraries that networks were trained with."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from neurogeom import encoders
from tests.encoders.networks import pictures


@pytest.mark.parametrize("resample", ["bilinear", "bicubic", "nearest"])
def test_bytes_are_resized_as_pil_does(resample):
    image = pictures(1, 40)[0]
    found = encoders.Preprocess(resize=(20, 16), resample=resample)([image]).numpy()[0]
    method = getattr(Image.Resampling, resample.upper())
    expected = np.asarray(Image.fromarray(image).resize((16, 20), method)).transpose(2, 0, 1) / np.float32(255)
    np.testing.assert_array_equal(found, expected)


def test_floats_are_resized_without_rounding():
    image = pictures(1, 40)[0]
    preprocess = encoders.Preprocess(resize=16)
    exact = preprocess([image / np.float32(255)]).numpy()
    rounded = preprocess([image]).numpy()
    assert 0 < np.abs(exact - rounded).max() <= 1.01 / 255


def test_without_antialias_it_is_four_neighbors_cut_to_bytes():
    image = pictures(1, 40)[0]
    found = encoders.Preprocess(resize=16, antialias=False)([image]).numpy()[0] * 255
    x = torch.tensor(image.transpose(2, 0, 1)[None], dtype=torch.float32)
    expected = torch.nn.functional.interpolate(x, (16, 16), mode="bilinear", align_corners=False)[0].numpy()
    np.testing.assert_allclose(found, np.floor(expected), atol=1e-3)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(found, encoders.Preprocess(resize=16)([image]).numpy()[0] * 255, atol=20)


def test_the_shorter_side_is_resized_and_the_middle_cut():
    image = np.zeros((40, 80, 3), dtype=np.uint8)
    image[:, 40:] = 255
    found = encoders.Preprocess(resize=20, crop=16)([image]).numpy()[0]
    assert found.shape == (3, 16, 16)
    assert found[:, :, :7].max() == 0 and found[:, :, 9:].min() == 1
    with pytest.raises(ValueError, match="smaller than crop=50: set resize="):
        encoders.Preprocess(crop=50)([image])


def test_normalization_is_per_channel():
    image = np.full((4, 4, 3), 255, dtype=np.uint8)
    found = encoders.Preprocess(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))([image]).numpy()[0, :, 0, 0]
    np.testing.assert_allclose(found, [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225], rtol=1e-6)


def test_settings_tell_two_preprocessings_apart():
    one, other = encoders.Preprocess(resize=16), encoders.Preprocess(resize=16, resample="bicubic")
    assert one.settings() != other.settings()
    with pytest.raises(ValueError, match="resample='bilinaer'.*Did you mean 'bilinear'"):
        encoders.Preprocess(resample="bilinaer")
