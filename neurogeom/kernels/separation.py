"""Linear separability with a proof: non-negative least squares of b = (0, …, 0, 1) on the columns (x̂_i y_i, 1).

The residual ρ = b − Bλ decides: either w = −ρ_x separates, or Bλ = b, and the weights λ combine the signed points
to 0. Both are verified on the data, not on their products.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from neurogeom.kernels.compiling import compiled
from neurogeom.kernels.dense import solve_one
from neurogeom.kernels.lanes import DOUBLES, combine, dot

LIMIT = 1e-12
COMBINES = 1e-9  # length of a convex combination of unit points that counts as 0
ROUNDING = 2.3e-16
MOST_PICKS = 8

SEPARABLE, INSEPARABLE, UNDECIDED = 1, 0, -1


@compiled
def decide_all(gram, rows, signs, n_points, status, witness, index, values, counts):
    """Decide each row of ``signs`` (±1, padded with 1) for the padded unit ``rows`` with products ``gram``."""
    n, width = rows.shape
    capacity = (min(n_points, width) + 2 * DOUBLES) // DOUBLES * DOUBLES
    square = np.empty((capacity, capacity))
    blocks = np.zeros((2, 4, capacity))
    numbers = np.zeros((4, capacity))
    places = np.zeros((2, capacity), np.int64)
    places[1] = np.arange(capacity)
    columns, vectors = blocks[0], blocks[1]
    current, right, step, zero = numbers[0], numbers[1], numbers[2], numbers[3]
    slots, every = places[0], places[1]
    weights, error, refused, linear = np.zeros(4), np.empty(n), np.empty(n, np.int64), np.zeros(n)
    picks, gains, flat = np.empty(MOST_PICKS, np.int64), np.empty(MOST_PICKS), np.zeros((2, width))
    for sample in range(len(signs)):
        y = signs[sample]
        linear[:n_points] = y[:n_points]
        size = solve_one(
            gram, linear, y, 1.0, LIMIT, square, columns, vectors, weights, current, right, step, zero, slots, every,
            error, picks, gains, refused, counts[sample], False,
        )
        status[sample] = UNDECIDED
        for _ in range(4):
            status[sample] = verify(rows, y, n_points, slots, current, size, flat)
            if status[sample] != UNDECIDED:
                break
            refine(rows, y, slots, every, current, right, step, zero, square, size, flat)
        counts[sample, 0] = size
        if status[sample] == SEPARABLE:
            length = sqrt(dot(flat, 0, flat, 0, width // DOUBLES))
            for j in range(width):
                witness[sample, j] = -flat[0, j] / length
        for s in range(size):
            index[sample, s] = slots[s]
            values[sample, s] = current[s]


@compiled
def verify(rows, y, n_points, slots, current, size, flat):
    """What the data prove; leaves −w in the first row of ``flat``."""
    n_lanes = rows.shape[1] // DOUBLES
    combine(flat, flat[1], rows, slots, current, 0, size, n_lanes)
    total = 0.0
    for s in range(size):
        if not y[slots[s]] * current[s] > 0:
            return UNDECIDED
        total += y[slots[s]] * current[s]
    length = sqrt(dot(flat, 0, flat, 0, n_lanes))
    if length < COMBINES * total:
        return INSEPARABLE
    # a product of unit rows is off by this much at most
    least = ROUNDING * rows.shape[1] * length
    for i in range(n_points):
        if not -y[i] * dot(rows, i, flat, 0, n_lanes) > least:
            return UNDECIDED
    return SEPARABLE


@compiled
def refine(rows, y, slots, every, current, right, step, zero, inverse, size, flat):
    """One step of refinement of μ: the gradient of the active points from the data, where −w is in ``flat``."""
    n_lanes = rows.shape[1] // DOUBLES
    rest = 1.0
    for s in range(size):
        rest -= y[slots[s]] * current[s]
    for s in range(size):
        right[s] = -(y[slots[s]] * rest + dot(rows, slots[s], flat, 0, n_lanes))
    combine(step, zero, inverse, every, right, 0, size, (size + DOUBLES - 1) // DOUBLES)
    for s in range(size):
        current[s] += step[s]


@compiled
def bisect(points, signs):
    """Smallest number of leading columns of ``points`` (rows padded) in which the signed points separate.

    Returns it (−1 if there is none) and how many numbers of columns were undecided (taken as inseparable). Products of
    columns up to the largest inseparable number are kept, so that each column is multiplied about twice in all.
    """
    n, n_columns = points.shape
    n_points = len(signs)
    y = np.ones((1, n))
    y[0, :n_points] = signs
    known = np.zeros((n, n))
    status, counts = np.empty(1, np.int8), np.empty((1, 4), np.int64)
    low, high = 0, n_columns + 1
    n_undecided = 0
    tried = min(8, n_columns)
    while high - low > 1:
        part = points[:, low:tried].copy()
        products = known + np.dot(part, part.T)
        width = (tried + DOUBLES - 1) // DOUBLES * DOUBLES
        rows = np.zeros((n, width))
        gram = np.empty((n, n))
        scale = np.zeros(n)
        vanishes = False
        for i in range(n_points):
            if products[i, i] > 0:
                scale[i] = 1 / sqrt(products[i, i])
            else:
                vanishes = True
            for j in range(tried):
                rows[i, j] = points[i, j] * scale[i]
        if vanishes:
            status[0] = INSEPARABLE
        else:
            for i in range(n):
                for j in range(n):
                    gram[i, j] = products[i, j] * (scale[i] * scale[j])
            capacity = (min(n_points, width) + 2 * DOUBLES) // DOUBLES * DOUBLES
            counts[:] = 0
            decide_all(
                gram, rows, y, n_points, status, np.empty((1, width)), np.empty((1, capacity), np.int64),
                np.empty((1, capacity)), counts,
            )
        if status[0] == UNDECIDED:
            n_undecided += 1
        if status[0] == SEPARABLE:
            high = tried
        elif tried == n_columns:
            return -1, n_undecided
        else:
            low = tried
            known = products
        tried = min(2 * low, n_columns) if high > n_columns else (low + high) // 2
    return high, n_undecided
