"""From paired stimuli to one score with everything beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.responses import as_name
from neurogeom._core.warnings import DegenerateInputWarning, SaturationWarning, warn
from neurogeom.predictivity.aggregate import (
    centered_by,
    held_out_correlation,
    known_medians,
    median_over_splits,
    pooled_predictions,
    resample,
)
from neurogeom.predictivity.baselines import COMPONENTS, component_correlations, group_means
from neurogeom.predictivity.ceilings import Ceiling, ceiling_of, normalize
from neurogeom.predictivity.inputs import STIMULUS, Paired, names_of
from neurogeom.predictivity.models import Options, predict
from neurogeom.regression import Gram
from neurogeom.regression.folds import Fold
from neurogeom.statistics.explained import feve

BOUNDS = ["low", "high"]
SUBJECT_COORDINATES = ("subject", "animal")


@dataclass(frozen=True)
class Plan:
    """What is done with each set of targets.

    Parameters
    ----------
    folds : list of (train, test)
    groups, strata : ndarray or None
    options : Options
    within_groups : bool
        Whether correlations are over deviations from the mean of the group.
    settings : dict
        The resolved arguments of :func:`neurogeom.predictivity.score`.
    """

    folds: list[Fold]
    groups: np.ndarray | None
    strata: np.ndarray | None
    options: Options
    within_groups: bool
    settings: Mapping[str, Any]


def score_paired(paired: Paired, plan: Plan, shared: Gram | None = None) -> tuple[xr.Dataset, dict[str, Any]]:
    """Return all values and diagnostics of one score.

    Parameters
    ----------
    paired : Paired
    plan : Plan
    shared : Gram, optional

    Returns
    -------
    Dataset, dict

    Examples
    --------
    >>> from neurogeom.predictivity import score
    >>> x = np.random.default_rng(0).normal(size=(30, 4))
    >>> round(score(x, x, method="ridge", alphas=1e-6, ceiling=None, seed=0).correlation, 6)
    1.0
    """
    targets = paired.mean()
    outcome = predict(paired.bands, targets, plan.folds, plan.options, shared)
    correlations = _per_split(outcome.predictions, targets, plan)
    ceiling = _ceiling(paired, plan)
    use, excluded = _used(correlations, ceiling, plan.settings, dict(paired.excluded))
    data = _summary(correlations, ceiling, use, paired, plan)
    data |= {name: (list(dims), values) for name, (dims, values) in outcome.variables.items()}
    if plan.groups is not None:
        baseline = _per_split(group_means(targets, plan.folds, plan.groups, plan.strata), targets, plan)
        data |= _named("baseline_", _aggregate(baseline, ceiling, use, plan.settings))
    pooled = pooled_predictions(outcome.predictions, plan.folds, targets)
    data |= _parts(outcome.predictions, targets, use, plan)
    if ceiling is not None and not plan.within_groups:
        data |= _explained(pooled, paired.trials, use)
    if plan.settings["keep_predictions"]:
        data |= {"prediction": (["stimulus", "neuroid"], pooled), "response": (["stimulus", "neuroid"], targets)}
    diagnostics = {
        **outcome.diagnostics,
        "n_excluded": excluded,
        "n_train": [len(train) for train, _ in plan.folds],
        "n_test": [len(test) for _, test in plan.folds],
        "n_repetitions": len(paired.trials),
        "ceiling_estimator": None if ceiling is None else ceiling.estimator,
    }
    return xr.Dataset(data, coords=_coords(paired, plan)), diagnostics


def _per_split(predictions: list[np.ndarray], targets: np.ndarray, plan: Plan) -> np.ndarray:
    """Correlation of each split and neuroid, shape (splits, neuroids)."""
    found = []
    for prediction, (_, test) in zip(predictions, plan.folds):
        observed = targets[test]
        if plan.within_groups and plan.groups is not None:
            prediction, observed = (centered_by(part, plan.groups[test]) for part in (prediction, observed))
        found.append(held_out_correlation(prediction, observed))
    return np.array(found)


def _ceiling(paired: Paired, plan: Plan) -> Ceiling | None:
    settings = plan.settings
    if settings["ceiling"] is None:
        return None
    return ceiling_of(
        paired.trials,
        settings["ceiling"],
        n_splits=settings["n_ceiling_splits"],
        seed=settings["seed"],
        legacy=settings["preset"] is not None,
        groups=plan.groups if plan.within_groups else None,
    )


def _used(
    correlations: np.ndarray, ceiling: Ceiling | None, settings: Mapping[str, Any], excluded: dict[str, int]
) -> tuple[np.ndarray, dict[str, int]]:
    """Neuroids that enter medians, and how many do not for which reason."""
    use = np.isfinite(correlations).any(axis=0)
    excluded["constant_in_test"] = int((~use).sum())
    least = settings["min_reliability"]
    if least is not None and ceiling is not None:
        unreliable = use & ~(ceiling.neuroid >= least)
        excluded["unreliable"] = int(unreliable.sum())
        use &= ~unreliable
    if not use.any():
        raise ValueError(
            f"no neuroid is left to score ({excluded}). Lower min_reliability, or use splits with more test stimuli."
        )
    if excluded["constant_in_test"]:
        warn(
            f"{excluded['constant_in_test']} neuroids do not vary over any split's test stimuli and have no score.",
            DegenerateInputWarning,
        )
    return use, excluded


def _aggregate(
    correlations: np.ndarray, ceiling: Ceiling | None, use: np.ndarray, settings: Mapping[str, Any]
) -> dict[str, float]:
    """Median correlation and ceiled score of the neuroids in `use` (indices or mask)."""
    values = {"correlation": median_over_splits(correlations[:, use])}
    if ceiling is None:
        return values
    how, signed = settings["normalization"], settings["signed"]
    if settings["aggregate"] == "ratio_of_medians":
        reliability = ceiling.median(use)
        values["ceiled_score"] = float(
            normalize(np.asarray(values["correlation"]), np.asarray(reliability), how, signed=signed)
        )
    else:
        each = normalize(np.nanmean(correlations[:, use], axis=0), ceiling.neuroid[use], how, signed=signed)
        values["ceiled_score"] = float(known_medians(each[None])[0])
    return values


def _summary(
    correlations: np.ndarray, ceiling: Ceiling | None, use: np.ndarray, paired: Paired, plan: Plan
) -> dict[str, Any]:
    settings = plan.settings
    kept = np.flatnonzero(use)
    data: dict[str, Any] = dict(_aggregate(correlations, ceiling, kept, settings))
    medians = known_medians(correlations[:, kept])
    data["correlation_se"] = float(medians.std() / np.sqrt(len(medians)))
    data["split_median"] = (["split"], medians)
    data["split_correlation"] = (["split", "neuroid"], correlations)
    mean = np.full(correlations.shape[1], np.nan)
    mean[kept] = np.nanmean(correlations[:, kept], axis=0)
    data["neuroid_correlation"] = (["neuroid"], mean)
    data["n_neuroids"], data["n_stimuli"] = len(kept), paired.n_stimuli
    if ceiling is not None:
        data["ceiling"], data["ceiling_se"] = ceiling.median(kept), ceiling.error()
        data["neuroid_ceiling"] = (["neuroid"], ceiling.neuroid)
        each = normalize(mean, ceiling.neuroid, settings["normalization"], signed=settings["signed"])
        data["neuroid_ceiled_score"] = (["neuroid"], each)
        _warn_ceiling(data["ceiling"], ceiling, kept)
    subjects = _subjects(paired)
    resampled = subjects[kept] if subjects is not None and len(np.unique(subjects[kept])) > 1 else None
    if settings["n_resamples"]:
        names = [name for name in ("correlation", "ceiled_score") if name in data]

        def statistic(splits: np.ndarray, neuroids: np.ndarray) -> list[float]:
            drawn = _aggregate(correlations[splits], ceiling, kept[neuroids], settings)
            return [drawn[name] for name in names]

        bounds = resample(
            statistic, len(correlations), len(kept), n_resamples=settings["n_resamples"], seed=settings["seed"],
            level=settings["level"], subjects=resampled,
        )  # fmt: skip
        data |= {f"{name}_ci": (["bound"], interval) for name, interval in zip(names, bounds)}
    if subjects is not None:
        parts = [
            _aggregate(correlations, ceiling, kept[subjects[kept] == one], settings)
            for one in np.unique(subjects[kept])
        ]
        data |= {f"subject_{name}": (["subject_name"], [part[name] for part in parts]) for name in parts[0]}
    return data


def _explained(pooled: np.ndarray, trials: np.ndarray, use: np.ndarray) -> dict[str, Any]:
    """Share of the explainable variance of single trials, in which a wrong scale counts; none without repetitions."""
    tested = np.isfinite(pooled).all(axis=1)
    if not (np.isfinite(trials[:, tested]).sum(axis=0) >= 2).any():
        return {}
    each = np.where(use, feve(pooled[tested], trials[:, tested]), np.nan)
    return {"feve": float(known_medians(each[None])[0]), "neuroid_feve": (["neuroid"], each)}


def _warn_ceiling(median: float, ceiling: Ceiling, kept: np.ndarray) -> None:
    n_low = int((~(ceiling.neuroid[kept] > 0.0)).sum())
    if not median > 0.0:
        warn(
            f"the median ceiling is {median:.3g}, so that no score in its units exists. Are the repetitions of a "
            "stimulus really of the same stimulus?",
            SaturationWarning,
        )
    elif n_low:
        warn(
            f"{n_low} of {len(kept)} neuroids have a ceiling of zero or less, and no ceiled score of their own. "
            "min_reliability leaves them out.",
            SaturationWarning,
        )


def _parts(predictions: list[np.ndarray], targets: np.ndarray, use: np.ndarray, plan: Plan) -> dict[str, Any]:
    """Correlations of the parts of responses, and on the stimuli of one stratum."""
    data: dict[str, Any] = {}
    if plan.groups is not None:
        found = component_correlations(predictions, targets, plan.folds, plan.groups, plan.strata)
        known = np.isfinite(found[:, use]).any(axis=1)
        medians = np.full(len(found), np.nan)
        medians[known] = np.nanmedian(found[known][:, use], axis=1)
        data["component_correlation"] = (["component"], medians)
        data["neuroid_component_correlation"] = (["component", "neuroid"], found)
    if plan.strata is not None:
        values = []
        for name in np.unique(plan.strata):
            rows = []
            for prediction, (_, test) in zip(predictions, plan.folds):
                inside = plan.strata[test] == name
                if inside.sum() >= 3:
                    rows.append(held_out_correlation(prediction[inside], targets[test][inside])[use])
            rows = [row for row in rows if np.isfinite(row).any()]
            values.append(np.mean([np.nanmedian(row) for row in rows]) if rows else np.nan)
        data["stratum_correlation"] = (["stratum"], np.array(values))
    return data


def _subjects(paired: Paired) -> np.ndarray | None:
    for name in SUBJECT_COORDINATES:
        if name in paired.neuroids:
            return np.array([as_name(value) for value in paired.neuroids[name]])
    return None


def _coords(paired: Paired, plan: Plan) -> dict[str, Any]:
    n_neuroids = paired.trials.shape[2]
    coords: dict[str, Any] = {
        "neuroid": list(names_of(paired.neuroids, n_neuroids)),
        "split": np.arange(len(plan.folds)),
        "bound": BOUNDS,
    }
    coords |= {key: ("neuroid", value) for key, value in paired.neuroids.items() if key != "neuroid"}
    subjects = _subjects(paired)
    if subjects is not None:
        coords["subject_name"] = np.unique(subjects)
    if plan.groups is not None:
        coords["component"] = list(COMPONENTS)
    if plan.strata is not None:
        coords["stratum"] = np.unique(plan.strata)
    if len(paired.band_names) > 1:
        coords["band"] = list(paired.band_names)
    if plan.settings["keep_predictions"]:
        ids = paired.stimuli.get(STIMULUS)
        coords["stimulus"] = [as_name(value) for value in ids] if ids is not None else np.arange(paired.n_stimuli)
        if plan.groups is not None:
            coords["group"] = ("stimulus", plan.groups)
        if plan.strata is not None:
            coords["stimulus_stratum"] = ("stimulus", plan.strata)
    return coords


def _named(prefix: str, values: Mapping[str, float]) -> dict[str, float]:
    return {prefix + name: value for name, value in values.items()}
