"""Names of a network's layers, and which of them a person means."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from neurogeom._core.responses import hint, quoted

if TYPE_CHECKING:
    import torch


def layer_names(module: torch.nn.Module, *, leaves_only: bool = False) -> list[str]:
    """All named submodules in the order of definition.

    Parameters
    ----------
    module : torch.nn.Module
    leaves_only : bool
        Only modules that hold no further modules.

    Returns
    -------
    list of str

    Raises
    ------
    AttributeError
        Where ``module`` is no torch module.

    Examples
    --------
    >>> import torch
    >>> layer_names(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU()))
    ['0', '1']
    """
    return [
        name
        for name, part in module.named_modules()
        if name and not (leaves_only and next(part.children(), None) is not None)
    ]


def choose_layers(module: torch.nn.Module, layers: str | Sequence[str]) -> list[str]:
    """Names that match a name, a glob, 'all' (every leaf) or a list of these, in the order of definition."""
    known = layer_names(module)
    if not known:
        return [""]
    if isinstance(layers, str) and layers == "all":
        return layer_names(module, leaves_only=True)
    patterns = [layers] if isinstance(layers, str) else list(layers)
    if not patterns:
        raise ValueError(f"layers is empty. Name some of: {quoted(known)}, or 'all'.")
    chosen: set[str] = set()
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise TypeError(f"layers holds {pattern!r}; needed are names or globs such as 'conv*'.")
        found = [name for name in known if name == pattern or fnmatchcase(name, pattern)]
        if not found:
            raise ValueError(f"layers={pattern!r} matches no layer. {hint(pattern, known)}")
        chosen.update(found)
    return [name for name in known if name in chosen]
