"""Directions that the centers of all manifolds share, found by minimizing their correlations, to be projected out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurogeom._core.parallel import single_threaded_blas
from neurogeom._core.random import generator
from neurogeom._core.validation import as_responses_2d, check_count
from neurogeom._core.warnings import DegenerateInputWarning, warn

if TYPE_CHECKING:
    from numpy.typing import NDArray


#: The search ends when this many further directions have not lowered the residual.
PATIENCE = 3
SMALLEST_SET = 4
_STREAM = 71
_SHORT, _LONG = (100, 1e-7), (1000, 1e-12)  # most steps of a search, and the relative change that ends it
_VANISHED = 1e-12  # share of a center's squared norm below which it counts as removed


@dataclass(frozen=True)
class LowRank:
    """Shared directions of centers.

    Attributes
    ----------
    basis : array (N, K)
        Orthonormal directions to project out; K may be 0.
    residuals : array
        Mean absolute correlation of the centers after removing 0, 1, 2, … directions, as far as was searched.
    """

    basis: NDArray[np.float64]
    residuals: NDArray[np.float64]

    @property
    def n_components(self) -> int:
        """Number of directions K."""
        return self.basis.shape[1]

    @property
    def correlation(self) -> float:
        """Mean absolute correlation of the centers before."""
        return float(self.residuals[0])

    @property
    def correlation_corrected(self) -> float:
        """Mean absolute correlation of the centers after."""
        return float(self.residuals[self.n_components])

    def remove(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (n, N) without their components along the shared directions."""
        return points - (points @ self.basis) @ self.basis.T if self.n_components else points


def shared_directions(
    centers: NDArray[np.float64], *, seed: int = 0, n_starts: int = 10, max_components: int | None = None
) -> LowRank:
    r"""Few directions whose removal leaves the centers as little correlated as possible.

    Parameters
    ----------
    centers : array (P, N)
        Mean of each manifold; the mean over manifolds is subtracted here.
    seed : int
        Of the random starts.
    n_starts : int
        Starts of the search for each number of directions; the lowest cost is kept.
    max_components : int, optional
        At most so many directions, and never more than ⌈P/2⌉ or P − 2.

    Returns
    -------
    LowRank
        The number K >= 0 of directions with the smallest mean absolute correlation, their basis and the residuals.

    Raises
    ------
    ValueError, TypeError
        For arrays that are not (P, N), or counts below 1.

    Warns
    -----
    DegenerateInputWarning
        For fewer than 4 manifolds, where nothing can be removed.

    Notes
    -----
    With rows x_μ of X in an orthonormal basis of their span and V of K orthonormal columns,

    .. math:: \min_V \tfrac12 \sum_{\mu\nu} \frac{G_{\mu\nu}^2}{G_{\mu\mu} G_{\nu\nu}}, \qquad
        G = X X^T - X V V^T X^T

    The cost depends on the span of V alone, so that L-BFGS over a free matrix Q = V T replaces the search on a
    manifold. K grows until 3 further directions have not helped.

    References
    ----------
    Cohen, Chung, Lee and Sompolinsky (2020), Separability and geometry of object manifolds in deep neural networks.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> centers = rng.normal(size=(20, 100)) + 3 * rng.normal(size=(20, 1)) * rng.normal(size=100)
    >>> found = shared_directions(centers, seed=0)
    >>> found.n_components, bool(found.correlation_corrected < found.correlation / 2)
    (1, True)
    """
    centers = as_responses_2d(centers, name="centers")
    n_starts = check_count("n_starts", n_starts, minimum=1)
    n_manifolds = len(centers)
    limit = min(-(-n_manifolds // 2), n_manifolds - 2)
    if max_components is not None:
        limit = min(limit, check_count("max_components", max_components, minimum=1))
    with single_threaded_blas():
        rows, axes = _in_their_span(centers - centers.mean(axis=0))
        if n_manifolds < SMALLEST_SET:
            warn(
                f"centers of {n_manifolds} manifolds were not corrected: it takes at least {SMALLEST_SET} manifolds, "
                "and is meant for many more. Use center_correction=None.",
                DegenerateInputWarning,
            )
            limit = 0
        found, residuals = _grow(rows, min(limit, rows.shape[1] - 1), seed, n_starts)
        return LowRank(axes.T @ found, np.array(residuals))


def mean_correlation(rows: NDArray[np.float64], basis: NDArray[np.float64] | None = None) -> float:
    """Mean absolute cosine over pairs of rows (P, d), after removing the orthonormal columns of a basis (d, K).

    Examples
    --------
    >>> import numpy as np
    >>> round(mean_correlation(np.array([[1.0, 0.0], [1.0, 1.0]])) ** 2, 12)
    0.5
    """
    left = rows if basis is None else rows - (rows @ basis) @ basis.T
    squares = np.einsum("ij,ij->i", rows, rows)
    kept = np.einsum("ij,ij->i", left, left) > _VANISHED * squares
    gram, scale = _without(left[kept] @ left[kept].T, np.empty((kept.sum(), 0)))
    n = len(rows)
    correlation = np.abs(gram / np.outer(scale, scale))
    return float((correlation.sum() - np.trace(correlation)) / (n * (n - 1)))


def cost_and_gradient(free: NDArray[np.float64], rows: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    r"""Cost of removing the span of a free matrix Q (d, K), and its gradient in Q.

    Parameters
    ----------
    free : array (d, K)
        Of rank K.
    rows : array (P, d)
        Centers.

    Returns
    -------
    tuple of float and array (d, K)
        Cost and gradient.

    Notes
    -----
    With Q = V T, s = √diag G, C = G / (s sᵀ) and :math:`E = C / (s s^T) - \mathrm{diag}(\sum_\nu C_{\mu\nu}^2 /
    G_{\mu\mu})`, the gradient is :math:`-2 (I - V V^T) X^T E X V T^{-T}`.
    """
    return _cost_and_gradient(free, rows, rows @ rows.T)


def _cost_and_gradient(
    free: NDArray[np.float64], rows: NDArray[np.float64], full_gram: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """The same with the Gram matrix of the rows at hand, so that an evaluation costs P² K instead of P³."""
    basis, triangle = np.linalg.qr(free)
    along = rows @ basis
    gram, scale = _without(full_gram, along)
    outer = np.outer(scale, scale)
    correlation = gram / outer
    weights = correlation / outer
    weights[np.diag_indices_from(weights)] -= np.sum(correlation**2, axis=1) / scale**2
    direction = rows.T @ (weights @ along)
    direction -= basis @ (basis.T @ direction)
    return 0.5 * float(np.sum(correlation**2)), -2.0 * np.linalg.solve(triangle, direction.T).T


def _without(
    full_gram: NDArray[np.float64], along: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gram matrix of what is left of the rows, and norms; a row that has vanished gets norm 1 and no correlation."""
    gram = full_gram - along @ along.T
    diagonal = np.diagonal(gram).copy()
    gone = diagonal <= _VANISHED * np.diagonal(full_gram)
    gram[gone] = 0.0
    gram[:, gone] = 0.0
    return gram, np.sqrt(np.where(gone, 1.0, diagonal))


def _in_their_span(centered: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows in an orthonormal basis of their span (P, d), and that basis (d, N)."""
    left, values, axes = np.linalg.svd(centered, full_matrices=False)
    keep = values > values[0] * max(centered.shape) * np.finfo(float).eps
    return left[:, keep] * values[keep], axes[keep]


def _grow(rows: NDArray[np.float64], limit: int, seed: int, n_starts: int) -> tuple[NDArray[np.float64], list[float]]:
    """Basis (d, K) with the smallest residual, and the residuals of 0, 1, … directions."""
    best = current = np.empty((rows.shape[1], 0))
    residuals = [mean_correlation(rows)]
    for n_components in range(1, limit + 1):
        current = _minimize(rows, current, seed, n_components, n_starts)
        residuals.append(mean_correlation(rows, current))
        if residuals[-1] < residuals[best.shape[1]]:
            best = current
        if n_components >= best.shape[1] + PATIENCE:
            break
    return best, residuals


def _minimize(
    rows: NDArray[np.float64], previous: NDArray[np.float64], seed: int, n_components: int, n_starts: int
) -> NDArray[np.float64]:
    """Lowest cost over the starts [Xᵀs, previous directions]: a random mixture of centers beside what was found.

    Every start takes a short search, and the best of them goes on: past the true number of directions the cost is flat,
    and thousands of steps of every start would gain nothing.
    """
    full_gram = rows @ rows.T
    starts = []
    for start in range(n_starts):
        mixture = rows.T @ generator(seed, _STREAM, n_components, start).standard_normal(len(rows))
        # the cost does not depend on the scale of Q, and orthonormal columns keep the search well scaled
        first, _ = np.linalg.qr(np.column_stack([mixture, previous]))
        starts.append(_search(first, rows, full_gram, *_SHORT))
    return _search(min(starts, key=lambda found: found[0])[1], rows, full_gram, *_LONG)[1]


def _search(
    first: NDArray[np.float64], rows: NDArray[np.float64], full_gram: NDArray[np.float64], max_steps: int, change: float
) -> tuple[float, NDArray[np.float64]]:
    """L-BFGS from an orthonormal basis, until a step changes the cost by less than a share of it."""
    from scipy.optimize import minimize

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        cost, gradient = _cost_and_gradient(flat.reshape(first.shape), rows, full_gram)
        return cost, gradient.ravel()

    options = {"maxiter": max_steps, "ftol": change, "gtol": 1e-10}
    found = minimize(objective, first.ravel(), jac=True, method="L-BFGS-B", options=options)
    return float(found.fun), np.linalg.qr(found.x.reshape(first.shape))[0]
