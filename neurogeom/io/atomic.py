"""A file appears under its name only when it is complete."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it becomes `path`, on any failure it is removed.

    The file is flushed to the disk before it takes the name, so that after a crash, a full disk or ``kill -9`` the
    name holds the old content or the new, never a part. What a killed process left is swept by the next write.

    Parameters
    ----------
    path : path
        The final name; its folder must exist. An existing file is replaced.

    Yields
    ------
    pathlib.Path
        In the same folder and with the same suffix; to be written and closed inside the block.

    Raises
    ------
    FileNotFoundError
        If the folder is missing.
    OSError
        If it cannot be written; the message names the file and says that nothing was changed.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with atomic_path(folder / "a.txt") as temporary:
    ...     _ = temporary.write_text("done")
    >>> (folder / "a.txt").read_text(), len(list(folder.iterdir()))
    ('done', 1)
    """
    target = Path(path)
    _check_folder(target)
    _sweep(target)
    temporary = target.with_name(
        f".{target.name}.{_machine()}-{os.getpid()}-{secrets.token_hex(4)}.partial{target.suffix}"
    )
    try:
        yield temporary
        _flush(temporary)
        os.replace(temporary, target)
        _flush(target.parent)
    except OSError as error:
        raise _explained(error, target) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_bytes(path: str | os.PathLike[str], content: bytes | bytearray | memoryview) -> Path:
    """Write bytes as a whole or not at all.

    Parameters
    ----------
    path : path
    content : bytes

    Returns
    -------
    pathlib.Path

    Raises
    ------
    OSError
        If it cannot be written; an older file stays as it was.

    Examples
    --------
    >>> import tempfile
    >>> write_bytes(Path(tempfile.mkdtemp()) / "a.bin", b"12").read_bytes()
    b'12'
    """
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        file.write(content)
    return Path(path)


def write_text(path: str | os.PathLike[str], content: str) -> Path:
    """Write text in UTF-8 as a whole or not at all.

    Parameters
    ----------
    path : path
    content : str
        Bytes of file names that Python could not decode are written as they are where they are UTF-8, else as �.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    OSError
        If it cannot be written; an older file stays as it was.

    Examples
    --------
    >>> import tempfile
    >>> write_text(Path(tempfile.mkdtemp()) / "a.txt", "α").read_text(encoding="utf-8")
    'α'
    """
    return write_bytes(path, _utf8(content))


def _utf8(text: str) -> bytes:
    """UTF-8 also of text with surrogates, by which Python stands in for bytes of file names in another encoding."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        pass
    try:
        held = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a pair, which stands for no byte
        held = text.encode("utf-8", "replace")
    return held.decode("utf-8", "replace").encode("utf-8")


@contextmanager
def scratch_folder(parent: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a hidden folder inside `parent` for files that are to appear together; it is removed at the end.

    What a killed process left is swept by the next call.

    Parameters
    ----------
    parent : path
        An existing folder.

    Yields
    ------
    pathlib.Path
        On the same file system, so that files are renamed out of it.

    Examples
    --------
    >>> import tempfile
    >>> parent = Path(tempfile.mkdtemp())
    >>> with scratch_folder(parent) as folder:
    ...     _ = write_text(folder / "a.txt", "done")
    ...     _ = os.replace(folder / "a.txt", parent / "a.txt")
    >>> os.listdir(parent)
    ['a.txt']
    """
    prefix = f".scratch.{_machine()}-"
    for name in os.listdir(parent):
        if name.startswith(prefix) and not _alive(name[len(prefix) :].partition("-")[0]):
            shutil.rmtree(Path(parent) / name, ignore_errors=True)
    folder = Path(parent) / f"{prefix}{os.getpid()}-{secrets.token_hex(4)}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check_folder(target: Path) -> None:
    folder = target.parent
    if not folder.exists():
        raise FileNotFoundError(
            errno.ENOENT, f"the folder does not exist; create it before writing {target.name}", str(folder)
        )
    if not folder.is_dir():
        raise NotADirectoryError(
            errno.ENOTDIR, f"is a file, not a folder; {target.name} cannot be written there", str(folder)
        )
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder; give the name of a file", str(target))


def _flush(path: Path) -> None:
    """Push a file, or a folder's list of names, to the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows has no handle on folders
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # some network and container file systems refuse this for folders; the rename is done all the same
        if not (path.is_dir() and error.errno in (errno.EINVAL, errno.ENOTSUP, errno.EBADF)):
            raise
    finally:
        os.close(descriptor)


def _explained(error: OSError, target: Path) -> OSError:
    """The same error with the target's name and what became of it."""
    if error.errno is None:
        return OSError(f"{target} could not be written: {error}. Nothing was changed.")
    reason = error.strerror or str(error)
    advice = {
        errno.ENOSPC: " Free some space, or choose another folder.",
        errno.EDQUOT: " Your quota is used up; choose another folder.",
        errno.EACCES: " Choose a folder that you may write to.",
        errno.EROFS: " The file system is read-only; choose another folder.",
    }.get(error.errno, "")
    return type(error)(error.errno, f"could not be written ({reason}); nothing was changed.{advice}", str(target))


def _machine() -> str:
    """Names this machine and, on Linux, this container: a process number means something only there."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return hashlib.blake2b(f"{socket.gethostname()}|{space}".encode(), digest_size=4).hexdigest()


def _sweep(target: Path) -> None:
    """Remove partial files of `target` whose writer, on this machine, is gone."""
    prefix = f".{target.name}.{_machine()}-"
    with contextlib.suppress(OSError):
        for name in os.listdir(target.parent):
            if name.startswith(prefix) and ".partial" in name and not _alive(name[len(prefix) :].partition("-")[0]):
                os.unlink(target.parent / name)


def _alive(process: str) -> bool:
    if not process.isdigit() or os.name == "nt":
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
