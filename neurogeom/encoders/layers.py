"""Names of a network's layers, and which of them a person means."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurogeom._core.responses import quoted

if TYPE_CHECKING:
    import torch

_ITEM = re.compile(r"^(.*)\[(\d+)\]$")


def layer_names(module: torch.nn.Module, *, leaves_only: bool = False) -> list[str]:
    """All named submodules in the order of definition.

    Parameters
    ----------
    module : torch.nn.Module
    leaves_only : bool
        Only modules that hold no further modules; a module shared under several names once, under its first.

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
        for name, part in module.named_modules(remove_duplicate=leaves_only)
        if name and not (leaves_only and next(part.children(), None) is not None)
    ]


@dataclass(frozen=True)
class Target:
    """What is read of a forward pass: the output of a submodule, one part of it, or its input.

    Attributes
    ----------
    name : str
        As a person writes it: ``block``, ``block:input``, ``block[1]`` or ``block.key``.
    part : str
        The submodule.
    key : str, int or None
        Which part of a tuple or mapping.
    is_input : bool
    is_explicit : bool
        Named in full, so that a layer that never runs is an error.
    """

    name: str
    part: str
    key: str | int | None = None
    is_input: bool = False
    is_explicit: bool = True


def choose_layers(
    module: torch.nn.Module, layers: str | Sequence[str], *, listed: Sequence[str] | None = None
) -> list[str]:
    """Names that match a name, a glob, 'all' (every leaf) or a list of these, in the order of definition."""
    return [target.name for target in choose_targets(module, layers, listed=listed)]


def choose_targets(
    module: torch.nn.Module, layers: str | Sequence[str], *, listed: Sequence[str] | None = None
) -> list[Target]:
    """What a name, a glob, 'all' or a list of these means; `listed` are the names that globs and 'all' stand for.

    A star stands for part of a name between dots, two stars for any part: ``blocks.*`` are the blocks, ``blocks.**``
    the blocks with everything in them.
    """
    known = layer_names(module)
    if not known:
        return [Target("", "")]
    patterns = [layers] if isinstance(layers, str) else list(layers)
    if not patterns:
        raise ValueError(f"layers is empty. Name some of: {quoted(known)}, or 'all'.")
    chosen: dict[str, Target] = {}
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise TypeError(f"layers holds {pattern!r}; needed are names or globs such as 'conv*'.")
        found = _matches(module, pattern, known, listed)
        if not found:
            raise not_found(pattern, listed or known, known)
        for target in found:
            if target.is_explicit or target.name not in chosen:
                chosen[target.name] = target
    order = {name: place for place, name in enumerate(known)}
    return sorted(chosen.values(), key=lambda target: order[target.part])


def not_found(name: str, names: Iterable[str], more: Iterable[str] = ()) -> ValueError:
    """The error for a layer that is not there, with the closest that is."""
    listed = list(names)
    close = difflib.get_close_matches(name, listed, n=1, cutoff=0.5)
    close = close or difflib.get_close_matches(name, list(more), n=1, cutoff=0.5)
    nearest = f"closest: {close[0]!r}" if close else f"known: {quoted(listed)}"
    return ValueError(f"layer {name!r} not found; {nearest}. List them with encoder.layers().")


def _matches(module: torch.nn.Module, pattern: str, known: list[str], listed: Sequence[str] | None) -> list[Target]:
    if pattern == "all":
        names = list(listed) if listed else layer_names(module, leaves_only=True)
        return [Target(name, name, is_explicit=False) for name in names]
    if pattern in known:
        return [Target(pattern, pattern)]
    base, _, suffix = pattern.rpartition(":")
    if suffix == "input" and base in known:
        return [Target(pattern, base, is_input=True)]
    item = _ITEM.match(pattern)
    if item and item.group(1) in known:
        return [Target(pattern, item.group(1), key=int(item.group(2)))]
    fits = re.compile(_expression(pattern))
    first = known if "**" in pattern or not listed else listed
    found = [name for name in first if fits.fullmatch(name)] or [name for name in known if fits.fullmatch(name)]
    if found:
        return [Target(name, name, is_explicit=False) for name in found if _runs(module, name)]
    base, _, key = pattern.rpartition(".")
    if base in known and not any(character in pattern for character in "*?[") and _may_give_keys(module, base):
        return [Target(pattern, base, key=key)]
    return []


def _runs(module: torch.nn.Module, name: str) -> bool:
    """Lists of modules are no layers: they never run themselves."""
    from torch import nn

    return not isinstance(module.get_submodule(name), nn.ModuleList | nn.ModuleDict)


def _may_give_keys(module: torch.nn.Module, name: str) -> bool:
    """Containers run no forward pass of their own, so what looks like a key is a misspelled layer."""
    from torch import nn

    return not isinstance(module.get_submodule(name), nn.ModuleList | nn.ModuleDict | nn.Sequential)


def _expression(pattern: str) -> str:
    parts = re.split(r"(\*\*|\*|\?|\[[^\]]+\])", pattern)
    signs = {"**": ".*", "*": r"[^.]*", "?": r"[^.]"}
    return "".join(signs.get(part) or (part if part.startswith("[") else re.escape(part)) for part in parts)
