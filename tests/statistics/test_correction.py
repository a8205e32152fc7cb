"""Corrections agree with their definitions by brute force, and keep the order of the tests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurogeom.statistics import false_discovery, holm

p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(p_lists, st.floats(0.001, 0.5))
def test_holm_rejects_what_its_steps_reject(p_values: list[float], level: float) -> None:
    p, m = np.array(p_values), len(p_values)
    rejected = np.zeros(m, dtype=bool)
    for step, index in enumerate(np.argsort(p, kind="stable")):
        if p[index] * (m - step) > level:
            break
        rejected[index] = True
    np.testing.assert_array_equal(holm(p) <= level, rejected)


@given(p_lists)
def test_false_discovery_is_its_definition(p_values: list[float]) -> None:
    p, m = np.array(p_values), len(p_values)
    ordered = np.sort(p)
    expected = [
        min(min(1.0, m / (rank + 1) * ordered[rank]) for rank in range(m) if ordered[rank] >= value) for value in p
    ]
    np.testing.assert_allclose(false_discovery(p), expected, rtol=1e-12)


@given(p_lists)
def test_corrected_values_are_never_smaller_and_keep_the_order(p_values: list[float]) -> None:
    p = np.array(p_values)
    for corrected in (holm(p), false_discovery(p), false_discovery(p, method="benjamini_yekutieli")):
        assert (corrected >= p - 1e-15).all()
        assert (corrected <= 1).all()
        assert (np.diff(corrected[np.argsort(p, kind="stable")]) >= -1e-15).all()
    assert (holm(p) >= false_discovery(p) - 1e-12).all()


def test_shapes_are_kept_and_all_tests_count_together() -> None:
    p = np.array([[0.01, 0.02], [0.03, 0.04]])
    np.testing.assert_allclose(holm(p), [[0.04, 0.06], [0.06, 0.06]])
    np.testing.assert_allclose(false_discovery(p), np.full((2, 2), 0.04))


@pytest.mark.parametrize("correct", [holm, false_discovery])
@pytest.mark.parametrize(("p_values", "message"), [([], "empty"), ([0.5, np.nan], "1 of 2"), ([1.5, -0.1], "2 of 2")])
def test_what_is_no_p_value_is_refused(correct: object, p_values: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        correct(p_values)  # type: ignore[operator]


def test_an_unknown_method_is_guessed() -> None:
    with pytest.raises(ValueError, match="Did you mean 'benjamini_hochberg'"):
        false_discovery([0.1], method="benjamini-hochburg")
