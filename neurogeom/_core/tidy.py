"""From a Dataset with errors and intervals to a tidy table, one row for each value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import xarray as xr

PARTS = ("_se", "_ci")  # variables that belong to another one and are shown beside it


def owner(name: str, data: xr.Dataset) -> str | None:
    """The variable that an error or interval belongs to."""
    for part in PARTS:
        if name.endswith(part) and name.removesuffix(part) in data.data_vars:
            return name.removesuffix(part)
    return None


def rows(data: xr.Dataset, name: str) -> pd.DataFrame:
    """A tidy table of one variable with its error and interval."""
    variable = data[name]
    if variable.dtype == bool:
        variable = variable.astype(float)  # one column holds all values; 0 and 1 can be averaged
    columns: dict[str, Any] = {"value": variable.variable}
    if f"{name}_se" in data:
        columns["se"] = data[f"{name}_se"].variable
    if f"{name}_ci" in data:
        interval = data[f"{name}_ci"]
        columns |= {f"ci_{bound}": interval.sel(bound=bound, drop=True).variable for bound in ("low", "high")}
    coordinates = {key: value.variable for key, value in variable.coords.items() if key != "bound"}
    table = xr.Dataset(columns, coords=coordinates)
    if variable.ndim == 0:
        frame = pd.DataFrame({key: [table[key].item()] for key in table.variables})
    else:
        frame = table.to_dataframe(dim_order=list(variable.dims)).reset_index()
    frame.insert(0, "quantity", name)
    return frame


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One table of several, columns in order: quantity, dimensions and coordinates, then values."""
    last = ["value", "se", "ci_low", "ci_high"]
    names = dict.fromkeys(str(name) for frame in frames for name in frame.columns)
    middle = [name for name in names if name != "quantity" and name not in last]
    columns = ["quantity", *middle, *last]
    if not frames:
        return pd.DataFrame(columns=columns)
    return pd.concat(frames, ignore_index=True, sort=False).reindex(columns=columns)
