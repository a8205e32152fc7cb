"""Newton's method with conjugate gradients for the most probable image of one set of spikes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurogeom._core.random import generator
from neurogeom.decoding.priors import QuadraticPrior

_PROBES = 8
_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class Optimum:
    """Where Newton's method ended.

    Parameters
    ----------
    image : ndarray (height, width)
    loss : float
        In nats.
    relative_gradient : float
        Norm of the gradient over that at the start.
    n_newton, n_cg : int
    converged : bool
        Whether the relative gradient came below the tolerance.
    """

    image: np.ndarray
    loss: float
    relative_gradient: float
    n_newton: int
    n_cg: int
    converged: bool


def newton(
    likelihood: Any,
    index: int,
    prior: QuadraticPrior,
    start: np.ndarray,
    *,
    tolerance: float = 1e-5,
    max_steps: int = 60,
    max_cg: int = 200,
    exact: bool = False,
    gradient_scale: float | None = None,
) -> Optimum:
    """Minimize loss of the spikes plus the prior, from a start image.

    Conjugate gradients solve (Aᵀ diag(w) A + P) s = −g with the preconditioner (P + c)⁻¹, c the circulant mean of
    Aᵀ diag(w) A; steps are halved until they lower the objective (Armijo, with a relative slack of 1e-9 for rounding).
    """
    image, shape = start.astype(np.float64), prior.shape
    state = _state(likelihood, index, prior, image, exact)
    norm0 = gradient_scale if gradient_scale is not None else float(np.linalg.norm(state.gradient))
    n_cg = steps = 0
    for steps in range(max_steps + 1):
        norm = float(np.linalg.norm(state.gradient))
        if norm <= tolerance * norm0 or steps == max_steps:
            break
        apply_inverse = preconditioner(likelihood.filters, state.weight, prior, index)

        def hessian(v: np.ndarray, weight: np.ndarray = state.weight) -> np.ndarray:
            return curvature_times(likelihood.filters, weight, prior, v)

        forcing = min(0.1, float(np.sqrt(norm / max(norm0, 1e-300))))
        direction, used = conjugate_gradients(hessian, -state.gradient, apply_inverse, forcing, max_cg)
        n_cg += used
        moved = _line_search(likelihood, index, prior, image, state, direction, exact)
        if moved is None:
            break
        image, state = moved
    norm = float(np.linalg.norm(state.gradient)) / max(norm0, 1e-300)
    return Optimum(image.reshape(shape), state.loss, norm, steps, n_cg, norm <= tolerance)


@dataclass(frozen=True, eq=False)
class _State:
    loss: float
    gradient: np.ndarray
    weight: np.ndarray


def _state(likelihood: Any, index: int, prior: QuadraticPrior, image: np.ndarray, exact: bool) -> _State:
    loss, slope, weight = likelihood.terms(likelihood.filters @ image.ravel(), index, exact=exact)
    off = image - prior.mean
    pulled = prior.times(off)
    gradient = (likelihood.filters.T @ slope).reshape(image.shape) + pulled
    return _State(loss + 0.5 * float(np.sum(off * pulled)), gradient, np.maximum(weight, 0.0))


def _line_search(
    likelihood: Any, index: int, prior: QuadraticPrior, image: np.ndarray, state: _State, direction: np.ndarray,
    exact: bool,
) -> tuple[np.ndarray, _State] | None:  # fmt: skip
    slope = float(np.sum(direction * state.gradient))
    if slope >= 0:
        return None
    size = 1.0
    for _ in range(30):
        trial = image + size * direction
        found = _state(likelihood, index, prior, trial, exact)
        if found.loss <= state.loss + 1e-4 * size * slope + _SLACK * abs(state.loss):
            return trial, found
        size *= 0.5
    return None


def curvature_times(filters: Any, weight: np.ndarray, prior: QuadraticPrior, v: np.ndarray) -> np.ndarray:
    """(Aᵀ diag(w) A + P) v."""
    data = filters.T @ (weight * (filters @ v.ravel()))
    return data.reshape(v.shape) + prior.times(v)


def preconditioner(
    filters: Any, weight: np.ndarray, prior: QuadraticPrior, seed: int
) -> Callable[[np.ndarray], np.ndarray]:
    """(P + c)⁻¹ with c the radial mean over random probes of |F Aᵀ w^½ ξ|², which is the spectrum of Aᵀ diag(w) A."""
    draw, shape = generator(seed, 71), prior.shape
    root = np.sqrt(weight)
    probes = filters.T @ (root[:, None] * draw.choice([-1.0, 1.0], (len(weight), _PROBES)))
    spectrum = np.mean(np.abs(np.fft.fft2(probes.T.reshape(_PROBES, *shape), norm="ortho")) ** 2, axis=0)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(shape[0]), np.fft.fftfreq(shape[1]), indexing="ij"))
    ring = np.round(frequency * max(shape)).astype(int)
    mean = np.bincount(ring.ravel(), spectrum.ravel()) / np.maximum(np.bincount(ring.ravel()), 1)
    inverse = 1.0 / (prior.precision + mean[ring])
    return lambda v: np.fft.ifft2(inverse * np.fft.fft2(v)).real


def conjugate_gradients(
    matrix: Callable[[np.ndarray], np.ndarray],
    right: np.ndarray,
    inverse: Callable[[np.ndarray], np.ndarray],
    tolerance: float,
    max_steps: int,
) -> tuple[np.ndarray, int]:
    """Solve matrix x = right for a positive definite matrix, until the residual is below tolerance × ‖right‖."""
    x, residual = np.zeros_like(right), right.copy()
    limit = tolerance * float(np.linalg.norm(right))
    z = inverse(residual)
    direction, product = z.copy(), float(np.sum(residual * z))
    for step in range(max_steps):
        if np.linalg.norm(residual) <= limit:
            return x, step
        image = matrix(direction)
        size = product / float(np.sum(direction * image))
        x += size * direction
        residual -= size * image
        z = inverse(residual)
        before, product = product, float(np.sum(residual * z))
        direction = z + product / before * direction
    return x, max_steps
