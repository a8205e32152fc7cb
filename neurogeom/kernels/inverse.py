"""The inverse of the Gram matrix of the active points: points enter, leave, and take each other's place.

An entering point with products k and weights u = K⁻¹k adds (u, −1)(u, −1)ᵀ/pivot, a leaving one takes the like away:
sums of rows and rank-one updates, without the serial chain of a triangular solve. Four points enter at a time.
"""

from __future__ import annotations

from neurogeom.kernels.compiling import helper, inlined
from neurogeom.kernels.lanes import combine_four, combine_short, dot, rank_four, rank_one
from neurogeom.kernels.work import lanes_of

SMALLEST_SHARE = 1e-9  # of an active point in one that depends on it, for it to leave


@inlined
def insert(task, work, bias, smallest_pivot, size, found, exchanges):
    """Take the picks in, four at a time or one; how many points are active now.

    If ``exchanges``, stop when none of the first ones is independent, with their weights in ``work.vectors``.
    """
    before = size
    lanes = lanes_of(work)
    together = 4 if size + found > lanes else 1
    for start in range(0, found, together):
        last = min(start + together, found)
        n_lanes = (size + last - start + lanes - 1) // lanes
        weigh(task, work, bias, size, start, last, n_lanes)
        size = append(task, work, bias, smallest_pivot, size, start, last, n_lanes)
        if size == before and exchanges:
            break
    return size


@inlined
def weigh(task, work, bias, size, first, last, n_lanes):
    """Products of up to four picks with the active points, and their weights.

    Vectors of the inverse that come into use are zeroed.
    """
    inverse, columns, slots, gram, y = work.inverse, work.columns, work.slots, task.gram, task.signs
    lanes = lanes_of(work)
    end = n_lanes * lanes
    start = (size + lanes - 1) // lanes * lanes
    if end > start:
        for s in range(start):
            for j in range(start, end):
                inverse[s, j] = 0.0
        for s in range(start, end):
            for j in range(end):
                inverse[s, j] = 0.0
    for c in range(first, last):
        i = work.picks[c]
        for s in range(size):
            columns[c - first, s] = -gram[i, slots[s]]
        if bias != 0:
            for s in range(size):
                columns[c - first, s] -= bias * y[i] * y[slots[s]]
    if last - first == 1:
        combine_short(work.vectors, work.zero, inverse, work.every, columns, 0, size, n_lanes)
        return
    for c in range(last - first, 4):
        for s in range(size):
            columns[c, s] = 0.0
    combine_four(work.vectors, inverse, columns, size, n_lanes)


@inlined
def append(task, work, bias, smallest_pivot, size, first, last, n_lanes):
    """Take up to four weighed picks in; those that depend on the active points are left out and marked."""
    columns, vectors, weights, slots, picks = work.columns, work.vectors, work.weights, work.slots, work.picks
    gram, y = task.gram, task.signs
    before = size
    taken = 0
    for c in range(first, last):
        i = picks[c]
        k = c - first
        for s in range(before, size):
            columns[k, s] = -(gram[i, slots[s]] + bias * y[i] * y[slots[s]])
        for a in range(taken):
            factor = -weights[a] * dot(vectors, a, columns, k, n_lanes)
            for s in range(size):
                vectors[k, s] += factor * vectors[a, s]
        pivot = 1.0 + bias + dot(columns, k, vectors, k, n_lanes)
        if not pivot > smallest_pivot:
            picks[c] = -1 - i
            continue
        vectors[k, size] = -1.0
        if taken < k:
            for s in range(n_lanes * lanes_of(work)):
                vectors[taken, s] = vectors[k, s]
        weights[taken] = 1.0 / pivot
        taken += 1
        slots[size] = i
        work.side[size] = y[i]
        work.current[size] = 0.0
        work.right[size] = -work.gains[c]
        size += 1
    if taken == 1:
        rank_one(work.inverse, vectors, 0, weights[0], size, n_lanes)
    elif taken > 1:
        for a in range(taken, 4):
            weights[a] = 0.0
        rank_four(work.inverse, vectors, weights, size, n_lanes)
    return size


@inlined
def delete(work, size, slot):
    """Take the point in ``slot`` out and move the last one there."""
    last = size - 1
    take_out(work.inverse, work.columns, size, slot, lanes_of(work))
    work.slots[slot] = work.slots[last]
    work.side[slot] = work.side[last]
    work.current[slot] = work.current[last]
    work.right[slot] = work.right[last]
    work.step[slot] = work.step[last]


@helper
def take_out(inverse, columns, size, slot, lanes):
    """Inverse without one row and column; the last ones move there."""
    last = size - 1
    n_lanes = last // lanes + 1
    for s in range(n_lanes * lanes):
        columns[0, s] = inverse[slot, s]
    columns[1, 0] = -1.0 / columns[0, slot]
    rank_one(inverse, columns, 0, columns[1, 0], size, n_lanes)
    if slot != last:
        for s in range(size):
            inverse[slot, s] = inverse[last, s]
        for s in range(size):
            inverse[s, slot] = inverse[s, last]
        inverse[slot, slot] = inverse[last, last]
    for s in range(size):
        inverse[last, s] = 0.0
        inverse[s, last] = 0.0


@helper
def exchange(task, work, size):
    """Let the first pick, which depends on the active points, take the place of one of them.

    It is a combination of active points with the weights in the first of ``work.vectors``; μ moves along it, which
    changes no product, until an active point has to leave. Returns the new number of active points (as before if none
    has to leave) and μ of the point that is to enter.
    """
    vectors, current, side = work.vectors, work.current, work.side
    i = -1 - work.picks[0]
    sign = task.signs[i]
    slot = -1
    shortest = 0.0
    for s in range(size):
        share = sign * side[s] * vectors[0, s]
        if share > SMALLEST_SHARE:
            length = side[s] * current[s] / share
            if slot < 0 or length < shortest:
                shortest = length
                slot = s
    if slot < 0:
        return size, 0.0
    for s in range(size):
        current[s] -= sign * shortest * vectors[0, s]
    delete(work, size, slot)
    work.picks[0] = i
    return size - 1, sign * shortest
