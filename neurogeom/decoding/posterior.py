"""How sure a decoded image is: samples around the most probable image, and by annealed Langevin dynamics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_real
from neurogeom.decoding.newton import conjugate_gradients, curvature_times, preconditioner
from neurogeom.decoding.priors import QuadraticPrior


@dataclass(frozen=True, eq=False)
class Posterior:
    """Samples of the images that the spikes allow.

    Parameters
    ----------
    mean : ndarray (n, height, width)
        Most probable image (Laplace) or mean of samples (Langevin).
    samples : ndarray (n, n_samples, height, width)
    method : str
    """

    mean: np.ndarray
    samples: np.ndarray
    method: str

    @property
    def sd(self) -> np.ndarray:
        """SD of each pixel around the mean, (n, height, width); its own error is 1/√(2 n_samples)."""
        return np.sqrt(np.mean((self.samples - self.mean[:, None]) ** 2, axis=1))

    def interval(self, level: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
        """Return low and high of a Gaussian interval of each pixel.

        Parameters
        ----------
        level : float

        Returns
        -------
        tuple of ndarray (n, height, width)
        """
        from scipy.special import ndtri

        half = ndtri(0.5 + check_real("level", level, minimum=0.0, maximum=1.0, strict=True) / 2) * self.sd
        return self.mean - half, self.mean + half


def coverage(posterior: Posterior, images: Any, *, level: float = 0.9) -> np.ndarray:
    """Return the share of pixels whose interval holds the true value, for each image.

    Parameters
    ----------
    posterior : Posterior
    images : array-like, shape (n, height, width)
    level : float

    Returns
    -------
    ndarray, shape (n,)
        Near `level` where the posterior is calibrated: on images drawn from the prior. Natural images have heavier
        tails.

    Raises
    ------
    ValueError
        Shapes that differ.

    Examples
    --------
    >>> draw = np.random.default_rng(0).normal(size=(1, 200, 40, 40))
    >>> bool(abs(coverage(Posterior(np.zeros((1, 40, 40)), draw, "exact"), draw[:, 0])[0] - 0.9) < 0.03)
    True
    """
    low, high = posterior.interval(level)
    truth = np.asarray(images, dtype=float)
    if truth.shape != low.shape:
        raise ValueError(f"images has shape {truth.shape}; that of the posterior, {low.shape}, is needed.")
    return np.mean((truth >= low) & (truth <= high), axis=(1, 2))


def laplace_samples(
    likelihood: Any,
    index: int,
    prior: QuadraticPrior,
    image: np.ndarray,
    *,
    n_samples: int,
    seed: int,
    tolerance: float = 1e-3,
) -> np.ndarray:
    r"""Draw from N(x̂, H⁻¹), H = Aᵀ diag(w) A + P at the most probable image x̂, by perturb and solve.

    :math:`H s = A^T w^{1/2} ξ_1 + F^* S^{-1/2} F ξ_2` has covariance H, so s has covariance H⁻¹.
    """
    _, _, weight = likelihood.terms(likelihood.filters @ image.ravel(), index, exact=False)
    inverse = preconditioner(likelihood.filters, weight, prior, index)
    out = np.empty((n_samples, *prior.shape))
    for number in range(n_samples):
        draw = generator(seed, 79, index, number)
        data = likelihood.filters.T @ (np.sqrt(weight) * draw.standard_normal(len(weight)))
        right = data.reshape(prior.shape) + prior.sample_root(draw)
        solved, _ = conjugate_gradients(
            lambda v: curvature_times(likelihood.filters, weight, prior, v), right, inverse, tolerance, 500
        )
        out[number] = image + solved
    return out


def langevin(
    likelihood: Any,
    index: int,
    denoiser: Any,
    start: np.ndarray,
    *,
    n_samples: int = 8,
    sigmas: tuple[float, float] = (0.3, 0.02),
    n_levels: int = 10,
    n_steps: int = 10,
    step: float = 0.1,
    largest_gradient: float | None = None,
    seed: int | None = None,
) -> np.ndarray:
    r"""Draw images by annealed Langevin dynamics with a denoiser as the score of the prior.

    :math:`x ← x + \frac h2 [(D_σ(x) - x)/σ^2 - ∇L(x)] + \sqrt h ε`, h = step · σ², σ falling geometrically. The
    samples follow the prior smoothed by the last σ, and are exact only for many small steps.

    Parameters
    ----------
    likelihood : ImageLikelihood
    index : int
        Which set of spikes.
    denoiser : Denoiser
        Told the noise; a blind one cannot be used.
    start : ndarray (height, width)
        Samples start here, with noise of the first σ.
    n_samples : int
    sigmas : tuple of float
        First and last σ, in units of the image range.
    n_levels, n_steps : int
        Levels of σ and steps at each.
    step : float
        h / σ².
    largest_gradient : float, optional
        Norm at which the gradient of the spikes' loss is clipped; √pixels / σ by default, the scale of the prior's.
    seed : int, optional

    Returns
    -------
    ndarray (n_samples, height, width)

    Raises
    ------
    ValueError
        A blind denoiser, levels that do not fall.

    References
    ----------
    Song & Ermon 2019, NeurIPS 32; Kadkhodaie & Simoncelli 2021, NeurIPS 34.

    Examples
    --------
    >>> from neurogeom.decoding import GaussianDenoiser
    >>> from neurogeom.retina import LNP, Mosaic
    >>> model = LNP(Mosaic.from_counts({"on_midget": 16}, (12, 12), seed=0))
    >>> prior = GaussianDenoiser(np.zeros((12, 12)), np.full((12, 12), 0.04))
    >>> langevin(model.image_likelihood(np.ones((1, 16))), 0, prior, np.zeros((12, 12)), n_samples=2, seed=0).shape
    (2, 12, 12)
    """
    if denoiser.is_blind:
        raise ValueError("denoiser is blind, so it is not the score at a known σ. Use one from train_denoiser.")
    n_samples, n_levels = check_count("n_samples", n_samples), check_count("n_levels", n_levels)
    n_steps, seed = check_count("n_steps", n_steps), resolve_seed(seed)
    low = check_real("sigmas", sigmas[1], minimum=0.0, strict=True)
    high = check_real("sigmas", sigmas[0], minimum=low)
    step = check_real("step", step, minimum=0.0, maximum=2.0, strict=True)
    draw = generator(seed, 83, index)
    x = start + high * draw.standard_normal((n_samples, *start.shape))
    for sigma in np.geomspace(high, low, n_levels):
        h = step * sigma**2
        limit = np.sqrt(start.size) / sigma if largest_gradient is None else largest_gradient
        for _ in range(n_steps):
            pull = (denoiser.denoise(x, sigma) - x) / sigma**2
            for number in range(n_samples):
                _, slope, _ = likelihood.terms(likelihood.filters @ x[number].ravel(), index, exact=False)
                gradient = (likelihood.filters.T @ slope).reshape(start.shape)
                norm = float(np.linalg.norm(gradient))
                pull[number] -= gradient * min(1.0, limit / max(norm, 1e-300))
            x = x + 0.5 * h * pull + np.sqrt(h) * draw.standard_normal(x.shape)
    return x
