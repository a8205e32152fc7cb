"""Fewer units: mean, class token, the network's own attention pool, or a coarse grid; done where the tensor lies."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from neurogeom.recordings.activations import Layout

if TYPE_CHECKING:
    import torch

POOLS = ("mean", "map", "cls", "spatial")
_ORDERS = {
    "BCHW": ("channel", "y", "x"),
    "BHWC": ("y", "x", "channel"),
    "BNC": ("token", "channel"),
    "BC": ("channel",),
}


@dataclass(frozen=True)
class Pooling:
    """What is done to the output of each layer before it is copied.

    Attributes
    ----------
    kind : str, optional
        None, ``mean``, ``map``, ``cls`` or ``spatial``.
    size : (rows, columns)
        Of the coarse grid of ``spatial``.
    attention : callable, optional
        The network's own pooling, for ``map``.
    has_class_token : bool
    """

    kind: str | None = None
    size: tuple[int, int] = (4, 4)
    attention: Callable[[str, Any, Any], Any] | None = None
    has_class_token: bool = False

    def check(self) -> None:
        """Refuse a pooling that the encoder does not have."""
        if self.kind == "cls" and not self.has_class_token:
            other = '"map" or "mean"' if self.attention is not None else '"mean"'
            raise ValueError(f'pool="cls": this encoder has no class token; use {other}.')
        if self.kind == "map" and self.attention is None:
            raise ValueError('pool="map": this encoder has no attention pool; use "mean".')

    def __call__(self, name: str, tensor: torch.Tensor, layout: Layout, mask: Any) -> torch.Tensor:
        """The pooled tensor (batch, …)."""
        if self.kind is None:
            return tensor
        if self.kind == "map" and self.attention is not None:
            return self.attention(name, tensor, mask)
        if self.kind == "cls":
            return tensor[:, 0] if "token" in layout.dims else tensor
        if self.kind == "mean":
            return _mean(tensor, layout, mask)
        return _coarse(name, tensor, layout, self.size, mask)

    def layout(self, layout: Layout, shape: tuple[int, ...]) -> Layout:
        """The layout of what is left, whose shape a first pass showed."""
        if self.kind is None:
            return layout
        if len(shape) == 1:
            return Layout(("channel",), shape)
        return replace(layout, dims=("channel", "y", "x"), shape=shape, prefix=0, grid=None)


def _mean(tensor: torch.Tensor, layout: Layout, mask: Any) -> torch.Tensor:
    """Mean over places or tokens; the class token and padding are left out."""
    if "token" in layout.dims:
        tokens = tensor[:, layout.prefix :]
        if mask is None:
            return tokens.mean(dim=1)
        weights = mask.to(tokens.dtype)[:, :, None]
        return (tokens * weights).sum(dim=1) / weights.sum(dim=1)
    if "y" in layout.dims and "x" in layout.dims:
        return tensor.mean(dim=(layout.dims.index("y") + 1, layout.dims.index("x") + 1))
    return tensor


def _coarse(name: str, tensor: torch.Tensor, layout: Layout, size: tuple[int, int], mask: Any) -> torch.Tensor:
    """Average over the parts of a coarse grid, channels kept."""
    import torch

    if layout.dims == ("channel",):
        return tensor
    if "token" in layout.dims:
        if layout.grid is None or mask is not None:
            raise ValueError(f'pool="spatial": the places of the tokens of layer {name!r} are not known; use "mean".')
        places = tensor[:, layout.prefix :].transpose(1, 2)
        tensor = places.reshape(len(tensor), places.shape[1], *layout.grid)
    elif layout.dims == ("y", "x", "channel"):
        tensor = tensor.permute(0, 3, 1, 2)
    elif layout.dims != ("channel", "y", "x"):
        raise ValueError(f'pool="spatial": layer {name!r} has axes {layout.dims}, which have no places; use None.')
    rows, columns = min(size[0], tensor.shape[2]), min(size[1], tensor.shape[3])
    return torch.nn.functional.adaptive_avg_pool2d(tensor, (rows, columns))


def layout_of(
    name: str,
    shape: tuple[int, ...],
    *,
    axes: str | None = None,
    grid: tuple[int, int] | None = None,
    prefix: int = 0,
    degrees: tuple[float, float] | None = None,
    covered: tuple[float, float] = (1.0, 1.0),
) -> Layout:
    """The layout of a layer whose output has this shape, batch aside."""
    if axes is not None:
        if axes not in _ORDERS or len(_ORDERS[axes]) != len(shape):
            raise ValueError(
                f"layout={axes!r} does not fit layer {name!r} of shape {shape}; known: {', '.join(_ORDERS)}."
            )
        dims = _ORDERS[axes]
    elif len(shape) == 3:
        if shape[0] == shape[1] != shape[2]:
            raise ValueError(
                f"layer {name!r} gives {shape} for each image, which looks like (y, x, channel); say which: "
                f'layout={{{name!r}: "BHWC"}} or "BCHW".'
            )
        dims = _ORDERS["BCHW"]
    elif len(shape) in (1, 2):
        dims = _ORDERS["BC"] if len(shape) == 1 else _ORDERS["BNC"]
    else:
        return Layout(("unit",), (math.prod(shape),))
    if dims[0] != "token":
        return Layout(dims, shape, degrees=degrees if "y" in dims else None)
    fits = grid is not None and prefix + grid[0] * grid[1] == shape[0]
    if not fits:
        return Layout(dims, shape, prefix=prefix if shape[0] > prefix and grid is not None else 0)
    return Layout(dims, shape, prefix=prefix, grid=grid, degrees=degrees, covered=covered)
