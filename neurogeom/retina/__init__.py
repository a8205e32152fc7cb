"""The retina: simulated mosaics of ganglion cells and encoding models from images to spikes."""

from __future__ import annotations

from neurogeom.retina.cnn import CNNEncoder
from neurogeom.retina.counts import as_counts
from neurogeom.retina.curves import cell_density, dendritic_diameter, to_mm
from neurogeom.retina.fields import FieldShape
from neurogeom.retina.files import is_spikes, load_spikes, save_spikes
from neurogeom.retina.fitting import CellFit, fit_filter, grid_roughness
from neurogeom.retina.glm import GLM
from neurogeom.retina.likelihood import PoissonLikelihood, TimedLikelihood
from neurogeom.retina.lnp import LNP
from neurogeom.retina.mosaic import Mosaic, relative_size
from neurogeom.retina.positions import nearest_distances, regularity_index, repulsive_positions
from neurogeom.retina.spatiotemporal import SpatioTemporalLNP
from neurogeom.retina.streaming import FilterBank
from neurogeom.retina.temporal import causal, raised_cosines, time_course

__all__ = [
    "GLM",
    "LNP",
    "CNNEncoder",
    "CellFit",
    "FieldShape",
    "FilterBank",
    "Mosaic",
    "PoissonLikelihood",
    "SpatioTemporalLNP",
    "TimedLikelihood",
    "as_counts",
    "causal",
    "cell_density",
    "dendritic_diameter",
    "fit_filter",
    "grid_roughness",
    "is_spikes",
    "load_spikes",
    "nearest_distances",
    "raised_cosines",
    "regularity_index",
    "relative_size",
    "repulsive_positions",
    "save_spikes",
    "time_course",
    "to_mm",
]
