"""netCDF files: xarray's own and BrainIO assemblies (presentation × neuroid [× time_bin])."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.memory import NotEnoughMemoryError
from neurogeom.recordings.frame import as_responses, check_fits, choose_variable, plain_text

MISSING_TEXT = "missing_text"  # attribute with the word that stands for missing entries of a coordinate of text


def read(
    path: Path, *, variable: str | None = None, dims: tuple[str, ...] | None = None, group: str | None = None
) -> xr.DataArray:
    """Responses of a netCDF file; other groups than the root by ``group``."""
    with _opened(path, group) as dataset:
        shapes = {
            str(key): one.shape for key, one in dataset.data_vars.items() if one.dtype.kind in "iubf" and one.ndim
        }
        chosen = choose_variable(shapes, variable, _where(path, group)) if shapes else None
        if chosen is not None:
            check_fits(dataset[chosen].nbytes, path.name)
            array = dataset[chosen].load()
            coords: dict[str, Any] = {
                str(key): (tuple(map(str, one.dims)), _with_missing(one))
                for key, one in dataset.variables.items()
                if key != chosen and (one.ndim == 1 or key in array.coords)
            }
            attrs = {str(key): value for key, value in (dataset.attrs | array.attrs).items() if key != "_NCProperties"}
    if chosen is None:
        groups = _groups(path)
        listed = f" It has groups {', '.join(map(repr, groups))}: use load(path, group=...)." if groups else ""
        raise ValueError(f"{_where(path, group)} holds no array of numbers.{listed}")
    file_dims = tuple(map(str, array.dims))
    return as_responses(array.values, dims=dims, coords=coords, file_dims=file_dims, attrs=attrs, source=path.name)


@contextmanager
def _opened(path: Path, group: str | None) -> Iterator[xr.Dataset]:
    """The open file; what the library raises becomes an error that names the file and what is wrong."""
    with path.open("rb") as file:
        engine: Any = "scipy" if file.read(3) == b"CDF" else "h5netcdf"
    if group is not None and engine == "scipy":
        raise ValueError(f"{path.name} is netCDF 3, which has no groups. Leave group={group!r} out.")
    if group is not None and group.strip("/") not in (known := _groups(path)):
        raise ValueError(f"{path.name} has no group {group!r}. It has: {', '.join(map(repr, known)) or 'none'}.")
    options: dict[str, Any] = {} if group is None else {"group": group}
    try:
        dataset = xr.open_dataset(path, engine=engine, decode_timedelta=False, **options)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} cannot be read as netCDF: it is damaged or cut short ({error}).") from error
    with dataset:
        try:
            yield dataset
        except NotEnoughMemoryError:
            raise
        except (OSError, RuntimeError, KeyError, EOFError) as error:
            raise ValueError(f"{path} is damaged: its arrays cannot be read ({error}).") from error


def _with_missing(variable: xr.Variable) -> np.ndarray:
    values = plain_text(variable.values)
    if values.dtype.kind == "O" and MISSING_TEXT in variable.attrs:
        values[values == str(variable.attrs[MISSING_TEXT])] = np.nan
    return values


def _where(path: Path, group: str | None) -> str:
    return path.name if group is None else f"group {group!r} of {path.name}"


def _groups(path: Path) -> list[str]:
    """Paths of all groups below the root."""
    import h5py

    found: list[str] = []
    try:
        with h5py.File(path, "r") as file:
            file.visititems(lambda name, one: found.append(name) if isinstance(one, h5py.Group) else None)
    except (OSError, RuntimeError):
        pass
    return found
