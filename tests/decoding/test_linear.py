"""Laws of linear decoding: posterior mean, ridge by other means, streaming, one eigendecomposition, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from neurogeom import decoding, stimuli
from neurogeom._core.warnings import DegenerateInputWarning
from neurogeom.decoding import LinearDecoder, PointwiseNonlinearDecoder, frame_windows, load_decoder, stack_lags
from neurogeom.decoding.normal_equations import NormalEquations, held_out_path, ridge_weights
from neurogeom.retina import LNP, Mosaic, SpatioTemporalLNP
from tests.decoding.conftest import Scene


def sums(n: np.ndarray, x: np.ndarray, *, batch: int = 10**9) -> NormalEquations:
    out = NormalEquations(n.shape[1], x.shape[1])
    for start in range(0, len(n), batch):
        out.add(n[start : start + batch], x[start : start + batch])
    return out


def test_without_ridge_it_is_the_posterior_mean_of_a_linear_gaussian_model(rng: np.random.Generator) -> None:
    root = rng.normal(size=(6, 6))
    prior, filters, noise = root @ root.T / 6, rng.normal(size=(5, 6)), np.diag(rng.uniform(0.2, 1.0, 5))
    x = rng.multivariate_normal(np.full(6, 0.3), prior, size=200_000)
    n = x @ filters.T + rng.multivariate_normal(np.zeros(5), noise, size=len(x)) + 2.0
    weights, mean_n, mean_x = ridge_weights(sums(n, x), 0.0)
    exact = prior @ filters.T @ np.linalg.inv(filters @ prior @ filters.T + noise)
    np.testing.assert_allclose(weights.T, exact, atol=0.01)
    np.testing.assert_allclose(mean_x, 0.3, atol=0.02)


@pytest.mark.parametrize("alpha", [0.01, 1.0])
def test_the_ridge_is_that_of_scikit_learn(rng: np.random.Generator, alpha: float) -> None:
    n, x = rng.poisson(3.0, (60, 8)).astype(float) + 100.0, rng.normal(size=(60, 12))
    weights, mean_n, mean_x = ridge_weights(sums(n, x), alpha)
    unit = np.trace(np.cov(n.T, bias=True)) / 8
    peer = Ridge(alpha=alpha * unit * 60).fit(n, x)
    np.testing.assert_allclose(weights.T, peer.coef_, atol=1e-8)
    np.testing.assert_allclose(mean_x - mean_n @ weights, peer.intercept_, atol=1e-6)


def test_batches_give_what_one_go_gives_also_far_from_zero(rng: np.random.Generator) -> None:
    n, x = rng.poisson(3.0, (500, 8)) + 1e7, rng.normal(size=(500, 12)) + 1e4
    one, many = ridge_weights(sums(n, x), 0.1), ridge_weights(sums(n, x, batch=7), 0.1)
    np.testing.assert_allclose(one[0], many[0], atol=1e-8)
    centered = n - n.mean(axis=0)
    exact = np.linalg.solve(
        centered.T @ centered / 500 + 0.1 * np.mean(centered**2) * np.eye(8), centered.T @ (x - x.mean(axis=0)) / 500
    )
    np.testing.assert_allclose(one[0], exact, atol=1e-7)


def test_one_eigendecomposition_gives_the_error_of_every_ridge(rng: np.random.Generator) -> None:
    n, x = rng.poisson(3.0, (90, 8)).astype(float), rng.normal(size=(90, 12))
    train, test = sums(n[:60], x[:60]), NormalEquations(8, 12)
    test.start_at(train)
    test.add(n[60:], x[60:])
    alphas = np.array([1e-3, 0.1, 10.0])
    found = held_out_path(train, test, alphas)
    for alpha, error in zip(alphas, found):
        weights, mean_n, mean_x = ridge_weights(train, float(alpha))
        assert abs(np.mean((mean_x + (n[60:] - mean_n) @ weights - x[60:]) ** 2) - error) < 1e-10


def test_the_ridge_is_chosen_on_held_out_source_images(scene: Scene) -> None:
    decoder = LinearDecoder(seed=0).fit(scene.counts, scene.images)
    assert decoder.held_out_mse is not None
    assert decoder.alpha == decoder.alphas[int(np.argmin(decoder.held_out_mse))]
    wild = LinearDecoder(alphas=[1e-4]).fit(scene.counts, scene.images)
    errors = [decoding.mse(one.decode(scene.test_counts), scene.test_images).mean() for one in (decoder, wild)]
    assert errors[0] < errors[1]
    gray = np.mean((scene.test_images.values - decoder.mean_image.reshape(32, 32)) ** 2)
    assert errors[0] < 0.5 * gray


def test_streamed_batches_decode_like_all_at_once(scene: Scene) -> None:
    batches = [(scene.counts[i : i + 100], scene.images[i : i + 100]) for i in range(0, 1000, 100)]
    streamed = LinearDecoder(alphas=[0.3]).fit_batches(batches)
    whole = LinearDecoder(alphas=[0.3]).fit(scene.counts, scene.images)
    np.testing.assert_allclose(streamed.decode(scene.test_counts), whole.decode(scene.test_counts), atol=1e-9)
    assert streamed.sources == whole.sources and len(whole.sources) == 10
    chosen = LinearDecoder(alphas=[0.03, 0.3, 3.0]).fit_batches(batches)
    assert chosen.alpha in chosen.alphas


def test_silent_cells_get_no_weight_and_are_named(scene: Scene) -> None:
    counts = scene.counts.copy()
    counts[:, [4, 9]] = 0
    with pytest.warns(DegenerateInputWarning, match="2 of 339 cells.*'on_parasol-4', 'on_parasol-9'"):
        decoder = LinearDecoder(alphas=[0.1]).fit(counts, scene.images)
    assert np.abs(decoder.weights[[4, 9]]).max() < 1e-12


def test_too_few_images_without_ridge_are_refused(scene: Scene) -> None:
    with pytest.raises(ValueError, match="alphas=0 with 200 images for 339 cells"):
        LinearDecoder(alphas=[0.0]).fit(scene.counts[:200], scene.images[:200])
    LinearDecoder(alphas=[0.0]).fit(scene.counts, scene.images)


def test_spikes_of_another_mosaic_are_refused(scene: Scene) -> None:
    decoder = LinearDecoder(alphas=[0.1]).fit(scene.counts, scene.images)
    numbers = {"on_parasol": 43, "off_parasol": 64, "on_midget": 116, "off_midget": 116}
    other = LNP(Mosaic.from_counts(numbers, (32, 32), seed=1), nonlinearity="softplus").calibrate(scene.images)
    with pytest.raises(ValueError, match="another mosaic"):
        decoder.decode(other.simulate(scene.test_images, seed=0))
    plain = decoder.decode(scene.test_counts.values)
    np.testing.assert_array_equal(plain, decoder.decode(scene.test_counts))
    with pytest.raises(ValueError, match="339 are needed"):
        decoder.decode(scene.test_counts.values[:, :300])
    with pytest.raises(ValueError, match="not fitted"):
        LinearDecoder().decode(scene.test_counts)


def test_counts_and_images_in_another_order_are_refused(scene: Scene) -> None:
    with pytest.raises(ValueError, match="disagree in stimulus_id"):
        LinearDecoder().fit(scene.counts[::-1], scene.images)
    with pytest.raises(ValueError, match="give one for each"):
        LinearDecoder().fit(scene.counts[:10], scene.images)


def test_a_monotone_distortion_is_undone(rng: np.random.Generator) -> None:
    """Pixels that are a cube of what spikes tell linearly: the pointwise decoder must beat the linear one."""
    hidden = rng.uniform(-0.79, 0.79, (1500, 16))
    images = (hidden**3).reshape(1500, 4, 4)
    counts = rng.poisson(400 + 450 * hidden)
    linear = LinearDecoder(alphas=[1e-4]).fit(counts[:1200], images[:1200])
    for per_pixel in (False, True):
        decoder = PointwiseNonlinearDecoder(per_pixel=per_pixel, n_bins=24, alphas=[1e-4]).fit(
            counts[:1200], images[:1200]
        )
        errors = [decoding.mse(one.decode(counts[1200:]), images[1200:]).mean() for one in (decoder, linear)]
        assert errors[0] < 0.75 * errors[1]
        assert (np.diff(decoder.outputs, axis=1) >= -1e-12).all()


@pytest.mark.parametrize("make", [LinearDecoder, PointwiseNonlinearDecoder])
def test_a_saved_decoder_decodes_the_same(make: type, scene: Scene, tmp_path: Path) -> None:
    decoder = make(seed=0).fit(scene.counts, scene.images)
    again = load_decoder(decoder.save(tmp_path / "decoder.h5"))
    np.testing.assert_array_equal(again.decode(scene.test_counts), decoder.decode(scene.test_counts))
    assert again.population == scene.model.mosaic.fingerprint()


def test_other_files_are_no_decoders(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="cannot be read as HDF5"):
        load_decoder(tmp_path / "a.h5")
    import h5py

    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["x"] = 1.0
    with pytest.raises(ValueError, match="no decoder of neurogeom"):
        load_decoder(tmp_path / "b.h5")
    with pytest.raises(ValueError, match="does not end in .h5"):
        LinearDecoder(alphas=[1.0]).fit(np.eye(4)[[0, 1, 2, 3, 0]], np.zeros((5, 2, 2))).save(tmp_path / "a.txt")


def test_time_bins_become_lags(scene: Scene, rng: np.random.Generator) -> None:
    counts = scene.counts[:40]
    bins = counts.expand_dims(time_bin=3, axis=-1) * np.array([1, 0, 2])
    stacked = stack_lags(bins.assign_attrs(counts.attrs))
    assert stacked.shape == (40, 3 * 339)
    assert stacked.neuroid_id.values[:3].tolist() == ["on_parasol-0@0", "on_parasol-0@1", "on_parasol-0@2"]
    np.testing.assert_array_equal(stacked.values[:, 2::3], 2 * counts.values)
    decoder = LinearDecoder(alphas=[0.5]).fit(bins, scene.images[:40])
    assert decoder.decode(bins[:2]).shape == (2, 32, 32)


def test_a_movie_is_decoded_frame_by_frame_from_a_window_of_lags() -> None:
    """Frames come back better from the bins after them, where the response is, than from one bin."""
    mosaic = Mosaic.from_counts({"on_midget": 36, "off_midget": 36}, (12, 12), seed=0)
    law = stimuli.PowerLaw(1e-3, 2.0, 0.5)
    steps = stimuli.power_law_images(1500, (12, 12), law=law, seed=0)
    movie = np.zeros_like(steps)
    for t in range(1, len(steps)):  # frames that change within a few bins
        movie[t] = 0.7 * movie[t - 1] + 0.7 * steps[t]
    movie = np.clip(movie, -0.5, 0.5)
    model = SpatioTemporalLNP(mosaic, bin_ms=16.7).calibrate(movie, rate_hz=60.0, slope=4.0)
    counts = model.simulate(movie, seed=0)
    errors = {}
    for n_lags in (1, 6):
        windows = frame_windows(counts, n_lags)
        frames = movie[: len(windows)]
        decoder = LinearDecoder(alphas=[0.1, 1.0, 10.0]).fit(windows[:1100], frames[:1100])
        errors[n_lags] = decoding.mse(decoder.decode(windows[1100:]), frames[1100:]).mean()
    assert errors[6] < 0.85 * errors[1]
    with pytest.raises(ValueError, match="at least 9 bins"):
        frame_windows(np.ones((3, 8)), 9)


def test_images_of_the_wrong_range_are_refused(scene: Scene) -> None:
    with pytest.raises(ValueError, match="divide by 255"):
        LinearDecoder().fit(scene.counts, (scene.images.values + 0.5) * 255)
    with pytest.raises(TypeError, match=r"stimuli\.normalize"):
        LinearDecoder().fit(scene.counts, np.zeros((1000, 32, 32), dtype=np.uint8))
    assert stimuli.as_images(scene.images).shape == (1000, 32, 32)
