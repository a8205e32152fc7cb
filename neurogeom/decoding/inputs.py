"""Spikes and images at the door of a decoder: whose they are, and which belong together."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.random import generator
from neurogeom._core.validation import check_count
from neurogeom.io.fingerprint import fingerprint
from neurogeom.retina.counts import as_counts
from neurogeom.stimuli import as_images


def stack_lags(counts: Any) -> Any:
    """Return counts with their time bins as further neuroids, (presentation, neuroid · time_bin).

    Parameters
    ----------
    counts : DataArray (presentation, neuroid[, time_bin]) or array-like (n, cells[, bins])
        Without time it comes back as it is.

    Returns
    -------
    DataArray or ndarray
        All bins of the first neuroid, then all of the second.

    Raises
    ------
    ValueError
        More axes than three.

    Examples
    --------
    >>> stack_lags(np.arange(12).reshape(2, 3, 2)).shape
    (2, 6)
    """
    if isinstance(counts, xr.DataArray) and "time_bin" in counts.dims:
        ordered = counts.transpose("presentation", "neuroid", "time_bin")
        n_bins = ordered.sizes["time_bin"]
        names = _names(ordered)
        kept = {key: ("presentation", value.values) for key, value in ordered.coords.items()
                if value.dims == ("presentation",)}  # fmt: skip
        if names is not None:
            kept["neuroid_id"] = ("neuroid", np.array([f"{name}@{lag}" for name in names for lag in range(n_bins)]))
        values = ordered.values.reshape(len(ordered), -1)
        return xr.DataArray(values, dims=("presentation", "neuroid"), coords=kept, attrs=dict(counts.attrs))
    values = np.asarray(counts)
    if values.ndim > 3:
        raise ValueError(f"counts has shape {values.shape}; (presentations, cells[, bins]) is needed.")
    return values.reshape(len(values), -1) if values.ndim == 3 else counts


def frame_windows(counts: Any, n_lags: int) -> Any:
    """Return the bins from each frame of a movie on, so that frames are decoded one by one: (frame, neuroid, time_bin).

    Parameters
    ----------
    counts : DataArray (neuroid, time_bin) or (1, neuroid, time_bin), or array-like of these shapes
        Spikes per frame of one movie.
    n_lags : int
        Bins after (and with) each frame that a decoder sees.

    Returns
    -------
    DataArray or ndarray
        One entry for each frame that has all its lags: frame t has bins t, …, t + n_lags − 1.

    Raises
    ------
    ValueError
        Another shape, more lags than frames.

    Examples
    --------
    >>> frame_windows(np.arange(10).reshape(2, 5), 3)[1].tolist()
    [[1, 2, 3], [6, 7, 8]]
    """
    values = np.asarray(counts)
    values = values[0] if values.ndim == 3 and len(values) == 1 else values
    lags = check_count("n_lags", n_lags)
    if values.ndim != 2 or values.shape[1] < lags:
        raise ValueError(f"counts has shape {values.shape}; (cells, bins) with at least {lags} bins is needed.")
    windows = np.lib.stride_tricks.sliding_window_view(values, lags, axis=1).transpose(1, 0, 2)
    if not isinstance(counts, xr.DataArray):
        return windows
    coords = {key: ("neuroid", one.values) for key, one in counts.coords.items() if one.dims == ("neuroid",)}
    return xr.DataArray(windows, dims=("presentation", "neuroid", "time_bin"), coords=coords, attrs=dict(counts.attrs))


def identity(counts: Any) -> str | None:
    """Return what tells the population of counts: the mosaic's fingerprint, or that of their neuroid ids.

    Parameters
    ----------
    counts : DataArray or array-like

    Returns
    -------
    str or None
        None for an array without labels.

    Examples
    --------
    >>> identity(np.zeros((2, 3))) is None
    True
    """
    own = getattr(counts, "attrs", {}).get("mosaic")
    if own is not None:
        return str(own)
    names = _names(counts)
    return None if names is None else fingerprint([str(name) for name in names])


def check_same(known: str | None, counts: Any, what: str = "decoder") -> None:
    """Refuse counts of another population than the one that is known.

    Examples
    --------
    >>> check_same("a", np.zeros((2, 3)))
    """
    given = identity(counts)
    if known is not None and given is not None and given != known:
        raise ValueError(
            f"counts come from another mosaic (fingerprint {given[:8]}…) than the one that this {what} was made for "
            f"({known[:8]}…): positions, types, receptive fields or window differ. Fit a decoder for it."
        )


def paired(counts: Any, images: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Counts (n, features), images (n, height, width) and sources (n,) or None, once they fit together.

    Raises
    ------
    ValueError
        Different numbers, or ``stimulus_id`` in another order.

    Examples
    --------
    >>> n, x, source = paired(np.ones((2, 3)), np.zeros((2, 4, 4)))
    >>> n.shape, x.shape, source
    ((2, 3), (2, 4, 4), None)
    """
    values, pictures = as_counts(stack_lags(counts)), as_images(images)
    if len(values) != len(pictures):
        raise ValueError(f"counts has {len(values)} presentations, images has {len(pictures)}; give one for each.")
    ids = [getattr(one, "coords", {}).get("stimulus_id") for one in (counts, images)]
    if all(one is not None for one in ids) and not np.array_equal(ids[0].values, ids[1].values):  # type: ignore[union-attr]
        raise ValueError(
            "counts and images disagree in stimulus_id, so they are in another order. "
            "Select the images by the counts' stimulus_id."
        )
    for one in (images, counts):
        source = getattr(one, "coords", {}).get("source")
        if source is not None and source.dims == ("presentation",):
            return values, pictures, np.asarray(source.values).astype(str)
    return values, pictures, None


def held_out(sources: np.ndarray | None, n: int, share: float, seed: int) -> np.ndarray:
    """Mask of presentations to hold out: whole source images where known, else a random share.

    Examples
    --------
    >>> held_out(np.array(list("aabbccdd")), 8, 0.25, 0).sum()
    np.int64(2)
    """
    draw = generator(seed, 61)
    if sources is None or len(np.unique(sources)) < 2:
        out = np.zeros(n, dtype=bool)
        out[draw.permutation(n)[: max(int(round(share * n)), 1)]] = True
        return out
    names = draw.permutation(np.unique(sources))
    return np.isin(sources, names[: min(max(int(round(share * len(names))), 1), len(names) - 1)])


def source_folds(sources: np.ndarray | None, n: int, n_folds: int, seed: int) -> np.ndarray:
    """Fold of each presentation, whole source images together where known.

    Examples
    --------
    >>> source_folds(np.array(list("aabb")), 4, 2, 0).tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
    True
    """
    names, number = np.unique(np.arange(n) if sources is None else sources, return_inverse=True)
    order = generator(seed, 103).permutation(len(names))
    return (order % min(n_folds, len(names)))[number]


def labeled_images(images: np.ndarray, counts: Any, **attributes: Any) -> xr.DataArray:
    """Decoded images (presentation, y, x) with the presentations' coordinates."""
    coords = {
        key: ("presentation", np.asarray(value.values))
        for key, value in getattr(counts, "coords", {}).items()
        if value.dims == ("presentation",) and len(value) == len(images)
    }
    return xr.DataArray(images, dims=("presentation", "y", "x"), coords=coords, attrs=attributes, name="images")


def _names(counts: Any) -> np.ndarray | None:
    names = getattr(counts, "coords", {}).get("neuroid_id")
    return None if names is None or names.ndim != 1 else np.asarray(names.values)
