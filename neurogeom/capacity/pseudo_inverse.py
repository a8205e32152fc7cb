"""Pseudo-inverses of GLUE: fast where a Gram matrix is far from singular, by singular values of the data elsewhere.

Totals do not change when rows are scaled, since each is the squared length of a shortest solution. Rows are therefore
scaled to unit length before a decomposition, so that manifolds of very different size do not fall under its cut. Where
rows are dependent the split over manifolds would change, and they are left as they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Relative cut on the eigenvalues of the Gram matrix of centers and axes.
JOINT_CUT = 1e-12
#: Gram matrices of unit rows whose smallest eigenvalue exceeds this are inverted as they are: the relative error is at
#: most about 1e-10. All others go through singular values.
SAFE = 1e-6
#: Tikhonov term, relative, that stands for the pseudo-inverse where only an error bar is wanted.
RIDGE = 1e-12


def squared_projection(rows: Floats, gram: Floats, responses: Floats, targets: Floats) -> Floats:
    """Squared length of each target on the span of its rows.

    Parameters
    ----------
    rows : array (k, P, N)
        Anchors S of each sample.
    gram : array (k, P, P)
        Their inner products.
    responses : array (k, P)
        :math:`S t`.
    targets : array (k, N)
        Gaussian vectors t.

    Returns
    -------
    array (k,)
        :math:`(St)^T (SS^T)^+ (St)`.
    """
    solution, safe = _solve_safe(gram, responses)
    found = np.sum(responses * solution, axis=1)
    if not safe.all():
        rows = rows[~safe]
        norms = np.linalg.norm(rows, axis=2, keepdims=True)
        _, values, basis = np.linalg.svd(rows / np.where(norms > 0, norms, 1.0), full_matrices=False)
        inside = np.einsum("krn,kn->kr", basis, targets[~safe])
        found[~safe] = np.sum(np.where(values > _cut(rows, values), inside, 0.0) ** 2, axis=1)
    return found


def solve_axes(axes: Floats, gram: Floats, responses: Floats, targets: Floats) -> Floats:
    """Pseudo-inverse of the Gram matrix of axes on their responses.

    Parameters
    ----------
    axes : array (k, P, N)
        Axes of each sample.
    gram : array (k, P, P)
        Their inner products.
    responses : array (k, P)
        u, the axes times t.
    targets : array (k, N)
        Gaussian vectors t.

    Returns
    -------
    array (k, P)
        The product; by the singular values of the axes wherever their Gram matrix would lose accuracy.
    """
    solution, safe = _solve_safe(gram, responses)
    for scaled in (True, False):
        if not safe.all():
            rest = np.flatnonzero(~safe)
            solution[rest], independent = _solve_by_svd(axes[rest], targets[rest], scaled=scaled)
            safe[rest[independent]] = True
    return solution


def solve_joint(gram: Floats, responses: Floats) -> Floats:
    """Pseudo-inverse of the Gram matrix of centers and axes together on the responses of the axes.

    Parameters
    ----------
    gram : array (k, P, P)
        Sum of the Gram matrices of centers and axes.
    responses : array (k, P)
        u, the axes times t.

    Returns
    -------
    array (k, P)
        The product; by eigenvalues with a relative cut of 1e-12 where some are small.
    """
    solution, safe = _solve_safe(gram, responses)
    for scaled in (True, False):
        if not safe.all():
            rest = np.flatnonzero(~safe)
            solution[rest], independent = _solve_by_eigenvalues(gram[rest], responses[rest], scaled=scaled)
            safe[rest[independent]] = True
    return solution


def _solve_safe(gram: Floats, responses: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Solutions of Gram z = u, and whether the Gram matrix of unit rows was far enough from singular to trust them."""
    system, scale = _unit_rows(gram)
    shifted = system - SAFE * np.eye(system.shape[-1])
    safe = np.full(len(shifted), _has_cholesky(shifted))
    if not safe.all():
        safe = np.array([_has_cholesky(one) for one in shifted])
    solution = np.zeros_like(responses)
    if safe.any():
        right = (responses[safe] * scale[safe])[..., None]
        solution[safe] = scale[safe] * np.linalg.solve(system[safe], right)[..., 0]
    return solution, safe


def _has_cholesky(matrix: Floats) -> bool:
    """Whether a matrix, or every matrix of a stack, is positive definite."""
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def _unit_rows(gram: Floats) -> tuple[Floats, Floats]:
    """Gram matrix of rows of unit length, with 1 on the diagonal of rows of zeros, and the factors that did it."""
    diagonal = np.einsum("...pp->...p", gram)
    alive = diagonal > 0
    scale = np.where(alive, 1.0 / np.sqrt(np.where(alive, diagonal, 1.0)), 0.0)
    system = gram * scale[..., :, None] * scale[..., None, :]
    index = np.arange(gram.shape[-1])
    system[..., index, index] = 1.0
    return system, scale


def _cut(rows: Floats, values: Floats) -> Floats:
    """Cut on singular values: max(P, N) eps s_1."""
    return max(rows.shape[1:]) * np.finfo(np.float64).eps * values[:, :1]


def _solve_by_svd(axes: Floats, targets: Floats, *, scaled: bool) -> tuple[Floats, NDArray[np.bool_]]:
    """The solution with unit rows or with rows as they are, and whether the nonzero rows were independent."""
    norms = np.linalg.norm(axes, axis=2)
    alive = norms > 0
    scale = np.where(alive & scaled, 1.0 / np.where(alive, norms, 1.0), 1.0)
    left, values, basis = np.linalg.svd(axes * scale[:, :, None], full_matrices=False)
    kept = values > _cut(axes, values)
    inside = np.einsum("krn,kn->kr", basis, targets)
    coefficients = np.where(kept, inside / np.where(kept, values, 1.0), 0.0)
    independent = kept.sum(axis=1) == alive.sum(axis=1)
    return scale * np.einsum("kpr,kr->kp", left, coefficients), independent


def _solve_by_eigenvalues(gram: Floats, responses: Floats, *, scaled: bool) -> tuple[Floats, NDArray[np.bool_]]:
    """The solution with unit rows or with rows as they are, and whether the nonzero rows were independent."""
    alive = np.einsum("kpp->kp", gram) > 0
    system, scale = _unit_rows(gram) if scaled else (gram, np.ones_like(responses))
    values, vectors = np.linalg.eigh(system)
    kept = values > JOINT_CUT * np.maximum(values[:, -1:], 0.0)
    inside = np.einsum("kpr,kp->kr", vectors, responses * scale)
    coefficients = np.where(kept, inside / np.where(kept, values, 1.0), 0.0)
    n_independent = kept.sum(axis=1) - (~alive).sum(axis=1) * scaled
    return scale * np.einsum("kpr,kr->kp", vectors, coefficients), n_independent == alive.sum(axis=1)


def solve_ridge(gram: Floats, responses: Floats) -> Floats:
    """Limit of the pseudo-inverse by a ridge of 1e-12 on unit rows, close enough for an error bar.

    Parameters
    ----------
    gram : array (..., P, P)
        Gram matrices.
    responses : array (..., P)
        Right-hand sides.

    Returns
    -------
    array (..., P)
        Solutions; rows of zeros have no part.
    """
    system, scale = _unit_rows(gram)
    index = np.arange(gram.shape[-1])
    system[..., index, index] += RIDGE * gram.shape[-1]
    return scale * np.linalg.solve(system, (responses * scale)[..., None])[..., 0]
