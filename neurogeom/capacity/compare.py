"""Differences of capacity and geometry between two populations, layers or conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy import special

from neurogeom._core.random import resolve_seed
from neurogeom._core.responses import quoted
from neurogeom._core.validation import check_option
from neurogeom._core.warnings import ConvergenceWarning, UnevenSizesWarning, collect, warn
from neurogeom.capacity.draws import open_task
from neurogeom.capacity.glue import Again, glue
from neurogeom.capacity.mean_field import mean_field, resampled_mean_field
from neurogeom.capacity.resampling import KINDS, Plan, Replicate, described, make_plan
from neurogeom.capacity.results import CapacityResult, ComparisonResult
from neurogeom.capacity.uncertainty import Values, error, interval, quantile, replicate_values, stack
from neurogeom.manifolds import Manifolds, as_manifolds

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

METHODS: Mapping[str, Callable[..., CapacityResult]] = {"glue": glue, "mean_field": mean_field}
_MINIMUM_POINTS = {"glue": 1, "mean_field": 2}
Replicates = list[Values | None]


def compare(
    manifolds_a: Manifolds | ArrayLike,
    manifolds_b: Manifolds | ArrayLike,
    labels: ArrayLike | str | None = None,
    *,
    method: str = "glue",
    uncertainty: str = "neuroids",
    n_resamples: int | None = None,
    level: float = 0.95,
    paired: bool | None = None,
    names: Sequence[str] = ("a", "b"),
    seed: int | None = None,
    n_jobs: int | None = None,
    progress: bool | str = False,
    **options: Any,
) -> ComparisonResult:
    r"""Difference, a minus b, of two populations' capacity and geometry, with its interval.

    Both sides use the same dichotomies and the same stream of Gaussian vectors, in the estimate and in every resample,
    so that what they share cancels.

    Parameters
    ----------
    manifolds_a, manifolds_b : Manifolds, list of arrays (points, neuroids), or responses (presentations, neuroids)
        The same manifolds on both sides, matched by name; those of b are taken in the order of a.
    labels : array (presentations,) or str, optional
        Class of each presentation of both, or the name of its coordinate, when responses are given.
    method : {"glue", "mean_field"}
        The measure.
    uncertainty : {"neuroids", "subjects", "points", "trials"}
        Over what (see :func:`glue` and :func:`mean_field`).
    n_resamples : int, optional
        Bootstrap resamples (100 if not given) or jackknife refits (20).
    level : float
        Of the intervals.
    paired : bool, optional
        Whether the two sides have the same units one by one, to be resampled together: the same neuroids, points, or
        trials. If not given: neuroids where both sides name them alike (coordinate ``neuroid_id``); points and trials
        where manifolds have the same names and numbers of points and trials.
    names : sequence of two str
        Names of the sides.
    seed : int, optional
        Root seed.
    n_jobs : int, optional
        Workers, all cores if not given. The numbers do not depend on it.
    progress : bool or str
        Show a bar over resamples.
    **options
        For the method, such as ``n_samples`` or ``dichotomies``.

    Returns
    -------
    ComparisonResult
        For each scalar x of the method that has an error: ``x`` with ``x_se`` and ``x_ci`` on dimension ``side``,
        ``x_difference`` with ``x_difference_se`` (over the units, Monte-Carlo error included), ``x_difference_ci`` and
        ``x_difference_p``, two-sided, from Student's t.

    Raises
    ------
    TypeError, ValueError
        For wrong input, different manifolds, or units that are said to be paired and differ in number.

    Warns
    -----
    UnevenSizesWarning
        Where the sides differ in the number of points, on which capacity depends.
    ConvergenceWarning
        Where resamples have no value, so that intervals are uncertain or missing, as at a large margin.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> early = [center + 0.6 * rng.normal(size=(8, 40)) for center in rng.normal(size=(6, 40))]
    >>> late = [center + 0.2 * rng.normal(size=(8, 40)) for center in rng.normal(size=(6, 40))]
    >>> result = compare(late, early, n_samples=50, n_resamples=20, seed=0)
    >>> bool(result.capacity_difference > 0), result.settings["paired"]
    (True, False)
    """
    arguments = {name: value for name, value in locals().items() if name != "options"} | options
    with collect() as notes:
        check_option("method", method, tuple(METHODS))
        check_option("uncertainty", uncertainty, KINDS)
        seed = resolve_seed(seed)
        names = _check_names(names)
        sides = [as_manifolds(one, labels, purpose="a comparison") for one in (manifolds_a, manifolds_b)]
        sides = _check_sides(sides, names)
        paired = _check_paired(sides, uncertainty, paired)
        plans = _plan(sides, uncertainty, n_resamples, level, seed, _MINIMUM_POINTS[method], paired)
        found = [METHODS[method](one, seed=seed, n_jobs=n_jobs, **options) for one in sides]
        replicates = [
            replicate_values(
                partial(_replicate, plan, _PREPARE[method](plan.manifolds, seed=seed, n_jobs=n_jobs, **options)),
                plan.n_replicates,
                n_jobs,
                progress,
            )
            for plan in plans
        ]
        data = _pack([result.data for result in found], replicates, plans, names)
        _warn_failures(replicates, plans)
        _warn_without_interval(data, uncertainty)
    settings = described(
        arguments, manifolds_a=sides[0], manifolds_b=sides[1], seed=seed, paired=paired, names=list(names)
    )
    settings |= {key: found[0].settings[key] for key in ("n_samples", "backend")}
    return ComparisonResult(data, settings | plans[0].settings, {}, tuple(notes), found[0].references)


def _prepare_glue(
    manifolds: Manifolds,
    *,
    seed: int,
    n_samples: int = 200,
    dichotomies: str | ArrayLike = "balanced",
    margin: float = 0.0,
    origin: str = "given",
    t: ArrayLike | None = None,
    backend: str = "auto",
    n_jobs: int | None = None,
) -> Callable[[Replicate], Values]:
    """GLUE as a function of resamples; every replicate runs on one thread, whatever `n_jobs` says."""
    opened = open_task(manifolds, None, n_samples=n_samples, origin=origin, t=t, seed=seed, purpose="a dichotomy")
    return Again(opened, dichotomies, margin, backend)


_PREPARE: Mapping[str, Callable[..., Callable[[Replicate], Values]]] = {
    "glue": _prepare_glue,
    "mean_field": resampled_mean_field,
}


def _replicate(plan: Plan, measure: Callable[[Replicate], Values], number: int) -> Values:
    return measure(plan.replicate(number))


def _check_names(names: Sequence[str]) -> tuple[str, str]:
    if isinstance(names, str) or len(names) != 2 or names[0] == names[1]:
        raise ValueError(f"names={names!r} needs two different names, one for each side.")
    return str(names[0]), str(names[1])


def _check_sides(sides: Sequence[Manifolds], names: Sequence[str]) -> list[Manifolds]:
    """Both sides with the same manifolds in one order; capacity depends on how many manifolds and points there are."""
    first, second = sides
    if first.n_manifolds != second.n_manifolds:
        raise ValueError(
            f"{names[0]} has {first.n_manifolds} manifolds, {names[1]} has {second.n_manifolds}. Compare the same "
            "manifolds: choose them with manifolds.select_manifolds."
        )
    if first.names != second.names:
        second = _in_order(first, second, names)
    if sorted(first.n_points) != sorted(second.n_points):
        smallest = int(min(first.n_points.min(), second.n_points.min()))
        warn(
            f"{names[0]} has {first.n_points.mean():.4g} points per manifold, {names[1]} has "
            f"{second.n_points.mean():.4g}. More points lower the capacity: compare equal sizes, with "
            f"manifolds.subsample({smallest}, seed=0).",
            UnevenSizesWarning,
        )
    return [first, second]


def _in_order(first: Manifolds, second: Manifolds, names: Sequence[str]) -> Manifolds:
    """The second side's manifolds in the order of the first; different ones are refused."""
    only = [
        [name for name in one.names if name not in other.names] for one, other in ((first, second), (second, first))
    ]
    if only[0] or only[1]:
        found = "; ".join(f"{quoted(left)} only in {side}" for side, left in zip(names, only) if left)
        raise ValueError(
            f"the two sides hold different manifolds: {found}. Compare the same manifolds: choose them with "
            "manifolds.select_manifolds, or give both the same names."
        )
    if len(set(first.names)) < len(first.names) or sorted(first.names) != sorted(second.names):
        raise ValueError(f"names of manifolds repeat in {names[0]} or {names[1]}, so that they cannot be matched.")
    return second.select_manifolds(first.names)


def _check_paired(sides: Sequence[Manifolds], kind: str, paired: bool | None) -> bool:
    """Whether the sides have the same units; unknown is decided by names and numbers."""
    first, second = sides
    if kind in ("neuroids", "subjects"):
        same_number = first.n_neuroids == second.n_neuroids
        ids = [one.neuroid_coords.get("neuroid_id") for one in sides]
        alike = ids[0] is not None and ids[1] is not None and np.array_equal(ids[0], ids[1])
    else:
        same_number = np.array_equal(first.n_points, second.n_points)
        alike = same_number and first.names == second.names
        if kind == "trials" and same_number and first.trial_point is not None and second.trial_point is not None:
            same_number = np.array_equal(first.trial_point, second.trial_point)
            alike = alike and same_number
    if paired and not same_number:
        raise ValueError(
            f"paired=True, but the two sides differ in their number of {kind}. Give the same {kind} in the same order, "
            "or paired=False."
        )
    return alike if paired is None else bool(paired)


def _plan(
    sides: Sequence[Manifolds],
    kind: str,
    n_resamples: int | None,
    level: float,
    seed: int,
    minimum_points: int,
    paired: bool,
) -> list[Plan]:
    """Plans of the same number of replicates; paired ones draw alike."""

    def make(number: int, **limits: int) -> Plan:
        return make_plan(
            sides[number],
            kind,
            n_resamples=n_resamples,
            level=level,
            seed=seed,
            minimum_points=minimum_points,
            stream=0 if paired else number,
            **limits,
        )

    plans = [make(0), make(1)]
    if plans[0].n_groups != plans[1].n_groups:
        fewest = min(plan.n_groups for plan in plans)
        plans = [make(0, most_groups=fewest), make(1, most_groups=fewest)]
    return plans


def _pack(
    found: Sequence[xr.Dataset], replicates: Sequence[Replicates], plans: Sequence[Plan], names: Sequence[str]
) -> xr.Dataset:
    """Both sides, and the differences of what has a Monte-Carlo error."""
    variables: dict[str, Any] = {}
    for name, value in found[0].data_vars.items():
        if value.ndim or value.dtype.kind not in "iuf":
            continue
        pair = np.array([float(data[name]) for data in found])
        variables[str(name)] = ("side", pair)
        if f"{name}_se" in found[0].data_vars:
            stacked = [stack(str(name), (), one) for one in replicates]
            ends = [interval(str(name), one, values, plan) for one, values, plan in zip(pair, stacked, plans)]
            variables[f"{name}_ci"] = (("side", "bound"), np.stack(ends))
            variables |= _difference(str(name), pair, stacked, plans)
    return xr.Dataset(variables, coords={"side": np.array(names, dtype=object), "bound": ["low", "high"]})


def _difference(
    name: str, pair: NDArray[np.float64], stacked: Sequence[NDArray[np.float64]], plans: Sequence[Plan]
) -> dict[str, Any]:
    """Difference of one variable with error, interval and p; replicates of one number belong together."""
    difference = pair[0] - pair[1]
    spread = float(error(stacked[0] - stacked[1], plans[0]))
    degrees = min(plan.degrees_of_freedom for plan in plans)
    reach = quantile(degrees, plans[0].level) * spread
    p = 2.0 * special.stdtr(degrees, -abs(difference) / spread) if spread > 0 else float("nan")
    return {
        f"{name}_difference": ((), difference),
        f"{name}_difference_se": ((), spread),
        f"{name}_difference_ci": ("bound", np.array([difference - reach, difference + reach])),
        f"{name}_difference_p": ((), p),
    }


def _warn_failures(replicates: Sequence[Replicates], plans: Sequence[Plan]) -> None:
    n_failed = sum(one is None for side in replicates for one in side)
    if n_failed:
        total = sum(plan.n_replicates for plan in plans)
        warn(
            f"the measure is undefined on {n_failed} of {total} resamples of {plans[0].kind}; intervals are uncertain. "
            "Use more data.",
            ConvergenceWarning,
        )


def _warn_without_interval(data: xr.Dataset, kind: str) -> None:
    """Say where a difference has no interval although it is a number; margins are what some resamples do not allow."""
    names = [str(name).removesuffix("_difference") for name in data if str(name).endswith("_difference")]
    without = [
        name
        for name in names
        if np.isfinite(data[f"{name}_difference"]) and not np.isfinite(data[f"{name}_difference_ci"]).all()
    ]
    if without:
        warn(
            f"the difference of {', '.join(without)} has no interval over {kind}: in some resamples the measure is "
            "undefined, as where a margin leaves no readout that separates. Use margin=0, or more neuroids or points.",
            ConvergenceWarning,
        )
