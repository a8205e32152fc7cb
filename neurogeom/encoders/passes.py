"""Forward passes with hooks: what the layers give, pooled, checked and on the host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from neurogeom.encoders.encoder import Encoder
from neurogeom.encoders.hooks import Recorder
from neurogeom.encoders.layers import Target
from neurogeom.encoders.pooling import Pooling, layout_of
from neurogeom.recordings.activations import Layout
from neurogeom.training.classifier import in_mode

if TYPE_CHECKING:
    import torch

PRECISIONS = ("float32", "bfloat16", "float16")


@dataclass
class Passes:
    """Forward passes of an encoder with some of its layers read; use as ``with passes.ready(): passes(inputs, n)``.

    Attributes
    ----------
    encoder, targets, pooling
    batch_axis : dict of str to int
        Which axis counts images, for layers where it is not the first.
    axes : dict of str to str
        Order of axes by layer, see ``Encoder.axes``.
    grid : (rows, columns), optional
        The one grid of tokens that all images share.
    precision : str
        ``float32``, or a half precision for autocast.
    device : str
    ragged : bool
        Whether grids of tokens may differ between images; padding becomes NaN.
    layouts : dict of str to list of Layout
        By layer and call, found in the first pass.
    destinations : dict of str to array (n, units), float32
        Where the next pass puts layers, so that nothing is copied twice.
    """

    encoder: Encoder
    targets: Sequence[Target]
    pooling: Pooling
    batch_axis: Mapping[str, int] = field(default_factory=dict)
    axes: Mapping[str, str] = field(default_factory=dict)
    grid: tuple[int, int] | None = None
    degrees: tuple[float, float] | None = None
    precision: str = "float32"
    device: str = "cpu"
    ragged: bool = False
    layouts: dict[str, list[Layout]] = field(default_factory=dict)
    destinations: Mapping[str, np.ndarray] = field(default_factory=dict)
    _recorder: Recorder | None = None
    _n: int = 0
    _mask: Any = None
    _calls: dict[str, int] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def ready(self) -> Iterator[Passes]:
        """Hooks on, evaluation mode, no gradients, on the device; all as before on leaving, also after an error."""
        import torch

        module = self.encoder.module
        with ExitStack() as stack:
            stack.enter_context(on_device(module, self.device))
            stack.enter_context(in_mode(module, training=False))
            stack.enter_context(torch.inference_mode())
            self._recorder = stack.enter_context(
                Recorder(module, self.targets, transform=self._transform, reuse=True, into=self._into)
            )
            yield self

    def __call__(self, inputs: Any, n: int, *, precision: str | None = None) -> dict[str, np.ndarray]:
        """One pass over n inputs: arrays (n, …) by layer; ``name#0``, ``name#1`` for layers that run several times.

        The arrays hold until the next pass, which writes into the same memory.
        """
        import torch

        if self._recorder is None:
            raise RuntimeError("use passes inside `with passes.ready():`.")
        chosen = precision or self.precision
        given = to_device(inputs, self.device)
        self._n, self._calls, self._mask = n, {}, None
        if isinstance(given, dict) and torch.is_tensor(given.get("mask")):
            self._mask = given["mask"].bool()
        kind = torch.device(self.device).type
        half = nullcontext() if chosen == "float32" else torch.autocast(kind, dtype=getattr(torch, chosen))
        self._recorder.take()
        with half:
            self.encoder.module(**given) if isinstance(given, dict) else self.encoder.module(given)
        outputs = self._recorder.take()
        self._check_counts(outputs)
        return {
            call_name(name, index, len(calls)): values
            for name, calls in outputs.items()
            for index, values in enumerate(calls)
        }

    def first(self, inputs: Any, n: int) -> dict[str, tuple[int, ...]]:
        """A pass that finds out layouts and which layers run; shapes of what comes out."""
        self.layouts, self._counts = {}, {}
        found = self(inputs, n)
        self._counts = {name: len(calls) for name, calls in self.layouts.items()}
        return {name: values.shape[1:] for name, values in found.items()}

    def _into(self, name: str, index: int) -> np.ndarray | None:
        """Where a call of a layer goes in this pass, if it has as many rows."""
        found = self.destinations.get(call_name(name, index, self._counts.get(name, 1)))
        return found if found is not None and len(found) == self._n else None

    def _check_counts(self, outputs: Mapping[str, list[np.ndarray]]) -> None:
        for name, known in self._counts.items():
            n_calls = len(outputs.get(name, []))
            if n_calls != known:
                raise ValueError(
                    f"layer {name!r} was called {n_calls} times in this forward pass and {known} in the first; "
                    f"hook its parent {name.rpartition('.')[0] or 'module'!r}."
                )

    def _transform(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        axis = self.batch_axis.get(name, 0)
        if tensor.ndim > axis > 0:
            tensor = tensor.movedim(axis, 0)
        if tensor.ndim < 2 or tensor.shape[0] != self._n:
            where = f"batch_axis={{{name!r}: 1}}" if self._n in tuple(tensor.shape) else "batch_axis="
            raise ValueError(
                f"layer {name!r} returns {tuple(tensor.shape)} for a batch of {self._n}: choose {where} or another "
                "layer."
            )
        tensor, mask = self._without_padding(tensor)
        layout = self._layout(name, tuple(tensor.shape[1:]))
        pooled = self.pooling(name, tensor, layout, mask)
        self._check_finite(name, pooled)
        if mask is not None and self.pooling.kind is None:
            pooled = pooled.float().masked_fill(~mask[:, :, None], float("nan"))
        return pooled

    def _without_padding(self, tensor: torch.Tensor) -> tuple[torch.Tensor, Any]:
        """Tokens without padding where all images have one grid, else with the mask that tells them."""
        mask = self._mask
        if mask is None or tensor.ndim != 3 or tensor.shape[1] != mask.shape[1]:
            return tensor, None
        if self.grid is not None:
            return tensor[:, : self.grid[0] * self.grid[1]], None
        return tensor, mask

    def _layout(self, name: str, shape: tuple[int, ...]) -> Layout:
        """The layout of this call of the layer; made in the first pass."""
        index = self._calls.get(name, 0)
        self._calls[name] = index + 1
        known = self.layouts.setdefault(name, [])
        if index >= len(known):
            encoder = self.encoder
            known.append(
                layout_of(
                    name,
                    shape,
                    axes=self.axes.get(name),
                    grid=self.grid or encoder.token_grid,
                    prefix=encoder.prefix_tokens,
                    degrees=self.degrees,
                    covered=encoder.covered,
                )
            )
        return known[index]

    def _check_finite(self, name: str, tensor: torch.Tensor) -> None:
        import torch

        # the sum is one pass over memory, and not finite where any entry is not
        if not tensor.is_floating_point() or bool(torch.isfinite(tensor.sum(dtype=torch.float32))):
            return
        bad = torch.nonzero(~torch.isfinite(tensor).reshape(len(tensor), -1).all(dim=1)).reshape(-1)
        if len(bad):
            raise NotFiniteError(name, int(bad[0]))


class NotFiniteError(ValueError):
    """A layer gave NaN or infinity for an input of the batch; the engine names the image."""

    def __init__(self, layer: str, index: int) -> None:
        super().__init__(f"layer {layer!r} has NaN or infinity for input {index} of the batch.")
        self.layer, self.index = layer, index


def call_name(name: str, index: int, n_calls: int) -> str:
    """Name of one of several calls of a layer."""
    return name if n_calls == 1 else f"{name}#{index}"


def to_device(inputs: Any, device: str) -> Any:
    """A tensor, or a dict with tensors in it, on a device."""
    if isinstance(inputs, dict):
        return {key: to_device(value, device) for key, value in inputs.items()}
    return inputs.to(device) if hasattr(inputs, "detach") else inputs


@contextmanager
def on_device(module: torch.nn.Module, device: str) -> Iterator[None]:
    """The module's weights on a device inside, and where they were afterwards."""
    import torch

    weight = next(iter([*module.parameters(), *module.buffers()]), None)
    before = weight.device if weight is not None else None
    if before is None or before == torch.device(device):
        yield
        return
    module.to(device)
    try:
        yield
    finally:
        module.to(before)


def choose_device(device: str, module: torch.nn.Module) -> str:
    """The device that is meant: 'auto' is a GPU where there is one, else where the weights are."""
    import torch

    if device != "auto":
        try:
            return str(torch.device(device))
        except RuntimeError as error:
            raise ValueError(
                f"device={device!r} is unknown to torch ({error}); use 'cpu', 'cuda' or 'auto'."
            ) from error
    if torch.cuda.is_available():
        return "cuda"
    weight = next(iter(module.parameters()), None)
    return str(weight.device) if weight is not None else "cpu"
