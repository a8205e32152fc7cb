"""Whether images whose shape and texture disagree are named by their shape."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neurogeom._core.random import resolve_seed
from neurogeom._core.responses import quoted
from neurogeom._core.validation import check_count, check_real
from neurogeom.behavior.consistency import resampled_weights
from neurogeom.behavior.results import ShapeBiasResult
from neurogeom.behavior.trials import CATEGORIES, read_trials
from neurogeom.results import make_settings

REFERENCES = ("Geirhos et al. 2019, ICLR (ImageNet-trained CNNs are biased towards texture).",)
DATASET = "cue-conflict"


def shape_bias(
    trials: Any, *, level: float = 0.95, n_resamples: int = 1000, seed: int | None = None
) -> ShapeBiasResult:
    """Share of shape among the answers that name either the shape or the texture of a cue-conflict image.

    Images whose shape and texture agree are left out.

    Parameters
    ----------
    trials : path, DataFrame, or what :func:`read_trials` takes
        Of the cue-conflict data set; other data sets are left out.
    level : float
        Of the intervals.
    n_resamples : int
        Bootstrap over images; 0 for no interval.
    seed : int, optional

    Returns
    -------
    ShapeBiasResult

    Raises
    ------
    ValueError
        No cue-conflict trial, an image name that does not tell shape and texture, no answer that names either.

    References
    ----------
    Geirhos et al. 2019, ICLR.

    Examples
    --------
    >>> table = pd.DataFrame({"image": ["cat1-dog2.png", "dog1-cat3.png", "cat1-cat2.png"], "dataset": "cue-conflict",
    ...                       "category": ["cat", "dog", "cat"], "response": ["cat", "cat", "cat"]})
    >>> shape_bias(table, n_resamples=0).shape_bias
    0.5
    """
    level = check_real("level", level, minimum=0.0, maximum=1.0, strict=True)
    n_resamples, seed = check_count("n_resamples", n_resamples, minimum=0), resolve_seed(seed)
    table, n_agree = _conflicts(read_trials(trials))
    subjects, images = pd.factorize(table["subject"])[1], pd.factorize(table["image"])[1]
    shape, texture = (_counts(table, table["response"] == table[cue]) for cue in ("shape", "texture"))
    total = np.bincount(pd.factorize(table["subject"])[0], minlength=len(subjects))
    named = shape.sum() + texture.sum()
    if not named:
        raise ValueError("no answer names the shape or the texture of its image, so there is no shape bias.")
    by_category = _by_category(table)
    data: dict[str, Any] = {
        "shape_bias": float(shape.sum() / named),
        "fraction_shape": float(shape.sum() / total.sum()),
        "fraction_texture": float(texture.sum() / total.sum()),
        "mean_subject_shape_bias": float(np.nanmean(_ratio(shape.sum(axis=1), texture.sum(axis=1)))),
        "subject_shape_bias": (["subject"], _ratio(shape.sum(axis=1), texture.sum(axis=1))),
        "category_shape_bias": (["category"], by_category),
    }
    if n_resamples:
        weights = resampled_weights(len(images), n_resamples, seed, 0)
        drawn = _ratio(weights @ shape.sum(axis=0), weights @ texture.sum(axis=0))
        data["shape_bias_ci"] = (["bound"], np.nanquantile(drawn, [(1.0 - level) / 2.0, (1.0 + level) / 2.0]))
    coords = {"subject": list(subjects), "category": list(CATEGORIES), "bound": ["low", "high"]}
    settings = make_settings(level=level, n_resamples=n_resamples, seed=seed, uncertainty="images")
    counts = {"n_images": len(images), "n_trials": len(table), "n_trials_without_conflict": n_agree}
    return ShapeBiasResult(xr.Dataset(data, coords=coords), settings, counts, (), REFERENCES)


def cues(image: str) -> tuple[str, str]:
    """Return shape and texture of a cue-conflict image from its name.

    Parameters
    ----------
    image : str

    Returns
    -------
    (str, str)

    Raises
    ------
    ValueError
        If the name does not tell them.

    Examples
    --------
    >>> cues("bird3-clock2.png")
    ('bird', 'clock')
    """
    match = re.fullmatch(r"([a-z]+)\d*-([a-z]+)\d*(?:\.\w+)?", image)
    if match is None or match.group(1) not in CATEGORIES or match.group(2) not in CATEGORIES:
        raise ValueError(f"image {image!r} does not name a shape and a texture, as 'bird3-clock2.png' does.")
    return match.group(1), match.group(2)


def _conflicts(trials: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Trials whose shape and texture differ, with both; and how many others there were."""
    mine = trials[trials["dataset"].isin([DATASET, ""])]
    if mine.empty:
        raise ValueError(f"trials has no data set {DATASET!r}; it has {quoted(trials['dataset'].unique())}.")
    parts = [cues(image) for image in mine["image"]]
    table = mine.assign(shape=[part[0] for part in parts], texture=[part[1] for part in parts])
    agree = table["shape"] == table["texture"]
    if agree.all():
        raise ValueError("shape and texture agree in all images, so there is no conflict to decide.")
    return table[~agree], int(agree.sum())


def _counts(table: pd.DataFrame, chosen: pd.Series) -> np.ndarray:
    """How often each subject chose so for each image, shape (subjects, images)."""
    subject, image = pd.factorize(table["subject"])[0], pd.factorize(table["image"])[0]
    counts = np.zeros((subject.max() + 1, image.max() + 1))
    np.add.at(counts, (subject, image), chosen.to_numpy(dtype=float))
    return counts


def _by_category(table: pd.DataFrame) -> np.ndarray:
    """Shape bias of the images of each shape."""
    found = []
    for name in CATEGORIES:
        mine = table[table["shape"] == name]
        shape, texture = (int((mine["response"] == mine[cue]).sum()) for cue in ("shape", "texture"))
        found.append(shape / (shape + texture) if shape + texture else np.nan)
    return np.array(found)


def _ratio(shape: np.ndarray, texture: np.ndarray) -> np.ndarray:
    total = shape + texture
    return np.where(total > 0, shape / np.maximum(total, 1), np.nan)
