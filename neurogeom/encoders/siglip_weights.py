"""Weights of SigLIP 2 from two kinds of files to one set of names: big_vision's archives and Hugging Face's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

_ATTENTION = "MultiHeadDotProductAttention_0"
_BV_BLOCK = re.compile(r"^(img/Transformer|txt/Encoder_0)/encoderblock(?:_(\d+))?/(.*)$")

# Hugging Face's name of a part, and ours
_PARTS: tuple[tuple[str, Any], ...] = (
    (r"^vision_model\.", "vision."),
    (r"^text_model\.", "text."),
    (r"\.encoder\.layers\.", ".blocks."),
    (r"\.layer_norm([12])\.", r".norm\1."),
    (r"\.self_attn\.([qkv])_proj\.", lambda m: f".attention.{ {'q': 'query', 'k': 'key', 'v': 'value'}[m[1]] }."),
    (r"\.self_attn\.out_proj\.", ".attention.out."),
    (r"^vision\.post_layernorm\.", "vision.norm."),
    (r"^text\.final_layer_norm\.", "text.norm."),
    (r"^vision\.head\.layernorm\.", "vision.head.norm."),
    (r"^vision\.head\.attention\.out_proj\.", "vision.head.attention.out."),
    (r"\.embeddings\.patch_embedding\.", ".embeddings.patch."),
    (r"\.embeddings\.position_embedding\.weight$", ".embeddings.position"),
    (r"\.embeddings\.token_embedding\.", ".embeddings.token."),
)


def from_hugging_face(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Names of transformers' ``SiglipModel`` and ``Siglip2Model`` (or a vision tower alone) to ours."""
    towers = ("vision_model.", "text_model.", "logit_")
    bare = not any(name.startswith(towers) for name in weights)
    found: dict[str, Any] = {}
    for name, value in weights.items():
        if name.endswith("position_ids"):
            continue  # a row of numbers that older versions stored
        full = f"vision_model.{name}" if bare else name
        stacked = re.fullmatch(r"vision_model\.head\.attention\.in_proj_(weight|bias)", full)
        if stacked:
            for part, piece in zip(("query", "key", "value"), np.split(_array(value), 3), strict=True):
                found[f"vision.head.attention.{part}.{stacked[1]}"] = piece
            continue
        for pattern, replacement in _PARTS:
            full = re.sub(pattern, replacement, full)
        found[full] = value
    return found


def big_vision_to_hugging_face(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """big_vision's arrays (either layout, with or without ``params/``) under the names of transformers.

    Raises
    ------
    ValueError
        A key that no table names.
    """
    flat = _unstacked({name.removeprefix("params/"): value for name, value in arrays.items()})
    found: dict[str, np.ndarray] = {}
    stacks: dict[str, dict[str, np.ndarray]] = {}
    for name, value in flat.items():
        target = _translated(name, value)
        if target is None:
            raise ValueError(f"key {name!r} belongs to no SigLIP 2 of big_vision. Is the file another network's?")
        key, array = target
        part = re.fullmatch(r"(vision_model\.head\.attention)\.(query|key|value)\.(weight|bias)", key)
        if part:
            stacks.setdefault(f"{part[1]}.in_proj_{part[3]}", {})[part[2]] = array
        else:
            found[key] = array
    for key, parts in stacks.items():
        found[key] = np.concatenate([parts[name] for name in ("query", "key", "value")])
    return found


def heads_of(arrays: Mapping[str, np.ndarray], tower: str) -> int:
    """Number of attention heads, from the shape of a query kernel (W, H, d)."""
    for name, value in arrays.items():
        if f"{tower}/" in name and name.endswith(f"{_ATTENTION}/query/kernel"):
            return int(value.shape[-2])
    raise ValueError(f"no query kernel of the tower {tower!r}: the file is incomplete.")


def _unstacked(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Blocks that are stacked along a leading axis of depth, one by one."""
    found: dict[str, np.ndarray] = {}
    for name, value in arrays.items():
        block = _BV_BLOCK.match(name)
        if block is None or block[2] is not None:
            found[name] = value
        else:
            for index, one in enumerate(value):
                found[f"{block[1]}/encoderblock_{index}/{block[3]}"] = one
    return found


def _translated(name: str, value: np.ndarray) -> tuple[str, np.ndarray] | None:
    """One row of the table: the name of transformers, and the array in its order of axes."""
    block = _BV_BLOCK.match(name)
    if block is not None:
        tower = "vision_model" if block[1].startswith("img") else "text_model"
        return _block_part(f"{tower}.encoder.layers.{block[2]}", block[3], value)
    simple = {
        "img/embedding/bias": "vision_model.embeddings.patch_embedding.bias",
        "img/Transformer/encoder_norm/scale": "vision_model.post_layernorm.weight",
        "img/Transformer/encoder_norm/bias": "vision_model.post_layernorm.bias",
        "img/MAPHead_0/probe": "vision_model.head.probe",
        "txt/Embed_0/embedding": "text_model.embeddings.token_embedding.weight",
        "txt/Encoder_0/encoder_norm/scale": "text_model.final_layer_norm.weight",
        "txt/Encoder_0/encoder_norm/bias": "text_model.final_layer_norm.bias",
        "txt/head/bias": "text_model.head.bias",
        "t": "logit_scale",
        "b": "logit_bias",
    }
    if name in simple:
        return simple[name], value
    if name == "img/embedding/kernel":
        array = value.transpose(3, 2, 0, 1) if value.ndim == 4 else value.T
        return "vision_model.embeddings.patch_embedding.weight", array
    if name in ("img/pos_embedding", "txt/pos_embedding"):
        tower = "vision_model" if name.startswith("img") else "text_model"
        return f"{tower}.embeddings.position_embedding.weight", value.reshape(-1, value.shape[-1])
    if name == "txt/head/kernel":
        return "text_model.head.weight", value.T
    if name.startswith("img/MAPHead_0/"):
        return _head_part(name.removeprefix("img/MAPHead_0/"), value)
    return None


def _block_part(prefix: str, name: str, value: np.ndarray) -> tuple[str, np.ndarray] | None:
    norm = re.fullmatch(r"LayerNorm_([01])/(scale|bias)", name)
    if norm:
        return f"{prefix}.layer_norm{int(norm[1]) + 1}.{_leaf(norm[2])}", value
    dense = _dense(name, value)
    if dense:
        return f"{prefix}.{dense[0]}", dense[1]
    found = _attention(name, value)
    if found is None:
        return None
    part, leaf, array = found
    own = "out_proj" if part == "out" else f"{part[0]}_proj"
    return f"{prefix}.self_attn.{own}.{leaf}", array


def _head_part(name: str, value: np.ndarray) -> tuple[str, np.ndarray] | None:
    norm = re.fullmatch(r"LayerNorm_0/(scale|bias)", name)
    if norm:
        return f"vision_model.head.layernorm.{_leaf(norm[1])}", value
    dense = _dense(name, value)
    if dense:
        return f"vision_model.head.{dense[0]}", dense[1]
    found = _attention(name, value)
    if found is None:
        return None
    part, leaf, array = found
    return f"vision_model.head.attention.{'out_proj' if part == 'out' else part}.{leaf}", array


def _dense(name: str, value: np.ndarray) -> tuple[str, np.ndarray] | None:
    match = re.fullmatch(r"MlpBlock_0/Dense_([01])/(kernel|bias)", name)
    if match is None:
        return None
    return f"mlp.fc{int(match[1]) + 1}.{_leaf(match[2])}", value.T if match[2] == "kernel" else value


def _attention(name: str, value: np.ndarray) -> tuple[str, str, np.ndarray] | None:
    """Part, leaf and array: kernels (W, H, d) to (H d, W), the one of out (H, d, W) to (W, H d)."""
    match = re.fullmatch(rf"{_ATTENTION}/(query|key|value|out)/(kernel|bias)", name)
    if match is None:
        return None
    if match[2] == "bias":
        return match[1], "bias", value.reshape(-1)
    width = value.shape[-1] if match[1] == "out" else value.shape[0]
    flat = value.reshape(-1, width) if match[1] == "out" else value.reshape(width, -1)
    return match[1], "weight", flat.T


def _leaf(name: str) -> str:
    return {"scale": "weight", "kernel": "weight", "bias": "bias"}[name]


def _array(value: Any) -> np.ndarray:
    return value.detach().cpu().float().numpy() if hasattr(value, "detach") else np.asarray(value)
