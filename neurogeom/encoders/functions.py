"""Functions of images as modules, so that one engine serves them too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch


def function_module(function: Any) -> torch.nn.Module:
    """A module that calls a function of images; what it gives is read like the output of a layer."""
    import torch
    from torch import nn

    class FunctionModule(nn.Module):
        """One output, or several by name."""

        def forward(self, images: Any) -> Any:
            """Call the function."""
            given = function(images)
            if isinstance(given, Mapping):
                return {str(key): _tensor(value, str(key)) for key, value in given.items()}
            return _tensor(given, "output")

    def _tensor(value: Any, name: str) -> torch.Tensor:
        if torch.is_tensor(value):
            return value
        array = np.asarray(value)
        if array.dtype.kind not in "iubf":
            raise TypeError(f"the function gives {array.dtype} for {name!r}; numbers (images, …) are needed.")
        return torch.from_numpy(np.ascontiguousarray(array))

    return FunctionModule()
