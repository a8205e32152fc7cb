"""The space that a set of points spans: its rank and the projection on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from neurogeom._core.parallel import single_threaded_blas

Floats = NDArray[np.float64]

# A Gram matrix whose smallest eigenvalue exceeds this share of its trace is of full rank beyond doubt (rounding adds
# about 1e-16 of the trace), and costs a fraction of a singular value decomposition.
_FULL = 1e-10
# Rows taken at once.
_BLOCK = 4096
# Random combinations of rows that are tried first where the rank is low.
_FIRST_SKETCH = 64


@dataclass(frozen=True)
class RowSpace:
    """Span of the rows of a matrix.

    Attributes
    ----------
    rank : int
        Its dimension r.
    columns : int array
        Columns that are not zero throughout.
    basis : array (len(columns), r) or None
        Orthonormal basis in those columns; None where the span holds all of them.
    """

    rank: int
    columns: NDArray[np.int64]
    basis: Floats | None

    def coordinates(self, vectors: Floats) -> Floats:
        """Coordinates (k, r) of the projections of vectors (k, N) in an orthonormal basis of the span."""
        inside = vectors[:, self.columns]
        return inside if self.basis is None else inside @ self.basis

    def squared_norms(self, vectors: Floats) -> Floats:
        """Squared lengths (k,) of the projections of vectors (k, N)."""
        return np.sum(self.coordinates(vectors) ** 2, axis=1)


def row_space(points: Floats) -> RowSpace:
    """Span of the points, which bounds every capacity from below by P / rank.

    Parameters
    ----------
    points : array (n, N)
        Points; each is scaled to unit length first, since its length does not change the span.

    Returns
    -------
    RowSpace
        Rank and basis, found with a relative cut of max(n, N) eps on singular values.

    Examples
    --------
    >>> import numpy as np
    >>> space = row_space(np.array([[1.0, 1.0, 0.0], [2.0, 2.0, 0.0], [0.0, 1e-6, 0.0]]))
    >>> space.rank, space.squared_norms(np.array([[3.0, 4.0, 5.0]]))
    (2, array([25.]))
    """
    norms = np.linalg.norm(points, axis=1)
    alive, columns = np.flatnonzero(norms), np.flatnonzero(np.any(points != 0, axis=0))
    if len(alive) == 0:
        return RowSpace(0, columns, np.zeros((len(columns), 0)))
    with single_threaded_blas():
        if len(alive) >= len(columns) and _is_full_rank(_column_gram(points, norms, alive, columns)):
            return RowSpace(len(columns), columns, None)
        rows = points[np.ix_(alive, columns)]
        rows /= norms[alive, None]
        return _span(rows, columns)


def _column_gram(points: Floats, norms: Floats, alive: NDArray[np.int64], columns: NDArray[np.int64]) -> Floats:
    """Inner products of columns of the unit rows, block by block: no copy of the points is made."""
    gram = np.zeros((len(columns), len(columns)))
    for start in range(0, len(alive), _BLOCK):
        part = alive[start : start + _BLOCK]
        rows = points[np.ix_(part, columns)] / norms[part, None]
        gram += rows.T @ rows
    return gram


def _span(rows: Floats, columns: NDArray[np.int64]) -> RowSpace:
    """Span of unit rows that are fewer than their columns, or dependent."""
    n_rows, n_columns = rows.shape
    if n_rows < n_columns and _is_full_rank(rows @ rows.T):
        return RowSpace(n_rows, columns, np.linalg.qr(rows.T)[0])
    found = _low_rank_basis(rows)
    if found is None:
        _, values, basis = np.linalg.svd(rows, full_matrices=False)
        rank = int(np.count_nonzero(values > _cut(rows) * values[0]))
        found = np.ascontiguousarray(basis[:rank].T)
    rank = found.shape[1]
    return RowSpace(rank, columns, None if rank == n_columns else found)


def _cut(rows: Floats) -> float:
    """Relative cut on singular values."""
    return max(rows.shape) * np.finfo(np.float64).eps


def _low_rank_basis(rows: Floats) -> Floats | None:
    """Basis (N, r) where r is at most half of what it could be, else None; faster than all singular values.

    Random combinations of the rows span the same space once there are more of them than its dimension. The answer is
    taken only if it is proved: nothing is left outside the basis, and inside it the rows are of full rank.
    """
    rng = np.random.default_rng(0)
    combined = np.empty((0, rows.shape[1]))
    while 2 * len(combined) <= min(rows.shape) // 2:
        n_new = max(_FIRST_SKETCH, len(combined))
        combined = np.vstack([combined, rng.standard_normal((n_new, len(rows))) @ rows])
        _, values, basis = np.linalg.svd(combined, full_matrices=False)
        rank = int(np.count_nonzero(values > _cut(rows) * values[0]))
        if rank < len(combined):
            found = np.ascontiguousarray(basis[:rank].T)
            inside = rows @ found
            left = np.linalg.norm(rows - inside @ found.T)
            proved = left <= _cut(rows) * np.sqrt(len(rows)) and _is_full_rank(inside.T @ inside)
            return found if proved else None
    return None


def _is_full_rank(gram: Floats) -> bool:
    """Whether the Gram matrix less a small multiple of the identity still has a Cholesky factor."""
    shift = _FULL * np.trace(gram)
    gram[np.diag_indices_from(gram)] -= shift
    try:
        linalg.cholesky(gram, lower=True, overwrite_a=True, check_finite=False)
    except linalg.LinAlgError:
        return False
    return True
