"""RDMs and their comparison: definitions, laws, whitening against its slow form, and crossnobis."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom.alignment import (
    RDM,
    cka_similarity,
    crossnobis_distance,
    noise_precision,
    procrustes_distance,
    rdm,
    rdm_similarity,
)
from neurogeom.alignment.rdm import METRICS
from neurogeom.alignment.rdm_comparison import METHODS, kendall_tau_a

seeds = st.integers(0, 2**32 - 1)
fast = settings(max_examples=15, deadline=None)


def responses(seed: int, n: int = 9, units: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, units)) + 0.5


@pytest.mark.parametrize("metric", METRICS)
@fast
@given(seed=seeds)
def test_dissimilarities_are_those_of_scipy(metric: str, seed: int) -> None:
    from scipy.spatial.distance import pdist

    x = responses(seed)
    expected = pdist(x, {"squared_euclidean": "sqeuclidean"}.get(metric, metric))
    scale = {"squared_euclidean": 6, "euclidean": np.sqrt(6)}.get(metric, 1.0)
    np.testing.assert_allclose(rdm(x, metric=metric).condensed, expected / scale, atol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_a_pattern_with_itself_has_exactly_zero(metric: str) -> None:
    x = responses(0)
    x[3] = x[1]
    result = rdm(x, metric=metric)
    assert result.dissimilarity.values[1, 3] == 0.0
    assert np.all(np.diag(result.dissimilarity.values) == 0.0)


def test_declared_invariances() -> None:
    x, shift = responses(1), np.random.default_rng(2).normal(size=6)
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(6, 6)))[0]
    np.testing.assert_allclose(rdm(x @ turn + shift).condensed, rdm(x).condensed, atol=1e-12)
    gains = np.random.default_rng(4).uniform(1, 2, size=(9, 1))
    np.testing.assert_allclose(
        rdm(gains * x + 3, metric="correlation").condensed, rdm(x, metric="correlation").condensed, atol=1e-12
    )
    assert np.abs(rdm(x + shift, metric="correlation").condensed - rdm(x, metric="correlation").condensed).max() > 1e-3


@pytest.mark.parametrize("method", METHODS)
@fast
@given(seed=seeds)
def test_similarity_of_an_rdm_with_itself_is_one_and_both_orders_agree(method: str, seed: int) -> None:
    first, second = rdm(responses(seed)), rdm(responses(seed + 1))
    assert float(rdm_similarity(first, first, method=method)) == pytest.approx(1, abs=1e-9)
    value = rdm_similarity(first, second, method=method)
    assert float(rdm_similarity(second, first, method=method)) == pytest.approx(float(value), abs=1e-9)
    low, high = value.meaning.range
    assert low <= float(value) <= high


@fast
@given(seeds)
def test_whitened_comparison_is_that_of_its_slow_form(seed: int) -> None:
    first, second = rdm(responses(seed, 6)).condensed, rdm(responses(seed + 1, 6)).condensed
    rows, columns = np.triu_indices(6, 1)
    contrasts = np.zeros((15, 6))
    contrasts[np.arange(15), rows], contrasts[np.arange(15), columns] = 1, -1
    inverse = np.linalg.inv((contrasts @ contrasts.T) ** 2)  # covariance of squared distances without signal

    def slow(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ inverse @ b / np.sqrt((a @ inverse @ a) * (b @ inverse @ b)))

    assert float(rdm_similarity(first, second, method="cosine_cov")) == pytest.approx(slow(first, second), abs=1e-9)
    centered = slow(first - first.mean(), second - second.mean())
    assert float(rdm_similarity(first, second, method="corr_cov")) == pytest.approx(centered, abs=1e-9)


@fast
@given(seeds)
def test_whitened_cosine_is_cka_and_bures_is_procrustes(seed: int) -> None:
    x, y = responses(seed), responses(seed + 1, 9, 4)
    first, second = rdm(x), rdm(y)
    whitened, bures = (float(rdm_similarity(first, second, method=m)) for m in ("cosine_cov", "bures"))
    assert whitened == pytest.approx(float(cka_similarity(x, y, debiased=False)), abs=1e-9)
    assert bures == pytest.approx(procrustes_distance(x, y).similarity, abs=1e-7)


def test_kendall_tau_a_counts_ties_for_neither() -> None:
    first, second = np.array([1.0, 1, 2, 3, 5]), np.array([2.0, 1, 1, 4, 3])
    signs = [np.sign(first[i] - first[j]) * np.sign(second[i] - second[j]) for i in range(5) for j in range(i)]
    assert kendall_tau_a(first, second) == pytest.approx(np.mean(signs), abs=1e-12)


def test_rdms_with_names_are_matched_by_them() -> None:
    x, order = responses(5), np.array([3, 0, 8, 1, 7, 2, 6, 5, 4])
    names = np.array([f"b{i}" for i in range(9)])
    first, second = rdm(x, conditions=names), rdm(x[order], conditions=names[order])
    assert float(rdm_similarity(first, second)) == pytest.approx(1)


def test_conditions_keep_the_order_of_first_appearance_not_that_of_text() -> None:
    x = responses(6, 12)
    names = [f"b{i}" for i in range(12)]  # as text b10 comes before b2
    assert rdm(x, conditions=names).names == tuple(names)
    assert crossnobis_distance(np.concatenate([x, x]), names * 2, [0] * 12 + [1] * 12).names == tuple(names)


def test_presentations_of_a_condition_are_averaged() -> None:
    x = responses(7, 8)
    array = xr.DataArray(
        x, dims=("presentation", "neuroid"), coords={"object_name": ("presentation", list("aabbccdd"))}
    )
    expected = rdm(x.reshape(4, 2, 6).mean(axis=1)).condensed
    np.testing.assert_allclose(rdm(array, conditions="object_name").condensed, expected, atol=1e-12)


def test_square_condensed_and_result_are_the_same_rdm() -> None:
    first, second = rdm(responses(8)), rdm(responses(9))
    expected = float(rdm_similarity(first, second))
    assert float(rdm_similarity(first.condensed, second.dissimilarity.values)) == pytest.approx(expected, abs=1e-12)


def test_bootstrap_over_stimuli_leaves_out_pairs_of_a_stimulus_with_itself() -> None:
    x = responses(10, 20, 30)
    noisy = x + 0.5 * responses(11, 20, 30)
    result = rdm_similarity(rdm(x), rdm(noisy), uncertainty="stimuli", n_bootstrap=200, seed=0)
    low, high = result.similarity_ci.values
    assert low < float(result) < high < 1
    # zeros in both RDMs for duplicated stimuli would pull every sample far up
    unrelated = rdm_similarity(rdm(x), rdm(responses(12, 20, 30)), uncertainty="stimuli", n_bootstrap=200, seed=0)
    assert unrelated.similarity_ci.values[0] < 0.15


def test_mantel_p_of_related_and_unrelated_rdms() -> None:
    x = responses(13, 12, 20)
    related = rdm_similarity(rdm(x), rdm(x + 0.3 * responses(14, 12, 20)), n_permutations=99, seed=0)
    assert related.p == pytest.approx(0.01)
    ps = [rdm_similarity(rdm(x), rdm(responses(20 + i, 12, 20)), n_permutations=39, seed=i).p for i in range(20)]
    assert np.mean(ps) == pytest.approx(0.5, abs=0.25)


class TestCrossnobis:
    def test_is_the_mean_product_of_differences_between_runs(self) -> None:
        rng = np.random.default_rng(15)
        means = rng.normal(size=(3, 4, 5))
        result = crossnobis_distance(means.reshape(12, 5), np.tile(range(4), 3), np.repeat(range(3), 4))
        rows, columns = np.triu_indices(4, 1)
        for value, i, j in zip(result.condensed, rows, columns, strict=True):
            delta = means[:, i] - means[:, j]
            products = [delta[r] @ delta[s] / 5 for r in range(3) for s in range(3) if r != s]
            assert value == pytest.approx(np.mean(products), abs=1e-12)

    def test_is_unbiased_while_the_ordinary_distance_is_not(self) -> None:
        rng = np.random.default_rng(16)
        truth = np.zeros((4, 20))
        truth[3] = 0.7
        found, ordinary = [], []
        for _ in range(150):
            trials = np.concatenate([truth + rng.normal(size=truth.shape) for _ in range(4)])
            found.append(crossnobis_distance(trials, np.tile(range(4), 4), np.repeat(range(4), 4)).condensed)
            ordinary.append(rdm(trials, conditions=np.tile(range(4), 4)).condensed)
        expected = rdm(truth).condensed
        error = np.std(found, axis=0) / np.sqrt(150)
        assert np.all(np.abs(np.mean(found, axis=0) - expected) < 4 * error)
        assert np.all(np.mean(ordinary, axis=0) - expected > 0.3)
        assert np.min(found) < 0

    def test_pairs_use_the_runs_that_have_both_conditions(self) -> None:
        rng = np.random.default_rng(17)
        trials = rng.normal(size=(12, 5))
        conditions, runs = np.tile(range(4), 3), np.repeat(range(3), 4)
        keep = ~((conditions == 0) & (runs == 2))
        partial = crossnobis_distance(trials[keep], conditions[keep], runs[keep])
        whole = crossnobis_distance(trials, conditions, runs)
        two = crossnobis_distance(trials[:8], conditions[:8], runs[:8])
        np.testing.assert_allclose(partial.condensed[:3], two.condensed[:3], atol=1e-12)
        np.testing.assert_allclose(partial.condensed[3:], whole.condensed[3:], atol=1e-12)

    def test_whitening_is_a_map_of_the_responses(self) -> None:
        rng = np.random.default_rng(18)
        trials, root = rng.normal(size=(12, 3)), np.array([[2.0, 0, 0], [0.3, 1, 0], [0, 0.2, 0.5]])
        conditions, runs = np.tile(range(4), 3), np.repeat(range(3), 4)
        white = crossnobis_distance(trials, conditions, runs, noise_precision=root @ root.T)
        np.testing.assert_allclose(
            white.condensed, crossnobis_distance(trials @ root, conditions, runs).condensed, atol=1e-10
        )

    def test_noise_precision_inverts_the_noise_covariance(self) -> None:
        rng = np.random.default_rng(19)
        root = np.array([[1.0, 0], [0.8, 0.6]])
        trials = np.repeat(rng.normal(size=(5, 2)), 800, axis=0) * 10 + rng.normal(size=(4000, 2)) @ root.T
        conditions = np.repeat(range(5), 800)
        np.testing.assert_allclose(noise_precision(trials, conditions), np.linalg.inv(root @ root.T), rtol=0.15)
        few = noise_precision(rng.normal(size=(12, 30)), np.tile(range(4), 3))
        assert np.linalg.eigvalsh(few).min() > 0  # shrunk where there are more neuroids than trials

    def test_the_result_is_an_rdm_that_can_be_compared(self) -> None:
        trials = responses(21, 12)
        result = crossnobis_distance(trials, np.tile(range(4), 3), np.repeat(range(3), 4))
        assert isinstance(result, RDM)
        assert float(rdm_similarity(result, result, method="pearson")) == pytest.approx(1)
