"""What carries the capacity: exact effects of points and of the gains of neuroids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy import sparse

from neurogeom._core.memory import require_memory
from neurogeom._core.parallel import run_units
from neurogeom._core.warnings import DegenerateInputWarning, collect, warn
from neurogeom.capacity import derivatives as formulas
from neurogeom.capacity import separability
from neurogeom.capacity.cautions import caution_floor, caution_inexact
from neurogeom.capacity.draws import Opened, open_task, settings_of
from neurogeom.capacity.estimates import Samples
from neurogeom.capacity.resampling import Plan, make_plan
from neurogeom.capacity.results import SensitivityResult
from neurogeom.capacity.solving import Solved, Task, solve
from neurogeom.capacity.uncertainty import add_intervals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from neurogeom.manifolds import Manifolds

REFERENCES = (
    "Milgrom and Segal (2002), Envelope theorems for arbitrary choice sets, Econometrica.",
    "arXiv:2603.01879 (2026), the capacity that is differentiated.",
)
#: Values that get an interval.
RESAMPLED = ("capacity", "neuroid_gain_effect", "manifold_contribution")
# samples of one unit of work
_UNIT = 25


def sensitivity(
    manifolds: Manifolds | ArrayLike,
    labels: ArrayLike | str | None = None,
    *,
    n_samples: int = 200,
    dichotomies: str | ArrayLike = "balanced",
    origin: str = "given",
    t: ArrayLike | None = None,
    uncertainty: str | None = None,
    n_resamples: int | None = None,
    level: float = 0.95,
    seed: int | None = None,
    leave_one_out: bool = False,
    point_gradients: bool = False,
    backend: str = "auto",
    n_jobs: int | None = None,
    progress: bool | str = False,
) -> SensitivityResult:
    r"""Exact sensitivity of GLUE capacity (margin 0) to the gains of neuroids, and contributions of points.

    Parameters
    ----------
    manifolds : Manifolds, list of arrays (points, neuroids), or responses (presentations, neuroids)
        Point clouds.
    labels : array (presentations,) or str, optional
        Class of each presentation, or the name of its coordinate, when responses are given.
    n_samples, t, seed, backend, n_jobs
        As for :func:`glue`: the same seed gives the same samples and the same capacity.
    dichotomies : {"balanced", "random", "one_vs_rest"} or array (K, P) of ±1
        As for :func:`glue`.
    origin : {"given", "mean"}
        As for :func:`glue`. Gains act before centering, which changes nothing for them, since both commute.
    uncertainty : {None, "points", "trials"}
        Adds intervals ``_ci`` of capacity, gain effects and contributions of manifolds, over points or trials
        (delete-group jackknife). The neuroids are those that were given, so there is none over neuroids.
    n_resamples, level
        As for :func:`glue`.
    leave_one_out : bool
        Also remove each neuroid in turn (one solve each), and report the rank correlation with the gain effects.
    point_gradients : bool
        Also return the gradient of capacity with respect to every point, as large as the data.
    progress : bool or str
        Show a bar over the neuroids that are left out.

    Returns
    -------
    SensitivityResult
        ``neuroid_gain_effect`` (neuroid) :math:`\partial\alpha / \partial \ln g_k` with ``_se``: it sums to zero.
        ``point_contribution`` (point) :math:`E[\lambda_i y_i (x_i \cdot t)]` with ``_se``: it sums to E[F] = P / α, and
        over the points of a manifold to ``manifold_contribution``. ``point_not_unique`` is the fraction of samples in
        which a point's multiplier is not unique, ``fraction_not_unique`` that of samples with any such point.
        On request ``point_gradient`` (point, neuroid) :math:`\partial\alpha / \partial x_i`,
        ``neuroid_removal_effect`` (neuroid), capacity without the neuroid less capacity, and ``rank_correlation``
        (Spearman) of gain effects with minus removal effects.

    Raises
    ------
    TypeError, ValueError
        For wrong input.

    Warns
    -----
    DegenerateInputWarning
        When the manifolds were standardized, and not projected since, which undoes every gain: the effects are 0 by
        construction.

    Notes
    -----
    By the envelope theorem, with v the projection of t:

    .. math::
        \frac{\partial F}{\partial x_i} = 2 \lambda_i y_i v, \qquad
        \frac{\partial F}{\partial \ln g_k} = 2 v_k (t_k - v_k), \qquad
        \frac{\partial \alpha}{\partial \ln g_k} = -\frac{\alpha^2}{P} E[2 v_k (t_k - v_k)]

    F and v are unique, hence gain effects are. Multipliers are not where active points are linearly dependent, and then
    contributions of the points concerned are one choice of many.

    References
    ----------
    Milgrom and Segal (2002).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> clouds = [center + 0.3 * rng.normal(size=(8, 12)) for center in rng.normal(size=(4, 12))]
    >>> result = sensitivity(clouds, n_samples=50, seed=1)
    >>> bool(abs(result.neuroid_gain_effect.sum()) < 1e-9)
    True
    >>> bool(np.isclose(result.point_contribution.sum(), 4 / result.capacity))
    True
    """
    arguments = dict(locals())
    with collect() as notes:
        opened = open_task(manifolds, labels, n_samples=n_samples, origin=origin, t=t, seed=seed, purpose="a dichotomy")
        _require(opened, point_gradients)
        signs = opened.signs(dichotomies, opened.manifolds.n_manifolds)
        task = Task(opened.points, opened.membership, opened.targets(), signs, 0.0, backend)
        plan = _plan(opened, uncertainty, n_resamples, level)
        solved = solve(task, n_jobs=n_jobs)
        undone = _gains_are_undone(opened.manifolds)
        values = _point_values(solved.samples, n_jobs) | _neuroid_values(solved.samples, undone=undone)
        if point_gradients:
            values["point_gradient"] = _point_gradient(solved.samples, centered=origin == "mean")
        if leave_one_out:
            values |= _leave_out(task, solved, values["neuroid_gain_effect"][1], n_jobs, progress)
        names = [name for name in RESAMPLED if not (undone and name == "neuroid_gain_effect")]
        data, more = add_intervals(
            _pack(opened, solved, values),
            lambda replicate: _again(opened.resampled(replicate), dichotomies, backend),
            plan,
            variables=names,
            n_jobs=n_jobs,
            progress=progress,
        )
        _warn(data, solved, undone=undone)
    settings = settings_of(arguments, opened, n_samples=opened.n_samples, backend=solved.backend) | plan.settings
    diagnostics = {
        "max_residual": solved.checks.max_residual,
        "n_inexact": solved.checks.n_inexact,
        "n_fallback": solved.checks.n_fallback,
        "n_not_unique": round(float(data["fraction_not_unique"]) * opened.n_samples),
        "gains_are_undone": undone,
    }
    return SensitivityResult(data, settings, diagnostics | more, tuple(notes), REFERENCES)


Values = dict[str, tuple[tuple[str, ...], Any]]


def _require(opened: Opened, point_gradients: bool) -> None:
    """Refuse what would not fit, before it is allocated."""
    (n_points, n_neuroids), n_samples = opened.points.shape, opened.n_samples
    numbers = n_points * n_neuroids * (1 + 2 * point_gradients) + n_samples * (6.0 * n_neuroids + 2.0 * n_points)
    require_memory(
        max(8.0 * numbers, separability.needed_bytes(n_points, n_neuroids)),
        f"Sensitivity with {n_points} points, {n_neuroids} neuroids and {n_samples} samples",
        "Use fewer samples (n_samples) or fewer points (manifolds.subsample), or leave out point_gradients.",
    )


def _plan(opened: Opened, uncertainty: str | None, n_resamples: int | None, level: float) -> Plan:
    """What to resample: never neuroids, since each value belongs to one."""
    if uncertainty in ("neuroids", "subjects"):
        raise ValueError(
            f"uncertainty={uncertainty!r} would leave neuroids out of the values that belong to them. Use 'points', "
            "'trials' or None; for the uncertainty of capacity over neuroids use glue."
        )
    return make_plan(opened.manifolds, uncertainty, n_resamples=n_resamples, level=level, seed=opened.seed)


def _again(opened: Opened, dichotomies: str | ArrayLike, backend: str) -> dict[str, Any]:
    """Values of resampled manifolds that do not belong to single points."""
    signs = opened.signs(dichotomies, opened.manifolds.n_manifolds)
    task = Task(opened.points, opened.membership, opened.targets(), signs, 0.0, backend)
    samples = solve(task, prove=False, n_jobs=1).samples
    contributions = _sum_by_manifold(samples, formulas.point_contributions(samples))
    slopes = formulas.gain_derivatives(samples.targets, formulas.residuals(samples))
    return {
        "capacity": samples.n_manifolds / samples.objective.mean(),
        "neuroid_gain_effect": formulas.capacity_derivative(slopes, samples.objective, samples.n_manifolds)[0],
        "manifold_contribution": _mean_and_error(contributions)[0],
    }


def _gains_are_undone(manifolds: Manifolds) -> bool:
    """Whether the neuroids were standardized: a gain before that changes nothing. Projections make new neuroids."""
    steps = [step.split()[0] for step in manifolds.history]
    since = len(steps) - steps[::-1].index("projected") if "projected" in steps else 0
    return "standardized" in steps[since:]


def _neuroid_values(samples: Samples, *, undone: bool) -> Values:
    """Effects of gains and their Monte-Carlo errors."""
    if undone:
        zero = np.zeros(samples.points.shape[1])
        return {"neuroid_gain_effect": (("neuroid",), zero), "neuroid_gain_effect_se": (("neuroid",), zero)}
    slopes = formulas.gain_derivatives(samples.targets, formulas.residuals(samples))
    effect, error = formulas.capacity_derivative(slopes, samples.objective, samples.n_manifolds)
    return {"neuroid_gain_effect": (("neuroid",), effect), "neuroid_gain_effect_se": (("neuroid",), error)}


def _point_values(samples: Samples, n_jobs: int | None) -> Values:
    """Contributions of points and manifolds, and where they are not unique."""
    shares = formulas.point_contributions(samples)
    mean, error = _mean_and_error(shares)
    manifold_mean, manifold_error = _mean_and_error(_sum_by_manifold(samples, shares))
    projections = formulas.residuals(samples)
    units = [
        (samples, projections, start, min(start + _UNIT, samples.n_samples))
        for start in range(0, samples.n_samples, _UNIT)
    ]
    flagged = sparse.vstack(run_units(formulas.undetermined_points, units, n_jobs=n_jobs), format="csr")
    return {
        "point_contribution": (("point",), mean),
        "point_contribution_se": (("point",), error),
        "point_active_fraction": (("point",), _mean_and_error((samples.multipliers > 0).astype(np.float64))[0]),
        "point_not_unique": (("point",), np.asarray(flagged.mean(axis=0)).ravel()),
        "manifold_contribution": (("manifold",), manifold_mean),
        "manifold_contribution_se": (("manifold",), manifold_error),
        "fraction_not_unique": ((), np.mean(np.diff(flagged.indptr) > 0)),
    }


def _sum_by_manifold(samples: Samples, shares: sparse.csr_array) -> sparse.csr_array:
    """Sums (k, P) of values of points (k, n) over the points of each manifold."""
    n_points = len(samples.points)
    owners = sparse.csr_array(
        (np.ones(n_points), (np.arange(n_points), samples.membership)), shape=(n_points, samples.n_manifolds)
    )
    return sparse.csr_array(shares @ owners)


def _mean_and_error(values: sparse.csr_array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean over rows and its standard error, zeros counted."""
    n_rows = values.shape[0]
    mean = np.asarray(values.sum(axis=0)).ravel() / n_rows
    square = np.asarray((values * values).sum(axis=0)).ravel() / n_rows
    variance = np.maximum(square - mean**2, 0.0) * n_rows / (n_rows - 1)
    return mean, np.sqrt(variance / n_rows)


def _point_gradient(samples: Samples, *, centered: bool) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Gradient of capacity with respect to every point."""
    slope = -samples.n_manifolds / samples.objective.mean() ** 2
    return ("point", "neuroid"), slope * formulas.point_gradients(samples, centered=centered)


def _leave_out(
    task: Task, solved: Solved, effects: NDArray[np.float64], n_jobs: int | None, progress: bool | str
) -> Values:
    """Capacity without each neuroid, on the same labels and the other coordinates of the same vectors."""
    from scipy import stats

    units = [(task, neuroid) for neuroid in range(task.points.shape[1])]
    objectives = np.stack(run_units(_without, units, n_jobs=n_jobs, progress=progress))
    n_manifolds, objective = task.n_manifolds, solved.samples.objective
    removal = n_manifolds / objectives.mean(axis=1) - n_manifolds / objective.mean()
    influence = objectives / objectives.mean(axis=1, keepdims=True) ** 2 - objective / objective.mean() ** 2
    error = n_manifolds * influence.std(axis=1, ddof=1) / np.sqrt(len(objective))
    flat = np.ptp(effects) == 0 or np.ptp(removal) == 0
    return {
        "neuroid_removal_effect": (("neuroid",), removal),
        "neuroid_removal_effect_se": (("neuroid",), error),
        "rank_correlation": ((), np.nan if flat else stats.spearmanr(effects, -removal).statistic),
    }


def _without(task: Task, neuroid: int) -> NDArray[np.float64]:
    """Objective of every sample without one neuroid."""
    kept = np.delete(np.arange(task.points.shape[1]), neuroid)
    fewer = Task(
        np.ascontiguousarray(task.points[:, kept]),
        task.membership,
        np.ascontiguousarray(task.targets[:, kept]),
        task.signs,
        0.0,
        task.backend,
    )
    return solve(fewer, prove=False, n_jobs=1).samples.objective


def _pack(opened: Opened, solved: Solved, values: Values) -> xr.Dataset:
    """One dataset with the names of neuroids and manifolds."""
    manifolds, objective = opened.manifolds, solved.samples.objective
    capacity = manifolds.n_manifolds / objective.mean()
    error = capacity * objective.std(ddof=1) / (np.sqrt(len(objective)) * objective.mean())
    names = np.array(manifolds.names, dtype=object)
    coords: dict[str, Any] = {
        key: ("neuroid", value) for key, value in manifolds.neuroid_coords.items() if key != "neuroid"
    }
    coords |= {
        "neuroid": np.asarray(manifolds.neuroid_ids),
        "manifold": names,
        "point_manifold": ("point", names[opened.membership]),
        "point_index": ("point", np.concatenate([np.arange(size) for size in manifolds.n_points])),
    }
    variables = values | {
        "capacity": ((), capacity),
        "capacity_se": ((), error),
        "capacity_floor": ((), manifolds.n_manifolds / solved.space.rank),
        "fraction_inseparable": ((), solved.fraction_inseparable),
        "manifold_n_points": (("manifold",), np.asarray(manifolds.n_points)),
    }
    return xr.Dataset(variables, coords=coords)


def _warn(data: xr.Dataset, solved: Solved, *, undone: bool) -> None:
    if undone:
        warn(
            "manifolds were standardized, which undoes every gain: neuroid_gain_effect is 0 for all neuroids by "
            "construction, not as a finding. Give responses before standardize().",
            DegenerateInputWarning,
        )
    share = float(data["fraction_not_unique"])
    if share > 0:
        warn(
            f"multipliers are not unique in {100 * share:.3g} % of samples, because active points are linearly "
            "dependent: point_contribution is one choice of many for the points with point_not_unique > 0. Gain "
            "effects of neuroids are unique.",
            DegenerateInputWarning,
        )
    caution_inexact(solved.checks)
    caution_floor(data)
