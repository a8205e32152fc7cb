"""Responses of networks to stimuli, layer by layer."""

from __future__ import annotations

from collections.abc import Callable

from neurogeom.encoders.activations import layer_activations
from neurogeom.encoders.classical import gabor, pixels, pyramid, untrained
from neurogeom.encoders.digits import DigitsNetwork, digits_network
from neurogeom.encoders.efficientnet import efficientnet_lite0
from neurogeom.encoders.encoder import Encoder, as_encoder
from neurogeom.encoders.exports import export, with_neuroid_ids
from neurogeom.encoders.extract import estimate, extract, open_activations
from neurogeom.encoders.hub import from_library
from neurogeom.encoders.images import ImageSet, image_set
from neurogeom.encoders.layers import layer_names
from neurogeom.encoders.naflex import NaflexPreprocess, naflex_size
from neurogeom.encoders.preprocess import Preprocess
from neurogeom.encoders.projection import Projection
from neurogeom.encoders.receptive_fields import receptive_field
from neurogeom.encoders.screen import place_on_screen
from neurogeom.encoders.siglip2 import SiglipEncoder, random_siglip2, siglip2
from neurogeom.encoders.siglip_family import siglip2_sizes
from neurogeom.encoders.vito import VITO_REGIONS, vito
from neurogeom.encoders.vone import vone

CLASSICAL: dict[str, Callable[..., Encoder]] = {"pixels": pixels, "gabor": gabor, "pyramid": pyramid, "vone": vone}
"""Encoders without weights, by name."""

__all__ = [
    "CLASSICAL",
    "DigitsNetwork",
    "Encoder",
    "ImageSet",
    "NaflexPreprocess",
    "Preprocess",
    "Projection",
    "SiglipEncoder",
    "VITO_REGIONS",
    "as_encoder",
    "digits_network",
    "efficientnet_lite0",
    "estimate",
    "export",
    "extract",
    "from_library",
    "gabor",
    "image_set",
    "layer_activations",
    "layer_names",
    "naflex_size",
    "open_activations",
    "pixels",
    "place_on_screen",
    "pyramid",
    "random_siglip2",
    "receptive_field",
    "siglip2",
    "siglip2_sizes",
    "untrained",
    "vito",
    "vone",
    "with_neuroid_ids",
]
