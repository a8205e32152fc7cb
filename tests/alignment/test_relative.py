"""Relative geometry: what a rotation, a shuffle of labels and a shuffle in both systems do."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom import Manifolds, alignment
from neurogeom.alignment.relative import mantel, system_matrices


def system(seed: int, n_classes: int = 8, n_neuroids: int = 25, n_points: int = 20) -> Manifolds:
    """Classes with centers and axes of their own."""
    rng = np.random.default_rng(seed)
    clouds = []
    for _ in range(n_classes):
        mixing = rng.normal(size=(4, n_neuroids))
        noise = 0.3 * rng.normal(size=(n_points, n_neuroids))
        clouds.append(rng.normal(size=(n_points, 4)) @ mixing + noise + rng.normal(size=n_neuroids) + 3.0)
    return Manifolds(clouds, names=[f"class_{i}" for i in range(n_classes)])


def turned(given: Manifolds, seed: int = 1) -> Manifolds:
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(given.n_neuroids,) * 2))[0]
    return Manifolds([cloud @ turn for cloud in given.clouds], names=given.names)


def shuffled(given: Manifolds, seed: int = 2) -> Manifolds:
    order = np.random.default_rng(seed).permutation(len(given.stacked))
    return Manifolds(np.split(given.stacked[order], given.offsets[1:-1]), names=given.names)


def test_a_rotated_copy_is_the_same_but_for_pearson_centers() -> None:
    given = system(0)
    cosine = alignment.relative_geometry(given, turned(given), metric="squared_euclidean", seed=0)
    assert cosine.position_similarity == pytest.approx(1, abs=1e-9)
    assert cosine.alignment_similarity == pytest.approx(1, abs=1e-9)
    assert cosine.rsa_similarity == pytest.approx(1, abs=1e-9)
    pearson = alignment.relative_geometry(given, turned(given), centers="pearson", rsa=False, seed=0)
    assert pearson.position_similarity < 0.95
    assert pearson.alignment_similarity == pytest.approx(1, abs=1e-9)


def test_shuffled_labels_in_one_system_lose_alignment_and_in_both_keep_it() -> None:
    given = system(1)
    values = [
        alignment.relative_geometry(shuffled(given, seed), turned(given), rsa=False, n_permutations=1, seed=0)
        for seed in range(12)
    ]
    assert abs(np.mean([value.alignment_similarity for value in values])) < 0.2
    both = alignment.relative_geometry(shuffled(given), turned(shuffled(given)), rsa=False, seed=0)
    assert both.alignment_similarity == pytest.approx(1, abs=1e-9)
    assert both.position_similarity == pytest.approx(1, abs=1e-9)


def test_mantel_p_of_a_copy_is_smallest_and_of_unrelated_systems_uniform() -> None:
    given = system(2)
    copy = alignment.relative_geometry(given, turned(given), rsa=False, n_permutations=199, seed=0)
    assert copy.position_p == copy.alignment_p == pytest.approx(1 / 200)
    ps = [
        alignment.relative_geometry(given, system(100 + i), rsa=False, n_permutations=59, seed=i).alignment_p
        for i in range(30)
    ]
    assert np.mean(ps) == pytest.approx(0.5, abs=0.2)


def test_all_permutations_are_used_where_there_are_few() -> None:
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(4, 4))
    matrix = matrix + matrix.T
    draws = mantel(matrix, matrix, 1000, lambda i: np.random.default_rng(i))
    assert len(draws) == 23
    few = alignment.relative_geometry(system(4, 4), turned(system(4, 4)), rsa=False, seed=0)
    # a relabeling that leaves the 6 pairs in place counts too, so p is a multiple of 1/24
    assert (few.alignment_p * 24) == pytest.approx(round(few.alignment_p * 24))


def test_mantel_draws_are_correlations_of_permuted_triangles() -> None:
    rng = np.random.default_rng(5)
    first, second = (m + m.T for m in rng.normal(size=(2, 9, 9)))
    upper = np.triu_indices(9, 1)
    draws = mantel(first, second, 5, lambda i: np.random.default_rng(i))
    for i, draw in enumerate(draws):
        order = np.random.default_rng(i).permutation(9)
        expected = np.corrcoef(first[upper], second[np.ix_(order, order)][upper])[0, 1]
        assert draw == pytest.approx(expected, abs=1e-12)


def test_classes_and_stimuli_are_matched_by_name() -> None:
    given = system(6)
    responses = given.to_responses()
    ids = [f"image_{i}" for i in range(responses.sizes["presentation"])]
    responses = responses.assign_coords(stimulus_id=("presentation", ids))
    order = np.random.default_rng(7).permutation(len(ids))
    first = Manifolds.from_labels(responses, "manifold")
    second = Manifolds.from_labels(responses.isel(presentation=order), "manifold").select_manifolds(
        sorted(given.names, reverse=True)
    )
    result = alignment.relative_geometry(first, second, seed=0, n_permutations=20)
    for name in ("position", "alignment", "rsa"):
        assert result.data[f"{name}_similarity"].item() == pytest.approx(1, abs=1e-9)


def test_neuroid_bootstrap_holds_the_estimate() -> None:
    given = system(8, n_neuroids=40)
    noisy = Manifolds(
        [c + np.random.default_rng(i).normal(size=c.shape) for i, c in enumerate(given.clouds)], names=given.names
    )
    result = alignment.relative_geometry(
        given, noisy, uncertainty="neuroids", n_bootstrap=40, n_permutations=20, seed=0
    )
    for name in ("position", "alignment", "rsa"):
        low, high = result.data[f"{name}_similarity_ci"].values
        assert low < result.data[f"{name}_similarity"].item() < high <= 1
        assert high - low < 0.6


def test_squared_distances_can_be_compared_instead() -> None:
    given = system(9)
    plain, squared = (
        system_matrices(given, centers="cosine_centered", squared=squared, metric=None)["alignment"]
        for squared in (False, True)
    )
    np.testing.assert_allclose(plain**2, squared, atol=1e-12)


def test_matching_keeps_common_classes_stimuli_and_counts() -> None:
    given = system(10, n_classes=5, n_points=12)
    responses = given.to_responses()
    responses = responses.assign_coords(stimulus_id=("presentation", np.arange(responses.sizes["presentation"])))
    some = responses.isel(presentation=np.setdiff1d(np.arange(60), [0, 1, 14, 59]), neuroid=slice(0, 10))
    first, second = Manifolds.from_labels(responses, "manifold"), Manifolds.from_labels(some, "manifold")
    second = second.select_manifolds(["class_4", "class_0", "class_1"])
    one, two = alignment.match_systems(first, second, seed=0)
    assert one.names == two.names == ("class_0", "class_1", "class_4")
    assert one.n_points.tolist() == two.n_points.tolist() == [10, 11, 11]
    assert one.n_neuroids == two.n_neuroids == 10
    np.testing.assert_array_equal(one.point_coords["stimulus_id"], two.point_coords["stimulus_id"])
    fewer, _ = alignment.match_systems(first, second, n_points=5, n_neuroids=3, seed=0)
    assert fewer.n_points.tolist() == [5, 5, 5] and fewer.n_neuroids == 3
