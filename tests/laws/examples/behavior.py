"""Small results of behavior: made-up choices of three observers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from neurogeom import behavior
from neurogeom.results import Result
from tests.laws.registry import example


def choices(seed: int, names: str = "abc") -> pd.DataFrame:
    """Cue-conflict trials: each image shows the shape of one category and the texture of another."""
    rng = np.random.default_rng(seed)
    frames = []
    for name in names:
        pairs = [("cat", "dog"), ("bear", "car"), ("dog", "boat"), ("oven", "cat")] * 10
        shape, texture = np.array(pairs).T
        frames.append(
            pd.DataFrame(
                {
                    "dataset": "cue-conflict",
                    "condition": "nan",
                    "subject": name,
                    "image": [f"{a}{number}-{b}{number}.png" for number, (a, b) in enumerate(pairs)],
                    "category": shape,
                    "response": np.where(rng.random(len(pairs)) < 0.6, shape, texture),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


@example("behavior.accuracy")
def accuracy() -> Result:
    return behavior.accuracy(choices(0), n_resamples=20, seed=0)


@example("behavior.consistency")
def consistency() -> Result:
    return behavior.error_consistency(choices(0), choices(1), n_resamples=20, seed=0)


@example("behavior.shape_bias")
def shape_bias() -> Result:
    return behavior.shape_bias(choices(0), n_resamples=20, seed=0)


@example("behavior.benchmark")
def benchmark() -> Result:
    return behavior.benchmark({"one": choices(1, "m"), "two": choices(2, "m")}, choices(0), n_resamples=20, seed=0)
