"""Several processes write to one store; the disk is full, the folder read-only: all or nothing, and said."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neurogeom.io import UnitStore, write_bytes
from neurogeom.results import Result, load

pytestmark = pytest.mark.skipif(os.name == "nt", reason="uses POSIX limits and permissions")


def start(script: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stderr=subprocess.PIPE, text=True)


def test_two_writers_of_one_store_lose_nothing(tmp_path: Path) -> None:
    """Both claim the folder, write the same keys and their own, and every unit can be read at the end."""
    script = """
        import numpy as np, xarray as xr
        from neurogeom.io import UnitStore
        store = UnitStore({folder!r}, "run")
        for key in range(12):
            if key % 3 == {own} or key % 3 == 2:
                store.save(("layer", key), xr.Dataset({{"x": ("d", np.full(2000, float(key)))}}))
                assert store.done(("layer", key))
                store.load(("layer", key))
    """
    writers = [start(script.format(folder=str(tmp_path / "units"), own=own)) for own in (0, 1)]
    for writer in writers:
        _, errors = writer.communicate()
        assert writer.returncode == 0, errors
    store = UnitStore(tmp_path / "units", "run")
    assert sorted(store.keys()) == [("layer", key) for key in range(12)]
    for key in range(12):
        np.testing.assert_array_equal(store.load(("layer", key))["/"]["x"], np.full(2000, float(key)))
    assert not [name for name in os.listdir(tmp_path / "units") if "partial" in name]


def test_of_two_runs_that_claim_one_folder_at_once_one_wins(tmp_path: Path) -> None:
    script = """
        import time
        from neurogeom.io import UnitStore
        try:
            UnitStore({folder!r}, {run!r})
        except ValueError as error:
            assert "another run" in str(error), error
            raise SystemExit(7)
        time.sleep(5)  # a run that has ended before its first unit may be replaced
    """
    writers = [start(script.format(folder=str(tmp_path / "units"), run=f"run-{index}")) for index in range(3)]
    ends = []
    for writer in writers:
        _, errors = writer.communicate()
        ends.append(writer.returncode)
        assert writer.returncode in (0, 7), errors
    assert sorted(ends) == [0, 7, 7]


def test_a_full_disk_keeps_the_old_result_and_is_said(tmp_path: Path) -> None:
    """A limit on file size stands for the full disk: the write fails in the middle of the content."""
    path = tmp_path / "a.nc"
    Result(xr.Dataset({"capacity": 1.0})).save(path)
    script = f"""
        import resource, numpy as np, xarray as xr
        from neurogeom.results import Result
        result = Result(xr.Dataset({{"capacity": 2.0, "x": ("d", np.random.default_rng(0).normal(size=200_000))}}))
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            result.save({str(path)!r})
        except OSError as error:
            assert "nothing was changed" in str(error), error
            raise SystemExit(7)
    """
    writer = start(script)
    _, errors = writer.communicate()
    assert writer.returncode == 7, errors
    assert load(path).capacity == 1.0
    assert os.listdir(tmp_path) == ["a.nc"]


def test_a_folder_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "read_only"
    folder.mkdir()
    folder.chmod(0o500)
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("this user may write everywhere (root), so permissions cannot be tested")
        with pytest.raises(PermissionError, match="Choose a folder that you may write to"):
            Result(xr.Dataset({"x": 1.0})).save(folder / "a.nc")
        with pytest.raises(PermissionError):
            UnitStore(folder / "units", "run")
    finally:
        folder.chmod(0o700)


def test_a_file_system_that_is_read_only_is_said() -> None:
    target = Path("/proc/neurogeom.nc")
    if not target.parent.is_dir():
        pytest.skip("no folder here that nobody may write to")
    with pytest.raises(OSError, match="nothing was changed"):
        write_bytes(target, b"x")


def test_a_missing_folder_is_said_before_anything_is_computed_away(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="create it before writing a.nc"):
        Result(xr.Dataset({"x": 1.0})).save(tmp_path / "missing" / "a.nc")
