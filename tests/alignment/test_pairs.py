"""All pairs of a set of manifolds: the same numbers as pair by pair, shuffled, excess, errors, features."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom import Manifolds, alignment, results
from neurogeom.alignment.pairs import in_own_span, mean_over_pairs


def population(seed: int, n_neuroids: int = 15, n_points: int = 30, n_manifolds: int = 4) -> Manifolds:
    """Manifolds with different axes and centers, and a feature that all code alike."""
    rng = np.random.default_rng(seed)
    coding = rng.normal(size=n_neuroids)
    clouds = []
    for _ in range(n_manifolds):
        spread = rng.uniform(0.2, 3, size=n_neuroids)
        clouds.append(rng.normal(size=(n_points, n_neuroids)) * spread + 2 * rng.normal(size=n_neuroids))
    made = Manifolds(clouds, names=[f"class_{i}" for i in range(n_manifolds)])
    responses = made.to_responses().assign_coords(size=("presentation", made.stacked @ coding))
    return Manifolds.from_labels(responses, "manifold")


GIVEN = population(0)
FEATURES = GIVEN.point_coords["size"]


@pytest.fixture(scope="module")
def result() -> alignment.ManifoldAlignment:
    return alignment.manifolds(GIVEN, "size", uncertainty="points", n_shuffles=10, n_splits=4, seed=0)


def test_each_entry_is_that_of_its_pair(result: alignment.ManifoldAlignment) -> None:
    parts = np.split(FEATURES, GIVEN.offsets[1:-1])
    for i, j in ((0, 1), (2, 3), (3, 0)):
        a, b, fa, fb = GIVEN.clouds[i], GIVEN.clouds[j], parts[i], parts[j]
        pairs = {
            "distance": alignment.covariance_alignment_distance(a, b),
            "distance_squared": alignment.covariance_alignment_distance(a, b, squared=True),
            "pca_distance": alignment.pca_distance(a, b),
            "signal_mismatch": alignment.signal_mismatch_distance(a, b, fa, fb),
            "regression_mismatch": alignment.regression_mismatch(a, b, fa, fb),
            "cross_r2": alignment.cross_regression_r2(a, b, fa, fb, center_target=True),
        }
        for name, expected in pairs.items():
            assert float(result.data[name][i, j]) == pytest.approx(float(expected), abs=1e-8), name


def test_means_are_over_pairs(result: alignment.ManifoldAlignment) -> None:
    upper = np.triu_indices(4, 1)
    assert result.mean_distance == pytest.approx(result.distance.values[upper].mean())
    assert result.mean_excess == pytest.approx(result.excess.values[upper].mean())


def test_shuffled_labels_lose_the_differences(result: alignment.ManifoldAlignment) -> None:
    assert result.mean_shuffled == pytest.approx(result.shuffled_distance.values.mean())
    assert result.mean_distance > result.mean_shuffled
    assert result.z > 5
    assert result.p == pytest.approx(1 / 11)


def test_without_classes_nothing_exceeds_its_null() -> None:
    rng = np.random.default_rng(1)
    ps, excesses = [], []
    for seed in range(8):
        clouds = [rng.normal(size=(30, 10)) for _ in range(3)]
        found = alignment.manifolds(clouds, n_shuffles=19, n_splits=3, seed=seed)
        ps.append(found.p)
        excesses.append(found.mean_excess)
    assert np.mean(ps) == pytest.approx(0.5, abs=0.3)
    assert abs(np.mean(excesses)) < 0.02


def test_the_jackknife_of_a_pair_is_that_of_the_pair_alone(result: alignment.ManifoldAlignment) -> None:
    from neurogeom.alignment.covariance import squared_distance
    from neurogeom.alignment.uncertainty import error_over_points

    def statistic(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.sqrt(squared_distance(a, b)))

    expected = error_over_points(statistic, GIVEN.clouds[:2], (), 10, 0)
    assert float(result.distance_jackknife_error[0, 1]) == pytest.approx(expected, rel=1e-6)
    low, high = result.mean_distance_ci.values
    assert low < result.mean_distance < high


def test_many_neuroids_are_turned_into_the_span_of_the_points() -> None:
    wide = population(2, n_neuroids=150, n_points=8)
    small = in_own_span(wide)
    assert small[0].shape == (8, 32)
    values = [alignment.manifolds(m, n_shuffles=0, n_splits=2, seed=0) for m in (wide, Manifolds(small))]
    for name in ("distance", "excess", "pca_distance", "center_correlation", "axis_alignment", "signal_to_noise"):
        np.testing.assert_allclose(values[0].data[name], values[1].data[name], atol=1e-8, err_msg=name)


def test_saturated_pairs_are_counted_in_a_warning() -> None:
    wide = population(3, n_neuroids=60, n_points=8, n_manifolds=3)
    with pytest.warns(UserWarning, match="3 of 3 pairs share no dimension"):
        found = alignment.manifolds(wide, "size", n_shuffles=0, n_splits=0)
    np.testing.assert_allclose(found.signal_mismatch.values[np.triu_indices(3, 1)], 1.0, atol=1e-9)
    again = alignment.manifolds(wide, "size", n_shuffles=0, n_splits=0, signal_components=4)
    assert np.abs(again.signal_mismatch.values[np.triu_indices(3, 1)] - 1).min() > 1e-3


def test_both_mismatches_are_projected_alike(rng: np.random.Generator) -> None:
    """In more neuroids than points one read-out fits both clouds whatever they code; on few components it does not."""
    coding = rng.normal(size=100)
    clouds = [rng.normal(size=(20, 100)) for _ in range(2)]
    features = [clouds[0] @ coding, -clouds[1] @ coding]
    with pytest.warns(UserWarning, match="1 of 1 pairs share no dimension.*regression mismatch is 0"):
        saturated = alignment.manifolds(clouds, features, n_shuffles=0, n_splits=0)
    assert saturated.mean_regression_mismatch == pytest.approx(0.0, abs=1e-9)
    with pytest.warns(UserWarning, match="their regression mismatch is 0"):
        alignment.manifolds(clouds, features, ridge=0.1, n_shuffles=0, n_splits=0)
    found = alignment.manifolds(clouds, features, signal_components=5, n_shuffles=0, n_splits=0)
    assert found.overlap_rank.values[0, 1] == 5
    _, _, right = np.linalg.svd(np.concatenate([cloud - cloud.mean(axis=0) for cloud in clouds]), full_matrices=False)
    alone = alignment.regression_mismatch(*(cloud @ right[:5].T for cloud in clouds), *features)
    assert found.mean_regression_mismatch == pytest.approx(float(alone), rel=1e-9)
    assert found.mean_regression_mismatch > 0.1


@pytest.mark.parametrize("n_jobs", [2, 3])
def test_same_seed_same_numbers_for_any_number_of_threads(n_jobs: int) -> None:
    one, more = (
        alignment.manifolds(GIVEN, n_shuffles=4, n_splits=3, uncertainty="points", seed=5, n_jobs=jobs)
        for jobs in (1, n_jobs)
    )
    for name in one.data.data_vars:
        np.testing.assert_array_equal(one.data[name], more.data[name], err_msg=str(name))


def test_matching_cuts_all_to_the_smallest() -> None:
    rng = np.random.default_rng(4)
    uneven = [rng.normal(size=(m, 6)) for m in (30, 12, 19)]
    with pytest.warns(UserWarning, match="compare them only"):
        alignment.manifolds(uneven, n_shuffles=0, n_splits=0)
    found = alignment.manifolds(Manifolds(uneven), n_shuffles=0, n_splits=0, match_points=True, seed=0)
    assert found.settings["n_used"]["points"] == [12, 12, 12]


def test_features_as_name_array_or_list_are_the_same() -> None:
    parts = np.split(FEATURES, GIVEN.offsets[1:-1])
    found = [
        alignment.manifolds(GIVEN, features, n_shuffles=0, n_splits=0).mean_signal_mismatch
        for features in ("size", FEATURES, parts)
    ]
    assert found[0] == found[1] == found[2]


def test_the_result_survives_its_file(result: alignment.ManifoldAlignment, tmp_path: object) -> None:
    path = result.save(f"{tmp_path}/alignment.nc")
    loaded = results.load(path)
    assert type(loaded) is type(result)
    assert loaded.data.identical(result.data)
    assert "mean alignment distance" in repr(loaded)
    assert loaded.settings == result.settings


def test_mean_over_pairs_leaves_the_diagonal_out() -> None:
    assert mean_over_pairs(np.array([[9.0, 1.0], [3.0, 9.0]])) == 2.0
