"""A feature of the points of several manifolds, and the measures of all pairs that need one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neurogeom._core.validation import check_real
from neurogeom._core.warnings import SaturationWarning, warn
from neurogeom.alignment.cross_regression import regression_errors, transferred_r2
from neurogeom.alignment.inputs import Floats, coordinate_of_points, feature_of_points
from neurogeom.alignment.signal import on_pooled_components, read_ridge, signal_mismatch
from neurogeom.manifolds import Manifolds

PAIR = ("manifold", "other_manifold")


def features_of(features: Any, given: Manifolds) -> list[Floats] | None:
    """One centered feature per manifold: from a coordinate's name, one array over all points, or one per manifold."""
    if features is None:
        return None
    if isinstance(features, str):
        features = coordinate_of_points(given.point_coords, features, "features")
    parts = _per_manifold(features, given)
    small = np.flatnonzero(given.n_points < 3)
    if len(small):
        raise ValueError(
            f"manifold {given.names[small[0]]!r} has {given.n_points[small[0]]} points; measures of a feature need at "
            "least 3 points per manifold. Drop it with manifolds.drop_small(min_points=3)."
        )
    return [
        feature_of_points(part, int(size), f"features of manifold {name!r}", center=True)
        for part, size, name in zip(parts, given.n_points, given.names, strict=True)
    ]


def _per_manifold(features: Any, given: Manifolds) -> list[Any]:
    total = int(given.n_points.sum())
    if np.ndim(features[0]) == 0:
        if len(features) != total:
            raise ValueError(f"features has {len(features)} entries, the manifolds have {total} points in all.")
        return [features[start:stop] for start, stop in zip(given.offsets[:-1], given.offsets[1:], strict=True)]
    if len(features) != given.n_manifolds:
        raise ValueError(
            f"features has {len(features)} arrays, there are {given.n_manifolds} manifolds. Give one each."
        )
    return list(features)


def feature_matrices(
    clouds: Sequence[Floats],
    features: Sequence[Floats],
    *,
    ridge: float | str = 0.0,
    n_components: int | None = None,
    alpha: float | str = 1.0,
) -> dict[str, Any]:
    """Signal mismatch, overlap rank, regression mismatch and cross-R² of all pairs, and their means.

    Both mismatches are those of the clouds on the principal components of each pair that ``n_components`` keeps.
    ``cross_r2`` is trained on the row and tested on the column, with the target's own means removed, since classes of
    different means would make every R² negative.
    """
    penalty, relative = read_ridge(ridge)
    alpha = alpha if isinstance(alpha, str) else check_real("alpha", alpha, minimum=0.0)
    n = len(clouds)
    signal, overlap, mismatch, cross = np.zeros((n, n)), np.zeros((n, n), dtype=int), np.zeros((n, n)), np.eye(n)
    centered = [cloud - cloud.mean(axis=0) for cloud in clouds]
    for row in range(n):
        overlap[row, row] = int(np.linalg.matrix_rank(centered[row]))
        for column in range(row + 1, n):
            pair = (centered[row], centered[column], features[row], features[column])
            distance, shared = signal_mismatch(
                *pair, center=False, ridge=penalty, relative=relative, n_components=n_components
            )
            signal[row, column] = signal[column, row] = distance
            overlap[row, column] = overlap[column, row] = shared
            kept = on_pooled_components(*pair[:2], n_components)
            mismatch[row, column] = mismatch[column, row] = regression_errors(*kept, *pair[2:])["mismatch"]
            cross[row, column] = transferred_r2(*pair, alpha=alpha, center_target=True)[0]
            reverse = (pair[1], pair[0], pair[3], pair[2])
            cross[column, row] = transferred_r2(*reverse, alpha=alpha, center_target=True)[0]
    off = ~np.eye(n, dtype=bool)
    _warn_saturated(int((overlap[off] == 0).sum() / 2), n * (n - 1) // 2, ridge=penalty > 0.0)
    named = {"signal_mismatch": signal, "regression_mismatch": mismatch, "cross_r2": cross}
    values: dict[str, Any] = {name: (PAIR, matrix) for name, matrix in named.items()}
    values |= {f"mean_{name}": float(np.nanmean(matrix[off])) for name, matrix in named.items()}
    return values | {"overlap_rank": (PAIR, overlap)}


def _warn_saturated(n_saturated: int, n_pairs: int, *, ridge: bool) -> None:
    """A ridge spares the signal mismatch, not the regression mismatch, which knows none."""
    if not n_saturated:
        return
    what = "" if ridge else "signal mismatch is 1 and their "
    warn(
        f"{n_saturated} of {n_pairs} pairs share no dimension: their {what}regression mismatch is 0 by construction. "
        "Use fewer signal_components than such pairs have dimensions, more points, or fewer neuroids.",
        SaturationWarning,
    )
