"""Laws of LNP cells: exact products, published counts, derivatives, likelihood."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from neurogeom import stimuli
from neurogeom._core.warnings import DegenerateInputWarning, SaturationWarning
from neurogeom.retina import LNP, FilterBank, Mosaic
from neurogeom.retina.likelihood import loss_and_gradient
from neurogeom.retina.nonlinearity import NONLINEARITIES, calibrated, rates


@pytest.fixture(scope="module")
def mosaic() -> Mosaic:
    counts = {"on_parasol": 43, "off_parasol": 64, "on_midget": 116, "off_midget": 116}
    return Mosaic.from_counts(counts, (32, 32), seed=0)


@pytest.fixture(scope="module")
def crops() -> xr.DataArray:
    return stimuli.crops(stimuli.packaged_images(), 32, n=1400, seed=0)


def fitted(mosaic: Mosaic, crops: xr.DataArray, nonlinearity: str) -> LNP:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SaturationWarning)
        return LNP(mosaic, nonlinearity=nonlinearity).calibrate(crops)


@pytest.mark.parametrize("tile", [None, 5, 40])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_tiles_give_the_dense_product(mosaic: Mosaic, crops: xr.DataArray, tile: int | None, n_jobs: int) -> None:
    images = crops.values[:37]
    dense = images.reshape(37, -1).astype(float) @ mosaic.filters.toarray().T
    bank = FilterBank(mosaic, tile=tile)
    np.testing.assert_allclose(bank.drive(images, n_jobs=n_jobs), dense, atol=1e-6)
    streamed = np.concatenate(list(bank.stream([images[:30], images[30:]], batch=8)))
    np.testing.assert_allclose(streamed, dense, atol=1e-6)


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_derivatives_of_rates_are_finite_differences(nonlinearity: str) -> None:
    drive, step = np.linspace(-8, 8, 41), 1e-5
    found = rates(drive, nonlinearity, 9.0)
    above, below = (rates(drive + sign * step, nonlinearity, 9.0) for sign in (1, -1))
    np.testing.assert_allclose(found.first, (above.rate - below.rate) / (2 * step), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found.second, (above.first - below.first) / (2 * step), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_gradient_in_the_image_is_a_finite_difference(
    mosaic: Mosaic, crops: xr.DataArray, nonlinearity: str, rng: np.random.Generator
) -> None:
    model = fitted(mosaic, crops, nonlinearity)
    likelihood = model.image_likelihood(model.simulate(crops[:1], seed=0))
    image, direction = crops.values[5].astype(float).ravel(), rng.standard_normal(1024)
    loss, gradient = loss_and_gradient(likelihood, image, 0)
    above, below = (loss_and_gradient(likelihood, image + sign * 1e-5 * direction, 0)[0] for sign in (1, -1))
    assert abs((above - below) / 2e-5 - gradient @ direction) < 1e-5 * abs(gradient @ direction) + 1e-4
    assert abs(loss + model.log_likelihood(crops[5:6], likelihood.counts).sum()) < 1e-3 * abs(loss)


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_curvature_is_exact_and_fisher_is_its_mean(mosaic: Mosaic, crops: xr.DataArray, nonlinearity: str) -> None:
    model = fitted(mosaic, crops, nonlinearity)
    likelihood = model.image_likelihood(model.simulate(crops[:1], seed=0))
    z = model.drive(crops[:1])[0].astype(float)
    _, _, exact = likelihood.terms(z, 0, exact=True)
    slopes = [likelihood.terms(z + sign * 1e-6, 0, exact=True)[1] for sign in (1, -1)]
    np.testing.assert_allclose(exact, (slopes[0] - slopes[1]) / 2e-6, rtol=1e-3, atol=1e-2 * np.abs(exact).max())
    _, _, fisher = likelihood.terms(z, 0)
    assert fisher.min() >= 0
    many = model.image_likelihood(np.random.default_rng(0).poisson(model.predict_rate(crops[:1]), (4000, 339)))
    mean = np.mean([many.terms(z, index, exact=True)[2] for index in range(4000)], axis=0)
    assert np.abs(mean - fisher).max() < 0.12 * fisher.max()


@pytest.mark.parametrize("nonlinearity", ["exp", "softplus"])
def test_loss_is_convex_along_any_line(mosaic: Mosaic, crops: xr.DataArray, nonlinearity: str) -> None:
    model = fitted(mosaic, crops, nonlinearity)
    likelihood = model.image_likelihood(model.simulate(crops[:1], seed=0))
    a, b = (crops.values[number].astype(float).ravel() for number in (3, 9))
    values = [loss_and_gradient(likelihood, a + t * (b - a), 0)[0] for t in np.linspace(0, 1, 21)]
    assert (np.diff(values, 2) > -1e-6 * np.max(values)).all()


def test_logistic_counts_match_the_published_table(mosaic: Mosaic, crops: xr.DataArray) -> None:
    """Mean 4.62, median 3, 30.8 % zeros, largest 37, quantiles 0/8/15/19/24; as weighted by our numbers of cells."""
    counts = fitted(mosaic, crops, "logistic").simulate(crops, seed=0)
    values = counts.values
    assert abs(values.mean() - 4.6) < 0.35
    assert np.median(values) == 3
    assert 0.25 < (values == 0).mean() < 0.34
    assert values.max() <= 45
    np.testing.assert_allclose(np.percentile(values, [25, 75, 95, 99, 99.9]), [0, 8, 15, 19, 24], atol=2.01)
    blocks = {"on_parasol": (6.65, 0.095), "off_parasol": (5.78, 0.328), "on_midget": (3.64, 0.331)}
    for name, (mean, zeros) in blocks.items():
        block = values[:, mosaic.cell_type == name]
        assert abs(block.mean() / mean - 1) < 0.12
        assert abs((block == 0).mean() - zeros) < 0.07


def test_softplus_matches_and_exp_has_the_heavy_tail(mosaic: Mosaic, crops: xr.DataArray) -> None:
    softplus = fitted(mosaic, crops, "softplus").simulate(crops, seed=0).values
    assert abs(softplus.mean() - 4.6) < 0.3
    assert np.median(softplus) == 3
    assert 22 < np.percentile(softplus, 99.9) < 32
    with pytest.warns(SaturationWarning, match="saturate"):
        model = LNP(mosaic, nonlinearity="exp").calibrate(crops)
    assert np.percentile(model.simulate(crops, seed=0).values, 99.9) > 40


@pytest.mark.parametrize("cell_type", ["on_parasol", "off_midget"])
def test_a_standard_drive_gives_the_mean_of_the_block(cell_type: str) -> None:
    z = stats.norm.ppf((np.arange(20000) + 0.5) / 20000)
    for nonlinearity, tolerance in (("softplus", 1e-3), ("exp", 1e-3), ("logistic", 0.03)):
        a, b, k = calibrated(cell_type, nonlinearity)
        mean = rates(a + b * z, nonlinearity, k).rate.mean()
        assert abs(mean / {"on_parasol": 6.65, "off_midget": 4.20}[cell_type] - 1) < tolerance + 1e-3


def test_counts_are_poisson_with_the_predicted_rate(mosaic: Mosaic, crops: xr.DataArray) -> None:
    model = fitted(mosaic, crops, "logistic")
    repeated = np.repeat(crops.values[:1], 800, axis=0)
    counts, rate = model.simulate(repeated, seed=0).values, model.predict_rate(crops[:1])[0]
    z = (counts.mean(axis=0) - rate) / np.sqrt(rate / 800)
    assert np.mean(z**2) < 1.3
    expected = stats.poisson.logpmf(counts[:1], rate)
    np.testing.assert_allclose(model.log_likelihood(crops[:1], counts[:1]), expected, atol=1e-4)


def test_counts_carry_cells_images_and_mosaic(mosaic: Mosaic, crops: xr.DataArray) -> None:
    model = fitted(mosaic, crops, "logistic")
    counts = model.simulate(crops[:4], seed=7)
    assert counts.dims == ("presentation", "neuroid")
    assert counts.attrs["mosaic"] == mosaic.fingerprint()
    assert counts.source.values.tolist() == crops.source.values[:4].tolist()
    xr.testing.assert_identical(counts, model.simulate(crops[:4], seed=7, n_jobs=2))


def test_an_exponential_is_clamped_and_counts_over_255_are_kept() -> None:
    found = rates(np.array([800.0, -800.0]), "exp")
    assert np.isfinite(found.rate).all() and found.rate.min() > 0
    assert found.rate[0] == np.exp(12.0)
    mosaic = Mosaic([[8.0, 8.0]], ["on_midget"], [[1.2, 1.2, 0.0]], (16, 16))
    model = LNP(mosaic, nonlinearity="exp")
    model.offset[:], model.is_calibrated = 6.5, True
    counts = model.simulate(np.zeros((4, 16, 16)), seed=0)
    assert counts.values.min() > 255 and counts.dtype.kind in "iu"


def test_a_part_of_the_cells_answers_as_before(mosaic: Mosaic, crops: xr.DataArray) -> None:
    model = fitted(mosaic, crops, "logistic")
    part = model.select(["off_parasol"])
    np.testing.assert_allclose(
        part.predict_rate(crops[:3]), model.predict_rate(crops[:3])[:, mosaic.cell_type == "off_parasol"], rtol=1e-4
    )


def test_what_cannot_be_is_refused(mosaic: Mosaic, crops: xr.DataArray) -> None:
    model = fitted(mosaic, crops, "logistic")
    with pytest.raises(ValueError, match="32 × 32 are needed"):
        model.predict_rate(np.zeros((1, 16, 32)))
    with pytest.raises(ValueError, match="too small; at least 100"):
        LNP(mosaic).calibrate(crops[:20])
    with pytest.raises(ValueError, match="no contrast"):
        LNP(mosaic).calibrate(np.zeros((120, 32, 32)))
    with pytest.warns(DegenerateInputWarning, match="calibrate"):
        LNP(mosaic).simulate(crops[:2], seed=0)
    for counts, message in (
        (-np.ones((1, 339)), "negative"),
        (np.full((1, 339), 0.5), "not whole"),
        (np.full((1, 339), np.nan), "NaN"),
        (np.ones((339, 1)), "transposed"),
    ):
        with pytest.raises(ValueError, match=message):
            model.image_likelihood(counts)
