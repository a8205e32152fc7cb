"""Partial least squares where features outnumber rows: all in rows × rows and targets × targets.

With K the Gram matrix, T the orthonormal scores so far and Y the centered targets left over, each component is

    v = leading eigenvector of Yᵀ K Y,   u = Y v,   t ∝ (I − T Tᵀ) K u,   q = Yᵀ t,   Y ← Y − t qᵀ

(SIMPLS/NIPALS regression mode in the space of rows). K is never deflated: u is orthogonal to T already, and
Yᵀ K Y loses a matrix of rank two. All folds go in step; training rows are marked by zeros elsewhere, so that one
product with the shared K serves all folds and gives the test rows' scores as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurogeom.regression.folds import Fold
from neurogeom.regression.leading import LeadingVector

_EPS = float(np.finfo(np.float64).eps)
_CANCELED = 1e-2
_REFRESH = 1e-4  # YᵀKY is made anew when its leading eigenvalue fell this much: rounding of the updates stays small


@dataclass(frozen=True)
class Scores:
    """What dual PLS found in each fold.

    Parameters
    ----------
    rows : ndarray, shape (folds, components, n)
        Scores of all rows; those of training rows are orthonormal.
    weights : ndarray, shape (folds, components, n)
        Weights of training rows: components = (centered features)ᵀ weights.
    loadings : ndarray, shape (folds, components, t)
        Of the targets.
    means : ndarray, shape (folds, t)
        Training means of the targets.
    n_components : ndarray, shape (folds,)
        Components found before nothing was left.
    """

    rows: np.ndarray
    weights: np.ndarray
    loadings: np.ndarray
    means: np.ndarray
    n_components: np.ndarray


def dual_scores(kernel: np.ndarray, targets: np.ndarray, folds: Sequence[Fold], n_components: int) -> Scores:
    """Return scores, weights and loadings of every fold.

    Parameters
    ----------
    kernel : ndarray, shape (n, n)
        Gram matrix of the features, centered by any one row vector.
    targets : ndarray, shape (n, t)
    folds : sequence of (train, test)
    n_components : int

    Returns
    -------
    Scores

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> found = dual_scores(x @ x.T, 2 * x, [(np.array([0, 1, 2]), np.array([3]))], 1)
    >>> round(float(found.means[0, 0] + found.rows[0, 0, 3] * found.loadings[0, 0, 0]), 9)
    6.0
    """
    return _Run(kernel, targets, folds, n_components).finish()


class _Run:
    """The state of all folds in step; the first axis of every array counts folds."""

    def __init__(self, kernel: np.ndarray, targets: np.ndarray, folds: Sequence[Fold], n_components: int) -> None:
        n_rows, n_targets = targets.shape
        n_folds = len(folds)
        self.kernel, self.folds = kernel, folds
        self.offset = targets.mean(axis=0)
        self.targets = targets - self.offset
        self.mask = np.zeros((n_folds, n_rows))
        for fold, (train, _) in enumerate(folds):
            self.mask[fold, train] = 1.0
        self.n_train = self.mask.sum(axis=1)[:, None]
        self.means = (self.mask @ self.targets) / self.n_train
        self.rows = np.zeros((n_folds, n_components, n_rows))
        self.train_rows = np.zeros((n_folds, n_components, n_rows))
        self.weights = np.zeros((n_folds, n_components, n_rows))
        self.loadings = np.zeros((n_folds, n_components, n_targets))
        self.n_found = np.zeros(n_folds, dtype=int)
        self.active = np.ones(n_folds, dtype=bool)
        noise = 32.0 * _EPS * np.sqrt(n_rows)
        # rounding of K u per unit of u, and of u
        self.noise_of_rows = noise * np.sqrt(_inner(self.mask, self.mask @ kernel**2))
        self.noise_of_weights = noise * np.sqrt((self.mask @ self.targets**2).sum(axis=1))
        self.followers = self._start()
        self.fresh = np.array([np.trace(follower.matrix) for follower in self.followers])

    def _start(self) -> list[LeadingVector]:
        """YᵀKY of each fold's centered training targets: that of all rows, less the test rows."""
        product = self.kernel @ self.targets
        every = self.targets.T @ product
        mass = self.mask @ self.kernel
        followers: list[LeadingVector] = []
        for fold, (train, test) in enumerate(self.folds):
            n_rows = len(self.targets)
            rest = np.setdiff1d(np.arange(n_rows), train) if len(train) + len(test) < n_rows else test
            mean, matrix = self.means[fold], None
            if len(rest) < len(train):
                left = self.targets[rest]
                half = left.T @ (product[rest] - 0.5 * (self.kernel[np.ix_(rest, rest)] @ left))
                side = self.targets[train].T @ mass[fold, train] - 0.5 * (self.mask[fold] @ mass[fold]) * mean
                matrix = every - half - half.T - np.outer(side, mean) - np.outer(mean, side)
            # other rows far from all training rows would leave little but rounding
            if matrix is None or np.trace(matrix) < _CANCELED * np.trace(every):
                kept = self.targets[train] - mean
                matrix = kept.T @ (self.kernel[np.ix_(train, train)] @ kept)
            followers.append(LeadingVector(matrix, followers[0] if followers else None))
        return followers

    def finish(self) -> Scores:
        """Find all components."""
        for number in range(self.rows.shape[1]):
            vectors = self._vectors(number)
            if not self.active.any():
                break
            self._component(number, vectors)
        return Scores(self.rows, self.weights, self.loadings, self.means + self.offset, self.n_found)

    def _vectors(self, number: int) -> np.ndarray:
        """Leading eigenvector of each fold; folds with nothing left drop out."""
        vectors = np.zeros(self.means.shape)
        for fold in np.flatnonzero(self.active):
            value, vector = self.followers[fold].leading()
            if value < _REFRESH * self.fresh[fold]:
                self._refresh(int(fold), number)
                value, vector = self.followers[fold].leading()
                self.fresh[fold] = max(value, 0.0)
            if not value > 0.0:
                self.active[fold] = False
                continue
            vectors[fold] = vector
        return vectors

    def _refresh(self, fold: int, number: int) -> None:
        left = self.targets - self.means[fold]
        left *= self.mask[fold][:, None]
        left -= self.train_rows[fold, :number].T @ self.loadings[fold, :number]
        self.followers[fold].replace(left.T @ (self.kernel @ left))

    def _component(self, number: int, vectors: np.ndarray) -> None:
        mask, old, old_train = self.mask, self.rows[:, :number], self.train_rows[:, :number]
        old_loadings = self.loadings[:, :number]
        weights = vectors @ self.targets.T
        weights -= _inner(self.means, vectors)[:, None]
        weights *= mask
        weights -= _combine(old_train, old_loadings, vectors)
        rows = weights @ self.kernel
        rows -= _inner(mask, rows)[:, None] / self.n_train
        train_rows = mask * rows
        length = np.sqrt(_inner(train_rows, train_rows))
        for _ in range(2):  # twice is enough for orthogonality to rounding, once where little is taken away
            before = length
            rows -= _combine(old, old_train, rows)
            train_rows = mask * rows
            length = np.sqrt(_inner(train_rows, train_rows))
            if (length > 0.1 * before)[self.active].all():
                break
        # what is left of the score, or of the targets, may be rounding only
        reach = np.sqrt(_inner(weights, weights))
        self.active &= (length > self.noise_of_rows * reach) & (reach > self.noise_of_weights)
        scale = np.where(self.active, 1.0 / np.where(length > 0.0, length, 1.0), 0.0)[:, None]
        rows *= scale
        train_rows *= scale
        loadings = train_rows @ self.targets - self.means * train_rows.sum(axis=1)[:, None]
        image = train_rows @ self.kernel
        image -= _inner(mask, image)[:, None] / self.n_train
        image *= mask
        side = image @ self.targets - _combine(old_loadings, old_train, image)
        side -= 0.5 * _inner(train_rows, image)[:, None] * loadings
        self.rows[:, number], self.train_rows[:, number] = rows, train_rows
        self.weights[:, number], self.loadings[:, number] = weights * self.active[:, None], loadings
        for fold in np.flatnonzero(self.active):
            self.followers[fold].subtract(loadings[fold], side[fold])
        self.n_found += self.active


def _inner(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Inner product of each fold's vectors: (folds, n) with (folds, n) -> (folds,)."""
    return np.einsum("fn,fn->f", left, right)


def _combine(combined: np.ndarray, basis: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """The k rows of `combined` in each fold, weighted by the inner products of the k rows of `basis` with a vector."""
    if not combined.shape[1]:
        return np.zeros((len(vectors), combined.shape[2]))
    coefficients = np.matmul(basis, vectors[:, :, None])
    return np.matmul(coefficients.transpose(0, 2, 1), combined)[:, 0]
