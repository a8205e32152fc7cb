"""Recording what layers put out during a forward pass, and leaving no trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurogeom.encoders.layers import Target, not_found

if TYPE_CHECKING:
    import torch

Transform = Callable[[str, Any], Any]


class Recorder:
    """Context in which every forward pass of a module leaves what its layers gave in ``outputs``.

    Outputs are copied at once, since a following in-place operation would change them. A layer that runs several times
    in one pass gives several outputs, in order. All hooks are removed on leaving, also after an error. Hooks give
    nothing back: a value would replace the layer's output.

    Parameters
    ----------
    module : torch.nn.Module
    targets : sequence of str or Target
    transform : function (name, tensor) -> tensor, optional
        Applied where the tensor lies, before it is copied; what it gives may share memory with its input.
    reuse : bool
        Copy into the same memory in every pass, which is faster; outputs hold until the next pass.
    into : function (name, call) -> array (n, units) or None, optional
        Where an output is to be copied, flat; elsewhere where it gives None.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        targets: Sequence[str | Target],
        *,
        transform: Transform | None = None,
        reuse: bool = False,
        into: Callable[[str, int], np.ndarray | None] | None = None,
    ) -> None:
        self.outputs: dict[str, list[np.ndarray]] = {}
        self._parts = dict(module.named_modules(remove_duplicate=False))
        self._targets = [Target(one, one) if isinstance(one, str) else one for one in targets]
        self._transform = transform
        self._handles: list[Any] = []
        self._is_pooling = False
        self._into = into
        self._kept: dict[tuple[str, int], torch.Tensor] | None = {} if reuse else None

    def __enter__(self) -> Recorder:
        try:
            for target in self._targets:
                part = self._parts[target.part]
                hook = self._hook(target)
                if target.is_input:
                    self._handles.append(part.register_forward_pre_hook(lambda _, given, hook=hook: hook(given)))
                else:
                    self._handles.append(part.register_forward_hook(lambda _, given, output, hook=hook: hook(output)))
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._remove()

    def take(self) -> dict[str, list[np.ndarray]]:
        """The outputs since the last call."""
        taken, self.outputs = self.outputs, {}
        return taken

    def _hook(self, target: Target) -> Callable[[Any], None]:
        def keep(output: Any) -> None:
            if self._is_pooling:
                return  # the network's own pooling runs layers that are read themselves
            tensor = first_tensor(output if target.key is None else item_of(output, target.key))
            if tensor is None and isinstance(target.key, str) and hasattr(output, "detach"):
                raise not_found(target.name, [name for name in self._parts if name])
            if tensor is None:
                kind = type(output).__name__
                raise TypeError(
                    f"layer {target.name!r} gives a {kind}" + (f" without {target.key!r}" if target.key else "")
                    + f" that holds no tensor{_contents(output)}. Choose another layer, or a part of it: "
                    f"{target.part!r}[0], {target.part!r}.key."
                )  # fmt: skip
            if self._transform is not None:
                self._is_pooling = True
                try:
                    tensor = self._transform(target.name, tensor)
                finally:
                    self._is_pooling = False
            calls = self.outputs.setdefault(target.name, [])
            calls.append(to_numpy(tensor) if self._kept is None else self._copied(tensor, (target.name, len(calls))))

        return keep

    def _copied(self, tensor: torch.Tensor, key: tuple[str, int]) -> np.ndarray:
        """A copy in memory that is used again: fresh memory costs more than copying."""
        import torch

        kept: dict[tuple[str, int], torch.Tensor] = {} if self._kept is None else self._kept
        wanted = None if self._into is None else self._into(*key)
        if wanted is not None:
            torch.from_numpy(wanted).unflatten(1, tuple(tensor.shape[1:])).copy_(tensor.detach())
            return wanted
        dtype = host_dtype(tensor)
        memory = kept.get(key)
        if memory is None or memory.shape[1:] != tensor.shape[1:] or len(memory) < len(tensor) or memory.dtype != dtype:
            memory = kept[key] = torch.empty(tuple(tensor.shape), dtype=dtype)
        part = memory[: len(tensor)]
        part.copy_(tensor.detach())
        return part.numpy()

    def _remove(self) -> None:
        while self._handles:
            self._handles.pop().remove()


def first_tensor(output: Any) -> Any:
    """The output itself, or the first tensor inside a tuple, list or mapping; None where there is none."""
    if hasattr(output, "detach"):
        return output
    parts: Any = ()
    if isinstance(output, Mapping):
        parts = output.values()
    elif isinstance(output, tuple | list):
        parts = output
    return next((found for part in parts if (found := first_tensor(part)) is not None), None)


def item_of(output: Any, key: str | int) -> Any:
    """A part of a tuple, list or mapping (also of a model output); None where there is no such part."""
    if hasattr(output, "detach"):
        return None
    if isinstance(key, int):
        return output[key] if isinstance(output, tuple | list) and key < len(output) else None
    return output.get(key) if isinstance(output, Mapping) else getattr(output, key, None)


def to_numpy(tensor: torch.Tensor) -> np.ndarray:
    """A copy on the host in the usual order of memory, half precisions widened to float32."""
    import torch

    host = tensor.detach().to("cpu", host_dtype(tensor), copy=True, memory_format=torch.contiguous_format)
    return host.numpy()


def host_dtype(tensor: torch.Tensor) -> torch.dtype:
    """The kind of numbers of a copy on the host."""
    import torch

    return torch.float32 if tensor.is_floating_point() and tensor.element_size() < 4 else tensor.dtype


def _contents(output: Any) -> str:
    return f" (it has {', '.join(map(repr, list(output)[:6]))})" if isinstance(output, Mapping) else ""
