"""Spike times: every spike is counted once, in its trial and bin, whatever holds the times."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom import recordings


@pytest.fixture
def session(rng):
    onsets = np.arange(1.0, 21.0)
    spikes = {f"u{k}": np.sort(rng.uniform(0, 22, size=rng.integers(50, 400))) for k in range(4)}
    trials = pd.DataFrame({"onset": onsets, "stimulus_id": np.tile(list("abcd"), 5), "reward": np.arange(20) % 3})
    return spikes, trials


def slow_count(spikes, onset, start, stop):
    return sum(start / 1000 <= t - onset < stop / 1000 for t in spikes)


def test_counts_are_those_of_a_slow_loop(session):
    spikes, trials = session
    found = recordings.from_spike_times(spikes, trials, align_to="onset", window=(-200, 300), bin_ms=50)
    assert found.dims == ("presentation", "neuroid", "time_bin") and found.shape == (20, 4, 10)
    for trial, onset in enumerate(trials["onset"]):
        for unit, times in enumerate(spikes.values()):
            for b, start in enumerate(range(-200, 300, 50)):
                assert found.values[trial, unit, b] == slow_count(times, onset, start, start + 50)


@given(seed=st.integers(0, 10_000), n_bins=st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_bins_add_up_to_the_window(seed, n_bins):
    rng = np.random.default_rng(seed)
    spikes = {"a": rng.uniform(0, 5, 60), "b": rng.uniform(0, 5, 10)}
    trials = {"onset": rng.uniform(1, 4, 6)}
    width = 40.0
    window = (-100.0, -100.0 + n_bins * width)
    bins = recordings.from_spike_times(spikes, trials, align_to="onset", window=window, bin_ms=width)
    whole = recordings.from_spike_times(spikes, trials, align_to="onset", window=window)
    np.testing.assert_array_equal(bins.sum("time_bin").values, whole.values)


def test_a_spike_on_an_edge_belongs_to_the_bin_that_it_starts():
    found = recordings.from_spike_times(
        {"u": [1.0, 1.125, 1.25]}, {"onset": [1.0]}, align_to="onset", window=(0, 250), bin_ms=125
    )
    assert found.values.tolist() == [[[1, 1]]]


def test_all_containers_give_the_same(session):
    spikes, trials = session
    options = {"align_to": "onset", "window": (0, 500)}
    expected = recordings.from_spike_times(spikes, trials, **options)
    rows = [(unit, time) for unit, times in spikes.items() for time in times]
    table = pd.DataFrame(rows, columns=["unit", "time"]).sample(frac=1, random_state=0)
    assert recordings.from_spike_times(table, trials, **options).equals(expected)
    shuffled = {unit: times[::-1] for unit, times in spikes.items()}
    assert recordings.from_spike_times(shuffled, trials.to_dict("list"), **options).equals(expected)

    class Ts:
        """One unit as pynapple has it."""

        def __init__(self, t):
            self.t = t

    class TsGroup:
        """Several units as pynapple has them."""

        def items(self):
            return [(unit, Ts(times)) for unit, times in spikes.items()]

        def __len__(self):
            return len(spikes)

    assert recordings.from_spike_times(TsGroup(), trials, **options).equals(expected)


def test_columns_and_unit_tables_become_coordinates(session):
    spikes, trials = session
    info = pd.DataFrame({"region": ["V4", "IT", "IT", "V4"]}, index=["u3", "u2", "u1", "u0"])
    found = recordings.from_spike_times(spikes, trials, align_to="onset", window=(0, 100), neuroids=info, rate=True)
    assert found["stimulus_id"].values.tolist() == trials["stimulus_id"].tolist()
    assert found["region"].values.tolist() == ["V4", "IT", "IT", "V4"]
    assert found.attrs["units"] == "spikes/s"
    counts = recordings.from_spike_times(spikes, trials, align_to="onset", window=(0, 100))
    np.testing.assert_allclose(found.values, counts.values / 0.1)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"align_to": "onsets"}, ValueError, "Did you mean 'onset'"),
        ({"window": (100, 100)}, ValueError, "start before it stops"),
        ({"window": 100}, TypeError, "needed is"),
        ({"bin_ms": 30.0}, ValueError, r"whole number of bins of 30 ms. Stop it at 90 ms"),
        ({"bin_ms": 0.0}, ValueError, "bin_ms"),
        ({"spike_times": {}}, ValueError, "no unit"),
        ({"spike_times": [[1.0]]}, TypeError, "needed is a mapping"),
        ({"spike_times": {"u": [1.0, np.nan]}}, ValueError, "NaN or inf among its 2"),
        ({"spike_times": {1: [1.0], "1": [2.0]}}, ValueError, "same name"),
        ({"spike_times": pd.DataFrame({"a": [1], "time": [1.0]})}, ValueError, "for the units"),
        ({"trials": [1.0, 2.0]}, TypeError, "DataFrame"),
        ({"trials": {"onset": [1.0, np.nan]}}, ValueError, "no time in 1 of 2"),
        ({"neuroids": {"region": ["IT"]}}, ValueError, "there are 4 units"),
    ],
)
def test_what_cannot_be_counted_is_refused(session, change, kind, message):
    arguments = {"spike_times": session[0], "trials": session[1], "align_to": "onset", "window": (0, 100)} | change
    with pytest.raises(kind, match=message):
        recordings.from_spike_times(arguments.pop("spike_times"), arguments.pop("trials"), **arguments)


def test_a_few_trials_of_a_long_session_are_no_matter_of_units(rng, recwarn):
    """Forty seconds of trials in two hours of spikes, as a block of one task has them."""
    spikes = {"u": rng.uniform(0, 7200, 20_000), "v": rng.uniform(0, 7200, 5_000)}
    onsets = np.arange(3000, 3040, 2.0)
    counts = recordings.from_spike_times(spikes, {"onset": onsets}, align_to="onset", window=(0, 200))
    assert counts.shape == (20, 2) and not recwarn.list
    assert counts.values.tolist()[3][0] == np.sum((spikes["u"] >= 3006) & (spikes["u"] < 3006.2))
    with pytest.warns(UserWarning, match="same clock"):  # just a thousand apart: taken, but asked for
        recordings.from_spike_times(spikes, {"onset": 3000 + np.arange(8.0)}, align_to="onset", window=(0, 200))


@pytest.mark.parametrize("in_ms", ["spikes", "trials"])
def test_times_in_milliseconds_are_noticed(session, in_ms):
    spikes, trials = session
    if in_ms == "spikes":
        spikes = {unit: times * 1000 for unit, times in spikes.items()}
    else:
        trials = trials.assign(onset=trials["onset"] * 1000)
    with pytest.raises(ValueError, match="must be in seconds"):
        recordings.from_spike_times(spikes, trials, align_to="onset", window=(0, 100))


# ------------------------------------------------------------------ time courses and quality


def test_the_time_course_recovers_a_planted_rate(rng):
    onsets = np.arange(1.0, 401.0)
    spikes = np.concatenate([onset + rng.uniform(0, 0.1, rng.poisson(3.0)) for onset in onsets])
    trials = pd.DataFrame({"onset": onsets, "stimulus_id": ["a"] * 400})
    counts = recordings.from_spike_times({"u": spikes}, trials, align_to="onset", window=(-100, 200), bin_ms=100)
    course = recordings.psth(counts)
    assert course["rate"].values.ravel() == pytest.approx([0, 30, 0], abs=3)
    assert course["rate_se"].values.ravel()[1] == pytest.approx(np.sqrt(3 / 400) / 0.1, rel=0.15)


def test_the_time_course_is_the_mean_and_its_error_over_presentations(session):
    spikes, trials = session
    counts = recordings.from_spike_times(spikes, trials, align_to="onset", window=(0, 200), bin_ms=100)
    course = recordings.psth(counts)
    rows = trials["stimulus_id"].to_numpy() == "c"
    place = course["stimulus_id"].values.tolist().index("c")
    rates = counts.values[rows] / 0.1
    np.testing.assert_allclose(course["rate"].values[place], rates.mean(axis=0), atol=1e-10)
    np.testing.assert_allclose(course["rate_se"].values[place], rates.std(axis=0, ddof=1) / np.sqrt(5), atol=1e-8)
    assert recordings.psth(counts, None).sizes["presentation"] == 1
    with pytest.raises(ValueError, match="bin_ms="):
        recordings.psth(counts.sum("time_bin"))


def test_plots_draw_every_spike_and_every_stimulus(session):
    from neurogeom.recordings import plots

    spikes, trials = session
    axes = plots.raster(spikes["u0"], trials["onset"], window=(-100, 200))
    drawn = sum(len(collection.get_segments()) for collection in axes.collections)
    counts = recordings.from_spike_times(spikes, trials, align_to="onset", window=(-100, 200), bin_ms=100)
    assert drawn == counts.values[:, 0].sum()
    axes = plots.psth(recordings.psth(counts), neuroid="u1")
    assert axes.get_ylabel() == "spikes/s"
    assert [text.get_text() for text in axes.get_legend().get_texts()][:4] == list("abcd")
    with pytest.raises(ValueError, match="unknown"):
        plots.psth(recordings.psth(counts), neuroid="v")


def test_quality_tells_silent_lost_and_untuned_units(rng):
    import xarray as xr

    n = 200
    stimulus = np.arange(n) % 4
    lost = np.where(np.arange(n) < 100, 5.0, 0.0)
    values = np.stack(
        [rng.poisson(5 + 3 * stimulus), np.zeros(n), lost, rng.poisson(8, n), 2.0 + stimulus], axis=1
    ).astype(float)
    responses = xr.DataArray(
        values, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", stimulus)}
    )
    quality = recordings.unit_quality(responses)
    np.testing.assert_allclose(quality["presence"], [1, 0, 0.5, 1, 1])
    np.testing.assert_allclose(quality["mean_response"], values.mean(axis=0))
    snr = quality["signal_to_noise"].values
    assert snr[0] > 1 and snr[3] < 0.3 and np.isinf(snr[4]) and np.isnan(snr[1])
    assert recordings.select_units(responses, min_presence=0.9).sizes["neuroid"] == 3
    assert recordings.select_units(responses, min_signal_to_noise=0.5, min_response=1).sizes["neuroid"] == 2
    with pytest.raises(ValueError, match="no neuroid passes"):
        recordings.select_units(responses, min_response=1000)
    with pytest.raises(ValueError, match="no filter"):
        recordings.select_units(responses)


@pytest.mark.parametrize("index", [["zz", "yy"], ["u", "zz"], [7, 8]])
def test_a_table_of_other_units_is_refused_and_the_missing_ones_are_named(index):
    table = pd.DataFrame({"area": ["V4", "IT"]}, index=index)
    with pytest.raises(ValueError, match=r"index of neuroids has no .*'v'.*It has"):
        recordings.from_spike_times(
            {"u": [1.05], "v": [1.06]}, {"on": [1.0, 2.0]}, align_to="on", window=(0, 100), neuroids=table
        )


def test_a_table_of_units_goes_by_name_where_it_has_names_and_by_order_elsewhere():
    spikes, trials = {"u": [1.05], "v": [1.06]}, {"on": [1.0, 2.0]}
    named = pd.DataFrame({"area": ["V4", "IT", "V1"]}, index=["v", "u", "w"])
    counts = recordings.from_spike_times(spikes, trials, align_to="on", window=(0, 100), neuroids=named)
    assert counts["area"].values.tolist() == ["IT", "V4"]
    ordered = named.iloc[:2].reset_index(drop=True)
    counts = recordings.from_spike_times(spikes, trials, align_to="on", window=(0, 100), neuroids=ordered)
    assert counts["area"].values.tolist() == ["V4", "IT"]
    with pytest.raises(ValueError, match="more than once"):
        recordings.from_spike_times(
            spikes, trials, align_to="on", window=(0, 100), neuroids=named.set_axis(["v", "u", "u"])
        )


def test_spikes_without_a_unit_are_refused_and_counted():
    spikes = pd.DataFrame({"unit": ["a", None, "a", np.nan], "time": [1.05, 1.06, 1.07, 1.08]})
    with pytest.raises(ValueError, match=r"2 of 4 spikes have no unit: column 'unit'"):
        recordings.from_spike_times(spikes, {"on": [1.0, 2.0]}, align_to="on", window=(0, 100))


@pytest.mark.parametrize("name", ["min_response", "min_presence", "min_signal_to_noise"])
def test_filters_of_units_are_called_as_they_were_given(name):
    responses = recordings.synthetic_population(n_classes=2, n_neuroids=6, n_repetitions=3, seed=0).responses
    with pytest.raises(TypeError, match=rf"^{name}="):
        recordings.select_units(responses, **{name: "a"})
    with pytest.raises(ValueError, match=rf"passes {{'{name}': .*there are {name[4:]} up to"):
        recordings.select_units(responses, **{name: 1e9})


def test_bins_that_memory_does_not_hold_and_no_trials_are_refused():
    with pytest.raises(ValueError, match=r"bin_ms=1e-09 in a window of 100 ms, 100,000,000,000 bins"):
        recordings.from_spike_times({"u": [1.05]}, {"on": [1.0]}, align_to="on", window=(0, 100), bin_ms=1e-9)
    with pytest.raises(ValueError, match="trials holds no trial"):
        recordings.from_spike_times({"u": [1.05]}, {"on": []}, align_to="on", window=(0, 100))
