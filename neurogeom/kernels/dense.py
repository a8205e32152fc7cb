"""Small and middle problems: the active-set loop in double precision, on a Gram matrix shared by all samples."""

from __future__ import annotations

from neurogeom.kernels.active_set import solve_one
from neurogeom.kernels.compiling import compiled, helper
from neurogeom.kernels.lanes import borrow, combine_short, dot
from neurogeom.kernels.work import Task, borrow_work, lanes_of, mass


@compiled
def solve_dense(gram, linear, signs, data, bias, limit, precision, exchanges, found, work):
    """Solve one problem for each row of ``linear`` (b) and ``signs`` (y; one row may stand for all), all padded.

    ``data`` holds what the products come from: unit rows, targets of unit length (0 with a bias) and margins (the bias
    is one; one row may stand for all). Writes to ``found``: the active points of each sample, their μ, and (zeros
    before) their number, how often a point was refused as dependent, the insertions and the steps.
    """
    # the caller keeps all arrays
    gram, linear, signs, work = borrow(gram), borrow(linear), borrow(signs), borrow_work(work)
    rows, targets, margins = borrow(data[0]), borrow(data[1]), borrow(data[2])
    index, values, counts = borrow(found[0]), borrow(found[1]), borrow(found[2])
    nobody = work.slots[:0]
    for sample in range(len(linear)):
        y = signs[min(sample, len(signs) - 1)]
        task = Task(gram, linear[sample], y, gram, nobody, nobody)
        size = solve_one(task, work, bias, limit, precision, exchanges, counts[sample, 0], counts[sample])
        if bias != 0 or mass(work.current, size) * precision[0] > limit:
            kappa = margins[min(sample, len(margins) - 1)]
            polish(rows, targets[sample], y, kappa, bias, limit, size, work)
        counts[sample, 0] = size
        for s in range(size):
            index[sample, s] = work.slots[s]
            values[sample, s] = work.current[s]


@helper
def polish(rows, target, y, margins, bias, limit, size, work):
    """Refine μ on the active points with the gradient from the data: rounding of the products may be felt."""
    current, right, step, slots, rest = work.current, work.right, work.step, work.slots, work.rest
    lanes = lanes_of(work)
    n_lanes = rows.shape[1] // lanes
    for _ in range(3):
        combine_short(rest, target, rows, slots, current, 0, size, n_lanes)
        total = bias * mass(current, size)
        worst = 0.0
        for s in range(size):
            gradient = dot(rows, slots[s], rest, 0, n_lanes) + y[slots[s]] * (margins[slots[s]] - total)
            worst = max(worst, abs(gradient))
            right[s] = -gradient
        combine_short(step, work.zero, work.inverse, work.every, right, 0, size, (size + lanes - 1) // lanes)
        for s in range(size):
            if not y[slots[s]] * (current[s] + step[s]) > 0:
                return
        for s in range(size):
            current[s] += step[s]
        if worst < 1e-2 * limit:
            return
