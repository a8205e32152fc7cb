"""The simulation as a user calls it: closed form, figures 8 and 9, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom.alignment import expected_signal_mismatch, simulate_signal_mismatch
from tests.alignment.populations import closed_form


@pytest.mark.parametrize("k", range(10))
def test_closed_form_is_that_of_the_stored_tables(k: int) -> None:
    for n in (50, 70, 90):
        assert expected_signal_mismatch(k / 9, n_neuroids=n) == pytest.approx(closed_form(k, n, 1 / n), abs=1e-12)
    for overlap in (15, 30):
        found = expected_signal_mismatch(k / 9, n_neuroids=100, dimension=30, overlap=overlap)
        assert found == pytest.approx(closed_form(k, 100, 1 / 30, d=30, overlap=overlap), abs=1e-12)


@pytest.mark.parametrize("sizes", [{"n_neuroids": 60}, {"n_neuroids": 100, "dimension": 30, "overlap": 20}])
def test_simulated_means_follow_the_closed_form(sizes: dict) -> None:
    result = simulate_signal_mismatch(**sizes, n_steps=4, n_repeats=40, seed=0)
    gap = np.abs(result.distance.values - result.expected_distance.values)
    assert np.all(gap < 0.03 + 3 * result.distance_se.values)
    assert result.distance.values[0] < result.distance.values[-1]
    assert result.mismatch.values[0] < result.mismatch.values[-1]


def test_clouds_that_share_nothing_have_one() -> None:
    result = simulate_signal_mismatch(n_neuroids=100, n_steps=2, n_repeats=3, seed=0)
    np.testing.assert_allclose(result.distance, 1.0, atol=1e-9)
    disjoint = expected_signal_mismatch(0.0, n_neuroids=100, dimension=40, overlap=0)
    assert disjoint == pytest.approx(1.0)


def test_same_seed_same_numbers_for_any_number_of_threads() -> None:
    one, two = (simulate_signal_mismatch(n_neuroids=20, n_steps=3, n_repeats=4, seed=1, n_jobs=j) for j in (1, 2))
    np.testing.assert_array_equal(one.distance, two.distance)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_neuroids": 50, "dimension": 20, "overlap": 30}, "do not fit 50 neuroids"),
        ({"n_neuroids": 50, "dimension": 30, "overlap": 5}, "do not fit 50 neuroids"),
        ({"n_neuroids": 50, "variance": 0.0}, "variance=0"),
        ({"n_neuroids": 50, "noise": -1.0}, "noise=-1"),
    ],
)
def test_impossible_sizes_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate_signal_mismatch(**options, n_repeats=2)


def test_the_closed_form_says_where_it_does_not_hold() -> None:
    with pytest.raises(ValueError, match="2·dimension − overlap ≤ 2·n_points"):
        expected_signal_mismatch(0.0, n_neuroids=120)
