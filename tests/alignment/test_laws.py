"""Laws of the distances between clouds: range, identity, symmetry, what changes them and what does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom.alignment import pca_distance
from neurogeom.alignment.covariance import squared_distance, squared_distance_from_gram
from neurogeom.alignment.cross_regression import least_squares_error, regression_errors, transferred_r2
from neurogeom.alignment.signal import signal_mismatch
from neurogeom.alignment.subspaces import subspace_distance

seeds = st.integers(0, 2**32 - 1)
fast = settings(max_examples=25, deadline=None)


def clouds(seed: int, count: int = 2) -> list[np.ndarray]:
    """Clouds of random size, of fewer or more points than neuroids, with unequal spectra and means."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 12))
    return [
        rng.normal(size=(int(rng.integers(4, 20)), n)) @ rng.normal(size=(n, n)) + 5 * rng.normal(size=n)
        for _ in range(count)
    ]


def with_features(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two clouds with far more points than neuroids, and features they code."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 8))
    a, b = (rng.normal(size=(40, n)) @ rng.normal(size=(n, n)) for _ in range(2))
    features = [cloud @ rng.normal(size=n) + 0.3 * rng.normal(size=40) for cloud in (a, b)]
    return a, b, features[0], features[1]


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(squared_distance(a, b)))


def rotation(seed: int, n: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]


class TestCovarianceAlignment:
    @fast
    @given(seeds)
    def test_lies_between_zero_and_root_two_and_is_symmetric(self, seed: int) -> None:
        a, b = clouds(seed)
        assert 0 <= distance(a, b) <= np.sqrt(2) + 1e-12
        assert distance(a, b) == pytest.approx(distance(b, a), abs=1e-12)

    @fast
    @given(seeds)
    def test_is_exactly_zero_on_itself_shifted_scaled_and_reordered(self, seed: int) -> None:
        (a,) = clouds(seed, 1)
        order = np.random.default_rng(seed).permutation(len(a))
        assert distance(a, a) < 1e-13
        assert distance(a, -3.7 * a[order] + 11) < 1e-12

    @fast
    @given(seeds)
    def test_is_unchanged_by_shift_scale_and_common_rotation(self, seed: int) -> None:
        a, b = clouds(seed)
        turn = rotation(seed, a.shape[1])
        expected = distance(a, b)
        assert distance(a + 4, 0.01 * b - 2) == pytest.approx(expected, abs=1e-9)
        assert distance(a @ turn, b @ turn) == pytest.approx(expected, abs=1e-9)

    def test_is_changed_by_a_common_invertible_map(self) -> None:
        rng = np.random.default_rng(1)
        a, b = rng.normal(size=(60, 5)) * [3, 1, 1, 1, 1], rng.normal(size=(60, 5)) * [1, 1, 1, 1, 3]
        stretch = np.diag([0.2, 1, 1, 1, 1])
        assert abs(distance(a @ stretch, b @ stretch) - distance(a, b)) > 0.05

    def test_is_root_two_for_orthogonal_supports(self) -> None:
        rng = np.random.default_rng(2)
        a, b = np.zeros((10, 6)), np.zeros((12, 6))
        a[:, :3], b[:, 3:] = rng.normal(size=(10, 3)), rng.normal(size=(12, 3))
        assert distance(a, b) == pytest.approx(np.sqrt(2), abs=1e-12)

    def test_is_zero_for_equal_isotropic_covariances_unlike_the_printed_form(self) -> None:
        n = 20
        points = np.concatenate([np.eye(n), -np.eye(n)])
        assert distance(points, 2 * points) < 1e-12  # the printed denominators give d^2 = 2 - 2/n = 1.9

    @fast
    @given(seeds)
    def test_agrees_with_the_dense_form(self, seed: int) -> None:
        a, b = clouds(seed)
        covariances = [np.cov(x.T, bias=True).reshape(a.shape[1], a.shape[1]) for x in (a, b)]
        roots = []
        for matrix in covariances:
            values, vectors = np.linalg.eigh(matrix)
            roots.append(vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T)
        overlap = np.linalg.svd(roots[0] @ roots[1], compute_uv=False).sum()
        dense = 2 - 2 * overlap / np.sqrt(np.trace(covariances[0]) * np.trace(covariances[1]))
        assert squared_distance(a, b) == pytest.approx(dense, abs=1e-6)

    @fast
    @given(seeds)
    def test_follows_from_inner_products_alone(self, seed: int) -> None:
        a, b = clouds(seed)
        both = np.concatenate([a, b])
        found = squared_distance_from_gram(both @ both.T, np.arange(len(a)), np.arange(len(a), len(both)))
        assert found == pytest.approx(squared_distance(a, b), abs=1e-9)

    def test_the_distance_obeys_the_triangle_inequality_and_its_square_does_not(self) -> None:
        broken = 0
        for seed in range(100):
            a, b, c = clouds(seed, 3)
            ab, bc, ac = distance(a, b), distance(b, c), distance(a, c)
            assert ac <= ab + bc + 1e-10
            broken += ac**2 > ab**2 + bc**2
        assert broken > 0

    def test_does_not_overflow_or_underflow(self) -> None:
        rng = np.random.default_rng(3)
        a, b = rng.normal(size=(8, 4)), rng.normal(size=(8, 4))
        assert distance(1e200 * a, 1e-200 * b) == pytest.approx(distance(a, b), abs=1e-12)


class TestSignalMismatch:
    @fast
    @given(seeds)
    def test_lies_between_zero_and_two_and_is_symmetric(self, seed: int) -> None:
        a, b, fa, fb = with_features(seed)
        value = signal_mismatch(a, b, fa, fb)[0]
        assert -1e-12 <= value <= 2 + 1e-12
        assert signal_mismatch(b, a, fb, fa)[0] == pytest.approx(value, abs=1e-9)

    @fast
    @given(seeds, st.floats(0, 10))
    def test_is_zero_on_itself_and_two_for_opposite_clouds_or_features_at_any_ridge(
        self, seed: int, ridge: float
    ) -> None:
        a, _, f, _ = with_features(seed)
        assert signal_mismatch(a, a, f, f, ridge=ridge)[0] == pytest.approx(0, abs=1e-12)
        assert signal_mismatch(a, -a, f, f, ridge=ridge)[0] == pytest.approx(2, abs=1e-12)
        assert signal_mismatch(a, a, f, -f, ridge=ridge)[0] == pytest.approx(2, abs=1e-12)

    @fast
    @given(seeds, st.floats(1e-3, 1e3))
    def test_is_unchanged_by_a_common_scale_of_points_or_features(self, seed: int, scale: float) -> None:
        a, b, fa, fb = with_features(seed)
        expected = signal_mismatch(a, b, fa, fb)[0]
        assert signal_mismatch(scale * a, scale * b, fa, fb)[0] == pytest.approx(expected, abs=1e-8)
        assert signal_mismatch(a, b, scale * fa, scale * fb)[0] == pytest.approx(expected, abs=1e-8)

    @fast
    @given(seeds)
    def test_is_unchanged_by_any_common_invertible_map(self, seed: int) -> None:
        a, b, fa, fb = with_features(seed)
        n = a.shape[1]
        rng = np.random.default_rng(seed)
        mixing = rotation(seed, n) * rng.uniform(0.2, 5, size=n) @ rotation(seed + 1, n)
        expected = signal_mismatch(a, b, fa, fb)[0]
        assert signal_mismatch(a @ mixing, b @ mixing, fa, fb)[0] == pytest.approx(expected, abs=1e-7)

    def test_is_changed_by_a_scale_of_one_cloud_or_one_feature(self) -> None:
        a, b, fa, fb = with_features(5)
        expected = signal_mismatch(a, b, fa, fb)[0]
        assert abs(signal_mismatch(3 * a, b, fa, fb)[0] - expected) > 1e-3
        assert abs(signal_mismatch(a, b, 3 * fa, fb)[0] - expected) > 1e-3

    @fast
    @given(seeds)
    def test_is_one_for_subspaces_that_meet_only_at_zero_oblique_too(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        basis = rng.normal(size=(5, 9)) + 1.0  # oblique
        a, b = rng.normal(size=(30, 2)) @ basis[:2], rng.normal(size=(30, 3)) @ basis[2:]
        fa, fb = a @ rng.normal(size=9), b @ rng.normal(size=9)
        value, overlap_rank = signal_mismatch(a, b, fa, fb)
        assert value == pytest.approx(1, abs=1e-9)
        assert overlap_rank == 0

    @fast
    @given(seeds)
    def test_agrees_with_the_dense_form(self, seed: int) -> None:
        a, b, fa, fb = with_features(seed)
        a, b, fa, fb = a - a.mean(0), b - b.mean(0), fa - fa.mean(), fb - fb.mean()
        pooled = np.linalg.pinv(a.T @ a / len(a) + b.T @ b / len(b))
        xa, xb = a.T @ fa / len(a), b.T @ fb / len(b)
        dense = (xa - xb) @ pooled @ (xa - xb) / (xa @ pooled @ xa + xb @ pooled @ xb)
        assert signal_mismatch(a, b, fa, fb)[0] == pytest.approx(dense, abs=1e-8)

    def test_with_many_points_and_equal_covariances_it_is_that_of_the_population(self) -> None:
        rng = np.random.default_rng(6)
        scale = np.array([2.0, 1.0, 0.5])
        own, other = np.array([1.0, 0.5, 0]), np.array([0.5, 1.0, 1.0])
        a, b = rng.normal(size=(200_000, 3)) * scale, rng.normal(size=(200_000, 3)) * scale
        inner = own * scale**2 @ other
        expected = 1 - 2 * inner / (own * scale**2 @ own + other * scale**2 @ other)
        assert signal_mismatch(a, b, a @ own, b @ other)[0] == pytest.approx(expected, abs=0.01)

    @pytest.mark.parametrize(("n", "saturated"), [(37, False), (38, True), (100, True)])
    def test_it_saturates_from_the_dimension_where_centered_points_share_nothing(self, n: int, saturated: bool) -> None:
        rng = np.random.default_rng(7)
        a, b, own = rng.normal(size=(20, n)), rng.normal(size=(20, n)), rng.normal(size=n)
        value, overlap_rank = signal_mismatch(a, b, a @ own, b @ own)
        assert (overlap_rank == 0) == saturated
        assert (abs(value - 1) < 1e-9) == saturated
        assert abs(value - 1) < 0.05

    def test_components_are_those_of_the_pooled_points(self) -> None:
        a, b, fa, fb = with_features(8)
        a, b = a - a.mean(0), b - b.mean(0)
        axes = np.linalg.svd(np.concatenate([a, b]), full_matrices=False)[2][:2].T
        expected = signal_mismatch(a @ axes, b @ axes, fa, fb)[0]
        assert signal_mismatch(a, b, fa, fb, n_components=2)[0] == pytest.approx(expected, abs=1e-9)

    def test_components_and_ridge_undo_saturation_and_keep_the_order(self) -> None:
        rng = np.random.default_rng(9)
        weight = np.arange(1, 501) ** -0.6
        options: dict = {
            "raw": {},
            10: {"n_components": 10},
            20: {"n_components": 20},
            "ridge": {"ridge": 0.1, "relative": True},
        }
        stored = {10: (0.26, 0.50, 0.99, 1.73), 20: (0.42, 0.60, 1.01, 1.56), "ridge": (0.40, 0.61, 1.02, 1.57)}
        means: dict = {key: [] for key in options}
        for target in (0.0, 0.3, 1.0, 2.0):
            found: dict = {key: [] for key in options}
            for _ in range(15):
                own, other = np.linalg.qr(rng.normal(size=(10, 2)))[0].T  # codes of ten whitened components
                code = (1 - target) * own + np.sqrt(max(1 - (1 - target) ** 2, 0)) * other
                z = rng.normal(size=(2, 40, 500))
                pair = (z[0] * weight, z[1] * weight, z[0, :, :10] @ own, z[1, :, :10] @ code)
                for key, option in options.items():
                    found[key].append(signal_mismatch(*pair, **option)[0])
            for key, values in found.items():
                means[key].append(float(np.mean(values)))
        np.testing.assert_allclose(means["raw"], 1.0, atol=1e-9)
        for key, expected in stored.items():
            np.testing.assert_allclose(means[key], expected, atol=0.1)
            assert np.all(np.diff(means[key]) > 0)


class TestRegressionMismatch:
    @fast
    @given(seeds)
    def test_is_never_negative_and_zero_on_itself(self, seed: int) -> None:
        a, b, fa, fb = with_features(seed)
        errors = regression_errors(a, b, fa, fb)
        gap = errors["error_union"] - (errors["error_a"] + errors["error_b"]) / 2
        assert gap > -1e-10 * np.mean(fa**2)
        assert regression_errors(a, a, fa, fa)["mismatch"] == pytest.approx(0, abs=1e-9 * np.mean(fa**2))

    @fast
    @given(seeds)
    def test_of_opposite_clouds_is_the_explained_variance(self, seed: int) -> None:
        a, _, f, _ = with_features(seed)
        explained = np.mean(f**2) - least_squares_error(a, f)
        assert regression_errors(a, -a, f, f)["mismatch"] == pytest.approx(explained, rel=1e-8)

    @fast
    @given(seeds)
    def test_obeys_the_corrected_identity(self, seed: int) -> None:
        a, b, fa, fb = with_features(seed)
        ca, cb = a.T @ a / len(a), b.T @ b / len(b)
        xa, xb = a.T @ fa / len(a), b.T @ fb / len(b)
        pooled = np.linalg.pinv(ca + cb)
        expected = 0.5 * (xa - xb) @ pooled @ (xa - xb)
        for x, c in ((xa, ca), (xb, cb)):
            expected += 0.5 * x @ (np.linalg.pinv(c) - 2 * pooled) @ x
        assert regression_errors(a, b, fa, fb)["mismatch"] == pytest.approx(expected, abs=1e-7 * np.mean(fa**2 + fb**2))

    def test_the_union_is_the_best_common_read_out(self) -> None:
        a, b, fa, fb = with_features(10)
        weights = np.linalg.lstsq(np.concatenate([a, b]), np.concatenate([fa, fb]), rcond=None)[0]
        both = np.mean((a @ weights - fa) ** 2) / 2 + np.mean((b @ weights - fb) ** 2) / 2
        assert regression_errors(a, b, fa, fb)["error_union"] == pytest.approx(both, rel=1e-9)

    def test_is_zero_by_construction_for_disjoint_subspaces(self) -> None:
        rng = np.random.default_rng(11)
        a, b = rng.normal(size=(10, 40)), rng.normal(size=(10, 40))
        errors = regression_errors(a, b, rng.normal(size=10), rng.normal(size=10))
        assert errors["overlap_rank"] == 0
        assert errors["mismatch"] == pytest.approx(0, abs=1e-12)


class TestCrossRegression:
    def test_is_ridge_regression_with_intercept(self) -> None:
        from sklearn.linear_model import Ridge

        a, b, fa, fb = with_features(12)
        expected = Ridge(alpha=2.5).fit(a, fa).score(b, fb)
        assert transferred_r2(a, b, fa, fb, alpha=2.5)[0] == pytest.approx(expected, abs=1e-10)

    def test_the_penalty_of_least_leave_one_out_error_is_found(self) -> None:
        from sklearn.linear_model import Ridge
        from sklearn.model_selection import LeaveOneOut, cross_val_predict

        a, b, fa, fb = with_features(13)
        _, chosen = transferred_r2(a, b, fa, fb, alpha="cv")

        def error(penalty: float) -> float:
            return float(np.sum((cross_val_predict(Ridge(alpha=penalty), a, fa, cv=LeaveOneOut()) - fa) ** 2))

        assert all(error(chosen) <= error(chosen * factor) + 1e-9 for factor in (0.1, 10.0))

    def test_a_shift_of_the_test_cloud_alone_hurts_unless_its_means_are_removed(self) -> None:
        a, _, fa, _ = with_features(14)
        shifted = a + 100
        assert transferred_r2(a, shifted, fa, fa, alpha=1e-9)[0] < 0
        aware = transferred_r2(a, shifted, fa, fa, alpha=1e-9, center_target=True)[0]
        assert aware == pytest.approx(transferred_r2(a, a, fa, fa, alpha=1e-9)[0], abs=1e-6)


class TestSubspaces:
    @fast
    @given(seeds)
    def test_pca_distance_is_zero_on_itself_symmetric_and_unchanged_by_common_rotation(self, seed: int) -> None:
        a, b = clouds(seed)
        turn = rotation(seed, a.shape[1])
        value = subspace_distance(a, b, 3)
        assert subspace_distance(a, 2 * a + 1, 3) < 1e-7
        assert subspace_distance(b, a, 3) == pytest.approx(value, abs=1e-9)
        assert subspace_distance(a @ turn, b @ turn, 3) == pytest.approx(value, abs=1e-7)
        assert 0 <= value <= 1

    def test_pca_distance_of_orthogonal_subspaces_is_one(self) -> None:
        a, b = np.zeros((5, 4)), np.zeros((5, 4))
        rng = np.random.default_rng(15)
        a[:, :2], b[:, 2:] = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
        result = pca_distance(a, b, n_components=2)
        assert float(result) == pytest.approx(1)
        assert result.components_a == result.components_b == 2
