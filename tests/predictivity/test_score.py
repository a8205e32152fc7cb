"""Laws of a score: signed, never clamped, honest about groups, the same for any number of threads."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom import results
from neurogeom._core.warnings import DegenerateInputWarning, SaturationWarning
from neurogeom.predictivity import normalize, score
from neurogeom.predictivity.aggregate import held_out_correlation
from neurogeom.statistics.explained import cc_max, feve

QUICK: dict[str, Any] = {"n_resamples": 0, "seed": 0}


def population(
    seed: int = 0, n: int = 80, p: int = 30, t: int = 12, n_repetitions: int = 6, noise: float = 2.0
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    signal = x @ rng.normal(size=(p, t)) / np.sqrt(p)
    return x, signal + noise * rng.normal(size=(n_repetitions, n, t))


def test_a_correlation_of_the_wrong_sign_scores_below_zero() -> None:
    x = np.linspace(0, 1, 40)[:, None]
    y = np.concatenate([x[:20], 1 - x[20:]]) + 0.01 * np.random.default_rng(0).normal(size=(4, 40, 1))
    fold = [(np.arange(20), np.arange(20, 40))]
    found = score(x, y, method="ridge", splits=fold, **QUICK)
    assert found.correlation < -0.99
    assert found.ceiled_score < -0.95
    theirs = score(x, y, method="ridge", splits=fold, signed=False, **QUICK)
    assert theirs.ceiled_score == -found.ceiled_score


@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.SaturationWarning")
def test_scores_above_one_are_not_clamped() -> None:
    rng = np.random.default_rng(1)
    signal = rng.normal(size=(60, 1)) @ rng.normal(size=(1, 5))
    trials = signal + 3.0 * rng.normal(size=(2, 60, 5))
    found = score(trials.mean(axis=0), trials, method="ridge", alphas=1e-8, **QUICK)
    assert found.correlation == pytest.approx(1.0, abs=1e-6)
    assert found.ceiled_score == pytest.approx(1.0 / found.ceiling, rel=1e-5)
    assert found.ceiled_score > 1.2


@given(r=st.floats(-1, 1), c=st.floats(0.01, 1))
def test_normalizations_are_odd_in_the_correlation(r: float, c: float) -> None:
    expected = {"explained": r * abs(r) / c, "squared_ratio": r * abs(r) / c**2, "correlation": r / np.sqrt(c)}
    for how, value in expected.items():
        assert normalize(r, c, how) == pytest.approx(value, abs=1e-12)
        assert normalize(-r, c, how) == pytest.approx(-value, abs=1e-12)
    assert np.isnan(normalize(r, 0.0, "explained"))


def test_ratio_of_medians_and_median_of_ratios() -> None:
    x, y = population(t=9)
    one = score(x, y, method="ridge", **QUICK)
    two = score(x, y, method="ridge", aggregate="median_of_ratios", **QUICK)
    assert one.correlation == two.correlation
    assert one.ceiled_score == pytest.approx(one.correlation**2 / one.ceiling, rel=1e-12)
    each = one.neuroid_correlation**2 / one.neuroid_ceiling * np.sign(one.neuroid_correlation)
    assert two.ceiled_score == pytest.approx(np.median(each), rel=1e-12)
    np.testing.assert_allclose(two.neuroid_ceiled_score, each, rtol=1e-12)


def test_constant_predictions_know_nothing_and_constant_responses_are_left_out() -> None:
    rng = np.random.default_rng(2)
    y = rng.normal(size=(30, 3))
    y[10:, 1] = 5.0  # constant in the test set, not in training
    fold = [(np.arange(15), np.arange(15, 30))]
    with pytest.warns(DegenerateInputWarning, match="1 neuroids do not vary"):
        found = score(np.ones((30, 2)), y, method="one_to_one", splits=fold, ceiling=None, **QUICK)
    assert found.split_correlation[0].values[[0, 2]].tolist() == [0.0, 0.0]
    assert np.isnan(found.split_correlation[0, 1])
    assert (found.n_neuroids, found.diagnostics["n_excluded"]["constant_in_test"]) == (2, 1)


def test_correlations_are_numpys(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(20, 4)), rng.normal(size=(20, 4))
    expected = [np.corrcoef(a[:, column], b[:, column])[0, 1] for column in range(4)]
    np.testing.assert_allclose(held_out_correlation(a, b), expected, rtol=1e-12)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), method=st.sampled_from(["pls", "ridge"]), shift=st.floats(-10, 10))
def test_rotated_features_and_affine_responses_score_the_same(seed: int, method: str, shift: float) -> None:
    x, y = population(seed, n=40, p=12, t=4)
    turned = x @ np.linalg.qr(np.random.default_rng(seed).normal(size=(12, 12)))[0] + shift
    first = score(x, y, method=method, n_components=4, **QUICK)
    second = score(turned, y + shift, method=method, n_components=4, **QUICK)
    np.testing.assert_allclose(second.split_correlation, first.split_correlation, atol=1e-7)
    assert second.ceiling == pytest.approx(first.ceiling, abs=1e-9)


@pytest.mark.parametrize("method", ["pls", "ridge", "one_to_one"])
def test_random_features_score_nothing_on_new_families(g2: SimpleNamespace, method: str) -> None:
    """Over seeds the score of random features lies within two standard errors of zero."""
    scores = []
    for seed in range(8):
        x = np.random.default_rng(seed).normal(size=(450, 40))
        found = score(
            x, g2.trials[:, :, :15], method=method, splits="leave_group_out", groups=g2.families, ceiling=None,
            n_components=5, keep_predictions=False, **QUICK,
        )  # fmt: skip
        scores.append(found.correlation)
    assert abs(np.mean(scores)) < 2 * np.std(scores, ddof=1) / np.sqrt(len(scores)) + 0.01


def test_within_groups_family_labels_know_nothing(g2: SimpleNamespace) -> None:
    found = score(
        g2.one_hot,
        g2.trials,
        method="ridge",
        splits="within_group",
        groups=g2.families,
        n_splits=3,
        ceiling=None,
        **QUICK,
    )
    assert found.baseline_correlation == 0.0
    # what is left within a family is its two types
    assert 0.0 < found.correlation < 0.35


def test_response_parts_tell_families_from_samples(g2: SimpleNamespace) -> None:
    """Family and type know the means alone, and on new families nothing; the truth knows all parts."""
    truth = g2.trials.mean(axis=0)
    options = {"method": "ridge", "alphas": 0.1, "stratify": g2.kind, "groups": g2.families, "ceiling": None, **QUICK}
    labels = score(g2.one_hot, g2.trials, splits="stratified", n_splits=20, **options)
    parts = dict(zip(labels.data["component"].values, labels.component_correlation.values))
    assert parts["group_means"] > 0.95
    assert parts["within_group"] == 0.0
    assert parts["stratum_difference"] > 0.7
    assert set(labels.data["stratum"].values) == {"noise", "texture"}
    assert (labels.stratum_correlation > 0.4).all()
    elsewhere = score(g2.one_hot, g2.trials, splits="leave_group_out", **options)
    np.testing.assert_allclose(elsewhere.component_correlation, 0.0, atol=0.06)
    perfect = score(truth, g2.trials, splits="leave_group_out", **options)
    assert (perfect.component_correlation > 0.95).all()


def test_signal_is_recovered_in_units_of_the_ceiling() -> None:
    """Features that hold the whole signal, and enough stimuli: the score is the ceiling, within its interval."""
    x, y = population(3, n=600, p=8, t=30, n_repetitions=4, noise=1.5)
    found = score(x, y, method="ridge", train_size=0.6, n_splits=5, seed=0, n_resamples=200)
    assert found.ceiled_score_ci[0] < 1.0 < found.ceiled_score_ci[1] + 0.02
    assert found.ceiled_score == pytest.approx(1.0, abs=0.06)
    power = score(x, y, method="ridge", train_size=0.6, n_splits=5, ceiling="signal_power", **QUICK)
    assert power.ceiling == pytest.approx(found.ceiling, abs=0.02)


def test_threads_change_no_bit_and_a_result_survives_its_file(tmp_path: Any) -> None:
    x, y = population(4, p=120)
    one, four = (score(x, y, seed=5, n_resamples=50, n_jobs=n_jobs) for n_jobs in (1, 4))
    for name in one.data.variables:
        assert one.data[name].values.tobytes() == four.data[name].values.tobytes(), name
    loaded = results.load(one.save(tmp_path / "score.nc"))
    xr.testing.assert_identical(loaded.data, one.data)
    assert loaded.settings["seed"] == 5


@pytest.mark.parametrize("n_repetitions", [3, 5])
def test_the_ceiling_of_an_odd_number_of_repetitions(n_repetitions: int) -> None:
    """A model that knows the whole signal reaches the ceiling and does not pass it."""
    rng = np.random.default_rng(n_repetitions)
    signal = rng.normal(size=(300, 60))
    trials = signal + 2 * rng.normal(size=(n_repetitions, 300, 60))
    found = score(signal, trials, method="one_to_one", splits=[(np.arange(100), np.arange(100, 300))], **QUICK)
    assert found.ceiling == pytest.approx(1 / (1 + 4 / n_repetitions), abs=0.02)
    assert found.ceiled_score == pytest.approx(1.0, abs=0.07)


@pytest.mark.parametrize("ceiling", ["split_half", "signal_power"])
@pytest.mark.parametrize("unequal", [False, True])
def test_scores_within_groups_are_in_units_of_the_ceiling_within_groups(ceiling: str, unequal: bool) -> None:
    """Large differences between groups are reliable, but are not what is scored within them."""
    rng = np.random.default_rng(17)
    family = np.repeat(np.arange(20), 15)
    inner = rng.normal(size=(300, 10))
    signal = 3 * rng.normal(size=(20, 30))[family] + inner @ rng.normal(size=(10, 30)) / np.sqrt(10)
    trials = signal + 2 * rng.normal(size=(4, 300, 30))
    if unequal:
        trials[2:, ::3] = np.nan
    noise = 4 * np.mean([1 / 2, 1 / 4, 1 / 4]) if unequal else 1.0
    found = score(
        signal, trials, method="one_to_one", splits="within_group", groups=family, ceiling=ceiling, missing="omit",
        n_splits=3, train_size=0.4, **QUICK,
    )  # fmt: skip
    assert found.ceiling == pytest.approx(1 / (1 + noise), abs=0.06)
    assert found.ceiled_score == pytest.approx(1.0, abs=0.1)
    assert "deviations from group means" in found.diagnostics["ceiling_estimator"]


def test_the_same_seed_repeats_a_drawn_one() -> None:
    x, y = population(5)
    first = score(x, y, n_components=3, n_resamples=0)
    again = score(x, y, n_components=3, n_resamples=0, seed=first.settings["seed"])
    np.testing.assert_array_equal(first.split_correlation, again.split_correlation)


def test_the_share_of_explainable_variance_is_told_beside_the_score() -> None:
    x, y = population(16, n=300, p=8, t=20, n_repetitions=4, noise=1.5)
    fold = [(np.arange(150), np.arange(150, 300)), (np.arange(150, 300), np.arange(150))]
    found = score(x, y, method="ridge", alphas=1e-6, splits=fold, **QUICK)
    assert found.feve == pytest.approx(1.0, abs=0.06)
    np.testing.assert_allclose(found.neuroid_feve, feve(found.prediction.values, y), rtol=1e-12)
    shrunk = score(x, y, method="ridge", alphas=1e3, splits=fold, **QUICK)
    assert shrunk.feve < found.feve - 0.3  # a wrong scale is an error here, and none for a correlation
    assert shrunk.correlation > found.correlation - 0.1
    power = {
        "ceiling": "signal_power",
        "normalization": "correlation",
        "splits": [(np.arange(150), np.arange(300)[150:])],
    }
    named = score(x, y, method="ridge", alphas=1e-6, **power, **QUICK)
    expected = named.neuroid_correlation.values / cc_max(y)
    np.testing.assert_allclose(named.neuroid_ceiled_score, expected, rtol=1e-9)
    assert "feve" not in score(x, y, method="ridge", ceiling=None, **QUICK).data


def test_the_estimators_are_found_beside_the_scores() -> None:
    from neurogeom import predictivity, regression

    assert predictivity.PLSRegression is regression.PLSRegression
    assert predictivity.RidgeCV is regression.RidgeCV


def test_one_repetition_has_no_ceiling() -> None:
    x, y = population()
    with pytest.raises(ValueError, match="needs at least 2 repetitions.*ceiling=None"):
        score(x, y[0], seed=0)
    found = score(x, y[0], ceiling=None, **QUICK)
    assert "ceiling" not in found.data
    assert "ceiled_score" not in found.data


def test_unreliable_neuroids_are_left_out_only_when_asked() -> None:
    rng = np.random.default_rng(6)
    x, y = population(6)
    y[:, :, :4] = rng.normal(size=(6, 80, 4))
    with pytest.warns(SaturationWarning, match="ceiling of zero or less"):
        everyone = score(x, y, method="ridge", **QUICK)
    chosen = score(x, y, method="ridge", min_reliability=0.3, **QUICK)
    assert (everyone.n_neuroids, chosen.n_neuroids) == (12, 8)
    assert chosen.diagnostics["n_excluded"]["unreliable"] == 4
    assert chosen.correlation > everyone.correlation
    assert np.isfinite(chosen.split_correlation).all()


def test_missing_trials_follow_the_policy() -> None:
    x, y = population(7)
    y[4:, ::3] = np.nan  # unequal repetitions
    with pytest.raises(ValueError, match="missing='omit'"):
        score(x, y, seed=0)
    found = score(x, y, method="ridge", missing="omit", **QUICK)
    full = score(x, population(7)[1], method="ridge", **QUICK)
    assert found.correlation == pytest.approx(full.correlation, abs=0.1)
    with pytest.raises(ValueError, match="same number of repetitions"):
        score(x, y, preset="brainscore_2025", missing="omit")


@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.SaturationWarning")
def test_subjects_are_reported_and_resampled_first() -> None:
    x, y = population(8, t=20)
    y[:, :, 10:] += 6 * np.random.default_rng(0).normal(size=(6, 80, 10))
    responses = xr.DataArray(
        y.reshape(-1, 20),
        dims=("presentation", "neuroid"),
        coords={
            "stimulus_id": ("presentation", np.tile(np.arange(80), 6)),
            "animal": ("neuroid", np.repeat(["M", "N"], 10)),
        },
    )
    features = xr.DataArray(
        x, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", np.arange(80))}
    )
    found = score(features, responses, method="ridge", n_resamples=100, seed=0)
    good, bad = found.subject_correlation.sel(subject_name=["M", "N"]).values
    assert good > found.correlation > bad
    flat = score(features, responses.drop_vars("animal"), method="ridge", n_resamples=100, seed=0)
    assert np.ptp(found.correlation_ci.values) > np.ptp(flat.correlation_ci.values)


def test_over_time_each_bin_is_scored_alone_with_the_same_splits() -> None:
    x, y = population(9, t=6)
    silent = np.random.default_rng(1).normal(size=y.shape)
    stacked = np.stack([silent, y], axis=-1).reshape(-1, 6, 2)
    responses = xr.DataArray(
        stacked,
        dims=("presentation", "neuroid", "time_bin"),
        coords={"stimulus_id": ("presentation", np.tile(np.arange(80), 6)), "time_bin_start": ("time_bin", [-50, 50])},
    )
    features = xr.DataArray(
        x, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", np.arange(80))}
    )
    with pytest.warns(SaturationWarning):
        found = score(features, responses, method="ridge", n_resamples=20, seed=0)
    assert found.data["time"].values.tolist() == [-50, 50]
    alone = score(features, responses.isel(time_bin=1), method="ridge", n_resamples=20, seed=0)
    assert float(found.correlation[1]) == alone.correlation
    assert float(found.correlation[0]) < 0.3 < float(found.correlation[1])


def test_both_directions() -> None:
    x, y = population(10)
    found = score(x, y, direction="reverse", method="ridge", ceiling=None, **QUICK)
    assert found.data.sizes["neuroid"] == x.shape[1]
    expected = score(y.mean(axis=0), x, method="ridge", ceiling=None, **QUICK)
    np.testing.assert_allclose(found.split_correlation, expected.split_correlation)
    with pytest.raises(ValueError, match="ceiling=None"):
        score(x, y, direction="reverse", seed=0)


def test_the_best_single_feature_is_found_in_training() -> None:
    rng = np.random.default_rng(11)
    x = rng.normal(size=(60, 25))
    y = x[:, [3, 7]] + 0.1 * rng.normal(size=(60, 2))
    found = score(x, y, method="one_to_one", ceiling=None, **QUICK)
    assert found.feature.values.tolist() == [[3, 7]] * 10
    assert found.correlation > 0.97


def test_bands_get_their_own_weights() -> None:
    x, y = population(12, p=10, noise=0.3)
    bands = {"good": x, "noise": np.random.default_rng(0).normal(size=(80, 60))}
    found = score(bands, y, method="banded_ridge", n_splits=3, **QUICK)
    assert (found.band_weight.sel(band="good") > 0.5).all()
    together = score(np.hstack(list(bands.values())), y, method="ridge", n_splits=3, **QUICK)
    assert found.correlation > together.correlation
    with pytest.raises(ValueError, match="method='banded_ridge'"):
        score(bands, y, seed=0)


def test_bands_can_be_fitted_by_himalaya() -> None:
    pytest.importorskip("himalaya", reason="himalaya is not installed (extra ridge)")
    x, y = population(12, p=10, noise=0.3)
    bands = {"good": x, "noise": np.random.default_rng(0).normal(size=(80, 60))}
    ours, theirs = (
        score(bands, y, method="banded_ridge", n_splits=3, backend=backend, **QUICK)
        for backend in ("numpy", "himalaya")
    )
    assert theirs.correlation == pytest.approx(ours.correlation, abs=0.02)
    assert (theirs.band_weight.sel(band="good") > 0.5).all()
    assert theirs.diagnostics["algorithm"].endswith("himalaya")


@pytest.mark.parametrize("reduce", ["pca", "sparse_projection"])
def test_reduced_features_still_predict(reduce: str) -> None:
    rng = np.random.default_rng(13)
    hidden = rng.normal(size=(100, 5))
    x = hidden @ rng.normal(size=(5, 400)) + 0.1 * rng.normal(size=(100, 400))
    y = hidden @ rng.normal(size=(5, 8)) + 0.1 * rng.normal(size=(100, 8))
    found = score(x, y, n_components=5, reduce=reduce, n_reduced=60, ceiling=None, **QUICK)
    assert found.correlation > 0.95


def test_pca_is_fitted_on_training_rows_alone() -> None:
    """A huge outlier among the test stimuli would own the first component."""
    x, y = population(14, p=100, noise=0.3)
    fold = [(np.arange(60), np.arange(60, 80))]
    spoiled = x.copy()
    spoiled[79] *= 1e4
    clean, other = (
        score(part, y, method="ridge", reduce="pca", n_reduced=20, splits=fold, **QUICK).prediction.values
        for part in (x, spoiled)
    )
    np.testing.assert_allclose(other[60:79], clean[60:79], rtol=1e-5)


def test_a_report_holds_what_is_needed_to_read_a_score(g2: SimpleNamespace) -> None:
    found = score(
        g2.one_hot, g2.trials[:, :, :10], method="ridge", alphas=1.0, splits="stratified", stratify=g2.kind,
        groups=g2.families, **QUICK,
    )  # fmt: skip
    report = json.loads(json.dumps(found.to_report()))
    assert report["score"] == found.correlation
    assert report["baselines"]["group_mean"]["score"] == found.baseline_correlation
    assert report["settings"]["splits"] == "stratified"
    assert report["versions"]["numpy"] == np.__version__
    assert "group-mean baseline" in repr(found)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"method": "plss"}, ValueError, "Did you mean 'pls'"),
        ({"ceiling": "splithalf"}, ValueError, "Did you mean 'split_half'"),
        ({"aggregate": "mean"}, ValueError, "aggregate='mean'"),
        ({"preset": "brainscore_2018", "n_splits": 5}, ValueError, "sets n_splits=10, and n_splits=5"),
        ({"preset": "brainscore"}, ValueError, "Did you mean"),
        ({"min_reliability": 0.1, "ceiling": None}, ValueError, "needs a ceiling"),
        ({"seed": -1}, ValueError, "seed"),
        ({"n_components": 0}, ValueError, "n_components"),
        ({"level": 1.0}, ValueError, "level"),
        ({"backend": "himalaya_cuda"}, ValueError, "is for method='banded_ridge'"),
        ({"method": "one_to_one", "reduce": "pca"}, ValueError, "picks one feature of the model.*reduce='pca'"),
        ({"method": "one_to_one", "reduce": "sparse_projection"}, ValueError, "Leave reduce out"),
        ({"groups": "family"}, ValueError, "groups='family' is not a coordinate"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(options: dict, error: type, message: str) -> None:
    x, y = population()
    with pytest.raises(error, match=message):
        score(x, y, **options)


def test_more_components_than_training_stimuli_are_cut_and_said() -> None:
    x, y = population(15, n=24)
    with pytest.warns(DegenerateInputWarning, match="n_components=25 is more than the 11"):
        found = score(x, y, train_size=0.5, **QUICK)
    assert any("n_components=25" in note for note in found.warnings)
    assert found.n_components_used.max() == 11
