"""Writing responses as netCDF that xarray and Brain-Score's tools open."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neurogeom.io import atomic_path
from neurogeom.recordings.netcdf import MISSING_TEXT

SUFFIXES = (".nc", ".nc4")


def save(path: str | os.PathLike[str], responses: xr.DataArray) -> Path:
    """Write responses as a BrainIO-compatible netCDF 4 file, whole or not at all.

    The array is the variable ``data`` (compressed), its coordinates are plain arrays on axes without labels, and
    attributes are text or numbers. Indexes made of several levels are stored level by level.

    Parameters
    ----------
    path : path
        Ends in ``.nc``; an existing file is replaced once the new one is complete.
    responses : DataArray (presentation, neuroid[, time_bin])

    Returns
    -------
    Path

    Raises
    ------
    TypeError
        Where responses is not a DataArray of numbers.
    ValueError
        For another ending, axes of other names, or coordinates of names that the file cannot hold.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from neurogeom import recordings
    >>> responses = xr.DataArray(np.eye(3), dims=("presentation", "neuroid"))
    >>> file = recordings.save(Path(tempfile.mkdtemp()) / "responses.nc", responses)
    >>> bool((recordings.load(file) == responses).all())
    True
    """
    target = Path(path)
    if target.suffix not in SUFFIXES:
        raise ValueError(f"path={str(path)!r} does not end in .nc; responses are saved as netCDF.")
    if not isinstance(responses, xr.DataArray):
        raise TypeError(f"responses is a {type(responses).__name__}; needed is a DataArray (presentation, neuroid).")
    if responses.dtype.kind not in "iubf":
        raise TypeError(f"responses holds {responses.dtype}; needed are numbers.")
    if not {"presentation", "neuroid"} <= set(responses.dims):
        raise ValueError(f"responses has axes {responses.dims}; needed are presentation and neuroid. Rename them.")
    for key in responses.coords:
        if str(key) in ("", "data") or "/" in str(key) or "\0" in str(key):
            raise ValueError(
                f"responses has a coordinate {str(key)!r}, a name that the file cannot hold beside 'data'. "
                "Rename it: responses.rename({...})."
            )
    coords = {
        str(key): (one.dims, *_storable(one.values))
        for key, one in responses.coords.items()
        if not (key in responses.dims and isinstance(responses.indexes.get(key), pd.MultiIndex))
    }
    renamed = {key: f"{key}_id" for key in responses.dims if key in coords}
    coords = {renamed.get(key, key): value for key, value in coords.items()}
    attrs = {str(key): _attribute(value) for key, value in responses.attrs.items() if value is not None}
    data = xr.Dataset({"data": (responses.dims, responses.values)}, coords=coords, attrs=attrs)
    encoding = {"data": {"zlib": True, "complevel": 4}} if responses.size else {}
    with atomic_path(target) as temporary:
        data.to_netcdf(temporary, engine="h5netcdf", encoding=encoding)
    return target


def _storable(values: np.ndarray) -> tuple[np.ndarray, dict[str, str]]:
    """A coordinate as netCDF can hold it: text where it is text, and nothing else of Python.

    netCDF has no missing text: a word that is no entry stands for it and is named in an attribute.
    """
    if values.dtype.kind not in "OUT":
        return values, {}
    if all(isinstance(value, str) for value in values.ravel()):
        return values.astype(object), {}
    numbers = pd.to_numeric(pd.Series(values.ravel()), errors="coerce")
    if not any(isinstance(value, str | bytes) for value in values.ravel()) and not numbers.isna().all():
        return numbers.to_numpy().reshape(values.shape), {}
    missing = pd.isna(pd.Series(values.ravel())).to_numpy()
    text = np.array([str(value) for value in values.ravel()], dtype=object)
    stand_in = ""
    while stand_in in text[~missing]:
        stand_in += "?"
    text[missing] = stand_in
    return text.reshape(values.shape), {MISSING_TEXT: stand_in} if missing.any() else {}


def _attribute(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, int | float | np.number) and not isinstance(value, bool)):
        return value
    return json.dumps(value, default=str, ensure_ascii=False)
