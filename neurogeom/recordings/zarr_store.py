"""zarr stores: xarray's, and plain arrays or groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.warnings import DegenerateInputWarning, warn
from neurogeom.recordings.activations import is_store, read_store
from neurogeom.recordings.frame import as_responses, check_fits, choose_variable


def read(
    path: Path, *, variable: str | None = None, dims: tuple[str, ...] | None = None, group: str | None = None
) -> xr.DataArray:
    """Responses of a zarr store; one-axis arrays beside the variable become coordinates.

    Stores of activations stay on the disk until their values are needed.
    """
    if is_store(path) and variable is None and group is None and dims is None:
        return read_store(path)
    import zarr

    try:
        root = zarr.open(str(path / group if group else path), mode="r")
        arrays = {"array": root} if isinstance(root, zarr.Array) else dict(root.arrays())
    except Exception as error:  # zarr raises many kinds for what is no store
        raise ValueError(f"{path} cannot be read as a zarr store: it is damaged or incomplete ({error}).") from error
    numeric = {key: tuple(one.shape) for key, one in arrays.items() if one.dtype.kind in "iubf" and one.ndim}
    chosen = choose_variable(numeric, variable, path.name)
    names = _axis_names(arrays[chosen])
    check_fits(arrays[chosen].nbytes, path.name)
    coords: dict[str, Any] = {}
    for key, one in arrays.items():
        if key != chosen and one.ndim == 1:
            axes = _axis_names(one)
            entries = _content(one, key, path)
            coords[key] = (axes, entries) if axes and names else entries
    _warn_of_missing_chunks(arrays[chosen], chosen, path)
    attrs = {key: value for key, value in dict(arrays[chosen].attrs).items() if not key.startswith("_")}
    attrs.pop("coordinates", None)
    values = _content(arrays[chosen], chosen, path)
    return as_responses(values, dims=dims, coords=coords, file_dims=names, attrs=attrs, source=path.name)


def _content(array: Any, key: str, path: Path) -> np.ndarray:
    try:
        return np.asarray(array[...])
    except MemoryError:
        raise
    except Exception as error:  # codecs raise many kinds for chunks that are cut
        raise ValueError(
            f"{path}: array {key!r} cannot be read; its chunks are damaged or cut short ({error}). Get the store again."
        ) from error


def _warn_of_missing_chunks(array: Any, key: str, path: Path) -> None:
    """Chunks that were never written read as the fill value, and so do those that were not copied."""
    total, stored = int(array.nchunks), int(array.nchunks_initialized)
    if stored < total:
        warn(
            f"array {key!r} of {path.name} has {stored} of {total} chunks; the others read as the fill value, "
            f"{array.fill_value}. If it was not saved so, the store is not copied to the end: get it again.",
            DegenerateInputWarning,
        )


def _axis_names(array: Any) -> tuple[str, ...] | None:
    """Names of axes: a field of zarr 3, an attribute in zarr 2."""
    names = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS")
    return tuple(map(str, names)) if names and all(names) else None
