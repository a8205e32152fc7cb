"""Laws of images: their range, their sources, their spectra, and the controls made of them."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from neurogeom import stimuli


def test_packaged_images_are_gray_and_in_range() -> None:
    found = stimuli.packaged_images()
    assert len(found) == 14
    for image in found.values():
        assert image.ndim == 2 and image.dtype == np.float32
        assert image.min() >= -0.5 and image.max() <= 0.5


def test_bytes_become_byte_over_255_minus_half() -> None:
    bytes_ = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    np.testing.assert_allclose(stimuli.normalize(bytes_), bytes_ / 255 - 0.5, atol=1e-7)
    gray = np.repeat(bytes_[0][..., None], 3, axis=-1)
    np.testing.assert_allclose(stimuli.normalize(gray), bytes_[0] / 255 - 0.5, atol=1e-6)


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (np.full((2, 8, 8), 200.0), ValueError, "divide by 255"),
        (np.linspace(-1, 1, 128).reshape(2, 8, 8), ValueError, "looks like -1 to 1"),
        (np.linspace(0, 1, 128).reshape(2, 8, 8), ValueError, "looks like 0 to 1"),
        (np.zeros((2, 8, 8), dtype=np.uint8), TypeError, "whole numbers"),
        (np.full((2, 8, 8), np.nan), ValueError, "NaN or infinity in 2 of 2"),
        (np.zeros((2, 8, 8, 3)), ValueError, "color"),
        (np.zeros((0, 8, 8)), ValueError, "at least one pixel"),
        (np.zeros((2, 8, 8), dtype=complex), TypeError, "complex"),
        (np.zeros((2, 16, 8)), ValueError, "Height and width look swapped"),
        (np.zeros((2, 9, 8)), ValueError, "8 × 16 are needed"),
    ],
)
def test_wrong_images_are_refused_with_what_to_do(images: np.ndarray, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        stimuli.as_images(images, shape=(8, 16) if "swapped" in message or "8 × 16" in message else None)


def test_a_crop_is_a_part_of_its_source_and_a_seed_repeats_it() -> None:
    images = stimuli.packaged_images("camera", "moon")
    cut = stimuli.crops(images, 24, n=6, scales=[1.0], flips=False, seed=3)
    for crop, source in zip(cut.values, cut.source.values):
        windows = np.lib.stride_tricks.sliding_window_view(images[str(source)], (24, 24))
        first = windows[..., 0, 0] == crop[0, 0]
        assert any(np.array_equal(window, crop) for window in windows[first])
    again = stimuli.crops(images, 24, n=6, scales=[1.0], flips=False, seed=3)
    assert np.array_equal(cut.values, again.values)


@given(st.integers(3, 12), st.integers(0, 100))
def test_no_source_image_is_in_two_parts(n_sources: int, seed: int) -> None:
    sources = np.repeat(np.arange(n_sources), 3)
    parts = stimuli.split_sources(sources, parts={"a": 0.5, "b": 0.25, "c": 0.25}, seed=seed)
    held = [set(sources[index]) for index in parts.values()]
    assert all(held)
    assert not held[0] & held[1] and not held[0] & held[2] and not held[1] & held[2]


def test_phase_scrambling_keeps_the_power_at_each_frequency_and_the_mean() -> None:
    images = stimuli.crops(stimuli.packaged_images("camera"), 32, n=3, seed=0)
    scrambled = stimuli.phase_scrambled(images, seed=1)
    np.testing.assert_allclose(np.abs(np.fft.fft2(scrambled)), np.abs(np.fft.fft2(images.values)), atol=1e-4)
    np.testing.assert_allclose(scrambled.mean(axis=(1, 2)), images.values.mean(axis=(1, 2)), atol=1e-6)
    correlation = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(scrambled, images.values)]
    assert np.max(np.abs(correlation)) < 0.7


def test_images_of_a_power_law_have_its_spectrum() -> None:
    law = stimuli.PowerLaw(2e-3, 2.4, 0.5)
    images = stimuli.power_law_images(600, (32, 32), law=law, seed=0)
    np.testing.assert_allclose(stimuli.power_spectrum(images), law.power((32, 32)), rtol=0.35)
    found = stimuli.fit_power_law(images)
    assert abs(found.exponent - 2.4) < 0.05
    assert abs(np.log(found.amplitude / 2e-3)) < 0.1


def test_packaged_images_have_the_published_exponent() -> None:
    cut = stimuli.crops(stimuli.packaged_images(), 64, n=600, seed=0)
    assert 2.2 < stimuli.fit_power_law(cut).exponent < 2.9


def test_dead_leaves_cover_the_image_and_fall_off_like_natural_scenes() -> None:
    leaves = stimuli.dead_leaves(12, (64, 64), seed=0)
    assert leaves.min() >= -0.5 and leaves.max() <= 0.5
    assert len(np.unique(leaves[0])) > 20
    assert 1.8 < stimuli.fit_power_law(leaves).exponent < 3.2


def test_white_noise_has_its_standard_deviation() -> None:
    noise = stimuli.white_noise(200, (16, 16), sd=0.1, seed=0)
    assert abs(noise.std() - 0.1) < 1e-3


def test_images_of_folders_and_files_come_back(tmp_path: Path) -> None:
    from skimage.io import imsave

    bytes_ = np.random.default_rng(0).integers(0, 256, (5, 16, 16)).astype(np.uint8)
    for number in range(2):
        imsave(tmp_path / f"{number}.png", bytes_[number], check_contrast=False)
    found = stimuli.load_folder(tmp_path)
    np.testing.assert_allclose(found["1.png"], bytes_[1] / 255 - 0.5, atol=1e-6)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"] = bytes_
    chunks = list(stimuli.read_hdf5(tmp_path / "a.h5", chunk=2))
    assert [len(chunk) for chunk in chunks] == [2, 2, 1]
    np.testing.assert_allclose(np.concatenate(chunks), bytes_ / 255 - 0.5, atol=1e-6)


def test_a_folder_or_file_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no image"):
        stimuli.load_folder(tmp_path)
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match="cannot be read"):
        stimuli.load_folder(tmp_path)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["other"] = np.zeros((2, 8, 8))
    with pytest.raises(ValueError, match="It has: other"):
        next(stimuli.read_hdf5(tmp_path / "a.h5"))


def test_a_percept_needs_its_own_units() -> None:
    percept = xr.DataArray(np.linspace(0, 20, 64).reshape(1, 8, 8), dims=("n", "y", "x"), attrs={"units": "mW/mm2"})
    images = stimuli.from_percept(percept, units="mW/mm2", black=0.0, white=20.0, size=(16, 16))
    assert images.shape == (1, 16, 16)
    assert abs(images.mean()) < 0.02
    with pytest.raises(ValueError, match="percept says 'mW/mm2'"):
        stimuli.from_percept(percept, units="cd/m2", black=0.0, white=20.0)
    with pytest.raises(ValueError, match="not above black"):
        stimuli.from_percept(percept, units="mW/mm2", black=1.0, white=1.0)
