"""HDF5 files of any layout, with h5py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom.recordings.frame import as_responses, check_fits, choose_variable, plain_text

MAX_COORDINATE_LENGTH = 5_000_000


def read(path: Path, *, variable: str | None = None, dims: tuple[str, ...] | None = None) -> xr.DataArray:
    """Responses of an HDF5 file; one-axis arrays beside the variable become coordinates."""
    with opened(path) as file:
        found = dict(datasets(file))
        numeric = {key: tuple(one.shape) for key, one in found.items() if one.dtype.kind in "iubf" and one.ndim}
        chosen = choose_variable(numeric, None if variable is None else variable.strip("/"), path.name)
        group = chosen.rpartition("/")[0]
        beside = {key: one for key, one in found.items() if key.rpartition("/")[0] == group and key != chosen}
        coords = {
            key.rsplit("/", 1)[-1]: values(one)
            for key, one in beside.items()
            if one.ndim == 1 and len(one) <= MAX_COORDINATE_LENGTH
        }
        names = axis_names(found[chosen])
        check_fits(found[chosen].nbytes, path.name)
        return as_responses(
            values(found[chosen]), dims=dims, coords=coords, file_dims=names, attrs={}, source=path.name
        )


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The open file; any failure of the library inside becomes an error that names the file and what is wrong."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            yield file
    except ValueError:
        raise  # ours
    except (OSError, RuntimeError, KeyError) as error:
        raise ValueError(f"{path} cannot be read as HDF5: {_reason(error)}") from error


def datasets(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """All arrays below a group with their paths; references and links that lead nowhere are passed over."""
    import h5py

    for key in group:
        found = group.get(key)
        if isinstance(found, h5py.Group):
            yield from datasets(found, f"{prefix}{key}/")
        elif isinstance(found, h5py.Dataset):
            yield f"{prefix}{key}", found


def values(dataset: Any) -> np.ndarray:
    """Content of an array: text decoded, enumerated booleans as booleans."""
    import h5py

    if h5py.check_string_dtype(dataset.dtype) is not None:
        return plain_text(dataset.asstr(errors="replace")[()])
    return np.asarray(dataset[()])


def axis_names(dataset: Any) -> tuple[str, ...] | None:
    """Names of axes, where the file keeps dimension scales or labels for all of them."""
    names = []
    for dim in dataset.dims:
        scale = dim[0].name.rsplit("/", 1)[-1] if len(dim) else dim.label
        names.append(scale)
    return tuple(names) if all(names) else None


def _reason(error: Exception) -> str:
    text = str(error)
    if "truncated" in text:
        return f"it is cut short ({text}). Get it again."
    if "signature not found" in text:
        return "it is not an HDF5 file, though its ending says so."
    return f"it is damaged ({text})."
