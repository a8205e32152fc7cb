"""GLUE against a literal rebuild from its definition with scipy's solvers, and what correlations and sizes do to it."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import linprog, nnls

from neurogeom.capacity.dichotomies import draw
from neurogeom.capacity.glue import glue
from tests.capacity.populations import reference_population, targets

N_SAMPLES = 60


def anchors(clouds, t, labels):
    """Objective, and anchors and shares of it of all manifolds, from one non-negative least-squares problem."""
    points = np.concatenate(clouds)
    owner = np.repeat(np.arange(len(clouds)), [len(cloud) for cloud in clouds])
    signed = labels[owner][:, None] * points
    multipliers, _ = nnls(signed.T, t, maxiter=100 * len(points))
    found, shares = np.zeros((len(clouds), points.shape[1])), np.zeros(len(clouds))
    for i in range(len(clouds)):
        mine = multipliers * (owner == i)
        if mine.sum() > 0:
            found[i] = mine @ points / mine.sum()
            shares[i] = labels[i] * mine.sum() * (found[i] @ t)
    return np.sum((signed.T @ multipliers) ** 2), found, shares


def is_separable(clouds, labels):
    """Whether a w with y_i (x_i · w) >= 1 for all points exists."""
    signed = np.concatenate([label * cloud for label, cloud in zip(labels, clouds, strict=True)])
    answer = linprog(
        np.zeros(signed.shape[1]), A_ub=-signed, b_ub=-np.ones(len(signed)), bounds=(None, None), method="highs"
    )
    return answer.status == 0


def cosine(one, other):
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    return one @ other / lengths if lengths > 0 else 0.0


def alignments(centers, axes):
    """Means over ordered pairs of manifolds and samples: absolute cosines, signed ones, absolute inner products."""
    sides = {"center": (centers, centers), "axis": (axes, axes), "center_axis": (centers, axes)}
    kinds = {"": lambda a, b: abs(cosine(a, b)), "_signed": cosine, "_inner": lambda a, b: abs(a @ b)}
    pairs = list(permutations(range(centers.shape[1]), 2))
    return {
        f"{name}_alignment{suffix}": np.mean([kind(u[i], v[j]) for u, v in zip(*two) for i, j in pairs])
        for name, two in sides.items()
        for suffix, kind in kinds.items()
    }


def rebuilt(clouds, t, labels):
    """All quantities as their definitions say."""
    n_manifolds = len(clouds)
    solved = [anchors(clouds, *one) for one in zip(t, labels, strict=True)]
    objective = np.array([one[0] for one in solved])
    whole, shares = np.stack([one[1] for one in solved]), np.stack([one[2] for one in solved])
    center = whole.mean(axis=0)
    axes = whole - center
    b, c = np.zeros((len(t), n_manifolds)), np.zeros((len(t), n_manifolds))
    for k, axis in enumerate(axes):
        u = axis @ t[k]
        b[k] = u * (np.linalg.pinv(axis.T) @ t[k])  # (S1 S1ᵀ)⁺ S1 = (S1ᵀ)⁺, which needs no square of S1
        c[k] = u * (np.linalg.pinv(axis @ axis.T + center @ center.T, rcond=1e-12, hermitian=True) @ u)
    a_mean, b_mean, c_mean = objective.mean(), b.sum(axis=1).mean(), c.sum(axis=1).mean()
    radius, points = np.sqrt(c_mean / (b_mean - c_mean)), np.concatenate(clouds)
    rank = np.linalg.matrix_rank(points)
    basis = np.linalg.svd(points, full_matrices=False)[2][:rank]
    active = np.any(whole != 0, axis=2)
    per, parts, joint = shares.mean(axis=0), b.mean(axis=0), c.mean(axis=0)
    return {
        "capacity": n_manifolds / a_mean,
        "dimension": b_mean / n_manifolds,
        "radius": radius,
        "utility": c_mean / a_mean,
        "approximate_capacity": (1 + radius**-2) / (b_mean / n_manifolds),
        "rank": rank,
        "capacity_floor": n_manifolds / rank,
        "fraction_saturated": np.mean(objective >= (1 - 1e-9) * np.sum((t @ basis.T) ** 2, axis=1)),
        "fraction_inseparable": np.mean([not is_separable(clouds, one) for one in labels]),
        "mean_point_norm": np.linalg.norm(points, axis=1).mean(),
        "manifold_capacity": 1 / per,
        "manifold_dimension": parts,
        "manifold_radius": np.sqrt(joint / (parts - joint)),
        "manifold_utility": joint / per,
        "manifold_approximate_capacity": 1 / joint,
        "manifold_active_fraction": active.mean(axis=0),
        "active_fraction": active.mean(),
        "manifold_n_points": [len(cloud) for cloud in clouds],
        "sample_objective": objective,
    } | alignments(np.broadcast_to(center, whole.shape), axes)


UNIQUE = ("capacity", "rank", "capacity_floor", "fraction_saturated", "fraction_inseparable", "sample_objective")


def both(n_neuroids):
    """The result and the rebuild of manifolds of unequal size, on the same vectors and labels."""
    clouds = [cloud[: 20 - i, :n_neuroids] for i, cloud in enumerate(reference_population())]
    t, labels = targets(1, N_SAMPLES, n_neuroids), draw("balanced", 6, N_SAMPLES, seed=2)
    result = glue(clouds, t=t, dichotomies=labels)
    np.testing.assert_array_equal(result.sample_dichotomy, labels)
    return result, rebuilt(clouds, t, labels)


@pytest.mark.parametrize("n_neuroids", [60, 25])
def test_every_reported_quantity_equals_a_literal_rebuild(n_neuroids):
    result, expected = both(n_neuroids)
    assert expected["fraction_saturated"] == 0.0  # else multipliers are not unique, nor is geometry
    with_values = {str(name) for name in result.data.data_vars if not str(name).endswith(("_se", "_ci"))}
    assert with_values - set(expected) == {"sample_separability", "sample_dichotomy"}
    for name, value in expected.items():
        np.testing.assert_allclose(result.data[name], value, rtol=1e-8, atol=1e-12, err_msg=name)


@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.NeurogeomWarning")
def test_unique_quantities_equal_a_literal_rebuild_where_dichotomies_are_inseparable():
    result, expected = both(15)
    assert 0.1 < expected["fraction_inseparable"] < 0.5
    assert expected["fraction_saturated"] >= expected["fraction_inseparable"]
    for name in UNIQUE:
        np.testing.assert_allclose(result.data[name], expected[name], rtol=1e-8, err_msg=name)


def population(*, centers=0.0, axes=0.0):
    """Eight manifolds of twelve points whose centers, or axes, are correlated so strongly between manifolds."""
    rng = np.random.default_rng(0)
    shared, shared_axes = rng.normal(size=100) / 10, rng.normal(size=(4, 100)) / 10
    clouds = []
    for _ in range(8):
        center = np.sqrt(1 - centers) * rng.normal(size=100) / 10 + np.sqrt(centers) * shared
        own = np.sqrt(1 - axes) * rng.normal(size=(4, 100)) / 10 + np.sqrt(axes) * shared_axes
        weights = rng.normal(size=(12, 4))
        weights /= np.linalg.norm(weights, axis=1, keepdims=True)
        clouds.append(center + 0.8 * weights @ own)
    return clouds


def along(clouds):
    """One result along populations, on the same Gaussian vectors and labels."""
    found = [glue(one, n_samples=400, seed=1).data for one in clouds]
    return xr.concat([data.drop_vars("manifold") for data in found], "step")


def test_correlated_centers_raise_the_radius_and_leave_the_dimension():
    data = along([population(centers=rho) for rho in (0.0, 0.3, 0.6)])
    assert np.all(np.diff(data["center_alignment"]) > 0.1)
    assert np.all(np.diff(data["radius"]) > 3 * data["radius_se"].max().item())
    assert np.all(np.diff(data["capacity"]) < 0)
    np.testing.assert_allclose(data["dimension"], data["dimension"][0], rtol=0.06)
    np.testing.assert_allclose(data["axis_alignment"], data["axis_alignment"][0], rtol=0.1)


def test_correlated_axes_lower_the_dimension():
    data = along([population(axes=rho) for rho in (0.0, 0.3, 0.6, 0.8)])
    assert np.all(np.diff(data["axis_alignment"]) > 0.01)
    assert np.all(np.diff(data["dimension"]) < -2 * data["dimension_se"].max().item())
    assert np.all(np.diff(data["capacity"]) > 0)
    np.testing.assert_allclose(data["radius"], data["radius"][0], rtol=0.12)
    np.testing.assert_allclose(data["center_alignment"], data["center_alignment"][0], rtol=0.1)


def spheres(n_points):
    """Six spheres of radius 1 in 8 dimensions around Gaussian centers of length 1, in 100 neuroids."""
    rng = np.random.default_rng(7)
    centers = rng.normal(size=(6, 100)) / 10
    axes = [np.linalg.qr(rng.normal(size=(100, 8)))[0].T for _ in centers]
    weights = rng.normal(size=(6, 200, 8))
    weights /= np.linalg.norm(weights, axis=2, keepdims=True)
    return [c + w[:n_points] @ a for c, w, a in zip(centers, weights, axes, strict=True)]


def test_more_points_on_spheres_lower_the_capacity_and_raise_the_dimension():
    """Hence only equal numbers may be compared. Elsewhere spheres of 8 dimensions had 0.495 to 0.285 and 3.8 to 6.7."""
    found = [glue(spheres(n_points), n_samples=100, seed=1) for n_points in (10, 20, 50, 200)]
    capacity, dimension = ([float(result.data[name]) for result in found] for name in ("capacity", "dimension"))
    assert np.all(np.diff(capacity) < 0)
    assert np.all(np.diff(dimension) > 0.3)
    np.testing.assert_allclose(capacity, [0.497, 0.403, 0.325, 0.269], rtol=0.01)
    np.testing.assert_allclose(dimension, [3.38, 4.21, 5.04, 5.76], rtol=0.01)
