"""Alignment of all pairs of manifolds: raw, against shuffled labels, beyond sampling, and with features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from neurogeom._core.parallel import run_units
from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_option
from neurogeom._core.warnings import collect
from neurogeom.alignment.covariance import reduced, squared_distance_of_units, squared_distances, unit_cloud
from neurogeom.alignment.directions import (
    alignment_matrices,
    center_correlations,
    class_centers,
    signal_to_noise,
    variance_share,
)
from neurogeom.alignment.excess import excess_of_split, half_size
from neurogeom.alignment.expectations import expected_center_correlation, expected_variance_share
from neurogeom.alignment.features import feature_matrices, features_of
from neurogeom.alignment.inputs import Floats, check_cloud, warn_uneven
from neurogeom.alignment.results import KUOCH
from neurogeom.alignment.subspaces import subspace_distance
from neurogeom.alignment.uncertainty import left_out_groups
from neurogeom.manifolds import Manifolds, as_manifolds
from neurogeom.recordings.windows import check_time, over_time
from neurogeom.results import Result, make_settings, register
from neurogeom.statistics import jackknife_error, jackknife_interval, permutation_p_value

PAIR = ("manifold", "other_manifold")


@register
class ManifoldAlignment(Result):
    """Distances of all pairs of manifolds with their null, their excess and the alignment of centers and axes."""

    kind = "alignment.manifolds"
    title = "Alignment of manifolds (distances: 0 = same, at most √2)"
    headline = (
        "mean_distance", "mean_distance_squared", "mean_shuffled", "z", "p", "mean_excess", "center_correlation_mean",
        "mean_center_alignment", "mean_axis_alignment", "mean_center_axis_alignment", "variance_share",
        "mean_signal_mismatch", "mean_regression_mismatch", "mean_cross_r2",
    )  # fmt: skip
    se_name = "over splits"
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mean_distance": ("mean alignment distance d", ""),
        "mean_distance_squared": ("mean d²", ""),
        "mean_shuffled": ("mean d, labels shuffled", ""),
        "z": ("z of mean d against shuffled", ""),
        "p": ("p (d larger than shuffled)", ""),
        "mean_excess": ("mean excess of d² over sampling", ""),
        "center_correlation_mean": ("mean |center correlation|", ""),
        "mean_center_alignment": ("center alignment (|cos|)", ""),
        "mean_axis_alignment": ("axis alignment (rms cos)", ""),
        "mean_center_axis_alignment": ("center-axis alignment (rms cos)", ""),
        "variance_share": ("within-class variance in the span of class means", ""),
        "mean_signal_mismatch": ("mean signal mismatch distance", ""),
        "mean_regression_mismatch": ("mean regression mismatch", ""),
        "mean_cross_r2": ("mean cross-regression R²", ""),
    }

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the matrix of distances.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        **options
            For :func:`neurogeom.alignment.plots.plot_manifolds`, e.g. ``quantity="excess"``.

        Returns
        -------
        matplotlib Axes
        """
        from neurogeom.alignment import plots, plots_across

        draw = plots_across.plot_across if plots_across.is_joined(self) else plots.plot_manifolds
        return draw(self, ax=ax, **options)


def manifolds(
    data: Any,
    features: Any = None,
    *,
    labels: Any = None,
    centers: str = "cosine_centered",
    n_shuffles: int = 20,
    n_splits: int = 10,
    n_components: int = 10,
    signal_components: int | None = None,
    ridge: float | str = 0.0,
    alpha: float | str = 1.0,
    match_points: bool = False,
    uncertainty: str | None = None,
    n_groups: int = 10,
    window: float | None = None,
    step: float | None = None,
    seed: int | None = None,
    n_jobs: int | None = None,
    progress: bool | str = False,
) -> ManifoldAlignment:
    """Alignment of all pairs of manifolds: distances as in the paper, after shuffling the labels, and beyond sampling.

    Parameters
    ----------
    data : Manifolds, sequence of arrays (points, neuroids), or responses with ``labels``
        2 or more manifolds of at least 2 points (4 with ``n_splits``, 3 with ``features``).
    features : str, array (all points,) or sequence of arrays (points,), optional
        A feature θ of every point, for signal mismatch, regression mismatch and cross-regression: the name of a
        coordinate, one array over the stacked points, or one per manifold.
    labels : array or str, optional
        Class of each presentation, where ``data`` is responses.
    centers : {"cosine_centered", "pearson"}
        How class centers are correlated; see :func:`relative_geometry`.
    n_shuffles : int
        Random partitions of all points in manifolds of the same sizes (the paper gives no number); 0 for none.
    n_splits : int
        Random splits for the excess; 0 for none.
    n_components : int
        Components of ``pca_distance``.
    signal_components : int, optional
        Principal components of each pair in which signal and regression mismatch are taken, against their saturation.
    ridge : float or str
        Ridge of the signal mismatch distance; the regression mismatch has none.
    alpha : float or "cv"
        Ridge penalty of the cross-regression.
    match_points : bool
        Whether all manifolds are cut at random to the size of the smallest.
    uncertainty : {"points", None}
        "points" adds standard errors and 95 % intervals by a delete-group jackknife.
    n_groups : int
        Groups of the jackknife, per manifold.
    window, step : float, optional
        For responses (presentations, neuroids, time_bin): length of a window and from one to the next, usually in ms;
        each time bin by itself if not given. The result has a leading dimension ``time``, with the same
        shuffles and splits in all windows (:func:`neurogeom.recordings.over_time`).
    seed : int, optional
    n_jobs : int, optional
        Threads; all cores by default. The numbers do not depend on it.
    progress : bool or str
        Whether to show a bar.

    Returns
    -------
    ManifoldAlignment
        Matrices (manifold, other_manifold): ``distance``, ``distance_squared``, ``excess``, ``pca_distance``,
        ``center_correlation``, ``center_alignment``, ``axis_alignment``, ``center_axis_alignment``; with features
        ``signal_mismatch``, ``overlap_rank``, ``regression_mismatch``, ``cross_r2`` (trained on the row, tested on the
        column). Means over pairs, ``shuffled_distance`` (shuffle) with ``z`` and ``p``, ``variance_share`` with its
        null, ``signal_to_noise`` (direction).

    Raises
    ------
    ValueError
        One manifold, too few points, a manifold without variance, a constant feature, unknown coordinates.

    References
    ----------
    Kuoch et al. (2024), PMLR 234:395-418. Shuffled: their section 3; excess and jackknife: ours.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> clouds = [rng.normal(size=(30, 10)) @ np.diag(rng.uniform(0.2, 2, size=10)) for _ in range(3)]
    >>> result = manifolds(clouds, n_shuffles=5, n_splits=3, seed=0)
    >>> result.distance.shape, round(result.mean_distance, 2) > 0.5
    ((3, 3), True)
    """
    arguments = dict(locals())
    if check_time(data, window, step):
        return over_time(manifolds, **arguments)
    check_option("uncertainty", uncertainty or "None", ("None", "points"))
    n_shuffles = check_count("n_shuffles", n_shuffles, minimum=0)
    n_splits, n_components = check_count("n_splits", n_splits, minimum=0), check_count("n_components", n_components)
    seed = resolve_seed(seed)
    with collect() as notes:
        given = _checked(data, labels, minimum=4 if n_splits else 2)
        given = given.subsample(int(given.n_points.min()), seed) if match_points else given
        warn_uneven(int(given.n_points.min()), int(given.n_points.max()))
        thetas = features_of(features, given)
        clouds = in_own_span(given)
        run = {"n_jobs": n_jobs, "progress": progress}
        values = _raw(clouds, centers, n_components)
        if n_shuffles:
            values |= _shuffled(clouds, values["mean_distance"], n_shuffles, seed, run)
        if n_splits:
            values |= _excess(clouds, n_splits, seed, run)
        if uncertainty:
            values |= _jackknife(clouds, values, check_count("n_groups", n_groups, minimum=2), seed, run)
        if thetas is not None:
            values |= feature_matrices(clouds, thetas, ridge=ridge, n_components=signal_components, alpha=alpha)
    values |= _nulls(given)
    settings = make_settings(
        data=data, features=features, labels=labels, centers=centers, n_shuffles=n_shuffles, n_splits=n_splits,
        n_components=n_components, signal_components=signal_components, ridge=ridge, alpha=alpha,
        match_points=match_points, uncertainty=uncertainty, n_groups=n_groups, seed=seed, n_jobs=n_jobs,
        window=window, step=step,
        n_used={"manifolds": given.n_manifolds, "points": given.n_points.tolist(), "neuroids": given.n_neuroids},
    )  # fmt: skip
    return ManifoldAlignment(_dataset(values, given.names), settings, {}, tuple(notes), (KUOCH,))


def in_own_span(given: Manifolds) -> list[Floats]:
    """Clouds in coordinates of the span of all points where there are fewer points than neuroids.

    A rotation: no measure of this room changes, and nothing after it costs more than the number of points.
    """
    points = given.stacked
    if points.shape[0] < points.shape[1]:
        points = np.asarray(np.linalg.qr(points.T, mode="r")).T
    return [points[start:stop] for start, stop in zip(given.offsets[:-1], given.offsets[1:], strict=True)]


def mean_over_pairs(matrix: Floats) -> float:
    """Mean over the entries off the diagonal."""
    n = len(matrix)
    return float((matrix.sum() - np.trace(matrix)) / (n * (n - 1)))


def shuffled_distances(clouds: Sequence[Floats], seed: int, shuffle: int) -> tuple[float, float]:
    """Mean d and mean d² after a random partition of all points into manifolds of the same sizes."""
    points = np.concatenate(list(clouds))
    order = generator(seed, 9, shuffle).permutation(len(points))
    parts = np.split(points[order], np.cumsum([len(cloud) for cloud in clouds])[:-1])
    squared = squared_distances(parts)
    return mean_over_pairs(np.sqrt(squared)), mean_over_pairs(squared)


def _checked(data: Any, labels: Any, *, minimum: int) -> Manifolds:
    given = as_manifolds(data, labels, minimum_points=minimum, purpose="alignment" if minimum == 2 else "the excess")
    for name, cloud in zip(given.names, given.clouds, strict=True):
        check_cloud(cloud, f"manifold {name!r}")
    return given


def _raw(clouds: Sequence[Floats], centers: str, n_components: int) -> dict[str, Any]:
    """Matrices that need no randomness, and their means."""
    squared = squared_distances(clouds)
    correlation = center_correlations(class_centers(clouds), centers)
    pca = np.zeros_like(squared)
    for row in range(len(clouds)):
        for column in range(row + 1, len(clouds)):
            pca[row, column] = pca[column, row] = subspace_distance(clouds[row], clouds[column], n_components)
    matrices = {"distance": np.sqrt(squared), "distance_squared": squared, "pca_distance": pca}
    matrices |= alignment_matrices(clouds)
    means = {f"mean_{name}": mean_over_pairs(matrix) for name, matrix in matrices.items()}
    values: dict[str, Any] = {name: (PAIR, matrix) for name, matrix in matrices.items()}
    values |= {
        "center_correlation": (PAIR, correlation),
        "center_correlation_mean": mean_over_pairs(np.abs(correlation)),
    }
    ratio = signal_to_noise(clouds)
    return values | means | {"variance_share": variance_share(clouds), "signal_to_noise": ("direction", ratio)}


def _shuffled(
    clouds: list[Floats], observed: float, n_shuffles: int, seed: int, run: Mapping[str, Any]
) -> dict[str, Any]:
    draws = np.array(run_units(shuffled_distances, [(clouds, seed, i) for i in range(n_shuffles)], **run))
    sd = float(draws[:, 0].std(ddof=1)) if n_shuffles > 1 else np.nan
    return {
        "shuffled_distance": ("shuffle", draws[:, 0]),
        "shuffled_distance_squared": ("shuffle", draws[:, 1]),
        "mean_shuffled": float(draws[:, 0].mean()),
        "mean_shuffled_squared": float(draws[:, 1].mean()),
        "shuffled_sd": sd,
        "z": (observed - float(draws[:, 0].mean())) / sd if sd > 0 else np.nan,
        "p": float(permutation_p_value(observed, draws[:, 0])),
    }


def _excess(clouds: list[Floats], n_splits: int, seed: int, run: Mapping[str, Any]) -> dict[str, Any]:
    size = half_size(clouds)
    splits = run_units(excess_of_split, [(clouds, size, seed, i) for i in range(n_splits)], **run)
    excess = np.array([part[2] for part in splits])
    means = np.array([mean_over_pairs(matrix) for matrix in excess])
    values: dict[str, Any] = {"excess": (PAIR, excess.mean(axis=0)), "mean_excess": float(means.mean())}
    if n_splits > 1:
        values["excess_se"] = (PAIR, excess.std(axis=0, ddof=1) / np.sqrt(n_splits))
        values["mean_excess_se"] = float(means.std(ddof=1) / np.sqrt(n_splits))
    return values


def leave_groups_out(clouds: list[Floats], which: int, n_groups: int, seed: int) -> Floats:
    """Distances of one manifold to all others without each group of its points, (groups, P); d² beside d, stacked."""
    factors = [reduced(unit_cloud(cloud)) for cloud in clouds]
    cloud = clouds[which]
    rows = []
    for group in left_out_groups(len(cloud), n_groups, seed, which):
        factor = reduced(unit_cloud(np.delete(cloud, group, axis=0)))
        rows.append([0.0 if i == which else squared_distance_of_units(factor, f) for i, f in enumerate(factors)])
    return np.array(rows)


def _jackknife(
    clouds: list[Floats], values: Mapping[str, Any], n_groups: int, seed: int, run: Mapping[str, Any]
) -> dict[str, Any]:
    """Standard errors of each pair (variances of both manifolds added) and of the mean over pairs."""
    left_out = run_units(leave_groups_out, [(clouds, i, n_groups, seed) for i in range(len(clouds))], **run)
    n = len(clouds)
    found: dict[str, Any] = {}
    for name, transform, upper in (("distance", np.sqrt, np.sqrt(2.0)), ("distance_squared", np.asarray, 2.0)):
        pairs, total = np.zeros((n, n)), 0.0
        for which, squared in enumerate(left_out):
            rows = transform(squared)
            variance = jackknife_error(rows) ** 2
            pairs[which] += variance
            pairs[:, which] += variance
            total += float(jackknife_error(rows.sum(axis=1) / (n * (n - 1) / 2))) ** 2
        np.fill_diagonal(pairs, 0.0)
        smallest = min(n_groups, *(len(cloud) for cloud in clouds))
        bounds = np.clip(jackknife_interval(values[f"mean_{name}"], np.sqrt(total), smallest), 0.0, upper)
        found |= {f"{name}_jackknife_error": (PAIR, np.sqrt(pairs)), f"mean_{name}_ci": ("bound", bounds)}
    return found


def _nulls(given: Manifolds) -> dict[str, Any]:
    """What chance gives for the numbers beside it."""
    return {
        "null_variance_share": expected_variance_share(given.n_manifolds, given.n_neuroids),
        "null_center_correlation": expected_center_correlation(given.n_manifolds),
        "null_alignment": float(1.0 / np.sqrt(given.n_neuroids)),
    }


def _dataset(values: Mapping[str, Any], names: Sequence[str]) -> xr.Dataset:
    coords: dict[str, Any] = {"manifold": list(names), "other_manifold": list(names)}
    if any(str(name).endswith("_ci") for name in values):
        coords["bound"] = ["low", "high"]
    return xr.Dataset(dict(values), coords=coords)
