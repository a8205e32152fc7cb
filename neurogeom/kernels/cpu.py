"""Back end of compiled loops: blocks of samples, one thread each, the same numbers for any number of threads."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import sparse

from neurogeom._core.parallel import run_units
from neurogeom.kernels import fallback, streaming
from neurogeom.kernels.active_set import DOUBLE, SINGLE
from neurogeom.kernels.certificate import examine
from neurogeom.kernels.dense import solve_dense
from neurogeom.kernels.prepare import IN_DOUBLE, IN_SINGLE, Prepared, prepare_many
from neurogeom.kernels.problem import ConeProblem
from neurogeom.kernels.samples import Samples, make_samples
from neurogeom.kernels.separability import critical_dimension, separate
from neurogeom.kernels.solution import CERTIFIED, ConeSolution
from neurogeom.kernels.work import make_work
from neurogeom.kernels.working_set import make_room, solve_single

__all__ = ["critical_dimension", "project", "project_many", "separate"]

TOLERANCE = 1e-13  # of the length of the target: violations below it are not pursued
FEW_DIMENSIONS = 15  # up to here one point at a time is faster
PICKS, JOINT_PICKS = 12, 32  # points that enter at a time, at most
WORKING_SHARE, LEAST_WORKING = 0.22, 256  # points in the first working set of a joint problem
WORKING_GROWTH = 3  # largest working set, relative to the first
STATUSES = np.array(["optimal", "infeasible", "inexact"])


def project(problem: ConeProblem, *, n_jobs: int | None) -> ConeSolution:
    """Solve all samples of one problem."""
    if streaming.is_needed(problem):
        return streaming.project(problem, _project_one, n_jobs=n_jobs)
    return _project_all([problem], None, n_jobs)[0]


def project_many(problems: list[ConeProblem], *, n_jobs: int | None) -> list[ConeSolution]:
    """Solve all samples of several problems."""
    if any(streaming.is_needed(problem) for problem in problems):
        return [project(problem, n_jobs=n_jobs) for problem in problems]
    return _project_all(problems, None, n_jobs)


def _project_one(problem: ConeProblem, road: str | None = None) -> ConeSolution:
    """Solve one problem in this thread, with its Gram matrix."""
    return _project_all([problem], road, 1)[0]


def _project_all(problems: list[ConeProblem], road: str | None, n_jobs: int | None) -> list[ConeSolution]:
    tasks = prepare_many(problems, road, n_jobs)
    units = [(task, block) for task in tasks for block in task.blocks]
    parts = iter(run_units(_project_block, units, n_jobs=n_jobs))
    return [_join([next(parts) for _ in task.blocks], task.problem) for task in tasks]


def _project_block(task: Prepared, places: slice) -> tuple:
    """Solve some samples: numbers, status, whether from the data, and the multipliers."""
    samples = make_samples(task, places)
    k = len(samples.targets)
    if task.problem.margin > 0 and not task.problem.norms.all():  # a zero point never has a margin
        return _infeasible(k)
    if task.road == IN_DOUBLE:
        _solve_in_double(samples, task.gram)
    else:
        _solve_in_single(samples)
    samples.check()
    if task.road == IN_SINGLE and samples.doubtful.any():
        chosen = np.flatnonzero(samples.doubtful)
        again = samples.part(chosen)
        _solve_in_double(again, task.gram_in_double)
        again.check()
        samples.take(again, chosen)
    samples.values[:] *= samples.lengths[:, None]
    samples.numbers[0] *= samples.lengths**2
    status, fell = np.zeros(k, np.int8), np.zeros(k, bool)
    for s in map(int, np.flatnonzero(samples.doubtful)):
        status[s], fell[s] = (_rescue if task.road in (IN_DOUBLE, IN_SINGLE) else _resume)(samples, s)
    return samples.numbers, status, fell, *samples.packed()


def _solve_in_double(samples: Samples, gram: np.ndarray) -> None:
    """Solve on all points, in double precision."""
    problem, rows = samples.task.problem, samples.task.rows
    linear = samples.targets @ rows.T
    if problem.margin > 0:
        linear += samples.signs * samples.margins
    picks = 1 if problem.n_neuroids <= FEW_DIMENSIONS else PICKS
    work = make_work(len(rows), samples.index.shape[1], rows.shape[1], picks)
    data = (rows, samples.targets, samples.margins)
    exchanges = problem.margin > 0
    solve_dense(gram, linear, samples.signs, data, 0.0, TOLERANCE, DOUBLE, exchanges, samples.found, work)


def _solve_in_single(samples: Samples) -> None:
    """Solve in single precision, with a refinement in double precision; on working sets where there are many points."""
    task, n, capacity = samples.task, samples.task.problem.n_points, samples.index.shape[1]
    signs = samples.signs.astype(np.float32)
    linear = samples.targets.astype(np.float32) @ task.singles.T
    if task.problem.margin > 0:
        linear += signs * samples.margins.astype(np.float32)
    if task.road == IN_SINGLE:
        first = np.empty((len(linear), 0), np.int64)
        room = make_room(1, 1, capacity)
        work = make_work(len(task.rows), capacity, task.rows.shape[1], PICKS, np.float32)
    else:
        m = max(int(WORKING_SHARE * n), LEAST_WORKING)
        first = np.argpartition(-signs[:, :n] * linear[:, :n], m, axis=1)[:, :m]
        first.sort(axis=1)
        room = make_room(len(task.rows), WORKING_GROWTH * m, capacity)
        work = make_work(len(room.linear), capacity, task.rows.shape[1], JOINT_PICKS, np.float32)
    data = (task.rows, samples.targets, samples.margins)
    solve_single(task.gram, linear, signs, first, data, SINGLE, samples.found, room, work)


def _resume(samples: Samples, s: int) -> tuple[int, bool]:
    """Solve a sample that working sets left in doubt in double precision, from its active points on."""
    problem, size = samples.task.problem, samples.counts[s, 0]
    active = samples.index[s, :size].copy()
    multipliers = samples.values[s, :size] * samples.signs_of(s)[active] * problem.inverse_norms[active]
    solve = partial(_project_one, road=IN_DOUBLE)
    one = streaming.resume(problem, int(samples.places[s]), active, np.maximum(multipliers, 0.0), solve)
    numbers = (one.objective, one.violation, one.complementarity)
    samples.keep(s, one.active, one.multipliers * problem.norms[one.active], numbers)
    if one.fell:
        return _rescue(samples, s)
    return int(np.flatnonzero(one.status == STATUSES)[0]), False


def _rescue(samples: Samples, s: int) -> tuple[int, bool]:
    """Solve a sample that has no certificate from the data; its status and whether it was tried."""
    problem, y, size = samples.task.problem, samples.signs_of(s), samples.counts[s, 0]
    if problem.margin > 0 and separate(problem.points, y[None].astype(np.int8), n_jobs=1).status[0] == 0:
        samples.keep(s, np.empty(0, np.int64), np.empty(0), (np.inf, 0.0, 0.0))
        return 1, False
    start = np.maximum(samples.values[s, :size] * y[samples.index[s, :size]], 0.0)
    place = int(samples.places[s])
    active, multipliers, objective = fallback.solve_sample(problem, place, y, samples.index[s, :size].copy(), start)
    signed = np.zeros((1, problem.n_points))
    signed[0, active] = multipliers * y[active]
    evidence = examine(problem, slice(place, place + 1), y[None], signed)
    numbers = (objective, evidence.violation[0], evidence.complementarity[0])
    samples.keep(s, active, multipliers, numbers)
    return (0 if evidence.residual[0] <= CERTIFIED else 2), True


def _infeasible(k: int) -> tuple:
    """What a block returns when no sample has a solution."""
    numbers = np.zeros((3, k))
    numbers[0] = np.inf
    return numbers, np.ones(k, np.int8), np.zeros(k, bool), np.zeros(k, np.int64), np.empty(0, np.int32), np.empty(0)


def _join(parts: list[tuple], problem: ConeProblem) -> ConeSolution:
    """Put the blocks of one problem together."""
    numbers, status, fell, counts, columns, data = (
        parts[0] if len(parts) == 1 else (np.concatenate(arrays, axis=-1) for arrays in zip(*parts, strict=True))
    )
    starts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return ConeSolution(
        objective=numbers[0],
        multipliers=sparse.csr_array((data, columns, starts), shape=(problem.n_samples, problem.n_points)),
        violation=numbers[1],
        complementarity=numbers[2],
        fallback=fell,
        status=STATUSES[status],
        backend="cpu",
    )
