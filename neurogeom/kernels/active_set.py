"""Active-set loop: min ½ λᵀGλ − hᵀλ over λ >= 0, on a Gram matrix.

Signs never touch the data: with multipliers μ = yλ and b = yh, G = yyᵀK becomes K, and a point is violated where
y(b − Kμ) > 0. ``bias`` adds bias·yyᵀ to K, a common last coordinate of the signed points (separability).

As Lawson and Hanson, with two changes. Points enter in groups, picked one by one as if each had moved alone along its
coordinate: few steps, and hardly a wrong pick. And the loop keeps an inverse (`inverse.py`). Rounding does not pile up:
each step, or a last one, starts from the gradient as it is, and the data have the last word.
"""

from __future__ import annotations

import numpy as np

from neurogeom.kernels.compiling import helper, inlined
from neurogeom.kernels.inverse import delete, exchange, insert
from neurogeom.kernels.lanes import advance, combine, combine_short, largest, largest_after
from neurogeom.kernels.work import lanes_of, mass

AT_LEAST = 0.2  # of the first pick's violation, for another point to enter with it
MOST_STALLED = 20  # steps near the limit without progress
MOST_CORRECTIONS = 3  # steps at the end for active points whose gradient is not 0
FAR_ABOVE = 1e4  # times the limit, where rounding need not be looked at
MASKED = 1e30
BROKEN = 1_000_000  # steps, more than any budget: nothing left although something should have

# Precision of the loop: part of the sum of the multipliers below which violations are rounding, and part of a unit
# row's square outside the span of the active points for it to count as independent.
DOUBLE = (2e-15, 1e-11)
SINGLE = (1e-6, 1e-4)


@inlined
def solve_one(task, work, bias, limit, precision, exchanges, size, counts):
    """Solve one sample, from ``size`` points that are active already.

    Leaves the active points in ``work.slots``, their μ in ``work.current``, and returns their number. Violations up to
    ``limit`` stay. ``exchanges`` lets a violated point that depends on the active ones take the place of one of them:
    at a margin there can be such points. ``counts`` adds up refused points, insertions and steps.
    """
    n_refused = stalled = corrections = found = 0
    n_picks = len(work.picks)
    least_worst = np.inf
    budget = 50 + 10 * len(task.linear)
    entering = 0.0  # μ of a point that takes another's place
    while True:
        before = first = size
        if entering == 0:
            found, first = find(task, work, bias, limit, precision[0], size, n_refused, n_picks)
            worst = abs(work.gains[0])
            if worst < FAR_ABOVE * limit:  # rounding may let points come and go for ever
                stalled += 1
                if worst < 0.5 * least_worst:
                    least_worst = worst
                    stalled = 0
            if found == 0 or budget <= 0 or stalled > MOST_STALLED:
                if corrections == MOST_CORRECTIONS or is_settled(work, limit, precision[0], size):
                    return size if mass(work.current, size) < MASKED else 0
                corrections += 1
                found = first = 0
        size = insert(task, work, bias, precision[1], size, found, exchanges)
        if size > before:
            counts[2] += size - before
            work.current[before] = entering
            entering = 0.0
        elif exchanges and found > 0 and entering == 0:
            size, entering = exchange(task, work, size)
            if size < before:
                found = 1
                n_refused = 0
                continue
        entering = 0.0
        n_refused = refuse(work, found, n_refused, counts)
        moved = False
        if size > before or first == 0:
            size, n_steps, moved = walk(work, precision[0], before, first, size)
            counts[3] += n_steps
            budget -= n_steps
        if moved:
            n_picks = len(work.picks)
            n_refused = 0
        elif size <= before and n_picks > 1:
            n_picks = 1
            n_refused = 0
        elif size <= before and found > 0 and work.picks[0] >= 0:
            work.picks[0] = -1 - work.picks[0]
            n_refused = refuse(work, 1, n_refused, counts)


@inlined
def find(task, work, bias, limit, rounding, size, n_refused, n_picks):
    """Compute the gradient and pick points to insert: how many, and the first slot whose gradient is not 0."""
    error, y = work.error, task.signs
    n = len(task.linear)
    combine(error, task.linear, task.gram, work.slots, work.current, 0, size, n // lanes_of(work))
    if bias != 0:
        total = mass(work.current, size)
        for i in range(n):
            error[i] -= bias * total * y[i]
        # w separates once no gradient reaches the last coordinate of the residual
        limit = max(limit, 0.5 * (1.0 - total))
    for s in range(n_refused):
        error[work.refused[s]] = -MASKED * y[work.refused[s]]
    most = min(n_picks, len(work.slots) - size)
    if most > 1:
        return pick(task, work, bias, limit, rounding, size, most), 0
    return pick_one(task, work, limit, rounding, size, most), size


@inlined
def pick_one(task, work, limit, rounding, size, most):
    """Pick the most violated point, unless that is rounding."""
    i = largest(work.error, task.signs, len(task.linear) // lanes_of(work))
    value = task.signs[i] * work.error[i]
    found = min(most, 1)
    if not value > limit or (value < limit * FAR_ABOVE and not value > rounding * mass(work.current, size)):
        found = 0
    if value < limit * FAR_ABOVE:
        for s in range(size):
            if work.slots[s] == i:
                found = 0
    if found == 0:
        for s in range(size):
            work.right[s] = -work.error[work.slots[s]]
    work.picks[0] = i
    work.gains[0] = work.error[i]
    if found == 1 and len(task.members) > 0:
        copy_row(task, i)
    return found


@inlined
def pick(task, work, bias, limit, rounding, size, most):
    """Pick points to insert, each the most violated after those before it moved alone; masks active points.

    ``work.gains`` becomes the gradient of each pick before any of them moved, ``work.right`` minus that of the active
    points.
    """
    error, trial, y, picks, gains = work.error, work.trial, task.signs, work.picks, work.gains
    n_lanes = len(task.linear) // lanes_of(work)
    least = max(limit, rounding * mass(work.current, size))
    for s in range(size):
        work.right[s] = -error[work.slots[s]]
        error[work.slots[s]] = -MASKED * y[work.slots[s]]
    i = largest(error, y, n_lanes)
    value = error[i]
    gains[0] = value
    if y[i] * value > least:
        least = max(least, AT_LEAST * y[i] * value)
    found = 0
    while y[i] * value > least:
        if len(task.members) > 0:
            copy_row(task, i)
        picks[found] = i
        gains[found] = error[i]
        found += 1
        if found == most:
            break
        # trial is the gradient after the picks have moved; error keeps the one before
        source = error if found == 1 else trial
        source[i] = -MASKED * y[i]
        move = value / (1.0 + bias)
        if bias != 0:
            for j in range(len(task.linear)):
                trial[j] = source[j] - bias * move * y[i] * y[j]
            source = trial
        i = largest_after(trial, source, task.gram, i, move, y, n_lanes)
        value = trial[i]
    return found


@helper
def copy_row(task, i):
    """Copy row i of the members' part of ``task.source``, as far as it is not there; zeros follow the members."""
    members = task.members
    row = members[i]
    for j in range(task.filled[i], len(members)):
        task.gram[i, j] = task.source[row, members[j]]
    for j in range(len(members), len(task.linear)):
        task.gram[i, j] = 0.0
    task.filled[i] = len(members)


@inlined
def is_settled(work, limit, rounding, size):
    """Whether the gradient of the active points is 0, as far as it counts."""
    return not mass(work.right, size) > max(limit, rounding * mass(work.current, size))


@inlined
def refuse(work, found, n_refused, counts):
    """Note the picks that are marked as dependent."""
    for c in range(found):
        if work.picks[c] < 0:
            work.refused[n_refused] = -1 - work.picks[c]
            n_refused += 1
            counts[1] += 1
    return n_refused


@inlined
def walk(work, rounding, before, first, size):
    """Go to the minimum over the active points, dropping those whose multiplier reaches 0.

    The gradient is 0 before slot ``first``; points from ``before`` on have just entered. Returns how many points stay,
    the number of steps, and whether μ moved.
    """
    current, right, step, side, inverse = work.current, work.right, work.step, work.side, work.inverse
    # one point has entered, its inverse row is at hand, and usually nothing is in the way
    alone = size == before + 1 and first == before
    if alone and advance(current, work.vectors, right[before] * work.weights[0], side, size):
        return size, 1, True
    for s in range(first):
        right[s] = 0.0
    n_steps = 0
    moved = False
    while True:
        n_steps += 1
        n_lanes = (size + lanes_of(work) - 1) // lanes_of(work)
        combine_short(step, work.zero, inverse, work.every, right, first, size, n_lanes)
        if advance(current, step, 1.0, side, size):
            # where all that came has gone again, the last step is rounding
            return size, n_steps, moved or n_steps == 1 or mass(step, size) > rounding * mass(current, size)
        length = 1.0
        for s in range(size):
            if side[s] * (current[s] + step[s]) <= 0:
                ratio = -current[s] / step[s] if step[s] != 0 else 0.0
                if ratio < length:
                    length = ratio
        if length > 0:
            moved = True
        for s in range(size):
            current[s] += length * step[s]
        n_active = size
        for s in range(size - 1, -1, -1):
            right[s] *= 1 - length
            if side[s] * step[s] <= 0 and side[s] * current[s] <= rounding * abs(step[s]):
                delete(work, size, s)
                size -= 1
        if size == n_active:  # the inverse has lost all its digits; the data will decide
            return size, BROKEN, moved
        first = 0
