"""One door for all formats of recordings."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from neurogeom._core.responses import hint
from neurogeom.recordings.frame import attach_coordinate
from neurogeom.recordings.rasters import raster_files

HDF5 = b"\x89HDF\r\n\x1a\n"
SIGNATURES = (
    (b"\x93NUMPY", "npy"),
    (b"PK\x03\x04", "npz"),
    (b"CDF", "netcdf3"),
    (b"MATLAB 5.0 MAT-file", "matlab"),
    (b"MATLAB 7.3 MAT-file", "matlab"),
)


@dataclass(frozen=True)
class Format:
    """A file format: what people call it, endings, and the module whose ``read`` knows it."""

    title: str
    suffixes: tuple[str, ...]
    module: str


FORMATS: dict[str, Format] = {
    "netcdf": Format("netCDF 4 (xarray, BrainIO)", (".nc", ".nc4", ".cdf"), "neurogeom.recordings.netcdf"),
    "netcdf3": Format("netCDF 3", (".nc3",), "neurogeom.recordings.netcdf"),
    "zarr": Format("zarr", (".zarr",), "neurogeom.recordings.zarr_store"),
    "npz": Format("NumPy archive", (".npz",), "neurogeom.recordings.numpy_files"),
    "npy": Format("NumPy array", (".npy",), "neurogeom.recordings.numpy_files"),
    "nwb": Format("NWB", (".nwb",), "neurogeom.recordings.nwb"),
    "matlab": Format("MATLAB", (".mat",), "neurogeom.recordings.matlab"),
    "rasters": Format("folder of raster files", (), "neurogeom.recordings.rasters"),
    "table": Format("table", (".csv", ".tsv"), "neurogeom.recordings.tables"),
    "hdf5": Format("HDF5", (".h5", ".hdf5", ".hdf", ".he5"), "neurogeom.recordings.hdf5"),
}


def load(
    path: str | os.PathLike[str],
    *,
    variable: str | None = None,
    dims: Sequence[str] | None = None,
    coords: Mapping[str, Any] | None = None,
    **options: Any,
) -> xr.DataArray:
    """Responses from a file, as a DataArray (presentation, neuroid[, time_bin]).

    The format is recognized by content and by ending. Missing values stay NaN; nothing is ever unpickled.

    Parameters
    ----------
    path : path
        ``.nc`` (also BrainIO assemblies), ``.zarr``, ``.npz``, ``.npy``, ``.h5``, ``.nwb``, ``.mat`` (versions 5 and
        7.3, also rasters of the Neural Decoding Toolbox, one file or a folder of them), ``.csv`` in long form.
    variable : str, optional
        Which array of the file, where several could be meant (``group/name`` inside HDF5).
    dims : sequence of str, optional
        What each axis of the array is, in the order of the file: ``presentation``, ``neuroid``, ``time_bin``, or
        ``stimulus`` and ``repetition``, which are joined into presentations; a presentation that is NaN for all
        neuroids was not shown and is left out. Needed where the file does not say it.
    coords : mapping of str to array, optional
        Further coordinates; each goes to the axis of its length.
    **options
        Of the format: ``group`` (netCDF, zarr); ``align_to``, ``window``, ``bin_ms``, ``rate`` (NWB, as in
        ``from_spike_times``); ``window``, ``bin_ms`` (rasters); ``neuroid``, ``presentation`` (names of columns).

    Returns
    -------
    DataArray

    Raises
    ------
    FileNotFoundError
        No such file.
    TypeError
        Options of another format, or dims as one text.
    ValueError
        An unknown format, a damaged or foreign file, several possible variables (the error lists them), or axes that
        the file does not name.

    Examples
    --------
    >>> import numpy as np, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "responses.npz"
    >>> np.savez(path, responses=np.zeros((4, 3)), object_name=["a", "a", "b", "b"])
    >>> load(path).coords["object_name"].values.tolist()
    ['a', 'a', 'b', 'b']
    """
    if isinstance(dims, str):
        raise TypeError(f"dims={dims!r} is text; needed is a name for each axis, such as dims=({dims!r}, ...).")
    source = Path(path).expanduser()
    if not source.exists():
        raise FileNotFoundError(2, "there is no such file", str(source))
    if not (source.is_file() or source.is_dir()):  # opening a pipe would wait for a writer
        raise ValueError(f"{source} is neither a file nor a folder, but a pipe, socket or device. Copy it first.")
    name = recognize(source)
    module = importlib.import_module(FORMATS[name].module)
    _check_options(name, module.read, options)
    responses = module.read(source, variable=variable, dims=None if dims is None else tuple(dims), **options)
    for key, values in (coords or {}).items():
        responses = attach_coordinate(responses, key, values)
    responses.attrs.setdefault("source", source.name)
    return responses


def _check_options(name: str, read: Any, options: Mapping[str, Any]) -> None:
    known = [key for key in inspect.signature(read).parameters if key not in ("path", "variable", "dims")]
    for key in options:
        if key not in known:
            advice = hint(key, known) if known else "It has none."
            raise TypeError(f"load has no option {key!r} for {FORMATS[name].title}. {advice}")


def recognize(path: Path) -> str:
    """Name of the format of a file or folder, by content first and then by ending."""
    suffix = path.suffix.lower()
    if path.is_dir():
        if suffix == ".zarr" or any((path / key).exists() for key in ("zarr.json", ".zgroup", ".zarray")):
            return "zarr"
        if raster_files(path):
            return "rasters"
        raise ValueError(
            f"{path} is a folder without recordings. Give a file, a zarr store (a folder with zarr.json or .zgroup), "
            "or a folder of rasters (*_raster_data.mat)."
        )
    with path.open("rb") as file:
        start = file.read(520)
    if not start:
        raise ValueError(f"{path} is empty (0 bytes). It was not written to the end; get it again.")
    by_ending = next((name for name, known in FORMATS.items() if suffix in known.suffixes), None)
    by_content = _by_content(start)
    if by_content == "hdf5":
        return by_ending if by_ending in ("netcdf", "nwb", "matlab") else "hdf5"
    if by_content is not None:
        return by_content
    if by_ending in ("table", "matlab") and not (by_ending == "table" and b"\0" in start):
        return by_ending  # text has no signature, and old MATLAB files have none either
    if by_ending is None:
        known = [ending for one in FORMATS.values() for ending in one.suffixes]
        raise ValueError(f"{path} has an ending that is not known ({suffix or 'none'}). {hint(suffix, known)}")
    raise ValueError(
        f"{path} is not {FORMATS[by_ending].title}, though it ends in {suffix}: it starts with {start[:8]!r}. "
        "It was cut, damaged, or saved under a wrong name."
    )


def _by_content(start: bytes) -> str | None:
    if start.startswith(HDF5) or start[512:520] == HDF5:
        return "hdf5"
    return next((name for signature, name in SIGNATURES if start.startswith(signature)), None)
