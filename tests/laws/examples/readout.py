"""A small result of class decoding."""

from __future__ import annotations

import numpy as np

from neurogeom import readout
from neurogeom.results import Result
from tests.laws.registry import example


@example("readout.classify")
def classify() -> Result:
    rng = np.random.default_rng(0)
    labels = np.repeat(["cat", "dog", "car"], 12)
    centers = {name: rng.normal(size=10) for name in ("cat", "dog", "car")}
    responses = np.stack([centers[name] for name in labels]) + rng.normal(size=(36, 10))
    return readout.classify(responses, labels, seed=0)
