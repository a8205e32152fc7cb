"""Training and test rows of each fold, and the Gram matrix that all folds share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Fold = tuple[np.ndarray, np.ndarray]

_COLUMNS = 4096  # features centered at a time, so that no centered copy of all is made


@dataclass(frozen=True)
class Gram:
    """Inner products of rows after the mean over all rows is taken away.

    Parameters
    ----------
    matrix : ndarray, shape (n, n)
    mean : ndarray, shape (p,)
        What was taken away.
    n_features : int
    """

    matrix: np.ndarray
    mean: np.ndarray
    n_features: int


def gram(features: Any) -> Gram:
    """Return the centered Gram matrix of `features`, made block by block.

    Parameters
    ----------
    features : ndarray, shape (n, p)
        Real numbers; float32 is computed in float64.

    Returns
    -------
    Gram
        The mean is that of all rows. It cancels in every centered fold, so no fold learns from its test rows.

    Examples
    --------
    >>> gram(np.array([[0.0, 5.0], [2.0, 5.0]])).matrix.tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    n_rows, n_features = features.shape
    total = np.zeros((n_rows, n_rows))
    mean = np.empty(n_features)
    for start in range(0, n_features, _COLUMNS):
        block = np.array(features[:, start : start + _COLUMNS], dtype=np.float64, order="C")
        mean[start : start + _COLUMNS] = block.mean(axis=0)
        block -= mean[start : start + _COLUMNS]
        total += block @ block.T
    return Gram(total, mean, n_features)


def check_folds(folds: Sequence[Any], n_rows: int) -> list[Fold]:
    """Return folds as pairs of index arrays; refuse a row on both sides, an empty side, a row that is not there.

    Parameters
    ----------
    folds : sequence of (train, test)
        Row numbers.
    n_rows : int

    Returns
    -------
    list of (ndarray, ndarray)

    Raises
    ------
    ValueError
        Where a fold leaks or is empty.

    Examples
    --------
    >>> check_folds([([0, 1], [1, 2])], 3)
    Traceback (most recent call last):
    ...
    ValueError: fold 0 has 1 rows both in training and test (first: 1). ...
    """
    pairs = []
    for number, (train, test) in enumerate(folds):
        sides = [np.asarray(side) for side in (train, test)]
        for name, side in zip(("training", "test"), sides):
            if side.ndim != 1 or side.dtype.kind not in "iu" or not side.size:
                raise ValueError(f"fold {number} has no {name} rows as whole numbers; at least one is needed.")
            if side.min() < 0 or side.max() >= n_rows:
                raise ValueError(f"fold {number} names a {name} row outside 0 … {n_rows - 1}.")
            if len(np.unique(side)) < len(side):
                raise ValueError(f"fold {number} names a {name} row twice.")
        both = np.intersect1d(sides[0], sides[1])
        if both.size:
            raise ValueError(
                f"fold {number} has {both.size} rows both in training and test (first: "
                f"{', '.join(map(str, both[:3]))}). A score on rows that were trained on says nothing."
            )
        if len(sides[0]) < 2:
            raise ValueError(f"fold {number} has {len(sides[0])} training row; at least 2 are needed.")
        pairs.append((sides[0].astype(np.intp), sides[1].astype(np.intp)))
    if not pairs:
        raise ValueError("folds is empty; at least one is needed.")
    return pairs
