"""From what a person hands in as responses to a matrix with named coordinates."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neurogeom._core.memory import require_memory
from neurogeom._core.validation import as_responses_2d, check_labels, refuse_merged
from neurogeom._core.warnings import DegenerateInputWarning, warn

PRESENTATION_DIMS = ("presentation", "stimulus", "image", "trial", "sample")
LARGE = 10_000_000  # numbers; below this nobody runs out of memory
NOISE = "noise_correlations"  # the attribute by which a pseudo-population tells of them
NEUROID_DIMS = ("neuroid", "neuron", "unit", "voxel", "channel", "feature")


@dataclass(frozen=True)
class ResponseTable:
    """Responses as numbers: matrix (presentations, neuroids) and the coordinates of both axes.

    ``noise_correlations`` says what is left of them in a pseudo-population; None where they are real.
    """

    matrix: np.ndarray
    presentation: Mapping[str, np.ndarray] = field(default_factory=dict)
    neuroid: Mapping[str, np.ndarray] = field(default_factory=dict)
    noise_correlations: str | None = None

    @property
    def labelled(self) -> bool:
        """True where the axes carry names, so that no guess about the layout is needed."""
        return bool(self.presentation or self.neuroid)


def read_responses(responses: Any, *, labels: Any = None, name: str = "responses") -> ResponseTable:
    """Matrix and coordinates of an array, DataFrame or DataArray of shape (presentations, neuroids)."""
    if isinstance(responses, xr.Dataset):
        raise TypeError(
            f"{name} is a Dataset with variables {quoted(responses.data_vars)}. "
            f"Pick one: {name}[{_first(responses)!r}]."
        )
    size = getattr(responses, "size", 0)
    if isinstance(size, int) and size > LARGE:  # as numbers in double precision and once more in the order of use
        require_memory(
            2.0 * 8.0 * size, f"{name} of shape {responses.shape}", "Select fewer presentations or neuroids."
        )
    if isinstance(responses, pd.DataFrame):
        columns = {"neuroid_id": np.asarray(responses.columns.astype(str), dtype=object)}
        return ResponseTable(as_responses_2d(responses, name=name), {}, columns)
    if not isinstance(responses, xr.DataArray):
        return ResponseTable(as_responses_2d(responses, name=name))
    array = without_single_bins(responses)
    if array.ndim != 2:
        raise ValueError(
            f"{name} has dimensions {tuple(map(str, array.dims))}; needed are two, presentation and neuroid. "
            f"Select or average the others first, e.g. {name}.mean({str(array.dims[-1])!r})."
        )
    presentation_dim = find_presentation_dim(array, labels)
    neuroid_dim = next(dim for dim in array.dims if dim != presentation_dim)
    array = array.transpose(presentation_dim, neuroid_dim)
    matrix = as_responses_2d(array, name=name)
    return ResponseTable(
        matrix, axis_coordinates(array, presentation_dim), axis_coordinates(array, neuroid_dim), unreal_noise(array)
    )


def unreal_noise(responses: Any) -> str | None:
    """What ``recordings.pseudo_population`` says is left of noise correlations; None where they are real."""
    said = getattr(responses, "attrs", {}).get(NOISE)
    return None if said in (None, "real") else str(said)


def warn_unreal_noise(said: str | None) -> None:
    """Let a result say that neuroids were joined after the fact."""
    if said is not None:
        warn(
            f"responses are a pseudo-population: noise correlations are {said}. What depends on how neuroids vary "
            "together from trial to trial is not that of neurons recorded together.",
            DegenerateInputWarning,
        )


def without_single_bins(array: xr.DataArray) -> xr.DataArray:
    """The array without dimensions of length one beyond the first two (a single time bin)."""
    single = [dim for dim in array.dims if array.sizes[dim] == 1 and dim not in ("presentation", "neuroid")]
    return array.squeeze(single[: max(array.ndim - 2, 0)], drop=True)


def find_presentation_dim(array: xr.DataArray, labels: Any = None) -> Any:
    """Which dimension counts presentations: by its name, by the labels' coordinate, or the first."""
    if isinstance(labels, str) and labels in array.coords and array.coords[labels].ndim == 1:
        return array.coords[labels].dims[0]
    for candidate in PRESENTATION_DIMS:
        if candidate in array.dims:
            return candidate
    for candidate in NEUROID_DIMS:
        if candidate in array.dims:
            return next(dim for dim in array.dims if dim != candidate)
    return array.dims[0]


def axis_coordinates(array: xr.DataArray, dim: Any) -> dict[str, np.ndarray]:
    """All plain coordinates along one dimension, levels of a MultiIndex included."""
    found = {}
    for key, coordinate in array.coords.items():
        if coordinate.dims != (dim,):
            continue
        if isinstance(array.indexes.get(key), pd.MultiIndex) and key == dim:
            continue  # the tuples themselves; their levels are coordinates of their own
        values = np.asarray(coordinate.values)
        found[str(key)] = values.astype(object) if values.dtype.kind in "UT" else values.copy()
    return found


def label_values(labels: Any, table: ResponseTable, *, name: str = "labels") -> np.ndarray:
    """One label per presentation, from an array or from the name of a presentation coordinate."""
    n_presentations = len(table.matrix)
    if isinstance(labels, str):
        if labels not in table.presentation:
            raise ValueError(f"{name}={labels!r} is not a presentation coordinate. {hint(labels, table.presentation)}")
        values = table.presentation[labels]
    else:
        refuse_merged(labels, name)  # before they become an array of one kind
        values = np.asarray(labels.values if isinstance(labels, xr.DataArray | pd.Series | pd.Index) else labels)
    if values.ndim != 1:
        raise ValueError(
            f"{name} has shape {values.shape}; needed is one label per presentation, shape ({n_presentations},)."
        )
    if len(values) != n_presentations:
        known = f", or a coordinate: {quoted(table.presentation)}" if table.presentation else ""
        raise ValueError(
            f"{name} has {len(values)} entries, responses has {n_presentations} presentations. "
            f"Give one label per presentation{known}."
        )
    if values.dtype.kind == "O":
        values = values.copy()
        values[pd.isna(values)] = None  # pandas' NA cannot be compared
    return check_labels(values, n_presentations, name)


def group(values: np.ndarray) -> tuple[np.ndarray, list[Any]]:
    """Codes 0…k-1 and the sorted distinct values; mixed kinds are compared as text."""
    try:
        codes, uniques = pd.factorize(np.asarray(values), sort=True)
    except TypeError:
        codes, uniques = pd.factorize(np.asarray([as_name(value) for value in values], dtype=object), sort=True)
    return codes.astype(np.intp), list(uniques)


def as_name(value: Any) -> str:
    """A label as text: bytes decoded, NumPy scalars as plain numbers."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value.item()) if isinstance(value, np.generic) else str(value)


def hint(given: str, known: Iterable[Any]) -> str:
    """'Did you mean …? Others: …' for a name that was not found."""
    names = [str(key) for key in known]
    if not names:
        return "There are none: give an array with one entry each."
    close = difflib.get_close_matches(given, names, n=1, cutoff=0.6)
    if not close:
        return f"Known: {quoted(names)}."
    others = [key for key in names if key != close[0]]
    return f"Did you mean {close[0]!r}?" + (f" Others: {quoted(others)}." if others else "")


def quoted(names: Iterable[Any], limit: int = 12) -> str:
    """Names in quotes with commas, shortened where there are many."""
    listed = [repr(str(key)) for key in names]
    return ", ".join(listed[:limit]) + (f" and {len(listed) - limit} more" if len(listed) > limit else "")


def _first(dataset: xr.Dataset) -> str:
    return str(next(iter(dataset.data_vars), "variable"))
