"""Pictures of behavior: consistency with its bounds, shape bias, confusion, models against people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurogeom import plotting

if TYPE_CHECKING:
    from neurogeom.behavior.results import (
        AccuracyResult,
        BehaviorResult,
        BenchmarkResult,
        ConsistencyResult,
        ShapeBiasResult,
    )


def plot(result: BehaviorResult, *, ax: Any = None, **options: Any) -> Any:
    """Draw the figure that suits the result.

    Parameters
    ----------
    result : BehaviorResult
    ax : matplotlib Axes, optional
    **options
        For the function that draws it.

    Returns
    -------
    matplotlib Axes
    """
    draw = {
        "behavior.consistency": consistency,
        "behavior.shape_bias": shape_bias,
        "behavior.accuracy": confusion,
        "behavior.benchmark": models,
    }[result.kind]
    return draw(result, ax=ax, **options)  # type: ignore[operator]


def consistency(result: ConsistencyResult, *, ax: Any = None) -> Any:
    """Draw kappa of each data set with its interval, within what the accuracies allow.

    Parameters
    ----------
    result : ConsistencyResult
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    data = result.data
    names = [str(name) for name in data["dataset"].values]
    ends = _ends(data, "dataset_error_consistency")
    ax = plotting.axes_or_new(ax, size=(5.0, max(2.2, 0.8 + 0.3 * len(names))), grid="x")
    rows = np.arange(len(names))
    low, high = data["dataset_lowest_possible"].values, data["dataset_highest_possible"].values
    ax.hlines(rows, low, high, color=plotting.GRID, linewidth=7.0, label="possible at these accuracies", zorder=1)
    plotting.dots(names, data["dataset_error_consistency"].values, low=ends[0], high=ends[1], ax=ax)
    plotting.reference(0.0, label="chance", axis="x", ax=ax)
    ax.set_xlabel("error consistency κ")
    return _legend(ax)


def shape_bias(result: ShapeBiasResult, *, ax: Any = None) -> Any:
    """Draw the shape bias of each category, and of all with its interval.

    Parameters
    ----------
    result : ShapeBiasResult
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    data = result.data
    names = [str(name) for name in data["category"].values]
    ax = plotting.dots(names, data["category_shape_bias"].values, ax=ax)
    plotting.reference(float(data["shape_bias"]), label="all images", axis="x", color=plotting.PALETTE[1], ax=ax)
    if "shape_bias_ci" in data:
        low, high = (float(data["shape_bias_ci"].sel(bound=bound)) for bound in ("low", "high"))
        ax.axvspan(low, high, color=plotting.PALETTE[1], alpha=0.18, linewidth=0)
    ax.set_xlim(-0.02, 1.02)
    ax.set_xlabel("shape bias (1: always shape, 0: always texture)")
    return _legend(ax)


def confusion(result: AccuracyResult, *, ax: Any = None) -> Any:
    """Draw how often images of each category were named as each other, in shares of its trials.

    Parameters
    ----------
    result : AccuracyResult
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    counts = result.data["confusion"].values
    total = counts.sum(axis=1, keepdims=True)
    shares = np.where(total > 0, counts / np.maximum(total, 1), np.nan)
    rows, columns = (result.data[name].values.tolist() for name in ("category", "response"))
    ax = plotting.matrix(shares, row_labels=rows, column_labels=columns, label="share of trials", annotate=False, ax=ax)
    ax.set_xlabel("answer")
    ax.set_ylabel("category")
    ax.set_title(f"accuracy {result.accuracy:.3f}")
    return ax


def models(result: BenchmarkResult, *, ax: Any = None) -> Any:
    """Draw the error consistency of each model with people, and that between people.

    Parameters
    ----------
    result : BenchmarkResult
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    data = result.data
    order = np.argsort(-data["error_consistency"].values, kind="stable")
    names = [str(data["model"].values[index]) for index in order]
    low, high = (None if end is None else end[order] for end in _ends(data, "error_consistency"))
    ax = plotting.dots(names, data["error_consistency"].values[order], low=low, high=high, ax=ax)
    if "human_error_consistency" in data:
        level = float(data["human_error_consistency"])
        plotting.reference(level, label="between people", axis="x", color=plotting.PALETTE[1], ax=ax)
        if "human_error_consistency_ci" in data:
            span = data["human_error_consistency_ci"].values
            ax.axvspan(float(span[0]), float(span[1]), color=plotting.PALETTE[1], alpha=0.18, linewidth=0)
    plotting.reference(0.0, label="chance", axis="x", ax=ax)
    ax.set_xlabel("error consistency κ with people")
    return _legend(ax)


def _ends(data: Any, name: str) -> tuple[np.ndarray | None, np.ndarray | None]:
    if f"{name}_ci" not in data:
        return None, None
    interval = data[f"{name}_ci"]
    return interval.sel(bound="low").values, interval.sel(bound="high").values


def _legend(ax: Any) -> Any:
    """Names of the series above the axes, where no data lie."""
    with plotting.context():
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2, columnspacing=1.2)
    return ax
