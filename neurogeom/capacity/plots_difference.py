"""Figures of differences: value and interval against the line of no difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from neurogeom import plotting
from neurogeom.capacity.text import (
    GEOMETRY,
    along_words,
    differing,
    interval,
    label,
    leading_dims,
    method,
    near_floor_somewhere,
    side_names,
    unit,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def difference(result: Any, ax: Any = None, *, quantities: Sequence[str] | None = None) -> np.ndarray:
    """Draw the difference of two populations with its interval and the line of no difference, a panel per quantity.

    Where the capacity of a side lies near its floor, that of the difference is hollow, and differences of geometry are
    left out: `neurogeom.capacity.text.caption` says so in words.

    Parameters
    ----------
    result : Result
        Of `compare`, single or put together along one dimension, such as layers.
    ax : Axes or sequence of Axes, optional
        One per quantity; a single Axes gets the first quantity only.
    quantities : sequence of str, optional
        Such as 'capacity'; capacity, dimension and radius by default.

    Returns
    -------
    numpy.ndarray of Axes
        One per quantity.

    Raises
    ------
    ValueError
        If the result has no such difference, more than one leading dimension, or the numbers of Axes and quantities
        differ.
    """
    known = [str(name).removesuffix("_difference") for name in result.data if str(name).endswith("_difference")]
    names = list(quantities) if quantities is not None else differing(result)
    dims = leading_dims(result)
    if len(dims) > 1:
        raise ValueError(f"result has {len(dims)} leading dimensions {dims}; difference draws one at most.")
    for name in names:
        if name not in known:
            raise ValueError(f"{result.kind} result has no difference of {name!r}. It has: {', '.join(known)}.")
    if ax is None:
        panels = plotting.new_axes(len(names), size=(3.4 if dims else 2.6, 3.1))
    else:
        panels = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
        names = names[:1] if quantities is None and len(panels) == 1 else names
    if len(panels) != len(names):
        raise ValueError(f"ax holds {len(panels)} Axes, there are {len(names)} quantities {names}. Give one Axes each.")
    for i, (panel, name) in enumerate(zip(panels, names, strict=True)):
        _panel(result, name, dims, panel, first=i == 0)
    return panels


def _panel(result: Any, name: str, dims: tuple[str, ...], ax: Axes, *, first: bool) -> None:
    """One quantity: values with intervals, and the line at zero."""
    data, variable = result.data, f"{name}_difference"
    minuend, subtrahend = side_names(result)
    ticks = _ticks(data, dims[0]) if dims else np.array([f"{minuend} − {subtrahend}"])
    near = np.atleast_1d(near_floor_somewhere(data))
    values = np.atleast_1d(np.asarray(data[variable], float))
    if name in GEOMETRY:
        values = np.where(near, np.nan, values)
    found = interval(data, variable)
    ends = [values, values] if found is None else [np.atleast_1d(found.low), np.atleast_1d(found.high)]
    low, high = (np.where(np.isfinite(values), end, np.nan) for end in ends)
    hollow = None if name in GEOMETRY else np.broadcast_to(near, values.shape)
    plotting.line(ticks, values, low=low, high=high, hollow=hollow, connect=False, ax=ax)
    plotting.reference(0.0, ax=ax)
    if not np.isfinite(values).any():
        plotting.note(f"a capacity lies near its floor:\nno {name} to compare", ax=ax)
        ax.set_yticks([])
    if not dims:
        ax.set_xlim(-0.6, 0.6)
    words = label(result, name, unit=False)
    words = f"{method(result)}: {words}" if first and method(result) else words[:1].upper() + words[1:]
    over = f"{along_words(dims[0], data)}: {minuend} − {subtrahend}" if dims else None
    plotting.dress(ax, title=words, x=over, y=f"difference [{unit(result, name)}]")


def _ticks(data: xr.Dataset, dim: str) -> np.ndarray:
    """Coordinate of a dimension: numbers as they are, everything else as text."""
    values = np.asarray(data[dim].values) if dim in data.coords else np.arange(data.sizes[dim])
    return values if values.dtype.kind in "iuf" else np.array([str(value) for value in values])
