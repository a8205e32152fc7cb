"""Partial least squares where rows outnumber features: all in features × features and features × targets.

With A = XᵀX and C = XᵀY of centered training rows (Dayal & MacGregor 1997, kernel algorithm), each component is

    w = C v, v the leading eigenvector of CᵀC,   r = w − Σ r_k (p_kᵀ w),   τ = rᵀ A r,
    p = A r / τ,   q = Cᵀ r / τ,   C ← C − τ p qᵀ

and the coefficients are R Qᵀ. X is never deflated; CᵀC, or CCᵀ where there are fewer features than targets, loses a
matrix of rank two. Folds take A and C of all rows and subtract their test rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurogeom.regression.folds import Fold
from neurogeom.regression.leading import LeadingVector

_EPS = float(np.finfo(np.float64).eps)
_CANCELED = 1e-2
_REFRESH = 1e-4


@dataclass(frozen=True)
class Directions:
    """What primal PLS found in one fold.

    Parameters
    ----------
    rotations : ndarray, shape (p, components)
        Scores = (features − their mean) @ rotations; training scores are orthonormal.
    loadings : ndarray, shape (p, components)
        Of the features.
    target_loadings : ndarray, shape (t, components)
    mean, target_mean : ndarray, shape (p,), (t,)
        Of the training rows.
    n_components : int
        Components found before nothing was left.
    """

    rotations: np.ndarray
    loadings: np.ndarray
    target_loadings: np.ndarray
    mean: np.ndarray
    target_mean: np.ndarray
    n_components: int


def primal_directions(
    features: np.ndarray, targets: np.ndarray, folds: Sequence[Fold], n_components: int
) -> list[Directions]:
    """Return rotations and loadings of every fold.

    Parameters
    ----------
    features : ndarray, shape (n, p)
    targets : ndarray, shape (n, t)
    folds : sequence of (train, test)
    n_components : int

    Returns
    -------
    list of Directions

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> (found,) = primal_directions(x, 2 * x, [(np.array([0, 1, 2]), np.array([3]))], 1)
    >>> round(float(found.rotations[0, 0] * found.target_loadings[0, 0]), 9)
    2.0
    """
    offset, target_offset = features.mean(axis=0), targets.mean(axis=0)
    x, y = features - offset, targets - target_offset
    products = (x.T @ x, x.T @ y)
    found = []
    for train, test in folds:
        mean, target_mean = x[train].mean(axis=0), y[train].mean(axis=0)
        square, cross = _training_products(x, y, products, train, test)
        square -= len(train) * np.outer(mean, mean)
        cross -= len(train) * np.outer(mean, target_mean)
        rotations, loadings, target_loadings, count = _components(
            square, cross, n_components, float(np.sum(y[train] ** 2))
        )
        found.append(
            Directions(rotations, loadings, target_loadings, mean + offset, target_mean + target_offset, count)
        )
    return found


def _training_products(
    x: np.ndarray, y: np.ndarray, products: tuple[np.ndarray, np.ndarray], train: np.ndarray, test: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """XᵀX and XᵀY of the training rows, by the shorter way."""
    if len(train) + len(test) == len(x) and len(test) < len(train):
        square = products[0] - x[test].T @ x[test]
        # test rows far from all others would leave little but rounding
        far = np.trace(square) < _CANCELED * np.trace(products[0])
        if not far and np.sum(y[train] ** 2) >= _CANCELED * np.sum(y**2):
            return square, products[1] - x[test].T @ y[test]
    return x[train].T @ x[train], x[train].T @ y[train]


def _components(
    square: np.ndarray, cross: np.ndarray, n_components: int, target_power: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    n_features, n_targets = cross.shape
    by_features = n_targets > n_features
    cross = cross.copy()
    follower = LeadingVector(cross @ cross.T if by_features else cross.T @ cross)
    fresh = float(np.trace(follower.matrix))
    # the power of the covariance that rounding leaves behind in targets that are explained
    floor = (32.0 * _EPS) ** 2 * target_power * max(float(np.trace(square)), 0.0)
    rotations = np.zeros((n_features, n_components))
    loadings = np.zeros((n_features, n_components))
    target_loadings = np.zeros((n_targets, n_components))
    for number in range(n_components):
        value, vector = follower.leading()
        if value < _REFRESH * fresh:
            follower.replace(cross @ cross.T if by_features else cross.T @ cross)
            value, vector = follower.leading()
            fresh = max(value, 0.0)
        if not value > floor:
            return rotations, loadings, target_loadings, number
        weight = vector if by_features else cross @ vector
        weight = weight / np.linalg.norm(weight)
        rotation = weight.copy()
        for _ in range(2):
            rotation -= rotations[:, :number] @ (loadings[:, :number].T @ rotation)
        image = square @ rotation
        power = float(rotation @ image)
        if not power > (32.0 * _EPS) * n_features * float(weight @ (square @ weight)):
            return rotations, loadings, target_loadings, number
        scale = 1.0 / np.sqrt(power)  # scores of unit length: τ = 1
        rotation, loading = rotation * scale, image * scale
        target_loading = cross.T @ rotation
        if by_features:
            side = cross @ target_loading - 0.5 * float(target_loading @ target_loading) * loading
            follower.subtract(loading, side)
        else:
            side = cross.T @ loading - 0.5 * float(loading @ loading) * target_loading
            follower.subtract(target_loading, side)
        cross -= np.outer(loading, target_loading)
        rotations[:, number], loadings[:, number], target_loadings[:, number] = rotation, loading, target_loading
    return rotations, loadings, target_loadings, n_components
