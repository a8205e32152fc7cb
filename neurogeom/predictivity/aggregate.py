"""From predictions to correlations, medians and their intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from neurogeom._core.random import generator
from neurogeom.regression.folds import Fold
from neurogeom.statistics import resampled_indices

_EPS = float(np.finfo(np.float64).eps)


def held_out_correlation(predicted: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return the Pearson correlation of predicted and observed responses over stimuli, one per neuroid.

    Parameters
    ----------
    predicted, observed : ndarray, shape (n, t)

    Returns
    -------
    ndarray, shape (t,)
        0 where the prediction is constant (it knows nothing), NaN where the response is (nothing is to be known).

    Examples
    --------
    >>> y = np.array([[1.0, 1.0, 5.0], [2.0, 2.0, 5.0], [3.0, 4.0, 5.0]])
    >>> held_out_correlation(np.array([[1.0, 7.0, 1.0], [2.0, 7.0, 2.0], [3.0, 7.0, 3.0]]), y).round(3).tolist()
    [1.0, 0.0, nan]
    """
    left, right = predicted - predicted.mean(axis=0), observed - observed.mean(axis=0)
    powers = (left**2).sum(axis=0), (right**2).sum(axis=0)
    # what rounding leaves of a constant is no variation
    floors = [len(values) * (64.0 * _EPS * np.abs(values).max(axis=0)) ** 2 for values in (predicted, observed)]
    with np.errstate(invalid="ignore", divide="ignore"):
        value = (left * right).sum(axis=0) / np.sqrt(powers[0] * powers[1])
    value = np.where(powers[0] > floors[0], value, 0.0)
    return np.where(powers[1] > floors[1], value, np.nan)


def centered_by(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return values less the mean of their group, shape (n, t); what rounding leaves becomes 0.

    Examples
    --------
    >>> centered_by(np.array([[1.0], [3.0], [5.0]]), np.array(["a", "a", "b"])).ravel().tolist()
    [-1.0, 1.0, 0.0]
    """
    _, group = np.unique(labels, return_inverse=True)
    sums = np.zeros((group.max() + 1, values.shape[1]))
    np.add.at(sums, group, values)
    centered = values - (sums / np.bincount(group)[:, None])[group]
    centered[np.abs(centered) <= 64.0 * _EPS * np.abs(values).max(axis=0)] = 0.0
    return centered


def pooled_predictions(predictions: Sequence[np.ndarray], folds: Sequence[Fold], targets: np.ndarray) -> np.ndarray:
    """Return the mean of each stimulus's out-of-fold predictions, shape (n, t); NaN where it was never tested.

    The training mean of each split is replaced by the mean of all stimuli: those means are lower where the test
    stimuli are high, so that a model that knows nothing but the mean would look anticorrelated.

    Examples
    --------
    >>> y = np.array([[0.0], [2.0], [4.0]])
    >>> folds = [(np.array([0, 1]), np.array([2])), (np.array([1, 2]), np.array([0]))]
    >>> pooled_predictions([np.array([[1.0]]), np.array([[3.0]])], folds, y).ravel().tolist()
    [2.0, nan, 2.0]
    """
    total = np.zeros(targets.shape)
    counts = np.zeros(len(targets))
    for prediction, (train, test) in zip(predictions, folds):
        total[test] += prediction - targets[train].mean(axis=0)
        counts[test] += 1.0
    with np.errstate(invalid="ignore"):
        return targets.mean(axis=0) + total / np.where(counts > 0, counts, np.nan)[:, None]


def median_over_splits(correlations: np.ndarray) -> float:
    """Return the mean over splits of the median over neuroids; correlations has shape (splits, neuroids).

    Examples
    --------
    >>> median_over_splits(np.array([[0.1, 0.5, 0.9], [0.2, 0.3, np.nan]]))
    0.375
    """
    return float(known_medians(correlations).mean())


def known_medians(values: np.ndarray) -> np.ndarray:
    """Return the median of each row over what is not NaN; NaN for a row without numbers. Faster than nanmedian.

    Examples
    --------
    >>> known_medians(np.array([[3.0, 1.0, 2.0], [np.nan, 4.0, 8.0]])).tolist()
    [2.0, 6.0]
    """
    ordered = np.sort(values, axis=1)  # NaN comes last
    counts = np.isfinite(values).sum(axis=1)
    rows = np.arange(len(values))
    low, high = (
        ordered[rows, np.maximum(counts - 1, 0) // 2],
        ordered[rows, np.maximum(counts, 1) // 2 % values.shape[1]],
    )
    middle = np.where(counts % 2 == 1, low, 0.5 * (low + high))
    return np.where(counts > 0, middle, np.nan)


def resample(
    statistic: Callable[[np.ndarray, np.ndarray], Sequence[float]],
    n_splits: int,
    n_neuroids: int,
    *,
    n_resamples: int,
    seed: int,
    level: float,
    subjects: np.ndarray | None = None,
) -> np.ndarray:
    """Return percentile intervals of statistics over resampled splits and neuroids.

    Parameters
    ----------
    statistic : callable
        From indices of splits and of neuroids to numbers.
    n_splits, n_neuroids : int
    n_resamples, seed : int
        The same seed gives the same resamples, so that analyses of the same neuroids are paired.
    level : float
    subjects : ndarray, shape (n_neuroids,), optional
        Resampled first, then neuroids within each.

    Returns
    -------
    ndarray, shape (statistics, 2)
        NaN with fewer than two neuroids.

    Examples
    --------
    >>> bounds = resample(lambda s, n: [n.mean()], 3, 50, n_resamples=200, seed=0, level=0.9)
    >>> bool(bounds[0, 0] < 24.5 < bounds[0, 1])
    True
    """
    if n_neuroids < 2:
        return np.full((len(statistic(np.arange(n_splits), np.arange(n_neuroids))), 2), np.nan)
    drawn = []
    for index in range(n_resamples):
        neuroids = resampled_indices(n_neuroids, seed=seed, index=index, groups=subjects)
        drawn.append(statistic(generator(seed, 5, index).integers(n_splits, size=n_splits), neuroids))
    tail = (1.0 - level) / 2.0
    return np.nanquantile(np.array(drawn, dtype=float), [tail, 1.0 - tail], axis=0).T
