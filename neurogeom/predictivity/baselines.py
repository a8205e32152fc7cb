"""What a score is to be read against: predictions without any image, and the parts that responses are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurogeom.predictivity.aggregate import held_out_correlation
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
    predicted: np.ndarray, observed: np.ndarray, groups: np.ndarray, strata: np.ndarray | None = None
) -> np.ndarray:
    """Return the correlation of each part of the responses with the same part of the predictions.

    Parameters
    ----------
    predicted, observed : ndarray, shape (n, t)
        Out-of-fold predictions and responses; rows with NaN predictions (never tested) are left out.
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
    >>> component_correlations(means_only, y, np.array(list("aabbcc"))).round(3)[:2].ravel().tolist()
    [1.0, 0.0]
    """
    rows = np.isfinite(predicted).all(axis=1)
    n_targets = observed.shape[1]
    found = np.full((len(COMPONENTS), n_targets), np.nan)
    names, group = np.unique(groups[rows], return_inverse=True)
    stratum = np.zeros(len(group), dtype=int) if strata is None else np.unique(strata[rows], return_inverse=True)[1]
    both = [predicted[rows], observed[rows]]
    if len(names) >= 3:
        found[0] = held_out_correlation(*(_means(part, group, len(names), np.zeros(n_targets)) for part in both))
    cell = np.unique(group * (stratum.max(initial=0) + 1) + stratum, return_inverse=True)[1]
    several = np.bincount(cell)[cell] >= 2
    if several.sum() >= 3:
        zero = np.zeros(n_targets)
        inner = [(part - _means(part, cell, cell.max() + 1, zero)[cell])[several] for part in both]
        found[1] = held_out_correlation(*inner)
    if strata is not None and stratum.max(initial=0) >= 1:
        absent = np.full(n_targets, np.nan)
        first, second = stratum == 0, stratum == 1
        parts = [
            _means(part[second], group[second], len(names), absent)
            - _means(part[first], group[first], len(names), absent)
            for part in both
        ]
        paired = np.isfinite(parts[0]).all(axis=1)
        if paired.sum() >= 3:
            found[2] = held_out_correlation(*(part[paired] for part in parts))
    return found


def _means(values: np.ndarray, codes: np.ndarray, n_codes: int, absent: np.ndarray) -> np.ndarray:
    """Mean of the rows of each code, `absent` for a code without rows."""
    counts = np.bincount(codes, minlength=n_codes)
    sums = np.zeros((n_codes, values.shape[1]))
    np.add.at(sums, codes, values)
    return np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], absent)
