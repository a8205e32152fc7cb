"""Projection when the Gram matrix of all points would not fit: it is formed for a working set only.

Each sample keeps its active points and the worst violated ones, solves on those, and all samples of a batch are priced
together by one product with the data. The objective grows at every round, so no working set comes twice.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from neurogeom._core.parallel import run_units
from neurogeom.kernels.problem import ConeProblem
from neurogeom.kernels.solution import CERTIFIED, ConeSolution

GRAM_LIMIT = 2**31  # bytes; it depends on nothing but sizes, so that a problem takes the same road everywhere
BATCH = 64  # samples priced together
ROWS = 4096  # points priced in one product
MOST_JOINING, LEAST_JOINING = 1200, 256  # points that join a working set in a round
JOINING = 0.6  # of the neuroids
TOLERANCE = 1e-12  # of ‖t‖: smaller violations are not pursued
MOST_ROUNDS = 200

Solve = Callable[[ConeProblem], ConeSolution]


def is_needed(problem: ConeProblem) -> bool:
    """Whether the Gram matrix of all points is too large to be formed."""
    return 4 * problem.n_points**2 > GRAM_LIMIT


def needed_bytes(problem: ConeProblem, n_jobs: int) -> int:
    """Memory beyond the points: prices of a batch, and working sets of the samples that are solved at a time."""
    width = _joining(problem) + problem.n_neuroids
    batch = min(BATCH, problem.n_samples)
    return 8 * (3 * batch * problem.n_points + n_jobs * width * (2 * width + 2 * problem.n_neuroids))


def project(problem: ConeProblem, solve: Solve, *, n_jobs: int | None) -> ConeSolution:
    """Solve all samples, batch by batch; ``solve`` takes the problem of one sample on its working set."""
    parts = [
        _project_batch(problem, slice(first, first + BATCH), solve, n_jobs)
        for first in range(0, problem.n_samples, BATCH)
    ]
    return ConeSolution(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("objective", "violation", "complementarity", "fallback", "status")
        },
        multipliers=sparse.csr_array(sparse.vstack([part.multipliers for part in parts], format="csr")),
        backend="cpu",
    )


def resume(problem: ConeProblem, number: int, active: np.ndarray, multipliers: np.ndarray, solve: Solve) -> _Sample:
    """Solve one sample from its active points and their λ on, as far as Gram matrices are accurate enough."""
    sample = _Sample(problem, number)
    signed = multipliers * sample.signs[active]
    sample.active, sample.multipliers = active, multipliers
    sample.residual = sample.target - signed @ problem.points[active]
    for _ in range(MOST_ROUNDS):
        excess = sample.signs * problem.scales * (problem.points @ sample.residual) + problem.margins
        sample.judge(problem, excess, _joining(problem))
        # whatever the first certificate says, it was in doubt
        if sample.done and sample.before >= 0:
            break
        sample.solve(problem, solve)
        if sample.fell or sample.status == "infeasible":
            break
        sample.done = False
    return sample


class _Sample:
    """One sample on its way: target, signs, working set and what is known of its solution."""

    def __init__(self, problem: ConeProblem, number: int) -> None:
        self.target = problem.targets[number]
        self.signs = np.ones(problem.n_points, np.int8) if problem.signs is None else problem.signs[number]
        self.working = np.empty(0, np.int64)
        self.active = np.empty(0, np.int64)
        self.multipliers = np.empty(0)
        self.residual = self.target
        self.violation = self.complementarity = self.objective = 0.0
        self.before = -1.0
        self.fell, self.status, self.done = False, "inexact", False

    def solve(self, problem: ConeProblem, solve: Solve) -> None:
        """Solve on the working set."""
        chosen = self.working
        part = ConeProblem(
            problem.points[chosen],
            problem.scales[chosen],
            problem.norms[chosen],
            self.target[None],
            self.signs[None, chosen],
            problem.margin,
        )
        solution = solve(part)
        row = solution.multipliers[[0]]
        self.fell = self.fell or bool(solution.fallback[0])
        if solution.status[0] == "infeasible":
            self.status, self.done, self.objective = "infeasible", True, np.inf
            return
        self.before, self.objective = self.objective, float(solution.objective[0])
        self.active, self.multipliers = chosen[row.indices], row.data
        self.residual = self.target - (row.data * self.signs[self.active]) @ problem.points[self.active]

    def judge(self, problem: ConeProblem, excess: np.ndarray, n_joining: int) -> None:
        """Certificate from all points; violated ones outside the working set join it, or the sample is done."""
        scale = max(float(np.linalg.norm(self.target)), float(np.sqrt(self.objective))) or 1.0
        self.violation = max(float(excess.max()), 0.0) / scale
        lengths = self.multipliers * problem.norms[self.active]
        self.complementarity = abs(float(lengths @ excess[self.active])) / scale**2
        outside = np.where(np.isin(np.arange(len(excess)), self.working, assume_unique=True), -np.inf, excess)
        violated = np.flatnonzero(outside > TOLERANCE * scale)
        if len(violated) > n_joining:
            violated = violated[np.argpartition(-outside[violated], n_joining)[:n_joining]]
        # where multipliers are huge, rounding may go on violating constraints without an end
        if len(violated) == 0 or not self.objective > self.before:
            self.done = True
            self.status = "optimal" if max(self.violation, self.complementarity) <= CERTIFIED else "inexact"
        self.working = np.union1d(self.active, violated)


def _joining(problem: ConeProblem) -> int:
    return int(np.clip(JOINING * problem.n_neuroids, LEAST_JOINING, MOST_JOINING))


def _project_batch(problem: ConeProblem, samples: slice, solve: Solve, n_jobs: int | None) -> ConeSolution:
    batch = [_Sample(problem, number) for number in range(problem.n_samples)[samples]]
    if problem.margin > 0 and not problem.norms.all():  # a zero point is never on the right side by a margin
        for sample in batch:
            sample.status, sample.done, sample.objective = "infeasible", True, np.inf
    for _ in range(MOST_ROUNDS):
        waiting = [sample for sample in batch if not sample.done]
        if not waiting:
            break
        _price(problem, waiting, n_jobs)
        waiting = [sample for sample in waiting if not sample.done]
        run_units(_Sample.solve, [(sample, problem, solve) for sample in waiting], n_jobs=n_jobs)
    return _pack(problem, batch)


def _price(problem: ConeProblem, waiting: list[_Sample], n_jobs: int | None) -> None:
    """How far each constraint is violated by each sample's residual, and what follows from it."""
    residuals = np.array([sample.residual for sample in waiting])
    excess = np.empty((len(waiting), problem.n_points))
    blocks = [(problem, residuals, excess, slice(i, i + ROWS)) for i in range(0, problem.n_points, ROWS)]
    run_units(_price_block, blocks, n_jobs=n_jobs)
    n_joining = _joining(problem)
    for sample, row in zip(waiting, excess, strict=True):
        row *= sample.signs
        if problem.margin > 0:
            row += problem.margins
        sample.judge(problem, row, n_joining)


def _price_block(problem: ConeProblem, residuals: np.ndarray, excess: np.ndarray, rows: slice) -> None:
    excess[:, rows] = residuals @ problem.points[rows].T * problem.scales[rows]


def _pack(problem: ConeProblem, batch: list[_Sample]) -> ConeSolution:
    order = [np.argsort(sample.active) for sample in batch]
    indices = [sample.active[o] for sample, o in zip(batch, order, strict=True)]
    data = [sample.multipliers[o] for sample, o in zip(batch, order, strict=True)]
    starts = np.concatenate([[0], np.cumsum([len(one) for one in indices])])
    return ConeSolution(
        objective=np.array([sample.objective for sample in batch]),
        multipliers=sparse.csr_array(
            (np.concatenate(data), np.concatenate(indices), starts), shape=(len(batch), problem.n_points)
        ),
        violation=np.array([sample.violation for sample in batch]),
        complementarity=np.array([sample.complementarity for sample in batch]),
        fallback=np.array([sample.fell for sample in batch]),
        status=np.array([sample.status for sample in batch]),
        backend="cpu",
    )
