"""Intervals over neuroids, points and trials: what is resampled, exact errors of linear statistics, coverage."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from neurogeom import Manifolds
from neurogeom._core.warnings import ConvergenceWarning
from neurogeom.capacity.glue import glue
from neurogeom.capacity.mean_field import mean_field
from neurogeom.capacity.mean_field_samples import draw_own, draw_replicate
from neurogeom.capacity.own_axes import own_axes
from neurogeom.capacity.resampling import Replicate, make_plan
from neurogeom.capacity.uncertainty import add_intervals, interval
from tests.capacity.populations import random_clouds

pytestmark = pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.NeurogeomWarning")


def averaged(n_repeats: int, *, n_stimuli: int = 6, noise: float = 0.3, seed: int = 0) -> Manifolds:
    """Three manifolds of stimuli that were shown several times."""
    rng = np.random.default_rng(seed)
    stimuli = np.concatenate(random_clouds(seed, 3, n_stimuli, 12))
    trials = np.repeat(stimuli, n_repeats, axis=0)
    trials = trials + noise * rng.normal(size=trials.shape)
    labels = np.repeat(["a", "b", "c"], n_stimuli * n_repeats)
    return Manifolds.from_labels(trials, labels, average=np.repeat(np.arange(3 * n_stimuli), n_repeats))


def replicates_of(plan, statistic) -> np.ndarray:
    return np.array([statistic(plan.replicate(number).manifolds) for number in range(plan.n_replicates)])


# ------------------------------------------------------------------------------------------------ what is resampled


def test_a_bootstrap_draws_whole_neuroids_with_repetition() -> None:
    clouds = random_clouds(0, 3, 4, 50)
    plan = make_plan(Manifolds(clouds), "neuroids", seed=1)
    assert plan.n_replicates == 100
    columns = {tuple(column) for column in np.concatenate(clouds).T}
    shares = []
    for number in range(100):
        drawn = plan.replicate(number).manifolds
        assert drawn.n_neuroids == 50
        different = {tuple(column) for column in drawn.stacked.T}
        assert different <= columns
        shares.append(len(different) / 50)
    assert np.mean(shares) == pytest.approx(1 - (1 - 1 / 50) ** 50, abs=0.02)


def test_every_resample_of_neuroids_has_samples_of_its_own() -> None:
    plan = make_plan(Manifolds(random_clouds(0, 3, 4, 50)), "neuroids", seed=1)
    streams = [plan.replicate(number).stream for number in range(30)]
    assert len(set(streams)) == 30
    assert () not in streams
    assert plan.replicate(0).kept_samples(10) is None


@settings(max_examples=25)
@given(st.lists(st.integers(3, 40), min_size=2, max_size=5), st.integers(0, 1000))
def test_a_jackknife_leaves_every_point_out_once_and_doubles_none(sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    manifolds = Manifolds([rng.normal(size=(size, 4)) for size in sizes])
    plan = make_plan(manifolds, "points", seed=seed, minimum_points=2, n_resamples=10)
    assert plan.n_groups == min(10, min(sizes))
    counts: dict[tuple, int] = {}
    for number in range(plan.n_groups):
        left = plan.replicate(number).manifolds
        for size, cloud in zip(sizes, left.clouds):
            assert size - -(-size // plan.n_groups) <= len(cloud) <= size - size // plan.n_groups
            assert len(np.unique(cloud, axis=0)) == len(cloud)
        for point in left.stacked:
            counts[tuple(point)] = counts.get(tuple(point), 0) + 1
    assert set(counts.values()) == {plan.n_groups - 1}
    assert len(counts) == sum(sizes)


def test_partitions_differ_and_blocks_of_samples_are_left_out_once_in_each() -> None:
    plan = make_plan(Manifolds(random_clouds(0, 2, 20, 5)), "points", seed=1, n_resamples=30)
    assert (plan.n_replicates, plan.n_groups, plan.degrees_of_freedom) == (30, 10, 27)
    sets = [plan.replicate(number).manifolds.fingerprint for number in range(30)]
    assert len(set(sets)) == 30
    for partition in range(3):
        kept = [plan.replicate(10 * partition + group).kept_samples(25) for group in range(10)]
        np.testing.assert_array_equal(np.bincount(np.concatenate(kept)), np.full(25, 9))


def test_trials_are_averaged_without_the_group_that_is_left_out() -> None:
    manifolds = averaged(5)
    plan = make_plan(manifolds, "trials", seed=0, n_resamples=5)
    assert (plan.n_groups, plan.n_replicates) == (5, 5)
    found = np.stack([plan.replicate(number).manifolds.stacked for number in range(5)])
    # leaving one of five out in turn: the mean over groups is the mean of all
    np.testing.assert_allclose(found.mean(axis=0), manifolds.stacked, atol=1e-12)
    trials = manifolds.trials.reshape(-1, 5, 12)
    without = (5 * manifolds.stacked[:, None] - trials) / 4
    for number in range(5):
        assert (np.abs(found[number][:, None] - without).max(axis=2).min(axis=1) < 1e-12).all()


def test_a_point_of_one_trial_keeps_it() -> None:
    rng = np.random.default_rng(0)
    trials = rng.normal(size=(9, 4))
    manifolds = Manifolds.from_labels(trials, list("aaaabbbbb"), average=[0, 0, 1, 1, 2, 3, 3, 4, 4])
    plan = make_plan(manifolds, "trials", seed=0)
    assert plan.n_groups == 2
    for number in range(plan.n_replicates):
        np.testing.assert_array_equal(plan.replicate(number).manifolds.stacked[2], trials[4])


def test_few_repeats_are_partitioned_more_often() -> None:
    plan = make_plan(averaged(2), "trials", seed=0)
    assert (plan.n_groups, plan.n_replicates) == (2, 20)
    assert plan.degrees_of_freedom == 10


# ------------------------------------------------------------------------------------------------ exact errors


def test_the_jackknife_error_of_a_mean_of_points_is_exact() -> None:
    cloud = np.random.default_rng(0).normal(size=(10, 3))
    plan = make_plan(Manifolds([cloud, cloud + 1]), "points", seed=0, n_resamples=10)
    found = plan.error(replicates_of(plan, lambda left: left["0"].mean(axis=0)))
    np.testing.assert_allclose(found, cloud.std(axis=0, ddof=1) / np.sqrt(10), rtol=1e-12)


def test_errors_of_several_manifolds_add_up() -> None:
    rng = np.random.default_rng(0)
    clouds = [rng.normal(size=(200, 1)) * scale for scale in (1.0, 2.0, 3.0)]
    plan = make_plan(Manifolds(clouds), "points", seed=0, n_resamples=400)
    found = plan.error(replicates_of(plan, lambda left: np.mean([cloud.mean() for cloud in left.clouds])))
    expected = np.sqrt(sum(cloud.var(ddof=1) / 200 for cloud in clouds)) / 3
    assert found == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("n_repeats", [2, 3, 10])
def test_the_jackknife_error_over_trials_is_that_of_the_noise(n_repeats: int) -> None:
    manifolds = averaged(n_repeats, n_stimuli=40)
    plan = make_plan(manifolds, "trials", seed=0, n_resamples=200)
    found = plan.error(replicates_of(plan, lambda left: left.stacked.mean()))
    assert found == pytest.approx(0.3 / np.sqrt(120 * n_repeats * 12), rel=0.15)


def test_the_bootstrap_error_of_a_mean_over_neuroids_is_that_of_theory() -> None:
    clouds = random_clouds(0, 2, 4, 80)
    plan = make_plan(Manifolds(clouds), "neuroids", seed=0, n_resamples=1000)
    found = plan.error(replicates_of(plan, lambda drawn: drawn.stacked.mean()))
    assert found == pytest.approx(np.concatenate(clouds).mean(axis=0).std() / np.sqrt(80), rel=0.07)


def test_intervals_are_symmetric_on_a_logarithmic_scale_and_plain_for_what_has_a_sign() -> None:
    plan = make_plan(Manifolds(random_clouds(0, 2, 20, 5)), "points", seed=1)
    replicates = np.exp(0.01 * np.random.default_rng(0).normal(size=20))
    low, high = interval("capacity", np.asarray(1.2), replicates, plan)
    error = plan.error(np.log(replicates))
    assert low * high == pytest.approx(1.2**2)
    assert np.log(high / 1.2) == pytest.approx(stats.t.ppf(0.975, 18) * error)
    low, high = interval("axis_alignment_signed", np.asarray(1.2), replicates, plan)
    assert high - 1.2 == pytest.approx(1.2 - low) == pytest.approx(stats.t.ppf(0.975, 18) * plan.error(replicates))
    low, high = interval("x", np.asarray(-0.5), -replicates, plan)
    assert low < -0.5 < high


def test_a_higher_level_is_wider() -> None:
    clouds = random_clouds(0, 3, 12, 10)
    narrow, wide = (mean_field(clouds, n_samples=30, seed=0, uncertainty="points", level=x) for x in (0.8, 0.99))
    assert np.diff(wide.capacity_ci.values) > 1.5 * np.diff(narrow.capacity_ci.values)
    assert wide.settings["level"] == 0.99


# ------------------------------------------------------------------------------------------------ measures


@pytest.mark.parametrize("measure", [glue, mean_field])
@pytest.mark.parametrize("uncertainty", ["neuroids", "points", "trials"])
def test_all_values_with_an_error_get_an_interval_that_holds_them(measure, uncertainty: str) -> None:
    manifolds = averaged(4)
    result = measure(manifolds, n_samples=30, seed=0, uncertainty=uncertainty, n_resamples=20)
    assert result.settings["uncertainty"] == uncertainty
    # points leave out 3 times 6 groups, trials 5 times 4
    assert result.settings["n_resamples"] == {"neuroids": 20, "points": 18, "trials": 20}[uncertainty]
    assert result.data["bound"].values.tolist() == ["low", "high"]
    for name in ("capacity", "radius", "dimension", "manifold_capacity"):
        ends = result.data[f"{name}_ci"]
        assert ends.dims == (*result.data[name].dims, "bound")
        low, high = np.moveaxis(ends.values, -1, 0)
        assert ((low < result.data[name].values) & (result.data[name].values < high)).all()
    plain = measure(manifolds, n_samples=30, seed=0)
    assert not [name for name in plain.data if str(name).endswith("_ci")]
    assert plain.settings["uncertainty"] is None
    assert plain.capacity == result.capacity


@pytest.mark.parametrize("uncertainty", ["neuroids", "points"])
def test_intervals_are_the_same_for_any_number_of_workers(uncertainty: str) -> None:
    clouds = random_clouds(0, 3, 8, 10)
    options = {"n_samples": 20, "seed": 3, "uncertainty": uncertainty, "n_resamples": 20}
    for measure in (glue, mean_field):
        one, two = (measure(clouds, n_jobs=n_jobs, **options) for n_jobs in (1, 3))
        assert one.data.equals(two.data)


def test_subjects_are_drawn_first_and_the_number_of_neuroids_stays() -> None:
    clouds = [np.tile(np.arange(30.0), (6, 1)) + cloud for cloud in np.random.default_rng(0).normal(size=(2, 6, 30))]
    given = Manifolds(clouds, neuroids={"animal": np.repeat(list("abc"), [5, 10, 15]), "neuroid_id": np.arange(30)})
    plan = make_plan(given, "subjects", n_resamples=40, seed=3)
    drawn = [plan.replicate(number).manifolds for number in range(40)]
    assert {one.n_neuroids for one in drawn} == {30}
    numbers = [len(set(one.neuroid_coords["animal"].tolist())) for one in drawn]
    assert set(numbers) == {1, 2, 3}  # a subject can be left out whole, and others drawn twice
    assert plan.degrees_of_freedom == 2
    found = glue(given, n_samples=10, uncertainty="subjects", n_resamples=20, seed=0)
    low, high = found.capacity_ci.values
    assert low < found.capacity < high and found.settings["uncertainty"] == "subjects"
    flat = glue(given, n_samples=10, uncertainty="neuroids", n_resamples=20, seed=0)
    assert np.ptp(found.capacity_ci.values) > np.ptp(flat.capacity_ci.values)
    for other in (Manifolds(clouds), Manifolds(clouds, neuroids={"subject": np.repeat("a", 30)})):
        with pytest.raises(ValueError, match="at least 2 subjects"):
            glue(other, n_samples=10, uncertainty="subjects", seed=0)


def test_a_neuroid_that_is_drawn_twice_counts_twice_and_no_more() -> None:
    """Two copies with Gaussian components of their own are one neuroid of √2 times the gain."""
    clouds = random_clouds(1, 4, 6, 8)
    copies = [np.hstack([cloud, cloud[:, :3]]) for cloud in clouds]
    gains = np.where(np.arange(8) < 3, np.sqrt(2.0), 1.0)
    twice = glue(copies, n_samples=3000, seed=0)
    scaled = glue([cloud * gains for cloud in clouds], n_samples=3000, seed=1)
    assert abs(twice.capacity - scaled.capacity) < 4 * np.hypot(twice.capacity_se, scaled.capacity_se)
    assert abs(twice.radius - scaled.radius) < 4 * np.hypot(twice.radius_se, scaled.radius_se)


def test_vectors_of_a_jackknife_are_those_of_the_estimate_read_along_new_axes() -> None:
    cloud = random_clouds(0, 1, 8, 20)[0]
    old = own_axes(cloud, 10.0)
    drawn = draw_own(500, 0, 0, old)
    same = draw_replicate(500, 0, 0, Replicate(Manifolds([cloud, cloud + 1])), old, drawn, old)
    np.testing.assert_allclose(same.targets, drawn.targets, atol=1e-10)
    fewer = own_axes(cloud[:6], 10.0)
    read = draw_replicate(500, 0, 0, Replicate(Manifolds([cloud, cloud + 1])), old, drawn, fewer)
    in_space, expected = read.targets[:, :-1] @ fewer.axes, drawn.targets[:, :-1] @ old.axes
    np.testing.assert_allclose(in_space, expected @ fewer.axes.T @ fewer.axes, atol=1e-8)


def test_vectors_along_axes_outside_the_estimate_are_standard_normal() -> None:
    rng = np.random.default_rng(0)
    old = own_axes(1 + rng.normal(size=(6, 20)), 10.0)
    new = own_axes(1 + rng.normal(size=(9, 20)), 10.0)
    drawn = draw_own(20_000, 0, 0, old)
    found = draw_replicate(20_000, 0, 0, Replicate(Manifolds(random_clouds(0, 2, 3, 20))), old, drawn, new).targets
    np.testing.assert_allclose(np.cov(found.T), np.eye(9), atol=0.04)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=0.03)


def test_common_vectors_keep_monte_carlo_error_out_of_the_jackknife() -> None:
    """With few samples the interval over points is about as wide as the Monte-Carlo error, not three times."""
    clouds = random_clouds(3, 4, 40, 30, spread=0.2)
    result = mean_field(clouds, n_samples=50, seed=0, uncertainty="points", n_resamples=40)
    half = np.log(result.capacity_ci.values[1] / result.capacity) / stats.t.ppf(0.975, 36)
    assert 0.6 < half / (result.capacity_se / result.capacity) < 1.6


# ------------------------------------------------------------------------------------------------ coverage


def neurons(latent: list[np.ndarray], n_neuroids: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Random rectified neurons looking at the same points of a latent space."""
    n_latent = latent[0].shape[1]
    weights = rng.normal(size=(n_latent, n_neuroids)) / np.sqrt(n_latent)
    threshold, gain = 0.5 * rng.normal(size=n_neuroids), np.exp(0.5 * rng.normal(size=n_neuroids))
    return [np.maximum(cloud @ weights + threshold, 0) * gain for cloud in latent]


def coverage(draw, uncertainty: str, n_resamples: int, seed: int, n_populations: int = 40) -> float:
    """Share of populations whose interval holds the typical capacity."""
    rng = np.random.default_rng(seed)
    options = {"n_samples": 60, "n_jobs": 1}
    truth = np.exp(np.mean([np.log(mean_field(draw(rng), seed=s, **options).capacity) for s in range(150)]))
    hits = []
    for s in range(n_populations):
        found = mean_field(draw(rng), seed=1000 + s, uncertainty=uncertainty, n_resamples=n_resamples, **options)
        low, high = found.capacity_ci.values
        hits.append(low < truth < high)
    return float(np.mean(hits))


def test_intervals_over_neuroids_hold_the_capacity_of_other_draws_of_neuroids() -> None:
    rng = np.random.default_rng(0)
    latent = [center + 0.6 * rng.normal(size=(6, 10)) for center in rng.normal(size=(4, 10))]
    share = coverage(lambda random: neurons(latent, 40, random), "neuroids", 20, seed=1)
    assert 0.85 <= share <= 1.0


def test_intervals_over_points_hold_the_capacity_of_other_draws_of_points() -> None:
    rng = np.random.default_rng(0)
    centers, axes = rng.normal(size=(4, 30)), rng.normal(size=(4, 5, 30)) / np.sqrt(30)
    draw = lambda random: [c + 2 * random.normal(size=(12, 5)) @ a for c, a in zip(centers, axes)]  # noqa: E731
    share = coverage(draw, "points", 10, seed=1)
    assert 0.85 <= share <= 1.0


# ------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("clouds", "options", "words"),
    [
        ([(3, 1), (3, 1)], {"kind": "neuroids"}, "1 neuroid"),
        ([(3, 5), (3, 5)], {"kind": "neuroids", "n_resamples": 5}, "n_resamples"),
        ([(3, 5), (1, 5)], {"kind": "points"}, "'1' has 1 point; uncertainty='points'"),
        ([(3, 5), (2, 5)], {"kind": "points", "minimum_points": 2}, "at least 3 of every manifold"),
        ([(3, 5), (3, 5)], {"kind": "trials"}, 'average="stimulus_id"'),
        ([(3, 5), (3, 5)], {"kind": "point"}, "Did you mean 'points'"),
        ([(3, 5), (3, 5)], {"kind": "points", "level": 0.0}, "level"),
    ],
)
def test_what_cannot_be_resampled_is_refused(clouds, options: dict, words: str) -> None:
    rng = np.random.default_rng(0)
    manifolds = Manifolds([rng.normal(size=shape) for shape in clouds])
    with pytest.raises(ValueError, match=words):
        make_plan(manifolds, options.pop("kind"), seed=0, **options)


def test_single_trials_say_nothing_about_noise() -> None:
    manifolds = Manifolds.from_labels(np.random.default_rng(0).normal(size=(6, 3)), list("aaabbb"), average=range(6))
    with pytest.raises(ValueError, match="single trial"):
        make_plan(manifolds, "trials", seed=0)


def test_resamples_without_a_value_are_counted_and_said() -> None:
    plan = make_plan(Manifolds(random_clouds(0, 2, 20, 5)), "points", seed=1)
    data = xr.Dataset({"capacity": 1.0, "capacity_se": 0.1})
    numbers = iter(range(100))

    def measure(replicate):
        number = next(numbers)
        if number == 3:
            raise ValueError("all points are identical")
        return {"capacity": np.asarray(1.0 + 0.01 * number)}

    with pytest.warns(ConvergenceWarning, match="1 of 20 resamples of points were degenerate"):
        found, diagnostics = add_intervals(data, measure, plan, n_jobs=1)
    assert diagnostics == {"n_failed_resamples": 1}
    assert np.isfinite(found.capacity_ci).all()


def test_too_many_resamples_without_a_value_give_no_interval() -> None:
    plan = make_plan(Manifolds(random_clouds(0, 2, 20, 5)), "points", seed=1)
    data = xr.Dataset({"capacity": 1.0, "capacity_se": 0.1})

    def never(replicate):
        raise ValueError("all points are identical")

    with pytest.warns(ConvergenceWarning, match="undefined on every resample"):
        found, _ = add_intervals(data, never, plan, n_jobs=1)
    assert "capacity_ci" not in found
    with pytest.warns(ConvergenceWarning, match="no interval for capacity_ci"):
        found, _ = add_intervals(data, lambda one: {"capacity": np.asarray(np.nan)}, plan, n_jobs=1)
    assert np.isnan(found.capacity_ci).all()
