"""Units of work run one by one, in threads or in processes: the numbers are the same."""

from __future__ import annotations

import contextvars
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.reduction import ForkingPickler
from typing import Any, Protocol, TypeVar

from neurogeom._core.progress import progress as _progress
from neurogeom._core.validation import check_count, check_option
from neurogeom._core.warnings import Deferred, defer, warn

Value = TypeVar("Value")


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
        If it is not a whole number, or is 0 or below -1.

    Examples
    --------
    >>> resolve_n_jobs(2)
    2
    >>> resolve_n_jobs(None) >= 1
    True
    """
    if n_jobs is None or (n_jobs == -1 and not isinstance(n_jobs, bool)):
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return check_count("n_jobs", n_jobs, minimum=1)


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
    executor = ThreadPoolExecutor(n_workers, thread_name_prefix="neurogeom")
    with single_threaded_blas():
        # each unit sees the caller's context (numpy's error state among others), like a plain call would
        futures = [executor.submit(contextvars.copy_context().run, _run_one, *call) for call in calls]
        return _gather(executor, futures, progress)


def _run_in_processes(calls: Sequence[tuple], n_workers: int, progress: bool | str) -> list[tuple[Any, Deferred]]:
    _check_sendable(*calls[0])
    executor = ProcessPoolExecutor(n_workers, multiprocessing.get_context("spawn"), initializer=_prepare_process)
    try:
        return _gather(executor, [executor.submit(_run_one, *call) for call in calls], progress)
    except BrokenProcessPool as error:
        raise RuntimeError(
            "A worker process ended before its unit was done: it was killed (memory?), or the calling script has no "
            "`if __name__ == '__main__':` guard. Use fewer workers (n_jobs), or mode='threads'."
        ) from error


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


def _gather(executor: Executor, futures: Sequence[Future], progress: bool | str) -> list[Any]:
    """Wait for all; the first failure cancels the rest and does not wait for what still runs."""
    try:
        steps = _progress(
            _as_they_finish(futures), total=len(futures), description=_description(progress), enabled=bool(progress)
        )
        for _ in steps:
            pass
        results = [future.result() for future in futures]
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in list((getattr(executor, "_processes", None) or {}).values()):
            process.terminate()  # a pool has no public way to do this before Python 3.14
        raise
    executor.shutdown()
    return results


def _as_they_finish(futures: Sequence[Future]) -> Iterator[Future]:
    place = {future: index for index, future in enumerate(futures)}
    pending = set(futures)
    while pending:
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=place.__getitem__):
            error = future.exception()
            if error is not None:
                raise error
            yield future


def _description(progress: bool | str) -> str:
    return progress if isinstance(progress, str) else ""


def _prepare_process() -> None:
    """Hold BLAS to one thread for the life of a worker process."""
    import numpy  # noqa: F401  (the limit reaches only libraries that are loaded)
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")


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
