"""Low-rank correction: the gradient, the number of shared directions, invariances and limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom._core.warnings import DegenerateInputWarning
from neurogeom.capacity.low_rank import cost_and_gradient, mean_correlation, shared_directions
from neurogeom.capacity.mean_field import mean_field
from tests.capacity.populations import random_clouds, rotation


def centers_with_shared_directions(seed: int, n_manifolds: int, n_neuroids: int, n_shared: int) -> np.ndarray:
    """Independent centers with components of twice their size along directions that all share."""
    rng = np.random.default_rng(seed)
    shared = 2.0 * rng.normal(size=(n_manifolds, n_shared)) @ rng.normal(size=(n_shared, n_neuroids))
    return rng.normal(size=(n_manifolds, n_neuroids)) + shared


@pytest.fixture(scope="module")
def centers() -> np.ndarray:
    return centers_with_shared_directions(3, 30, 200, 3)


@pytest.fixture(scope="module")
def found(centers: np.ndarray):
    return shared_directions(centers, seed=0)


def cost(free: np.ndarray, rows: np.ndarray) -> float:
    """The cost, written as it is defined."""
    projector = free @ np.linalg.pinv(free)
    gram = rows @ (np.eye(len(projector)) - projector) @ rows.T
    return 0.5 * float(np.sum(gram**2 / np.outer(np.diagonal(gram), np.diagonal(gram))))


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_the_gradient_is_that_of_finite_differences(seed: int, n_components: int) -> None:
    rng = np.random.default_rng(seed)
    rows, free = rng.normal(size=(9, 8)), rng.normal(size=(8, n_components))
    value, gradient = cost_and_gradient(free, rows)
    assert value == pytest.approx(cost(free, rows), rel=1e-10)
    step = 1e-5
    numeric = np.zeros_like(free)
    for place in np.ndindex(free.shape):
        change = np.zeros_like(free)
        change[place] = step
        numeric[place] = (cost(free + change, rows) - cost(free - change, rows)) / (2 * step)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-5 * np.abs(numeric).max())


def test_the_cost_depends_on_the_span_only() -> None:
    rng = np.random.default_rng(0)
    rows, free, mixed = rng.normal(size=(9, 8)), rng.normal(size=(8, 3)), rng.normal(size=(3, 3))
    assert cost_and_gradient(free @ mixed, rows)[0] == pytest.approx(cost_and_gradient(free, rows)[0], rel=1e-10)
    # so that the gradient has no part along the span
    assert np.abs(free.T @ cost_and_gradient(free, rows)[1]).max() < 1e-10


def test_three_shared_directions_are_found_and_their_correlation_goes(found) -> None:
    assert found.n_components == 3
    assert found.correlation > 0.35
    assert found.correlation_corrected < 0.3 * found.correlation
    assert found.residuals[3] < found.residuals[[0, 1, 2]].min() / 3
    assert (np.diff(found.residuals[3:6]) > 0).all()


def test_the_directions_are_orthonormal_and_leave_the_correlation_that_is_told(found, centers) -> None:
    np.testing.assert_allclose(found.basis.T @ found.basis, np.eye(3), atol=1e-10)
    left = found.remove(centers - centers.mean(axis=0))
    assert np.abs(left @ found.basis).max() < 1e-10 * np.abs(centers).max()
    assert mean_correlation(left) == pytest.approx(found.correlation_corrected, rel=1e-8)
    assert mean_correlation(centers - centers.mean(axis=0)) == pytest.approx(found.correlation, rel=1e-10)


def test_independent_centers_are_left_alone() -> None:
    result = shared_directions(np.random.default_rng(0).normal(size=(8, 300)), seed=0)
    assert result.n_components == 0
    assert result.correlation_corrected == result.correlation
    points = np.ones((2, 300))
    assert result.remove(points) is points


def test_rotation_scale_shift_and_padding_change_nothing(found, centers) -> None:
    moved = np.pad(7.0 * centers @ rotation(1, centers.shape[1]) + 3.0, ((0, 0), (0, 5)))
    again = shared_directions(moved, seed=0)
    assert again.n_components == 3
    np.testing.assert_allclose(again.residuals[:4], found.residuals[:4], rtol=1e-5)
    points = np.random.default_rng(4).normal(size=(6, centers.shape[1]))
    moved_points = np.pad(7.0 * points @ rotation(1, centers.shape[1]), ((0, 0), (0, 5)))
    np.testing.assert_allclose(
        np.linalg.norm(again.remove(moved_points), axis=1) / 7.0,
        np.linalg.norm(found.remove(points), axis=1),
        rtol=1e-5,
    )


def test_another_seed_finds_a_minimum_as_good(found, centers) -> None:
    again = shared_directions(centers, seed=99)
    assert again.n_components == 3
    assert again.correlation_corrected == pytest.approx(found.correlation_corrected, rel=0.05)


@pytest.mark.parametrize(("n_manifolds", "most"), [(4, 2), (5, 3), (6, 3), (7, 4), (9, 5)])
def test_no_more_directions_than_half_the_manifolds_or_all_but_two(n_manifolds: int, most: int) -> None:
    result = shared_directions(centers_with_shared_directions(0, n_manifolds, 40, 3), seed=0)
    assert len(result.residuals) <= most + 1
    assert result.n_components <= most


def test_the_limit_of_directions_can_be_set(centers) -> None:
    assert shared_directions(centers, seed=0, max_components=2, n_starts=2).n_components == 2


@pytest.mark.parametrize("n_manifolds", [2, 3])
def test_three_manifolds_or_fewer_are_not_corrected_and_it_is_said(n_manifolds: int) -> None:
    with pytest.warns(DegenerateInputWarning, match="at least 4 manifolds"):
        result = shared_directions(np.random.default_rng(0).normal(size=(n_manifolds, 10)))
    assert result.n_components == 0


def test_equal_centers_have_no_correlation() -> None:
    result = shared_directions(np.ones((5, 6)))
    assert (result.n_components, result.correlation) == (0, 0.0)


def test_mean_field_reports_the_correction_and_removes_it() -> None:
    clouds = random_clouds(2, 12, 8, 60, spread=0.3)
    shared = np.random.default_rng(1).normal(size=60)
    weights = np.random.default_rng(2).normal(size=12)
    clouds = [cloud + weight * shared for cloud, weight in zip(clouds, weights)]
    plain = mean_field(clouds, n_samples=200, seed=0)
    corrected = mean_field(clouds, n_samples=200, seed=0, center_correction="low_rank")
    assert (plain.n_center_components, corrected.n_center_components) == (0, 1)
    assert plain.center_correlation_corrected == plain.center_correlation
    assert corrected.center_correlation == pytest.approx(plain.center_correlation, rel=1e-12)
    assert corrected.center_correlation_corrected < 0.5 * corrected.center_correlation
    # without the shared direction the manifolds lie as if it had never been there
    without = mean_field(
        [cloud - np.outer(cloud @ shared, shared) / (shared @ shared) for cloud in clouds], n_samples=200, seed=0
    )
    assert corrected.capacity == pytest.approx(without.capacity, rel=0.05)
    assert corrected.capacity < plain.capacity


def test_mean_field_of_two_manifolds_asked_to_be_corrected_says_that_it_is_not() -> None:
    clouds = random_clouds(0, 2, 5, 10)
    with pytest.warns(DegenerateInputWarning, match="not corrected"):
        result = mean_field(clouds, n_samples=20, seed=0, center_correction="low_rank")
    assert result.n_center_components == 0
    assert "not corrected" in result.warnings[0]
    assert result.capacity == mean_field(clouds, n_samples=20, seed=0).capacity
