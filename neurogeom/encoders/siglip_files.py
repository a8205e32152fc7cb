"""What is in files of SigLIP 2: weights under our names, and the sizes that their shapes tell."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurogeom._core.optional import require
from neurogeom.encoders.checkpoint import read_folder, read_weights
from neurogeom.encoders.siglip_weights import big_vision_to_hugging_face, from_hugging_face, heads_of

if TYPE_CHECKING:
    from neurogeom.encoders.siglip_network import TowerSize

Found = tuple[dict[str, Any], "TowerSize", "TowerSize | None", dict[str, Any]]


def of_big_vision(path: Path, text: bool | str) -> Found:
    """An archive of big_vision, in either of its layouts."""
    arrays = read_weights(path)
    arrays = {name.removeprefix("params/"): value for name, value in arrays.items()}
    has_text = any(name.startswith("txt/") for name in arrays)
    if text is True and not has_text:
        raise ValueError(f"{path} has no text tower; use text=False.")
    if not any(name.startswith("img/") for name in arrays):
        raise ValueError(f"{path} has no key that starts with 'img/': it is no SigLIP 2 of big_vision.")
    if text is False or not has_text:
        arrays = {name: value for name, value in arrays.items() if name.startswith("img/")}
        has_text = False
    weights = from_hugging_face(big_vision_to_hugging_face(arrays))
    heads = {"vision": heads_of(arrays, "img"), "text": heads_of(arrays, "txt") if has_text else 0}
    vision = _vision_size(weights, heads["vision"])
    facts = {"format": "big_vision", "image_size": None if vision.is_naflex else _named_size(path.stem, vision)}
    return weights, vision, _text_size(weights, heads["text"]), facts


def _named_size(name: str, vision: TowerSize) -> int:
    """Size of the images: the one in the file's name if it has that many patches, since patches may not cover it."""
    side = round(vision.n_positions**0.5)
    named = [int(number) for number in re.findall(r"\d+", name)]
    return next((size for size in (*named, 384) if size // vision.patch == side), side * vision.patch)


def of_folder(folder: Path, text: bool | str) -> Found:
    """A folder in the layout of Hugging Face."""
    config = read_json(folder / "config.json", missing=None)
    kind = config.get("model_type", "")
    if kind.removesuffix("_vision_model") not in ("siglip", "siglip2"):
        raise ValueError(f"{folder / 'config.json'} says model_type {kind!r}; 'siglip' or 'siglip2' is needed.")
    towers = ("text_model.", "logit_")
    weights = read_folder(folder, keep=(lambda name: not name.startswith(towers)) if text is False else None)
    weights = from_hugging_face(weights)
    has_text = any(name.startswith("text.") for name in weights)
    if text is True and not has_text:
        raise ValueError(f"{folder} has no text tower; use text=False.")
    own = config.get("vision_config", config)
    vision = _vision_size(weights, int(own.get("num_attention_heads", 12)))
    if vision.is_naflex != kind.startswith("siglip2"):
        other = "siglip2" if vision.is_naflex else "siglip"
        raise ValueError(f"{folder}: config.json says {kind!r}, but this looks like a `{other}` checkpoint. Mend one.")
    size = _text_size(weights, int(config.get("text_config", {}).get("num_attention_heads", 12)))
    facts = {"model_type": kind, "image_size": None if vision.is_naflex else int(own.get("image_size", 224))}
    return weights, vision, size, facts


def _vision_size(weights: Mapping[str, Any], heads: int) -> TowerSize:
    from neurogeom.encoders.siglip_network import TowerSize

    try:
        patch, position = weights["vision.embeddings.patch.weight"], weights["vision.embeddings.position"]
        mlp = weights["vision.blocks.0.mlp.fc1.weight"].shape[0]
    except KeyError as error:
        raise ValueError(
            f"the weights lack {error.args[0]!r}: this is no SigLIP 2 checkpoint, or part of one."
        ) from None
    is_naflex = patch.ndim == 2
    side = round((patch.shape[1] / 3) ** 0.5) if is_naflex else patch.shape[-1]
    has_head = any(name.startswith("vision.head.") for name in weights)
    depth = _depth(weights, "vision")
    return TowerSize(patch.shape[0], depth, heads, mlp, position.shape[0], side, is_naflex=is_naflex, has_head=has_head)


def _text_size(weights: Mapping[str, Any], heads: int) -> TowerSize | None:
    from neurogeom.encoders.siglip_network import TowerSize

    if "text.embeddings.token.weight" not in weights:
        return None
    token, position = weights["text.embeddings.token.weight"], weights["text.embeddings.position"]
    mlp, n_out = weights["text.blocks.0.mlp.fc1.weight"].shape[0], weights["text.head.weight"].shape[0]
    return TowerSize(
        token.shape[1], _depth(weights, "text"), heads, mlp, position.shape[0], vocabulary=token.shape[0], n_out=n_out
    )


def _depth(weights: Mapping[str, Any], tower: str) -> int:
    start = f"{tower}.blocks."
    return 1 + max(int(name.removeprefix(start).split(".")[0]) for name in weights if name.startswith(start))


def looks_like(weights: Mapping[str, Any], vision: TowerSize) -> str:
    """What a checkpoint that does not fit seems to be."""
    return f": this looks like a damaged or partial `{'siglip2' if vision.is_naflex else 'siglip'}` checkpoint"


def read_json(path: Path, *, missing: Any) -> Any:
    """A JSON file; `missing` where it is not there, or an error for None."""
    if not path.exists():
        if missing is not None:
            return missing
        raise FileNotFoundError(2, f"the folder has weights but no {path.name}", str(path.parent))
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON ({error}). Get it again.") from error


def from_hub(name: str, source: Path) -> Path:
    """A snapshot of the hub, from its cache or the network."""
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise FileNotFoundError(2, "there is no such checkpoint", str(source))
    hub = require("huggingface_hub", extra="siglip", purpose="A checkpoint by name")
    patterns = ["*.json", "*.safetensors", "tokenizer.model"]
    try:
        return Path(hub.snapshot_download(name, allow_patterns=patterns))
    except Exception as error:  # the hub raises many kinds, of its own and of its network library
        why = f"no folder of that name, and the hub did not give it ({type(error).__name__})"
        raise FileNotFoundError(2, f"{why}; download it elsewhere and give the folder", name) from error
