"""Linear read-out: which class a population's response belongs to, on presentations that training has not seen."""

from __future__ import annotations

from neurogeom.readout.classify import classify
from neurogeom.readout.results import ReadoutResult

__all__ = ["ReadoutResult", "classify"]
