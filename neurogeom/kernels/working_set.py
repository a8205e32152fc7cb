"""Single precision: half the traffic and twice the numbers in a vector, for active sets of tens to hundreds.

The multipliers are then refined in double precision on the data, which also certify them; samples that stay in doubt
are solved in double precision. Of joint problems, with thousands of points, only a working set is looked at, and of its
Gram matrix only the rows of points that enter, copied next to each other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurogeom.kernels.active_set import copy_row, solve_one
from neurogeom.kernels.compiling import compiled, helper
from neurogeom.kernels.lanes import DOUBLES, GROUP, SINGLES, borrow, combine, combine_short, dot
from neurogeom.kernels.work import Task, borrow_work

LIMIT = 2e-6  # of the length of the target: violations below it are beyond single precision
GOOD = 1e-9  # largest gradient of an active point from which one step of refinement is enough
MOST_ROUNDS = 20
MOST_REFINEMENTS = 4
WHOLE = GROUP * SINGLES


class Room(NamedTuple):
    """Arrays for the working sets of one thread."""

    panel: np.ndarray
    """Rows of the Gram matrix."""
    linear: np.ndarray
    signs: np.ndarray
    error: np.ndarray
    """Gradient of all points."""
    members: np.ndarray
    filled: np.ndarray
    """How far each row is copied."""
    active: np.ndarray
    """Active points, as indices among all."""


def make_room(n: int, most_members: int, capacity: int) -> Room:
    """Arrays for ``n`` points, working sets of ``most_members`` and ``capacity`` active points."""
    length = -(-most_members // WHOLE) * WHOLE
    return Room(
        panel=np.empty((length, length), np.float32),
        linear=np.empty(length, np.float32),
        signs=np.empty(length, np.float32),
        error=np.empty(n, np.float32),
        members=np.empty(length, np.int64),
        filled=np.empty(length, np.int64),
        active=np.empty(capacity, np.int64),
    )


@compiled
def solve_single(gram, linear, signs, first, data, precision, found, room, work):
    """Solve one problem for each row of ``linear`` and ``signs``, starting from the working sets ``first``.

    Working sets without members stand for all points. The other arguments are as in `solve_dense`; ``gram``, ``linear``
    and ``signs`` are in single precision.
    """
    # the caller keeps all arrays
    gram, linear, signs, first, work = borrow(gram), borrow(linear), borrow(signs), borrow(first), borrow_work(work)
    rows, targets, margins = borrow(data[0]), borrow(data[1]), borrow(data[2])
    index, values, counts = borrow(found[0]), borrow(found[1]), borrow(found[2])
    members, active, filled = borrow(room.members), borrow(room.active), borrow(room.filled)
    panel, part, sides = borrow(room.panel), borrow(room.linear), borrow(room.signs)
    for sample in range(len(linear)):
        y = signs[min(sample, len(signs) - 1)]
        m = first.shape[1]
        for i in range(m):
            members[i] = first[sample, i]
        size = counts[sample, 0]
        known = 0
        for _ in range(MOST_ROUNDS):
            if m == 0:
                task = Task(gram, linear[sample], y, gram, members[:0], filled)
            else:
                width = (m + WHOLE - 1) // WHOLE * WHOLE
                task = Task(panel, part[:width], sides[:width], gram, members[:m], filled)
                load_members(task, linear[sample], y, known, size, work.slots)
            size = solve_one(task, work, 0.0, LIMIT, precision, False, size, counts[sample])
            for s in range(size):
                active[s] = work.slots[s] if m == 0 else members[work.slots[s]]
            known = m
            if m > 0:
                m = add_violated(gram, linear[sample], y, room, known, size, work.current)
            if m == known:
                break
        counts[sample, 0] = size
        kappa = margins[min(sample, len(margins) - 1)]
        refine(rows, targets[sample], y, kappa, active, size, index[sample], values[sample], work)


@helper
def load_members(task, linear, y, known, size, slots):
    """Load what belongs to the members from ``known`` on."""
    m = len(task.members)
    for i in range(known, m):
        task.linear[i] = linear[task.members[i]]
        task.signs[i] = y[task.members[i]]
        task.filled[i] = 0
    for i in range(m, len(task.linear)):
        task.linear[i] = 0.0
        task.signs[i] = 1.0
    for s in range(size):
        copy_row(task, slots[s])


@helper
def add_violated(gram, linear, y, room, m, size, current):
    """Price all points with the Gram matrix and append violated ones to the working set; its new size."""
    error, members = room.error, room.members
    combine(error, linear, gram, room.active, current, 0, size, len(error) // SINGLES)
    for i in range(m):
        error[members[i]] = 0.0
    for i in range(len(error)):
        if y[i] * error[i] > LIMIT and m < len(members):
            members[m] = i
            m += 1
    return m


@helper
def refine(rows, target, y, margins, active, size, index, values, work):
    """μ in double precision: Newton steps on the active points with their gradient from the data."""
    right, step, rest = work.right, work.step, work.rest
    n_lanes = rows.shape[1] // DOUBLES
    for s in range(size):
        index[s] = active[s]
        values[s] = work.current[s]
    for _ in range(MOST_REFINEMENTS):
        combine_short(rest, target, rows, index, values, 0, size, n_lanes)
        worst = 0.0
        for s in range(size):
            gradient = dot(rows, index[s], rest, 0, n_lanes) + y[index[s]] * margins[index[s]]
            worst = max(worst, abs(gradient))
            right[s] = -gradient
        combine_short(step, work.zero, work.inverse, work.every, right, 0, size, (size + SINGLES - 1) // SINGLES)
        for s in range(size):
            values[s] += step[s]
        if worst < GOOD:
            break
