"""Error bars over points by leaving out groups of points: the one resampling that keeps each point at most once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neurogeom._core.random import generator
from neurogeom._core.validation import check_count
from neurogeom.alignment.inputs import Floats

NORMAL_QUANTILE = 1.959963984540054  # 97.5 % of the standard normal

Statistic = Callable[..., float]


def groups_of_points(n_points: int, n_groups: int, random: np.random.Generator) -> list[np.ndarray]:
    """A random partition of points in groups whose sizes differ by at most one."""
    return [np.sort(part) for part in np.array_split(random.permutation(n_points), min(n_groups, n_points))]


def jackknife_error(
    statistic: Statistic, clouds: Sequence[Floats], features: Sequence[Floats], n_groups: int, seed: int
) -> float:
    r"""Standard error of ``statistic(*clouds, *features)`` over the points of all clouds.

    For each cloud alone :math:`\frac{G-1}{G} \sum_g (f_g - \bar f)^2`, with f_g the value without group g; variances of
    the clouds add up. ``features`` holds nothing, or one array of values per cloud.

    References
    ----------
    Shao & Wu (1989), Annals of Statistics 17:1176 (delete-d jackknife).
    """
    variance = 0.0
    for which, cloud in enumerate(clouds):
        values = []
        for group in groups_of_points(len(cloud), n_groups, generator(seed, 7, which)):
            kept = np.delete(np.arange(len(cloud)), group)
            some_clouds, some_features = list(clouds), list(features)
            some_clouds[which] = cloud[kept]
            if features:
                some_features[which] = features[which][kept]
            values.append(statistic(*some_clouds, *some_features))
        variance += (len(values) - 1) / len(values) * float(np.sum((np.array(values) - np.mean(values)) ** 2))
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
    """Variables ``name_se`` and ``name_ci`` (normal interval of 95 %, kept within the range of the measure)."""
    n_groups = check_count("n_groups", n_groups, minimum=2)
    for letter, cloud in zip("ab", clouds, strict=False):
        largest_group = -(-len(cloud) // min(n_groups, len(cloud)))
        if len(cloud) - largest_group < 3:
            raise ValueError(
                f"points_{letter} has {len(cloud)} points, too few for a jackknife with n_groups={n_groups}: at "
                "least 3 must be left. Use more points, or uncertainty=None."
            )
    value, error = statistic(*clouds, *features), jackknife_error(statistic, clouds, features, n_groups, seed)
    bounds = np.clip([value - NORMAL_QUANTILE * error, value + NORMAL_QUANTILE * error], lower, upper)
    return {f"{name}_se": error, f"{name}_ci": ("bound", bounds)}
