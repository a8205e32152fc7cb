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

OVER = {
    "neuroids": "over neuroids (bootstrap)",
    "subjects": "over subjects, then neuroids (bootstrap)",
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
        "ci": f"{level_words(result.settings)} interval {_over(result.settings, result.data)}",
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


def near_floor_somewhere(data: xr.Dataset) -> np.ndarray:
    """Tell, of two populations on dimension `side`, where the capacity of either lies near its floor."""
    if "capacity" not in data or "side" not in data["capacity"].dims:
        return np.asarray(False)
    return np.asarray(near_floor(data).any(axis=data["capacity"].dims.index("side")))


def differing(result: Any) -> list[str]:
    """Return the quantities whose differences a figure of a comparison shows unless told otherwise."""
    names = [name.removesuffix("_difference") for name in map(str, result.data) if name.endswith("_difference")]
    return [name for name in ("capacity", "dimension", "radius") if name in names] or names[:3]


def side_names(result: Any) -> tuple[str, str]:
    """Return the names of the two populations of a comparison; the difference is the first minus the second."""
    names = result.data["side"].values if "side" in result.data.coords else result.settings.get("names", ("a", "b"))
    return str(names[0]), str(names[1])


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
    """Return the name of the method of a result, 'GLUE' or 'Mean-field'; of a curve or comparison, of its measure."""
    of_another = result.kind in ("capacity.curve", "capacity.comparison")
    kind = f"capacity.{one_of(result.settings.get('method'))}" if of_another else result.kind
    return _METHOD.get(kind, "" if of_another else result.title)


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
    if result.kind == "capacity.comparison":
        return _difference_caption(result, list(quantities) if quantities is not None else differing(result))
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
            f"Dashed: half of them; stripe: {level_words(result.settings)} interval from order statistics."
        )
    if result.kind == "capacity.sensitivity":
        bars = interval_words(result, ["neuroid_gain_effect"])
        return (
            f"Derivative of capacity with respect to the gain of each neuroid, ranked: {describe(result)}. {bars} "
            f"Gray: the interval holds zero.{_removal_words(result)}"
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


def _removal_words(result: Any) -> str:
    """How well gain effects rank neuroids as leaving them out does, where that was asked for."""
    correlation = float(result.data.get("rank_correlation", np.nan))
    if not np.isfinite(correlation):
        return ""
    return f" Rank correlation with the loss of capacity when each neuroid is left out: {correlation:.2f} (Spearman)."


def _difference_caption(result: Any, names: Sequence[str]) -> str:
    """The caption of the figure of a comparison."""
    first, second = side_names(result)
    words = ", ".join(label(result, name, unit=False) for name in names)
    dims = leading_dims(result)
    along = f" by {along_words(dims[0])}" if dims else ""
    low = near_floor_somewhere(result.data)
    geometry = [label(result, name, unit=False) for name in names if name in GEOMETRY]
    hollow = f"Hollow: the capacity of a side lies below {NEAR_FLOOR} times its floor"
    parts = [
        f"Difference of {words}, {first} minus {second}{along}: {describe(result)}.",
        interval_words(result, [f"{name}_difference" for name in names]),
        "Both sides share dichotomies and Gaussian vectors. Dashed: no difference.",
        hollow + (f"; {' and '.join(geometry)} mean nothing there." if geometry else ".") if low.any() else "",
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
        f"{one_of(result.settings[key])} {words}"
        for key, words in counts.items()
        if result.settings.get(key) is not None
    ]
    return ", ".join(part for part in (method(result), sizes(result), *numbers) if part)


def sizes(result: Any) -> str:
    """Return the number of manifolds, points and neuroids of a result, as far as it knows them."""
    known = {**result.diagnostics, **result.settings}
    data = result.data
    manifolds = data.sizes.get("manifold", known.get("n_manifolds"))
    points = np.asarray(data["manifold_n_points"]) if "manifold_n_points" in data else known.get("n_points")
    parts = [f"{one_of(manifolds)} manifolds" if manifolds is not None else ""]
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
    from neurogeom.capacity.methods_text import paragraph

    return paragraph(results)


_METHOD = {
    "capacity.glue": "GLUE",
    "capacity.mean_field": "Mean-field",
    "capacity.simulated": "Simulation",
    "capacity.sensitivity": "Exact derivatives of GLUE",
}


def _se_name(result: Any) -> str:
    """What `_se` of this result is, in the words of its class."""
    return str(getattr(result, "se_name", "MC error"))


def level_words(settings: Mapping[str, Any]) -> str:
    """Return the level of the intervals as words: '95 %'."""
    return f"{100 * float(one_of(settings.get('level', 0.95)) or 0.95):g} %"


def _over(settings: Mapping[str, Any], data: xr.Dataset) -> str:
    uncertainty = one_of(settings.get("uncertainty"))
    if uncertainty in OVER:
        return OVER[uncertainty]
    return "over trials (order statistics)" if "n_critical" in data else "of confidence"


def one_of(value: Any) -> Any:
    """Return the value of a setting; where results were put together and differ in it, the first."""
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
