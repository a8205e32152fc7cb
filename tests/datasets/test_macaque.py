"""Macaque IT and V4: every fact that their READMEs list is found through the loaders."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import f_oneway

from neurogeom import capacity, datasets, recordings
from neurogeom._core.warnings import SaturationWarning
from neurogeom.readout import classify


@pytest.fixture(scope="module")
def data(data_dir):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROGEOM_DATA", str(data_dir))
        yield data_dir


def load(data, name, part):
    if not (data / name).is_dir():
        pytest.skip(f"{name} is not in NEUROGEOM_DATA")
    return datasets.load(name, part=part, download=False)


@pytest.fixture(scope="module")
def joined(data):
    return load(data, "macaque_it_zhang_desimone", "pseudo_trials")


@pytest.fixture(scope="module")
def single(data):
    return load(data, "macaque_it_zhang_desimone", "trials")


@pytest.fixture(scope="module")
def v4(data):
    return load(data, "macaque_v4_cowley2023", "trials")


# ------------------------------------------------------------------ IT


def test_it_has_its_units_conditions_and_bins(joined, single):
    assert joined.shape == (7 * 3 * 19, 97, 100)
    assert single.sizes == {"presentation": 16 * 420 + 419, "neuroid": 97}
    assert len(np.unique(joined["stimulus_id"])) == len(np.unique(single["stimulus_id"])) == 21
    assert int(np.isfinite(single.values).sum()) == 40733
    counts = np.unique(single["stimulus_id"].values[single["presentation_session"].values == 1006], return_counts=True)[
        1
    ]
    assert sorted(counts) == [19] + [20] * 20


def test_it_rates_before_and_after_onset(joined, single):
    assert float(single.mean()) / 0.4 == pytest.approx(11.67, abs=0.005)
    baseline = recordings.time_window(joined, -500, 0, reduce="sum")  # without the repetitions beyond the 19th
    assert float(baseline.mean()) / 0.5 == pytest.approx(10.94, abs=0.15)


def test_it_units_with_an_effect_of_condition(single):
    groups = [single.values[single["stimulus_id"].values == name] for name in np.unique(single["stimulus_id"])]
    p = [f_oneway(*(group[np.isfinite(group[:, unit]), unit] for group in groups)).pvalue for unit in range(97)]
    assert int(np.sum(np.array(p) < 0.01)) == pytest.approx(81, abs=1)


def test_it_reliability(joined):
    late = recordings.time_window(joined, 100, 500, reduce="sum")
    late = late.isel(presentation=np.flatnonzero(late["repetition"].values < 18))
    fixed = recordings.split_half_reliability(late, splits="odd_even")
    assert fixed.median_half_correlation == pytest.approx(0.681, abs=5e-4)
    assert fixed.median_reliability == pytest.approx(0.810, abs=5e-4)
    own = recordings.split_half_reliability(late, halves="own", n_splits=100, seed=0)
    assert own.median_reliability == pytest.approx(0.760, abs=0.01)
    common = recordings.split_half_reliability(late, n_splits=100, seed=0)
    assert common.median_reliability > own.median_reliability + 0.02  # slow drift is noise in own halves only


def test_it_noise_correlation_within_sessions(single):
    found = recordings.noise_correlation(single).values
    pairs = found[np.triu_indices(97, 1)]
    pairs = pairs[np.isfinite(pairs)]
    assert len(pairs) == 240
    assert pairs.mean() == pytest.approx(0.173, abs=0.002)


def test_it_pseudo_populations_read_out_as_well_as_pseudo_trials(single):
    drawn = recordings.pseudo_population(single, n_repetitions=19, seed=0)
    assert drawn.shape == (399, 97) and np.isfinite(drawn.values).all()
    result = classify(drawn, "object_name", decoder="correlation", splits=drawn["repetition"] % 5)
    assert result.accuracy == pytest.approx(0.825, abs=0.04)


@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.SaturationWarning")
def test_it_single_trials_sit_on_the_floor_of_capacity(joined):
    """Stored: 23 % of 60 dichotomies inseparable, capacity 0.081 at 1.1 times the floor 0.072."""
    counts = recordings.time_window(joined, 100, 500, reduce="sum")
    z = (counts - counts.mean("presentation")) / counts.std("presentation")
    found = capacity.glue(z, "object_name", n_samples=60, seed=1)
    assert found.capacity_floor == pytest.approx(7 / 97, abs=1e-12)
    assert found.capacity == pytest.approx(0.081, abs=0.002)
    assert found.capacity / found.capacity_floor == pytest.approx(1.1, abs=0.06)
    assert found.fraction_inseparable == pytest.approx(0.23, abs=0.11)  # two binomial errors


# ------------------------------------------------------------------ V4


def test_v4_has_its_repeats_and_objects(v4):
    assert v4.shape == (4840, 50)
    assert float(v4.mean()) == pytest.approx(2.372, abs=5e-4)
    images, first = np.unique(v4["stimulus_id"].values.astype(str), return_index=True)
    assert len(images) == 640
    assert set(np.unique(v4["object_name"].values[first].astype(str), return_counts=True)[1]) == {80}


def test_v4_fano_factor(v4):
    trials, _ = recordings.reliability.trials_by_stimulus(v4, "stimulus_id")
    mean, variance = np.nanmean(trials, axis=0), np.nanvar(trials, axis=0, ddof=1)
    assert np.median(np.nanmean(variance, axis=0) / np.nanmean(mean, axis=0)) == pytest.approx(0.907, abs=0.05)


def test_v4_categories_sit_on_the_floor_of_capacity(v4):
    """Barely separable: 80 points of each of 8 categories in 50 dimensions."""
    means = recordings.average_repetitions(v4, "stimulus_id", missing="omit")
    with pytest.warns(SaturationWarning, match="within 1.5x of its floor"):
        found = capacity.glue(means, "object_name", n_samples=20, origin="mean", seed=0)
    assert found.capacity_floor == pytest.approx(8 / 50, abs=1e-12)
    assert found.capacity == pytest.approx(0.16, abs=0.01)
    assert found.fraction_inseparable > 0.9


def test_v4_objects_are_read_out_from_neurons_better_than_from_gabor_energy(data, v4):
    averaged = recordings.average_repetitions(v4)
    gabor = load(data, "macaque_v4_cowley2023", "gabor_energy")
    np.testing.assert_array_equal(gabor["stimulus_id"].values, averaged["stimulus_id"].values)
    neurons = classify(averaged, "object_name", seed=0)
    energy = classify(gabor, "object_name", seed=0)
    assert neurons.chance == 0.125
    assert neurons.accuracy == pytest.approx(0.370, abs=0.03)
    assert energy.accuracy == pytest.approx(0.284, abs=0.03)


@pytest.mark.parametrize(
    ("part", "shape", "animal"), [("averaged_210224", (800, 67), "PE"), ("averaged_210621", (1200, 51), "RA")]
)
def test_v4_averages_of_other_sessions(data, part, shape, animal):
    responses = load(data, "macaque_v4_cowley2023", part)
    assert responses.shape == shape and set(responses["subject"].values) == {animal}
    assert np.isfinite(responses.values).all()
