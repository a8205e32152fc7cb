"""NumPy arrays and archives; Python objects inside them are refused, never unpickled."""

from __future__ import annotations

import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.memory import NotEnoughMemoryError
from neurogeom.recordings.frame import as_responses, check_fits, choose_variable


class _CutShortError(ValueError):
    """Fewer bytes than the header promises."""


def read(path: Path, *, variable: str | None = None, dims: tuple[str, ...] | None = None) -> xr.DataArray:
    """Responses of a ``.npy`` or ``.npz`` file; one-axis arrays of an archive become coordinates."""
    with path.open("rb") as file:
        if file.read(6) == b"\x93NUMPY":
            file.seek(0)
            _check_size(file, path.stat().st_size, path)
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
        member = archive.zip.getinfo(key if key in archive.zip.namelist() else f"{key}.npy")
        with archive.zip.open(member) as file:
            _check_size(file, member.file_size, path, f" (array {key!r})")
        found = archive[key]
    except (NotEnoughMemoryError, _CutShortError):
        raise
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        if "password" in str(error):
            raise ValueError(f"{path} is locked by a password. Unpack it and pack it without one.") from error
        if skip_objects and _is_object_error(error):
            return None
        raise ValueError(_explain(path, error, f" (array {key!r})")) from error
    if isinstance(found, np.ndarray):
        return found
    raise ValueError(f"{path} holds {key!r}, which is no NumPy array. Unpack it and load a file.")


def _check_size(file: Any, n_bytes: int, path: Path, where: str = "") -> None:
    """Compare what the header promises with the bytes that are there and with memory, before any of it is read."""
    try:
        version = np.lib.format.read_magic(file)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = header(file)
    except (ValueError, EOFError):
        return  # the reader itself says what is wrong
    needed = math.prod(shape) * dtype.itemsize
    if needed > n_bytes and not dtype.hasobject:
        raise _CutShortError(
            f"{path}{where} is damaged or cut short: its header tells of {shape} {dtype}, {needed:,} bytes; it holds "
            f"{n_bytes:,}. Get it again."
        )
    if not dtype.hasobject:
        check_fits(needed, path.name)


def _is_object_error(error: Exception) -> bool:
    return "allow_pickle" in str(error) or "Object arrays" in str(error)


def _explain(path: Path, error: Exception, where: str = "") -> str:
    if _is_object_error(error):
        return (
            f"{path}{where} holds Python objects, which can run code when they are read and are never loaded here. "
            "Save numbers and text only: np.savez(path, responses=..., object_name=np.array(names, dtype=str))."
        )
    return f"{path}{where} cannot be read as NumPy data: it is damaged or cut short ({error})."
