"""Recorded responses: reading what people have, writing it, and populations with known truth."""

from __future__ import annotations

from neurogeom.recordings.load import load
from neurogeom.recordings.save import save
from neurogeom.recordings.synthetic import SyntheticPopulation, synthetic_population
from neurogeom.recordings.trials import average_repetitions, drop_incomplete, time_window

__all__ = [
    "SyntheticPopulation",
    "average_repetitions",
    "drop_incomplete",
    "load",
    "save",
    "synthetic_population",
    "time_window",
]
