"""Networks of other libraries by name: Hugging Face, timm, torchvision, open_clip, where they are installed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from neurogeom._core.optional import require
from neurogeom._core.validation import check_option
from neurogeom.encoders.encoder import Encoder
from neurogeom.encoders.preprocess import RESAMPLE, Preprocess

LIBRARIES = ("transformers", "timm", "torchvision", "open_clip")


def from_library(name: str, *, pretrained: bool = True, visual_degrees: float | None = None) -> Encoder:
    """Load a network of another library, with the preprocessing that the library states for it.

    Parameters
    ----------
    name : str
        ``transformers:FOLDER or NAME`` (a vision model), ``timm:NAME``, ``torchvision:NAME``, or
        ``open_clip:NAME/WEIGHTS``. Names are downloaded by the library; a folder is read as it is.
    pretrained : bool
        False gives random weights (not for ``transformers``).
    visual_degrees : float, optional
        Width of the input in degrees of visual angle.

    Returns
    -------
    Encoder

    Raises
    ------
    ImportError
        The library is missing, or its torchvision was built for another torch.
    ValueError
        An unknown library.

    Examples
    --------
    >>> from_library("keras:resnet")
    Traceback (most recent call last):
    ...
    ValueError: library='keras' is unknown. Choose one of 'transformers', 'timm', 'torchvision', 'open_clip'.
    """
    library, _, own = name.partition(":")
    check_option("library", library, LIBRARIES)
    if not own:
        raise ValueError(f"name={name!r} has no network; write {library}:NAME.")
    loaders: dict[str, Callable[[str, bool], Encoder]] = {
        "transformers": _of_transformers,
        "timm": _of_timm,
        "torchvision": _of_torchvision,
        "open_clip": _of_open_clip,
    }
    found = loaders[library](own, pretrained)
    from dataclasses import replace

    return replace(found, name=f"{library}:{Path(own).name}", visual_degrees=visual_degrees)


def check_torchvision(purpose: str) -> Any:
    """Import torchvision, or say that it is missing or built for another torch."""
    import torch

    try:
        return require("torchvision", extra="hub", purpose=purpose)
    except (RuntimeError, OSError, AttributeError) as error:
        raise ImportError(
            f"{purpose} needs torchvision, and the one installed was built for another torch than {torch.__version__} "
            f"({error}). Install the pair of one build: pip install torch torchvision from the same index."
        ) from error


def _of_transformers(name: str, pretrained: bool) -> Encoder:
    transformers = require("transformers", extra="siglip", purpose="A Hugging Face model")
    if not pretrained:
        raise ValueError("pretrained=False is not offered for transformers; use encoders.untrained on the result.")
    folder = Path(name).expanduser()
    module = transformers.AutoModel.from_pretrained(str(folder) if folder.is_dir() else name, use_safetensors=True)
    module = getattr(module, "vision_model", module)
    config = getattr(module.config, "vision_config", module.config)
    settings = _preprocessor(transformers, folder, name)
    size = settings.get("size", {})
    side = size.get("height") or size.get("shortest_edge") or getattr(config, "image_size", None)
    crop = settings.get("crop_size", {}) if settings.get("do_center_crop") else {}
    resample = {number: key for key, number in RESAMPLE.items()}[int(settings.get("resample", 2))]
    preprocess = Preprocess(
        int(side) if side else None,
        crop=int(crop["height"]) if "height" in crop else None,
        resample=resample,
        mean=tuple(settings.get("image_mean", (0.0,) * 3)),
        std=tuple(settings.get("image_std", (1.0,) * 3)),
    )
    patch, seen = getattr(config, "patch_size", None), preprocess.image_size
    has_class_token = any(part.endswith(("cls_token", "class_embedding")) for part in dict(module.named_parameters()))
    prefix = int(has_class_token) + int(getattr(config, "num_register_tokens", 0) or 0)
    grid = (seen[0] // patch, seen[1] // patch) if isinstance(patch, int) and seen else None
    return Encoder(
        name, module, preprocess, config={"model_type": config.model_type}, token_grid=grid, prefix_tokens=prefix,
        has_class_token=has_class_token,
    )  # fmt: skip


def _preprocessor(transformers: Any, folder: Path, name: str) -> dict[str, Any]:
    """What ``preprocessor_config.json`` says, as plain data."""
    path: Any = folder / "preprocessor_config.json"
    if not folder.is_dir():
        path = transformers.utils.cached_file(
            name, "preprocessor_config.json", _raise_exceptions_for_missing_entries=False
        )
    if path is None or not Path(path).exists():
        return {}
    found = json.loads(Path(path).read_text(encoding="utf-8"))
    for key in ("size", "crop_size"):
        if isinstance(found.get(key), int):
            found[key] = {"height": found[key], "width": found[key]}
    return found


def _of_timm(name: str, pretrained: bool) -> Encoder:
    check_torchvision("timm")
    timm = require("timm", extra="hub", purpose="A timm model")
    module = timm.create_model(name, pretrained=pretrained)
    stated = timm.data.resolve_model_data_config(module)
    side = int(stated["input_size"][1])
    preprocess = Preprocess(
        int(side / stated["crop_pct"]), crop=side, resample=stated["interpolation"], mean=tuple(stated["mean"]),
        std=tuple(stated["std"]),
    )  # fmt: skip
    prefix = int(getattr(module, "num_prefix_tokens", 0) or 0)
    grid = getattr(getattr(module, "patch_embed", None), "grid_size", None)
    has_class_token = getattr(module, "cls_token", None) is not None
    return Encoder(
        name, module, preprocess, token_grid=tuple(grid) if grid else None, prefix_tokens=prefix,
        has_class_token=has_class_token,
    )  # fmt: skip


def _of_torchvision(name: str, pretrained: bool) -> Encoder:
    torchvision = check_torchvision("A torchvision model")
    weights = torchvision.models.get_model_weights(name).DEFAULT
    module = torchvision.models.get_model(name, weights=weights if pretrained else None)
    stated = weights.transforms()
    preprocess = Preprocess(
        int(stated.resize_size[0]), crop=int(stated.crop_size[0]), resample=stated.interpolation.value,
        mean=tuple(stated.mean), std=tuple(stated.std),
    )  # fmt: skip
    return Encoder(name, module, preprocess, config={"weights": str(weights) if pretrained else None})


def _of_open_clip(name: str, pretrained: bool) -> Encoder:
    check_torchvision("open_clip")
    open_clip = require("open_clip", extra="hub", purpose="An open_clip model")
    architecture, _, weights = name.partition("/")
    model = open_clip.create_model(architecture, pretrained=weights or None if pretrained else None)
    module = model.visual
    size = module.image_size[0] if isinstance(module.image_size, tuple | list) else module.image_size
    preprocess = Preprocess(
        int(size), crop=int(size), resample="bicubic", mean=tuple(module.image_mean), std=tuple(module.image_std)
    )
    return Encoder(name, module, preprocess, config={"weights": weights})
