"""What a score is to be read against: predictions without any image, and the parts that responses are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurogeom.predictivity.aggregate import centered_by, held_out_correlation
from neurogeom.regression.folds import Fold

COMPONENTS = ("group_means", "within_group", "stratum_difference")


def group_means(
    targets: np.ndarray, folds: Sequence[Fold], groups: np.ndarray, strata: np.ndarray | None = None
) -> list[np.ndarray]:
    """Return predictions of test rows by the training mean of their group (and stratum).

    A group that training has not seen gets the mean of its stratum, or of all training rows. Any score of features
    under the same splits is to be read against this one, which knows no image.

    Parameters
    ----------
    targets : ndarray, shape (n, t)
    folds : sequence of (train, test)
    groups : ndarray, shape (n,)
    strata : ndarray, shape (n,), optional

    Returns
    -------
    list of ndarray, shape (n_test, t)

    Examples
    --------
    >>> y = np.array([[1.0], [3.0], [10.0], [2.0]])
    >>> fold = (np.array([0, 1, 2]), np.array([3]))
    >>> group_means(y, [fold], np.array(["a", "a", "b", "a"]))[0].tolist()
    [[2.0]]
    """
    _, group = np.unique(groups, return_inverse=True)
    stratum = np.zeros(len(group), dtype=int) if strata is None else np.unique(strata, return_inverse=True)[1]
    cell = group * (stratum.max() + 1) + stratum
    predictions = []
    for train, test in folds:
        whole = targets[train].mean(axis=0)
        by_stratum = _means(targets[train], stratum[train], stratum.max() + 1, whole)
        by_group = _means(targets[train], group[train], group.max() + 1, whole)
        by_cell = _means(targets[train], cell[train], cell.max() + 1, whole)
        known_cell, known_group = np.isin(cell[test], cell[train]), np.isin(group[test], group[train])
        prediction = np.where(known_group[:, None], by_group[group[test]], by_stratum[stratum[test]])
        predictions.append(np.where(known_cell[:, None], by_cell[cell[test]], prediction))
    return predictions


def component_correlations(
    predictions: Sequence[np.ndarray],
    targets: np.ndarray,
    folds: Sequence[Fold],
    groups: np.ndarray,
    strata: np.ndarray | None = None,
) -> np.ndarray:
    """Return the correlation of each part of the held-out responses with the same part of their predictions.

    Parts are formed within each split's test stimuli, relative to its training mean, and put together over splits.

    Parameters
    ----------
    predictions : sequence of ndarray, shape (n_test, t)
    targets : ndarray, shape (n, t)
    folds : sequence of (train, test)
    groups : ndarray, shape (n,)
    strata : ndarray, shape (n,), optional

    Returns
    -------
    ndarray, shape (3, t)
        Means of groups; deviations from the mean of the group (and stratum); difference of the first two strata
        within each group. NaN where a part cannot be formed from at least three values.

    References
    ----------
    Ziemba, Freeman, Movshon & Simoncelli 2016, PNAS 113:E3140 (partition into families and samples).

    Examples
    --------
    >>> y = np.array([[0.0], [1.0], [5.0], [6.0], [9.0], [10.0]])
    >>> means_only = np.array([[0.5], [0.5], [5.5], [5.5], [9.5], [9.5]])
    >>> fold = (np.array([0, 1, 2, 3, 4, 5]), np.arange(6))
    >>> component_correlations([means_only], y, [fold], np.array(list("aabbcc"))).round(3)[:2].ravel().tolist()
    [1.0, 0.0]
    """
    names, group = np.unique(groups, return_inverse=True)
    stratum = np.zeros(len(group), dtype=int) if strata is None else np.unique(strata, return_inverse=True)[1]
    cell = group * (stratum.max() + 1) + stratum
    means: list[tuple[np.ndarray, np.ndarray]] = []
    inner: list[tuple[np.ndarray, np.ndarray]] = []
    differences: list[tuple[np.ndarray, np.ndarray]] = []
    absent = np.full(targets.shape[1], np.nan)
    for prediction, (train, test) in zip(predictions, folds):
        both = prediction - targets[train].mean(axis=0), targets[test] - targets[train].mean(axis=0)
        means.append(_each(both, group[test], len(names), absent))
        several = np.bincount(cell[test])[cell[test]] >= 2
        if several.any():
            inner.append(tuple(centered_by(part[several], cell[test][several]) for part in both))  # type: ignore[arg-type]
        sides = [stratum[test] == 0, stratum[test] == 1]
        if all(side.any() for side in sides):
            first, second = (
                _each((both[0][side], both[1][side]), group[test][side], len(names), absent) for side in sides
            )
            differences.append((second[0] - first[0], second[1] - first[1]))
    over_folds = [_mean_of_known([pair[side] for pair in means]) for side in (0, 1)]
    parts = [
        (over_folds[0], over_folds[1]),
        tuple(np.concatenate([pair[side] for pair in inner]) for side in (0, 1)) if inner else None,
        tuple(_mean_of_known([pair[side] for pair in differences]) for side in (0, 1)) if differences else None,
    ]
    return np.array([_correlation(part, absent) for part in parts])


def _each(
    both: tuple[np.ndarray, np.ndarray], codes: np.ndarray, n_codes: int, absent: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return _means(both[0], codes, n_codes, absent), _means(both[1], codes, n_codes, absent)


def _mean_of_known(tables: Sequence[np.ndarray]) -> np.ndarray:
    stacked = np.array(tables)
    known = np.isfinite(stacked)
    counts = known.sum(axis=0)
    return np.where(counts > 0, np.where(known, stacked, 0.0).sum(axis=0) / np.maximum(counts, 1), np.nan)


def _correlation(part: tuple[np.ndarray, ...] | None, absent: np.ndarray) -> np.ndarray:
    if part is None:
        return absent
    known = np.isfinite(part[0]).all(axis=1) & np.isfinite(part[1]).all(axis=1)
    return held_out_correlation(part[0][known], part[1][known]) if known.sum() >= 3 else absent


def _means(values: np.ndarray, codes: np.ndarray, n_codes: int, absent: np.ndarray) -> np.ndarray:
    """Mean of the rows of each code, `absent` for a code without rows."""
    counts = np.bincount(codes, minlength=n_codes)
    sums = np.zeros((n_codes, values.shape[1]))
    np.add.at(sums, codes, values)
    return np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], absent)
