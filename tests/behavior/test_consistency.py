"""Error consistency: Cohen's kappa of being right, its bounds, and its sign."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom import results
from neurogeom._core.warnings import DegenerateInputWarning
from neurogeom.behavior import error_consistency, kappa

VALUES = Path(__file__).resolve().parents[1] / "data" / "values"


def choices(right: np.ndarray, subject: str, condition: str = "0", dataset: str = "sketch") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "dataset": dataset,
            "condition": condition,
            "subject": subject,
            "image": [f"image{number}" for number in range(len(right))],
            "category": "cat",
            "response": np.where(right, "cat", "dog"),
        }
    )


def test_the_stored_value() -> None:
    stored = json.loads((VALUES / "v2_golden.json").read_text())["E_error_consistency"]
    found = kappa(stored["acc_h"], stored["acc_m"], stored["po"])
    assert found.expected == pytest.approx(stored["pe"], abs=1e-12)
    assert found.kappa == pytest.approx(stored["kappa"], abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(5, 200), p=st.floats(0.1, 0.9), q=st.floats(0.1, 0.9))
def test_kappa_is_cohens_symmetric_and_within_its_bounds(seed: int, n: int, p: float, q: float) -> None:
    from sklearn.metrics import cohen_kappa_score

    rng = np.random.default_rng(seed)
    a, b = rng.random(n) < p, rng.random(n) < q
    a[:2], b[:2] = [True, False], [True, False]
    found = kappa(a.mean(), b.mean(), (a == b).mean())
    assert found.kappa == pytest.approx(cohen_kappa_score(a, b), abs=1e-12)
    assert found.lowest - 1e-12 <= found.kappa <= found.highest + 1e-12
    assert kappa(b.mean(), a.mean(), (a == b).mean()).kappa == found.kappa


@given(n=st.integers(2, 40), first=st.integers(1, 39), second=st.integers(1, 39))
def test_the_bounds_are_reached(n: int, first: int, second: int) -> None:
    """The most and the least overlap of right answers at given accuracies give the highest and lowest kappa."""
    first, second = min(first, n - 1), min(second, n - 1)
    a = np.arange(n) < first
    most, least = np.arange(n) < second, np.arange(n) >= n - second
    for other, bound in ((most, "highest"), (least, "lowest")):
        found = kappa(a.mean(), other.mean(), (a == other).mean())
        assert found.kappa == pytest.approx(getattr(found, bound), abs=1e-12)


def test_opposite_errors_are_below_zero_and_equal_ones_are_one() -> None:
    right = np.arange(20) % 2 == 0
    same = error_consistency(choices(right, "a"), choices(right, "b"), n_resamples=0)
    opposite = error_consistency(choices(right, "a"), choices(~right, "b"), n_resamples=0)
    assert (same.error_consistency, opposite.error_consistency) == (1.0, -1.0)
    assert (opposite.lowest_possible, opposite.highest_possible) == (-1.0, 1.0)


def test_means_are_over_conditions_then_pairs_then_data_sets(rng: np.random.Generator) -> None:
    tables, expected = {"a": [], "b": []}, []
    for dataset, conditions in (("contrast", ["c50", "c05"]), ("sketch", ["0"])):
        values = []
        for condition in conditions:
            right = {name: rng.random(80) < 0.7 for name in tables}
            for name in tables:
                tables[name].append(choices(right[name], name, condition, dataset))
            values.append(kappa(right["a"].mean(), right["b"].mean(), (right["a"] == right["b"]).mean()).kappa)
        expected.append(np.mean(values))
    found = error_consistency(*(pd.concat(parts) for parts in tables.values()), n_resamples=0)
    assert found.error_consistency == pytest.approx(np.mean(expected), abs=1e-12)
    np.testing.assert_allclose(found.dataset_error_consistency, expected)


def test_conditions_out_of_aggregates_are_used_only_when_asked(rng: np.random.Generator) -> None:
    tables = [
        pd.concat([choices(rng.random(50) < 0.6, name, condition, "contrast") for condition in ("c100", "c05")])
        for name in "ab"
    ]
    kept = error_consistency(*tables, n_resamples=0)
    everything = error_consistency(*tables, all_conditions=True, n_resamples=0)
    assert list(kept.diagnostics["n_images"]) == ["contrast c05"]
    assert list(everything.diagnostics["n_images"]) == ["contrast c100", "contrast c05"]


def test_trials_are_matched_by_image_not_by_order(rng: np.random.Generator) -> None:
    a, b = (choices(rng.random(60) < 0.6, name) for name in "ab")
    first = error_consistency(a, b, seed=0)
    second = error_consistency(a.sample(frac=1, random_state=0), b.sample(frac=1, random_state=1), seed=0)
    xr.testing.assert_identical(first.data, second.data)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    n_covered = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        shared = rng.random(150)
        right = [np.where(rng.random(150) < 0.6, shared, rng.random(150)) < 0.6 for _ in range(2)]
        found = error_consistency(choices(right[0], "a"), choices(right[1], "b"), n_resamples=200, seed=seed)
        low, high = found.error_consistency_ci.values
        n_covered += int(low <= 0.36 <= high)  # both follow the shared draw with probability 0.6
    assert 49 <= n_covered <= 60


def test_a_subject_in_both_tables_is_not_compared_with_itself(rng: np.random.Generator) -> None:
    people = pd.concat([choices(rng.random(40) < 0.7, name) for name in "abc"], ignore_index=True)
    one, rest = people[people.subject == "a"], people[people.subject != "a"]
    with pytest.warns(DegenerateInputWarning, match="1 subjects are in trials_a and in trials_b.*'a'"):
        found = error_consistency(one, people, n_resamples=0)
    expected = error_consistency(one, rest, n_resamples=0)
    assert found.error_consistency == expected.error_consistency
    assert found.data["pair"].values.tolist() == ["a – b", "a – c"]
    # the same rows in another order are still the same people
    with pytest.warns(DegenerateInputWarning, match="3 subjects"):
        shuffled = error_consistency(people, people.sample(frac=1, random_state=0), n_resamples=0)
    within = error_consistency(people, people, n_resamples=0)
    assert shuffled.error_consistency == pytest.approx(within.error_consistency)
    # someone else by the same name is someone else
    namesake = choices(rng.random(40) < 0.7, "a")
    assert error_consistency(one, namesake, n_resamples=0).data["pair"].values.tolist() == ["a – a"]
    with pytest.raises(ValueError, match="one subject only"):
        error_consistency(one, one.sample(frac=1, random_state=0), n_resamples=0)


def test_images_not_seen_by_all_are_left_out_and_said(rng: np.random.Generator) -> None:
    a, b = (choices(rng.random(30) < 0.5, name) for name in "ab")
    with pytest.warns(DegenerateInputWarning, match="5 of 30 images"):
        found = error_consistency(a, b.iloc[:25], n_resamples=0)
    assert found.diagnostics["n_images"] == {"sketch 0": 25}


def test_always_right_has_no_kappa_and_says_so(rng: np.random.Generator) -> None:
    perfect = [choices(np.ones(10, bool), name) for name in "ab"]
    with pytest.warns(DegenerateInputWarning, match="kappa is not defined for 1 pairs"):
        found = error_consistency(*perfect, n_resamples=0)
    assert np.isnan(found.error_consistency)
    assert found.observed == 1.0


def test_what_cannot_be_compared_is_refused(rng: np.random.Generator) -> None:
    a, b = (choices(rng.random(10) < 0.5, name) for name in "ab")
    with pytest.raises(ValueError, match="saw before|saw it"):
        error_consistency(pd.concat([a, a]), b)
    with pytest.raises(ValueError, match="at least two subjects"):
        error_consistency(a, a)
    with pytest.raises(ValueError, match="no image"):
        error_consistency(a, b.assign(image=[f"other{number}" for number in range(10)]))
    with pytest.raises(ValueError, match="in common"):
        error_consistency(a, b.assign(dataset="edge"))


def test_a_result_survives_its_file(tmp_path: Path, rng: np.random.Generator) -> None:
    found = error_consistency(*(choices(rng.random(40) < 0.5, name) for name in "ab"), n_resamples=20, seed=0)
    xr.testing.assert_identical(results.load(found.save(tmp_path / "kappa.nc")).data, found.data)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("value", [2.0, -0.1, np.inf, [0.5, 80.5]])
def test_kappa_takes_shares_only(place: int, value: object) -> None:
    given: list[object] = [0.5, 0.5, 0.5]
    given[place] = value
    name = ("accuracy_a", "accuracy_b", "observed")[place]
    with pytest.raises(ValueError, match=f"{name} holds .*; a share between 0 and 1 is needed"):
        kappa(*given)
