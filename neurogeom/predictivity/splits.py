"""Which stimuli train and which test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from neurogeom._core.random import generator
from neurogeom._core.responses import quoted
from neurogeom._core.validation import check_count, check_option, check_real
from neurogeom.regression.folds import Fold, check_folds

KINDS = ("shuffle", "stratified", "leave_group_out", "within_group")
MINIMUM_TEST = 3
LEGACY = 2**32


def make_splits(
    splits: Any,
    n_stimuli: int,
    *,
    stratify: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    n_splits: int = 10,
    train_size: float = 0.9,
    seed: int = 0,
) -> list[Fold]:
    """Return training and test stimuli of each split.

    Parameters
    ----------
    splits : {"shuffle", "stratified", "leave_group_out", "within_group"}, splitter, or list of (train, test)
        Random; random with equal shares of each stratum; all stimuli of some groups held out at a time; random with
        stimuli of every group on both sides.
    n_stimuli : int
    stratify, groups : ndarray, shape (n,), optional
        Labels.
    n_splits : int
        Cut to the number of groups for "leave_group_out".
    train_size : float
        Share of stimuli that train, where splits are random.
    seed : int
        "shuffle" and "stratified" draw as scikit-learn's ShuffleSplit and StratifiedShuffleSplit with
        ``random_state = seed`` (modulo 2³²).

    Returns
    -------
    list of (train, test)

    Raises
    ------
    ValueError
        Labels that are missing or too few, fewer than three test stimuli, a stimulus on both sides.

    Examples
    --------
    >>> folds = make_splits("leave_group_out", 6, groups=np.array(["a", "a", "a", "b", "b", "b"]), n_splits=10)
    >>> [test.tolist() for _, test in folds]
    [[3, 4, 5], [0, 1, 2]]
    """
    n_splits = check_count("n_splits", n_splits)
    train_size = check_real("train_size", train_size, minimum=0.0, maximum=1.0, strict=True)
    if isinstance(splits, str):
        check_option("splits", splits, KINDS)
        folds = _named(splits, n_stimuli, stratify, groups, n_splits, train_size, seed)
    elif hasattr(splits, "split"):
        y = stratify if stratify is not None else None
        folds = list(splits.split(np.zeros((n_stimuli, 1)), y, groups))
    elif isinstance(splits, Iterable):
        folds = [tuple(pair) for pair in splits]
    else:
        raise TypeError(f"splits is a {type(splits).__name__}; one of {quoted(KINDS)}, a splitter or pairs is needed.")
    checked = check_folds(folds, n_stimuli)
    small = [number for number, (_, test) in enumerate(checked) if len(test) < MINIMUM_TEST]
    if small:
        raise ValueError(
            f"split {small[0]} tests {len(checked[small[0]][1])} of {n_stimuli} stimuli; a correlation over stimuli "
            f"needs at least {MINIMUM_TEST}. Use a smaller train_size (given: {train_size:g}), or fewer splits."
        )
    return checked


def _named(
    kind: str,
    n_stimuli: int,
    stratify: np.ndarray | None,
    groups: np.ndarray | None,
    n_splits: int,
    train_size: float,
    seed: int,
) -> list[Any]:
    if kind == "shuffle":
        return _shuffled(n_stimuli, n_splits, train_size, seed)
    if kind == "stratified":
        if stratify is None:
            raise ValueError("splits='stratified' needs stratify: a label per stimulus, or the name of a coordinate.")
        from sklearn.model_selection import StratifiedShuffleSplit

        _check_counts(stratify, "stratify", 2)
        splitter = StratifiedShuffleSplit(n_splits, train_size=train_size, random_state=seed % LEGACY)
        return list(splitter.split(np.zeros((n_stimuli, 1)), stratify))
    if groups is None:
        raise ValueError(f"splits={kind!r} needs groups: a label per stimulus, or the name of a coordinate.")
    if kind == "leave_group_out":
        from sklearn.model_selection import GroupKFold

        n_groups = len(np.unique(groups))
        if n_groups < 2:
            raise ValueError("groups has one value only; at least two groups are needed to hold one out.")
        return list(GroupKFold(min(n_splits, n_groups)).split(np.zeros((n_stimuli, 1)), groups=groups))
    return _within(groups, n_splits, train_size, seed)


def _shuffled(n_stimuli: int, n_splits: int, train_size: float, seed: int) -> list[Any]:
    """As scikit-learn's ShuffleSplit draws them, without loading it."""
    draws = np.random.RandomState(seed % LEGACY)  # noqa: NPY002 (the stream that stored values were made with)
    n_train = int(np.floor(train_size * n_stimuli))
    n_test = n_stimuli - n_train
    pairs = []
    for _ in range(n_splits):
        order = draws.permutation(n_stimuli)
        pairs.append((order[n_test:], order[:n_test]))
    return pairs


def _within(groups: np.ndarray, n_splits: int, train_size: float, seed: int) -> list[Any]:
    """At least two stimuli of every group in each test set, and one in each training set."""
    _check_counts(groups, "groups", 3)
    names, codes = np.unique(groups, return_inverse=True)
    members = [np.flatnonzero(codes == group) for group in range(len(names))]
    pairs = []
    for split in range(n_splits):
        rng = generator(seed, 3, split)
        test = []
        for rows in members:
            n_test = min(max(2, len(rows) - int(np.floor(train_size * len(rows)))), len(rows) - 1)
            test.append(rng.permutation(rows)[:n_test])
        held_out = np.sort(np.concatenate(test))
        pairs.append((np.setdiff1d(np.arange(len(codes)), held_out), held_out))
    return pairs


def _check_counts(labels: np.ndarray, name: str, minimum: int) -> None:
    values, counts = np.unique(labels, return_counts=True)
    few = values[counts < minimum]
    if few.size:
        raise ValueError(
            f"{name} has {few.size} values with fewer than {minimum} stimuli (first: {quoted(few[:3])}); each needs "
            "stimuli in training and test. Leave these out, or join them."
        )
