"""Small results of manifold capacity."""

from __future__ import annotations

import warnings
from functools import lru_cache

import numpy as np

from neurogeom import Manifolds, capacity
from neurogeom.results import Result
from tests.laws.registry import example


@lru_cache
def manifolds() -> Manifolds:
    """Four clouds of six points in twenty neuroids."""
    rng = np.random.default_rng(0)
    return Manifolds([rng.normal(size=20) + 0.3 * rng.normal(size=(6, 20)) for _ in range(4)], names=list("abcd"))


@example("capacity.glue")
def glue() -> Result:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return capacity.glue(manifolds(), n_samples=40, seed=0)


@example("capacity.mean_field")
def mean_field() -> Result:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return capacity.mean_field(manifolds(), n_samples=40, seed=0)


@example("capacity.simulated")
def simulated() -> Result:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return capacity.simulated(manifolds(), n_trials=40, seed=0)


@example("capacity.sensitivity")
def sensitivity() -> Result:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return capacity.sensitivity(manifolds(), n_samples=40, seed=0)


@example("capacity.comparison")
def compare() -> Result:
    one, other = manifolds(), Manifolds([2 + cloud for cloud in manifolds().clouds], names=list("abcd"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return capacity.compare(one, other, uncertainty="points", n_resamples=3, n_samples=20, seed=0)


@example("capacity.curve")
def curve() -> Result:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return capacity.curve(manifolds(), over="n_neuroids", sizes=[10, 20], n_subsamples=2, n_samples=20, seed=0)


@example("capacity.dimension")
def dimension() -> Result:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return capacity.dimensions(manifolds())
