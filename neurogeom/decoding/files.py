"""Decoders on disk: HDF5 with arrays and one JSON text, never code."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurogeom.io.atomic import atomic_path

_FORMAT = "neurogeom decoder"


def write_state(
    path: str | os.PathLike[str], kind: str, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> Path:
    """Write a kind, settings and arrays to one file that appears when it is complete."""
    import h5py

    if Path(path).suffix not in (".h5", ".hdf5"):
        raise ValueError(f"path={str(path)!r} does not end in .h5; a decoder is saved as HDF5.")
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["format"], file.attrs["kind"] = _FORMAT, kind
        file.attrs["settings"] = json.dumps(settings, ensure_ascii=False)
        for name, values in arrays.items():
            array = np.asarray(values)
            data = array.astype(h5py.string_dtype()) if array.dtype.kind == "U" else array
            file.create_dataset(name, data=data)
    return Path(path)


def read_state(path: str | os.PathLike[str]) -> tuple[str, dict[str, Any], dict[str, np.ndarray]]:
    """Kind, settings and arrays of a file, or the reason why it is none."""
    import h5py

    if not Path(path).exists():
        raise FileNotFoundError(2, "there is no such file", str(path))
    arrays: dict[str, np.ndarray] = {}

    def keep(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            text = h5py.check_string_dtype(item.dtype) is not None
            arrays[name] = np.array(item.asstr()[()], dtype=str) if text else np.asarray(item[()])

    try:
        with h5py.File(path, "r") as file:
            head = {key: str(file.attrs.get(key)) for key in ("format", "kind", "settings")}
            file.visititems(keep)
    except (OSError, RuntimeError, KeyError) as error:
        raise ValueError(f"{path} cannot be read as HDF5: {error}. Get it again, or save the decoder anew.") from error
    if head["format"] != _FORMAT:
        raise ValueError(f"{path} is HDF5, but no decoder of neurogeom. Spikes are read with recordings.load.")
    return head["kind"], json.loads(head["settings"]), arrays


def under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays below a prefix, without it."""
    return {key[len(prefix) + 1 :]: value for key, value in arrays.items() if key.startswith(f"{prefix}/")}
