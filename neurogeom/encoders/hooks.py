"""Recording what layers put out during a forward pass, and leaving no trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch


class Recorder:
    """Context in which every forward pass of a module leaves its layers' outputs in ``outputs``.

    Outputs are copied at once, since a following in-place operation would change them. A layer that runs several times
    in one pass gives several outputs, in order. All hooks are removed on leaving, also after an error.
    """

    def __init__(self, module: torch.nn.Module, names: Sequence[str]) -> None:
        self.outputs: dict[str, list[np.ndarray]] = {}
        self._parts = dict(module.named_modules(remove_duplicate=False))
        self._names = list(names)
        self._handles: list[Any] = []

    def __enter__(self) -> Recorder:
        try:
            for name in self._names:
                self._handles.append(self._parts[name].register_forward_hook(self._hook(name)))
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

    def _hook(self, name: str) -> Any:
        def keep(part: Any, given: Any, output: Any) -> None:
            tensor = first_tensor(output)
            if tensor is not None:
                self.outputs.setdefault(name, []).append(to_numpy(tensor))

        return keep

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


def to_numpy(tensor: torch.Tensor) -> np.ndarray:
    """A copy on the host, half precisions widened to float32."""
    detached = tensor.detach()
    if detached.is_floating_point() and detached.element_size() < 4:
        detached = detached.float()
    return np.array(detached.cpu().contiguous().numpy(), copy=True)
