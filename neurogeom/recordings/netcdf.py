"""netCDF files: xarray's own and BrainIO assemblies (presentation × neuroid [× time_bin])."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import xarray as xr

from neurogeom.recordings.frame import as_responses, choose_variable, plain_text


def read(
    path: Path, *, variable: str | None = None, dims: tuple[str, ...] | None = None, group: str | None = None
) -> xr.DataArray:
    """Responses of a netCDF file; other groups than the root by ``group``."""
    dataset = _open(path, group)
    if not dataset.data_vars:
        groups = _groups(path)
        listed = f" It has groups {', '.join(map(repr, groups))}: use load(path, group=...)." if groups else ""
        raise ValueError(f"{path.name} holds no array{f' in group {group!r}' if group else ''}.{listed}")
    numeric = {str(key): one.shape for key, one in dataset.data_vars.items() if one.dtype.kind in "iubf" and one.ndim}
    chosen = choose_variable(numeric, variable, path.name)
    array = dataset[chosen]
    coords: dict[str, Any] = {
        str(key): (tuple(map(str, one.dims)), plain_text(one.values)) for key, one in dataset.variables.items()
        if key != chosen and one.ndim == 1
    }  # fmt: skip
    attrs = {str(key): value for key, value in (dataset.attrs | array.attrs).items() if key != "_NCProperties"}
    return as_responses(
        array.values, dims=dims, coords=coords, file_dims=tuple(map(str, array.dims)), attrs=attrs, source=path.name
    )


def _open(path: Path, group: str | None) -> xr.Dataset:
    with path.open("rb") as file:
        engine = "scipy" if file.read(3) == b"CDF" else "h5netcdf"
    options: dict[str, Any] = {"decode_timedelta": False}
    if group is not None:
        if engine == "scipy":
            raise ValueError(f"{path.name} is netCDF 3, which has no groups. Leave group={group!r} out.")
        options["group"] = group
    try:
        with xr.open_dataset(path, engine=engine, **options) as opened:
            return opened.load()
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
        if group is not None and group not in (known := _groups(path)):
            raise ValueError(f"{path.name} has no group {group!r}. It has: {known or 'none'}.") from error
        raise ValueError(f"{path} cannot be read as netCDF: it is damaged or cut short ({error}).") from error


def _groups(path: Path) -> list[str]:
    """Groups that hold arrays."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return [key for key in file if isinstance(file.get(key), h5py.Group)]
    except OSError:
        return []
