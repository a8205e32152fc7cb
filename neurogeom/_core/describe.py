"""From a result to the parts that its text and its HTML show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurogeom._core.display import format_estimate
from neurogeom._core.result_text import ResultText

_MAX_ROWS = 24
_FACTS = ("seed", "n_samples", "n_trials", "backend", "dichotomies", "margin", "uncertainty")
_WORDS = {"backend": "back end"}


def describe(result: Any, names: Sequence[str]) -> ResultText:
    """The parts shown by both representations."""
    data = result.data
    dims = list(dict.fromkeys(str(dim) for name in names for dim in data[name].dims))
    if dims:
        header, rows = _table_rows(result, names, dims)
    else:
        header, rows = (), [(_readable(result, name), _estimate(result, name, long=True)) for name in names]
    settings = result.settings
    facts = [(_WORDS.get(key, key), str(settings[key])) for key in _FACTS if settings.get(key) is not None]
    sizes = [(str(dim), str(size)) for dim, size in data.sizes.items() if dim not in ("bound", *dims)]
    return ResultText(
        title=result.title,
        header=header,
        rows=rows[:_MAX_ROWS],
        n_rows_left_out=max(0, len(rows) - _MAX_ROWS),
        facts=[*sizes, *facts],
        warnings=result.warnings,
        settings=settings,
        diagnostics=result.diagnostics,
        references=result.references,
    )


def _table_rows(result: Any, names: Sequence[str], dims: Sequence[str]) -> tuple[tuple[str, ...], list]:
    shape = result.data[list(names)].sizes
    rows = []
    for place in np.ndindex(*(shape[dim] for dim in dims)):
        where = dict(zip(dims, place))
        labels = [
            str(result.data[dim].values[where[dim]]) if dim in result.data.coords else str(where[dim]) for dim in dims
        ]
        rows.append((*labels, *(_estimate(result, name, where) for name in names)))
    return (*dims, *(_readable(result, name) for name in names)), rows


def _readable(result: Any, name: str) -> str:
    return result.labels.get(name, (name.replace("_", " "), ""))[0]


def _estimate(result: Any, name: str, where: Mapping[str, int] | None = None, *, long: bool = False) -> str:
    def pick(key: str) -> Any:
        variable = result.data[key]
        return variable.isel({dim: index for dim, index in (where or {}).items() if dim in variable.dims})

    value, error, interval = pick(name).item(), None, None
    if f"{name}_se" in result.data:
        error = float(pick(f"{name}_se"))
    if f"{name}_ci" in result.data:
        interval = (float(pick(f"{name}_ci").sel(bound="low")), float(pick(f"{name}_ci").sel(bound="high")))
    return format_estimate(
        value,
        error,
        interval,
        error_name=result.se_name if long else "",
        over=str(result.settings.get("uncertainty") or "") if long else "",
        level=float(result.settings.get("level") or 0.95),
        unit=result.labels.get(name, ("", ""))[1],
    )
