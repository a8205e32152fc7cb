"""Degenerate input is solved to its certificate, from the data where a Gram matrix cannot see enough."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom import kernels
from tests.kernels.test_cones import assert_optimal, slow_objective

RNG_SEED = 11


def _draw(n_points=24, n_neuroids=30):
    rng = np.random.default_rng(RNG_SEED)
    return rng, rng.normal(size=(n_points, n_neuroids)) + 0.4


def duplicates(rng, points):
    return np.concatenate([points, points[:7], points[:3]])


def zero_points(rng, points):
    points[[2, 9]] = 0
    return points


def centered(rng, points):
    return points - points.mean(axis=0)


def integers(rng, points):
    return rng.integers(-2, 3, size=points.shape).astype(float)


def one_hot(rng, points):
    return np.eye(points.shape[1])[rng.integers(0, points.shape[1], len(points))]


def rank_six(rng, points):
    return rng.normal(size=(60, 6)) @ rng.normal(size=(6, points.shape[1]))


def inseparable(rng, points):
    return rng.normal(size=(200, 8))


def identical(rng, points):
    return np.tile(points[:1], (12, 1))


def near_pairs(rng, points):
    return np.concatenate([points, points + 1e-9 * rng.normal(size=points.shape)])


CASES = [duplicates, zero_points, centered, integers, one_hot, rank_six, inseparable, identical, near_pairs]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_degenerate_points_are_solved_to_their_certificate(case):
    rng, points = _draw()
    points = case(rng, points)
    targets = rng.normal(size=(8, points.shape[1]))
    signs = rng.choice(np.array([-1, 1], np.int8), size=(8, len(points)))
    if case is near_pairs:
        signs[:, len(points) // 2 :] = signs[:, : len(points) // 2]
    solution = assert_optimal(points, targets, signs)
    for sample, target in enumerate(targets):
        slow = slow_objective(points, target, signs[sample])
        assert abs(solution.objective[sample] - slow) <= 1e-7 * (target @ target)


def test_the_same_points_with_opposite_labels_leave_only_their_orthogonal_space():
    rng, points = _draw(10, 25)
    both = np.concatenate([points, points])
    signs = np.repeat(np.array([[1, -1]], np.int8), 10, axis=1)
    target = rng.normal(size=(1, 25))
    solution = assert_optimal(both, target, signs)
    basis = np.linalg.qr(points.T)[0]
    assert solution.objective[0] == pytest.approx(((target @ basis) ** 2).sum(), rel=1e-10)


def test_near_pairs_with_opposite_labels_are_solved_from_the_data_and_say_how_exact_they_are():
    # The multipliers are of the order of 1e9 here, so their own rounding moves the residual by 1e-7: no number in
    # double precision can carry a certificate of 1e-9, and the solution must not claim one.
    rng, points = _draw(20, 40)
    points = np.concatenate([points, points + 1e-9 * rng.normal(size=points.shape)])
    signs = np.repeat(np.repeat(np.array([[1, -1]], np.int8), 20, axis=1), 6, axis=0)
    targets = rng.normal(size=(6, 40))
    solution = kernels.project(points, targets, signs)
    assert solution.n_fallback == solution.fallback.sum() > 0
    np.testing.assert_array_equal(solution.status == "optimal", solution.residual <= 1e-9)
    assert (solution.residual <= 1e-5).all()
    for sample, target in enumerate(targets):
        slow = slow_objective(points, target, signs[sample])
        assert abs(solution.objective[sample] - slow) <= 1e-4 * (target @ target)


def test_an_inseparable_problem_at_a_margin_is_called_infeasible():
    solution = kernels.project([[1.0, 0.0], [-1.0, 0.0]], [[0.3, 0.2]], margin=0.5)
    assert solution.objective[0] == np.inf
    assert solution.status[0] == "infeasible"


def test_points_on_a_grid_at_a_margin_come_to_an_end():
    """Whole numbers in few dimensions: points depend on each other exactly, and the inverse loses all its digits."""
    rng = np.random.default_rng(62)
    rng.normal(size=(74, 11))
    points = rng.integers(-1, 2, size=(74, 11)).astype(float)
    targets = rng.normal(size=(3, 11)) * rng.choice([1e-6, 1.0, 1e6])
    signs = rng.choice(np.array([-1, 1], np.int8), size=(3, 74))
    assert (kernels.project(points, targets, signs, margin=0.3).status != "inexact").all()


def test_a_zero_point_at_a_margin_is_infeasible_and_at_none_is_ignored():
    points = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert kernels.project(points, [[1.0, 1.0]], margin=0.1).status[0] == "infeasible"
    assert kernels.project(points, [[1.0, 1.0]]).objective[0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("points", "targets", "options", "message"),
    [
        (np.zeros((2, 3)), np.zeros((1, 2)), {}, "targets"),
        (np.full((2, 3), np.nan), np.zeros((1, 3)), {}, "points"),
        (np.ones((2, 3)), np.full((1, 3), np.inf), {}, "targets"),
        (np.ones((2, 3)), np.ones((1, 3)), {"margin": -1.0}, "margin"),
        (np.ones((2, 3)), np.ones((1, 3)), {"backend": "gpu"}, "backend"),
        (np.ones((2, 3)), np.ones((1, 3)), {"signs": np.array([[1, 2]])}, "signs"),
        (np.ones((2, 3)), np.ones((1, 3)), {"signs": np.ones((3, 2))}, "signs"),
    ],
)
def test_wrong_input_is_named(points, targets, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        kernels.project(points, targets, **options)
