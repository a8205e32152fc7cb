"""Warning classes, issued at the user's line and kept for the result."""

from __future__ import annotations

import os
import sys
import warnings as _warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import FrameType

_PACKAGE_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class NeurogeomWarning(UserWarning):
    """Base class of all warnings of this package."""


class SaturationWarning(NeurogeomWarning):
    """A value lies so close to its floor or ceiling that it says little about the data."""


class DegenerateInputWarning(NeurogeomWarning):
    """The input is degenerate (identical points, a zero center); the answer is defined but may surprise."""


class ConvergenceWarning(NeurogeomWarning):
    """A solver or an estimate is less exact than it should be."""


class UnevenSizesWarning(NeurogeomWarning):
    """Manifolds have different numbers of points, which makes their values hard to compare."""


class LayoutWarning(NeurogeomWarning):
    """The array looks transposed."""


@dataclass
class _Collector:
    notes: list[str] = field(default_factory=list)


Deferred = list[tuple[str, type[Warning]]]

# Both are context variables, not globals: two threads or two async tasks never see each other's notes.
_collectors: ContextVar[tuple[_Collector, ...]] = ContextVar("neurogeom_collectors", default=())
_deferred: ContextVar[Deferred | None] = ContextVar("neurogeom_deferred", default=None)


def warn(message: str, category: type[Warning] = NeurogeomWarning) -> None:
    """Issue a warning that points at the first frame outside neurogeom.

    Inside :func:`collect` the message is kept as well, and shown once for the outermost call.

    Parameters
    ----------
    message : str
        What was found, why it matters and what to do.
    category : type of Warning
        One of the classes of this module.

    Examples
    --------
    >>> with collect() as notes, _warnings.catch_warnings():
    ...     _warnings.simplefilter("ignore")
    ...     warn("capacity lies on its floor", SaturationWarning)
    >>> notes
    ['capacity lies on its floor']
    """
    waiting = _deferred.get()
    if waiting is not None:
        waiting.append((message, category))
        return
    collectors = _collectors.get()
    already_shown = bool(collectors) and message in collectors[0].notes
    for collector in collectors:
        if message not in collector.notes:
            collector.notes.append(message)
    if not already_shown:
        _warnings.warn(message, category, stacklevel=_user_stacklevel())


@contextmanager
def collect() -> Iterator[list[str]]:
    """Keep the messages issued by :func:`warn` inside the block; they are still shown, once each.

    Blocks may be nested: an inner function's notes reach the outer one too.

    Yields
    ------
    list of str
        Filled while the block runs, without repetitions.

    Examples
    --------
    >>> with collect() as notes:
    ...     pass
    >>> notes
    []
    """
    collector = _Collector()
    token = _collectors.set((*_collectors.get(), collector))
    try:
        yield collector.notes
    finally:
        _collectors.reset(token)


@contextmanager
def defer() -> Iterator[Deferred]:
    """Hold warnings back (a worker has no user's line); the caller issues them again with :func:`warn`."""
    waiting: Deferred = []
    token = _deferred.set(waiting)
    try:
        yield waiting
    finally:
        _deferred.reset(token)


def _user_stacklevel() -> int:
    """Depth of the first frame outside the package, counted from the call of ``warnings.warn`` in `warn`."""
    frame: FrameType | None = sys._getframe(1)
    level = 1
    while frame is not None and _is_ours(frame):
        frame = frame.f_back
        level += 1
    return level


def _is_ours(frame: FrameType) -> bool:
    # contextlib frames lie between ours when a context manager of the package warns
    name = frame.f_code.co_filename
    return name.startswith(_PACKAGE_FOLDER) or name.endswith(f"{os.sep}contextlib.py")
