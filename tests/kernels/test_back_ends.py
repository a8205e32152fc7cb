"""Closed forms on every back end, and the same numbers on every road through the compiled one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from neurogeom import kernels
from neurogeom.kernels import cpu
from neurogeom.kernels.prepare import IN_DOUBLE, IN_SINGLE, ON_WORKING_SETS
from neurogeom.kernels.problem import make_problem
from tests.kernels.test_separability import separable_by_linear_program

every_back_end = pytest.mark.parametrize("backend", ["cpu", "reference"])


@every_back_end
@pytest.mark.parametrize("margin", [0.0, 0.7])
def test_a_single_point_is_projected_on_its_half_space(backend, margin):
    rng = np.random.default_rng(1)
    point, targets = rng.normal(size=(1, 6)), rng.normal(size=(5, 6))
    signs = np.array([[1], [-1], [1], [-1], [1]], np.int8)
    length = np.linalg.norm(point)
    expected = np.maximum(signs[:, 0] * (targets @ point[0]) + margin, 0.0) ** 2 / length**2
    found = kernels.project(point, targets, signs, margin=margin, backend=backend)
    np.testing.assert_allclose(found.objective, expected, atol=1e-7)


@every_back_end
@pytest.mark.parametrize("margin", [0.0, 0.4])
def test_orthogonal_points_act_one_by_one(backend, margin):
    rng = np.random.default_rng(2)
    axes, targets = ortho_group.rvs(7, random_state=rng)[:4], rng.normal(size=(5, 7))
    signs = rng.choice(np.array([-1, 1], np.int8), size=(5, 4))
    expected = (np.maximum(signs * (targets @ axes.T) + margin, 0.0) ** 2).sum(axis=1)
    found = kernels.project(3.0 * axes, targets, signs, margin=3.0 * margin, backend=backend)
    np.testing.assert_allclose(found.objective, expected, atol=1e-7)
    assert (found.status == "optimal").all()


@every_back_end
def test_opposite_points_leave_the_plane_between_them(backend):
    targets = np.random.default_rng(3).normal(size=(4, 5))
    point = np.array([[1.0, 2.0, 0.0, -1.0, 0.5]])
    found = kernels.project(np.concatenate([point, -point]), targets, backend=backend)
    np.testing.assert_allclose(found.objective, (targets @ point[0]) ** 2 / (point[0] @ point[0]), atol=1e-7)


@every_back_end
def test_points_that_no_margin_can_hold_are_infeasible(backend):
    found = kernels.project([[1.0, 0.0], [-2.0, 0.0]], [[0.3, 0.2]], margin=0.5, backend=backend)
    assert found.objective[0] == np.inf and found.status[0] == "infeasible"


@every_back_end
@pytest.mark.parametrize(("n_points", "n_neuroids"), [(5, 8), (12, 6), (20, 6)])
def test_separability_is_that_of_a_linear_program(backend, n_points, n_neuroids):
    rng = np.random.default_rng(n_points)
    points = rng.normal(size=(n_points, n_neuroids)) + rng.normal(size=n_neuroids)
    signs = rng.choice(np.array([-1, 1], np.int8), size=(8, n_points))
    expected = [int(separable_by_linear_program(points, y)) for y in signs]
    np.testing.assert_array_equal(kernels.separate(points, signs, backend=backend).status, expected)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 100_000),
    n_points=st.integers(4, 90),
    n_neuroids=st.integers(1, 70),
    kind=st.sampled_from(["normal", "integers", "duplicates", "offset"]),
    margin=st.sampled_from([0.0, 0.3]),
)
def test_every_road_leads_to_the_same_projection(seed, n_points, n_neuroids, kind, margin):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n_points, n_neuroids))
    if kind == "integers":  # ties, zeros, and few different rows
        points = rng.integers(-1, 2, size=points.shape).astype(float)
    elif kind == "duplicates":
        points[rng.integers(n_points, size=n_points // 2)] = points[0]
    elif kind == "offset":
        points += 3.0 * rng.normal(size=n_neuroids)
    targets = rng.normal(size=(3, n_neuroids)) * rng.choice([1e-6, 1.0, 1e6])
    signs = rng.choice(np.array([-1, 1], np.int8), size=(3, n_points))
    problem = make_problem(points, targets, signs, margin=margin)
    roads = [IN_DOUBLE, IN_SINGLE, ON_WORKING_SETS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cpu, "LEAST_WORKING", int(rng.integers(1, n_points)))  # working sets that do not suffice
        whole, *others = [cpu._project_all([problem], road, 1)[0] for road in roads]
    feasible = whole.status != "infeasible"
    scale = (targets**2).sum(axis=1)[feasible] + whole.objective[feasible]
    for other in others:
        np.testing.assert_array_equal(other.status, whole.status)
        assert (np.abs(other.objective[feasible] - whole.objective[feasible]) <= 1e-9 * scale).all()
