"""A small result of reliability."""

from __future__ import annotations

from neurogeom import recordings
from neurogeom.results import Result
from tests.laws.registry import example


@example("recordings.reliability")
def reliability() -> Result:
    population = recordings.synthetic_population(n_classes=2, n_stimuli=6, n_neuroids=8, n_repetitions=4, seed=0)
    return recordings.split_half_reliability(population.responses, n_splits=5, seed=0)
