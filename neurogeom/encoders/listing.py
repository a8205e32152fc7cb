"""The table of an encoder's layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurogeom.encoders.inputs import as_inputs
from neurogeom.encoders.layers import Target
from neurogeom.encoders.passes import Passes
from neurogeom.encoders.plan import N_FIRST
from neurogeom.encoders.pooling import Pooling

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
    rows = {}
    for name in encoder.layer_names():
        # one at a time: a layer that cannot be read must not hide the others
        passes = Passes(encoder, [Target(name, name)], Pooling(), axes=encoder.axes)
        try:
            with passes.ready():
                shapes = passes.first(inputs, N_FIRST)
        except (ValueError, TypeError):
            continue
        for call, shape in shapes.items():
            rows[call] = {"shape": tuple(shape), "n_units": int(np.prod(shape))}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("layer")
