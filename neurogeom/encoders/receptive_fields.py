"""Receptive fields of layers, followed through every operation of a forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_MARK = "_neurogeom_field"
_ALL = "all"  # depends on more than a neighborhood


@dataclass(frozen=True)
class Field:
    """The part of the input that one place of a map sees, along one axis, in pixels.

    Attributes
    ----------
    center : float
        Of the first place; 0.5 is the middle of the first pixel.
    size : float
    stride : float
        From one place to the next.
    """

    center: float = 0.5
    size: float = 1.0
    stride: float = 1.0

    def through(self, kernel: int, stride: int, pad: int, dilation: int = 1) -> Field:
        """After a convolution or pooling with `pad` zeros before the first pixel."""
        reach = (kernel - 1) * dilation
        return Field(
            self.center + (reach / 2 - pad) * self.stride, self.size + reach * self.stride, self.stride * stride
        )

    def joined(self, other: Field) -> Field:
        """The smallest field that holds both, for places that add up."""
        start = min(self.center - self.size / 2, other.center - other.size / 2)
        stop = max(self.center + self.size / 2, other.center + other.size / 2)
        return Field((start + stop) / 2, stop - start, self.stride)


def receptive_field(chain: Sequence[Sequence[int]]) -> tuple[float, float, float]:
    """Receptive field of a chain of convolutions and poolings, along one axis.

    From c = 1/2, r = 1, j = 1, for each: c += ((k − 1) d / 2 − pad) j; r += (k − 1) d j; then j *= s.

    Parameters
    ----------
    chain : sequence of (kernel, stride, pad) or (kernel, stride, pad, dilation)
        ``pad`` is what is put before the first pixel.

    Returns
    -------
    (center, size, stride) : tuple of float, pixels
        Of the first place of the last map.

    Raises
    ------
    ValueError
        An element without three or four numbers.

    References
    ----------
    Araujo, Norris & Sim 2019, Distill, doi:10.23915/distill.00021.

    Examples
    --------
    >>> receptive_field([(7, 2, 3), (3, 2, 1)])
    (0.5, 11.0, 4.0)
    """
    field = Field()
    for one in chain:
        if len(one) not in (3, 4):
            raise ValueError(f"chain holds {tuple(one)}; needed are (kernel, stride, pad) or with dilation.")
        field = field.through(*one)
    return (field.center, field.size, field.stride)


def trace_fields(module: Any, inputs: Any, layers: Sequence[str]) -> dict[str, tuple[Field, Field]]:
    """Vertical and horizontal fields of layers that are maps (B, C, H, W) with a place for each output.

    Each operation of a pass is seen; what mixes places in another way than convolution, pooling and padding ends the
    trace, and layers after it are left out.
    """
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    found: dict[str, tuple[Field, Field]] = {}

    class Follow(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            out = func(*args, **(kwargs or {}))
            first = out[0] if isinstance(out, tuple | list) and out else out
            fields = _after(func.__name__.split(".")[0], args, first)
            if fields is not None:
                setattr(first, _MARK, fields)
            return out

    def remember(name: str) -> Any:
        def hook(part: Any, given: Any, output: Any) -> None:
            fields: Any = getattr(output, _MARK, _ALL)
            if fields != _ALL:
                found[name] = fields

        return hook

    parts = dict(module.named_modules(remove_duplicate=False))
    handles = [parts[name].register_forward_hook(remember(name)) for name in layers]
    try:
        with torch.no_grad():
            x = inputs.clone()
            setattr(x, _MARK, (Field(), Field()))
            with Follow():
                module(x)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _after(name: str, args: Any, out: Any) -> Any:
    """Fields of what an operation gives, from those of what it takes; ``_ALL`` where places are mixed."""
    known = [one for one in _tensors(args) if getattr(one, _MARK, None) is not None]
    if not known or not hasattr(out, "shape"):
        return None
    fields: Any = getattr(known[0], _MARK)
    if out.ndim != 4 or any(getattr(one, _MARK) == _ALL for one in known):
        return _ALL
    if name in ("convolution", "_convolution"):
        kernel, stride, pad, dilation = args[1].shape[2:], args[3], args[4], args[5]
        return _ALL if args[6] else _both(fields, kernel, stride, pad, dilation)
    if name.startswith(("max_pool2d", "avg_pool2d")):
        stride = args[2] if len(args) > 2 and args[2] else args[1]
        dilation = args[4] if name.startswith("max") and len(args) > 4 else 1
        return _both(fields, args[1], stride, args[3] if len(args) > 3 else 0, dilation)
    if name == "constant_pad_nd":
        left, _, top, _ = (*args[1], 0, 0, 0, 0)[:4]
        return _both(fields, 1, 1, (top, left), 1)
    if any(one.shape[2:] != out.shape[2:] for one in known):
        return _ALL
    for one in known[1:]:
        other = getattr(one, _MARK)
        fields = (fields[0].joined(other[0]), fields[1].joined(other[1]))
    return fields


def _both(fields: tuple[Field, Field], kernel: Any, stride: Any, pad: Any, dilation: Any) -> tuple[Field, Field]:
    pairs = [_pair(value) for value in (kernel, stride, pad, dilation)]
    vertical, horizontal = (fields[axis].through(*(int(pair[axis]) for pair in pairs)) for axis in (0, 1))
    return (vertical, horizontal)


def _pair(value: Any) -> tuple[int, int]:
    values = np.atleast_1d(np.asarray(value, dtype=int))
    return (int(values[0]), int(values[-1]))


def _tensors(args: Any) -> list[Any]:
    found = []
    for one in args:
        if isinstance(one, tuple | list):
            found += _tensors(one)
        elif hasattr(one, "detach"):
            found.append(one)
    return found
