"""The figures of Kuoch et al. (2024) from a result of :func:`neurogeom.alignment.kuoch2024`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurogeom import plotting
from neurogeom._core.validation import check_option
from neurogeom.alignment.kuoch2024_tables import LINKS

if TYPE_CHECKING:
    from neurogeom.results import Result

FIGURES = ("mct", "alignment", "relative", "links")
"""Figures 4 and 10; 5 and 11; 6 and 12; 7."""

_MCT = {
    "capacity": "capacity α",
    "radius": "radius R",
    "dimension": "dimension D",
    "center_correlation": "center correlation |ρ|",
}
_RELATIVE = {"position": "position similarity", "alignment": "alignment similarity", "rsa": "RSA"}
_READABLE = {
    "distance": "covariance alignment distance",
    "signal_mismatch": "signal mismatch distance",
    "cross_r2": "cross-regression R²",
    "regression_mismatch": "regression mismatch",
}


def plot(result: Result, ax: Any = None, *, figure: str = "mct", **options: Any) -> np.ndarray:
    """Draw one of the paper's figures.

    Parameters
    ----------
    result : Kuoch2024
    ax : Axes or sequence of Axes, optional
        One per panel.
    figure : {"mct", "alignment", "relative", "links"}
        Capacity theory along layers (figures 4 and 10), task against shuffled alignment (5 and 11), relative geometry
        with each region (6 and 12), links to regression (7).
    **options
        ``layer`` for "alignment" and "relative"; ``feature`` and ``system`` for "links".

    Returns
    -------
    numpy.ndarray of Axes

    Raises
    ------
    ValueError
        For an unknown figure, or tables that the result does not have.
    """
    check_option("figure", figure, FIGURES)
    draw = {"mct": plot_mct, "alignment": plot_alignment, "relative": plot_relative, "links": plot_links}[figure]
    return draw(result, ax=ax, **options)


def plot_mct(result: Result, ax: Any = None) -> np.ndarray:
    """Draw capacity, radius, dimension and center correlation along layers, regions as horizontal lines.

    Parameters
    ----------
    result : Kuoch2024
    ax : sequence of 4 Axes, optional

    Returns
    -------
    numpy.ndarray of Axes
    """
    panels = _panels(ax, len(_MCT))
    data = result.data
    layers = list(dict.fromkeys(data["system_layer"].values[data["system_kind"].values == "model"]))
    groups = result.settings.get("groups") or {}
    names = sorted(set(groups.values()))
    for panel, (name, text) in zip(panels, _MCT.items(), strict=True):
        plotting.category_axis(panel, [str(layer) for layer in layers])
        for index, model in enumerate(_models(data)):
            color = names.index(groups[model]) if model in groups else index
            rows = [_row(data, model, layer) for layer in layers]
            values = [data[f"mct_{name}"].values[row] if row is not None else np.nan for row in rows]
            shade, marker = plotting.series(color)["color"], plotting.series(index)["marker"]
            plotting.line(np.arange(len(layers)), values, label=model, color=shade, marker=marker, ax=panel)
        _region_lines(data, f"mct_{name}", panel)
        panel.set_ylabel(text)
    _legend_outside(panels[-1])
    return panels


def plot_alignment(result: Result, ax: Any = None, *, layer: str | None = None, squared: bool = False) -> np.ndarray:
    """Draw the mean alignment distance of the categories beside that of shuffled labels, a row for each system.

    Parameters
    ----------
    result : Kuoch2024
    ax : Axes, optional
    layer : str, optional
        Layer of each model; the last one by default.
    squared : bool
        Whether d² is drawn.

    Returns
    -------
    numpy.ndarray of Axes
    """
    (panel,) = _panels(ax, 1, size=(5.2, 4.0), grid="x")
    data, rows = result.data, _rows_of_layer(result.data, layer)
    end = "_squared" if squared else ""
    names = [str(data["system"].values[row]) for row in rows]
    low, high = data[f"alignment_mean_distance{end}_ci"].values[rows].T
    plotting.dots(names, data[f"alignment_mean_distance{end}"].values[rows], low=low, high=high, ax=panel)
    handles = [("categories (95 % CI over points)", plotting.PALETTE[0], "o")]
    if f"shuffled_mean{end}" in data:
        shuffled = data[f"shuffled_mean{end}"].values[rows]
        plotting.dots(names, shuffled, color=plotting.MUTED, hollow=np.ones(len(rows), bool), ax=panel)
        handles.append(("labels shuffled", plotting.MUTED, "o"))
    if squared and "alignment_mean_excess" in data:
        excess = data["alignment_mean_excess"].values[rows]
        plotting.dots(names, excess, color=plotting.PALETTE[1], ax=panel)
        handles.append(("excess over sampling", plotting.PALETTE[1], "o"))
    with plotting.context():
        for text, color, marker in handles:
            panel.plot([], [], marker=marker, linestyle="none", color=color, label=text)
        panel.legend(loc="best")
    panel.set_xlabel(
        "mean d² over pairs of categories" if squared else "mean alignment distance d over pairs of categories"
    )
    return np.array([panel])


def plot_relative(result: Result, ax: Any = None, *, layer: str | None = None) -> np.ndarray:
    """Draw position, alignment and stimulus similarity of each model with each region.

    Parameters
    ----------
    result : Kuoch2024
    ax : sequence of 3 Axes, optional
    layer : str, optional
        Layer of each model; the last one by default.

    Returns
    -------
    numpy.ndarray of Axes
    """
    panels = _panels(ax, len(_RELATIVE), size=(4.0, 4.0), grid="x")
    data = result.data
    rows = [row for row in _rows_of_layer(data, layer) if data["system_kind"].values[row] == "model"]
    names = [str(data["system"].values[row]) for row in rows]
    regions = [str(region) for region in data["region"].values]
    for panel, (kind, text) in zip(panels, _RELATIVE.items(), strict=True):
        for column, region in enumerate(regions):
            interval = np.full((len(rows), 2), np.nan)
            if f"relative_{kind}_ci" in data:
                interval = data[f"relative_{kind}_ci"].values[rows, column]
            color = plotting.PALETTE[column % len(plotting.PALETTE)]
            values = data[f"relative_{kind}"].values[rows, column]
            plotting.dots(names, values, low=interval[:, 0], high=interval[:, 1], color=color, ax=panel)
            with plotting.context():
                panel.plot([], [], "o", color=color, label=region)
        panel.set_xlabel(f"{text} (1 = same)")
        panel.axvline(0.0, color=plotting.GRID, linewidth=1.0, zorder=1)
    for panel in panels[1:]:
        panel.set_yticklabels([])
    _legend_outside(panels[-1])
    return panels


def plot_links(result: Result, ax: Any = None, *, feature: str | None = None, system: str | None = None) -> np.ndarray:
    """Draw distances of pairs of manifolds against what a common read-out of a feature loses.

    Parameters
    ----------
    result : Kuoch2024
        Made with ``feature``.
    ax : sequence of 4 Axes, optional
    feature, system : str, optional
        The first ones by default.

    Returns
    -------
    numpy.ndarray of Axes

    Raises
    ------
    ValueError
        If the result has no such table, feature or system.
    """
    data = result.data
    if "regression_distance" not in data:
        raise ValueError("the result has no table 'regression'. Run kuoch2024 with feature='…'.")
    feature, system = feature or str(data["feature"].values[0]), system or str(data["system"].values[0])
    check_option("feature", feature, [str(name) for name in data["feature"].values])
    check_option("system", system, [str(name) for name in data["system"].values])
    panels = _panels(ax, len(LINKS), size=(3.6, 3.0), grid="both")
    table = data.sel(feature=feature, system=system)
    off = ~np.eye(table.sizes["manifold"], dtype=bool)
    for panel, (link, (x, y)) in zip(panels, LINKS.items(), strict=True):
        across, up = (table[f"regression_{name}"].values[off] for name in (x, y))
        saturated = table["regression_overlap_rank"].values[off] == 0
        with plotting.context():
            for mask, face in ((~saturated, plotting.PALETTE[0]), (saturated, "white")):
                panel.plot(
                    across[mask],
                    up[mask],
                    "o",
                    markersize=4,
                    color=plotting.PALETTE[0],
                    markerfacecolor=face,
                    alpha=0.7,
                )
            rank = float(table["regression_rank_correlation"].sel(link=link))
            panel.set_title(f"rank r = {rank:.2f}" if np.isfinite(rank) else "saturated: no dimension shared")
        panel.set_xlabel(_READABLE[x])
        panel.set_ylabel(_READABLE[y])
    return panels


def _panels(ax: Any, count: int, *, size: tuple[float, float] = (3.4, 3.0), grid: str | None = "y") -> np.ndarray:
    if ax is None:
        return plotting.new_axes(count, size=size, grid=grid)
    panels = np.array(ax if isinstance(ax, Sequence | np.ndarray) else [ax], dtype=object).ravel()
    if len(panels) != count:
        raise ValueError(f"ax holds {len(panels)} Axes; this figure has {count} panels.")
    return panels


def _models(data: Any) -> list[str]:
    kinds = data["system_kind"].values == "model"
    return list(dict.fromkeys(str(model) for model in data["system_model"].values[kinds]))


def _row(data: Any, model: str, layer: Any) -> int | None:
    found = np.flatnonzero((data["system_model"].values == model) & (data["system_layer"].values == layer))
    return int(found[0]) if len(found) else None


def _rows_of_layer(data: Any, layer: str | None) -> list[int]:
    """The row of each model's layer (its last one by default), then the regions."""
    rows = []
    for model in _models(data):
        own = [str(name) for name in data["system_layer"].values[data["system_model"].values == model]]
        if layer is not None:
            check_option("layer", layer, own)
        row = _row(data, model, layer if layer is not None else own[-1])
        rows += [] if row is None else [row]
    return rows + np.flatnonzero(data["system_kind"].values == "region").tolist()


def _region_lines(data: Any, name: str, panel: Any) -> None:
    """A horizontal line for each region, with its interval as a band."""
    styles = ("dashed", "dotted", "dashdot")
    for index, row in enumerate(np.flatnonzero(data["system_kind"].values == "region")):
        value = float(data[name].values[row])
        panel.axhline(
            value, color=plotting.INK, linestyle=styles[index % len(styles)], linewidth=1.2,
            label=str(data["system"].values[row]), zorder=2,
        )  # fmt: skip
        if f"{name}_ci" in data:
            low, high = data[f"{name}_ci"].values[row]
            if np.isfinite(low):
                panel.axhspan(low, high, color=plotting.INK, alpha=0.08, linewidth=0, zorder=1)


def _legend_outside(panel: Any) -> None:
    with plotting.context():
        panel.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
