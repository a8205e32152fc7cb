"""Mean-field capacity, radius and dimension of each manifold, and of all together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from neurogeom import kernels
from neurogeom._core.memory import require_memory
from neurogeom._core.parallel import run_units
from neurogeom._core.random import resolve_seed
from neurogeom._core.validation import MOST, as_responses_2d, check_count, check_option, check_real
from neurogeom._core.warnings import ConvergenceWarning, DegenerateInputWarning, collect, warn
from neurogeom.capacity import low_rank
from neurogeom.capacity.mean_field_samples import Draws, draw_own, draw_replicate
from neurogeom.capacity.own_axes import OwnAxes, anchors, geometry, own_axes, value_and_error
from neurogeom.capacity.resampling import Replicate, described, make_plan
from neurogeom.capacity.results import MeanFieldResult
from neurogeom.capacity.uncertainty import add_intervals
from neurogeom.manifolds import Manifolds, as_manifolds
from neurogeom.recordings.windows import check_time, over_time

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

REFERENCES = (
    "Chung, Lee and Sompolinsky (2018), Classification and geometry of general perceptual manifolds, PRX.",
    "Cohen, Chung, Lee and Sompolinsky (2020), Separability and geometry of object manifolds in deep neural networks, "
    "Nature Communications.",
)
CORRECTIONS = ("low_rank",)
GEOMETRY = ("radius", "dimension", "dimension_published")
_BOUND = 1e-9  # relative excess of an exact bound that rounding may cause


@dataclass(frozen=True)
class Options:
    """What the measure needs beside manifolds and samples, checked."""

    margin: float
    center_correction: str | None
    backend: str
    n_samples: int
    seed: int


@dataclass(frozen=True)
class Measured:
    """Values, Monte-Carlo errors and checks of one set of manifolds."""

    values: dict[str, NDArray[np.float64]]
    errors: dict[str, NDArray[np.float64]]
    objective: NDArray[np.float64]
    own: tuple[OwnAxes, ...]
    draws: tuple[Draws, ...]
    diagnostics: dict[str, Any]
    backend: str


def mean_field(
    manifolds: Manifolds | ArrayLike,
    labels: ArrayLike | str | None = None,
    *,
    margin: float = 0.0,
    n_samples: int = 300,
    center_correction: str | None = None,
    t: Sequence[ArrayLike] | None = None,
    uncertainty: str | None = None,
    n_resamples: int | None = None,
    level: float = 0.95,
    window: float | None = None,
    step: float | None = None,
    seed: int | None = None,
    backend: str = "auto",
    n_jobs: int | None = None,
    progress: bool | str = False,
) -> MeanFieldResult:
    r"""Mean-field capacity, radius and dimension of manifolds with independent random labels.

    Each manifold is taken alone, relative to the mean of all points and in units of its center's norm.

    Parameters
    ----------
    manifolds : Manifolds, list of arrays (points, neuroids), or responses (presentations, neuroids)
        At least 2 manifolds of at least 2 points each.
    labels : array (presentations,) or str, optional
        Class of each presentation, or the name of its coordinate, when responses are given.
    margin : float
        κ >= 0, in units of the norm of each manifold's center.
    n_samples : int
        Gaussian vectors for each manifold.
    center_correction : {None, "low_rank"}
        ``"low_rank"`` first projects out directions that the centers share (:mod:`neurogeom.capacity.low_rank`); meant
        for many manifolds, more than about 30. With an `uncertainty` it is done anew in every resample.
    t : sequence of P arrays (n_samples, D_μ + 1), optional
        Gaussian vectors to use in place of drawn ones, one array for each manifold, in its own coordinates: one column
        for each of its axes in the order of their singular values (D_μ is ``manifold_affine_rank``), then the component
        along the center. Their rows set the number of samples.
    uncertainty : {None, "neuroids", "subjects", "points", "trials"}
        Adds intervals ``_ci`` over neuroids (bootstrap; of subjects first, with as few degrees of freedom as these
        leave), points, or trials (delete-group jackknife); they include the Monte-Carlo error.
    n_resamples : int, optional
        Bootstrap resamples (100 if not given) or jackknife refits (20).
    level : float
        Of the intervals.
    window, step : float, optional
        For responses (presentations, neuroids, time_bin): length of a window and from one to the next, usually in ms;
        each time bin by itself if not given. The result has a leading dimension ``time``, with the same
        Gaussian vectors in all windows (:func:`neurogeom.recordings.over_time`).
    seed : int, optional
        Root seed; the same seed gives the same numbers to the last bit.
    backend : {"auto", "cpu", "reference"}
        Kernels to use.
    n_jobs : int, optional
        Workers, all cores if not given. The numbers do not depend on it.
    progress : bool or str
        Show a bar over resamples.

    Returns
    -------
    MeanFieldResult
        ``capacity`` (manifolds per neuroid; harmonic mean over manifolds), ``radius`` (relative to the center's norm),
        ``dimension`` (counts the affine rank) and ``dimension_published`` (the convention of the published codes;
        arithmetic means), each with its Monte-Carlo error ``_se``, and the same per manifold as ``manifold_…``;
        ``manifold_affine_rank``, ``manifold_n_points``; ``n_center_components`` K removed and the mean absolute
        correlation of centers before and after, ``center_correlation``, ``center_correlation_corrected``;
        ``sample_objective`` F of each manifold and sample.

    Raises
    ------
    TypeError, ValueError
        For wrong input; for single points; for a manifold whose center is zero; for sizes that do not fit in memory.
    RuntimeError
        If a bound that holds for every sample is broken, which would be a defect.

    Warns
    -----
    DegenerateInputWarning
        Where the points of a manifold are all the same.

    Notes
    -----
    With rows S = (point, 1) of a manifold in its own coordinates and t standard normal in D + 1 dimensions,

    .. math::
        F = \min_{S v \le -\kappa} \|v - t\|^2 = \|S^T\lambda\|^2, \quad \alpha = \frac{1}{E[F]}, \quad
        s = \frac{S^T\lambda}{\sum\lambda}, \quad R^2 = E\|s - E s\|^2, \quad D_{eff} = D\,(E\cos(t, s))^2

    over the first D coordinates of t and s. Because of the column of ones, κ shifts the last coordinate of t. At κ = 0,
    1/(D + 1) <= α <= 2. Duplicating points changes the result: it moves the center.

    References
    ----------
    Chung, Lee and Sompolinsky (2018); Cohen, Chung, Lee and Sompolinsky (2020).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> clouds = [center + 0.3 * rng.normal(size=(10, 30)) for center in rng.normal(size=(6, 30))]
    >>> result = mean_field(clouds, n_samples=100, seed=1)
    >>> bool(1 / 10 <= result.capacity <= 2), result.manifold_affine_rank.values
    (True, array([9, 9, 9, 9, 9, 9]))
    """
    arguments = dict(locals())
    if check_time(manifolds, window, step):
        return over_time(mean_field, **arguments)
    with collect() as notes:
        options = _check(margin, n_samples, center_correction, backend, seed)
        found = as_manifolds(manifolds, labels, minimum_points=2, purpose="mean-field geometry")
        plan = make_plan(found, uncertainty, n_resamples=n_resamples, level=level, seed=options.seed, minimum_points=2)
        _require(found, options)
        measured = measure(found, options, t=t, n_jobs=n_jobs)
        options = replace(options, n_samples=measured.objective.shape[1])
        data = _pack(found, measured)
        data, more = add_intervals(
            data, partial(_again, options=options, base=measured), plan, n_jobs=n_jobs, progress=progress
        )
        _warn(measured, found.names)
    resolved = {"seed": options.seed, "n_samples": options.n_samples, "backend": measured.backend}
    settings = described(arguments, manifolds=found, **resolved)
    return MeanFieldResult(data, settings | plan.settings, measured.diagnostics | more, tuple(notes), REFERENCES)


def measure(
    manifolds: Manifolds,
    options: Options,
    *,
    t: Sequence[ArrayLike] | None = None,
    replicate: Replicate | None = None,
    base: Measured | None = None,
    n_jobs: int | None = None,
) -> Measured:
    """Values and Monte-Carlo errors of checked manifolds; the numbers do not depend on ``n_jobs``.

    Parameters
    ----------
    manifolds : Manifolds
        At least 2, of at least 2 points.
    options : Options
        Checked.
    t : sequence of arrays, optional
        As in :func:`mean_field`.
    replicate, base : Replicate and Measured, optional
        For resampled manifolds: which samples to use, and what the estimate used.
    n_jobs : int, optional
        Workers.

    Returns
    -------
    Measured
    """
    [(clouds, centers)] = run_units(_prepare, [(manifolds, options)], n_jobs=1)
    largest = float(np.sqrt(max(np.einsum("ij,ij->i", cloud, cloud).max() for cloud in clouds)))
    own = _with_centers(manifolds.names, run_units(own_axes, [(cloud, largest) for cloud in clouds], n_jobs=n_jobs))
    if t is not None:
        draws = _given(t, manifolds.names, own, options.seed)
    elif replicate is not None and base is not None:
        again = [
            (options.n_samples, options.seed, i, replicate, base.own[i], base.draws[i], one)
            for i, one in enumerate(own)
        ]
        draws = run_units(draw_replicate, again, n_jobs=n_jobs)
    else:
        units = [(options.n_samples, options.seed, i, one) for i, one in enumerate(own)]
        draws = run_units(draw_own, units, n_jobs=n_jobs)
    return _solve(own, draws, centers, options, n_jobs)


def resampled_mean_field(
    manifolds: Manifolds,
    *,
    seed: int,
    margin: float = 0.0,
    n_samples: int = 300,
    center_correction: str | None = None,
    t: Sequence[ArrayLike] | None = None,
    backend: str = "auto",
    n_jobs: int | None = None,
) -> Callable[[Replicate], dict[str, NDArray[np.float64]]]:
    """The measure as a function of resamples, for comparisons.

    Parameters
    ----------
    manifolds : Manifolds
        What is resampled.
    seed, margin, n_samples, center_correction, t, backend, n_jobs
        As for :func:`mean_field`.

    Returns
    -------
    callable
        From a resample to values by name.
    """
    options = _check(margin, n_samples, center_correction, backend, seed)
    base = measure(manifolds, options, t=t, n_jobs=n_jobs)
    return partial(_again, options=replace(options, n_samples=base.objective.shape[1]), base=base)


def _check(margin: float, n_samples: int, center_correction: str | None, backend: str, seed: int | None) -> Options:
    if center_correction is not None:
        check_option("center_correction", center_correction, CORRECTIONS)
    kernels.resolve_backend(backend, 2, 2, 2)
    return Options(
        margin=check_real("margin", margin, minimum=0.0, maximum=MOST),
        center_correction=center_correction,
        backend=backend,
        n_samples=check_count("n_samples", n_samples, minimum=2),
        seed=resolve_seed(seed),
    )


def _require(manifolds: Manifolds, options: Options) -> None:
    """Refuse what would not fit, before it is allocated."""
    sizes, n_neuroids = manifolds.n_points.astype(float), manifolds.n_neuroids
    ranks = np.minimum(sizes, n_neuroids)
    cloud = 3.0 * sizes.sum() * n_neuroids + np.sum(ranks * n_neuroids)
    samples = 3.0 * options.n_samples * np.sum(ranks + 1.0)
    require_memory(
        8.0 * (cloud + samples + np.sum(sizes**2) + 2.0 * options.n_samples * sizes.max()),
        f"mean_field of {len(sizes)} manifolds with {int(sizes.sum())} points, {n_neuroids} neuroids and "
        f"{options.n_samples} samples",
        "Use fewer samples (n_samples), fewer neuroids (manifolds.project), or fewer points (manifolds.subsample).",
    )


def _prepare(manifolds: Manifolds, options: Options) -> tuple[list[NDArray[np.float64]], low_rank.LowRank]:
    """Points from the mean of all points, without shared directions of the centers where that is asked for."""
    origin = manifolds.stacked.mean(axis=0)
    clouds = [cloud - origin for cloud in manifolds.clouds]
    means = np.stack([cloud.mean(axis=0) for cloud in clouds])
    if options.center_correction is None:
        rows = means - means.mean(axis=0)
        found = low_rank.LowRank(np.empty((means.shape[1], 0)), np.array([low_rank.mean_correlation(rows)]))
    else:
        found = low_rank.shared_directions(means, seed=options.seed)
    return [found.remove(cloud) for cloud in clouds], found


def _with_centers(names: Sequence[str], own: Sequence[OwnAxes | None]) -> list[OwnAxes]:
    """The axes, none of which is missing because the center is zero."""
    zero = [i for i, one in enumerate(own) if one is None]
    if zero:
        raise ValueError(
            f"manifolds[{zero[0]}] ({names[zero[0]]!r}) has its center at the mean of all points "
            f"({len(zero)} of {len(names)} manifolds do); mean-field geometry is relative to the norm of the center, "
            "so it is undefined. Leave it out with manifolds.select_manifolds, or use glue."
        )
    return [one for one in own if one is not None]


def _given(t: Sequence[ArrayLike], names: Sequence[str], own: Sequence[OwnAxes], seed: int) -> list[Draws]:
    """Gaussian vectors handed in, checked; the extra squared lengths are drawn."""
    if isinstance(t, np.ndarray) and t.ndim != 3 or not hasattr(t, "__len__"):
        raise ValueError(f"t needs one array (n_samples, D + 1) for each of the {len(own)} manifolds, in a list.")
    if len(t) != len(own):
        raise ValueError(f"t has {len(t)} arrays, there are {len(own)} manifolds. Give one (n_samples, D + 1) each.")
    targets = [as_responses_2d(one, name=f"t[{i}]") for i, one in enumerate(t)]
    for i, (one, axes) in enumerate(zip(targets, own)):
        if one.shape[1] != axes.affine_rank + 1 or len(one) != len(targets[0]) or len(one) < 2:
            raise ValueError(
                f"t[{i}] has shape {one.shape}; manifold {names[i]!r} has affine rank {axes.affine_rank}, so it needs "
                f"shape (n_samples, {axes.affine_rank + 1}), with the same n_samples >= 2 for every manifold."
            )
    return [replace(draw_own(len(one), seed, i, axes), targets=one) for i, (one, axes) in enumerate(zip(targets, own))]


def _solve(
    own: Sequence[OwnAxes], draws: Sequence[Draws], centers: low_rank.LowRank, options: Options, n_jobs: int | None
) -> Measured:
    """Project all samples of all manifolds and reduce them to geometry."""
    # because of the column of ones, a margin is a shift of the last coordinate of t
    shifted = [
        draw.targets + options.margin * np.eye(1, draw.targets.shape[1], draw.targets.shape[1] - 1) for draw in draws
    ]
    solutions = kernels.project_many([one.rows for one in own], shifted, backend=options.backend, n_jobs=n_jobs)
    for one, target, solution in zip(own, shifted, solutions):
        _check_bounds(one, target, solution)
    units = list(zip(own, shifted, solutions, draws))
    found = run_units(_geometry, units, n_jobs=n_jobs)
    objective = np.stack([solution.objective for solution in solutions])
    values, errors = _capacities(objective)
    for name in GEOMETRY:
        replicated = np.stack([getattr(one, name) for one in found])
        values[name], errors[name] = value_and_error(replicated.mean(axis=0))
        pairs = np.array([value_and_error(one) for one in replicated])
        values[f"manifold_{name}"], errors[f"manifold_{name}"] = pairs.T
    values |= {
        "manifold_affine_rank": np.array([one.affine_rank for one in own]),
        "n_center_components": np.asarray(centers.n_components),
        "center_correlation": np.asarray(centers.correlation),
        "center_correlation_corrected": np.asarray(centers.correlation_corrected),
    }
    residual = np.concatenate([solution.residual for solution in solutions])
    diagnostics = {
        "max_residual": float(residual.max()),
        "n_inexact": int(np.count_nonzero(~(residual <= kernels.CERTIFIED))),
        "n_fallback": sum(solution.n_fallback for solution in solutions),
        "n_interior": int(np.count_nonzero(objective == 0.0)),
        "center_correlation_by_components": centers.residuals.tolist(),
    }
    return Measured(values, errors, objective, tuple(own), tuple(draws), diagnostics, solutions[0].backend)


def _geometry(own: OwnAxes, shifted: NDArray, solution: kernels.ConeSolution, draws: Draws) -> Any:
    found = anchors(own, shifted, solution.multipliers)
    return geometry(own, found, shifted, draws.extra)


def _capacities(objective: NDArray[np.float64]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Capacity of each manifold and their harmonic mean, with errors from the standard deviation of F (P, k)."""
    n_samples = objective.shape[1]
    stacked = np.vstack([objective.mean(axis=0), objective])
    mean, spread = stacked.mean(axis=1), stacked.std(axis=1, ddof=1)
    capacity = np.divide(1.0, mean, out=np.full_like(mean, np.nan), where=mean > 0.0)
    error = capacity**2 * spread / np.sqrt(n_samples)
    values = {"capacity": capacity[0], "manifold_capacity": capacity[1:]}
    return values, {"capacity": error[0], "manifold_capacity": error[1:]}


def _check_bounds(own: OwnAxes, targets: NDArray[np.float64], solution: kernels.ConeSolution) -> None:
    """F lies between that of the center alone and that of a cone of one point; their means are 1/2 and D + 1."""
    squared = np.einsum("ij,ij->i", targets, targets)
    least = np.maximum(targets[:, -1], 0.0) ** 2
    # certificates hold for rows of unit length, bounds along the center, which is a small part of a long row
    slack = _BOUND * (1.0 + squared) * np.sqrt(1.0 + np.sum(own.coordinates**2, axis=1).max())
    objective, exact = solution.objective, solution.residual <= kernels.CERTIFIED
    broken = exact & ~((objective >= least - slack) & (objective <= squared + slack))
    if broken.any():
        raise RuntimeError(
            f"F lies outside the bounds 1/(D + 1) <= α <= 2 in {broken.sum()} of {len(squared)} samples. This is a "
            f'defect of back end {solution.backend!r}: please report it, and use backend="reference".'
        )


def _again(replicate: Replicate, options: Options, base: Measured) -> dict[str, NDArray[np.float64]]:
    """Values of resampled manifolds, each worker on its own replicate."""
    return measure(replicate.manifolds, options, replicate=replicate, base=base, n_jobs=1).values


def _pack(manifolds: Manifolds, measured: Measured) -> xr.Dataset:
    variables: dict[str, Any] = {}
    for name, value in measured.values.items():
        dims = ("manifold",) if name.startswith("manifold_") else ()
        variables[name] = (dims, np.asarray(value))
        if name in measured.errors:
            variables[f"{name}_se"] = (dims, np.asarray(measured.errors[name]))
    variables["manifold_n_points"] = (("manifold",), np.asarray(manifolds.n_points))
    variables["sample_objective"] = (("manifold", "sample"), measured.objective)
    return xr.Dataset(variables, coords={"manifold": np.array(manifolds.names, dtype=object)})


def _warn(measured: Measured, names: Sequence[str]) -> None:
    """Say what a reader of the numbers must know."""
    n_inexact = measured.diagnostics["n_inexact"]
    if n_inexact:
        warn(
            f"{n_inexact} of {measured.objective.size} samples were solved less exactly than 1e-9 (largest scaled "
            f'residual {measured.diagnostics["max_residual"]:.1e}). Compare with backend="reference".',
            ConvergenceWarning,
        )
    single = np.flatnonzero(measured.values["manifold_affine_rank"] == 0)
    if len(single):
        first = ", ".join(repr(names[i]) for i in single[:3])
        warn(
            f"{len(single)} of {len(names)} manifolds have points that are all the same (first: {first}): they count "
            "as a single point, with radius and dimension 0.",
            DegenerateInputWarning,
        )
    unknown = np.flatnonzero(np.isnan(measured.values["manifold_capacity"]))
    if len(unknown):
        warn(
            f"manifold_capacity of {len(unknown)} manifolds is undefined (first: {names[unknown[0]]!r}): no sample "
            "meets a constraint. Use more samples (n_samples).",
            DegenerateInputWarning,
        )
