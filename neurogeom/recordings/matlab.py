"""MATLAB files, version 5 (scipy) and 7.3 (h5py), and rasters in the layout of the Neural Decoding Toolbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom.recordings.frame import as_responses, choose_variable, plain_text
from neurogeom.recordings.hdf5 import opened
from neurogeom.recordings.rasters import is_raster, raster_responses


def read(
    path: Path,
    *,
    variable: str | None = None,
    dims: tuple[str, ...] | None = None,
    bin_ms: float | None = None,
    window: tuple[float, float] | None = None,
) -> xr.DataArray:
    """Responses of a MATLAB file; fields of structs are named ``struct.field``."""
    content = read_variables(path)
    if variable is None and is_raster(content):
        return raster_responses(content, path, bin_ms=bin_ms, window=window)
    if bin_ms is not None or window is not None:
        raise ValueError(f"{path.name} is no raster file, so bin_ms and window have no meaning. Leave them out.")
    arrays = {key: value for key, value in content.items() if isinstance(value, np.ndarray)}
    numeric = {key: value.shape for key, value in arrays.items() if value.dtype.kind in "iubf" and value.size > 1}
    chosen = choose_variable(numeric, variable, path.name)
    prefix = chosen.rpartition(".")[0]
    beside = {
        key.rpartition(".")[2]: value
        for key, value in arrays.items()
        if value.ndim == 1 and key != chosen and key.rpartition(".")[0] in (prefix, "")
    }
    return as_responses(arrays[chosen], dims=dims, coords=beside, source=path.name)


def read_variables(path: Path) -> dict[str, Any]:
    """All variables in MATLAB's order of axes; vectors flat, text and cells of text as text arrays."""
    with path.open("rb") as file:
        start = file.read(128)
    if not start.startswith(b"MATLAB 5") and _is_hdf5(path):
        with opened(path) as file:
            content = {key: _from_hdf5(file, file[key]) for key in file if not key.startswith("#")}
            if not any("MATLAB_class" in file[key].attrs for key in content):
                raise ValueError(
                    f"{path} is HDF5, but not written by MATLAB (no variable has a MATLAB_class), so the order of its "
                    "axes is not known. Give it an ending that says what it is, .nc or .h5, and load that."
                )
            return _flat(content)
    from scipy.io import loadmat

    try:
        content = loadmat(path, simplify_cells=True)
    except Exception as error:  # a damaged file makes the reader fail in nearly any way
        raise ValueError(f"{path} cannot be read as a MATLAB file: it is damaged or cut short ({error}).") from error
    return _flat({key: value for key, value in content.items() if not key.startswith("__")})


def _flat(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Fields of nested structs side by side, under dotted names."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        elif isinstance(value, np.ndarray):
            flat[f"{prefix}{key}"] = plain_text(_squeezed(value))
        elif isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            flat[f"{prefix}{key}"] = np.array(value, dtype=object)
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _squeezed(array: np.ndarray) -> np.ndarray:
    """MATLAB has no vectors: 1 × n and n × 1 become n."""
    return array.ravel() if array.ndim == 2 and 1 in array.shape else array


def _from_hdf5(file: Any, item: Any) -> Any:
    """A variable of a 7.3 file: axes turned back, text decoded, references to cells followed."""
    import h5py

    if isinstance(item, h5py.Group):
        return {key: _from_hdf5(file, item[key]) for key in item}
    kind = item.attrs.get("MATLAB_class", b"")
    kind = kind.decode() if isinstance(kind, bytes) else str(kind)
    if item.attrs.get("MATLAB_empty", 0):
        return np.zeros(0)
    if h5py.check_ref_dtype(item.dtype) is not None:
        cells = [_from_hdf5(file, _cell(file, item, reference)) for reference in np.asarray(item[()]).T.ravel()]
        if all(isinstance(cell, str) for cell in cells):
            return np.array(cells, dtype=object)
        return cells
    content = np.asarray(item[()])
    if kind == "char":
        return "".join(map(chr, content.T.ravel()))
    return content.T.astype(bool) if kind == "logical" else content.T


def _cell(file: Any, item: Any, reference: Any) -> Any:
    """What a reference leads to."""
    try:
        return file[reference]
    except (ValueError, KeyError, RuntimeError) as error:
        raise ValueError(
            f"{file.filename} is damaged: a cell of {item.name.strip('/')!r} leads nowhere ({error}). Save it again."
        ) from error


def _is_hdf5(path: Path) -> bool:
    import h5py

    return bool(h5py.is_hdf5(path))
