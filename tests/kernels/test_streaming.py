"""A problem solved on working sets, as if its Gram matrix did not fit, has the same solution."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom import kernels
from neurogeom.kernels import streaming
from tests.kernels.test_cones import cloud


@pytest.fixture
def no_gram(monkeypatch):
    monkeypatch.setattr(streaming, "GRAM_LIMIT", 0)


@pytest.mark.parametrize("margin", [0.0, 0.2])
@pytest.mark.parametrize(("n_points", "n_neuroids"), [(900, 60), (700, 900), (40, 30)])
def test_streaming_equals_the_whole_gram_matrix(monkeypatch, n_points, n_neuroids, margin):
    points, targets, signs = cloud(n_points, n_points, n_neuroids, n_samples=5)
    if margin > 0:
        signs[:] = 1  # separable, by the common offset
        points += 3
    whole = kernels.project(points, targets, signs, margin=margin)
    monkeypatch.setattr(streaming, "GRAM_LIMIT", 0)
    monkeypatch.setattr(streaming, "LEAST_JOINING", 20)
    monkeypatch.setattr(streaming, "MOST_JOINING", 20)
    parts = kernels.project(points, targets, signs, margin=margin)
    assert (parts.residual <= 1e-9).all()
    np.testing.assert_allclose(parts.objective, whole.objective, rtol=1e-9, atol=1e-11)
    np.testing.assert_array_equal(parts.status, whole.status)


def test_bits_do_not_depend_on_the_number_of_threads(no_gram):
    points, targets, signs = cloud(3, 300, 200, n_samples=6)
    one = kernels.project(points, targets, signs, n_jobs=1)
    two = kernels.project(points, targets, signs, n_jobs=2)
    assert one.objective.tobytes() == two.objective.tobytes()
    assert one.multipliers.data.tobytes() == two.multipliers.data.tobytes()


def test_an_inseparable_problem_at_a_margin_is_infeasible(no_gram):
    points, targets, signs = cloud(4, 300, 5, n_samples=3)
    assert (kernels.project(points, targets, signs, margin=0.1).status == "infeasible").all()


def test_a_target_inside_the_cone_stays(no_gram):
    solution = kernels.project([[1.0, 0.0], [0.0, 2.0]], [[-1.0, -3.0]])
    assert solution.objective[0] == 0 and solution.status[0] == "optimal"
    assert solution.multipliers.nnz == 0
