"""Recorded responses: reading what people have, writing it, reliability, and populations with known truth."""

from __future__ import annotations

from neurogeom.recordings.load import load
from neurogeom.recordings.pseudo import noise_correlation, number_repetitions, pseudo_population
from neurogeom.recordings.reliability import (
    ReliabilityResult,
    explainable_variance,
    noise_ceiling,
    select_reliable,
    signal_power,
    split_half_reliability,
)
from neurogeom.recordings.save import save
from neurogeom.recordings.spike_times import from_spike_times
from neurogeom.recordings.synthetic import SyntheticPopulation, synthetic_population
from neurogeom.recordings.trials import average_repetitions, drop_incomplete, time_window
from neurogeom.recordings.units import psth, select_units, unit_quality
from neurogeom.recordings.windows import over_time, time_windows

__all__ = [
    "ReliabilityResult",
    "SyntheticPopulation",
    "average_repetitions",
    "drop_incomplete",
    "explainable_variance",
    "from_spike_times",
    "load",
    "noise_ceiling",
    "noise_correlation",
    "number_repetitions",
    "over_time",
    "pseudo_population",
    "psth",
    "save",
    "select_reliable",
    "select_units",
    "signal_power",
    "split_half_reliability",
    "synthetic_population",
    "time_window",
    "time_windows",
    "unit_quality",
]
