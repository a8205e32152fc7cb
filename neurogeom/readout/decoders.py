"""Linear decoders as functions: training data in, class of each test row out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from neurogeom._core.warnings import ConvergenceWarning, warn

Decoder = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def zscore_by_training(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both sets shifted and scaled by the training set's mean and standard deviation.

    Neuroids that are constant in training are shifted only, as scikit-learn's ``StandardScaler`` does.
    """
    mean, scale = train.mean(axis=0), train.std(axis=0)
    scale = np.where(scale > 1e-12 * np.abs(train).max(axis=0), scale, 1.0)
    return (train - mean) / scale, (test - mean) / scale


def correlation(train: np.ndarray, codes: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The class whose mean training response has the largest Pearson correlation with the test response."""
    means = _unit_rows(class_means(train, codes))
    return (_unit_rows(test) @ means.T).argmax(axis=1)


def linear_discriminant(train: np.ndarray, codes: np.ndarray, test: np.ndarray, shrinkage: float | str) -> np.ndarray:
    r"""Linear discriminant with shared covariance :math:`(1-s)\,\Sigma_w + s\,\mathrm{tr}(\Sigma_w)/N\,I`.

    Equal to scikit-learn's ``LinearDiscriminantAnalysis(solver="lsqr", shrinkage=s)``, solved in the space of the
    training presentations where these are fewer than the neuroids.
    """
    if shrinkage == "auto":
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(train, codes)
        return model.predict(test)
    means = class_means(train, codes)
    priors = np.bincount(codes) / len(codes)
    within = (train - means[codes]) / np.sqrt(len(codes))
    weights = _solve_shrunk(within, float(shrinkage), means)
    offsets = np.log(priors) - 0.5 * np.einsum("kn,kn->k", means, weights)
    return (test @ weights.T + offsets).argmax(axis=1)


def logistic(train: np.ndarray, codes: np.ndarray, test: np.ndarray, penalty: float) -> np.ndarray:
    """Multinomial logistic regression with an L2 penalty, ``C = 1 / penalty`` in scikit-learn's terms."""
    from sklearn.exceptions import ConvergenceWarning as SolverWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1.0 / penalty, max_iter=1000)
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        guesses = model.fit(train, codes).predict(test)
    if any(issubclass(note.category, SolverWarning) for note in raised):
        warn(
            "decoder='logistic' did not converge in 1,000 steps; use a larger penalty, or decoder='lda'.",
            ConvergenceWarning,
        )
    return guesses


def by_estimator(estimator: Any) -> Decoder:
    """A scikit-learn classifier as a decoder; a fresh copy is fitted each time."""
    from sklearn.base import clone

    return lambda train, codes, test: np.asarray(clone(estimator).fit(train, codes).predict(test))


def class_means(points: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Mean of each class, in the order of the codes."""
    return np.stack([points[codes == code].mean(axis=0) for code in range(codes.max() + 1)])


def _unit_rows(rows: np.ndarray) -> np.ndarray:
    centered = rows - rows.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centered, axis=1, keepdims=True)
    return centered / np.where(norms > 0, norms, 1.0)


def _solve_shrunk(within: np.ndarray, shrinkage: float, targets: np.ndarray) -> np.ndarray:
    """Rows Σ⁻¹ target for Σ = (1 - s) WᵀW + s tr(WᵀW)/N I."""
    n, n_neuroids = within.shape
    ridge = shrinkage * np.sum(within**2) / n_neuroids
    if ridge <= 0.0:
        return np.linalg.lstsq(within.T @ within, targets.T, rcond=None)[0].T
    scale = 1.0 - shrinkage
    if n_neuroids <= n:
        covariance = scale * (within.T @ within)
        covariance[np.diag_indices(n_neuroids)] += ridge
        return cho_solve(cho_factor(covariance), targets.T).T
    # matrix inversion lemma: a system of n presentations in place of N neuroids
    gram = scale * (within @ within.T)
    gram[np.diag_indices(n)] += ridge
    inner = cho_solve(cho_factor(gram), within @ targets.T)
    return (targets - scale * (within.T @ inner).T) / ridge
