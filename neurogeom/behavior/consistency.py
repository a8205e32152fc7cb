"""Whether two decision makers err on the same images: signed kappa with its bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.responses import quoted
from neurogeom._core.validation import check_count, check_real
from neurogeom._core.warnings import DegenerateInputWarning, collect, warn
from neurogeom.behavior.results import ConsistencyResult
from neurogeom.behavior.trials import kept_conditions, read_trials
from neurogeom.results import make_settings

REFERENCES = (
    "Geirhos, Meding & Wichmann 2020, NeurIPS (error consistency).",
    "Cohen 1960, Educ. Psychol. Meas. 20:37 (kappa).",
)


@dataclass(frozen=True)
class Kappa:
    """Consistency of errors beyond what accuracies alone give.

    Parameters
    ----------
    kappa, observed, expected : ndarray
        (observed − expected) / (1 − expected); NaN where both are always right, or always wrong.
    lowest, highest : ndarray
        The least and the most kappa that the two accuracies allow.
    """

    kappa: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray


_ROUNDING = 1e-9  # by which a mean of weighted trials may pass 1


def kappa(accuracy_a: Any, accuracy_b: Any, observed: Any) -> Kappa:
    r"""Return error consistency from two accuracies and the share of trials on which both are right or both wrong.

    :math:`\kappa = (p_o - p_e) / (1 - p_e)`, :math:`p_e = p_1 p_2 + (1 - p_1)(1 - p_2)`; p_o lies between
    :math:`|p_1 + p_2 - 1|` and :math:`1 - |p_1 - p_2|`.

    Parameters
    ----------
    accuracy_a, accuracy_b, observed : float or ndarray
        Shares, from 0 to 1; NaN where there is none.

    Returns
    -------
    Kappa

    Raises
    ------
    ValueError
        If a share is below 0 or above 1.

    References
    ----------
    Geirhos, Meding & Wichmann 2020, NeurIPS.

    Examples
    --------
    >>> round(float(kappa(0.805, 0.655, 0.63).kappa), 11)
    0.08743371562
    """
    given = {"accuracy_a": accuracy_a, "accuracy_b": accuracy_b, "observed": observed}
    p1, p2, agreed = (_share(name, value) for name, value in given.items())
    expected = p1 * p2 + (1.0 - p1) * (1.0 - p2)
    room = 1.0 - expected
    with np.errstate(invalid="ignore", divide="ignore"):
        found, low, high = (
            np.where(room > 1e-12, (value - expected) / room, np.nan)
            for value in (agreed, np.abs(p1 + p2 - 1.0), 1.0 - np.abs(p1 - p2))
        )
    return Kappa(found, agreed, expected, low, high)


def _share(name: str, value: Any) -> np.ndarray:
    shares = np.asarray(value, dtype=float)
    beyond = (shares < -_ROUNDING) | (shares > 1.0 + _ROUNDING)
    if beyond.any():
        raise ValueError(
            f"{name} holds {shares[beyond].flat[0]:g}; a share between 0 and 1 is needed. Divide percent by 100."
        )
    return shares


def error_consistency(
    trials_a: Any,
    trials_b: Any,
    *,
    all_conditions: bool = False,
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int | None = None,
) -> ConsistencyResult:
    """Measure whether two decision makers, or groups of them, err on the same images.

    Trials are matched by data set, condition and image. Kappa is taken for each pair of subjects and each condition,
    then averaged over conditions, over pairs, and over data sets. Its sign is kept: below zero errors avoid each other.

    Parameters
    ----------
    trials_a, trials_b : path, DataFrame, or what :func:`read_trials` takes
        Where both are the same, subjects are compared with all others, never with themselves; nor is a subject that is
        in both with the same responses, which is warned of.
    all_conditions : bool
        Whether to use also the conditions that aggregates leave out (undistorted, or beyond recognition).
    level : float
        Of the intervals.
    n_resamples : int
        Bootstrap over images, within each condition; 0 for no interval.
    seed : int, optional

    Returns
    -------
    ConsistencyResult

    Raises
    ------
    ValueError
        No common image, a subject that saw an image twice in one condition, one subject compared with itself.

    References
    ----------
    Geirhos, Meding & Wichmann 2020, NeurIPS; Geirhos et al. 2021, NeurIPS (aggregation).

    Examples
    --------
    >>> table = pd.DataFrame({"subject": np.repeat(["a", "b"], 4), "image": list("wxyz") * 2, "category": "cat",
    ...                       "response": ["cat", "dog", "cat", "dog", "cat", "dog", "dog", "cat"]})
    >>> error_consistency(table, table, n_resamples=0).error_consistency
    0.0
    """
    level = check_real("level", level, minimum=0.0, maximum=1.0, strict=True)
    n_resamples, seed = check_count("n_resamples", n_resamples, minimum=0), resolve_seed(seed)
    first, second = read_trials(trials_a), read_trials(trials_b)
    if not all_conditions:
        first, second = kept_conditions(first), kept_conditions(second)
    with collect() as notes:
        cells = matched_cells(first, second)
        if not cells:
            raise ValueError("trials_a and trials_b have no data set and condition in common with pairs to compare.")
        data = _pack(cells, level, n_resamples, seed)
    settings = make_settings(
        all_conditions=all_conditions, level=level, n_resamples=n_resamples, seed=seed, uncertainty="images"
    )
    counts = {f"{cell.dataset} {cell.condition}": len(cell.images) for cell in cells}
    return ConsistencyResult(data, settings, {"n_images": counts}, tuple(notes), REFERENCES)


@dataclass(frozen=True)
class Cell:
    """One condition of one data set: who was right on which image, and which subjects are compared.

    Parameters
    ----------
    dataset, condition : str
    images : list of str
    correct : ndarray of float, shape (subjects, images)
    pairs : ndarray of int, shape (n, 2)
        Rows of `correct`.
    names : list of (str, str)
        Of the pairs.
    """

    dataset: str
    condition: str
    images: list[str]
    correct: np.ndarray
    pairs: np.ndarray
    names: list[tuple[str, str]]

    def kappas(self, weights: np.ndarray) -> Kappa:
        """Return consistency of all pairs for resampled images, weights (resamples, images): (resamples, pairs)."""
        total = weights.sum(axis=1, keepdims=True)
        accuracy = weights @ self.correct.T / total
        left, right = self.correct[self.pairs[:, 0]], self.correct[self.pairs[:, 1]]
        agreed = weights @ (left == right).astype(float).T / total
        return kappa(accuracy[:, self.pairs[:, 0]], accuracy[:, self.pairs[:, 1]], agreed)


def matched_cells(first: pd.DataFrame, second: pd.DataFrame) -> list[Cell]:
    """Return the conditions that both have, with their trials matched by image.

    Parameters
    ----------
    first, second : DataFrame
        From :func:`read_trials`.

    Returns
    -------
    list of Cell

    Examples
    --------
    >>> table = read_trials(pd.DataFrame({"subject": ["a", "b"], "image": "x", "category": "cat", "response": "cat"}))
    >>> [cell.names for cell in matched_cells(table, table)]
    [[('a', 'b')]]
    """
    same = first.equals(second)
    keys = [key for key, _ in first.groupby(["dataset", "condition"], sort=False)]
    cells: list[Cell] = []
    twice: set[str] = set()
    for dataset, condition in keys:
        frames = [frame[(frame["dataset"] == dataset) & (frame["condition"] == condition)] for frame in (first, second)]
        tables = [_correct_table(frame, dataset, condition) for frame in frames]
        if tables[1].empty:
            continue
        both: set[str] = set() if same else _in_both(*frames)
        twice |= both
        if same:
            tables = [tables[0], tables[0].iloc[:0]]
        joined = pd.concat(tables)
        shared = joined.dropna(axis=1)
        lost = joined.shape[1] - shared.shape[1]
        if not shared.shape[1]:
            raise ValueError(f"no image of {dataset!r}, condition {condition!r}, was seen by all subjects.")
        if lost:
            warn(
                f"{lost} of {joined.shape[1]} images of {dataset!r}, condition {condition!r}, were not seen by all "
                "subjects and are left out.",
                DegenerateInputWarning,
            )
        pairs = _pairs(joined.index, len(tables[0]), same, both)
        if len(pairs):
            names = [(str(joined.index[i]), str(joined.index[j])) for i, j in pairs]
            correct = shared.to_numpy(dtype=float)
            cells.append(Cell(str(dataset), str(condition), list(shared.columns), correct, pairs, names))
    if not cells and (same or twice):
        raise ValueError("trials of one subject only are compared with themselves; at least two subjects are needed.")
    if twice:
        warn(
            f"{len(twice)} subjects are in trials_a and in trials_b with the same responses (first: "
            f"{quoted(sorted(twice)[:3])}). They are compared with the others, not with themselves.",
            DegenerateInputWarning,
        )
    return cells


def _in_both(first: pd.DataFrame, second: pd.DataFrame) -> set[str]:
    """Subjects of one condition that gave the same responses to all images that both tables have of them."""
    found = set()
    for subject, own in first.groupby("subject", sort=False):
        other = second[second["subject"] == subject]
        joined = own.merge(other, on="image", suffixes=("", "_other"))
        if len(joined) and (joined["response"].astype(str) == joined["response_other"].astype(str)).all():
            found.add(str(subject))
    return found


def _pairs(subjects: pd.Index, n_first: int, same: bool, both: set[str]) -> np.ndarray:
    """Rows of the subjects that are compared, shape (n, 2): never one with itself."""
    rows = np.arange(len(subjects))
    found = [
        (i, j)
        for i in rows[:n_first]
        for j in (rows[i + 1 :] if same else rows[n_first:])
        if subjects[i] != subjects[j] or str(subjects[i]) not in both
    ]
    return np.array(found, dtype=int).reshape(-1, 2)


def _correct_table(frame: pd.DataFrame, dataset: Any, condition: Any) -> pd.DataFrame:
    """Subjects × images; a subject that saw an image twice is refused."""
    twice = frame.duplicated(["subject", "image"])
    if twice.any():
        raise ValueError(
            f"{int(twice.sum())} trials of {dataset!r}, condition {condition!r}, show a subject an image that it saw "
            f"before (first: {quoted(frame[twice]['image'].head(3))}). Keep one trial for each."
        )
    return frame.pivot(index="subject", columns="image", values="correct")


def averaged(cells: Sequence[Cell], values: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Return for each data set the mean over conditions, then over pairs; values are (resamples, pairs) of each cell.

    Examples
    --------
    >>> cell = Cell("edge", "0", ["x"], np.ones((2, 1)), np.array([[0, 1]]), [("a", "b")])
    >>> averaged([cell, cell], [np.array([[0.2]]), np.array([[0.4]])])["edge"].round(3).tolist()
    [0.3]
    """
    found = {}
    for dataset in dict.fromkeys(cell.dataset for cell in cells):
        tables: dict[tuple[str, str], list[np.ndarray]] = {}
        for cell, value in zip(cells, values):
            if cell.dataset == dataset:
                for column, name in enumerate(cell.names):
                    tables.setdefault(name, []).append(value[:, column])
        over_conditions = np.array([known_mean(np.array(columns)) for columns in tables.values()])
        found[dataset] = known_mean(over_conditions)
    return found


def known_mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over the first axis of what is not NaN, NaN where there is nothing.

    Examples
    --------
    >>> known_mean(np.array([[1.0, np.nan], [3.0, np.nan]])).tolist()
    [2.0, nan]
    """
    known = np.isfinite(values)
    counts = known.sum(axis=0)
    return np.where(counts > 0, np.where(known, values, 0.0).sum(axis=0) / np.maximum(counts, 1), np.nan)


def resampled_weights(n_images: int, n_resamples: int, seed: int, key: int) -> np.ndarray:
    """Return how often each image is drawn in each resample, shape (n_resamples, n_images).

    Examples
    --------
    >>> resampled_weights(5, 2, 0, 0).sum(axis=1).tolist()
    [5.0, 5.0]
    """
    rng = generator(seed, 17, key)
    return rng.multinomial(n_images, np.full(n_images, 1.0 / n_images), size=n_resamples).astype(float)


def _pack(cells: Sequence[Cell], level: float, n_resamples: int, seed: int) -> xr.Dataset:
    points = [cell.kappas(np.ones((1, len(cell.images)))) for cell in cells]
    lost = sum(int(np.isnan(point.kappa).sum()) for point in points)
    if lost:
        warn(
            f"kappa is not defined for {lost} pairs and conditions in which both were always right or always wrong; "
            "they are left out of means.",
            DegenerateInputWarning,
        )
    data: dict[str, Any] = {}
    names = {"error_consistency": "kappa", "observed": "observed", "expected": "expected"}
    names |= {"lowest_possible": "lowest", "highest_possible": "highest"}
    for name, attribute in names.items():
        by_dataset = averaged(cells, [getattr(point, attribute) for point in points])
        per = np.array([value[0] for value in by_dataset.values()])
        data[name] = float(known_mean(per))
        data[f"dataset_{name}"] = (["dataset"], per)
    data |= _accuracies(cells)
    pairs = list(dict.fromkeys(name for cell in cells for name in cell.names))
    rows: dict[tuple[str, str], list[float]] = {pair: [] for pair in pairs}
    for cell, point in zip(cells, points):
        for column, pair in enumerate(cell.names):
            rows[pair].append(float(point.kappa[0, column]))
    data["pair_error_consistency"] = (["pair"], np.array([float(known_mean(np.array(rows[pair]))) for pair in pairs]))
    datasets = list(dict.fromkeys(cell.dataset for cell in cells))
    if n_resamples:
        drawn = [
            cell.kappas(resampled_weights(len(cell.images), n_resamples, seed, number)).kappa
            for number, cell in enumerate(cells)
        ]
        by_dataset = averaged(cells, drawn)
        tail = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
        data["dataset_error_consistency_ci"] = (
            ["dataset", "bound"], np.array([np.nanquantile(by_dataset[name], tail) for name in datasets])
        )  # fmt: skip
        data["error_consistency_ci"] = (
            ["bound"],
            np.nanquantile(known_mean(np.array(list(by_dataset.values()))), tail),
        )
    coords = {
        "dataset": datasets,
        "bound": ["low", "high"],
        "pair": [f"{a} – {b}" for a, b in pairs],
    }
    return xr.Dataset(data, coords=coords)


def _accuracies(cells: Sequence[Cell]) -> dict[str, Any]:
    """Mean squared difference of accuracies over pairs, conditions and data sets."""
    values = []
    for cell in cells:
        accuracy = cell.correct.mean(axis=1)
        values.append(((accuracy[cell.pairs[:, 0]] - accuracy[cell.pairs[:, 1]]) ** 2)[None])
    per = np.array([value[0] for value in averaged(cells, values).values()])
    return {"accuracy_difference": float(per.mean()), "dataset_accuracy_difference": (["dataset"], per)}
