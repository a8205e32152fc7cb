"""Error bars over points by leaving out groups of points: the one resampling that keeps each point at most once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neurogeom._core.random import generator
from neurogeom._core.validation import check_count
from neurogeom.alignment.inputs import Floats
from neurogeom.statistics import delete_groups, jackknife_error, jackknife_interval

Statistic = Callable[..., float]


def left_out_groups(n_points: int, n_groups: int, seed: int, which: int) -> list[np.ndarray]:
    """The groups of points of cloud number ``which`` that are left out in turn."""
    own = int(generator(seed, 7, which).integers(2**62))
    return delete_groups(n_points, min(n_groups, n_points), seed=own)


def error_over_points(
    statistic: Statistic, clouds: Sequence[Floats], features: Sequence[Floats], n_groups: int, seed: int
) -> float:
    """Delete-group jackknife error of ``statistic(*clouds, *features)``; variances of the clouds add up.

    ``features`` holds nothing, or one array of values per cloud.
    """
    variance = 0.0
    for which, cloud in enumerate(clouds):
        values = []
        for group in left_out_groups(len(cloud), n_groups, seed, which):
            some_clouds, some_features = list(clouds), list(features)
            some_clouds[which] = np.delete(cloud, group, axis=0)
            if features:
                some_features[which] = np.delete(features[which], group)
            values.append(statistic(*some_clouds, *some_features))
        variance += float(jackknife_error(values)) ** 2
    return float(np.sqrt(variance))


def jackknife_values(
    name: str,
    statistic: Statistic,
    clouds: Sequence[Floats],
    features: Sequence[Floats],
    n_groups: int,
    seed: int,
    *,
    lower: float = 0.0,
    upper: float = np.inf,
) -> dict[str, Any]:
    """Variables ``name_se`` and ``name_ci`` (t interval of 95 %, kept within the range of the measure)."""
    n_groups = check_count("n_groups", n_groups, minimum=2)
    for letter, cloud in zip("ab", clouds, strict=False):
        largest_group = -(-len(cloud) // min(n_groups, len(cloud)))
        if len(cloud) - largest_group < 3:
            raise ValueError(
                f"points_{letter} has {len(cloud)} points, too few for a jackknife with n_groups={n_groups}: at "
                "least 3 must be left. Use more points, or uncertainty=None."
            )
    value, error = statistic(*clouds, *features), error_over_points(statistic, clouds, features, n_groups, seed)
    smallest = min(n_groups, *(len(cloud) for cloud in clouds))
    bounds = np.clip(jackknife_interval(value, error, smallest), lower, upper)
    return {f"{name}_se": error, f"{name}_ci": ("bound", bounds)}
