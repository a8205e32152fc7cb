"""Back end of compiled loops: blocks of samples, one thread each, the same numbers for any number of threads."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from neurogeom._core.parallel import run_units, single_threaded_blas
from neurogeom.kernels import dense
from neurogeom.kernels.certificate import examine
from neurogeom.kernels.problem import ConeProblem, unit_scales
from neurogeom.kernels.solution import CERTIFIED, ConeSolution, CriticalDimension, Separability

BLOCK_SAMPLES = 32


def project(problem: ConeProblem, *, n_jobs: int | None) -> ConeSolution:
    """Solve all samples of one problem."""
    return project_many([problem], n_jobs=n_jobs)[0]


def project_many(problems: list[ConeProblem], *, n_jobs: int | None) -> list[ConeSolution]:
    """Solve all samples of several problems."""
    grams = run_units(_gram, [(problem,) for problem in problems], n_jobs=n_jobs)
    units = [
        (problem, gram, slice(first, first + BLOCK_SAMPLES))
        for problem, gram in zip(problems, grams, strict=True)
        for first in range(0, problem.n_samples, BLOCK_SAMPLES)
    ]
    blocks = iter(run_units(_project_block, units, n_jobs=n_jobs))
    return [
        _join([next(blocks) for _ in range(0, problem.n_samples, BLOCK_SAMPLES)]) for problem in problems
    ]


def _gram(problem: ConeProblem) -> np.ndarray:
    gram = problem.points @ problem.points.T
    gram *= problem.scales
    gram *= problem.scales[:, None]
    return gram


def _project_block(problem: ConeProblem, gram: np.ndarray, samples: slice) -> ConeSolution:
    targets = problem.targets[samples]
    signs = problem.signs_of(samples)
    linear = targets @ problem.points.T
    linear *= problem.scales
    if problem.margin > 0:
        linear += signs * problem.margins
    b = len(targets)
    multipliers = np.zeros_like(signs)
    blocked = np.zeros(b, bool)
    counts = np.zeros((b, 3), np.int64)
    groups = np.zeros(problem.n_points, np.int64) if problem.groups is None else problem.groups
    tolerance = 1e-12 * np.sqrt(np.einsum("ij,ij->i", targets, targets))
    dense.solve_dense(gram, linear, signs, groups, int(groups.max()) + 1, 0.0, tolerance, multipliers, blocked, counts)
    evidence = examine(problem, samples, signs, multipliers)
    status = np.where(evidence.residual <= CERTIFIED, "optimal", "inexact").astype("U10")
    objective = evidence.objective
    if problem.margin > 0:
        for s in np.flatnonzero(status == "inexact"):
            if separate(problem.points, signs[s][None].astype(np.int8), n_jobs=1).status[0] == 0:
                status[s] = "infeasible"
                objective[s] = np.inf
                multipliers[s] = 0
                evidence.violation[s] = evidence.complementarity[s] = 0
    return ConeSolution(
        objective,
        sparse.csr_array(np.abs(multipliers) / np.where(problem.norms > 0, problem.norms, 1)),
        evidence.violation,
        evidence.complementarity,
        np.zeros(b, bool),
        status,
        "cpu",
    )


def _join(blocks: list[ConeSolution]) -> ConeSolution:
    return ConeSolution(
        np.concatenate([block.objective for block in blocks]),
        sparse.csr_array(sparse.vstack([block.multipliers for block in blocks], format="csr")),
        np.concatenate([block.violation for block in blocks]),
        np.concatenate([block.complementarity for block in blocks]),
        np.concatenate([block.fallback for block in blocks]),
        np.concatenate([block.status for block in blocks]),
        "cpu",
    )


def separate(points: np.ndarray, signs: np.ndarray, *, n_jobs: int | None) -> Separability:
    """Decide all dichotomies of the same points."""
    points, scales, _ = unit_scales(points)
    unit = points * scales[:, None]
    with single_threaded_blas():
        y = signs.astype(np.float64)
        k = len(y)
        n = len(points)
        status = np.full(k, -1, np.int8)
        witness = np.zeros((k, points.shape[1]))
        weights = np.zeros((k, n))
        if not scales.all():
            status[:] = 0
            weights[:, np.flatnonzero(scales == 0)[0]] = 1
            return Separability(status, witness, sparse.csr_array(weights), "cpu")
        gram = unit @ unit.T
        dense.solve_dense(
            gram, y, y, np.zeros(n, np.int64), 1, 1.0, np.full(k, 1e-13), weights, np.zeros(k, bool), np.zeros((k, 3), np.int64)
        )
        for s in range(k):
            w = weights[s] @ unit
            length = np.linalg.norm(w)
            total = np.abs(weights[s]).sum()
            weights[s] = np.abs(weights[s])
            if length > 0 and (y[s] * (unit @ w)).min() > 1e-14 * length:
                status[s] = 1
                witness[s] = w / length
                weights[s] = 0
            elif length < 1e-7 * total:
                status[s] = 0
                weights[s] /= total
            else:
                weights[s] = 0
        return Separability(status, witness, sparse.csr_array(weights), "cpu")


def critical_dimension(points: np.ndarray, signs: np.ndarray) -> CriticalDimension:
    """Bisect on the number of leading coordinates."""
    low, high = 0, points.shape[1] + 1
    undecided = 0
    while high - low > 1:
        middle = (low + high) // 2 if high <= points.shape[1] else points.shape[1]
        status = separate(np.ascontiguousarray(points[:, :middle]), signs[None], n_jobs=1).status[0]
        undecided += status == -1
        if status == 1:
            high = middle
        elif middle == points.shape[1]:
            return CriticalDimension(np.inf, int(undecided))
        else:
            low = middle
    return CriticalDimension(float(high), int(undecided))
