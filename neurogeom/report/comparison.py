"""Models and a recording side by side: prediction, capacity, geometry, and which differences are real."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom import alignment, capacity, predictivity
from neurogeom._core.random import resolve_seed
from neurogeom._core.validation import check_count, check_option
from neurogeom.io import UnitStore, fingerprint
from neurogeom.recordings import split_half_reliability
from neurogeom.report.comparison_inputs import RECORDING, SEPARATOR, Populations, read
from neurogeom.report.files import write
from neurogeom.results import Result, concat

ALONG = "population"
CATEGORIES = "class means only"
MOST = 12
"""Populations that are compared pair by pair; of more, the best layer of each model."""

Unit = Callable[[Any, Callable[[], Result]], Result]


@dataclass(frozen=True)
class ModelComparison:
    """Everything that :func:`compare` found.

    Parameters
    ----------
    results : dict of str to Result
        ``reliability``, ``predictivity``, ``predictivity_differences``, ``capacity``, ``capacity_differences``,
        ``alignment``, ``relative_geometry``, ``cka``; those that the data do not allow are missing, and ``notes`` says
        why.
    populations : tuple of str
        Layers of models, as they were given.
    notes : tuple of str
        What was changed or left out.
    facts : dict
        Numbers of stimuli, classes, neuroids and repetitions; method and seed.
    """

    results: Mapping[str, Result]
    populations: tuple[str, ...]
    notes: tuple[str, ...]
    facts: Mapping[str, Any]

    def save(self, out: str | os.PathLike[str], *, command: str = "") -> dict[str, Path]:
        """Write ``report.html``, ``results.nc``, ``results.csv`` and figures into a folder.

        Parameters
        ----------
        out : path
            Made if missing.
        command : str
            What gives the same again, shown at the end of the report.

        Returns
        -------
        dict of str to Path
            What was written.
        """
        from neurogeom.report.comparison_page import page

        sections, figures = page(self, command)
        title = "Models and recording, side by side"
        facts = self.facts
        subtitle = (
            f"{len(self.populations)} populations of models, {facts['n_neuroids']} neuroids, {facts['n_stimuli']} "
            f"stimuli in {facts['n_classes']} classes"
        )
        return write(Path(out), self.results, sections, title=title, subtitle=subtitle, figures=figures)


def compare(
    models: Mapping[str, Any],
    recording: Any,
    labels: str,
    *,
    method: str = "pls",
    n_components: int = 25,
    n_splits: int = 10,
    n_points: int | None = None,
    n_samples: int = 200,
    n_refits: int = 20,
    n_resamples: int = 1000,
    folder: str | os.PathLike[str] | None = None,
    tell: Callable[[str], None] | None = None,
    seed: int | None = None,
    n_jobs: int | None = None,
) -> ModelComparison:
    """Compare every layer of every model with a recording, in prediction and in geometry.

    Parameters
    ----------
    models : dict of model name to features
        Features are an array (stimuli, features), a DataArray, which is cut by its coordinate ``layer`` where it has
        one, or a dict of layer name to such. Rows are matched by ``stimulus_id``.
    recording : DataArray (presentation, neuroid), or dict of name to such
        Single trials with ``stimulus_id``; several recordings are joined stimulus by stimulus.
    labels : str
        Presentation coordinate with the class of each stimulus.
    method : {"pls", "ridge"}
        Of the prediction.
    n_components, n_splits : int
        Of :func:`neurogeom.predictivity.score`.
    n_points : int, optional
        Stimuli per class for geometry, drawn at random, the same in all populations; not more than the smallest class
        has. If not given, about as many in all classes together as the recording has neuroids (5 per class at least):
        with many more, capacity lies on its floor.
    n_samples : int
        Of :func:`neurogeom.capacity.glue`.
    n_refits : int
        Jackknife refits for intervals of capacity over stimuli.
    n_resamples : int
        Bootstrap resamples for intervals and differences of prediction; differences take more where there are many
        pairs, so that they can be significant after correction.
    folder : path, optional
        Where finished units are kept: a run that was stopped goes on there.
    tell : callable, optional
        Takes a line about each step.
    seed, n_jobs : int, optional

    Returns
    -------
    ModelComparison

    Raises
    ------
    TypeError, ValueError
        Stimuli that do not match, an unknown coordinate, one class, time bins that are not chosen yet.

    Notes
    -----
    Prediction of the class means alone (labels as features) is scored beside the models: what exceeds it is about
    images, not classes. Populations are compared with equal numbers of points and, for geometry, of neuroids.

    References
    ----------
    Schrimpf et al. 2020, Neuron 108:413; Chou et al. 2025; Kuoch et al. 2024; Kornblith et al. 2019.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> classes, ids = np.repeat(list("abcd"), 10), np.arange(40)
    >>> images = rng.normal(size=(4, 30))[np.repeat(np.arange(4), 10)] + rng.normal(size=(40, 30))
    >>> trials = images @ rng.normal(size=(30, 12)) + rng.normal(size=(4, 40, 12))
    >>> recording = xr.DataArray(trials.reshape(160, 12), dims=("presentation", "neuroid"), coords={
    ...     "stimulus_id": ("presentation", np.tile(ids, 4)), "kind": ("presentation", np.tile(classes, 4))})
    >>> found = compare({"true": images, "noise": rng.normal(size=(40, 30))}, recording, "kind", method="ridge",
    ...                 n_samples=20, n_refits=3, n_resamples=50, seed=0)
    >>> scores = found.results["predictivity"].correlation
    >>> bool(scores.sel(population="true") > scores.sel(population="noise"))
    True
    """
    check_option("method", method, ("pls", "ridge"))
    for name, value in {"n_samples": n_samples, "n_refits": n_refits, "n_resamples": n_resamples}.items():
        check_count(name, value, minimum=2)
    if n_points is not None:
        check_count("n_points", n_points, minimum=4)
    seed, say = resolve_seed(seed), tell or (lambda line: None)
    given = read(models, recording, labels)
    if len(set(given.classes)) < 2:
        raise ValueError(f"labels={labels!r} holds one class only; at least two are needed.")
    options = {
        "method": method, "n_components": n_components, "n_splits": n_splits, "n_samples": n_samples,
        "n_points": given.points_of_geometry(n_points),
        "n_refits": n_refits, "n_resamples": n_resamples, "seed": seed,
    }  # fmt: skip
    unit = _units(folder, fingerprint("compare", given.trials, given.features, labels, options))
    results: dict[str, Result] = {}
    notes = list(given.notes)
    _reliability(given, results, notes, unit, seed)
    say(f"recording: {_size(given)}")
    _predict(given, results, options, unit, n_jobs, say)
    _geometry(given, results, notes, options, unit, n_jobs, say)
    facts = {
        "n_neuroids": given.means.sizes["neuroid"], "n_stimuli": given.means.sizes["presentation"],
        "n_classes": len(set(given.classes)), "n_repetitions": given.n_repetitions, "labels": labels, **options,
    }  # fmt: skip
    return ModelComparison(results, tuple(given.features), tuple(notes), facts)


def _units(folder: str | os.PathLike[str] | None, mark: str) -> Unit:
    """What computes a unit, or reads it where it was computed before."""
    store = None if folder is None else UnitStore(folder, mark)

    def unit(key: Any, compute: Callable[[], Result]) -> Result:
        if store is None:
            return compute()
        found: Result | None = store.found(key)
        if found is None:
            found = compute()
            store.save(key, found)  # read back it would be the same, to the last bit
        return found

    return unit


def _size(given: Populations) -> str:
    return (
        f"{given.means.sizes['neuroid']} neuroids, {given.means.sizes['presentation']} stimuli, "
        f"{len(set(given.classes))} classes, {given.n_repetitions} repetitions or more"
    )


def _reliability(given: Populations, results: dict[str, Result], notes: list[str], unit: Unit, seed: int) -> None:
    if given.n_repetitions < 2:
        notes.append(
            "Some stimulus was shown once, so reliability and ceilings are not known; scores are correlations."
        )
        return
    results["reliability"] = unit("reliability", lambda: split_half_reliability(given.trials, seed=seed))


def _predict(
    given: Populations, results: dict[str, Result], options: Mapping[str, Any], unit: Unit, n_jobs: int | None,
    say: Callable[[str], None],
) -> None:  # fmt: skip
    """Scores of all populations and of the class means, and their differences."""
    names = sorted(set(given.classes))
    one_hot = np.array([[name == own for name in names] for own in given.classes], dtype=float)
    coords = {key: coordinate for key, coordinate in given.means.coords.items() if coordinate.dims == ("presentation",)}
    baseline = xr.DataArray(one_hot, dims=("presentation", "neuroid"), coords=coords)
    common = {
        "ceiling": "split_half" if "reliability" in results else None, "missing": "omit", "seed": options["seed"],
        "n_splits": options["n_splits"], "n_resamples": options["n_resamples"], "n_jobs": n_jobs,
    }  # fmt: skip
    scores: dict[str, predictivity.ScoreResult] = {}
    for name, features in {**given.features, CATEGORIES: baseline}.items():
        rank = min(features.shape[1], features.shape[0] // 2)
        own = (
            {"method": "ridge"}
            if name == CATEGORIES or options["method"] == "ridge"
            else {"method": "pls", "n_components": min(options["n_components"], rank)}
        )
        found = unit(("score", name), partial(predictivity.score, features, given.trials, **common, **own))
        if not isinstance(found, predictivity.ScoreResult):
            raise ValueError(f"folder holds something else than a score of {name}. Use another folder.")
        scores[name] = found
        say(f"  {name}: r = {float(found.correlation):.3f}")
    chosen = scores if len(scores) <= MOST else _best_layers(scores)
    quantity = "ceiled_score" if "reliability" in results else "correlation"
    n_pairs = len(chosen) * (len(chosen) - 1) // 2
    # enough resamples that a difference can be significant after correction: the least p is 2 / (resamples + 1)
    enough = max(options["n_resamples"], 100 * n_pairs)
    results["predictivity_differences"] = predictivity.compare(
        chosen, quantity=quantity, n_resamples=enough, seed=options["seed"]
    )
    shared = set.intersection(*(set(map(str, one.data.data_vars)) for one in scores.values()))
    shared -= {"prediction", "response"}
    slim = [replace(one, data=one.data[sorted(shared)]) for one in scores.values()]
    results["predictivity"] = concat(slim, **{ALONG: list(scores)})


def _best_layers(scores: Mapping[str, predictivity.ScoreResult]) -> dict[str, predictivity.ScoreResult]:
    """The best layer of each model, and the class means."""
    best: dict[str, str] = {}
    for name, one in scores.items():
        model = name.partition(SEPARATOR)[0]
        if model not in best or float(one.correlation) > float(scores[best[model]].correlation):
            best[model] = name
    return {name: scores[name] for name in best.values()}


def _geometry(
    given: Populations, results: dict[str, Result], notes: list[str], options: Mapping[str, Any], unit: Unit,
    n_jobs: int | None, say: Callable[[str], None],
) -> None:  # fmt: skip
    """Capacity, alignment and relative geometry of each population beside the recording's."""
    seed = options["seed"]
    n_points = options["n_points"]
    if n_points < given.smallest_class:
        notes.append(
            f"For geometry {n_points} stimuli of each class were drawn, of {given.smallest_class} or more: with many "
            "more points than neuroids capacity lies on its floor."
        )
    if n_points < 4:
        notes.append(
            f"The smallest class has {n_points} stimuli; capacity and geometry need 4 or more, and are left out."
        )
        return
    manifolds = given.manifolds(n_points, seed)
    glue = {"n_samples": options["n_samples"], "origin": "mean", "seed": seed, "n_jobs": n_jobs}
    over = {"uncertainty": "points", "n_resamples": min(options["n_refits"], n_points)}
    found: dict[str, dict[str, Result]] = {}

    def keep(measure: str, name: str, compute: Callable[[], Result]) -> None:
        found.setdefault(measure, {})[name] = unit((measure, name), compute)

    own = manifolds[RECORDING]
    related = own.n_manifolds >= 4
    if not related:
        notes.append(f"Relative geometry needs at least 4 classes; there are {own.n_manifolds}.")
    for name, one in manifolds.items():
        keep("capacity", name, partial(capacity.glue, one, **glue, **over))
        keep("alignment", name, partial(alignment.manifolds, one, seed=seed, n_jobs=n_jobs))
        if name == RECORDING:
            continue
        keep("capacity_differences", name, partial(capacity.compare, one, own, names=(name, RECORDING), **glue, **over))
        if related:
            keep("relative_geometry", name, partial(alignment.relative_geometry, own, one, seed=seed))
        keep("cka", name, partial(alignment.cka_similarity, given.means, given.features[name]))
        say(f"  {name}: capacity and geometry done")
    for measure, parts in found.items():
        items = [_without_names(part) for part in parts.values()]
        results[measure] = concat(items, **{ALONG: list(parts)})


def _without_names(result: Result) -> Result:
    """A comparison whose sides are called alike in all parts, so that they can be joined."""
    if "side" not in result.data.coords:
        return result
    return replace(result, data=result.data.assign_coords(side=["model", RECORDING]))
