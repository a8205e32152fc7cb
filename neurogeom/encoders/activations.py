"""Activations of chosen layers as responses (presentation × neuroid)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from neurogeom._core.progress import progress as progress_bar
from neurogeom._core.responses import axis_coordinates
from neurogeom._core.validation import check_count
from neurogeom.encoders.hooks import Recorder
from neurogeom.encoders.layers import choose_layers
from neurogeom.training.classifier import as_input_tensor, in_mode

if TYPE_CHECKING:
    import torch


def layer_activations(
    module: torch.nn.Module,
    inputs: Any,
    layers: str | Sequence[str] = "all",
    *,
    batch_size: int = 128,
    coords: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> dict[str, xr.DataArray]:
    """What the layers of a network put out for each input, in evaluation mode and without gradients.

    The module is left as it was: hooks are removed, also when a forward pass fails, and its mode is restored.

    Parameters
    ----------
    module : torch.nn.Module
    inputs : array, tensor or DataArray (presentations, …)
        A DataArray's presentation coordinates are kept.
    layers : str or sequence of str
        Names, globs (``"conv*"``), or ``"all"`` for every layer without sublayers.
    batch_size : int
        Inputs per forward pass; it does not change the values.
    coords : mapping of str to array (presentations,), optional
        Further presentation coordinates, such as ``object_name``.
    progress : bool
        Show a progress bar over batches.

    Returns
    -------
    dict of str to DataArray (presentation, neuroid)
        By layer, in the order of definition. ``neuroid`` has coordinates ``neuroid_id``, ``layer``, and ``channel``,
        ``y``, ``x`` where the layer is a map (batch, channel, height, width). A layer that runs several times in a pass
        appears as ``name#0``, ``name#1``, ….

    Raises
    ------
    ValueError
        No layer of that name, a layer that did not run, or one whose first axis does not count inputs.

    Examples
    --------
    >>> import numpy as np, torch
    >>> module = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU())
    >>> activations = layer_activations(module, np.zeros((3, 4)), "all", coords={"object_name": ["a", "b", "b"]})
    >>> {name: array.shape for name, array in activations.items()}
    {'0': (3, 6), '1': (3, 6)}
    """
    import torch

    batch_size = check_count("batch_size", batch_size)
    names = choose_layers(module, layers)
    presentation = _presentation_coords(inputs, coords)
    x = as_input_tensor(inputs, module)
    for key, value in presentation.items():
        if len(value) != len(x):
            raise ValueError(f"coords[{key!r}] has {len(value)} entries, there are {len(x)} inputs. Give one for each.")
    batches = x.split(batch_size)
    collected: dict[str, list[np.ndarray]] = {}
    with Recorder(module, names) as recorder, in_mode(module, training=False), torch.inference_mode():
        for batch in progress_bar(batches, total=len(batches), description="forward passes", enabled=progress):
            module(batch)
            for name, values in _named(recorder.take(), names, len(batch)).items():
                collected.setdefault(name, []).append(values)
    return {name: _as_responses(np.concatenate(parts), name, presentation) for name, parts in collected.items()}


def _named(outputs: dict[str, list[np.ndarray]], names: Sequence[str], n_inputs: int) -> dict[str, np.ndarray]:
    """One array per layer and call, checked to have a row per input."""
    found = {}
    for name in names:
        calls = outputs.get(name, [])
        if not calls:
            raise not_called(name)
        for index, values in enumerate(calls):
            if values.ndim < 2 or len(values) != n_inputs:
                raise ValueError(
                    f"layer {name!r} gives shape {values.shape} for {n_inputs} inputs; its first axis must count "
                    "inputs. Choose a layer after it that does."
                )
            found[name if len(calls) == 1 else f"{name}#{index}"] = values
    return found


def not_called(name: str) -> ValueError:
    """The error for a layer that a forward pass does not run."""
    parent = name.rpartition(".")[0]
    instead = f"hook its parent {parent!r}" if parent else "leave it out of layers"
    return ValueError(f"layer {name!r} was not called in a forward pass (functional or fused); {instead}.")


def _as_responses(values: np.ndarray, layer: str, presentation: Mapping[str, np.ndarray]) -> xr.DataArray:
    """Flattened units with their place in the layer as coordinates."""
    shape = values.shape[1:]
    n_units = int(np.prod(shape))
    neuroid: dict[str, Any] = {
        "neuroid_id": np.array([f"{layer}.{i}" for i in range(n_units)], dtype=object),
        "layer": np.full(n_units, layer, dtype=object),
    }
    if len(shape) == 3:
        places = np.unravel_index(np.arange(n_units), shape)
        neuroid |= dict(zip(("channel", "y", "x"), places, strict=True))
    coords = {key: ("presentation", value) for key, value in presentation.items()}
    coords |= {key: ("neuroid", value) for key, value in neuroid.items()}
    flat = values.reshape(len(values), n_units)
    return xr.DataArray(flat, dims=("presentation", "neuroid"), coords=coords, name=layer or "output")


def _presentation_coords(inputs: Any, coords: Mapping[str, Any] | None) -> dict[str, np.ndarray]:
    found = axis_coordinates(inputs, inputs.dims[0]) if isinstance(inputs, xr.DataArray) else {}
    for key, value in (coords or {}).items():
        array = np.asarray(value)
        found[str(key)] = array.astype(object) if array.dtype.kind in "UT" else array
    return found
