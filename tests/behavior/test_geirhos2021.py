"""People's trials of Geirhos et al. 2021: the published aggregates come out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from neurogeom.behavior import accuracy, benchmark, error_consistency, read_trials, shape_bias

VALUES = Path(__file__).resolve().parents[1] / "data" / "values"


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    return json.loads((VALUES / "mvh_human_reference.json").read_text())


@pytest.fixture(scope="module")
def people(data_dir: Path) -> pd.DataFrame:
    folder = data_dir / "geirhos2021"
    if not folder.is_dir():
        pytest.skip(f"no human trials in {data_dir}")
    return read_trials(folder)


@pytest.mark.parametrize("name", ["cue-conflict", "sketch"])
def test_people_agree_with_people_as_stored(people: pd.DataFrame, reference: dict[str, Any], name: str) -> None:
    mine, stored = people[people["dataset"] == name], reference[name]
    assert mine["subject"].nunique() == stored["n_subj"]
    assert len(mine) == stored["n_subj"] * stored["n_trials_per_subj"]
    found = error_consistency(mine, mine, seed=0)
    assert found.error_consistency == pytest.approx(stored["ec"], abs=1e-12)
    assert found.observed == pytest.approx(stored["obs"], abs=1e-12)
    assert found.accuracy_difference == pytest.approx(stored["acc_diff"], abs=1e-12)
    assert accuracy(mine, n_resamples=0).accuracy == pytest.approx(stored["acc"], abs=1e-12)
    low, high = found.error_consistency_ci.values
    assert low < stored["ec"] < high
    assert high - low < 0.15


def test_people_see_shape(people: pd.DataFrame, reference: dict[str, Any]) -> None:
    stored = reference["cue-conflict"]
    found = shape_bias(people, seed=0)
    assert found.shape_bias == pytest.approx(stored["shape_bias"], abs=1e-12)
    assert found.mean_subject_shape_bias == pytest.approx(stored["shape_bias_mean_subj"], abs=1e-12)
    assert found.diagnostics["n_trials_without_conflict"] == stored["n_nonconflict"]
    # the stored shares are of all trials, ours of those with a conflict
    share = found.diagnostics["n_trials"] / (stored["n_subj"] * stored["n_trials_per_subj"])
    assert found.fraction_shape * share == pytest.approx(stored["frac_shape"], abs=1e-12)
    assert found.fraction_texture * share == pytest.approx(stored["frac_tex"], abs=1e-12)
    assert found.shape_bias_ci[0] < stored["shape_bias"] < found.shape_bias_ci[1]
    assert found.shape_bias_ci[1] - found.shape_bias_ci[0] < 0.04


def test_a_person_taken_for_a_model_stands_among_people(people: pd.DataFrame) -> None:
    one = people[people["subject"] == "subject-01"]
    others = people[people["subject"] != "subject-01"]
    found = benchmark({"subject-01": one}, others, n_resamples=100, seed=0)
    assert found.data["dataset"].values.tolist() == ["sketch", "edge", "silhouette", "cue-conflict"]
    assert found.error_consistency.item() == pytest.approx(found.human_error_consistency, abs=0.1)
    assert found.lowest_possible.item() < found.error_consistency.item() < found.highest_possible.item()
    assert found.human_shape_bias == pytest.approx(0.9587, abs=0.01)
