"""NWB files with units and trials, read with h5py: spike counts in a window around an event column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neurogeom._core.responses import quoted
from neurogeom.recordings.hdf5 import opened, values
from neurogeom.recordings.spike_times import from_spike_times

ONSET_WORDS = ("stimulus_onset", "stim_on", "stimulus_start", "go_cue", "onset")


def read(
    path: Path,
    *,
    variable: str | None = None,
    dims: tuple[str, ...] | None = None,
    align_to: str | None = None,
    window: tuple[float, float] | None = None,
    bin_ms: float | None = None,
    rate: bool = False,
) -> xr.DataArray:
    """Counts of the units of an NWB file; ``variable`` names another table of intervals than ``trials``."""
    if dims is not None:
        raise ValueError(f"{path.name} is NWB, whose axes are known. Leave dims out.")
    with opened(path) as file:
        version = file.attrs.get("nwb_version", "1.0")
        units = _table(file, "units")
        name = variable or "trials"
        trials = _table(file, name if "/" in name else f"intervals/{name}")
        listed = sorted(file["intervals"]) if "intervals" in file else []
        subject = _text(file, "general/subject/subject_id")
        session = _text(file, "identifier")
    missing = [what for what, found in (("units", units), (f"intervals/{name}", trials)) if not found]
    if missing:
        has = f" It has intervals {quoted(listed)}: use variable=." if listed and not trials else ""
        raise ValueError(
            f"{path.name} (NWB {version}) has no table {' and no table '.join(missing)}, which spike counts per trial "
            f"need.{has} For other arrays use load(path, variable=...) on a copy that ends in .h5."
        )
    if "spike_times" not in units:
        raise ValueError(f"{path.name}: the table units has columns {quoted(units)}, but no spike_times.")
    frame = pd.DataFrame({key: list(column) for key, column in trials.items()})
    align_to = align_to or next((word for word in ONSET_WORDS if word in frame.columns), None)
    if align_to is None or window is None:
        times = [key for key in frame.columns if frame[key].dtype.kind == "f"]
        raise ValueError(
            f"{path.name} holds spike times. Say where to count: load(path, align_to=..., window=(0, 200)) in ms; "
            f"columns with times: {quoted(times)}."
        )
    names = _unit_names(units)
    coords = {key: column for key, column in units.items() if _is_plain(column) and key != "id"}
    if subject:
        coords["subject"] = np.full(len(names), subject, dtype=object)
    if "session" not in coords and session:
        coords["session"] = np.full(len(names), session, dtype=object)
    spikes = dict(zip(names, units["spike_times"], strict=True))
    return from_spike_times(spikes, frame, align_to=align_to, window=window, bin_ms=bin_ms, rate=rate, neuroids=coords)


def _table(file: Any, path: str) -> dict[str, Any]:
    """Columns of a dynamic table; ragged ones as lists of arrays; references are left out."""
    import h5py

    if path not in file:
        return {}
    group = file[path]
    columns = {}
    for key in group:
        column = group[key]
        if key.endswith("_index") or not isinstance(column, h5py.Dataset) or column.ndim != 1:
            continue
        if h5py.check_ref_dtype(column.dtype) is not None or column.dtype.kind == "V":
            continue
        content = values(column)
        columns[key] = np.split(content, values(group[f"{key}_index"])[:-1]) if f"{key}_index" in group else content
    return columns


def _unit_names(units: dict[str, Any]) -> list[str]:
    for key in ("neuroid_id", "unit_name", "id"):
        if key in units and len({str(name) for name in units[key]}) == len(units[key]):
            return [str(name) for name in units[key]]
    return [str(index) for index in range(len(units["spike_times"]))]


def _is_plain(column: Any) -> bool:
    return isinstance(column, np.ndarray) and column.ndim == 1


def _text(file: Any, path: str) -> str:
    return str(file[path].asstr()[()]) if path in file and file[path].shape == () else ""
