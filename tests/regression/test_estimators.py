"""The estimators keep scikit-learn's contract and give the kernels' numbers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from neurogeom.regression import pls_fit, ridge_fit
from neurogeom.regression.estimators import PLSRegression, RidgeCV


@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.NeurogeomWarning")
@parametrize_with_checks(
    [PLSRegression(), PLSRegression(2, algorithm="dual"), RidgeCV(), RidgeCV(alphas=1.0, alpha_per_target=False)]
)
def test_scikit_learns_checks(estimator: object, check: object) -> None:
    state = np.random.get_state()  # noqa: NPY002 (one of the checks draws from it)
    try:
        check(estimator)
    finally:
        np.random.set_state(state)  # noqa: NPY002


@pytest.mark.parametrize("algorithm", ["primal", "dual"])
def test_pls_estimator_gives_the_kernels_numbers(rng: np.random.Generator, algorithm: str) -> None:
    x, y = rng.normal(size=(30, 12)) + 3.0, rng.normal(size=(30, 4))
    estimator = PLSRegression(5, algorithm=algorithm).fit(x, y)
    fit = pls_fit(x, y, 5)
    np.testing.assert_allclose(estimator.predict(x), fit.predict(x), atol=1e-11)
    scores = estimator.transform(x)
    np.testing.assert_allclose(scores.T @ scores, np.eye(5), atol=1e-11)
    assert estimator.coef_.shape == (4, 12)


def test_ridge_estimator_gives_the_kernels_numbers(rng: np.random.Generator) -> None:
    x = rng.normal(size=(30, 12))
    y = x[:, :3] + rng.normal(size=(30, 3))
    estimator = RidgeCV().fit(x, y)
    fit = ridge_fit(x, y)
    np.testing.assert_allclose(estimator.predict(x), fit.predict(x), atol=1e-11)
    np.testing.assert_array_equal(estimator.alpha_, fit.alphas)
    assert estimator.loo_errors_.shape == (99, 3)


def test_pls_estimator_can_be_searched_over(rng: np.random.Generator) -> None:
    x = rng.normal(size=(60, 20))
    search = GridSearchCV(PLSRegression(), {"n_components": [1, 3]}, cv=3).fit(x, x[:, 0] - x[:, 1])
    assert search.best_params_["n_components"] in (1, 3)
    assert search.best_score_ > 0.5
