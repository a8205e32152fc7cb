"""GLUE: capacity and effective geometry of manifolds for given classification tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from neurogeom._core.memory import require_memory
from neurogeom._core.parallel import resolve_n_jobs
from neurogeom._core.validation import MOST, check_option, check_real
from neurogeom._core.warnings import collect
from neurogeom.capacity import separability
from neurogeom.capacity.cautions import caution
from neurogeom.capacity.dichotomies import RULES as DRAWN
from neurogeom.capacity.draws import Opened, open_task, settings_of
from neurogeom.capacity.estimates import Estimate, needed_bytes
from neurogeom.capacity.pairwise import solve_pairs
from neurogeom.capacity.resampling import Replicate, make_plan
from neurogeom.capacity.results import GlueResult
from neurogeom.capacity.solving import Checks, Solved, Task, measure, solve
from neurogeom.capacity.uncertainty import add_intervals
from neurogeom.recordings.windows import check_time, over_time

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from neurogeom.manifolds import Manifolds

RULES = (*DRAWN, "pairwise")
REFERENCES = (
    "Chou, Kim, Arend, Yang, Mensh, Shim, Perich and Chung (2025), Geometry linked to untangling efficiency (GLUE).",
    "arXiv:2603.01879 (2026), the exact identity of capacity, utility, radius and dimension.",
    "Wakhloo, Sussman and Chung (2023), Linear classification of neural manifolds with correlated variability, PRL.",
)
_NEEDS_MORE = (
    "Use fewer samples (n_samples), fewer neuroids (manifolds.project), or fewer points (manifolds.subsample)."
)


def glue(
    manifolds: Manifolds | ArrayLike,
    labels: ArrayLike | str | None = None,
    *,
    n_samples: int = 200,
    dichotomies: str | ArrayLike = "balanced",
    margin: float = 0.0,
    origin: str = "given",
    t: ArrayLike | None = None,
    uncertainty: str | None = None,
    n_resamples: int | None = None,
    level: float = 0.95,
    window: float | None = None,
    step: float | None = None,
    seed: int | None = None,
    backend: str = "auto",
    n_jobs: int | None = None,
    progress: bool | str = False,
) -> GlueResult:
    r"""Capacity and effective geometry of manifolds under classification tasks (GLUE).

    For each sample, with labels y and a standard normal t, project t on the cone
    :math:`\{v : y_i\, x_i \cdot v \le -\kappa\}`; F is the squared distance, and the multipliers of each manifold form
    its anchor point.

    Parameters
    ----------
    manifolds : Manifolds, list of arrays (points, neuroids), or responses (presentations, neuroids)
        Point clouds; single points are accepted.
    labels : array (presentations,) or str, optional
        Class of each presentation, or the name of its coordinate, when responses are given.
    n_samples : int
        Number of samples, each with its own labels and t; of every pair for ``dichotomies="pairwise"``.
    dichotomies : {"balanced", "random", "one_vs_rest", "pairwise"} or array (K, P) of ±1
        ``"balanced"``: ⌊P/2⌋ manifolds are positive. ``"random"``: independent fair signs. ``"one_vs_rest"`` and an
        array are cycled, so that each dichotomy is used equally often (to within one). ``"pairwise"``: each pair is
        solved alone (P = 2, floor 2 / rank of the pair); capacities are averaged harmonically, geometry plainly.
    margin : float
        Margin κ >= 0, in the units of the data. At κ > 0 only capacity is returned.
    origin : {"given", "mean"}
        The readout passes through the origin, so capacity depends on it. ``"mean"`` subtracts the mean of all points.
    t : array (n_samples, neuroids), optional
        Gaussian vectors to use instead of drawing them; its rows set the number of samples.
    uncertainty : {None, "neuroids", "subjects", "points", "trials"}
        Adds intervals ``_ci`` over neuroids (bootstrap; of subjects first, with as few degrees of freedom as these
        leave), points, or trials (delete-group jackknife); they include the Monte-Carlo error.
    n_resamples : int, optional
        Resamples for the intervals, see :mod:`neurogeom.capacity.resampling`.
    level : float
        Of the intervals.
    window, step : float, optional
        For responses (presentations, neuroids, time_bin): length of a window and from one to the next, usually in ms;
        each time bin by itself if not given. The result has a leading dimension ``time``, with the same
        dichotomies and Gaussian vectors in all windows (:func:`neurogeom.recordings.over_time`).
    seed : int, optional
        Root seed; each sample has generators of its own.
    backend : {"auto", "cpu", "reference"}
        Kernels to use.
    n_jobs : int, optional
        Workers, all cores if not given. The numbers do not depend on it.
    progress : bool or str
        Show a bar over pairs and over resamples.

    Returns
    -------
    GlueResult
        ``capacity`` (manifolds per neuroid), ``dimension``, ``radius`` (relative to the centers), ``utility``,
        ``approximate_capacity``, alignments, the floor P / rank, fractions of inseparable dichotomies and of saturated
        samples, per-manifold values, and the Monte-Carlo errors ``_se``.

    Raises
    ------
    TypeError, ValueError
        For wrong input; for sizes that do not fit in memory, before anything is allocated.

    Warns
    -----
    SaturationWarning
        When capacity is below 1.5 times its floor, or a dichotomy is proved inseparable.

    Notes
    -----
    With anchors S (P × N) of each sample, centers :math:`S_0 = E[S]`, axes :math:`S_1 = S - S_0`, :math:`u = S_1 t`
    and :math:`G_j = S_j S_j^T`:

    .. math::
        a = F, \quad b = u^T G_1^+ u, \quad c = u^T (G_0 + G_1)^+ u, \quad
        \alpha = \frac{P}{E[a]}, \quad D = \frac{E[b]}{P}, \quad R = \sqrt{\frac{E[c]}{E[b - c]}}, \quad
        \Psi = \frac{E[c]}{E[a]}

    so that :math:`\alpha = \Psi (1 + R^{-2}) / D` exactly. Utility may exceed 1. F, hence capacity, is unique; anchors,
    hence the rest, are not where active points are linearly dependent (see ``sensitivity``, which counts it).

    References
    ----------
    Chou et al. (2025); arXiv:2603.01879 (2026), the identity; Wakhloo, Sussman and Chung (2023), correlated manifolds.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> clouds = [center + 0.3 * rng.normal(size=(10, 30)) for center in rng.normal(size=(6, 30))]
    >>> result = glue(clouds, n_samples=50, seed=1)
    >>> round(result.capacity * result.dimension / (result.utility * (1 + result.radius**-2)), 10)
    1.0
    >>> result.fraction_inseparable
    0.0
    """
    arguments = dict(locals())
    if check_time(manifolds, window, step):
        return over_time(glue, **arguments)
    with collect() as notes:
        margin = check_real("margin", margin, minimum=0.0, maximum=MOST)
        _check_rule(dichotomies)
        opened = open_task(manifolds, labels, n_samples=n_samples, origin=origin, t=t, seed=seed, purpose="a dichotomy")
        plan = make_plan(opened.manifolds, uncertainty, n_resamples=n_resamples, level=level, seed=opened.seed)
        _require(opened, n_jobs)
        pairs = _is_pairwise(dichotomies)
        run = _run_pairs if pairs else _run_whole
        data, checks, name = run(opened, dichotomies, margin, backend, n_jobs, progress)
        again = Again(opened, dichotomies, margin, backend)
        data, more = add_intervals(data, again, plan, variables=_with_interval(data), n_jobs=n_jobs, progress=progress)
        caution(data, checks, margin, pairs=pairs)
    settings = settings_of(arguments, opened, n_samples=opened.n_samples, backend=name) | plan.settings
    return GlueResult(data, settings, _diagnostics(checks) | more, tuple(notes), REFERENCES)


@dataclass(frozen=True)
class Again:
    """GLUE as a function of resamples: values by name, on one thread.

    Attributes
    ----------
    opened : Opened
        The task on the manifolds that are resampled.
    dichotomies, margin, backend
        As for :func:`glue`.
    """

    opened: Opened
    dichotomies: str | ArrayLike
    margin: float
    backend: str

    def __call__(self, replicate: Replicate) -> dict[str, Any]:
        opened = self.opened.resampled(replicate)
        if _is_pairwise(self.dichotomies):
            return solve_pairs(opened, margin=self.margin, backend=self.backend, errors=False, n_jobs=1).values
        signs = opened.signs(self.dichotomies, opened.manifolds.n_manifolds)
        task = Task(opened.points, opened.membership, opened.targets(), signs, self.margin, self.backend)
        solved = solve(task, prove=False, n_jobs=1)
        if self.margin > 0:
            return _capacity_only(solved)[0]
        return measure(solved, errors=False, n_jobs=1)[0].values


def _is_pairwise(dichotomies: str | ArrayLike) -> bool:
    return isinstance(dichotomies, str) and dichotomies == "pairwise"


def _with_interval(data: xr.Dataset) -> list[str]:
    """All values with a Monte-Carlo error but those of single pairs, whose matrices have no diagonal."""
    names = [str(name) for name in data.data_vars]
    return [name for name in names if f"{name}_se" in names and not name.startswith("pair_")]


def _check_rule(dichotomies: str | ArrayLike) -> None:
    if isinstance(dichotomies, str):
        check_option("dichotomies", dichotomies, RULES)


def _require(opened: Opened, n_jobs: int | None) -> None:
    """Refuse what would not fit, before it is allocated."""
    n_points, n_neuroids = opened.points.shape
    sizes = (n_points, n_neuroids, opened.manifolds.n_manifolds, opened.n_samples)
    require_memory(
        max(needed_bytes(*sizes, resolve_n_jobs(n_jobs)), separability.needed_bytes(n_points, n_neuroids)),
        f"GLUE of {sizes[2]} manifolds with {n_points} points, {n_neuroids} neuroids and {sizes[3]} samples",
        _NEEDS_MORE,
    )


def _run_whole(
    opened: Opened, dichotomies: str | ArrayLike, margin: float, backend: str, n_jobs: int | None, progress: bool | str
) -> tuple[xr.Dataset, Checks, str]:
    """All manifolds together."""
    signs = opened.signs(dichotomies, opened.manifolds.n_manifolds)
    task = Task(opened.points, opened.membership, opened.targets(), signs, margin, backend)
    solved = solve(task, n_jobs=n_jobs)
    if margin > 0:
        return _pack(opened, *_capacity_only(solved), samples=_sample_values(solved)), solved.checks, solved.backend
    found, checks = measure(solved, n_jobs=n_jobs)
    values, errors = _values(found, solved)
    return _pack(opened, values, errors, samples=_sample_values(solved)), checks, solved.backend


def _run_pairs(
    opened: Opened, dichotomies: str | ArrayLike, margin: float, backend: str, n_jobs: int | None, progress: bool | str
) -> tuple[xr.Dataset, Checks, str]:
    """Each pair alone."""
    pairs = solve_pairs(opened, margin=margin, backend=backend, n_jobs=n_jobs, progress=progress)
    errors = pairs.errors | {"capacity": _capacity_error(pairs.values["capacity"], pairs.objective)}
    samples = {"objective": (("sample",), pairs.objective)}
    data = _pack(opened, pairs.values, errors, samples=samples)
    names = np.array(opened.manifolds.names, dtype=object)
    matrices = {name: (("manifold", "other_manifold"), matrix) for name, matrix in pairs.matrices.items()}
    return data.assign_coords(other_manifold=names).assign(matrices), pairs.checks, pairs.backend


def _capacity_error(capacity: Any, objective: np.ndarray) -> np.ndarray:
    """Monte-Carlo error of P / E[F], by the standard deviation of F over samples."""
    mean = objective.mean()
    if not np.isfinite(mean) or mean <= 0:
        return np.asarray(np.nan)
    return np.asarray(capacity) * objective.std(ddof=1) / (np.sqrt(len(objective)) * mean)


def _values(found: Estimate, solved: Solved) -> tuple[dict[str, Any], dict[str, Any]]:
    """Measures at margin 0 and their Monte-Carlo errors."""
    values: dict[str, Any] = dict(found.values)
    values |= {
        "capacity_floor": solved.samples.n_manifolds / solved.space.rank,
        "rank": solved.space.rank,
        "fraction_inseparable": solved.fraction_inseparable,
        "fraction_saturated": solved.saturated.mean(),
    }
    errors = found.standard_errors()
    errors["capacity"] = _capacity_error(values["capacity"], solved.samples.objective)
    return values, errors


def _capacity_only(solved: Solved) -> tuple[dict[str, Any], dict[str, Any]]:
    """At a positive margin v is not orthogonal to the anchors, so they have no geometry: capacity alone."""
    objective = solved.samples.objective
    mean = objective.mean()
    capacity = solved.samples.n_manifolds / mean if np.isfinite(mean) and mean > 0 else np.nan
    values = {"capacity": capacity, "rank": solved.space.rank, "fraction_inseparable": solved.fraction_inseparable}
    return values, {"capacity": _capacity_error(capacity, objective)}


def _sample_values(solved: Solved) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    return {
        "objective": (("sample",), solved.samples.objective),
        "separability": (("sample",), solved.separability),
        "dichotomy": (("sample", "manifold"), solved.samples.signs),
    }


def _pack(opened: Opened, values: dict[str, Any], errors: dict[str, Any], *, samples: dict[str, Any]) -> xr.Dataset:
    """One dataset: scalars, per-manifold values on ``manifold``, samples on ``sample``."""
    variables: dict[str, Any] = {}
    for name, value in values.items():
        dims = ("manifold",) if name.startswith("manifold_") else ()
        variables[name] = (dims, np.asarray(value))
        if name in errors:
            variables[f"{name}_se"] = (dims, np.asarray(errors[name]))
    variables |= {f"sample_{name}": value for name, value in samples.items()}
    variables["manifold_n_points"] = (("manifold",), np.asarray(opened.manifolds.n_points))
    variables["mean_point_norm"] = ((), np.linalg.norm(opened.points, axis=1).mean())
    return xr.Dataset(variables, coords={"manifold": np.array(opened.manifolds.names, dtype=object)})


def _diagnostics(checks: Checks) -> dict[str, Any]:
    return {
        "max_residual": checks.max_residual,
        "n_inexact": checks.n_inexact,
        "n_fallback": checks.n_fallback,
        "n_undecided": checks.n_undecided,
        "n_zero_objective": checks.n_zero_objective,
        "n_identity_broken": checks.n_identity_broken,
        "max_identity_error": checks.max_identity_error,
    }
