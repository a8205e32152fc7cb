"""Layers × regions in one call, and a layer chosen on other stimuli than those it is reported on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.parallel import run_units
from neurogeom._core.random import generator
from neurogeom._core.responses import as_name, hint, quoted
from neurogeom._core.validation import check_real
from neurogeom._core.warnings import collect
from neurogeom.io import UnitStore, fingerprint
from neurogeom.predictivity import presets
from neurogeom.predictivity.inputs import Paired, labels_of, pair
from neurogeom.predictivity.results import LayersResult, ScoreResult
from neurogeom.predictivity.score import checked, defaults, run, settings_of
from neurogeom.results import make_settings

ALL = "all"
_NOT_KEPT = ("region", "layer")  # names of dimensions here; regions are kept as ``neuroid_region``
_CELLS = ("correlation", "ceiling", "ceiled_score", "baseline_correlation", "baseline_ceiled_score")
_COUNTS = ("n_neuroids", "n_stimuli")


def score_layers(
    layers: Any,
    responses: Any,
    *,
    regions: str | None = "region",
    selection: float | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = False,
    n_jobs: int | None = None,
    **options: Any,
) -> LayersResult:
    """Score every layer on every region; with `selection`, choose a layer on stimuli set apart.

    Parameters
    ----------
    layers : dict of name to features, or DataArray
        Features as for :func:`score`; a DataArray with the coordinate ``layer`` is cut by it.
    responses : array or DataArray
        As for :func:`score`.
    regions : str or None
        Neuroid coordinate that names regions; None, or responses without it, gives one region "all".
    selection : float, optional
        Share of stimuli on which layers are compared to choose one per region (whole groups, where ``groups`` is
        given). All scores reported for the rest, the chosen layer's included, know nothing of that choice.
    folder : path, optional
        Where finished units are kept: a run that was stopped goes on there.
    progress : bool
        Whether to show a bar.
    n_jobs : int, optional
        Threads over layers.
    **options
        For :func:`score`; ``keep_predictions`` is off by default.

    Returns
    -------
    LayersResult

    Raises
    ------
    TypeError, ValueError
        As :func:`score`; no layer; a folder that holds another run.

    References
    ----------
    Schrimpf et al. 2020, Neuron 108:413 (layers by region); the choice on other stimuli is ours.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> good, bad = rng.normal(size=(60, 10)), rng.normal(size=(60, 10))
    >>> y = good @ rng.normal(size=(10, 5)) + 0.1 * rng.normal(size=(2, 60, 5))
    >>> result = score_layers({"a": bad, "b": good}, y, selection=0.4, method="ridge", n_resamples=0, seed=0)
    >>> result.best_layer.values.tolist()
    ['b']
    """
    named = _layers(layers)
    arguments = {**defaults(), "keep_predictions": False, **_known(options)}
    settings = checked(presets.apply(arguments["preset"], arguments, defaults()))
    if selection is not None:
        selection = check_real("selection", selection, minimum=0.0, maximum=1.0, strict=True)
    parts = _regions(responses, regions)
    store = None
    if folder is not None:
        used = {key: value for key, value in settings.items() if key != "n_jobs"}
        store = UnitStore(folder, fingerprint(named, responses, regions, selection, _plain(used)))
    with collect() as notes:
        one = partial(_one_layer, parts=parts, settings={**settings, "n_jobs": 1}, selection=selection, store=store)
        found = run_units(one, list(named.items()), n_jobs=n_jobs, progress="layers" if progress else False)
    data = _pack(list(named), list(parts), found, selection is not None)
    diagnostics = {
        "n_excluded": {region: found[0][number][0].diagnostics["n_excluded"] for number, region in enumerate(parts)}
    }
    kept = make_settings(**{**settings_of(settings), "regions": regions, "selection": selection})
    return LayersResult(data, kept, diagnostics, tuple(notes), found[0][0][0].references)


def _layers(layers: Any) -> dict[str, Any]:
    if isinstance(layers, xr.DataArray):
        if "layer" not in layers.coords or layers.coords["layer"].ndim != 1:
            raise ValueError("layers is a DataArray without the coordinate 'layer'; give a dict of name to features.")
        dim = layers.coords["layer"].dims[0]
        values = layers.coords["layer"].values
        names = list(dict.fromkeys(as_name(value) for value in values))
        codes = np.array([as_name(value) for value in values])
        return {name: layers.isel({dim: np.flatnonzero(codes == name)}) for name in names}
    if not isinstance(layers, Mapping):
        raise TypeError(f"layers is a {type(layers).__name__}; a dict of name to features is needed.")
    if not layers:
        raise ValueError("layers is empty; at least one layer is needed.")
    return {str(name): features for name, features in layers.items()}


def _known(options: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in options:
        if name not in defaults() or name in ("window", "step"):
            raise TypeError(f"score_layers has no option {name!r}. {hint(name, defaults())}")
    return options


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with a splitter object told by its text."""
    splits = settings["splits"]
    return {**settings, "splits": repr(splits) if hasattr(splits, "split") else splits}


def _regions(responses: Any, regions: str | None) -> dict[str, Any]:
    """Responses of each region, in order of first appearance."""
    coordinate = getattr(responses, "coords", {}).get(regions) if regions is not None else None
    if coordinate is None or coordinate.ndim != 1:
        return {ALL: responses}
    codes = np.array([as_name(value) for value in coordinate.values])
    dim = coordinate.dims[0]
    return {name: responses.isel({dim: np.flatnonzero(codes == name)}) for name in dict.fromkeys(codes.tolist())}


def _one_layer(
    name: str,
    features: Any,
    *,
    parts: Mapping[str, Any],
    settings: dict[str, Any],
    selection: float | None,
    store: UnitStore | None,
) -> list[tuple[ScoreResult, ScoreResult | None]]:
    """Scores of one layer on all regions: on the stimuli reported, and on those set apart."""
    found = []
    shared: dict[str, Any] = {}
    for region, responses in parts.items():
        sides = ["report"] if selection is None else ["report", "selection"]
        kept: list[Any] = [None if store is None else store.found((name, region, side)) for side in sides]
        if all(one is not None for one in kept):
            found.append(tuple(kept))
            continue
        paired = pair(features, responses, missing=settings["missing"])
        results = []
        for side, (rows, own) in _sides(paired, settings, selection).items():
            part = paired if rows is None else _subset(paired, rows)
            data, diagnostics = run(part, own, shared if rows is None else {})
            results.append(ScoreResult(data, settings_of(own), diagnostics))
            if store is not None:
                store.save((name, region, side), results[-1])
        found.append(tuple(results))
    return [(results[0], results[1] if len(results) > 1 else None) for results in found]


def _sides(paired: Paired, settings: dict[str, Any], selection: float | None) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Stimuli and settings of each side; labels are resolved before stimuli are taken."""
    if selection is None:
        return {"report": (None, settings)}
    labels = {
        name: None if settings[name] is None else labels_of(settings[name], paired, name)
        for name in ("groups", "stratify")
    }
    rng = generator(settings["seed"], 13)
    groups = labels["groups"]
    units = np.arange(paired.n_stimuli) if groups is None else np.unique(groups, return_inverse=True)[1]
    n_units = int(units.max()) + 1
    n_apart = min(max(round(selection * n_units), 1), n_units - 1)
    apart = np.isin(units, rng.permutation(n_units)[:n_apart])
    sides = {}
    for side, rows in (("report", np.flatnonzero(~apart)), ("selection", np.flatnonzero(apart))):
        own = {**settings, **{name: None if label is None else label[rows] for name, label in labels.items()}}
        if side == "selection":
            own["n_resamples"] = 0
        sides[side] = (rows, own)
    return sides


def _subset(paired: Paired, rows: np.ndarray) -> Paired:
    return Paired(
        tuple(band[rows] for band in paired.bands),
        paired.band_names,
        paired.trials[:, rows],
        {key: value[rows] for key, value in paired.stimuli.items()},
        paired.neuroids,
        np.arange(len(rows)),
        paired.excluded,
    )


def _neuroid_coords(tables: list[xr.Dataset]) -> dict[str, Any]:
    """Coordinates of neuroids that all regions have, such as subject and session, region after region."""
    kept: dict[str, Any] = {}
    for name, first in tables[0].coords.items():
        if first.dims == ("neuroid",) and name not in ("neuroid", *_NOT_KEPT) and all(name in one for one in tables):
            values = [np.asarray(one[name].values) for one in tables]
            if any(value.dtype.kind in "OUT" for value in values):
                values = [value.astype(object) for value in values]
            kept[str(name)] = ("neuroid", np.concatenate(values))
    return kept


def _subjects(
    found: list[list[tuple[ScoreResult, ScoreResult | None]]], coords: dict[str, Any]
) -> dict[str, tuple[list[str], np.ndarray]]:
    """Scores of each subject, NaN in regions where it has no neuroid."""
    tables = [[result.data for result, _ in row] for row in found]
    names = sorted({str(name) for table in tables[0] if "subject_name" in table for name in table.subject_name.values})
    coords["subject_name"] = np.array(names, dtype=object)
    data = {}
    for name in ("subject_correlation", "subject_ceiled_score"):
        if any(name in table for table in tables[0]):
            values = np.full((len(tables), len(tables[0]), len(names)), np.nan)
            for layer, row in enumerate(tables):
                for region, table in enumerate(row):
                    if name in table:
                        places = [names.index(str(one)) for one in table.subject_name.values]
                        values[layer, region, places] = table[name].values
            data[name] = (["layer", "region", "subject_name"], values)
    return data


def _pack(
    layers: list[str], regions: list[str], found: list[list[tuple[ScoreResult, ScoreResult | None]]], chosen: bool
) -> xr.Dataset:
    first = found[0][0][0].data
    data: dict[str, Any] = {}
    for name in (*_CELLS, *(f"{cell}_se" for cell in _CELLS), *_COUNTS):
        if name in first:
            cells = [[result.data[name].item() for result, _ in row] for row in found]
            data[name] = (["layer", "region"], np.array(cells))
    for name in _CELLS:
        if f"{name}_ci" in first:
            bounds = [[result.data[f"{name}_ci"].values for result, _ in row] for row in found]
            data[f"{name}_ci"] = (["layer", "region", "bound"], np.array(bounds))
    neuroids = [np.concatenate([result.data["neuroid_correlation"].values for result, _ in row]) for row in found]
    data["neuroid_correlation"] = (["layer", "neuroid"], np.array(neuroids))
    coords: dict[str, Any] = {"layer": layers, "region": regions, "bound": ["low", "high"]}
    sizes = [result.data.sizes["neuroid"] for result, _ in found[0]]
    coords["neuroid_region"] = ("neuroid", np.repeat(np.array(regions, dtype=object), sizes))
    coords |= _neuroid_coords([result.data for result, _ in found[0]])
    if any("subject_name" in result.data.coords for result, _ in found[0]):
        data |= _subjects(found, coords)
    coords["neuroid_name"] = ("neuroid", np.concatenate([result.data["neuroid"].values for result, _ in found[0]]))
    if chosen:
        key = "ceiled_score" if "ceiled_score" in first else "correlation"
        scores = np.array([[apart.data[key].item() for _, apart in row if apart is not None] for row in found])
        if np.isnan(scores).all(axis=0).any():
            lost = [region for region, none in zip(regions, np.isnan(scores).all(axis=0)) if none]
            raise ValueError(
                f"no layer has a score on the stimuli set apart for regions {quoted(lost)}; set more apart."
            )
        best = np.nanargmax(scores, axis=0)
        data["selection_score"] = (["layer", "region"], scores)
        data["best_layer"] = (["region"], np.array(layers, dtype=object)[best])
        data["best_score"] = (["region"], data[key][1][best, np.arange(len(regions))])
        if f"{key}_ci" in data:
            data["best_score_ci"] = (["region", "bound"], data[f"{key}_ci"][1][best, np.arange(len(regions))])
    return xr.Dataset(data, coords=coords)
