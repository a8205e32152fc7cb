"""The jackknife agrees with closed forms, and its groups are partitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurogeom.statistics import block_groups, delete_groups, jackknife, jackknife_error, jackknife_interval


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30))
def test_for_a_mean_it_is_the_standard_error_of_the_mean(values: list[float]) -> None:
    x = np.array(values)
    found = jackknife(lambda kept: x[kept].mean(), len(x))
    np.testing.assert_allclose(found.standard_error, x.std(ddof=1) / np.sqrt(len(x)), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found.bias, 0, atol=1e-8)


@given(st.lists(st.floats(-1e2, 1e2), min_size=3, max_size=20))
def test_it_finds_the_bias_of_the_plug_in_variance(values: list[float]) -> None:
    x = np.array(values)
    found = jackknife(lambda kept: x[kept].var(), len(x))
    np.testing.assert_allclose(found.estimate - found.bias, x.var(ddof=1), rtol=1e-6, atol=1e-8)


def test_groups_of_equal_size_give_the_error_of_group_means(rng: np.random.Generator) -> None:
    x = rng.normal(size=60)
    groups = delete_groups(60, 12, seed=0)
    means = np.array([x[group].mean() for group in groups])
    found = jackknife(lambda kept: x[kept].mean(), 60, groups=groups)
    np.testing.assert_allclose(found.standard_error, means.std(ddof=1) / np.sqrt(12))


def test_blocks_see_correlation_that_single_units_hide(rng: np.random.Generator) -> None:
    """A moving average of 20 steps: the variance of its mean is about 20 times that of independent values."""
    x = np.convolve(rng.normal(size=4000), np.ones(20) / np.sqrt(20), mode="valid")
    single = jackknife(lambda kept: x[kept].mean(), len(x), groups=delete_groups(len(x), 40, seed=0))
    blocks = jackknife(lambda kept: x[kept].mean(), len(x), groups=block_groups(len(x), 40))
    truth = np.sqrt(20 / len(x))
    assert abs(blocks.standard_error / truth - 1) < 0.35
    assert single.standard_error < 0.5 * truth


def test_the_interval_is_students(rng: np.random.Generator) -> None:
    low, high = jackknife_interval([1.0, 2.0], [0.1, 0.2], 5, level=0.95)
    np.testing.assert_allclose(high - [1.0, 2.0], np.array([0.1, 0.2]) * 2.7764451, rtol=1e-6)
    np.testing.assert_allclose(low + high, [2.0, 4.0])


def test_vectors_are_treated_element_by_element(rng: np.random.Generator) -> None:
    x = rng.normal(size=(9, 4))
    found = jackknife(lambda kept: x[kept].mean(axis=0), 9, n_jobs=2)
    np.testing.assert_allclose(found.standard_error, x.std(axis=0, ddof=1) / 3)
    np.testing.assert_allclose(found.interval.mean(axis=-1), found.estimate)
    np.testing.assert_allclose(jackknife_error(found.replicates), found.standard_error)


@given(st.integers(2, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(2, n))), st.integers(0, 99))
def test_groups_are_partitions_of_even_size(sizes: tuple[int, int], seed: int) -> None:
    n, n_groups = sizes
    for groups in (delete_groups(n, n_groups, seed=seed), block_groups(n, n_groups)):
        assert len(groups) == n_groups
        np.testing.assert_array_equal(np.sort(np.concatenate(groups)), np.arange(n))
        lengths = [len(group) for group in groups]
        assert max(lengths) - min(lengths) <= 1


@given(st.lists(st.integers(0, 3), min_size=4, max_size=60), st.integers(2, 4), st.integers(0, 99))
def test_every_group_takes_its_share_of_every_stratum(strata: list[int], n_groups: int, seed: int) -> None:
    labels = np.array(strata)
    groups = delete_groups(len(labels), n_groups, seed=seed, strata=labels)
    for stratum in np.unique(labels):
        shares = [int((labels[group] == stratum).sum()) for group in groups]
        assert max(shares) - min(shares) <= 1


def test_groups_differ_between_seeds_and_not_between_calls() -> None:
    same = [delete_groups(50, 5, seed=3) for _ in range(2)]
    assert all(np.array_equal(one, other) for one, other in zip(*same, strict=True))
    assert not np.array_equal(delete_groups(50, 5, seed=3)[0], delete_groups(50, 5, seed=4)[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 1}, "n=1"),
        ({"level": 0.0}, "level"),
        ({"groups": [np.arange(4)]}, "1 group; at least 2"),
        ({"groups": [[0, 1], [2]]}, "no partition of 4 units"),
        ({"groups": [[0, 1], [1, 2, 3]]}, "no partition of 4 units"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        jackknife(lambda kept: 1.0, **{"n": 4, **arguments})


def test_an_undefined_statistic_is_said() -> None:
    with pytest.raises(ValueError, match="not finite"):
        jackknife(lambda kept: np.inf if len(kept) < 4 else 1.0, 4)
    with pytest.raises(ValueError, match="at least 2"):
        jackknife_error([1.0])


@pytest.mark.parametrize("split", [delete_groups, block_groups])
def test_more_groups_than_units_are_refused(split: object) -> None:
    with pytest.raises(ValueError, match="=6 is more than the 5 units"):
        split(5, 6)  # type: ignore[operator]
