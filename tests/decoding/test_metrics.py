"""Laws of image metrics and of comparisons."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from neurogeom import decoding, stimuli
from neurogeom._core.warnings import DegenerateInputWarning
from neurogeom.decoding import evaluate


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, xr.DataArray]:
    images = stimuli.crops(stimuli.packaged_images(), 48, n=12, seed=0)
    noise = np.random.default_rng(0).normal(0, 0.1, images.shape)
    return images.values + noise, images


def test_ssim_is_that_of_scikit_image_on_clipped_images(pair: tuple) -> None:
    noisy, images = pair
    peer = [
        structural_similarity(
            np.clip(a, -0.5, 0.5) + 0.5, b + 0.5, data_range=1.0, gaussian_weights=True, sigma=1.5,
            use_sample_covariance=False,
        )
        for a, b in zip(noisy, images.values.astype(float))
    ]  # fmt: skip
    np.testing.assert_allclose(decoding.ssim(noisy, images), peer, atol=1e-10)


def test_psnr_and_mse_are_those_of_scikit_image(pair: tuple) -> None:
    noisy, images = pair
    peer = [peak_signal_noise_ratio(b, a, data_range=1.0) for a, b in zip(noisy, images.values.astype(float))]
    np.testing.assert_allclose(decoding.psnr(noisy, images), peer, atol=1e-8)
    np.testing.assert_allclose(decoding.mse(noisy, images), 10 ** (-np.array(peer) / 10), rtol=1e-8)


def test_similarities_are_one_and_distances_zero_on_the_same_image(pair: tuple) -> None:
    _, images = pair
    for metric, best in ((decoding.ssim, 1), (decoding.ms_ssim, 1), (decoding.mse, 0), (decoding.spectral_error, 0)):
        np.testing.assert_allclose(metric(images, images), best, atol=1e-9)
    assert np.isinf(decoding.psnr(images, images)).all()


def test_more_noise_is_worse_in_every_metric(pair: tuple) -> None:
    noisy, images = pair
    worse = images.values + 2 * (noisy - images.values)
    for name in ("mse", "spectral_error"):
        metric = getattr(decoding, name)
        assert (metric(worse, images) > metric(noisy, images)).all()
    for name in ("psnr", "ssim", "ms_ssim"):
        metric = getattr(decoding, name)
        assert (metric(worse, images) < metric(noisy, images)).all()


def test_spectral_error_is_blind_to_phase(pair: tuple) -> None:
    _, images = pair
    scrambled = stimuli.phase_scrambled(images, seed=0)
    assert decoding.spectral_error(scrambled, images).max() < 1e-3
    assert decoding.ssim(scrambled, images).mean() < 0.4


def test_pairs_are_compared_on_the_same_images_clustered_by_source(pair: tuple) -> None:
    noisy, images = pair
    better = images.values + 0.9 * (noisy - images.values)
    result = evaluate({"noisy": noisy, "better": better}, images, n_resamples=200, seed=0)
    ratio = result.data["mse_ratio"].sel(decoder="better")
    low, high = result.data["mse_ratio_ci"].sel(decoder="better").values
    assert abs(float(ratio) - 0.81) < 1e-6
    assert high - low < 1e-6  # paired: the same in every image
    wide = result.data["mse_ci"].sel(decoder="better").values
    assert wide[1] > wide[0]
    np.testing.assert_allclose(result.data["image_mse"].mean("presentation"), result.data["mse"])


def test_few_source_images_are_told_and_widen_the_interval(rng: np.random.Generator) -> None:
    images = rng.uniform(-0.4, 0.4, (40, 16, 16))
    effect = np.repeat(rng.uniform(0.01, 0.1, 4), 10)[:, None, None]
    decoded = images + effect * rng.standard_normal(images.shape)
    with pytest.warns(DegenerateInputWarning, match="40 images come from 4 source images"):
        clustered = evaluate(decoded, images, sources=np.repeat(list("abcd"), 10), n_resamples=300, seed=0)
    alone = evaluate(decoded, images, n_resamples=300, seed=0)
    widths = [float(np.diff(one.data["mse_ci"].values[0])[0]) for one in (clustered, alone)]
    assert widths[0] > 1.5 * widths[1]


def test_flat_crops_and_wrong_names_are_told(pair: tuple) -> None:
    noisy, images = pair
    with pytest.warns(DegenerateInputWarning, match="nearly constant"):
        evaluate(np.zeros((2, 16, 16)), np.zeros((2, 16, 16)), metrics=["mse"], n_resamples=0)
    with pytest.raises(ValueError, match="Did you mean 'ssim'"):
        evaluate(noisy, images, metrics=["sssim"])
    with pytest.raises(ValueError, match="reference='b'"):
        evaluate({"alpha": noisy}, images, reference="b")
    with pytest.raises(ValueError, match="reconstructions reaches"):
        decoding.mse(noisy * 255, images)
    with pytest.raises(ValueError, match="at least 11 × 11"):
        decoding.ssim(np.zeros((1, 8, 8)), np.zeros((1, 8, 8)))
