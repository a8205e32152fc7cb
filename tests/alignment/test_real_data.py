"""Macaque and human inferotemporal cortex (Kriegeskorte et al., 2008): stored values."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom import alignment
from neurogeom.alignment.directions import cosines

PAIRS = np.triu_indices(4, 1)


def test_categories_partition_the_images(cortex: object) -> None:
    assert [len(rows) for rows in cortex.categories.values()] == [24, 24, 23, 21]
    assert sorted(np.concatenate(list(cortex.categories.values()))) == list(range(92))


def test_one_minus_the_rdm_is_positive_definite(cortex: object) -> None:
    assert np.linalg.eigvalsh(1 - cortex.rdms["macaque"])[0] == pytest.approx(0.181, abs=5e-4)


@pytest.mark.parametrize(("method", "stored"), [("spearman", 0.4389238), ("pearson", 0.4912098)])
def test_rdms_of_both_species_are_alike(cortex: object, method: str, stored: float) -> None:
    found = alignment.rdm_similarity(cortex.rdms["macaque"], cortex.rdms["human"], method=method)
    assert float(found) == pytest.approx(stored, abs=1e-7)


def test_biased_cka_lies_below_that_of_unrelated_systems(cortex: object) -> None:
    factors = {name: cortex.manifolds(name).stacked for name in ("macaque", "human")}
    biased = alignment.cka_similarity(factors["macaque"], factors["human"], debiased=False)
    # factors have 92 columns; the 674 neurons and 316 voxels behind them would be expected at .826
    assert float(biased) == pytest.approx(0.7927979, abs=1e-7)
    assert float(biased) < alignment.expected_biased_cka(92, 674, 316)
    assert 0 < float(alignment.cka_similarity(factors["macaque"], factors["human"])) < float(biased)


def test_faces_and_bodies_are_turned_against_each_other(cortex: object) -> None:
    gram = 1 - cortex.rdms["macaque"]
    face, body = cortex.categories["face"], cortex.categories["body"]
    from_gram = alignment.covariance_alignment_distance_from_gram(gram, face, body)
    clouds = cortex.manifolds("macaque")
    from_points = alignment.covariance_alignment_distance(clouds["face"], clouds["body"])
    assert float(from_gram) == pytest.approx(1.2479, abs=5e-5)
    assert float(from_points) == pytest.approx(float(from_gram), abs=1e-9)


def test_mean_distance_of_human_categories(cortex: object) -> None:
    found = alignment.manifolds(cortex.manifolds("human"), n_shuffles=0, n_splits=0)
    assert found.mean_distance == pytest.approx(1.2565, abs=5e-5)


def test_position_similarity_of_both_species(cortex: object) -> None:
    macaque, human = (cortex.manifolds(name) for name in ("macaque", "human"))
    found = alignment.relative_geometry(macaque, human, seed=0)
    assert found.position_similarity == pytest.approx(0.8975, abs=5e-5)
    # in eigen-coordinates a Pearson correlation across axes means nothing; from inner products of neurons it is that of
    # the uncentered cosines, since every z-scored pattern has mean zero over neurons
    raw = [cosines(np.array([cloud.mean(axis=0) for cloud in m.clouds]))[PAIRS] for m in (macaque, human)]
    assert np.corrcoef(*raw)[0, 1] == pytest.approx(0.9455, abs=5e-5)
    # removing the mean of all 92 stimuli instead of the mean of the centers gives another number
    other = []
    for system in (macaque, human):
        centers = np.array([cloud.mean(axis=0) for cloud in system.clouds]) - system.stacked.mean(axis=0)
        other.append(cosines(centers)[PAIRS])
    assert np.corrcoef(*other)[0, 1] == pytest.approx(0.8850, abs=5e-5)


@pytest.mark.parametrize("species", ["macaque", "human"])
def test_categories_differ_more_than_shuffled_ones_and_beyond_sampling(cortex: object, species: str) -> None:
    found = alignment.manifolds(cortex.manifolds(species), n_shuffles=20, n_splits=10, seed=0)
    assert found.z > 10
    assert found.p == pytest.approx(1 / 21)
    assert 3 * found.mean_excess_se < found.mean_excess
    assert found.mean_excess < 0.2 * found.mean_distance_squared  # most of the raw distance is sampling
