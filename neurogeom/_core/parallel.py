"""Units of work run one by one, in threads or in processes: the numbers are the same."""

from __future__ import annotations

import contextvars
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing.reduction import ForkingPickler
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

from neurogeom._core.progress import progress as _progress
from neurogeom._core.validation import check_count, check_option
from neurogeom._core.warnings import Deferred, defer, warn

Value = TypeVar("Value")
_MOST_WORKERS = 4096  # beyond any machine; what each worker needs would else be blamed on the data


class Runner(Protocol):
    """What a cluster hands in: runs ``function(*unit)`` for each unit and returns the values in the units' order."""

    def __call__(self, function: Callable[..., Any], units: Sequence[tuple]) -> list[Any]:
        """Run all units."""


def resolve_n_jobs(n_jobs: int | None) -> int:
    """Return the number of workers: all cores this process may use for None or -1.

    Parameters
    ----------
    n_jobs : int or None

    Returns
    -------
    int

    Raises
    ------
    TypeError, ValueError
        If it is not a whole number, or is 0, below -1 or above 4096.

    Examples
    --------
    >>> resolve_n_jobs(2)
    2
    >>> resolve_n_jobs(None) >= 1
    True
    """
    if n_jobs is None or (n_jobs == -1 and not isinstance(n_jobs, bool)):
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    count = check_count("n_jobs", n_jobs, minimum=1)
    if count > _MOST_WORKERS:
        raise ValueError(
            f"n_jobs={count} is more than {_MOST_WORKERS} workers. Give the number of cores to use, or None for all."
        )
    return count


def run_units(
    function: Callable[..., Value],
    units: Sequence[tuple],
    *,
    n_jobs: int | None = None,
    progress: bool | str = False,
    mode: str = "threads",
    runner: Runner | None = None,
) -> list[Value]:
    """Run ``function(*unit)`` for every unit and return the values in the units' order.

    The values do not depend on `n_jobs`: units are cut by the caller, each draws from its own generator, and BLAS is
    held to one thread throughout. Warnings of the units are issued here, in the units' order. The first error, or
    Ctrl-C, cancels what has not started and is raised at once.

    Parameters
    ----------
    function : callable
        Runs one unit. For ``mode="processes"`` it must be importable (defined at the top of a module).
    units : sequence of tuple
        The arguments of each call.
    n_jobs : int or None
        Workers; all cores for None. 1 runs in this thread.
    progress : bool or str
        Whether to show a bar; a text is its description.
    mode : {"threads", "processes"}
        Threads suit numpy and compiled kernels, which release the interpreter; processes are spawned.
    runner : Runner, optional
        Runs the units elsewhere, e.g. on a cluster.

    Returns
    -------
    list
        One value for each unit.

    Raises
    ------
    TypeError, ValueError
        For a wrong `n_jobs` or `mode`; and whatever `function` raises.

    Examples
    --------
    >>> run_units(pow, [(2, 3), (3, 2)], n_jobs=2)
    [8, 9]
    """
    check_option("mode", mode, ("threads", "processes"))
    n_workers = min(resolve_n_jobs(n_jobs), max(len(units), 1))
    calls = [(function, tuple(unit)) for unit in units]
    if runner is not None:
        outcomes = list(runner(_run_one, calls))
    elif n_workers == 1:
        outcomes = _run_serially(calls, progress)
    elif mode == "threads":
        outcomes = _run_in_threads(calls, n_workers, progress)
    else:
        outcomes = _run_in_processes(calls, n_workers, progress)
    for message, category in dict.fromkeys(note for _, notes in outcomes for note in notes):
        warn(message, category)
    return [value for value, _ in outcomes]


def _run_one(function: Callable[..., Value], unit: tuple) -> tuple[Value, Deferred]:
    with defer() as notes:
        value = function(*unit)
    return value, notes


def _run_serially(calls: Sequence[tuple], progress: bool | str) -> list[tuple[Any, Deferred]]:
    with single_threaded_blas():
        steps = _progress(calls, total=len(calls), description=_description(progress), enabled=bool(progress))
        return [contextvars.copy_context().run(_run_one, *call) for call in steps]


def _run_in_threads(calls: Sequence[tuple], n_workers: int, progress: bool | str) -> list[tuple[Any, Deferred]]:
    with single_threaded_blas():
        # each unit sees the caller's context (numpy's error state among others), like a plain call would
        return _gather(
            [partial(contextvars.copy_context().run, _run_one, *call) for call in calls], n_workers, progress
        )


def _run_in_processes(calls: Sequence[tuple], n_workers: int, progress: bool | str) -> list[tuple[Any, Deferred]]:
    _check_sendable(*calls[0])
    older = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(n_workers, multiprocessing.get_context("spawn"), initializer=_prepare_process)

    def send(function: Callable[..., Any], unit: tuple) -> tuple[Any, Deferred]:
        return executor.submit(_run_one, function, unit).result()

    try:
        outcomes = _gather([partial(send, *call) for call in calls], n_workers, progress)
    except BaseException as error:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - older:
            process.terminate()  # their units are of no use to anyone
        if not isinstance(error, BrokenProcessPool):
            raise
        raise RuntimeError(
            "A worker process ended before its unit was done: it was killed (memory?), or the calling script has no "
            "`if __name__ == '__main__':` guard. Use fewer workers (n_jobs), or mode='threads'."
        ) from error
    executor.shutdown()
    return outcomes


def _check_sendable(function: Callable[..., Any], unit: tuple) -> None:
    """Refuse what cannot be sent to another process, by trying the first call."""
    try:
        ForkingPickler.dumps((function, unit))
    except Exception as error:  # whatever the arguments' own methods raise
        name = getattr(function, "__qualname__", repr(function))
        raise TypeError(
            f"mode='processes' cannot send {name} or its arguments to a worker: {error}. "
            "Define the function at the top of a module, or use mode='threads'."
        ) from error


def _gather(steps: Sequence[Callable[[], Value]], n_workers: int, progress: bool | str) -> list[Value]:
    """Take the steps in threads; the first failure ends the others after the step they are in.

    Ctrl-C reaches this thread at any moment, also inside the locks of `concurrent.futures`, which it then leaves
    locked. So this thread takes no lock: it waits on a queue that is one operation, and the workers do the rest.
    """
    pending: SimpleQueue[tuple[int, Callable[[], Value]] | None] = SimpleQueue()
    finished: SimpleQueue[tuple[int, Value | None, BaseException | None]] = SimpleQueue()
    stopped: list[bool] = []

    def work() -> None:
        while (item := pending.get()) is not None and not stopped:
            index, step = item
            try:
                finished.put((index, step(), None))
            except BaseException as error:  # handed to the caller, whatever it is
                finished.put((index, None, error))

    for item in (*enumerate(steps), *[None] * n_workers):
        pending.put(item)
    values: dict[int, Any] = {}
    try:
        for number in range(n_workers):
            threading.Thread(target=work, name=f"neurogeom-{number}").start()
        for _ in _progress(range(len(steps)), description=_description(progress), enabled=bool(progress)):
            index, values[index], error = finished.get()
            if error is not None:
                raise error
    except BaseException:
        stopped.append(True)
        raise
    return [values[index] for index in range(len(steps))]


def _description(progress: bool | str) -> str:
    return progress if isinstance(progress, str) else ""


def _prepare_process() -> None:
    """Set up a worker process: one BLAS thread, Ctrl-C left to the parent, and an end when the parent is gone."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import numpy  # noqa: F401  (the limit reaches only libraries that are loaded)
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")


def _end_with_parent() -> None:
    """Wait for the parent's end: after ``kill -9`` nobody else would tell its workers."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class _BlasHold:
    """Counts who needs one BLAS thread: the limit is one per process, so the last to leave lifts it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.n_users = 0
        self.limits: Any = None
        self.n_modules = 0
        self.controller: Any = None

    def limit(self) -> Any:
        """Set the limit. Finding the libraries takes a millisecond, so it is done again only after an import."""
        from threadpoolctl import ThreadpoolController

        if self.n_modules != len(sys.modules):
            self.controller = ThreadpoolController()
            self.n_modules = len(sys.modules)
        return self.controller.limit(limits=1, user_api="blas")


_BLAS_HOLD = _BlasHold()


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Hold BLAS to one thread inside the block; blocks may be nested and may overlap between threads.

    Examples
    --------
    >>> with single_threaded_blas():
    ...     pass
    """
    with _BLAS_HOLD.lock:
        if _BLAS_HOLD.n_users == 0:
            _BLAS_HOLD.limits = _BLAS_HOLD.limit()
        _BLAS_HOLD.n_users += 1
    try:
        yield
    finally:
        with _BLAS_HOLD.lock:
            _BLAS_HOLD.n_users -= 1
            if _BLAS_HOLD.n_users == 0:
                _BLAS_HOLD.limits.restore_original_limits()
                _BLAS_HOLD.limits = None
