"""One quiet style for every figure, switched on for a block and never for the process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from neurogeom._core.validation import check_count, check_option

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

INK = "#1f2933"
"""Color of text and of the data that matter most."""

MUTED = "#6b7785"
"""Color of axes, references and notes."""

GRID = "#e4e7eb"
"""Color of grid lines."""

PALETTE: tuple[str, ...] = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#3b4650")
"""Colors of series, in order; told apart with each common color-vision deficiency (after Okabe and Ito, 2008)."""

MARKERS: tuple[str, ...] = ("o", "s", "D", "^", "v", "P", "X")
"""Markers of series, in the order of `PALETTE`: no series is known by its color alone."""

SEQUENTIAL = "cividis"
"""Color map of values with one direction."""

DIVERGING = "RdBu_r"
"""Color map of values around a center."""

_SETTINGS: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlepad": 8.0,
    "axes.labelsize": 9.0,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "lines.linewidth": 1.6,
    "lines.markersize": 5.5,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "legend.handlelength": 1.8,
    "figure.facecolor": "white",
    "figure.dpi": 110.0,
    "savefig.dpi": 160.0,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "neurogeom",
}


@contextmanager
def context(**settings: Any) -> Iterator[None]:
    """Draw in the style of neurogeom within a `with` block; matplotlib's settings are as before after it.

    Parameters
    ----------
    **settings
        matplotlib settings to change on top, dots written as double underscores: ``font__size=11``.

    Yields
    ------
    None
        Nothing.

    Raises
    ------
    KeyError
        If matplotlib has no such setting.

    Examples
    --------
    >>> import matplotlib
    >>> before = matplotlib.rcParams["axes.spines.top"]
    >>> with context(font__size=11):
    ...     matplotlib.rcParams["font.size"], matplotlib.rcParams["axes.spines.top"]
    (11.0, False)
    >>> matplotlib.rcParams["axes.spines.top"] == before
    True
    """
    import matplotlib

    chosen: Any = {**_SETTINGS, **{name.replace("__", "."): value for name, value in settings.items()}}
    with matplotlib.rc_context(chosen):
        yield


def series(index: int) -> dict[str, str]:
    """Return the color and marker of the series with this number.

    Parameters
    ----------
    index : int
        Number of the series, from 0; colors and markers repeat after seven.

    Returns
    -------
    dict
        ``color`` and ``marker``, to hand on to `line`.

    Raises
    ------
    TypeError, ValueError
        If `index` is not a whole number of at least 0.

    Examples
    --------
    >>> series(0)
    {'color': '#0072b2', 'marker': 'o'}
    """
    index = check_count("index", index, minimum=0)
    return {"color": PALETTE[index % len(PALETTE)], "marker": MARKERS[index % len(MARKERS)]}


def polish(ax: Axes, *, grid: str | None = "y") -> Axes:
    """Give one Axes the quiet look, ticks included, which matplotlib makes only when it draws.

    Parameters
    ----------
    ax : Axes
        Axes to dress.
    grid : {'x', 'y', 'both', None}
        Direction whose grid lines are drawn.

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
    >>> figure, axes = new_figure()
    >>> polish(axes[0, 0]).spines["top"].get_visible()
    False
    """
    check_axes(ax)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(color=MUTED, linewidth=0.8)
    ax.tick_params(which="both", color=MUTED, labelcolor=INK, labelsize=8.0, width=0.8, length=3.0)
    ax.set_axisbelow(True)
    if grid is not None:
        ax.grid(True, axis=grid, color=GRID, linewidth=0.8)
    return ax


def new_figure(
    *,
    n_rows: int = 1,
    n_columns: int = 1,
    size: tuple[float, float] = (4.6, 3.2),
    grid: str | None = "y",
    **settings: Any,
) -> tuple[Figure, np.ndarray]:
    """Make a figure for a file or a report, unknown to pyplot, so that no window opens and nothing is left open.

    Parameters
    ----------
    n_rows, n_columns : int
        Panels down and across.
    size : tuple of float
        Width and height of one panel, in inches.
    grid : {'x', 'y', 'both', None}
        Grid lines of each panel.
    **settings
        Handed to `matplotlib.figure.Figure.subplots`.

    Returns
    -------
    tuple of Figure and numpy.ndarray of Axes
        The array has shape (n_rows, n_columns).

    Raises
    ------
    TypeError, ValueError
        If there is not at least one panel.

    Examples
    --------
    >>> figure, axes = new_figure(n_columns=2)
    >>> axes.shape
    (1, 2)
    """
    from matplotlib.figure import Figure

    n_rows, n_columns = check_count("n_rows", n_rows), check_count("n_columns", n_columns)
    with context():
        figure = Figure(figsize=(size[0] * n_columns, size[1] * n_rows), layout="constrained")
        axes = figure.subplots(n_rows, n_columns, squeeze=False, **settings)
    for ax in axes.flat:
        polish(ax, grid=grid)
    return figure, axes


def axes_or_new(ax: Axes | None, *, size: tuple[float, float] = (4.6, 3.2), grid: str | None = "y") -> Axes:
    """Return the Axes that was given, or a new one of pyplot's, which a notebook shows by itself.

    Parameters
    ----------
    ax : Axes or None
        What the caller gave.
    size : tuple of float
        Width and height of the new figure, in inches.
    grid : {'x', 'y', 'both', None}
        Grid lines of the new Axes.

    Returns
    -------
    Axes
        The given one is left as it looks: only what a function draws is added.

    Raises
    ------
    TypeError
        If `ax` is not a matplotlib Axes.

    Examples
    --------
    >>> figure, axes = new_figure()
    >>> axes_or_new(axes[0, 0]) is axes[0, 0]
    True
    """
    if ax is not None:
        return check_axes(ax)
    return new_axes(1, size=size, grid=grid)[0]


def new_axes(
    n_panels: int, *, size: tuple[float, float] = (4.6, 3.2), grid: str | None = "y", **settings: Any
) -> np.ndarray:
    """Make panels side by side in a new figure of pyplot's, which a notebook shows by itself.

    Parameters
    ----------
    n_panels : int
        Number of panels.
    size : tuple of float
        Width and height of one panel, in inches.
    grid : {'x', 'y', 'both', None}
        Grid lines of each panel.
    **settings
        Handed to `matplotlib.pyplot.subplots`.

    Returns
    -------
    numpy.ndarray of Axes
        Shape (n_panels,).

    Raises
    ------
    TypeError, ValueError
        If there is not at least one panel.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> panels = new_axes(3)
    >>> panels.shape
    (3,)
    >>> plt.close(panels[0].figure)
    """
    import matplotlib.pyplot as plt

    n_panels = check_count("n_panels", n_panels)
    with context():
        _, axes = plt.subplots(
            1, n_panels, figsize=(size[0] * n_panels, size[1]), layout="constrained", squeeze=False, **settings
        )
    for ax in axes.flat:
        polish(ax, grid=grid)
    return axes[0]


def category_axis(ax: Axes, names: Sequence[str], *, axis: str = "x") -> Axes:
    """Label one axis with names at 0, 1, 2, …, turned, shortened or thinned out where they would not fit.

    Parameters
    ----------
    ax : Axes
        Axes to label.
    names : sequence of str
        One name per position.
    axis : {'x', 'y'}
        Axis to label.

    Returns
    -------
    Axes
        The same.

    Raises
    ------
    TypeError
        If `ax` is not a matplotlib Axes.
    ValueError
        If `axis` is neither 'x' nor 'y'.

    Examples
    --------
    >>> figure, axes = new_figure()
    >>> ax = category_axis(axes[0, 0], ["pixels", "hidden 1"])
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['pixels', 'hidden 1']
    """
    check_axes(ax)
    check_option("axis", axis, ("x", "y"))
    positions = np.arange(len(names))
    if axis == "y":
        ax.set_yticks(positions, [str(name) for name in names])
        return ax
    texts = [str(name) for name in names]
    letters, room = max(map(len, texts), default=0) * len(texts), 11.0 * _width(ax)
    look: dict[str, Any] = {}
    if len(texts) > 3.5 * _width(ax):
        look = {"rotation": 90, "fontsize": 6.5}
        step = int(np.ceil(len(texts) / (9.0 * _width(ax))))
        positions, texts = positions[::step], [_short(text) for text in texts[::step]]
    elif letters > room:
        look = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
        texts = [_short(text) for text in texts]
    ax.set_xticks(positions, texts, **look)
    if len(names):
        ax.set_xlim(-0.5, len(names) - 0.5)
    return ax


def dress(
    ax: Axes, *, title: str | None = None, x: str | None = None, y: str | None = None, legend: str | None = None
) -> Axes:
    """Write title, axis labels and legend in the quiet style.

    Parameters
    ----------
    ax : Axes
        Axes to label.
    title : str, optional
        Title, set bold; ``ax.set_title`` replaces it.
    x, y : str, optional
        Labels of the axes, with their units.
    legend : str, optional
        Where the legend goes, such as 'best'; none is drawn without it, or where nothing has a label.

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
    >>> figure, axes = new_figure()
    >>> dress(axes[0, 0], title="Capacity", y="manifolds per dimension").get_title()
    'Capacity'
    """
    check_axes(ax)
    with context():
        if title is not None:
            ax.set_title(title)
        if x is not None:
            ax.set_xlabel(x)
        if y is not None:
            ax.set_ylabel(y)
        if legend is not None and ax.get_legend_handles_labels()[0]:
            ax.legend(loc=legend)
    return ax


def log_axis(ax: Axes, values: ArrayLike, *, axis: str = "x") -> Axes:
    """Make one axis logarithmic, with plain numbers at 1, 2, 5, 10, ….

    Parameters
    ----------
    ax : Axes
        Axes to label.
    values : array-like
        Positive numbers that the axis shall span.
    axis : {'x', 'y'}
        Axis to label.

    Returns
    -------
    Axes
        The same.

    Raises
    ------
    TypeError
        If `ax` is not a matplotlib Axes.
    ValueError
        If `axis` is neither 'x' nor 'y', or the values are not positive.

    Examples
    --------
    >>> figure, axes = new_figure()
    >>> log_axis(axes[0, 0], [16, 1024]).get_xscale()
    'log'
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    check_axes(ax)
    check_option("axis", axis, ("x", "y"))
    if not np.nanmin(values) > 0:
        raise ValueError(f"values go down to {np.nanmin(values):g}; a logarithmic axis needs positive ones.")
    (ax.set_xscale if axis == "x" else ax.set_yscale)("log")
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    steps = (1, 2, 5) if high / low < 200 else (1,)
    places = [k * 10.0**e for e in range(-12, 13) for k in steps]
    chosen = ax.xaxis if axis == "x" else ax.yaxis
    chosen.set_major_locator(FixedLocator([place for place in places if low / 1.6 <= place <= high * 1.6]))
    chosen.set_minor_locator(NullLocator())
    chosen.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    (ax.set_xlim if axis == "x" else ax.set_ylim)(low / 1.25, high * 1.25)
    return ax


def check_axes(ax: Any) -> Axes:
    """Return what was given as ``ax=``, or raise a TypeError that says what was given instead."""
    if not (hasattr(ax, "plot") and hasattr(ax, "transAxes")):
        raise TypeError(f"ax is a {type(ax).__name__}; a matplotlib Axes is needed, such as plt.subplots()[1].")
    return ax


def _short(text: str, limit: int = 18) -> str:
    """The end of a long name, which tells layers apart better than its beginning."""
    return text if len(text) <= limit else "…" + text[1 - limit :]


def _width(ax: Axes) -> float:
    """Rough width of an Axes in inches, before any layout has run."""
    spec = ax.get_subplotspec()
    columns = 1 if spec is None else spec.get_topmost_subplotspec().get_gridspec().ncols
    figure = ax.get_figure(root=True)
    return 0.8 * float(figure.get_figwidth()) / columns if figure is not None else 3.5
