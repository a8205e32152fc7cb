"""One writer at a time in a folder."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurogeom.io.atomic import _alive, _machine

LOCK = "writer.lock"


class LockedError(OSError):
    """Another process writes here."""


@contextmanager
def writer_lock(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Hold a folder for writing; a lock left by a process of this machine that is gone is taken over.

    Parameters
    ----------
    folder : path
        Must exist.

    Yields
    ------
    pathlib.Path
        The lock file, removed on leaving.

    Raises
    ------
    LockedError
        Where another process holds it, or one on another machine that cannot be asked.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with writer_lock(folder) as lock:
    ...     lock.exists()
    True
    >>> lock.exists()
    False
    """
    path = Path(folder) / LOCK
    content = {"process": os.getpid(), "host": socket.gethostname(), "machine": _machine()}
    for attempt in range(2):
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
            break
        except FileExistsError:
            if attempt == 0 and _is_left_over(path):
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()
                continue
            raise LockedError(_who(path)) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file)
        yield path
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def _read(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_left_over(path: Path) -> bool:
    """True where the holder ran on this machine and is gone."""
    held = _read(path)
    return held.get("machine") == _machine() and not _alive(str(held.get("process", "")))


def _who(path: Path) -> str:
    held = _read(path)
    process, host = held.get("process", "?"), held.get("host", "an unknown host")
    return (
        f"process {process} on host {host} writes to {path.parent}. Wait for it, or give another folder; if it is "
        f"dead, remove {path}."
    )
