"""The stored values of golden g1 and g2: exact algorithms to 1e-9, others' within their own error."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from neurogeom.predictivity import ScoreResult, make_splits, score
from neurogeom.predictivity.aggregate import held_out_correlation
from neurogeom.regression import pls_folds
from neurogeom.statistics.explained import cc_max, noise_variance
from neurogeom.statistics.reliability import shuffled_halves, signal_power


@pytest.fixture(scope="module")
def preset(g1: SimpleNamespace) -> ScoreResult:
    return score(g1.features, g1.trials, preset="brainscore_2025", stratify=g1.labels, n_resamples=50)


def ridge(g1: SimpleNamespace, **options: Any) -> ScoreResult:
    return score(
        g1.features, g1.mean, method="ridge", splits="stratified", stratify=g1.labels, seed=1, ceiling=None,
        n_resamples=0, **options,
    )  # fmt: skip


def test_the_generator_is_the_stored_one(g1: SimpleNamespace, stored: dict[str, Any]) -> None:
    assert g1.features.sum() == pytest.approx(stored["X_sum"], rel=1e-12)
    np.testing.assert_allclose(g1.features[0, :3], stored["X_0_0to3"], rtol=1e-12)
    np.testing.assert_allclose(g1.mean[0, :3], stored["Y_0_0to3"], rtol=1e-12)
    assert g1.trials[5, 7, 9] == pytest.approx(stored["Yr_5_7_9"], rel=1e-12)


def test_splits_and_halves_are_the_stored_ones(g1: SimpleNamespace, stored: dict[str, Any]) -> None:
    folds = make_splits("stratified", 315, stratify=g1.labels, seed=1)
    assert [len(side) for side in folds[0]] == [stored["n_train"], stored["n_test"]]
    assert folds[0][1].tolist() == stored["split0_test"]
    assert folds[9][1].tolist() == stored["split9_test"]
    first, second = stored["own_internal_consistency"]["halves_split0"]
    row = shuffled_halves(20, 10, 1)[0]
    assert [np.flatnonzero(row > 0).tolist(), np.flatnonzero(row < 0).tolist()] == [first, second]


def test_exact_pls_and_its_ceiling(preset: ScoreResult, stored: dict[str, Any]) -> None:
    exact = stored["pls25_exact"]
    assert preset.correlation == pytest.approx(exact["score"], abs=1e-9)
    assert preset.correlation_se == pytest.approx(exact["error_sem_ddof0"], abs=1e-9)
    np.testing.assert_allclose(preset.split_median, exact["split_medians"], atol=1e-9)
    np.testing.assert_allclose(preset.split_correlation[0, :5], exact["split0_r_first5"], atol=1e-9)
    own = stored["own_internal_consistency"]
    assert preset.ceiling == pytest.approx(own["ceiling"], abs=1e-9)
    assert preset.ceiled_score == pytest.approx(stored["ceiled_exact"], abs=1e-9)


def test_brain_scores_own_numbers_lie_within_the_error_of_its_solver(
    preset: ScoreResult, stored: dict[str, Any]
) -> None:
    theirs = stored["brainscore_pls_nipals"]
    assert preset.correlation == pytest.approx(theirs["score"], abs=2e-4)
    assert preset.correlation_se == pytest.approx(theirs["error"], abs=2e-4)
    assert preset.ceiling == pytest.approx(stored["brainscore_internal_consistency"]["ceiling"], abs=1e-12)
    assert preset.ceiled_score == pytest.approx(stored["brainscore_ceiled"], abs=2e-4)


def test_the_older_preset_squares_the_ratio(g1: SimpleNamespace, preset: ScoreResult) -> None:
    old = score(g1.features, g1.trials, preset="brainscore_2018", stratify=g1.labels, n_resamples=0)
    assert old.correlation == preset.correlation
    assert old.ceiled_score == pytest.approx((preset.correlation / preset.ceiling) ** 2, rel=1e-12)
    assert preset.ceiled_score == pytest.approx(preset.correlation**2 / preset.ceiling, rel=1e-12)


def test_medians_by_number_of_components(g1: SimpleNamespace, stored: dict[str, Any]) -> None:
    folds = make_splits("stratified", 315, stratify=g1.labels, seed=1)[:1]
    found = pls_folds(g1.features, g1.mean, folds, 25)
    for count, expected in stored["split0_median_by_ncomp"].items():
        r = held_out_correlation(found.predict(0, int(count)), g1.mean[folds[0][1]])
        assert np.median(r) == pytest.approx(expected, abs=1e-9)


def test_ridge_with_one_penalty_one_for_all_and_one_for_each(g1: SimpleNamespace, stored: dict[str, Any]) -> None:
    assert ridge(g1, alphas=1.0).correlation == pytest.approx(stored["brainscore_ridge_alpha1"], abs=1e-9)
    common = ridge(g1, alpha_per_target=False)
    assert common.correlation == pytest.approx(0.8483455415966648, abs=1e-9)
    assert np.unique(common.alpha).tolist() == [1500.0]
    assert ridge(g1).correlation == pytest.approx(0.8474031352302243, abs=1e-9)


def test_signal_power_noise_and_maximal_correlation(g1: SimpleNamespace, leak_values: dict[str, Any]) -> None:
    power, _ = signal_power(g1.trials)
    np.testing.assert_allclose(power[:5], leak_values["g1_signal_power_first5"], atol=1e-9)
    np.testing.assert_allclose(cc_max(g1.trials)[:5], leak_values["g1_ccmax_first5"], atol=1e-9)
    np.testing.assert_allclose(noise_variance(g1.trials)[:5], leak_values["g1_noise_var_first5"], atol=1e-9)
    median = np.median(cc_max(g1.trials) ** 2)
    assert median == pytest.approx(leak_values["g1_median_SP_over_TP"], abs=1e-9)
    found = score(g1.features[:, :50], g1.trials, ceiling="signal_power", n_splits=2, n_resamples=0, seed=0)
    assert found.ceiling == pytest.approx(leak_values["g1_median_SP_over_TP"], abs=1e-9)


def test_family_and_type_alone_predict_under_a_stratified_split(
    g2: SimpleNamespace, leak_values: dict[str, Any]
) -> None:
    assert g2.spikes.sum() == 317050
    options = {"method": "ridge", "alphas": 1.0, "seed": 1, "n_resamples": 0, "n_ceiling_splits": 10}
    leaky = score(g2.one_hot, g2.trials, splits="stratified", stratify=g2.kind, groups=g2.families, **options)
    assert leaky.correlation == pytest.approx(leak_values["onehot_family_leak_r"], abs=1e-9)
    # the baseline that knows only family and type says so beside every score
    assert leaky.baseline_correlation == pytest.approx(leaky.correlation, abs=0.02)
    honest = score(g2.one_hot, g2.trials, splits="leave_group_out", groups=g2.families, n_splits=5, **options)
    assert abs(honest.correlation - leak_values["groupkfold_r"]) < 1e-9
    assert abs(honest.baseline_correlation) < 1e-9


def test_the_leak_in_units_of_the_ceiling(g2: SimpleNamespace, leak_values: dict[str, Any]) -> None:
    found = score(
        g2.one_hot, g2.trials, preset="brainscore_2025", method="pls", stratify=g2.kind, groups=g2.families,
        n_resamples=0,
    )  # fmt: skip
    assert found.ceiling == pytest.approx(leak_values["ceiling_g2_noiseceil"], abs=1e-9)
    expected = leak_values["onehot_family_leak_r"] ** 2 / leak_values["ceiling_g2_noiseceil"]
    assert expected == pytest.approx(0.466, abs=5e-4)
    assert found.baseline_ceiled_score == pytest.approx(expected, abs=0.03)


def test_pls_does_not_reach_the_ceiling_with_perfect_features(g1: SimpleNamespace) -> None:
    found = score(g1.mean, g1.trials, preset="brainscore_2025", stratify=g1.labels, n_resamples=0)
    perfect = score(g1.mean, g1.trials, method="ridge", alphas=1e-6, n_resamples=0, seed=0)
    assert found.correlation < 0.95
    assert perfect.correlation == pytest.approx(1.0, abs=1e-9)
