"""Choosing and combining single presentations and time bins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neurogeom._core.responses import axis_coordinates, hint, quoted
from neurogeom._core.validation import check_option, check_real

PER_TRIAL = ("repetition", "trial", "trial_id", "n_repetitions")


def drop_incomplete(responses: xr.DataArray, dim: str = "neuroid") -> xr.DataArray:
    """The responses without the neuroids, or without the presentations, that hold NaN or inf.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid, …)
    dim : {"neuroid", "presentation"}
        What to leave out.

    Returns
    -------
    DataArray

    Raises
    ------
    ValueError
        Where nothing is left.

    Examples
    --------
    >>> responses = xr.DataArray([[1.0, np.nan], [2.0, 3.0]], dims=("presentation", "neuroid"))
    >>> drop_incomplete(responses, "neuroid").shape
    (2, 1)
    """
    check_option("dim", dim, ("neuroid", "presentation"))
    check_recording(responses)
    others = [axis for axis in responses.dims if axis != dim]
    complete = xr.apply_ufunc(np.isfinite, responses).all(others).values
    if not complete.any():
        other = "presentation" if dim == "neuroid" else "neuroid"
        raise ValueError(
            f"every {dim} holds NaN or inf somewhere, so none is left. Drop incomplete {other}s first, or average "
            "repetitions."
        )
    return responses.isel({dim: np.flatnonzero(complete)})


def average_repetitions(
    responses: xr.DataArray, by: str | Sequence[str] = "stimulus_id", *, missing: str = "raise"
) -> xr.DataArray:
    """Mean over the presentations of each stimulus.

    Presentations are grouped by ``by`` alone, so that coordinates that differ from trial to trial (a time stamp, the
    eye position) do no harm. Coordinates that are the same for all presentations of a group are kept.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid[, time_bin])
    by : str or sequence of str
        Coordinates that make a stimulus, e.g. ``["object_name", "position"]``.
    missing : {"raise", "omit"}
        With "omit" a mean is over the presentations that are not NaN, for each neuroid; a neuroid that was never
        recorded for a stimulus stays NaN.

    Returns
    -------
    DataArray (presentation, neuroid[, time_bin])
        Groups in order of first appearance, with coordinate ``n_repetitions``: the presentations averaged (with
        "omit": the largest number that any neuroid has).

    Raises
    ------
    ValueError
        An unknown coordinate, or NaN with ``missing="raise"``.

    Examples
    --------
    >>> responses = xr.DataArray(
    ...     [[1.0], [3.0], [5.0]], dims=("presentation", "neuroid"),
    ...     coords={"stimulus_id": ("presentation", ["a", "a", "b"])})
    >>> average_repetitions(responses).values.ravel().tolist()
    [2.0, 5.0]
    """
    check_option("missing", missing, ("raise", "omit"))
    check_recording(responses)
    group, first = groups_of(responses, by)
    values = np.moveaxis(np.asarray(responses.values, dtype=np.float64), responses.get_axis_num("presentation"), 0)
    known = np.isfinite(values)
    if missing == "raise" and not known.all():
        bad = np.flatnonzero(~known.reshape(len(values), -1).all(axis=1))
        raise ValueError(
            f"responses holds NaN or inf in {len(bad)} of {len(values)} presentations (first: "
            f'{", ".join(map(str, bad[:3]))}). Use missing="omit" to average what was recorded, or drop_incomplete.'
        )
    counts = _sums(known.astype(np.float64), group, len(first))
    with np.errstate(invalid="ignore"):
        means = _sums(np.where(known, values, 0.0), group, len(first)) / np.where(counts > 0, counts, np.nan)
    dims = ["presentation", *(dim for dim in responses.dims if dim != "presentation")]
    coords: dict[str, Any] = {
        str(key): (one.dims, one.values)
        for key, one in responses.coords.items()
        if "presentation" not in one.dims and key not in responses.dims
    }
    for key, entries in constant_coordinates(responses, group, first).items():
        coords[key] = ("presentation", entries)
    coords["n_repetitions"] = ("presentation", counts.reshape(len(first), -1).max(axis=1).astype(np.int64))
    out = xr.DataArray(means, dims=dims, coords=coords, attrs=responses.attrs, name=responses.name)
    return out.transpose(*responses.dims)


def time_window(responses: xr.DataArray, start: float, stop: float, *, reduce: str = "mean") -> xr.DataArray:
    """Responses in a window of time, ``start`` ≤ t < ``stop``, reduced over its bins.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid, time_bin)
        With coordinates ``time_bin_start`` and ``time_bin_end``.
    start, stop : float
        In the units of these coordinates, usually ms. They must be edges of bins, since a part of a bin is not known.
    reduce : {"mean", "sum", "none"}
        "sum" for counts, "mean" for rates, "none" keeps the bins.

    Returns
    -------
    DataArray (presentation, neuroid[, time_bin])
        With ``window_start`` and ``window_stop`` in ``attrs``.

    Raises
    ------
    ValueError
        No time bins, bins that end before they start, an empty window, or one that cuts a bin; for "sum" and "mean"
        also bins that overlap or leave a part of the window out.

    Examples
    --------
    >>> responses = xr.DataArray(
    ...     np.arange(4.0).reshape(1, 1, 4), dims=("presentation", "neuroid", "time_bin"),
    ...     coords={"time_bin_start": ("time_bin", [0, 10, 20, 30]), "time_bin_end": ("time_bin", [10, 20, 30, 40])})
    >>> time_window(responses, 10, 30, reduce="sum").values.tolist()
    [[3.0]]
    """
    check_option("reduce", reduce, ("mean", "sum", "none"))
    start, stop = check_real("start", start), check_real("stop", stop)
    if "time_bin" not in responses.dims:
        raise ValueError(f"responses has axes {responses.dims}, none of them time_bin. It has no time to choose from.")
    missing = [key for key in ("time_bin_start", "time_bin_end") if key not in responses.coords]
    if missing:
        raise ValueError(f"responses has no coordinate {quoted(missing)}. Assign the edges of its bins first.")
    if not start < stop:
        raise ValueError(f"start={start:g} is not before stop={stop:g}.")
    left, right = responses["time_bin_start"].values, responses["time_bin_end"].values
    backward = np.flatnonzero(~(left < right))
    if len(backward):
        raise ValueError(
            f"{len(backward)} of {len(left)} time bins do not end after they start (first: bin {backward[0]}, from "
            f"{left[backward[0]]:g} to {right[backward[0]]:g}). Correct time_bin_start and time_bin_end."
        )
    slack = 1e-9 * np.abs(np.concatenate([left, right])).max()
    inside = (left >= start - slack) & (right <= stop + slack)
    cut = ~inside & (left < stop - slack) & (right > start + slack)
    if cut.any() or not inside.any():
        reason = f"cuts {cut.sum()} bins" if cut.any() else "holds no bin"
        edges = np.unique(np.concatenate([left, right]))
        near = [edges[np.abs(edges - value).argmin()] for value in (start, stop)]
        raise ValueError(
            f"the window {start:g} to {stop:g} {reason}; bins lie from {edges[0]:g} to {edges[-1]:g}. "
            f"The nearest edges are {near[0]:g} and {near[1]:g}."
        )
    chosen = responses.isel(time_bin=np.flatnonzero(inside))
    if reduce != "none":
        _check_covered(left[inside], right[inside], start, stop)
        chosen = getattr(chosen, reduce)("time_bin", keep_attrs=True)
    return chosen.assign_attrs(window_start=start, window_stop=stop)


def _check_covered(left: np.ndarray, right: np.ndarray, start: float, stop: float) -> None:
    """Refuse bins that do not fill a window one after the other: their mean or sum would not be that of the window."""
    order = np.argsort(left)
    ends, begins = np.append(start, right[order]), np.append(left[order], stop)
    wrong = np.flatnonzero(np.abs(begins - ends) > 1e-3 * (right - left).min())
    if len(wrong):
        end, begin = ends[wrong[0]], begins[wrong[0]]
        what = f"no bin lies from {end:g} to {begin:g}" if end < begin else f"bins overlap from {begin:g} to {end:g}"
        raise ValueError(
            f"the bins do not fill the window {start:g} to {stop:g} once: {what}. Choose a window that is filled, or "
            'take the bins as they are: reduce="none".'
        )


def check_recording(responses: Any) -> None:
    """Refuse what is not a DataArray with presentations and neuroids."""
    if not isinstance(responses, xr.DataArray):
        raise TypeError(
            f"responses is a {type(responses).__name__}; needed is a DataArray (presentation, neuroid). "
            'Make one: xr.DataArray(values, dims=("presentation", "neuroid"), coords={"stimulus_id": …}).'
        )
    if not {"presentation", "neuroid"} <= set(responses.dims):
        raise ValueError(f"responses has axes {responses.dims}; needed are presentation and neuroid. Rename them.")


def groups_of(responses: xr.DataArray, by: str | Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Group of each presentation, in order of first appearance, and the first presentation of each group."""
    keys = [by] if isinstance(by, str) else list(by)
    known = [str(key) for key, one in responses.coords.items() if one.dims == ("presentation",)]
    codes = []
    for key in keys:
        if key not in known:
            raise ValueError(f"by={key!r} is not a presentation coordinate. {hint(str(key), known)}")
        codes.append(pd.factorize(responses.coords[key].values, use_na_sentinel=False)[0])
    if not codes:
        raise ValueError(f"by is empty. Name coordinates, of: {quoted(known)}.")
    group = pd.factorize(pd.MultiIndex.from_arrays(codes))[0]
    first = np.unique(group, return_index=True)[1]
    return group, first


def constant_coordinates(responses: xr.DataArray, group: np.ndarray, first: np.ndarray) -> dict[str, np.ndarray]:
    """Coordinates that say the same for all presentations of each group, one entry per group."""
    kept = {}
    for key, entries in axis_coordinates(responses, "presentation").items():
        codes = pd.factorize(entries)[0]
        if key not in PER_TRIAL and np.array_equal(codes, codes[first][group]):
            kept[key] = entries[first]
    return kept


def _sums(values: np.ndarray, group: np.ndarray, n_groups: int) -> np.ndarray:
    """Sums over the first axis of the entries of each group."""
    order = np.argsort(group, kind="stable")
    return np.add.reduceat(values[order], np.searchsorted(group[order], np.arange(n_groups)), axis=0)
