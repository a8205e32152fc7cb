"""Simulated spikes on disk: HDF5 with counts, cells, images and the model that made them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy import sparse

from neurogeom.io.atomic import atomic_path
from neurogeom.retina.fields import FieldShape
from neurogeom.retina.lnp import LNP
from neurogeom.retina.mosaic import Mosaic

_FORMAT = "neurogeom spikes"


def save_spikes(
    path: str | os.PathLike[str], counts: xr.DataArray, model: LNP, *, images: xr.DataArray | None = None
) -> Path:
    """Write counts with their cells, the model and the images to one HDF5 file, whole or not at all.

    The counts are the array ``responses`` with one-axis coordinates beside it, so that ``recordings.load`` and any
    other program read them too.

    Parameters
    ----------
    path : path
        Ends in ``.h5``.
    counts : DataArray (presentation, neuroid)
        From :meth:`LNP.simulate`.
    model : LNP
    images : DataArray (presentation, y, x), optional

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ValueError
        Another ending, counts of another mosaic.
    OSError
        If it cannot be written; an older file stays as it was.

    Examples
    --------
    >>> import tempfile
    >>> model = LNP(Mosaic.from_counts({"on_midget": 9}, (12, 12), seed=0))
    >>> model.is_calibrated = True
    >>> counts = model.simulate(np.zeros((2, 12, 12)), seed=0)
    >>> load_spikes(save_spikes(Path(tempfile.mkdtemp()) / "spikes.h5", counts, model))[0].shape
    (2, 9)
    """
    import h5py

    if Path(path).suffix not in (".h5", ".hdf5"):
        raise ValueError(f"path={str(path)!r} does not end in .h5; spikes are saved as HDF5.")
    if counts.attrs.get("mosaic") != model.mosaic.fingerprint():
        raise ValueError("counts come from another mosaic than the model's. Give the model that made them.")
    settings, arrays = model_state(model)
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["format"], file.attrs["settings"] = _FORMAT, json.dumps(settings)
        file.attrs["counts"] = json.dumps(dict(counts.attrs))
        file.create_dataset("responses", data=counts.values, compression="gzip")
        for number, name in enumerate(counts.dims):
            file["responses"].dims[number].label = str(name)
        for key, value in counts.coords.items():
            _put(file, str(key), np.asarray(value.values))
            file[str(key)].attrs["dim"] = str(value.dims[0])
        for key, array in arrays.items():
            _put(file, f"model/{key}", array)
        if images is not None:
            file.create_dataset("stimuli/images", data=np.asarray(images, dtype=np.float32), compression="gzip")
    return Path(path)


def load_spikes(path: str | os.PathLike[str]) -> tuple[xr.DataArray, LNP, xr.DataArray | None]:
    """Read what :func:`save_spikes` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    tuple of DataArray (presentation, neuroid), LNP, DataArray (presentation, y, x) or None

    Raises
    ------
    FileNotFoundError
        No such file.
    ValueError
        Another kind of file, or a damaged one.

    Examples
    --------
    >>> load_spikes("no_such_file.h5")
    Traceback (most recent call last):
    ...
    FileNotFoundError: [Errno 2] there is no such file: 'no_such_file.h5'
    """
    import h5py

    if not Path(path).exists():
        raise FileNotFoundError(2, "there is no such file", str(path))
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != _FORMAT:
                raise ValueError(
                    f"{path} holds no simulated spikes of neurogeom. Responses of other origin are read with "
                    "recordings.load, and their images are given with images=."
                )
            settings, attrs = (json.loads(str(file.attrs[key])) for key in ("settings", "counts"))
            model = {key: _get(file["model"][key]) for key in file["model"]}
            coords = {key: (file[key].attrs["dim"], _get(file[key])) for key in file if "dim" in file[key].attrs}
            values = np.asarray(file["responses"][()])
            images = np.asarray(file["stimuli/images"][()]) if "stimuli" in file else None
    except (OSError, KeyError) as error:
        raise ValueError(f"{path} cannot be read as simulated spikes: {error}. Simulate them again.") from error
    counts = xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords, attrs=attrs, name="counts")
    found = model_from_state(settings, model)
    if images is None:
        return counts, found, None
    shown = {key: value for key, value in coords.items() if value[0] == "presentation"}
    return counts, found, xr.DataArray(images, dims=("presentation", "y", "x"), coords=shown, name="images")


def is_spikes(path: str | os.PathLike[str]) -> bool:
    """Return whether a file was written by :func:`save_spikes`.

    Parameters
    ----------
    path : path

    Returns
    -------
    bool

    Examples
    --------
    >>> is_spikes("no_such_file.h5")
    False
    """
    import h5py

    if not Path(path).is_file() or not h5py.is_hdf5(path):
        return False
    with h5py.File(path, "r") as file:
        return bool(file.attrs.get("format") == _FORMAT)


def model_state(model: LNP) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Settings and arrays of an LNP model with its mosaic."""
    mosaic = model.mosaic
    settings = {
        "nonlinearity": model.nonlinearity,
        "shape": list(mosaic.shape),
        "field_shape": {key: float(value) for key, value in vars(mosaic.field_shape).items()},
        "pixel_size": mosaic.pixel_size,
        "window_ms": mosaic.window_ms,
        "own_filters": model.filters is not mosaic.filters,
    }
    arrays = {name: np.asarray(getattr(mosaic, name)) for name in ("positions", "cell_type", "ellipses")}
    arrays |= {name: getattr(model, name) for name in ("gain", "offset", "ceiling")}
    if settings["own_filters"]:
        arrays |= {f"filters_{key}": getattr(model.filters, key) for key in ("data", "indices", "indptr")}
    return settings, arrays


def model_from_state(settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> LNP:
    """The LNP model of a state."""
    mosaic = Mosaic(
        arrays["positions"], arrays["cell_type"], arrays["ellipses"], tuple(settings["shape"]),
        field_shape=FieldShape(**settings["field_shape"]), pixel_size=settings["pixel_size"],
        window_ms=settings["window_ms"],
    )  # fmt: skip
    model = LNP(mosaic, nonlinearity=settings["nonlinearity"])
    for name in ("gain", "offset", "ceiling"):
        setattr(model, name, np.asarray(arrays[name]))
    if settings["own_filters"]:
        parts = tuple(arrays[f"filters_{key}"] for key in ("data", "indices", "indptr"))
        model.filters = sparse.csr_array(parts, shape=(mosaic.n_cells, mosaic.shape[0] * mosaic.shape[1]))
    model.is_calibrated = True
    return model


def _put(file: Any, name: str, values: np.ndarray) -> None:
    import h5py

    text = values.dtype.kind in "UO"
    file.create_dataset(name, data=values.astype(h5py.string_dtype()) if text else values)


def _get(dataset: Any) -> np.ndarray:
    import h5py

    if h5py.check_string_dtype(dataset.dtype) is not None:
        return np.array(dataset.asstr()[()], dtype=str)
    return np.asarray(dataset[()])
