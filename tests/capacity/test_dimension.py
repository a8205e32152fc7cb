"""Dimensions without classes: closed forms, invariances, limits and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom import Manifolds
from neurogeom._core.warnings import DegenerateInputWarning
from neurogeom.capacity.dimension import dimensions, effective_rank, participation_ratio, two_nn
from tests.capacity.populations import random_clouds, rotation

MEASURES = (participation_ratio, effective_rank, two_nn)


def with_variances(variances: np.ndarray) -> np.ndarray:
    """Points whose covariance has these eigenvalues exactly."""
    axes = np.diag(np.sqrt(variances))
    return np.vstack([axes, -axes])


def sphere(dimension: int, n_points: int, n_neuroids: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n_points, dimension + 1))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points @ rotation(seed, n_neuroids)[: dimension + 1] + 3.0


# ------------------------------------------------------------------------------------------------ spectra


@given(st.lists(st.floats(0.01, 100.0), min_size=1, max_size=8))
def test_both_spectral_dimensions_are_their_formulas(variances: list[float]) -> None:
    eigenvalues = np.array(variances)
    points = with_variances(eigenvalues)
    assert participation_ratio(points) == pytest.approx(eigenvalues.sum() ** 2 / np.sum(eigenvalues**2), rel=1e-10)
    for spectrum, weights in (("variances", eigenvalues), ("singular_values", np.sqrt(eigenvalues))):
        shares = weights / weights.sum()
        expected = np.exp(-np.sum(shares * np.log(shares)))
        assert effective_rank(points, spectrum=spectrum) == pytest.approx(expected, rel=1e-10)


@given(st.lists(st.floats(0.01, 100.0), min_size=1, max_size=8))
def test_participation_is_at_most_effective_rank_is_at_most_rank(variances: list[float]) -> None:
    points = with_variances(np.array(variances))
    found = [
        participation_ratio(points),
        effective_rank(points, spectrum="variances"),
        effective_rank(points),
        len(variances),
    ]
    assert (np.diff(found) >= -1e-9).all()
    assert found[0] >= 1 - 1e-12


def test_few_isotropic_points_have_the_participation_ratio_of_wishart_matrices() -> None:
    n, n_neuroids = 40, 30
    rng = np.random.default_rng(0)
    found = [participation_ratio(rng.normal(size=(n, n_neuroids))) for _ in range(300)]
    # E[(tr W)²] / E[tr W²] with n − 1 degrees of freedom
    expected = ((n - 1) * n_neuroids + 2) / (n - 1 + n_neuroids + 1)
    assert np.mean(found) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_many_isotropic_points_fill_their_space(dimension: int) -> None:
    points = sphere(dimension, 5000, 20)
    assert participation_ratio(points) == pytest.approx(dimension + 1, rel=0.01)
    assert effective_rank(points) == pytest.approx(dimension + 1, rel=0.01)


# ------------------------------------------------------------------------------------------------ two neighbors


@pytest.mark.parametrize("dimension", [1, 2, 4])
def test_two_neighbors_find_the_dimension_of_a_sphere_not_of_its_space(dimension: int) -> None:
    # the slope is that of a Pareto law, whose estimate has relative error 1/√n, and more without the largest ratios
    assert two_nn(sphere(dimension, 4000, 15)) == pytest.approx(dimension, rel=0.06)


def test_ratios_of_neighbors_in_a_uniform_cloud_follow_the_law_that_is_fitted() -> None:
    """Exact ratios of a Pareto law of exponent d, as points on a line in groups of three, give d back."""
    n, d = 1500, 3.0
    ratio = (1 - (np.arange(1, n + 1) - 0.5) / n) ** (-1 / d)
    places = 1e4 * np.arange(n)[:, None] + np.zeros((n, 3))
    places[:, 1] += 1.0  # nearest at 1
    places[:, 2] -= ratio  # the second at μ; the third and the second point have ratios of their own
    points = places[:, :1]
    both = np.vstack([points, places[:, 1:2], places[:, 2:3]])
    # the outer points have neighbors at 1 and 1 + μ, and at μ and 1 + μ
    expected = np.sort(np.log(np.concatenate([ratio, 1 + ratio, (1 + ratio) / ratio])))
    kept = int(0.9 * len(expected))
    height = -np.log1p(-np.arange(1, kept + 1) / len(expected))
    slope = np.sum(height * expected[:kept]) / np.sum(expected[:kept] ** 2)
    assert two_nn(both) == pytest.approx(slope, rel=1e-6)


def test_neighbors_are_measured_exactly_far_from_the_origin() -> None:
    plane = np.random.default_rng(0).uniform(size=(500, 2))
    assert two_nn(plane + 1e6) == pytest.approx(two_nn(plane), rel=1e-4)


def test_equal_points_count_once_and_it_is_said() -> None:
    points = np.random.default_rng(0).normal(size=(50, 3))
    with pytest.warns(DegenerateInputWarning, match="equal to others"):
        found = two_nn(np.vstack([points, points[:20]]))
    assert found == two_nn(points)


def test_all_ratios_can_be_used() -> None:
    points = np.random.default_rng(0).normal(size=(50, 3))
    assert two_nn(points, fraction=1.0) != two_nn(points)
    with pytest.raises(ValueError, match="fraction"):
        two_nn(points, fraction=0.0)
    with pytest.raises(ValueError, match="fraction"):
        two_nn(points, fraction=1.2)


# ------------------------------------------------------------------------------------------------ all of them


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
def test_rotation_scale_shift_and_padding_change_nothing(seed: int, scale: float) -> None:
    points = np.random.default_rng(seed).normal(size=(20, 6))
    moved = np.pad(scale * points @ rotation(seed, 6) + 2 * scale, ((0, 0), (0, 2)))
    for measure in MEASURES:
        assert measure(moved) == pytest.approx(measure(points), rel=1e-8)


def test_gains_change_all_of_them() -> None:
    points = np.random.default_rng(0).normal(size=(60, 6))
    for measure in MEASURES:
        assert abs(measure(points * np.array([10.0, 1, 1, 1, 1, 1])) / measure(points) - 1) > 0.05


@pytest.mark.parametrize("measure", MEASURES)
def test_several_clouds_give_one_value_each(measure) -> None:
    clouds = random_clouds(0, 3, 8, 10)
    found = measure(Manifolds(clouds))
    assert found.tolist() == [measure(cloud) for cloud in clouds]
    assert isinstance(measure(clouds[0]), float)


@pytest.mark.parametrize("measure", MEASURES)
def test_one_place_has_no_dimension_and_it_is_said(measure) -> None:
    with pytest.warns(DegenerateInputWarning) as said:
        assert np.isnan(measure(np.full((5, 3), 0.1)))
    assert any("undefined" in str(one.message) for one in said)


@pytest.mark.parametrize("measure", MEASURES)
def test_too_few_points_and_wrong_arrays_are_refused(measure) -> None:
    with pytest.raises(ValueError, match="at least"):
        measure(np.ones((1, 3)))
    with pytest.raises(ValueError, match="points"):
        measure(np.ones(3))
    with pytest.raises(ValueError, match="NaN"):
        measure([[np.nan, 1.0], [1.0, 2.0], [0.0, 1.0]])


def test_the_result_holds_each_manifold_their_mean_and_all_points() -> None:
    clouds = random_clouds(0, 3, 12, 10)
    result = dimensions(clouds, seed=0)
    for measure in MEASURES:
        name = measure.__name__
        each = [measure(cloud) for cloud in clouds]
        np.testing.assert_array_equal(result.data[f"manifold_{name}"], each)
        assert result.data[name].item() == np.mean(each)
        assert result.data[f"total_{name}"].item() == measure(np.concatenate(clouds))
    assert "participation_ratio_ci" not in result.data


@pytest.mark.parametrize("uncertainty", ["neuroids", "points"])
def test_intervals_hold_the_value(uncertainty: str) -> None:
    result = dimensions(random_clouds(0, 3, 12, 10), uncertainty=uncertainty, n_resamples=20, seed=0)
    for name in ("participation_ratio", "total_participation_ratio", "manifold_participation_ratio"):
        low, high = np.moveaxis(result.data[f"{name}_ci"].values, -1, 0)
        assert ((low < result.data[name]) & (result.data[name] < high)).all()


def test_only_what_is_asked_for_is_computed() -> None:
    result = dimensions(random_clouds(0, 3, 12, 10), measures=["two_nn"])
    assert {str(name) for name in result.data.data_vars} == {
        "two_nn",
        "total_two_nn",
        "manifold_two_nn",
        "manifold_n_points",
    }
    with pytest.raises(ValueError, match="Did you mean 'two_nn'"):
        dimensions(random_clouds(0, 3, 12, 10), measures=["twonn"])
