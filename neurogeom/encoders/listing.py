"""The table of an encoder's layers."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurogeom.encoders.inputs import as_inputs
from neurogeom.encoders.layers import Target
from neurogeom.encoders.passes import Passes
from neurogeom.encoders.plan import N_FIRST, targets_of
from neurogeom.encoders.pooling import Pooling
from neurogeom.encoders.receptive_fields import trace_fields

if TYPE_CHECKING:
    from neurogeom.encoders.encoder import Encoder


def list_layers(encoder: Encoder, images: Any) -> pd.DataFrame:
    """Shapes and receptive fields of the layers that run; those that give no tensor by image are left out."""
    if images is None:
        size = getattr(encoder.preprocess, "image_size", None)
        if size is None:
            raise ValueError("the size of the network's input is not known; give an image: encoder.layers(images).")
        images = [np.full((*size, 3), 128, dtype=np.uint8)]
    inputs = as_inputs(encoder, images, None).batch([0] * N_FIRST)
    is_function = type(encoder.module).__name__ == "FunctionModule"
    names = encoder.layer_names()
    targets = targets_of(encoder, inputs, "all") if is_function else [Target(name, name) for name in names]
    try:
        shapes = _shapes(encoder, targets, inputs)
    except (ValueError, TypeError):  # one by one: a layer that cannot be read must not hide the others
        shapes = {}
        for target in targets:
            with suppress(ValueError, TypeError):
                shapes |= _shapes(encoder, [target], inputs)
    rows: dict[str, dict[str, Any]] = {}
    for target in targets:
        for name, shape in shapes.items():
            if name == target.name or name.startswith(f"{target.name}#"):
                rows[name] = {"shape": tuple(shape), "n_units": int(np.prod(shape))}
    if hasattr(inputs, "detach") and inputs.ndim == 4:
        for name, (_, field) in trace_fields(encoder.module, inputs[:1], [one.part for one in targets]).items():
            if name in rows and len(rows[name]["shape"]) == 3:
                rows[name] |= {"receptive_field": field.size, "stride": field.stride, "first_center": field.center}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("layer")


def _shapes(encoder: Encoder, targets: list[Target], inputs: Any) -> dict[str, tuple[int, ...]]:
    passes = Passes(encoder, targets, Pooling(), axes=encoder.axes)
    with passes.ready():
        return passes.first(inputs, N_FIRST)
