"""The same regressions as scikit-learn estimators; scikit-learn is loaded with this module only."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    MultiOutputMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from neurogeom.regression.pls import pls_fit
from neurogeom.regression.ridge import ridge_fit


class PLSRegression(ClassNamePrefixFeaturesOutMixin, TransformerMixin, RegressorMixin, MultiOutputMixin, BaseEstimator):
    """Partial least squares with exact components, primal or dual, without scaling.

    Parameters
    ----------
    n_components : int
        More than min(n − 1, p) is cut, with a warning.
    algorithm : {"auto", "primal", "dual"}

    Attributes
    ----------
    coef_ : ndarray, shape (targets, features)
    intercept_ : ndarray, shape (targets,)
    x_rotations_, x_loadings_ : ndarray, shape (features, components)
    y_loadings_ : ndarray, shape (targets, components)
    n_components_ : int
        Components that were found.

    References
    ----------
    Wold, Sjöström & Eriksson 2001, Chemometr. Intell. Lab. 58:109.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(30, 4))
    >>> round(PLSRegression(n_components=4).fit(x, x[:, 0]).score(x, x[:, 0]), 6)
    1.0
    """

    def __init__(self, n_components: int = 25, *, algorithm: str = "auto") -> None:
        self.n_components = n_components
        self.algorithm = algorithm

    def fit(self, X: Any, y: Any = None) -> PLSRegression:
        """Fit to features (n, p) and targets (n,) or (n, t)."""
        X, y = _validated(self, X, y)
        targets = y[:, None] if y.ndim == 1 else y
        fit = pls_fit(X, targets, self.n_components, algorithm=self.algorithm)
        found = max(fit.n_components, 0)
        self._single_target = y.ndim == 1
        self.x_rotations_ = fit.rotations[:, :found]
        self.x_loadings_ = fit.loadings[:, :found]
        self.y_loadings_ = fit.target_loadings[:, :found]
        self._mean = fit.mean
        coefficients = self.x_rotations_ @ self.y_loadings_.T
        self.coef_ = coefficients.T
        self.intercept_ = fit.target_mean - fit.mean @ coefficients
        self.n_components_ = found
        self._n_features_out = found
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return predictions, shape (n,) or (n, t) as in fitting."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        prediction = X @ self.coef_.T + self.intercept_
        return prediction[:, 0] if self._single_target else prediction

    def transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Return scores on the components, shape (n, components); those of training rows are orthonormal.

        ``y`` is not used; scikit-learn hands it to estimators of this name.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        return (X - self._mean) @ self.x_rotations_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.regressor_tags.poor_score = True
        return tags


class RidgeCV(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Ridge regression whose penalty is chosen by leave-one-out, for each target by default.

    Parameters
    ----------
    alphas : float, array-like or None
        Penalties to choose from; 99 between 0.01 and 10⁷ by default (:func:`neurogeom.regression.default_alphas`).
    alpha_per_target : bool

    Attributes
    ----------
    coef_ : ndarray, shape (features,) or (targets, features)
    intercept_ : float or ndarray, shape (targets,)
    alpha_ : float or ndarray, shape (targets,)
    loo_errors_ : ndarray, shape (alphas, targets)
        Mean squared leave-one-out errors; empty for one penalty.

    References
    ----------
    Allen 1974, Technometrics 16:125.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(30, 4))
    >>> RidgeCV(alphas=[0.1, 10.0]).fit(x, x[:, 0]).alpha_
    0.1
    """

    def __init__(self, alphas: Any = None, *, alpha_per_target: bool = True) -> None:
        self.alphas = alphas
        self.alpha_per_target = alpha_per_target

    def fit(self, X: Any, y: Any = None) -> RidgeCV:
        """Fit to features (n, p) and targets (n,) or (n, t)."""
        X, y = _validated(self, X, y)
        targets = y[:, None] if y.ndim == 1 else y
        fit = ridge_fit(X, targets, self.alphas, alpha_per_target=self.alpha_per_target)
        self.loo_errors_ = fit.errors
        if y.ndim == 1:
            self.coef_ = fit.coefficients[:, 0]
            self.intercept_: Any = float(fit.intercept[0])
            self.alpha_: Any = float(fit.alphas[0])
        else:
            self.coef_, self.intercept_ = fit.coefficients.T, fit.intercept
            self.alpha_ = fit.alphas if self.alpha_per_target else float(fit.alphas[0])
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return predictions, shape (n,) or (n, t) as in fitting."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        return X @ self.coef_.T + self.intercept_


def _validated(estimator: BaseEstimator, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    X, y = validate_data(estimator, X, y, dtype=np.float64, multi_output=True, y_numeric=True, ensure_min_samples=2)
    return X, np.asarray(y, dtype=np.float64)
