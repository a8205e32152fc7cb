"""How well images are named: accuracy, confusion, and performance image by image (i1, i2)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import ndtri

from neurogeom._core.random import resolve_seed
from neurogeom._core.validation import check_count, check_option, check_real
from neurogeom.behavior.consistency import known_mean, resampled_weights
from neurogeom.behavior.results import AccuracyResult
from neurogeom.behavior.trials import CATEGORIES, NO_ANSWER, kept_conditions, read_trials
from neurogeom.results import make_settings

LIMIT = 5.0
"""Largest d′ that is reported: rates of 0 and 1 have none."""


def accuracy(
    trials: Any, *, all_conditions: bool = False, level: float = 0.95, n_resamples: int = 1000, seed: int | None = None
) -> AccuracyResult:
    """Share of right answers, pooled over subjects and conditions, and who was confused with whom.

    Parameters
    ----------
    trials : path, DataFrame, or what :func:`read_trials` takes
    all_conditions : bool
        Whether to use also the conditions that aggregates leave out.
    level : float
    n_resamples : int
        Bootstrap over images; 0 for no interval.
    seed : int, optional

    Returns
    -------
    AccuracyResult

    Raises
    ------
    ValueError
        Where no condition is left.

    References
    ----------
    Geirhos et al. 2021, NeurIPS (model-vs-human), OOD accuracy.

    Examples
    --------
    >>> table = pd.DataFrame({"image": ["x", "y"], "category": "cat", "response": ["cat", "dog"]})
    >>> accuracy(table, n_resamples=0).accuracy
    0.5
    """
    level = check_real("level", level, minimum=0.0, maximum=1.0, strict=True)
    n_resamples, seed = check_count("n_resamples", n_resamples, minimum=0), resolve_seed(seed)
    table = read_trials(trials)
    table = table if all_conditions else kept_conditions(table)
    if table.empty:
        raise ValueError("all conditions are among those that aggregates leave out. Use all_conditions=True.")
    data: dict[str, Any] = {}
    per, drawn = [], []
    for number, (_, mine) in enumerate(table.groupby("dataset", sort=False)):
        per.append(float(mine["correct"].mean()))
        if n_resamples:
            image = pd.factorize(mine["condition"] + " " + mine["image"])[0]
            right, shown = (
                np.bincount(image, weights=w) for w in (mine["correct"].to_numpy(float), np.ones(len(mine)))
            )
            weights = resampled_weights(len(right), n_resamples, seed, number)
            drawn.append(weights @ right / (weights @ shown))
    tail = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
    data["accuracy"], data["dataset_accuracy"] = float(np.mean(per)), (["dataset"], np.array(per))
    if n_resamples:
        data["accuracy_ci"] = (["bound"], np.quantile(np.mean(drawn, axis=0), tail))
        data["dataset_accuracy_ci"] = (["dataset", "bound"], np.quantile(drawn, tail, axis=1).T)
    by_subject = table.groupby(["dataset", "subject"], sort=False)["correct"].mean()
    data["subject_accuracy"] = (["dataset_subject"], by_subject.to_numpy())
    data["confusion"] = (["category", "response"], _confusion(table))
    coords = {
        "dataset": list(dict.fromkeys(table["dataset"])),
        "bound": ["low", "high"],
        "dataset_subject": [f"{dataset} {subject}" for dataset, subject in by_subject.index],
        "category": list(CATEGORIES),
        "response": [*CATEGORIES, NO_ANSWER],
    }
    settings = make_settings(
        all_conditions=all_conditions, level=level, n_resamples=n_resamples, seed=seed, uncertainty="images"
    )
    references = ("Geirhos et al. 2021, NeurIPS (model-vs-human).",)
    return AccuracyResult(xr.Dataset(data, coords=coords), settings, {"n_trials": len(table)}, (), references)


def image_performance(trials: Any, kind: str = "i1", *, normalized: bool = True) -> xr.DataArray:
    r"""Discriminability d′ of each image, from all others (i1) or from each other category (i2).

    i1: :math:`d' = z(\mathrm{HR}) - z(\mathrm{FAR})`, HR the share of right answers to the image, FAR the share of
    other categories' trials that were named like it. i2: the same among the two answers target and distractor alone,
    averaged over the images of the distractor for FAR.

    Parameters
    ----------
    trials : path, DataFrame, or what :func:`read_trials` takes
        All subjects together.
    kind : {"i1", "i2"}
    normalized : bool
        Whether the mean over images of the same category (and distractor) is taken away, so that only what differs
        between images of a category is left.

    Returns
    -------
    DataArray (image) or (image, distractor)
        Within ±5; NaN where target and distractor were never answered, and for the image's own category.

    Raises
    ------
    ValueError
        For fewer than two categories, or an unknown kind.

    References
    ----------
    Rajalingham et al. 2018, J. Neurosci. 38:7255.

    Examples
    --------
    >>> table = pd.DataFrame({"image": ["x", "x", "y", "y"], "category": ["cat", "cat", "dog", "dog"],
    ...                       "response": ["cat", "dog", "dog", "dog"]})
    >>> image_performance(table, normalized=False).round(2).values.tolist()
    [5.0, 5.0]
    """
    check_option("kind", kind, ("i1", "i2"))
    table = read_trials(trials)
    images = table.drop_duplicates("image")[["image", "category"]].reset_index(drop=True)
    names = [name for name in CATEGORIES if (images["category"] == name).any()]
    if len(names) < 2:
        raise ValueError(f"trials has images of {len(names)} category; at least two are needed.")
    code = pd.Index(images["image"]).get_indexer(table["image"])
    counts = np.zeros((len(images), len(names)))
    answer = pd.Index(names).get_indexer(table["response"])
    np.add.at(counts, (code[answer >= 0], answer[answer >= 0]), 1.0)
    shown = np.bincount(code, minlength=len(images)).astype(float)
    own = pd.Index(names).get_indexer(images["category"])
    if kind == "i1":
        values = _one_versus_all(counts, shown, own)
        if normalized:
            for category in range(len(names)):
                values[own == category] -= known_mean(values[own == category])
        return xr.DataArray(values, dims=("image",), coords=_image_coords(images))
    values = _one_versus_other(counts, own)
    if normalized:
        for category in range(len(names)):
            values[own == category] -= known_mean(values[own == category])
    return xr.DataArray(values, dims=("image", "distractor"), coords={**_image_coords(images), "distractor": names})


def _one_versus_all(counts: np.ndarray, shown: np.ndarray, own: np.ndarray) -> np.ndarray:
    hits = counts[np.arange(len(own)), own] / shown
    alarms = np.array(
        [counts[own != category, category].sum() / shown[own != category].sum() for category in range(counts.shape[1])]
    )
    return _d_prime(hits, alarms[own])


def _one_versus_other(counts: np.ndarray, own: np.ndarray) -> np.ndarray:
    """d′ of each image and distractor among the trials that named either."""
    target = counts[np.arange(len(own)), own][:, None]
    both = target + counts
    with np.errstate(invalid="ignore", divide="ignore"):
        hits = np.where(both > 0, target / both, np.nan)
        # how often images of the distractor were named as the target: each image counts the same
        wrong = np.where(both > 0, counts / both, np.nan)
    n_categories = counts.shape[1]
    alarms = np.full((n_categories, n_categories), np.nan)
    for distractor in range(n_categories):
        alarms[:, distractor] = known_mean(wrong[own == distractor])
    values = _d_prime(hits, alarms[own])
    values[np.arange(len(own)), own] = np.nan
    return values


def _d_prime(hits: np.ndarray, alarms: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.clip(ndtri(hits) - ndtri(alarms), -LIMIT, LIMIT)


def _image_coords(images: pd.DataFrame) -> dict[str, Any]:
    return {"image": images["image"].tolist(), "category": ("image", images["category"].tolist())}


def _confusion(table: pd.DataFrame) -> np.ndarray:
    counts = np.zeros((len(CATEGORIES), len(CATEGORIES) + 1))
    rows = pd.Index(CATEGORIES).get_indexer(table["category"])
    columns = pd.Index([*CATEGORIES, NO_ANSWER]).get_indexer(table["response"])
    np.add.at(counts, (rows, columns), 1.0)
    return counts
