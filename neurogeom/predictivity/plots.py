"""Pictures of neural predictivity: scores with ceiling and baseline, layers, models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurogeom import plotting

if TYPE_CHECKING:
    from neurogeom.predictivity.results import ComparisonResult, LayersResult, PredictivityResult, ScoreResult

_NAMES = {"ceiled_score": "score (ceiling = 1)", "correlation": "correlation with held-out responses"}


def plot(result: PredictivityResult, *, ax: Any = None, **options: Any) -> Any:
    """Draw the figure that suits the result.

    Parameters
    ----------
    result : ScoreResult, LayersResult or ComparisonResult
    ax : matplotlib Axes, optional
    **options
        For the function that draws it.

    Returns
    -------
    matplotlib Axes
    """
    if result.kind == "predictivity.layers":
        return layers(result, ax=ax, **options)  # type: ignore[arg-type]
    if result.kind == "predictivity.comparison":
        return models(result, ax=ax, **options)  # type: ignore[arg-type]
    if result.data["correlation"].ndim:
        return over(result, ax=ax, **options)  # type: ignore[arg-type]
    return neuroids(result, ax=ax, **options)  # type: ignore[arg-type]


def neuroids(result: ScoreResult, *, ax: Any = None) -> Any:
    """Draw the correlation of each neuroid against the best it could be, √ceiling; with the median and the baseline.

    Parameters
    ----------
    result : ScoreResult
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
        Without a ceiling: the distribution of correlations.
    """
    data = result.data
    values = data["neuroid_correlation"].values
    if "neuroid_ceiling" not in data:
        ax = plotting.histogram(values[np.isfinite(values)], ax=ax)
        plotting.reference(float(data["correlation"]), label="median", axis="x", ax=ax)
        ax.set_xlabel(_NAMES["correlation"])
        ax.set_ylabel("neuroids")
    else:
        best = np.sqrt(np.maximum(data["neuroid_ceiling"].values, 0.0))
        ax = plotting.axes_or_new(ax, grid="both")
        shown = np.isfinite(values) & np.isfinite(best)
        with plotting.context():
            ax.plot(best[shown], values[shown], "o", color=plotting.PALETTE[0], markersize=4, alpha=0.7)
            ax.plot([0.0, 1.0], [0.0, 1.0], color=plotting.MUTED, linestyle="dashed", linewidth=1.2, label="ceiling")
        words = f"median ({float(data['ceiled_score']):.3f} of the ceiling)"
        plotting.reference(float(data["correlation"]), label=words, color=plotting.PALETTE[0], ax=ax)
        ax.set_xlabel("√ceiling (correlation of a perfect model)")
        ax.set_ylabel(_NAMES["correlation"])
    if "baseline_correlation" in data:
        axis = "x" if "neuroid_ceiling" not in data else "y"
        name = "group-mean baseline"
        plotting.reference(float(data["baseline_correlation"]), label=name, axis=axis, color=plotting.PALETTE[1], ax=ax)
    return _legend(ax)


def over(result: ScoreResult, *, quantity: str | None = None, onset: float | None = None, ax: Any = None) -> Any:
    """Draw a score over time, layers or what else results were joined over, with its interval and the baseline.

    Parameters
    ----------
    result : ScoreResult
        Joined with ``results.concat``, or scored over time.
    quantity : {"ceiled_score", "correlation"}, optional
    onset : float, optional
        Where stimulus onset is drawn, on a numeric axis; at 0 of ``time`` if not given.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    quantity = _quantity(result, quantity)
    values = result.data[quantity]
    dim = values.dims[0]
    places = values[dim].values
    numeric = np.asarray(places).dtype.kind in "iuf"
    ax = _curve(result, quantity, places, {}, ax, plotting.series(0), None, "band" if numeric else "bars")
    if f"baseline_{quantity}" in result.data:
        line = result.data[f"baseline_{quantity}"].values
        plotting.line(places, line, label="group-mean baseline", color=plotting.MUTED, marker="x", ax=ax)
        _legend(ax)
    if onset is not None:
        plotting.onset(ax, places, at=onset)
    elif dim == "time" and numeric:
        plotting.onset(ax, places)
    units = values[dim].attrs.get("units")
    ax.set_xlabel(str(dim).replace("_", " ") + (f" [{units}]" if units else ""))
    ax.set_ylabel(_NAMES[quantity])
    return ax


def layers(result: LayersResult, *, quantity: str | None = None, ax: Any = None) -> Any:
    """Draw scores over layers, one line for each region, with intervals; the chosen layer is ringed.

    Parameters
    ----------
    result : LayersResult
    quantity : {"ceiled_score", "correlation"}, optional
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    quantity = _quantity(result, quantity)
    names = [str(name) for name in result.data["layer"].values]
    ax = plotting.axes_or_new(ax, size=(max(4.6, 0.45 * len(names) + 2.0), 3.2))
    for number, region in enumerate(result.data["region"].values):
        look = plotting.series(number)
        _curve(result, quantity, names, {"region": region}, ax, look, str(region), "bars")
        if f"baseline_{quantity}" in result.data:
            level = result.data[f"baseline_{quantity}"].sel(region=region).values
            plotting.floor(names, level, label=None, color=look["color"], shade=False, style="dotted", ax=ax)
        if "best_layer" in result.data:
            best = names.index(str(result.data["best_layer"].sel(region=region).item()))
            height = float(result.data[quantity].sel(region=region)[best])
            ax.plot(best, height, "o", markersize=12, markerfacecolor="none", markeredgecolor=look["color"])
    if "baseline_correlation" in result.data:
        ax.plot([], [], color=plotting.MUTED, linestyle="dotted", label="group-mean baseline")
    ax.set_ylabel(_NAMES[quantity])
    return _legend(ax)


def models(result: ComparisonResult, *, ax: Any = None) -> Any:
    """Draw the models from best to worst with intervals; a bar joins those that do not differ after correction.

    Parameters
    ----------
    result : ComparisonResult
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    data = result.data
    scores = data["score"].values
    order = np.argsort(-scores, kind="stable")
    low, high = (data["score_ci"].sel(bound=bound).values[order] for bound in ("low", "high"))
    names = [str(data["model"].values[index]) for index in order]
    ax = plotting.dots(names, scores[order], low=low, high=high, ax=ax)
    alpha = 1.0 - float(result.settings["level"])
    alike = data["p_corrected"].values[np.ix_(order, order)] >= alpha
    known = np.isfinite(high) & np.isfinite(low)
    right = float(high[known].max(initial=0.0))
    step = 0.04 * max(right - float(low[known].min(initial=right)), 1e-9)
    for number, (first, last) in enumerate(_runs(alike)):
        ax.plot([right + (number + 1) * step] * 2, [first, last], color=plotting.MUTED, linewidth=2.0)
    ax.set_xlabel(_NAMES.get(str(result.settings["quantity"]), "score"))
    if _runs(alike):
        words = f"no difference (p > {alpha:.2g}, corrected: {str(result.settings['correction']).replace('_', ' ')})"
        ax.plot([], [], color=plotting.MUTED, linewidth=2.0, label=words)
        _legend(ax)
    return ax


def _runs(alike: np.ndarray) -> list[tuple[int, int]]:
    """Longest runs of neighbors that are all alike, each not inside another."""
    found: list[tuple[int, int]] = []
    for first in range(len(alike)):
        last = first
        while (
            last + 1 < len(alike)
            and alike[first : last + 2, first : last + 2][~np.eye(last + 2 - first, dtype=bool)].all()
        ):
            last += 1
        if last > first and not any(a <= first and last <= b for a, b in found):
            found.append((first, last))
    return found


def _quantity(result: PredictivityResult, quantity: str | None) -> str:
    if quantity is None:
        return "ceiled_score" if "ceiled_score" in result.data else "correlation"
    if quantity not in result.data or quantity not in _NAMES:
        raise ValueError(
            f"quantity={quantity!r} is not in this result. Use 'correlation' or, with a ceiling, 'ceiled_score'."
        )
    return quantity


def _curve(
    result: PredictivityResult, quantity: str, places: Any, where: dict[str, Any], ax: Any, look: dict[str, str],
    label: str | None, interval: str,
) -> Any:  # fmt: skip
    values = result.data[quantity].sel(where).values
    ends: dict[str, Any] = {}
    if f"{quantity}_ci" in result.data:
        bounds = result.data[f"{quantity}_ci"].sel(where)
        ends = {bound: bounds.sel(bound=bound).values for bound in ("low", "high")}
    return plotting.line(
        places, values, **ends, interval=interval, label=label, ax=ax, color=look["color"], marker=look["marker"]
    )


def _legend(ax: Any) -> Any:
    """Names of the series above the axes, where no data lie."""
    with plotting.context():
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2, columnspacing=1.2)
    return ax
