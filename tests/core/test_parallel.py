"""However units are run, values, order, warnings and errors are the same."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from neurogeom._core.parallel import resolve_n_jobs, run_units, single_threaded_blas
from neurogeom._core.random import generator
from neurogeom._core.warnings import ConvergenceWarning, collect, warn

posix = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
WAYS: list[dict[str, Any]] = [{"n_jobs": 1}, {"n_jobs": 3}, {"n_jobs": 2, "mode": "processes"}]


def draw(seed: int, unit: int) -> np.ndarray:
    values = generator(seed, unit).normal(size=(30, 30))
    return values @ values.T


def warning_unit(unit: int) -> int:
    if unit % 2:
        warn(f"unit {unit} is odd", ConvergenceWarning)
    return unit


def failing_unit(unit: int) -> int:
    if unit == 3:
        raise ValueError("unit 3 has no answer")
    return unit


def ending_unit(unit: int) -> int:
    os._exit(3)


def blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_values_are_the_same_to_the_last_bit_in_the_units_order(way: dict) -> None:
    units = [(5, unit) for unit in range(6)]
    expected = [draw(*unit) for unit in units]
    found = run_units(draw, units, **way)
    with single_threaded_blas():
        expected = [draw(*unit) for unit in units]
    for one, other in zip(found, expected, strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_warnings_come_in_order_at_the_callers_line(way: dict) -> None:
    with warnings.catch_warnings(record=True) as shown, collect() as notes:
        warnings.simplefilter("always")
        run_units(warning_unit, [(unit,) for unit in range(4)], **way)
    assert notes == ["unit 1 is odd", "unit 3 is odd"]
    assert [str(warning.message) for warning in shown] == notes
    assert {warning.filename for warning in shown} == {__file__}


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_the_error_of_a_unit_is_raised_as_it_was(way: dict) -> None:
    with pytest.raises(ValueError, match="unit 3 has no answer"):
        run_units(failing_unit, [(unit,) for unit in range(6)], **way)


def test_after_an_error_units_that_have_not_started_never_do() -> None:
    started = []
    release = threading.Event()

    def unit(number: int) -> None:
        started.append(number)
        if number == 0:
            raise RuntimeError("stop")
        release.wait(20)

    try:
        with pytest.raises(RuntimeError, match="stop"):
            run_units(unit, [(number,) for number in range(100)], n_jobs=2)
    finally:
        release.set()
    assert len(started) <= 3


def test_no_units_give_no_values() -> None:
    assert run_units(draw, [], n_jobs=2) == []
    assert run_units(draw, [], n_jobs=2, mode="processes") == []


def test_a_runner_gets_the_units_and_its_values_are_returned() -> None:
    seen = []

    def runner(function: Any, units: Any) -> list[Any]:
        seen.append(len(units))
        return [function(*unit) for unit in units]

    assert run_units(pow, [(2, 3), (3, 2)], runner=runner) == [8, 9]
    assert seen == [2]


def test_a_function_that_cannot_be_sent_is_refused_with_the_way_out() -> None:
    with pytest.raises(TypeError, match="top of a module, or use mode='threads'"):
        run_units(lambda unit: unit, [(1,), (2,)], n_jobs=2, mode="processes")


def test_a_worker_that_dies_is_said() -> None:
    with pytest.raises(RuntimeError, match="worker process ended before its unit was done"):
        run_units(ending_unit, [(1,), (2,)], n_jobs=2, mode="processes")


@pytest.mark.parametrize("way", WAYS[:2], ids=str)
def test_blas_has_one_thread_inside_and_its_own_number_afterwards(way: dict) -> None:
    before = blas_threads()
    inside = run_units(blas_threads, [()] * 4, **way)
    assert all(set(threads) <= {1} for threads in inside)
    assert blas_threads() == before


def test_blas_is_restored_after_an_error_and_when_calls_are_nested() -> None:
    before = blas_threads()
    with pytest.raises(ValueError, match="unit 3"):
        run_units(failing_unit, [(unit,) for unit in range(6)], n_jobs=2)

    def outer(unit: int) -> int:
        return sum(run_units(pow, [(unit, 2), (unit, 3)], n_jobs=2))

    assert run_units(outer, [(2,), (3,)], n_jobs=2) == [12, 36]
    assert blas_threads() == before


def test_threads_see_the_callers_numpy_error_state() -> None:
    def divide(value: float) -> float:
        return float(np.float64(value) / np.float64(0.0))

    for n_jobs in (1, 2):
        with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
            run_units(divide, [(1.0,), (2.0,)], n_jobs=n_jobs)


@pytest.mark.parametrize("n_jobs", [0, -2, 10**9])
def test_a_senseless_number_of_workers_is_refused(n_jobs: int) -> None:
    with pytest.raises(ValueError, match="n_jobs"):
        resolve_n_jobs(n_jobs)


@pytest.mark.parametrize("n_jobs", [True, 1.5, "2"])
def test_workers_are_counted_in_whole_numbers(n_jobs: object) -> None:
    with pytest.raises(TypeError, match="n_jobs"):
        resolve_n_jobs(n_jobs)  # type: ignore[arg-type]


def test_an_unknown_mode_is_guessed() -> None:
    with pytest.raises(ValueError, match="Did you mean 'threads'"):
        run_units(pow, [(1, 2)], mode="thread")


SCRIPT = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background inherits that it is ignored
from neurogeom._core.parallel import run_units

def say(text):
    os.write(1, (text + "\\n").encode())  # in one piece: print would mix the lines of two threads

def unit(number):
    say(f"worker {os.getpid()}")
    time.sleep(4)

if __name__ == "__main__":
    say(f"parent {os.getpid()}")
    try:
        run_units(unit, [(number,) for number in range(500)], n_jobs=2, mode=sys.argv[1])
    except KeyboardInterrupt:
        say("interrupted")
"""


@pytest.fixture
def long_run(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen]]:
    """Starts a run of over 15 minutes; whatever is left of it is killed at the end."""
    (tmp_path / "script.py").write_text(SCRIPT)
    started = []

    def start(mode: str) -> subprocess.Popen:
        started.append(
            subprocess.Popen(
                [sys.executable, str(tmp_path / "script.py"), mode],
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,  # a process group of its own, that can be killed as a whole
            )
        )
        return started[-1]

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def line(process: subprocess.Popen, start: str) -> str:
    """The next line that starts so."""
    for text in process.stdout:
        if text.startswith(start):
            return text
    raise AssertionError(f"the run ended without a line {start!r}")


def check_gone(number: int) -> None:
    """Wait until a process has ended (a worker has no parent left that could be asked)."""
    for _ in range(1200):
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        time.sleep(0.05)
    raise AssertionError(f"process {number} is still there")


@posix
@pytest.mark.parametrize("mode", ["threads", "processes"])
def test_ctrl_c_ends_a_run_whose_units_would_go_on(mode: str, long_run: Callable) -> None:
    process = long_run(mode)
    line(process, "worker")
    process.send_signal(signal.SIGINT)
    line(process, "interrupted")
    assert process.wait() == 0


@posix
def test_ctrl_c_while_workers_are_started_ends_the_run_too(long_run: Callable) -> None:
    """The signal may come at any moment of the start, when the pool does not know its workers yet."""
    for delay in (0.0, 0.02, 0.1, 0.3):
        process = long_run("processes")
        line(process, "parent")
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        assert process.wait() in (0, 1, -signal.SIGINT)  # 1: the signal came before the run began


@posix
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_workers_end_when_their_parent_is_killed(long_run: Callable) -> None:
    process = long_run("processes")
    worker = int(line(process, "worker").split()[1])
    process.kill()
    process.wait()
    check_gone(worker)
