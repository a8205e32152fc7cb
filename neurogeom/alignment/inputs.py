"""What the measures of this room are handed: pairs of clouds, features of their points, pairs of systems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.responses import as_name, hint, quoted, read_responses
from neurogeom._core.validation import check_vector
from neurogeom._core.warnings import UnevenSizesWarning, warn

Floats = NDArray[np.float64]

UNEVEN_RATIO = 1.5
"""Sizes beyond this ratio get a warning: the bias of a distance grows with neuroids per point."""


def clouds_of_pair(
    points_a: Any,
    points_b: Any,
    *,
    minimum: int = 2,
    center: bool = True,
    names: tuple[str, str] = ("points_a", "points_b"),
) -> tuple[Floats, Floats]:
    """Two checked point clouds (points, neuroids) of the same neuroids, each with enough points and some variance."""
    clouds = []
    for name, points in zip(names, (points_a, points_b), strict=True):
        cloud = read_responses(points, name=name).matrix
        check_cloud(cloud, name, minimum=minimum, center=center)
        clouds.append(cloud)
    if clouds[0].shape[1] != clouds[1].shape[1]:
        raise ValueError(
            f"{names[0]} has {clouds[0].shape[1]} neuroids, {names[1]} has {clouds[1].shape[1]}. Clouds of one system "
            "have the same neuroids; compare systems with cka_similarity, procrustes_distance or relative_geometry."
        )
    return clouds[0], clouds[1]


def check_cloud(cloud: Floats, name: str, *, minimum: int = 2, center: bool = True) -> None:
    """Refuse a cloud with too few points, or without any variance to compare."""
    if len(cloud) < minimum:
        count = f"{len(cloud)} point{'' if len(cloud) == 1 else 's'}"
        raise ValueError(
            f"{name} has {count}; this measure needs at least {minimum} points per manifold. "
            f"Drop it with manifolds.drop_small(min_points={minimum})."
        )
    size = float(np.abs(cloud).max())
    spread = cloud - cloud.mean(axis=0) if center else cloud
    if size == 0.0 or float(np.abs(spread).max()) <= 1e-13 * size:
        held = "all points are identical" if center else "all responses are zero"
        raise ValueError(
            f"{name} has no variance ({held}), so its covariance says nothing. Leave this manifold out, "
            "or check that the neuroids respond."
        )


def feature_of_points(feature: Any, n_points: int, name: str, *, center: bool) -> Floats:
    """One number for each point of a cloud, centered where asked; a constant is refused."""
    values = check_vector(getattr(feature, "values", feature), name)
    if len(values) != n_points:
        raise ValueError(
            f"{name} has {len(values)} entries, its cloud has {n_points} points. Give one value per point."
        )
    spread = values - values.mean() if center else values
    if float(np.abs(spread).max()) <= 1e-13 * max(float(np.abs(values).max()), np.finfo(float).tiny):
        raise ValueError(
            f"{name} is {'constant' if center else 'zero'} over its {n_points} points, so no direction codes for it. "
            "Choose a feature that varies within each manifold."
        )
    return spread


def warn_uneven(n_a: int, n_b: int) -> None:
    """Say when sizes differ so much that their bias differs."""
    if max(n_a, n_b) > UNEVEN_RATIO * min(n_a, n_b):
        warn(
            f"the clouds have {n_a} and {n_b} points; the bias of alignment distances depends on these numbers, so "
            "compare them only with pairs of the same sizes. match_points=True draws equal numbers.",
            UnevenSizesWarning,
        )


def matched(points_a: Floats, points_b: Floats, seed: int | None) -> tuple[Floats, Floats, int]:
    """The larger cloud cut, at random, to the size of the smaller; and the seed used."""
    seed = resolve_seed(seed)
    size = min(len(points_a), len(points_b))
    kept = [
        cloud if len(cloud) == size else cloud[np.sort(generator(seed, which).choice(len(cloud), size, replace=False))]
        for which, cloud in enumerate((points_a, points_b))
    ]
    return kept[0], kept[1], seed


def paired_systems(x: Any, y: Any, *, minimum: int = 3, names: tuple[str, str] = ("x", "y")) -> tuple[Floats, Floats]:
    """Responses of two systems to the same stimuli, row by row.

    Where both carry ``stimulus_id`` the rows of ``y`` are brought to the order of ``x``; otherwise rows are taken as
    they come. Numbers of neuroids may differ.
    """
    tables = [read_responses(values, name=name) for name, values in zip(names, (x, y), strict=True)]
    order = matching_order(tables[0].presentation, tables[1].presentation, names)
    left, right = tables[0].matrix, tables[1].matrix
    if len(left) != len(right):
        raise ValueError(
            f"{names[0]} has {len(left)} presentations, {names[1]} has {len(right)}. Both need one row per stimulus, "
            "in the same order, or a coordinate 'stimulus_id' by which they are matched."
        )
    right = right if order is None else right[order]
    for name, matrix in zip(names, (left, right), strict=True):
        check_cloud(matrix, name, minimum=minimum)
    return left, right


def matching_order(
    first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray], names: tuple[str, str], key: str = "stimulus_id"
) -> np.ndarray | None:
    """Rows of the second in the order of the first by a common coordinate; None where one has no such coordinate."""
    if key not in first or key not in second:
        return None
    ids = [np.array([as_name(value) for value in coords[key]], dtype=object) for coords in (first, second)]
    for name, values in zip(names, ids, strict=True):
        unique, counts = np.unique(values.astype(str), return_counts=True)
        if (counts > 1).any():
            raise ValueError(
                f"{name} holds {int((counts > 1).sum())} values of {key!r} more than once (first: "
                f"{quoted(unique[counts > 1][:3])}). Average repetitions first, so that each stimulus is one row."
            )
    missing = sorted(set(ids[0]) ^ set(ids[1]))
    if missing:
        raise ValueError(
            f"{names[0]} and {names[1]} have different stimuli: {len(missing)} values of {key!r} are in only one of "
            f"them (first: {quoted(missing[:3])}). Select the stimuli that both have."
        )
    position = {value: row for row, value in enumerate(ids[1])}
    return np.array([position[value] for value in ids[0]], dtype=np.intp)


def coordinate_of_points(point_coords: Mapping[str, np.ndarray], key: str, name: str) -> Floats:
    """A numeric coordinate of the stacked points, by its name."""
    if key not in point_coords:
        raise ValueError(f"{name}={key!r} is not a coordinate of the points. {hint(key, point_coords)}")
    return check_vector(np.asarray(point_coords[key], dtype=float), name)
