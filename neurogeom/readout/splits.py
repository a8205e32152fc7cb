"""Which presentations train and which test: selections, folds, and the promise that no one is in both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurogeom._core.random import generator
from neurogeom._core.responses import ResponseTable, as_name, group, hint, label_values
from neurogeom._core.validation import check_count

Split = tuple[np.ndarray, np.ndarray]

LEAVE_ONE_OUT = "leave_one_out"


def select(selection: Any, table: ResponseTable, name: str) -> np.ndarray:
    """A mask over presentations from a dict of coordinate → value(s), a boolean mask, indices, or None for all."""
    n = len(table.matrix)
    if selection is None:
        return np.ones(n, dtype=bool)
    if isinstance(selection, Mapping):
        mask = np.ones(n, dtype=bool)
        for key, wanted in selection.items():
            mask &= _equals(key, wanted, table, name)
    else:
        mask = _as_mask(np.asarray(selection), n, name)
    if not mask.any():
        raise ValueError(f"{name} selects no presentation. Check its values: {selection!r}.")
    return mask


def make_splits(
    splits: Any, codes: np.ndarray, table: ResponseTable, train: np.ndarray, test: np.ndarray, seed: int
) -> list[Split]:
    """Index arrays (train, test) of each split; within the masks ``train`` and ``test``, never overlapping."""
    if splits is None:
        if (train & test).any():
            raise ValueError(
                f"splits=None trains once on train and tests once on test, but {(train & test).sum()} presentations "
                "are in both. Give splits=5, or selections that do not overlap."
            )
        pairs = [(np.flatnonzero(train), np.flatnonzero(test))]
    elif hasattr(splits, "split") and not isinstance(splits, str):
        pairs = _by_splitter(splits, codes, train, test)
    else:
        folds = _folds(splits, codes, table, train, test, seed)
        pairs = [
            (np.flatnonzero(train & (folds != fold)), np.flatnonzero(test & (folds == fold)))
            for fold in range(folds.max() + 1)
        ]
    pairs = [(rows, held_out) for rows, held_out in pairs if len(held_out)]
    if not pairs:
        raise ValueError("splits leaves nothing to test on. Use fewer folds, or other selections.")
    return pairs


def check_classes(pairs: list[Split], codes: np.ndarray, names: list[str]) -> None:
    """Refuse a split whose training set lacks a class that is tested, or holds one class only."""
    for index, (rows, held_out) in enumerate(pairs):
        known = np.unique(codes[rows])
        missing = np.setdiff1d(codes[held_out], known)
        if len(missing):
            raise ValueError(
                f"split {index} tests class {names[missing[0]]!r}, which its training presentations do not hold. "
                "Every class needs presentations in both; use other splits, or leave this class out."
            )
        if len(known) < 2:
            raise ValueError(f"split {index} trains on {len(known)} class; at least two are needed.")


def _folds(
    splits: Any, codes: np.ndarray, table: ResponseTable, train: np.ndarray, test: np.ndarray, seed: int
) -> np.ndarray:
    """Fold of each presentation, −1 where it is in neither selection."""
    used = train | test
    folds = np.full(len(codes), -1)
    if isinstance(splits, str) and splits == LEAVE_ONE_OUT:
        folds[used] = np.arange(used.sum())
        return folds
    if isinstance(splits, str):
        if splits not in table.presentation:
            known = [LEAVE_ONE_OUT, *table.presentation]
            raise ValueError(f"splits={splits!r} is neither 'leave_one_out' nor a coordinate. {hint(splits, known)}")
        splits = table.presentation[splits]
    if np.ndim(splits) == 1 or hasattr(splits, "values"):
        groups = group(label_values(splits, table, name="splits"))[0]
        folds[used] = np.unique(groups[used], return_inverse=True)[1]
        if folds.max() < 1:
            raise ValueError("splits has one value only for the selected presentations; at least two are needed.")
        return folds
    n_folds = check_count("splits", splits, minimum=2)
    # each class is spread over the folds within each selection, so that every fold trains and tests all classes
    strata = codes * 4 + 2 * train + test
    for offset, stratum in enumerate(np.unique(strata[used])):
        members = np.flatnonzero(used & (strata == stratum))
        if len(members) < n_folds:
            raise ValueError(
                f"splits={n_folds} is more than the {len(members)} presentations of one class. "
                f"Use splits={max(2, len(members))} or less, 'leave_one_out', or more presentations."
            )
        shuffled = generator(seed, int(stratum)).permutation(members)
        folds[shuffled] = (np.arange(len(members)) + offset) % n_folds
    return folds


def _by_splitter(splitter: Any, codes: np.ndarray, train: np.ndarray, test: np.ndarray) -> list[Split]:
    """Splits of a scikit-learn splitter over the selected presentations."""
    used = np.flatnonzero(train | test)
    pairs = []
    for rows, held_out in splitter.split(np.zeros((len(used), 1)), codes[used]):
        rows, held_out = used[rows], used[held_out]
        pairs.append((rows[train[rows]], np.setdiff1d(held_out[test[held_out]], rows)))
    return pairs


def _equals(key: Any, wanted: Any, table: ResponseTable, name: str) -> np.ndarray:
    if key not in table.presentation:
        raise ValueError(f"{name} selects by {key!r}, which is no coordinate. {hint(str(key), table.presentation)}")
    values = table.presentation[key]
    options = list(np.atleast_1d(np.asarray(wanted, dtype=object)).ravel())
    mask = np.isin([as_name(value) for value in values], [as_name(option) for option in options])
    if not mask.any():
        found = sorted({as_name(value) for value in values})
        raise ValueError(f"{name}: {key}={wanted!r} is not there. {hint(as_name(options[0]), found)}")
    return mask


def _as_mask(selection: np.ndarray, n: int, name: str) -> np.ndarray:
    if selection.dtype == bool:
        if selection.shape != (n,):
            raise ValueError(f"{name} is a mask of shape {selection.shape}; needed is ({n},).")
        return selection.copy()
    if selection.ndim != 1 or (selection.size and selection.dtype.kind not in "iu"):
        raise TypeError(f"{name} needs a dict of coordinate to value, a boolean mask, or integer indices.")
    if selection.size and (selection.min() < -n or selection.max() >= n):
        raise ValueError(f"{name} goes outside the {n} presentations.")
    mask = np.zeros(n, dtype=bool)
    mask[selection.astype(np.intp)] = True
    return mask
