"""Padded unit rows, their products, and the road that a problem takes: all depend on sizes only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neurogeom._core.parallel import run_units
from neurogeom.kernels.lanes import DOUBLES, GROUP, SINGLES
from neurogeom.kernels.problem import ConeProblem
from neurogeom.kernels.sizes import WHOLE_POINTS

IN_DOUBLE, IN_SINGLE, ON_WORKING_SETS = "double", "single", "working sets"
"""Roads: the loop in double precision; in single precision, refined; the same, on working sets."""
MANY_DIMENSIONS = 32  # from here on single precision pays
CROWDED = 3  # points for each dimension, beyond which few dichotomies separate and single precision is in vain
TILE = 1024  # rows of a tile of the Gram matrix


@dataclass(frozen=True, eq=False)
class Prepared:
    """A problem with its padded unit rows and their products (``singles`` and ``gram`` in the road's precision)."""

    problem: ConeProblem
    road: str
    rows: np.ndarray
    singles: np.ndarray
    gram: np.ndarray
    margins: np.ndarray
    units: np.ndarray

    @property
    def blocks(self) -> list[slice]:
        """Samples solved together, in blocks of about equal size."""
        k = self.problem.n_samples
        largest = 32 if self.road == ON_WORKING_SETS else int(np.clip(25_600 // self.problem.n_points, 16, 512))
        n_blocks = -(-k // largest)
        edges = [block * k // n_blocks for block in range(n_blocks + 1)]
        return [slice(first, last) for first, last in zip(edges[:-1], edges[1:], strict=True)]

    @cached_property
    def gram_in_double(self) -> np.ndarray:
        """Gram matrix in double precision, for samples that single precision left in doubt."""
        return self.rows @ self.rows.T


def choose_road(problem: ConeProblem) -> str:
    """The road of a problem of this size."""
    n, dimension = problem.points.shape
    if n > WHOLE_POINTS:
        return ON_WORKING_SETS
    return IN_SINGLE if dimension >= MANY_DIMENSIONS and n <= CROWDED * dimension else IN_DOUBLE


def prepare_many(problems: list[ConeProblem], road: str | None, n_jobs: int | None) -> list[Prepared]:
    """Prepare problems for their road, or a given one."""
    tasks = run_units(_prepare, [(problem, road or choose_road(problem)) for problem in problems], n_jobs=n_jobs)
    tiles = [unit for task in tasks for unit in _tiles(task)]
    if tiles:
        run_units(_fill_tile, tiles, n_jobs=n_jobs)
    return tasks


def _prepare(problem: ConeProblem, road: str) -> Prepared:
    n = problem.n_points
    rows = pad_rows(problem.points, problem.scales)
    singles = rows if road == IN_DOUBLE else rows.astype(np.float32)
    margins, units = np.zeros((2, len(rows)))
    margins[:n] = problem.margins
    units[:n] = problem.inverse_norms
    gram = singles @ singles.T if len(rows) <= TILE else np.empty((len(rows), len(rows)), singles.dtype)
    return Prepared(problem, road, rows, singles, gram, margins, units)


def _tiles(task: Prepared) -> list[tuple]:
    """Units of work that fill the Gram matrix of a large problem: fixed tiles, whatever the number of threads."""
    n = len(task.rows)
    if n <= TILE:
        return []
    parts = [slice(first, min(first + TILE, n)) for first in range(0, n, TILE)]
    return [(task, parts[i], parts[j]) for i in range(len(parts)) for j in range(i + 1)]


def _fill_tile(task: Prepared, above: slice, left: slice) -> None:
    part = task.singles[above] @ task.singles[left].T
    task.gram[above, left] = part
    if above != left:
        task.gram[left, above] = part.T


def pad_rows(points: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Unit rows, padded with zeros both ways."""
    n, dimension = points.shape
    rows = np.zeros((padded_length(n), padded_width(dimension)))
    np.multiply(points, scales[:, None], out=rows[:n, :dimension])
    return rows


def padded_length(n: int) -> int:
    """Next whole number of groups of vectors, in either precision."""
    whole = GROUP * SINGLES
    return -(-n // whole) * whole


def padded_width(n: int) -> int:
    """Next whole number of vectors of double precision."""
    return -(-n // DOUBLES) * DOUBLES
