"""Haiku's ResNet parameters under torchvision's names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

_ROOT = re.compile(r"^[^/]+/~/")
_CONV = re.compile(r"block_group_(\d+)/~/block_(\d+)/~/(conv|batchnorm)_(\d)$")
_SHORTCUT = re.compile(r"block_group_(\d+)/~/block_(\d+)/~/shortcut_(conv|batchnorm)$")
_AVERAGES = {"mean_ema": "running_mean", "var_ema": "running_var"}


def haiku_to_torch(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays ``params/<module>/<leaf>`` and ``state/<module>/<ema>/<leaf>`` of a Haiku ResNet, renamed and turned.

    Kernels (kh, kw, in, out) become (out, in, kh, kw); of moving averages ``average`` is taken, not ``hidden``, which
    is not corrected for its start at zero.

    Raises
    ------
    ValueError
        No state, or a key that no table names.
    """
    found: dict[str, np.ndarray] = {}
    if not any(name.startswith("state/") for name in arrays):
        raise ValueError(
            "batch-norm averages are missing: export the state too, as state/<module>/<mean_ema or var_ema>/average."
        )
    for name, value in arrays.items():
        tree, _, rest = name.partition("/")
        if tree == "params":
            module, _, leaf = rest.rpartition("/")
            target = _parameter(_torch_name(module, name), leaf, value)
        elif tree == "state":
            module, average, leaf = re.sub(r"/~/(mean_ema|var_ema)/", r"/\1/", rest).rsplit("/", 2)
            if leaf in ("hidden", "counter"):
                continue
            target = (f"{_torch_name(module, name)}.{_AVERAGES[average]}", value.reshape(-1))
        else:
            raise ValueError(f"key {name!r} starts with neither 'params/' nor 'state/'.")
        found[target[0]] = target[1]
    return found


def _torch_name(module: str, name: str) -> str:
    """Torchvision's name of a Haiku module."""
    inner = _ROOT.sub("", module)
    fixed = {"initial_conv": "conv1", "initial_batchnorm": "bn1", "logits": "fc"}
    if inner in fixed:
        return fixed[inner]
    conv = _CONV.fullmatch(inner)
    if conv:
        kind = "conv" if conv[3] == "conv" else "bn"
        return f"layer{int(conv[1]) + 1}.{conv[2]}.{kind}{int(conv[4]) + 1}"
    shortcut = _SHORTCUT.fullmatch(inner)
    if shortcut:
        return f"layer{int(shortcut[1]) + 1}.{shortcut[2]}.downsample.{0 if shortcut[3] == 'conv' else 1}"
    raise ValueError(f"key {name!r} belongs to no ResNet of Haiku. Is the file another network's?")


def _parameter(name: str, leaf: str, value: np.ndarray) -> tuple[str, np.ndarray]:
    if leaf == "w":
        return f"{name}.weight", value.transpose(3, 2, 0, 1) if value.ndim == 4 else value.T
    return f"{name}.{ {'scale': 'weight', 'offset': 'bias', 'b': 'bias'}[leaf] }", value.reshape(-1)


def resnet_sizes(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Blocks, channels, stem and classes that the shapes of torchvision-named weights tell."""
    groups: dict[int, int] = {}
    for name in weights:
        match = re.match(r"layer(\d)\.(\d+)\.conv3\.weight$", name)
        if match:
            groups[int(match[1])] = max(groups.get(int(match[1]), 0), int(match[2]) + 1)
    if sorted(groups) != [1, 2, 3, 4] or "conv1.weight" not in weights or "fc.weight" not in weights:
        first = ", ".join(map(repr, list(weights)[:4]))
        raise ValueError(f"the weights are not those of a ResNet of bottlenecks (first keys: {first}).")
    return {
        "blocks": tuple(groups[group] for group in (1, 2, 3, 4)),
        "channels": tuple(int(weights[f"layer{group}.0.conv3.weight"].shape[0]) for group in (1, 2, 3, 4)),
        "stem": int(weights["conv1.weight"].shape[0]),
        "n_classes": int(weights["fc.weight"].shape[0]),
    }
