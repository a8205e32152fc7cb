"""GLUE: laws, reference values, floor, margin, origin and reproducibility."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

import neurogeom._core.memory as memory
from neurogeom import kernels, results
from neurogeom._core.warnings import DegenerateInputWarning, SaturationWarning
from neurogeom.capacity.dichotomies import draw
from neurogeom.capacity.glue import glue
from neurogeom.capacity.mean_field import mean_field
from neurogeom.capacity.own_axes import own_axes
from neurogeom.capacity.sensitivity import sensitivity
from neurogeom.capacity.simulated import simulated
from neurogeom.capacity.solving import Task, solve
from neurogeom.manifolds import Manifolds
from tests.capacity.populations import (
    digit_clouds,
    labels,
    random_clouds,
    reference_population,
    rotation,
    single_points,
    targets,
)

# small populations lie near their floor, which is said each time; tests that are about it ask for the warning
pytestmark = pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.NeurogeomWarning")

GEOMETRY = ("capacity", "dimension", "radius", "utility", "approximate_capacity")
# alpha of one Gaussian point per manifold, from conic integral geometry (random labels)
SINGLE_POINTS = {(24, 15): 2.0207659727, (30, 10): 3.0099246669, (16, 8): 2.2177628128}


def values(result, names=GEOMETRY):
    return np.array([getattr(result, name) for name in names])


@pytest.fixture(scope="module")
def population():
    return reference_population()


@pytest.fixture(scope="module")
def reference(population):
    return glue(population, n_samples=4000, seed=1)


# ------------------------------------------------------------------------------------------------ values


@pytest.mark.parametrize(
    ("name", "expected", "digits"),
    [
        ("capacity", 0.5246, 0.00005),
        ("dimension", 2.97, 0.005),
        ("radius", 0.885, 0.0005),
        ("utility", 0.684, 0.0005),
        ("center_alignment", 0.335, 0.0005),
        ("axis_alignment", 0.102, 0.0005),
        ("center_axis_alignment", 0.146, 0.0005),
        ("center_alignment_inner", 0.428, 0.0005),
        ("axis_alignment_inner", 0.073, 0.0005),
        ("center_axis_alignment_inner", 0.144, 0.0005),
    ],
)
def test_reference_population_has_its_measured_values(reference, name, expected, digits):
    """Both the stored value and ours have a Monte-Carlo error of 4,000 samples."""
    error = np.sqrt(2) * getattr(reference, f"{name}_se")
    assert abs(getattr(reference, name) - expected) < 4 * error + digits


def test_reference_population_is_active_and_far_from_its_floor(reference):
    assert abs(reference.active_fraction - 0.90) < 0.02
    assert reference.rank == 30
    assert reference.capacity_floor == 0.2
    assert reference.fraction_inseparable == 0.0
    assert reference.warnings == ()
    np.testing.assert_allclose(reference.capacity_se, 0.0040, rtol=0.1)


@pytest.mark.parametrize(("n_manifolds", "n_neuroids"), list(SINGLE_POINTS))
def test_single_gaussian_points_have_the_capacity_of_conic_geometry(n_manifolds, n_neuroids):
    clouds = single_points(n_manifolds, n_manifolds, n_neuroids)
    gaussian, signs = targets(1, 8000, n_neuroids), labels(2, 8000, n_manifolds).astype(np.int8)
    objective = solve(Task(np.concatenate(clouds), np.arange(n_manifolds), gaussian, signs)).samples.objective
    expected = n_manifolds / SINGLE_POINTS[n_manifolds, n_neuroids]
    error = objective.std() / np.sqrt(8000)
    assert error < 0.01 * expected
    assert abs(objective.mean() - expected) < 4 * error
    with pytest.warns(SaturationWarning):
        few = glue(clouds, t=gaussian[:100], dichotomies=signs[:100])
    np.testing.assert_allclose(few.sample_objective, objective[:100], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(few.capacity, n_manifolds / objective[:100].mean())


def test_single_points_that_are_independent_have_capacity_two_and_unit_geometry():
    """The anchor is x or 0, so a single point does not have radius 0."""
    result = glue(single_points(0, 20, 200), n_samples=1500, dichotomies="random", seed=3)
    np.testing.assert_allclose(values(result), [2.0, 1.0, 1.0, 1.0, 2.0], rtol=0.06)
    assert abs(result.capacity - 2.0) < 4 * result.capacity_se
    assert result.fraction_inseparable == 0.0


def test_digits_lie_on_their_floor():
    """First 50 images a class: rank 56, capacity 0.200 on a floor of 0.179, and geometry is meaningless."""
    with pytest.warns(SaturationWarning, match="within 1.5x of its floor P/rank = 0.179"):
        result = glue(digit_clouds(), n_samples=200, seed=0)
    assert result.rank == 56
    np.testing.assert_allclose(result.capacity_floor, 10 / 56)
    assert abs(result.capacity - 0.200) < 4 * result.capacity_se
    assert 0.63 < result.fraction_inseparable < 0.74  # 0.69 over 1,000 samples
    # inseparable does not mean v = 0, nor F at its maximum
    assert 0.03 < result.fraction_saturated < 0.09  # 0.054 over 1,000 samples
    values_there = [result.dimension, result.radius, result.utility]
    np.testing.assert_allclose(values_there, [1.1, 0.78, 0.082], rtol=0.06)
    assert any("inseparable" in note for note in result.warnings)


def test_no_digit_sample_has_zero_projection_although_most_are_inseparable():
    points = np.concatenate(digit_clouds())
    gaussian, signs = targets(4, 60, 64), labels(5, 60, 10)
    solved = solve(Task(points, np.repeat(np.arange(10), 50), gaussian, signs.astype(np.int8)))
    assert np.mean(solved.separability == 0) > 0.4
    left = np.sum(gaussian**2, axis=1) - solved.samples.objective
    assert np.all(left > 1e-3)
    ratio = solved.samples.objective / solved.space.squared_norms(gaussian)
    assert 0.9 < np.median(ratio) < 0.99


def test_separable_dichotomy_can_leave_no_projection():
    """Four points in four dimensions always separate, yet v = 0 for a positive share of t (here one in sixteen)."""
    points = np.eye(4)
    signs = np.ones((2000, 4), dtype=np.int8)
    solved = solve(Task(points, np.arange(4), targets(6, 2000, 4), signs))
    assert np.all(solved.separability == 1)
    assert abs(solved.saturated.mean() - 1 / 16) < 4 * np.sqrt(1 / 16 * 15 / 16 / 2000)


# ------------------------------------------------------------------------------------------------ exact laws


def test_identity_of_capacity_holds_to_rounding(reference):
    right = reference.utility * (1 + reference.radius**-2) / reference.dimension
    np.testing.assert_allclose(reference.capacity, right, rtol=1e-10)
    np.testing.assert_allclose(reference.approximate_capacity, reference.capacity / reference.utility, rtol=1e-10)
    assert reference.diagnostics["max_identity_error"] < 1e-9  # a = F
    assert reference.diagnostics["max_residual"] < 1e-9
    per_manifold = reference.manifold_capacity.values
    np.testing.assert_allclose(reference.capacity, 6 / np.sum(1 / per_manifold), rtol=1e-10)


def with_points(clouds, change):
    return [change(cloud, index) for index, cloud in enumerate(clouds)]


def hull_points(cloud, index):
    weights = np.random.default_rng(index).dirichlet(np.full(len(cloud), 0.5), size=7)
    return np.concatenate([cloud, 0.999 * weights @ cloud + 0.001 * cloud.mean(axis=0)])


CHANGES = {
    "hull points": (hull_points, None),
    "duplicates": (lambda cloud, _: np.concatenate([cloud, cloud[::3]]), None),
    "order": (lambda cloud, index: np.random.default_rng(index).permutation(cloud), None),
    "common scale": (lambda cloud, _: 37.5 * cloud, None),
    "silent neuroids": (
        lambda cloud, _: np.hstack([cloud, np.zeros((len(cloud), 3))]),
        lambda t: np.hstack([t, targets(8, len(t), 3)]),
    ),
    "joint rotation": (lambda cloud, _: cloud @ rotation(7, 60), lambda t: t @ rotation(7, 60)),
    "size of each manifold": (lambda cloud, index: cloud * 10.0 ** (index - 2), None),
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_unchanged_to_rounding_on_the_same_samples(population, change):
    move, move_t = CHANGES[change]
    gaussian, signs = targets(1, 80, 60), labels(2, 80, 6)
    one = glue(population, t=gaussian, dichotomies=signs, seed=0)
    other = glue(with_points(population, move), t=move_t(gaussian) if move_t else gaussian, dichotomies=signs, seed=0)
    names = (*GEOMETRY, "center_alignment", "axis_alignment", "center_axis_alignment")
    np.testing.assert_allclose(values(other, names), values(one, names), rtol=2e-8)
    np.testing.assert_allclose(other.sample_objective, one.sample_objective, rtol=1e-9)


def test_factor_for_each_point_leaves_capacity_and_moves_geometry(population):
    gaussian, signs = targets(1, 80, 60), labels(2, 80, 6)
    one = glue(population, t=gaussian, dichotomies=signs)
    factors = np.random.default_rng(3).uniform(0.3, 3.0, size=(6, 20, 1))
    other = glue([cloud * factor for cloud, factor in zip(population, factors)], t=gaussian, dichotomies=signs)
    np.testing.assert_allclose(other.capacity, one.capacity, rtol=1e-10)
    assert abs(other.dimension / one.dimension - 1) > 0.01
    assert abs(other.radius / one.radius - 1) > 0.01


def test_rotation_of_points_alone_is_equal_within_error_only(population):
    one = glue(population, n_samples=400, seed=0)
    other = glue([cloud @ rotation(7, 60) for cloud in population], n_samples=400, seed=0)
    assert other.capacity != one.capacity
    assert abs(other.capacity - one.capacity) < 4 * np.hypot(one.capacity_se, other.capacity_se)


def test_moving_the_origin_changes_capacity_unless_it_is_the_mean(population):
    gaussian = targets(1, 100, 60)
    moved = [cloud + 0.5 for cloud in population]
    given = [glue(clouds, t=gaussian, dichotomies=labels(2, 100, 6)).capacity for clouds in (population, moved)]
    assert abs(given[1] / given[0] - 1) > 0.02
    # all labels alike cannot be separated about the mean, and anchors are not unique there: balanced labels only
    signs = draw("balanced", 6, 100, seed=2)
    mean = [glue(clouds, t=gaussian, dichotomies=signs, origin="mean") for clouds in (population, moved)]
    np.testing.assert_allclose(values(mean[1]), values(mean[0]), rtol=1e-8)
    centered = glue(Manifolds(population).center(), t=gaussian, dichotomies=signs)
    np.testing.assert_allclose(values(centered), values(mean[0]), rtol=1e-8)
    assert mean[0].settings["origin"] == "mean"


def test_more_points_never_raise_capacity(population):
    """More constraints, a smaller cone, a larger distance: in every sample."""
    gaussian, signs = targets(1, 60, 60), labels(2, 60, 6)
    last = np.zeros(60)
    for size in (5, 10, 15, 20):
        result = glue([cloud[:size] for cloud in population], t=gaussian, dichotomies=signs)
        objective = result.sample_objective.values
        assert np.all(objective >= last - 1e-10)
        last = objective


def test_orthogonal_manifolds_have_the_harmonic_mean_of_their_mean_field_capacities():
    """In separate blocks the joint objective is the sum of mean-field ones, for every labeling."""
    rng = np.random.default_rng(11)
    sizes, blocks = (7, 10, 5), (4, 6, 3)
    offsets = np.concatenate([[0], np.cumsum(np.array(blocks) + 1)])
    gaussian = rng.normal(size=(60, offsets[-1]))
    clouds, coordinates = [], []
    for size, block, start in zip(sizes, blocks, offsets):
        coordinates.append(np.hstack([rng.normal(size=(size, block)), np.ones((size, 1))]))
        clouds.append(np.zeros((size, offsets[-1])))
        clouds[-1][:, start : start + block + 1] = coordinates[-1]
    for signs in ([1, 1, 1], [1, -1, 1], [-1, -1, 1]):
        joint = glue(clouds, t=gaussian, dichotomies=[signs])
        objectives = np.empty((60, 3))
        for mu, (one, start, sign) in enumerate(zip(coordinates, offsets, signs)):
            # mean-field of manifold mu on t with its label: constraints S v <= 0 in its own coordinates
            own = sign * gaussian[:, start : start + one.shape[1]]
            task = Task(one, np.zeros(len(one), int), own, np.ones((60, 1), np.int8))
            objectives[:, mu] = solve(task).samples.objective
        np.testing.assert_allclose(joint.sample_objective, objectives.sum(axis=1), rtol=1e-11)
        harmonic = 3 / np.sum(objectives.mean(axis=0))
        np.testing.assert_allclose(joint.capacity, harmonic, rtol=1e-10)
        np.testing.assert_allclose(joint.manifold_capacity, 1 / objectives.mean(axis=0), rtol=1e-10)


def test_orthogonal_manifolds_have_the_harmonic_mean_that_mean_field_returns():
    """The same Gaussian numbers in both measures: equal to rounding in capacity, and never to be compared otherwise."""
    rng = np.random.default_rng(12)
    clouds = [rng.normal(size=(12, 5)) * 0.8 + 2.0 * rng.normal(size=5) for _ in range(4)]
    gaussian = rng.normal(size=(300, 24))
    field = mean_field(clouds, t=[gaussian[:, 6 * mu : 6 * mu + 6] for mu in range(4)])
    origin = np.concatenate(clouds).mean(axis=0)
    blocks = []
    for mu, cloud in enumerate(clouds):
        block = np.zeros((12, 24))
        block[:, 6 * mu : 6 * mu + 6] = own_axes(cloud - origin, 10.0).rows
        blocks.append(block)
    for signs in ([1, 1, 1, 1], [1, -1, -1, 1]):
        turned = gaussian * np.repeat(signs, 6)  # F(y, y t) is the same for every y
        joint = glue(blocks, t=turned, dichotomies=[signs])
        np.testing.assert_allclose(joint.capacity, field.capacity, rtol=1e-10)
        np.testing.assert_allclose(joint.manifold_capacity, field.manifold_capacity, rtol=1e-10)
        assert abs(joint.radius / field.radius - 1) > 0.02
        assert abs(joint.dimension / field.dimension - 1) > 0.02


def test_samples_without_an_active_point_are_legal():
    """Two single points: one sample in four has F = 0."""
    result = glue(single_points(0, 2, 10), n_samples=400, seed=0, dichotomies="random")
    assert 50 < result.diagnostics["n_zero_objective"] < 150
    assert np.isfinite(values(result)).all()


def test_a_point_in_the_origin_makes_all_dichotomies_inseparable_and_changes_no_objective(population):
    gaussian, signs = targets(1, 40, 60), labels(2, 40, 6)
    one = glue(population, t=gaussian, dichotomies=signs)
    zero = [np.vstack([population[0], np.zeros(60)]), *population[1:]]
    with pytest.warns(SaturationWarning, match="100 % of dichotomies are inseparable"):
        other = glue(zero, t=gaussian, dichotomies=signs)
    assert other.fraction_inseparable == 1.0
    np.testing.assert_allclose(other.sample_objective, one.sample_objective, rtol=1e-10)


def test_the_same_point_in_two_manifolds_is_inseparable_when_labels_differ(population):
    shared = [population[0], np.vstack([population[1], population[0][0]]), *population[2:]]
    signs = labels(2, 60, 6)
    with pytest.warns(SaturationWarning):
        result = glue(shared, t=targets(1, 60, 60), dichotomies=signs)
    np.testing.assert_array_equal(result.sample_separability == 1, signs[:, 0] == signs[:, 1])


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n_manifolds=st.integers(2, 4),
    n_points=st.integers(1, 6),
    n_neuroids=st.integers(3, 14),
    scale=st.floats(1e-3, 1e3),
)
def test_laws_of_any_population(seed, n_manifolds, n_points, n_neuroids, scale):
    clouds = random_clouds(seed, n_manifolds, n_points, n_neuroids)
    gaussian, signs = targets(seed, 12, n_neuroids), labels(seed + 1, 12, n_manifolds)
    turn = rotation(seed, n_neuroids)
    one = glue(clouds, t=gaussian, dichotomies=signs, n_jobs=1)
    # floor, per sample and for the set
    limit = np.sum(gaussian**2, axis=1)
    assert np.all(one.sample_objective.values <= limit * (1 + 1e-9))
    assert np.all(one.sample_objective.values >= 0)
    # joint rotation with a common scale, a copy of a point, and a factor for each point
    factors = np.random.default_rng(seed).uniform(0.5, 2.0, size=(n_manifolds, n_points, 1))
    changed = [np.vstack([scale * cloud * factor, scale * cloud[:1]]) @ turn for cloud, factor in zip(clouds, factors)]
    other = glue(changed, t=gaussian @ turn, dichotomies=signs, n_jobs=1)
    np.testing.assert_allclose(other.sample_objective, one.sample_objective, rtol=1e-7, atol=1e-9)
    # a common flip of labels and t changes nothing
    flipped = glue(clouds, t=-gaussian, dichotomies=-signs, n_jobs=1)
    np.testing.assert_allclose(flipped.sample_objective, one.sample_objective, rtol=1e-9, atol=1e-12)
    if np.isfinite(values(one)).all():
        right = one.utility * (1 + one.radius**-2) / one.dimension
        np.testing.assert_allclose(one.capacity, right, rtol=1e-10)


# ------------------------------------------------------------------------------------------------ margin


def test_orthonormal_points_have_the_capacity_of_points_at_each_margin():
    """F is the sum of (y t + κ)² over positive ones, and 1/α = (1 + κ²) Φ(κ) + κ φ(κ) on average."""
    clouds = [row[None] for row in np.eye(12)]
    gaussian, signs = targets(1, 3000, 12), labels(2, 3000, 12)
    last = np.inf
    for margin, expected in ((0.25, 1.3646427872), (1.0, 0.5195722296), (2.0, 0.2002310156)):
        result = glue(clouds, t=gaussian, dichotomies=signs, margin=margin)
        exact = np.sum(np.maximum(signs * gaussian + margin, 0.0) ** 2, axis=1)
        np.testing.assert_allclose(result.sample_objective, exact, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(
            expected, 1 / ((1 + margin**2) * norm.cdf(margin) + margin * norm.pdf(margin)), rtol=1e-9
        )
        assert abs(result.capacity - expected) < 4 * result.capacity_se
        assert result.capacity < last
        last = result.capacity


def test_positive_margin_returns_capacity_alone(population):
    result = glue(population, n_samples=20, margin=0.2, seed=0)
    assert "dimension" not in result.data
    assert "capacity_floor" not in result.data
    np.testing.assert_allclose(result.mean_point_norm, np.linalg.norm(np.concatenate(population), axis=1).mean())


def test_margin_has_the_units_of_the_data(population):
    gaussian, signs = targets(1, 30, 60), labels(2, 30, 6)
    one = glue(population, t=gaussian, dichotomies=signs, margin=0.3)
    other = glue([5 * cloud for cloud in population], t=gaussian, dichotomies=signs, margin=1.5)
    np.testing.assert_allclose(other.capacity, one.capacity, rtol=1e-9)


def test_capacity_falls_continuously_with_the_margin(population):
    gaussian, signs = targets(1, 30, 60), labels(2, 30, 6)
    found = [glue(population, t=gaussian, dichotomies=signs, margin=m).capacity for m in (0.0, 1e-7, 0.1, 0.3, 1.0)]
    assert np.all(np.diff(found) < 0)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5)


def test_inseparable_dichotomy_at_positive_margin_is_said_and_never_a_number():
    with pytest.warns(DegenerateInputWarning, match="undefined: .* inseparable"):
        result = glue(single_points(0, 30, 10), n_samples=30, margin=0.5, seed=0, dichotomies="random")
    assert np.isnan(result.capacity)
    assert result.fraction_inseparable > 0
    inseparable = result.sample_separability.values == 0
    assert np.all(np.isinf(result.sample_objective.values[inseparable]))
    assert np.all(np.isfinite(result.sample_objective.values[~inseparable]))


# ------------------------------------------------------------------------------------------------ sampling


@pytest.mark.parametrize("dichotomies", ["balanced", "pairwise"])
def test_same_seed_same_bits_for_any_number_of_workers(population, dichotomies):
    one, two, three = (
        glue(population, n_samples=60, seed=5, dichotomies=dichotomies, n_jobs=n_jobs) for n_jobs in (1, 2, 3)
    )
    xr.testing.assert_identical(one.data, two.data)
    xr.testing.assert_identical(one.data, three.data)


def test_input_is_never_changed(population):
    before = np.concatenate(population).copy()
    glue(population, n_samples=10, origin="mean", seed=0)
    np.testing.assert_array_equal(np.concatenate(population), before)


def test_drawn_seed_is_kept_and_repeats_the_run(population):
    one = glue(population, n_samples=20)
    other = glue(population, n_samples=20, seed=one.settings["seed"])
    assert one.capacity == other.capacity


def test_samples_are_the_same_whatever_their_number(population):
    few, many = (glue(population, n_samples=n, seed=3) for n in (20, 50))
    np.testing.assert_array_equal(few.sample_dichotomy, many.sample_dichotomy[:20])
    np.testing.assert_allclose(few.sample_objective, many.sample_objective[:20], rtol=1e-12)


def test_monte_carlo_errors_are_the_spread_over_seeds(population):
    runs = [glue(population, n_samples=60, seed=seed) for seed in range(40)]
    names = ("capacity", "dimension", "radius", "utility", "center_alignment", "axis_alignment")
    for name in names:
        spread = np.std([getattr(run, name) for run in runs], ddof=1)
        claimed = np.sqrt(np.mean([getattr(run, f"{name}_se") ** 2 for run in runs]))
        assert 0.6 < claimed / spread < 1.7, name  # a ratio of two errors of 40 runs, sd about 0.12


def test_geometry_has_no_visible_bias_at_few_samples(population, reference):
    runs = [glue(population, n_samples=25, seed=seed) for seed in range(40)]
    for name, allowed in (("capacity", 0.04), ("dimension", 0.04), ("radius", 0.04)):
        mean = np.mean([getattr(run, name) for run in runs])
        error = np.std([getattr(run, name) for run in runs], ddof=1) / np.sqrt(40)
        assert abs(mean / getattr(reference, name) - 1) < allowed + 3 * error / getattr(reference, name)


def test_one_vs_rest_and_arrays_use_each_dichotomy_equally_often(population):
    result = glue(population, n_samples=24, dichotomies="one_vs_rest", seed=0)
    np.testing.assert_array_equal((result.sample_dichotomy == 1).sum("sample"), 4)
    given = np.array([[1, 1, 1, -1, -1, -1], [1, -1, 1, -1, 1, -1], [1, 1, -1, -1, 1, -1]])
    result = glue(population, n_samples=9, dichotomies=given, seed=0)
    np.testing.assert_array_equal(result.sample_dichotomy, given[np.arange(9) % 3])


def test_labels_of_a_task_matter(population):
    """Unlike mean-field capacity, that of GLUE depends on the dichotomy."""
    gaussian = targets(1, 200, 60)
    same = glue(population, t=gaussian, dichotomies=[np.ones(6, int)])
    mixed = glue(population, t=gaussian, dichotomies=[[1, 1, 1, -1, -1, -1]])
    assert same.capacity > 1.2 * mixed.capacity  # a shared component helps when all lie on one side


def test_rows_of_t_set_the_number_of_samples(population):
    result = glue(population, t=targets(0, 17, 60), seed=0)
    assert result.settings["n_samples"] == 17
    assert result.data.sizes["sample"] == 17


# ------------------------------------------------------------------------------------------------ input and output


def test_responses_with_labels_equal_manifolds(population):
    responses = xr.DataArray(
        np.concatenate(population),
        dims=("presentation", "neuroid"),
        coords={"object_name": ("presentation", np.repeat(list("abcdef"), 20))},
    )
    one = glue(responses, "object_name", n_samples=10, seed=0)
    other = glue(Manifolds(population, names=list("abcdef")), n_samples=10, seed=0)
    xr.testing.assert_identical(one.data, other.data)
    assert list(one.manifold_capacity["manifold"].values) == list("abcdef")


@pytest.mark.parametrize("dtype", [np.int64, np.float32, bool])
def test_other_kinds_of_numbers_are_computed_in_double_precision(dtype):
    clouds = [(cloud > 0 if dtype is bool else 50 * cloud).astype(dtype) for cloud in random_clouds(1, 3, 4, 30)]
    one = glue(clouds, n_samples=10, seed=0)
    other = glue([cloud.astype(np.float64) for cloud in clouds], n_samples=10, seed=0)
    assert one.capacity == other.capacity


def test_saved_result_comes_back_equal(population, tmp_path):
    result = glue(population, n_samples=10, seed=0)
    again = results.load(result.save(tmp_path / "glue.nc"))
    assert type(again) is type(result)
    xr.testing.assert_identical(again.data, result.data)
    assert again.settings == result.settings
    assert "Monte-Carlo" in repr(result) or "MC error" in repr(result)


def test_every_argument_is_kept_in_the_settings(population):
    kept = glue(population, n_samples=10, seed=0).settings
    for name in ("n_samples", "dichotomies", "margin", "origin", "t", "seed", "backend", "n_jobs"):
        assert name in kept
    assert kept["backend"] != "auto"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_samples": 1}, ValueError, "n_samples=1"),
        ({"n_samples": 2.5}, TypeError, "n_samples"),
        ({"margin": -0.1}, ValueError, "margin"),
        ({"margin": np.nan}, ValueError, "margin"),
        ({"margin": "wide"}, TypeError, "margin"),
        ({"origin": "center"}, ValueError, "origin"),
        ({"dichotomies": "one_vs_all"}, ValueError, "Did you mean 'one_vs_rest'"),
        ({"dichotomies": "pairs"}, ValueError, "pairwise"),
        ({"dichotomies": np.ones((3, 5))}, ValueError, "shape \\(3, 5\\)"),
        ({"t": np.ones((5, 59))}, ValueError, "t has shape \\(5, 59\\)"),
        ({"t": np.ones(60)}, ValueError, "t has shape"),
        ({"t": np.full((5, 60), np.nan)}, ValueError, "NaN"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": 1.5}, TypeError, "seed"),
        ({"backend": "gpu"}, ValueError, "backend"),
        ({"n_jobs": 0}, ValueError, "n_jobs"),
        ({"labels": ["a"] * 6}, TypeError, "labels"),
    ],
)
def test_wrong_arguments_are_refused_with_a_reason(population, arguments, error, message):
    with pytest.raises(error, match=message):
        glue(Manifolds(population), **{"n_samples": 5, **arguments})


@pytest.mark.parametrize(
    ("clouds", "message"),
    [
        ([np.ones((3, 4))], "1 manifold"),
        ([np.zeros((3, 4)), np.zeros((2, 4))], "identical"),
        ([np.ones((3, 4)), np.ones((2, 4))], "identical"),
        ([np.array([[1.0, np.nan]]), np.ones((2, 2))], "NaN"),
        ([np.ones((3, 4)), np.zeros((0, 4))], "empty"),
        ([np.ones((3, 4)), np.zeros((3, 5))], "neuroids"),
    ],
)
def test_wrong_manifolds_are_refused_with_a_reason(clouds, message):
    with pytest.raises(ValueError, match=message):
        glue(clouds, n_samples=5)


def test_sizes_that_do_not_fit_are_refused_before_anything_is_allocated(population, monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 10_000)
    with pytest.raises(ValueError, match="GLUE of 6 manifolds .* needs .* is free"):
        glue(population, n_samples=200)
    with pytest.raises(MemoryError, match="Simulation with 120 points"):
        simulated(population)
    with pytest.raises(MemoryError, match="Sensitivity with 120 points"):
        sensitivity(population)


def test_products_of_all_points_that_the_proof_needs_are_counted_before_the_solution(monkeypatch):
    clouds = np.random.default_rng(0).normal(size=(12, 1000, 2))
    monkeypatch.setattr(memory, "available_bytes", lambda: 10**9)
    monkeypatch.setattr(kernels, "project", None)
    with pytest.raises(MemoryError, match="GLUE of 12 manifolds with 12000 points"):
        glue(list(clouds), n_samples=2)
    with pytest.raises(MemoryError, match="Sensitivity with 12000 points"):
        sensitivity(list(clouds), n_samples=2)


# ------------------------------------------------------------------------------------------------ uncertainty


@pytest.mark.parametrize("uncertainty", ["neuroids", "points"])
def test_intervals_hold_the_value_and_include_the_monte_carlo_error(uncertainty):
    clouds = random_clouds(1, 4, 10, 40)
    options = {"n_samples": 40, "seed": 0, "uncertainty": uncertainty}
    result = glue(clouds, n_resamples=20, **options)
    for name in (*GEOMETRY, "axis_alignment", "center_alignment_signed"):
        low, high = result.data[f"{name}_ci"].values
        assert low < getattr(result, name) < high
        assert high - low > 1.96 * getattr(result, f"{name}_se")
    assert result.manifold_radius_ci.dims == ("manifold", "bound")
    assert result.settings["uncertainty"] == uncertainty
    assert result.settings["level"] == 0.95
    plain = glue(clouds, n_samples=40, seed=0)
    assert plain.capacity == result.capacity
    assert "capacity_ci" not in plain.data


def test_trials_are_resampled_where_points_are_averages_of_them():
    rng = np.random.default_rng(0)
    means = np.concatenate(random_clouds(3, 3, 6, 30))
    trials = np.repeat(means, 5, axis=0) + 0.1 * rng.normal(size=(90, 30))
    stimulus = np.repeat(np.arange(18), 5)
    manifolds = Manifolds.from_labels(trials, stimulus // 6, average=stimulus)
    result = glue(manifolds, n_samples=40, seed=0, uncertainty="trials", n_resamples=10)
    low, high = result.capacity_ci.values
    assert low < result.capacity < high
    with pytest.raises(ValueError, match="trials"):
        glue(Manifolds(random_clouds(3, 3, 6, 30)), n_samples=40, uncertainty="trials")


def test_intervals_of_pairs_and_at_a_margin():
    clouds = random_clouds(4, 3, 8, 30)
    pairs = glue(clouds, n_samples=20, seed=0, dichotomies="pairwise", uncertainty="points", n_resamples=10)
    assert pairs.capacity_ci.values[0] < pairs.capacity < pairs.capacity_ci.values[1]
    assert "pair_capacity_ci" not in pairs.data
    margin = glue(clouds, n_samples=20, seed=0, margin=0.1, uncertainty="points", n_resamples=10)
    assert margin.capacity_ci.values[0] < margin.capacity < margin.capacity_ci.values[1]


def test_intervals_do_not_depend_on_the_number_of_workers():
    clouds = random_clouds(5, 3, 8, 30)
    options = {"n_samples": 20, "seed": 0, "uncertainty": "neuroids", "n_resamples": 20}
    one, two = (glue(clouds, n_jobs=n_jobs, **options) for n_jobs in (1, 2))
    xr.testing.assert_identical(one.data, two.data)


def test_points_of_single_manifolds_cannot_be_left_out():
    with pytest.raises(ValueError, match="uncertainty"):
        glue(single_points(0, 5, 20), n_samples=20, uncertainty="points")
    with pytest.raises(ValueError, match="Did you mean 'neuroids'"):
        glue(single_points(0, 5, 20), n_samples=20, uncertainty="neurons")
