"""Computed capacities agree with theory within their Monte-Carlo errors."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from neurogeom.capacity.agreement import agreement


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # cases near their floor are known ones: no warning of them is news
        return agreement(n_samples=400, seed=3, n_jobs=1)


def test_every_case_agrees_within_its_error(table: pd.DataFrame) -> None:
    off = (table["computed"] - table["theory"]) / table["se"]
    assert (off.abs() < 4.5).all(), table.assign(off=off)


def test_errors_are_small_enough_to_mean_something(table: pd.DataFrame) -> None:
    assert (table["se"] / table["theory"] < 0.1).all()
    assert (table["se"] > 0).all()


def test_deviations_have_no_common_direction(table: pd.DataFrame) -> None:
    off = ((table["computed"] - table["theory"]) / table["se"]).to_numpy()
    assert abs(off.sum()) < 4.5 * np.sqrt(len(off))


def test_every_family_is_there(table: pd.DataFrame) -> None:
    assert table["family"].nunique() == 4
    assert table["case"].is_unique


def test_same_seed_gives_same_numbers_for_any_number_of_workers(table: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(agreement(n_samples=400, seed=3, n_jobs=2), table)
