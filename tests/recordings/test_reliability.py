"""Reliability of recordings: planted values are recovered, and macaque IT and V4 have those of their READMEs."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from neurogeom import recordings, results
from neurogeom.recordings.reliability import trials_by_stimulus
from neurogeom.statistics.reliability import spearman_brown


@pytest.fixture(scope="module")
def population():
    return recordings.synthetic_population(
        n_classes=8, n_stimuli=25, n_neuroids=80, n_repetitions=10, private_noise=2.0, shared_noise=0.5, seed=11
    )


# ------------------------------------------------------------------ known truth


@pytest.mark.parametrize("halves", ["common", "own"])
def test_the_planted_reliability_lies_in_the_interval(population, halves):
    result = recordings.split_half_reliability(population.responses, halves=halves, n_splits=30, seed=0)
    planted = population.reliability
    low, high = result.median_reliability_ci.values
    assert low < float(planted.median()) < high
    assert np.abs(result.reliability.values - planted.values).mean() < 0.03
    assert np.abs((result.reliability - planted).values.mean()) < 0.015


@pytest.mark.parametrize("halves", ["common", "own"])
def test_the_planted_reliability_of_an_odd_number_of_repetitions(halves):
    population = recordings.synthetic_population(
        n_classes=8, n_stimuli=40, n_neuroids=80, n_repetitions=3, private_noise=2.0, shared_noise=0.5, seed=5
    )
    result = recordings.split_half_reliability(population.responses, halves=halves, n_splits=30, seed=0)
    assert np.abs((result.reliability - population.reliability).values.mean()) < 0.02


def test_subjects_are_resampled_first_and_told_of_one_by_one(population):
    animals = np.repeat(["quiet", "noisy"], 40)
    responses = population.responses.copy()
    responses.values[:, 40:] += 12 * np.random.default_rng(0).normal(size=responses.values[:, 40:].shape)
    found = recordings.split_half_reliability(responses.assign_coords(subject=("neuroid", animals)), seed=0)
    flat = recordings.split_half_reliability(responses.drop_vars("subject"), seed=0)
    values = flat.reliability.values
    assert found.median_reliability == flat.median_reliability == pytest.approx(np.median(values))
    each = dict(zip(found.data["subject_name"].values, found.subject_reliability.values, strict=True))
    assert each == {"quiet": np.median(values[:40]), "noisy": np.median(values[40:])}
    assert np.ptp(found.median_reliability_ci.values) > np.ptp(flat.median_reliability_ci.values)
    assert found.settings["uncertainty"] == "subjects, then neuroids"


def test_every_estimator_agrees_with_the_truth(population):
    planted = population.reliability.values
    responses = population.responses
    assert np.abs(recordings.explainable_variance(responses).values - planted).mean() < 0.03
    power = recordings.signal_power(responses)
    np.testing.assert_allclose(power["maximal_correlation"].values ** 2, planted, atol=0.1)
    assert np.abs(power["signal_share"].values - population.single_trial_reliability().values).mean() < 0.03


def test_neurons_recorded_one_after_the_other_have_the_signal_power_that_they_have_alone(population):
    """Blocks of NaN, as joined sessions of 10 and of 6 repetitions have them."""
    responses = population.responses
    first, second = responses.isel(neuroid=slice(0, 30)), responses.isel(neuroid=slice(30, 80))
    second = second.isel(presentation=np.flatnonzero(second["repetition"].values < 6))
    n_first, n_second = first.sizes["presentation"], second.sizes["presentation"]
    values = np.full((n_first + n_second, 80), np.nan)
    values[:n_first, :30], values[n_first:, 30:] = first.values, second.values
    shown = np.concatenate([first["stimulus_id"].values, second["stimulus_id"].values])
    joined = xr.DataArray(values, dims=first.dims, coords={"stimulus_id": ("presentation", shown)})
    found = recordings.signal_power(joined)
    alone = [recordings.signal_power(one) for one in (first, second)]
    for name in found.data_vars:
        expected = np.concatenate([one[name].values for one in alone])
        np.testing.assert_allclose(found[name].values, expected, rtol=1e-12, err_msg=name)
    ceiling = recordings.noise_ceiling(joined, normalization="signal_power")
    np.testing.assert_array_equal(ceiling.values, found["maximal_correlation"].values)
    joined.values[np.flatnonzero(shown == shown[0])[1:10], 3] = np.nan  # one repetition of one stimulus is left
    with pytest.warns(UserWarning, match="1 of 80 values have no signal power"):
        assert np.isnan(recordings.signal_power(joined)["signal_power"].values).nonzero()[0].tolist() == [3]


def test_ceilings_are_named_and_related(population):
    ceilings = {
        name: recordings.noise_ceiling(population.responses, normalization=name, seed=0)
        for name in ("reliability", "correlation", "signal_power")
    }
    np.testing.assert_allclose(ceilings["correlation"] ** 2, ceilings["reliability"], atol=1e-12)
    np.testing.assert_allclose(ceilings["signal_power"], ceilings["correlation"], atol=0.03)
    assert [one.attrs["normalization"] for one in ceilings.values()] == list(ceilings)
    with pytest.raises(ValueError, match="normalization"):
        recordings.noise_ceiling(population.responses, normalization="spearman")


def test_reliable_neuroids_are_those_above_the_threshold(population):
    result = recordings.split_half_reliability(population.responses, seed=3)
    threshold = result.median_reliability
    chosen = recordings.select_reliable(population.responses, threshold, seed=3)
    expected = result.data["neuroid_id"].values[result.reliability.values >= threshold]
    np.testing.assert_array_equal(chosen["neuroid_id"].values, expected)
    assert (chosen["reliability"].values >= threshold).all()
    with pytest.raises(ValueError, match=r"threshold=1 leaves no neuroid; the highest"):
        recordings.select_reliable(population.responses, 1.0)


def test_each_time_bin_is_treated_alone(population):
    responses = population.responses
    noise = xr.zeros_like(responses) + np.random.default_rng(0).normal(size=responses.shape)
    both = xr.concat([responses, noise], dim="time_bin").transpose("presentation", "neuroid", "time_bin")
    both = both.assign_coords(time_bin_start=("time_bin", [0, 50]), time_bin_end=("time_bin", [50, 100]))
    result = recordings.split_half_reliability(both, n_splits=5, seed=0)
    alone = recordings.split_half_reliability(responses, n_splits=5, seed=0)
    np.testing.assert_allclose(result.reliability.values[:, 0], alone.reliability.values, atol=1e-12)
    assert abs(result.median_half_correlation.values[1]) < 0.1
    assert result.data["time_bin_start"].values.tolist() == [0, 50]
    shown = recordings.split_half_reliability(both.assign_coords(time_bin_start=("time_bin", [-50, 50])), n_splits=2)
    axes = shown.plot()
    assert axes.get_xlabel() == "time [ms]"
    assert axes.lines[0].get_xdata().tolist() == [0, 75]  # the middle of each bin
    assert [0.0, 0.0] in [list(line.get_xdata()) for line in axes.lines]  # stimulus onset


def test_a_result_survives_its_file_and_draws(population, tmp_path):
    result = recordings.split_half_reliability(population.responses, n_splits=5, seed=0)
    loaded = results.load(result.save(tmp_path / "r.nc"))
    assert loaded.data.equals(result.data)
    axes = result.plot()
    assert axes.get_xlabel() == "split-half reliability"
    assert sum(patch.get_height() for patch in axes.patches) == pytest.approx(80)


# ------------------------------------------------------------------ trials


def test_trials_are_ordered_by_repetition_and_padded(rng):
    responses = xr.DataArray(
        np.arange(10.0).reshape(5, 2),
        dims=("presentation", "neuroid"),
        coords={"stimulus_id": ("presentation", list("abaab")), "repetition": ("presentation", [2, 1, 0, 1, 0])},
    )
    trials, counts = trials_by_stimulus(responses, "stimulus_id")
    assert counts.tolist() == [3, 2] and trials.shape == (3, 2, 2)
    np.testing.assert_array_equal(trials[:, 0, 0], [4, 6, 0])
    np.testing.assert_array_equal(trials[:, 1, 0], [8, 2, np.nan])


def test_silent_neuroids_are_counted_and_left_out_of_the_median(population):
    responses = population.responses.copy()
    responses.values[:, :3] = 0.0
    result = recordings.split_half_reliability(responses, n_splits=5, seed=0)
    assert result.n_undefined == 3
    assert np.isnan(result.reliability.values[:3]).all()
    assert np.isfinite(result.median_reliability)
    with pytest.raises(ValueError, match="no neuroid varies"):
        recordings.split_half_reliability(responses.isel(neuroid=[0, 1, 2]))


def test_one_repetition_has_no_reliability(population):
    once = population.responses.where(population.responses["repetition"] == 0, drop=True)
    for function in (recordings.split_half_reliability, recordings.signal_power, recordings.explainable_variance):
        with pytest.raises(ValueError, match=r"repetition"):
            function(once)
    with pytest.raises(ValueError, match="two halves need two"):
        recordings.split_half_reliability(once, splits="odd_even")
    with pytest.raises(ValueError, match="Did you mean 'stimulus_id'"):
        recordings.split_half_reliability(population.responses, "stimulus")


# ------------------------------------------------------------------ macaque V4


@pytest.fixture(scope="module")
def v4(data_dir):
    path = data_dir / "macaque_v4_cowley2023" / "responses_210325.npy"
    if not path.is_file():
        pytest.skip(f"{path.name} is not in NEUROGEOM_DATA")
    return recordings.load(path, dims=("neuroid", "stimulus", "repetition"))


def test_v4_odd_against_even_repeats(v4):
    result = recordings.split_half_reliability(v4, splits="odd_even")
    assert result.median_half_correlation == pytest.approx(0.630, abs=5e-4)
    assert result.median_reliability == pytest.approx(0.773, abs=5e-4)


def test_v4_random_halves_with_unequal_repeats(v4):
    result = recordings.split_half_reliability(v4, n_splits=100, seed=0)
    twice = spearman_brown(result.half_correlation.values)  # the stored fact takes all halves for half of the trials
    assert np.median(twice) == pytest.approx(0.750, abs=0.01)
    np.testing.assert_allclose(np.quantile(twice, [0.25, 0.75]), [0.625, 0.825], atol=0.01)
    # odd numbers leave a trial out of the halves: with it, the reliability is the explainable share of variance
    explainable = recordings.explainable_variance(v4).values
    assert result.median_reliability == pytest.approx(np.median(explainable), abs=0.005)
    assert (result.reliability.values - explainable).mean() == pytest.approx(0.0, abs=0.005)


def test_v4_explainable_variance(v4):
    assert float(recordings.explainable_variance(v4).median()) == pytest.approx(0.764, abs=5e-4)
