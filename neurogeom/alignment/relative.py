"""Relative geometry of two systems: are classes placed alike, turned alike, and are stimuli alike."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_option
from neurogeom._core.warnings import UnevenSizesWarning, collect, warn
from neurogeom.alignment.covariance import squared_distances
from neurogeom.alignment.directions import CENTERS, center_correlations, class_centers
from neurogeom.alignment.inputs import Floats, check_cloud
from neurogeom.alignment.matching import common_classes, common_rows
from neurogeom.alignment.rdm import METRICS, dissimilarities, square
from neurogeom.alignment.rdm_comparison import pearson
from neurogeom.alignment.results import KUOCH
from neurogeom.manifolds import Manifolds, as_manifolds
from neurogeom.results import Result, make_settings, register
from neurogeom.statistics import permutation_p_value


@register
class RelativeGeometry(Result):
    """Similarities of two systems in the position and the alignment of their classes, and stimulus by stimulus."""

    kind = "alignment.relative_geometry"
    title = "Relative geometry of two systems (1 = same)"
    headline = ("position_similarity", "alignment_similarity", "rsa_similarity", "position_p", "alignment_p", "rsa_p")
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "position_similarity": ("position similarity (class centers)", ""),
        "alignment_similarity": ("alignment similarity (covariances)", ""),
        "rsa_similarity": ("RSA, stimulus by stimulus", ""),
        "position_p": ("p of position (classes permuted)", ""),
        "alignment_p": ("p of alignment (classes permuted)", ""),
        "rsa_p": ("p of RSA (stimuli permuted)", ""),
    }

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the three similarities with their nulls.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        **options
            For :func:`neurogeom.alignment.plots.plot_relative`.

        Returns
        -------
        matplotlib Axes
        """
        from neurogeom.alignment import plots, plots_across

        draw = plots_across.plot_across if plots_across.is_joined(self) else plots.plot_relative
        return draw(self, ax=ax, **options)


def relative_geometry(
    system_1: Any,
    system_2: Any,
    *,
    centers: str = "cosine_centered",
    squared: bool = False,
    rsa: bool = True,
    metric: str = "correlation",
    n_permutations: int = 1000,
    uncertainty: str | None = None,
    n_bootstrap: int = 200,
    seed: int | None = None,
) -> RelativeGeometry:
    """Whether two systems place, turn and spread the same classes alike; numbers of neuroids may differ.

    Parameters
    ----------
    system_1, system_2 : Manifolds
        The same 4 or more classes (matched by name) and, for RSA, the same stimuli in each (matched by ``stimulus_id``
        where both carry it, else row by row).
    centers : {"cosine_centered", "pearson"}
        Correlation of class centers: cosines after the mean of the centers is removed, as the code of manifold
        capacity theory does (section 3.3 of the paper gives none), or Pearson across neuroids, which is not unchanged
        by rotation.
    squared : bool
        Whether alignment matrices hold d².
    rsa : bool
        Whether stimuli are compared too.
    metric : str
        Dissimilarity of stimuli, as in :func:`rdm`; the paper does not say which.
    n_permutations : int
        Permutations of the classes (of the stimuli for RSA) of the second system for Mantel's p: pairs share classes,
        so that the p of a plain correlation would be far too small. All are used where there are no more than this.
    uncertainty : {"neuroids", None}
        "neuroids" adds a 95 % interval: the estimate with the spread over a bootstrap of the neuroids of both systems.
    n_bootstrap : int
        Bootstrap samples.
    seed : int, optional

    Returns
    -------
    RelativeGeometry
        ``position_similarity``, ``alignment_similarity``, ``rsa_similarity`` (Pearson r of upper triangles, in
        [−1, 1]), each with ``_p`` and the null's mean and sd; the matrices behind them.

    Raises
    ------
    ValueError
        Fewer than 4 classes, different classes or stimuli, a matrix whose off-diagonal entries are all equal.

    References
    ----------
    Kuoch et al. (2024), PMLR 234:395-418, section 3.3; Mantel (1967), Cancer Research 27:209.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> system = Manifolds([rng.normal(size=(10, 6)) + 3 * rng.normal(size=6) for _ in range(5)])
    >>> turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    >>> turned = Manifolds([cloud @ turn for cloud in system.clouds])
    >>> result = relative_geometry(system, turned, seed=0)
    >>> round(result.position_similarity, 6), round(result.alignment_similarity, 6)
    (1.0, 1.0)
    """
    check_option("centers", centers, CENTERS)
    check_option("metric", metric, METRICS)
    check_option("uncertainty", uncertainty or "None", ("None", "neuroids"))
    n_permutations, seed = check_count("n_permutations", n_permutations, minimum=1), resolve_seed(seed)
    with collect() as notes:
        first, second = paired_manifolds(system_1, system_2, rsa=rsa)
        parts = [
            system_matrices(m, centers=centers, squared=squared, metric=metric if rsa else None)
            for m in (first, second)
        ]
        values: dict[str, Any] = {}
        for key, kind in enumerate(parts[0]):
            values |= _compared(kind, parts[0][kind], parts[1][kind], n_permutations, seed, key)
        if uncertainty:
            n_bootstrap = check_count("n_bootstrap", n_bootstrap, minimum=20)
            options = {"centers": centers, "squared": squared, "metric": metric if rsa else None}
            values |= _intervals(first, second, options, values, n_bootstrap, seed)
    data = _dataset(values, parts, first)
    settings = make_settings(
        system_1=system_1, system_2=system_2, centers=centers, squared=squared, rsa=rsa, metric=metric,
        n_permutations=n_permutations, uncertainty=uncertainty, n_bootstrap=n_bootstrap, seed=seed,
        n_used={"classes": first.n_manifolds, "points": int(first.n_points.sum()),
                "neuroids_1": first.n_neuroids, "neuroids_2": second.n_neuroids},
    )  # fmt: skip
    return RelativeGeometry(data, settings, {}, tuple(notes), (KUOCH, "Mantel (1967), Cancer Research 27:209."))


def paired_manifolds(system_1: Any, system_2: Any, *, rsa: bool) -> tuple[Manifolds, Manifolds]:
    """Two checked systems with the same classes, and where asked the same stimuli in one order."""
    systems = [as_manifolds(system, minimum_points=2, purpose="relative geometry") for system in (system_1, system_2)]
    first, second = common_classes(systems[0], systems[1], exact=True)
    if first.n_manifolds < 4:
        raise ValueError(
            f"system_1 has {first.n_manifolds} classes; relative geometry correlates pairs of classes and needs at "
            "least 4 (6 pairs). Compare fewer with covariance_alignment_distance."
        )
    for which, system in enumerate((first, second), start=1):
        for name, cloud in zip(system.names, system.clouds, strict=True):
            check_cloud(cloud, f"class {name!r} of system_{which}")
    if rsa:
        if not ("stimulus_id" in first.point_coords and "stimulus_id" in second.point_coords):
            uneven = np.flatnonzero(first.n_points != second.n_points)
            if len(uneven):
                raise ValueError(
                    f"class {first.names[uneven[0]]!r} has {first.n_points[uneven[0]]} points in system_1 and "
                    f"{second.n_points[uneven[0]]} in system_2, so stimuli cannot be paired. Use rsa=False, or "
                    "responses with a coordinate 'stimulus_id' and match_systems."
                )
        rows = common_rows(first, second, exact=True)
        second = second.select_points(rows[1])
    elif (first.n_points != second.n_points).any():
        warn(
            "classes have different numbers of points in the two systems; alignment distances are biased by these "
            "numbers, so their similarity is lowered. match_systems draws equal numbers.",
            UnevenSizesWarning,
        )
    return first, second


def system_matrices(system: Manifolds, *, centers: str, squared: bool, metric: str | None) -> dict[str, Floats]:
    """Square matrices of one system: center correlations, alignment distances, and dissimilarities of stimuli."""
    matrices = {"position": center_correlations(class_centers(system.clouds), centers)}
    distances = squared_distances(system.clouds)
    matrices["alignment"] = distances if squared else np.sqrt(distances)
    if metric is not None:
        matrices["rsa"] = square(dissimilarities(system.stacked, metric))
    return matrices


def similarity_of_matrices(first: Floats, second: Floats, what: str = "matrix") -> float:
    """Pearson r of two upper triangles; a constant one is refused."""
    upper = np.triu_indices(len(first), 1)
    for which, matrix in enumerate((first, second), start=1):
        entries = matrix[upper]
        if np.ptp(entries) <= 1e-12 * max(float(np.abs(entries).max()), 1e-300):
            raise ValueError(
                f"system_{which} has the same {what} value for all pairs, so nothing can be correlated. "
                "Check that its classes differ."
            )
    return pearson(first[upper], second[upper])


def mantel(first: Floats, second: Floats, n_permutations: int, random: Callable[[int], np.random.Generator]) -> Floats:
    """Similarities after the rows and columns of the second are permuted alike; all orders where there are few."""
    n = len(first)
    upper = np.triu_indices(n, 1)
    if n <= 8 and math.factorial(n) - 1 <= n_permutations:
        orders = (np.array(order) for order in itertools.islice(itertools.permutations(range(n)), 1, None))
    else:
        orders = (random(i).permutation(n) for i in range(n_permutations))
    own = first[upper] - first[upper].mean()
    own = own / np.linalg.norm(own)
    other = second - second[upper].mean()
    scale = np.linalg.norm(other[upper])
    return np.array([own @ other[np.ix_(order, order)][upper] for order in orders]) / scale


_NORMAL_QUANTILE = 1.959963984540054  # 97.5 % of the standard normal
_NAMES = {"position": "center correlation", "alignment": "alignment distance", "rsa": "dissimilarity"}


def _compared(kind: str, first: Floats, second: Floats, n_permutations: int, seed: int, key: int) -> dict[str, Any]:
    """Similarity of two matrices with p and moments of its null."""
    value = similarity_of_matrices(first, second, _NAMES[kind])
    # an RDM of many stimuli costs much more to permute, and its null is narrow
    count = n_permutations if len(first) <= 200 else min(n_permutations, 200)
    draws = mantel(first, second, count, lambda i: generator(seed, 6, key, i))
    return {
        f"{kind}_similarity": value,
        f"{kind}_p": float(permutation_p_value(value, draws)),
        f"{kind}_null_mean": float(draws.mean()),
        f"{kind}_null_sd": float(draws.std()),
    }


def _intervals(
    first: Manifolds,
    second: Manifolds,
    options: Mapping[str, Any],
    values: Mapping[str, Any],
    n_bootstrap: int,
    seed: int,
) -> dict[str, Any]:
    """Intervals from the spread over resampled neuroids of both systems, about the estimates.

    Resampling adds the noise of few neuroids a second time, which lowers every similarity: percentiles would lie below
    the estimate, so only their spread is used, on Fisher's scale.
    """
    draws: dict[str, list[float]] = {}
    for i in range(n_bootstrap):
        parts = []
        for which, system in enumerate((first, second)):
            index = generator(seed, 8, i, which).integers(system.n_neuroids, size=system.n_neuroids)
            parts.append(system_matrices(system.select_neuroids(index), **options))
        for kind in parts[0]:
            draws.setdefault(kind, []).append(similarity_of_matrices(parts[0][kind], parts[1][kind], _NAMES[kind]))
    return {
        f"{kind}_similarity_ci": ("bound", fisher_interval(values[f"{kind}_similarity"], np.array(found)))
        for kind, found in draws.items()
    }


def fisher_interval(estimate: float, draws: Floats) -> Floats:
    """Normal interval of 95 % about a correlation, with the spread of its resampled values, on Fisher's scale."""
    inside = 1.0 - 1e-12
    spread = float(np.std(np.arctanh(np.clip(draws, -inside, inside)), ddof=1))
    middle = float(np.arctanh(np.clip(estimate, -inside, inside)))
    return np.tanh([middle - _NORMAL_QUANTILE * spread, middle + _NORMAL_QUANTILE * spread])


def _dataset(values: Mapping[str, Any], parts: list[dict[str, Floats]], first: Manifolds) -> xr.Dataset:
    """Numbers and the class matrices of both systems."""
    dims = ("system", "manifold", "other_manifold")
    variables: dict[str, Any] = dict(values)
    variables["center_correlation"] = (dims, np.stack([part["position"] for part in parts]))
    variables["distance"] = (dims, np.stack([part["alignment"] for part in parts]))
    coords: dict[str, Any] = {"system": [1, 2], "manifold": list(first.names), "other_manifold": list(first.names)}
    if any(str(name).endswith("_ci") for name in values):
        coords["bound"] = ["low", "high"]
    return xr.Dataset(variables, coords=coords)
