"""Linear separability with a proof: non-negative least squares of b = (0, …, 0, 1) on the columns (x̂_i y_i, 1).

The residual ρ = b − Bλ decides: either w = −ρ_x separates, or Bλ = b, and the weights λ combine the signed points
to 0. Both are verified on the data, not on their products.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from scipy import sparse

from neurogeom._core.parallel import run_units, single_threaded_blas
from neurogeom.kernels import fallback
from neurogeom.kernels.active_set import DOUBLE
from neurogeom.kernels.compiling import compiled
from neurogeom.kernels.dense import solve_dense
from neurogeom.kernels.lanes import DOUBLES, combine_short, dot
from neurogeom.kernels.prepare import pad_rows, padded_width
from neurogeom.kernels.problem import unit_scales
from neurogeom.kernels.solution import CriticalDimension, Separability
from neurogeom.kernels.work import make_work

SEPARABLE, INSEPARABLE, UNDECIDED = 1, 0, -1
COMBINES = 1e-9  # length of a convex combination of unit points that counts as 0
ROUNDING = 2.3e-16
LIMIT = 1e-13
PICKS = 8
FIRST_DIMENSION = 8


def separate(points: np.ndarray, signs: np.ndarray, *, n_jobs: int | None) -> Separability:
    """Decide all dichotomies of the same points."""
    n, k = len(points), len(signs)
    points, scales, _ = unit_scales(points)
    if not scales.all():
        weights = sparse.csr_array((np.ones(k), np.full(k, np.flatnonzero(scales == 0)[0]), np.arange(k + 1)), (k, n))
        return Separability(np.zeros(k, np.int8), np.zeros((k, points.shape[1])), weights, "cpu")
    rows = pad_rows(points, scales)
    with single_threaded_blas():
        gram = rows @ rows.T
    size = int(np.clip(50_000 // n, 4, 64))
    units = [(rows, gram, points.shape[1], signs[first : first + size]) for first in range(0, k, size)]
    parts = run_units(_separate_block, units, n_jobs=n_jobs)
    status, witness, weights = (list(arrays) for arrays in zip(*parts, strict=True))
    return Separability(
        np.concatenate(status), np.concatenate(witness), sparse.csr_array(sparse.vstack(weights, format="csr")), "cpu"
    )


def critical_dimension(points: np.ndarray, signs: np.ndarray) -> CriticalDimension:
    """Double the number of leading coordinates until they separate, then bisect.

    Products of coordinates up to the largest inseparable number are kept, so that each coordinate is multiplied about
    twice in all.
    """
    points, scales, _ = unit_scales(points)
    if not scales.all():
        return CriticalDimension(np.inf, 0)
    rows = pad_rows(points, scales)
    n, n_coordinates = points.shape
    signs = signs[None].astype(np.int8)
    known = np.zeros((len(rows), len(rows)))
    low, high = 0, n_coordinates + 1
    n_undecided = 0
    tried = min(FIRST_DIMENSION, n_coordinates)
    with single_threaded_blas():
        while high - low > 1:
            part = np.ascontiguousarray(rows[:n, low:tried])
            products = known.copy()
            products[:n, :n] += part @ part.T
            status = _decide(rows, products, tried, signs)
            n_undecided += status == UNDECIDED
            if status == SEPARABLE:
                high = tried
            elif tried == n_coordinates:
                return CriticalDimension(np.inf, int(n_undecided))
            else:
                low, known = tried, products
            tried = min(2 * low, n_coordinates) if high > n_coordinates else (low + high) // 2
    return CriticalDimension(float(high), int(n_undecided))


def _decide(rows: np.ndarray, products: np.ndarray, dimension: int, signs: np.ndarray) -> int:
    """Status of one dichotomy in the first coordinates, whose products are given."""
    squares = np.diagonal(products)[: signs.shape[1]]
    if not squares.all():
        return INSEPARABLE
    scales = np.zeros(len(rows))
    scales[: len(squares)] = 1.0 / np.sqrt(squares)
    part = np.zeros((len(rows), padded_width(dimension)))
    np.multiply(rows[:, :dimension], scales[:, None], out=part[:, :dimension])
    gram = products * scales
    gram *= scales[:, None]
    return int(_separate_block(part, gram, dimension, signs)[0][0])


def _separate_block(
    rows: np.ndarray, gram: np.ndarray, dimension: int, given: np.ndarray
) -> tuple[np.ndarray, np.ndarray, sparse.csr_array]:
    """Decide dichotomies of padded unit rows with their products: status, witness, weights."""
    k, n = given.shape
    signs = np.ones((k, len(rows)))
    signs[:, :n] = given
    linear = np.zeros_like(signs)
    linear[:, :n] = given
    status = np.empty(k, np.int8)
    witness = np.zeros((k, dimension))
    capacity = padded_width(min(n, dimension + 1) + 1)
    found = np.empty((k, capacity), np.int64), np.empty((k, capacity)), np.zeros((k, 4), np.int64)
    data = (rows, np.zeros((k, rows.shape[1])), np.ones((1, len(rows))))
    work = make_work(len(rows), capacity, rows.shape[1], PICKS)
    solve_dense(gram, linear, signs, data, 1.0, LIMIT, DOUBLE, False, found, work)
    verify(rows, signs, n, *found, status, witness)
    weights = np.zeros((k, n))
    index, values, counts = found
    for s in np.flatnonzero(status != SEPARABLE):
        size = counts[s, 0]
        weights[s, index[s, :size]] = np.abs(values[s, :size])
        if status[s] == UNDECIDED:
            unit = rows[:n, :dimension]
            status[s], witness[s], weights[s] = fallback.separate_sample(unit, signs[s, :n], weights[s])
    total = weights.sum(axis=1, keepdims=True)
    return status, witness, sparse.csr_array(np.divide(weights, total, out=weights, where=total > 0))


@compiled
def verify(rows, signs, n_points, index, values, counts, status, witness):
    """What the data prove about each sample, from μ on padded unit rows; ``witness`` gets w where it separates."""
    n_lanes = rows.shape[1] // DOUBLES
    flat = np.zeros((2, rows.shape[1]))
    for sample in range(len(signs)):
        status[sample] = UNDECIDED
        size = counts[sample, 0]
        combine_short(flat, flat[1], rows, index[sample], values[sample], 0, size, n_lanes)
        total = 0.0
        positive = True
        for s in range(size):
            weight = signs[sample, index[sample, s]] * values[sample, s]
            positive = positive and weight > 0
            total += weight
        length = sqrt(dot(flat, 0, flat, 0, n_lanes))
        if length < COMBINES * total:
            if positive:
                status[sample] = INSEPARABLE
            continue
        least = length
        for i in range(n_points):
            least = min(least, -signs[sample, i] * dot(rows, i, flat, 0, n_lanes))
        # a product of unit rows is off by this much at most
        if least > ROUNDING * rows.shape[1] * length:
            status[sample] = SEPARABLE
            for j in range(witness.shape[1]):
                witness[sample, j] = -flat[0, j] / length
