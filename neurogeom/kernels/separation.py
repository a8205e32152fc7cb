"""Linear separability with a proof: non-negative least squares of b = (0, …, 0, 1) on the columns (x̂_i y_i, 1).

The residual ρ = b − Bλ decides: either w = −ρ_x separates, or Bλ = b, and the weights λ combine the signed points
to 0. Both are verified on the data, not on their products.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from neurogeom.kernels.compiling import compiled
from neurogeom.kernels.lanes import DOUBLES, combine_short, dot

COMBINES = 1e-9  # length of a convex combination of unit points that counts as 0
ROUNDING = 2.3e-16
SEPARABLE, INSEPARABLE, UNDECIDED = 1, 0, -1


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
        for s in range(size):
            total += signs[sample, index[sample, s]] * values[sample, s]
        length = sqrt(dot(flat, 0, flat, 0, n_lanes))
        if length < COMBINES * total:
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
