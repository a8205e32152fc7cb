"""Bias of the covariance alignment distance, its correction, and error bars that keep the estimate inside."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom.alignment import covariance_alignment_distance, excess_alignment_distance
from neurogeom.alignment.covariance import squared_distance
from neurogeom.alignment.expectations import expected_isotropic_distance, expected_sampling_distance
from neurogeom.alignment.uncertainty import error_over_points


def clouds(seed: int, m: int, scale: np.ndarray, count: int = 2) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(m, len(scale))) * scale for _ in range(count)]


def mean_squared(m: int, spectrum: np.ndarray, n_repeats: int = 12) -> float:
    """Mean d² between clouds of equal population covariance."""
    return float(np.mean([squared_distance(*clouds(seed, m, np.sqrt(spectrum))) for seed in range(n_repeats)]))


def turned_pair(seed: int, m: int, degrees: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Clouds of spectrum 1/i whose axes are turned pairwise, and the population's d²."""
    n = 200
    scale = 1 / np.sqrt(np.arange(1, n + 1))
    angle = np.radians(degrees)
    turn = np.eye(n)
    for i in range(n // 2):
        j = n - 1 - i  # the widest axis with the narrowest
        turn[np.ix_([i, j], [i, j])] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    a, b = clouds(seed, m, scale)
    factors = [np.diag(scale), np.diag(scale) @ turn]
    factors = [factor / np.linalg.norm(factor) for factor in factors]
    return a, b @ turn, 2 - 2 * float(np.linalg.svd(factors[0] @ factors[1].T, compute_uv=False).sum())


def test_bias_of_equal_covariances_follows_the_expansion() -> None:
    spectrum = 1 / np.arange(1, 41)
    assert expected_sampling_distance(spectrum, 200, 200) == pytest.approx(0.0600, abs=5e-5)
    found = mean_squared(200, spectrum)
    assert found == pytest.approx(0.0622, abs=0.002)
    assert found == pytest.approx(expected_sampling_distance(spectrum, 200, 200), rel=0.06)


def test_bias_of_isotropic_clouds_is_neuroids_over_twice_the_points() -> None:
    assert expected_sampling_distance(np.ones(40), 200, 200) == pytest.approx(40 / 400)
    assert expected_sampling_distance(np.ones(40), 100, 300) == pytest.approx(40 / 4 * (1 / 100 + 1 / 300))
    assert mean_squared(2000, np.ones(20), 4) == pytest.approx(
        expected_sampling_distance(np.ones(20), 2000, 2000), rel=0.1
    )


def test_bias_of_few_points_among_many_neuroids() -> None:
    assert expected_isotropic_distance(25, 1000) == pytest.approx(1.737, abs=5e-4)
    assert mean_squared(25, np.ones(1000), 4) == pytest.approx(1.740, abs=0.005)


def test_subsampling_neuroids_alone_changes_the_distance() -> None:
    # one pair of unrelated clouds of 60 points: fewer neuroids, smaller distance
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(60, 800)), rng.normal(size=(60, 800))
    means = [np.sqrt(squared_distance(a[:, :n], b[:, :n])) for n in (25, 100, 400, 800)]
    assert np.all(np.diff(means) > 0)
    assert means[0] < 0.5 * means[-1]


@pytest.mark.parametrize(("m", "raw"), [(50, 0.631), (100, 0.424), (400, 0.117)])
def test_excess_is_zero_for_equal_covariances_at_any_number_of_points(m: int, raw: float) -> None:
    spectrum = 1 / np.arange(1, 201)
    n_repeats = 8 if m < 400 else 3
    assert mean_squared(m, spectrum, n_repeats) == pytest.approx(raw, abs=0.012)
    values = [
        float(excess_alignment_distance(*clouds(seed, m, np.sqrt(spectrum)), n_splits=6, seed=seed))
        for seed in range(n_repeats)
    ]
    assert abs(np.mean(values)) < 0.015


def test_excess_grows_to_the_population_distance_from_below() -> None:
    found = {}
    for m in (50, 200):
        values = []
        for seed in range(4):
            a, b, population = turned_pair(seed, m, 60.0)
            values.append(float(excess_alignment_distance(a, b, n_splits=6, seed=seed)))
        found[m] = float(np.mean(values))
    assert population > 0.1
    assert 0.5 * population < found[50] < found[200] < population
    assert squared_distance(a, b) > population  # while the raw distance lies above


def test_excess_of_clouds_of_different_sizes_is_unbiased_too() -> None:
    spectrum = 1 / np.sqrt(np.arange(1, 101))
    values = []
    for seed in range(8):
        a, b = clouds(seed, 120, spectrum)
        values.append(float(excess_alignment_distance(a[:40], b, n_splits=6, seed=seed)))
    assert abs(np.mean(values)) < 0.03


def test_the_jackknife_error_is_the_spread_over_data_sets() -> None:
    scale = np.array([3.0, 2, 1, 1, 0.5, 0.5])
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))[0]

    def statistic(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.sqrt(squared_distance(a, b)))

    values, errors = [], []
    for seed in range(60):
        a, b = clouds(seed, 60, scale)
        values.append(statistic(a, b @ turn))
        if seed < 15:
            errors.append(error_over_points(statistic, (a, b @ turn), (), 10, seed))
    assert np.mean(errors) == pytest.approx(np.std(values, ddof=1), rel=0.35)


def test_a_percentile_bootstrap_would_lie_above_the_estimate_and_the_jackknife_interval_holds_it() -> None:
    spectrum = 1 / np.arange(1, 201)
    above = 0
    for seed in range(5):
        a, b = clouds(seed, 50, np.sqrt(spectrum))
        result = covariance_alignment_distance(a, b, uncertainty="points", seed=seed)
        low, high = result.distance_ci.values
        assert low < float(result) < high
        rng = np.random.default_rng(seed)
        draws = [
            np.sqrt(squared_distance(a[rng.integers(50, size=50)], b[rng.integers(50, size=50)])) for _ in range(40)
        ]
        above += np.quantile(draws, 0.025) > float(result)
    assert above == 5


def test_matching_draws_equal_numbers_and_says_which_seed() -> None:
    a, b = clouds(3, 30, np.ones(4))
    result = covariance_alignment_distance(a[:12], b, match_points=True)
    assert result.meaning.n_used["points_a"] == result.meaning.n_used["points_b"] == 12
    again = covariance_alignment_distance(a[:12], b, match_points=True, seed=result.settings["seed"])
    assert float(again) == float(result)
    assert not result.warnings
