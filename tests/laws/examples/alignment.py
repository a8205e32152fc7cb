"""Small results of alignment."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import xarray as xr

from neurogeom import Manifolds, alignment
from neurogeom.results import Result
from tests.laws.registry import example

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(24, 8)), RNG.normal(size=(24, 8)) @ RNG.normal(size=(8, 8)) / 3
FEATURE_A, FEATURE_B = A[:, 0] + 0.1 * RNG.normal(size=24), B[:, 1] + 0.1 * RNG.normal(size=24)
MANIFOLDS = Manifolds([RNG.normal(size=8) + RNG.normal(size=(12, 8)) for _ in range(4)], names=list("abcd"))


def kuoch2024() -> Result:
    rng = np.random.default_rng(1)
    coords = {
        "stimulus_id": ("presentation", np.arange(32)),
        "object_name": ("presentation", np.repeat(np.arange(8), 4)),
        "category_name": ("presentation", np.repeat(np.arange(4), 8)),
    }
    arrays = [xr.DataArray(rng.normal(size=(32, n)), dims=("presentation", "neuroid"), coords=coords) for n in (12, 10)]
    few = {"n_samples": 10, "n_shuffles": 2, "n_splits": 2, "n_permutations": 20}
    # the correction of centers takes most of the time, and has its own tests
    return alignment.kuoch2024({"net": {"top": arrays[0]}}, {"IT": arrays[1]}, center_correction=None, seed=0, **few)


SMALL: dict[str, Callable[[], Result]] = {
    "cca_similarity": lambda: alignment.cca_similarity(A, B),
    "cka_similarity": lambda: alignment.cka_similarity(A, B),
    "covariance_alignment_distance": lambda: alignment.covariance_alignment_distance(
        A, B, uncertainty="points", seed=0
    ),
    "cross_regression_r2": lambda: alignment.cross_regression_r2(A, B, FEATURE_A, FEATURE_B),
    "decodability": lambda: alignment.decodability(MANIFOLDS, n_shots=2, n_trials=5, n_folds=3, seed=0),
    "excess_alignment_distance": lambda: alignment.excess_alignment_distance(A, B, n_splits=4, seed=0),
    "few_shot_snr": lambda: alignment.few_shot_snr(A, B),
    "kuoch2024": kuoch2024,
    "linear_predictivity_r2": lambda: alignment.linear_predictivity_r2(A, B, n_folds=3, seed=0),
    "manifolds": lambda: alignment.manifolds(MANIFOLDS, n_shuffles=4, n_splits=2, n_components=3, seed=0),
    "pca_distance": lambda: alignment.pca_distance(A, B, n_components=3),
    "principal_angles": lambda: alignment.principal_angles(A, B, n_components=3),
    "procrustes_distance": lambda: alignment.procrustes_distance(A, B),
    "rdm": lambda: alignment.rdm(A[:6]),
    "rdm_similarity": lambda: alignment.rdm_similarity(alignment.rdm(A[:8]), alignment.rdm(B[:8])),
    "regression_mismatch": lambda: alignment.regression_mismatch(A, B, FEATURE_A, FEATURE_B),
    "relative_geometry": lambda: alignment.relative_geometry(MANIFOLDS, MANIFOLDS, n_permutations=20, seed=0),
    "signal_mismatch_distance": lambda: alignment.signal_mismatch_distance(A, B, FEATURE_A, FEATURE_B),
    "signal_simulation": lambda: alignment.simulate_signal_mismatch(
        n_neuroids=12, n_points=20, n_steps=3, n_repeats=4, seed=0
    ),
}


def quiet(make: Callable[[], Result]) -> Callable[[], Result]:
    """The same without the warnings that so little data earns (they stay in the result)."""

    def made() -> Result:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make()

    return made


for name, make in SMALL.items():
    example(f"alignment.{name}")(quiet(make))
