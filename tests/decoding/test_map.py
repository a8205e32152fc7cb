"""Laws of Bayesian decoding: optima, posteriors and samples against closed forms and independent solvers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import optimize

from neurogeom import decoding, stimuli
from neurogeom._core.warnings import ConvergenceWarning
from neurogeom.decoding import GaussianDenoiser, LinearDecoder, MAPDecoder, QuadraticPrior, load_decoder, map_images
from neurogeom.decoding.newton import conjugate_gradients, newton
from neurogeom.decoding.posterior import coverage, langevin, laplace_samples
from neurogeom.decoding.priors import padded_filters
from neurogeom.retina import GLM, LNP, Mosaic
from neurogeom.retina.likelihood import PoissonLikelihood
from neurogeom.retina.nonlinearity import rates
from tests.decoding.conftest import GaussianLikelihood, Scene


def dense(prior: QuadraticPrior) -> np.ndarray:
    """The precision as a matrix."""
    size = prior.mean.size
    return np.stack([prior.times(row.reshape(prior.shape)).ravel() for row in np.eye(size)])


@pytest.fixture(scope="module")
def small() -> tuple[LNP, np.ndarray, QuadraticPrior]:
    mosaic = Mosaic.from_counts({"on_midget": 30, "off_midget": 30}, (12, 12), seed=0)
    images = stimuli.crops(stimuli.packaged_images(), 12, n=300, seed=0)
    law = stimuli.fit_power_law(images)
    return (
        LNP(mosaic, nonlinearity="softplus").calibrate(images),
        images.values,
        QuadraticPrior.power_law(law, (12, 12)),
    )


def test_a_prior_is_its_fourier_precision(rng: np.random.Generator) -> None:
    law = stimuli.PowerLaw(1e-3, 2.0, 0.5, mean=0.1)
    prior = QuadraticPrior.power_law(law, (6, 8))
    matrix, x = dense(prior), rng.normal(size=(6, 8))
    off = (x - 0.1).ravel()
    assert abs(prior.value(x) - 0.5 * off @ matrix @ off) < 1e-8 * prior.value(x)
    samples = prior.sample(20000, seed=0).reshape(20000, -1)
    expected = np.linalg.inv(matrix)
    assert np.abs(np.cov(samples.T) - expected).max() < 0.05 * expected.max()


def test_conjugate_gradients_solve(rng: np.random.Generator) -> None:
    root = rng.normal(size=(30, 30))
    matrix, right = root @ root.T + np.eye(30), rng.normal(size=30)
    found, steps = conjugate_gradients(lambda v: matrix @ v, right, lambda v: v / np.diag(matrix), 1e-10, 200)
    np.testing.assert_allclose(found, np.linalg.solve(matrix, right), atol=1e-7)
    assert steps < 100


def test_a_linear_gaussian_model_gives_its_posterior_mean_in_one_step(small: tuple, rng: np.random.Generator) -> None:
    model, images, prior = small
    filters = model.filters * 10.0
    values = filters @ images[0].ravel() + 0.3 * rng.standard_normal(60)
    likelihood = GaussianLikelihood(filters, values[None], 0.09)
    (found,) = map_images(likelihood, prior, tolerance=1e-8)
    a, p = filters.toarray(), dense(prior)
    exact = np.linalg.solve(a.T @ a / 0.09 + p, a.T @ values / 0.09 + p @ prior.mean.ravel())
    assert np.abs(found.image.ravel() - exact).max() < 1e-6
    assert found.converged


@pytest.mark.parametrize("nonlinearity", ["exp", "softplus"])
def test_the_optimum_is_that_of_an_independent_solver(small: tuple, nonlinearity: str) -> None:
    model, images, prior = small
    counts = model.simulate(images[:1], seed=0)
    gain = model.gain * (0.2 if nonlinearity == "exp" else 1.0)
    offset = np.zeros(60) if nonlinearity == "exp" else model.offset
    likelihood = PoissonLikelihood(model.filters, counts.values.astype(float), gain, offset, np.ones(60), nonlinearity)

    def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
        loss, slope, _ = likelihood.terms(model.filters @ x, 0)
        image = x.reshape(12, 12)
        return loss + prior.value(image), model.filters.T @ slope + prior.times(image - prior.mean).ravel()

    peer = optimize.minimize(
        objective, prior.mean.ravel(), jac=True, method="L-BFGS-B",
        options={"maxiter": 20000, "maxfun": 40000, "ftol": 1e-16, "gtol": 1e-9, "maxcor": 60},
    )  # fmt: skip
    (found,) = map_images(likelihood, prior, tolerance=1e-8)
    assert found.converged
    assert found.loss <= peer.fun + 1e-6
    assert np.abs(found.image.ravel() - peer.x).max() < 1e-3


def test_exact_and_fisher_curvature_lead_to_the_same_image(small: tuple) -> None:
    model, images, prior = small
    likelihood = model.image_likelihood(model.simulate(images[:1], seed=0))
    ends = [newton(likelihood, 0, prior, prior.mean, tolerance=1e-6, max_steps=200, exact=e) for e in (True, False)]
    assert all(end.converged for end in ends)
    assert np.abs(ends[0].image - ends[1].image).max() < 1e-4
    assert ends[0].n_newton < ends[1].n_newton  # the reason for using it


def test_padding_moves_receptive_fields_with_the_image(small: tuple) -> None:
    model, images, _ = small
    wide = np.pad(images[:2], ((0, 0), (3, 3), (3, 3)), constant_values=9.0).reshape(2, -1)
    padded = padded_filters(model.filters, (12, 12), 3)
    np.testing.assert_allclose(padded @ wide.T, model.filters @ images[:2].reshape(2, -1).T, atol=1e-12)


def test_map_beats_ridge_in_ssim_and_a_ridge_of_1000_images_in_mse(scene: Scene) -> None:
    linear = LinearDecoder().fit(scene.counts, scene.images)
    decoder = MAPDecoder(scene.model, n_jobs=2).fit(None, scene.images)
    decoded = decoder.decode(scene.test_counts)
    assert all(optimum.converged for optimum in decoder.optima)
    assert max(optimum.relative_gradient for optimum in decoder.optima) <= decoder.tolerance
    result = decoding.evaluate(
        {"linear": linear.decode(scene.test_counts), "map": decoded},
        scene.test_images.drop_vars("source"),
        n_resamples=0,
    )
    assert float(result.data["ssim_difference"].sel(decoder="map")) > 0
    assert float(result.data["mse_ratio"].sel(decoder="map")) <= 1.0


def test_an_unreached_tolerance_is_told_with_its_value(scene: Scene) -> None:
    decoder = MAPDecoder(scene.model, max_steps=1, tolerance=1e-9).fit(None, scene.images)
    with pytest.warns(ConvergenceWarning, match="2 of 2 images stopped.*relative gradient"):
        decoder.decode(scene.test_counts[:2])


def test_values_do_not_depend_on_workers(scene: Scene) -> None:
    decoded = [
        MAPDecoder(scene.model, n_jobs=n).fit(None, scene.images).decode(scene.test_counts[:4]).values for n in (1, 2)
    ]
    assert np.array_equal(*decoded)


def test_splitting_with_the_exact_gaussian_denoiser_is_the_1_over_f_prior(small: tuple) -> None:
    """σ → 0 slowly: half-quadratic splitting then minimizes likelihood and prior themselves."""
    model, images, prior = small
    counts = model.simulate(images[:2], seed=0)
    denoiser = GaussianDenoiser(prior.mean, 1.0 / prior.precision)
    splitting = MAPDecoder(model, prior="denoiser", denoiser=denoiser, n_steps=150, sigmas=(0.3, 0.01), pad=0)
    other = MAPDecoder(model, pad=0, tolerance=1e-7)
    found = [one.fit(None, images).decode(counts).values for one in (splitting, other)]
    start = np.abs(prior.mean - found[1]).max()
    assert np.abs(found[0] - found[1]).max() < 0.08 * start


def test_laplace_samples_have_the_inverse_of_the_curvature(small: tuple) -> None:
    model, images, prior = small
    likelihood = model.image_likelihood(model.simulate(images[:1], seed=0))
    (mode,) = map_images(likelihood, prior, tolerance=1e-8)
    samples = laplace_samples(likelihood, 0, prior, mode.image, n_samples=400, seed=0, tolerance=1e-4)
    a = model.filters.toarray()
    _, _, weight = likelihood.terms(a @ mode.image.ravel(), 0)
    exact = np.linalg.inv(a.T @ (weight[:, None] * a) + dense(prior))
    found = np.cov(samples.reshape(400, -1).T)
    np.testing.assert_allclose(np.diag(found), np.diag(exact), rtol=0.3)
    assert abs(np.trace(found) / np.trace(exact) - 1) < 0.03
    assert np.linalg.norm(found - exact) < 1.5 * np.trace(exact) / np.sqrt(400)


def test_laplace_intervals_are_calibrated_on_images_of_the_prior(scene: Scene) -> None:
    law = stimuli.fit_power_law(scene.images)
    truth = stimuli.power_law_images(24, (32, 32), law=law, seed=5)
    eta = scene.model.offset + scene.model.gain * (truth.reshape(24, -1) @ scene.model.filters.T)
    counts = np.random.default_rng(0).poisson(rates(eta, "softplus").rate)
    decoder = MAPDecoder(scene.model, pad=0, n_jobs=2).fit(None, scene.images)
    posterior = decoder.posterior(counts, n_samples=40)
    covered = coverage(posterior, truth)
    assert len(covered) >= 20
    assert 0.87 <= covered.mean() <= 0.93
    z = (truth - posterior.mean) / posterior.sd
    assert 0.9 < np.sqrt(np.mean(z**2)) < 1.15


def test_langevin_samples_follow_a_known_gaussian_posterior(small: tuple) -> None:
    model, images, _ = small
    power = np.full((12, 12), 0.04)
    power[0, 0] = 0.08
    prior = GaussianDenoiser(np.zeros((12, 12)), power)
    filters = model.filters * 4.0
    values = filters @ images[3].ravel()
    likelihood = GaussianLikelihood(filters, values[None], 0.25)
    samples = langevin(
        likelihood, 0, prior, np.zeros((12, 12)), n_samples=150, sigmas=(0.3, 0.05), n_levels=10, n_steps=40, step=0.4,
        seed=0,
    )  # fmt: skip
    smoothed = QuadraticPrior(np.zeros((12, 12)), 1.0 / (power + 0.05**2))
    a = filters.toarray()
    covariance = np.linalg.inv(a.T @ a / 0.25 + dense(smoothed))
    mean = covariance @ a.T @ values / 0.25
    found = samples.reshape(150, -1)
    error = np.sqrt(np.diag(covariance) / 150)
    assert np.mean(((found.mean(axis=0) - mean) / error) ** 2) < 2.0
    assert abs(np.mean(found.var(axis=0) / np.diag(covariance)) - 1) < 0.1


def test_images_come_back_from_spike_trains_with_history(small: tuple) -> None:
    """A GLM with a log link: the most probable image of its spikes is near the truth and a true optimum."""
    model, images, prior = small
    gain = 3.0 / (model.filters @ images.reshape(300, -1).T).std()
    glm = GLM(60, filters=model.filters * gain, n_lags=6, n_history=2, history_lags=6)
    glm.offset[:], glm.stimulus_filters[:, 1:4], glm.history_weights[:] = -1.0, 0.3, [-1.0, -0.2]
    shown = images[:6].astype(float)
    spikes = np.stack([glm.simulate(np.repeat(x[None], 25, axis=0), seed=i).values for i, x in enumerate(shown)])
    optima = map_images(glm.image_likelihood(spikes), prior)
    assert all(optimum.converged for optimum in optima)
    decoded = np.stack([optimum.image for optimum in optima])
    assert np.mean((decoded - shown) ** 2) < 0.4 * np.mean((shown - shown.mean()) ** 2)


def test_a_saved_decoder_decodes_the_same(scene: Scene, tmp_path: Path) -> None:
    decoder = MAPDecoder(scene.model).fit(None, scene.images)
    again = load_decoder(decoder.save(tmp_path / "map.h5"))
    np.testing.assert_array_equal(again.decode(scene.test_counts[:2]), decoder.decode(scene.test_counts[:2]))


def test_what_is_missing_is_told(scene: Scene) -> None:
    with pytest.raises(ValueError, match="calibrate"):
        MAPDecoder(LNP(scene.model.mosaic))
    with pytest.raises(ValueError, match="needs a denoiser"):
        MAPDecoder(scene.model, prior="denoiser")
    with pytest.raises(ValueError, match="not fitted"):
        MAPDecoder(scene.model).decode(scene.test_counts)
    decoder = MAPDecoder(scene.model).fit(None, scene.images)
    with pytest.raises(ValueError, match="needs a denoiser"):
        decoder.posterior(scene.test_counts[:1], method="langevin")
