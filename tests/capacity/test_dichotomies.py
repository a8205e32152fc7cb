"""Labels: balance, equal use, reproducibility, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom._core.warnings import DegenerateInputWarning
from neurogeom.capacity.dichotomies import check_dichotomies, draw


@pytest.mark.parametrize("n_manifolds", [2, 3, 6, 7, 11])
def test_balanced_labels_have_half_positive_rounded_down(n_manifolds):
    drawn = draw("balanced", n_manifolds, 50, seed=1)
    assert drawn.dtype == np.int8
    assert np.all((drawn == 1).sum(axis=1) == n_manifolds // 2)


def test_balanced_labels_are_uniform_over_manifolds():
    drawn = draw("balanced", 5, 4000, seed=2)
    np.testing.assert_allclose((drawn == 1).mean(axis=0), 0.4, atol=4 * np.sqrt(0.24 / 4000))


def test_random_labels_are_independent_fair_signs():
    drawn = draw("random", 6, 4000, seed=3).astype(float)
    assert set(np.unique(drawn)) == {-1.0, 1.0}
    bound = 4 / np.sqrt(4000)
    assert np.all(np.abs(drawn.mean(axis=0)) < bound)
    correlation = drawn.T @ drawn / 4000 - np.eye(6)
    assert np.all(np.abs(correlation) < bound)


def test_one_vs_rest_uses_each_manifold_equally_often():
    drawn = draw("one_vs_rest", 5, 100, seed=0)
    assert np.all((drawn == 1).sum(axis=1) == 1)
    assert np.all((drawn == 1).sum(axis=0) == 20)


def test_array_of_dichotomies_is_cycled():
    given = np.array([[1, -1, 1], [-1, -1, 1]])
    drawn = draw(given, 3, 5, seed=0)
    np.testing.assert_array_equal(drawn, given[[0, 1, 0, 1, 0]])


def test_dichotomies_that_are_never_used_are_said():
    with pytest.warns(DegenerateInputWarning, match="only the first 2 are used"):
        drawn = draw(np.array([[1, -1], [-1, 1], [1, 1]]), 2, 2, seed=0)
    np.testing.assert_array_equal(drawn, [[1, -1], [-1, 1]])


def test_one_dichotomy_may_be_given_as_a_vector():
    np.testing.assert_array_equal(draw([1.0, -1.0], 2, 3, seed=0), [[1, -1]] * 3)


@pytest.mark.parametrize("rule", ["balanced", "random"])
def test_sample_does_not_depend_on_how_many_there_are(rule):
    np.testing.assert_array_equal(draw(rule, 6, 40, seed=4)[:7], draw(rule, 6, 7, seed=4))
    assert np.any(draw(rule, 6, 40, seed=4) != draw(rule, 6, 40, seed=5))


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("one_vs_all", ValueError, "Did you mean 'one_vs_rest'"),
        (np.ones((4, 3)), ValueError, "shape \\(4, 3\\)"),
        (np.ones((0, 5)), ValueError, "shape"),
        (np.ones((2, 2, 5)), ValueError, "shape"),
        ([[1, 0, 1, -1, 1]], ValueError, "first: 0"),
        ([[1, 0, 1, 0, 1]], ValueError, "2 \\* labels - 1"),
        ([[1, np.nan, 1, -1, 1]], ValueError, "first: nan"),
        ([["a", "b", "c", "d", "e"]], TypeError, "array of \\+1 and -1"),
        (np.ones((1, 5), dtype=bool), TypeError, "bool"),
        (None, TypeError, "object"),
    ],
)
def test_wrong_dichotomies_are_refused_with_a_reason(given, error, message):
    with pytest.raises(error, match=message):
        draw(given, 5, 10, seed=0)


def test_checked_labels_keep_their_values():
    np.testing.assert_array_equal(check_dichotomies(np.array([[1.0, -1.0]]), 2), [[1, -1]])
