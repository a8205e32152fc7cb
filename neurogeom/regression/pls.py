"""Partial least squares with many targets, exact: fitted once, or in many folds for hardly more than one costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from neurogeom._core.parallel import run_units
from neurogeom._core.validation import check_count, check_option
from neurogeom._core.warnings import DegenerateInputWarning, warn
from neurogeom.regression.folds import Fold, Gram, check_folds, gram
from neurogeom.regression.pls_dual import Scores, dual_scores
from neurogeom.regression.pls_primal import Directions, primal_directions

ALGORITHMS = ("auto", "primal", "dual")
_STEP_BYTES = 2**24  # folds that go in step hold about this much together; larger problems give more units for threads


@dataclass(frozen=True)
class PLSFit:
    """A fitted model: ``scores = (x − mean) @ rotations``, ``prediction = target_mean + scores @ target_loadingsᵀ``.

    Parameters
    ----------
    rotations, loadings : ndarray, shape (p, components)
    target_loadings : ndarray, shape (t, components)
    mean, target_mean : ndarray, shape (p,), (t,)
    n_components : int
        Fewer than asked for where nothing was left to explain.
    algorithm : str
    """

    rotations: np.ndarray
    loadings: np.ndarray
    target_loadings: np.ndarray
    mean: np.ndarray
    target_mean: np.ndarray
    n_components: int
    algorithm: str

    def predict(self, features: np.ndarray, n_components: int | None = None) -> np.ndarray:
        """Return predictions, shape (n, t), with the first `n_components` of the components."""
        scores = (features - self.mean) @ self.rotations[:, :n_components]
        return self.target_mean + scores @ self.target_loadings[:, :n_components].T


@dataclass(frozen=True)
class PLSFolds:
    """Models of all folds; predictions of test rows for any number of components up to the largest.

    Parameters
    ----------
    n_components : ndarray, shape (folds,)
        Components found in each fold.
    algorithm : str
    """

    n_components: np.ndarray
    algorithm: str
    _parts: tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]

    def predict(self, fold: int, n_components: int | None = None) -> np.ndarray:
        """Return predictions of the test rows of one fold, shape (n_test, t)."""
        scores, loadings, mean = self._parts[fold]
        return mean + scores[:, :n_components] @ loadings[:n_components]


def pls_fit(features: np.ndarray, targets: np.ndarray, n_components: int, *, algorithm: str = "auto") -> PLSFit:
    """Fit partial least squares (PLS2, regression mode) to all rows, without scaling.

    Parameters
    ----------
    features : ndarray, shape (n, p)
    targets : ndarray, shape (n, t)
    n_components : int
        More than min(n − 1, p) is cut, with a warning.
    algorithm : {"auto", "primal", "dual"}
        Primal works in features × features, dual in rows × rows; auto takes the smaller.

    Returns
    -------
    PLSFit

    Raises
    ------
    ValueError
        For shapes that do not fit, or fewer than 2 rows.

    Notes
    -----
    Component a is ``w = argmax ‖Y_aᵀ X_a w‖``, ``t = X_a w``, and X_a is deflated by t; the singular vectors are found
    to rounding, unlike NIPALS stopped early.

    References
    ----------
    Wold, Sjöström & Eriksson 2001, Chemometr. Intell. Lab. 58:109 (PLS2); Dayal & MacGregor 1997, J. Chemometr. 11:73
    (kernel algorithm).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(20, 5))
    >>> fit = pls_fit(x, x[:, :2], 5)
    >>> bool(np.allclose(fit.predict(x), x[:, :2]))
    True
    """
    check_option("algorithm", algorithm, ALGORITHMS)
    n_rows, n_features = _check_shapes(features, targets)
    if n_rows < 2:
        raise ValueError(f"features has {n_rows} row; partial least squares needs at least 2.")
    count = clamp_components(n_components, n_rows, n_features)
    everything: Fold = (np.arange(n_rows), np.arange(0))
    if _choose(algorithm, n_rows, n_features) == "primal":
        (found,) = primal_directions(features, targets, [everything], count)
        return PLSFit(
            found.rotations, found.loadings, found.target_loadings, found.mean, found.target_mean,
            _warn_fewer(np.array([found.n_components]), count), "primal",
        )  # fmt: skip
    products = gram(features)
    reduced, basis, offset = _fewer_targets(targets)
    scores = dual_scores(products.matrix, reduced, [everything], count)
    return _from_scores(features, products, scores, basis, offset, count)


def pls_folds(
    features: np.ndarray,
    targets: np.ndarray,
    folds: Sequence[Any],
    n_components: int = 25,
    *,
    algorithm: str = "auto",
    products: Gram | None = None,
    n_jobs: int | None = 1,
) -> PLSFolds:
    """Fit partial least squares to the training rows of every fold and predict its test rows.

    Parameters
    ----------
    features : ndarray, shape (n, p)
    targets : ndarray, shape (n, t)
    folds : sequence of (train, test)
        Row numbers; a row may not be on both sides.
    n_components : int
        More than min(n_train − 1, p) is cut, with a warning.
    algorithm : {"auto", "primal", "dual"}
        As in :func:`pls_fit`. Dual makes one Gram matrix for all folds, primal one XᵀX.
    products : Gram, optional
        The Gram matrix of `features`, where several sets of targets share it (dual).
    n_jobs : int or None
        Threads over folds. The numbers do not depend on it.

    Returns
    -------
    PLSFolds

    Raises
    ------
    ValueError
        For shapes that do not fit, or a fold with a row on both sides.

    References
    ----------
    As :func:`pls_fit`; folds by subtraction as in Engstrøm & Jensen 2025, J. Chemometr. (fast
    partition-based cross-validation with centering and scaling for XᵀX and XᵀY).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(20, 50))
    >>> folds = pls_folds(x, x[:, :2], [(np.arange(15), np.arange(15, 20))], 3)
    >>> folds.predict(0).shape, folds.algorithm
    ((5, 2), 'dual')
    """
    check_option("algorithm", algorithm, ALGORITHMS)
    n_rows, n_features = _check_shapes(features, targets)
    pairs = check_folds(folds, n_rows)
    n_train = min(len(train) for train, _ in pairs)
    chosen = _choose(algorithm, n_train, n_features)
    count = clamp_components(n_components, n_train, n_features)
    if chosen == "primal":
        return _primal_folds(features, targets, pairs, count, n_jobs)
    kernel = (gram(features) if products is None else products).matrix
    reduced, basis, offset = _fewer_targets(targets)
    step = max(1, min(10, int(_STEP_BYTES / (8.0 * (3 * count * n_rows + 2 * reduced.shape[1] ** 2)))))
    starts = range(0, len(pairs), step)
    units = [(kernel, reduced, pairs[start : start + step], count) for start in starts]
    found = [dual_scores(*units[0])] if len(units) == 1 else run_units(dual_scores, units, n_jobs=n_jobs)
    parts = []
    for start, scores in zip(starts, found):
        for number, (_, test) in enumerate(pairs[start : start + step]):
            loadings, mean = scores.loadings[number], scores.means[number]
            if basis is not None:
                loadings, mean = loadings @ basis.T, mean @ basis.T
            parts.append((np.ascontiguousarray(scores.rows[number][:, test].T), loadings, mean + offset))
    counts = np.concatenate([scores.n_components for scores in found])
    _warn_fewer(counts, count)
    return PLSFolds(counts, "dual", tuple(parts))


def clamp_components(n_components: int, n_train: int, n_features: int) -> int:
    """Return the number of components that can exist: at most n_train − 1 and the number of features.

    Parameters
    ----------
    n_components : int
    n_train, n_features : int

    Returns
    -------
    int

    Warns
    -----
    DegenerateInputWarning
        Where it is cut.

    Examples
    --------
    >>> clamp_components(25, 100, 50)
    25
    """
    count = check_count("n_components", n_components)
    most = min(n_train - 1, n_features)
    if count > most:
        warn(
            f"n_components={count} is more than the {most} that {n_train} training rows and {n_features} features "
            f"allow; {most} are used.",
            DegenerateInputWarning,
        )
    return max(min(count, most), 1)


def _primal_folds(
    features: np.ndarray, targets: np.ndarray, pairs: list[Fold], count: int, n_jobs: int | None
) -> PLSFolds:
    blocks = [pairs[start : start + 5] for start in range(0, len(pairs), 5)]
    nested = run_units(primal_directions, [(features, targets, block, count) for block in blocks], n_jobs=n_jobs)
    found: list[Directions] = [directions for block in nested for directions in block]
    parts = tuple(
        ((features[test] - fit.mean) @ fit.rotations, fit.target_loadings.T, fit.target_mean)
        for fit, (_, test) in zip(found, pairs)
    )
    counts = np.array([fit.n_components for fit in found])
    _warn_fewer(counts, count)
    return PLSFolds(counts, "primal", parts)


def _from_scores(
    features: np.ndarray, products: Gram, scores: Scores, basis: np.ndarray | None, offset: np.ndarray, count: int
) -> PLSFit:
    """Rotations in the space of features from weights in the space of rows: R = Xᵀ U (Tᵀ K U)⁻¹."""
    found = int(scores.n_components[0])
    weights, rows = scores.weights[0, :found], scores.rows[0, :found]
    triangle = np.triu(rows @ products.matrix @ weights.T)
    centered = features - products.mean
    rotations = np.zeros((features.shape[1], count))
    if found:
        rotations[:, :found] = scipy.linalg.solve_triangular(triangle, weights @ centered, trans="T").T
    loadings = np.zeros((features.shape[1], count))
    loadings[:, :found] = centered.T @ rows.T
    target_loadings, mean = scores.loadings[0], scores.means[0]
    if basis is not None:
        target_loadings, mean = target_loadings @ basis.T, mean @ basis.T
    _warn_fewer(scores.n_components, count)
    return PLSFit(rotations, loadings, target_loadings.T.copy(), products.mean, mean + offset, found, "dual")


def _fewer_targets(targets: np.ndarray) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Targets turned so that there are no more of them than rows: PLS2 does not change by a rotation of targets."""
    offset = targets.mean(axis=0)
    if targets.shape[1] <= targets.shape[0]:
        return np.asarray(targets, dtype=np.float64) - offset, None, offset
    basis, turned = scipy.linalg.qr((targets - offset).T, mode="economic")
    return np.ascontiguousarray(turned.T), basis, offset


def _choose(algorithm: str, n_rows: int, n_features: int) -> str:
    if algorithm != "auto":
        return algorithm
    return "dual" if n_features > n_rows else "primal"


def _check_shapes(features: np.ndarray, targets: np.ndarray) -> tuple[int, int]:
    if features.ndim != 2 or targets.ndim != 2 or len(features) != len(targets):
        raise ValueError(
            f"features has shape {features.shape}, targets has shape {targets.shape}; (n, p) and (n, t) with the same "
            "n are needed."
        )
    if not features.shape[1] or not targets.shape[1]:
        raise ValueError("features and targets need at least one column each.")
    return features.shape


def _warn_fewer(found: np.ndarray, count: int) -> int:
    fewer = int(found.min())
    if fewer < count:
        warn(
            f"nothing is left to explain after {fewer} of {count} components (features or targets have that rank); "
            "the others are left out.",
            DegenerateInputWarning,
        )
    return fewer
