"""What the kernels return: frozen arrays with the evidence that they are right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

CERTIFIED = 1e-9
"""Largest scaled residual of the optimality conditions of a problem that counts as solved."""


@dataclass(frozen=True, eq=False)
class ConeSolution:
    """Projections of targets on polyhedral cones, one per sample.

    Attributes
    ----------
    objective : ndarray (n_samples,)
        Squared distance ``||v - t||**2``; infinite where no point meets the constraints.
    multipliers : scipy.sparse.csr_array (n_samples, n_points)
        Multipliers of the constraints, all >= 0, in units of the rows as given.
    violation, complementarity : ndarray (n_samples,)
        Scaled residuals of the optimality conditions, computed from the data.
    fallback : ndarray of bool (n_samples,)
        Where the Gram matrix was not accurate enough and a QR factorization of the data was used.
    status : ndarray of str (n_samples,)
        'optimal', 'infeasible' (the objective is infinite) or 'inexact' (residual above 1e-9).
    backend : str
        The back end that was used.
    """

    objective: np.ndarray
    multipliers: sparse.csr_array
    violation: np.ndarray
    complementarity: np.ndarray
    fallback: np.ndarray
    status: np.ndarray
    backend: str

    @property
    def residual(self) -> np.ndarray:
        """Larger of the two scaled residuals of each sample (n_samples,)."""
        return np.maximum(self.violation, self.complementarity)

    @property
    def n_fallback(self) -> int:
        """Number of samples that needed the QR factorization."""
        return int(np.count_nonzero(self.fallback))

    @property
    def infeasible(self) -> np.ndarray:
        """Samples whose constraints no point meets, as booleans (n_samples,)."""
        return self.status == "infeasible"


@dataclass(frozen=True, eq=False)
class Separability:
    """Linear separability through the origin, with a proof for each answer.

    Attributes
    ----------
    status : ndarray of int8 (n_samples,)
        1 separable, 0 inseparable, -1 undecided.
    witness : ndarray (n_samples, n_neuroids)
        Where separable, a unit vector w with ``signs * (points @ w) > 0``; zeros elsewhere.
    combination : scipy.sparse.csr_array (n_samples, n_points)
        Where inseparable, weights >= 0 with sum 1 of the signed unit points that combine to 0.
    backend : str
        The back end that was used.
    """

    status: np.ndarray
    witness: np.ndarray
    combination: sparse.csr_array
    backend: str

    @property
    def n_undecided(self) -> int:
        """Number of samples for which neither proof was found."""
        return int(np.count_nonzero(self.status == -1))


@dataclass(frozen=True)
class CriticalDimension:
    """Smallest number of leading coordinates in which signed points separate.

    Attributes
    ----------
    n_critical : float
        The dimension; infinite where the points do not separate in all coordinates.
    n_undecided : int
        Number of dimensions tried for which neither proof was found (taken as inseparable).
    """

    n_critical: float
    n_undecided: int
