"""Activations that are in a file already."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom.encoders.images import ImageSet, image_set
from neurogeom.encoders.layers import _expression, not_found


def extract_precomputed(
    path: Path,
    images: Any,
    layers: str | Sequence[str],
    *,
    out: str | os.PathLike[str] | None,
    coords: Mapping[str, Any] | None,
    resume: bool,
) -> xr.DataArray:
    """Rows of a file for these images, in their order, and the layers that are asked for."""
    from neurogeom.recordings import load

    if out is not None:
        raise ValueError(f"out={str(out)!r}: the activations are in {path} already; leave it out.")
    held = load(path)
    found = _rows(held, image_set(images, coords=coords), path)
    if layers == "all" or "layer" not in found.coords:
        return found
    import re

    names = list(dict.fromkeys(map(str, found["layer"].values)))
    chosen: set[str] = set()
    for pattern in [layers] if isinstance(layers, str) else layers:
        fits = [name for name in names if name == pattern or re.fullmatch(_expression(pattern), name)]
        if not fits:
            raise not_found(pattern, names)
        chosen.update(fits)
    return found.isel(neuroid=np.flatnonzero([str(name) in chosen for name in found["layer"].values]))


def _rows(held: xr.DataArray, images: ImageSet, path: Path) -> xr.DataArray:
    if "stimulus_id" not in images.coords or "stimulus_id" not in held.coords:
        if len(images) != held.sizes["presentation"]:
            raise ValueError(
                f"{path.name} has {held.sizes['presentation']} presentations, there are {len(images)} images, and no "
                "stimulus_id in both to join them. Give coords={'stimulus_id': ...}."
            )
        found = held
    else:
        place = {str(name): row for row, name in enumerate(held["stimulus_id"].values)}
        wanted = [str(name) for name in images.coords["stimulus_id"]]
        missing = [name for name in wanted if name not in place]
        if missing:
            raise ValueError(f"{path.name} lacks {len(missing)} of {len(wanted)} images (first: {missing[0]!r}).")
        found = held.isel(presentation=[place[name] for name in wanted])
    return found.assign_coords({key: ("presentation", value) for key, value in images.coords.items()})
