"""Dimensions of point clouds that ask for no classes: participation ratio, effective rank, two nearest neighbors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from neurogeom._core.parallel import run_units, single_threaded_blas
from neurogeom._core.random import resolve_seed
from neurogeom._core.validation import as_responses_2d, check_option, check_real
from neurogeom._core.warnings import DegenerateInputWarning, collect, warn
from neurogeom.capacity.resampling import Replicate, described, make_plan
from neurogeom.capacity.results import DimensionResult
from neurogeom.capacity.uncertainty import add_intervals
from neurogeom.manifolds import Manifolds, as_manifolds

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["effective_rank", "participation_ratio", "two_nn"]

REFERENCES = (
    "Gao, Trautmann, Yu, Santhanam, Ryu, Shenoy and Ganguli (2017), A theory of multineuronal dimensionality, bioRxiv.",
    "Roy and Vetterli (2007), The effective rank: a measure of effective dimensionality, EUSIPCO.",
    "Facco, d'Errico, Rodriguez and Laio (2017), Estimating the intrinsic dimension of datasets by a minimal "
    "neighborhood information, Scientific Reports.",
)
_BLOCK = 1024  # rows of distances held at once
_CANDIDATES = 4  # nearest by the fast distances, of which the exact ones give the two nearest


def dimensions(
    manifolds: Manifolds | ArrayLike,
    labels: ArrayLike | str | None = None,
    *,
    measures: Sequence[str] = ("participation_ratio", "effective_rank", "two_nn"),
    uncertainty: str | None = None,
    n_resamples: int | None = None,
    level: float = 0.95,
    seed: int | None = None,
    n_jobs: int | None = None,
    progress: bool | str = False,
) -> DimensionResult:
    """Dimensions of each manifold, their mean, and the dimensions of all points together.

    Parameters
    ----------
    manifolds : Manifolds, list of arrays (points, neuroids), or responses (presentations, neuroids)
        At least 3 points per manifold.
    labels : array (presentations,) or str, optional
        Class of each presentation, or the name of its coordinate, when responses are given.
    measures : sequence of {"participation_ratio", "effective_rank", "two_nn"}
        What to compute.
    uncertainty : {None, "neuroids", "subjects", "points", "trials"}
        Adds intervals ``_ci`` over neuroids (bootstrap; of subjects first), points, or trials (delete-group jackknife).
    n_resamples : int, optional
        Bootstrap resamples (100 if not given) or jackknife refits (20).
    level : float
        Of the intervals.
    seed : int, optional
        Of the resamples.
    n_jobs : int, optional
        Workers, all cores if not given.
    progress : bool or str
        Show a bar over resamples.

    Returns
    -------
    DimensionResult
        For each measure x: ``x`` (mean over manifolds), ``manifold_x``, and ``total_x`` of all points together.

    Raises
    ------
    TypeError, ValueError
        For wrong input, or a manifold with fewer than 3 points.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> result = dimensions([rng.normal(size=(50, 3)) @ rng.normal(size=(3, 20)) for _ in range(2)], seed=0)
    >>> bool((result.manifold_participation_ratio < 3).all())
    True
    """
    arguments = dict(locals())
    with collect() as notes:
        names = [check_option("measures", name, tuple(_MEASURES)) for name in measures]
        seed = resolve_seed(seed)
        found = as_manifolds(manifolds, labels, minimum_points=3, purpose="dimension")
        plan = make_plan(found, uncertainty, n_resamples=n_resamples, level=level, seed=seed, minimum_points=3)
        data = _pack(found, _values(found, names, n_jobs))
        measured = [str(name) for name in data.data_vars if name != "manifold_n_points"]
        data, diagnostics = add_intervals(
            data, lambda one: _again(one, names), plan, variables=measured, n_jobs=n_jobs, progress=progress
        )
    settings = described(arguments, manifolds=found, measures=names, seed=seed)
    return DimensionResult(data, settings | plan.settings, diagnostics, tuple(notes), REFERENCES)


def participation_ratio(points: Manifolds | ArrayLike) -> float | NDArray[np.float64]:
    r"""Participation ratio of the variances along principal axes, :math:`(\sum_i \lambda_i)^2 / \sum_i \lambda_i^2`.

    Parameters
    ----------
    points : array (n, N) or Manifolds
        One cloud, or several.

    Returns
    -------
    float or array (P,)
        Between 1 and min(n − 1, N); of Manifolds one for each.

    Raises
    ------
    TypeError, ValueError
        For arrays that are no cloud of 2 points or more.

    Notes
    -----
    :math:`\lambda` are the eigenvalues of the covariance. Few points make it too low: n isotropic points in N
    dimensions have about :math:`1 / (1/N + 1/n)`. NaN, with a warning, where all points are the same.

    References
    ----------
    Gao et al. (2017).

    Examples
    --------
    >>> import numpy as np
    >>> round(participation_ratio(np.vstack([np.eye(4), -np.eye(4)])), 12)
    4.0
    """
    return _over_clouds(_participation_ratio, points)


def effective_rank(points: Manifolds | ArrayLike, *, spectrum: str = "singular_values") -> float | NDArray[np.float64]:
    r"""Exponential of the entropy of the normalized spectrum of a centered cloud.

    Parameters
    ----------
    points : array (n, N) or Manifolds
        One cloud, or several.
    spectrum : {"singular_values", "variances"}
        Singular values as Roy and Vetterli have it, or their squares, which weigh large axes more.

    Returns
    -------
    float or array (P,)
        Between 1 and min(n − 1, N); of Manifolds one for each.

    Raises
    ------
    TypeError, ValueError
        For arrays that are no cloud of 2 points or more, or an unknown spectrum.

    Notes
    -----
    :math:`\exp(-\sum_i p_i \ln p_i)`, :math:`p_i = \sigma_i / \sum_j \sigma_j`. NaN, with a warning, where all points
    are the same.

    References
    ----------
    Roy and Vetterli (2007), definition 1.

    Examples
    --------
    >>> import numpy as np
    >>> round(effective_rank(np.vstack([np.eye(4), -np.eye(4)])), 12)
    4.0
    """
    power = {"singular_values": 1, "variances": 2}[check_option("spectrum", spectrum, ("singular_values", "variances"))]
    return _over_clouds(lambda cloud: _effective_rank(cloud, power), points)


def two_nn(points: Manifolds | ArrayLike, *, fraction: float = 0.9) -> float | NDArray[np.float64]:
    r"""Intrinsic dimension from the ratio of the distances to the two nearest neighbors of each point.

    Parameters
    ----------
    points : array (n, N) or Manifolds
        One cloud, or several; equal points count once.
    fraction : float
        Share of the smallest ratios that the line is fitted to, between 0 and 1; 1 keeps all.

    Returns
    -------
    float or array (P,)
        Of Manifolds one for each.

    Raises
    ------
    TypeError, ValueError
        For arrays that are no cloud of 3 points or more, or a fraction out of range.

    Warns
    -----
    DegenerateInputWarning
        Where points are equal (they are merged), or fewer than 3 differ (then NaN).

    Notes
    -----
    With :math:`\mu_i = r_{2,i} / r_{1,i}` sorted, the dimension is the slope, through the origin, of
    :math:`-\ln(1 - i/n)` against :math:`\ln \mu_i`. It measures the dimension at the scale of the nearest neighbors.

    References
    ----------
    Facco et al. (2017), whose authors leave out the largest tenth of the ratios.

    Examples
    --------
    >>> import numpy as np
    >>> plane = np.random.default_rng(0).uniform(size=(2000, 2)) @ np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    >>> bool(abs(two_nn(plane) - 2) < 0.2)
    True
    """
    fraction = check_real("fraction", fraction, minimum=0.0, maximum=1.0)
    if fraction == 0.0:
        raise ValueError("fraction=0 leaves nothing to fit; 0.9 is usual.")
    return _over_clouds(lambda cloud: _two_nn(cloud, fraction), points, minimum=3)


def _over_clouds(
    function: Callable[[NDArray[np.float64]], float], points: Manifolds | ArrayLike, minimum: int = 2
) -> float | NDArray[np.float64]:
    """The function of one cloud, or of each of several."""
    several = isinstance(points, Manifolds)
    clouds = points.clouds if isinstance(points, Manifolds) else (as_responses_2d(points, name="points"),)
    for number, cloud in enumerate(clouds):
        if len(cloud) < minimum:
            name = f"points[{number}]" if several else "points"
            raise ValueError(f"{name} has {len(cloud)} points; at least {minimum} are needed for a dimension.")
    with single_threaded_blas():
        found = np.array([function(cloud) for cloud in clouds])
    return found if several else float(found[0])


def _singular_values(cloud: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the centered cloud; empty where all points are the same but for rounding."""
    values = np.linalg.svd(cloud - cloud.mean(axis=0), compute_uv=False)
    if values[0] <= np.finfo(float).eps * max(cloud.shape) * np.abs(cloud).max():
        _warn_no_extent("all points are the same")
        return np.empty(0)
    return values / values[0]


def _participation_ratio(cloud: NDArray[np.float64]) -> float:
    variances = _singular_values(cloud) ** 2
    return float(variances.sum() ** 2 / np.sum(variances**2)) if len(variances) else np.nan


def _effective_rank(cloud: NDArray[np.float64], power: int) -> float:
    spectrum = _singular_values(cloud) ** power
    shares = spectrum[spectrum > 0] / spectrum.sum() if len(spectrum) else spectrum
    return float(np.exp(-np.sum(shares * np.log(shares)))) if len(shares) else np.nan


def _two_nn(cloud: NDArray[np.float64], fraction: float) -> float:
    different = np.unique(cloud, axis=0)
    if len(different) < len(cloud):
        warn(
            f"{len(cloud) - len(different)} of {len(cloud)} points are equal to others; two_nn counts them once.",
            DegenerateInputWarning,
        )
    if len(different) < 3:
        _warn_no_extent(f"only {len(different)} points differ")
        return np.nan
    first, second = _two_nearest(different).T
    known = first > 0.0  # squares of tiny distances may vanish
    ratio = np.sort(np.log(second[known] / first[known]))
    n = len(ratio)
    n_used = min(max(1, int(np.floor(fraction * n))), n - 1)  # the largest has 1 − i/n = 0
    if n < 2 or ratio[n_used - 1] == 0.0:
        _warn_no_extent("nearest neighbors all lie at the same distance")
        return np.nan
    height = -np.log1p(-np.arange(1, n_used + 1) / n)
    return float(np.sum(height * ratio[:n_used]) / np.sum(ratio[:n_used] ** 2))


def _two_nearest(cloud: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances (n, 2) to the two nearest other points: found by products, then measured exactly."""
    centered = cloud - cloud.mean(axis=0)
    squares = np.einsum("ij,ij->i", centered, centered)
    n_near = min(_CANDIDATES, len(cloud) - 1)
    nearest = np.empty((len(cloud), 2))
    for start in range(0, len(cloud), _BLOCK):
        rows = centered[start : start + _BLOCK]
        distance = squares[None, :] - 2.0 * rows @ centered.T
        distance[np.arange(len(rows)), start + np.arange(len(rows))] = np.inf
        near = np.argpartition(distance, n_near - 1, axis=1)[:, :n_near]
        exact = np.linalg.norm(centered[near] - rows[:, None, :], axis=2)
        nearest[start : start + _BLOCK] = np.sort(exact, axis=1)[:, :2]
    return nearest


def _warn_no_extent(reason: str) -> None:
    warn(f"a dimension is undefined: {reason}. It is returned as NaN.", DegenerateInputWarning)


def _values(manifolds: Manifolds, names: Sequence[str], n_jobs: int | None) -> dict[str, NDArray[np.float64]]:
    """Each measure of each manifold, of all points, and the mean over manifolds."""
    units = [(_MEASURES[name], cloud) for name in names for cloud in (*manifolds.clouds, manifolds.stacked)]
    found = np.reshape(run_units(_call, units, n_jobs=n_jobs), (len(names), -1))
    values: dict[str, Any] = {}
    for name, row in zip(names, found):
        values |= {name: row[:-1].mean(), f"total_{name}": row[-1], f"manifold_{name}": row[:-1]}
    return values


def _call(function: Callable[[NDArray[np.float64]], float], cloud: NDArray[np.float64]) -> float:
    return function(cloud)


def _again(replicate: Replicate, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    return _values(replicate.manifolds, names, 1)


def _pack(manifolds: Manifolds, values: Mapping[str, Any]) -> xr.Dataset:
    dims = {name: ("manifold",) if name.startswith("manifold_") else () for name in values}
    variables: dict[str, Any] = {name: (dims[name], np.asarray(value)) for name, value in values.items()}
    variables["manifold_n_points"] = (("manifold",), np.asarray(manifolds.n_points))
    return xr.Dataset(variables, coords={"manifold": np.array(manifolds.names, dtype=object)})


_MEASURES: dict[str, Callable[[NDArray[np.float64]], float]] = {
    "participation_ratio": _participation_ratio,
    "effective_rank": lambda cloud: _effective_rank(cloud, 1),
    "two_nn": lambda cloud: _two_nn(cloud, 0.9),
}
