"""Mean-field: known capacities, laws per sample, invariances, conventions, seeds, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom import results
from neurogeom._core.warnings import DegenerateInputWarning
from neurogeom.capacity import theory
from neurogeom.capacity.mean_field import mean_field
from neurogeom.capacity.own_axes import OwnAxes, anchors, geometry, own_axes
from neurogeom.manifolds import Manifolds
from tests.capacity.populations import random_clouds, rotation

pytestmark = pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.NeurogeomWarning")

MEASURES = ("capacity", "radius", "dimension", "dimension_published")
PER_MANIFOLD = tuple(f"manifold_{name}" for name in MEASURES)


def values(result, names=(*MEASURES, *PER_MANIFOLD)) -> np.ndarray:
    return np.concatenate([np.ravel(result.data[name].values) for name in names])


def around(*shapes: np.ndarray) -> list[np.ndarray]:
    """Two manifolds at opposite unit centers, their points along axes that are orthogonal to the center."""
    first, second = shapes[0], shapes[-1]
    n, m = first.shape[1], second.shape[1]
    one = np.hstack([np.ones((len(first), 1)), first, np.zeros((len(first), m))])
    other = np.hstack([-np.ones((len(second), 1)), np.zeros((len(second), n)), second])
    return [one, other]


def cross_polytope(dimension: int, radius: float) -> np.ndarray:
    return radius * np.vstack([np.eye(dimension), -np.eye(dimension)])


def rows_and_targets(clouds: list[np.ndarray], n_samples: int = 60, seed: int = 0):
    """Own coordinates of each manifold, and Gaussian vectors for them."""
    origin = np.concatenate(clouds).mean(axis=0)
    shifted = [cloud - origin for cloud in clouds]
    largest = max(np.linalg.norm(cloud, axis=1).max() for cloud in shifted)
    own = [own_axes(cloud, largest) for cloud in shifted]
    rng = np.random.default_rng(seed)
    return own, [rng.normal(size=(n_samples, one.affine_rank + 1)) for one in own]


# ------------------------------------------------------------------------------------------------ known capacities


@pytest.mark.parametrize(("radius", "margin"), [(0.8, 0.0), (0.8, 0.3)])
def test_two_points_are_a_segment(radius: float, margin: float) -> None:
    result = mean_field(around(np.array([[radius], [-radius]])), margin=margin, n_samples=20_000, seed=1)
    expected = theory.balls(radius, 1, margin)
    assert abs(result.capacity - expected) < 4 * result.capacity_se
    assert result.capacity_se < 0.01 * expected


@pytest.mark.parametrize(("radius", "margin"), [(0.7, 0.0), (0.7, 0.4), (1.5, 0.0)])
def test_a_dense_circle_has_the_capacity_of_a_disk(radius: float, margin: float) -> None:
    angle = 2 * np.pi * np.arange(200) / 200
    circle = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    result = mean_field(around(circle), margin=margin, n_samples=10_000, seed=2)
    # the polygon lies within the disk by a share of 1e-4
    assert abs(result.capacity - theory.balls(radius, 2, margin)) < 4 * result.capacity_se


@pytest.mark.parametrize(
    ("dimension", "radius", "margin", "expected", "error"),
    [(3, 1.0, 0.0, 0.5948, 0.0007), (6, 1.5, 0.0, 0.3196, 0.0003), (6, 1.5, 0.3, 0.2598, 0.0002)],
)
def test_cross_polytopes_have_the_stored_capacity(
    dimension: int, radius: float, margin: float, expected: float, error: float
) -> None:
    result = mean_field(around(cross_polytope(dimension, radius)), margin=margin, n_samples=10_000, seed=3)
    assert abs(result.capacity - expected) < 4 * np.hypot(result.capacity_se, error)
    assert result.manifold_affine_rank.values.tolist() == [dimension, dimension]


def test_tiny_manifolds_are_points_and_huge_ones_fill_their_dimensions() -> None:
    shape = np.random.default_rng(0).normal(size=(12, 4))
    tiny = mean_field(around(1e-7 * shape), n_samples=4000, seed=0)
    assert abs(tiny.capacity - 2.0) < 4 * tiny.capacity_se
    assert tiny.radius < 1e-6
    huge = mean_field(around(1e4 * cross_polytope(4, 1.0)), n_samples=4000, seed=0)
    assert abs(1 / huge.capacity - 4.5) < 4 * huge.capacity_se / huge.capacity**2


def test_structureless_noise_has_the_values_that_the_public_code_gives() -> None:
    """Capacity 0.04, about 2/M, radius 1.47 and dimension 36.2 for 50 points of noise in many neuroids."""
    rng = np.random.default_rng(0)
    result = mean_field(list(rng.normal(size=(20, 50, 3000))), n_samples=100, seed=0)
    assert result.capacity == pytest.approx(0.04, rel=0.03)
    assert result.radius == pytest.approx(1.47, rel=0.03)
    assert result.dimension_published == pytest.approx(36.2, rel=0.02)


def test_a_margin_in_units_of_the_center_lowers_capacity_like_points() -> None:
    tiny = around(1e-7 * np.random.default_rng(0).normal(size=(5, 3)))
    for margin in (0.25, 1.0, 2.0):
        result = mean_field(tiny, margin=margin, n_samples=4000, seed=0)
        assert abs(result.capacity - theory.points(margin)) < 4 * result.capacity_se


def test_the_set_has_the_harmonic_mean_of_capacity_and_plain_means_of_geometry() -> None:
    result = mean_field(random_clouds(0, 5, 8, 20), n_samples=50, seed=0)
    assert result.capacity == pytest.approx(1 / np.mean(1 / result.manifold_capacity.values), rel=1e-12)
    for name in ("radius", "dimension", "dimension_published"):
        assert result.data[name].item() == pytest.approx(result.data[f"manifold_{name}"].values.mean(), rel=1e-12)


# ------------------------------------------------------------------------------------------------ laws of each sample


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(2, 12), st.sampled_from([0.0, 0.4]))
def test_the_projection_is_that_of_the_reference(seed: int, n_points: int, n_neuroids: int, margin: float) -> None:
    from scipy.optimize import nnls

    clouds = random_clouds(seed, 2, n_points, n_neuroids)
    own, targets = rows_and_targets(clouds, n_samples=8, seed=seed)
    result = mean_field(clouds, t=targets, margin=margin, seed=0)
    for objective, one, drawn in zip(result.sample_objective.values, own, targets):
        shifted = drawn + margin * np.eye(1, drawn.shape[1], drawn.shape[1] - 1)
        # a margin is a shift of the last coordinate: v' = v + κ e meets S v' <= 0
        expected = [t @ t - nnls(one.rows.T, t)[1] ** 2 for t in shifted]
        np.testing.assert_allclose(objective, expected, rtol=1e-9, atol=1e-12)


def test_the_margin_is_that_of_the_constraints() -> None:
    from neurogeom import kernels

    clouds, margin = random_clouds(1, 2, 6, 10), 0.3
    own, targets = rows_and_targets(clouds, n_samples=20)
    result = mean_field(clouds, t=targets, margin=margin, seed=0)
    for objective, one, drawn in zip(result.sample_objective.values, own, targets):
        direct = kernels.project(one.rows, drawn, margin=margin, backend="reference").objective
        np.testing.assert_allclose(objective, direct, rtol=1e-6, atol=1e-7)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(2, 15), st.integers(2, 15))
def test_every_sample_keeps_the_bounds_behind_1_over_d_plus_1_and_2(seed: int, n_points: int, n_neuroids: int) -> None:
    clouds = random_clouds(seed, 3, n_points, n_neuroids)
    _, targets = rows_and_targets(clouds, seed=seed)
    result = mean_field(clouds, t=targets, seed=0)
    for objective, drawn in zip(result.sample_objective.values, targets):
        squared = np.sum(drawn**2, axis=1)
        assert (objective <= squared * (1 + 1e-9)).all()
        assert (objective >= np.maximum(drawn[:, -1], 0) ** 2 - 1e-9 * (1 + squared)).all()
    assert (result.manifold_capacity >= 0.5 / (result.manifold_affine_rank + 1)).all()


def test_anchors_touch_support_or_lie_inside() -> None:
    clouds = random_clouds(5, 2, 9, 20)
    own, targets = rows_and_targets(clouds, n_samples=400)
    from neurogeom import kernels

    solution = kernels.project(own[0].rows, targets[0])
    found = anchors(own[0], targets[0], solution.multipliers)
    weights = solution.multipliers.toarray()
    inside = weights.sum(axis=1) == 0
    assert 0 < inside.sum() < 400
    assert (solution.objective[inside] == 0).all()
    best = np.argmax(targets[0] @ own[0].rows.T, axis=1)
    np.testing.assert_array_equal(found[inside], own[0].coordinates[best[inside]])
    # F = ‖Sᵀλ‖², hence the load times the anchor's own length
    lifted = np.hstack([found, np.ones((400, 1))]) * weights.sum(axis=1)[:, None]
    np.testing.assert_allclose(np.sum(lifted**2, axis=1), solution.objective, atol=1e-9)


def test_radius_and_dimension_are_their_formulas() -> None:
    rng = np.random.default_rng(0)
    own = OwnAxes(rng.normal(size=(7, 3)), np.eye(3, 12), 7)
    found, targets, extra = rng.normal(size=(100, 3)), rng.normal(size=(100, 4)), rng.chisquare(4, size=100)
    result = geometry(own, found, targets, extra)
    along, length = targets[:, :3], np.linalg.norm(found, axis=1)
    product = np.sum(along * found, axis=1) / length
    assert result.radius[0] == pytest.approx(np.sqrt(np.trace(np.cov(found.T, bias=True))), rel=1e-12)
    assert result.dimension[0] == pytest.approx(3 * np.mean(product / np.linalg.norm(along, axis=1)) ** 2, rel=1e-12)
    published = 7 * np.mean(product / np.sqrt(np.sum(along**2, axis=1) + extra)) ** 2
    assert result.dimension_published[0] == pytest.approx(published, rel=1e-12)
    # and without a block of samples, what they are on the others
    kept = slice(5, None)
    without = geometry(own, found[kept], targets[kept], extra[kept])
    for name in ("radius", "dimension", "dimension_published"):
        assert getattr(result, name)[1] == pytest.approx(getattr(without, name)[0], rel=1e-10)


def test_an_anchor_at_the_center_has_cosine_0() -> None:
    own = OwnAxes(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]), np.eye(2, 5), 3)
    found = np.array([[0.0, 0.0], [1e-20, 0.0], [1.0, 0.0], [1.0, 0.0]])
    targets = np.tile([2.0, 0.0, 0.0], (4, 1))
    assert geometry(own, found, targets, np.zeros(4)).dimension[0] == pytest.approx(2 * 0.5**2)


# ------------------------------------------------------------------------------------------------ own coordinates


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(2, 12))
def test_own_axes_give_the_points_back(seed: int, n_points: int, n_neuroids: int) -> None:
    cloud = random_clouds(seed, 1, n_points, n_neuroids)[0]
    own = own_axes(cloud, np.linalg.norm(cloud, axis=1).max())
    center = cloud.mean(axis=0)
    np.testing.assert_allclose(
        own.coordinates @ own.axes * np.linalg.norm(center) + center, cloud, atol=1e-12 * np.abs(cloud).max() + 1e-13
    )
    np.testing.assert_allclose(own.axes @ own.axes.T, np.eye(own.affine_rank), atol=1e-12)
    assert own.affine_rank == min(n_points - 1, n_neuroids)
    assert own.published_dimension == min(n_points, n_neuroids)


def test_the_sign_of_an_axis_does_not_hang_on_rounding_between_equal_entries() -> None:
    for angle in np.linspace(0.1, 6.0, 40):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        own = own_axes(np.array([[1.0, 0.3], [1.0, -0.3]]) @ turn.T, 2.0)
        np.testing.assert_allclose(own.coordinates, [[0.3], [-0.3]], rtol=1e-10)


def test_affine_rank_counts_directions_that_hold_something() -> None:
    plane = np.random.default_rng(0).normal(size=(20, 2)) @ np.random.default_rng(1).normal(size=(2, 30))
    assert own_axes(plane + 1.0, 10.0).affine_rank == 2
    assert own_axes(np.repeat(plane[:5], 4, axis=0) + 1.0, 10.0).affine_rank == 2


# ------------------------------------------------------------------------------------------------ invariances


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(2, 9), st.integers(9, 14), st.floats(1e-3, 1e3))
def test_rotation_scale_shift_and_padding_change_nothing(
    seed: int, n_manifolds: int, n_points: int, n_neuroids: int, scale: float
) -> None:
    clouds = random_clouds(seed, n_manifolds, n_points, n_neuroids)
    before = mean_field(clouds, n_samples=25, seed=seed % 1000)
    turn, shift = rotation(seed, n_neuroids), np.random.default_rng(seed).normal(size=n_neuroids)
    moved = [np.pad(scale * (cloud @ turn + shift), ((0, 0), (0, 3))) for cloud in clouds]
    after = mean_field(moved, n_samples=25, seed=seed % 1000)
    np.testing.assert_allclose(values(after), values(before), rtol=1e-7)


def test_a_generic_population_keeps_its_values_to_rounding() -> None:
    clouds = random_clouds(3, 5, 12, 40)
    turned = [np.pad(3.0 * cloud @ rotation(1, 40) + 5.0, ((0, 0), (0, 7))) for cloud in clouds]
    before, after = mean_field(clouds, n_samples=200, seed=1), mean_field(turned, n_samples=200, seed=1)
    np.testing.assert_allclose(values(after), values(before), rtol=1e-12)


def test_order_of_points_changes_nothing_and_manifolds_keep_their_order() -> None:
    clouds = random_clouds(4, 4, 10, 30)
    before = mean_field(clouds, n_samples=100, seed=1)
    mixed = mean_field([np.random.default_rng(0).permutation(cloud) for cloud in clouds], n_samples=100, seed=1)
    np.testing.assert_allclose(values(mixed), values(before), rtol=1e-10)


def test_duplicated_and_added_hull_points_change_the_result() -> None:
    clouds = random_clouds(6, 4, 10, 30)
    before = mean_field(clouds, n_samples=4000, seed=1)
    doubled = mean_field([np.vstack([cloud, cloud[:3], cloud[:3]]) for cloud in clouds], n_samples=4000, seed=1)
    inside = mean_field(
        [np.vstack([cloud, np.tile(cloud[:2].mean(axis=0), (8, 1))]) for cloud in clouds], n_samples=4000, seed=1
    )
    for other in (doubled, inside):
        assert abs(other.radius / before.radius - 1) > 0.003
        np.testing.assert_array_equal(other.manifold_affine_rank, before.manifold_affine_rank)


def test_doubling_every_point_moves_the_published_dimension_only() -> None:
    clouds = random_clouds(6, 4, 6, 30)
    before = mean_field(clouds, n_samples=500, seed=1)
    doubled = mean_field([np.repeat(cloud, 2, axis=0) for cloud in clouds], n_samples=500, seed=1)
    np.testing.assert_allclose(values(doubled, MEASURES[:3]), values(before, MEASURES[:3]), rtol=1e-9)
    assert abs(doubled.dimension_published / before.dimension_published - 1) > 0.02


# ------------------------------------------------------------------------------------------------ conventions


def test_the_published_dimension_counts_empty_directions() -> None:
    rng = np.random.default_rng(0)
    clouds = [c + 0.5 * rng.normal(size=(40, 6)) @ rng.normal(size=(6, 100)) for c in 3 * rng.normal(size=(4, 100))]
    low_rank = mean_field(clouds, n_samples=4000, seed=0)
    factor = low_rank.dimension / low_rank.dimension_published
    # by about (1 + 1/2D) / (1 + 1/2D') for D = 6 of D' = 40
    assert factor == pytest.approx((1 + 1 / 12) / (1 + 1 / 80), abs=0.02)
    full = mean_field(random_clouds(0, 4, 30, 60), n_samples=1000, seed=0)
    assert full.dimension == pytest.approx(full.dimension_published, rel=0.01)


def test_the_published_dimension_is_what_empty_directions_give() -> None:
    """Averaged over t, it is the cosine over min(M, N) coordinates of which the last are empty."""
    clouds = [np.repeat(cloud, 3, axis=0) for cloud in random_clouds(7, 2, 5, 30)]
    own, _ = rows_and_targets(clouds)
    result = mean_field(clouds, n_samples=20_000, seed=1)
    from neurogeom import kernels

    direct = []
    for number, one in enumerate(own):
        t = np.random.default_rng(number).normal(size=(20_000, one.published_dimension))
        last = np.random.default_rng(10 + number).normal(size=(20_000, 1))
        targets = np.hstack([t[:, : one.affine_rank], last])
        found = anchors(one, targets, kernels.project(one.rows, targets).multipliers)
        cosine = np.sum(t[:, : one.affine_rank] * found, axis=1) / np.linalg.norm(found, axis=1)
        direct.append(one.published_dimension * np.mean(cosine / np.linalg.norm(t, axis=1)) ** 2)
    np.testing.assert_allclose(result.manifold_dimension_published, direct, rtol=0.04)


def test_errors_are_those_of_repetition() -> None:
    clouds = random_clouds(8, 3, 8, 20)
    repeated = [mean_field(clouds, n_samples=100, seed=seed, n_jobs=1) for seed in range(150)]
    for name in MEASURES:
        spread = np.std([one.data[name].item() for one in repeated])
        typical = np.sqrt(np.mean([one.data[f"{name}_se"].item() ** 2 for one in repeated]))
        assert typical == pytest.approx(spread, rel=0.2), name


# ------------------------------------------------------------------------------------------------ samples and seeds


def test_the_same_seed_gives_the_same_bits_for_any_number_of_workers() -> None:
    clouds = random_clouds(9, 5, 10, 40)
    one, two, three = (mean_field(clouds, n_samples=100, seed=3, n_jobs=n) for n in (1, 2, 3))
    assert one.data.equals(two.data)
    assert one.data.equals(three.data)
    assert one.settings["seed"] == 3
    assert not mean_field(clouds, n_samples=100, seed=4).data.equals(one.data)


def test_a_drawn_seed_is_kept_and_repeats_the_run() -> None:
    clouds = random_clouds(9, 3, 5, 10)
    first = mean_field(clouds, n_samples=20)
    assert mean_field(clouds, n_samples=20, seed=first.settings["seed"]).data.equals(first.data)


def test_both_back_ends_agree() -> None:
    clouds = random_clouds(1, 2, 6, 10)
    cpu, reference = (mean_field(clouds, n_samples=15, seed=0, backend=name) for name in ("cpu", "reference"))
    np.testing.assert_allclose(values(cpu), values(reference), rtol=1e-5)
    assert cpu.settings["backend"] == "cpu"
    assert cpu.diagnostics["max_residual"] < 1e-9


def test_given_vectors_are_used_and_set_the_number_of_samples() -> None:
    clouds = random_clouds(2, 3, 6, 10)
    _, targets = rows_and_targets(clouds, n_samples=33)
    first, second = mean_field(clouds, t=targets, seed=0), mean_field(clouds, t=targets, seed=1)
    assert first.settings["n_samples"] == 33
    np.testing.assert_array_equal(first.sample_objective, second.sample_objective)
    assert first.sample_objective.shape == (3, 33)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t[:2], "2 arrays, there are 3"),
        (lambda t: [t[0][:, :-1], t[1], t[2]], r"needs shape \(n_samples, 6\)"),
        (lambda t: [t[0][:-1], t[1], t[2]], "same n_samples"),
        (lambda t: [one[:1] for one in t], "n_samples >= 2"),
        (lambda t: np.ones((4, 4)), "one array"),
        (lambda t: [np.full_like(t[0], np.nan), t[1], t[2]], "NaN"),
    ],
)
def test_given_vectors_of_the_wrong_shape_are_refused(change, words: str) -> None:
    clouds = random_clouds(2, 3, 6, 10)
    _, targets = rows_and_targets(clouds)
    with pytest.raises(ValueError, match=words):
        mean_field(clouds, t=change(targets))


# ------------------------------------------------------------------------------------------------ input


def test_single_points_are_refused_and_it_is_said_what_to_do() -> None:
    clouds = random_clouds(0, 4, 5, 10)
    clouds[3] = clouds[3][:1]
    with pytest.raises(ValueError) as caught:
        mean_field(clouds)
    assert "manifolds[3]" in str(caught.value)
    assert "has 1 point; mean-field geometry needs at least 2 points per manifold" in str(caught.value)
    assert "manifolds.drop_small(min_points=2)" in str(caught.value)


def test_a_center_at_the_mean_of_all_points_is_refused() -> None:
    rng = np.random.default_rng(0)
    clouds = [sign * (1 + 0.1 * rng.normal(size=(4, 6))) for sign in (1, -1)]
    clouds = [cloud - cloud.mean(axis=0) + sign for cloud, sign in zip(clouds, (1.0, -1.0))]
    zero = np.vstack([np.eye(6)[:2], -np.eye(6)[:2]])
    with pytest.raises(ValueError, match=r"manifolds\[2\] \('2'\) has its center at the mean of all points"):
        mean_field([*clouds, zero])


def test_points_that_are_all_the_same_count_as_one_point() -> None:
    clouds = random_clouds(0, 3, 5, 10)
    clouds[1] = np.repeat(clouds[1][:1], 5, axis=0)
    with pytest.warns(DegenerateInputWarning, match="all the same"):
        result = mean_field(clouds, n_samples=2000, seed=0)
    assert result.manifold_affine_rank.values.tolist() == [4, 0, 4]
    assert result.manifold_radius[1] == result.manifold_dimension[1] == 0
    assert abs(result.manifold_capacity[1] - 2) < 4 * result.manifold_capacity_se[1]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"margin": -0.1}, ValueError, "margin"),
        ({"margin": np.nan}, ValueError, "margin"),
        ({"n_samples": 1}, ValueError, "n_samples"),
        ({"n_samples": 10.0}, TypeError, "n_samples"),
        ({"center_correction": "lowrank"}, ValueError, "Did you mean 'low_rank'"),
        ({"backend": "cpus"}, ValueError, "Did you mean 'cpu'"),
        ({"uncertainty": "neurons"}, ValueError, "Did you mean 'neuroids'"),
        ({"level": 1.0}, ValueError, "level"),
        ({"seed": -1}, ValueError, "seed"),
        ({"n_jobs": 0}, ValueError, "n_jobs"),
    ],
)
def test_wrong_options_are_refused(options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        mean_field(random_clouds(0, 2, 4, 6), **options)


def test_sizes_that_do_not_fit_are_refused_before_anything_is_allocated(monkeypatch: pytest.MonkeyPatch) -> None:
    import neurogeom._core.memory as memory

    monkeypatch.setattr(memory, "available_bytes", lambda: 1000)
    with pytest.raises(MemoryError, match="mean_field of 2 manifolds"):
        mean_field(random_clouds(0, 2, 4, 6), n_samples=20)


def test_responses_with_labels_are_taken_and_left_as_they_are() -> None:
    clouds = random_clouds(1, 3, 5, 8)
    responses = xr.DataArray(
        np.concatenate(clouds).astype(np.float32),
        dims=("presentation", "neuroid"),
        coords={"object_name": ("presentation", np.repeat(["a", "b", "c"], 5))},
    )
    kept = responses.copy(deep=True)
    result = mean_field(responses, "object_name", n_samples=20, seed=0)
    assert result.manifold.values.tolist() == ["a", "b", "c"]
    assert responses.identical(kept)
    expected = mean_field(Manifolds([cloud.astype(np.float32) for cloud in clouds]), n_samples=20, seed=0)
    assert result.capacity == expected.capacity


@pytest.mark.parametrize("sizes", [(2, 9, 30), (40, 3, 3)])
def test_sizes_may_differ_and_points_may_outnumber_neuroids(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    clouds = [center + rng.normal(size=(size, 12)) for center, size in zip(3 * rng.normal(size=(3, 12)), sizes)]
    result = mean_field(clouds, n_samples=100, seed=0)
    assert result.manifold_n_points.values.tolist() == list(sizes)
    assert result.manifold_affine_rank.values.tolist() == [min(size - 1, 12) for size in sizes]
    assert np.isfinite(values(result)).all()


def test_a_result_is_saved_and_loaded(tmp_path) -> None:
    result = mean_field(random_clouds(0, 3, 4, 6), n_samples=20, seed=0, uncertainty="points")
    again = results.load(result.save(tmp_path / "one.nc"))
    assert again.data.identical(result.data)
    assert again.settings == result.settings
    assert "MC error" in repr(result)
