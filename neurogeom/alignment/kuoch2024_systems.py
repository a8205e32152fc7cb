"""The systems of the analysis of Kuoch et al. (2024): models' layers and recorded regions, over the same stimuli."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from neurogeom import recordings
from neurogeom._core.responses import as_name, hint, quoted, read_responses
from neurogeom.alignment.inputs import Floats
from neurogeom.manifolds import Manifolds


@dataclass(frozen=True)
class Stimuli:
    """What all systems saw, in one order, with category, object and features of each stimulus."""

    ids: np.ndarray
    category: np.ndarray
    object: np.ndarray
    features: Mapping[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class System:
    """One layer of a model, or one region, with its responses to the stimuli."""

    name: str
    kind: str
    model: str
    layer: str
    region: str
    responses: Floats
    stimuli: Stimuli

    def manifolds(self, by: str, seed: int | None = None, n_dims: int | None = None) -> Manifolds:
        """Manifolds of each ``"category"`` or ``"object"``, with features and stimuli as coordinates of the points."""
        labels = self.stimuli.category if by == "category" else self.stimuli.object
        coords: dict[str, Any] = {key: ("presentation", value) for key, value in self.stimuli.features.items()}
        coords["stimulus_id"] = ("presentation", self.stimuli.ids)
        array = xr.DataArray(self.responses, dims=("presentation", "neuroid"), coords=coords)
        made = Manifolds.from_labels(array, labels)
        return made.project(n_dims, seed) if n_dims is not None and n_dims < made.n_neuroids else made


def read_systems(
    model_responses: Mapping[str, Mapping[str, Any]],
    neural_responses: Mapping[str, Any],
    *,
    category: str,
    object: str,
    features: Sequence[str],
) -> list[System]:
    """All systems over the same stimuli, in the order of the first region; models first.

    Presentations of a stimulus are averaged. Category, object and features come from the first region, so that models'
    activations need no more than ``stimulus_id``.
    """
    _check_mappings(model_responses, neural_responses)
    tables = {}
    for region, responses in neural_responses.items():
        tables["region", "", "", str(region)] = _by_stimulus(responses, f"neural_responses[{region!r}]")
    for model, layers in model_responses.items():
        for layer, responses in layers.items():
            name = f"model_responses[{model!r}][{layer!r}]"
            tables["model", str(model), str(layer), ""] = _by_stimulus(responses, name)
    first_key = next(iter(tables))
    stimuli = _stimuli(tables[first_key], f"neural_responses[{first_key[3]!r}]", category, object, features)
    systems = [_system(key, table, stimuli) for key, table in tables.items()]
    return [s for s in systems if s.kind == "model"] + [s for s in systems if s.kind == "region"]


def _check_mappings(models: Any, regions: Any) -> None:
    if not isinstance(regions, Mapping) or not regions:
        raise TypeError("neural_responses needs a mapping from region to responses with at least one entry.")
    if not isinstance(models, Mapping) or not models:
        raise TypeError("model_responses needs a mapping from model to {layer: responses} with at least one entry.")
    flat = [model for model, layers in models.items() if not isinstance(layers, Mapping) or not layers]
    if flat:
        raise TypeError(
            f"model_responses[{flat[0]!r}] is a {type(models[flat[0]]).__name__}; needed is a mapping from layer to "
            "responses, e.g. {'resnet50': {'layer4': array}}."
        )


def _by_stimulus(responses: Any, name: str) -> tuple[Floats, dict[str, np.ndarray]]:
    """One row per stimulus and the coordinates of the rows."""
    if not isinstance(responses, xr.DataArray):
        raise TypeError(f"{name} is a {type(responses).__name__}; a DataArray with coordinate 'stimulus_id' is needed.")
    table = read_responses(responses, name=name)
    if "stimulus_id" not in table.presentation:
        raise ValueError(
            f"{name} has no coordinate 'stimulus_id', by which systems are matched. It has: "
            f"{quoted(table.presentation)}. Add it with responses.assign_coords."
        )
    if len(set(map(as_name, table.presentation["stimulus_id"]))) < len(table.matrix):
        table = read_responses(recordings.average_repetitions(responses, "stimulus_id"), name=name)
    return table.matrix, dict(table.presentation)


def _stimuli(
    table: tuple[Floats, dict[str, np.ndarray]], name: str, category: str, object: str, features: Sequence[str]
) -> Stimuli:
    coords = table[1]
    for argument, key in (("category", category), ("object", object), *(("feature", key) for key in features)):
        if key not in coords:
            raise ValueError(f"{argument}={key!r} is not a coordinate of {name}. {hint(key, coords)}")
    values = {}
    for key in features:
        try:
            values[key] = np.asarray(coords[key], dtype=float)
        except (TypeError, ValueError) as error:
            raise TypeError(f"feature={key!r} of {name} holds text; numbers are needed.") from error
    ids, categories, objects = (
        np.array([as_name(value) for value in coords[key]], dtype="O") for key in ("stimulus_id", category, object)
    )
    return Stimuli(ids, categories, objects, values)


def _system(key: tuple[str, str, str, str], table: tuple[Floats, dict[str, np.ndarray]], stimuli: Stimuli) -> System:
    kind, model, layer, region = key
    name = region or f"{model}/{layer}"
    own = [as_name(value) for value in table[1]["stimulus_id"]]
    odd = sorted(set(own) ^ set(stimuli.ids))
    if odd:
        raise ValueError(
            f"{name} has other stimuli than the first region: {len(odd)} values of 'stimulus_id' are in only one of "
            f"them (first: {quoted(odd[:3])}). Select the stimuli that all systems have."
        )
    position = {value: row for row, value in enumerate(own)}
    rows = np.array([position[value] for value in stimuli.ids], dtype=np.intp)
    return System(name, kind, model, layer, region, table[0][rows], stimuli)
