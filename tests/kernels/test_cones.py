"""Laws of the projection on polyhedral cones, on both back ends and against scipy's non-negative least squares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from neurogeom import kernels

TRUST = 1e-7  # agreement of F with independent solvers, relative to the squared length of t


def slow_objective(points, target, signs):
    """F by scipy's solver, which shares no code with ours."""
    rest = nnls((points * signs[:, None]).T, target, maxiter=10_000)[1]
    return target @ target - rest**2


def cloud(seed, n_points, n_neuroids, n_samples=4, offset=0.5):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n_points, n_neuroids)) + offset * rng.normal(size=n_neuroids)
    return (
        points,
        rng.normal(size=(n_samples, n_neuroids)),
        rng.choice(np.array([-1, 1], np.int8), (n_samples, n_points)),
    )


def assert_optimal(points, targets, signs, margin=0.0, **options):
    """The KKT conditions, recomputed here from the data."""
    solution = kernels.project(points, targets, signs, margin=margin, **options)
    assert (solution.residual <= 1e-9).all()
    for sample, target in enumerate(targets):
        multipliers = solution.multipliers[[sample]].toarray()[0]
        signed = points * signs[sample][:, None]
        v = target - signed.T @ multipliers
        scale = np.linalg.norm(target)
        norms = np.linalg.norm(points, axis=1)
        assert (multipliers >= 0).all()
        assert (signed @ v + margin <= 1e-8 * scale * np.where(norms > 0, norms, 1.0)).all()
        assert abs(multipliers @ (signed @ v + margin)) <= 1e-8 * scale**2
        assert solution.objective[sample] == pytest.approx(((v - target) ** 2).sum(), rel=1e-8, abs=1e-10 * scale**2)
    return solution


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_points=st.integers(1, 60),
    n_neuroids=st.integers(1, 40),
    offset=st.sampled_from([0.0, 0.5, 3.0]),
)
def test_objective_is_that_of_an_independent_solver(seed, n_points, n_neuroids, offset):
    points, targets, signs = cloud(seed, n_points, n_neuroids, offset=offset)
    solution = assert_optimal(points, targets, signs, n_jobs=1)
    for sample, target in enumerate(targets):
        slow = slow_objective(points, target, signs[sample])
        assert abs(solution.objective[sample] - slow) <= TRUST * (target @ target)


@pytest.mark.parametrize("margin", [0.0, 0.3])
def test_back_ends_agree(margin):
    points, targets, signs = cloud(1, 30, 40, n_samples=5)
    fast = kernels.project(points, targets, signs, margin=margin, backend="cpu")
    trusted = kernels.project(points, targets, signs, margin=margin, backend="reference")
    np.testing.assert_allclose(fast.objective, trusted.objective, atol=TRUST * (targets**2).sum(axis=1).max())
    assert fast.backend == "cpu" and trusted.backend == "reference"


def test_a_margin_is_a_shift_of_the_target_along_a_column_of_ones():
    rng = np.random.default_rng(2)
    points = np.column_stack([rng.normal(size=(25, 6)), np.ones(25)])
    targets = rng.normal(size=(20, 7))
    shifted = targets + 0.4 * np.eye(7)[6]
    np.testing.assert_allclose(
        kernels.project(points, targets, margin=0.4).objective, kernels.project(points, shifted).objective, atol=1e-11
    )


def test_norms_over_twelve_decades_change_nothing_but_the_multipliers():
    points, targets, signs = cloud(3, 80, 60, n_samples=6)
    factors = 10.0 ** np.random.default_rng(3).uniform(-6, 6, size=80)
    plain = kernels.project(points, targets, signs)
    scaled = kernels.project(points * factors[:, None], targets, signs)
    np.testing.assert_allclose(scaled.objective, plain.objective, rtol=1e-9)
    assert (scaled.residual <= 1e-9).all()
    np.testing.assert_allclose((scaled.multipliers.toarray() * factors), plain.multipliers.toarray(), atol=1e-7)


def test_many_clouds_are_the_single_ones():
    clouds = [cloud(seed, 10 + seed, 5 + seed) for seed in range(5)]
    many = kernels.project_many([c[0] for c in clouds], [c[1] for c in clouds], [c[2] for c in clouds])
    for (points, targets, signs), one in zip(clouds, many, strict=True):
        np.testing.assert_array_equal(one.objective, kernels.project(points, targets, signs).objective)


@pytest.mark.parametrize(("n_points", "n_neuroids"), [(40, 9), (400, 300)])
def test_bits_do_not_depend_on_the_number_of_threads(n_points, n_neuroids):
    points, targets, signs = cloud(4, n_points, n_neuroids, n_samples=64)
    one = kernels.project(points, targets, signs, n_jobs=1)
    for n_jobs in (2, 4):
        other = kernels.project(points, targets, signs, n_jobs=n_jobs)
        assert other.objective.tobytes() == one.objective.tobytes()
        assert other.multipliers.data.tobytes() == one.multipliers.data.tobytes()


def test_a_joint_problem_of_many_points_is_optimal():
    rng = np.random.default_rng(6)
    points = np.concatenate([c + 0.3 * rng.normal(size=(40, 400)) / 20 for c in rng.normal(size=(30, 400)) / 20])
    signs = np.repeat(rng.permuted(np.tile([1, -1], (6, 15)), axis=1), 40, axis=1).astype(np.int8)
    targets = rng.normal(size=(6, 400))
    solution = assert_optimal(points, targets, signs)
    slow = slow_objective(points, targets[0], signs[0])
    assert abs(solution.objective[0] - slow) <= 1e-9 * (targets[0] @ targets[0])
    assert solution.n_fallback == 0


@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_a_target_inside_the_cone_stays(backend):
    solution = kernels.project([[1.0, 0.0], [0.0, 2.0]], [[-1.0, -3.0]], backend=backend)
    assert solution.objective[0] == pytest.approx(0.0, abs=1e-9)
    assert abs(solution.multipliers.toarray()).max() <= 1e-6
