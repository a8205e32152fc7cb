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


def decide(
    points: Floats,
    membership: NDArray[np.int64],
    signs: NDArray[np.int8],
    space: RowSpace,
    *,
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
    labels = np.ascontiguousarray(unique[:, membership])
    if 8 * len(points) ** 2 > GRAM_LIMIT:
        status = _decide_streaming(points, labels, backend, n_jobs)
    else:
        status = kernels.separate(points, labels, backend=backend, n_jobs=n_jobs).status
    return status[place.ravel()]


def _decide_streaming(points: Floats, labels: NDArray[np.int8], backend: str, n_jobs: int | None) -> NDArray[np.int8]:
    """The same without products of all points, one dichotomy after the other.

    Non-negative least squares of (0, …, 0, 1) on the columns (y x, 1) is a projection with one more coordinate, which
    holds the label; the kernels stream it.
    """
    norms = np.linalg.norm(points, axis=1)
    if not norms.all():
        return np.zeros(len(labels), dtype=np.int8)
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
    length, total = np.linalg.norm(combined), weights.sum()
    rounding = np.finfo(np.float64).eps * unit.shape[1] * length
    if length < _COMBINES * total:
        return 0
    return 1 if np.min(y * (unit @ combined)) > rounding else -1
