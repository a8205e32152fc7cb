"""Trial-by-trial choices among 16 categories, as people and models make them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurogeom._core.responses import hint, quoted

CATEGORIES = (
    "airplane", "bear", "bicycle", "bird", "boat", "bottle", "car", "cat",
    "chair", "clock", "dog", "elephant", "keyboard", "knife", "oven", "truck",
)  # fmt: skip
NO_ANSWER = "na"

EXCLUDED_CONDITIONS: Mapping[str, tuple[str, ...]] = {
    "colour": ("cr",),
    "contrast": ("c100", "c03", "c01"),
    "high-pass": ("inf", "0.55", "0.45", "0.4"),
    "low-pass": ("0", "15", "40"),
    "phase-scrambling": ("0", "150", "180"),
    "power-equalisation": ("0",),
    "false-colour": ("True",),
    "rotation": ("0",),
    "eidolonI": ("1-10-10", "64-10-10", "128-10-10"),
    "eidolonII": ("1-3-10", "32-3-10", "64-3-10", "128-3-10"),
    "eidolonIII": ("1-0-10", "16-0-10", "32-0-10", "64-0-10", "128-0-10"),
    "uniform-noise": ("0.0", "0.6", "0.9"),
    "stylized": (),
    "sketch": (),
    "edge": (),
    "silhouette": (),
    "cue-conflict": (),
}
"""Conditions left out of aggregates, for each of the 17 data sets: undistorted images and those that no one sees."""

COLUMNS = ("dataset", "subject", "session", "trial", "condition", "image", "category", "response")
_ALIASES = {
    "subj": "subject", "Session": "session", "object_response": "response", "imagename": "image_name",
    "Subj": "subject", "reaction_time": "rt",
}  # fmt: skip


def read_trials(path: Any) -> pd.DataFrame:
    """Read trials of people or models: one row a trial.

    Parameters
    ----------
    path : path, sequence of paths, or DataFrame
        A CSV file ``<dataset>_<subject>_session_<k>.csv`` with the columns ``subj, session, trial, rt,
        object_response, category, condition, imagename``; a folder of them (also one folder a data set); or a table.

    Returns
    -------
    DataFrame
        Columns ``dataset, subject, session, trial, condition, image, category, response, correct``, and ``rt`` (s) and
        ``image_name`` where known. ``image`` is the part of the file name that all subjects share. A missing answer
        ("na") counts as wrong. Conditions are text in one form: "0.90", "true" and "1.0" are "0.9", "True" and "1".

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    ValueError
        Columns that are missing, a category or response that is none of the 16, or an empty table.

    References
    ----------
    Geirhos et al. 2021, NeurIPS (model-vs-human), raw data format.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "subj": ["a", "a"], "imagename": ["0001_x_bird3-bird2.png", "0002_x_cat1-dog2.png"],
    ...     "category": ["bird", "cat"], "object_response": ["bird", "na"], "condition": ["0.90", "true"]})
    >>> trials = read_trials(table)
    >>> trials[["image", "condition", "correct"]].values.tolist()
    [['bird3-bird2.png', '0.9', True], ['cat1-dog2.png', 'True', False]]
    """
    if isinstance(path, pd.DataFrame):
        return _cleaned(path, "the table", "")
    files = _files(path)
    frames = [_cleaned(_read_csv(file), str(file), _dataset_of(file)) for file in files]
    return pd.concat(frames, ignore_index=True)


def image_key(name: str) -> str:
    """Return the part of an image's file name that all subjects share.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
        The last two parts between underscores if the first of them starts with "n0" (an ImageNet class), else the
        last part.

    Examples
    --------
    >>> image_key("0001_cr_s01_cr_oven_10_n03259280_1234.png"), image_key("0001_edg_s01_0_oven_00_oven10.png")
    ('n03259280_1234.png', 'oven10.png')
    """
    parts = str(name).split("_")
    return "_".join(parts[-2:]) if len(parts) > 1 and parts[-2].startswith("n0") else parts[-1]


def condition_text(value: Any) -> str:
    """Return a condition as text in one form, however a file writes it.

    Parameters
    ----------
    value : str, number or bool

    Returns
    -------
    str

    Examples
    --------
    >>> [condition_text(value) for value in ("0.90", 1.0, "true", "c05", "1-3-10", "0.0")]
    ['0.9', '1', 'True', 'c05', '1-3-10', '0']
    """
    text = str(value).strip()
    if text.lower() in ("true", "false"):
        return text.capitalize()
    try:
        number = float(text)
    except ValueError:
        return text
    if not np.isfinite(number):
        return text.lower()
    return str(int(number)) if number == int(number) else repr(number)


def kept_conditions(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials of conditions that enter aggregates (see ``EXCLUDED_CONDITIONS``).

    Parameters
    ----------
    trials : DataFrame
        From :func:`read_trials`.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> table = pd.DataFrame({"subj": "a", "imagename": ["x.png", "y.png"], "category": "cat",
    ...                       "object_response": "cat", "condition": ["0.90", "0.1"], "dataset": "uniform-noise"})
    >>> kept_conditions(read_trials(table)).condition.tolist()
    ['0.1']
    """
    drop = np.zeros(len(trials), dtype=bool)
    for name, conditions in EXCLUDED_CONDITIONS.items():
        left_out = {condition_text(condition) for condition in conditions}
        drop |= (trials["dataset"] == name).to_numpy() & trials["condition"].isin(left_out).to_numpy()
    return trials[~drop]


def _files(path: Any) -> list[Path]:
    if isinstance(path, str | os.PathLike):
        place = Path(path)
        if place.is_dir():
            found = sorted(file for file in place.rglob("*.csv") if not file.name.startswith("."))
            if not found:
                raise FileNotFoundError(f"{place} holds no CSV file; trials are '<dataset>_<subject>_session_<k>.csv'.")
            return found
        if not place.exists():
            raise FileNotFoundError(f"{place} does not exist.")
        return [place]
    if isinstance(path, Iterable):
        files = [file for one in path for file in _files(one)]
        if files:
            return files
        raise ValueError("path is empty; at least one file of trials is needed.")
    raise TypeError(f"path is a {type(path).__name__}; a file, a folder, several of them or a DataFrame is needed.")


def _read_csv(file: Path) -> pd.DataFrame:
    """Everything as text: automatic types would turn conditions into what each file happens to hold."""
    try:
        return pd.read_csv(file, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is no table of trials: {error}.") from error


def _dataset_of(file: Path) -> str:
    match = re.match(r"(.+?)_(?:subject|subj)?.*_session_", file.name)
    if match:
        name = file.name.split("_subject")[0] if "_subject" in file.name else match.group(1)
        return name if name in EXCLUDED_CONDITIONS or file.parent.name not in EXCLUDED_CONDITIONS else file.parent.name
    return file.parent.name if file.parent.name in EXCLUDED_CONDITIONS else file.stem.partition("_")[0]


def _cleaned(table: pd.DataFrame, source: str, dataset: str) -> pd.DataFrame:
    frame = table.rename(columns={old: new for old, new in _ALIASES.items() if old in table and new not in table})
    needed = [name for name in ("category", "response") if name not in frame]
    if "image" not in frame and "image_name" not in frame:
        needed.append("imagename")
    if needed:
        raise ValueError(f"{source} has no column {quoted(needed)}; its columns are {quoted(table.columns)}.")
    if not len(frame):
        raise ValueError(f"{source} holds no trial.")
    out = pd.DataFrame(index=range(len(frame)))
    out["dataset"] = frame["dataset"].astype(str).to_numpy() if "dataset" in frame else dataset
    out["subject"] = frame["subject"].astype(str).to_numpy() if "subject" in frame else "model"
    out["session"] = _numbers(frame, "session", 1)
    out["trial"] = _numbers(frame, "trial", None)
    conditions = frame["condition"] if "condition" in frame else pd.Series(["0"] * len(frame))
    out["condition"] = [condition_text(value) for value in conditions]
    names = frame["image_name"] if "image_name" in frame else frame["image"]
    out["image"] = (
        [image_key(value) for value in names] if "image" not in frame else frame["image"].astype(str).to_numpy()
    )
    out["category"] = _choices(frame["category"], source, "category", CATEGORIES)
    out["response"] = _choices(frame["response"].fillna(NO_ANSWER), source, "response", (*CATEGORIES, NO_ANSWER))
    out["correct"] = out["category"] == out["response"]
    if "rt" in frame:
        out["rt"] = pd.to_numeric(frame["rt"], errors="coerce").to_numpy()
    if "image_name" in frame:
        out["image_name"] = frame["image_name"].astype(str).to_numpy()
    return out


def _numbers(frame: pd.DataFrame, name: str, default: int | None) -> Any:
    if name not in frame:
        return np.arange(1, len(frame) + 1) if default is None else default
    return pd.to_numeric(frame[name], errors="coerce").fillna(0).astype(int).to_numpy()


def _choices(values: pd.Series, source: str, name: str, known: tuple[str, ...]) -> np.ndarray:
    text = values.astype(str).str.strip().to_numpy()
    odd = sorted(set(text) - set(known))
    if odd:
        raise ValueError(
            f"{source} has values of {name} that are none of the {len(CATEGORIES)} categories: {quoted(odd[:3])}. "
            f"{hint(odd[0], known)}"
        )
    return text
