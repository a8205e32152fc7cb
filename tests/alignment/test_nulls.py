"""Null distributions: closed forms against draws, and p that is never zero."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom.alignment import (
    cka_similarity,
    expected_biased_cka,
    expected_center_correlation,
    expected_variance_share,
    permutation_null,
    random_subspace_overlap,
    rotation_null,
)
from neurogeom.alignment.covariance import squared_distance
from neurogeom.alignment.directions import center_correlations, class_centers, variance_share
from neurogeom.alignment.nulls import Null, random_frame
from neurogeom.alignment.similarity import cka, debiased_cka
from neurogeom.alignment.subspaces import mean_squared_cosine


def test_random_subspaces_overlap_as_the_closed_form_says() -> None:
    null = random_subspace_overlap(10, 10, 100)
    assert null.mean == pytest.approx(0.1)
    assert null.sd == pytest.approx(0.0127, abs=5e-5)
    draws = [
        mean_squared_cosine(random_frame(100, 10, 0, 2 * i), random_frame(100, 10, 0, 2 * i + 1)) for i in range(300)
    ]
    assert np.mean(draws) == pytest.approx(0.1, abs=0.003)
    assert np.std(draws) == pytest.approx(null.sd, rel=0.12)


@pytest.mark.parametrize(("k", "l", "n"), [(3, 12, 30), (29, 30, 30), (1, 1, 2)])
def test_random_subspaces_of_unequal_dimensions(k: int, l: int, n: int) -> None:  # noqa: E741
    null = random_subspace_overlap(k, l, n)
    draws = [mean_squared_cosine(random_frame(n, k, 1, 2 * i), random_frame(n, l, 1, 2 * i + 1)) for i in range(400)]
    assert np.mean(draws) == pytest.approx(null.mean, abs=4 * max(null.sd, 1e-12) / 20 + 1e-12)
    assert np.std(draws) == pytest.approx(null.sd, rel=0.15, abs=1e-9)


def test_isotropic_classes_have_their_share_of_variance_among_the_means() -> None:
    rng = np.random.default_rng(0)
    shares = [
        variance_share([rng.normal(size=(40, 100)) + 2 * rng.normal(size=100) for _ in range(8)]) for _ in range(10)
    ]
    assert expected_variance_share(8, 100) == pytest.approx(0.07)
    assert np.mean(shares) == pytest.approx(0.07, abs=0.004)


def test_centered_centers_are_anticorrelated() -> None:
    rng = np.random.default_rng(1)
    off = ~np.eye(8, dtype=bool)
    found = np.mean([center_correlations(rng.normal(size=(8, 500)))[off].mean() for _ in range(10)])
    assert expected_center_correlation(8) == pytest.approx(-0.142857, abs=1e-6)
    assert found == pytest.approx(-0.1428, abs=2e-3)
    assert class_centers([np.ones((3, 2)), np.zeros((3, 2))]).tolist() == [[1.0, 1.0], [0.0, 0.0]]


def test_biased_cka_of_unrelated_systems() -> None:
    rng = np.random.default_rng(2)
    pairs = [(rng.normal(size=(92, 316)), rng.normal(size=(92, 674))) for _ in range(4)]
    pairs = [(x - x.mean(0), y - y.mean(0)) for x, y in pairs]
    assert expected_biased_cka(92, 316, 674) == pytest.approx(0.826, abs=5e-4)
    assert np.mean([cka(x, y) for x, y in pairs]) == pytest.approx(0.826, abs=0.006)
    assert abs(np.mean([debiased_cka(x, y) for x, y in pairs])) < 0.02


def test_rotation_null_keeps_the_spectra() -> None:
    rng = np.random.default_rng(3)
    scale = 1 / np.sqrt(np.arange(1, 201))
    a, b = rng.normal(size=(60, 200)) * scale, rng.normal(size=(60, 200)) * scale
    null = rotation_null(a, b, n_samples=20, seed=0)
    observed = float(np.sqrt(squared_distance(a, b)))
    assert observed == pytest.approx(0.751, abs=0.02)
    assert null.mean == pytest.approx(1.137, abs=0.01)
    assert null.sd < 0.015
    z, p = null.test(observed, larger=False)
    assert z > 20
    assert p == pytest.approx(1 / 21)


def test_rotation_null_is_that_of_explicit_rotations() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(9, 12)), rng.normal(size=(7, 12)) * np.arange(1, 13)
    explicit = [np.sqrt(squared_distance(a, b @ np.linalg.qr(rng.normal(size=(12, 12)))[0])) for _ in range(300)]
    null = rotation_null(a, b, n_samples=300, seed=1)
    assert null.mean == pytest.approx(np.mean(explicit), abs=4 * np.std(explicit) / np.sqrt(150))
    assert null.sd == pytest.approx(np.std(explicit), rel=0.2)


def test_p_counts_the_observation_itself_on_either_side() -> None:
    null = Null(4.0, 2.0, tuple(np.arange(9.0)))
    assert null.test(10.0)[1] == pytest.approx(0.1)
    assert null.test(-1.0)[1] == 1.0
    assert null.test(-1.0, larger=False) == (2.5, pytest.approx(0.1))


def test_normal_tail_where_there_are_no_draws() -> None:
    z, p = Null(0.0, 1.0).test(1.959963984540054)
    assert z == pytest.approx(1.959963984540054)
    assert p == pytest.approx(0.025)


def test_shuffled_stimuli_are_the_null_of_a_similarity() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(25, 5))
    null = permutation_null(
        lambda a, b: float(cka_similarity(a, b)), x, x + 0.1 * rng.normal(size=x.shape), n_samples=99, seed=0
    )
    assert abs(null.mean) < 0.1
    assert null.test(float(cka_similarity(x, x)))[1] == pytest.approx(0.01)
