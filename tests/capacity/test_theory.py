"""Theory: stored values, limits, dualities, and agreement with independent integrals and counts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from neurogeom import capacity
from neurogeom.capacity import theory

POINTS = {0.25: 1.3646427872, 1.0: 0.5195722296, 2.0: 0.2002310156}
BALLS = {
    (0.8, 1, 0.0): 1.0757853966,
    (0.8, 1, 0.3): 0.7602703828,
    (0.7, 3, 0.0): 0.6224869001,
    (0.7, 3, 0.4): 0.4244117919,
    (0.3, 12, 0.0): 0.5447750922,
    (1.5, 8, 0.0): 0.1707016897,
    (1.5, 8, 0.25): 0.1533720868,
    (3.0, 25, 0.0): 0.0442157456,
}
COVER = {(24, 15): 2.0207659727, (30, 10): 3.0099246669, (16, 8): 2.2177628128}
PRINTED = 5.1e-11

radii = st.floats(0.02, 50.0)
dimensions = st.floats(0.3, 80.0)


# ------------------------------------------------------------------------------------------------ points


@pytest.mark.parametrize(("margin", "expected"), POINTS.items())
def test_points_have_the_stored_capacity(margin: float, expected: float) -> None:
    assert theory.points(margin) == pytest.approx(expected, abs=PRINTED)


def test_points_without_margin_have_capacity_2() -> None:
    assert theory.points() == 2.0


@pytest.mark.parametrize("margin", [0.0, 0.3, 1.0, 5.0])
def test_points_are_the_mean_squared_distance_from_a_half_line(margin: float) -> None:
    expected = integrate.quad(lambda t: (t + margin) ** 2 * stats.norm.pdf(t), -margin, np.inf)[0]
    assert 1.0 / theory.points(margin) == pytest.approx(expected, rel=1e-7)


# ------------------------------------------------------------------------------------------------ balls


@pytest.mark.parametrize(("case", "expected"), BALLS.items())
def test_balls_have_the_stored_capacity(case: tuple[float, float, float], expected: float) -> None:
    assert theory.balls(*case) == pytest.approx(expected, abs=PRINTED)


def test_balls_are_the_double_integral() -> None:
    radius, dimension, margin = 0.7, 3, 0.4

    def density(t0: float, t: float) -> float:
        return stats.norm.pdf(t0) * stats.chi.pdf(t, dimension)

    def touching(t0: float, t: float) -> float:
        return density(t0, t) * (radius * t - t0 + margin) ** 2 / (1 + radius**2)

    def embedded(t0: float, t: float) -> float:
        return density(t0, t) * ((t0 - margin) ** 2 + t**2)

    total = integrate.dblquad(
        touching, 0, 12, lambda t: margin - t / radius, lambda t: margin + radius * t, epsabs=1e-7
    )[0]
    total += integrate.dblquad(embedded, 0, 12, -12, lambda t: margin - t / radius, epsabs=1e-7)[0]
    assert 1.0 / theory.balls(radius, dimension, margin) == pytest.approx(total, rel=1e-6)


@given(radii, dimensions)
def test_inverted_radii_add_up_to_dimension_plus_one(radius: float, dimension: float) -> None:
    total = 1.0 / theory.balls(radius, dimension) + 1.0 / theory.balls(1.0 / radius, dimension)
    assert total == pytest.approx(dimension + 1.0, rel=1e-12)


@given(dimensions)
def test_balls_of_radius_1_are_their_own_dual(dimension: float) -> None:
    assert theory.balls(1.0, dimension) == pytest.approx(2.0 / (dimension + 1.0), rel=1e-12)


@given(dimensions, st.floats(0.0, 3.0))
def test_small_balls_are_points(dimension: float, margin: float) -> None:
    assert theory.balls(0.0, dimension, margin) == theory.points(margin)
    assert theory.balls(1e-9, dimension, margin) == pytest.approx(theory.points(margin), rel=1e-6)


@given(dimensions, st.floats(0.0, 3.0))
def test_large_balls_leave_one_dimension_of_labels(dimension: float, margin: float) -> None:
    limit = 1.0 / (dimension + 1.0 / theory.points(margin))
    assert theory.balls(np.inf, dimension, margin) == pytest.approx(limit, rel=1e-12)
    assert theory.balls(1e9, dimension, margin) == pytest.approx(limit, rel=1e-6)
    assert 1.0 / theory.balls(np.inf, dimension) == pytest.approx(dimension + 0.5, rel=1e-12)


@given(radii, dimensions, st.floats(0.0, 3.0))
def test_a_margin_and_a_radius_lower_capacity(radius: float, dimension: float, margin: float) -> None:
    value = theory.balls(radius, dimension, margin)
    assert theory.balls(radius, dimension, margin + 0.1) < value
    assert theory.balls(radius * 1.1, dimension, margin) < value
    assert theory.balls(radius, dimension + 0.5, margin) < value


def test_arguments_are_broadcast() -> None:
    found = theory.balls([[0.5], [2.0]], [1, 2, 3])
    assert found.shape == (2, 3)
    assert found[1, 2] == theory.balls(2.0, 3)
    assert isinstance(theory.balls(1.0, 2), float)
    assert theory.points([0.0, 1.0])[1] == theory.points(1.0)


def test_the_formula_for_large_dimension_is_as_far_off_as_known() -> None:
    off = [theory.large_dimension(r, d) / theory.balls(r, d) - 1 for r, d in ((1.5, 8), (3.0, 25))]
    assert off == pytest.approx([0.058, 0.005], abs=0.001)
    assert theory.large_dimension(0.3, 12) == pytest.approx(1.01, abs=0.005)


@given(st.floats(0.2, 5.0), st.floats(1.0, 30.0))
def test_the_dual_capacity_is_that_of_inverted_radii(radius: float, dimension: float) -> None:
    dual = theory.dual_capacity(theory.balls(radius, dimension), dimension)
    assert dual == pytest.approx(theory.balls(1 / radius, dimension), rel=1e-9)


# ------------------------------------------------------------------------------------------------ ellipsoids


@pytest.mark.parametrize(("margin", "expected", "error"), [(0.0, 0.6343, 0.0008), (0.3, 0.4752, 0.0006)])
def test_ellipsoids_have_the_stored_capacity(margin: float, expected: float, error: float) -> None:
    found = theory.ellipsoids([1.2, 0.6, 0.3, 0.15], margin, n_samples=40_000, seed=5)
    assert abs(found.capacity - expected) < 3 * np.hypot(found.capacity_se, error)


def test_the_error_of_ellipsoids_is_that_of_repetition() -> None:
    repeated = [theory.ellipsoids([1.0, 0.4], n_samples=200, seed=seed) for seed in range(200)]
    spread = np.std([one.capacity for one in repeated])
    assert np.mean([one.capacity_se for one in repeated]) == pytest.approx(spread, rel=0.15)


def test_ellipsoids_that_invert_into_themselves_have_capacity_2_over_dimension_plus_one() -> None:
    found = theory.ellipsoids([2.0, 1.0, 0.5], n_samples=40_000, seed=1)
    assert abs(found.capacity - 0.5) < 4 * found.capacity_se


@given(st.integers(0, 2**32 - 1), st.lists(radii, min_size=1, max_size=6))
def test_distances_from_a_cone_and_its_polar_add_up_on_every_sample(seed: int, axes: list[float]) -> None:
    t = np.random.default_rng(seed).normal(size=(30, len(axes) + 1))
    polar = t * np.append(np.ones(len(axes)), -1.0)
    total = theory.ellipsoid_objective(t, axes) + theory.ellipsoid_objective(polar, 1 / np.array(axes))
    np.testing.assert_allclose(total, np.sum(t**2, axis=1), rtol=1e-10)


def test_equal_radii_are_a_ball_and_a_radius_of_0_is_no_axis() -> None:
    ball = theory.ellipsoids([0.7, 0.7, 0.7, 0.0], 0.4, n_samples=50_000, seed=2)
    assert abs(ball.capacity - theory.balls(0.7, 3, 0.4)) < 4 * ball.capacity_se
    t = np.random.default_rng(0).normal(size=(50, 3))
    np.testing.assert_allclose(
        theory.ellipsoid_objective(t, [0.7, 0.0]), theory.ellipsoid_objective(t[:, [0, 2]], [0.7]), rtol=1e-12
    )


def test_the_ellipsoid_projection_is_that_of_a_general_solver() -> None:
    from scipy.optimize import minimize

    axes = np.array([1.2, 0.5])
    for t in np.random.default_rng(4).normal(size=(12, 3)):
        # the cone is {v: |E v| <= -v0}; its point nearest to t
        cone = {"type": "ineq", "fun": lambda v: -v[2] - np.sqrt((axes[0] * v[0]) ** 2 + (axes[1] * v[1]) ** 2 + 1e-14)}
        nearest = minimize(
            lambda v, t=t: np.sum((v - t) ** 2), [0.1, 0.1, -2.0], constraints=[cone], options={"ftol": 1e-13}
        )
        assert theory.ellipsoid_objective(t[None], axes)[0] == pytest.approx(nearest.fun, abs=1e-5)


def test_samples_of_ellipsoids_repeat_with_their_seed() -> None:
    found = theory.ellipsoids([1.0, 0.5], n_samples=100)
    assert theory.ellipsoids([1.0, 0.5], n_samples=100, seed=found.seed) == found
    assert float(found) == found.capacity


# ------------------------------------------------------------------------------------------------ counting


@pytest.mark.parametrize(("case", "expected"), COVER.items())
def test_random_points_have_the_stored_capacity(case: tuple[int, int], expected: float) -> None:
    assert theory.cover(*case) == pytest.approx(expected, abs=PRINTED)


@given(st.integers(1, 60), st.integers(0, 60))
def test_no_more_points_than_neuroids_have_capacity_2(n_manifolds: int, more: int) -> None:
    assert theory.cover(n_manifolds, n_manifolds + more) == pytest.approx(2.0, rel=1e-12)


@given(st.integers(1, 60), st.integers(1, 40))
def test_capacity_of_random_points_lies_above_its_floor(n_manifolds: int, n_neuroids: int) -> None:
    assert theory.cover(n_manifolds, n_neuroids) >= n_manifolds / min(n_manifolds, n_neuroids) - 1e-12


def test_the_share_of_separable_labels_is_what_a_count_finds() -> None:
    from scipy.optimize import linprog

    points = np.random.default_rng(0).normal(size=(6, 3))
    separable = 0
    for signs in itertools.product((-1, 1), repeat=6):
        rows = -np.array(signs)[:, None] * points
        separable += linprog(np.zeros(3), A_ub=rows, b_ub=-np.ones(6), bounds=[(None, None)] * 3).success
    assert separable / 64 == theory.separable_probability(6, 3)


def test_half_of_all_labels_separate_at_twice_as_many_points_as_neuroids() -> None:
    assert theory.separable_probability([2, 20, 200], [1, 10, 100]) == pytest.approx(0.5, rel=1e-12)
    assert theory.separable_probability(5, 0) == 0.0
    assert theory.separable_probability(5, [5, 6]).tolist() == [1.0, 1.0]


# ------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: theory.points(-0.1), "margin=-0.1"),
        (lambda: theory.points(np.nan), "margin"),
        (lambda: theory.balls(-1.0, 2), "radius"),
        (lambda: theory.balls(np.nan, 2), "radius"),
        (lambda: theory.balls(1.0, 0.0), "dimension"),
        (lambda: theory.ellipsoids([]), "radii"),
        (lambda: theory.ellipsoids([1.0, -2.0]), "radii"),
        (lambda: theory.ellipsoid_objective(np.ones((2, 2)), [1.0, 1.0]), "needs? shape"),
        (lambda: theory.cover(0, 3), "n_manifolds"),
        (lambda: theory.cover(3, 0), "n_neuroids"),
        (lambda: theory.separable_probability(3, -1), "n_neuroids"),
        (lambda: theory.large_dimension(0.0, 3), "radius"),
        (lambda: theory.dual_capacity(0.2, 4), "1/\\(D \\+ 1\\)"),
    ],
)
def test_what_has_no_capacity_is_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_numbers_of_manifolds_are_whole() -> None:
    with pytest.raises(TypeError, match="n_manifolds"):
        theory.cover(2.5, 3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: theory.points(1e100),
        lambda: theory.balls(1.0, 3, 1e100),
        lambda: theory.balls(1e100, 3),
        lambda: theory.ellipsoids([1.0], 1e100, seed=0),
        lambda: theory.ellipsoids([1e100, 1.0], seed=0),
        lambda: capacity.glue(np.eye(4), [0, 0, 1, 1], margin=1e300, seed=0),
        lambda: capacity.mean_field(np.eye(4), [0, 0, 1, 1], margin=1e300, seed=0),
    ],
)
def test_margins_and_radii_beyond_rounding_are_refused(call) -> None:
    with pytest.raises(ValueError, match="(margin|radius|radii).*1e\\+50"):
        call()


def test_an_infinite_radius_is_the_limit_of_large_ones() -> None:
    np.testing.assert_allclose(theory.balls(1e49, 3), theory.balls(np.inf, 3), rtol=1e-12)
