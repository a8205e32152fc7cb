"""The best that a model can reach on a neuroid: the reliability of its mean response."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurogeom.predictivity.aggregate import known_medians
from neurogeom.statistics.explained import cc_max
from neurogeom.statistics.reliability import (
    explainable_share,
    halves_correlation,
    lengthening,
    shuffled_halves,
    spearman_brown,
    split_half_correlation,
    within_groups,
)

KINDS = ("split_half", "signal_power")
NORMALIZATIONS = ("explained", "squared_ratio", "correlation")


@dataclass(frozen=True)
class Ceiling:
    """Reliabilities, in units of squared correlation.

    Parameters
    ----------
    per_split : ndarray, shape (s, t)
        One row where there are no splits.
    neuroid : ndarray, shape (t,)
    estimator : str
        What it is, in words.
    """

    per_split: np.ndarray
    neuroid: np.ndarray
    estimator: str

    def median(self, use: np.ndarray | slice = slice(None)) -> float:
        """Mean over splits of the median over neuroids."""
        return float(known_medians(self.per_split[:, use]).mean())

    def error(self) -> float:
        """Standard error of that mean over splits (ddof 0); NaN without splits."""
        medians = known_medians(self.per_split)
        return float(medians.std() / np.sqrt(len(medians))) if len(medians) > 1 else float("nan")


def ceiling_of(
    trials: np.ndarray,
    kind: str,
    *,
    n_splits: int = 100,
    seed: int = 0,
    legacy: bool = False,
    groups: np.ndarray | None = None,
) -> Ceiling:
    """Return the reliability of each neuroid's mean response.

    Parameters
    ----------
    trials : ndarray, shape (R, n, t)
        NaN where a stimulus was not shown so often.
    kind : {"split_half", "signal_power"}
        Spearman–Brown corrected correlation of halves (all splits where at most 252, else `n_splits` random ones);
        signal power over the variance of the mean, CC_max².
    n_splits, seed : int
    legacy : bool
        Halves as Brain-Score draws them, whole repetitions at random, also where all could be taken; of an odd number
        one half has one more, and the factor of Spearman and Brown stays 2, as theirs does.
    groups : ndarray, shape (n,), optional
        Of deviations from the mean of the group, where scores are of these.

    Returns
    -------
    Ceiling

    Raises
    ------
    ValueError
        Fewer than two repetitions.

    References
    ----------
    Spearman 1910, Brown 1910, Br. J. Psychol. 3; Schoppe et al. 2016, Front. Comput. Neurosci. 10:10.

    Examples
    --------
    >>> trials = np.array([[[1.0], [3.0], [2.0]], [[1.0], [3.0], [2.0]]])
    >>> ceiling_of(trials, "split_half").neuroid.tolist()
    [1.0]
    """
    if len(trials) < 2:
        raise ValueError(
            f"ceiling={kind!r} needs at least 2 repetitions of a stimulus; responses has one. Hand in single trials "
            "(repetitions as presentations that share a stimulus_id, or shape (repetitions, stimuli, neuroids)), or "
            "use ceiling=None."
        )
    complete = bool(np.isfinite(trials).all())
    of_what = "" if groups is None else ", of deviations from group means"
    if kind == "signal_power":
        if complete:
            values = cc_max(np.stack([within_groups(one, groups) for one in trials])) ** 2
        else:
            values = np.maximum(explainable_share(trials, groups), 0.0)
        return Ceiling(values[None], values, f"signal power / variance of the mean (CC_max squared){of_what}")
    if legacy:
        if not complete:
            raise ValueError(
                "Brain-Score's halves need the same number of repetitions of every stimulus and no NaN. Leave preset "
                "out, or use recordings.drop_incomplete."
            )
        correlations = halves_correlation(trials, shuffled_halves(len(trials), n_splits, seed), groups)
        factor = np.asarray(2.0)
        words = f"split half, Spearman–Brown, {n_splits} random splits{of_what}"
    else:
        correlations, exact = split_half_correlation(trials, n_splits=n_splits, seed=seed, groups=groups)
        factor = lengthening(trials)
        words = f"split half, Spearman–Brown, {'all' if exact else 'random'} {len(correlations)} splits{of_what}"
    # the mean correlation is corrected, not each one: a correction near r = −1 has no mean
    return Ceiling(spearman_brown(correlations, factor), spearman_brown(correlations.mean(axis=0), factor), words)


def normalize(correlation: np.ndarray, reliability: np.ndarray, how: str, *, signed: bool = True) -> np.ndarray:
    """Return correlations in units of the ceiling, never clamped.

    Parameters
    ----------
    correlation, reliability : ndarray
        Of shapes that broadcast.
    how : {"explained", "squared_ratio", "correlation"}
        r² / c, (r / c)² or r / √c.
    signed : bool
        Whether the sign of r is kept; without it a negative r scores above zero.

    Returns
    -------
    ndarray
        NaN where the reliability is not above zero.

    Examples
    --------
    >>> normalize(np.array([0.6, -0.6]), np.array([0.9, 0.9]), "explained").round(3).tolist()
    [0.4, -0.4]
    """
    correlation, reliability = np.asarray(correlation, dtype=float), np.asarray(reliability, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        if how == "correlation":
            value = np.abs(correlation) / np.sqrt(reliability)
        else:
            value = correlation**2 / (reliability if how == "explained" else reliability**2)
        value = np.where(reliability > 0.0, value, np.nan)
    return np.sign(correlation) * value if signed else value
