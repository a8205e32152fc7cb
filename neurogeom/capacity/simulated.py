"""Capacity by its definition: in how many random dimensions does a dichotomy separate?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy import special

from neurogeom import kernels
from neurogeom._core.memory import require_memory
from neurogeom._core.parallel import resolve_n_jobs, run_units
from neurogeom._core.random import generator
from neurogeom._core.validation import check_count
from neurogeom._core.warnings import ConvergenceWarning, DegenerateInputWarning, SaturationWarning, collect, warn
from neurogeom.capacity.draws import TARGETS, open_task, settings_of
from neurogeom.capacity.results import SimulatedResult
from neurogeom.capacity.separability import decide
from neurogeom.capacity.span import row_space
from neurogeom.statistics import median_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from neurogeom.manifolds import Manifolds

REFERENCES = (
    "Chung, Lee and Sompolinsky (2018), Classification and geometry of general perceptual manifolds, PRX.",
    "Amelunxen, Lotz, McCoy and Tropp (2014), Living on the edge, Information and Inference (conic geometry).",
)
LEVEL = 0.95
# below this the smallest and largest of all trials do not bracket the median with the level above
MINIMUM_TRIALS = 6


def simulated(
    manifolds: Manifolds | ArrayLike,
    labels: ArrayLike | str | None = None,
    *,
    n_trials: int = 200,
    dichotomies: str | ArrayLike = "balanced",
    origin: str = "given",
    seed: int | None = None,
    n_jobs: int | None = None,
    progress: bool | str = False,
) -> SimulatedResult:
    r"""Capacity by simulation: P over the number of random dimensions in which half of the dichotomies separate.

    In each trial the points are projected on nested Gaussian directions; :math:`n_c` is the smallest number of them in
    which the dichotomy separates strictly through the origin. Separability is monotone in nested dimensions, so
    bisection is exact, and each answer carries a certificate.

    Parameters
    ----------
    manifolds : Manifolds, list of arrays (points, neuroids), or responses (presentations, neuroids)
        Point clouds; single points are accepted.
    labels : array (presentations,) or str, optional
        Class of each presentation, or the name of its coordinate, when responses are given.
    n_trials : int
        Number of trials, each with its own dichotomy and projections; at least 6.
    dichotomies : {"balanced", "random", "one_vs_rest"} or array (K, P) of ±1
        As for :func:`glue`.
    origin : {"given", "mean"}
        As for :func:`glue`.
    seed : int, optional
        Root seed; each trial has generators of its own.
    n_jobs : int, optional
        Workers, all cores if not given. The numbers do not depend on it.
    progress : bool or str
        Show a bar over trials.

    Returns
    -------
    SimulatedResult
        ``capacity`` :math:`= P / n^*` with :math:`n^*` the median of :math:`n_c`, with ``capacity_ci`` from order
        statistics; ``capacity_from_mean`` :math:`= P / (E[n_c] - 1/2)` with ``_se`` and ``_ci``, which is GLUE capacity
        without a bias of size; ``n_critical`` of each trial, infinite for inseparable dichotomies, whose fraction is
        ``fraction_inseparable``; ``n_undecided`` trials without a certificate.

    Raises
    ------
    TypeError, ValueError
        For wrong input.

    Warns
    -----
    SaturationWarning
        When dichotomies are inseparable. The median stays exact while they are fewer than half. The mean then takes
        the general form :math:`E[F] = \sum_{n < r} (1 - p_n) - p_r / 2`, exact for points in general position; for
        others it makes ``capacity_from_mean`` too low.

    References
    ----------
    Chung, Lee and Sompolinsky (2018); Amelunxen et al. (2014), for the link of mean and GLUE capacity.

    Examples
    --------
    >>> import numpy as np
    >>> points = np.random.default_rng(0).normal(size=(10, 1, 12))
    >>> result = simulated(list(points), n_trials=50, seed=1)
    >>> result.n_critical.sizes["trial"], result.fraction_inseparable
    (50, 0.0)
    """
    arguments = dict(locals())
    with collect() as notes:
        n_trials = check_count("n_trials", n_trials, minimum=MINIMUM_TRIALS)
        opened = open_task(
            manifolds, labels, n_samples=n_trials, origin=origin, t=None, seed=seed, purpose="a dichotomy"
        )
        n_manifolds = opened.manifolds.n_manifolds
        signs = opened.signs(dichotomies, n_manifolds)
        critical, undecided, rank = _run(opened.points, opened.membership, signs, opened.seed, n_jobs, progress)
        values = summarize(critical, n_manifolds, rank)
        _warn(values, int(undecided.sum()), n_trials)
    data = xr.Dataset(
        {name: (("bound",) if name.endswith("_ci") else (), value) for name, value in values.items()}
        | {
            "capacity_floor": n_manifolds / rank,
            "rank": rank,
            "n_undecided": int(undecided.sum()),
            "n_critical": (("trial",), critical),
            "trial_dichotomy": (("trial", "manifold"), signs),
            "manifold_n_points": (("manifold",), np.asarray(opened.manifolds.n_points)),
        },
        coords={"bound": ["low", "high"], "manifold": np.array(opened.manifolds.names, dtype=object)},
    )
    diagnostics = {"n_inseparable": int(np.isinf(critical).sum()), "n_undecided": int(undecided.sum())}
    settings = settings_of(arguments, opened, level=LEVEL)
    return SimulatedResult(data, settings, diagnostics, tuple(notes), REFERENCES)


def summarize(critical: NDArray[np.float64], n_manifolds: int, rank: int) -> dict[str, NDArray[np.float64]]:
    r"""Capacities and intervals from the critical dimension of each trial.

    Parameters
    ----------
    critical : array (n_trials,)
        :math:`n_c`, infinite where the dichotomy is inseparable.
    n_manifolds : int
        Number of manifolds P.
    rank : int
        Rank r of the points.

    Returns
    -------
    dict of arrays
        ``capacity``, ``capacity_ci`` (2,), ``capacity_from_mean`` with ``_se`` and ``_ci``, ``fraction_inseparable``.
        A capacity whose median is infinite is NaN; the end of an interval that is infinite in :math:`n_c` is 0. Where
        no dichotomy separates, all are NaN: trials then tell of a bound only, which is ``capacity_floor``.

    Notes
    -----
    With :math:`p_n` the probability to separate in n dimensions, :math:`E[F] = \sum_{n=0}^{r-1} (1 - p_n) - p_r / 2`,
    which is the mean of :math:`\min(n_c, r) - \frac12 [n_c \le r]`, hence :math:`E[n_c] - \frac12` if all separate.

    Examples
    --------
    >>> import numpy as np
    >>> found = summarize(np.array([4.0, 5, 5, 5, 6, 7]), n_manifolds=10, rank=12)
    >>> float(found["capacity"]), found["capacity_ci"].round(3), round(float(found["capacity_from_mean"]), 4)
    (2.0, array([1.429, 2.5  ]), 2.069)
    """
    n_trials = len(critical)
    median = float(np.median(critical))
    low, high = median_interval(critical, level=LEVEL)
    terms = np.minimum(critical, rank) - 0.5 * np.isfinite(critical)
    mean, error = terms.mean(), terms.std(ddof=1) / np.sqrt(n_trials)
    reach = special.ndtri(0.5 + LEVEL / 2) * error
    ends = np.array([mean + reach, mean - reach])
    found = {
        "capacity": np.asarray(n_manifolds / median if np.isfinite(median) else np.nan),
        "capacity_ci": n_manifolds / np.array([high, low]),
        "capacity_from_mean": np.asarray(n_manifolds / mean),
        "capacity_from_mean_se": np.asarray(n_manifolds * error / mean**2),
        "capacity_from_mean_ci": np.where(ends > 0, n_manifolds / np.where(ends > 0, ends, 1.0), np.inf),
        "fraction_inseparable": np.asarray(np.isinf(critical).mean()),
    }
    if np.isinf(critical).all():
        found |= {name: np.full_like(value, np.nan) for name, value in found.items() if name.startswith("capacity")}
    return found


def _run(
    points: NDArray[np.float64],
    membership: NDArray[np.int64],
    signs: NDArray[np.int8],
    seed: int,
    n_jobs: int | None,
    progress: bool | str,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], int]:
    """Critical dimension of each trial, whether a certificate was missing, and the rank of the points."""
    _require(points.shape[0], points.shape[1], resolve_n_jobs(n_jobs))
    space = row_space(points)
    status = decide(points, membership, signs, space, n_jobs=n_jobs)
    # a Gaussian projection of the points is one of their coordinates in the span, which are fewer
    coordinates = np.ascontiguousarray(space.coordinates(points))
    start = min(space.rank, 2 * signs.shape[1])
    trials = np.flatnonzero(status != 0)
    units = [(coordinates, signs[trial, membership], seed, int(trial), start) for trial in trials]
    found = run_units(_critical_dimension, units, n_jobs=n_jobs, progress=progress)
    critical = np.full(len(signs), np.inf)
    undecided = status == -1
    for trial, (dimension, missing) in zip(trials, found, strict=True):
        critical[trial] = dimension
        undecided[trial] |= missing
    return critical, undecided, space.rank


def _require(n_points: int, n_neuroids: int, n_workers: int) -> None:
    """Refuse what would not fit, before it is allocated."""
    largest_rank = min(n_points, n_neuroids)
    per_worker = 4.0 * n_points**2 + 3.0 * n_points * largest_rank + largest_rank**2
    require_memory(
        8.0 * (n_points * n_neuroids + n_points * largest_rank + n_workers * per_worker),
        f"Simulation with {n_points} points and {n_neuroids} neuroids on {n_workers} workers",
        "Use fewer workers (n_jobs), fewer points (manifolds.subsample) or fewer neuroids (manifolds.project).",
    )


def _critical_dimension(
    coordinates: NDArray[np.float64], signs: NDArray[np.int8], seed: int, trial: int, start: int
) -> tuple[float, bool]:
    """One trial: directions are drawn in order, as many as are needed to separate, and nested by construction."""
    rng = generator(seed, trial, TARGETS)
    rank = coordinates.shape[1]
    projected = np.empty((len(coordinates), 0))
    missing = False
    while projected.shape[1] < rank:
        n_new = min(max(start, projected.shape[1]), rank - projected.shape[1])
        directions = rng.standard_normal((n_new, rank))
        projected = np.hstack([projected, coordinates @ directions.T])
        found = kernels.critical_dimension(projected, signs)
        dimension = found.n_critical
        if found.n_undecided:
            dimension, undecided = _bisect_carefully(projected, signs)
            missing |= undecided
        if np.isfinite(dimension):
            return float(dimension), missing
    return np.inf, missing


def _bisect_carefully(projected: NDArray[np.float64], signs: NDArray[np.int8]) -> tuple[float, bool]:
    """The same bisection with the kernels' slower proofs, for the few dichotomies on the edge of separability."""
    low, high, undecided = 0, projected.shape[1] + 1, False
    while high - low > 1:
        # the largest dimension first: without it there is nothing to bisect
        tried = projected.shape[1] if high > projected.shape[1] else (low + high) // 2
        status = kernels.separate(np.ascontiguousarray(projected[:, :tried]), signs[None], n_jobs=1).status[0]
        undecided |= bool(status == -1)
        if status == 1:
            high = tried
        elif tried == projected.shape[1]:
            return np.inf, undecided
        else:
            low = tried
    return float(high), undecided


def _warn(values: dict[str, NDArray[np.float64]], n_undecided: int, n_trials: int) -> None:
    share = float(values["fraction_inseparable"])
    if np.isnan(values["capacity"]):
        warn(
            f"capacity is undefined: {100 * share:.3g} % of dichotomies are inseparable in all dimensions, so their "
            f"median dimension is infinite{', and capacity_from_mean is undefined too' if share == 1 else ''}. Use "
            "fewer points or more neuroids.",
            DegenerateInputWarning,
        )
    elif share > 0:
        warn(
            f"{100 * share:.3g} % of dichotomies are inseparable in all dimensions. The median, hence capacity, is "
            "not affected; capacity_from_mean is exact only for points in general position, and else too low.",
            SaturationWarning,
        )
    if n_undecided:
        warn(
            f"{n_undecided} of {n_trials} trials met a dimension in which separability could not be proved either way; "
            "it was taken as inseparable.",
            ConvergenceWarning,
        )
