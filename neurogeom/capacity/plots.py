"""Figures of capacity results: each takes a result and ``ax=``, draws, and returns the Axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from neurogeom import plotting
from neurogeom.capacity.plots_difference import difference
from neurogeom.capacity.text import (
    GEOMETRY,
    NEAR_FLOOR,
    Interval,
    along_words,
    as_band,
    default_quantities,
    error_width,
    interval,
    label,
    leading_dims,
    method,
    near_floor,
    unit,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

ORDERED = ("layer", "stage", "block", "time_bin", "time", "epoch", "step", "age")
"""Dimensions whose entries follow each other, so that neighbors are joined by a line; numbers always are."""

MAX_ROWS = 40
"""Manifolds that still get a row each; more are drawn as a distribution."""


def plot(result: Any, ax: Any = None, **options: Any) -> Any:
    """Draw the figure of a capacity result that suits its kind and shape.

    Parameters
    ----------
    result : Result
        Of kind mean_field, glue, simulated, sensitivity, curve or comparison, single or from `results.concat`.
    ax : Axes or sequence of Axes, optional
        Where to draw; a new figure otherwise.
    **options
        Handed to the function that draws: `across`, `manifolds`, `pairs`, `separable`, `neurons` or
        `difference`.

    Returns
    -------
    Axes, or numpy.ndarray of Axes
        An array for differences and for results along layers, regions, time or sizes, one panel per quantity; one Axes
        for other single results.

    Raises
    ------
    ValueError
        If a quantity that the result does not have is asked for.
    """
    if result.kind == "capacity.comparison":
        return difference(result, ax=ax, **options)
    if leading_dims(result):
        return across(result, ax=ax, **options)
    single = {"capacity.simulated": separable, "capacity.sensitivity": neurons}.get(result.kind)
    if single is not None:
        return single(result, ax=ax, **options)
    wanted = options.get("quantity", "pair_capacity")
    if str(wanted).startswith("pair_") and wanted in result.data:
        return pairs(result, ax=ax, **options)
    return manifolds(result, ax=ax, **options)


def across(result: Any, ax: Any = None, *, quantities: Sequence[str] | None = None) -> np.ndarray:
    """Draw capacity, dimension and radius along layers, regions, time or subsample size, a panel each.

    Intervals are `_ci` where the result has them, Monte-Carlo ones otherwise. Below 1.5 times the floor P/rank a
    capacity is hollow, and its geometry is left out: `neurogeom.capacity.text.caption` says so in words.

    Parameters
    ----------
    result : Result
        A result with one or two leading dimensions: the last runs along the axis, the first makes the series.
    ax : Axes or sequence of Axes, optional
        One per quantity; a single Axes gets the first quantity only.
    quantities : sequence of str, optional
        Variables to draw.

    Returns
    -------
    numpy.ndarray of Axes
        One per quantity.

    Raises
    ------
    ValueError
        If the result is a single one, has no such variable, or the numbers of Axes and quantities differ.
    """
    dims = leading_dims(result)
    if len(dims) not in (1, 2):
        raise ValueError(
            f"result has {len(dims)} leading dimensions {dims}; across draws 1 or 2. Put results together with "
            "results.concat([...], layer=[...])."
        )
    names = list(quantities) if quantities is not None else default_quantities(result)
    for name in names:
        _check_quantity(result, name)
    if ax is None:
        panels = plotting.new_axes(len(names), size=(3.4, 3.1))
    else:
        panels = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
        names = names[:1] if quantities is None and len(panels) == 1 else names
    if len(panels) != len(names):
        raise ValueError(f"ax holds {len(panels)} Axes, there are {len(names)} quantities {names}. Give one Axes each.")
    for i, (panel, name) in enumerate(zip(panels, names, strict=True)):
        _across_panel(result, name, dims, panel, first=i == 0)
    return panels


def manifolds(result: Any, ax: Axes | None = None, *, quantity: str | None = None, title: str | None = None) -> Axes:
    """Draw one quantity of each manifold, sorted, with the value of all together and its interval as a line.

    Parameters
    ----------
    result : Result
        A single result of `mean_field` or `glue`.
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    quantity : str, optional
        Such as 'capacity', 'dimension' or 'radius'; the first that the result has per manifold by default.
    title : str, optional
        Title, in place of one that names method and quantity.

    Returns
    -------
    Axes
        Where it was drawn.

    Raises
    ------
    ValueError
        If the result does not have the quantity per manifold.
    """
    data = result.data
    if quantity is None:
        quantity = next((name for name in default_quantities(result) if f"manifold_{name}" in data), None)
        if quantity is None:
            return scalars(result, ax=ax)
    variable = f"manifold_{quantity}"
    _check_quantity(result, variable)
    values = np.asarray(data[variable], float)
    names = (
        [str(name) for name in data["manifold"].values]
        if "manifold" in data.coords
        else list(map(str, range(len(values))))
    )
    hollow = bool(near_floor(data)) if "capacity" in data else False
    rows = len(values) <= MAX_ROWS
    ax = plotting.axes_or_new(
        ax, size=(4.8, max(2.4, 0.9 + 0.19 * len(values)) if rows else 3.2), grid="x" if rows else "y"
    )
    if hollow and quantity != "capacity":
        plotting.note(f"capacity lies below {NEAR_FLOOR} × its floor P/rank:\n{quantity} means nothing here", ax=ax)
    elif rows:
        order = np.argsort(-values, kind="stable")
        found = interval(data, variable)
        low, high = (None, None) if found is None else (found.low[order], found.high[order])
        plotting.dots(
            [names[i] for i in order], values[order], low=low, high=high, hollow=np.full(len(values), hollow), ax=ax
        )
    else:
        plotting.histogram(values, ax=ax)
    if not (hollow and quantity != "capacity"):
        _overall(result, quantity, ax)
    top = float(np.nanmax(values, initial=0.0))
    if rows and top > 0:
        ax.set_xlim(left=0.0, right=min(ax.get_xlim()[1], 1.6 * top))  # a few wide intervals go on beyond the panel
    words = f"{method(result)}: {label(result, quantity, unit=False)} of each manifold"
    return plotting.dress(ax, title=title or words, x=label(result, quantity), legend="best")


def scalars(result: Any, ax: Axes | None = None) -> Axes:
    """Draw the main numbers of a result that has none per manifold, such as capacity at a positive margin.

    Parameters
    ----------
    result : Result
        A single result.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        Where it was drawn, a row per number.
    """
    names = default_quantities(result)
    values = np.array([float(result.data[name]) for name in names])
    found = [interval(result.data, name) for name in names]
    low = [values[i] if item is None else float(item.low) for i, item in enumerate(found)]
    high = [values[i] if item is None else float(item.high) for i, item in enumerate(found)]
    hollow = np.full(len(names), "capacity" in result.data and bool(near_floor(result.data)))
    values = np.where(hollow & np.isin(names, GEOMETRY), np.nan, values)
    ax = plotting.dots([label(result, name) for name in names], values, low=low, high=high, hollow=hollow, ax=ax)
    return plotting.dress(ax, title=method(result), x="value")


def pairs(result: Any, ax: Axes | None = None, *, quantity: str = "pair_capacity", title: str | None = None) -> Axes:
    """Draw a quantity of each pair of manifolds as a matrix, for GLUE with pairwise dichotomies.

    Parameters
    ----------
    result : Result
        Of `glue` with ``dichotomies="pairwise"``.
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    quantity : str
        Variable on (manifold, other_manifold).
    title : str, optional
        Title, in place of one that names method and quantity.

    Returns
    -------
    Axes
        Where the matrix was drawn.

    Raises
    ------
    ValueError
        If the result has no such matrix.
    """
    _check_quantity(result, quantity)
    names = [str(name) for name in result.data["manifold"].values]
    readable = label(result, quantity.removeprefix("pair_"))
    ax = plotting.matrix(
        result.data[quantity].values, row_labels=names, column_labels=names, label=readable, hide_diagonal=True, ax=ax
    )
    words = f"{method(result)}: {label(result, quantity.removeprefix('pair_'), unit=False)} of each pair"
    return plotting.dress(ax, title=title or words)


def separable(result: Any, ax: Axes | None = None) -> Axes:
    """Draw the share of dichotomies that separate against the number of dimensions, with the median and its interval.

    Parameters
    ----------
    result : Result
        A single result of `simulated`.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        Where it was drawn.

    Raises
    ------
    ValueError
        If the result has no `n_critical`.
    """
    _check_quantity(result, "n_critical")
    data = result.data
    ax = plotting.axes_or_new(ax, grid="both")
    critical = np.asarray(data["n_critical"], float).ravel()
    plotting.cumulative(critical, ax=ax)
    finite = critical[np.isfinite(critical)]
    if not finite.size:
        plotting.note("no dichotomy separates at full dimension", ax=ax)
    median = float(np.median(critical))
    if np.isfinite(median):
        words = f"  half at n* = {median:g}:\n  α = P/n* = {float(data['capacity']):.3g}"
        plotting.reference(median, axis="x", color=plotting.PALETTE[1], ax=ax)
        ax.text(median, 0.06, words, fontsize=8, color=plotting.INK, va="bottom")
        found = interval(data, "capacity")
        if found is not None and found.kind == "ci":
            ends = float(data["capacity"]) * median / np.array([found.high, found.low])
            ax.axvspan(float(ends[0]), float(ends[1]), color=plotting.PALETTE[1], alpha=0.15, linewidth=0, zorder=1)
    return plotting.dress(
        ax,
        title="Separable in n random dimensions",
        x="number of dimensions n",
        y="share of dichotomies",
        legend="best",
    )


def neurons(result: Any, ax: Axes | None = None, *, n_named: int = 3) -> Axes:
    """Rank neuroids by the effect of their gain on capacity, with intervals; the outermost ones are named.

    Parameters
    ----------
    result : Result
        A single result of `sensitivity`.
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    n_named : int
        How many neuroids are named at each end.

    Returns
    -------
    Axes
        Where it was drawn.

    Raises
    ------
    ValueError
        If the result has no `neuroid_gain_effect`.
    """
    _check_quantity(result, "neuroid_gain_effect")
    data = result.data
    effect = data["neuroid_gain_effect"]
    names = next(
        (data[key].values for key in ("neuroid_id", "neuroid") if key in data.coords and data[key].dims == effect.dims),
        np.arange(effect.size),
    )
    ax = plotting.axes_or_new(ax, size=(5.6, 3.4))
    values = np.asarray(effect, float)
    if not np.isfinite(values).any() or np.all(np.nan_to_num(values) == 0.0):
        return plotting.note("no gain has an effect: standardized responses undo every gain", ax=ax)
    found = interval(data, "neuroid_gain_effect")
    low, high = (None, None) if found is None else (found.low, found.high)
    plotting.ranked(values, low=low, high=high, names=[str(name) for name in names], n_named=n_named, ax=ax)
    title = "Which neurons carry the capacity"
    return plotting.dress(ax, title=title, x="neuroids, ranked", y="effect of gain on capacity, ∂α/∂ln g")


def theory_against_simulation(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw computed against exact capacities, a series per family; all should lie on the line of equality.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `family`, `theory`, `computed`, `se`, as `neurogeom.capacity.agreement` returns.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        Where it was drawn, both axes logarithmic.
    """
    ax = plotting.axes_or_new(ax, size=(4.2, 3.8), grid="both")
    for i, (family, rows) in enumerate(table.groupby("family", sort=False)):
        plotting.against(
            rows["theory"], rows["computed"], error=1.96 * rows["se"], label=str(family), ax=ax, **plotting.series(i)
        )
    for axis in ("x", "y"):
        plotting.log_axis(ax, table[["theory", "computed"]], axis=axis)
    title = "Theory against simulation"
    return plotting.dress(ax, title=title, x="capacity α in theory", y="capacity α computed", legend="upper left")


def theory_deviation(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw by how many percent each computed capacity deviates from theory, with its Monte-Carlo interval.

    Parameters
    ----------
    table : pandas.DataFrame
        As for `theory_against_simulation`, with a column `case` of readable names.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        Where it was drawn, a row per case.
    """
    ax = plotting.axes_or_new(ax, size=(4.8, 0.9 + 0.2 * len(table)), grid="x")
    off = 100.0 * (table["computed"] / table["theory"] - 1.0).to_numpy()
    half = 196.0 * (table["se"] / table["theory"]).to_numpy()
    families = list(dict.fromkeys(table["family"]))
    for i, family in enumerate(families):
        mine = (table["family"] == family).to_numpy()
        values, error = np.where(mine, off, np.nan), np.where(mine, half, np.nan)
        color = plotting.series(i)["color"]
        plotting.dots(list(table["case"]), values, low=values - error, high=values + error, color=color, ax=ax)
    plotting.reference(0.0, axis="x", ax=ax)
    return plotting.dress(ax, title="Deviation, with 95 % Monte-Carlo interval", x="computed − theory [% of theory]")


def _across_panel(result: Any, name: str, dims: tuple[str, ...], ax: Axes, *, first: bool) -> None:
    """One quantity of a result along its last leading dimension, one series per entry of the first."""
    data, along = result.data, dims[-1]
    ticks = _ticks(data, along)
    numeric = ticks.dtype.kind in "iuf"
    low_capacity = near_floor(data) if "capacity" in data else np.zeros(data[name].shape, bool)
    geometry = name not in ("capacity", "capacity_from_mean", "approximate_capacity")
    groups = [""] if len(dims) == 1 else [str(value) for value in _ticks(data, dims[0])]
    empty = True
    for i, group in enumerate(groups):
        pick: dict[str, int] = {} if len(dims) == 1 else {dims[0]: i}
        near = low_capacity if len(dims) == 1 else low_capacity[i]
        one = data.isel(pick)
        values = np.asarray(one[name], float)
        values = np.where(near, np.nan, values) if geometry else values
        found = interval(one, name, width=error_width(result)) or Interval(values, values, "none")
        ends = [np.where(np.isfinite(values), end, np.nan) for end in (found.low, found.high)]
        look = plotting.series(i)
        plotting.line(
            ticks,
            values,
            low=ends[0],
            high=ends[1],
            hollow=None if geometry else near,
            interval="band" if as_band(data, along) else "bars",
            label=group or None,
            color=look["color"],
            marker=look["marker"],
            connect=numeric or along in ORDERED,
            ax=ax,
        )
        empty = empty and not np.isfinite(values).any()
    if name == "capacity" and "capacity_floor" in data:
        levels = np.atleast_2d(np.asarray(data["capacity_floor"], float))
        _floors(levels, ticks, ax)
        if len(levels) == 1:
            _name_floor(np.asarray(data["capacity"], float), levels[0], ticks, ax)
    if empty:
        plotting.note(f"all capacities lie below {NEAR_FLOOR} × the floor:\nno {name} to show", ax=ax)
        ax.set_yticks([])
    plotting.zero_based(ax)
    if numeric and along == "time":
        plotting.onset(ax, ticks)
    elif numeric and ticks.min() > 0 and ticks.max() / ticks.min() > 10:
        plotting.log_axis(ax, ticks)
    words = label(result, name, unit=False)
    plotting.dress(
        ax,
        title=f"{method(result)}: {words}" if first and method(result) else words[:1].upper() + words[1:],
        x=along_words(along, data),
        y=unit(result, name),
        legend="best" if first else None,
    )


def _floors(levels: np.ndarray, ticks: np.ndarray, ax: Axes) -> None:
    """The floor, once where all series share it, in the color of each series otherwise."""
    shared = np.allclose(levels, levels[0], rtol=0.02)
    for i, level in enumerate(levels[:1] if shared else levels):
        color = plotting.MUTED if shared else plotting.series(i)["color"]
        label_it = i == 0 and len(levels) > 1
        plotting.floor(ticks, level, label="floor P/rank" if label_it else None, color=color, shade=shared, ax=ax)


def _name_floor(capacity: np.ndarray, level: np.ndarray, ticks: np.ndarray, ax: Axes) -> None:
    """Write what the dashed line is where there is most room between it and the values."""
    around = [slice(max(0, i - 1), i + 2) for i in range(len(level))]
    room = [np.min(capacity[near]) - np.max(level[near]) for near in around]
    at = int(np.argmax(np.nan_to_num(room, nan=-np.inf)))
    side = "left" if at == 0 else "right" if at == len(level) - 1 else "center"
    place = at if ticks.dtype.kind not in "iuf" else float(ticks[at])
    with plotting.context():
        ax.annotate(
            "floor P/rank",
            (place, level[at]),
            xytext=(0, 2.5),
            textcoords="offset points",
            ha=side,
            va="bottom",
            fontsize=7.5,
            color=plotting.MUTED,
            zorder=3,
        )


def _overall(result: Any, quantity: str, ax: Axes) -> None:
    """The value of all manifolds together as a vertical line, its interval as a stripe, and the floor."""
    data = result.data
    if quantity not in data:
        return
    value, found = float(data[quantity]), interval(data, quantity)
    if np.isfinite(value):
        plotting.reference(value, axis="x", label=f"all manifolds: {value:.3g}", color=plotting.PALETTE[1], ax=ax)
        if found is not None:
            ax.axvspan(
                float(found.low), float(found.high), color=plotting.PALETTE[1], alpha=0.15, linewidth=0, zorder=1
            )
    if quantity == "capacity" and "capacity_floor" in data:
        limit = float(data["capacity_floor"])
        ax.axvline(limit, color=plotting.MUTED, linestyle="dotted", label=f"floor P/rank: {limit:.3g}", zorder=1.5)


def _ticks(data: xr.Dataset, dim: str) -> np.ndarray:
    """Coordinate of a dimension: numbers as they are, everything else as text."""
    values = np.asarray(data[dim].values) if dim in data.coords else np.arange(data.sizes[dim])
    return values if values.dtype.kind in "iuf" else np.array([str(value) for value in values])


def _check_quantity(result: Any, name: str) -> None:
    if name not in result.data:
        import difflib

        known = sorted(str(key) for key in result.data.data_vars if not str(key).endswith(("_se", "_ci")))
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        raise ValueError(f"{result.kind} result has no {name!r}. {hint}It has: {', '.join(known)}.")
