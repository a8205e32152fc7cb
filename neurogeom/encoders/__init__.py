"""Responses of networks to stimuli, layer by layer."""

from __future__ import annotations

from neurogeom.encoders.activations import layer_activations
from neurogeom.encoders.digits import DigitsNetwork, digits_network
from neurogeom.encoders.encoder import Encoder, as_encoder
from neurogeom.encoders.extract import estimate, extract, open_activations
from neurogeom.encoders.images import ImageSet, image_set
from neurogeom.encoders.layers import layer_names
from neurogeom.encoders.preprocess import Preprocess
from neurogeom.encoders.projection import Projection

__all__ = [
    "DigitsNetwork",
    "Encoder",
    "ImageSet",
    "Preprocess",
    "Projection",
    "as_encoder",
    "digits_network",
    "estimate",
    "extract",
    "image_set",
    "layer_activations",
    "layer_names",
    "open_activations",
]
