"""Solve the samples of one set of manifolds, and check what comes back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from neurogeom import kernels
from neurogeom._core.parallel import run_units
from neurogeom.capacity.derivatives import residuals
from neurogeom.capacity.estimates import Estimate, Samples, estimate
from neurogeom.capacity.separability import decide, is_large
from neurogeom.capacity.span import RowSpace, row_space

Floats = NDArray[np.float64]

#: Samples this close to their largest possible objective count as saturated.
SATURATED = 1e-9
#: Relative difference of a and F beyond which a pseudo-inverse has failed.
IDENTITY = 1e-6


@dataclass(frozen=True)
class Task:
    """One set of manifolds with one label vector and one Gaussian vector for each sample.

    Attributes
    ----------
    points : array (n, N)
    membership : int array (n,)
    targets : array (k, N)
    signs : int8 array (k, P)
    margin : float
    backend : str
    """

    points: Floats
    membership: NDArray[np.int64]
    targets: Floats
    signs: NDArray[np.int8]
    margin: float = 0.0
    backend: str = "auto"

    @property
    def n_manifolds(self) -> int:
        """Number of manifolds P."""
        return self.signs.shape[1]

    @property
    def point_signs(self) -> NDArray[np.int8]:
        """Label of each point in each sample (k, n)."""
        return np.ascontiguousarray(self.signs[:, self.membership])


@dataclass(frozen=True)
class Checks:
    """Counts over samples of what should not happen, and of what a reader must know."""

    n_samples: int = 0
    max_residual: float = 0.0
    n_inexact: int = 0
    n_fallback: int = 0
    n_undecided: int = 0
    n_zero_objective: int = 0
    n_identity_broken: int = 0
    max_identity_error: float = 0.0

    def __add__(self, other: Checks) -> Checks:
        """Checks of two sets of samples together."""
        largest = ("max_residual", "max_identity_error")
        return Checks(
            **{
                name: max(value, getattr(other, name)) if name in largest else value + getattr(other, name)
                for name, value in vars(self).items()
            }
        )


@dataclass(frozen=True)
class Solved:
    """Solution of a :class:`Task`.

    Attributes
    ----------
    samples : Samples
        With objective and multipliers.
    space : RowSpace
        Span of the points.
    saturated : bool array (k,)
        F is as large as it can be: the squared length of t in the span.
    separability : int8 array (k,)
        1 separable, 0 inseparable, -1 undecided or not asked; each of the first two is proved.
    checks : Checks
    backend : str
        Back end that was used.
    """

    samples: Samples
    space: RowSpace
    saturated: NDArray[np.bool_]
    separability: NDArray[np.int8]
    checks: Checks
    backend: str

    @property
    def fraction_inseparable(self) -> float:
        """Share of samples whose dichotomy is proved inseparable."""
        return float(np.mean(self.separability == 0))


def solve(task: Task, *, prove: bool = True, n_jobs: int | None = None) -> Solved:
    """Project every Gaussian vector on the cone of its dichotomy, and decide separability.

    Parameters
    ----------
    task : Task
        Points, labels, Gaussian vectors.
    prove : bool
        Whether to decide separability also at margin 0, where the solution does not need it.
    n_jobs : int, optional
        Workers.

    Returns
    -------
    Solved
        At a positive margin the objective of an inseparable dichotomy is infinite, that of an undecided one NaN.

    Raises
    ------
    RuntimeError
        If an objective exceeds its bound, which no correct solution can.

    Examples
    --------
    >>> import numpy as np
    >>> targets = np.array([[3.0, 1.0], [-1.0, 2.0]])
    >>> solved = solve(Task(np.eye(2), np.arange(2), targets, np.ones((2, 2), np.int8)), n_jobs=1)
    >>> np.round(solved.samples.objective, 12), solved.separability
    (array([10.,  4.]), array([1, 1], dtype=int8))
    """
    space = row_space(task.points)
    if task.margin > 0:
        return _solve_at_margin(task, space, _decide(task, space, n_jobs), n_jobs=n_jobs)
    solution = kernels.project(task.points, task.targets, task.point_signs, backend=task.backend, n_jobs=n_jobs)
    limit = space.squared_norms(task.targets)
    # an inexact sample is reported as such; one that carries its certificate cannot exceed the bound
    too_large = (solution.objective > limit * (1 + IDENTITY)) & (solution.residual <= kernels.CERTIFIED)
    if too_large.any():
        raise RuntimeError(
            f"F exceeds its bound, the squared length of t in the span of the points, in {too_large.sum()} of "
            f"{len(limit)} samples. This is a defect of back end {solution.backend!r}: please report it, and use "
            'backend="reference".'
        )
    samples = Samples(task.points, task.membership, task.targets, task.signs, solution.objective, solution.multipliers)
    separability = _decide(task, space, n_jobs, samples) if prove else np.full(len(limit), -1, dtype=np.int8)
    saturated = (solution.objective >= (1 - SATURATED) * limit) & (limit > 0)
    return Solved(samples, space, saturated, separability, _check(solution, separability), solution.backend)


def measure(solved: Solved, *, errors: bool = True, n_jobs: int | None = None) -> tuple[Estimate, Checks]:
    """Geometry of solved samples at margin 0, with the check a = F.

    Parameters
    ----------
    solved : Solved
        From :func:`solve`.
    errors : bool
        Whether Monte-Carlo errors are wanted.
    n_jobs : int, optional
        Workers.

    Returns
    -------
    tuple of Estimate and Checks
        The checks are those of the solution with the count of samples where a and F differ.
    """
    found = estimate(solved.samples, errors=errors, n_jobs=n_jobs)
    objective = solved.samples.objective
    scale = np.sum(solved.samples.targets**2, axis=1)
    alive = objective > IDENTITY**2 * scale
    error = np.abs(found.projection[alive] / objective[alive] - 1.0)
    checks = Checks(
        n_identity_broken=int(np.count_nonzero(error > IDENTITY)),
        max_identity_error=float(error.max(initial=0.0)),
    )
    return found, solved.checks + checks


def _decide(task: Task, space: RowSpace, n_jobs: int | None, samples: Samples | None = None) -> NDArray[np.int8]:
    """Separability of each sample, with the help of its solution where there is one and it saves work."""
    [projections] = run_units(residuals, [(samples,)], n_jobs=1) if samples and is_large(len(task.points)) else [None]
    return decide(
        task.points,
        task.membership,
        task.signs,
        space,
        projections=projections,
        backend=task.backend,
        n_jobs=n_jobs,
    )


def _solve_at_margin(task: Task, space: RowSpace, separability: NDArray[np.int8], *, n_jobs: int | None) -> Solved:
    """Solve the separable dichotomies only: the others have no solution at a positive margin."""
    possible = np.flatnonzero(separability == 1)
    n_samples, n_points = len(task.signs), len(task.points)
    objective = np.where(separability == 0, np.inf, np.nan)
    multipliers = sparse.csr_array((n_samples, n_points))
    checks, backend = Checks(n_samples=n_samples, n_undecided=int(np.sum(separability == -1))), task.backend
    if len(possible):
        solution = kernels.project(
            task.points,
            task.targets[possible],
            task.point_signs[possible],
            margin=task.margin,
            backend=task.backend,
            n_jobs=n_jobs,
        )
        objective[possible] = solution.objective
        place = sparse.csr_array(
            (np.ones(len(possible)), (possible, np.arange(len(possible)))), shape=(n_samples, len(possible))
        )
        multipliers = sparse.csr_array(place @ solution.multipliers)
        checks, backend = checks + _check(solution, None), solution.backend
    samples = Samples(task.points, task.membership, task.targets, task.signs, objective, multipliers)
    return Solved(samples, space, np.zeros(n_samples, dtype=bool), separability, checks, backend)


def _check(solution: kernels.ConeSolution, separability: NDArray[np.int8] | None) -> Checks:
    """Checks of a solution of the kernels; separability is None where its samples are counted elsewhere."""
    residual = solution.residual
    return Checks(
        n_samples=0 if separability is None else len(residual),
        max_residual=float(residual.max(initial=0.0)),
        n_inexact=int(np.count_nonzero(~(residual <= kernels.CERTIFIED))),
        n_fallback=solution.n_fallback,
        n_undecided=0 if separability is None else int(np.sum(separability == -1)),
        n_zero_objective=int(np.count_nonzero(solution.objective == 0)),
    )
