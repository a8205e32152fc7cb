"""Spike times and trials to counts: the commonest entry of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neurogeom._core.memory import require_memory
from neurogeom._core.responses import hint, quoted
from neurogeom._core.validation import check_real
from neurogeom._core.warnings import DegenerateInputWarning, warn

UNIT_COLUMNS = ("neuroid_id", "unit", "unit_id", "cluster", "neuron")
TIME_COLUMNS = ("time", "spike_time", "spike_times", "t")


def from_spike_times(
    spike_times: Any,
    trials: Any,
    *,
    align_to: str,
    window: tuple[float, float],
    bin_ms: float | None = None,
    rate: bool = False,
    neuroids: Any = None,
) -> xr.DataArray:
    """Spike counts of each trial and unit in a window around an event.

    Parameters
    ----------
    spike_times : mapping of unit to array of times (s), DataFrame with a row per spike, or pynapple TsGroup
        A DataFrame needs a column of units (``neuroid_id``, ``unit``, …) and one of times (``time``, …).
    trials : DataFrame or mapping of str to array
        One row per trial; columns become presentation coordinates.
    align_to : str
        Column of ``trials`` with the time (s) of the event, e.g. ``"stimulus_onset"``.
    window : (start, stop)
        In ms from the event; a spike at time t is counted where start ≤ t < stop.
    bin_ms : float, optional
        Width of time bins; the window must hold a whole number of them. Without it, one count per window.
    rate : bool
        Spikes per second in place of counts.
    neuroids : DataFrame or mapping of str to array, optional
        Coordinates of the units: a DataFrame is indexed by their names; without names, entries are in their order.

    Returns
    -------
    DataArray (presentation, neuroid[, time_bin])
        With ``time_bin_start`` and ``time_bin_end`` (ms) where there are bins, and the window in ``attrs``.

    Raises
    ------
    TypeError
        For other containers.
    ValueError
        An unknown column, missing event times, a window that bins do not fill, or times in different units.

    Examples
    --------
    >>> trials = {"stimulus_onset": [1.0, 2.0], "stimulus_id": ["a", "b"]}
    >>> spikes = {"u1": [1.05, 1.2, 2.15]}
    >>> counts = from_spike_times(spikes, trials, align_to="stimulus_onset", window=(0, 200), bin_ms=100)
    >>> counts.values.tolist()
    [[[1, 0]], [[0, 1]]]
    """
    units = read_spikes(spike_times)
    table = pd.DataFrame({key: list(value) for key, value in trials.items()}) if isinstance(trials, Mapping) else trials
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"trials is a {type(trials).__name__}; needed is a DataFrame or a mapping of column to values.")
    events = _events(table, align_to)
    start, stop = check_window(window)
    edges = _edges(start, stop, bin_ms, len(events) * len(units))
    _check_units_of_time(units, events, start, stop)
    borders = events[:, None] + edges / 1000.0
    counts = np.empty((len(events), len(units), len(edges) - 1), dtype=np.int64)
    for index, times in enumerate(units.values()):
        counts[:, index] = np.diff(np.searchsorted(times, borders, side="left"), axis=1)
    coords: dict[str, Any] = {str(key): ("presentation", _plain(table[key])) for key in table.columns}
    coords["neuroid_id"] = ("neuroid", np.array(list(units), dtype=object))
    coords |= _neuroid_coords(neuroids, list(units))
    values = counts / (np.diff(edges) / 1000.0) if rate else counts
    attrs = {
        "window_start": start,
        "window_stop": stop,
        "align_to": align_to,
        "units": "spikes/s" if rate else "spikes",
    }
    if bin_ms is None:
        return xr.DataArray(
            values[..., 0], dims=("presentation", "neuroid"), coords=coords, attrs=attrs, name="responses"
        )
    coords |= {"time_bin_start": ("time_bin", edges[:-1]), "time_bin_end": ("time_bin", edges[1:])}
    return xr.DataArray(
        values, dims=("presentation", "neuroid", "time_bin"), coords=coords, attrs=attrs, name="responses"
    )


def read_spikes(spike_times: Any) -> dict[str, np.ndarray]:
    """Sorted spike times (s) of each unit, by its name."""
    if isinstance(spike_times, pd.DataFrame):
        unit = _column(spike_times, UNIT_COLUMNS, "units")
        time = _column(spike_times, TIME_COLUMNS, "times")
        missing = int(spike_times[unit].isna().sum())
        if missing:
            raise ValueError(
                f"{missing} of {len(spike_times)} spikes have no unit: column {unit!r} is empty there. "
                "Leave these rows out, or name their unit."
            )
        found = {key: rows[time].to_numpy() for key, rows in spike_times.groupby(unit, sort=True)}
    elif isinstance(spike_times, Mapping) or hasattr(spike_times, "items"):  # also pynapple's TsGroup
        found = {key: getattr(value, "t", value) for key, value in spike_times.items()}
    else:
        raise TypeError(
            f"spike_times is a {type(spike_times).__name__}; needed is a mapping of unit to times, a DataFrame with a "
            "row per spike, or a pynapple TsGroup."
        )
    if not found:
        raise ValueError("spike_times holds no unit.")
    sorted_times = {}
    for key, value in found.items():
        times = np.asarray(value, dtype=np.float64).ravel()
        if not np.isfinite(times).all():
            raise ValueError(f"unit {key!r} holds NaN or inf among its {len(times)} spike times. Remove them.")
        sorted_times[str(key)] = np.sort(times)
    if len(sorted_times) < len(found):
        raise ValueError("two units have the same name as text. Rename one of them.")
    return sorted_times


def check_window(window: Sequence[float]) -> tuple[float, float]:
    """Start and stop of a window in ms."""
    if np.ndim(window) != 1 or len(window) != 2:
        raise TypeError(f"window={window!r}; needed is (start, stop) in ms.")
    start, stop = check_real("window[0]", window[0]), check_real("window[1]", window[1])
    if not start < stop:
        raise ValueError(f"window starts at {start:g} ms and stops at {stop:g} ms; it must start before it stops.")
    return start, stop


def _edges(start: float, stop: float, bin_ms: float | None, n_counts: int) -> np.ndarray:
    if bin_ms is None:
        return np.array([start, stop])
    width = check_real("bin_ms", bin_ms, minimum=0.0, strict=True)
    n_bins = round((stop - start) / width) if (stop - start) / width < 2**53 else 2**53
    require_memory(
        8.0 * n_bins * max(n_counts, 1),
        f"bin_ms={width:g} in a window of {stop - start:g} ms, {n_bins:,} bins",
        "Use wider bins.",
    )
    if n_bins < 1 or abs(n_bins * width - (stop - start)) > 1e-6 * width:
        raise ValueError(
            f"the window of {stop - start:g} ms does not hold a whole number of bins of {width:g} ms. "
            f"Stop it at {start + max(n_bins, 1) * width:g} ms."
        )
    return start + width * np.arange(n_bins + 1)


def _events(table: pd.DataFrame, align_to: str) -> np.ndarray:
    if align_to not in table.columns:
        raise ValueError(f"align_to={align_to!r} is not a column of trials. {hint(str(align_to), table.columns)}")
    events = pd.to_numeric(table[align_to], errors="coerce").to_numpy(dtype=np.float64)
    missing = np.flatnonzero(~np.isfinite(events))
    if not len(events):
        raise ValueError("trials holds no trial. Give at least one.")
    if len(missing):
        raise ValueError(
            f"trials[{align_to!r}] has no time in {len(missing)} of {len(events)} trials (first: "
            f"{', '.join(map(str, missing[:3]))}). Leave these trials out."
        )
    return events


def _check_units_of_time(units: Mapping[str, np.ndarray], events: np.ndarray, start: float, stop: float) -> None:
    """Refuse spikes and events that lie apart by a factor of a thousand: one of them is in ms.

    Events inside the span of the spikes are taken as they are, however few minutes of a session they fill; where the
    spans differ by just a thousand, a warning asks.
    """
    spikes = [times for times in units.values() if len(times)]
    if not spikes:
        return
    first, last = min(times[0] for times in spikes), max(times[-1] for times in spikes)
    span, of_events = last - first, float(np.ptp(events))
    ratio = max(span, of_events) / max(min(span, of_events), 1e-9)
    where = (
        f"spikes lie between {first:g} and {last:g} s, events between {events.min():g} and {events.max():g} s. "
        "Both must be in seconds of the same clock; divide times in ms by 1,000."
    )
    if first <= events.min() and events.max() <= last:
        if len(events) >= 3 and 500 < ratio < 2000:
            warn(where, DegenerateInputWarning)
        return
    overlap = last >= events.min() + start / 1000 and first <= events.max() + stop / 1000
    if not overlap or (len(events) >= 3 and of_events > 0 and 100 < ratio < 1e5):
        raise ValueError(where)


def _neuroid_coords(neuroids: Any, names: list[str]) -> dict[str, Any]:
    if neuroids is None:
        return {}
    if isinstance(neuroids, pd.DataFrame) and _has_names(neuroids, names):
        neuroids = neuroids.set_axis(list(map(str, neuroids.index))).loc[names]
    coords = {}
    for key in neuroids:
        values = _plain(neuroids[key])
        if len(values) != len(names):
            raise ValueError(f"neuroids[{key!r}] has {len(values)} entries, there are {len(names)} units.")
        coords[str(key)] = ("neuroid", values)
    return coords


def _has_names(neuroids: pd.DataFrame, names: list[str]) -> bool:
    """Whether the rows are found by the units' names; a plain count of rows is no name unless the units are counted."""
    index = list(map(str, neuroids.index))
    missing = [name for name in names if name not in set(index)]
    if not missing:
        twice = sorted({name for name in names if index.count(name) > 1})
        if twice:
            raise ValueError(f"the index of neuroids names {quoted(twice)} more than once. Keep one row for each unit.")
        return True
    if index == [str(row) for row in range(len(index))]:
        return False
    raise ValueError(
        f"the index of neuroids has no {quoted(missing)}: {len(missing)} of {len(names)} units. It has "
        f"{quoted(index)}. Give it the names of the units, or take .reset_index(drop=True) where rows are in order."
    )


def _column(table: pd.DataFrame, options: Sequence[str], what: str) -> str:
    found = next((name for name in options if name in table.columns), None)
    if found is None:
        raise ValueError(f"spike_times has columns {quoted(table.columns)}; none of {quoted(options)} for the {what}.")
    return found


def _plain(values: Any) -> np.ndarray:
    array = np.asarray(values)
    return array.astype(object) if array.dtype.kind in "UT" else array
