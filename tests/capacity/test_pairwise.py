"""GLUE of pairs: each alone, harmonic capacities, plain geometry."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom._core.warnings import DegenerateInputWarning, SaturationWarning
from neurogeom.capacity.glue import glue
from tests.capacity.populations import random_clouds, reference_population, single_points, targets

GEOMETRY = ("dimension", "radius", "utility", "center_alignment", "axis_alignment", "center_axis_alignment")


@pytest.fixture(scope="module")
def pairs():
    return glue(reference_population(), n_samples=60, dichotomies="pairwise", seed=4)


def upper(matrix):
    return np.asarray(matrix)[np.triu_indices(len(matrix), 1)]


def test_capacity_is_averaged_harmonically_and_geometry_plainly(pairs):
    np.testing.assert_allclose(pairs.capacity, 1 / np.mean(1 / upper(pairs.pair_capacity)), rtol=1e-12)
    for name in GEOMETRY:
        np.testing.assert_allclose(getattr(pairs, name), upper(pairs.data[f"pair_{name}"]).mean(), rtol=1e-12)
    np.testing.assert_allclose(pairs.capacity, 6 / np.sum(1 / pairs.manifold_capacity.values), rtol=1e-10)
    np.testing.assert_allclose(pairs.dimension, pairs.manifold_dimension.values.mean(), rtol=1e-10)


def test_matrices_are_symmetric_without_a_diagonal(pairs):
    for name in ("capacity", "radius", "capacity_floor", "center_alignment", "capacity_se"):
        matrix = pairs.data[f"pair_{name}"].values
        assert np.isnan(np.diagonal(matrix)).all()
        np.testing.assert_array_equal(upper(matrix), upper(matrix.T))
        assert np.isfinite(upper(matrix)).all()


def test_each_pair_has_its_own_floor(pairs):
    np.testing.assert_allclose(upper(pairs.pair_capacity_floor), 2 / upper(pairs.pair_rank))
    assert set(upper(pairs.pair_rank)) == {10.0}  # two centers and two times four axes
    assert pairs.capacity_floor == 0.2


def test_a_pair_is_solved_as_if_it_were_alone():
    """On the same t and labels the pair matrix holds what glue gives for two manifolds."""
    clouds = random_clouds(2, 3, 8, 25)
    gaussian = targets(5, 40, 25)
    together = glue(clouds, t=gaussian, dichotomies="pairwise", seed=9)
    signs = glue(clouds[:2], t=gaussian, dichotomies="pairwise", seed=9)
    np.testing.assert_array_equal(together.pair_capacity[0, 1], signs.pair_capacity[0, 1])
    objective = signs.sample_objective.values
    for labels in ([1, -1], [-1, 1]):  # the label of each sample is one of these two
        alone = glue(clouds[:2], t=gaussian, dichotomies=[labels]).sample_objective.values
        same = np.isclose(alone, objective, rtol=1e-10)
        assert 5 < same.sum() < 35
        objective = np.where(same, np.nan, objective)
    assert np.isnan(objective).all()


def test_manifold_values_are_those_of_its_pairs():
    clouds = random_clouds(3, 3, 8, 25)
    result = glue(clouds, n_samples=40, dichotomies="pairwise", seed=9)
    alone = [glue(clouds[:2], n_samples=40, dichotomies="pairwise", seed=9)]
    # manifold 0 of a pair (0, 1) keeps its samples whatever other manifolds there are
    np.testing.assert_allclose(alone[0].capacity, result.pair_capacity[0, 1], rtol=1e-12)
    assert np.all(result.manifold_dimension_se > 0)


def test_errors_are_the_spread_over_seeds():
    clouds = random_clouds(4, 4, 6, 20)
    runs = [glue(clouds, n_samples=30, dichotomies="pairwise", seed=seed) for seed in range(30)]
    for name in ("capacity", "dimension", "radius"):
        spread = np.std([getattr(run, name) for run in runs], ddof=1)
        claimed = np.sqrt(np.mean([getattr(run, f"{name}_se") ** 2 for run in runs]))
        assert 0.55 < claimed / spread < 1.8, name


def test_single_points_in_pairs_have_capacity_two():
    result = glue(single_points(1, 6, 40), n_samples=300, dichotomies="pairwise", seed=0)
    assert abs(result.capacity - 2.0) < 4 * result.capacity_se


def test_pairs_at_a_margin_have_capacity_alone():
    clouds = [row[None] for row in np.eye(4)]
    result = glue(clouds, n_samples=1500, dichotomies="pairwise", margin=1.0, seed=0)
    assert abs(result.capacity - 0.5195722296) < 4 * result.capacity_se
    assert "pair_radius" not in result.data


def test_inseparable_pair_is_said():
    clouds = random_clouds(5, 3, 4, 12)
    clouds[2] = np.vstack([clouds[2], clouds[0][:1]])
    with pytest.warns(SaturationWarning, match="inseparable"):
        result = glue(clouds, n_samples=20, dichotomies="pairwise", seed=0)
    np.testing.assert_array_equal(upper(result.pair_fraction_inseparable), [0.0, 1.0, 0.0])
    with pytest.warns(DegenerateInputWarning, match="undefined"):
        result = glue(clouds, n_samples=20, dichotomies="pairwise", margin=0.1, seed=0)
    assert np.isnan(result.capacity)
    assert np.isfinite(result.pair_capacity[0, 1])
