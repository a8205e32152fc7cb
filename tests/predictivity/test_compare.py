"""Comparison of models: paired, calibrated under no difference, corrected, and only of like with like."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurogeom import results
from neurogeom._core.warnings import SaturationWarning
from neurogeom.predictivity import ScoreResult, compare, score
from neurogeom.predictivity.compare import _Statistic

OPTIONS: dict[str, Any] = {"method": "ridge", "n_resamples": 0, "seed": 0, "train_size": 0.8}


def three_models(seed: int = 0, n: int = 80) -> dict[str, ScoreResult]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 8))
    trials = x @ rng.normal(size=(8, 20)) + 2 * rng.normal(size=(4, n, 20))
    features = {"good": x, "good again": x + 0.01 * rng.normal(size=x.shape), "poor": x[:, :3]}
    return {name: score(part, trials, **OPTIONS) for name, part in features.items()}


@pytest.fixture(scope="module")
def scored() -> dict[str, ScoreResult]:
    return three_models()


@pytest.fixture(scope="module")
def compared(scored: dict[str, ScoreResult]) -> Any:
    return compare(scored, n_resamples=400, seed=0)


def test_differences_are_antisymmetric_and_probabilities_symmetric(compared: Any) -> None:
    difference = compared.difference.values
    np.testing.assert_allclose(difference, -difference.T)
    np.testing.assert_array_equal(compared.p.values, compared.p.values.T)
    np.testing.assert_array_equal(compared.p_corrected.values, compared.p_corrected.values.T)
    low, high = (compared.difference_ci.sel(bound=bound).values for bound in ("low", "high"))
    np.testing.assert_allclose(low, -high.T)
    assert (compared.p_corrected.values >= compared.p.values).all()


def test_a_model_that_misses_features_is_found_and_a_twin_is_not(compared: Any) -> None:
    assert compared.p_corrected.sel(model="good", other_model="poor") < 0.05
    assert compared.difference_ci.sel(model="good", other_model="poor", bound="low") > 0
    assert compared.p_corrected.sel(model="good", other_model="good again") > 0.05


def test_weighted_statistics_are_those_of_repeated_rows(
    scored: dict[str, ScoreResult], rng: np.random.Generator
) -> None:
    """A resample by weights equals numpy's correlation on rows that are really repeated."""
    tables = list(scored.values())
    statistic = _Statistic(tables, "ceiled_score", tables[0].settings)
    rows, neuroids = rng.integers(statistic.n_stimuli, size=60), rng.integers(20, size=20)
    found = statistic(np.bincount(rows, minlength=statistic.n_stimuli)[None].astype(float), neuroids[None])[0]
    for model, result in enumerate(tables):
        tested = np.isfinite(np.stack([table.prediction.values for table in tables])).all(axis=(0, 2))
        predicted, observed = result.prediction.values[tested][rows], result.response.values[tested][rows]
        r = [np.corrcoef(predicted[:, one], observed[:, one])[0, 1] for one in neuroids]
        c = np.median(result.neuroid_ceiling.values[neuroids])
        assert found[model] == pytest.approx(np.median(r) ** 2 / c, rel=1e-9)


def test_no_difference_is_rarely_called_one() -> None:
    """Two models that hold half of the signal each are equally good: few of 30 comparisons reach p < 0.05."""
    n_called = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(70, 8))
        y = x @ rng.normal(size=(8, 15)) + rng.normal(size=(70, 15))
        pair = {name: score(part, y, ceiling=None, **OPTIONS) for name, part in (("a", x[:, :4]), ("b", x[:, 4:]))}
        n_called += int(compare(pair, quantity="correlation", n_resamples=200, seed=seed).p.values[0, 1] < 0.05)
    assert n_called <= 6


def noise(seed: int) -> dict[str, ScoreResult]:
    """Two models and a recording that hold nothing."""
    rng = np.random.default_rng(100 + seed)
    trials = rng.normal(size=(2, 40, 5))
    return {name: score(rng.normal(size=(40, 4)), trials, **OPTIONS) for name in "ab"}


@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.SaturationWarning")
def test_a_recording_of_noise_rarely_tells_models_apart() -> None:
    """Resamples whose ceiling is zero or less have no score; they must not make a difference look sure."""
    p = np.array([compare(noise(seed), n_resamples=200, seed=0).p.values[0, 1] for seed in range(30)])
    assert np.isfinite(p).any() and np.isnan(p).any()
    assert (p < 0.05).sum() <= 3


@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.SaturationWarning")
def test_scores_that_do_not_exist_have_no_p_and_this_is_said() -> None:
    unscored, scored = (
        next(one for one in map(noise, range(30)) if np.isnan(one["a"].ceiled_score) == lost) for lost in (True, False)
    )
    with pytest.warns(SaturationWarning, match="2 of 2 models have no score.*quantity='correlation'"):
        found = compare(unscored, n_resamples=200, seed=0)
    for name in ("p", "p_corrected", "difference", "difference_ci", "score", "score_ci"):
        assert found.data[name].isnull().all(), name
    with pytest.warns(SaturationWarning, match="of 200 resamples have a median ceiling of zero or less"):
        doubtful = compare(scored, n_resamples=200, seed=0)
    assert len(doubtful.warnings) == 1 and np.isfinite(doubtful.p_corrected).all()
    assert np.isfinite(compare(unscored, quantity="correlation", n_resamples=200, seed=0).p).all()


def test_corrections_are_those_of_statistics(scored: dict[str, ScoreResult]) -> None:
    from neurogeom.statistics import false_discovery, holm

    upper = np.triu_indices(3, 1)
    for name, function in (("holm", holm), ("benjamini_hochberg", false_discovery), ("none", np.asarray)):
        found = compare(scored, n_resamples=150, correction=name, seed=1)
        np.testing.assert_allclose(found.p_corrected.values[upper], function(found.p.values[upper]))


def test_too_few_resamples_for_so_many_pairs_are_said(scored: dict[str, ScoreResult]) -> None:
    with pytest.warns(SaturationWarning, match="n_resamples=120 or more"):
        found = compare(scored, n_resamples=60, seed=0)
    assert len(found.warnings) == 1


def test_groups_and_subjects_widen_the_interval() -> None:
    rng = np.random.default_rng(3)
    family = np.repeat(np.arange(10), 8)
    x = rng.normal(size=(10, 4))[family] + 0.3 * rng.normal(size=(80, 4))
    y = x @ rng.normal(size=(4, 16)) + rng.normal(size=(80, 16))
    flat = {name: score(part, y, ceiling=None, **OPTIONS) for name, part in (("a", x), ("b", x[:, :1]))}
    grouped = {
        name: score(part, y, ceiling=None, groups=family, **OPTIONS) for name, part in (("a", x), ("b", x[:, :1]))
    }
    widths = [
        np.ptp(compare(one, quantity="correlation", over=["stimuli"], n_resamples=300, seed=0).score_ci.values, axis=1)
        for one in (flat, grouped)
    ]
    assert (widths[1] > widths[0]).all()


@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.SaturationWarning")
def test_only_scores_of_the_same_responses_are_compared(scored: dict[str, ScoreResult]) -> None:
    first = scored["good"]
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(80, 5)), rng.normal(size=(4, 80, 20))
    with pytest.raises(ValueError, match="other responses"):
        compare({"a": first, "b": score(x, y, **OPTIONS)})
    with pytest.raises(ValueError, match="other values of neuroid"):
        compare({"a": first, "b": score(x, y[:, :, :5], **OPTIONS)})
    with pytest.raises(ValueError, match="keep_predictions=True"):
        compare({"a": first, "b": score(x, y, keep_predictions=False, **OPTIONS)})
    with pytest.raises(ValueError, match="has no ceiling"):
        compare({"a": score(x, y, ceiling=None, **OPTIONS), "b": score(x, y, ceiling=None, **OPTIONS)})
    with pytest.raises(TypeError, match="at least two"):
        compare({"a": first})
    with pytest.raises(ValueError, match="over"):
        compare({"a": first, "b": first}, over=["sites"])


def test_a_result_survives_its_file(compared: Any, tmp_path: Any) -> None:
    xr.testing.assert_identical(results.load(compared.save(tmp_path / "comparison.nc")).data, compared.data)
