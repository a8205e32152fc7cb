"""Fixtures and guards that every room's tests share."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# no test opens a window, and numbers do not depend on how many cores BLAS finds
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
NEAR = ("127.0.0.1", "::1", "localhost", "0.0.0.0")

# the same examples on every machine and run; no deadline, since other processes share the cores
settings.register_profile(
    "neurogeom",
    deadline=None,
    derandomize=True,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("neurogeom")


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(20240917)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of real recordings: ``NEUROGEOM_DATA``, else ``../shared/data``; the test is skipped without it."""
    given = os.environ.get("NEUROGEOM_DATA")
    folder = Path(given).expanduser() if given else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data: set NEUROGEOM_DATA to their folder ({folder} does not exist)")
    return folder


@pytest.fixture(scope="session")
def values_dir() -> Path:
    """Folder of stored values that are part of the repository."""
    return ROOT / "tests" / "data" / "values"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections beyond this machine (a notebook's kernel answers on the loopback)."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in NEAR:
            raise AssertionError(f"a test tried to reach {address[0]}; tests use no network")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def global_state_is_kept() -> Iterator[None]:
    """Fail a test after which numpy, torch, numba or matplotlib behave differently for everyone else."""
    before = _global_state()
    yield
    after = _global_state()
    changed = {key: (value, after[key]) for key, value in before.items() if key in after and after[key] != value}
    assert not changed, f"global state was changed (before, after): {changed}"


def _global_state() -> dict[str, Any]:
    state: dict[str, Any] = {
        "numpy errors": np.geterr(),
        "numpy print options": str(np.get_printoptions()),
        "numpy legacy random state": hashlib.sha1(str(np.random.get_state()).encode()).hexdigest(),  # noqa: NPY002
        "folder": os.getcwd(),
    }
    # only what is loaded: a guard must not be what imports torch
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        state["torch dtype"] = torch.get_default_dtype()
        state["torch threads"] = torch.get_num_threads()
        state["torch gradients"] = torch.is_grad_enabled()
        state["torch deterministic"] = torch.are_deterministic_algorithms_enabled()
    # asked before they run, numba's threads start, and set the number of threads of OpenMP, that is of torch
    if getattr(sys.modules.get("numba.np.ufunc.parallel"), "_is_initialized", False):
        state["numba threads"] = sys.modules["numba"].get_num_threads()
    if "matplotlib" in sys.modules and hasattr(sys.modules["matplotlib"], "rcParams"):
        parameters = sys.modules["matplotlib"].rcParams
        state["matplotlib parameters"] = hashlib.sha1(repr(sorted(parameters.items())).encode()).hexdigest()
    return state
