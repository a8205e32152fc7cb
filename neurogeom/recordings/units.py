"""Time courses of units, and which units are good enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.responses import axis_coordinates
from neurogeom._core.validation import check_count, check_real
from neurogeom.recordings.reliability import trials_by_stimulus
from neurogeom.recordings.trials import average_repetitions, check_recording, groups_of


def psth(responses: xr.DataArray, by: str | Sequence[str] | None = "stimulus_id") -> xr.Dataset:
    """Mean time course of each neuroid for each stimulus, with its standard error over presentations.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid, time_bin)
        Counts, with coordinates ``time_bin_start`` and ``time_bin_end`` in ms; or rates (``attrs["units"]`` is
        "spikes/s"). NaN where a neuroid was not recorded.
    by : str or sequence of str, or None
        Coordinates that make a stimulus; None averages over all presentations.

    Returns
    -------
    Dataset
        ``rate`` and ``rate_se`` (presentation, neuroid, time_bin) in spikes/s, one presentation for each stimulus;
        the error is NaN where there is one presentation.

    Raises
    ------
    TypeError, ValueError
        Not a recording, no time bins, or an unknown coordinate.

    Examples
    --------
    >>> trials = {"onset": [1.0, 2.0], "stimulus_id": ["a", "a"]}
    >>> from neurogeom.recordings import from_spike_times
    >>> counts = from_spike_times({"u": [1.05, 2.01, 2.06]}, trials, align_to="onset", window=(0, 200), bin_ms=100)
    >>> psth(counts)["rate"].values.ravel().tolist()
    [15.0, 0.0]
    """
    check_recording(responses)
    if "time_bin" not in responses.dims:
        raise ValueError(f"responses has axes {responses.dims}, none of them time_bin. Count spikes with bin_ms=.")
    if by is None:
        responses = responses.assign_coords(everything=("presentation", np.zeros(responses.sizes["presentation"])))
        by = "everything"
    rates = responses / _seconds(responses)
    mean = average_repetitions(rates, by, missing="omit")
    squares = average_repetitions(rates**2, by, missing="omit")
    count = average_repetitions(xr.apply_ufunc(np.isfinite, rates).astype(float), by) * _group_sizes(rates, by, mean)
    variance = (squares - mean**2).clip(min=0.0) * count / (count - 1).where(count > 1)
    error = xr.apply_ufunc(np.sqrt, variance / count.where(count > 0))
    return xr.Dataset({"rate": mean.transpose(*responses.dims), "rate_se": error.transpose(*responses.dims)})


def unit_quality(
    responses: xr.DataArray, by: str | Sequence[str] = "stimulus_id", *, n_periods: int = 10
) -> xr.Dataset:
    """Rate, presence and signal-to-noise of each neuroid.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid)
        Counts or rates of single trials, in the order of recording.
    by : str or sequence of str
        Coordinates that make a stimulus.
    n_periods : int
        The recording is cut into so many periods for ``presence``.

    Returns
    -------
    Dataset
        ``mean_response`` (units of the responses); ``presence``, the share of periods in which the neuroid responded at
        all; ``signal_to_noise``, the standard deviation over stimuli of the mean response over the root mean variance
        between presentations of a stimulus.

    Raises
    ------
    TypeError, ValueError
        Not a recording, time bins, an unknown coordinate.

    Examples
    --------
    >>> from neurogeom.recordings import synthetic_population
    >>> sorted(unit_quality(synthetic_population(seed=0).responses).data_vars)
    ['mean_response', 'presence', 'signal_to_noise']
    """
    n_periods = check_count("n_periods", n_periods)
    trials, _ = trials_by_stimulus(responses, by)
    if trials.ndim != 3:
        raise ValueError(f"responses has axes {responses.dims}. Reduce time first with recordings.time_window.")
    values = np.asarray(responses.transpose("presentation", "neuroid").values, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        noise = np.sqrt(np.nanmean(_variance(trials), axis=0))
        signal = np.nanstd(_mean(trials), axis=0, ddof=1)
        snr = np.where(noise > 0, signal / noise, np.where(signal > 0, np.inf, np.nan))
    data = {
        "mean_response": ("neuroid", np.nanmean(values, axis=0)),
        "presence": ("neuroid", np.array([_presence(column, n_periods) for column in values.T])),
        "signal_to_noise": ("neuroid", snr),
    }
    coords = {key: ("neuroid", entries) for key, entries in axis_coordinates(responses, "neuroid").items()}
    return xr.Dataset(data, coords=coords)


def select_units(
    responses: xr.DataArray,
    by: str | Sequence[str] = "stimulus_id",
    *,
    min_response: float | None = None,
    min_presence: float | None = None,
    min_signal_to_noise: float | None = None,
) -> xr.DataArray:
    """The neuroids that respond enough, throughout, and to stimuli; see ``unit_quality``.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid)
    by : str or sequence of str
        Coordinates that make a stimulus.
    min_response, min_presence, min_signal_to_noise : float, optional
        Each is a filter of its own; a neuroid without a value does not pass.

    Returns
    -------
    DataArray

    Raises
    ------
    TypeError, ValueError
        As ``unit_quality``; no filter, or no neuroid left.

    Examples
    --------
    >>> from neurogeom.recordings import synthetic_population
    >>> select_units(synthetic_population(seed=0).responses, min_signal_to_noise=0.1).sizes["neuroid"]
    60
    """
    given = {
        "min_response": min_response, "min_presence": min_presence, "min_signal_to_noise": min_signal_to_noise,
    }  # fmt: skip
    asked = {name: check_real(name, value) for name, value in given.items() if value is not None}
    if not asked:
        raise ValueError("no filter is given: min_response, min_presence or min_signal_to_noise.")
    quality = unit_quality(responses, by).rename(mean_response="response")
    keep = np.ones(responses.sizes["neuroid"], dtype=bool)
    for name, threshold in asked.items():
        keep &= np.nan_to_num(quality[name[4:]].values, nan=-np.inf, posinf=np.inf) >= threshold
    if not keep.any():
        best = ", ".join(f"{name[4:]} up to {np.nanmax(quality[name[4:]].values):.3g}" for name in asked)
        raise ValueError(f"no neuroid passes {asked}; there are {best}. Lower the thresholds.")
    return responses.isel(neuroid=np.flatnonzero(keep))


def _seconds(responses: xr.DataArray) -> xr.DataArray | float:
    """Width of the bins, or 1 where the responses are rates already."""
    if responses.attrs.get("units") == "spikes/s":
        return 1.0
    missing = [key for key in ("time_bin_start", "time_bin_end") if key not in responses.coords]
    if missing:
        raise ValueError(f"responses has no coordinate {missing[0]!r}. Assign the edges of its bins, in ms.")
    width = (responses["time_bin_end"].values - responses["time_bin_start"].values) / 1000.0
    return xr.DataArray(width.astype(np.float64), dims="time_bin")


def _group_sizes(responses: xr.DataArray, by: str | Sequence[str], like: xr.DataArray) -> xr.DataArray:
    return xr.DataArray(np.bincount(groups_of(responses, by)[0]).astype(float), dims="presentation")


def _mean(trials: np.ndarray) -> np.ndarray:
    known = np.isfinite(trials)
    return np.where(known, trials, 0.0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)


def _variance(trials: np.ndarray) -> np.ndarray:
    known = np.isfinite(trials)
    count = known.sum(axis=0)
    spread = np.where(known, trials - _mean(trials), 0.0)
    return (spread**2).sum(axis=0) / np.where(count > 1, count - 1, np.nan)


def _presence(column: np.ndarray, n_periods: int) -> float:
    """Share of periods with a response other than zero, over the presentations in which the neuroid was recorded."""
    recorded = column[np.isfinite(column)]
    if not len(recorded):
        return float("nan")
    periods: list[Any] = np.array_split(recorded, min(n_periods, len(recorded)))
    return float(np.mean([np.any(period != 0) for period in periods]))
