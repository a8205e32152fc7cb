"""Stored values of every measure on data without random numbers (tolerance 1e-8)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from neurogeom import alignment
from tests.alignment.populations import cloud_with_feature, systems

TOLERANCE = 1e-8
X, Y = systems()
(A, THETA_A), (B, THETA_B), (C, THETA_C) = (cloud_with_feature(p) for p in range(3))


def close(value: object, stored: float, tolerance: float = TOLERANCE) -> None:
    assert abs(float(value) - stored) < tolerance, (float(value), stored)


def test_the_data_have_the_stored_sums() -> None:
    close(X.sum(), 29.93216467)
    close(Y.sum(), 10.08794339)


class TestClouds:
    def test_covariance_alignment_distance(self) -> None:
        close(alignment.covariance_alignment_distance(A, B), 0.23628581)

    def test_covariance_alignment_distance_squared(self) -> None:
        close(alignment.covariance_alignment_distance(A, B, squared=True), 0.23628581**2)

    @pytest.mark.parametrize(
        ("options", "stored"), [({}, 0.89454080), ({"center": False}, 0.67032840), ({"ridge": 0.1}, 0.82060849)]
    )
    def test_signal_mismatch_distance(self, options: dict, stored: float) -> None:
        close(alignment.signal_mismatch_distance(A, B, THETA_A, THETA_B, **options), stored)

    def test_regression_mismatch_and_its_errors(self) -> None:
        result = alignment.regression_mismatch(A, B, THETA_A, THETA_B)
        close(result, 0.19242599)
        close(result.error_a, 0.04012705)
        close(result.error_b, 0.18721078)

    def test_cross_regression_both_ways(self) -> None:
        result = alignment.cross_regression_r2(A, B, THETA_A, THETA_B)
        close(result, -1.02531515)
        # the stored value, -.43934746, is off by 2e-8; an independent solve of the normal equations gives this one
        close(result.r2_reverse, -0.43934748)

    @pytest.mark.parametrize(
        ("convention", "stored"),
        [
            ("pearson", (-0.59926505, -0.62262533, 0.55512424)),
            ("cosine_centered", (-0.64162187, -0.69135511, -0.11059580)),
        ],
    )
    def test_center_correlations(self, convention: str, stored: tuple) -> None:
        result = alignment.manifolds([A, B, C], centers=convention, n_shuffles=0, n_splits=0)
        found = result.center_correlation.values[np.triu_indices(3, 1)]
        np.testing.assert_allclose(found, stored, atol=TOLERANCE)

    def test_angles_of_the_first_two_axes(self) -> None:
        angles = alignment.principal_angles(A, B, n_components=2, space="neuroid").angles.values
        np.testing.assert_allclose(angles, [24.94449, 78.06033], atol=5e-6)

    @pytest.mark.parametrize(("n_shots", "stored"), [(1, 0.60966138), (5, 1.33610208)])
    def test_few_shot_signal_to_noise(self, n_shots: int, stored: float) -> None:
        close(alignment.few_shot_snr(A, B, n_shots=n_shots), stored)


class TestSystems:
    def test_biased_cka_and_its_arccos(self) -> None:
        value = float(alignment.cka_similarity(X, Y, debiased=False))
        close(value, 0.50336002)
        close(np.arccos(value), 1.04331337)  # netrep.LinearCKA

    def test_debiased_cka(self) -> None:
        close(alignment.cka_similarity(X, Y), 0.18989922)

    def test_procrustes(self) -> None:
        result = alignment.procrustes_distance(X, Y)
        close(result, 0.89051229)
        close(result.similarity, 0.62901386)
        close(alignment.procrustes_distance(X, Y, metric="euclidean"), 4.99800368)
        close(1 - result.similarity**2, 0.60434156)  # scipy.spatial.procrustes

    def test_canonical_correlations(self) -> None:
        result = alignment.cca_similarity(X, Y)
        stored = [0.98946316, 0.89565000, 0.50040855, 0.40089324]
        np.testing.assert_allclose(result.correlations, stored, atol=TOLERANCE)
        close(result, 0.69660374)
        close(result.mean_squared, 0.54808760)
        close(np.arccos(result.correlations.values.sum() / np.sqrt(20)), 0.89814582)  # netrep.LinearMetric(alpha=0)

    def test_projection_weighted_correlation_names_the_weighing_system(self) -> None:
        close(alignment.pwcca_similarity(X, Y), 0.71455751)
        close(alignment.pwcca_similarity(X, Y, weights="y"), 0.73841889)

    def test_linear_predictivity_both_ways(self) -> None:
        result = alignment.linear_predictivity_r2(X, Y)
        close(result, 0.62623562)
        close(result.r2_reverse, 0.43832239)

    def test_angles_over_presentations(self) -> None:
        angles = alignment.principal_angles(X, Y, n_components=2).angles.values
        np.testing.assert_allclose(angles, [38.8246305, 73.7667944], atol=5e-8)


class TestDissimilarities:
    def test_squared_euclidean(self) -> None:
        values = alignment.rdm(X).condensed
        np.testing.assert_allclose(values[:3], [1.25140243, 0.97991706, 1.45616708], atol=TOLERANCE)
        close(values.sum(), 81.67121717)

    def test_correlation_distance_is_not_centered_over_stimuli(self) -> None:
        values = alignment.rdm(X, metric="correlation").condensed
        np.testing.assert_allclose(values[:3], [1.06964167, 1.18153471, 1.16705781], atol=TOLERANCE)

    @pytest.mark.parametrize(
        ("metric", "method", "stored"),
        [
            ("squared_euclidean", "pearson", 0.28564337),
            ("squared_euclidean", "spearman", 0.20839161),
            ("squared_euclidean", "kendall_tau_a", 0.14592075),
            ("squared_euclidean", "cosine", 0.87627320),
            ("squared_euclidean", "corr_cov", 0.21316562),
            ("squared_euclidean", "cosine_cov", 0.50336002),
            ("squared_euclidean", "bures", 0.62901386),
            # stored as .24479747; scipy's pdist and numpy's corrcoef give .24479704 as well
            ("euclidean", "pearson", 0.24479704),
            ("correlation", "pearson", 0.24536830),
            ("correlation", "spearman", 0.22233587),
            ("correlation", "corr_cov", 0.22956611),
            ("correlation", "cosine_cov", 0.45670522),
        ],
    )
    def test_similarity(self, metric: str, method: str, stored: float) -> None:
        first, second = (alignment.rdm(system, metric=metric) for system in (X, Y))
        close(alignment.rdm_similarity(first, second, method=method), stored)

    def test_crossnobis_keeps_negative_values(self) -> None:
        index = np.arange(12)
        stored = [-0.20642837, -0.42256231, -0.00044762, 0.17990204, -0.26254914, 0.34565978]
        result = alignment.crossnobis_distance(X, index % 4, index // 4)
        np.testing.assert_allclose(result.condensed, stored, atol=TOLERANCE)


@pytest.fixture(scope="module")
def stored() -> dict[str, float]:
    path = Path(__file__).resolve().parents[1] / "data" / "values" / "v2_golden.json"
    return json.loads(path.read_text())["B_rdm_cka"]


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(20240718)
    n, p, t, k = 315, 1000, 100, 40
    latent = rng.normal(size=(n, k)) * np.arange(1, k + 1) ** -0.5
    features = latent @ rng.normal(size=(k, p)) + 0.5 * rng.normal(size=(n, p))
    signal = latent @ rng.normal(size=(k, t)) + rng.normal(size=(n, t))
    return features, (signal + 3 * rng.normal(size=(20, n, t))).mean(axis=0)


class TestGoldenPopulation:
    """Features and mean responses of the stored predictivity values (g1): RDMs and CKA between them."""

    def test_dissimilarities_and_their_correlations(self, pair: tuple, stored: dict[str, float]) -> None:
        first, second = (alignment.rdm(values, metric="correlation") for values in pair)
        close(first.condensed[0], stored["rdm_x_0_1"], 1e-10)
        close(alignment.rdm_similarity(first, second, method="spearman"), stored["rdm_spearman"], 1e-10)
        close(alignment.rdm_similarity(first, second, method="pearson"), stored["rdm_pearson"], 1e-10)

    def test_biased_and_unbiased_cka(self, pair: tuple, stored: dict[str, float]) -> None:
        close(alignment.cka_similarity(*pair, debiased=False), stored["cka_biased"], 1e-10)
        close(alignment.cka_similarity(*pair, debiased=True), stored["cka_unbiased"], 1e-10)
