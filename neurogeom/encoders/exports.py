"""Activations for other programs: HDF5, and netCDF as Brain-Score's tools read it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import xarray as xr

from neurogeom._core.memory import require_memory
from neurogeom.io import atomic_path

ROWS = 256


def with_neuroid_ids(activations: xr.DataArray) -> xr.DataArray:
    """Name every unit: ``layer.index``, counted within the layer.

    Names take more memory than a row of activations, so they are made when they are asked for.

    Parameters
    ----------
    activations : DataArray (presentation, neuroid)
        As :func:`extract` gives them.

    Returns
    -------
    DataArray
        With the neuroid coordinate ``neuroid_id``.

    Raises
    ------
    ValueError
        Without a coordinate ``layer``.

    Examples
    --------
    >>> import torch
    >>> from neurogeom.encoders import extract
    >>> named = with_neuroid_ids(extract(torch.nn.Linear(4, 2), np.zeros((3, 4)), "all"))
    >>> named.neuroid_id.values.tolist()
    ['.0', '.1']
    """
    if "layer" not in activations.coords:
        raise ValueError("activations has no coordinate 'layer'; it is not what extract gives.")
    layers = activations["layer"].values.astype(str)
    index = np.zeros(len(layers), dtype=np.int64)
    for name in dict.fromkeys(layers):
        index[layers == name] = np.arange(int((layers == name).sum()))
    names = np.char.add(np.char.add(layers, "."), index.astype(str)).astype(object)
    return activations.assign_coords(neuroid_id=("neuroid", names))


def export(activations: xr.DataArray, path: str | os.PathLike[str]) -> Path:
    """Write activations as HDF5 or as netCDF of Brain-Score, whole or not at all.

    HDF5 (``.h5``) holds one array (presentations, units) for each layer in the group ``layers``, with the coordinates
    of its units beside it, and those of the presentations in the group ``presentation``; rows are copied a few hundred
    at a time, so a store may be larger than memory. netCDF (``.nc``) is an assembly with Brain-Score's names: of
    layers of tokens, ``token`` becomes ``channel`` and ``channel`` becomes ``embedding``.

    Parameters
    ----------
    activations : DataArray (presentation, neuroid)
        As :func:`extract` or :func:`open_activations` give them.
    path : path
        Ends in ``.h5`` or ``.nc``.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        For another ending, or without a coordinate ``layer``.

    Examples
    --------
    >>> import tempfile, torch
    >>> from neurogeom.encoders import extract
    >>> file = export(extract(torch.nn.Flatten(), np.eye(3), "all"), Path(tempfile.mkdtemp()) / "a.h5")
    >>> file.name
    'a.h5'
    """
    target = Path(path).expanduser()
    if "layer" not in activations.coords:
        raise ValueError("activations has no coordinate 'layer'; it is not what extract gives.")
    if target.suffix in (".h5", ".hdf5"):
        return _to_hdf5(activations, target)
    if target.suffix == ".nc":
        return _to_brainio(activations, target)
    raise ValueError(f"path={str(path)!r} ends in neither .h5 nor .nc.")


def _to_hdf5(activations: xr.DataArray, target: Path) -> Path:
    import h5py

    names = activations["layer"].values.astype(str)
    with atomic_path(target) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update({str(key): value for key, value in activations.attrs.items()})
        _write_columns(file.create_group("presentation"), activations, "presentation")
        for number, name in enumerate(dict.fromkeys(names)):
            part = activations.isel(neuroid=np.flatnonzero(names == name))
            group = file.create_group(f"layers/{number:03d}")
            group.attrs["layer"] = str(name)
            data = group.create_dataset("activations", shape=part.shape, dtype=part.dtype)
            for start in range(0, len(part), ROWS):
                data[start : start + ROWS] = part[start : start + ROWS].values
            _write_columns(group, part, "neuroid")
    return target


def _write_columns(group: object, array: xr.DataArray, dim: str) -> None:
    """One dataset for each coordinate of an axis."""
    import h5py

    for key, one in array.coords.items():
        if one.dims == (dim,) and key != "layer":
            values = one.values
            text = values.dtype.kind in "OUT"
            kind = h5py.string_dtype() if text else values.dtype
            group.create_dataset(str(key), data=values.astype(object if text else values.dtype), dtype=kind)  # type: ignore[attr-defined]


def _to_brainio(activations: xr.DataArray, target: Path) -> Path:
    from neurogeom.recordings import save

    require_memory(2.0 * activations.nbytes, f"{target.name} of shape {activations.shape}", "Export .h5, or one layer.")
    found = with_neuroid_ids(activations)
    if "token" in found.coords:
        is_token = found["token"].values >= 0
        channel = found["channel"].values
        found = found.assign_coords(
            embedding=("neuroid", np.where(is_token, channel, -1)),
            channel=("neuroid", np.where(is_token, found["token"].values, channel)),
        ).drop_vars("token")
    renamed = {"x": "channel_x", "y": "channel_y", "x_degrees": "tuple_x", "y_degrees": "tuple_y"}
    found = found.rename({key: value for key, value in renamed.items() if key in found.coords})
    return save(target, found)
