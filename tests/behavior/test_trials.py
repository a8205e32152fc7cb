"""Trials are read as they are written: names, conditions, missing answers; what is odd is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neurogeom.behavior import EXCLUDED_CONDITIONS, condition_text, image_key, kept_conditions, read_trials

HEADER = "subj,session,trial,rt,object_response,category,condition,imagename"


def write(folder: Path, name: str, *rows: str, header: str = HEADER) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_a_file_is_read_with_its_data_set_and_answers(tmp_path: Path) -> None:
    path = write(
        tmp_path, "uniform-noise_subject-01_session_2.csv",
        "subject-01,2,1,0.61,cat,cat,0.90,0001_un_s01_0.90_cat_10_n02123045_88.png",
        "subject-01,2,2,0.72,na,dog,0.10,0002_un_s01_0.10_dog_10_n02099601_1.png",
    )  # fmt: skip
    trials = read_trials(path)
    assert trials[["dataset", "subject", "session"]].drop_duplicates().values.tolist() == [
        ["uniform-noise", "subject-01", 2]
    ]
    assert trials["image"].tolist() == ["n02123045_88.png", "n02099601_1.png"]
    assert trials["condition"].tolist() == ["0.9", "0.1"]
    assert trials["correct"].tolist() == [True, False]
    assert trials["response"].tolist() == ["cat", "na"]
    assert trials["rt"].tolist() == [0.61, 0.72]


def test_a_folder_is_read_whole_and_an_upper_case_session_too(tmp_path: Path) -> None:
    row = "subject-0{0},1,1,1,cat,cat,0,x_cat1.png"
    write(tmp_path, "edge/edge_subject-01_session_1.csv", row.format(1))
    write(
        tmp_path, "sketch/sketch_subject-02_session_1.csv", row.format(2), header=HEADER.replace("session", "Session")
    )
    trials = read_trials(tmp_path)
    assert trials[["dataset", "subject"]].values.tolist() == [["edge", "subject-01"], ["sketch", "subject-02"]]
    assert len(read_trials([tmp_path / "edge", tmp_path / "sketch"])) == 2


def test_reading_what_was_read_changes_nothing(tmp_path: Path) -> None:
    path = write(
        tmp_path, "edge_subject-01_session_1.csv", "a,1,1,0.5,cat,cat,0,x_cat1.png", "a,1,2,0.5,na,dog,0,x_dog2.png"
    )
    trials = read_trials(path)
    pd.testing.assert_frame_equal(read_trials(trials), trials)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("0001_cop_dnn_cr_oven_10_n03259280_1.png", "n03259280_1.png"),
        ("0001_ske_s01_0_boat_00_boat-0068-sketch-23.png", "boat-0068-sketch-23.png"),
        ("0002_s5n_s01_0_bird_00_bird2-clock3.png", "bird2-clock3.png"),
        ("plain.png", "plain.png"),
    ],
)
def test_the_key_is_what_all_subjects_share(name: str, key: str) -> None:
    assert image_key(name) == key


@pytest.mark.parametrize("written", ["0.9", "0.90", ".9", 0.9, "9e-1"])
def test_a_condition_has_one_form_however_it_is_written(written: object) -> None:
    assert condition_text(written) == "0.9"


@pytest.mark.parametrize(
    ("written", "form"), [("true", "True"), ("False", "False"), ("1.0", "1"), ("inf", "inf"), ("c05", "c05")]
)
def test_conditions_that_are_no_plain_number(written: str, form: str) -> None:
    assert condition_text(written) == form


@pytest.mark.parametrize(
    ("dataset", "conditions", "kept"),
    [
        ("uniform-noise", ["0.00", "0.90", "0.60", "0.1", "0.35"], ["0.1", "0.35"]),
        ("false-colour", ["true", "false"], ["False"]),
        ("high-pass", ["inf", "0.55", "3.0", "0.4", "0.70"], ["3", "0.7"]),
        ("low-pass", ["0", "15", "40", "7"], ["7"]),
        ("contrast", ["c100", "c05", "c01", "c03"], ["c05"]),
        ("eidolonII", ["1-3-10", "2-3-10", "128-3-10"], ["2-3-10"]),
        ("phase-scrambling", ["0", "30", "150", "180"], ["30"]),
        ("sketch", ["0"], ["0"]),
    ],
)
def test_conditions_are_left_out_as_the_data_set_says(dataset: str, conditions: list[str], kept: list[str]) -> None:
    table = pd.DataFrame(
        {"dataset": dataset, "condition": conditions, "image": "x", "category": "cat", "response": "cat"}
    )
    assert kept_conditions(read_trials(table))["condition"].tolist() == kept


def test_there_are_seventeen_data_sets() -> None:
    assert len(EXCLUDED_CONDITIONS) == 17


def test_what_is_odd_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_trials(tmp_path / "nothing.csv")
    with pytest.raises(FileNotFoundError, match="holds no CSV"):
        read_trials(tmp_path)
    with pytest.raises(TypeError, match="a file, a folder"):
        read_trials(3)
    with pytest.raises(ValueError, match="no column 'category', 'response', 'imagename'"):
        read_trials(pd.DataFrame({"a": [1]}))
    with pytest.raises(ValueError, match="none of the 16 categories: 'lion'"):
        read_trials(pd.DataFrame({"image": ["x"], "category": ["cat"], "response": ["lion"]}))
    with pytest.raises(ValueError, match="no trial"):
        read_trials(write(tmp_path, "edge_subject-01_session_1.csv"))
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ValueError, match="no table of trials"):
        read_trials(tmp_path / "binary.csv")


def test_a_missing_answer_of_any_form_is_wrong() -> None:
    table = pd.DataFrame({"image": ["x", "y"], "category": "cat", "response": ["na", np.nan]})
    assert read_trials(table)["correct"].tolist() == [False, False]
