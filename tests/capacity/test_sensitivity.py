"""Sensitivity: exact derivatives against finite differences, and the laws that they obey."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import xarray as xr

from neurogeom._core.warnings import DegenerateInputWarning
from neurogeom.capacity import derivatives as formulas
from neurogeom.capacity import text
from neurogeom.capacity.dichotomies import draw
from neurogeom.capacity.glue import glue
from neurogeom.capacity.sensitivity import sensitivity
from neurogeom.capacity.solving import Task, solve
from neurogeom.manifolds import Manifolds
from tests.capacity.populations import random_clouds, reference_population, targets


@pytest.fixture(scope="module")
def clouds():
    return random_clouds(1, 5, 8, 20, spread=0.7)


@pytest.fixture(scope="module")
def drawn():
    return {"t": targets(2, 60, 20), "dichotomies": draw("balanced", 5, 60, seed=3)}


@pytest.fixture(scope="module")
def solved(clouds, drawn):
    points, membership = np.concatenate(clouds), np.repeat(np.arange(5), 8)
    return solve(Task(points, membership, drawn["t"], drawn["dichotomies"])).samples


def test_gain_effects_sum_to_zero(clouds, drawn):
    """A gain common to all neuroids changes nothing."""
    result = sensitivity(clouds, **drawn)
    assert (
        abs(result.neuroid_gain_effect.values.sum()) < 1e-12 * np.abs(result.neuroid_gain_effect.values).sum() + 1e-12
    )
    assert np.abs(result.neuroid_gain_effect.values).max() > 1e-3


def test_point_contributions_sum_to_the_objective_in_every_sample(solved):
    shares = formulas.point_contributions(solved)
    np.testing.assert_allclose(np.asarray(shares.sum(axis=1)).ravel(), solved.objective, rtol=1e-10)


def test_contributions_sum_to_manifolds_over_capacity(clouds, drawn):
    result = sensitivity(clouds, **drawn)
    same = glue(clouds, **drawn)
    assert result.capacity == same.capacity
    assert result.capacity_se == pytest.approx(same.capacity_se)
    np.testing.assert_allclose(result.point_contribution.sum(), 5 / result.capacity, rtol=1e-10)
    np.testing.assert_allclose(result.manifold_contribution, 1 / same.manifold_capacity.values, rtol=1e-10)
    grouped = result.point_contribution.groupby("point_manifold").sum()
    np.testing.assert_allclose(grouped, result.manifold_contribution, rtol=1e-10)


def test_radial_part_of_the_gradient_of_a_point_is_zero(solved):
    """The length of a point changes nothing, in every sample."""
    projections = formulas.residuals(solved)
    signed = formulas.signed_multipliers(solved).toarray()
    radial = 2 * signed * (projections @ solved.points.T)
    assert np.abs(radial).max() < 1e-9
    gradients = formulas.point_gradients(solved)
    assert np.abs(np.sum(gradients * solved.points, axis=1)).max() < 1e-10
    assert np.abs(gradients).max() > 1e-2


@pytest.mark.parametrize("origin", ["given", "mean"])
def test_gain_effects_equal_finite_differences(clouds, drawn, origin):
    """Gains act on the responses before their mean is subtracted."""
    result = sensitivity(clouds, **drawn, origin=origin)
    step = 1e-5
    for neuroid in (0, 7, 19):
        ends = []
        for sign in (1, -1):
            gain = np.ones(20)
            gain[neuroid] = np.exp(sign * step)
            ends.append(glue([cloud * gain for cloud in clouds], **drawn, origin=origin).capacity)
        slope = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(result.neuroid_gain_effect[neuroid], slope, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("origin", ["given", "mean"])
def test_point_gradients_equal_finite_differences(clouds, drawn, origin):
    """With a mean that moves along, the chain rule subtracts the mean of all gradients."""
    gradient = sensitivity(clouds, **drawn, origin=origin, point_gradients=True).point_gradient
    assert gradient.dims == ("point", "neuroid")
    rng = np.random.default_rng(4)
    for point in (3, 21):
        direction = rng.normal(size=20)
        ends = []
        for step in (1e-5, -1e-5):
            moved = np.concatenate(clouds)
            moved[point] += step * direction
            ends.append(glue(np.split(moved, 5), **drawn, origin=origin).capacity)
        np.testing.assert_allclose(gradient.values[point] @ direction, (ends[0] - ends[1]) / 2e-5, rtol=1e-4, atol=1e-7)


def test_centered_gradients_do_not_change_when_all_points_move(clouds, drawn):
    gradient = sensitivity(clouds, **drawn, origin="mean", point_gradients=True).point_gradient
    np.testing.assert_allclose(gradient.sum("point"), 0.0, atol=1e-12)


def test_standardizing_undoes_every_gain_and_it_is_said(clouds, drawn):
    standardized = Manifolds(clouds).standardize()
    with pytest.warns(DegenerateInputWarning, match="undoes every gain"):
        result = sensitivity(standardized, **drawn)
    assert not result.neuroid_gain_effect.values.any()
    assert not result.neuroid_gain_effect_se.values.any()
    assert result.diagnostics["gains_are_undone"]
    # and it is true: capacity after standardizing does not depend on gains before it
    gains = np.random.default_rng(0).uniform(0.5, 2.0, size=20)
    scaled = Manifolds([cloud * gains for cloud in clouds]).standardize()
    np.testing.assert_allclose(glue(scaled, **drawn).capacity, result.capacity, rtol=1e-8)
    np.testing.assert_allclose(result.point_contribution.sum(), 5 / result.capacity, rtol=1e-10)


@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.SaturationWarning")
def test_gains_after_a_projection_have_their_effect_though_the_neuroids_before_were_standardized(clouds, drawn):
    projected = Manifolds(clouds).standardize().project(12, seed=1)
    shared = {"t": drawn["t"][:, :12], "dichotomies": drawn["dichotomies"]}
    result = sensitivity(projected, **shared)
    assert not result.diagnostics["gains_are_undone"]
    for neuroid in (0, 7, 11):
        ends = []
        for sign in (1, -1):
            gain = np.ones(12)
            gain[neuroid] = np.exp(sign * 1e-5)
            ends.append(glue([cloud * gain for cloud in projected.clouds], **shared).capacity)
        np.testing.assert_allclose(
            result.neuroid_gain_effect[neuroid], (ends[0] - ends[1]) / 2e-5, rtol=1e-4, atol=1e-7
        )
    assert np.abs(result.neuroid_gain_effect).max() > 1e-3
    with pytest.warns(DegenerateInputWarning, match="undoes every gain"):
        again = sensitivity(projected.standardize(), **shared)
    assert again.diagnostics["gains_are_undone"]


def test_monte_carlo_errors_are_the_spread_over_seeds(clouds):
    runs = [sensitivity(clouds, n_samples=60, seed=seed) for seed in range(40)]
    for name in ("neuroid_gain_effect", "point_contribution"):
        spread = np.std([run.data[name] for run in runs], axis=0, ddof=1)
        claimed = np.sqrt(np.mean([run.data[f"{name}_se"] ** 2 for run in runs], axis=0))
        moving = spread > 1e-6
        assert 0.85 < np.median(claimed[moving] / spread[moving]) < 1.15, name


def test_unique_multipliers_are_not_flagged(clouds, drawn):
    result = sensitivity(clouds, **drawn)
    assert result.fraction_not_unique == 0.0
    assert not result.point_not_unique.values.any()
    assert result.warnings == ()


def test_copies_of_a_point_are_flagged_and_neuroids_keep_their_effects(clouds, drawn):
    one = sensitivity(clouds, **drawn)
    copied = [np.vstack([clouds[0], clouds[0][:3]]), *clouds[1:]]
    with pytest.warns(DegenerateInputWarning, match="multipliers are not unique"):
        other = sensitivity(copied, **drawn)
    np.testing.assert_allclose(other.neuroid_gain_effect, one.neuroid_gain_effect, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(other.manifold_contribution, one.manifold_contribution, rtol=1e-8)
    active = one.point_active_fraction.values[:3]
    np.testing.assert_allclose(other.point_not_unique.values[:3], active)
    np.testing.assert_allclose(other.point_not_unique.values[8:11], active)
    assert not other.point_not_unique.values[3:8].any()
    assert other.diagnostics["n_not_unique"] == round(60 * other.fraction_not_unique)


@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.SaturationWarning")
def test_inseparable_samples_without_projection_are_flagged():
    """v = 0: all points are active and more than independent."""
    points = np.random.default_rng(0).normal(size=(12, 3))
    with pytest.warns(DegenerateInputWarning, match="not unique"):
        result = sensitivity(list(points[:, None]), n_samples=40, seed=0, dichotomies="random")
    assert result.fraction_not_unique > 0.5


def test_leaving_a_neuroid_out_equals_glue_without_it(clouds, drawn):
    result = sensitivity(clouds, **drawn, leave_one_out=True)
    for neuroid in (0, 11):
        kept = np.delete(np.arange(20), neuroid)
        without = glue([cloud[:, kept] for cloud in clouds], t=drawn["t"][:, kept], dichotomies=drawn["dichotomies"])
        np.testing.assert_allclose(
            result.neuroid_removal_effect[neuroid], without.capacity - result.capacity, rtol=1e-9, atol=1e-12
        )
    assert np.all(result.neuroid_removal_effect_se > 0)


def test_leaving_neuroids_out_decides_no_separability(clouds, drawn, monkeypatch):
    """Capacity without a neuroid needs none, and the proof takes most of the time."""
    module = sys.modules["neurogeom.capacity.sensitivity"]
    proved = []

    def remember(task, *, prove=True, n_jobs=None):
        proved.append(prove)
        return solve(task, prove=prove, n_jobs=n_jobs)

    monkeypatch.setattr(module, "solve", remember)
    sensitivity(clouds, **drawn, leave_one_out=True)
    assert sorted(proved) == [False] * 20 + [True]


def test_gain_effects_rank_neuroids_as_leaving_them_out_does():
    """Few neuroids carry the centers, the rest is noise: both say which."""
    rng = np.random.default_rng(5)
    centers = np.zeros((4, 16))
    centers[:, :6] = rng.normal(size=(4, 6))
    noisy = [center + 0.35 * rng.normal(size=(8, 16)) for center in centers]
    result = sensitivity(noisy, n_samples=100, seed=0, leave_one_out=True)
    assert result.rank_correlation > 0.6
    assert f"left out: {result.rank_correlation:.2f} (Spearman)" in text.caption(result)
    assert "Spearman" not in text.caption(sensitivity(noisy, n_samples=10, seed=0))
    effect = result.neuroid_gain_effect.values
    assert effect[:6].mean() > 0 > effect[6:].mean()


def test_points_that_span_less_than_they_are_can_all_be_active_at_once():
    """Twenty points in five dimensions of a reference manifold: where v is orthogonal to them, multipliers are free."""
    with pytest.warns(DegenerateInputWarning, match="not unique"):
        result = sensitivity(reference_population(), n_samples=60, seed=6)
    assert 0 < result.fraction_not_unique < 0.3
    np.testing.assert_allclose(result.point_contribution.sum(), 6 / result.capacity, rtol=1e-10)


def test_same_seed_gives_the_capacity_of_glue_and_same_bits_for_any_number_of_workers(clouds):
    one, two = (sensitivity(clouds, n_samples=30, seed=6, n_jobs=n_jobs) for n_jobs in (1, 2))
    xr.testing.assert_identical(one.data, two.data)
    assert one.capacity == glue(clouds, n_samples=30, seed=6).capacity


def test_names_of_neuroids_and_points_are_kept():
    responses = xr.DataArray(
        np.concatenate(random_clouds(1, 3, 4, 6)),
        dims=("presentation", "neuroid"),
        coords={
            "label": ("presentation", np.repeat(list("abc"), 4)),
            "neuroid_id": ("neuroid", [f"n{i}" for i in range(6)]),
            "region": ("neuroid", ["V4", "IT"] * 3),
        },
    )
    result = sensitivity(responses, "label", n_samples=10, seed=0)
    assert list(result.neuroid_gain_effect["neuroid"].values) == [f"n{i}" for i in range(6)]
    assert list(result.neuroid_gain_effect["region"].values) == ["V4", "IT"] * 3
    assert list(result.point_contribution["point_manifold"].values) == list("aaaabbbbcccc")


def test_intervals_over_points_are_wider_than_monte_carlo_errors(clouds):
    result = sensitivity(clouds, n_samples=60, seed=0, uncertainty="points", n_resamples=8)
    assert result.neuroid_gain_effect_ci.dims == ("neuroid", "bound")
    low, high = result.neuroid_gain_effect_ci.values.T
    assert np.all((low < result.neuroid_gain_effect) & (result.neuroid_gain_effect < high))
    assert np.median((high - low) / result.neuroid_gain_effect_se) > 2 * 1.96
    assert result.manifold_contribution_ci.dims == ("manifold", "bound")
    assert result.settings["uncertainty"] == "points"
    with pytest.raises(ValueError, match="uncertainty='neuroids'"):
        sensitivity(clouds, uncertainty="neuroids")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"dichotomies": "pairwise"}, ValueError, "dichotomies"),
        ({"n_samples": 1}, ValueError, "n_samples"),
        ({"origin": "median"}, ValueError, "origin"),
    ],
)
def test_wrong_arguments_are_refused_with_a_reason(clouds, arguments, error, message):
    with pytest.raises(error, match=message):
        sensitivity(clouds, **arguments)
