"""Parts that the reports of all commands share: figures across layers, tables, theory against simulation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from neurogeom import plotting, report
from neurogeom.capacity import plots, text
from neurogeom.results import Result

if TYPE_CHECKING:
    from neurogeom.readout.results import ReadoutResult


def across_figure(result: Result, *, readouts: Mapping[str, Result] | None = None) -> tuple[Any, str, str]:
    """Draw capacity, dimension and radius along the layers, with the linear readout beside them where it is given.

    Parameters
    ----------
    result : Result
        A capacity result along layers, and perhaps networks.
    readouts : mapping of str to Result, optional
        Linear readout along the same layers, by the name of its series; they get a panel of their own.

    Returns
    -------
    tuple of Figure, str, str
        The figure, its caption, and its text for readers who cannot see it.
    """
    names = text.default_quantities(result)
    n_panels = len(names) + bool(readouts)
    figure, axes = plotting.new_figure(n_columns=n_panels, size=(2.85, 3.0))
    plots.across(result, ax=axes[0, n_panels - len(names) :], quantities=names)
    caption = text.caption(result, names)
    if readouts:
        _readout_panel(readouts, axes[0, 0])
        caption = f"Left: share of images that a linear classifier names correctly, cross-validated. {caption}"
    return figure, caption, _alt(result, names)


def single_figure(result: Result) -> tuple[Any, str, str]:
    """Draw the figure of a single result.

    Parameters
    ----------
    result : Result
        A capacity result of one set of manifolds.

    Returns
    -------
    tuple of Figure, str, str
        The figure, its caption, and its text for readers who cannot see it.
    """
    n_rows = result.data.sizes.get("manifold", 10)
    pairwise = "pair_capacity" in result.data
    height = min(7.0, max(2.6, 0.9 + 0.19 * n_rows)) if n_rows <= plots.MAX_ROWS else 3.2
    size = (min(8.0, 3.0 + 0.28 * n_rows), min(7.2, 2.2 + 0.28 * n_rows)) if pairwise else (5.6, height)
    figure, axes = plotting.new_figure(size=size, grid=None if pairwise else "x")
    plots.plot(result, ax=axes[0, 0])
    value = float(result.data["capacity"])
    return figure, text.caption(result), f"{text.method(result)}: capacity of all manifolds together {value:.3g}."


def layer_table(
    results: Mapping[str, Result], readout: Result | None = None, n_neuroids: Mapping[str, int] | None = None
) -> report.Table:
    """Return the numbers of each layer with their intervals; geometry near the floor is left out.

    Parameters
    ----------
    results : mapping of str to Result
        Capacity results along layers, by the name of their method.
    readout : Result, optional
        Linear readout along the same layers.
    n_neuroids : mapping of str to int, optional
        Units of each layer.

    Returns
    -------
    Table
        A row per layer.
    """
    columns: dict[str, Any] = {}
    if n_neuroids is not None:
        columns["units"] = pd.Series(n_neuroids)
    if readout is not None:
        columns["linear readout [%]"] = _cells(readout, "accuracy", percent=True)
    for method, result in results.items():
        if "capacity_floor" in result.data:
            columns[f"{method} floor"] = _cells(result, "capacity_floor")
        for name in text.default_quantities(result):
            columns[f"{method} {text.label(result, name, unit=False).split()[-1]}"] = _cells(result, name)
    kinds = {m: text.interval_words(r, ["capacity"]).removeprefix("Bars: ").rstrip(".") for m, r in results.items()}
    brackets = "; ".join(f"{m}: {words}" for m, words in kinds.items()) if len(set(kinds.values())) > 1 else ""
    frame = pd.DataFrame(columns)
    frame.index.name = text.leading_dims(next(iter(results.values())))[0]
    caption = f"α: capacity, D: dimension, R: radius. In brackets: {brackets or next(iter(kinds.values()))}."
    dashes = " Dashes: near the floor, where geometry means nothing." if (frame == "–").any(axis=None) else ""
    return report.Table(frame, caption + dashes)


def summary_table(result: Result) -> report.Table:
    """Return the main numbers of a single result under readable names, with their errors; no geometry near the floor.

    Parameters
    ----------
    result : Result
        A result of one set of manifolds.

    Returns
    -------
    Table
        A row per number.
    """
    frame = result.summary().dropna(axis=1, how="all")
    caption = "All manifolds together."
    if "capacity" in result.data and text.near_floor(result.data).any():
        frame.loc[[name for name in frame.index if name in text.GEOMETRY]] = np.nan
        caption += f" Dashes: capacity lies below {text.NEAR_FLOOR} times its floor, where geometry means nothing."
    frame.index = pd.Index([text.label(result, str(name)) for name in frame.index], name="quantity")
    names = {"se": getattr(result, "se_name", "MC error"), "ci_low": "95 % from", "ci_high": "to"}
    return report.Table(frame.rename(columns=names), caption)


def agreement_section(table: pd.DataFrame) -> tuple[report.Section, Any]:
    """Show computed against exact capacities, and by how much they deviate.

    Parameters
    ----------
    table : pandas.DataFrame
        From `neurogeom.capacity.agreement`.

    Returns
    -------
    tuple of Section, Figure
        The section, and its figure for a file.
    """
    figure, axes = plotting.new_figure(n_columns=2, size=(4.7, 4.0), width_ratios=[1.0, 1.15])
    plots.theory_against_simulation(table, ax=axes[0, 0])
    axes[0, 1].grid(False, axis="y")
    axes[0, 1].grid(True, axis="x", color=plotting.GRID)
    plots.theory_deviation(table, ax=axes[0, 1])
    off = np.abs(table["computed"] - table["theory"])
    within, largest = int((off <= 1.96 * table["se"]).sum()), float((off / table["theory"]).max())
    words = (
        f"For balls, points and random projections the capacity is known in closed form. The same code that gave the "
        f"numbers above gives these: {within} of {len(table)} lie within their 95 % Monte-Carlo interval (19 of 20 are "
        f"expected to), and the largest deviation is {largest:.1%}."
    )
    caption = (
        "Left: computed against exact capacity; dashed: equality; most intervals are smaller than the markers. Right: "
        "deviation in percent of the exact value with 95 % Monte-Carlo intervals, which should cross the dashed line."
    )
    alt = f"{within} of {len(table)} computed capacities agree with theory within their interval."
    return report.Section("Are the numbers right?", [report.Text(words), report.Figure(figure, caption, alt)]), figure


def _readout_panel(readouts: Mapping[str, Result], ax: Any) -> None:
    """Linear decodability along the layers, a line per series, with chance."""
    from neurogeom.readout.plots import accuracy

    for i, (name, readout) in enumerate(readouts.items()):
        accuracy(cast("ReadoutResult", readout), ax=ax, label=name, **plotting.series(i))
    for line in [line for line in ax.lines if line.get_label() == "chance"][:-1]:
        line.set_label("_chance")  # each series brings the same level: one name in the legend is enough
    plotting.dress(ax, title="Linear readout", x="layer", y="share correct", legend="center right")


def _cells(result: Result, name: str, *, percent: bool = False) -> pd.Series:
    """Values of a variable along the layers as 'value (low–high)', a dash where they mean nothing."""
    data = result.data
    dim = text.leading_dims(result)[0]
    found = text.interval(data, name)
    values = np.asarray(data[name], float)
    geometry = name in text.GEOMETRY and "capacity" in data
    hidden = text.near_floor(data) if geometry else np.zeros(values.shape, bool)
    cells = []
    for i, value in enumerate(values):
        if hidden[i] or not np.isfinite(value):
            cells.append("–")
        elif found is None:
            cells.append(_number(value, percent))
        else:
            ends = f"{_number(found.low[i], percent)}–{_number(found.high[i], percent)}"
            cells.append(f"{_number(value, percent)} ({ends})")
    return pd.Series(cells, index=[str(name) for name in data[dim].values])


def _number(value: float, percent: bool) -> str:
    return f"{100 * value:.0f}" if percent else f"{value:.2f}" if value < 99.5 else f"{value:.0f}"


def _alt(result: Result, names: list[str]) -> str:
    """The numbers of the figure in words."""
    dims = text.leading_dims(result)
    data = result.data if len(dims) == 1 else result.data.isel({dims[0]: 0})
    entries = [str(name) for name in data[dims[-1]].values]
    values = ", ".join(f"{entry} {float(v):.2g}" for entry, v in zip(entries, data["capacity"].values, strict=True))
    return f"{text.method(result)} {', '.join(names)} by {dims[-1]}. Capacity: {values}."
