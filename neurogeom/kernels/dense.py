"""Active-set loop on a Gram matrix held whole: min ½ λᵀGλ − hᵀλ over λ >= 0.

Signs never touch the data: with multipliers μ = yλ and b = yh, G = yyᵀK becomes K, and a point is violated where
y(b − Kμ) > 0. ``bias`` adds bias·yyᵀ to K, a common last coordinate of the signed points (separability).

As Lawson and Hanson, with two changes. Points enter in groups, picked one by one as if each had moved alone along its
coordinate: as many steps as groups, hardly a wrong pick. And the loop keeps the inverse of the Gram matrix of the active
points, which short vectors update without the serial chain of a triangular solve. Rounding does not pile up: each step
starts from the gradient as it is, and the data have the last word (certificate).
"""

from __future__ import annotations

import numpy as np

from neurogeom.kernels.compiling import compiled, inlined
from neurogeom.kernels.lanes import DOUBLES, borrow, combine, combine_four, dot, largest, rank_four, rank_one

SMALLEST_PIVOT = 1e-11  # of a unit row's square, for a point to count as independent of the active ones
AT_LEAST = 0.2  # of the first pick's violation, for another point to enter with it
SMALLEST_SHARE = 1e-9  # of an active point in one that depends on it, for an exchange
ROUNDING = 2e-15  # of the sum of the multipliers: violations below it are rounding
FAR_ABOVE = 1e4  # times the limit, where rounding need not be looked at
MOST_STALLED = 20  # steps near the limit without progress
_MASKED = 1e300


@compiled
def solve_dense(gram, linear, signs, bias, limits, rank, most_picks, exchanges, index, values, counts):
    """Solve one problem for each row of ``linear`` (b) and ``signs`` (y; one row may stand for all), all padded.

    Writes the active points of each sample to ``index``, their μ to ``values`` and, to ``counts``, their number,
    the points refused as dependent at the end, the insertions and the steps. ``exchanges`` lets a violated point that
    depends on the active ones take the place of one of them: at a margin there can be such points.
    """
    n = linear.shape[1]
    capacity = (min(n, rank) + DOUBLES) // DOUBLES * DOUBLES
    square = np.empty((capacity, capacity))
    blocks = np.zeros((2, 4, capacity))
    rows = np.zeros((4, capacity))
    places = np.zeros((2, capacity), np.int64)
    places[1] = np.arange(capacity)
    columns, vectors = blocks[0], blocks[1]
    current, right, step, zero = rows[0], rows[1], rows[2], rows[3]
    slots, every = places[0], places[1]
    weights, error, refused = np.zeros(4), np.empty(n), np.empty(n, np.int64)
    picks, gains = np.empty(most_picks, np.int64), np.empty(most_picks)
    for sample in range(len(linear)):
        size = solve_one(
            gram, linear[sample], signs[min(sample, len(signs) - 1)], bias, limits[sample], square, columns, vectors, weights, current, right,
            step, zero, slots, every, error, picks, gains, refused, counts[sample], exchanges,
        )
        counts[sample, 0] = size
        for s in range(size):
            index[sample, s] = slots[s]
            values[sample, s] = current[s]


@inlined
def solve_one(
    gram, b, y, bias, limit, inverse, columns, vectors, weights, current, right, step, zero, slots, every, error,
    picks, gains, refused, counts, exchanges,
):
    """Solve one sample; leaves the active points in ``slots``, their μ in ``current``, and returns their number."""
    gram, b, y = borrow(gram), borrow(b), borrow(y)
    inverse, columns, vectors, weights = borrow(inverse), borrow(columns), borrow(vectors), borrow(weights)
    current, right, step, zero = borrow(current), borrow(right), borrow(step), borrow(zero)
    slots, every, error = borrow(slots), borrow(every), borrow(error)
    picks, gains, refused, counts = borrow(picks), borrow(gains), borrow(refused), borrow(counts)
    n = len(b)
    capacity = len(slots)
    size = 0
    n_refused = 0
    n_picks = len(picks)
    stalled = 0
    least_worst = np.inf
    budget = 50 + 10 * n
    while True:
        gradient(gram, b, y, bias, current, slots, size, error)
        for s in range(size):
            right[s] = -error[slots[s]]
        for s in range(n_refused):
            error[refused[s]] = -_MASKED * y[refused[s]]
        least = limit
        if bias != 0:  # w separates once no gradient reaches the last coordinate of the residual
            least = max(limit, 0.5 * (1.0 - mass(current, size)))
        most = min(n_picks, capacity - size)
        if most == 1:
            found = pick_one(error, y, least, current, slots, size, picks, gains)
        else:
            found = pick(gram, error, y, bias, least, current, slots, size, picks, gains, most)
        if found == 0 or budget <= 0:
            counts[1] = n_refused
            return size
        worst = abs(gains[0])
        if worst < FAR_ABOVE * limit:  # rounding may let points come and go for ever
            stalled += 1
            if worst < 0.5 * least_worst:
                least_worst = worst
                stalled = 0
            if stalled > MOST_STALLED:
                counts[1] = n_refused
                return size
        before = size
        together = 4 if size + found > DOUBLES else 1
        for first in range(0, found, together):
            last = min(first + together, found)
            n_lanes = (size + last - first + DOUBLES - 1) // DOUBLES
            project(gram, inverse, columns, vectors, zero, slots, every, size, y, bias, picks, first, last, n_lanes)
            size = append(
                gram, inverse, columns, vectors, weights, current, right, slots, size, y, bias, picks, gains,
                first, last, n_lanes,
            )
        for c in range(found):
            if picks[c] < 0:
                refused[n_refused] = -1 - picks[c]
                n_refused += 1
        counts[2] += size - before
        if size == before and exchanges:
            i = -1 - picks[0]
            picks[0] = i
            project(gram, inverse, columns, vectors, zero, slots, every, size, y, bias, picks, 0, 1, size // DOUBLES + 1)
            slot = exchange(vectors, current, slots, size, y, y[i])
            if slot >= 0:
                share = abs(current[slot] / vectors[0, slot]) * y[i]
                for s in range(size):
                    current[s] -= share * vectors[0, s]
                delete(inverse, columns, current, right, step, slots, size, slot)
                size -= 1
                before = size
                n_lanes = size // DOUBLES + 1
                project(gram, inverse, columns, vectors, zero, slots, every, size, y, bias, picks, 0, 1, n_lanes)
                size = append(
                    gram, inverse, columns, vectors, weights, current, right, slots, size, y, bias, picks, gains,
                    0, 1, n_lanes,
                )
                n_refused = 0
                if size > before:
                    current[before] = share
        if size > before:
            size, n_steps, moved = walk(inverse, columns, current, right, step, zero, slots, every, size, y)
            counts[3] += n_steps
            budget -= n_steps
            if moved:
                n_picks = len(picks)
                n_refused = 0
            elif n_picks > 1:
                n_picks = 1
                n_refused = 0
            else:
                refused[n_refused] = picks[0]
                n_refused += 1


@inlined
def gradient(gram, b, y, bias, current, slots, size, error):
    """b − Kμ for all points."""
    n = error.shape[0]
    combine(error, b, gram, slots, current, 0, size, n // DOUBLES)
    if bias != 0:
        total = 0.0
        for s in range(size):
            total += y[slots[s]] * current[s]
        total *= bias
        for i in range(n):
            error[i] -= total * y[i]


@inlined
def mass(current, size):
    """Sum of the multipliers."""
    total = 0.0
    for s in range(size):
        total += abs(current[s])
    return total


@inlined
def pick_one(error, y, limit, current, slots, size, picks, gains):
    """Pick the most violated point, unless that is rounding."""
    i = largest(error, y, len(error) // DOUBLES)
    value = y[i] * error[i]
    if not value > limit or (value < limit * FAR_ABOVE and not value > ROUNDING * mass(current, size)):
        return 0
    for s in range(size):
        if slots[s] == i:
            return 0
    picks[0] = i
    gains[0] = error[i]
    return 1


@inlined
def pick(gram, error, y, bias, limit, current, slots, size, picks, gains, most):
    """Pick points to insert, each the worst violated after those before it moved alone; spoils ``error``.

    ``gains`` becomes the gradient of each pick before any of them moved.
    """
    n = len(error)
    found = 0
    least = max(limit, ROUNDING * mass(current, size))
    for s in range(size):
        error[slots[s]] = -_MASKED * y[slots[s]]
    while found < most:
        i = largest(error, y, n // DOUBLES)
        value = error[i]
        if not y[i] * value > least:
            break
        if found == 0:
            least = max(least, AT_LEAST * y[i] * value)
        picks[found] = i
        gains[found] = value / (gram[i, i] + bias)
        found += 1
        if found < most:
            combine(error, error, gram, picks, gains, found - 1, found, n // DOUBLES)
            if bias != 0:
                shift = bias * y[i] * gains[found - 1]
                for j in range(n):
                    error[j] -= shift * y[j]
            error[i] = -_MASKED * y[i]
    for c in range(found - 1, -1, -1):
        i = picks[c]
        value = gains[c] * (gram[i, i] + bias)
        for a in range(c):
            value += gains[a] * (gram[picks[a], i] + bias * y[picks[a]] * y[i])
        gains[c] = value
    return found


@inlined
def project(gram, inverse, columns, vectors, zero, slots, every, size, y, bias, picks, first, last, n_lanes):
    """Write the products of up to four picks with the active points to ``columns`` (negative), and K⁻¹ times them.

    Vectors that come into use are zeroed.
    """
    end = n_lanes * DOUBLES
    start = (size + DOUBLES - 1) // DOUBLES * DOUBLES
    if end > start:
        for s in range(start):
            for j in range(start, end):
                inverse[s, j] = 0.0
        for s in range(start, end):
            for j in range(end):
                inverse[s, j] = 0.0
    for c in range(first, last):
        i = picks[c]
        for s in range(size):
            columns[c - first, s] = -gram[i, slots[s]]
        if bias != 0:
            for s in range(size):
                columns[c - first, s] -= bias * y[i] * y[slots[s]]
    if last - first == 1:
        combine(vectors, zero, inverse, every, columns, 0, size, n_lanes)
        return
    for c in range(last - first, 4):
        for s in range(size):
            columns[c, s] = 0.0
    combine_four(vectors, inverse, columns, size, n_lanes)


@inlined
def append(
    gram, inverse, columns, vectors, weights, current, right, slots, size, y, bias, picks, gains, first, last, n_lanes
):
    """Take up to four picks in; those that depend on the active points are left out and marked negative."""
    before = size
    taken = 0
    weights[:] = 0.0
    for c in range(first, last):
        i = picks[c]
        k = c - first
        for s in range(before, size):
            columns[k, s] = -(gram[i, slots[s]] + bias * y[i] * y[slots[s]])
        for a in range(taken):
            factor = -weights[a] * dot(vectors, a, columns, k, n_lanes)
            for s in range(size):
                vectors[k, s] += factor * vectors[a, s]
        diagonal = gram[i, i] + bias
        pivot = diagonal + dot(columns, k, vectors, k, n_lanes)
        if not pivot > SMALLEST_PIVOT * diagonal:
            picks[c] = -1 - i
            continue
        vectors[k, size] = -1.0
        if taken < k:
            for s in range(n_lanes * DOUBLES):
                vectors[taken, s] = vectors[k, s]
        weights[taken] = 1.0 / pivot
        taken += 1
        slots[size] = i
        current[size] = 0.0
        right[size] = -gains[c]
        size += 1
    if taken == 1:
        rank_one(inverse, vectors, 0, weights[0], size, n_lanes)
    elif taken > 1:
        rank_four(inverse, vectors, weights, size, n_lanes)
    return size


@inlined
def exchange(vectors, current, slots, size, y, sign):
    """Slot of the active point that leaves when a point that depends on them enters; −1 if none has to.

    The first row of ``vectors`` holds the weights of the active points that make up the new one.
    """
    slot = -1
    shortest = np.inf
    for s in range(size):
        share = sign * y[slots[s]] * vectors[0, s]
        if share > SMALLEST_SHARE:
            length = y[slots[s]] * current[s] / share
            if length < shortest:
                shortest = length
                slot = s
    return slot


@inlined
def delete(inverse, columns, current, right, step, slots, size, slot):
    """Take the point in ``slot`` out and move the last one there."""
    last = size - 1
    n_lanes = last // DOUBLES + 1
    for s in range(n_lanes * DOUBLES):
        columns[0, s] = inverse[slot, s]
    rank_one(inverse, columns, 0, -1.0 / columns[0, slot], size, n_lanes)
    if slot != last:
        for s in range(size):
            inverse[slot, s] = inverse[last, s]
        for s in range(size):
            inverse[s, slot] = inverse[s, last]
        inverse[slot, slot] = inverse[last, last]
        slots[slot] = slots[last]
        current[slot] = current[last]
        right[slot] = right[last]
        step[slot] = step[last]
    for s in range(size):
        inverse[last, s] = 0.0
        inverse[s, last] = 0.0


@inlined
def walk(inverse, columns, current, right, step, zero, slots, every, size, y):
    """Go to the minimum over the active points, dropping those whose multiplier reaches 0.

    Returns how many stay, the number of steps, and whether μ moved.
    """
    n_steps = 0
    moved = False
    while True:
        n_steps += 1
        combine(step, zero, inverse, every, right, 0, size, (size + DOUBLES - 1) // DOUBLES)
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
                delete(inverse, columns, current, right, step, slots, size, s)
                size -= 1
