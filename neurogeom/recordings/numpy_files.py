"""NumPy arrays and archives; Python objects inside them are refused, never unpickled."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom.recordings.frame import as_responses, choose_variable


def read(path: Path, *, variable: str | None = None, dims: tuple[str, ...] | None = None) -> xr.DataArray:
    """Responses of a ``.npy`` or ``.npz`` file; one-axis arrays of an archive become coordinates."""
    try:
        content: Any = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(_explain(path, error)) from error
    if isinstance(content, np.ndarray):
        if variable is not None:
            raise ValueError(f"{path} is a single array; variable={variable!r} names nothing in it. Leave it out.")
        return as_responses(content, dims=dims, source=path.name)
    with content as archive:
        # with the variable named, objects beside it are passed over; otherwise they may be what is wanted
        arrays = {}
        for key in archive.files:
            found = _member(archive, key, path, skip_objects=variable not in (None, key))
            if found is not None:
                arrays[key] = found
    numeric = {key: value.shape for key, value in arrays.items() if value.dtype.kind in "iubf"}
    chosen = choose_variable(numeric, variable, path.name)
    coords = {key: value for key, value in arrays.items() if value.ndim == 1 and key != chosen}
    return as_responses(arrays[chosen], dims=dims, coords=coords, source=path.name)


def _member(archive: Any, key: str, path: Path, *, skip_objects: bool) -> np.ndarray | None:
    try:
        found = archive[key]
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
        if "password" in str(error):
            raise ValueError(f"{path} is locked by a password. Unpack it and pack it without one.") from error
        if skip_objects and _is_object_error(error):
            return None
        raise ValueError(_explain(path, error, f" (array {key!r})")) from error
    if isinstance(found, np.ndarray):
        return found
    raise ValueError(f"{path} holds {key!r}, which is no NumPy array. Unpack it and load a file.")


def _is_object_error(error: Exception) -> bool:
    return "allow_pickle" in str(error) or "Object arrays" in str(error)


def _explain(path: Path, error: Exception, where: str = "") -> str:
    if _is_object_error(error):
        return (
            f"{path}{where} holds Python objects, which can run code when they are read and are never loaded here. "
            "Save numbers and text only: np.savez(path, responses=..., object_name=np.array(names, dtype=str))."
        )
    return f"{path}{where} cannot be read as NumPy data: it is damaged or cut short ({error})."
