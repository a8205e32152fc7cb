"""Laws of the measures between two systems."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom import alignment
from neurogeom.alignment import similarity
from neurogeom.alignment.canonical import canonical_correlations, explained
from tests.alignment.populations import systems

seeds = st.integers(0, 2**32 - 1)
fast = settings(max_examples=20, deadline=None)

ALL = {
    "cka": alignment.cka_similarity,
    "cka_biased": lambda x, y: alignment.cka_similarity(x, y, debiased=False),
    "procrustes_angle": alignment.procrustes_distance,
    "procrustes_euclidean": lambda x, y: alignment.procrustes_distance(x, y, metric="euclidean"),
    "cca": alignment.cca_similarity,
    "svcca": alignment.svcca_similarity,
    "pwcca": alignment.pwcca_similarity,
    "predictivity": alignment.linear_predictivity_r2,
}
SCALE_MATTERS = {"procrustes_euclidean"}


def pair(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(16, 40))
    x = rng.normal(size=(n, int(rng.integers(2, 6)))) + 3
    y = rng.normal(size=(n, int(rng.integers(2, 6))))
    y[:, :2] += x[:, :2]
    return x, y


def rotation(seed: int, n: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]


@pytest.mark.parametrize("name", ALL)
class TestEveryMeasure:
    @fast
    @given(seed=seeds)
    def test_says_how_to_read_it_and_keeps_to_its_range(self, name: str, seed: int) -> None:
        x, y = pair(seed)
        result = ALL[name](x, y)
        low, high = result.meaning.range
        assert low - 1e-12 <= float(result) <= high + 1e-12
        assert result.meaning.direction == ("distance" if "distance" in result.headline[0] else "similarity")
        assert result.meaning.n_used["presentations"] == len(x)

    @fast
    @given(seed=seeds)
    def test_identity_gives_its_value_of_sameness(self, name: str, seed: int) -> None:
        x, _ = pair(seed)
        result = ALL[name](x, x)
        assert float(result) == pytest.approx(result.meaning.same, abs=1e-7)

    @fast
    @given(seed=seeds)
    def test_is_symmetric_where_it_says_so(self, name: str, seed: int) -> None:
        x, y = pair(seed)
        forward, backward = ALL[name](x, y), ALL[name](y, x)
        if forward.meaning.symmetric:
            assert float(forward) == pytest.approx(float(backward), abs=1e-9)

    @fast
    @given(seed=seeds)
    def test_is_unchanged_by_rotation_shift_and_reordering_of_stimuli(self, name: str, seed: int) -> None:
        x, y = pair(seed)
        expected = float(ALL[name](x, y))
        turned = x @ rotation(seed, x.shape[1]) + 7
        order = np.random.default_rng(seed).permutation(len(x))
        if name != "pwcca":  # its weights depend on the axes of the neuroids
            assert float(ALL[name](turned, y)) == pytest.approx(expected, abs=1e-7)
        assert float(ALL[name](x[order], y[order])) == pytest.approx(expected, abs=1e-9)

    def test_scale_matters_only_where_declared(self, name: str) -> None:
        x, y = pair(1)
        changed = abs(float(ALL[name](5 * x, y)) - float(ALL[name](x, y))) > 1e-6
        assert changed == (name in SCALE_MATTERS)


def test_asymmetric_measures_differ_when_turned_around() -> None:
    x, y = pair(2)
    assert float(alignment.pwcca_similarity(x, y)) != pytest.approx(float(alignment.pwcca_similarity(y, x)), abs=1e-3)
    both = alignment.linear_predictivity_r2(x, y)
    assert both.r2_reverse == pytest.approx(float(alignment.linear_predictivity_r2(y, x)))
    swapped = alignment.pwcca_similarity(y, x, weights="y")
    assert float(swapped) == pytest.approx(float(alignment.pwcca_similarity(x, y, weights="x")))


@pytest.mark.parametrize("shape", [(10, 3, 4), (10, 30, 25), (10, 3, 40)])
def test_feature_space_and_gram_forms_agree(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(3)
    n, p, q = shape
    x, y = rng.normal(size=(n, p)), rng.normal(size=(n, q))
    x, y = x - x.mean(0), y - y.mean(0)
    k, l = x @ x.T, y @ y.T  # noqa: E741
    assert similarity.cross_power(x, y) == pytest.approx(np.sum(k * l), rel=1e-12)
    for gram in (k, l):
        np.fill_diagonal(gram, 0.0)
    one = np.ones(n)
    song = np.trace(k @ l) + (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2)) - 2 * one @ k @ l @ one / (n - 2)
    assert similarity.unbiased_hsic(x, y) == pytest.approx(song / (n * (n - 3)), abs=1e-12 * abs(song) + 1e-13)


def test_unbiased_hsic_is_unbiased() -> None:
    rng = np.random.default_rng(4)
    values = [similarity.unbiased_hsic(rng.normal(size=(8, 3)), rng.normal(size=(8, 3))) for _ in range(300)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(300)


def test_a_broadcast_diagonal_would_change_even_the_sign() -> None:
    x, y = systems()
    k, l = x @ x.T, y @ y.T  # noqa: E741
    k, l = k - np.diag(k), l - np.diag(l)[:, None]  # noqa: E741  (a public bug: rows in place of the diagonal)
    one, n = np.ones(12), 12
    broken = np.sum(k * l) + (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2)) - 2 * one @ k @ l @ one / (n - 2)
    assert broken / (n * (n - 3)) == pytest.approx(-0.39, abs=5e-3)
    assert similarity.unbiased_hsic(x, y) == pytest.approx(0.276, abs=5e-4)


def test_debiased_cka_may_be_negative_and_is_not_clipped() -> None:
    rng = np.random.default_rng(5)
    values = [float(alignment.cka_similarity(rng.normal(size=(10, 20)), rng.normal(size=(10, 20)))) for _ in range(30)]
    assert min(values) < 0 < max(values)


def test_blocks_of_a_gram_matrix_are_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(11, 40)), rng.normal(size=(11, 50))
    expected = similarity.cross_power(x, y)
    monkeypatch.setattr(similarity, "_BLOCK", 4)
    assert similarity.cross_power(x, y) == pytest.approx(expected, rel=1e-12)


def test_procrustes_is_the_residual_of_the_best_rotation() -> None:
    from scipy.linalg import orthogonal_procrustes
    from scipy.spatial import procrustes

    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(20, 4)), rng.normal(size=(20, 4))
    turn = orthogonal_procrustes(x - x.mean(0), y - y.mean(0))[0]
    residual = np.linalg.norm((x - x.mean(0)) @ turn - (y - y.mean(0)))
    found = alignment.procrustes_distance(x, y, metric="euclidean")
    assert float(found) == pytest.approx(residual, rel=1e-10)
    assert 1 - found.similarity**2 == pytest.approx(procrustes(x, y)[2], abs=1e-10)


def test_procrustes_angle_obeys_the_triangle_inequality() -> None:
    rng = np.random.default_rng(8)
    for _ in range(50):
        x, y, z = rng.normal(size=(3, 8, 3))
        a, b, c = (float(alignment.procrustes_distance(*two)) for two in ((x, y), (y, z), (x, z)))
        assert c <= a + b + 1e-9


def test_unrelated_systems_of_many_units_look_alike_in_sample() -> None:
    rng = np.random.default_rng(9)
    result = alignment.procrustes_distance(rng.normal(size=(92, 300)), rng.normal(size=(92, 300)))
    assert result.similarity == pytest.approx(0.92, abs=0.01)


def test_canonical_correlations_are_those_of_the_variates() -> None:
    x, y = pair(10)
    x, y = x - x.mean(0), y - y.mean(0)
    correlations, in_x, in_y = canonical_correlations(x, y)
    np.testing.assert_allclose(np.sum(in_x * in_y, axis=0), correlations, atol=1e-10)
    np.testing.assert_allclose(in_x.T @ in_x, np.eye(len(correlations)), atol=1e-10)
    assert explained(x, in_x) == pytest.approx(1)


def test_cca_is_unchanged_by_any_invertible_map() -> None:
    x, y = pair(11)
    mixing = np.random.default_rng(11).normal(size=(x.shape[1],) * 2)
    assert float(alignment.cca_similarity(x @ mixing, y)) == pytest.approx(
        float(alignment.cca_similarity(x, y)), abs=1e-8
    )


def test_the_null_of_squared_canonical_correlations() -> None:
    rng = np.random.default_rng(12)
    found = [alignment.cca_similarity(rng.normal(size=(100, 10)), rng.normal(size=(100, 20))) for _ in range(10)]
    assert found[0].null_mean_squared == pytest.approx(20 / 99)
    assert np.mean([one.mean_squared for one in found]) == pytest.approx(0.203, abs=0.01)


def test_svcca_says_how_many_components_it_kept() -> None:
    rng = np.random.default_rng(13)
    x = rng.normal(size=(50, 4)) * [10, 10, 1, 0.1]
    result = alignment.svcca_similarity(x, x[:, :2], variance=0.99)
    assert (result.components_x, result.components_y) == (2, 2)


def test_held_out_predictivity_of_noise_is_not_positive_while_in_sample_is() -> None:
    rng = np.random.default_rng(14)
    x, y = rng.normal(size=(40, 15)), rng.normal(size=(40, 5))
    assert float(alignment.linear_predictivity_r2(x, y)) == pytest.approx(15 / 39, abs=0.1)
    assert float(alignment.linear_predictivity_r2(x, y, n_folds=5, seed=0)) < 0


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: alignment.cca_similarity(x, x), "by construction"),
        (lambda x: alignment.linear_predictivity_r2(x, x), "by construction"),
        (lambda x: alignment.cka_similarity(x, x, debiased=False), "debiased=True"),
    ],
)
def test_saturated_values_come_with_a_warning(call: object, text: str) -> None:
    x = np.random.default_rng(15).normal(size=(10, 30))
    with pytest.warns(UserWarning, match=text):
        result = call(x)  # type: ignore[operator]
    assert any(text in note for note in result.warnings)


def labelled(values: np.ndarray, ids: list[str]) -> xr.DataArray:
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", ids)})


def test_systems_are_matched_by_stimulus_and_not_by_row() -> None:
    rng = np.random.default_rng(16)
    x = rng.normal(size=(12, 4))
    ids = [f"image_{i}" for i in range(12)]
    order = rng.permutation(12)
    first, second = labelled(x, ids), labelled(x[order], [ids[i] for i in order])
    for name, measure in ALL.items():
        result = measure(first, second)
        assert float(result) == pytest.approx(result.meaning.same, abs=1e-7), name


def test_small_angles_are_exact() -> None:
    x = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]])
    tilt = 1e-10
    y = x @ np.array([[np.cos(tilt), 0, np.sin(tilt)], [0, 1, 0], [0, 0, 1]])
    angles = alignment.principal_angles(x, y, n_components=2, space="neuroid").angles.values
    assert np.radians(angles[-1]) == pytest.approx(tilt, rel=1e-4)
