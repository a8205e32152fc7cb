"""Ridge regression with many targets: the penalty of each chosen by leave-one-out, for many folds at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurogeom._core.parallel import run_units
from neurogeom._core.validation import check_vector
from neurogeom.regression.folds import Fold, Gram, check_folds, gram
from neurogeom.regression.ridge_path import (
    Spectrum,
    leave_one_out_errors,
    spectrum_of_features,
    spectrum_of_kernel,
)


@dataclass(frozen=True)
class RidgeFit:
    """A fitted model: ``prediction = intercept + x @ coefficients``.

    Parameters
    ----------
    coefficients : ndarray, shape (p, t)
    intercept : ndarray, shape (t,)
    alphas : ndarray, shape (t,)
        Penalty of each target.
    errors : ndarray, shape (a, t) or (0, t)
        Mean squared leave-one-out error of each penalty; empty where there was no choice.
    """

    coefficients: np.ndarray
    intercept: np.ndarray
    alphas: np.ndarray
    errors: np.ndarray

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return predictions, shape (n, t)."""
        return features @ self.coefficients + self.intercept


@dataclass(frozen=True)
class RidgeFolds:
    """Predictions of the test rows of every fold.

    Parameters
    ----------
    alphas : ndarray, shape (folds, t)
        Penalty of each target in each fold.
    """

    alphas: np.ndarray
    _predictions: tuple[np.ndarray, ...]

    def predict(self, fold: int) -> np.ndarray:
        """Return predictions of the test rows of one fold, shape (n_test, t)."""
        return self._predictions[fold]


def default_alphas() -> np.ndarray:
    """Return the 99 penalties of Brain-Score's ridge: 0.01 … 1, then spaced linearly within decades up to 10⁷.

    Returns
    -------
    ndarray, shape (99,)

    References
    ----------
    Brain-Score (Schrimpf et al. 2020, Neuron 108:413), regression ``ridgecv``.

    Examples
    --------
    >>> len(default_alphas()), default_alphas()[[0, 4, 8, -1]].tolist()
    (99, [0.01, 10.0, 100.0, 10000000.0])
    """
    decades = [np.linspace(10.0**power, 10.0 ** (power + 1), 18, endpoint=False) for power in range(2, 6)]
    few = [np.array([0.01, 0.1, 0.5, 1.0]), np.linspace(10.0, 100.0, 4, endpoint=False)]
    return np.concatenate([*few, *decades, np.linspace(1e6, 1e7, 19)])


def ridge_fit(
    features: np.ndarray, targets: np.ndarray, alphas: Any = None, *, alpha_per_target: bool = True
) -> RidgeFit:
    """Fit ridge regression with an intercept to all rows.

    Parameters
    ----------
    features : ndarray, shape (n, p)
    targets : ndarray, shape (n, t)
    alphas : float or array-like, optional
        Penalties to choose from by leave-one-out; one number is used as it is; :func:`default_alphas` by default.
    alpha_per_target : bool
        Whether each target has its own; otherwise the one with the least error over all targets.

    Returns
    -------
    RidgeFit

    Raises
    ------
    ValueError
        For penalties that are not above zero.

    References
    ----------
    Hoerl & Kennard 1970, Technometrics 12:55; Allen 1974, Technometrics 16:125.

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [2.0]])
    >>> ridge_fit(x, 2 * x, 2.0).coefficients.round(9).tolist()
    [[1.0]]
    """
    penalties = check_alphas(alphas)
    products = gram(features) if features.shape[1] > len(features) else None
    centered_targets = targets - targets.mean(axis=0)
    found = spectrum_of_features(features) if products is None else spectrum_of_kernel(products.matrix)
    chosen, errors = choose_alphas(found, centered_targets, penalties, alpha_per_target)
    mean = features.mean(axis=0)
    coefficients = (features - mean).T @ dual_coefficients(found, centered_targets, chosen)
    return RidgeFit(coefficients, targets.mean(axis=0) - mean @ coefficients, chosen, errors)


def ridge_folds(
    features: np.ndarray,
    targets: np.ndarray,
    folds: Sequence[Any],
    alphas: Any = None,
    *,
    alpha_per_target: bool = True,
    products: Gram | None = None,
    n_jobs: int | None = 1,
) -> RidgeFolds:
    """Fit ridge regression to the training rows of every fold, penalties included, and predict its test rows.

    Parameters
    ----------
    features : ndarray, shape (n, p)
    targets : ndarray, shape (n, t)
    folds : sequence of (train, test)
        Row numbers; a row may not be on both sides.
    alphas : float or array-like, optional
        As in :func:`ridge_fit`.
    alpha_per_target : bool
    products : Gram, optional
        The Gram matrix of `features`, where several sets of targets share it.
    n_jobs : int or None
        Threads over folds.

    Returns
    -------
    RidgeFolds

    Raises
    ------
    ValueError
        For penalties that are not above zero, or a fold with a row on both sides.

    Examples
    --------
    >>> x = np.arange(6.0)[:, None]
    >>> folds = ridge_folds(x, 2 * x, [(np.arange(5), np.array([5]))], 1e-9)
    >>> float(np.round(folds.predict(0)[0, 0], 6))
    10.0
    """
    penalties = check_alphas(alphas)
    pairs = check_folds(folds, len(features))
    by_rows = products is not None or features.shape[1] > min(len(train) for train, _ in pairs)
    if by_rows and products is None:
        products = gram(features)
    kernel = products.matrix if products is not None else None

    def one(pair: Fold) -> tuple[np.ndarray, np.ndarray]:
        if kernel is not None:
            return _fold_by_rows(kernel, targets, pair, penalties, alpha_per_target)
        train, test = pair
        fit = ridge_fit(features[train], targets[train], penalties, alpha_per_target=alpha_per_target)
        return fit.predict(features[test]), fit.alphas

    found = [one(pair) for pair in pairs] if n_jobs == 1 else run_units(one, [(pair,) for pair in pairs], n_jobs=n_jobs)
    return RidgeFolds(np.array([chosen for _, chosen in found]), tuple(prediction for prediction, _ in found))


def check_alphas(alphas: Any) -> np.ndarray:
    """Return penalties as a vector of numbers above zero.

    Parameters
    ----------
    alphas : float, array-like or None

    Returns
    -------
    ndarray, shape (a,)

    Raises
    ------
    ValueError
        Where one is not above zero.

    Examples
    --------
    >>> check_alphas(1).tolist()
    [1.0]
    """
    if alphas is None:
        return default_alphas()
    values = check_vector(np.atleast_1d(np.asarray(alphas)), "alphas")
    if not values.size or not (values > 0.0).all():
        raise ValueError(f"alphas holds {values.min(initial=0.0):g}; penalties above zero are needed, e.g. 1e-9.")
    return values


def choose_alphas(
    spectrum: Spectrum, targets: np.ndarray, alphas: np.ndarray, per_target: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the penalty of each target, shape (t,), and the errors it was chosen by, shape (a, t) or (0, t).

    Examples
    --------
    >>> y = np.array([[-1.0], [0.0], [1.0]])
    >>> choose_alphas(spectrum_of_features(y), y, np.array([0.1, 10.0]), True)[0].tolist()
    [0.1]
    """
    n_targets = targets.shape[1]
    if len(alphas) == 1:
        return np.full(n_targets, alphas[0]), np.empty((0, n_targets))
    errors = leave_one_out_errors(spectrum, targets, alphas)
    if per_target:
        return alphas[errors.argmin(axis=0)], errors
    return np.full(n_targets, alphas[errors.mean(axis=1).argmin()]), errors


def dual_coefficients(spectrum: Spectrum, targets: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    """Return c, shape (n, t), with coefficients = (centered features)ᵀ c, for one penalty per target.

    Examples
    --------
    >>> y = np.array([[-1.0], [0.0], [1.0]])
    >>> round(float((y.T @ dual_coefficients(spectrum_of_features(y), y, np.array([2.0])))[0, 0]), 9)
    0.5
    """
    return spectrum.vectors @ ((spectrum.vectors.T @ targets) / (spectrum.powers[:, None] + alphas))


def predict_by_rows(kernel: np.ndarray, pair: Fold, coefficients: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return predictions of test rows from dual coefficients of training rows, centered as in training.

    Examples
    --------
    >>> x = np.array([[0.0], [2.0], [4.0]])
    >>> pair = (np.array([0, 1]), np.array([2]))
    >>> predict_by_rows(x @ x.T, pair, np.array([[-0.5], [0.5]]), np.array([1.0])).tolist()
    [[4.0]]
    """
    train, test = pair
    # dual coefficients sum to zero over rows, so that only the training rows' mean output is to be taken away
    level = (kernel[np.ix_(train, train)] @ coefficients).mean(axis=0)
    return kernel[np.ix_(test, train)] @ coefficients - level + mean


def _fold_by_rows(
    kernel: np.ndarray, targets: np.ndarray, pair: Fold, alphas: np.ndarray, per_target: bool
) -> tuple[np.ndarray, np.ndarray]:
    train = pair[0]
    mean = targets[train].mean(axis=0)
    centered = targets[train] - mean
    found = spectrum_of_kernel(kernel[np.ix_(train, train)])
    chosen, _ = choose_alphas(found, centered, alphas, per_target)
    return predict_by_rows(kernel, pair, dual_coefficients(found, centered, chosen), mean), chosen
