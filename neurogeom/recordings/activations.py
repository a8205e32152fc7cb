"""Stores of network activations: what each unit is, and reading them without loading them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

HEAD = "neurogeom.json"
PROGRESS = "progress.json"
FORMAT = 1
_KEYS = ("channel", "y", "x", "token", "component", "unit")


@dataclass(frozen=True)
class Layout:
    """How the units of a layer are arranged.

    Attributes
    ----------
    dims : tuple of str
        Axes of a presentation's responses in order: ``channel``, ``y``, ``x``, ``token``, ``component`` or ``unit``.
    shape : tuple of int
        Their lengths.
    prefix : int
        Tokens before those of the grid, such as a class token.
    grid : (rows, columns), optional
        Places of the tokens after the prefix.
    degrees : (vertical, horizontal), optional
        Visual angle of the network's input.
    covered : (vertical, horizontal)
        Share of the input, from its top left corner, that the places cover.
    """

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    prefix: int = 0
    grid: tuple[int, int] | None = None
    degrees: tuple[float, float] | None = None
    covered: tuple[float, float] = (1.0, 1.0)

    @property
    def n_units(self) -> int:
        """Number of units."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def places(self) -> tuple[int, int] | None:
        """Rows and columns, where units have a place."""
        if "y" in self.dims and "x" in self.dims:
            return (self.shape[self.dims.index("y")], self.shape[self.dims.index("x")])
        return self.grid if "token" in self.dims else None

    def coordinates(self) -> dict[str, np.ndarray]:
        """Integer coordinates of all units, and degrees of visual angle (right and up positive) where known."""
        if not self.dims:
            return {}
        places = np.unravel_index(np.arange(self.n_units), self.shape)
        found = {name: index.astype(np.int32) for name, index in zip(self.dims, places, strict=True)}
        if "token" in found and self.grid is not None:
            spot = found["token"] - self.prefix
            found["y"] = np.where(spot < 0, -1, spot // self.grid[1]).astype(np.int32)
            found["x"] = np.where(spot < 0, -1, spot % self.grid[1]).astype(np.int32)
        if self.degrees is not None and self.places is not None:
            rows, columns = self.places
            x = degrees_of(found["x"], columns, self.degrees[1], self.covered[1])
            y = -degrees_of(found["y"], rows, self.degrees[0], self.covered[0])
            found["x_degrees"] = np.where(found["x"] < 0, np.nan, x).astype(np.float32)
            found["y_degrees"] = np.where(found["y"] < 0, np.nan, y).astype(np.float32)
        return found

    def plain(self) -> dict[str, Any]:
        """All of it as lists and numbers, for JSON."""
        return json.loads(json.dumps(asdict(self)))

    @staticmethod
    def of(plain: Mapping[str, Any]) -> Layout:
        """From what :meth:`plain` gave."""
        given: Any = {key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()}
        return Layout(**given)


def degrees_of(index: Any, n_places: int, degrees: float, covered: float = 1.0) -> np.ndarray:
    """Visual angle of the centers of places, 0 in the middle: ((j + 1/2) covered / n − 1/2) degrees.

    Parameters
    ----------
    index : int or array
        Places from 0 (left).
    n_places : int
    degrees : float
        Visual angle of the whole input.
    covered : float
        Share of the input that the places cover.

    Returns
    -------
    ndarray, degrees

    Examples
    --------
    >>> round(float(degrees_of(0, 14, 8.0)), 3)
    -3.714
    """
    return ((np.asarray(index, dtype=np.float64) + 0.5) * covered / n_places - 0.5) * degrees


def with_units(data: Any, layouts: Mapping[str, Layout], presentation: Mapping[str, Any], name: str) -> xr.DataArray:
    """A DataArray (presentation, neuroid) whose units know their layer and place; layers follow one another."""
    listed = [(layer, layout.n_units, layout.coordinates()) for layer, layout in layouts.items()]
    names = np.array(list(layouts), dtype=object)
    coords: dict[str, Any] = {"layer": ("neuroid", np.repeat(names, [size for _, size, _ in listed]))}
    for key in (*_KEYS, "x_degrees", "y_degrees"):
        if not any(key in found for _, _, found in listed):
            continue
        lacking: Any = np.nan if key.endswith("degrees") else -1
        dtype = np.float32 if key.endswith("degrees") else np.int32
        parts = [found.get(key, np.full(size, lacking, dtype=dtype)) for _, size, found in listed]
        coords[key] = ("neuroid", np.concatenate(parts))
    coords |= {key: ("presentation", value) for key, value in presentation.items()}
    return xr.DataArray(data, dims=("presentation", "neuroid"), coords=coords, name=name)


def is_store(path: Path) -> bool:
    """Whether a folder is a store of activations."""
    return (path / HEAD).is_file()


def head_of(path: Path) -> dict[str, Any]:
    """What a store says of itself."""
    try:
        head = json.loads((path / HEAD).read_text(encoding="utf-8"))
        if head["format"] == FORMAT:
            return head
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path / HEAD} is damaged. Delete the store and extract again.") from error
    raise ValueError(f"{path} was written in format {head['format']}; this version reads {FORMAT}.")


def finished_blocks(path: Path) -> list[int]:
    """Blocks of a store that are complete."""
    file = path / PROGRESS
    if not file.exists():
        return []
    try:
        return sorted(int(block) for block in json.loads(file.read_text(encoding="utf-8"))["blocks"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is damaged. Delete it, and all blocks are computed again.") from error


def read_store(path: Path, *, layers: Sequence[str] | None = None, partial: bool = False) -> xr.DataArray:
    """Activations of a finished store as a DataArray over dask arrays; with `partial`, of its complete blocks."""
    import dask.array
    import zarr

    head = head_of(path)
    done = finished_blocks(path)
    rows = np.arange(head["n_presentations"])
    if len(done) < head["n_blocks"]:
        if not partial:
            raise ValueError(
                f"{path} is not finished: {len(done)} of {head['n_blocks']} blocks are complete. Run the same "
                "extraction again to resume it."
            )
        rows = rows[np.isin(rows // head["block_size"], done)]
    layouts = {one["name"]: Layout.of(one["layout"]) for one in head["layers"]}
    chosen = list(layouts) if layers is None else list(layers)
    arrays = {one["name"]: one["array"] for one in head["layers"]}
    root = zarr.open_group(str(path), mode="r")
    data = dask.array.concatenate([dask.array.from_zarr(root[arrays[name]]) for name in chosen], axis=1)
    if len(rows) < head["n_presentations"]:
        data = data[rows]
    coords = {key: _column(values)[rows] for key, values in head["coords"].items()}
    found = with_units(data, {name: layouts[name] for name in chosen}, coords, "activations")
    return found.assign_attrs(head["attrs"])


def _column(values: list[Any]) -> np.ndarray:
    array = np.asarray(values)
    return array.astype(object) if array.dtype.kind in "UT" else array
