"""p-values are exact on small sets, never zero, and uniform under the null."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from neurogeom.statistics import permutation_p_value, permutation_test, permuted_indices


def test_it_agrees_with_all_permutations_of_a_small_set() -> None:
    x, y = np.arange(6.0), np.array([0.2, 0.1, 0.9, 0.5, 0.7, 0.8])
    exact = np.mean([np.dot(x, y[list(order)]) >= np.dot(x, y) - 1e-12 for order in permutations(range(6))])
    found = permutation_test(lambda order: x @ y[order], 6, n_permutations=20000, seed=0)
    assert abs(found.p_value - exact) < 4 * np.sqrt(exact * (1 - exact) / 20000)


@given(st.floats(-5, 5), st.lists(st.floats(-5, 5), min_size=1, max_size=50))
def test_no_p_value_is_zero_and_the_sides_fit_together(observed: float, null: list[float]) -> None:
    greater, less, two = (permutation_p_value(observed, null, alternative=a) for a in ("greater", "less", "two_sided"))
    assert 0 < greater <= 1
    assert 0 < less <= 1
    assert two == min(1, 2 * min(greater, less))
    assert greater + less >= 1


def test_values_equal_up_to_rounding_count_as_equal() -> None:
    assert permutation_p_value(0.1 + 0.2, [0.3, 0.3, 0.3]) == 1.0


def test_p_values_are_uniform_under_the_null(rng: np.random.Generator) -> None:
    p_values = []
    for run in range(200):
        x, y = rng.normal(size=(2, 15))
        p_values.append(float(permutation_test(lambda o, x=x, y=y: x @ y[o], 15, n_permutations=99, seed=run).p_value))
    assert stats.kstest(p_values, "uniform").pvalue > 1e-3


def test_blocks_are_never_mixed() -> None:
    blocks = np.array(["a", "b", "a", "b", "b", "c"])
    for index in range(20):
        order = permuted_indices(6, seed=1, index=index, blocks=blocks)
        np.testing.assert_array_equal(blocks[order], blocks)
        assert sorted(order) == list(range(6))
    assert any(not np.array_equal(permuted_indices(6, seed=1, index=i, blocks=blocks), range(6)) for i in range(20))


def test_all_orders_are_equally_likely() -> None:
    orders = [tuple(permuted_indices(3, seed=2, index=index)) for index in range(1200)]
    counts = [orders.count(order) for order in permutations(range(3))]
    assert sum(counts) == 1200
    assert stats.chisquare(counts).pvalue > 1e-3


def test_vectors_and_workers_give_the_same_numbers(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=20), rng.normal(size=(20, 3))
    alone = permutation_test(lambda order: x[order] @ y, 20, n_permutations=50, seed=3)
    together = permutation_test(lambda order: x[order] @ y, 20, n_permutations=50, seed=3, n_jobs=3)
    assert alone.null.shape == (50, 3)
    assert alone.p_value.shape == (3,)
    assert alone.null.tobytes() == together.null.tobytes()


@pytest.mark.parametrize(
    ("observed", "null", "message"),
    [
        (1.0, [], "null has shape"),
        (1.0, [[1.0]], "null has shape"),
        ([1.0, 2.0], [[1.0]], "null has shape"),
        (np.nan, [1.0], "NaN"),
        (1.0, [np.nan], "NaN"),
    ],
)
def test_what_does_not_fit_is_refused(observed: object, null: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        permutation_p_value(observed, null)


def test_wrong_options_are_refused() -> None:
    with pytest.raises(ValueError, match="Did you mean 'two_sided'"):
        permutation_p_value(1.0, [1.0], alternative="two-sided")
    with pytest.raises(ValueError, match="blocks has 2 entries"):
        permutation_test(lambda order: 0.0, 3, blocks=[1, 2])
