"""Triangular factor of the Gram matrix of the active points: append, delete, solve.

``factor`` (row-major, upper triangular) holds R with RᵀR = K of the active points in its first ``size``
rows. A deleted point leaves a hole: its row and column become those of the identity, so that nothing moves.
Each loop runs along rows, which are contiguous, in the precision of ``factor``.
"""

from __future__ import annotations

from math import sqrt

from neurogeom.kernels.compiling import inlined


@inlined
def forward(factor, size, first, x):
    """Solve Rᵀ z = x in place, where x is zero before ``first``."""
    for i in range(first, size):
        x[i] /= factor[i, i]
        value = x[i]
        if value != 0:
            row = factor[i]
            for j in range(i + 1, size):
                x[j] -= value * row[j]


@inlined
def backward(factor, size, x):
    """Solve R d = x in place."""
    for i in range(size - 1, -1, -1):
        row = factor[i]
        total = x[i]
        for j in range(i + 1, size):
            total -= row[j] * x[j]
        x[i] = total / row[i]


@inlined
def forward_columns(factor, size, columns, n_columns):
    """Solve Rᵀ z = a in place for each of the first ``n_columns`` rows a of ``columns``."""
    start = 0
    while start + 4 <= size:
        r0 = factor[start]
        r1 = factor[start + 1]
        r2 = factor[start + 2]
        r3 = factor[start + 3]
        for c in range(n_columns):
            a = columns[c]
            x0 = a[start] / r0[start]
            x1 = (a[start + 1] - x0 * r0[start + 1]) / r1[start + 1]
            x2 = (a[start + 2] - x0 * r0[start + 2] - x1 * r1[start + 2]) / r2[start + 2]
            x3 = (a[start + 3] - x0 * r0[start + 3] - x1 * r1[start + 3] - x2 * r2[start + 3]) / r3[start + 3]
            a[start] = x0
            a[start + 1] = x1
            a[start + 2] = x2
            a[start + 3] = x3
            for j in range(start + 4, size):
                a[j] -= x0 * r0[j] + x1 * r1[j] + x2 * r2[j] + x3 * r3[j]
        start += 4
    for i in range(start, size):
        row = factor[i]
        for c in range(n_columns):
            a = columns[c]
            a[i] /= row[i]
            value = a[i]
            for j in range(i + 1, size):
                a[j] -= value * row[j]


@inlined
def append_column(factor, size, column, diagonal, smallest_pivot):
    """Append the point whose solved column is given; False (nothing done) if it depends on the others."""
    pivot = diagonal
    for j in range(size):
        pivot -= column[j] * column[j]
    if not pivot > smallest_pivot * diagonal:
        return False
    for j in range(size):
        factor[j, size] = column[j]
        factor[size, j] = 0
    factor[size, size] = sqrt(pivot)
    return True


@inlined
def delete_slot(factor, size, slot, carry):
    """Take the point in ``slot`` out, by Givens rotations of the rows below it, and leave a hole."""
    row = factor[slot]
    for j in range(slot + 1, size):
        carry[j] = row[j]
        row[j] = 0
    for i in range(slot):
        factor[i, slot] = 0
    row[slot] = 1
    for i in range(slot + 1, size):
        value = carry[i]
        if value == 0:
            continue
        row = factor[i]
        length = sqrt(row[i] * row[i] + value * value)
        c = row[i] / length
        s = value / length
        row[i] = length
        for j in range(i + 1, size):
            kept = row[j]
            row[j] = c * kept + s * carry[j]
            carry[j] = c * carry[j] - s * kept
