"""Spike counts: what they have to be, and how they are labeled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    from neurogeom.retina.mosaic import Mosaic


def as_counts(counts: Any, name: str = "counts", *, n_cells: int | None = None) -> np.ndarray:
    """Return spike counts as float64, shape (presentations, cells).

    Parameters
    ----------
    counts : array-like, shape (n, n_cells), or DataArray (presentation, neuroid)
        Whole numbers, 0 or more.
    name : str
        The argument's name for messages.
    n_cells : int, optional
        Number of cells that is needed.

    Returns
    -------
    ndarray, float64

    Raises
    ------
    TypeError
        Not numbers.
    ValueError
        Negative, not whole, NaN, another shape.

    Examples
    --------
    >>> as_counts([[0, 2]]).tolist()
    [[0.0, 2.0]]
    >>> as_counts([[0.5, 2.0]])
    Traceback (most recent call last):
    ...
    ValueError: counts holds 1 of 2 values that are not whole; counts of spikes in a window are needed, not rates. ...
    """
    if isinstance(counts, xr.DataArray) and {"presentation", "neuroid"} <= set(counts.dims):
        counts = counts.transpose("presentation", "neuroid", ...)
    values = np.asarray(counts)
    if values.dtype.kind not in "iubf":
        raise TypeError(f"{name} has dtype {values.dtype}; whole numbers are needed.")
    if values.ndim != 2 or not values.size:
        raise ValueError(f"{name} has shape {values.shape}; (presentations, cells) is needed, at least one of each.")
    if n_cells is not None and values.shape[1] != n_cells:
        hint = " It looks transposed." if values.shape[0] == n_cells else ""
        raise ValueError(f"{name} has {values.shape[1]} cells; {n_cells} are needed, one for each of the mosaic.{hint}")
    if values.dtype.kind == "f":
        if not np.isfinite(values).all():
            n_bad = int((~np.isfinite(values)).any(axis=1).sum())
            raise ValueError(f"{name} holds NaN in {n_bad} of {len(values)} presentations. Leave these out.")
        odd = int((values != np.round(values)).sum())
        if odd:
            raise ValueError(
                f"{name} holds {odd} of {values.size} values that are not whole; counts of spikes in a window are "
                "needed, not rates. Multiply rates by the window and use the counts themselves."
            )
    if values.min() < 0:
        raise ValueError(f"{name} holds {int((values < 0).sum())} negative values; counts are 0 or more.")
    return values.astype(np.float64)


def labeled_counts(counts: np.ndarray, mosaic: Mosaic, images: Any, **attributes: Any) -> xr.DataArray:
    """Counts as responses (presentation, neuroid[, time_bin]) with cells, sources of images and the fingerprint."""
    number = np.iinfo(np.uint8).max
    small = counts.astype(np.uint8) if counts.max(initial=0) <= number else counts.astype(np.int64)
    dims = ("presentation", "neuroid", "time_bin")[: counts.ndim]
    coords: dict[str, Any] = {
        "neuroid_id": ("neuroid", mosaic.neuroid_ids),
        "cell_type": ("neuroid", mosaic.cell_type.copy()),
        "y": ("neuroid", mosaic.positions[:, 0].copy()),
        "x": ("neuroid", mosaic.positions[:, 1].copy()),
    }
    for key in ("source", "stimulus_id"):
        own = getattr(images, "coords", {}).get(key)
        if own is not None and own.dims == ("presentation",) and len(own) == len(counts):
            coords[key] = ("presentation", np.asarray(own.values))
    if "stimulus_id" not in coords:
        coords["stimulus_id"] = ("presentation", np.arange(len(counts)))
    attrs = {"mosaic": mosaic.fingerprint(), "window_ms": mosaic.window_ms, "units": "spikes per window", **attributes}
    return xr.DataArray(small, dims=dims, coords=coords, attrs=attrs, name="counts")
