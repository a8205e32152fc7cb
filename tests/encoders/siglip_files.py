"""Folders in the layout of Hugging Face, made of big_vision's stored archives."""

from __future__ import annotations

import json

import numpy as np
import torch
from safetensors.torch import save_file

from neurogeom.encoders.siglip_weights import big_vision_to_hugging_face


def archive(values_dir, name):
    with np.load(values_dir / "encoders" / f"{name}.npz", allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def hugging_face(arrays):
    return {key: torch.tensor(np.ascontiguousarray(value)) for key, value in big_vision_to_hugging_face(arrays).items()}


CONFIGS = {
    "bv_fixed": {"model_type": "siglip_vision_model", "num_attention_heads": 4, "image_size": 64},
    "bv_naflex": {"model_type": "siglip2_vision_model", "num_attention_heads": 4},
    "bv_two_towers_fixed": {
        "model_type": "siglip",
        "vision_config": {"num_attention_heads": 2, "image_size": 32},
        "text_config": {"num_attention_heads": 3},
    },
}


def write_folder(folder, values_dir, name, **changes):
    """``config.json`` and ``model.safetensors`` with the weights of a stored archive."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**CONFIGS[name], **changes}))
    save_file({key: value.contiguous() for key, value in hugging_face(archive(values_dir, name)).items()},
              str(folder / "model.safetensors"))  # fmt: skip
    return folder
