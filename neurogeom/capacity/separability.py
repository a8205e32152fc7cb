"""Which dichotomies separate linearly through the origin, each answer with its proof."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurogeom import kernels
from neurogeom.capacity.span import RowSpace

Floats = NDArray[np.float64]

#: Bytes of the Gram matrix of all points above which it is not formed.
GRAM_LIMIT = 2**31
# length of a convex combination of unit points that counts as zero
_COMBINES = 1e-9
# slack of a unit point, relative to the projection, up to which it counts as on the boundary; and the smallest
# eigenvalue of products of unit points that counts as independent
_ON_BOUNDARY = 1e-8
_DEPENDENT = 1e-8


def decide(
    points: Floats,
    membership: NDArray[np.int64],
    signs: NDArray[np.int8],
    space: RowSpace,
    *,
    projections: Floats | None = None,
    backend: str = "auto",
    n_jobs: int | None = None,
) -> NDArray[np.int8]:
    """Separability of the dichotomy of each sample: 1 separable, 0 inseparable, -1 undecided.

    Parameters
    ----------
    points : array (n, N)
        All points.
    membership : int array (n,)
        Manifold of each point.
    signs : int8 array (k, P)
        Labels of each sample.
    space : RowSpace
        Span of the points.
    projections : array (k, N), optional
        Projections v of Gaussian vectors on the cones of the dichotomies, where they are known: for many points they
        prove most separable dichotomies at little cost.
    backend : str
        Back end of the kernels.
    n_jobs : int, optional
        Workers.

    Returns
    -------
    int8 array (k,)
        A dichotomy that comes several times, or with all signs exchanged, is decided once. Linearly independent points
        separate for any labels, since X w = y then has a solution.

    Examples
    --------
    >>> import numpy as np
    >>> from neurogeom.capacity.span import row_space
    >>> points = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    >>> decide(points, np.arange(3), np.array([[1, 1, -1], [1, 1, 1]], np.int8), row_space(points))
    array([1, 0], dtype=int8)
    """
    if space.rank == len(points):
        return np.ones(len(signs), dtype=np.int8)
    unique, place = np.unique(signs * signs[:, :1], axis=0, return_inverse=True)
    place = place.ravel()
    labels = np.ascontiguousarray(unique[:, membership])
    if not is_large(len(points)):
        return kernels.separate(points, labels, backend=backend, n_jobs=n_jobs).status[place]
    if not np.any(points, axis=1).all():
        return np.zeros(len(signs), dtype=np.int8)  # a point in the origin is on no side
    status = np.full(len(unique), -1, dtype=np.int8)
    if projections is not None:
        status[place[separated(points, signs[:, membership], projections)]] = 1
    open_ones = np.flatnonzero(status != 1)
    status[open_ones] = _decide_streaming(points, labels[open_ones], backend, n_jobs)
    return status[place]


def is_large(n_points: int) -> bool:
    """Whether products of all pairs of points are too many to be formed."""
    return 8 * n_points**2 > GRAM_LIMIT


def needed_bytes(n_points: int, n_neuroids: int) -> float:
    """Memory of a proof of separability, where products of all pairs of points are formed."""
    return 0.0 if is_large(n_points) else float(kernels.separation_bytes(n_points, n_neuroids))


def separated(points: Floats, labels: NDArray[np.int8], projections: Floats) -> NDArray[np.bool_]:
    r"""Dichotomies that a projection on their cone proves separable.

    Parameters
    ----------
    points : array (n, N)
        No point is zero.
    labels : int8 array (k, n)
        Label of each point.
    projections : array (k, N)
        v of each sample, with :math:`y_i x_i \cdot v \le 0`.

    Returns
    -------
    bool array (k,)
        True where a separating vector was found and verified on the points. False says nothing.

    Notes
    -----
    The points on the boundary, where v is orthogonal, are as a rule linearly independent; then a direction d with
    :math:`y_i x_i \cdot d = 1` on them exists, and :math:`-v + \epsilon d` separates strictly for a small step.

    Examples
    --------
    >>> import numpy as np
    >>> points = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> separated(points, np.ones((1, 3), np.int8), np.array([[0.0, -1.0]]))
    array([ True])
    """
    scale = 1.0 / np.linalg.norm(points, axis=1)
    found = np.zeros(len(labels), dtype=bool)
    for sample, (y, v) in enumerate(zip(labels, projections, strict=True)):
        factor = y * scale
        slack = -factor * (points @ v)
        boundary = np.flatnonzero(slack <= _ON_BOUNDARY * np.linalg.norm(v))
        rows = factor[boundary, None] * points[boundary] if len(boundary) <= points.shape[1] else np.empty((0, 0))
        if len(rows) != len(boundary) or not _independent(rows):
            continue
        direction = rows.T @ np.linalg.solve(rows @ rows.T, np.ones(len(rows)))
        gain = factor * (points @ direction)
        losing = gain < 0
        losing[boundary] = False
        step = np.min(slack[losing] / -gain[losing], initial=1.0) / 2
        witness = step * direction - v
        found[sample] = np.min(factor * (points @ witness)) > _rounding(witness)
    return found


def _independent(rows: Floats) -> bool:
    gram = rows @ rows.T
    gram[np.diag_indices_from(gram)] -= _DEPENDENT
    try:
        np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        return False
    return True


def _rounding(witness: Floats) -> float:
    """Bound on the error of a product of the witness with a unit vector."""
    return float(np.finfo(np.float64).eps * len(witness) * np.linalg.norm(witness))


def _decide_streaming(points: Floats, labels: NDArray[np.int8], backend: str, n_jobs: int | None) -> NDArray[np.int8]:
    """The same without products of all points, one dichotomy after the other.

    Non-negative least squares of (0, …, 0, 1) on the columns (y x, 1) is a projection with one more coordinate, which
    holds the label; the kernels stream it.
    """
    if len(labels) == 0:
        return np.zeros(0, dtype=np.int8)
    norms = np.linalg.norm(points, axis=1)
    extended = np.empty((points.shape[0], points.shape[1] + 1))
    np.divide(points, norms[:, None], out=extended[:, :-1])
    target = np.zeros((1, extended.shape[1]))
    target[0, -1] = 1.0
    status = np.empty(len(labels), dtype=np.int8)
    for number, y in enumerate(labels):
        extended[:, -1] = y
        solution = kernels.project(extended, target, y[None], backend=backend, n_jobs=n_jobs)
        weights = solution.multipliers.toarray()[0]
        status[number] = _verify(extended[:, :-1], y, weights)
    return status


def _verify(unit: Floats, y: NDArray[np.int8], weights: Floats) -> int:
    """What the data prove of a combination of the signed unit points: it separates them, or it is zero."""
    combined = (y * weights) @ unit
    if np.linalg.norm(combined) < _COMBINES * weights.sum():
        return 0
    return 1 if np.min(y * (unit @ combined)) > _rounding(combined) else -1
