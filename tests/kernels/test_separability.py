"""Linear separability through the origin, with a proof either way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from neurogeom import kernels


def separable_by_linear_program(points, signs):
    """Whether some w has y (x · w) >= 1: a feasibility problem for HiGHS."""
    n_neuroids = points.shape[1]
    rows = -points * signs[:, None]
    return linprog(np.zeros(n_neuroids), rows, -np.ones(len(points)), bounds=(None, None), method="highs").status == 0


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), n_points=st.integers(1, 40), n_neuroids=st.integers(1, 20))
def test_status_is_that_of_a_linear_program_and_carries_its_proof(seed, n_points, n_neuroids):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n_points, n_neuroids)) + rng.normal(size=n_neuroids)
    signs = rng.choice(np.array([-1, 1], np.int8), size=(5, n_points))
    found = kernels.separate(points, signs)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    for sample, y in enumerate(signs):
        assert found.status[sample] == int(separable_by_linear_program(points, y))
        signed = unit * y[:, None]
        if found.status[sample] == 1:
            assert (signed @ found.witness[sample]).min() > 0
        else:
            weights = found.combination[[sample]].toarray()[0]
            assert (weights >= 0).all() and weights.sum() == pytest.approx(1.0)
            assert np.linalg.norm(signed.T @ weights) < 1e-9


def test_a_zero_point_makes_every_dichotomy_inseparable():
    points = np.vstack([np.eye(4), np.zeros(4)])
    assert (kernels.separate(points, np.ones((3, 5), np.int8)).status == 0).all()


@pytest.mark.parametrize(
    ("n_points", "n_coordinates", "mean"), [(10, 30, 0.0), (60, 50, 0.0), (40, 30, 1.0), (70, 24, 0)]
)
def test_critical_dimension_is_the_first_where_a_linear_program_has_a_solution(n_points, n_coordinates, mean):
    rng = np.random.default_rng(n_points)
    for _ in range(8):
        points = rng.normal(size=(n_points, n_coordinates)) + mean * rng.normal(size=n_coordinates)
        signs = rng.choice(np.array([-1, 1], np.int8), size=n_points)
        status = [separable_by_linear_program(points[:, :n], signs) for n in range(1, n_coordinates + 1)]
        expected = status.index(True) + 1 if True in status else np.inf
        found = kernels.critical_dimension(points, signs)
        assert (found.n_critical, found.n_undecided) == (expected, 0)


def test_separability_is_monotone_in_the_number_of_coordinates():
    rng = np.random.default_rng(8)
    points, signs = rng.normal(size=(30, 40)), rng.choice(np.array([-1, 1], np.int8), size=(20, 30))
    status = np.array([kernels.separate(points[:, :n], signs).status for n in range(1, 41)])
    assert (np.diff(status.astype(int), axis=0) >= 0).all()
    assert (status[-1] == 1).all() and (status[0] == 0).any()


def test_half_of_all_dichotomies_separate_at_twice_as_many_points_as_neuroids():
    rng = np.random.default_rng(9)
    points, signs = rng.normal(size=(40, 20)), rng.choice(np.array([-1, 1], np.int8), size=(600, 40))
    share = (kernels.separate(points, signs).status == 1).mean()
    assert abs(share - 0.5) < 4 * np.sqrt(0.25 / 600)  # Cover (1965)


def test_a_proof_that_does_not_fit_is_refused_before_anything_is_allocated(monkeypatch):
    points = np.zeros((4000, 3))
    monkeypatch.setattr("neurogeom._core.memory.available_bytes", lambda: 100_000_000)
    with pytest.raises(MemoryError, match="Separability of 4000 points of 3 neuroids needs"):
        kernels.separate(points, np.ones((1, 4000), np.int8))
    with pytest.raises(MemoryError, match="Separability of 4000 points"):
        kernels.critical_dimension(points, np.ones(4000, np.int8))
