"""GLUE of every pair of manifolds on its own, and the averages over pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurogeom._core.parallel import run_units
from neurogeom.capacity.alignments import NAMES as ALIGNMENTS
from neurogeom.capacity.draws import Opened
from neurogeom.capacity.solving import Checks, Task, measure, solve
from neurogeom.statistics import jackknife_error

Floats = NDArray[np.float64]

GEOMETRY = ("dimension", "radius", "utility")
CAPACITIES = ("capacity", "approximate_capacity")


@dataclass(frozen=True)
class Pair:
    """What one pair gives; replicates have the blocks of the jackknife as first axis."""

    first: int
    second: int
    values: dict[str, Floats]
    replicates: dict[str, Floats]
    objective: Floats
    rank: int
    fraction_inseparable: float
    fraction_saturated: float
    checks: Checks
    backend: str


@dataclass(frozen=True)
class Pairs:
    """All pairs.

    Attributes
    ----------
    values, errors : dict of arrays
        Averages over pairs and their Monte-Carlo errors: 0-d, or (P,) for names with ``manifold_``.
    matrices : dict of arrays (P, P)
        Values of each pair, symmetric, NaN on the diagonal.
    objective : array (k,)
        Mean of F over pairs in each sample.
    checks : Checks
    backend : str
    """

    values: dict[str, Floats]
    errors: dict[str, Floats]
    matrices: dict[str, Floats]
    objective: Floats
    checks: Checks
    backend: str


def solve_pairs(
    opened: Opened,
    *,
    margin: float,
    backend: str,
    errors: bool = True,
    n_jobs: int | None = None,
    progress: bool | str = False,
) -> Pairs:
    """Solve each pair alone: P = 2, its own floor 2 / rank; capacities are averaged harmonically, geometry plainly.

    Parameters
    ----------
    opened : Opened
        Checked input.
    margin : float
        At a positive margin only capacity comes back.
    backend : str
        Back end of the kernels.
    errors : bool
        Whether Monte-Carlo errors and proofs of separability are wanted.
    n_jobs : int, optional
        Workers; pairs are the units.
    progress : bool or str
        Whether to show a bar.

    Returns
    -------
    Pairs
        Averages, their errors, and matrices.
    """
    units = [
        (opened, first, second, margin, backend, errors)
        for first, second in combinations(range(opened.manifolds.n_manifolds), 2)
    ]
    pairs = run_units(_solve_pair, units, n_jobs=n_jobs, progress=progress)
    values, standard_errors = _averages(pairs, opened.manifolds.n_manifolds, margin)
    return Pairs(
        values=values,
        errors=standard_errors,
        matrices=_matrices(pairs, opened.manifolds.n_manifolds),
        objective=np.mean([pair.objective for pair in pairs], axis=0),
        checks=reduce(Checks.__add__, (pair.checks for pair in pairs)),
        backend=pairs[0].backend,
    )


def _solve_pair(opened: Opened, first: int, second: int, margin: float, backend: str, errors: bool) -> Pair:
    """One unit: a pair with generators of its own, the same whatever other manifolds there are."""
    chosen = (opened.membership == first) | (opened.membership == second)
    task = Task(
        points=opened.points[chosen],
        membership=(opened.membership[chosen] == second).astype(np.int64),
        targets=opened.targets(first, second),
        signs=opened.signs("balanced", 2, first, second),
        margin=margin,
        backend=backend,
    )
    solved = solve(task, prove=errors, n_jobs=1)
    objective = solved.samples.objective
    if margin > 0:
        finite = np.isfinite(objective).all()
        mean = objective.mean() if finite else np.nan
        values, replicates, checks = {"capacity": np.asarray(2.0 / mean)}, {}, solved.checks
    else:
        found, checks = measure(solved, errors=errors, n_jobs=1)
        values, replicates = found.values, found.replicates
    return Pair(
        first=first,
        second=second,
        values=values,
        replicates=replicates,
        objective=objective,
        rank=solved.space.rank,
        fraction_inseparable=solved.fraction_inseparable,
        fraction_saturated=float(solved.saturated.mean()),
        checks=checks,
        backend=solved.backend,
    )


def _averages(pairs: list[Pair], n_manifolds: int, margin: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Averages over pairs and over the pairs of each manifold."""
    rank = np.mean([pair.rank for pair in pairs])
    values: dict[str, Any] = {
        "fraction_inseparable": np.mean([pair.fraction_inseparable for pair in pairs]),
        "rank": np.asarray(rank),
    }
    if margin > 0:
        inverse = np.mean([1.0 / pair.values["capacity"] for pair in pairs])
        return values | {"capacity": 1.0 / inverse}, {}
    values |= {
        "fraction_saturated": np.mean([pair.fraction_saturated for pair in pairs]),
        "capacity_floor": np.asarray(2.0 / rank),
        "active_fraction": np.mean([pair.values["active_fraction"] for pair in pairs]),
    }
    found = _average([pair.values for pair in pairs], pairs, n_manifolds)
    if not pairs[0].replicates:
        return values | found, {}
    replicates = _average([pair.replicates for pair in pairs], pairs, n_manifolds)
    return values | found, {name: jackknife_error(value) for name, value in replicates.items()}


def _average(measures: list[dict[str, Floats]], pairs: list[Pair], n_manifolds: int) -> dict[str, Floats]:
    """Harmonic means of capacities, arithmetic means of the rest; blocks of the jackknife may lead."""
    found: dict[str, Floats] = {}
    for name in (*CAPACITIES, *GEOMETRY, *ALIGNMENTS):
        stacked = np.stack([values[name] for values in measures])
        found[name] = _harmonic(stacked) if name in CAPACITIES else stacked.mean(axis=0)
    members = np.array([(pair.first, pair.second) for pair in pairs])
    for name in (*CAPACITIES, *GEOMETRY):
        stacked = np.stack([values[f"manifold_{name}"] for values in measures])
        own = [
            stacked[members == manifold] if stacked.ndim == 2 else _of(stacked, members, manifold)
            for manifold in range(n_manifolds)
        ]
        means = [_harmonic(one) if name in CAPACITIES else one.mean(axis=0) for one in own]
        found[f"manifold_{name}"] = np.stack(means, axis=-1)
    return found


def _of(stacked: Floats, members: NDArray[np.int64], manifold: int) -> Floats:
    """Replicates (pairs, blocks, 2) of one manifold, as (its pairs, blocks)."""
    pair, side = np.nonzero(members == manifold)
    return stacked[pair, :, side]


def _harmonic(values: Floats) -> Floats:
    return 1.0 / np.mean(1.0 / values, axis=0)


def _matrices(pairs: list[Pair], n_manifolds: int) -> dict[str, Floats]:
    """Symmetric matrices of all values of pairs."""
    matrices: dict[str, Floats] = {}
    for pair in pairs:
        scalars = {name: value for name, value in pair.values.items() if np.ndim(value) == 0}
        scalars |= {"fraction_inseparable": np.asarray(pair.fraction_inseparable), "rank": np.asarray(pair.rank)}
        if pair.replicates:
            scalars["capacity_floor"] = np.asarray(2.0 / pair.rank)
            scalars["fraction_saturated"] = np.asarray(pair.fraction_saturated)
            error = pair.objective.std(ddof=1) / np.sqrt(len(pair.objective)) / pair.objective.mean()
            scalars["capacity_se"] = pair.values["capacity"] * error
            names = (*GEOMETRY, "approximate_capacity")
            scalars |= {f"{name}_se": jackknife_error(pair.replicates[name]) for name in names}
        for name, value in scalars.items():
            matrix = matrices.setdefault(f"pair_{name}", np.full((n_manifolds, n_manifolds), np.nan))
            matrix[pair.first, pair.second] = matrix[pair.second, pair.first] = value
    return matrices
