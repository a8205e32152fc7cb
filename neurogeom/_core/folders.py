"""Where the package keeps what it can make or fetch again: downloads and machine code."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

VARIABLE = "NEUROGEOM_CACHE"
"""Environment variable that names the cache folder."""


def cache_folder() -> Path:
    """Return the cache folder: ``NEUROGEOM_CACHE``, or the user's own cache folder. Nothing is created.

    Returns
    -------
    pathlib.Path

    Examples
    --------
    >>> cache_folder().name != ""
    True
    """
    import pooch

    chosen = os.environ.get(VARIABLE)
    return Path(chosen).expanduser() if chosen else Path(pooch.os_cache("neurogeom"))


def code_folder() -> Path:
    """Return a folder for machine code, which is trusted when it is loaded: nobody else can write to it.

    A folder of the cache folder, else (read-only home, or a folder that others can write to) of the temporary folder,
    else a new temporary one.

    Returns
    -------
    pathlib.Path
        It exists.

    Examples
    --------
    >>> code_folder().is_dir()
    True
    """
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    for folder in (cache_folder() / "code", Path(tempfile.gettempdir()) / f"neurogeom-{user}"):
        if _is_private(folder):
            return folder
    return Path(tempfile.mkdtemp(prefix="neurogeom-"))


def _is_private(folder: Path) -> bool:
    """Whether we can create files in the folder and nobody else can put something there or in its place."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        if not hasattr(os, "getuid"):  # Windows keeps such folders in the user's profile
            return True
        own, above = folder.lstat(), folder.parent.stat()
    except (OSError, RuntimeError):
        return False
    is_ours = stat.S_ISDIR(own.st_mode) and own.st_uid == os.getuid() and not own.st_mode & 0o022
    # others may write beside it, as in /tmp, where the sticky bit keeps them from replacing it
    return is_ours and bool(not above.st_mode & 0o002 or above.st_mode & stat.S_ISVTX)
