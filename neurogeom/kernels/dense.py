"""Active-set loop on a Gram matrix held whole: min ½ λᵀGλ − hᵀλ over λ >= 0.

Signs never touch the data: with multipliers μ = yλ and b = yh, G = yyᵀK becomes K, and a point is violated where
y(b − Kμ) > 0. ``bias`` adds bias·yyᵀ to K, a common last coordinate of the signed points (separability).

As Lawson and Hanson, with two changes. Points enter in groups, picked one by one as if each had moved alone along its
coordinate: as many steps as groups, hardly a wrong pick. And the loop keeps the inverse of the Gram matrix of the
active points, which short vectors update without the serial chain of a triangular solve. Rounding does not pile up:
each step starts from the gradient as it is, and the data have the last word (`polish`, then the certificate).
"""

from __future__ import annotations

import numpy as np

from neurogeom.kernels.compiling import compiled, helper, inlined
from neurogeom.kernels.lanes import advance, borrow, combine, combine_four, combine_short, dot, largest, rank_four, rank_one

AT_LEAST = 0.2  # of the first pick's violation, for another point to enter with it
SMALLEST_SHARE = 1e-9  # of an active point in one that depends on it, for an exchange
MOST_STALLED = 20  # steps near the limit without progress
MOST_CORRECTIONS = 3  # steps at the end for active points whose gradient is not 0
FAR_ABOVE = 1e4  # times the limit, where rounding need not be looked at
_MASKED = 1e30

# Precision of the loop: part of the sum of the multipliers below which violations are rounding, and part of a unit
# row's square outside the span of the active points for it to count as independent.
DOUBLE = (2e-15, 1e-11)
SINGLE = (1e-6, 1e-4)


def make_work(n: int, capacity: int, width: int, most_picks: int, dtype: type = np.float64) -> tuple[np.ndarray, ...]:
    """Work space of one thread, for ``n`` points (padded), ``capacity`` active ones and rows of ``width``."""
    numbers = np.zeros((4, capacity), dtype)
    return (
        np.empty((capacity, capacity), dtype),  # inverse
        np.zeros((4, capacity), dtype),  # columns
        np.zeros((4, capacity), dtype),  # vectors
        np.zeros(4, dtype),  # weights
        numbers[0],  # current
        numbers[1],  # right
        numbers[2],  # step
        numbers[3],  # zero
        np.zeros(capacity, np.int64),  # slots
        np.arange(capacity),  # every
        np.empty(n, dtype),  # error
        np.empty(most_picks, np.int64),  # picks
        np.empty(most_picks, dtype),  # gains
        np.empty(n, np.int64),  # refused
        np.empty((1, width)),  # rest
        np.ones(capacity, dtype),  # side
    )


@compiled
def solve_dense(gram, linear, signs, rows, targets, bias, limit, precision, exchanges, index, values, counts, work):
    """Solve one problem for each row of ``linear`` (b) and ``signs`` (y; one row may stand for all), all padded.

    ``rows`` and ``targets`` are the data that the products come from; targets have unit length (or are 0, with a bias).
    Writes the active points of each sample to ``index``, their μ to ``values`` and, to ``counts`` (zeros), their
    number, how often a point was refused as dependent, the insertions and the steps. ``exchanges`` lets a violated
    point that depends on the active ones take the place of one of them: at a margin there can be such points.
    """
    slots, current = work[8], work[4]
    for sample in range(len(linear)):
        y = signs[min(sample, len(signs) - 1)]
        b = linear[sample]
        size = solve_one(gram, b, y, bias, limit, precision, exchanges, counts[sample, 0], counts[sample], work)
        polish(rows, targets[sample], b, y, bias, limit, precision[0], size, work)
        counts[sample, 0] = size
        for s in range(size):
            index[sample, s] = slots[s]
            values[sample, s] = current[s]


@inlined
def solve_one(gram, b, y, bias, limit, precision, exchanges, size, counts, work):
    """Solve one sample, from ``size`` points that are active already.

    Leaves the active points in ``slots``, their μ in ``current``, and returns their number.
    """
    gram, b, y, counts = borrow(gram), borrow(b), borrow(y), borrow(counts)
    inverse, columns, vectors, weights = borrow(work[0]), borrow(work[1]), borrow(work[2]), borrow(work[3])
    current, right, step, zero = borrow(work[4]), borrow(work[5]), borrow(work[6]), borrow(work[7])
    slots, every, error = borrow(work[8]), borrow(work[9]), borrow(work[10])
    picks, gains, refused, side = borrow(work[11]), borrow(work[12]), borrow(work[13]), borrow(work[15])
    rounding, smallest_pivot = precision
    lanes = 64 // inverse.itemsize
    capacity = len(slots)
    n_refused = 0
    n_picks = len(picks)
    stalled = 0
    corrections = 0
    least_worst = np.inf
    budget = 50 + 10 * len(b)
    entering = 0.0  # multiplier of a point that takes another's place
    found = 0
    most = 1
    while True:
        before = size
        first = size  # of the active points whose gradient is not 0
        if entering == 0:
            gradient(gram, b, y, bias, current, slots, size, error, lanes)
            for s in range(n_refused):
                error[refused[s]] = -_MASKED * y[refused[s]]
            least = limit
            if bias != 0:  # w separates once no gradient reaches the last coordinate of the residual
                least = max(limit, 0.5 * (1.0 - mass(current, size)))
            most = min(n_picks, capacity - size)
            if most <= 1:
                found = pick_one(error, y, least, rounding, current, slots, size, picks, gains, most, lanes)
            else:
                found = pick(gram, error, y, bias, least, rounding, current, right, slots, size, picks, gains, most, lanes)
                first = 0
            worst = abs(gains[0])
            if worst < FAR_ABOVE * limit:  # rounding may let points come and go for ever
                stalled += 1
                if worst < 0.5 * least_worst:
                    least_worst = worst
                    stalled = 0
            if found == 0 or budget <= 0 or stalled > MOST_STALLED:
                if most <= 1:
                    for s in range(size):
                        right[s] = -error[slots[s]]
                if corrections >= MOST_CORRECTIONS or not mass(right, size) > max(limit, rounding * mass(current, size)):
                    return size if mass(current, size) < _MASKED else 0
                corrections += 1
                found = 0
                first = 0
        together = 4 if size + found > lanes else 1
        for start in range(0, found, together):
            last = min(start + together, found)
            n_lanes = (size + last - start + lanes - 1) // lanes
            project(gram, inverse, columns, vectors, zero, slots, every, size, y, bias, picks, start, last, n_lanes, lanes)
            size = append(
                gram, inverse, columns, vectors, weights, current, right, slots, side, size, y, bias, picks, gains,
                start, last, n_lanes, lanes, smallest_pivot,
            )
            if size == before and exchanges:
                break
        if size > before:
            counts[2] += size - before
            current[before] = entering
            entering = 0.0
        elif exchanges and entering == 0 and found > 0:
            # the first pick depends on the active points, and its weights are in the first vector
            i = -1 - picks[0]
            entering, slot = exchange(vectors, current, slots, size, y, y[i])
            if slot >= 0:
                for s in range(size):
                    current[s] -= entering * vectors[0, s]
                delete(inverse, columns, current, right, step, slots, side, size, slot, lanes)
                size -= 1
                n_refused = 0
                picks[0] = i
                found = 1
                continue
        for c in range(found):
            if picks[c] < 0:
                refused[n_refused] = -1 - picks[c]
                n_refused += 1
                counts[1] += 1
        entering = 0.0
        moved = False
        if size == before + 1 and first == before and advance(current, vectors, -gains[0] * weights[0], side, size):
            moved = True
            counts[3] += 1
            budget -= 1
        elif size > before or first == 0:
            for s in range(first):
                right[s] = 0.0
            size, n_steps, moved = walk(
                inverse, columns, current, right, step, zero, slots, every, side, first, size, y, lanes, rounding
            )
            counts[3] += n_steps
            budget -= n_steps
        if moved:
            n_picks = len(picks)
            n_refused = 0
        elif size > before:
            pass
        elif n_picks > 1:
            n_picks = 1
            n_refused = 0
        elif found > 0 and picks[0] >= 0:
            refused[n_refused] = picks[0]
            n_refused += 1
            counts[1] += 1


@helper
def polish(rows, target, b, y, bias, limit, rounding, size, work):
    """Refine μ on the active points with the gradient from the data, where rounding of the products may be felt."""
    inverse, current, right, step, zero = work[0], work[4], work[5], work[6], work[7]
    slots, every = work[8], work[9]
    total = mass(current, size)
    if bias == 0 and not total * rounding > limit:
        return
    lanes = 64 // inverse.itemsize
    rest = work[14]
    for _ in range(3):
        combine_short(rest, target, rows, slots, current, 0, size, rows.shape[1] // lanes)
        total = bias * mass(current, size)
        worst = 0.0
        for s in range(size):
            i = slots[s]
            # what the margin (or the label) adds to the product with the target
            right[s] = dot(rows, i, rest, 0, rows.shape[1] // lanes) - y[i] * total
            right[s] += b[i] - inner(rows, i, target)
            worst = max(worst, abs(right[s]))
            right[s] = -right[s]
        combine_short(step, zero, inverse, every, right, 0, size, (size + lanes - 1) // lanes)
        for s in range(size):
            if not y[slots[s]] * (current[s] + step[s]) > 0:
                return
        for s in range(size):
            current[s] += step[s]
        if worst < 1e-2 * limit:
            return


@inlined
def inner(rows, i, target):
    """Product of a row and the target."""
    total = 0.0
    for j in range(len(target)):
        total += rows[i, j] * target[j]
    return total


@inlined
def mass(current, size):
    """Sum of the multipliers."""
    total = 0.0
    for s in range(size):
        total += abs(current[s])
    return total


@inlined
def gradient(gram, b, y, bias, current, slots, size, error, lanes):
    """b − Kμ for all points."""
    combine(error, b, gram, slots, current, 0, size, len(error) // lanes)
    if bias != 0:
        total = bias * mass(current, size)
        for i in range(len(error)):
            error[i] -= total * y[i]


@inlined
def pick_one(error, y, limit, rounding, current, slots, size, picks, gains, most, lanes):
    """Pick the most violated point, unless that is rounding."""
    if most < 1:
        return 0
    i = largest(error, y, len(error) // lanes)
    value = y[i] * error[i]
    if not value > limit or (value < limit * FAR_ABOVE and not value > rounding * mass(current, size)):
        return 0
    for s in range(size):
        if slots[s] == i:
            return 0
    picks[0] = i
    gains[0] = error[i]
    return 1


@helper
def pick(gram, error, y, bias, limit, rounding, current, right, slots, size, picks, gains, most, lanes):
    """Pick points to insert, each the worst violated after those before it moved alone; spoils ``error``.

    ``gains`` becomes the gradient of each pick before any of them moved, ``right`` minus that of the active points.
    """
    n = len(error)
    found = 0
    least = max(limit, rounding * mass(current, size))
    for s in range(size):
        right[s] = -error[slots[s]]
        error[slots[s]] = -_MASKED * y[slots[s]]
    while found < most:
        i = largest(error, y, n // lanes)
        value = error[i]
        if not y[i] * value > least:
            break
        if found == 0:
            least = max(least, AT_LEAST * y[i] * value)
        picks[found] = i
        gains[found] = value / (gram[i, i] + bias)
        found += 1
        if found < most:
            combine(error, error, gram, picks, gains, found - 1, found, n // lanes)
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
def project(gram, inverse, columns, vectors, zero, slots, every, size, y, bias, picks, first, last, n_lanes, lanes):
    """Write the products of up to four picks with the active points to ``columns`` (negative), and K⁻¹ times them.

    Vectors of the inverse that come into use are zeroed.
    """
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
        i = picks[c]
        for s in range(size):
            columns[c - first, s] = -gram[i, slots[s]]
        if bias != 0:
            for s in range(size):
                columns[c - first, s] -= bias * y[i] * y[slots[s]]
    if last - first == 1:
        combine_short(vectors, zero, inverse, every, columns, 0, size, n_lanes)
        return
    for c in range(last - first, 4):
        for s in range(size):
            columns[c, s] = 0.0
    combine_four(vectors, inverse, columns, size, n_lanes)


@inlined
def append(
    gram, inverse, columns, vectors, weights, current, right, slots, side, size, y, bias, picks, gains,
    first, last, n_lanes, lanes, smallest_pivot,
):
    """Take up to four picks in; those that depend on the active points are left out and marked negative."""
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
        diagonal = gram[i, i] + bias
        pivot = diagonal + dot(columns, k, vectors, k, n_lanes)
        if not pivot > smallest_pivot * diagonal:
            picks[c] = -1 - i
            continue
        vectors[k, size] = -1.0
        if taken < k:
            for s in range(n_lanes * lanes):
                vectors[taken, s] = vectors[k, s]
        weights[taken] = 1.0 / pivot
        taken += 1
        slots[size] = i
        side[size] = y[i]
        current[size] = 0.0
        right[size] = -gains[c]
        size += 1
    if taken == 1:
        rank_one(inverse, vectors, 0, weights[0], size, n_lanes)
    elif taken > 1:
        for a in range(taken, 4):
            weights[a] = 0.0
        rank_four(inverse, vectors, weights, size, n_lanes)
    return size


@helper
def exchange(vectors, current, slots, size, y, sign):
    """Multiplier of a point that depends on the active ones, and the slot of the one that leaves for it (−1: none).

    The first row of ``vectors`` holds the weights of the active points that make up the new one.
    """
    slot = -1
    shortest = 0.0
    for s in range(size):
        share = sign * y[slots[s]] * vectors[0, s]
        if share > SMALLEST_SHARE:
            length = y[slots[s]] * current[s] / share
            if slot < 0 or length < shortest:
                shortest = length
                slot = s
    return sign * shortest, slot


@helper
def delete(inverse, columns, current, right, step, slots, side, size, slot, lanes):
    """Take the point in ``slot`` out and move the last one there."""
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
        slots[slot] = slots[last]
        side[slot] = side[last]
        current[slot] = current[last]
        right[slot] = right[last]
        step[slot] = step[last]
    for s in range(size):
        inverse[last, s] = 0.0
        inverse[s, last] = 0.0


@inlined
def walk(inverse, columns, current, right, step, zero, slots, every, side, first, size, y, lanes, rounding):
    """Go to the minimum over the active points, dropping those whose multiplier reaches 0.

    Minus the gradient is in ``right``, and is 0 before ``first``. Returns how many points stay, the number of steps,
    and whether μ moved.
    """
    n_steps = 0
    moved = False
    while True:
        n_steps += 1
        combine_short(step, zero, inverse, every, right, first, size, (size + lanes - 1) // lanes)
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
        for s in range(size - 1, -1, -1):
            right[s] *= 1 - length
            if side[s] * step[s] <= 0 and side[s] * current[s] <= rounding * abs(step[s]):
                delete(inverse, columns, current, right, step, slots, side, size, s, lanes)
                size -= 1
        first = 0
