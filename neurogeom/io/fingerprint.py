"""A short text that changes when the content changes: for caches, resumed runs and provenance."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from typing import Any

import numpy as np


def fingerprint(*parts: Any) -> str:
    """Return a 32-character fingerprint of the content of `parts`.

    It depends on values, shapes, kinds of number, names and coordinates; not on the order of a dict's keys, on memory
    layout or byte order, and not on the process or machine.

    Parameters
    ----------
    *parts
        None, booleans, numbers, text, bytes, paths, arrays, xarray and pandas objects, lists, dicts, sets, and
        objects with a ``fingerprint`` (attribute or method), nested as wanted.

    Returns
    -------
    str
        Hexadecimal.

    Raises
    ------
    TypeError
        For anything whose content is not known.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    >>> fingerprint(np.zeros(2)) == fingerprint(np.zeros(2, dtype=int))
    False
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        _feed(digest, part)
    return digest.hexdigest()


def _feed(digest: Any, part: Any) -> None:
    if part is None or isinstance(part, bool | np.bool_):
        _tagged(digest, "constant", str(part).encode())
    elif isinstance(part, int | np.integer):
        _tagged(digest, "int", str(int(part)).encode())
    elif isinstance(part, float | np.floating):
        _tagged(digest, "float", float(part).hex().encode())
    elif isinstance(part, str):
        _tagged(digest, "text", part.encode("utf-8", "surrogatepass"))
    elif isinstance(part, bytes | bytearray | memoryview):
        _tagged(digest, "bytes", bytes(part))
    elif isinstance(part, os.PathLike):
        _tagged(digest, "path", os.fspath(part).encode())
    elif isinstance(part, np.ndarray):
        _feed_array(digest, part)
    elif isinstance(part, Mapping):
        _feed_mapping(digest, part)
    elif isinstance(part, list | tuple):
        _tagged(digest, "sequence", str(len(part)).encode())
        for item in part:
            _feed(digest, item)
    elif isinstance(part, set | frozenset):
        _tagged(digest, "set", "".join(sorted(fingerprint(item) for item in part)).encode())
    else:
        _feed_object(digest, part)


def _tagged(digest: Any, kind: str, content: bytes) -> None:
    # the length keeps neighbors apart: ("ab", "c") and ("a", "bc") differ
    digest.update(f"{kind}:{len(content)}:".encode())
    digest.update(content)


def _feed_array(digest: Any, array: np.ndarray) -> None:
    if array.dtype.kind in "OT":
        _tagged(digest, "objects", str(array.shape).encode())
        for item in array.ravel():
            _feed(digest, item)
        return
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    _tagged(digest, "array", f"{little.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(little).view(np.uint8).data if array.size else b"")


def _feed_mapping(digest: Any, mapping: Mapping) -> None:
    _tagged(digest, "mapping", str(len(mapping)).encode())
    for key in sorted(mapping, key=lambda key: (type(key).__name__, str(key))):
        _feed(digest, key)
        _feed(digest, mapping[key])


def _feed_object(digest: Any, part: Any) -> None:
    own = getattr(part, "fingerprint", None)
    if own is not None:
        _tagged(digest, type(part).__name__, str(own() if callable(own) else own).encode())
    elif hasattr(part, "data_vars"):
        _tagged(digest, "dataset", b"")
        _feed_mapping(digest, {str(name): part[name] for name in part.variables})
    elif hasattr(part, "dims") and hasattr(part, "coords"):
        _tagged(digest, "labeled", repr((part.dims, part.name)).encode())
        _feed_array(digest, np.asarray(part.values))
        # a coordinate is fed as a plain pair: as a DataArray it would hold itself
        _feed_mapping(digest, {str(name): (value.dims, value.values) for name, value in part.coords.items()})
    elif hasattr(part, "to_numpy") and hasattr(part, "columns"):
        _tagged(digest, "frame", b"")
        _feed(digest, [list(part.columns), *(part[name].to_numpy() for name in part.columns), part.index.to_numpy()])
    elif hasattr(part, "to_numpy"):
        _feed_array(digest, part.to_numpy())
    elif hasattr(part, "__array__"):
        _feed_array(digest, np.asarray(part))
    else:
        raise TypeError(
            f"a {type(part).__name__} has no fingerprint; give its content as arrays, numbers, text, lists or dicts."
        )
