"""Back end of compiled loops: blocks of samples, one thread each, the same numbers for any number of threads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from neurogeom._core.parallel import run_units, single_threaded_blas
from neurogeom.kernels import fallback
from neurogeom.kernels.active_set import DOUBLE
from neurogeom.kernels.blocks import judge, pack, residuals
from neurogeom.kernels.certificate import examine
from neurogeom.kernels.dense import solve_dense
from neurogeom.kernels.lanes import DOUBLES, GROUP
from neurogeom.kernels.problem import ConeProblem, unit_scales
from neurogeom.kernels.separation import verify
from neurogeom.kernels.solution import CERTIFIED, ConeSolution, CriticalDimension, Separability
from neurogeom.kernels.work import make_work

TOLERANCE = 1e-13  # of the length of the target: violations below it are not pursued
FEW_DIMENSIONS = 15  # up to here one point at a time is faster
STATUSES = np.array(["optimal", "infeasible", "inexact"])


@dataclass(frozen=True, eq=False)
class Prepared:
    """A problem with its padded unit rows and their products."""

    problem: ConeProblem
    rows: np.ndarray
    gram: np.ndarray
    margins: np.ndarray
    units: np.ndarray

    @property
    def block_size(self) -> int:
        """Samples solved together: it depends on the sizes only, never on the number of threads."""
        return int(np.clip(25_600 // self.problem.n_points, 16, 512))


def project(problem: ConeProblem, *, n_jobs: int | None) -> ConeSolution:
    """Solve all samples of one problem."""
    return project_many([problem], n_jobs=n_jobs)[0]


def project_many(problems: list[ConeProblem], *, n_jobs: int | None) -> list[ConeSolution]:
    """Solve all samples of several problems."""
    tasks = run_units(_prepare, [(problem,) for problem in problems], n_jobs=n_jobs)
    blocks = [
        [(task, slice(first, first + task.block_size)) for first in range(0, task.problem.n_samples, task.block_size)]
        for task in tasks
    ]
    parts = iter(run_units(_project_block, [block for one in blocks for block in one], n_jobs=n_jobs))
    return [_join([next(parts) for _ in one], task) for one, task in zip(blocks, tasks, strict=True)]


def _prepare(problem: ConeProblem) -> Prepared:
    """Unit rows padded with zeros to whole vectors, and their Gram matrix."""
    n = problem.n_points
    rows = _pad_rows(problem.points, problem.scales)
    margins = np.zeros(len(rows))
    margins[:n] = problem.margins
    units = np.zeros(len(rows))
    units[:n] = problem.inverse_norms
    return Prepared(problem, rows, rows @ rows.T, margins, units)


def _project_block(task: Prepared, samples: slice) -> tuple:
    problem = task.problem
    given = problem.targets[samples]
    k = len(given)
    if problem.margin > 0 and not problem.norms.all():  # a zero point is never on the right side by a margin
        return _infeasible(k)
    lengths = np.sqrt(np.einsum("ij,ij->i", given, given))
    lengths[lengths == 0] = 1.0
    targets = np.zeros((k, task.rows.shape[1]))
    np.divide(given, lengths[:, None], out=targets[:, : problem.n_neuroids])
    signs = _padded_signs(problem, samples, len(task.rows))
    linear = targets @ task.rows.T
    margins = np.zeros((1, len(task.rows)))
    if problem.margin > 0:
        margins = task.margins / lengths[:, None]
        linear += signs * margins
    index, values, counts = _room(k, task.rows)
    rank = problem.n_neuroids
    most_picks = 1 if rank <= FEW_DIMENSIONS else 12
    work = make_work(len(task.rows), index.shape[1], task.rows.shape[1], most_picks)
    data = (task.rows, targets, margins)
    found = (index, values, counts)
    solve_dense(task.gram, linear, signs, data, 0.0, TOLERANCE, DOUBLE, problem.margin > 0, found, work)
    residual = np.empty_like(targets)
    residuals(task.rows, targets, index, values, counts, residual)
    excess = np.matmul(residual, task.rows.T, out=linear)
    numbers = np.empty((3, k))
    doubtful = np.empty(k, bool)
    judge(targets, residual, excess, signs, margins, index, values, counts, numbers, doubtful)
    values *= lengths[:, None]
    numbers[0] *= lengths * lengths
    status = np.zeros(k, np.int8)
    fell = np.zeros(k, bool)
    for s in map(int, np.flatnonzero(doubtful)):
        sample = range(problem.n_samples)[samples][s]
        y = signs[min(s, len(signs) - 1)][: problem.n_points]
        status[s], fell[s] = _rescue(problem, sample, y, index[s], values[s], counts[s], numbers[:, s])
    total = int(counts[:, 0].sum())
    columns = np.empty(total, np.int32)
    packed = np.empty(total)
    total = pack(index, values, counts, task.units, columns, packed)
    return numbers, status, fell, counts[:, 0], columns[:total], packed[:total]


def _room(k: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arrays for the active points, the multipliers and the counts of k samples."""
    # whole vectors, for one point more than can be independent (with a bias there is one dimension more)
    width = (min(rows.shape) + 2 * DOUBLES - 1) // DOUBLES * DOUBLES
    # beyond a sample's count the multipliers are never written, and are multiplied with the rest
    return np.empty((k, width), np.int64), np.zeros((k, width)), np.zeros((k, 4), np.int64)


def _infeasible(k: int) -> tuple:
    """What a block returns when no sample has a solution."""
    numbers = np.zeros((3, k))
    numbers[0] = np.inf
    return numbers, np.ones(k, np.int8), np.zeros(k, bool), np.zeros(k, np.int64), np.empty(0, np.int32), np.empty(0)


def _rescue(
    problem: ConeProblem,
    sample: int,
    signs: np.ndarray,
    index: np.ndarray,
    values: np.ndarray,
    counts: np.ndarray,
    numbers: np.ndarray,
) -> tuple[int, bool]:
    """Solve a sample that has no certificate from the data, in place; its status and whether it was tried."""
    if problem.margin > 0 and separate(problem.points, signs[None].astype(np.int8), n_jobs=1).status[0] == 0:
        counts[0] = 0
        numbers[:] = np.inf, 0.0, 0.0
        return 1, False
    size = counts[0]
    active, multipliers, objective = fallback.solve_sample(
        problem, sample, signs, index[:size].copy(), np.abs(values[:size])
    )
    counts[0] = len(active)
    index[: len(active)] = active
    values[: len(active)] = multipliers * signs[active]
    dense = np.zeros((1, problem.n_points))
    dense[0, active] = values[: len(active)]
    evidence = examine(problem, slice(sample, sample + 1), signs[None], dense)
    numbers[:] = objective, evidence.violation[0], evidence.complementarity[0]
    return (0 if evidence.residual[0] <= CERTIFIED else 2), True


def separate(points: np.ndarray, signs: np.ndarray, *, n_jobs: int | None) -> Separability:
    """Decide all dichotomies of the same points."""
    n, k = len(points), len(signs)
    points, scales, _ = unit_scales(points)
    if not scales.all():
        weights = sparse.csr_array((np.ones(k), np.full(k, np.flatnonzero(scales == 0)[0]), np.arange(k + 1)), (k, n))
        return Separability(np.zeros(k, np.int8), np.zeros((k, points.shape[1])), weights, "cpu")
    rows = _pad_rows(points, scales)
    with single_threaded_blas():
        gram = rows @ rows.T
    size = int(np.clip(50_000 // n, 4, 64))
    units = [(rows, gram, points.shape[1], signs[first : first + size]) for first in range(0, k, size)]
    parts = run_units(_separate_block, units, n_jobs=n_jobs)
    status, witness, weights = (list(arrays) for arrays in zip(*parts, strict=True))
    return Separability(
        np.concatenate(status), np.concatenate(witness), sparse.csr_array(sparse.vstack(weights, format="csr")), "cpu"
    )


def _separate_block(
    rows: np.ndarray, gram: np.ndarray, dimension: int, given: np.ndarray
) -> tuple[np.ndarray, np.ndarray, sparse.csr_array]:
    k, n = given.shape
    signs = np.ones((k, len(rows)))
    signs[:, :n] = given
    linear = np.zeros_like(signs)
    linear[:, :n] = given
    status = np.empty(k, np.int8)
    witness = np.zeros((k, dimension))
    index, values, counts = _room(k, rows)
    nothing = np.zeros((k, rows.shape[1]))
    work = make_work(len(rows), index.shape[1], rows.shape[1], 8)
    ones = np.ones((1, len(rows)))
    found = (index, values, counts)
    solve_dense(gram, linear, signs, (rows, nothing, ones), 1.0, TOLERANCE, DOUBLE, False, found, work)
    verify(rows, signs, n, index, values, counts, status, witness)
    weights = np.zeros((k, n))
    for s in np.flatnonzero(status != 1):
        active = index[s, : counts[s, 0]]
        weights[s, active] = np.abs(values[s, : counts[s, 0]])
        if status[s] == -1:
            status[s], witness[s], weights[s] = fallback.separate_sample(rows[:n, :dimension], signs[s, :n], weights[s])
    total = weights.sum(axis=1, keepdims=True)
    return status, witness, sparse.csr_array(np.divide(weights, total, out=weights, where=total > 0))


def critical_dimension(points: np.ndarray, signs: np.ndarray) -> CriticalDimension:
    """Bisect on the number of leading coordinates.

    Products of coordinates up to the largest inseparable number are kept, so that each coordinate is multiplied about
    twice in all.
    """
    points, scales, _ = unit_scales(points)
    rows = _pad_rows(points, scales)
    if not scales.all():
        return CriticalDimension(np.inf, 0)
    n, n_coordinates = points.shape
    signs = signs[None].astype(np.int8)
    known = np.zeros((len(rows), len(rows)))
    low, high = 0, n_coordinates + 1
    n_undecided = 0
    tried = min(8, n_coordinates)
    with single_threaded_blas():
        while high - low > 1:
            part = np.ascontiguousarray(rows[:n, low:tried])
            products = known.copy()
            products[:n, :n] += part @ part.T
            status = _separable_in(rows, products, tried, signs)
            n_undecided += status == -1
            if status == 1:
                high = tried
            elif tried == n_coordinates:
                return CriticalDimension(np.inf, int(n_undecided))
            else:
                low, known = tried, products
            tried = min(2 * low, n_coordinates) if high > n_coordinates else (low + high) // 2
    return CriticalDimension(float(high), int(n_undecided))


def _separable_in(rows: np.ndarray, products: np.ndarray, dimension: int, signs: np.ndarray) -> int:
    """Status of one dichotomy in the first coordinates, whose products are given."""
    squares = np.diagonal(products)[: signs.shape[1]]
    if not squares.all():
        return 0
    scales = np.zeros(len(rows))
    scales[: len(squares)] = 1.0 / np.sqrt(squares)
    part = np.zeros((len(rows), _padded_short(dimension)))
    np.multiply(rows[:, :dimension], scales[:, None], out=part[:, :dimension])
    gram = products * scales
    gram *= scales[:, None]
    return int(_separate_block(part, gram, dimension, signs)[0][0])


def _padded_short(length: int) -> int:
    """Next whole number of vectors."""
    return -(-length // DOUBLES) * DOUBLES


def _padded_long(length: int) -> int:
    """Next whole number of groups of vectors."""
    return -(-length // (GROUP * DOUBLES)) * GROUP * DOUBLES


def _pad_rows(points: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Unit rows, padded with zeros both ways."""
    n, dimension = points.shape
    rows = np.zeros((_padded_long(n), _padded_short(dimension)))
    np.multiply(points, scales[:, None], out=rows[:n, :dimension])
    return rows


def _padded_signs(problem: ConeProblem, samples: slice, length: int) -> np.ndarray:
    """Signs of some samples as float64, one row for all where there are none."""
    if problem.signs is None:
        return np.ones((1, length))
    given = problem.signs[samples]
    signs = np.ones((len(given), length))
    signs[:, : problem.n_points] = given
    return signs


def _join(parts: list[tuple], task: Prepared) -> ConeSolution:
    """Put the blocks of one problem together."""
    numbers, status, fell, counts, columns, data = (
        parts[0] if len(parts) == 1 else (np.concatenate(arrays, axis=-1) for arrays in zip(*parts, strict=True))
    )
    starts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    problem = task.problem
    return ConeSolution(
        objective=numbers[0],
        multipliers=sparse.csr_array((data, columns, starts), shape=(problem.n_samples, problem.n_points)),
        violation=numbers[1],
        complementarity=numbers[2],
        fallback=fell,
        status=STATUSES[status],
        backend="cpu",
    )
