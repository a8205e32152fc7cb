"""The followed eigenvector is LAPACK's, whatever the spectrum does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom.regression.leading import LeadingVector


def covariance(rng: np.random.Generator, size: int, decay: float) -> np.ndarray:
    factor = rng.normal(size=(size, size)) * np.arange(1, size + 1) ** -decay
    return factor @ factor.T


def check(follower: LeadingVector, matrix: np.ndarray) -> None:
    value, vector = follower.leading()
    values, vectors = np.linalg.eigh(matrix)
    scale = values[-1]
    assert value == pytest.approx(scale, rel=1e-12)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-13)
    assert np.linalg.norm(matrix @ vector - value * vector) <= 1e-12 * scale
    gap = (scale - values[-2]) / scale
    assert abs(vectors[:, -1] @ vector) >= 1.0 - (1e-12 / gap) ** 2 - 1e-13


@pytest.mark.parametrize("size", [1, 2, 20, 60, 130])
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), decay=st.floats(0.0, 2.0))
def test_it_agrees_with_lapack_through_rank_two_updates(size: int, seed: int, decay: float) -> None:
    rng = np.random.default_rng(seed)
    matrix = covariance(rng, size, decay)
    follower = LeadingVector(matrix)
    if size == 1:
        assert follower.leading()[0] == matrix[0, 0]
        return
    for _ in range(6):
        check(follower, matrix)
        # deflation of the leading direction and a little more, as partial least squares does
        _, vector = follower.leading()
        left = 0.9 * (matrix @ vector) / np.sqrt(vector @ matrix @ vector) + 1e-3 * rng.normal(size=size)
        left *= np.sqrt(0.5)
        follower.subtract(left, left)
        matrix = matrix - 2 * np.outer(left, left)
        if np.linalg.eigvalsh(matrix)[-1] <= 0:
            return


def test_following_hardly_asks_lapack_for_an_ordinary_sequence() -> None:
    rng = np.random.default_rng(1)
    factor = rng.normal(size=(300, 100)) * np.arange(1, 101) ** -0.5
    follower = LeadingVector(factor.T @ factor)
    for _ in range(15):
        value, vector = follower.leading()
        score = factor @ vector
        score /= np.linalg.norm(score)
        weight = factor.T @ score
        follower.subtract(weight * np.sqrt(0.5), weight * np.sqrt(0.5))
        factor = factor - np.outer(score, weight)
        assert value == pytest.approx(np.linalg.norm(weight) ** 2, rel=1e-9)
    assert follower.n_exact <= 2


def test_equal_largest_eigenvalues_are_left_to_lapack_and_still_exact() -> None:
    rng = np.random.default_rng(2)
    basis = np.linalg.qr(rng.normal(size=(80, 80)))[0]
    values = np.linspace(0.1, 1.0, 80)
    values[-3:] = 2.0
    matrix = (basis * values) @ basis.T
    follower = LeadingVector(matrix)
    for _ in range(3):
        value, vector = follower.leading()
        assert value == pytest.approx(2.0, rel=1e-13)
        assert np.linalg.norm(matrix @ vector - 2.0 * vector) < 1e-12
    assert follower.n_exact >= 2


def test_a_larger_eigenvector_that_the_block_does_not_hold_is_found() -> None:
    rng = np.random.default_rng(3)
    matrix = covariance(rng, 90, 1.0)
    follower = LeadingVector(matrix)
    follower.leading()
    values, vectors = np.linalg.eigh(matrix)
    hidden = vectors[:, 0]  # orthogonal to the block; it becomes the leading one
    follower.subtract(-values[-1] * hidden, hidden)
    check(follower, matrix + 2 * values[-1] * np.outer(hidden, hidden))


def test_another_folds_block_is_a_start_not_an_answer() -> None:
    rng = np.random.default_rng(4)
    first = LeadingVector(covariance(rng, 70, 1.0))
    first.leading()
    other = covariance(rng, 70, 1.0)
    check(LeadingVector(other, first), other)
