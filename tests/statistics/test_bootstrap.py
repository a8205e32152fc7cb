"""Intervals agree with scipy's, cover what they should, and do not depend on workers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from neurogeom.statistics import bootstrap, resampled_indices


@pytest.fixture
def sample(rng: np.random.Generator) -> np.ndarray:
    return rng.exponential(size=60)


@pytest.mark.parametrize("method", ["percentile", "basic", "bca"])
def test_intervals_agree_with_scipy_up_to_monte_carlo_error(sample: np.ndarray, method: str) -> None:
    ours = bootstrap(lambda index: sample[index].mean(), len(sample), n_resamples=6000, method=method, seed=1)
    scipys = stats.bootstrap(
        (sample,), np.mean, n_resamples=6000, method="BCa" if method == "bca" else method, rng=np.random.default_rng(2)
    )
    error = scipys.standard_error
    assert abs(ours.low - scipys.confidence_interval.low) < 0.1 * error
    assert abs(ours.high - scipys.confidence_interval.high) < 0.1 * error
    assert abs(ours.standard_error / error - 1) < 0.04


def test_bca_is_percentile_where_there_is_no_bias_and_no_skew() -> None:
    sample = np.concatenate([np.linspace(-1, 1, 41)])
    both = [
        bootstrap(lambda index: sample[index].mean(), 41, n_resamples=4000, method=method, seed=3)
        for method in ("percentile", "bca")
    ]
    assert abs(both[0].low - both[1].low) < 0.1 * both[0].standard_error


def test_the_standard_error_of_a_mean_is_the_known_one(sample: np.ndarray) -> None:
    found = bootstrap(lambda index: sample[index].mean(), len(sample), n_resamples=8000, seed=4)
    assert abs(found.standard_error / (sample.std() / np.sqrt(len(sample))) - 1) < 0.03


def test_groups_carry_their_own_variance(rng: np.random.Generator) -> None:
    """With strong differences between subjects, treating trials as independent says far too little."""
    subjects = np.repeat(np.arange(12), 25)
    values = rng.normal(size=12)[subjects] + 0.1 * rng.normal(size=300)
    flat = bootstrap(lambda index: values[index].mean(), 300, seed=5)
    grouped = bootstrap(lambda index: values[index].mean(), 300, groups=subjects, seed=5)
    of_means = np.array([values[subjects == subject].mean() for subject in range(12)]).std() / np.sqrt(12)
    assert abs(grouped.standard_error / of_means - 1) < 0.1
    assert grouped.standard_error > 3 * flat.standard_error


def test_groups_of_one_unit_are_the_flat_bootstrap_in_law(sample: np.ndarray) -> None:
    flat = bootstrap(lambda index: sample[index].mean(), 60, n_resamples=4000, seed=6)
    grouped = bootstrap(lambda index: sample[index].mean(), 60, groups=np.arange(60), n_resamples=4000, seed=7)
    assert abs(flat.standard_error / grouped.standard_error - 1) < 0.06


def test_vectors_are_treated_element_by_element(sample: np.ndarray) -> None:
    both = bootstrap(lambda index: [sample[index].mean(), sample[index].max()], 60, method="bca", seed=8)
    one = bootstrap(lambda index: sample[index].mean(), 60, method="bca", seed=8)
    assert both.low.shape == (2,)
    assert both.interval.shape == (2, 2)
    assert both.replicates.shape == (1000, 2)
    np.testing.assert_allclose([both.low[0], both.high[0]], [one.low, one.high], rtol=1e-12)


@pytest.mark.parametrize("n_jobs", [2, 4])
def test_the_numbers_do_not_depend_on_workers(sample: np.ndarray, n_jobs: int) -> None:
    alone = bootstrap(lambda index: np.median(sample[index]), 60, n_resamples=200, seed=9)
    together = bootstrap(lambda index: np.median(sample[index]), 60, n_resamples=200, seed=9, n_jobs=n_jobs)
    assert alone.replicates.tobytes() == together.replicates.tobytes()


def test_replicates_are_those_of_the_shared_resamples(sample: np.ndarray) -> None:
    groups = np.arange(60) // 6
    found = bootstrap(lambda index: sample[index].sum(), 60, groups=groups, n_resamples=20, seed=10)
    again = [sample[resampled_indices(60, seed=10, index=index, groups=groups)].sum() for index in range(20)]
    np.testing.assert_array_equal(found.replicates, again)


def test_intervals_cover_the_mean_about_as_often_as_they_say(rng: np.random.Generator) -> None:
    hits = 0
    for run in range(150):
        draws = rng.normal(size=40)
        found = bootstrap(lambda index, draws=draws: draws[index].mean(), 40, n_resamples=200, level=0.9, seed=run)
        hits += bool(found.low < 0 < found.high)
    assert stats.binomtest(hits, 150, 0.89).pvalue > 1e-3


def test_a_higher_level_is_wider(sample: np.ndarray) -> None:
    low, high = (bootstrap(lambda index: sample[index].mean(), 60, level=level, seed=11) for level in (0.8, 0.99))
    assert high.low < low.low < low.high < high.high


def test_a_drawn_seed_is_kept(sample: np.ndarray) -> None:
    first = bootstrap(lambda index: sample[index].mean(), 60, n_resamples=20)
    again = bootstrap(lambda index: sample[index].mean(), 60, n_resamples=20, seed=first.seed)
    assert first.replicates.tobytes() == again.replicates.tobytes()


def test_a_constant_statistic_has_a_point_as_interval() -> None:
    for method in ("percentile", "basic", "bca"):
        found = bootstrap(lambda index: 2.0, 5, method=method, seed=0)
        assert (found.low, found.high, found.standard_error) == (2.0, 2.0, 0.0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n": 1}, ValueError, "n=1 is too small"),
        ({"n_resamples": 5}, ValueError, "n_resamples=5"),
        ({"level": 1.0}, ValueError, "level"),
        ({"method": "bc"}, ValueError, "Did you mean 'bca'"),
        ({"groups": [1, 2]}, ValueError, "groups has 2 entries"),
        ({"groups": [1] * 5}, ValueError, "one group only"),
        ({"seed": 0.5}, TypeError, "seed"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        bootstrap(lambda index: 1.0, **{"n": 5, **arguments})


def test_a_statistic_that_is_not_defined_on_resamples_is_said() -> None:
    with pytest.raises(ValueError, match="not finite on the data or in .* of 50 resamples"):
        bootstrap(lambda index: np.nan if len(set(index)) < 5 else 1.0, 5, n_resamples=50, seed=0)
