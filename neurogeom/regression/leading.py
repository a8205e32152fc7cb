"""Leading eigenvector of a symmetric matrix that changes a little at a time, exact to rounding."""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import blas, lapack

_EPS = float(np.finfo(np.float64).eps)
_SMALL = 56  # below this size LAPACK's own search takes no longer than following a block
_BLOCK = 8
_MAX_SHIFTS = 3
_MAX_SOLVES = 12


class LeadingVector:
    """Follows the leading eigenvector of one symmetric matrix through rank-two updates.

    A block of approximate leading eigenvectors is carried from one matrix to the next by two steps of subspace
    iteration. Its best vector is refined by inverse iteration: the shift lies just above the leading eigenvalue,
    which a Cholesky factorization proves, so that each solve gains many digits. What does not reach the residual of
    rounding is left to LAPACK.

    Parameters
    ----------
    matrix : ndarray, shape (t, t)
        Positive semidefinite; only its lower triangle is read.
    alike : LeadingVector, optional
        Of a matrix that is nearly the same (another fold's), already asked: its block is where the search starts.

    Examples
    --------
    >>> follower = LeadingVector(np.diag([3.0, 1.0, 2.0]))
    >>> value, vector = follower.leading()
    >>> value, np.abs(vector).tolist()
    (3.0, [1.0, 0.0, 0.0])
    >>> follower.subtract(np.array([1.0, 0.0, 0.0]), np.array([1.0, 0.0, 0.0]))
    >>> follower.leading()[0]
    2.0
    """

    def __init__(self, matrix: np.ndarray, alike: LeadingVector | None = None) -> None:
        self.n_exact = 0  # how often LAPACK was asked
        self._matrix = np.array(matrix, dtype=np.float64, order="F")
        self._pending: list[tuple[np.ndarray, np.ndarray]] = []  # applied just before use, while the matrix is in cache
        self._block: np.ndarray | None = None
        self._alike = alike

    def subtract(self, left: np.ndarray, right: np.ndarray) -> None:
        """Take ``left rightᵀ + right leftᵀ`` away from the matrix, when it is next looked at."""
        self._pending.append((left, right))

    def replace(self, matrix: np.ndarray) -> None:
        """Set the matrix anew, e.g. to shed the rounding of many updates; the block is kept."""
        self._matrix = np.array(matrix, dtype=np.float64, order="F")
        self._pending.clear()

    @property
    def matrix(self) -> np.ndarray:
        """The matrix as it is now."""
        for left, right in self._pending:
            half = blas.dger(-1.0, left, right, a=self._matrix, overwrite_a=1)
            self._matrix = blas.dger(-1.0, right, left, a=half, overwrite_a=1)
        self._pending.clear()
        return self._matrix

    def leading(self) -> tuple[float, np.ndarray]:
        """Return the largest eigenvalue and its unit eigenvector, shape (t,)."""
        size = len(self._matrix)
        if size == 1:
            return float(self.matrix[0, 0]), np.ones(1)
        if size <= _SMALL:
            return self._exact(1)
        if self._block is None and self._alike is not None:
            self._block, self._alike = self._alike._block, None
        if self._block is None:
            return self._exact(_BLOCK)
        found = self._follow(self._block)
        return self._exact(_BLOCK) if found is None else found

    def _exact(self, n_vectors: int) -> tuple[float, np.ndarray]:
        """LAPACK's leading eigenpairs; several start a new block."""
        self.n_exact += 1
        matrix = self.matrix
        size = len(matrix)
        values, vectors, n_found, _, info = lapack.dsyevx(
            matrix, range="I", il=size - n_vectors + 1, iu=size, lower=1, abstol=0.0
        )
        if info != 0 or n_found < n_vectors:
            values, vectors = np.linalg.eigh(np.tril(matrix) + np.tril(matrix, -1).T)
            values, vectors = values[-n_vectors:], vectors[:, -n_vectors:]
        if n_vectors > 1:
            self._block = np.asfortranarray(vectors[:, :n_vectors])
        return float(values[n_vectors - 1]), np.ascontiguousarray(vectors[:, n_vectors - 1])

    def _follow(self, block: np.ndarray) -> tuple[float, np.ndarray] | None:
        """Rayleigh-Ritz in the block, refinement of its best vector, and the block for the next matrix."""
        matrix = self.matrix
        moved = blas.dgemm(1.0, matrix, block)
        values, rotation, info = lapack.dsyevd(block.T @ moved, lower=1)
        if info != 0 or not values[-1] > 0.0:
            return None
        best = rotation[:, -1]
        found = self._refine(block @ best, moved @ best, float(values[-1] - values[-2]))
        if found is None:
            return None
        # Ritz vectors are nearly orthogonal after two products, so that QR loses nothing
        twice = blas.dgemm(1.0, matrix, blas.dgemm(1.0, moved, rotation))
        twice[:, -1] = found[1]
        factor, tau, _, _ = lapack.dgeqrf(np.asfortranarray(twice[:, ::-1]), overwrite_a=1)
        self._block = lapack.dorgqr(factor, tau, overwrite_a=1)[0]
        return found

    def _refine(self, vector: np.ndarray, image: np.ndarray, gap: float) -> tuple[float, np.ndarray] | None:
        """Inverse iteration until the residual is rounding; None where that fails."""
        size = len(vector)
        value = float(vector @ image)
        residual = float(blas.dnrm2(image - value * vector))
        for _ in range(_MAX_SHIFTS):
            if not gap > 2.0 * residual:
                return None  # two eigenvalues too close to tell apart from here
            step = max(residual * residual / gap, 8.0 * _EPS * size * value)
            factor = self._factor(value + step)
            if factor is None:
                step = residual
                factor = self._factor(value + step)
                if factor is None:
                    return None
            for _ in range(_n_solves(residual / gap, step / gap)):
                vector, _ = lapack.dpotrs(factor, vector, lower=1)
            vector = vector / blas.dnrm2(vector)
            image = blas.dsymv(1.0, self._matrix, vector, lower=1)
            value = float(vector @ image)
            residual = float(blas.dnrm2(image - value * vector))
            if residual <= 4.0 * _EPS * math.sqrt(size) * value:
                return value, vector
        return None

    def _factor(self, shift: float) -> np.ndarray | None:
        """Cholesky factor of shift − matrix; None where the shift is not above all eigenvalues."""
        shifted = -self._matrix
        shifted.ravel(order="K")[:: len(shifted) + 1] += shift
        factor, info = lapack.dpotrf(shifted, lower=1, clean=0, overwrite_a=1)
        return factor if info == 0 else None


def _n_solves(error: float, gain: float) -> int:
    """Solves after which an error that each multiplies by `gain` is rounding."""
    if not 0.0 < gain < 1.0:
        return 1 if gain <= 0.0 else _MAX_SOLVES
    needed = math.log(max(error, 4.0 * _EPS) / (2.0 * _EPS)) / -math.log(gain)
    return min(max(math.ceil(needed), 1), _MAX_SOLVES)
