"""Pictures of recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from neurogeom import plotting
from neurogeom._core.responses import hint
from neurogeom.recordings.spike_times import check_window
from neurogeom.recordings.windows import UNITS

if TYPE_CHECKING:
    from neurogeom.recordings.reliability import ReliabilityResult


def reliability(result: ReliabilityResult, *, ax: Any = None, color: str | None = None) -> Any:
    """Draw how many neuroids have which reliability, with the median; over time, the median of each bin and the onset.

    Parameters
    ----------
    result : ReliabilityResult
    ax : matplotlib Axes, optional
    color : str, optional

    Returns
    -------
    matplotlib Axes
    """
    color = color or plotting.PALETTE[0]
    values = result.data["reliability"]
    if values.ndim == 2:
        edges = [result.data.coords[name] for name in ("time_bin_start", "time_bin_end") if name in result.data.coords]
        time = sum(edge.values for edge in edges) / len(edges) if edges else np.arange(values.shape[1])
        ax = plotting.line(time, result.data["median_reliability"].values, color=color, ax=ax)
        if edges:
            plotting.onset(ax, time)
        ax.set_xlabel(f"time [{UNITS}]" if edges else "time bin")
        ax.set_ylabel("median reliability")
        return ax
    finite = values.values[np.isfinite(values.values)]
    ax = plotting.histogram(finite, color=color, ax=ax)
    plotting.reference(float(result.median_reliability), axis="x", label="median", ax=ax)
    ax.set_xlabel("split-half reliability")
    ax.set_ylabel("neuroids")
    return ax


def psth(course: xr.Dataset, *, neuroid: int | str = 0, ax: Any = None) -> Any:
    """Draw the time course of one neuroid for each stimulus, with its standard error and stimulus onset.

    Parameters
    ----------
    course : Dataset
        From ``recordings.psth``.
    neuroid : int or str
        Index, or ``neuroid_id``.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        For an unknown neuroid.
    """
    index = _neuroid_index(course, neuroid)
    rate, error = (course[key].isel(neuroid=index).transpose("presentation", "time_bin") for key in ("rate", "rate_se"))
    time = (course["time_bin_start"].values + course["time_bin_end"].values) / 2
    names = course["stimulus_id"].values if "stimulus_id" in course.coords else np.arange(len(rate))
    ax = plotting.axes_or_new(ax)
    for k, name in enumerate(names):
        mean, se = rate.values[k], np.nan_to_num(error.values[k])
        color = plotting.series(k)["color"]
        band = {"low": mean - se, "high": mean + se, "interval": "band"}
        plotting.line(time, mean, label=str(name), color=color, marker="", ax=ax, **band)
    plotting.reference(0.0, axis="x", label="onset", ax=ax)
    ax.set_xlabel("time from onset (ms)")
    ax.set_ylabel("spikes/s")
    if len(names) <= 8:
        ax.legend()
    return ax


def raster(spike_times: Any, events: Any, *, window: tuple[float, float], ax: Any = None) -> Any:
    """Draw the spikes of one unit around each event, a row for each.

    Parameters
    ----------
    spike_times : array (s)
    events : array (s)
        In the order of the rows, from above.
    window : (start, stop)
        In ms from the event.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    times, onsets = np.sort(np.asarray(spike_times, dtype=float)), np.asarray(events, dtype=float)
    start, stop = check_window(window)
    rows = [times[(times >= onset + start / 1000) & (times < onset + stop / 1000)] for onset in onsets]
    relative = [(row - onset) * 1000 for row, onset in zip(rows, onsets)]
    ax = plotting.axes_or_new(ax)
    with plotting.context():
        ax.eventplot(relative, colors=plotting.INK, linelengths=0.8, linewidths=0.8)
        plotting.reference(0.0, axis="x", label="onset", ax=ax)
        ax.set_xlim(start, stop)
        ax.set_ylim(len(onsets) - 0.5, -0.5)
        ax.set_xlabel("time from onset (ms)")
        ax.set_ylabel("trial")
    return ax


def _neuroid_index(course: xr.Dataset, neuroid: int | str) -> int:
    if isinstance(neuroid, str):
        names = [str(name) for name in course["neuroid_id"].values] if "neuroid_id" in course.coords else []
        if neuroid not in names:
            raise ValueError(f"neuroid={neuroid!r} is unknown. {hint(neuroid, names)}")
        return names.index(neuroid)
    if not 0 <= neuroid < course.sizes["neuroid"]:
        raise ValueError(f"neuroid={neuroid} is outside 0…{course.sizes['neuroid'] - 1}.")
    return neuroid
