"""A recording and models brought to the same stimuli, and to populations that may be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.responses import as_name, axis_coordinates, hint, quoted, read_responses
from neurogeom.manifolds import Manifolds
from neurogeom.recordings import average_repetitions, number_repetitions
from neurogeom.recordings.trials import check_recording

STIMULUS = "stimulus_id"
RECORDING = "recording"
SEPARATOR = ": "
LEAST_POINTS = 5  # per class, where there are as many


@dataclass(frozen=True)
class Populations:
    """What is compared.

    Parameters
    ----------
    trials : DataArray (presentation, neuroid)
        The recording, NaN where a neuroid was not recorded.
    means : DataArray (presentation, neuroid)
        Its mean over repetitions, one row for each stimulus.
    features : dict of str to DataArray (presentation, neuroid)
        Each layer of each model, in the rows of ``means``.
    labels : str
        The coordinate with the classes.
    notes : tuple of str
        What was changed on the way.
    """

    trials: xr.DataArray
    means: xr.DataArray
    features: dict[str, xr.DataArray]
    labels: str
    notes: tuple[str, ...] = ()

    @property
    def n_repetitions(self) -> int:
        """Fewest repetitions of a stimulus in any neuroid."""
        names = [as_name(value) for value in self.trials[STIMULUS].values]
        known = np.isfinite(self.trials.values)
        codes = np.unique(names, return_inverse=True)[1]
        return int(min(known[codes == code].sum(axis=0).min() for code in range(codes.max() + 1)))

    @property
    def classes(self) -> list[str]:
        """Class of each stimulus."""
        return [as_name(value) for value in self.means[self.labels].values]

    @property
    def smallest_class(self) -> int:
        """Stimuli of the class that has fewest."""
        return int(np.unique(self.classes, return_counts=True)[1].min())

    def points_of_geometry(self, n_points: int | None) -> int:
        """Stimuli per class for geometry: those asked for, or as many as keep classes separable in most recordings.

        As many points as dimensions are always separable; with twice as many, random classes no longer are (Cover), and
        capacity lies on its floor, where it says nothing.
        """
        if n_points is not None:
            return min(n_points, self.smallest_class)
        wanted = max(LEAST_POINTS, self.means.sizes["neuroid"] // len(set(self.classes)))
        return min(wanted, self.smallest_class)

    def manifolds(self, n_points: int, seed: int) -> dict[str, Manifolds]:
        """The recording and each layer with equal numbers of points, and no more neuroids than the recording has."""
        found = {}
        limit = self.means.sizes["neuroid"]
        for name, responses in {RECORDING: self.means, **self.features}.items():
            one = Manifolds.from_labels(responses, np.array(self.classes, dtype=object))
            one = one.subsample(n_points, seed=seed)
            found[name] = one.project(limit, seed=seed) if one.n_neuroids > limit else one
        return found


def read(models: Mapping[str, Any], recording: Any, labels: str) -> Populations:
    """Check and align everything; refusals name the model."""
    trials, notes = _recording(recording)
    known = axis_coordinates(trials, "presentation")
    if labels not in known:
        raise ValueError(f"labels={labels!r} is not a presentation coordinate of the recording. {hint(labels, known)}")
    means = average_repetitions(trials, STIMULUS, missing="omit")
    if labels not in means.coords:
        raise ValueError(
            f"labels={labels!r} differs between presentations of the same {STIMULUS}. A class belongs to a stimulus."
        )
    usable = np.isfinite(means.values).all(axis=0) & (np.ptp(means.values, axis=0) > 0)
    if not usable.any():
        raise ValueError("no neuroid of the recording has all stimuli and varies over them.")
    if not usable.all():
        notes.append(f"{int((~usable).sum())} of {len(usable)} neuroids lack a stimulus or never vary; left out.")
    trials, means = (array.isel(neuroid=np.flatnonzero(usable)) for array in (trials, means))
    features = {name: _aligned(name, values, means) for name, values in _layers(models).items()}
    limit = means.sizes["neuroid"]
    larger = [name for name, values in features.items() if values.sizes["neuroid"] > limit]
    smaller = [name for name, values in features.items() if values.sizes["neuroid"] < limit]
    if larger:
        notes.append(
            f"For geometry {len(larger)} populations were brought to the {limit} neuroids of the recording by a random "
            "projection, since capacity depends on their number."
        )
    if smaller:
        notes.append(f"Fewer neuroids than the recording, so not quite comparable in geometry: {', '.join(smaller)}.")
    return Populations(trials, means, features, labels, tuple(notes))


def join(recordings: Sequence[xr.DataArray], names: Sequence[str]) -> xr.DataArray:
    """Several recordings of the same stimuli as one: presentation = stimulus × repetition, NaN where there was none.

    Neuroids get the coordinate ``recording``. Noise correlations between recordings mean nothing.
    """
    tables = [number_repetitions(one.transpose("presentation", "neuroid"), STIMULUS) for one in recordings]
    keys = [
        list(zip(map(as_name, one[STIMULUS].values), one["repetition"].values.tolist(), strict=True)) for one in tables
    ]
    rows = list(dict.fromkeys(key for own in keys for key in own))
    place = {key: row for row, key in enumerate(rows)}
    values = np.full((len(rows), sum(one.sizes["neuroid"] for one in tables)), np.nan)
    kept = set.intersection(*(set(axis_coordinates(one, "presentation")) for one in tables)) - {"repetition"}
    coords: dict[str, Any] = {key: np.empty(len(rows), dtype=object) for key in sorted(kept)}
    start = 0
    for one, own in zip(tables, keys, strict=True):
        index = np.array([place[key] for key in own])
        values[index, start : start + one.sizes["neuroid"]] = one.values
        for key, entries in coords.items():
            entries[index] = one[key].values
        start += one.sizes["neuroid"]
    neuroid = set.intersection(*(set(axis_coordinates(one, "neuroid")) for one in tables))
    joined = {key: ("presentation", entries) for key, entries in coords.items()}
    joined |= {key: ("neuroid", np.concatenate([one[key].values for one in tables])) for key in sorted(neuroid)}
    joined["repetition"] = ("presentation", np.array([key[1] for key in rows]))
    source = np.repeat(np.array(names, dtype=object), [one.sizes["neuroid"] for one in tables])
    joined[RECORDING] = ("neuroid", source)
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=joined)


def _recording(recording: Any) -> tuple[xr.DataArray, list[str]]:
    """One recording of single trials with stimulus_id."""
    several = isinstance(recording, Mapping)
    parts = dict(recording) if isinstance(recording, Mapping) else {RECORDING: recording}
    notes: list[str] = []
    for name, one in parts.items():
        check_recording(one)
        if one.ndim > 2 and any(size > 1 for size in one.shape[2:]):
            raise ValueError(
                f"{name} has time bins; choose a window first: recordings.time_window(responses, 70, 170)."
            )
        flat = one.squeeze([dim for dim in one.dims if dim not in ("presentation", "neuroid")], drop=True)
        if STIMULUS not in flat.coords:
            if several:
                raise ValueError(f"{name} has no coordinate {STIMULUS!r}, by which recordings are joined.")
            notes.append(f"The recording has no {STIMULUS}; each presentation counts as a stimulus of its own.")
            flat = flat.assign_coords({STIMULUS: ("presentation", np.arange(flat.sizes["presentation"]).astype(str))})
        parts[name] = flat.transpose("presentation", "neuroid")
    if len(parts) == 1:
        return next(iter(parts.values())), notes
    notes.append(
        f"{len(parts)} recordings were joined stimulus by stimulus; noise correlations between them mean nothing."
    )
    return join(list(parts.values()), list(parts)), notes


def _layers(models: Mapping[str, Any]) -> dict[str, Any]:
    """Features by 'model' or 'model: layer'."""
    if not isinstance(models, Mapping) or not models:
        raise TypeError("models needs to be a dict of model name to features, or to a dict of layer name to features.")
    found: dict[str, Any] = {}
    for model, given in models.items():
        if isinstance(given, Mapping):
            found |= {f"{model}{SEPARATOR}{layer}": values for layer, values in given.items()}
        elif isinstance(given, xr.DataArray) and "layer" in given.coords and given["layer"].ndim == 1:
            dim = given["layer"].dims[0]
            names = np.array([as_name(value) for value in given["layer"].values])
            for layer in dict.fromkeys(names.tolist()):
                found[f"{model}{SEPARATOR}{layer}"] = given.isel({dim: np.flatnonzero(names == layer)})
        else:
            found[str(model)] = given
    if RECORDING in found:
        raise ValueError(f"a model cannot be called {RECORDING!r}; give it another name.")
    return found


def _aligned(name: str, features: Any, means: xr.DataArray) -> xr.DataArray:
    """Features in the rows of the recording's stimuli, with their coordinates."""
    table = read_responses(features, name=name)
    wanted = [as_name(value) for value in means[STIMULUS].values]
    matrix = table.matrix
    if STIMULUS in table.presentation:
        ids = [as_name(value) for value in table.presentation[STIMULUS]]
        place = {value: row for row, value in enumerate(ids)}
        missing = [value for value in wanted if value not in place]
        if missing:
            raise ValueError(f"{name} lacks {len(missing)} of {len(wanted)} stimuli (first: {quoted(missing[:3])}).")
        if len(place) < len(ids):
            raise ValueError(f"{name} has {len(ids) - len(place)} stimuli twice. Give one row of features for each.")
        matrix = matrix[[place[value] for value in wanted]]
    elif len(matrix) != len(wanted):
        raise ValueError(
            f"{name} has {len(matrix)} rows and no {STIMULUS}; the recording has {len(wanted)} stimuli. Give one row "
            f"per stimulus in the order in which they first appear, or the coordinate {STIMULUS!r}."
        )
    varies = np.ptp(matrix, axis=0) > 0
    if not varies.any():
        raise ValueError(f"{name} has the same features for all stimuli.")
    coords = {key: ("presentation", value) for key, value in axis_coordinates(means, "presentation").items()}
    return xr.DataArray(matrix[:, varies], dims=("presentation", "neuroid"), coords=coords, name=name)
