"""Projections on polyhedral cones and linear separability: the loops that everything else waits for.

Numbers in, numbers out: no labels, no warnings. ``backend=`` picks, per call, one of the modules that solve the
same problem: ``"cpu"`` (compiled loops on all cores) or ``"reference"`` (a general convex solver, slow, for trust).
"""

from __future__ import annotations

from neurogeom.kernels.interface import (
    critical_dimension,
    project,
    project_many,
    resolve_backend,
    separate,
)
from neurogeom.kernels.sizes import separation_bytes
from neurogeom.kernels.solution import CERTIFIED, ConeSolution, CriticalDimension, Separability

__all__ = [
    "CERTIFIED",
    "ConeSolution",
    "CriticalDimension",
    "Separability",
    "critical_dimension",
    "project",
    "project_many",
    "resolve_backend",
    "separate",
    "separation_bytes",
]
