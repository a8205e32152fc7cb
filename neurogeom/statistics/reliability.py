"""How reliable responses are across repetitions of the same stimuli: numbers in, numbers out.

Trials are arrays (repetition, stimulus, …), NaN where a stimulus was not shown so often; what follows the second axis
(neuroids, time bins) is treated entry by entry.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from neurogeom._core.random import generator
from neurogeom._core.validation import check_option

HALVES = ("auto", "common", "own")
_HELD_NUMBERS = 2**22  # numbers in the means of halves that are held at a time
MAX_EXACT_SPLITS = 252  # all halves of up to ten repetitions


def spearman_brown(correlation: Any, factor: Any = 2.0) -> np.ndarray:
    r"""Reliability of measurements ``factor`` times as long, :math:`k r / (1 + (k - 1) r)`.

    Parameters
    ----------
    correlation : array-like
        Between measurements of the present length, e.g. two halves.
    factor : float or array-like
        2 for the whole from its halves; where halves leave a repetition out, see :func:`lengthening`.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        Where ``factor`` is not positive.

    References
    ----------
    Spearman 1910 and Brown 1910, Br. J. Psychol. 3:271 and 3:296.

    Examples
    --------
    >>> spearman_brown([0.5, 1.0]).round(4).tolist()
    [0.6667, 1.0]
    """
    k = np.asarray(factor, dtype=np.float64)
    if not (k > 0).all():
        raise ValueError(f"factor={factor} is not positive.")
    r = np.asarray(correlation, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return k * r / (1.0 + (k - 1.0) * r)


def lengthening(trials: np.ndarray) -> np.ndarray:
    r"""How many times as long the mean over all repetitions is as that over one of the halves of ⌊n/2⌋.

    :math:`\overline{1 / \lfloor n/2 \rfloor} / \overline{1 / n}`, the variances of noise in a half and in the whole,
    averaged over stimuli: 2 for even numbers of repetitions, :math:`R / \lfloor R/2 \rfloor` for an odd
    one, 3 for three.

    Parameters
    ----------
    trials : array (repetition, stimulus, …)
        NaN where not shown.

    Returns
    -------
    ndarray (…)
        The factor of :func:`spearman_brown`; 2 where no stimulus has two repetitions.

    Examples
    --------
    >>> lengthening(np.zeros((3, 5, 2))).tolist(), lengthening(np.zeros((4, 5, 2))).tolist()
    ([3.0, 3.0], [2.0, 2.0])
    """
    count = np.isfinite(trials).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.where(count >= 2, 1.0 / (count // 2), 0.0).sum(axis=0) / (count >= 2).sum(axis=0)
        whole = np.where(count >= 1, 1.0 / count, 0.0).sum(axis=0) / (count >= 1).sum(axis=0)
        return np.where((count >= 2).any(axis=0), half / whole, 2.0)


def column_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson correlation over the first axis, entry by entry; NaN where either is constant; NaN rows are left out.

    Parameters
    ----------
    first, second : arrays (stimulus, …)

    Returns
    -------
    ndarray (…)

    Raises
    ------
    ValueError
        For different shapes.

    Examples
    --------
    >>> column_correlation(np.array([[1.0], [2.0], [3.0]]), np.array([[2.0], [4.0], [7.0]])).round(4).tolist()
    [0.9934]
    """
    if first.shape != second.shape:
        raise ValueError(f"first has shape {first.shape}, second has {second.shape}; they must agree.")
    known = np.isfinite(first) & np.isfinite(second)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        a = np.where(known, first - np.where(known, first, 0.0).sum(axis=0) / count, 0.0)
        b = np.where(known, second - np.where(known, second, 0.0).sum(axis=0) / count, 0.0)
        power_a, power_b = (a**2).sum(axis=0), (b**2).sum(axis=0)
        # what rounding leaves of a constant is no variation
        floor_a = count * (1e-13 * np.abs(np.where(known, first, 0.0)).max(axis=0)) ** 2
        floor_b = count * (1e-13 * np.abs(np.where(known, second, 0.0)).max(axis=0)) ** 2
        varies = (power_a > floor_a) & (power_b > floor_b)
        return np.where(varies, (a * b).sum(axis=0) / np.sqrt(power_a * power_b), np.nan)


def split_half_correlation(
    trials: np.ndarray, *, n_splits: int, seed: int, halves: str = "auto", groups: np.ndarray | None = None
) -> tuple[np.ndarray, bool]:
    """Correlation over stimuli between the means of two halves of the repetitions, for each split.

    With "common" halves, the same repetitions of every stimulus, a drift that all stimuli share from repetition to
    repetition cancels, as it does in their means over all repetitions; all splits are taken if there are at most
    ``n_splits`` or 252 of them. With its "own" random halves for every stimulus, of ⌊n/2⌋ of the repetitions that an
    entry has of it, drift counts as noise. Neurons that were recorded one after the other, in other repetitions, so
    have the halves that they would have alone.

    Parameters
    ----------
    trials : array (repetition, stimulus, …)
        NaN where not shown.
    n_splits : int
        Random splits, where not all are taken.
    seed : int
    halves : {"auto", "common", "own"}
        "auto" is "common" where all stimuli have the same number of repetitions and nothing is missing.
    groups : array (stimulus,), optional
        Correlate deviations from the mean of the group, each half from its own.

    Returns
    -------
    correlations : ndarray (split, …)
    exact : bool
        True where all splits were taken.

    Raises
    ------
    ValueError
        Fewer than two repetitions of a stimulus, fewer than three stimuli, or common halves of unequal repetitions.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> trials = np.arange(20.0)[None, :, None] + rng.normal(size=(4, 20, 1))
    >>> correlations, exact = split_half_correlation(trials, n_splits=10, seed=0)
    >>> correlations.shape, exact
    ((3, 1), True)
    """
    n_repetitions, n_stimuli = trials.shape[:2]
    if n_stimuli < 3:
        raise ValueError(f"there are {n_stimuli} stimuli; a correlation over stimuli needs at least 3.")
    flat = trials.reshape(n_repetitions, n_stimuli, -1)
    shown = np.isfinite(flat).any(axis=2)
    counts = shown.sum(axis=0)
    if counts.min() < 2:
        raise ValueError(
            f"{(counts < 2).sum()} of {n_stimuli} stimuli have fewer than 2 repetitions; two halves need one each. "
            "Leave these stimuli out."
        )
    complete = bool(np.isfinite(flat).all())
    check_option("halves", halves, HALVES)
    if halves == "common" and not complete:
        raise ValueError(
            "halves='common' needs the same number of repetitions of every stimulus and no missing trials. "
            "Use halves='own'."
        )
    if complete and halves != "own":
        rows, exact = _common_halves(n_repetitions, n_splits, seed)
        found = list(halves_correlation(flat, rows, groups))
    else:
        exact = False
        found = [_own_halves(flat, generator(seed, split), groups) for split in range(n_splits)]
    return np.stack(found).reshape(-1, *trials.shape[2:]), exact


def halves_correlation(trials: np.ndarray, rows: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
    """Correlation over stimuli between the means of the two halves of the repetitions that each row names.

    Parameters
    ----------
    trials : array (repetition, stimulus, …)
        Complete: no NaN.
    rows : array (split, repetition)
        Above zero in the first half, below zero in the second, 0 where left out.
    groups : array (stimulus,), optional
        As in :func:`split_half_correlation`.

    Returns
    -------
    ndarray (split, …)

    Examples
    --------
    >>> trials = np.array([[[1.0], [2.0], [4.0]], [[1.0], [3.0], [4.0]]])
    >>> halves_correlation(trials, np.array([[1, -1]])).round(4).tolist()
    [[0.9286]]
    """
    n_repetitions = trials.shape[0]
    flat = np.ascontiguousarray(trials, dtype=np.float64).reshape(n_repetitions, -1)
    found = np.empty((len(rows), *trials.shape[2:]))
    step = max(1, _HELD_NUMBERS // (2 * flat.shape[1]))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        sides = np.concatenate([part > 0, part < 0]).astype(np.float64)
        # the means of all halves are one matrix product
        means = ((sides / sides.sum(axis=1, keepdims=True)) @ flat).reshape(len(sides), *trials.shape[1:])
        for number in range(len(part)):
            pair = (within_groups(means[row], groups) for row in (number, len(part) + number))
            found[start + number] = column_correlation(*pair)
    return found


def within_groups(values: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """Deviations from the mean of the group, over what is not NaN; the values themselves without groups.

    Parameters
    ----------
    values : array (stimulus, …)
    groups : array (stimulus,) or None

    Returns
    -------
    ndarray (stimulus, …)
        What rounding leaves of a constant is 0.

    Examples
    --------
    >>> within_groups(np.array([1.0, 3.0, 5.0]), np.array(["a", "a", "b"])).tolist()
    [-1.0, 1.0, 0.0]
    """
    if groups is None:
        return values
    _, group = np.unique(groups, return_inverse=True)
    known = np.isfinite(values)
    sums, counts = (np.zeros((group.max() + 1, *values.shape[1:])) for _ in range(2))
    np.add.at(sums, group, np.where(known, values, 0.0))
    np.add.at(counts, group, known)
    deviation = values - (sums / np.maximum(counts, 1.0))[group]
    deviation[np.abs(deviation) <= 1e-13 * np.abs(np.where(known, values, 0.0)).max(axis=0)] = 0.0
    return deviation


def shuffled_halves(n_repetitions: int, n_splits: int, random_state: int) -> np.ndarray:
    """Random halves as scikit-learn's ``ShuffleSplit(n_splits, train_size=0.5, random_state=…)`` draws them.

    An odd number of repetitions gives the second half one more, as in Brain-Score.

    Parameters
    ----------
    n_repetitions, n_splits, random_state : int

    Returns
    -------
    ndarray (n_splits, n_repetitions)
        1 in the first half, −1 in the second.

    Examples
    --------
    >>> shuffled_halves(4, 2, 1).astype(int).tolist()
    [[1, 1, -1, -1], [-1, 1, -1, 1]]
    """
    draws = np.random.RandomState(random_state)  # noqa: NPY002 (the stream that stored values were made with)
    rows = np.full((n_splits, n_repetitions), -1.0)
    n_second = n_repetitions - n_repetitions // 2
    for row in rows:
        row[draws.permutation(n_repetitions)[n_second:]] = 1.0
    return rows


def signal_power(trials: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Variance over stimuli of the repeatable part of responses, and the share of a trial's variance that it is.

    :math:`SP = (\mathrm{Var}(\sum_r y_r) - \sum_r \mathrm{Var}(y_r)) / (R (R - 1))`, variances over stimuli (ddof 1).

    Parameters
    ----------
    trials : array (repetition, stimulus, …)
        Complete: the same number of repetitions of every stimulus.

    Returns
    -------
    power, share : ndarray (…)
        Signal power, and signal power / mean variance of single repetitions. Both can be negative by chance.

    Raises
    ------
    ValueError
        Fewer than two repetitions or stimuli, or missing trials.

    References
    ----------
    Sahani & Linden 2003, Adv. Neural Inf. Process. Syst. 15; Schoppe et al. 2016, Front. Comput. Neurosci. 10:10.

    Examples
    --------
    >>> power, share = signal_power(np.array([[[1.0], [3.0]], [[1.0], [3.0]]]))
    >>> power.tolist(), share.tolist()
    ([2.0], [1.0])
    """
    n_repetitions, n_stimuli = trials.shape[:2]
    if n_repetitions < 2 or n_stimuli < 2:
        raise ValueError(f"{n_repetitions} repetitions of {n_stimuli} stimuli; at least 2 of each are needed.")
    if not np.isfinite(trials).all():
        raise ValueError("trials are missing: signal power needs equally many repetitions of every stimulus.")
    single = trials.var(axis=1, ddof=1)
    power = (trials.sum(axis=0).var(axis=0, ddof=1) - single.sum(axis=0)) / (n_repetitions * (n_repetitions - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return power, power / single.mean(axis=0)


def explainable_share(trials: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
    r"""Share of the variance of the stimulus means that is not noise, for any numbers of repetitions.

    :math:`(\mathrm{Var}_s(\bar y_s) - \mathrm{mean}_s(s_s^2 / n_s)) / \mathrm{Var}_s(\bar y_s)` with :math:`s_s^2` the
    variance over the :math:`n_s` repetitions of stimulus s.

    Parameters
    ----------
    trials : array (repetition, stimulus, …)
        NaN where not shown.
    groups : array (stimulus,), optional
        Take the variance of the means within groups.

    Returns
    -------
    ndarray (…)
        1 without noise; can be negative by chance; NaN where the means do not vary.

    Raises
    ------
    ValueError
        Where no stimulus has two repetitions.

    Examples
    --------
    >>> explainable_share(np.array([[[1.0], [3.0]], [[1.0], [3.0]]])).tolist()
    [1.0]
    """
    known = np.isfinite(trials)
    count = known.sum(axis=0).astype(np.float64)
    if not (count >= 2).any():
        raise ValueError("no stimulus has two repetitions, so noise cannot be told from signal.")
    filled = np.where(known, trials, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled.sum(axis=0) / count
        spread = np.where(known, trials - mean, 0.0)
        noise = np.where(count >= 2, (spread**2).sum(axis=0) / (count - 1) / count, np.nan)
        if groups is None:
            total = np.nanvar(mean, axis=0, ddof=1)
        else:
            deviation = within_groups(mean, groups)
            total = np.nansum(deviation**2, axis=0) / (len(mean) - len(np.unique(groups)))
        return np.where(total > 0, (total - np.nanmean(noise, axis=0)) / total, np.nan)


def _common_halves(n_repetitions: int, n_splits: int, seed: int) -> tuple[np.ndarray, bool]:
    """Rows of +1 (first half), −1 (second half), 0 (left out of an odd number); all of them where they are few."""
    half = n_repetitions // 2
    n_all = math.comb(n_repetitions, half) * math.comb(n_repetitions - half, half) // 2
    if n_all <= max(n_splits, MAX_EXACT_SPLITS):
        rows = []
        for used in itertools.combinations(range(n_repetitions), 2 * half):
            for rest in itertools.combinations(used[1:], half - 1):
                row = np.zeros(n_repetitions)
                row[list(used)] = -1.0
                row[[used[0], *rest]] = 1.0
                rows.append(row)
        return np.array(rows), True
    rows = []
    for split in range(n_splits):
        order = generator(seed, split).permutation(n_repetitions)
        row = np.zeros(n_repetitions)
        row[order[:half]], row[order[half : 2 * half]] = 1.0, -1.0
        rows.append(row)
    return np.array(rows), False


def _own_halves(flat: np.ndarray, rng: np.random.Generator, groups: np.ndarray | None = None) -> np.ndarray:
    """Correlation of random halves of the repetitions that each entry has of each stimulus.

    All entries see one random order of the repetitions, and each takes halves of those it has in that order: entries
    with the same repetitions have the same halves.
    """
    n_repetitions, n_stimuli, n_entries = flat.shape
    order = rng.random((n_repetitions, n_stimuli)).argsort(axis=0)[:, :, None]
    found = np.empty(n_entries)
    step = max(1, _HELD_NUMBERS // (n_repetitions * n_stimuli))
    for start in range(0, n_entries, step):
        part = np.take_along_axis(flat[:, :, start : start + step], order, axis=0)
        known = np.isfinite(part)
        place = np.cumsum(known, axis=0)
        half = place[-1] // 2
        masks = (known & (place <= half), known & (place > half) & (place <= 2 * half))
        pair = (within_groups(_masked_mean(part, mask), groups) for mask in masks)
        found[start : start + step] = column_correlation(*pair)
    return found


def _masked_mean(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean over the masked repetitions, NaN where there are none."""
    count = mask.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(mask, values, 0.0).sum(axis=0) / np.where(count > 0, count, np.nan)
