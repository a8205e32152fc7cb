"""A measure against the number of neuroids, points or manifolds, since values of different sizes do not compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from neurogeom._core.parallel import run_units
from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_option
from neurogeom._core.warnings import ConvergenceWarning, Deferred, collect, defer, warn
from neurogeom.capacity.glue import glue
from neurogeom.capacity.mean_field import mean_field
from neurogeom.capacity.resampling import described
from neurogeom.capacity.results import CurveResult
from neurogeom.manifolds import Manifolds, as_manifolds
from neurogeom.results import Result

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

OVER = ("n_neuroids", "n_points", "n_manifolds")
METHODS: Mapping[str, Callable[..., Result]] = {"glue": glue, "mean_field": mean_field}
N_SIZES = 6
_ROOM = 17
_ORDER, _SAMPLES = range(2)


@dataclass(frozen=True)
class _Outcome:
    """Values of one subsample; None where the measure is undefined on it."""

    values: Mapping[str, float] | None
    notes: Deferred
    error: str = ""


def curve(
    manifolds: Manifolds | ArrayLike,
    labels: ArrayLike | str | None = None,
    *,
    over: str = "n_neuroids",
    sizes: Sequence[int] | None = None,
    method: str | Callable[..., Any] = "glue",
    n_subsamples: int = 10,
    seed: int | None = None,
    n_jobs: int | None = None,
    progress: bool | str = False,
    **options: Any,
) -> CurveResult:
    """A measure against subsample size, with its standard deviation over subsamples.

    Subsamples are drawn without replacement and are nested: those of one number grow by adding, and use the same random
    samples at every size.

    Parameters
    ----------
    manifolds : Manifolds, list of arrays (points, neuroids), or responses (presentations, neuroids)
        Point clouds.
    labels : array (presentations,) or str, optional
        Class of each presentation, or the name of its coordinate, when responses are given.
    over : {"n_neuroids", "n_points", "n_manifolds"}
        What is subsampled. Points are the same number of every manifold.
    sizes : sequence of int, optional
        Six from small to all, evenly on a logarithmic axis, if not given.
    method : {"glue", "mean_field"} or callable
        A callable takes Manifolds and ``seed=`` and returns a number, a mapping of names to numbers, or a Result.
    n_subsamples : int
        Subsamples of each size, at least 2.
    seed : int, optional
        Root seed.
    n_jobs : int, optional
        Workers, all cores if not given. The numbers do not depend on it.
    progress : bool or str
        Show a bar over subsamples.
    **options
        For the method, such as ``n_samples`` or ``dichotomies``.

    Returns
    -------
    CurveResult
        Every scalar x of the measure on dimension `over`: ``x`` the mean over subsamples, ``x_se`` their standard
        deviation (which includes the Monte-Carlo error), ``subsample_x`` each of them.

    Raises
    ------
    TypeError, ValueError
        For wrong input, sizes out of range, or a measure that is undefined on the largest size.

    Warns
    -----
    ConvergenceWarning
        Where the measure is undefined on some subsamples. What it warns of is counted, and said once.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> clouds = [center + 0.3 * rng.normal(size=(8, 40)) for center in rng.normal(size=(6, 40))]
    >>> result = curve(clouds, sizes=[30, 40], n_subsamples=2, n_samples=30, seed=0)
    >>> result.capacity.dims, result.n_neuroids.values
    (('n_neuroids',), array([30, 40]))
    """
    arguments = {name: value for name, value in locals().items() if name != "options"} | options
    with collect() as notes:
        check_option("over", over, OVER)
        measure = METHODS[check_option("method", method, tuple(METHODS))] if isinstance(method, str) else method
        if not callable(measure):
            raise TypeError(f"method is a {type(method).__name__}; give a name or a function of Manifolds and seed.")
        n_subsamples = check_count("n_subsamples", n_subsamples, minimum=2)
        seed = resolve_seed(seed)
        found = as_manifolds(manifolds, labels, purpose="a curve")
        if isinstance(method, str):
            options = options | {"n_jobs": 1}
        sizes = _check_sizes(sizes, found, over)
        # what is wrong with the options shows on the largest size, and is raised
        _evaluate(measure, found, over, sizes[-1], 0, seed, options, strict=True)
        units = [(measure, found, over, size, i, seed, options) for size in sizes for i in range(n_subsamples)]
        outcomes = run_units(_evaluate, units, n_jobs=n_jobs, progress=progress)
        data = _pack(outcomes, over, sizes, n_subsamples)
        _warn(outcomes, over, sizes, n_subsamples)
    settings = described(arguments | {"sizes": sizes}, manifolds=found, seed=seed)
    failures = {"n_undefined": sum(outcome.values is None for outcome in outcomes)}
    return CurveResult(data, settings, failures, tuple(notes))


def _check_sizes(sizes: Sequence[int] | None, manifolds: Manifolds, over: str) -> list[int]:
    """Sizes in increasing order, each once."""
    largest = {
        "n_neuroids": manifolds.n_neuroids,
        "n_points": int(manifolds.n_points.min()),
        "n_manifolds": manifolds.n_manifolds,
    }[over]
    smallest = 2 if over == "n_manifolds" else 1
    if sizes is None:
        start = max(2, largest // (4 if over == "n_manifolds" else 16))
        sizes = np.round(np.geomspace(min(start, largest), largest, N_SIZES)).astype(int).tolist()
    elif np.ndim(sizes) != 1 or len(sizes) == 0:
        raise ValueError(f"sizes={sizes!r} is no list of sizes; give whole numbers from {smallest} to {largest}.")
    checked = sorted({check_count("sizes", size, minimum=smallest) for size in sizes})
    if checked[-1] > largest:
        raise ValueError(f"sizes goes up to {checked[-1]}; there are {largest} for {over}. Use at most that many.")
    return checked


def _subsample(manifolds: Manifolds, over: str, size: int, number: int, seed: int) -> Manifolds:
    """The first of a random order, so that subsamples of one number are nested."""
    if over == "n_points":
        chosen = [
            np.sort(generator(seed, _ROOM, _ORDER, number, i).permutation(n_points)[:size])
            for i, n_points in enumerate(manifolds.n_points)
        ]
        return manifolds.select_points(chosen)
    n_units = manifolds.n_neuroids if over == "n_neuroids" else manifolds.n_manifolds
    index = np.sort(generator(seed, _ROOM, _ORDER, number).permutation(n_units)[:size])
    return manifolds.select_neuroids(index) if over == "n_neuroids" else manifolds.select_manifolds(index.tolist())


def _evaluate(
    measure: Callable[..., Any],
    manifolds: Manifolds,
    over: str,
    size: int,
    number: int,
    seed: int,
    options: Mapping[str, Any],
    strict: bool = False,
) -> _Outcome:
    """One subsample; a measure that is undefined on it is counted."""
    with defer() as notes:
        try:
            some = _subsample(manifolds, over, size, number, seed)
            own_seed = int(generator(seed, _ROOM, _SAMPLES, number).integers(2**62))
            return _Outcome(_scalars(measure(some, seed=own_seed, **options)), notes)
        except ValueError as error:
            if strict:
                raise
            return _Outcome(None, notes, str(error))


def _scalars(found: Any) -> dict[str, float]:
    """Numbers by name from what a measure returns."""
    if isinstance(found, Result):
        return {
            str(name): float(value)
            for name, value in found.data.data_vars.items()
            if value.ndim == 0 and value.dtype.kind in "iufb" and not str(name).endswith(("_se", "_ci"))
        }
    if isinstance(found, Mapping):
        return {str(name): float(value) for name, value in found.items()}
    if np.ndim(found) != 0:
        raise TypeError(f"method returned a {type(found).__name__}; a number, numbers by name, or a Result is needed.")
    return {"value": float(found)}


def _pack(outcomes: Sequence[_Outcome], over: str, sizes: Sequence[int], n_subsamples: int) -> xr.Dataset:
    names = dict.fromkeys(name for outcome in outcomes for name in outcome.values or ())
    variables: dict[str, Any] = {}
    for name in names:
        values = np.array([(outcome.values or {}).get(name, np.nan) for outcome in outcomes])
        values = np.where(np.isfinite(values), values, np.nan).reshape(len(sizes), n_subsamples)
        variables[name], variables[f"{name}_se"] = ((over, one) for one in _mean_and_deviation(values))
        variables[f"subsample_{name}"] = ((over, "subsample"), values)
    return xr.Dataset(variables, coords={over: np.array(sizes)})


def _mean_and_deviation(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Over subsamples, of those that are defined; NaN where fewer than half are, or less than 2."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    enough = (count >= 2) & (2 * count >= values.shape[1])
    mean = np.divide(np.sum(values, axis=1, where=known), count, out=np.full(len(values), np.nan), where=enough)
    squares = np.sum((values - mean[:, None]) ** 2, axis=1, where=known)
    variance = np.divide(squares, count - 1, out=np.full(len(values), np.nan), where=enough)
    return mean, np.sqrt(variance)


def _warn(outcomes: Sequence[_Outcome], over: str, sizes: Sequence[int], n_subsamples: int) -> None:
    """What subsamples warned of, counted by kind, with an example."""
    size_of = np.repeat(sizes, n_subsamples)
    failed = [i for i, outcome in enumerate(outcomes) if outcome.values is None]
    if failed:
        warn(
            f"the measure is undefined on {len(failed)} of {len(outcomes)} subsamples "
            f"({_which(over, size_of[failed])}). The first says: {outcomes[failed[0]].error}",
            ConvergenceWarning,
        )
    counts: Counter[type[Warning]] = Counter()
    first: dict[type[Warning], str] = {}
    where: dict[type[Warning], list[int]] = {}
    for size, outcome in zip(size_of, outcomes):
        for category in dict.fromkeys(category for _, category in outcome.notes):
            counts[category] += 1
            where.setdefault(category, []).append(int(size))
        for message, category in outcome.notes:
            first.setdefault(category, message)
    for category, count in counts.items():
        example = first[category]
        warn(f"in {count} of {len(outcomes)} subsamples ({_which(over, where[category])}): {example}", category)


def _which(over: str, sizes: Sequence[int] | NDArray[np.int64]) -> str:
    different = sorted({int(size) for size in sizes})
    shown = ", ".join(map(str, different[:4])) + (", …" if len(different) > 4 else "")
    return f"{over} = {shown}"
