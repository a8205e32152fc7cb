"""Settings and diagnostics as plain values that a file can hold and that come back equal."""

from __future__ import annotations

import datetime
import enum
import os
import platform
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any

import numpy as np

from neurogeom.io.fingerprint import fingerprint

_PACKAGES = ("numpy", "scipy", "xarray", "pandas", "numba", "scikit-learn", "cvxpy", "torch")
_LONGEST_LIST = 64  # longer arrays among the arguments are kept as shape and fingerprint


def software_versions() -> dict[str, str]:
    """Versions of this package, Python and what it stands on, read without importing any of them.

    Examples
    --------
    >>> "numpy" in software_versions()
    True
    """
    from neurogeom import __version__

    return {"neurogeom": __version__, "python": platform.python_version(), **_installed()}


@cache
def _installed() -> dict[str, str]:
    """Versions of other packages; reading their metadata takes tens of milliseconds, and no process changes them."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def plain(mapping: Mapping[str, Any], name: str, *, short_arrays: bool = False) -> dict[str, Any]:
    """Return a deep copy made of None, booleans, numbers, text, lists and dicts.

    Parameters
    ----------
    mapping : dict
    name : str
        What it is, for messages.
    short_arrays : bool
        Whether long arrays become their shape, dtype and fingerprint.

    Raises
    ------
    TypeError
        For a value that cannot be described.

    Examples
    --------
    >>> plain({"a": (1, np.float64(2.0))}, "settings")
    {'a': [1, 2.0]}
    """
    if not isinstance(mapping, Mapping):
        raise TypeError(f"{name} is a {type(mapping).__name__}; a dict is needed.")
    return {str(key): _plain(value, f"{name}[{key!r}]", short_arrays) for key, value in mapping.items()}


def _plain(value: Any, name: str, short_arrays: bool) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.datetime64 | np.timedelta64):
        return str(value)  # as a Python object nanoseconds would be a bare number
    if isinstance(value, np.generic):
        return _plain(value.item(), name, short_arrays)
    if isinstance(value, Mapping):
        return plain(value, name, short_arrays=short_arrays)
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [_plain(item, f"{name}[{index}]", short_arrays) for index, item in enumerate(items)]
    if isinstance(value, enum.Enum):
        return _plain(value.value, name, short_arrays)
    if isinstance(value, int | float | str):  # subclasses; JSON knows the plain kinds only
        return next(kind(value) for kind in (int, float, str) if isinstance(value, kind))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return str(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, slice):
        return str(value)
    return _described(value, name, short_arrays)


def _described(value: Any, name: str, short_arrays: bool) -> Any:
    own = getattr(value, "fingerprint", None)
    if own is not None:
        return {"type": type(value).__name__, "fingerprint": str(own() if callable(own) else own)}
    if hasattr(value, "__array__") or isinstance(value, np.ndarray):
        array = np.asarray(value)
        if short_arrays and array.size > _LONGEST_LIST:
            return {"shape": list(array.shape), "dtype": str(array.dtype), "fingerprint": fingerprint(array)}
        return _plain((array.astype(str) if array.dtype.kind in "mM" else array).tolist(), name, short_arrays)
    if callable(value):
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__name__)}"
    raise TypeError(f"{name} is a {type(value).__name__}; numbers, text, arrays, lists or dicts are needed.")
