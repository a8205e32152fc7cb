"""A process may be killed at any moment: the old file stays whole, and a second run finds nothing in its way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neurogeom.io import UnitStore
from neurogeom.results import Result, load

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")

# Each script stops itself at one system call of the write, so that the kill comes exactly there and not by luck.
STOP_AT = {
    "while the content is written": "open",
    "before the content is on the disk": "fsync",
    "before the new name is given": "replace",
}


def killed(script: str, signal_number: int = signal.SIGKILL) -> None:
    """Run a script until it says it is there, and kill it."""
    # a test run in the background inherits that Ctrl-C is ignored
    script = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n" + textwrap.dedent(script)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        process.send_signal(signal_number)
        process.wait(60)
    finally:
        process.kill()
        process.communicate()


HALT_IN_WRITE = """
import builtins
real = builtins.open

def there(name, mode="r", *rest, **options):
    file = real(name, mode, *rest, **options)
    if ".partial" in str(name) and "w" in mode:
        file.write(b"half")
        file.flush()
        print("there", flush=True)
        time.sleep(1000)
    return file

builtins.open = there
"""

HALT_IN_CALL = """
import os

def there(*rest):
    print("there", flush=True)
    time.sleep(1000)

os.{call} = there
"""


def halting(call: str, then: str) -> str:
    """A script that runs `then` and halts for ever at a call of the first file it writes."""
    imports = (
        "import time\nimport xarray as xr\nfrom neurogeom.io import UnitStore\nfrom neurogeom.results import Result\n"
    )
    return imports + (HALT_IN_WRITE if call == "open" else HALT_IN_CALL.format(call=call)) + then


def new_result(value: float) -> Result:
    return Result(xr.Dataset({"capacity": value, "x": ("d", np.arange(1000.0))}))


@pytest.mark.parametrize(
    ("moment", "signal_number"),
    [
        *((moment, signal.SIGKILL) for moment in STOP_AT),
        *((list(STOP_AT)[1], s) for s in (signal.SIGTERM, signal.SIGINT)),
    ],
)
def test_a_killed_save_leaves_the_old_result_whole(tmp_path: Path, moment: str, signal_number: int) -> None:
    path = tmp_path / "a.nc"
    new_result(1.0).save(path)
    before = path.read_bytes()
    killed(halting(STOP_AT[moment], f"Result(xr.Dataset({{'capacity': 2.0}})).save({str(path)!r})"), signal_number)
    assert path.read_bytes() == before
    assert load(path).capacity == 1.0
    visible = [name for name in os.listdir(tmp_path) if not name.startswith(".")]
    assert visible == ["a.nc"]


@pytest.mark.parametrize("moment", STOP_AT)
def test_the_next_save_works_and_sweeps_what_was_left(tmp_path: Path, moment: str) -> None:
    path = tmp_path / "a.nc"
    killed(halting(STOP_AT[moment], f"Result(xr.Dataset({{'capacity': 2.0}})).save({str(path)!r})"))
    assert not path.exists()
    assert any(".partial" in name for name in os.listdir(tmp_path))
    new_result(3.0).save(path)
    assert load(path).capacity == 3.0
    assert os.listdir(tmp_path) == ["a.nc"]


@pytest.mark.parametrize("moment", STOP_AT)
def test_a_killed_run_resumes_with_what_was_done(tmp_path: Path, moment: str) -> None:
    folder = tmp_path / "units"
    store = UnitStore(folder, "run")
    store.save("first", xr.Dataset({"x": 1.0}))
    then = f"UnitStore({str(folder)!r}, 'run').save('second', xr.Dataset({{'x': 2.0}}))"
    killed(halting(STOP_AT[moment], then))
    again = UnitStore(folder, "run")
    assert again.keys() == ["first"]
    assert not again.done("second")
    again.save("second", xr.Dataset({"x": 2.0}))
    assert sorted(again.keys()) == ["first", "second"]
    assert not [name for name in os.listdir(folder) if ".partial" in name]


def test_a_run_killed_between_file_and_marker_does_the_unit_again(tmp_path: Path) -> None:
    folder = tmp_path / "units"
    UnitStore(folder, "run")
    script = f"""
        import time
        import xarray as xr
        from neurogeom.io import UnitStore, store

        def there(*rest):
            print("there", flush=True)
            time.sleep(1000)

        store.write_text = there
        UnitStore({str(folder)!r}, "run").save("a", xr.Dataset({{"x": 1.0}}))
    """
    killed(script)
    store = UnitStore(folder, "run")
    assert not store.done("a")
    store.save("a", xr.Dataset({"x": 2.0}))
    assert float(store.load("a")["/"]["x"]) == 2.0


def test_a_store_killed_while_it_is_claimed_can_be_claimed_again(tmp_path: Path) -> None:
    folder = tmp_path / "units"
    script = f"""
        import os, time
        from neurogeom.io import UnitStore

        def there(*rest):
            print("there", flush=True)
            time.sleep(1000)

        os.link = there
        UnitStore({str(folder)!r}, "run")
    """
    killed(script)
    assert not UnitStore(folder, "other run").done("a")
