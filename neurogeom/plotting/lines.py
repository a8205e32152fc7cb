"""Lines with intervals, floors, and points against the line of equality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurogeom._core.validation import check_option
from neurogeom.plotting.style import GRID, MUTED, PALETTE, axes_or_new, category_axis, check_axes, context

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def line(
    x: ArrayLike,
    y: ArrayLike,
    *,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    hollow: ArrayLike | None = None,
    interval: str = "bars",
    label: str | None = None,
    color: str = PALETTE[0],
    marker: str = "o",
    connect: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw one series: values, their intervals, and hollow markers for those not to be trusted.

    Parameters
    ----------
    x : array-like of shape (n,)
        Positions, or names, which are then put at 0, 1, 2, ….
    y : array-like of shape (n,)
        Values; NaN leaves a gap.
    low, high : array-like of shape (n,), optional
        Ends of the intervals, in the unit of `y`; NaN draws none.
    hollow : array-like of bool of shape (n,), optional
        Where the marker is drawn hollow, and the line to its neighbors faint.
    interval : {'bars', 'band'}
        How intervals are drawn: bars for a few named positions, a band along a numeric axis.
    label : str, optional
        Name in the legend.
    color, marker : str
        Look of the series.
    connect : bool
        Whether neighbors are joined by a line.
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
    ValueError
        If the arrays differ in length, or an option is unknown.

    Examples
    --------
    >>> from neurogeom.plotting import new_figure
    >>> figure, axes = new_figure()
    >>> ax = line(["a", "b"], [0.3, 0.6], low=[0.2, 0.5], high=[0.4, 0.7], hollow=[True, False], ax=axes[0, 0])
    >>> [text.get_text() for text in ax.get_xticklabels()]
    ['a', 'b']
    """
    ax = axes_or_new(ax)
    check_option("interval", interval, ("bars", "band"))
    check_lengths(x=x, y=y, low=low, high=high, hollow=hollow)
    positions, values = _positions(x, ax), np.asarray(y, dtype=float)
    empty = np.zeros(values.shape, bool) if hollow is None else np.asarray(hollow, dtype=bool)
    with context():
        ends = None if low is None or high is None else np.array([low, high], dtype=float)
        if ends is not None and interval == "band":
            ax.fill_between(positions, ends[0], ends[1], color=color, alpha=0.18, linewidth=0, zorder=2)
        elif ends is not None:
            # An interval that misses its own value (a skewed bootstrap) is drawn where it lies, not clipped.
            ax.vlines(positions, ends[0], ends[1], color=color, linewidth=1.2, zorder=3)
        if connect:
            _connect(positions, values, empty, color, ax)
        sizes: dict[str, Any] = {"marker": marker, "markersize": 5.5, "markeredgewidth": 1.3, "linestyle": "none"}
        for mask, face in ((~empty, color), (empty, "white")):
            if mask.any():
                ax.plot(positions[mask], values[mask], color=color, markerfacecolor=face, zorder=5, **sizes)
        if label is not None:
            full = {**sizes, "linestyle": "-" if connect else "none"}
            ax.plot([], [], color=color, markerfacecolor=color, label=label, **full)
    return ax


def floor(
    x: ArrayLike,
    y: ArrayLike,
    *,
    label: str | None = "floor",
    color: str = MUTED,
    shade: bool = True,
    style: str = "dashed",
    ax: Axes | None = None,
) -> Axes:
    """Draw the level below which no value can lie, shaded underneath, one step per position.

    Parameters
    ----------
    x : array-like of shape (n,)
        Positions, or names.
    y : array-like of shape (n,)
        Level at each position, in the unit of the axis.
    label : str, optional
        Name in the legend.
    color : str
        Color of the line.
    shade : bool
        Whether the space below is tinted.
    style : str
        Line style.
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
    ValueError
        If the arrays differ in length, or an option is unknown.

    Examples
    --------
    >>> from neurogeom.plotting import new_figure
    >>> figure, axes = new_figure()
    >>> len(floor([0, 1], [0.2, 0.2], ax=axes[0, 0]).collections)
    1
    """
    ax = axes_or_new(ax)
    check_lengths(x=x, y=y)
    positions, level = _positions(x, ax), np.asarray(y, dtype=float)
    if len(positions) == 0:
        return ax
    edges = _edges(positions)
    steps = np.append(level, level[-1])
    with context():
        ax.step(edges, steps, where="post", color=color, linestyle=style, linewidth=1.2, label=label, zorder=1.5)
        if shade:
            ax.fill_between(edges, 0.0, steps, step="post", color=GRID, alpha=0.6, linewidth=0, zorder=0.5)
    return ax


def reference(
    value: float, *, label: str | None = None, axis: str = "y", color: str = MUTED, ax: Axes | None = None
) -> Axes:
    """Draw a straight line at one value, such as a chance level.

    Parameters
    ----------
    value : float
        Where the line lies.
    label : str, optional
        Name in the legend.
    axis : {'x', 'y'}
        Axis on which `value` lies.
    color : str
        Color of the line.
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
    >>> len(reference(0.1, label="chance", ax=axes[0, 0]).lines)
    1
    """
    ax = axes_or_new(ax)
    draw = ax.axhline if axis == "y" else ax.axvline
    draw(value, color=color, linestyle="dashed", linewidth=1.2, label=label, zorder=1.5)
    return ax


def onset(ax: Axes, times: ArrayLike, *, at: float = 0.0) -> Axes:
    """Draw stimulus onset as a line over an axis of time, where it lies within the times that are drawn.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    times : array
        Times along the axis.
    at : float
        Time of the onset.

    Returns
    -------
    Axes
        The same.

    Raises
    ------
    TypeError
        If `ax` is not a matplotlib Axes.

    Examples
    --------
    >>> from neurogeom.plotting import new_figure
    >>> figure, axes = new_figure()
    >>> len(onset(axes[0, 0], [-50.0, 0.0, 50.0]).lines)
    1
    """
    ax = axes_or_new(ax)
    known = np.asarray(times, dtype=float)
    if known.size and known.min() <= at <= known.max():
        ax.axvline(at, color=MUTED, linestyle="solid", linewidth=1.0, zorder=1.2)
        # words beside the line, since a legend would lie over the curves or the title
        ax.annotate(
            "stimulus onset", (at, 0.02), xycoords=("data", "axes fraction"), xytext=(-3, 0),
            textcoords="offset points", rotation=90, ha="right", va="bottom", fontsize=7, color=MUTED,
        )  # fmt: skip
    return ax


def against(
    x: ArrayLike,
    y: ArrayLike,
    *,
    error: ArrayLike | None = None,
    label: str | None = None,
    color: str = PALETTE[0],
    marker: str = "o",
    ax: Axes | None = None,
) -> Axes:
    """Draw values against the values that they should have, with the line of equality.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Expected and found values, in the same unit.
    error : array-like of shape (n,), optional
        Half the length of each error bar of `y`.
    label : str, optional
        Name in the legend.
    color, marker : str
        Look of the points.
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
    ValueError
        If the arrays differ in length, or an option is unknown.

    Examples
    --------
    >>> from neurogeom.plotting import new_figure
    >>> figure, axes = new_figure()
    >>> ax = against([1.0, 2.0], [1.1, 1.9], error=[0.1, 0.1], ax=axes[0, 0])
    >>> ax.get_gid()
    'equality'
    """
    ax = axes_or_new(ax, grid="both")
    check_lengths(x=x, y=y, error=error)
    expected, found = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    with context():
        if ax.get_gid() != "equality":
            ax.set_gid("equality")
            ax.axline((1.0, 1.0), (2.0, 2.0), color=MUTED, linestyle="dashed", linewidth=1.2, zorder=1.5)
        ax.errorbar(
            expected, found, yerr=error, fmt=marker, color=color, label=label, markersize=5.5, markeredgecolor="white",
            markeredgewidth=0.6, elinewidth=1.2, zorder=4,
        )  # fmt: skip
    return ax


def note(text: str, *, ax: Axes | None = None) -> Axes:
    """Write one sentence in the middle of an empty panel: a figure without data says why.

    Parameters
    ----------
    text : str
        The sentence.
    ax : Axes, optional
        Where to write; a new figure otherwise.

    Returns
    -------
    Axes
        The same, without ticks.

    Raises
    ------
    TypeError
        If `ax` is not a matplotlib Axes.

    Examples
    --------
    >>> from neurogeom.plotting import new_figure
    >>> figure, axes = new_figure()
    >>> note("no layer lies above its floor", ax=axes[0, 0]).texts[0].get_text()
    'no layer lies above its floor'
    """
    ax = axes_or_new(ax, grid=None)
    with context():
        ax.text(
            0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=MUTED, wrap=True, fontsize=8.5,
            style="italic",
        )  # fmt: skip
    if not ax.has_data():
        ax.set(xticks=[], yticks=[])
    return ax


def zero_based(ax: Axes, *, top: float | None = None) -> Axes:
    """Start the vertical axis at zero, with some air above the highest thing drawn.

    Parameters
    ----------
    ax : Axes
        Axes to limit.
    top : float, optional
        Upper end; found from what is drawn otherwise.

    Returns
    -------
    Axes
        The same.

    Raises
    ------
    TypeError
        If `ax` is not a matplotlib Axes.

    Examples
    --------
    >>> from neurogeom.plotting import new_figure
    >>> figure, axes = new_figure()
    >>> _ = axes[0, 0].plot([0, 1], [2.0, 3.0])
    >>> float(zero_based(axes[0, 0]).get_ylim()[0])
    0.0
    """
    check_axes(ax)
    ax.autoscale_view(scalex=False)
    upper = ax.get_ylim()[1] if top is None else top
    ax.set_ylim(0.0, upper if np.isfinite(upper) and upper > 0 else 1.0)
    return ax


def check_lengths(**arrays: Any) -> None:
    """Raise a ValueError that names the arrays whose lengths differ from that of the first one."""
    given = {name: np.asarray(array) for name, array in arrays.items() if array is not None}
    (first, reference_array), *others = given.items()
    for name, array in others:
        if array.shape != reference_array.shape:
            raise ValueError(
                f"{name} has shape {array.shape}, {first} has {reference_array.shape}. Give one entry each."
            )


def _positions(x: ArrayLike, ax: Axes) -> np.ndarray:
    """Turn names into 0, 1, 2, … and label the axis with them; leave numbers as they are."""
    array = np.asarray(x)
    if array.dtype.kind in "OUST":
        category_axis(ax, [str(name) for name in array])
        return np.arange(len(array), dtype=float)
    return array.astype(float)


def _connect(positions: np.ndarray, values: np.ndarray, hollow: np.ndarray, color: str, ax: Axes) -> None:
    """Join neighbors; steps from or to a hollow marker are faint, since the change they show is not to be trusted."""
    solid = np.where(hollow, np.nan, values)
    ax.plot(positions, solid, color=color, zorder=4, alpha=0.85)
    for i in np.flatnonzero(hollow[:-1] | hollow[1:]):
        pair = slice(i, i + 2)
        ax.plot(positions[pair], values[pair], color=color, linewidth=0.9, linestyle="dotted", alpha=0.7, zorder=4)


def _edges(positions: np.ndarray) -> np.ndarray:
    """Borders between neighboring positions, half a step beyond the first and the last."""
    if len(positions) == 1:
        return np.array([positions[0] - 0.5, positions[0] + 0.5])
    middle = (positions[:-1] + positions[1:]) / 2
    return np.concatenate([[positions[0] - (middle[0] - positions[0])], middle, [2 * positions[-1] - middle[-1]]])
