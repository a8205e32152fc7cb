"""Our capacities against those that theory gives exactly: a check that takes seconds and can be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count
from neurogeom._core.warnings import defer
from neurogeom.capacity import theory
from neurogeom.capacity.glue import glue
from neurogeom.capacity.mean_field import mean_field
from neurogeom.capacity.simulated import simulated
from neurogeom.manifolds import Manifolds

MEAN_FIELD_SAMPLES = 4


def agreement(*, n_samples: int = 2000, seed: int | None = None, n_jobs: int | None = None) -> pd.DataFrame:
    """Compute capacities that are known in closed form, and return both.

    Balls go through `mean_field` as two points, a circle or a sphere; orthogonal single points with a margin, and
    Gaussian points (whose separable dichotomies Cover counted), through `glue`; the exact link between the cone
    problem and random projections, α = P/(E[n] − ½), joins `glue` to `simulated`.

    Parameters
    ----------
    n_samples : int
        Gaussian samples for each capacity; four times as many for balls, where a sample costs least.
    seed : int, optional
        Seed of the samples; drawn if not given.
    n_jobs : int, optional
        Workers; all cores by default.

    Returns
    -------
    pandas.DataFrame
        Columns `family`, `case`, `theory`, `computed`, `se` (Monte-Carlo error of the difference), a row per case.

    Raises
    ------
    ValueError
        If there are fewer than 2 samples.

    References
    ----------
    Cover (1965), theorem 1; Chung, Lee and Sompolinsky (2018), balls; Amelunxen et al. (2014), the link between
    statistical dimension and random projections.

    Examples
    --------
    >>> table = agreement(n_samples=200, seed=0, n_jobs=1)
    >>> bool((abs(table.computed / table.theory - 1) < 0.3).all())
    True
    """
    n_samples = check_count("n_samples", n_samples, minimum=2)
    seed = resolve_seed(seed)
    options: dict[str, Any] = {"n_samples": n_samples, "n_jobs": n_jobs}
    with defer():  # these cases lie near their floors on purpose: no warning of it is news to the caller
        rows = [
            (family, case, exact, result.capacity, result.capacity_se)
            for number, (family, case, exact, compute) in enumerate(_cases(seed))
            for result in [compute(seed=_child(seed, number), **options)]
        ]
        rows.append(_projection_row(seed, n_samples, n_jobs))
    return pd.DataFrame(rows, columns=["family", "case", "theory", "computed", "se"])


def _cases(seed: int) -> Iterator[tuple[str, str, float, Callable[..., Any]]]:
    """Family, name, exact capacity, and how ours is computed."""
    for radius, dimension, margin in (
        (0.8, 1, 0.0), (0.8, 1, 0.3), (0.3, 2, 0.0), (1.5, 2, 0.0), (3.0, 2, 0.25), (0.7, 3, 0.0), (0.7, 3, 0.4),
    ):  # fmt: skip
        name = f"R = {radius:g}, D = {dimension}" + (f", κ = {margin:g}" if margin else "")
        exact = float(theory.balls(radius, dimension, margin))
        yield (
            "balls (mean-field)",
            f"ball {name}",
            exact,
            partial(_mean_field, _balls(radius, dimension), margin=margin),
        )
    for margin in (0.0, 0.25, 1.0, 2.0):
        points = Manifolds([row[None] for row in np.eye(20)])
        exact = float(theory.points(margin))
        yield "points (GLUE)", f"points, κ = {margin:g}", exact, partial(glue, points, margin=margin)
    for n_manifolds, n_neuroids in ((24, 15), (30, 10), (16, 8)):
        cloud = generator(seed, 1, n_manifolds).normal(size=(n_manifolds, 1, n_neuroids))
        exact = float(theory.cover(n_manifolds, n_neuroids))
        compute = partial(glue, Manifolds(list(cloud)), dichotomies="random")
        yield "Cover's count (GLUE)", f"P = {n_manifolds}, N = {n_neuroids}", exact, compute


def _mean_field(manifolds: Manifolds, *, n_samples: int, **options: Any) -> Any:
    """Mean-field capacity with more samples: one manifold a problem makes them cheap."""
    return mean_field(manifolds, n_samples=MEAN_FIELD_SAMPLES * n_samples, **options)


def _projection_row(seed: int, n_samples: int, n_jobs: int | None) -> tuple[str, str, float, float, float]:
    """GLUE against random projections of the same manifolds; the error is that of the difference."""
    rng = generator(seed, 2)
    shared = rng.normal(size=60)
    clouds = []
    for _ in range(6):
        center, basis, spread = rng.normal(size=60), rng.normal(size=(4, 60)), rng.normal(size=(20, 4))
        spread /= np.linalg.norm(spread, axis=1, keepdims=True)
        clouds.append((center + 0.9 * spread @ basis) / np.sqrt(60) + 0.7 * shared / np.linalg.norm(shared))
    manifolds = Manifolds(clouds)
    joint = glue(manifolds, n_samples=n_samples, seed=_child(seed, 101), n_jobs=n_jobs)
    n_trials = max(50, min(400, n_samples // 5))
    projected = simulated(manifolds, n_trials=n_trials, seed=_child(seed, 102))
    error = float(np.hypot(joint.capacity_se, projected.capacity_from_mean_se))
    return ("projections (simulated)", "GLUE, 6 × 20 points", joint.capacity, projected.capacity_from_mean, error)


def _balls(radius: float, dimension: int) -> Manifolds:
    """Two balls around opposite centers of unit norm, as points that cover their surface densely and evenly."""
    if dimension == 1:
        surface = np.array([[-1.0], [1.0]])
    elif dimension == 2:
        angle = 2 * np.pi * np.arange(64) / 64
        surface = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    else:
        # A golden-angle spiral and its mirror image: even, and centered exactly.
        n = 400
        height = 1 - (2 * np.arange(n) + 1) / n
        turn = np.pi * (3 - np.sqrt(5)) * np.arange(n)
        half = np.stack([np.sqrt(1 - height**2) * np.cos(turn), np.sqrt(1 - height**2) * np.sin(turn), height], axis=1)
        surface = np.concatenate([half, -half])
    n = len(surface)
    one = np.hstack([np.ones((n, 1)), radius * surface, np.zeros((n, dimension))])
    two = np.hstack([-np.ones((n, 1)), np.zeros((n, dimension)), radius * surface])
    return Manifolds([one, two])


def _child(seed: int, key: int) -> int:
    """A seed of its own for each case, so that no two share their samples."""
    return int(generator(seed, 3, key).integers(2**31))
