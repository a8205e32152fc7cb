"""Visual angle: images lie on a gray screen where Brain-Score puts them."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

from neurogeom import encoders
from tests.encoders.networks import pictures

IMAGE = np.arange(300 * 400 * 3, dtype=np.int64).reshape(300, 400, 3).astype(np.uint8)


def test_a_small_image_is_pasted_on_gray():
    found = encoders.place_on_screen(IMAGE, 4, 8)
    assert found.shape == (600, 800, 3)
    np.testing.assert_array_equal(found[150:450, 200:600], IMAGE)
    outside = found.copy()
    outside[150:450, 200:600] = 128
    assert set(np.unique(outside)) == {128}


def test_a_large_image_is_cut_to_its_middle():
    found = encoders.place_on_screen(IMAGE, 8, 6)
    np.testing.assert_array_equal(found, IMAGE[38:263, 50:350])


def test_halves_go_to_even():
    assert encoders.place_on_screen(IMAGE[:5, :5], 2, 1).shape == (2, 2, 3)  # 2.5 → 2
    assert encoders.place_on_screen(IMAGE[:5, :5], 2, 3).shape == (8, 8, 3)  # 7.5 → 8


def test_floats_get_the_same_gray():
    found = encoders.place_on_screen(IMAGE / 255.0, 4, 8)
    np.testing.assert_allclose(found * 255, encoders.place_on_screen(IMAGE, 4, 8), atol=1e-9)
    assert encoders.place_on_screen(IMAGE, 4, 4) is IMAGE


def test_extraction_places_images_and_says_so():
    encoder = encoders.as_encoder(nn.Flatten(), preprocess=encoders.Preprocess(resize=16), visual_degrees=8.0)
    images = pictures(2, 8)
    found = encoders.extract(encoder, images, degrees=4.0).values.reshape(2, 3, 16, 16)
    np.testing.assert_allclose(found[:, :, 4:12, 4:12], images.transpose(0, 3, 1, 2) / 255, atol=1e-6)
    np.testing.assert_allclose(found[:, :, :4], 128 / 255, atol=1e-6)
    assert '"degrees": 4.0' in encoders.extract(encoder, images, degrees=4.0).attrs["preprocessing"]
    plain = encoders.as_encoder(nn.Flatten(), preprocess=encoders.Preprocess(resize=16))
    with pytest.raises(ValueError, match="images are 4° wide, but the encoder 'Flatten' does not say"):
        encoders.extract(plain, images, degrees=4.0)


@pytest.mark.parametrize(("source", "target"), [(0, 8), (4, -1), (float("nan"), 8)])
def test_angles_are_numbers_above_zero(source, target):
    with pytest.raises(ValueError, match="degrees="):
        encoders.place_on_screen(IMAGE, source, target)
