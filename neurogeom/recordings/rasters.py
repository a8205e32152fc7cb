"""Raster files of the Neural Decoding Toolbox: one unit a file, trials × 1-ms bins, labels of each trial."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom.recordings.spike_times import check_window

RENAMED = {"stimulus_ID": "stimulus_id", "session_ID": "session", "recording_channel": "channel"}


def is_raster(content: Mapping[str, Any]) -> bool:
    """Whether the variables of a file are those of a raster."""
    return "raster_data" in content and any(key.startswith("raster_labels.") for key in content)


def raster_responses(
    content: Mapping[str, Any],
    path: Path,
    *,
    bin_ms: float | None = None,
    window: tuple[float, float] | None = None,
) -> xr.DataArray:
    """Counts (presentation, 1 neuroid, time_bin) of one raster; time in ms from the event that aligns the trials."""
    raster = np.atleast_2d(content["raster_data"])
    labels = {key.partition(".")[2]: value for key, value in content.items() if key.startswith("raster_labels.")}
    site = {key.partition(".")[2]: value for key, value in content.items() if key.startswith("raster_site_info.")}
    for key, value in labels.items():
        if len(value) != len(raster):
            raise ValueError(f"{path.name}: raster_labels.{key} has {len(value)} entries for {len(raster)} trials.")
    start = 1.0 - float(site.get("alignment_event_time", 1))  # MATLAB counts bins from 1
    counts, edges = _binned(raster, start, bin_ms, window, path)
    coords: dict[str, Any] = {RENAMED.get(key, key): ("presentation", value) for key, value in labels.items()}
    coords["trial"] = ("presentation", np.arange(len(raster)))
    coords["neuroid_id"] = (
        "neuroid",
        np.array([path.name.removesuffix(".mat").removesuffix("_raster_data")], dtype=object),
    )
    for key, value in site.items():
        if np.ndim(value) == 0 and key != "alignment_event_time":
            coords[RENAMED.get(key, key)] = ("neuroid", np.array([value]))
    coords |= {"time_bin_start": ("time_bin", edges[:-1]), "time_bin_end": ("time_bin", edges[1:])}
    return xr.DataArray(
        counts[:, None, :], dims=("presentation", "neuroid", "time_bin"), coords=coords, name="responses"
    )


def read(
    path: Path,
    *,
    variable: str | None = None,
    dims: tuple[str, ...] | None = None,
    bin_ms: float | None = None,
    window: tuple[float, float] | None = None,
) -> xr.DataArray:
    """All raster files of a folder: units of a session side by side, sessions below each other with NaN between.

    A presentation belongs to one session; units of other sessions were not recorded then and are NaN.
    """
    from neurogeom.recordings.matlab import read_variables

    if variable is not None or dims is not None:
        raise ValueError(f"{path} is a folder of rasters, whose axes are known. Leave variable and dims out.")
    units = []
    for file in raster_files(path):
        content = read_variables(file)
        if not is_raster(content):
            raise ValueError(f"{file} is no raster: it has {sorted(content)}, not raster_data and raster_labels.")
        units.append(raster_responses(content, file, bin_ms=bin_ms, window=window))
    sessions: dict[str, list[xr.DataArray]] = {}
    for unit in units:
        sessions.setdefault(str(unit["session"].values[0]) if "session" in unit.coords else "", []).append(unit)
    return join_sessions({name: _side_by_side(members, name) for name, members in sessions.items()})


def raster_files(path: Path) -> list[Path]:
    """Raster files of a folder, by name."""
    return sorted(path.glob("*_raster_data.mat"))


def join_sessions(sessions: Mapping[str, xr.DataArray]) -> xr.DataArray:
    """Sessions with different units as one recording: blocks of numbers on the diagonal, NaN elsewhere."""
    parts = list(sessions.values())
    if len(parts) == 1:
        return parts[0]
    n_presentations, n_neuroids = (sum(part.sizes[dim] for part in parts) for dim in ("presentation", "neuroid"))
    rest = {dim: size for dim, size in parts[0].sizes.items() if dim not in ("presentation", "neuroid")}
    joined = np.full((n_presentations, n_neuroids, *rest.values()), np.nan)
    row = column = 0
    for name, part in sessions.items():
        if {dim: part.sizes[dim] for dim in rest} != rest:
            raise ValueError(f"session {name!r} has other time bins than the first. Give the same window and bin_ms.")
        joined[row : row + part.sizes["presentation"], column : column + part.sizes["neuroid"]] = part.values
        row, column = row + part.sizes["presentation"], column + part.sizes["neuroid"]
    coords: dict[str, Any] = {}
    for dim in ("presentation", "neuroid"):
        shared = [
            key for key in parts[0].coords if all(key in p.coords and p.coords[key].dims == (dim,) for p in parts)
        ]
        coords |= {str(key): (dim, np.concatenate([part[key].values for part in parts])) for key in shared}
    names = [np.full(part.sizes["presentation"], name, dtype=object) for name, part in sessions.items()]
    coords["presentation_session"] = ("presentation", np.concatenate(names))
    for key, one in parts[0].coords.items():
        if set(one.dims) <= set(rest):
            coords[str(key)] = (one.dims, one.values)
    attrs = {"noise_correlations": "real within a session only"}
    return xr.DataArray(joined, dims=("presentation", "neuroid", *rest), coords=coords, attrs=attrs, name="responses")


def _side_by_side(units: list[xr.DataArray], session: str) -> xr.DataArray:
    first = units[0]
    labels = [key for key, one in first.coords.items() if one.dims == ("presentation",)]
    for unit in units[1:]:
        if any(key not in unit.coords or not np.array_equal(unit[key].values, first[key].values) for key in labels):
            raise ValueError(
                f"session {session!r}: units {first['neuroid_id'].item()!r} and {unit['neuroid_id'].item()!r} have "
                "different trials, so they were not recorded together. Give them different session_ID."
            )
    return xr.concat(units, dim="neuroid", coords="different", compat="equals").transpose(*first.dims)


def _binned(
    raster: np.ndarray, start: float, bin_ms: float | None, window: tuple[float, float] | None, path: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Counts in wider bins, inside the window; and edges in ms."""
    low, high = (start, start + raster.shape[1]) if window is None else check_window(window)
    first, last = low - start, high - start
    if first < 0 or last > raster.shape[1] or first % 1 or last % 1:
        raise ValueError(
            f"window=({low:g}, {high:g}) ms: {path.name} has 1-ms bins from {start:g} to {start + raster.shape[1]:g}."
        )
    chosen = raster[:, int(first) : int(last)]
    width = 1 if bin_ms is None else int(bin_ms)
    if width < 1 or (bin_ms is not None and width != bin_ms) or chosen.shape[1] % width:
        raise ValueError(f"bin_ms={bin_ms} must be a whole number of ms that divides the window of {high - low:g} ms.")
    counts = chosen.reshape(len(chosen), -1, width).sum(axis=2, dtype=np.int64)
    return counts, low + width * np.arange(counts.shape[1] + 1.0)
