"""Figures of alignment results: each takes a result and ``ax=``, draws, and returns the Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurogeom import plotting
from neurogeom._core.validation import check_option

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurogeom.results import Result

MATRICES = {
    "distance": "covariance alignment distance d (0 = same)",
    "distance_squared": "squared alignment distance d² (0 = same)",
    "excess": "excess of d² over sampling",
    "pca_distance": "distance of PC subspaces (0 = same)",
    "center_correlation": "correlation of class centers",
    "center_alignment": "center alignment |cos|",
    "axis_alignment": "axis alignment (rms cos)",
    "center_axis_alignment": "alignment of center (row) with axes (column)",
    "signal_mismatch": "signal mismatch distance (0 same, 1 unrelated)",
    "regression_mismatch": "regression mismatch (0 = one read-out)",
    "cross_r2": "cross-regression R² (row to column)",
}
"""Quantities of :class:`ManifoldAlignment` that are drawn as matrices, with their labels."""

_DIVERGING = {"excess": 0.0, "center_correlation": 0.0, "signal_mismatch": 1.0, "cross_r2": 0.0}


def plot_measure(result: Any, ax: Any = None) -> Axes:
    """Draw a number with its interval on its range, and what it is for identical inputs.

    Parameters
    ----------
    result : Measure
        Of any measure of a pair.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    names = [name for name in (result.headline[0], f"{result.headline[0]}_reverse") if name in result.data]
    names = [name for name in names if result.data[name].ndim == 0]
    intervals = [
        result.data[f"{name}_ci"].values if f"{name}_ci" in result.data else np.full(2, np.nan) for name in names
    ]
    readable = [result.labels.get(name, (name, ""))[0] for name in names]
    low, high = np.array(intervals).T
    ax = plotting.axes_or_new(ax, size=(4.8, 1.2 + 0.35 * len(names)), grid="x")
    plotting.dots(readable, [result.data[name].item() for name in names], low=low, high=high, ax=ax)
    meaning = result.meaning
    plotting.reference(meaning.same, axis="x", label="same", ax=ax)
    bounds = [bound for bound in meaning.range if np.isfinite(bound)]
    if len(bounds) == 2:
        margin = 0.03 * (bounds[1] - bounds[0])
        ax.set_xlim(bounds[0] - margin, bounds[1] + margin)
    ax.set_xlabel(meaning.sentence().split(";")[0])
    return ax


def plot_manifolds(result: Result, ax: Any = None, *, quantity: str = "distance") -> Axes:
    """Draw one quantity of all pairs of manifolds as a matrix.

    Parameters
    ----------
    result : ManifoldAlignment
    ax : Axes, optional
    quantity : str
        One of ``MATRICES``.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the result does not have the quantity.
    """
    check_option("quantity", quantity, [name for name in MATRICES if name in result.data])
    names = [str(name) for name in result.data["manifold"].values]
    ax = plotting.matrix(
        result.data[quantity].values,
        row_labels=names,
        column_labels=names,
        label=MATRICES[quantity],
        diverging=quantity in _DIVERGING,
        center=_DIVERGING.get(quantity, 0.0),
        hide_diagonal=True,
        ax=ax,
    )
    if quantity == "distance" and "mean_shuffled" in result.data:
        mean, shuffled = float(result.data["mean_distance"]), float(result.data["mean_shuffled"])
        _title(ax, f"mean {mean:.2f}; labels shuffled {shuffled:.2f}")
    return ax


def plot_shuffled(result: Result, ax: Any = None) -> Axes:
    """Draw the mean alignment distance against its distribution under shuffled labels.

    Parameters
    ----------
    result : ManifoldAlignment
        Made with ``n_shuffles``.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = plotting.axes_or_new(ax)
    if "shuffled_distance" not in result.data:
        return plotting.note("no shuffled labels: run with n_shuffles=20", ax=ax)
    plotting.histogram(result.data["shuffled_distance"].values, label="labels shuffled", color=plotting.MUTED, ax=ax)
    plotting.reference(
        float(result.data["mean_distance"]), axis="x", label="as given", color=plotting.PALETTE[1], ax=ax
    )
    ax.set_xlabel("mean covariance alignment distance d")
    ax.set_ylabel("shuffles")
    _legend(ax)
    return ax


def plot_links(result: Result, ax: Any = None, *, x: str = "signal_mismatch", y: str = "cross_r2") -> Axes:
    """Draw one quantity of all pairs against another, such as a distance against what a read-out loses.

    Parameters
    ----------
    result : ManifoldAlignment
        Made with ``features``.
    ax : Axes, optional
    x, y : str
        Two of ``MATRICES``.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the result does not have a quantity.
    """
    from scipy.stats import spearmanr

    known = [name for name in MATRICES if name in result.data]
    for name, quantity in (("x", x), ("y", y)):
        check_option(name, quantity, known)
    ax = plotting.axes_or_new(ax, grid="both")
    off = ~np.eye(result.data.sizes["manifold"], dtype=bool)
    across, up = result.data[x].values[off], result.data[y].values[off]
    with plotting.context():
        ax.plot(across, up, "o", markersize=3.5, alpha=0.6, markeredgewidth=0, color=plotting.PALETTE[0], zorder=4)
    ax.set_xlabel(MATRICES[x])
    ax.set_ylabel(MATRICES[y])
    _title(ax, f"rank correlation {float(spearmanr(across, up).statistic):.2f} over pairs")
    return ax


def plot_rdm(result: Result, ax: Any = None) -> Axes:
    """Draw a representational dissimilarity matrix.

    Parameters
    ----------
    result : RDM
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    values = result.data["dissimilarity"].values
    names = [str(name) for name in result.data["condition"].values] if len(values) <= 24 else None
    signed = bool((values < 0).any())
    label = f"{str(result.settings.get('metric', '')).replace('_', ' ')} dissimilarity"
    ax = plotting.matrix(
        values, row_labels=names, column_labels=names, label=label, diverging=signed, hide_diagonal=True, ax=ax
    )
    if names is None:
        ax.set_xlabel("condition")
        ax.set_ylabel("condition")
    return ax


def plot_relative(result: Result, ax: Any = None) -> Axes:
    """Draw position, alignment and stimulus similarity, each with its interval and the spread of its null.

    Parameters
    ----------
    result : RelativeGeometry
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    kinds = {"position": "position (centers)", "alignment": "alignment (axes)", "rsa": "stimuli (RSA)"}
    kinds = {kind: text for kind, text in kinds.items() if f"{kind}_similarity" in result.data}
    values = [float(result.data[f"{kind}_similarity"]) for kind in kinds]
    bounds = [
        result.data[f"{kind}_similarity_ci"].values if f"{kind}_similarity_ci" in result.data else np.full(2, np.nan)
        for kind in kinds
    ]
    low, high = np.array(bounds).T
    ax = plotting.axes_or_new(ax, size=(4.8, 2.2), grid="x")
    names = [f"{text}\np = {float(result.data[f'{kind}_p']):.2g}" for kind, text in kinds.items()]
    plotting.dots(names, values, low=low, high=high, ax=ax)
    with plotting.context():
        for row, kind in enumerate(kinds):
            mean, sd = (float(result.data[f"{kind}_null_{name}"]) for name in ("mean", "sd"))
            label = "permuted (mean ± 2 sd)" if row == 0 else None
            ax.barh(row, 4 * sd, left=mean - 2 * sd, height=0.5, color=plotting.GRID, zorder=1, label=label)
    ax.set_xlim(min(-0.55, *values), 1.05)
    ax.set_xlabel("similarity of two systems (Pearson r, 1 = same)")
    _legend(ax, loc="lower left")
    return ax


def plot_decodability(result: Result, ax: Any = None) -> Axes:
    """Draw measured errors of few-shot learning and of linear decoding against those that geometry predicts.

    Parameters
    ----------
    result : Decodability
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = plotting.axes_or_new(ax, grid="both")
    off = ~np.eye(result.data.sizes["manifold"], dtype=bool)
    predicted = result.data["predicted_error"].values[off]
    shots, folds = result.settings.get("n_shots"), result.settings.get("n_folds")
    series = {
        "prototype_error": f"prototypes of {shots} examples",
        "decoding_error": f"linear discriminant, {folds} folds",
    }
    for index, (name, text) in enumerate(series.items()):
        plotting.against(predicted, result.data[name].values[off], label=text, **plotting.series(index), ax=ax)
    top = 1.1 * max(0.05, float(predicted.max()), *(float(result.data[name].max()) for name in series))
    ax.set_xlim(-0.03 * top, top)
    ax.set_ylim(-0.03 * top, top)
    ax.set_xlabel(f"error predicted from geometry ({shots} examples)")
    ax.set_ylabel("measured error on held-out points")
    _legend(ax)
    return ax


def plot_simulation(result: Result, ax: Any = None, *, quantity: str = "distance", label: str | None = None) -> Axes:
    """Draw a simulated distance, or mismatch, against the divergence of the codes, with its closed form.

    Parameters
    ----------
    result : SignalSimulation
    ax : Axes, optional
        Several simulations may be drawn in one.
    quantity : {"distance", "mismatch"}
    label : str, optional
        Name in the legend.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        For another quantity.
    """
    check_option("quantity", quantity, ("distance", "mismatch"))
    ax = plotting.axes_or_new(ax)
    look = plotting.series(len(ax.get_legend_handles_labels()[1]))
    across, values = result.data["divergence"].values, result.data[quantity].values
    half = 1.96 * result.data[f"{quantity}_se"].values
    label = label or f"{result.settings['n_neuroids']} neuroids, {result.settings['overlap']} dimensions shared"
    connected = quantity == "mismatch"
    plotting.line(across, values, low=values - half, high=values + half, label=label, connect=connected, ax=ax, **look)
    if not connected:
        with plotting.context():
            ax.plot(across, result.data["expected_distance"].values, color=look["color"], linewidth=1.2, alpha=0.7)
    ax.set_xlabel("divergence of the codes τ")
    ax.set_ylabel(result.labels[quantity][0] + ("" if connected else " (lines: closed form)"))
    _legend(ax)
    return ax


def _title(ax: Axes, text: str) -> None:
    with plotting.context():
        ax.set_title(text)


def _legend(ax: Axes, **options: Any) -> None:
    with plotting.context():
        ax.legend(**options)
