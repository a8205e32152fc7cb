"""Order-statistic intervals have the coverage that the binomial law gives them, for any distribution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from neurogeom.statistics import median_interval, proportion_interval, quantile_interval


@given(st.integers(1, 200), st.floats(0.05, 0.95), st.floats(0.5, 0.99))
def test_the_two_ranks_hold_the_quantile_with_the_level_asked_for(n: int, quantile: float, level: float) -> None:
    low, high = quantile_interval(np.arange(1.0, n + 1), quantile, level=level)
    below = stats.binom(n, quantile)
    assert (below.cdf(low - 1) if np.isfinite(low) else 0) <= (1 - level) / 2 + 1e-9
    assert (below.sf(high - 1) if np.isfinite(high) else 0) <= (1 - level) / 2 + 1e-9
    # the next ranks inside would hold it too rarely on their side
    if np.isfinite(low):
        assert below.cdf(low) > (1 - level) / 2 - 1e-9


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_monotone_maps_carry_the_interval_along(values: list[float]) -> None:
    low, high = median_interval(values)
    mapped_low, mapped_high = median_interval(np.arctan(values))
    assert mapped_low == (np.arctan(low) if np.isfinite(low) else low)
    assert mapped_high == (np.arctan(high) if np.isfinite(high) else high)
    assert low <= np.median(values) <= high


def test_infinite_draws_are_draws() -> None:
    values = np.r_[np.arange(15.0), np.full(10, np.inf)]
    low, high = median_interval(values)
    assert (low, high) == (7.0, np.inf)


def test_few_draws_bound_nothing() -> None:
    assert median_interval([1.0]) == (-np.inf, np.inf)


def test_coverage_of_the_median_of_a_skewed_law(rng: np.random.Generator) -> None:
    draws = rng.exponential(size=(1000, 25))
    hits = sum(low < np.log(2) < high for low, high in map(median_interval, draws))
    assert stats.binomtest(hits, 1000, 0.957).pvalue > 1e-3


@pytest.mark.parametrize(
    ("values", "message"), [([], "not empty"), ([[1.0]], "1-dimensional"), ([1.0, np.nan], "NaN in 1 of 2")]
)
def test_what_has_no_quantile_is_refused(values: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        median_interval(values)
    with pytest.raises(ValueError, match="quantile=1 is out of range"):
        quantile_interval([1.0], 1)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_wilson_solves_its_equation(counts: tuple[int, int], level: float) -> None:
    k, n = counts
    for bound in proportion_interval(k, n, level=level):
        z = stats.norm.ppf(0.5 + level / 2)
        assert 0 <= bound <= 1
        np.testing.assert_allclose((k / n - bound) ** 2, z**2 * bound * (1 - bound) / n, rtol=1e-6, atol=1e-12)


@given(st.integers(1, 100).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_exact_interval_holds_wilsons_share(counts: tuple[int, int]) -> None:
    k, n = counts
    low, high = proportion_interval(k, n, method="exact")
    assert low <= k / n <= high
    assert k == 0 or abs(stats.binom(n, low).sf(k - 1) - 0.025) < 1e-6
    assert k == n or abs(stats.binom(n, high).cdf(k) - 0.025) < 1e-6


def test_more_successes_than_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="n_successes=3 is more than n_trials=2"):
        proportion_interval(3, 2)
