"""How many manifolds a population can read out linearly, and why: capacity with its geometry."""

from neurogeom.capacity.glue import glue
from neurogeom.capacity.results import GlueResult, SensitivityResult, SimulatedResult
from neurogeom.capacity.sensitivity import sensitivity
from neurogeom.capacity.simulated import simulated

__all__ = [
    "GlueResult",
    "SensitivityResult",
    "SimulatedResult",
    "glue",
    "sensitivity",
    "simulated",
]
