"""Splits: scikit-learn's draws, groups whole or on both sides, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom.predictivity import make_splits


@settings(max_examples=20, deadline=None)
@given(n=st.integers(12, 200), seed=st.integers(0, 2**40), share=st.floats(0.3, 0.7))
def test_random_splits_are_scikit_learns(n: int, seed: int, share: float) -> None:
    from sklearn.model_selection import ShuffleSplit

    peer = ShuffleSplit(3, train_size=share, random_state=seed % 2**32).split(np.zeros((n, 1)))
    ours = make_splits("shuffle", n, n_splits=3, train_size=share, seed=seed)
    for (train, test), (their_train, their_test) in zip(ours, peer):
        np.testing.assert_array_equal(test, their_test)
        np.testing.assert_array_equal(train, their_train)


def test_left_out_groups_are_never_on_both_sides() -> None:
    groups = np.repeat(list("abcdefg"), [3, 4, 5, 6, 3, 4, 5])
    folds = make_splits("leave_group_out", len(groups), groups=groups, n_splits=10)
    assert len(folds) == 7
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(groups)))
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), sizes=st.lists(st.integers(3, 15), min_size=2, max_size=6))
def test_within_groups_every_group_is_on_both_sides(seed: int, sizes: list[int]) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    for train, test in make_splits("within_group", len(groups), groups=groups, n_splits=3, seed=seed):
        assert set(groups[train]) == set(groups[test]) == set(range(len(sizes)))
        assert np.bincount(groups[test]).min() >= 2


def test_stratified_splits_keep_the_shares() -> None:
    strata = np.repeat(["a", "b"], [60, 40])
    for _, test in make_splits("stratified", 100, stratify=strata, seed=3):
        assert [(strata[test] == name).sum() for name in "ab"] == [6, 4]


def test_own_splitters_and_pairs_are_taken() -> None:
    from sklearn.model_selection import KFold

    assert len(make_splits(KFold(4), 20)) == 4
    ((train, test),) = make_splits([(range(10), range(10, 20))], 20)
    assert (len(train), len(test)) == (10, 10)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"splits": "leave_group_out"}, ValueError, "needs groups"),
        ({"splits": "within_group"}, ValueError, "needs groups"),
        ({"splits": "stratified"}, ValueError, "needs stratify"),
        ({"splits": "leave_group_out", "groups": np.zeros(20)}, ValueError, "one value only"),
        ({"splits": "within_group", "groups": np.arange(20) // 2}, ValueError, "fewer than 3 stimuli"),
        ({"splits": "stratified", "stratify": np.arange(20)}, ValueError, "fewer than 2 stimuli"),
        ({"splits": "shufle"}, ValueError, "Did you mean 'shuffle'"),
        ({"splits": 3}, TypeError, "splitter"),
        ({"splits": "shuffle", "train_size": 0.9}, ValueError, "tests 2 of 20 stimuli"),
        ({"splits": "shuffle", "train_size": 1.0}, ValueError, "train_size"),
        ({"splits": [(range(10), range(5, 20))]}, ValueError, "both in training and test"),
    ],
)
def test_splits_that_cannot_be_made_are_refused(arguments: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        make_splits(n_stimuli=20, **arguments)
