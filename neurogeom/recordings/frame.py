"""From a file's array, in whatever order of axes, to responses (presentation, neuroid[, time_bin])."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.memory import require_memory
from neurogeom._core.responses import NEUROID_DIMS, PRESENTATION_DIMS, quoted
from neurogeom._core.validation import check_option
from neurogeom._core.warnings import LayoutWarning, warn

TIME_DIMS = ("time_bin", "time", "bin", "time_bins")
ROLES = ("presentation", "neuroid", "time_bin", "stimulus", "repetition")
PREFERRED = ("data", "responses", "response", "activations", "features", "__xarray_dataarray_variable__")
# a coordinate of these names belongs to neuroids, where presentations have the same number
NEUROID_COORDS = ("neuroid_id", "region", "layer", "channel", "unit", "site", "subject", "animal", "session", "x", "y")
ALIASES = {"stimulus_id": "image_id", "subject": "animal"}


def choose_variable(shapes: Mapping[str, tuple[int, ...]], variable: str | None, source: Any) -> str:
    """Name of the array that holds responses; an error that lists all of them where that is not clear."""
    listed = quoted([f"{key} {shape}" for key, shape in shapes.items()], limit=20) or "none"
    if variable is not None:
        if variable not in shapes:
            raise ValueError(f"{source} has no numeric array {variable!r}. It has: {listed}.")
        return variable
    candidates = [key for key, shape in shapes.items() if len(shape) >= 2]
    if len(candidates) == 1:
        return candidates[0]
    for preferred in PREFERRED:
        found = [key for key in candidates if key.rsplit("/", 1)[-1] == preferred]
        if len(found) == 1:
            return found[0]
    if not candidates and len(shapes) == 1:
        return next(iter(shapes))
    what = "several arrays" if candidates else "no array with two axes or more"
    raise ValueError(f"{source} holds {what}: {listed}. Say which holds responses: load(path, variable=...).")


def check_fits(n_bytes: float, source: Any) -> None:
    """Refuse an array that would not fit in memory, before any of it is read."""
    require_memory(2.0 * n_bytes, f"the array of {source}", "Read a part of it with h5py, zarr or xarray.")


def as_responses(
    values: np.ndarray,
    *,
    dims: Sequence[str] | None,
    coords: Mapping[str, Any] | None = None,
    file_dims: Sequence[str] | None = None,
    attrs: Mapping[str, Any] | None = None,
    source: Any = "the file",
) -> xr.DataArray:
    """Responses of an array, with coordinates given as name → (axis names, values) or name → values by length."""
    if values.dtype.kind not in "iubf":
        raise ValueError(f"{source} holds {values.dtype} in this array; needed are numbers.")
    coords = dict(coords or {})
    named = {key: value for key, value in coords.items() if isinstance(value, tuple)}
    roles = _roles(values.shape, dims, file_dims, named, source)
    if file_dims is None:
        named = {}
    renamed = dict(zip(file_dims or (), roles))
    array = xr.DataArray(values, dims=roles, attrs=dict(attrs or {}))
    for key, (axes, entries) in named.items():
        if all(axis in renamed for axis in axes):
            moved = tuple(renamed[axis] for axis in axes)
            array = array.assign_coords({_free_name(key, roles): (moved, plain_text(entries))})
    array = _stack_repetitions(_with_all_axes(array))
    for key, value in coords.items():
        if not isinstance(value, tuple):
            array = attach_coordinate(array, key, value, optional=True)
    for name, alias in ALIASES.items():
        if alias in array.coords and name not in array.coords:
            array = array.assign_coords({name: array.coords[alias].variable})
    order = [dim for dim in ("presentation", "neuroid", "time_bin") if dim in array.dims]
    return array.transpose(*order).rename("responses")


def attach_coordinate(responses: xr.DataArray, key: str, values: Any, *, optional: bool = False) -> xr.DataArray:
    """The responses with one more coordinate, on the axis that has its length."""
    entries = plain_text(np.asarray(values))
    fits = [dim for dim in responses.dims if entries.ndim == 1 and responses.sizes[dim] == len(entries)]
    if not fits:
        sizes = ", ".join(f"{dim} {size}" for dim, size in responses.sizes.items())
        if optional:
            warn(
                f"array {key!r} beside the responses has shape {entries.shape}, the length of no axis ({sizes}); "
                "it is left out.",
                LayoutWarning,
            )
            return responses
        raise ValueError(f"coords[{key!r}] has shape {entries.shape}, which is the length of no axis ({sizes}).")
    last = key.rsplit("/", 1)[-1]
    dim = "neuroid" if "neuroid" in fits and (len(fits) == 1 or last in NEUROID_COORDS) else fits[0]
    return responses.assign_coords({_free_name(last, responses.dims): (dim, entries)})


def plain_text(values: Any) -> np.ndarray:
    """Text as objects, bytes decoded; anything else unchanged."""
    array = np.asarray(values)
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8").astype(object)
    if array.dtype.kind in "UT":
        return array.astype(object)
    if array.dtype.kind == "O":
        decoded = [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in array.ravel()]
        out = np.empty(len(decoded), dtype=object)
        out[:] = decoded
        return out.reshape(array.shape)
    return array


def _roles(
    shape: tuple[int, ...],
    dims: Sequence[str] | None,
    file_dims: Sequence[str] | None,
    coords: Mapping[str, Any],
    source: Any,
) -> tuple[str, ...]:
    """What each axis is, from the user, the file's names, or the usual order."""
    if dims is not None:
        if len(dims) != len(shape):
            raise ValueError(f"dims={tuple(dims)} names {len(dims)} axes, the array of {source} has shape {shape}.")
        roles = tuple(check_option("dims", dim, ROLES) for dim in dims)
        if len(set(roles)) != len(roles):
            raise ValueError(f"dims={roles} names an axis twice.")
        return roles
    if file_dims is not None and not all(str(dim).startswith("dim_") or "phony" in str(dim) for dim in file_dims):
        return _roles_by_name(shape, [str(dim) for dim in file_dims], coords, source)
    if len(shape) not in (2, 3):
        raise ValueError(
            f"the array of {source} has shape {shape}; needed are (presentations, neuroids) or (presentations, "
            'neuroids, time bins). Say what the axes are: load(path, dims=("neuroid", "stimulus", "repetition")).'
        )
    return ("presentation", "neuroid", "time_bin")[: len(shape)]


def _roles_by_name(shape: tuple[int, ...], names: list[str], coords: Mapping[str, Any], source: Any) -> tuple[str, ...]:
    """Roles of axes that have names; one unknown name may take the role that is left."""
    if len(names) == 1:
        return ("neuroid",) if any(key in coords for key in ("neuroid_id", "electrode")) else ("presentation",)
    known: dict[str, str] = {}
    for role, options in (("presentation", PRESENTATION_DIMS), ("neuroid", NEUROID_DIMS), ("time_bin", TIME_DIMS)):
        for name in names:
            if name in options and role not in known.values():
                known[name] = role
    wanted = ("presentation", "neuroid", "time_bin")[: len(names)]
    unknown = [name for name in names if name not in known]
    left = [role for role in wanted if role not in known.values()]
    if len(unknown) == 1 and len(left) == 1:
        known[unknown[0]] = left[0]
    if len(known) < len(names) or len(names) > 3:
        raise ValueError(
            f"{source} has axes {tuple(names)} of lengths {shape}. Say what they are, in this order: "
            'load(path, dims=("presentation", "neuroid")).'
        )
    return tuple(known[name] for name in names)


def _with_all_axes(array: xr.DataArray) -> xr.DataArray:
    """An axis of length one for neuroids or presentations where the file has none."""
    if "neuroid" not in array.dims:
        array = array.expand_dims("neuroid", axis=-1)
    if "presentation" not in array.dims and "stimulus" not in array.dims:
        array = array.expand_dims("presentation", axis=0)
    return array


def _stack_repetitions(array: xr.DataArray) -> xr.DataArray:
    """Stimulus × repetition as presentations; those that are NaN throughout were not shown."""
    if "stimulus" not in array.dims:
        if "repetition" in array.dims:
            raise ValueError("dims has 'repetition' without 'stimulus'. Name both, or call it 'presentation'.")
        return array
    if "repetition" not in array.dims:
        array = array.rename(stimulus="presentation")
        return _with_default_ids(array, np.arange(array.sizes["presentation"]))
    n_stimuli, n_repetitions = array.sizes["stimulus"], array.sizes["repetition"]
    rest = [dim for dim in array.dims if dim not in ("stimulus", "repetition")]
    ordered = array.transpose("stimulus", "repetition", *rest)
    stimulus, repetition = np.divmod(np.arange(n_stimuli * n_repetitions), n_repetitions)
    stacked = ordered.values.reshape(n_stimuli * n_repetitions, *(array.sizes[dim] for dim in rest))
    coords: dict[str, Any] = {"repetition": ("presentation", repetition)}
    for key, coordinate in ordered.coords.items():
        coords[str(key)] = _stacked(coordinate, stimulus, repetition)
    out = xr.DataArray(stacked, dims=("presentation", *rest), coords=coords, attrs=array.attrs)
    out = _with_default_ids(out, stimulus)
    shown = np.isfinite(stacked.reshape(len(stacked), -1)).any(axis=1)
    return out.isel(presentation=np.flatnonzero(shown))


def _stacked(coordinate: xr.DataArray, stimulus: np.ndarray, repetition: np.ndarray) -> xr.Variable:
    """A coordinate of any axes, with those of stimulus and repetition joined into presentations."""
    index = {"stimulus": stimulus, "repetition": repetition}
    here = {dim: xr.Variable("presentation", index[dim]) for dim in map(str, coordinate.dims) if dim in index}
    return coordinate.variable.to_base_variable().isel(here) if here else coordinate.variable


def _with_default_ids(array: xr.DataArray, stimulus: np.ndarray) -> xr.DataArray:
    if "stimulus_id" in array.coords:
        return array
    width = len(str(int(stimulus.max(initial=0))))
    names = np.array([f"stimulus_{i:0{width}d}" for i in stimulus], dtype=object)
    return array.assign_coords(stimulus_id=("presentation", names))


def _free_name(key: str, dims: Sequence[Any]) -> str:
    """A coordinate may not carry the name of an axis, or xarray makes an index of it."""
    return f"{key}_id" if key in dims else key
