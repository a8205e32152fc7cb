"""From a result to the parts that its text and its HTML show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurogeom._core.display import format_estimate, format_interval
from neurogeom._core.result_text import ResultText

_MAX_ROWS = 24
_FACTS = ("seed", "n_samples", "n_trials", "backend", "dichotomies", "margin", "uncertainty")
_WORDS = {"backend": "back end"}
_UNSHOWN_SIZES = ("bound", "sample", "trial", "other_manifold")  # said by n_samples, or twice


def describe(result: Any, names: Sequence[str]) -> ResultText:
    """The parts shown by both representations."""
    dims = list(dict.fromkeys(str(dim) for name in names for dim in result.data[name].dims))
    header, rows = _table(result, names, dims) if dims else ((), _lines(result, names))
    settings = result.settings
    legend = [("±", result.se_name)] if dims and any(f"{name}_se" in result.data for name in names) else []
    facts = [(_WORDS.get(key, key), str(settings[key])) for key in _FACTS if settings.get(key) is not None]
    return ResultText(
        title=result.title,
        header=header,
        rows=rows[:_MAX_ROWS],
        n_rows_left_out=max(0, len(rows) - _MAX_ROWS),
        facts=[*legend, *_sizes(result.data.sizes, dims), *facts],
        warnings=result.warnings,
        settings=settings,
        diagnostics=result.diagnostics,
        references=result.references,
    )


def _sizes(sizes: Mapping[Any, int], shown: Sequence[str]) -> list[tuple[str, str]]:
    """How many of what: ``4 manifolds``."""
    left = {str(dim): size for dim, size in sizes.items() if dim not in (*_UNSHOWN_SIZES, *shown)}
    return [(str(size), dim if size == 1 or dim.endswith("s") else f"{dim}s") for dim, size in left.items()]


def _lines(result: Any, names: Sequence[str]) -> list[tuple[str, ...]]:
    """A line for each value: name, value with error, interval, unit; columns that are empty throughout are left out."""
    level, over = float(result.settings.get("level") or 0.95), str(result.settings.get("uncertainty") or "")
    rows = []
    for name in names:
        value, error, interval = _parts(result, name, {})
        label, unit = result.labels.get(name, (name.replace("_", " "), ""))
        estimate = format_estimate(value, error, interval, error_name=result.se_name)
        rows.append((label, estimate, format_interval(error, interval, over=over, level=level), unit))
    used = [column for column in range(4) if any(row[column] for row in rows)]
    return [tuple(row[column] for column in used) for row in rows]


def _table(result: Any, names: Sequence[str], dims: Sequence[str]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A row for each coordinate, a column for each value."""
    shape = result.data[list(names)].sizes
    rows = []
    for place in np.ndindex(*(shape[dim] for dim in dims)):
        where = dict(zip(dims, place))
        coords = {dim: result.data.coords[dim].values for dim in dims if dim in result.data.coords}
        labels = [str(coords[dim][index]) if dim in coords else str(index) for dim, index in where.items()]
        rows.append((*labels, *(_cell(result, name, where) for name in names)))
    return (*dims, *(result.labels.get(name, (name.replace("_", " "), ""))[0] for name in names)), rows


def _cell(result: Any, name: str, where: Mapping[str, int]) -> str:
    value, error, interval = _parts(result, name, where)
    interval_text = format_interval(error, interval, level=float(result.settings.get("level") or 0.95))
    return f"{format_estimate(value, error, interval, error_name='')} {interval_text}".rstrip()


def _parts(result: Any, name: str, where: Mapping[str, int]) -> tuple[Any, float | None, tuple[float, float] | None]:
    """Value, error and interval of one variable at one place."""

    def pick(key: str) -> Any:
        variable = result.data[key]
        return variable.isel({dim: index for dim, index in where.items() if dim in variable.dims})

    value, error, interval = pick(name).item(), None, None
    if f"{name}_se" in result.data:
        error = float(pick(f"{name}_se"))
    if f"{name}_ci" in result.data:
        interval = (float(pick(f"{name}_ci").sel(bound="low")), float(pick(f"{name}_ci").sel(bound="high")))
    return value, error, interval
