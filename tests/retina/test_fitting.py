"""Laws of fitting: planted receptive fields come back, gradients are right, the penalty is chosen on other data."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy import optimize, sparse

from neurogeom import stimuli
from neurogeom.retina import LNP, Mosaic, fit_filter, grid_roughness
from neurogeom.retina.fitting import penalized_loss
from neurogeom.retina.nonlinearity import NONLINEARITIES


def planted(kind: str, nonlinearity: str = "logistic") -> tuple[LNP, xr.DataArray]:
    """One cell of a type in the middle of 17 × 17 pixels."""
    sigma = 2.0 if kind == "parasol" else 1.23
    mosaic = Mosaic([[8.4, 8.7]], [f"on_{kind}"], [[1.1 * sigma, sigma / 1.1, 0.6]], (17, 17))
    images = stimuli.crops(stimuli.packaged_images(), 17, n=4000, least_sd=0.0, seed=0)
    return LNP(mosaic, nonlinearity=nonlinearity).calibrate(images), images


@pytest.mark.filterwarnings("ignore:nonlinearity='exp'")
@pytest.mark.parametrize("nonlinearity", ["logistic", "exp"])
@pytest.mark.parametrize("kind", ["parasol", "midget"])
def test_a_planted_field_comes_back_from_natural_crops(kind: str, nonlinearity: str) -> None:
    model, images = planted(kind, nonlinearity)
    counts = model.simulate(images, seed=1)
    found = LNP(model.mosaic, nonlinearity=nonlinearity).fit(images, counts)
    correlation = np.corrcoef(found.filters.toarray().ravel(), model.filters.toarray().ravel())[0, 1]
    assert correlation > 0.9
    raw = (counts.values[:, 0] - counts.values.mean()) @ images.values.reshape(4000, -1)
    assert correlation > np.corrcoef(raw, model.filters.toarray().ravel())[0, 1]
    rate, truth = found.predict_rate(images[:500]), model.predict_rate(images[:500])
    assert np.corrcoef(rate.ravel(), truth.ravel())[0, 1] > 0.97


@pytest.mark.parametrize("kind", ["parasol", "midget"])
def test_a_planted_field_comes_back_from_white_noise(kind: str) -> None:
    model, _ = planted(kind)
    noise = stimuli.white_noise(4000, (17, 17), seed=2)
    model.calibrate(noise)
    found = LNP(model.mosaic).fit(noise, model.simulate(noise, seed=1))
    assert np.corrcoef(found.filters.toarray().ravel(), model.filters.toarray().ravel())[0, 1] > 0.9


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_gradient_of_the_penalized_loss_is_a_finite_difference(nonlinearity: str, rng: np.random.Generator) -> None:
    x, n = rng.normal(size=(50, 12)), rng.poisson(2.0, 50).astype(float)
    matrix = grid_roughness(3, 4) + 0.05 * sparse.eye_array(12)
    start = rng.normal(size=14 if nonlinearity == "logistic" else 13) * 0.3
    error = optimize.check_grad(
        lambda p: penalized_loss(p, x, n, nonlinearity, 2.0, matrix)[0],
        lambda p: penalized_loss(p, x, n, nonlinearity, 2.0, matrix)[1],
        start,
    )
    assert error < 1e-4 * np.linalg.norm(penalized_loss(start, x, n, nonlinearity, 2.0, matrix)[1])


def test_roughness_is_the_sum_of_squared_steps(rng: np.random.Generator) -> None:
    image = rng.normal(size=(4, 6))
    expected = np.sum(np.diff(image, axis=0) ** 2) + np.sum(np.diff(image, axis=1) ** 2)
    assert abs(image.ravel() @ (grid_roughness(4, 6) @ image.ravel()) - expected) < 1e-12


def test_without_penalty_a_fit_equals_poisson_regression(rng: np.random.Generator) -> None:
    from sklearn.linear_model import PoissonRegressor

    x = rng.normal(size=(400, 3))
    n = rng.poisson(np.exp(0.3 + x @ [0.5, -0.2, 0.1]))
    found = fit_filter(x, n, nonlinearity="exp", penalties=[0.0])
    peer = PoissonRegressor(alpha=0.0, tol=1e-10, max_iter=1000).fit(x, n)
    np.testing.assert_allclose(found.weights, peer.coef_, atol=1e-4)
    assert abs(found.offset - peer.intercept_) < 1e-4


def test_the_penalty_is_that_of_the_best_held_out_likelihood(rng: np.random.Generator) -> None:
    x = rng.normal(size=(120, 60))
    n = rng.poisson(2.0, 120)  # nothing to find: the strongest penalty predicts best
    assert fit_filter(x, n, nonlinearity="softplus", penalties=[0.01, 1e4]).penalty == 1e4


def test_silent_and_constant_cells_are_named() -> None:
    model, images = planted("midget")
    with pytest.raises(ValueError, match="silent or constant for 1 of 1 cells .*on_midget-0"):
        LNP(model.mosaic).fit(images[:50], np.zeros((50, 1)))
    with pytest.raises(ValueError, match="Drop it"):
        fit_filter(np.zeros((5, 2)), np.ones(5))
    with pytest.raises(ValueError, match="one each"):
        LNP(model.mosaic).fit(images[:50], np.zeros((40, 1)))
