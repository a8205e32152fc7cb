"""Covariance alignment distance beyond sampling: pairs of halves of two clouds against halves of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count
from neurogeom._core.warnings import collect
from neurogeom.alignment.covariance import reduced, squared_distance_of_units, unit_cloud
from neurogeom.alignment.inputs import Floats, clouds_of_pair
from neurogeom.alignment.results import ExcessAlignment, Meaning, measure


def split_halves(clouds: Sequence[Floats], size: int, seed: int, split: int) -> list[tuple[Floats, Floats]]:
    """Two disjoint random halves of ``size`` points of each cloud, as factors of unit norm."""
    halves = []
    for which, cloud in enumerate(clouds):
        order = generator(seed, 3, split, which).permutation(len(cloud))[: 2 * size]
        first, second = (reduced(unit_cloud(cloud[rows])) for rows in (order[:size], order[size:]))
        halves.append((first, second))
    return halves


def excess_of_split(clouds: Sequence[Floats], size: int, seed: int, split: int) -> tuple[Floats, Floats, Floats]:
    """Raw squared distances between halves, those within each cloud, and the excess, of one split.

    Returns
    -------
    raw : (P, P), within : (P,), excess : (P, P) with zero diagonal
    """
    halves = split_halves(clouds, size, seed, split)
    within = np.array([squared_distance_of_units(first, second) for first, second in halves])
    raw = np.zeros((len(halves), len(halves)))
    for row in range(len(halves)):
        for column in range(row + 1, len(halves)):
            pairs = [squared_distance_of_units(a, b) for a in halves[row] for b in halves[column]]
            raw[row, column] = raw[column, row] = float(np.mean(pairs))
    excess = raw - 0.5 * (within[:, None] + within[None, :])
    np.fill_diagonal(excess, 0.0)
    return raw, within, excess


def half_size(clouds: Sequence[Floats]) -> int:
    """Points of a half: the same for all clouds, so that their bias is the same."""
    smallest = min(len(cloud) for cloud in clouds)
    if smallest < 4:
        raise ValueError(
            f"a cloud has {smallest} points; halves that can be compared need at least 4 points per manifold. "
            "Drop small manifolds with manifolds.drop_small(min_points=4)."
        )
    return smallest // 2


def excess_alignment_distance(
    points_a: Any, points_b: Any, *, n_splits: int = 20, seed: int | None = None
) -> ExcessAlignment:
    r"""Squared covariance alignment distance beyond what sampling gives: 0 in expectation for equal covariances.

    The raw distance is biased upward, the more the fewer points there are per neuroid. Here both clouds are cut in
    random halves of equal size, and the distance between halves of one cloud is taken off:

    .. math:: \overline{d^2(A_i, B_j)} - \tfrac12 [d^2(A_1, A_2) + d^2(B_1, B_2)]

    It may be negative, and for different covariances it is smaller than the population's d².

    Parameters
    ----------
    points_a, points_b : array or DataArray (points, neuroids)
        Two clouds over the same neuroids, at least 4 points each; the larger one is subsampled in each split.
    n_splits : int
        Random splits, 10 or more advised.
    seed : int, optional

    Returns
    -------
    ExcessAlignment
        ``excess``, ``raw`` (between halves), ``within`` (mean of both clouds), with errors over splits.

    Raises
    ------
    ValueError
        Fewer than 4 points, no variance, other neuroids.

    References
    ----------
    Ours; the distance is that of Kuoch et al. (2024), PMLR 234:395-418, eq. 4-6.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> result = excess_alignment_distance(rng.normal(size=(40, 20)), rng.normal(size=(40, 20)), seed=0)
    >>> result.raw > 0.3, abs(result.excess) < 0.1
    (True, True)
    """
    n_splits, seed = check_count("n_splits", n_splits, minimum=2), resolve_seed(seed)
    with collect() as notes:
        clouds = clouds_of_pair(points_a, points_b, minimum=4)
    size = half_size(clouds)
    splits = [excess_of_split(clouds, size, seed, split) for split in range(n_splits)]
    columns = {
        "excess": np.array([excess[0, 1] for _, _, excess in splits]),
        "raw": np.array([raw[0, 1] for raw, _, _ in splits]),
        "within": np.array([within.mean() for _, within, _ in splits]),
    }
    values: dict[str, Any] = {}
    for name, column in columns.items():
        values[name] = float(column.mean())
        values[f"{name}_se"] = float(column.std(ddof=1) / np.sqrt(n_splits))
    used = {"points_per_half": size, "splits": n_splits, "neuroids": clouds[0].shape[1]}
    return measure(
        ExcessAlignment, values, Meaning("distance", (-2.0, 2.0), 0.0, True, True, used), notes=notes,
        points_a=points_a, points_b=points_b, n_splits=n_splits, seed=seed,
    )  # fmt: skip
