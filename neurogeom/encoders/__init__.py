"""Responses of networks to stimuli, layer by layer."""

from __future__ import annotations

from neurogeom.encoders.digits import DigitsNetwork, digits_network
from neurogeom.encoders.extract import layer_activations
from neurogeom.encoders.layers import layer_names

__all__ = ["DigitsNetwork", "digits_network", "layer_activations", "layer_names"]
