"""Figures of joined alignment results, along layers, regions, time or sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurogeom import plotting
from neurogeom._core.validation import check_option

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from neurogeom.results import Result

TOGETHER = {
    "alignment.manifolds": ("mean_distance", "mean_shuffled"),
    "alignment.relative_geometry": ("position_similarity", "alignment_similarity", "rsa_similarity"),
    "alignment.decodability": ("mean_predicted_error", "mean_prototype_error", "mean_decoding_error"),
    "alignment.cross_regression_r2": ("r2", "r2_reverse"),
    "alignment.linear_predictivity_r2": ("r2", "r2_reverse"),
}
"""Quantities that share one axis; for all other kinds the first of the headline is drawn."""


def is_joined(result: Any) -> bool:
    """Whether a number of this result has become a row of numbers."""
    return bool(result.data[_default(result)[0]].ndim)


def plot_across(result: Result, ax: Any = None, *, quantities: Sequence[str] | None = None) -> Axes:
    """Draw numbers of a joined result along its last joined dimension, a series for each other one and each quantity.

    Parameters
    ----------
    result : Result
        From :func:`neurogeom.results.concat`.
    ax : Axes, optional
    quantities : sequence of str, optional
        Variables to draw.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        For a variable that the result does not have, or that is more than a number of each part.
    """
    names = list(quantities) if quantities is not None else _default(result)
    dims = tuple(map(str, result.data[_default(result)[0]].dims))
    known = [str(key) for key, value in result.data.data_vars.items() if tuple(map(str, value.dims)) == dims]
    for name in names:
        check_option("quantities", name, known)
    ax = plotting.axes_or_new(ax)
    across = result.data[dims[-1]].values if dims[-1] in result.data.coords else np.arange(result.data.sizes[dims[-1]])
    count = 0
    for name in names:
        for place in np.ndindex(*(result.data.sizes[dim] for dim in dims[:-1])):
            where = dict(zip(dims[:-1], place, strict=True))
            low, high = _interval(result.data, name, where)
            text = [result.labels.get(name, (name, ""))[0]] if len(names) > 1 else []
            text += [str(result.data[dim].values[index]) for dim, index in where.items()]
            values = result.data[name].isel(where).values
            plotting.line(
                across, values, low=low, high=high, label=", ".join(text) or None, ax=ax, **_look(count)
            )  # fmt: skip
            count += 1
    units = result.data[dims[-1]].attrs.get("units") if dims[-1] in result.data.coords else None
    ax.set_xlabel(dims[-1].replace("_", " ") + (f" [{units}]" if units else ""))
    if dims[-1] == "time" and np.asarray(across).dtype.kind in "iuf":
        plotting.onset(ax, across)
    ax.set_ylabel(result.labels.get(names[0], (names[0], ""))[0] if len(names) == 1 else result.title)
    if count > 1:
        with plotting.context():
            ax.legend()
    return ax


def _default(result: Any) -> list[str]:
    names = [name for name in TOGETHER.get(result.kind, ()) if name in result.data]
    return names or [next(name for name in result.headline if name in result.data)]


def _look(index: int) -> dict[str, Any]:
    return dict(plotting.series(index))


def _interval(data: xr.Dataset, name: str, where: dict[str, int]) -> tuple[Any, Any]:
    """Ends of the interval, or value ± 1.96 errors, or nothing."""
    if f"{name}_ci" in data:
        interval = data[f"{name}_ci"].isel(where)
        return interval.sel(bound="low").values, interval.sel(bound="high").values
    if f"{name}_se" in data:
        value, error = data[name].isel(where).values, data[f"{name}_se"].isel(where).values
        return value - 1.96 * error, value + 1.96 * error
    return None, None
