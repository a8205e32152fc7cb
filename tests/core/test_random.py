"""A seed is kept, and each unit of work has its own stream."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurogeom._core.random import generator, resolve_seed


@given(st.integers(0, 2**63 - 1))
def test_a_given_seed_is_kept(seed: int) -> None:
    assert resolve_seed(seed) == seed


def test_a_drawn_seed_fits_a_file_and_differs_each_time() -> None:
    drawn = {resolve_seed(None) for _ in range(20)}
    assert len(drawn) == 20
    assert all(0 <= seed < 2**63 for seed in drawn)


@pytest.mark.parametrize("seed", [True, 1.0, "1", np.random.default_rng(0), np.random.SeedSequence(0), [1, 2]])
def test_what_cannot_be_kept_is_refused(seed: object) -> None:
    with pytest.raises(TypeError, match="seed"):
        resolve_seed(seed)  # type: ignore[arg-type]


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seed=-1"):
        resolve_seed(-1)


@given(st.integers(0, 2**63 - 1), st.lists(st.integers(0, 2**31), max_size=3))
def test_the_same_key_gives_the_same_stream(seed: int, key: list[int]) -> None:
    np.testing.assert_array_equal(generator(seed, *key).normal(size=3), generator(seed, *key).normal(size=3))


def test_different_keys_give_streams_that_do_not_correlate() -> None:
    draws = np.array([generator(7, purpose, unit).normal(size=4000) for purpose in range(3) for unit in range(3)])
    correlation = np.corrcoef(draws)[np.triu_indices(9, 1)]
    assert np.abs(correlation).max() < 5 / np.sqrt(4000)


def test_a_key_is_not_its_prefix() -> None:
    assert generator(7, 1).normal() != generator(7, 1, 0).normal()
