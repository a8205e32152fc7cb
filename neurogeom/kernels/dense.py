"""Active-set loop on a Gram matrix held whole: min ½ λᵀGλ − hᵀλ over λ >= 0.

Signs never touch the data: with multipliers μ = yλ and b = yh, G = yyᵀK becomes K, and a point is violated where
y(b − Kμ) > 0. ``bias`` adds bias·yyᵀ to K, a common last coordinate of the signed points (separability).

The loop keeps the inverse of the Gram matrix of the active points. Appending or deleting a point is one sum of rows
and one rank-one update, without the serial chain of a triangular solve. Rounding does not pile up: each step starts
from the gradient of the active points as they are, and the data have the last word (certificate).
"""

from __future__ import annotations

import numpy as np

from neurogeom.kernels.compiling import compiled, inlined
from neurogeom.kernels.lanes import DOUBLES, combine, largest, rank_one

SMALLEST_PIVOT = 1e-11  # of a unit row's square, for a point to count as independent of the active ones
AT_LEAST = 0.1  # of the worst violation, for a point to be inserted with it
BLOCK = 32  # points inserted at once, at most


@compiled
def solve_dense(gram, linear, signs, groups, n_groups, bias, limits, rank, index, values, counts):
    """Solve one problem for each row of ``linear`` (b) and ``signs`` (y), all padded.

    Writes the active points of each sample to ``index``, their μ to ``values`` and, to ``counts``, their number,
    the points refused as dependent, the insertions and the steps.
    """
    n_samples, n = linear.shape
    capacity = (min(n, rank) + DOUBLES) // DOUBLES * DOUBLES
    inverse = np.zeros((capacity, capacity))
    numbers = np.zeros((6, capacity))
    slots = np.zeros(capacity, np.int64)
    every = np.arange(capacity)
    error = np.empty(n)
    chosen = np.empty(BLOCK, np.int64)
    refused = np.empty(n, np.int64)
    best = np.empty(n_groups)
    best_of = np.empty(n_groups, np.int64)
    current = numbers[0]
    for sample in range(n_samples):
        y = signs[sample]
        b = linear[sample]
        limit = limits[sample]
        size = 0
        n_refused = 0
        total_refused = 0
        single = n_groups == 1
        current[:] = 0
        error[:] = b
        budget = 50 + 10 * n
        while budget > 0:
            for s in range(size):
                numbers[1, s] = -error[slots[s]]
            for s in range(size):
                error[slots[s]] = -y[slots[s]]
            for s in range(n_refused):
                error[refused[s]] = -y[refused[s]]
            if single:
                chosen[0] = largest(error, y, n // DOUBLES)
                n_chosen = 1 if error[chosen[0]] * y[chosen[0]] > limit else 0
            else:
                n_chosen = choose(error, y, groups, best, best_of, limit, chosen)
            if n_chosen == 0:
                break
            before = size
            for c in range(n_chosen):
                i = chosen[c]
                if size < capacity and append(gram, inverse, numbers, slots, every, size, i, y, bias):
                    numbers[1, size] = -error[i]
                    size += 1
                else:
                    refused[n_refused] = i
                    n_refused += 1
                    total_refused += 1
            if size == before:
                continue
            counts[sample, 2] += size - before
            size, n_steps, moved = walk(inverse, numbers, slots, every, size, y)
            counts[sample, 3] += n_steps
            budget -= n_steps
            if moved:
                single = n_groups == 1
                n_refused = 0
            elif single:
                refused[n_refused] = chosen[0]
                n_refused += 1
                total_refused += 1
            else:
                single = True
                n_refused = 0
            combine(error, b, gram, slots, current, size, n // DOUBLES)
            if bias != 0:
                total = 0.0
                for s in range(size):
                    total += y[slots[s]] * current[s]
                total *= bias
                for i in range(n):
                    error[i] -= total * y[i]
        counts[sample, 0] = size
        counts[sample, 1] = total_refused
        for s in range(size):
            index[sample, s] = slots[s]
            values[sample, s] = current[s]


@inlined
def choose(error, y, groups, best, best_of, limit, chosen):
    """Pick the worst violated point of each group, if it is not far better than the worst of all."""
    n_groups = best.shape[0]
    best[:] = limit
    best_of[:] = -1
    for i in range(groups.shape[0]):
        value = y[i] * error[i]
        if value > limit:
            g = groups[i]
            if value > best[g]:
                best[g] = value
                best_of[g] = i
    worst = limit
    for g in range(n_groups):
        if best[g] > worst:
            worst = best[g]
    n_chosen = 0
    for g in range(n_groups):
        if best_of[g] >= 0 and best[g] >= AT_LEAST * worst:
            if n_chosen < BLOCK:
                chosen[n_chosen] = best_of[g]
                n_chosen += 1
            else:
                low = 0
                for c in range(1, BLOCK):
                    if best[groups[chosen[c]]] < best[groups[chosen[low]]]:
                        low = c
                if best[groups[chosen[low]]] < best[g]:
                    chosen[low] = best_of[g]
    return n_chosen


@inlined
def append(gram, inverse, numbers, slots, every, size, i, y, bias):
    """Take point i in; False (nothing done) if it depends on the active ones."""
    row = gram[i]
    column = numbers[3]
    u = numbers[4]
    if size % DOUBLES == 0:
        for s in range(size):
            for j in range(DOUBLES):
                inverse[s, size + j] = 0.0
        for s in range(size, size + DOUBLES):
            for j in range(size + DOUBLES):
                inverse[s, j] = 0.0
            u[s] = 0.0
    yi = bias * y[i]
    for s in range(size):
        column[s] = -(row[slots[s]] + yi * y[slots[s]])
    n_lanes = size // DOUBLES + 1
    combine(u, numbers[5], inverse, every, column, size, n_lanes)
    diagonal = row[i] + bias
    pivot = diagonal
    for s in range(size):
        pivot += column[s] * u[s]
    if not pivot > SMALLEST_PIVOT * diagonal:
        return False
    u[size] = -1.0
    rank_one(inverse, u, 1.0 / pivot, size + 1, n_lanes)
    slots[size] = i
    numbers[0, size] = 0.0
    return True


@inlined
def delete(inverse, numbers, slots, size, slot):
    """Take the point in ``slot`` out and move the last one there."""
    last = size - 1
    w = numbers[3]
    n_lanes = last // DOUBLES + 1
    for s in range(n_lanes * DOUBLES):
        w[s] = inverse[slot, s]
    rank_one(inverse, w, -1.0 / w[slot], size, n_lanes)
    if slot != last:
        for s in range(size):
            inverse[slot, s] = inverse[last, s]
        for s in range(size):
            inverse[s, slot] = inverse[s, last]
        inverse[slot, slot] = inverse[last, last]
        slots[slot] = slots[last]
        for v in range(3):
            numbers[v, slot] = numbers[v, last]
    for s in range(size):
        inverse[last, s] = 0.0
        inverse[s, last] = 0.0


@inlined
def walk(inverse, numbers, slots, every, size, y):
    """Go to the minimum over the active points, dropping those whose multiplier reaches 0; whether μ moved."""
    current = numbers[0]
    right = numbers[1]
    step = numbers[2]
    n_steps = 0
    moved = False
    while True:
        n_steps += 1
        n_lanes = (size + DOUBLES - 1) // DOUBLES
        combine(step, numbers[5], inverse, every, right, size, n_lanes)
        length = 1.0
        for s in range(size):
            if y[slots[s]] * (current[s] + step[s]) <= 0:
                ratio = -current[s] / step[s] if step[s] != 0 else 0.0
                if ratio < length:
                    length = ratio
        if length > 0:
            moved = True
        for s in range(size):
            current[s] += length * step[s]
        if length == 1.0:
            return size, n_steps, moved
        for s in range(size - 1, -1, -1):
            right[s] *= 1 - length
            if y[slots[s]] * step[s] <= 0 and y[slots[s]] * current[s] <= 1e-15 * abs(step[s]):
                delete(inverse, numbers, slots, size, s)
                size -= 1
