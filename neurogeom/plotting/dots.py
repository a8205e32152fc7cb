"""Dots with intervals, one row a name, and rankings of many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from neurogeom.plotting.lines import check_lengths
from neurogeom.plotting.style import MUTED, PALETTE, axes_or_new, category_axis, context, dress

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def dots(
    names: Sequence[str],
    values: ArrayLike,
    *,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    hollow: ArrayLike | None = None,
    color: str = PALETTE[0],
    ax: Axes | None = None,
) -> Axes:
    """Draw one row per name, first name on top: a dot and its interval.

    Parameters
    ----------
    names : sequence of str
        Names of the rows.
    values : array-like of shape (n,)
        Where the dots lie; NaN leaves the row empty.
    low, high : array-like of shape (n,), optional
        Ends of the intervals.
    hollow : array-like of bool of shape (n,), optional
        Which dots are hollow.
    color : str
        Color of dots and intervals.
    ax : Axes, optional
        Where to draw; a new figure, high enough for the rows, otherwise.

    Returns
    -------
    Axes
        Where it was drawn.

    Raises
    ------
    TypeError
        If `ax` is not a matplotlib Axes.
    ValueError
        If the arrays differ in length.

    Examples
    --------
    >>> from neurogeom.plotting import new_figure
    >>> figure, axes = new_figure()
    >>> ax = dots(["cat", "dog"], [0.4, 0.5], low=[0.3, 0.4], high=[0.5, 0.6], ax=axes[0, 0])
    >>> bool(ax.yaxis_inverted())
    True
    """
    ax = axes_or_new(ax, size=(4.6, max(2.2, 0.6 + 0.2 * len(names))), grid="x")
    check_lengths(names=list(names), values=values, low=low, high=high, hollow=hollow)
    rows, points = np.arange(len(names)), np.asarray(values, dtype=float)
    empty = np.zeros(len(names), bool) if hollow is None else np.asarray(hollow, dtype=bool)
    with context():
        if low is not None and high is not None:
            ax.hlines(rows, np.asarray(low, float), np.asarray(high, float), color=color, linewidth=1.2, zorder=3)
        for mask, face in ((~empty, color), (empty, "white")):
            ax.plot(
                points[mask], rows[mask], marker="o", linestyle="none", color=color, markerfacecolor=face,
                markeredgewidth=1.3, zorder=4,
            )  # fmt: skip
        category_axis(ax, names, axis="y")
        ax.set_ylim(len(names) - 0.5, -0.5)
    return ax


def ranked(
    values: ArrayLike,
    *,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    n_named: int = 3,
    color: str = PALETTE[0],
    ax: Axes | None = None,
) -> Axes:
    """Draw many values from the largest to the smallest, with intervals, the outermost ones named.

    Parameters
    ----------
    values : array-like of shape (n,)
        Values to rank; those that are NaN are left out.
    low, high : array-like of shape (n,), optional
        Ends of the intervals. Values whose interval leaves out zero get the color, the others are gray.
    names : sequence of str, optional
        Names of the values.
    n_named : int
        How many names are written at each end.
    color : str
        Color of the values that differ from zero.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        Where it was drawn; the horizontal axis counts ranks from 1.

    Raises
    ------
    TypeError
        If `ax` is not a matplotlib Axes.
    ValueError
        If the arrays differ in length.

    Examples
    --------
    >>> from neurogeom.plotting import new_figure
    >>> figure, axes = new_figure()
    >>> ax = ranked([0.1, 0.5, -0.2], names=["a", "b", "c"], n_named=1, ax=axes[0, 0])
    >>> [text.get_text() for text in ax.texts]
    ['b', 'c']
    """
    ax = axes_or_new(ax, size=(5.6, 3.4))
    check_lengths(values=values, low=low, high=high, names=names)
    array = np.asarray(values, dtype=float)
    order = np.argsort(-array, kind="stable")[: int(np.isfinite(array).sum())]
    rank = np.arange(1, len(order) + 1)
    sure = np.ones(len(order), bool)
    with context():
        if low is not None and high is not None:
            ends = np.array([low, high], dtype=float)[:, order]
            sure = (ends[0] > 0) | (ends[1] < 0)
            for mask, shade in ((~sure, MUTED), (sure, color)):
                ax.vlines(rank[mask], ends[0][mask], ends[1][mask], color=shade, linewidth=1.0, alpha=0.5, zorder=3)
        ax.axhline(0.0, color=MUTED, linewidth=1.0, zorder=2)
        for mask, shade in ((~sure, MUTED), (sure, color)):
            ax.plot(rank[mask], array[order][mask], "o", markersize=3.2, color=shade, zorder=4)
        if names is not None:
            _name_ends(ax, rank, array[order], [str(names[i]) for i in order], n_named)
    return dress(ax, x="rank")


def _name_ends(ax: Axes, rank: np.ndarray, values: np.ndarray, names: list[str], n_named: int) -> None:
    """Write the names of the outermost values beside their dots, one below the other so that none overlap."""
    n_named = min(n_named, len(names) // 2) if len(names) > 1 else len(names)
    for ends, side, top in ((range(n_named), "left", 0.97), (range(len(names) - n_named, len(names)), "right", None)):
        for step, i in enumerate(ends):
            height = top - 0.075 * step if top is not None else 0.03 + 0.075 * (n_named - 1 - step)
            ax.annotate(
                names[i], (rank[i], values[i]), xytext=(0.12 if side == "left" else 0.88, height),
                textcoords="axes fraction", ha=side, va="center", fontsize=7.5,
                arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.6, "shrinkB": 3},
            )  # fmt: skip
