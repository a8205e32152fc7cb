"""Back end of trust: each problem by a general convex solver (cvxpy with Clarabel) at tight tolerances."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from neurogeom._core.parallel import single_threaded_blas
from neurogeom.kernels.certificate import examine
from neurogeom.kernels.problem import ConeProblem, unit_scales
from neurogeom.kernels.solution import CERTIFIED, ConeSolution, Separability

TOLERANCES = {
    "tol_gap_abs": 1e-12,
    "tol_gap_rel": 1e-12,
    "tol_feas": 1e-12,
    "reduced_tol_gap_abs": 1e-10,
    "reduced_tol_gap_rel": 1e-10,
    "reduced_tol_feas": 1e-10,
    "max_iter": 500,
}


def project_many(problems: list[ConeProblem], *, n_jobs: int | None) -> list[ConeSolution]:
    """Solve all samples of several problems."""
    return [project(problem, n_jobs=n_jobs) for problem in problems]


def project(problem: ConeProblem, *, n_jobs: int | None) -> ConeSolution:
    """Solve all samples of one problem, one after the other."""
    samples = slice(0, problem.n_samples)
    signs = problem.signs_of(samples)
    multipliers = np.zeros_like(signs)
    feasible = np.ones(problem.n_samples, bool)
    rows = problem.points * problem.scales[:, None]
    if problem.margin > 0 and not problem.norms.all():
        feasible[:] = False
    for s in np.flatnonzero(feasible):
        values = _solve_one(signs[s][:, None] * rows, problem.targets[s], problem.margins)
        feasible[s] = values is not None
        multipliers[s] = 0 if values is None else signs[s] * values
    with single_threaded_blas():
        evidence = examine(problem, samples, signs, multipliers)
    status = np.where(evidence.residual <= CERTIFIED, "optimal", "inexact").astype("U10")
    status[~feasible] = "infeasible"
    return ConeSolution(
        objective=np.where(feasible, evidence.objective, np.inf),
        multipliers=sparse.csr_array(np.abs(multipliers) * problem.inverse_norms),
        violation=np.where(feasible, evidence.violation, 0.0),
        complementarity=np.where(feasible, evidence.complementarity, 0.0),
        fallback=np.zeros(problem.n_samples, bool),
        status=status,
        backend="reference",
    )


def _solve_one(rows: np.ndarray, target: np.ndarray, margins: np.ndarray) -> np.ndarray | None:
    """Multipliers of min ½‖v − t‖² s.t. rows v ≤ −margins; None if no v meets the constraints."""
    import cvxpy

    # unit length makes the tolerances relative to the target
    length = np.linalg.norm(target) or 1.0
    v = cvxpy.Variable(len(target))
    constraint = rows @ v <= -margins / length
    task = cvxpy.Problem(cvxpy.Minimize(0.5 * cvxpy.sum_squares(v - target / length)), [constraint])
    task.solve(solver=cvxpy.CLARABEL, **TOLERANCES)
    if task.status in (cvxpy.INFEASIBLE, cvxpy.INFEASIBLE_INACCURATE):
        return None
    return length * np.maximum(constraint.dual_value, 0.0)


def separate(points: np.ndarray, signs: np.ndarray, *, n_jobs: int | None) -> Separability:
    """Decide all dichotomies by maximizing the smallest margin of unit points over the unit box."""
    points, scales, _ = unit_scales(points)
    unit = points * scales[:, None]
    status = np.full(len(signs), -1, np.int8)
    witness = np.zeros((len(signs), points.shape[1]))
    weights = np.zeros(signs.shape)
    for s, y in enumerate(signs.astype(np.float64)):
        w, values = _separate_one(y[:, None] * unit)
        length = np.linalg.norm(w)
        if length > 0 and (y * (unit @ w)).min() > 1e-9 * length:
            status[s] = 1
            witness[s] = w / length
        elif np.linalg.norm((y * values) @ unit) < 1e-7 * values.sum():
            status[s] = 0
            weights[s] = values / values.sum()
    return Separability(status, witness, sparse.csr_array(weights), "reference")


def _separate_one(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Witness and weights of max m s.t. rows w ≥ m, |w| ≤ 1."""
    import cvxpy

    w = cvxpy.Variable(rows.shape[1])
    smallest = cvxpy.Variable()
    constraint = rows @ w >= smallest
    task = cvxpy.Problem(cvxpy.Maximize(smallest), [constraint, cvxpy.abs(w) <= 1])
    task.solve(solver=cvxpy.CLARABEL, **TOLERANCES)
    return np.asarray(w.value), np.maximum(constraint.dual_value, 0.0)
