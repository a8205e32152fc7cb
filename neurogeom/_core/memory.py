"""How much memory is free here, asked before anything large is allocated."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


class NotEnoughMemoryError(ValueError, MemoryError):
    """The computation would need more memory than is free; nothing was allocated."""


def available_bytes() -> int:
    """Return the bytes that can still be allocated: free memory of the machine, or of the container if smaller.

    Returns
    -------
    int
        ``sys.maxsize`` where the system does not say.

    Examples
    --------
    >>> available_bytes() > 0
    True
    """
    known = [value for value in (_free_of_machine(), _free_of_cgroup()) if value is not None]
    return max(min(known), 0) if known else sys.maxsize


def require_memory(n_bytes: float, what: str, remedy: str) -> None:
    """Refuse a computation that would not fit.

    Parameters
    ----------
    n_bytes : float
        Peak need, in bytes.
    what : str
        What needs it, as the start of a sentence: ``"The Gram matrix of 40000 points"``.
    remedy : str
        What to do, a sentence.

    Raises
    ------
    NotEnoughMemoryError
        A ValueError and a MemoryError in one.

    Examples
    --------
    >>> require_memory(8.0, "One number", "Use none.")
    """
    available = available_bytes()
    if n_bytes > available:
        raise NotEnoughMemoryError(
            f"{what} needs {format_bytes(n_bytes)} of memory; {format_bytes(available)} is free. {remedy}"
        )


def format_bytes(n_bytes: float) -> str:
    """Return a size as a person writes it, in powers of 1000.

    Examples
    --------
    >>> format_bytes(12_800_000_000)
    '12.8 GB'
    """
    size = float(n_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _free_of_machine() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:  # no /proc: the machine's whole memory is the best known bound
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _free_of_cgroup(root: Path = _CGROUP) -> int | None:
    """Limit minus use of the container (cgroup version 2, then 1); page cache counts as free."""
    for limit_name, use_name, stat_name, cache_key in (
        ("memory.max", "memory.current", "memory.stat", "inactive_file"),
        (
            "memory/memory.limit_in_bytes",
            "memory/memory.usage_in_bytes",
            "memory/memory.stat",
            "total_inactive_file",
        ),
    ):
        try:
            limit = int((root / limit_name).read_text())
            used = int((root / use_name).read_text())
        except (OSError, ValueError):  # no such version, or the limit is the word "max"
            continue
        return limit - used + _stat_value(root / stat_name, cache_key)
    return None


def _stat_value(path: Path, key: str) -> int:
    try:
        for line in path.read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == key:
                return int(value)
    except (OSError, ValueError):
        pass
    return 0
