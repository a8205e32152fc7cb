"""What happens before and after the active-set loop, for a block of samples: residuals, evidence, packing."""

from __future__ import annotations

from math import sqrt

import numpy as np

from neurogeom.kernels.compiling import compiled
from neurogeom.kernels.lanes import DOUBLES, combine_short
from neurogeom.kernels.solution import CERTIFIED

WORST_BOUND = 1e-9  # of the objective's error, relative to the squared length of the target
ROUNDING = 1e-14


@compiled
def residuals(rows, targets, index, values, counts, out):
    """out = t − Σ μ x for each sample, on padded unit rows; exact zeros where there is no active point."""
    for sample in range(len(targets)):
        size = counts[sample, 0]
        combine_short(
            out[sample], targets[sample], rows, index[sample], values[sample], 0, size, targets.shape[1] // DOUBLES
        )


@compiled
def judge(targets, residual, gradient, signs, margins, index, values, counts, evidence, doubtful):
    """Objective and scaled residuals of the optimality conditions from the data (`certificate.examine`).

    ``gradient`` holds X·residual and becomes the excess y(Xv) + κ of each constraint. ``evidence`` (3, samples) gets
    the objective, the violation and the complementarity; ``doubtful`` marks samples to be solved from the data.
    """
    n = signs.shape[1]
    for sample in range(len(targets)):
        y = signs[min(sample, len(signs) - 1)]
        kappa = margins[min(sample, len(margins) - 1)]
        length = 0.0
        pushed = 0.0
        for j in range(targets.shape[1]):
            length += targets[sample, j] * targets[sample, j]
            push = targets[sample, j] - residual[sample, j]
            pushed += push * push
        worst = 0.0
        for i in range(n):
            gradient[sample, i] = y[i] * gradient[sample, i] + kappa[i]
            worst = max(worst, gradient[sample, i])
        total = 0.0
        mass = 0.0
        safe = True
        for s in range(counts[sample, 0]):
            i = index[sample, s]
            total += values[sample, s] * y[i] * gradient[sample, i]
            mass += abs(values[sample, s])
            if values[sample, s] * y[i] < 0:
                safe = False
        squared = max(length, pushed)
        if squared == 0:
            squared = 1.0
        violation = worst / sqrt(squared)
        complementarity = abs(total) / squared
        mass /= sqrt(squared)
        evidence[0, sample] = pushed
        evidence[1, sample] = violation
        evidence[2, sample] = complementarity
        # the objective is off by this much at most, as far as the multipliers tell
        if not (complementarity + violation * mass <= WORST_BOUND and violation <= CERTIFIED):
            safe = False
        # a point refused as dependent must be satisfied to rounding: otherwise it does not depend on the others
        if counts[sample, 1] > 0 and violation > ROUNDING * (10 + mass):
            safe = False
        doubtful[sample] = not safe


@compiled
def pack(index, values, counts, units, columns, data):
    """Write the multipliers λ of each sample, in the order of the points, one sample after the other.

    ``units`` turns those of unit rows into those of the rows as given. Returns how many there are.
    """
    row = np.zeros(len(units))
    place = 0
    for sample in range(len(counts)):
        size = counts[sample, 0]
        for s in range(size):
            row[index[sample, s]] = values[sample, s]
        start = place
        for i in range(len(units)):
            if row[i] != 0:
                columns[place] = i
                data[place] = abs(row[i]) * units[i]
                row[i] = 0.0
                place += 1
        counts[sample, 0] = place - start
    return place
