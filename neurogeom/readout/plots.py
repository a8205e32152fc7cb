"""Pictures of class decoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurogeom import plotting

if TYPE_CHECKING:
    from neurogeom.readout.results import ReadoutResult


def confusion(result: ReadoutResult, *, ax: Any = None) -> Any:
    """Draw how often each class was named as each other, in shares of the tests of the true class.

    Parameters
    ----------
    result : ReadoutResult
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    counts = result.data["confusion"].values.astype(float)
    shares = counts / np.where(counts.sum(axis=1, keepdims=True) > 0, counts.sum(axis=1, keepdims=True), np.nan)
    names = [str(name) for name in result.data["label"].values]
    ax = plotting.matrix(shares, row_labels=names, column_labels=names, label="share of tests", ax=ax)
    ax.set_xlabel("named as")
    ax.set_ylabel("true class")
    ax.set_title(f"accuracy {result.accuracy:.3f} (chance {result.chance:.3f})")
    return ax


def accuracy(result: ReadoutResult, *, ax: Any = None, color: Any = None, marker: str = "o", label: str = "") -> Any:
    """Draw accuracy over layers, regions or time, with its interval and the chance level.

    Parameters
    ----------
    result : ReadoutResult
        Joined with ``results.concat``.
    ax : matplotlib Axes, optional
    color : optional
    marker : str
    label : str
        For a legend.

    Returns
    -------
    matplotlib Axes
    """
    values = result.data["accuracy"]
    dim = values.dims[0]
    interval = result.data["accuracy_ci"].transpose(dim, "bound").values
    chance = np.broadcast_to(np.asarray(result.data["chance"].values, dtype=float), values.shape)
    places = values[dim].values if dim in values.coords else np.arange(len(values))
    color = color or plotting.PALETTE[0]
    low, high = interval.T
    over_time = dim == "time" and np.asarray(places).dtype.kind in "iuf"
    look = {"color": color, "marker": marker, "interval": "band" if over_time else "bars"}
    ax = plotting.line(places, values.values, low=low, high=high, label=label or None, ax=ax, **look)
    plotting.floor(places, chance, label="chance", shade=False, style="dotted", ax=ax)
    units = values[dim].attrs.get("units") if dim in values.coords else None
    ax.set_xlabel(str(dim).replace("_", " ") + (f" [{units}]" if units else ""))
    if over_time:
        plotting.onset(ax, places)
    ax.set_ylabel("accuracy")
    return plotting.zero_based(ax, top=1.03)
