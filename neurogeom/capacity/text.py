"""What figures and tables of capacity results say in words: intervals, captions, methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

NEAR_FLOOR = 1.5
"""Capacities below this multiple of P/rank are drawn hollow, and their geometry is left out."""

GEOMETRY = (
    "dimension", "dimension_published", "radius", "utility", "approximate_capacity", "center_alignment",
    "axis_alignment", "center_axis_alignment",
)  # fmt: skip
"""Variables that mean nothing where capacity is near its floor."""

LABELS: dict[str, tuple[str, str]] = {
    "capacity": ("capacity α", "manifolds per dimension"),
    "capacity_from_mean": ("capacity from the mean", "manifolds per dimension"),
    "approximate_capacity": ("approximate capacity", "manifolds per dimension"),
    "dimension": ("dimension D", "dimensions"),
    "dimension_published": ("dimension D (published codes)", "dimensions"),
    "radius": ("radius R", "relative to the center"),
    "utility": ("utility Ψ", ""),
    "center_alignment": ("center alignment", "|cos|"),
    "axis_alignment": ("axis alignment", "|cos|"),
    "center_axis_alignment": ("center–axis alignment", "|cos|"),
    "n_critical": ("critical dimension", "dimensions"),
}

_OVER = {
    "neuroids": "over neuroids (bootstrap)",
    "points": "over points (delete-group jackknife)",
    "trials": "over trials (delete-group jackknife)",
}


@dataclass(frozen=True)
class Interval:
    """Ends of the intervals of one variable, and what they are over: 'ci' or 'se'."""

    low: np.ndarray
    high: np.ndarray
    kind: str


def interval(data: xr.Dataset, name: str, *, width: float = 1.96) -> Interval | None:
    """Return the interval of a variable: its `_ci` where there is one, multiples of its `_se` otherwise.

    Parameters
    ----------
    data : xarray.Dataset
        Numbers of a result.
    name : str
        Variable whose interval is wanted.
    width : float
        Multiple of `_se` on each side.

    Returns
    -------
    Interval or None
        None where the variable carries no error at all.

    Examples
    --------
    >>> data = xr.Dataset({"capacity": 0.5, "capacity_se": 0.01})
    >>> found = interval(data, "capacity")
    >>> float(found.low.round(4)), found.kind
    (0.4804, 'se')
    """
    if f"{name}_ci" in data:
        ends = data[f"{name}_ci"].transpose("bound", ...)
        low, high = np.asarray(ends[0], float), np.asarray(ends[1], float)
        if np.isfinite(low).any():
            return Interval(low, high, "ci")
    if f"{name}_se" in data:
        value, error = np.asarray(data[name], float), np.asarray(data[f"{name}_se"], float)
        return Interval(value - width * error, value + width * error, "se")
    return None


def error_width(result: Any) -> float:
    """Return how many `_se` an interval of this result reaches: one standard deviation, or 1.96 errors."""
    return 1.0 if _se_name(result).startswith("sd ") else 1.96


def interval_words(result: Any, names: Sequence[str]) -> str:
    """Say in a sentence what the bars of these variables mean, so that none is taken for another kind.

    Parameters
    ----------
    result : Result
        Any result of this room.
    names : sequence of str
        Variables that are drawn.

    Returns
    -------
    str
        Such as ``'Bars: 95 % interval over neuroids (bootstrap).'``, empty without errors.
    """
    found = [interval(result.data, name) for name in names if name in result.data]
    kinds = list(dict.fromkeys(item.kind for item in found if item is not None))
    over = _se_name(result)
    monte_carlo = "95 % Monte-Carlo interval (over samples; it says nothing about other neurons or stimuli)"
    other = f"one standard deviation {over[3:]}" if over.startswith("sd ") else f"95 % interval (1.96 × {over})"
    sentences = {
        "ci": f"{_level(result.settings)} interval {_over(result.settings, result.data)}",
        "se": monte_carlo if over == "MC error" else other,
    }
    dims = leading_dims(result)
    drawn = "Bands" if dims and as_band(result.data, dims[-1]) else "Bars"
    return f"{drawn}: {'; elsewhere '.join(sentences[kind] for kind in kinds)}." if kinds else ""


def near_floor(data: xr.Dataset) -> np.ndarray:
    """Tell which capacities lie below 1.5 times their floor P/rank, where geometry means nothing.

    Parameters
    ----------
    data : xarray.Dataset
        Numbers of a result; without `capacity_floor` nothing is near it.

    Returns
    -------
    numpy.ndarray of bool
        Of the shape of `capacity`.

    Examples
    --------
    >>> near_floor(xr.Dataset({"capacity": 0.2, "capacity_floor": 0.179}))
    array(True)
    """
    capacity = np.asarray(data["capacity"], float)
    if "capacity_floor" not in data:
        return np.zeros(capacity.shape, bool)
    return np.asarray(capacity < NEAR_FLOOR * np.asarray(data["capacity_floor"], float))


def leading_dims(result: Any) -> tuple[str, ...]:
    """Return the dimensions along which whole results were put together, () for a single one."""
    name = next((name for name in (*result.headline, "capacity") if name in result.data), None)
    return () if name is None else tuple(str(dim) for dim in result.data[name].dims)


def default_quantities(result: Any) -> list[str]:
    """Return the variables that a figure of this result shows unless told otherwise."""
    main = [name for name in ("capacity", "dimension", "radius") if name in result.data]
    return main or [name for name in result.headline if name in result.data][:3]


def label(result: Any, name: str, *, unit: bool = True) -> str:
    """Return the readable name of a variable, with its unit in brackets."""
    words, of = _label_and_unit(result, name)
    return f"{words} [{of}]" if unit and of else words


def unit(result: Any, name: str) -> str:
    """Return the unit of a variable, or its name where it has none, for an axis whose title has the name."""
    words, of = _label_and_unit(result, name)
    return of or words


def method(result: Any) -> str:
    """Return the name of the method of a result, 'GLUE' or 'Mean-field'; of a curve, that of its measure."""
    kind = f"capacity.{_one(result.settings.get('method'))}" if _is_curve(result) else result.kind
    return _METHOD.get(kind, "" if _is_curve(result) else result.title)


def along_words(dim: str, data: xr.Dataset | None = None) -> str:
    """Return the name of a leading dimension as words, with its unit: 'number of neuroids' for ``n_neuroids``."""
    words = f"number of {dim.removeprefix('n_')}" if dim.startswith("n_") else dim.replace("_", " ")
    units = data[dim].attrs.get("units") if data is not None and dim in data.coords else None
    return f"{words} [{units}]" if units else words


def as_band(data: xr.Dataset, dim: str) -> bool:
    """Tell whether intervals along a dimension are drawn as a band: where it has numbers, and more than six."""
    return data.sizes[dim] > 6 and dim in data.coords and data[dim].dtype.kind in "iuf"


def _label_and_unit(result: Any, name: str) -> tuple[str, str]:
    return LABELS.get(name) or getattr(result, "labels", {}).get(name) or (name.replace("_", " "), "")


def caption(result: Any, quantities: Sequence[str] | None = None) -> str:
    """Write the caption of a result's figure: what is drawn, what bars, floor and hollow markers mean.

    Parameters
    ----------
    result : Result
        A result of this room, single or put together over layers or regions.
    quantities : sequence of str, optional
        Variables that are drawn; the main ones of the result otherwise.

    Returns
    -------
    str
        A few sentences.
    """
    dims = leading_dims(result)
    if not dims:
        return _single_caption(result, quantities)
    names = list(quantities) if quantities is not None else default_quantities(result)
    drawn = ", ".join(label(result, name, unit=False) for name in names)
    along = " and ".join(along_words(dim) for dim in dims[::-1])
    first = f"{drawn[:1].upper()}{drawn[1:]} by {along}: {describe(result)}."
    return " ".join(part for part in (first, interval_words(result, names), floor_words(result, names)) if part)


def _single_caption(result: Any, quantities: Sequence[str] | None) -> str:
    """The caption of the figure of a single result, which depends on its kind."""
    if result.kind == "capacity.simulated":
        return (
            f"Share of dichotomies that a random projection to n dimensions leaves separable: {describe(result)}. "
            f"Dashed: half of them; stripe: {_level(result.settings)} interval from order statistics."
        )
    if result.kind == "capacity.sensitivity":
        bars = interval_words(result, ["neuroid_gain_effect"])
        return (
            f"Derivative of capacity with respect to the gain of each neuroid, ranked: {describe(result)}. {bars} "
            "Gray: the interval holds zero."
        )
    name = (list(quantities) if quantities is not None else default_quantities(result))[0]
    words = label(result, name.removeprefix("pair_"), unit=False)
    if "pair_capacity" in result.data and (quantities is None or name.startswith("pair_")):
        return f"{words[:1].upper()}{words[1:]} of each pair of manifolds, solved alone: {describe(result)}."
    if f"manifold_{name}" not in result.data:
        parts = [f"{words[:1].upper()}{words[1:]}: {describe(result)}.", interval_words(result, [name])]
        return " ".join(part for part in (*parts, _near_floor_words(result, name)) if part)
    parts = [
        f"{words[:1].upper()}{words[1:]} of each manifold, sorted: {describe(result)}.",
        interval_words(result, [f"manifold_{name}"]),
        "Dashed, with stripe: all manifolds together and their interval.",
        "Dotted: the floor P/rank of all together." if "capacity_floor" in result.data and name == "capacity" else "",
        _near_floor_words(result, name),
    ]
    return " ".join(part for part in parts if part)


def _near_floor_words(result: Any, name: str) -> str:
    """Why the markers of a single result are hollow, or its geometry is left out; '' away from the floor."""
    if "capacity" not in result.data or not near_floor(result.data).any():
        return ""
    where = f"the capacity of all together lies below {NEAR_FLOOR} times its floor"
    if name in GEOMETRY:
        return f"Left out: {where}, where {label(result, name, unit=False)} means nothing."
    return f"Hollow: {where}, where it tells more about the number of neuroids than about the code."


def floor_words(result: Any, names: Sequence[str]) -> str:
    """Say, of results along a dimension, what the floor means, which capacities are near, and what was left out."""
    data = result.data
    if "capacity_floor" not in data or "capacity" not in names:
        return ""
    text = "Dashed: the floor P/rank, which no responses can fall below."
    low = near_floor(data)
    if not low.any():
        return text + f" All values lie above {NEAR_FLOOR} times it."
    where = _named(data["capacity"], low)
    geometry = [label(result, name, unit=False) for name in names if name not in ("capacity", "capacity_floor")]
    text += f" Hollow: below {NEAR_FLOOR} times the floor ({where})"
    return text + (f"; {' and '.join(geometry)} mean nothing there and are left out." if geometry else ".")


def describe(result: Any) -> str:
    """Return how a result was computed, in half a sentence: method, manifolds, samples."""
    counts = {"n_subsamples": "subsamples of each size", "n_samples": "samples", "n_trials": "trials"}
    numbers = [
        f"{_one(result.settings[key])} {words}" for key, words in counts.items() if result.settings.get(key) is not None
    ]
    return ", ".join(part for part in (method(result), sizes(result), *numbers) if part)


def sizes(result: Any) -> str:
    """Return the number of manifolds, points and neuroids of a result, as far as it knows them."""
    known = {**result.diagnostics, **result.settings}
    data = result.data
    manifolds = data.sizes.get("manifold", known.get("n_manifolds"))
    points = np.asarray(data["manifold_n_points"]) if "manifold_n_points" in data else known.get("n_points")
    parts = [f"{_one(manifolds)} manifolds" if manifolds is not None else ""]
    if points is not None and np.asarray(points).dtype.kind in "iuf":
        low, high = int(np.nanmin(points)), int(np.nanmax(points))
        parts.append(f"{low} points each" if low == high else f"{low}–{high} points each")
    return " of ".join(part for part in parts if part)


def methods(results: Sequence[Any]) -> str:
    """Write a methods paragraph of these results, ready to paste: what was computed, how, with which numbers.

    Parameters
    ----------
    results : sequence of Result
        Results of this room; each kind is described once.

    Returns
    -------
    str
        One paragraph. References are named by author and year; `Result.references` has them in full.
    """
    groups: dict[tuple[str, ...], list[Any]] = {}
    for result in results:
        if result.kind in _METHODS:
            alike = (result.kind, *(str(result.settings.get(name)) for name in _TOLD))
            groups.setdefault(alike, []).append(result)
    return " ".join(_METHODS[kind](mine[0], mine) for (kind, *_), mine in groups.items())


_TOLD = (
    "n_samples", "n_trials", "dichotomies", "origin", "margin", "center_correction", "uncertainty", "level", "over",
    "method", "paired",
)  # fmt: skip
"""Settings that the methods paragraph tells; results that differ in one are described apart."""

_DICHOTOMIES = {
    "balanced": "random balanced dichotomies",
    "random": "random dichotomies (each label drawn on its own, with equal chances)",
    "one_vs_rest": "dichotomies of one manifold against all others, each used equally often",
    "pairwise": "every pair of manifolds solved alone (capacity is the harmonic mean over pairs, geometry the mean)",
}


def _dichotomies(result: Any) -> str:
    """Which labels were asked for, in words."""
    value = result.settings.get("dichotomies", "balanced")
    rules = value if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value) else [value]
    words = [
        _DICHOTOMIES.get(one, "given dichotomies") if isinstance(one, str) else "given dichotomies" for one in rules
    ]
    return " or ".join(dict.fromkeys(words))


def _count(diagnostics: Any, name: str) -> int:
    """A diagnostic summed over the results that were put together."""
    if not isinstance(diagnostics, Mapping):
        return 0
    parts = [part for key, value in diagnostics.items() if str(key).startswith("per_") for part in value]
    return int(diagnostics.get(name) or 0) + sum(_count(part, name) for part in parts)


def _certificate(results: Sequence[Any]) -> str:
    """How far the solutions were proved, from the counts of these results."""
    n_inexact, n_undecided = (
        sum(_count(result.diagnostics, name) for result in results) for name in ("n_inexact", "n_undecided")
    )
    words = "each projection on a polyhedral cone was certified by its optimality conditions, to 1e-9"
    if n_inexact:
        words = (
            "projections on polyhedral cones were certified by their optimality conditions, to 1e-9 but for "
            f"{n_inexact} of them, which are less exact"
        )
    if n_undecided:
        words += f"; whether the dichotomy is separable could not be decided in {n_undecided} samples"
    return words


def _glue_methods(result: Any, results: Sequence[Any]) -> str:
    s = result.settings
    origin = "after subtracting the mean of all points" if s.get("origin") == "mean" else "without shifting the origin"
    margin = float(_one(s.get("margin")) or 0.0)
    geometry = "" if margin else " and its geometry (dimension D, radius R, utility Ψ, with α = Ψ(1 + R⁻²)/D)"
    return (
        f"Manifold capacity α{geometry} {'was' if margin else 'were'} computed with GLUE (arXiv:2603.01879) from "
        f"{_one(s.get('n_samples', '?'))} Gaussian samples with {_dichotomies(result)}, {origin}, at margin "
        f"{margin:g}; {_certificate(results)}. {_error_sentence(result)}"
    )


def _mean_field_methods(result: Any, results: Sequence[Any]) -> str:
    s = result.settings
    correction = s.get("center_correction")
    center = "with low-rank correction of correlated centers" if correction else "without center correction"
    return (
        f"Mean-field capacity, radius and dimension (Chung, Lee and Sompolinsky, 2018; Cohen et al., 2020) were "
        f"computed for each manifold from {_one(s.get('n_samples', '?'))} Gaussian samples at margin "
        f"{float(_one(s.get('margin')) or 0.0):g}, {center}; capacity is the harmonic mean over manifolds, radius and "
        f"dimension are arithmetic means, within the affine span of each manifold; {_certificate(results)}. "
        f"{_error_sentence(result)}"
    )


def _simulated_methods(result: Any, results: Sequence[Any]) -> str:
    n_undecided = sum(_count(one.diagnostics, "n_undecided") for one in results)
    proof = f", but for {n_undecided} trials in which it could not be decided everywhere" if n_undecided else ""
    return (
        f"Simulated capacity is the number of manifolds over the median number of random Gaussian projections at "
        f"which they become linearly separable through the origin, with {_dichotomies(result)}, over "
        f"{_one(result.settings.get('n_trials', '?'))} trials; separability was certified{proof}. Its intervals are "
        f"from order statistics."
    )


def _sensitivity_methods(result: Any, results: Sequence[Any]) -> str:
    return (
        f"The sensitivity of GLUE capacity to the gain of each neuroid is the exact derivative ∂α/∂ln g, from the "
        f"multipliers of {_one(result.settings.get('n_samples', '?'))} samples (envelope theorem) with "
        f"{_dichotomies(result)}; {_certificate(results)}. {_error_sentence(result)}"
    )


def _curve_methods(result: Any, results: Sequence[Any]) -> str:
    over = str(result.settings.get("over", "n_neuroids")).removeprefix("n_")
    return f"Values were recomputed on random subsamples of {over}; spread is the standard deviation over subsamples."


def _error_sentence(result: Any) -> str:
    uncertainty = _one(result.settings.get("uncertainty"))
    if uncertainty in _OVER:
        return f"Intervals are {_level(result.settings)} intervals {_OVER[uncertainty]}."
    return "Errors are Monte-Carlo errors over samples."


_METHOD = {
    "capacity.glue": "GLUE",
    "capacity.mean_field": "Mean-field",
    "capacity.simulated": "Simulation",
    "capacity.sensitivity": "Exact derivatives of GLUE",
}

_METHODS = {
    "capacity.glue": _glue_methods,
    "capacity.mean_field": _mean_field_methods,
    "capacity.simulated": _simulated_methods,
    "capacity.sensitivity": _sensitivity_methods,
    "capacity.curve": _curve_methods,
}


def _se_name(result: Any) -> str:
    """What `_se` of this result is, in the words of its class."""
    return str(getattr(result, "se_name", "MC error"))


def _is_curve(result: Any) -> bool:
    return str(result.kind) == "capacity.curve"


def _level(settings: Mapping[str, Any]) -> str:
    return f"{100 * float(_one(settings.get('level', 0.95)) or 0.95):g} %"


def _over(settings: Mapping[str, Any], data: xr.Dataset) -> str:
    uncertainty = _one(settings.get("uncertainty"))
    if uncertainty in _OVER:
        return _OVER[uncertainty]
    return "over trials (order statistics)" if "n_critical" in data else "of confidence"


def _one(value: Any) -> Any:
    """The value of a setting; of settings of several results, the first, or a range of numbers."""
    if isinstance(value, list | tuple) and value:
        distinct = list(dict.fromkeys(value))
        return distinct[0]
    return value


def _named(values: xr.DataArray, mask: np.ndarray) -> str:
    """Names of the entries of a mask: 'pixels, logits', or 'trained pixels' over two dimensions."""
    names = []
    for index in np.argwhere(mask):
        labels = [
            str(values[dim].values[i]) if dim in values.coords else f"{dim} {i}"
            for dim, i in zip(values.dims, index, strict=True)
        ]
        names.append(" ".join(labels))
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
