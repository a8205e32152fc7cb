"""A folder of finished units: a long run resumes where it stopped."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from neurogeom._core.warnings import warn
from neurogeom.io.atomic import _alive, _machine, write_text
from neurogeom.io.netcdf import read_groups, write_groups

_FORMAT = 1
_HEAD = "store.json"

# How files are read back; results.py, which lies above this room, adds its own reader.
_READERS: dict[str, Callable[[Path], Any]] = {"groups": lambda path: read_groups(path)[0]}


def register_reader(name: str, reader: Callable[[Path], Any]) -> None:
    """Say how units saved as `name` are read back."""
    _READERS[name] = reader


class UnitStore:
    """A folder with one netCDF file and one marker for each finished unit of a run.

    A unit is done when its marker is there, which is written after its file got its name; so a killed run leaves no
    unit that looks done and is not. Several processes may write to one store. A store in which nothing is done, as a
    run leaves that failed at once, is taken over by the next run once that one has ended.

    Parameters
    ----------
    folder : path
        Made if missing.
    fingerprint : str
        Of everything the units depend on (data, arguments, seed; see :func:`neurogeom.io.fingerprint`).

    Raises
    ------
    ValueError
        If the folder holds units of another fingerprint, or other files.

    Examples
    --------
    >>> import tempfile
    >>> store = UnitStore(Path(tempfile.mkdtemp()), "abc")
    >>> store.done("conv1")
    False
    >>> store.save("conv1", {"/": xr.Dataset({"x": 1.0})})
    >>> store.done("conv1"), float(store.load("conv1")["/"]["x"])
    (True, 1.0)
    """

    def __init__(self, folder: str | os.PathLike[str], fingerprint: str) -> None:
        self.folder = Path(folder)
        self.fingerprint = str(fingerprint)
        if self.folder.exists() and not self.folder.is_dir():
            raise ValueError(f"{self.folder} is a file; a folder for finished units is needed.")
        self.folder.mkdir(parents=True, exist_ok=True)
        head = self.folder / _HEAD
        if not head.exists():
            self._claim(head)
        elif self._held(head) != self.fingerprint and self._abandoned(head):
            write_text(head, self._content())
        self._check(head)

    def done(self, key: Hashable) -> bool:
        """Return whether the unit is finished.

        Parameters
        ----------
        key : str, int or tuple of them

        Returns
        -------
        bool

        Raises
        ------
        TypeError
            For another kind of key.
        """
        stem = _stem(key)
        return (self.folder / f"{stem}.done").exists() and (self.folder / f"{stem}.nc").exists()

    def save(self, key: Hashable, result: Any) -> None:
        """Write a unit and mark it as done; a unit that is already there is replaced.

        Parameters
        ----------
        key : str, int or tuple of them
        result : Result, Dataset or dict of str to Dataset

        Raises
        ------
        TypeError
            For another kind of key or result.
        OSError
            If it cannot be written; then the unit is not done.
        ValueError
            If another run has taken the store over since it was opened.
        """
        stem = _stem(key)
        if (self.folder / _HEAD).exists():
            self._check(self.folder / _HEAD)
        path = self.folder / f"{stem}.nc"
        if isinstance(result, xr.Dataset):
            result = {"/": result}
        if isinstance(result, Mapping):
            reader = "groups"
            write_groups(path, result)
        elif hasattr(result, "save") and hasattr(result, "kind"):
            reader = "result"
            result.save(path)
        else:
            raise TypeError(f"the unit is a {type(result).__name__}; a Result, a Dataset or a dict of them is needed.")
        write_text(self.folder / f"{stem}.done", json.dumps({"key": _listed(key), "reader": reader}))

    def load(self, key: Hashable) -> Any:
        """Read a finished unit.

        Parameters
        ----------
        key : str, int or tuple of them

        Returns
        -------
        Result or dict of str to Dataset
            As it was saved.

        Raises
        ------
        KeyError
            If it is not done.
        ValueError
            If its file is damaged.
        """
        if not self.done(key):
            raise KeyError(f"unit {key!r} is not finished in {self.folder}.")
        stem = _stem(key)
        marker = self.folder / f"{stem}.done"
        return _READERS[_marked(marker)["reader"]](self.folder / f"{stem}.nc")

    def found(self, key: Hashable) -> Any | None:
        """Read a finished unit if it is there and whole; a damaged one is said, and is to be computed again.

        Parameters
        ----------
        key : str, int or tuple of them

        Returns
        -------
        Result, dict of str to Dataset, or None
            None where it is not done or cannot be read; then it is not done any more.

        Warns
        -----
        NeurogeomWarning
            For a damaged unit.
        """
        if not self.done(key):
            return None
        try:
            return self.load(key)
        except ValueError as error:
            warn(f"a finished unit is damaged and is computed again ({' '.join(str(error).split())})")
            (self.folder / f"{_stem(key)}.done").unlink(missing_ok=True)
            return None

    def keys(self) -> list[Hashable]:
        """Return the keys of the finished units, in the order of their file names.

        Returns
        -------
        list
        """
        found = [_marked(path)["key"] for path in sorted(self.folder.glob("*.done"))]
        keys: list[Hashable] = [tuple(key) if isinstance(key, list) else key for key in found]
        return [key for key in keys if self.done(key)]

    def _claim(self, head: Path) -> None:
        """Write the head unless another process was first; linking a complete file under a name is all or nothing."""
        foreign = [name for name in os.listdir(self.folder) if not name.startswith(".") and name != _HEAD]
        if foreign and not head.exists():
            raise ValueError(f"{self.folder} holds other files (first: {foreign[0]!r}); give an empty or new folder.")
        content = self._content()
        temporary = self.folder / f".{_HEAD}.{os.getpid()}-{secrets.token_hex(4)}.partial"
        try:
            temporary.write_text(content, encoding="utf-8")
            try:
                os.link(temporary, head)
            except FileExistsError:
                pass
            except OSError:  # a file system without links: the last writer wins, and `_check` compares
                write_text(head, content)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def _content(self) -> str:
        owner = f"{_machine()}-{os.getpid()}"
        return json.dumps({"format": _FORMAT, "fingerprint": self.fingerprint, "owner": owner})

    def _abandoned(self, head: Path) -> bool:
        """Whether nothing is done and the run that claimed the store has ended, or was one of this process."""
        if any(self.folder.glob("*.done")):
            return False
        machine, _, process = str(json.loads(head.read_text(encoding="utf-8")).get("owner", "")).rpartition("-")
        return machine == _machine() and (process == str(os.getpid()) or not _alive(process))

    def _held(self, head: Path) -> str:
        """The fingerprint that a head names."""
        try:
            content = json.loads(head.read_text(encoding="utf-8"))
            held, version = content["fingerprint"], content["format"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{head} is not the head of a store of units. Give an empty or new folder.") from error
        if version != _FORMAT:
            raise ValueError(f"{self.folder} was written in format {version}; this version reads {_FORMAT}.")
        return str(held)

    def _check(self, head: Path) -> None:
        held = self._held(head)
        if held != self.fingerprint:
            raise ValueError(
                f"{self.folder} holds units of another run (fingerprint {held[:8]}…, this run is "
                f"{self.fingerprint[:8]}…): data, arguments or seed differ. Give a new folder, or delete this one."
            )


def _marked(marker: Path) -> dict[str, Any]:
    """What a marker says, once it is known to be one."""
    try:
        content = json.loads(marker.read_text(encoding="utf-8"))
        if content["reader"] in _READERS and isinstance(content["key"], str | int | list):
            return content
    except (ValueError, KeyError, TypeError):
        pass
    raise ValueError(f"{marker} is a damaged marker. Delete it, and the unit is computed again.")


def _listed(key: Hashable) -> Any:
    return list(key) if isinstance(key, tuple) else key


def _stem(key: Hashable) -> str:
    """A file name for a key: readable, safe on every system, different for different keys."""
    parts = key if isinstance(key, tuple) else (key,)
    if not parts or not all(isinstance(part, str | int) and not isinstance(part, bool) for part in parts):
        raise TypeError(f"key {key!r} cannot name a unit; text, a whole number or a tuple of them is needed.")
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "_", "-".join(map(str, parts))).strip("._-")[:60]
    tag = hashlib.blake2b(json.dumps(_listed(key)).encode(), digest_size=5).hexdigest()
    return f"{readable}-{tag}" if readable else tag
