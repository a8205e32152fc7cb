"""Ridge regression: leave-one-out by refitting, penalties as scikit-learn chooses, bands against scaled features."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom.regression import banded_folds, default_alphas, ridge_fit, ridge_folds
from neurogeom.regression.banded import band_mixes
from neurogeom.regression.ridge_path import leave_one_out_errors, spectrum_of_features, spectrum_of_kernel


def solve(x: np.ndarray, y: np.ndarray, alpha: float, x_test: np.ndarray) -> np.ndarray:
    """Ridge by its normal equations."""
    mean = x.mean(axis=0)
    left = x - mean
    weights = np.linalg.solve(left.T @ left + alpha * np.eye(x.shape[1]), left.T @ (y - y.mean(axis=0)))
    return y.mean(axis=0) + (x_test - mean) @ weights


def problem(seed: int, n: int, p: int, t: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) * np.arange(1, p + 1) ** -0.5 + rng.normal(size=p)
    return x, x @ rng.normal(size=(p, t)) + rng.normal(size=(n, t)) * np.arange(1, t + 1)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(5, 14), p=st.integers(1, 20), repeat=st.booleans())
def test_leave_one_out_errors_are_those_of_refitting(seed: int, n: int, p: int, repeat: bool) -> None:
    x, y = problem(seed, n, p, 3)
    if repeat:  # presentations that are equal in all features: directions without power besides the constant one
        x[1] = x[0]
    alphas = np.array([0.03, 1.0, 70.0, 1e4])
    expected = np.zeros((len(alphas), 3))
    for number, alpha in enumerate(alphas):
        for row in range(n):
            others = np.arange(n) != row
            expected[number] += (y[row] - solve(x[others], y[others], alpha, x[row : row + 1])[0]) ** 2 / n
    targets = y - y.mean(axis=0)
    for found in (spectrum_of_kernel(x @ x.T), spectrum_of_features(x)):
        np.testing.assert_allclose(leave_one_out_errors(found, targets, alphas), expected, rtol=2e-8)


@pytest.mark.parametrize(("n", "p"), [(60, 300), (60, 20)])
def test_errors_of_a_fine_grid_equal_those_computed_one_by_one(n: int, p: int) -> None:
    x, y = problem(1, n, p, 4)
    targets, alphas = y - y.mean(axis=0), default_alphas()
    found = spectrum_of_kernel(x @ x.T) if p > n else spectrum_of_features(x)
    together = leave_one_out_errors(found, targets, alphas)
    alone = np.concatenate([leave_one_out_errors(found, targets, alphas[i : i + 1]) for i in range(len(alphas))])
    np.testing.assert_allclose(together, alone, rtol=1e-9)


@pytest.mark.parametrize(("n", "p"), [(80, 200), (80, 12)])
@pytest.mark.parametrize("per_target", [True, False])
def test_penalties_and_predictions_are_scikit_learns(n: int, p: int, per_target: bool) -> None:
    from sklearn.linear_model import RidgeCV

    x, y = problem(2, n, p, 9)
    train, test = np.arange(60), np.arange(60, 80)
    peer = RidgeCV(default_alphas(), alpha_per_target=per_target).fit(x[train], y[train])
    found = ridge_folds(x, y, [(train, test)], alpha_per_target=per_target)
    np.testing.assert_array_equal(found.alphas[0], peer.alpha_)
    np.testing.assert_allclose(found.predict(0), peer.predict(x[test]), rtol=1e-6, atol=1e-7)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), p=st.integers(1, 40), alpha=st.floats(1e-2, 1e3), shift=st.floats(-50, 50))
def test_one_penalty_is_the_normal_equations_and_constants_change_nothing(
    seed: int, p: int, alpha: float, shift: float
) -> None:
    x, y = problem(seed, 20, p, 3)
    train, test = np.arange(14), np.arange(14, 20)
    expected = solve(x[train], y[train], alpha, x[test])
    found = ridge_folds(x + shift, y - shift, [(train, test)], alpha).predict(0) + shift
    np.testing.assert_allclose(found, expected, atol=1e-8 * (1 + np.abs(expected).max()))
    fit = ridge_fit(x[train], y[train], alpha)
    np.testing.assert_allclose(fit.predict(x[test]), expected, atol=1e-8 * (1 + np.abs(expected).max()))


def test_rotations_of_features_change_no_prediction(rng: np.random.Generator) -> None:
    x, y = problem(4, 30, 50, 4)
    turned = x @ np.linalg.qr(rng.normal(size=(50, 50)))[0]
    folds = [(np.arange(20), np.arange(20, 30))]
    np.testing.assert_allclose(ridge_folds(turned, y, folds).predict(0), ridge_folds(x, y, folds).predict(0), atol=1e-8)


def test_the_grid_has_brain_scores_spacing() -> None:
    alphas = default_alphas()
    assert len(alphas) == 99
    assert (np.diff(alphas) > 0).all()
    assert [int(((alphas >= low) & (alphas < 10 * low)).sum()) for low in (10, 100, 1e3, 1e4, 1e5)] == [
        4,
        18,
        18,
        18,
        18,
    ]
    assert int((alphas >= 1e6).sum()) == 19
    assert alphas[:4].tolist() == [0.01, 0.1, 0.5, 1.0]


def test_threads_change_no_bit() -> None:
    x, y = problem(5, 60, 90, 5)
    folds = [(np.setdiff1d(np.arange(60), part), part) for part in np.arange(60).reshape(6, 10)]
    one, four = (ridge_folds(x, y, folds, n_jobs=n_jobs) for n_jobs in (2, 4))
    assert all(one.predict(fold).tobytes() == four.predict(fold).tobytes() for fold in range(6))


@pytest.mark.parametrize("alphas", [0.0, -1.0, [1.0, 0.0], []])
def test_penalties_not_above_zero_are_refused(alphas: object) -> None:
    with pytest.raises(ValueError, match="above zero"):
        ridge_fit(np.eye(3), np.eye(3), alphas)


def test_a_mix_of_bands_is_ridge_on_scaled_features() -> None:
    x, y = problem(6, 40, 8, 3)
    other = np.random.default_rng(7).normal(size=(40, 60))
    train, test = np.arange(30), np.arange(30, 40)
    found = banded_folds([x, other], y, [(train, test)], 0.5, n_candidates=12, seed=3)
    for target in range(3):
        scaled = []
        for band, weight in zip((x, other), found.weights[0, :, target]):
            power = ((band[train] - band[train].mean(axis=0)) ** 2).sum() / len(train)
            scaled.append(band * np.sqrt(weight / power))
        expected = solve(*(np.hstack(scaled)[train], y[train][:, [target]]), 0.5, np.hstack(scaled)[test])
        np.testing.assert_allclose(found.predict(0)[:, [target]], expected, atol=1e-9)


def test_one_band_is_ridge_and_a_useless_band_gets_little() -> None:
    x, y = problem(8, 60, 5, 2)
    y = y + 0.0
    noise = np.random.default_rng(9).normal(size=(60, 100))
    folds = [(np.arange(45), np.arange(45, 60))]
    power = ((x[:45] - x[:45].mean(axis=0)) ** 2).sum() / 45
    single = banded_folds([x], y, folds, 0.3)
    np.testing.assert_allclose(single.predict(0), ridge_folds(x, y, folds, 0.3 * power).predict(0), atol=1e-9)
    both = banded_folds([x, noise], x[:, :2], folds, seed=0)
    assert (both.weights[0, 0] > 0.8).all()


def test_mixes_of_bands_lie_on_the_simplex_and_repeat_with_the_seed() -> None:
    mixes = band_mixes(3, 20, 5)
    assert mixes.shape == (20, 3)
    assert (mixes >= 0).all()
    np.testing.assert_allclose(mixes.sum(axis=1), 1.0)
    np.testing.assert_array_equal(mixes, band_mixes(3, 20, 5))
    assert not np.array_equal(mixes, band_mixes(3, 20, 6))


class TestHimalaya:
    """himalaya chooses by five folds, ours by leave-one-out: with one mix and one penalty nothing is left to choose."""

    @pytest.fixture(params=["himalaya", "himalaya_torch"])
    def backend(self, request: pytest.FixtureRequest) -> str:
        pytest.importorskip("himalaya", reason="himalaya is not installed (extra ridge)")
        return request.param

    @staticmethod
    def problem() -> tuple[list[np.ndarray], np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
        rng = np.random.default_rng(5)
        good, bad = rng.normal(size=(70, 4)) + 3.0, 5 * rng.normal(size=(70, 40))
        y = good @ rng.normal(size=(4, 6)) + 0.3 * rng.normal(size=(70, 6)) + 10.0
        rows = rng.permutation(70)
        return [good, bad], y, [(rows[:50], rows[50:]), (rows[20:], rows[:20])]

    def test_the_same_mix_and_penalty_give_the_same_predictions(self, backend: str) -> None:
        bands, y, folds = self.problem()
        for alone in (bands[:1], bands[1:]):  # a band by itself has one mix
            ours, theirs = (banded_folds(alone, y, folds, 0.3, backend=which) for which in ("numpy", backend))
            for fold in range(2):
                np.testing.assert_allclose(theirs.predict(fold), ours.predict(fold), rtol=1e-8)
            np.testing.assert_allclose(theirs.alphas, ours.alphas)
            np.testing.assert_allclose(theirs.weights, 1.0)

    def test_the_choice_finds_the_band_that_matters(self, backend: str) -> None:
        bands, y, folds = self.problem()
        ours, theirs = (banded_folds(bands, y, folds, backend=which, seed=1) for which in ("numpy", backend))
        np.testing.assert_allclose(theirs.weights.sum(axis=1), 1.0)
        assert (theirs.weights[:, 0] > 0.8).all()
        for fold in range(2):
            np.testing.assert_allclose(theirs.predict(fold), ours.predict(fold), atol=0.25 * y.std())

    def test_the_back_end_of_the_process_stays_as_it_was(self, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
        from himalaya import kernel_ridge
        from himalaya.backend import get_backend

        bands, y, folds = self.problem()
        before = get_backend().name
        banded_folds(bands, y, folds, 0.3, n_candidates=4, backend=backend)
        assert get_backend().name == before

        def broken(*arguments: object, **options: object) -> None:
            assert get_backend().name in backend.replace("himalaya_", "") + " numpy"
            raise FloatingPointError

        monkeypatch.setattr(kernel_ridge, "solve_multiple_kernel_ridge_random_search", broken)
        with pytest.raises(FloatingPointError):
            banded_folds(bands, y, folds, 0.3, backend=backend)
        assert get_backend().name == before


def test_a_back_end_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bands, y, folds = TestHimalaya.problem()
    with pytest.raises(ValueError, match="Did you mean 'himalaya'"):
        banded_folds(bands, y, folds, backend="himalya")
    monkeypatch.setitem(sys.modules, "himalaya", None)
    monkeypatch.setitem(sys.modules, "himalaya.backend", None)
    with pytest.raises(ImportError, match=r"neurogeom\[ridge\]"):
        banded_folds(bands, y, folds, backend="himalaya")
