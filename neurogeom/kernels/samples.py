"""Samples solved in one unit of work: padded input, what is found, and the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurogeom.kernels.blocks import judge, pack, residuals
from neurogeom.kernels.lanes import SINGLES
from neurogeom.kernels.prepare import Prepared


@dataclass(frozen=True, eq=False)
class Samples:
    """Some samples of a problem, with targets of unit length, padded; and what is found.

    ``index``, ``values`` and ``counts`` hold the active points of each sample, their signed multipliers of unit rows,
    and their number with other counts. ``numbers`` holds the objective, the violation and the complementarity.
    """

    task: Prepared
    places: np.ndarray
    lengths: np.ndarray
    targets: np.ndarray
    signs: np.ndarray
    margins: np.ndarray
    index: np.ndarray
    values: np.ndarray
    counts: np.ndarray
    numbers: np.ndarray
    doubtful: np.ndarray

    @property
    def found(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Active points, multipliers and counts."""
        return self.index, self.values, self.counts

    def signs_of(self, s: int) -> np.ndarray:
        """Signs of one sample, as float64."""
        return self.signs[min(s, len(self.signs) - 1), : self.task.problem.n_points]

    def check(self) -> None:
        """Evidence from the data for what was found."""
        residual = np.empty_like(self.targets)
        residuals(self.task.rows, self.targets, *self.found, residual)
        excess = residual @ self.task.rows.T
        judge(self.targets, residual, excess, self.signs, self.margins, *self.found, self.numbers, self.doubtful)

    def part(self, chosen: np.ndarray) -> Samples:
        """Some of the samples, with nothing found yet."""
        return _with_room(
            self.task,
            self.places[chosen],
            self.lengths[chosen],
            self.targets[chosen],
            self.signs if len(self.signs) == 1 else self.signs[chosen],
            self.margins if len(self.margins) == 1 else self.margins[chosen],
        )

    def take(self, part: Samples, chosen: np.ndarray) -> None:
        """Put back what was found for some of the samples."""
        width = min(self.index.shape[1], part.index.shape[1])
        self.index[chosen, :width] = part.index[:, :width]
        self.values[chosen, :width] = part.values[:, :width]
        self.counts[chosen] = part.counts
        self.numbers[:, chosen] = part.numbers
        self.doubtful[chosen] = part.doubtful

    def keep(self, s: int, active: np.ndarray, multipliers: np.ndarray, numbers: tuple[float, float, float]) -> None:
        """Put in λ of unit rows, and the evidence, of one sample."""
        self.counts[s, 0] = len(active)
        self.index[s, : len(active)] = active
        self.values[s, : len(active)] = multipliers * self.signs_of(s)[active]
        self.numbers[:, s] = numbers

    def packed(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Number of multipliers of each sample, their points in order, and their values for the rows as given."""
        total = int(self.counts[:, 0].sum())
        columns, data = np.empty(total, np.int32), np.empty(total)
        total = pack(*self.found, self.task.units, columns, data)
        return self.counts[:, 0], columns[:total], data[:total]


def make_samples(task: Prepared, places: slice) -> Samples:
    """Samples of a problem, padded."""
    problem = task.problem
    given = problem.targets[places]
    k = len(given)
    lengths = np.sqrt(np.einsum("ij,ij->i", given, given))
    lengths[lengths == 0] = 1.0
    targets = np.zeros((k, task.rows.shape[1]))
    np.divide(given, lengths[:, None], out=targets[:, : problem.n_neuroids])
    signs = np.ones((1 if problem.signs is None else k, len(task.rows)))
    if problem.signs is not None:
        signs[:, : problem.n_points] = problem.signs[places]
    margins = task.margins / lengths[:, None] if problem.margin > 0 else np.zeros((1, len(task.rows)))
    return _with_room(task, np.arange(problem.n_samples)[places], lengths, targets, signs, margins)


def _with_room(task: Prepared, places, lengths, targets, signs, margins) -> Samples:
    k = len(targets)
    # whole vectors in both precisions, for one point more than can be independent
    width = -(-(min(task.problem.points.shape) + 1) // SINGLES) * SINGLES
    return Samples(
        task,
        places,
        lengths,
        targets,
        signs,
        margins,
        index=np.empty((k, width), np.int64),
        values=np.zeros((k, width)),
        counts=np.zeros((k, 4), np.int64),
        numbers=np.empty((3, k)),
        doubtful=np.empty(k, bool),
    )
