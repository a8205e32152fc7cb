"""Averaging and windows: what is averaged, what is kept, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from neurogeom import recordings


@pytest.fixture
def trials(rng):
    """Three stimuli with 2, 3 and 1 presentations, out of order, four time bins."""
    order = list("abacbb")
    return xr.DataArray(
        rng.normal(size=(6, 5, 4)),
        dims=("presentation", "neuroid", "time_bin"),
        coords={
            "stimulus_id": ("presentation", order),
            "object_name": ("presentation", ["face" if s == "a" else "hand" for s in order]),
            "repetition": ("presentation", [0, 0, 1, 0, 1, 2]),
            "clock": ("presentation", np.arange(6.0)),
            "neuroid_id": ("neuroid", list("vwxyz")),
            "time_bin_start": ("time_bin", [-50, 0, 50, 100]),
            "time_bin_end": ("time_bin", [0, 50, 100, 150]),
        },
        attrs={"area": "IT"},
    )


def test_means_are_over_the_presentations_of_each_stimulus_and_bin(trials):
    averaged = recordings.average_repetitions(trials)
    assert averaged.dims == trials.dims and averaged.shape == (3, 5, 4)
    assert averaged["stimulus_id"].values.tolist() == ["a", "b", "c"]
    assert averaged["n_repetitions"].values.tolist() == [2, 3, 1]
    for one in averaged:
        same = trials.values[trials["stimulus_id"].values == one["stimulus_id"].item()]
        np.testing.assert_allclose(one.values, same.mean(axis=0), atol=1e-14)
    assert averaged.attrs == trials.attrs


def test_only_coordinates_that_all_trials_of_a_stimulus_share_are_kept(trials):
    averaged = recordings.average_repetitions(trials)
    assert averaged["object_name"].values.tolist() == ["face", "hand", "hand"]
    assert "clock" not in averaged.coords and "repetition" not in averaged.coords
    assert averaged["neuroid_id"].values.tolist() == list("vwxyz")
    assert averaged["time_bin_end"].values.tolist() == [0, 50, 100, 150]


def test_a_coordinate_that_differs_from_trial_to_trial_does_not_split_groups(trials):
    assert recordings.average_repetitions(trials.drop_vars("clock")).equals(recordings.average_repetitions(trials))


def test_several_coordinates_make_a_stimulus_together(trials):
    both = recordings.average_repetitions(trials, ["object_name", "repetition"])
    assert both.sizes["presentation"] == 5
    assert both["n_repetitions"].values.tolist() == [1, 2, 1, 1, 1]


def test_axes_in_another_order_and_indexes_give_the_same(trials):
    averaged = recordings.average_repetitions(trials)
    turned = recordings.average_repetitions(trials.transpose("time_bin", "neuroid", "presentation"))
    np.testing.assert_array_equal(turned.transpose(*trials.dims).values, averaged.values)
    indexed = trials.set_index(presentation=["stimulus_id", "repetition"])
    np.testing.assert_array_equal(recordings.average_repetitions(indexed).values, averaged.values)


def test_missing_trials_are_refused_or_left_out_neuroid_by_neuroid(trials):
    trials.values[1, 2] = np.nan
    trials.values[3, 0] = np.nan
    with pytest.raises(ValueError, match=r"2 of 6 presentations \(first: 1, 3\).*missing=\"omit\""):
        recordings.average_repetitions(trials)
    averaged = recordings.average_repetitions(trials, missing="omit")
    np.testing.assert_allclose(averaged.values[1, 2], trials.values[[4, 5], 2].mean(axis=0))
    assert np.isnan(averaged.values[2, 0]).all() and np.isfinite(averaged.values).sum() == 56
    assert averaged["n_repetitions"].values.tolist() == [2, 3, 1]


def test_averaging_v4_counts_omits_what_was_not_shown(data_dir):
    path = data_dir / "macaque_v4_cowley2023" / "responses_210325.npy"
    raw = np.load(path)
    loaded = recordings.load(path, dims=("neuroid", "stimulus", "repetition"))
    averaged = recordings.average_repetitions(loaded)
    np.testing.assert_allclose(averaged.values, np.nanmean(raw, axis=2).T, atol=1e-12)
    np.testing.assert_array_equal(averaged["n_repetitions"].values, np.isfinite(raw[0]).sum(axis=1))


@pytest.mark.parametrize(("by", "message"), [("stimulus", "Did you mean 'stimulus_id'"), ([], "by is empty")])
def test_groups_that_are_not_there_are_refused(trials, by, message):
    with pytest.raises(ValueError, match=message):
        recordings.average_repetitions(trials, by)
    with pytest.raises(TypeError, match="DataArray"):
        recordings.average_repetitions(trials.values)
    with pytest.raises(ValueError, match="axes"):
        recordings.average_repetitions(trials.rename(neuroid="unit"))


@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_a_window_reduces_the_bins_inside_it(trials, reduce):
    chosen = recordings.time_window(trials, 0, 100, reduce=reduce)
    assert chosen.dims == ("presentation", "neuroid")
    np.testing.assert_allclose(chosen.values, getattr(np, reduce)(trials.values[:, :, 1:3], axis=2))
    assert chosen.attrs == {"area": "IT", "window_start": 0.0, "window_stop": 100.0}


def test_windows_that_tile_time_add_up_to_the_whole(trials):
    parts = [recordings.time_window(trials, start, start + 50, reduce="sum") for start in (-50, 0, 50, 100)]
    whole = recordings.time_window(trials, -50, 150, reduce="sum")
    np.testing.assert_allclose(sum(part.values for part in parts), whole.values, atol=1e-12)
    assert recordings.time_window(trials, 0, 100, reduce="none")["time_bin_start"].values.tolist() == [0, 50]


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ((20, 100), r"cuts 1 bins.*nearest edges are 0 and 100"),
        ((200, 300), r"holds no bin; bins lie from -50 to 150"),
        ((100, 100), "not before"),
        ((0, np.nan), "stop"),
    ],
)
def test_windows_that_bins_do_not_fill_are_refused(trials, window, message):
    with pytest.raises(ValueError, match=message):
        recordings.time_window(trials, *window)


def test_windows_need_time(trials):
    with pytest.raises(ValueError, match="none of them time_bin"):
        recordings.time_window(trials.mean("time_bin"), 0, 100)
    with pytest.raises(ValueError, match="time_bin_end"):
        recordings.time_window(trials.drop_vars("time_bin_end"), 0, 100)
