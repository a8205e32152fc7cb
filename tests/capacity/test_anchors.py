"""Pure geometry of anchor points against literal formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import nnls

from neurogeom.capacity import anchors
from neurogeom.capacity.alignments import NAMES, alignments
from neurogeom.capacity.dichotomies import draw
from neurogeom.capacity.estimates import Samples, estimate
from neurogeom.capacity.span import row_space
from tests.capacity.populations import digit_clouds, random_clouds, reference_population, targets

LITERAL = ("capacity", "dimension", "radius", "utility")


def solve_slowly(clouds, n_samples, *, seed=0):
    """Samples of a population from scipy's non-negative least squares, independent of the kernels."""
    points = np.concatenate(clouds)
    membership = np.repeat(np.arange(len(clouds)), [len(cloud) for cloud in clouds])
    gaussian = targets(seed, n_samples, points.shape[1])
    signs = draw("balanced", len(clouds), n_samples, seed)
    multipliers = np.zeros((n_samples, len(points)))
    for sample in range(n_samples):
        signed = points * signs[sample, membership][:, None]
        multipliers[sample] = nnls(signed.T, gaussian[sample], maxiter=100 * len(points))[0]
    objective = np.sum(((multipliers * signs[:, membership]) @ points) ** 2, axis=1)
    return Samples(points, membership, gaussian, signs, objective, sparse.csr_array(multipliers))


def literal_anchors(samples):
    """Anchors by the definition, one manifold of one sample at a time."""
    multipliers = samples.multipliers.toarray()
    found = np.zeros((samples.n_samples, samples.n_manifolds, samples.points.shape[1]))
    for s in range(samples.n_samples):
        for mu in range(samples.n_manifolds):
            mine = samples.membership == mu
            if multipliers[s, mine].sum() > 0:
                found[s, mu] = multipliers[s, mine] @ samples.points[mine] / multipliers[s, mine].sum()
    return found


def literal_terms(found, gaussian):
    """a, b and c of each sample and manifold with explicit pseudo-inverses of Gram matrices."""
    centers = found.mean(axis=0)
    a, b, c = np.zeros(len(found)), np.zeros(found.shape[:2]), np.zeros(found.shape[:2])
    for s, (anchor, t) in enumerate(zip(found, gaussian)):
        axes = anchor - centers
        u = axes @ t
        a[s] = (anchor @ t) @ np.linalg.pinv(anchor @ anchor.T, hermitian=True) @ (anchor @ t)
        b[s] = u * (np.linalg.pinv(axes @ axes.T, hermitian=True, rcond=1e-13) @ u)
        c[s] = u * (np.linalg.pinv(centers @ centers.T + axes @ axes.T, hermitian=True, rcond=1e-12) @ u)
    return a, b, c


@pytest.fixture(scope="module")
def population():
    return solve_slowly(reference_population(), 120)


def test_anchors_are_weighted_means_without_labels_and_zero_rows_count(population):
    found = literal_anchors(population)
    weights = anchors.point_weights(population.multipliers, population.membership, 6)
    ours = anchors.batch_anchors(population.points, weights, population.membership, 6)
    np.testing.assert_allclose(ours, found, atol=1e-14)
    inactive = ~anchors.active_manifolds(weights, population.membership, 6)
    assert inactive.any()
    assert not ours[inactive].any()
    centers = anchors.center_anchors(
        population.points, np.asarray(weights.mean(axis=0)).ravel(), population.membership, 6
    )
    np.testing.assert_allclose(centers, found.mean(axis=0), atol=1e-14)


def test_terms_equal_explicit_pseudo_inverses(population):
    found = literal_anchors(population)
    terms = anchors.anchor_terms(found, found.mean(axis=0), population.targets)
    a, b, c = literal_terms(found, population.targets)
    np.testing.assert_allclose(terms.a, a, rtol=1e-8)
    np.testing.assert_allclose(terms.b, b, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(terms.c, c, rtol=1e-8, atol=1e-10)


def test_terms_of_dependent_anchors_equal_explicit_pseudo_inverses():
    """More manifolds than neuroids: the split over manifolds is that of the pseudo-inverse of unscaled rows."""
    rng = np.random.default_rng(3)
    found = rng.normal(size=(40, 9, 5)) * rng.uniform(0.5, 3.0, size=(9, 1))
    gaussian = rng.normal(size=(40, 5))
    terms = anchors.anchor_terms(found, found.mean(axis=0), gaussian)
    a, b, c = literal_terms(found, gaussian)
    np.testing.assert_allclose(terms.a, a, rtol=1e-9)
    np.testing.assert_allclose(terms.b, b, atol=1e-8)
    np.testing.assert_allclose(terms.c, c, atol=1e-8)
    np.testing.assert_allclose(terms.b.sum(axis=1), np.sum(gaussian**2, axis=1))  # five rows already span everything


def test_projection_of_target_on_anchors_is_the_objective(population):
    found = estimate(population)
    np.testing.assert_allclose(found.projection, population.objective, rtol=1e-11)


def test_labels_cancel_in_all_terms(population):
    found = literal_anchors(population)
    flipped = found * population.signs[:, :, None]
    centers = found.mean(axis=0)
    np.testing.assert_allclose(
        anchors.anchor_terms(flipped, centers, population.targets).a,
        anchors.anchor_terms(found, centers, population.targets).a,
        rtol=1e-10,
    )
    # with labels on anchors, axes and centers alike, b and c stay; averaging labeled anchors would not be the same
    for s in range(5):
        y = population.signs[s][:, None]
        one = anchors.anchor_terms(found[s : s + 1], centers, population.targets[s : s + 1])
        other = anchors.anchor_terms(y * found[s : s + 1], y * centers, population.targets[s : s + 1])
        np.testing.assert_allclose(other.b.sum(), one.b.sum(), rtol=1e-9)
        # c needs G0 + G1 with the same signs on both: diag(y) multiplies rows of S0 and S1
        np.testing.assert_allclose(other.c.sum(), one.c.sum(), rtol=1e-9)


def test_axis_terms_are_at_least_joint_terms_in_every_sample_and_utility_terms_may_exceed_the_objective(population):
    found = literal_anchors(population)
    terms = anchors.anchor_terms(found, found.mean(axis=0), population.targets)
    b, c = terms.b.sum(axis=1), terms.c.sum(axis=1)
    assert np.all(b >= c - 1e-9)
    assert 0.1 < np.mean(c > population.objective) < 0.6  # measured: 25–50 % of samples


def test_size_of_a_manifold_changes_nothing(population):
    """A factor for all points of a manifold, from 1e-6 to 1e6, cancels in a, b and c."""
    found = literal_anchors(population)
    factors = np.logspace(-6, 6, 6)[:, None]
    one = anchors.anchor_terms(found, found.mean(axis=0), population.targets)
    other = anchors.anchor_terms(found * factors, (found * factors).mean(axis=0), population.targets)
    np.testing.assert_allclose(other.a, one.a, rtol=1e-9)
    np.testing.assert_allclose(other.b, one.b, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(other.c, one.c, rtol=1e-8, atol=1e-9)


def test_anchors_that_never_move_have_no_axis():
    found = np.repeat(np.random.default_rng(0).normal(size=(1, 3, 7)), 10, axis=0)
    terms = anchors.anchor_terms(found, found.mean(axis=0), targets(1, 10, 7))
    assert not terms.b.any()
    assert not terms.c.any()


def test_samples_with_zero_objective_give_zero_terms_and_finite_values():
    """All constraints slack: no anchor at all, which is legal."""
    found = np.zeros((2, 3, 4))
    found[0, 1] = [1.0, 2.0, 0.0, 0.0]
    terms = anchors.anchor_terms(found, found.mean(axis=0), targets(0, 2, 4))
    assert terms.a[1] == 0.0
    assert np.isfinite(terms.b).all()
    assert np.isfinite(terms.c).all()


def test_identity_of_capacity_is_exact(population):
    values = estimate(population).values
    right = values["utility"] * (1 + values["radius"] ** -2) / values["dimension"]
    np.testing.assert_allclose(values["capacity"], right, rtol=1e-10)
    right = values["manifold_utility"] * (1 + values["manifold_radius"] ** -2) / values["manifold_dimension"]
    np.testing.assert_allclose(values["manifold_capacity"], right, rtol=1e-10)


def test_utility_is_never_clipped():
    """Terms with c above a give a utility above 1."""
    found = anchors.geometry(np.array([1.0, 1.0]), np.full((2, 2), 0.5), np.full((2, 2), 2.0), np.full((2, 2), 1.5))
    assert found["utility"] == 3.0


def test_per_manifold_values_add_up(population):
    """a sums to F, so capacity is the harmonic mean of manifold capacities; D is the mean of manifold D."""
    values = estimate(population).values
    np.testing.assert_allclose(values["capacity"], 6 / np.sum(1 / values["manifold_capacity"]), rtol=1e-10)
    np.testing.assert_allclose(values["dimension"], values["manifold_dimension"].mean(), rtol=1e-10)


def test_a_mean_that_is_not_positive_is_undefined_and_others_stay():
    found = anchors.geometry(np.ones(2), np.array([[-1.0, 2.0]] * 2), np.ones((2, 2)), np.full((2, 2), 0.5))
    assert np.isnan(found["manifold_capacity"][0])
    assert found["manifold_capacity"][1] == 0.5
    assert found["capacity"] == 2.0


def test_streamed_estimate_equals_literal_computation(population):
    found = literal_anchors(population)
    a, b, c = literal_terms(found, population.targets)
    values = estimate(population).values
    expected = anchors.geometry(a, np.ones_like(b), b, c)
    for name in LITERAL:
        np.testing.assert_allclose(values[name], expected[name], rtol=1e-8)


def test_jackknife_replicates_equal_estimates_without_a_block(population):
    """Leaving a block out moves the centers too: the same as starting again without it."""
    found = estimate(population)
    for block in (0, 7, 19):
        kept = np.ones(120, dtype=bool)
        kept[6 * block : 6 * (block + 1)] = False
        rest = Samples(
            population.points,
            population.membership,
            population.targets[kept],
            population.signs[kept],
            population.objective[kept],
            population.multipliers[kept],
        )
        again = estimate(rest).values
        for name, replicates in found.replicates.items():
            np.testing.assert_allclose(replicates[block], again[name], rtol=1e-6, atol=1e-9, err_msg=name)


def test_alignments_equal_loops_over_pairs():
    rng = np.random.default_rng(5)
    centers, axes = rng.normal(size=(4, 11)), rng.normal(size=(3, 4, 11))
    axes[1, 2] = 0.0  # a zero vector has cosine 0
    found = alignments(centers @ centers.T, axes @ axes.transpose(0, 2, 1), centers @ axes.transpose(0, 2, 1))
    assert tuple(found) == NAMES
    pairs = [(mu, nu) for mu in range(4) for nu in range(4) if mu != nu]
    for s in range(3):
        for kind, left, right in (
            ("center", centers, centers),
            ("axis", axes[s], axes[s]),
            ("center_axis", centers, axes[s]),
        ):
            inner = np.array([left[mu] @ right[nu] for mu, nu in pairs])
            lengths = np.array([np.linalg.norm(left[mu]) * np.linalg.norm(right[nu]) for mu, nu in pairs])
            cosines = np.divide(inner, lengths, out=np.zeros(len(pairs)), where=lengths > 0)
            for suffix, expected in (("", np.abs(cosines)), ("_signed", cosines), ("_inner", np.abs(inner))):
                value = found[f"{kind}_alignment{suffix}"]
                np.testing.assert_allclose(value if value.ndim == 0 else value[s], expected.mean(), rtol=1e-12)


def test_chance_level_of_absolute_cosines_is_not_zero():
    vectors = np.random.default_rng(6).normal(size=(120, 300))
    gram = vectors @ vectors.T
    found = alignments(gram, gram[None], gram[None])
    np.testing.assert_allclose(found["center_alignment"], np.sqrt(2 / (np.pi * 300)), rtol=0.03)
    assert abs(found["center_alignment_signed"]) < 0.002


def test_pseudo_inverse_is_safe_on_nearly_dependent_anchors_where_public_cuts_are_not():
    """Digits: a = F to rounding here; an eigenvalue cut of 1e-5, used in public scripts, is far off."""
    samples = solve_slowly(digit_clouds(), 40)
    error = np.abs(estimate(samples).projection / samples.objective - 1)
    assert error.max() < 1e-6
    cut = []
    for anchor, t in zip(literal_anchors(samples), samples.targets):
        u = anchor @ t
        cut.append(u @ np.linalg.pinv(anchor @ anchor.T, hermitian=True, rcond=1e-5) @ u)
    assert np.max(np.abs(cut / samples.objective - 1)) > 0.3


@pytest.mark.parametrize(
    ("shape", "rank", "expected"),
    [((30, 8), 8, 8), ((8, 30), 8, 8), ((40, 20), 5, 5), ((20, 40), 5, 5), ((7, 7), 6, 6)],
)
def test_rank_and_projection_on_the_span(shape, rank, expected):
    rng = np.random.default_rng(9)
    points = rng.normal(size=(shape[0], rank)) @ rng.normal(size=(rank, shape[1]))
    points *= np.logspace(-6, 6, shape[0])[:, None]  # lengths do not matter
    space = row_space(points)
    assert space.rank == expected
    gaussian = rng.normal(size=(6, shape[1]))
    basis = np.linalg.svd(points / np.linalg.norm(points, axis=1, keepdims=True))[2][:expected]
    np.testing.assert_allclose(space.squared_norms(gaussian), np.sum((gaussian @ basis.T) ** 2, axis=1), rtol=1e-8)
    assert space.coordinates(gaussian).shape == (6, expected)


def test_rank_far_below_the_sizes_is_found_and_proved():
    rng = np.random.default_rng(10)
    for rank, noise, expected in ((90, 0.0, 90), (3, 0.0, 3), (90, 1e-9, 300), (140, 0.0, 140)):
        points = rng.normal(size=(320, rank)) @ rng.normal(size=(rank, 300)) + noise * rng.normal(size=(320, 300))
        space = row_space(points)
        assert space.rank == expected
        gaussian = rng.normal(size=(4, 300))
        basis = np.linalg.svd(points)[2][:expected]
        np.testing.assert_allclose(space.squared_norms(gaussian), np.sum((gaussian @ basis.T) ** 2, axis=1), rtol=1e-9)


def test_silent_neuroids_do_not_count_in_the_span():
    points = np.random.default_rng(1).normal(size=(30, 10))
    points[:, [2, 5]] = 0.0
    space = row_space(points)
    assert space.rank == 8
    np.testing.assert_allclose(space.squared_norms(np.ones((1, 10))), 8.0)


def test_clouds_of_random_points_have_finite_errors():
    found = estimate(solve_slowly(random_clouds(0, 4, 6, 12), 40))
    errors = found.standard_errors()
    assert set(errors) <= set(found.values)
    assert all(np.isfinite(value).all() and np.all(value >= 0) for value in errors.values())
