"""Simulated capacity: exact bisection, counting of inseparable dichotomies, intervals, and the link to GLUE."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from scipy.optimize import linprog

from neurogeom._core.random import generator
from neurogeom._core.warnings import DegenerateInputWarning, SaturationWarning
from neurogeom.capacity.glue import glue
from neurogeom.capacity.simulated import simulated, summarize
from tests.capacity.populations import random_clouds, reference_population, single_points


def separable_probability(n_manifolds, n_dimensions):
    """Probability that random labels of points in general position separate in n dimensions (Cover)."""
    return 2.0 ** (1 - n_manifolds) * sum(comb(n_manifolds - 1, k) for k in range(n_dimensions))


def test_mean_critical_dimension_is_glue_objective_plus_a_half():
    """E[n_c] = E[F] + 1/2 where all dichotomies separate: two computations that share nothing."""
    clouds = reference_population()
    counted = simulated(clouds, n_trials=800, seed=1)
    solved = glue(clouds, n_samples=3000, seed=2)
    assert counted.fraction_inseparable == 0.0
    assert counted.n_undecided == 0  # dichotomies on the edge of separability are decided too
    mean, error = counted.n_critical.values.mean(), counted.n_critical.values.std(ddof=1) / np.sqrt(800)
    objective = solved.sample_objective.values
    expected = objective.mean() + 0.5
    assert abs(mean - expected) < 4 * np.hypot(error, objective.std() / np.sqrt(3000))
    assert abs(counted.n_critical.values.std() - 2.7) < 0.5
    difference = counted.capacity_from_mean - solved.capacity
    assert abs(difference) < 4 * np.hypot(counted.capacity_from_mean_se, solved.capacity_se)
    # the median is larger than the mean less one half by about a half, so this capacity is low
    assert counted.capacity < counted.capacity_from_mean


@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.NeurogeomWarning")
@pytest.mark.parametrize(("n_manifolds", "n_neuroids"), [(24, 15), (16, 8), (10, 12)])
def test_single_points_separate_with_the_probability_of_cover(n_manifolds, n_neuroids):
    result = simulated(single_points(3, n_manifolds, n_neuroids), n_trials=1000, dichotomies="random", seed=4)
    critical = result.n_critical.values
    for n_dimensions in range(1, n_neuroids + 1):
        expected = separable_probability(n_manifolds, n_dimensions)
        error = np.sqrt(max(expected * (1 - expected), 1e-3) / 1000)
        assert abs(np.mean(critical <= n_dimensions) - expected) < 4.5 * error


@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.NeurogeomWarning")
@pytest.mark.parametrize(
    ("n_manifolds", "n_neuroids", "expected"), [(24, 15, 2.0207659727), (30, 10, 3.0099246669), (16, 8, 2.2177628128)]
)
def test_capacity_from_mean_of_single_points_is_exact_also_where_some_are_inseparable(
    n_manifolds, n_neuroids, expected
):
    """1/α = (Σ (1 - p_n) - p_r / 2) / P, the general form, which the stored values satisfy."""
    probabilities = [separable_probability(n_manifolds, n) for n in range(n_neuroids + 1)]
    exact = sum(1 - p for p in probabilities[:-1]) - probabilities[-1] / 2
    np.testing.assert_allclose(n_manifolds / exact, expected, rtol=1e-9)
    result = simulated(single_points(3, n_manifolds, n_neuroids), n_trials=1000, dichotomies="random", seed=5)
    assert abs(result.capacity_from_mean - expected) < 4 * result.capacity_from_mean_se
    low, high = result.capacity_from_mean_ci.values
    np.testing.assert_allclose(
        [low, high], result.capacity_from_mean + np.array([-1.96, 1.96]) * result.capacity_from_mean_se, rtol=0.01
    )


def slow_critical_dimension(points, signs, directions):
    """Smallest n with y x W[:, :n] w >= 1 feasible, by a linear program for every n."""
    for n in range(1, len(directions) + 1):
        rows = signs[:, None] * (points @ directions[:n].T)
        found = linprog(np.zeros(n), A_ub=-rows, b_ub=-np.ones(len(rows)), bounds=(None, None), method="highs")
        if found.status == 0:
            return float(n)
    return np.inf


def test_bisection_equals_a_linear_program_in_every_dimension():
    clouds = random_clouds(6, 6, 3, 9)
    result = simulated(clouds, n_trials=25, seed=7)
    points, membership = np.concatenate(clouds), np.repeat(np.arange(6), 3)
    for trial in range(25):
        # nine directions are drawn in one go here (twice the manifolds is more than the rank)
        directions = generator(7, trial, 0).standard_normal((9, 9))
        signs = result.trial_dichotomy.values[trial, membership]
        assert result.n_critical.values[trial] == slow_critical_dimension(points, signs, directions)


def test_directions_are_nested_however_many_are_drawn_at_a_time():
    """Two manifolds start with four directions and go on to more: the answer is that of all at once."""
    clouds = random_clouds(8, 2, 25, 30, spread=2.0)
    result = simulated(clouds, n_trials=8, seed=3)
    assert result.n_critical.values.max() > 8
    points, membership = np.concatenate(clouds), np.repeat(np.arange(2), 25)
    for trial in range(8):
        directions = generator(3, trial, 0).standard_normal((30, 30))
        signs = result.trial_dichotomy.values[trial, membership]
        assert result.n_critical.values[trial] == slow_critical_dimension(points, signs, directions)


def test_length_of_points_changes_no_critical_dimension():
    clouds = random_clouds(6, 6, 3, 9)
    factors = np.random.default_rng(0).uniform(0.1, 10, size=(6, 3, 1))
    one = simulated(clouds, n_trials=20, seed=7)
    other = simulated([cloud * factor for cloud, factor in zip(clouds, factors)], n_trials=20, seed=7)
    np.testing.assert_array_equal(one.n_critical, other.n_critical)


def test_silent_neuroids_and_embedding_change_nothing_but_the_draw():
    """Points of rank 9 in 40 neuroids never need more than 9 dimensions."""
    clouds = [cloud @ np.random.default_rng(1).normal(size=(9, 40)) for cloud in random_clouds(6, 6, 3, 9)]
    result = simulated(clouds, n_trials=30, seed=7)
    assert result.rank == 9
    finite = result.n_critical.values[np.isfinite(result.n_critical.values)]
    assert finite.max() <= 9


def test_inseparable_dichotomies_are_counted_as_infinite():
    clouds = random_clouds(9, 4, 3, 20)
    shared = [clouds[0], np.vstack([clouds[1], clouds[0][:1]]), *clouds[2:]]
    with pytest.warns(SaturationWarning, match="inseparable in all dimensions"):
        result = simulated(shared, n_trials=12, dichotomies=[[1, 1, -1, -1], [1, 1, 1, -1], [1, -1, 1, -1]], seed=0)
    np.testing.assert_allclose(result.fraction_inseparable, 1 / 3)
    np.testing.assert_array_equal(np.isinf(result.n_critical.values), np.arange(12) % 3 == 2)
    assert np.isfinite(result.capacity)
    assert result.diagnostics["n_inseparable"] == 4


def test_capacity_is_undefined_when_half_or_more_are_inseparable():
    with pytest.warns(DegenerateInputWarning, match="median dimension is infinite"):
        result = simulated(single_points(0, 20, 8), n_trials=20, seed=0)
    assert np.isnan(result.capacity)
    assert result.capacity_ci.values[0] == 0.0


def test_a_point_in_the_origin_never_separates():
    clouds = [np.vstack([cloud, np.zeros(6)]) for cloud in random_clouds(0, 2, 2, 6)]
    with pytest.warns(DegenerateInputWarning):
        result = simulated(clouds, n_trials=6, seed=0)
    assert result.fraction_inseparable == 1.0


def test_interval_of_the_median_has_at_least_its_level():
    """Order statistics k and n - k + 1 bracket the median with probability 1 - 2 P(Bin(n, 1/2) < k)."""
    for n_trials in (6, 7, 20, 101, 200):
        critical = np.arange(1.0, n_trials + 1)
        low, high = n_trials / summarize(critical, n_trials, n_trials)["capacity_ci"][::-1]
        place = int(round(low))
        assert high == pytest.approx(n_trials - place + 1)
        assert 1 - 2 * stats.binom.cdf(place - 1, n_trials, 0.5) >= 0.95
        assert 1 - 2 * stats.binom.cdf(place, n_trials, 0.5) < 0.95


def test_interval_covers_the_true_median():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        ends = summarize(np.round(rng.normal(12, 2.7, size=60)), 6, 40)["capacity_ci"]
        covered += ends[0] <= 6 / 12 <= ends[1]
    assert covered >= 372  # 95 % or more, within 2 sd


def test_same_seed_same_bits_for_any_number_of_workers():
    clouds = random_clouds(6, 6, 3, 9)
    one, three = (simulated(clouds, n_trials=12, seed=7, n_jobs=n_jobs) for n_jobs in (1, 3))
    xr.testing.assert_identical(one.data, three.data)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_trials": 5}, ValueError, "n_trials=5"),
        ({"n_trials": True}, TypeError, "n_trials"),
        ({"dichotomies": "pairwise"}, ValueError, "dichotomies"),
        ({"origin": "zero"}, ValueError, "origin"),
        ({"seed": "a"}, TypeError, "seed"),
    ],
)
def test_wrong_arguments_are_refused_with_a_reason(arguments, error, message):
    with pytest.raises(error, match=message):
        simulated(random_clouds(0, 3, 2, 5), **arguments)


def test_no_capacity_is_told_where_nothing_separates():
    points = np.random.default_rng(0).normal(size=(24, 1))
    with pytest.warns(DegenerateInputWarning, match="capacity_from_mean is undefined too"):
        result = simulated(points, np.repeat(list("abc"), 8), n_trials=6, seed=0)
    assert result.fraction_inseparable == 1.0
    for name in ("capacity", "capacity_ci", "capacity_from_mean", "capacity_from_mean_se", "capacity_from_mean_ci"):
        assert np.isnan(result.data[name].values).all(), name
    assert result.capacity_floor == 3.0
