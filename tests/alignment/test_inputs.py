"""Bad input, row by row: each refusal names the argument, or the answer is defined."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from neurogeom import Manifolds, alignment

RNG = np.random.default_rng(0)
GOOD, OTHER = RNG.normal(size=(12, 5)), RNG.normal(size=(12, 5))
THETA, PHI = RNG.normal(size=12), RNG.normal(size=12)
X, Y = RNG.normal(size=(20, 4)), RNG.normal(size=(20, 6))

CLOUDS: dict[str, Callable] = {
    "covariance": lambda a, b: alignment.covariance_alignment_distance(a, b),
    "excess": lambda a, b: alignment.excess_alignment_distance(a, b),
    "pca": lambda a, b: alignment.pca_distance(a, b),
    "signal": lambda a, b: alignment.signal_mismatch_distance(a, b, THETA[: len(a)], PHI[: len(b)]),
    "regression": lambda a, b: alignment.regression_mismatch(a, b, THETA[: len(a)], PHI[: len(b)]),
    "cross": lambda a, b: alignment.cross_regression_r2(a, b, THETA[: len(a)], PHI[: len(b)]),
    "few_shot": lambda a, b: alignment.few_shot_snr(a, b),
    "rotation": lambda a, b: alignment.rotation_null(a, b, n_samples=2, seed=0),
}
FEATURED: dict[str, Callable] = {
    "signal": alignment.signal_mismatch_distance,
    "regression": alignment.regression_mismatch,
    "cross": alignment.cross_regression_r2,
}
SYSTEMS: dict[str, Callable] = {
    "cka": alignment.cka_similarity,
    "procrustes": alignment.procrustes_distance,
    "cca": alignment.cca_similarity,
    "svcca": alignment.svcca_similarity,
    "pwcca": alignment.pwcca_similarity,
    "predictivity": alignment.linear_predictivity_r2,
    "angles": lambda x, y: alignment.principal_angles(x, y, n_components=2),
}


def labelled(values: np.ndarray, ids: list) -> xr.DataArray:
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", ids)})


@pytest.mark.parametrize("name", CLOUDS)
class TestClouds:
    def test_too_few_points(self, name: str) -> None:
        with pytest.raises(ValueError, match=r"points_a has 1 point; .* at least [234] points"):
            CLOUDS[name](GOOD[:1], OTHER)

    def test_no_variance(self, name: str) -> None:
        with pytest.raises(ValueError, match="points_b has no variance"):
            CLOUDS[name](GOOD, np.ones((6, 5)) * 0.1)

    def test_different_neuroids(self, name: str) -> None:
        with pytest.raises(ValueError, match="points_a has 5 neuroids, points_b has 4"):
            CLOUDS[name](GOOD, OTHER[:, :4])

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_not_finite(self, name: str, bad: float) -> None:
        broken = GOOD.copy()
        broken[2, 3] = bad
        with pytest.raises(ValueError, match=r"points_a holds .* in 1 of 5 neuroids"):
            CLOUDS[name](broken, OTHER)

    def test_wrong_number_of_axes(self, name: str) -> None:
        with pytest.raises(ValueError, match="points_b has shape"):
            CLOUDS[name](GOOD, OTHER.ravel())

    def test_text(self, name: str) -> None:
        with pytest.raises(TypeError, match="points_a holds text"):
            CLOUDS[name](GOOD.astype(str), OTHER)

    def test_integers_and_single_precision_are_computed_in_double(self, name: str) -> None:
        whole = np.round(10 * GOOD).astype(np.int16)
        values = [CLOUDS[name](cloud, OTHER) for cloud in (whole, whole.astype(np.float64))]
        means = [value.mean if isinstance(value, alignment.Null) else None for value in values]
        if means[0] is not None:
            assert means[0] == means[1]
        elif name != "excess":
            assert float(values[0]) == float(values[1])

    def test_the_input_is_not_changed(self, name: str) -> None:
        before = GOOD.copy(), OTHER.copy()
        CLOUDS[name](GOOD, OTHER)
        np.testing.assert_array_equal(GOOD, before[0])
        np.testing.assert_array_equal(OTHER, before[1])


@pytest.mark.parametrize("name", FEATURED)
class TestFeatures:
    def test_two_points(self, name: str) -> None:
        with pytest.raises(ValueError, match="points_a has 2 points; this measure needs at least 3"):
            FEATURED[name](GOOD[:2], OTHER, THETA[:2], PHI)

    def test_constant_feature(self, name: str) -> None:
        with pytest.raises(ValueError, match="feature_b is constant over its 12 points"):
            FEATURED[name](GOOD, OTHER, THETA, np.full(12, 0.1))

    def test_wrong_length(self, name: str) -> None:
        with pytest.raises(ValueError, match="feature_a has 5 entries, its cloud has 12 points"):
            FEATURED[name](GOOD, OTHER, THETA[:5], PHI)

    def test_missing_value(self, name: str) -> None:
        with pytest.raises(ValueError, match="feature_b holds NaN"):
            FEATURED[name](GOOD, OTHER, THETA, np.where(np.arange(12) == 3, np.nan, PHI))

    def test_uneven_sizes_warn(self, name: str) -> None:
        with pytest.warns(UserWarning, match="12 and 7 points"):
            FEATURED[name](GOOD, OTHER[:7], THETA, PHI[:7])


@pytest.mark.parametrize("name", SYSTEMS)
class TestSystems:
    def test_different_numbers_of_stimuli(self, name: str) -> None:
        with pytest.raises(ValueError, match="x has 20 presentations, y has 19"):
            SYSTEMS[name](X, Y[:19])

    def test_different_stimuli(self, name: str) -> None:
        first, second = labelled(X, [f"a{i}" for i in range(20)]), labelled(Y, [f"a{i + 1}" for i in range(20)])
        with pytest.raises(ValueError, match=r"2 values of 'stimulus_id' are in only one .*'a0', 'a20'"):
            SYSTEMS[name](first, second)

    def test_a_stimulus_twice(self, name: str) -> None:
        ids = ["a0", *(f"a{i}" for i in range(19))]
        with pytest.raises(ValueError, match=r"x holds 1 values of 'stimulus_id' more than once \(first: 'a0'\)"):
            SYSTEMS[name](labelled(X, ids), labelled(Y, ids))

    def test_no_variance(self, name: str) -> None:
        with pytest.raises(ValueError, match="y has no variance"):
            SYSTEMS[name](X, np.ones((20, 3)))

    def test_not_finite(self, name: str) -> None:
        with pytest.raises(ValueError, match="y holds NaN"):
            SYSTEMS[name](X, np.where(Y[3, 3] == Y, np.nan, Y))


class TestOptions:
    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: alignment.procrustes_distance(X, Y, metric="angles"), "Did you mean 'angle'"),
            (lambda: alignment.rdm(X, metric="pearson"), "metric='pearson' is unknown"),
            (
                lambda: alignment.rdm_similarity(np.arange(6.0), np.arange(6.0), method="spearmen"),
                "Did you mean 'spearman'",
            ),
            (lambda: alignment.pwcca_similarity(X, Y, weights="z"), "weights='z' is unknown"),
            (lambda: alignment.svcca_similarity(X, Y, variance=1.5), "variance"),
            (lambda: alignment.svcca_similarity(X, Y, variance=0.0), "keeps no component"),
            (lambda: alignment.linear_predictivity_r2(X, Y, n_folds=30), "n_folds=30 is more than the 20"),
            (lambda: alignment.covariance_alignment_distance(GOOD, OTHER, uncertainty="bootstrap"), "uncertainty="),
            (
                lambda: alignment.covariance_alignment_distance(GOOD[:3], OTHER[:3], uncertainty="points"),
                "too few for a jackknife",
            ),
            (lambda: alignment.signal_mismatch_distance(GOOD, OTHER, THETA, PHI, ridge=-1), "ridge=-1"),
            (
                lambda: alignment.signal_mismatch_distance(GOOD, OTHER, THETA, PHI, ridge="10%"),
                "ridge='10%' is not understood",
            ),
            (
                lambda: alignment.signal_mismatch_distance(GOOD, OTHER, THETA, PHI, n_components=0),
                "n_components=0 is too small",
            ),
            (lambda: alignment.cross_regression_r2(GOOD, OTHER, THETA, PHI, alpha="loo"), "alpha='loo' is unknown"),
            (lambda: alignment.few_shot_snr(GOOD, OTHER, n_shots=0), "n_shots=0 is too small"),
            (lambda: alignment.random_subspace_overlap(3, 11, 10), "must not be more than n_neuroids=10"),
            (lambda: alignment.cka_similarity(X[:3], Y[:3]), "at least 4"),
            (lambda: alignment.cka_similarity(np.eye(6), Y[:6]), "same inner product for all pairs"),
        ],
    )
    def test_are_checked(self, call: Callable, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            call()

    def test_a_feature_that_no_direction_codes(self) -> None:
        points = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
        feature = np.array([1.0, 1, -1, -1])  # even in both coordinates
        with pytest.raises(ValueError, match="uncorrelated with every direction"):
            alignment.signal_mismatch_distance(points, points, feature, feature)

    def test_seeds(self) -> None:
        with pytest.raises(TypeError, match="seed"):
            alignment.excess_alignment_distance(GOOD, OTHER, seed=0.5)


class TestDissimilarities:
    def test_constant_patterns_have_no_correlation_distance(self) -> None:
        with pytest.raises(ValueError, match=r"1 patterns with the same response in all neuroids \(first rows: 1\)"):
            alignment.rdm(np.array([[1.0, 2], [3, 3], [0, 1]]), metric="correlation")

    def test_too_few_conditions(self) -> None:
        with pytest.raises(ValueError, match="2 conditions"):
            alignment.rdm(X, conditions=["a", "b"] * 10)

    @pytest.mark.parametrize(
        ("first", "message"),
        [
            (np.arange(7.0), "no upper triangle"),
            (np.ones((4, 3)), "needed is an RDM"),
            (np.ones((4, 4)), "symmetric with a zero diagonal"),
            (np.ones(6), "first is constant"),
            (np.array([1.0, np.nan, 2, 3, 4, 5]), "first holds NaN"),
        ],
    )
    def test_what_is_no_rdm(self, first: np.ndarray, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            alignment.rdm_similarity(first, np.arange(6.0))

    def test_different_conditions(self) -> None:
        first, second = (alignment.rdm(X[:5], conditions=list(names)) for names in ("abcde", "abcdf"))
        with pytest.raises(ValueError, match=r"2 are in only one \(first: 'e', 'f'\)"):
            alignment.rdm_similarity(first, second)

    def test_dissimilarities_of_no_patterns_have_no_bures_similarity(self) -> None:
        impossible = np.array([1.0, 1, 1, 100, 1, 1])
        with pytest.raises(ValueError, match="negative eigenvalues"):
            alignment.rdm_similarity(impossible, np.arange(1.0, 7), method="bures")

    @pytest.mark.parametrize(
        ("conditions", "runs", "message"),
        [
            (np.tile(range(4), 5), np.zeros(20), "names 1 run"),
            (np.tile([0, 1], 10), np.repeat(range(2), 10), "names 2 conditions"),
            (np.tile(range(4), 5), np.arange(20), "share fewer than 2 runs"),
            ("object", np.zeros(20), "conditions='object' is not a coordinate"),
        ],
    )
    def test_designs_without_cross_validation(self, conditions: object, runs: object, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            alignment.crossnobis_distance(X, conditions, runs)

    @pytest.mark.parametrize(
        ("precision", "message"),
        [
            (np.eye(3), "shape"),
            (np.triu(np.ones((4, 4))), "not symmetric"),
            (-np.eye(4), "not positive definite"),
        ],
    )
    def test_what_is_no_precision(self, precision: np.ndarray, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            alignment.crossnobis_distance(X, np.tile(range(4), 5), np.repeat(range(5), 4), noise_precision=precision)

    def test_neuroids_without_noise(self) -> None:
        silent = X.copy()
        silent[:, 2] = 1.0
        with pytest.raises(ValueError, match="1 neuroids without noise"):
            alignment.noise_precision(silent, np.tile(range(4), 5))


def classes(n_classes: int = 4, n_points: int = 6, seed: int = 1) -> Manifolds:
    rng = np.random.default_rng(seed)
    return Manifolds([rng.normal(size=(n_points, 5)) + 2 * rng.normal(size=5) for _ in range(n_classes)])


class TestManifolds:
    def test_one_manifold(self) -> None:
        with pytest.raises(ValueError, match="at least 2"):
            alignment.manifolds([GOOD])

    def test_a_small_manifold(self) -> None:
        with pytest.raises(ValueError, match=r"manifolds\[1\] .* has 3 points; .* at least 4"):
            alignment.manifolds([GOOD[:4], OTHER[:3]])

    def test_a_manifold_without_variance(self) -> None:
        with pytest.raises(ValueError, match="manifold 'flat' has no variance"):
            alignment.manifolds(Manifolds({"good": GOOD, "flat": np.ones((12, 5))}))

    def test_unknown_feature(self) -> None:
        with pytest.raises(ValueError, match="features='size' is not a coordinate"):
            alignment.manifolds(classes(), "size")

    @pytest.mark.parametrize(
        ("features", "message"), [(np.ones(23), "23 entries"), ([np.ones(6)] * 3, "3 arrays, there are 4 manifolds")]
    )
    def test_features_of_other_lengths(self, features: object, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            alignment.manifolds(classes(), features)

    def test_a_feature_constant_in_one_class(self) -> None:
        features = np.random.default_rng(0).normal(size=24)
        features[6:12] = 1.0
        with pytest.raises(ValueError, match="features of manifold '1' is constant"):
            alignment.manifolds(classes(), features)


class TestRelativeGeometry:
    def test_fewer_than_four_classes(self) -> None:
        with pytest.raises(ValueError, match="needs at least 4"):
            alignment.relative_geometry(classes(3), classes(3))

    def test_different_classes(self) -> None:
        renamed = Manifolds(classes().clouds, names=["0", "1", "2", "x"])
        with pytest.raises(ValueError, match="different classes: 2 are in only one"):
            alignment.relative_geometry(classes(), renamed)

    def test_stimuli_that_cannot_be_paired(self) -> None:
        with pytest.raises(ValueError, match="rsa=False"):
            alignment.relative_geometry(classes(4, 6), classes(4, 7))
        with pytest.warns(UserWarning, match="different numbers of points"):
            alignment.relative_geometry(classes(4, 6), classes(4, 7), rsa=False, seed=0)

    def test_constant_matrices(self) -> None:
        rng = np.random.default_rng(2)
        cloud = rng.normal(size=(6, 8))
        same = Manifolds([cloud + 3 * np.eye(8)[i] for i in range(4)])
        with pytest.raises(ValueError, match="same center correlation value for all pairs"):
            alignment.relative_geometry(same, same, rsa=False)

    def test_unknown_centers(self) -> None:
        with pytest.raises(ValueError, match="Did you mean 'cosine_centered'"):
            alignment.relative_geometry(classes(), classes(), centers="cosine_centred")


class TestMatching:
    @pytest.mark.parametrize(
        ("options", "message"),
        [({"n_points": 7}, "n_points=7 is more than"), ({"n_neuroids": 6}, "n_neuroids=6 is more")],
    )
    def test_more_than_there_is(self, options: dict, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            alignment.match_systems(classes(), classes(seed=3), **options)

    def test_no_common_classes(self) -> None:
        other = Manifolds(classes().clouds, names=list("wxyz"))
        with pytest.raises(ValueError, match="0 classes in common"):
            alignment.match_systems(classes(), other)
