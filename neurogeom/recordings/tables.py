"""Tables in long form: a row for each presentation and neuroid."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neurogeom._core.responses import hint, quoted

NEUROID_COLUMNS = ("neuroid_id", "neuroid", "unit", "unit_id", "neuron", "cell", "voxel", "site")
VALUE_COLUMNS = ("spike_count", "response", "responses", "rate", "firing_rate", "count", "value", "activation")
PRESENTATION_COLUMNS = ("presentation", "trial", "trial_id", "presentation_id")


def read(
    path: Path,
    *,
    variable: str | None = None,
    dims: tuple[str, ...] | None = None,
    neuroid: str | None = None,
    presentation: str | Sequence[str] | None = None,
) -> xr.DataArray:
    """Responses of a table in long form; columns are recognized by their names or named by the user."""
    if dims is not None:
        raise ValueError(f"{path.name} is a table, whose axes are named by columns. Leave dims out.")
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        _check_fields(path, separator)
        table = pd.read_csv(path, sep=separator)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, ValueError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as a table: {error}.") from error
    unit = _pick(table, neuroid, NEUROID_COLUMNS, "neuroid=", path)
    value = _pick(table, variable, VALUE_COLUMNS, "variable=", path)
    if table[value].dtype.kind not in "iubf":
        raise ValueError(f"{path.name}: column {value!r} holds {table[value].dtype}; needed are numbers.")
    keys = _presentation_keys(table, presentation, unit, value, path)
    return from_long(table, unit=unit, value=value, keys=keys, source=path.name)


def _check_fields(path: Path, separator: str) -> None:
    """Refuse rows with more fields than names: pandas would shift them; it refuses itself what only begins later."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = (row for row in csv.reader(file, delimiter=separator) if any(row))
        header, first = next(rows, []), next(rows, [])
    if len(first) > len(header):
        raise ValueError(
            f"its rows have {len(first)} fields, the header has {len(header)} names, so it is not known which column "
            f"is which. Remove {separator!r} at the ends of rows, or name every column (that of row names too)"
        )


def from_long(table: pd.DataFrame, *, unit: str, value: str, keys: list[str], source: str) -> xr.DataArray:
    """Rows as responses; columns that are the same for all rows of a presentation or neuroid become coordinates."""
    for key in (unit, *keys):
        missing = np.flatnonzero(table[key].isna())
        if len(missing):
            listed = ", ".join(str(row + 2) for row in missing[:5])
            raise ValueError(
                f"{source}: column {key!r} is empty in {len(missing)} rows (of the file: {listed}"
                f"{', …' if len(missing) > 5 else ''}), so it is not known whose response they hold. Fill it or leave "
                "these rows out."
            )
    rows, shown = pd.factorize(pd.MultiIndex.from_frame(table[keys]))
    columns, names = pd.factorize(table[unit])
    place = rows.astype(np.int64) * len(names) + columns
    twice = len(place) - len(np.unique(place))
    if twice:
        again = int(np.flatnonzero(pd.Series(place).duplicated())[0])
        raise ValueError(
            f"{source}: {twice} rows repeat a presentation and neuroid (first: row {again + 2} of the file). "
            f"Presentations are told apart by {quoted(keys)}; name more columns: load(path, presentation=[...])."
        )
    values = np.full((len(shown), len(names)), np.nan)
    values[rows, columns] = table[value].to_numpy(dtype=np.float64)
    coords: dict[str, Any] = {"neuroid_id": ("neuroid", np.asarray(names, dtype=object))}
    for key in table.columns:
        if key in (unit, value):
            continue
        entries = table[key].to_numpy()
        for dim, index, length in (("presentation", rows, len(shown)), ("neuroid", columns, len(names))):
            first = np.unique(index, return_index=True)[1]
            codes = pd.factorize(entries, use_na_sentinel=False)[0]
            if len(first) == length and np.array_equal(codes, codes[first][index]):
                kept = np.asarray(entries[first])
                name = f"{key}_id" if key in ("presentation", "neuroid") else str(key)
                coords[name] = (dim, kept.astype(object) if kept.dtype.kind in "OUT" else kept)
                break
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords, name="responses")


def _pick(table: pd.DataFrame, given: str | None, options: Sequence[str], option: str, path: Path) -> str:
    if given is not None:
        if given not in table.columns:
            raise ValueError(f"{path.name} has no column {given!r}. {hint(given, table.columns)}")
        return given
    found = [name for name in options if name in table.columns]
    if len(found) != 1:
        which = f"several columns that could be meant ({quoted(found)})" if found else "no column of a known name"
        raise ValueError(
            f"{path.name} has {which} for {option[:-1]}; its columns: {quoted(table.columns)}. "
            f"Say which: load(path, {option}...)."
        )
    return found[0]


def _presentation_keys(
    table: pd.DataFrame, given: str | Sequence[str] | None, unit: str, value: str, path: Path
) -> list[str]:
    """Columns that tell presentations apart: those named, a trial number, or stimulus and repetition."""
    if given is not None:
        keys = [given] if isinstance(given, str) else list(given)
        for key in keys:
            if key not in table.columns:
                raise ValueError(f"{path.name} has no column {key!r}. {hint(key, table.columns)}")
        return keys
    found = [key for key in PRESENTATION_COLUMNS if key in table.columns][:1]
    if found:
        return (["session"] if "session" in table.columns else []) + found
    rest = [key for key in table.columns if key not in (unit, value)]
    if "repetition" in rest:
        return rest
    raise ValueError(
        f"{path.name} has no column that tells presentations apart ({quoted(PRESENTATION_COLUMNS)} or repetition); its "
        f"columns: {quoted(table.columns)}. Say which: load(path, presentation=[...])."
    )
