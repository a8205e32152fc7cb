"""Distributions: cumulative shares and histograms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurogeom.plotting.style import PALETTE, axes_or_new, context, dress

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def cumulative(values: ArrayLike, *, label: str | None = None, color: str = PALETTE[0], ax: Axes | None = None) -> Axes:
    """Draw the share of values that are at most x; values that are not finite count in the total only.

    Parameters
    ----------
    values : array-like of shape (n,)
        The values; infinite ones keep the curve below 1.
    label : str, optional
        Name in the legend.
    color : str
        Color of the curve.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        Where it was drawn.

    Raises
    ------
    TypeError
        If `ax` is not a matplotlib Axes.

    Examples
    --------
    >>> from neurogeom.plotting import new_figure
    >>> figure, axes = new_figure()
    >>> cumulative([3, 1, 2, float("inf")], ax=axes[0, 0]).lines[0].get_ydata().tolist()
    [0.0, 0.25, 0.5, 0.75]
    """
    ax = axes_or_new(ax)
    array = np.asarray(values, dtype=float)
    finite = np.sort(array[np.isfinite(array)])
    with context():
        if finite.size:
            share = np.arange(finite.size + 1) / array.size
            ax.step(np.concatenate([finite[:1], finite]), share, where="post", color=color, label=label, zorder=4)
    ax.set_ylim(-0.02, 1.02)
    return ax


def histogram(
    values: ArrayLike,
    *,
    bins: int | str = "auto",
    label: str | None = None,
    color: str = PALETTE[0],
    ax: Axes | None = None,
) -> Axes:
    """Draw how often values fall in each interval; values that are not finite are left out.

    Parameters
    ----------
    values : array-like of shape (n,)
        The values.
    bins : int or str
        Number of intervals, or numpy's rule for it.
    label : str, optional
        Name in the legend.
    color : str
        Color of the bars.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        Where it was drawn.

    Raises
    ------
    TypeError
        If `ax` is not a matplotlib Axes.

    Examples
    --------
    >>> from neurogeom.plotting import new_figure
    >>> figure, axes = new_figure()
    >>> histogram([1, 2, 2, 3], bins=3, ax=axes[0, 0]).get_ylabel()
    'count'
    """
    ax = axes_or_new(ax)
    array = np.asarray(values, dtype=float).ravel()
    with context():
        ax.hist(array[np.isfinite(array)], bins=bins, color=color, alpha=0.85, edgecolor="white", label=label, zorder=3)
    return dress(ax, y="count")
