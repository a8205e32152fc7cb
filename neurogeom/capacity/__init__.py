"""How many manifolds a population can read out linearly, and why: capacity with its geometry."""

from __future__ import annotations

from neurogeom.capacity import dimension, theory
from neurogeom.capacity.agreement import agreement
from neurogeom.capacity.compare import compare
from neurogeom.capacity.curve import curve
from neurogeom.capacity.dimension import dimensions
from neurogeom.capacity.glue import glue
from neurogeom.capacity.mean_field import mean_field
from neurogeom.capacity.results import (
    ComparisonResult,
    CurveResult,
    DimensionResult,
    GlueResult,
    MeanFieldResult,
    SensitivityResult,
    SimulatedResult,
)
from neurogeom.capacity.sensitivity import sensitivity
from neurogeom.capacity.simulated import simulated

__all__ = [
    "ComparisonResult",
    "CurveResult",
    "DimensionResult",
    "GlueResult",
    "MeanFieldResult",
    "SensitivityResult",
    "SimulatedResult",
    "agreement",
    "compare",
    "curve",
    "dimension",
    "dimensions",
    "glue",
    "mean_field",
    "sensitivity",
    "simulated",
    "theory",
]
