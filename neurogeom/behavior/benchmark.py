"""Models against people on the 17 data sets of model-vs-human, with its rules and with signs kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import rankdata

from neurogeom._core.random import resolve_seed
from neurogeom._core.responses import quoted
from neurogeom._core.validation import check_count, check_real
from neurogeom._core.warnings import collect
from neurogeom.behavior.consistency import error_consistency
from neurogeom.behavior.performance import accuracy
from neurogeom.behavior.results import BenchmarkResult, ConsistencyResult
from neurogeom.behavior.shape_bias import DATASET, shape_bias
from neurogeom.behavior.trials import EXCLUDED_CONDITIONS, read_trials
from neurogeom.results import make_settings

REFERENCES = (
    "Geirhos et al. 2021, NeurIPS (Partial success in closing the gap between human and machine vision).",
    "Geirhos, Meding & Wichmann 2020, NeurIPS (error consistency).",
)
_FROM = {
    "accuracy_difference": "accuracy_difference",
    "observed_consistency": "observed",
    "error_consistency": "error_consistency",
    "lowest_possible": "lowest_possible",
    "highest_possible": "highest_possible",
}


def benchmark(
    model_trials: Any,
    human_trials: Any,
    *,
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int | None = None,
) -> BenchmarkResult:
    """Compare models with people: accuracy, and consistency of errors, on the data sets that both have.

    Undistorted images and conditions beyond recognition are left out of all means (``EXCLUDED_CONDITIONS``). Values
    are averaged over conditions, then over people, then over data sets. Error consistency keeps its sign and is
    neither divided by that between people nor clipped; that between people stands beside it.

    Parameters
    ----------
    model_trials : dict of model name to trials, or trials of one model
        Trials are what :func:`read_trials` takes.
    human_trials : path or DataFrame
        Several people for each data set.
    level : float
    n_resamples : int
        Bootstrap over images; 0 for no interval.
    seed : int, optional

    Returns
    -------
    BenchmarkResult

    Raises
    ------
    ValueError
        Data sets that are none of the 17, or none in common.

    References
    ----------
    Geirhos et al. 2021, NeurIPS.

    Examples
    --------
    >>> people = pd.DataFrame({"subject": np.repeat(["a", "b"], 4), "image": list("wxyz") * 2, "dataset": "sketch",
    ...     "category": "cat", "response": ["cat", "dog", "cat", "dog", "cat", "dog", "cat", "cat"]})
    >>> model = people[people.subject == "a"].assign(subject="net")
    >>> found = benchmark({"net": model}, people, n_resamples=0)
    >>> found.error_consistency.round(3).item(), round(found.human_error_consistency, 3)
    (0.75, 0.5)
    """
    level = check_real("level", level, minimum=0.0, maximum=1.0, strict=True)
    n_resamples, seed = check_count("n_resamples", n_resamples, minimum=0), resolve_seed(seed)
    people = _known(read_trials(human_trials), "human_trials")
    named = model_trials if isinstance(model_trials, Mapping) else {"model": model_trials}
    if not named:
        raise ValueError("model_trials is an empty dict; at least one model is needed.")
    models = {str(name): _known(read_trials(trials), f"model_trials[{name!r}]") for name, trials in named.items()}
    options: dict[str, Any] = {"level": level, "n_resamples": n_resamples, "seed": seed}
    datasets = _common(models, people)
    people = people[people["dataset"].isin(datasets)]
    with collect() as notes:
        data, coords = _against_people(models, people, datasets, options)
        data |= _between_people(people, datasets, options)
        data |= _shape_biases(models, people, datasets, options)
    settings = make_settings(**options, models=list(models), datasets=datasets, uncertainty="images")
    counts = {name: int((people["dataset"] == name).sum()) for name in datasets}
    return BenchmarkResult(
        xr.Dataset(data, coords=coords), settings, {"n_human_trials": counts}, tuple(notes), REFERENCES
    )


def _known(trials: pd.DataFrame, name: str) -> pd.DataFrame:
    odd = sorted(set(trials["dataset"]) - set(EXCLUDED_CONDITIONS))
    if odd:
        raise ValueError(
            f"{name} has data sets that are none of the 17: {quoted(odd[:3])}. Name them in a column 'dataset', as one "
            f"of {quoted(EXCLUDED_CONDITIONS, limit=17)}."
        )
    return trials


def _common(models: Mapping[str, pd.DataFrame], people: pd.DataFrame) -> list[str]:
    shared = set(people["dataset"])
    for trials in models.values():
        shared &= set(trials["dataset"])
    if not shared:
        raise ValueError("models and people have no data set in common.")
    return [name for name in EXCLUDED_CONDITIONS if name in shared]


def _against_people(
    models: Mapping[str, pd.DataFrame], people: pd.DataFrame, datasets: list[str], options: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    found: dict[str, ConsistencyResult] = {}
    right = {}
    for name, trials in models.items():
        mine = trials[trials["dataset"].isin(datasets)]
        found[name] = error_consistency(mine, people, **options)
        right[name] = accuracy(mine, **options)
    data: dict[str, Any] = {}
    for ours, theirs in _FROM.items():
        data[ours] = (["model"], np.array([result.data[theirs].item() for result in found.values()]))
        columns = [result.data[f"dataset_{theirs}"].sel(dataset=datasets).values for result in found.values()]
        data[f"dataset_{ours}"] = (["model", "dataset"], np.array(columns))
    data["accuracy"] = (["model"], np.array([result.accuracy for result in right.values()]))
    per = [result.data["dataset_accuracy"].sel(dataset=datasets).values for result in right.values()]
    data["dataset_accuracy"] = (["model", "dataset"], np.array(per))
    if options["n_resamples"]:
        bounds = [result.data["error_consistency_ci"].values for result in found.values()]
        data["error_consistency_ci"] = (["model", "bound"], np.array(bounds))
        data["accuracy_ci"] = (["model", "bound"], np.array([one.data["accuracy_ci"].values for one in right.values()]))
    ranks = [
        rankdata(data["accuracy_difference"][1]),
        rankdata(-data["observed_consistency"][1]),
        rankdata(-data["error_consistency"][1]),
    ]
    data["mean_rank"] = (["model"], np.mean(ranks, axis=0))
    return data, {"model": list(models), "dataset": datasets, "bound": ["low", "high"]}


def _between_people(people: pd.DataFrame, datasets: list[str], options: dict[str, Any]) -> dict[str, Any]:
    """The same between people; not defined where each data set has one person only."""
    right = accuracy(people, **options)
    data: dict[str, Any] = {"human_accuracy": right.accuracy}
    several = people.groupby("dataset")["subject"].nunique()
    enough = people[people["dataset"].isin(several.index[several > 1])]
    if enough.empty:
        return data
    found = error_consistency(enough, enough, **options)
    for ours, theirs in _FROM.items():
        data[f"human_{ours}"] = found.data[theirs].item()
        per = found.data[f"dataset_{theirs}"].reindex(dataset=datasets)
        data[f"human_dataset_{ours}"] = (["dataset"], per.values)
    if options["n_resamples"]:
        data["human_error_consistency_ci"] = (["bound"], found.data["error_consistency_ci"].values)
    return data


def _shape_biases(
    models: Mapping[str, pd.DataFrame], people: pd.DataFrame, datasets: list[str], options: dict[str, Any]
) -> dict[str, Any]:
    if DATASET not in datasets:
        return {}
    ours = [shape_bias(trials[trials["dataset"] == DATASET], **options) for trials in models.values()]
    theirs = shape_bias(people[people["dataset"] == DATASET], **options)
    data: dict[str, Any] = {
        "shape_bias": (["model"], np.array([one.shape_bias for one in ours])),
        "human_shape_bias": theirs.shape_bias,
    }
    if options["n_resamples"]:
        data["shape_bias_ci"] = (["model", "bound"], np.array([one.data["shape_bias_ci"].values for one in ours]))
        data["human_shape_bias_ci"] = (["bound"], theirs.data["shape_bias_ci"].values)
    return data
