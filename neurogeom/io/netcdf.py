"""Datasets in one netCDF file, a group for each, written as a whole."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom.io.atomic import write_bytes

_OTHER_ATTRIBUTES = "attributes_json"  # what netCDF attributes cannot hold: None, bool, lists, nested values


def write_groups(
    path: str | os.PathLike[str], groups: Mapping[str, xr.Dataset], attrs: Mapping[str, str] | None = None
) -> Path:
    """Write datasets to one netCDF file, a group for each.

    Values keep their bits. Text attributes are stored as they are, all others in one JSON attribute. The file is
    built in memory and then written in one go, so that a full disk is an ordinary error.

    Parameters
    ----------
    path : path
        An existing file is replaced once the new one is complete.
    groups : dict of str to Dataset
        ``"/"`` is the root group.
    attrs : dict of str to str, optional
        Attributes of the file.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    TypeError
        If a variable holds objects that are not text.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.nc"
    >>> _ = write_groups(path, {"/": xr.Dataset({"x": ("time", [1.0, 2.0])})}, {"kind": "example"})
    >>> groups, attrs = read_groups(path)
    >>> groups["/"]["x"].values, attrs["kind"]
    (array([1., 2.]), 'example')
    """
    import h5netcdf

    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        file.attrs.update(dict(attrs or {}))
        for name in groups:
            if name.strip("/"):
                file.create_group(name.strip("/"))
    for name, dataset in groups.items():
        _storable(dataset, name).to_netcdf(buffer, mode="a", group=name.strip("/") or None, engine="h5netcdf")
    return write_bytes(path, buffer.getbuffer())


def read_groups(
    path: str | os.PathLike[str], only: Collection[str] | None = None
) -> tuple[dict[str, xr.Dataset], dict[str, str]]:
    """Read the groups of a netCDF file into memory.

    Parameters
    ----------
    path : path
    only : collection of str, optional
        Groups to read, such as ``["/", "/glue"]``, as far as they are there; all otherwise.

    Returns
    -------
    groups : dict of str to Dataset
        ``"/"`` is the root group.
    attrs : dict of str to str
        Attributes of the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not netCDF 4, or is cut short.

    Examples
    --------
    >>> read_groups("no_such_file.nc")
    Traceback (most recent call last):
    ...
    FileNotFoundError: [Errno 2] there is no such file: 'no_such_file.nc'
    """
    import h5netcdf
    import h5py

    source = Path(path)
    _check_signature(source)
    try:
        with h5py.File(source, "r"):  # refuses what is cut short, quietly
            pass
        with h5netcdf.File(source, "r") as file:
            attrs = {key: value for key, value in file.attrs.items() if key != _OTHER_ATTRIBUTES}
            names = list(_group_names(file))
            root_is_data = bool(file.variables) or bool(file.dimensions) or _OTHER_ATTRIBUTES in file.attrs
        if not root_is_data and len(names) > 1:
            names = names[1:]
        groups = {name: _read_group(source, name) for name in names if only is None or name in only}
    except Exception as error:  # damaged content makes the libraries below raise almost anything
        raise ValueError(f"{source} cannot be read as netCDF: it is damaged or cut short ({error}).") from error
    return groups, attrs


def _check_signature(source: Path) -> None:
    if not source.exists():
        raise FileNotFoundError(2, "there is no such file", str(source))
    if source.is_dir():
        raise IsADirectoryError(21, "is a folder; give the name of a netCDF file", str(source))
    with open(source, "rb") as file:
        start = file.read(8)
    if start != b"\x89HDF\r\n\x1a\n":
        held = "is empty" if not start else f"starts with {start[:4]!r}"
        raise ValueError(f"{source} is not a netCDF 4 file (it {held}).")


def _group_names(group: Any) -> list[str]:
    names = [group.name]
    for child in group.groups.values():
        names += _group_names(child)
    return names


def _read_group(source: Path, name: str) -> xr.Dataset:
    with xr.open_dataset(source, group=name if name != "/" else None, engine="h5netcdf") as opened:
        dataset = opened.load()
    own = dataset.attrs.pop(_OTHER_ATTRIBUTES, None)
    dataset.attrs = json.loads(own) if own is not None else {}
    for variable in dataset.variables.values():
        variable.encoding = {}
        other = variable.attrs.pop(_OTHER_ATTRIBUTES, None)
        if other is not None:
            variable.attrs.update(json.loads(other))
    dataset.encoding = {}
    return with_plain_text(dataset)


def with_plain_text(dataset: xr.Dataset) -> xr.Dataset:
    """Return the dataset with text variables as fixed-width text, whichever of numpy's three kinds they came in.

    Examples
    --------
    >>> with_plain_text(xr.Dataset({"x": ("m", np.array(["a", "bc"], dtype=object))}))["x"].dtype
    dtype('<U2')
    """
    changed: dict[str, Any] = {}
    for name, variable in dataset.variables.items():
        kind = getattr(variable.dtype, "kind", "O")
        if kind in "OT" and all(isinstance(value, str) for value in np.asarray(variable.values, dtype=object).flat):
            changed[str(name)] = (variable.dims, np.asarray(variable.values, dtype=object).astype(str), variable.attrs)
    return dataset.assign(changed) if changed else dataset


def _storable(dataset: xr.Dataset, group: str) -> xr.Dataset:
    """A shallow copy whose attributes and text netCDF can hold."""
    copy = with_plain_text(dataset).copy(deep=False)
    for name, variable in copy.variables.items():
        if getattr(variable.dtype, "kind", "O") == "O":
            raise TypeError(
                f"variable {name!r} of group {group!r} holds objects; numbers, booleans, dates or text are needed."
            )
        variable.attrs = _storable_attributes(variable.attrs, keep_text=True)
        variable.encoding = {}
    copy.attrs = _storable_attributes(copy.attrs, keep_text=False)
    return copy


def _storable_attributes(attributes: Mapping[Any, Any], *, keep_text: bool) -> dict[str, str]:
    """Text as it is (`units` stays readable for other programs), the rest as JSON."""
    text = {str(key): value for key, value in attributes.items() if keep_text and isinstance(value, str)}
    other = {str(key): value for key, value in attributes.items() if str(key) not in text}
    if other or not keep_text:
        text[_OTHER_ATTRIBUTES] = json.dumps(other, default=_plain, ensure_ascii=False)
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"an attribute is a {type(value).__name__}; text, numbers, lists or dicts are needed.")
