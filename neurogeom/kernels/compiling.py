"""Compiling the loops of the ``cpu`` back end, with a disk cache in a folder of our own."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba

from neurogeom._core.folders import code_folder

# Sums may be reordered, which lets them use vector units. NaN and infinity keep their meaning, and the
# order chosen by the compiler is fixed, so results stay the same on one type of CPU.
FAST = {"reassoc", "contract", "nsz", "arcp"}
OPTIONS = {"nogil": True, "fastmath": FAST, "boundscheck": False, "error_model": "numpy"}
# What only other loops call needs no way in from Python, which would take as long to compile.
PART = {**OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

_lock = threading.Lock()


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a loop without the interpreter lock and cache its machine code on disk."""
    # numba chooses the folder while it decorates; its setting is put back at once, so that nobody
    # else's functions move.
    with _lock:
        previous = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(machine_code_folder())
        try:
            return numba.njit(cache=True, **OPTIONS)(function)
        finally:
            numba.config.CACHE_DIR = previous


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a small helper that only other loops call; it becomes part of its callers."""
    return numba.njit(**PART, inline="always")(function)


def helper(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `inlined`, but the compiler may keep it as a function of its own."""
    return numba.njit(**PART)(function)


@lru_cache(maxsize=1)
def machine_code_folder() -> Path:
    """Folder of the compiled loops of this very source: an edit or an upgrade starts a new one."""
    digest = hashlib.sha256(numba.__version__.encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return code_folder() / f"loops-{digest.hexdigest()[:16]}"
