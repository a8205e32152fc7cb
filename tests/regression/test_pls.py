"""Partial least squares: exact against a slow solver and scikit-learn, and the laws that it obeys."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom._core.warnings import DegenerateInputWarning
from neurogeom.regression import gram, pls_fit, pls_folds

Folds = list[tuple[np.ndarray, np.ndarray]]


def slow_pls(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, n_components: int) -> np.ndarray:
    """Textbook PLS2: the first singular vectors of XᵀY, X deflated by the score. Independent of the kernels."""
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    left, targets = x - x_mean, y - y_mean
    weights, loadings, target_loadings = [], [], []
    for _ in range(n_components):
        weight = np.linalg.svd(left.T @ targets)[0][:, 0]
        score = left @ weight
        loading = left.T @ score / (score @ score)
        weights.append(weight)
        loadings.append(loading)
        target_loadings.append(targets.T @ score / (score @ score))
        left = left - np.outer(score, loading)
    w, p, q = (np.array(part).T for part in (weights, loadings, target_loadings))
    return y_mean + (x_test - x_mean) @ w @ np.linalg.inv(p.T @ w) @ q.T


def problem(seed: int, n: int, p: int, t: int) -> tuple[np.ndarray, np.ndarray, Folds]:
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n, 5))
    x = hidden @ rng.normal(size=(5, p)) + 0.5 * rng.normal(size=(n, p)) + 3.0 * rng.normal(size=p)
    y = hidden @ rng.normal(size=(5, t)) + rng.normal(size=(n, t)) + 3.0 * rng.normal(size=t)
    order = rng.permutation(n)
    fold = n // 4
    return x, y, [(np.sort(order[fold:]), order[:fold]), (order[:-fold], np.sort(order[-fold:]))]


SHAPES = [(40, 100, 12), (40, 100, 1), (40, 15, 6), (40, 15, 30), (40, 100, 70), (60, 60, 100), (120, 90, 80)]


@pytest.mark.parametrize("algorithm", ["primal", "dual"])
@pytest.mark.parametrize(("n", "p", "t"), SHAPES)
def test_both_algorithms_are_textbook_pls(algorithm: str, n: int, p: int, t: int) -> None:
    x, y, folds = problem(n + p + t, n, p, t)
    found = pls_folds(x, y, folds, 7, algorithm=algorithm)
    for number, (train, test) in enumerate(folds):
        expected = slow_pls(x[train], y[train], x[test], 7)
        np.testing.assert_allclose(found.predict(number), expected, rtol=0, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("algorithm", ["primal", "dual"])
def test_a_fit_predicts_as_its_fold_and_its_scores_are_orthonormal(algorithm: str) -> None:
    x, y, folds = problem(1, 40, 60, 8)
    (train, test) = folds[0]
    fit = pls_fit(x[train], y[train], 6, algorithm=algorithm)
    expected = pls_folds(x, y, folds[:1], 6).predict(0)
    np.testing.assert_allclose(fit.predict(x[test]), expected, atol=1e-11)
    scores = (x[train] - fit.mean) @ fit.rotations
    np.testing.assert_allclose(scores.T @ scores, np.eye(6), atol=1e-11)
    np.testing.assert_allclose((x[train] - fit.mean).T @ scores, fit.loadings, atol=1e-10)


@pytest.mark.parametrize(("n", "p", "t"), [(60, 200, 20), (80, 30, 10)])
def test_agrees_with_scikit_learn_when_its_tolerance_is_tight(n: int, p: int, t: int) -> None:
    from sklearn.cross_decomposition import PLSRegression

    x, y, folds = problem(3, n, p, t)
    found = pls_folds(x, y, folds, 6)
    for number, (train, test) in enumerate(folds):
        peer = PLSRegression(6, scale=False, tol=1e-22, max_iter=20_000).fit(x[train], y[train]).predict(x[test])
        np.testing.assert_allclose(found.predict(number), peer, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("algorithm", ["primal", "dual"])
@pytest.mark.parametrize(("n", "p", "t"), [(60, 200, 20), (80, 30, 10)])
def test_agrees_with_ikpls(n: int, p: int, t: int, algorithm: str) -> None:
    """An exact algorithm of others (Dayal & MacGregor), not an iteration with a tolerance."""
    numpy_ikpls = pytest.importorskip("ikpls.numpy", reason="ikpls is not installed (extra dev)")
    rng = np.random.default_rng(n)
    x = rng.normal(size=(n, 8)) @ rng.normal(size=(8, p)) + 0.3 * rng.normal(size=(n, p))
    y = x[:, :5] @ rng.normal(size=(5, t)) + rng.normal(size=(n, t))
    train, test = np.arange(n - 15), np.arange(n - 15, n)
    theirs = numpy_ikpls.PLS(algorithm=1, center_X=True, center_Y=True, scale_X=False, scale_Y=False)
    theirs.fit(x[train], y[train], 10)
    found = pls_folds(x, y, [(train, test)], 10, algorithm=algorithm)
    for n_components in (1, 4, 10):
        expected = theirs.predict(x[test], n_components=n_components)
        np.testing.assert_allclose(found.predict(0, n_components), expected, atol=1e-9 * np.abs(expected).max())


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(12, 40),
    p=st.integers(2, 60),
    t=st.integers(1, 50),
    shift=st.floats(-100, 100),
)
def test_rotations_of_features_and_constants_change_no_prediction(
    seed: int, n: int, p: int, t: int, shift: float
) -> None:
    x, y, folds = problem(seed, n, p, t)
    count = min(3, p)
    rng = np.random.default_rng(seed)
    turned = (x + shift) @ np.linalg.qr(rng.normal(size=(p, p)))[0]
    first = pls_folds(x, y, folds, count)
    second = pls_folds(turned, y + 2 * shift, folds, count)
    for number in range(len(folds)):
        np.testing.assert_allclose(second.predict(number) - 2 * shift, first.predict(number), atol=1e-7)


def test_fewer_components_are_the_first_of_many() -> None:
    x, y, folds = problem(5, 50, 90, 10)
    many = pls_folds(x, y, folds, 12)
    for count in (1, 2, 5):
        few = pls_folds(x, y, folds, count)
        np.testing.assert_allclose(many.predict(0, count), few.predict(0), atol=1e-11)


def test_all_components_are_least_squares() -> None:
    x, y, folds = problem(6, 60, 8, 5)
    train, test = folds[0]
    design = np.column_stack([np.ones(len(train)), x[train]])
    expected = np.column_stack([np.ones(len(test)), x[test]]) @ np.linalg.lstsq(design, y[train])[0]
    np.testing.assert_allclose(pls_folds(x, y, folds, 8).predict(0), expected, atol=1e-9)


def test_rows_in_neither_part_of_a_fold_are_not_used() -> None:
    x, y, _ = problem(7, 50, 80, 6)
    train, test = np.arange(5, 30), np.arange(40, 50)
    expected = slow_pls(x[train], y[train], x[test], 4)
    for algorithm in ("primal", "dual"):
        found = pls_folds(x, y, [(train, test)], 4, algorithm=algorithm).predict(0)
        np.testing.assert_allclose(found, expected, atol=1e-10)


@pytest.mark.parametrize("algorithm", ["primal", "dual"])
def test_test_rows_change_no_prediction_of_others(algorithm: str) -> None:
    x, y, folds = problem(8, 40, 70, 6)
    other_x, other_y = x.copy(), y.copy()
    test = folds[0][1]
    other_x[test[1:]] += 1e3
    other_y[test] += 1e3
    first, second = (
        pls_folds(a, b, folds[:1], 4, algorithm=algorithm).predict(0)[0] for a, b in ((x, y), (other_x, other_y))
    )
    np.testing.assert_allclose(first, second, rtol=1e-8)


@pytest.mark.parametrize("algorithm", ["primal", "dual"])
def test_more_components_than_rank_are_left_out_and_said(algorithm: str) -> None:
    rng = np.random.default_rng(9)
    x = rng.normal(size=(30, 3)) @ rng.normal(size=(3, 50))
    y = x[:, :4] + rng.normal(size=(30, 4))
    folds = [(np.arange(20), np.arange(20, 30))]
    with pytest.warns(DegenerateInputWarning, match="after 3 of 6 components"):
        found = pls_folds(x, y, folds, 6, algorithm=algorithm)
    assert found.n_components.tolist() == [3]
    np.testing.assert_allclose(found.predict(0), pls_folds(x, y, folds, 3, algorithm=algorithm).predict(0), atol=1e-9)


@pytest.mark.parametrize("algorithm", ["primal", "dual"])
def test_components_beyond_the_training_rows_are_cut_and_said(algorithm: str) -> None:
    x, y, _ = problem(10, 12, 30, 3)
    with pytest.warns(DegenerateInputWarning, match="n_components=25 is more than the 9"):
        found = pls_folds(x, y, [(np.arange(10), np.arange(10, 12))], 25, algorithm=algorithm)
    assert np.isfinite(found.predict(0)).all()


@pytest.mark.parametrize("algorithm", ["primal", "dual"])
def test_constant_targets_are_predicted_by_their_mean(algorithm: str) -> None:
    x, y, folds = problem(11, 30, 40, 3)
    y[:] = [1.0, 2.0, 3.0]
    with pytest.warns(DegenerateInputWarning, match="after 0 of 4"):
        found = pls_folds(x, y, folds, 4, algorithm=algorithm)
    np.testing.assert_allclose(found.predict(0), np.broadcast_to([1.0, 2.0, 3.0], (7, 3)), rtol=1e-14)


def test_perfectly_explained_targets_stop_without_noise_components() -> None:
    rng = np.random.default_rng(12)
    x = rng.normal(size=(40, 100))
    y = x[:, :1] + 0 * x[:, :2]
    folds = [(np.arange(30), np.arange(30, 40))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateInputWarning)
        found = pls_folds(x, y, folds, 29)
    minimum_norm = (x[30:] - x[:30].mean(axis=0)) @ np.linalg.pinv(x[:30] - x[:30].mean(axis=0)) @ (
        y[:30] - y[:30].mean(axis=0)
    ) + y[:30].mean(axis=0)
    np.testing.assert_allclose(found.predict(0), minimum_norm, atol=1e-7)


def test_threads_and_a_shared_gram_matrix_change_no_bit() -> None:
    x, y, _ = problem(13, 90, 200, 20)
    rng = np.random.default_rng(0)
    folds = [(order[20:], order[:20]) for order in (rng.permutation(90) for _ in range(12))]
    alone = pls_folds(x, y, folds, 5, n_jobs=1)
    together = pls_folds(x, y, folds, 5, n_jobs=4, products=gram(x))
    for number in range(len(folds)):
        assert alone.predict(number).tobytes() == together.predict(number).tobytes()


def test_a_large_common_offset_of_features_costs_no_digits() -> None:
    x, y, folds = problem(14, 40, 90, 5)
    for algorithm in ("primal", "dual"):
        near = pls_folds(x, y, folds, 4, algorithm=algorithm).predict(0)
        far = pls_folds(x + 1e6, y, folds, 4, algorithm=algorithm).predict(0)
        np.testing.assert_allclose(far, near, atol=1e-7)


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        ([([0, 1, 2], [2, 3])], "both in training and test"),
        ([([0, 1, 2], [])], "no test rows"),
        ([([0], [2])], "1 training row"),
        ([([0, 1], [9])], "outside 0 … 3"),
        ([([0, 0], [1])], "twice"),
        ([], "empty"),
    ],
)
def test_folds_that_leak_or_are_empty_are_refused(folds: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pls_folds(np.eye(4), np.eye(4), folds, 1)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="same n"):
        pls_fit(np.zeros((4, 2)), np.zeros((5, 2)), 1)
    with pytest.raises(ValueError, match="Did you mean 'dual'"):
        pls_fit(np.zeros((4, 2)), np.zeros((4, 2)), 1, algorithm="duel")
