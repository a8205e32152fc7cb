"""Small results of neural predictivity."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import xarray as xr

from neurogeom import predictivity
from neurogeom.results import Result
from tests.laws.registry import example

RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=(40, 6))
FEATURES = xr.DataArray(VALUES, dims=("presentation", "feature"), coords={"stimulus_id": ("presentation", range(40))})
RESPONSES = xr.DataArray(
    np.repeat(VALUES @ RNG.normal(size=(6, 4)), 3, axis=0) + RNG.normal(size=(120, 4)),
    dims=("presentation", "neuroid"),
    coords={
        "stimulus_id": ("presentation", np.repeat(range(40), 3)),
        "repetition": ("presentation", np.tile(range(3), 40)),
    },
)
OPTIONS: dict[str, Any] = {"n_components": 2, "n_splits": 2, "n_ceiling_splits": 3, "n_resamples": 50, "seed": 0}


@example("predictivity.score")
def score() -> Result:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return predictivity.score(FEATURES, RESPONSES, **OPTIONS)


@example("predictivity.layers")
def layers() -> Result:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return predictivity.score_layers({"one": FEATURES, "two": FEATURES[:, :3]}, RESPONSES, **OPTIONS)


@example("predictivity.comparison")
def comparison() -> Result:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = {
            name: predictivity.score(features, RESPONSES, keep_predictions=True, **OPTIONS)
            for name, features in {"one": FEATURES, "two": FEATURES[:, :3]}.items()
        }
        return predictivity.compare(scores, n_resamples=50, seed=0)
