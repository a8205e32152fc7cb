"""Any measure over time: windows, one result for each, joined along ``time``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import xarray as xr

from neurogeom._core.random import resolve_seed
from neurogeom._core.validation import check_option, check_real
from neurogeom._core.warnings import collect
from neurogeom.recordings.trials import time_window
from neurogeom.results import Result, concat

BIN, EDGES = "time_bin", ("time_bin_start", "time_bin_end")
UNITS = "ms"

AnyResult = TypeVar("AnyResult", bound=Result)


def time_windows(
    responses: xr.DataArray, window: float, step: float | None = None, *, reduce: str = "mean"
) -> xr.DataArray:
    """Responses in windows that slide over time, as a recording with these windows for its time bins.

    Where bins lie on both sides of 0, which is stimulus onset, windows start at multiples of ``step`` from there;
    otherwise at the first bin. Windows that would reach beyond the last bin are left out.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid, time_bin)
        With coordinates ``time_bin_start`` and ``time_bin_end``, usually in ms.
    window : float
        Length of a window, in the same units; a multiple of the bins.
    step : float, optional
        From the start of one window to that of the next; ``window`` if not given, so that they do not overlap.
    reduce : {"mean", "sum"}
        Of the bins in a window.

    Returns
    -------
    DataArray (presentation, neuroid, time_bin)
        ``time_bin_start`` and ``time_bin_end`` are those of the windows.

    Raises
    ------
    ValueError
        No time bins, a window or step of zero length, a window that is longer than the recording or cuts a bin.

    Examples
    --------
    >>> edges = np.arange(-100, 100, 10)
    >>> responses = xr.DataArray(
    ...     np.ones((1, 1, 20)), dims=("presentation", "neuroid", "time_bin"),
    ...     coords={"time_bin_start": ("time_bin", edges), "time_bin_end": ("time_bin", edges + 10)})
    >>> time_windows(responses, 100, 50).time_bin_start.values.tolist()
    [-100.0, -50.0, 0.0]
    """
    check_option("reduce", reduce, ("mean", "sum"))
    window = check_real("window", window, minimum=0.0, strict=True)
    step = window if step is None else check_real("step", step, minimum=0.0, strict=True)
    first, last = _extent(responses)
    if window > (last - first) * (1 + 1e-9):
        raise ValueError(f"window={window:g} is longer than the recording, which lasts from {first:g} to {last:g}.")
    begin = np.ceil(first / step - 1e-9) * step if first < 0.0 < last else first
    starts = begin + step * np.arange(int(np.floor((last - window - begin) / step + 1e-9)) + 1)
    if not len(starts):
        raise ValueError(
            f"no window of {window:g} that starts at a multiple of step={step:g} fits between {first:g} and {last:g}. "
            "Use a smaller step."
        )
    parts = [time_window(responses, start, start + window, reduce=reduce) for start in starts]
    joined = xr.concat([part.drop_attrs(deep=False) for part in parts], dim=BIN, coords="minimal", compat="override")
    joined = joined.assign_coords({EDGES[0]: (BIN, starts), EDGES[1]: (BIN, starts + window)})
    return joined.transpose("presentation", "neuroid", BIN).assign_attrs(responses.attrs)


def over_time(
    measure: Callable[..., AnyResult],
    /,
    *inputs: Any,
    window: float | None = None,
    step: float | None = None,
    **options: Any,
) -> AnyResult:
    """Any measure in each window of time, as one result along ``time``.

    Every input and option that is a recording with several time bins is cut into the same windows; all else goes to
    the measure as it is. A measure that takes a ``seed`` gets the same one in all windows, so that dichotomies,
    Gaussian vectors, splits and resamples are the same and differences over time are those of the responses.

    ``capacity.glue``, ``capacity.mean_field``, ``alignment.manifolds``, ``readout.classify`` and
    ``predictivity.score`` do this by themselves when they are handed time bins.

    Parameters
    ----------
    measure : callable
        Returns a result, such as ``alignment.cka_similarity``.
    *inputs
        Its data: at least one, here or among the options, is a DataArray (presentation, neuroid, time_bin).
    window, step : float, optional
        As for :func:`time_windows`, usually in ms; bins of a window are averaged. Each bin by itself if not given.
    **options
        For the measure.

    Returns
    -------
    Result
        Of the measure's kind, with the leading dimension ``time``: the middle of each window. ``window_start`` and
        ``window_stop`` are its ends.

    Raises
    ------
    TypeError, ValueError
        No input with time bins, inputs whose windows differ, or what the measure refuses, with the window named.

    Examples
    --------
    >>> from neurogeom import alignment
    >>> rng = np.random.default_rng(0)
    >>> edges = np.arange(0, 40, 10)
    >>> responses = xr.DataArray(
    ...     rng.normal(size=(30, 5, 4)), dims=("presentation", "neuroid", "time_bin"),
    ...     coords={"time_bin_start": ("time_bin", edges), "time_bin_end": ("time_bin", edges + 10)})
    >>> model = rng.normal(size=(30, 8))
    >>> over_time(alignment.cka_similarity, responses, model, window=20).time.values.tolist()
    [10.0, 30.0]
    """
    given = {**{f"input {place}": value for place, value in enumerate(inputs)}, **options}
    cut = {name: time_slices(value, window, step) for name, value in given.items() if has_time(value, window)}
    if not cut:
        raise ValueError(
            "no input has time bins. Needed is a DataArray (presentation, neuroid, time_bin), such as "
            "recordings.from_spike_times gives."
        )
    slices = next(iter(cut.values()))
    for name, other in cut.items():
        if not np.allclose(other.start, slices.start) or not np.allclose(other.stop, slices.stop):
            raise ValueError(f"{name} has other time bins than {next(iter(cut))}. Cut both to the same bins first.")
    if _takes_seed(measure):
        given["seed"] = resolve_seed(options.get("seed"))
    found = []
    with collect():  # what holds in every window is shown once
        for place in range(len(slices.start)):
            now = {name: cut[name].responses[place] if name in cut else value for name, value in given.items()}
            with slices.named(place):
                data = [now.pop(f"input {i}") for i in range(len(inputs))]
                one = measure(*data, **now)
            if not isinstance(one, Result):
                raise TypeError(f"measure gives a {type(one).__name__}; over_time joins results of neurogeom only.")
            found.append(one)
    return slices.join(found)


def has_time(responses: Any, window: float | None = None, step: float | None = None) -> bool:
    """Whether these are responses with several time bins, or with one that a window asks for."""
    if step is not None and window is None:
        raise ValueError(f"step={step:g} is given without window. Give the length of a window as well.")
    timed = isinstance(responses, xr.DataArray) and BIN in responses.dims
    return timed and (window is not None or responses.sizes[BIN] > 1)


def check_time(responses: Any, window: float | None, step: float | None) -> bool:
    """`has_time`, for a measure's own door: a window without time bins is refused."""
    timed = has_time(responses, window, step)
    if window is not None and not timed:
        raise ValueError(f"window={window:g} is given, but responses has no time bins (dimension 'time_bin').")
    return timed


@dataclass(frozen=True)
class TimeSlices:
    """Responses (presentation, neuroid) of each window of time, and how the results of all are joined."""

    responses: tuple[xr.DataArray, ...]
    start: np.ndarray
    stop: np.ndarray
    settings: dict[str, Any]

    def named(self, place: int) -> _Named:
        """A block whose ValueError tells in which window it was raised."""
        return _Named(f"from {self.start[place]:g} to {self.stop[place]:g} {UNITS}")

    def join(self, found: list[AnyResult]) -> AnyResult:
        """Results of the windows along ``time``."""
        whole = concat(found, time=(self.start + self.stop) / 2.0)
        data = whole.data.assign_coords(window_start=("time", self.start), window_stop=("time", self.stop))
        data["time"].attrs["units"] = UNITS
        settings = {**whole.settings, **self.settings}
        return type(whole)(data, settings, whole.diagnostics, whole.warnings, whole.references)


def time_slices(responses: xr.DataArray, window: float | None, step: float | None = None) -> TimeSlices:
    """Cut responses into windows, or into their bins where no window is given."""
    whole = responses if window is None else time_windows(responses, window, step)
    start, stop = _edges(whole)
    parts = tuple(whole.isel({BIN: place}, drop=True) for place in range(whole.sizes[BIN]))
    step = None if window is None else window if step is None else step
    return TimeSlices(parts, start, stop, {"window": window, "step": step})


class _Named:
    """A context manager that puts words in front of a ValueError."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is ValueError:
            raise ValueError(f"{self.words}: {error}") from error


def _edges(responses: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Start and end of each bin; where only one number is known, both are that number."""
    known = [name for name in (*EDGES, BIN) if name in responses.coords and responses[name].dims == (BIN,)]
    values = [np.asarray(responses[name].values) for name in known]
    if any(value.dtype.kind not in "biuf" for value in values):
        raise TypeError(f"{known[0]} holds no numbers, so its bins have no place in time. Give it in {UNITS}.")
    if not values:
        index = np.arange(responses.sizes[BIN], dtype=np.float64)
        return index, index
    first = values[0].astype(np.float64)
    return (first, values[1].astype(np.float64)) if known[:2] == list(EDGES) else (first, first)


def _extent(responses: Any) -> tuple[float, float]:
    if not isinstance(responses, xr.DataArray) or BIN not in responses.dims:
        raise ValueError("responses has no time bins. Needed is a DataArray (presentation, neuroid, time_bin).")
    missing = [name for name in EDGES if name not in responses.coords]
    if missing:
        raise ValueError(f"responses has no coordinate {missing[0]!r}. Assign the edges of its bins first.")
    start, stop = _edges(responses)
    return float(start.min()), float(stop.max())


def _takes_seed(measure: Callable[..., Any]) -> bool:
    try:
        return "seed" in inspect.signature(measure).parameters
    except (TypeError, ValueError):
        return False
