"""Reliability and ceilings of recorded neuroids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from neurogeom._core.random import resolve_seed
from neurogeom._core.responses import as_name, axis_coordinates
from neurogeom._core.validation import check_count, check_option, check_real
from neurogeom._core.warnings import DegenerateInputWarning, warn
from neurogeom.recordings.trials import check_recording, groups_of
from neurogeom.results import Result, make_settings, register
from neurogeom.statistics import bootstrap, median_interval
from neurogeom.statistics.reliability import (
    column_correlation,
    explainable_share,
    lengthening,
    spearman_brown,
    split_half_correlation,
)
from neurogeom.statistics.reliability import (
    signal_power as power_of_trials,
)

LEVEL = 0.95
SPLITS = ("random", "odd_even")
NORMALIZATIONS = ("reliability", "correlation", "signal_power")


@register
class ReliabilityResult(Result):
    """Split-half reliability of each neuroid.

    Variables
    ---------
    reliability (neuroid[, time_bin])
        Of the mean over all repetitions, from the mean correlation of halves by Spearman and Brown.
    half_correlation, half_correlation_sd (neuroid[, time_bin])
        Mean and standard deviation over splits of the correlation between halves.
    median_reliability, median_half_correlation (+ _ci)
        Median over neuroids, with its interval over neuroids (over subjects, then neuroids, where the coordinate
        ``subject`` or ``animal`` names several); NaN neuroids are left out.
    subject_reliability, subject_half_correlation (subject_name)
        Medians of each subject.
    n_undefined
        Neuroids without a reliability, since their responses do not vary.
    """

    kind: ClassVar[str] = "recordings.reliability"
    title: ClassVar[str] = "Split-half reliability"
    headline: ClassVar[tuple[str, ...]] = ("median_reliability", "median_half_correlation", "n_undefined")
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "median_reliability": ("median reliability", ""),
        "median_half_correlation": ("median correlation of halves", ""),
        "n_undefined": ("neuroids that do not vary", ""),
    }

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the reliabilities of all neuroids, with their median.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        **options
            For ``recordings.plots.reliability``.

        Returns
        -------
        matplotlib Axes
        """
        from neurogeom.recordings import plots

        return plots.reliability(self, ax=ax, **options)


def split_half_reliability(
    responses: xr.DataArray,
    by: str | Sequence[str] = "stimulus_id",
    *,
    splits: str = "random",
    halves: str = "auto",
    n_splits: int = 100,
    seed: int | None = None,
) -> ReliabilityResult:
    """How well the mean response to stimuli repeats: halves of the repetitions against each other, per neuroid.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid[, time_bin])
        Single trials; NaN where a neuroid was not recorded.
    by : str or sequence of str
        Coordinates that make a stimulus.
    splits : {"random", "odd_even"}
        Random halves (all of them, and the exact mean, where there are at most 252), or repetitions 0, 2, 4, …
        against 1, 3, 5, ….
    halves : {"auto", "common", "own"}
        Whether a random half holds the same repetitions of every stimulus ("common": what all stimuli share in a
        repetition, such as slow drift, cancels as it does in the means) or is drawn for each stimulus ("own": drift
        counts as noise). "auto" is "common" where all stimuli have the same number of repetitions.
    n_splits : int
        Random splits.
    seed : int, optional

    Returns
    -------
    ReliabilityResult

    Raises
    ------
    TypeError, ValueError
        Not a recording, an unknown coordinate, fewer than two repetitions of a stimulus or three stimuli.

    Notes
    -----
    Random halves hold ⌊n/2⌋ of n repetitions, and the mean over all is n/⌊n/2⌋ times as long as they are: 3 times for
    three repetitions. Odd and even repetitions are all used, and the factor is 2, as usual, though one of an odd number
    makes one half longer than the other.

    References
    ----------
    Spearman 1910 and Brown 1910, Br. J. Psychol. 3.

    Examples
    --------
    >>> from neurogeom.recordings import synthetic_population
    >>> result = split_half_reliability(synthetic_population(seed=0).responses, seed=0)
    >>> bool(0.8 < result.median_reliability < 1)
    True
    """
    check_option("splits", splits, SPLITS)
    n_splits, seed = check_count("n_splits", n_splits), resolve_seed(seed)
    trials, _ = trials_by_stimulus(responses, by)
    if splits == "random":
        correlations, exact = split_half_correlation(trials, n_splits=n_splits, seed=seed, halves=halves)
        factor = lengthening(trials)
    else:
        correlations, exact, factor = _odd_even(trials)[None], True, np.asarray(2.0)
    with np.errstate(invalid="ignore"):
        mean, spread = correlations.mean(axis=0), correlations.std(axis=0)
    reliability = spearman_brown(mean, factor)
    dims = _other_dims(responses)
    defined = reliability[np.isfinite(reliability)]
    if not defined.size:
        raise ValueError("no neuroid varies over stimuli in both halves, so none has a reliability.")
    data = {
        "reliability": (dims, reliability),
        "half_correlation": (dims, mean),
        "half_correlation_sd": (dims, spread),
        "n_undefined": int(np.sum(~np.isfinite(reliability))),
    }
    over, coords = "neuroids", _neuroid_coords(responses)
    if reliability.ndim == 1:
        subjects = _several_subjects(coords, np.isfinite(reliability))
        over = "neuroids" if subjects is None else "subjects, then neuroids"
        for name, values in (("reliability", defined), ("half_correlation", mean[np.isfinite(reliability)])):
            data |= _median(name, values, subjects, seed)
        if subjects is not None:
            coords["subject_name"] = np.unique(subjects)
    else:
        for name, values in (("reliability", reliability), ("half_correlation", mean)):
            data[f"median_{name}"] = (dims[1:], np.nanmedian(values, axis=0))
    coords |= {"bound": ["low", "high"]}
    settings = make_settings(
        by=by if isinstance(by, str) else list(by),
        splits=splits,
        halves=halves,
        n_splits=len(correlations),
        exact=exact,
        seed=seed,
        uncertainty=over,
        level=LEVEL,
    )
    return ReliabilityResult(xr.Dataset(data, coords=coords), settings)


def signal_power(responses: xr.DataArray, by: str | Sequence[str] = "stimulus_id") -> xr.Dataset:
    """Variance of the repeatable part of responses over stimuli (Sahani & Linden 2003), per neuroid.

    Where stimuli have different numbers of repetitions, the first ones that all stimuli have are used, for each neuroid
    those that it has itself: neurons recorded one after the other have the values that they have alone.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid[, time_bin])
        NaN where a neuroid was not recorded.
    by : str or sequence of str
        Coordinates that make a stimulus.

    Returns
    -------
    Dataset
        ``signal_power`` (squared units of the responses), ``signal_share`` (of the variance of single trials),
        ``maximal_correlation`` (of the mean with a perfect model, √(SP / Var(mean))), each (neuroid[, time_bin]); NaN
        where a neuroid lacks two repetitions of a stimulus.

    Raises
    ------
    TypeError, ValueError
        Not a recording, an unknown coordinate, no neuroid with two repetitions of every stimulus.

    References
    ----------
    Sahani & Linden 2003; Schoppe, Harper, Willmore, King & Schnupp 2016, Front. Comput. Neurosci. 10:10.

    Examples
    --------
    >>> from neurogeom.recordings import synthetic_population
    >>> sorted(signal_power(synthetic_population(seed=0).responses).data_vars)
    ['maximal_correlation', 'signal_power', 'signal_share']
    """
    trials, _ = trials_by_stimulus(responses, by)
    shape = trials.shape[2:]
    trials, n_repetitions = _known_first(trials.reshape(*trials.shape[:2], -1))
    if n_repetitions.max(initial=0) < 2:
        raise ValueError("no neuroid has 2 repetitions of every stimulus, which signal power needs. Leave stimuli out.")
    power, share, maximal = np.full((3, len(n_repetitions)), np.nan)
    for count in np.unique(n_repetitions[n_repetitions >= 2]):
        own = n_repetitions == count
        complete = trials[:count, :, own]
        power[own], share[own] = power_of_trials(complete)
        with np.errstate(invalid="ignore", divide="ignore"):
            total = complete.mean(axis=0).var(axis=0, ddof=1)
            maximal[own] = np.sqrt(np.clip(power[own], 0.0, None) / total)
    n_lost = int((n_repetitions < 2).sum())
    if n_lost:
        warn(
            f"{n_lost} of {len(n_repetitions)} values have no signal power: fewer than 2 repetitions of a stimulus.",
            DegenerateInputWarning,
        )
    found = {"signal_power": power, "signal_share": share, "maximal_correlation": maximal}
    data = {name: (_other_dims(responses), values.reshape(shape)) for name, values in found.items()}
    return xr.Dataset(data, coords=_neuroid_coords(responses))


def explainable_variance(responses: xr.DataArray, by: str | Sequence[str] = "stimulus_id") -> xr.DataArray:
    """Share of the variance of stimulus means that is not noise, for any numbers of repetitions, per neuroid.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid[, time_bin])
        NaN where a neuroid was not recorded.
    by : str or sequence of str
        Coordinates that make a stimulus.

    Returns
    -------
    DataArray (neuroid[, time_bin])
        (Var of means − mean of s²/n) / Var of means; can be negative by chance.

    Raises
    ------
    TypeError, ValueError
        Not a recording, an unknown coordinate, or no stimulus with two repetitions.

    Examples
    --------
    >>> from neurogeom.recordings import synthetic_population
    >>> quiet = synthetic_population(private_noise=0, shared_noise=0, seed=0).responses
    >>> float(explainable_variance(quiet).min().round(6))
    1.0
    """
    trials, _ = trials_by_stimulus(responses, by)
    coords = _neuroid_coords(responses)
    return xr.DataArray(explainable_share(trials), dims=_other_dims(responses), coords=coords, name="explainable")


def noise_ceiling(
    responses: xr.DataArray,
    by: str | Sequence[str] = "stimulus_id",
    *,
    normalization: str = "reliability",
    n_splits: int = 100,
    seed: int | None = None,
) -> xr.DataArray:
    """The best that a model can reach on each neuroid, in the units that ``normalization`` names.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid[, time_bin])
    by : str or sequence of str
        Coordinates that make a stimulus.
    normalization : {"reliability", "correlation", "signal_power"}
        "reliability": split-half reliability, by which a squared correlation with the mean is divided;
        "correlation": its square root, by which a correlation is divided;
        "signal_power": √(signal power / variance of the mean), also for a correlation.
    n_splits : int
        Random splits.
    seed : int, optional

    Returns
    -------
    DataArray (neuroid[, time_bin])
        NaN where a reliability is negative and the normalization needs its root. The normalization is in ``attrs``.

    Raises
    ------
    TypeError, ValueError
        As ``split_half_reliability`` and ``signal_power``; an unknown normalization.

    Examples
    --------
    >>> from neurogeom.recordings import synthetic_population
    >>> ceiling = noise_ceiling(synthetic_population(seed=0).responses, normalization="correlation", seed=0)
    >>> bool((ceiling < 1).all())
    True
    """
    check_option("normalization", normalization, NORMALIZATIONS)
    if normalization == "signal_power":
        found = signal_power(responses, by)["maximal_correlation"]
    else:
        found = split_half_reliability(responses, by, n_splits=n_splits, seed=seed).data["reliability"]
        if normalization == "correlation":
            found = xr.apply_ufunc(np.sqrt, found.where(found >= 0))
    return found.rename("ceiling").assign_attrs(normalization=normalization)


def select_reliable(
    responses: xr.DataArray,
    threshold: float,
    by: str | Sequence[str] = "stimulus_id",
    *,
    n_splits: int = 100,
    seed: int | None = None,
) -> xr.DataArray:
    """The neuroids whose split-half reliability is at least ``threshold``.

    Choose neuroids on other presentations than those that are analyzed afterwards: selecting by the noise of the same
    trials makes the rest look better than it is.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid)
    threshold : float
        Between −1 and 1.
    by : str or sequence of str
        Coordinates that make a stimulus.
    n_splits : int
    seed : int, optional

    Returns
    -------
    DataArray
        With the coordinate ``reliability`` on neuroid.

    Raises
    ------
    TypeError, ValueError
        As ``split_half_reliability``; where no neuroid is left.

    Examples
    --------
    >>> from neurogeom.recordings import synthetic_population
    >>> responses = synthetic_population(seed=0).responses
    >>> select_reliable(responses, 0.0, seed=0).sizes["neuroid"]
    60
    """
    threshold = check_real("threshold", threshold, minimum=-1.0, maximum=1.0)
    result = split_half_reliability(responses, by, n_splits=n_splits, seed=seed)
    values = result.data["reliability"].values
    if values.ndim != 1:
        raise ValueError("responses has time bins. Reduce them first: recordings.time_window(responses, start, stop).")
    keep = np.flatnonzero(values >= threshold)
    if not len(keep):
        raise ValueError(f"threshold={threshold:g} leaves no neuroid; the highest is {np.nanmax(values):.3g}.")
    return responses.isel(neuroid=keep).assign_coords(reliability=("neuroid", values[keep]))


def trials_by_stimulus(responses: xr.DataArray, by: str | Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Trials (repetition, stimulus, neuroid[, time_bin]), NaN beyond the repetitions of a stimulus, and their counts.

    Repetitions of a stimulus are in the order of the coordinate ``repetition``, or of the presentations without one.
    """
    check_recording(responses)
    ordered = responses
    if "repetition" in responses.coords and responses.coords["repetition"].dims == ("presentation",):
        ordered = responses.isel(presentation=np.argsort(responses["repetition"].values, kind="stable"))
    group, first = groups_of(ordered, by)
    values = np.moveaxis(np.asarray(ordered.values, dtype=np.float64), ordered.get_axis_num("presentation"), 0)
    shown = np.isfinite(values.reshape(len(values), -1)).any(axis=1)
    values, group = values[shown], group[shown]
    counts = np.bincount(group, minlength=len(first))
    order = np.argsort(group, kind="stable")
    repetition = np.empty(len(group), dtype=np.intp)
    repetition[order] = np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
    trials = np.full((max(counts.max(initial=0), 1), len(first), *values.shape[1:]), np.nan)
    trials[repetition, group] = values
    return trials, counts


def _known_first(trials: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Trials (repetition, stimulus, entry) with those that are not NaN first, and the fewest of a stimulus by entry."""
    known = np.isfinite(trials)
    if not known.all():
        trials = np.take_along_axis(trials, np.argsort(~known, axis=0, kind="stable"), axis=0)
    return trials, known.sum(axis=0).min(axis=0)


def _odd_even(trials: np.ndarray) -> np.ndarray:
    """Correlation of the means of repetitions 0, 2, 4, … and 1, 3, 5, …."""
    if len(trials) < 2:
        raise ValueError("every stimulus was shown once; two halves need two repetitions.")
    with np.errstate(invalid="ignore", divide="ignore"):
        halves = [
            np.where(known.any(axis=0), np.where(known, half, 0.0).sum(axis=0) / known.sum(axis=0), np.nan)
            for half, known in ((part, np.isfinite(part)) for part in (trials[0::2], trials[1::2]))
        ]
    return column_correlation(*halves)


def _several_subjects(coords: Mapping[str, Any], known: np.ndarray) -> np.ndarray | None:
    """The subject of each neuroid that is known, where there are several."""
    named = next((coords[name][1] for name in ("subject", "animal") if name in coords), None)
    if named is None:
        return None
    subjects = np.array([as_name(value) for value in named])[known]
    return subjects if len(np.unique(subjects)) > 1 else None


def _median(name: str, values: np.ndarray, subjects: np.ndarray | None, seed: int) -> dict[str, Any]:
    """Median over neuroids and its interval; with subjects, these are resampled first, and told of one by one."""
    found: dict[str, Any] = {f"median_{name}": float(np.median(values))}
    if subjects is None:
        return found | {f"median_{name}_ci": ("bound", list(median_interval(values, level=LEVEL)))}
    drawn = bootstrap(lambda index: np.median(values[index]), len(values), level=LEVEL, groups=subjects, seed=seed)
    each = [float(np.median(values[subjects == one])) for one in np.unique(subjects)]
    return found | {f"median_{name}_ci": ("bound", drawn.interval.tolist()), f"subject_{name}": ("subject_name", each)}


def _other_dims(responses: xr.DataArray) -> list[str]:
    return [str(dim) for dim in responses.dims if dim != "presentation"]


def _neuroid_coords(responses: xr.DataArray) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for dim in _other_dims(responses):
        found |= {key: (dim, entries) for key, entries in axis_coordinates(responses, dim).items()}
    return found
