"""Measures over time: each window is what the measure gives alone, with the same random numbers in all windows."""

from __future__ import annotations

import inspect
import re
import warnings
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

import neurogeom as ng
from neurogeom import alignment, capacity, predictivity, readout
from neurogeom.recordings import over_time, time_window, time_windows

BIN_MS = 10


def recording(seed: int = 0, n_bins: int = 12, first: int = -40) -> xr.DataArray:
    """Four classes of ten stimuli in twenty neuroids: noise before 0, classes apart after it."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(list("abcd"), 10)
    start = first + BIN_MS * np.arange(n_bins)
    signal = rng.normal(size=(4, 20))[np.repeat(np.arange(4), 10)]
    values = rng.normal(size=(40, 20, n_bins)) + 2.0 * signal[:, :, None] * (start >= 0)
    return xr.DataArray(
        values,
        dims=("presentation", "neuroid", "time_bin"),
        coords={
            "category": ("presentation", labels.astype(object)),
            "stimulus_id": ("presentation", np.arange(40)),
            "feature": ("presentation", rng.normal(size=40)),
            "time_bin_start": ("time_bin", start),
            "time_bin_end": ("time_bin", start + BIN_MS),
        },
    )


def features() -> xr.DataArray:
    values = np.random.default_rng(5).normal(size=(40, 6))
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", range(40))})


MEASURES = {
    "glue": partial(capacity.glue, labels="category", n_samples=20),
    "mean_field": partial(capacity.mean_field, labels="category", n_samples=20),
    "alignment": partial(alignment.manifolds, labels="category", n_shuffles=3, n_splits=2),
    "readout": partial(readout.classify, labels="category", splits=5),
    "predictivity": lambda responses, **options: predictivity.score(
        features(), responses, method="ridge", ceiling=None, n_splits=3, n_resamples=0, **options
    ),
}
every_measure = pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)


def quietly(measure, *inputs, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return measure(*inputs, **options)


@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_a_sliding_window_holds_what_each_window_holds(reduce: str) -> None:
    responses = recording()
    windows = time_windows(responses, 40, 20, reduce=reduce)
    assert windows.time_bin_start.values.tolist() == [-40, -20, 0, 20, 40]
    assert windows.time_bin_end.values.tolist() == [0, 20, 40, 60, 80]
    assert windows.category.equals(responses.category)
    for place, start in enumerate([-40, -20, 0, 20, 40]):
        expected = time_window(responses, start, start + 40, reduce=reduce)
        np.testing.assert_array_equal(windows.isel(time_bin=place).values, expected.values)


def test_no_window_mixes_before_and_after_onset_when_steps_are_as_long_as_windows() -> None:
    windows = time_windows(recording(n_bins=13, first=-50), 30)
    assert windows.time_bin_start.values.tolist() == [-30, 0, 30]
    later = time_windows(recording(n_bins=9, first=70), 30)
    assert later.time_bin_start.values.tolist() == [70, 100, 130]


def test_a_window_as_long_as_a_bin_gives_the_bins_back() -> None:
    responses = recording()
    np.testing.assert_array_equal(time_windows(responses, BIN_MS).values, responses.values)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"window": 25}, "cuts"),
        ({"window": 40, "step": 15}, "cuts"),
        ({"window": 500}, "longer than the recording"),
        ({"window": 0}, "window"),
        ({"window": 120, "step": 110}, "smaller step"),
    ],
)
def test_windows_that_do_not_fit_are_refused(options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        time_windows(recording(), **options)


def test_bins_without_edges_have_no_windows() -> None:
    with pytest.raises(ValueError, match="time_bin_start"):
        time_windows(recording().drop_vars("time_bin_start"), 20)
    with pytest.raises(ValueError, match="no time bins"):
        time_windows(recording().mean("time_bin"), 20)


@every_measure
def test_each_window_is_what_the_measure_gives_alone(measure) -> None:
    responses = recording()
    found = quietly(measure, responses, window=40, step=40, seed=3)
    assert found.time.values.tolist() == [-20.0, 20.0, 60.0]
    assert found.time.attrs["units"] == "ms"
    assert found.window_start.values.tolist() == [-40.0, 0.0, 40.0]
    assert (found.settings["window"], found.settings["step"]) == (40, 40)
    alone = quietly(measure, time_window(responses, 0, 40), seed=3)
    headline = [name for name in alone.headline if name in alone.data]
    assert headline
    for name in headline:
        assert found.data[name].dims[0] == "time"
        np.testing.assert_array_equal(found.data[name].isel(time=1), alone.data[name], err_msg=name)


def test_the_measures_named_in_over_time_take_windows_themselves_and_no_others() -> None:
    rooms = {"capacity": capacity, "alignment": alignment, "readout": readout, "predictivity": predictivity}
    named = set(re.findall(r"``(\w+)\.(\w+)``", over_time.__doc__.split("Parameters")[0]))
    taking = {
        (room, name)
        for room, module in rooms.items()
        for name in module.__all__
        if inspect.isfunction(getattr(module, name)) and "window" in inspect.signature(getattr(module, name)).parameters
    }
    assert named == taking


def test_what_holds_in_every_window_is_shown_once(recwarn) -> None:
    responses = recording().assign_attrs(noise_correlations="removed")
    found = over_time(readout.classify, responses, "category", window=40, step=40, seed=0)
    shown = [str(one.message) for one in recwarn.list if "noise correlations" in str(one.message)]
    assert len(shown) == 1 and len(found.time) == 3


@every_measure
def test_bins_with_the_same_responses_have_the_same_values_whatever_the_seed(measure) -> None:
    responses = recording().isel(time_bin=[6, 6, 6])
    edges = {"time_bin_start": ("time_bin", [0, 10, 20]), "time_bin_end": ("time_bin", [10, 20, 30])}
    responses = responses.assign_coords(edges)
    found = quietly(measure, responses)
    assert isinstance(found.settings["seed"], int)
    for name in found.headline:
        if name in found.data:
            assert np.ptp(found.data[name].values) == 0 or np.isnan(found.data[name].values).all(), name


def test_dichotomies_are_the_same_in_all_windows_and_capacity_rises_after_onset() -> None:
    found = quietly(capacity.glue, recording(), "category", window=40, n_samples=30)
    signs = found.sample_dichotomy.transpose("time", "sample", "manifold").values
    assert (signs == signs[0]).all()
    before, *after = found.capacity.values
    assert min(after) > 3 * before


def test_a_result_over_time_comes_back_from_its_file(tmp_path) -> None:
    found = quietly(capacity.glue, recording(), "category", window=40, n_samples=20, uncertainty="points", seed=0)
    again = ng.load(found.save(tmp_path / "over_time.nc"))
    xr.testing.assert_identical(again.data, found.data)
    assert again.data.time.attrs["units"] == "ms"
    assert found.capacity_ci.dims == ("time", "bound")


def test_measures_of_two_systems_take_time_on_either_side_or_both() -> None:
    responses, model = recording(), features()
    one = over_time(alignment.cka_similarity, responses, model, window=40)
    other = over_time(alignment.cka_similarity, model, responses, window=40)
    np.testing.assert_allclose(one.similarity, other.similarity)
    alone = alignment.cka_similarity(time_window(responses, 40, 80), model)
    assert float(one.similarity[-1]) == float(alone)
    both = over_time(alignment.cka_similarity, responses, responses, window=40)
    np.testing.assert_allclose(both.similarity, 1.0)


def test_what_cannot_be_joined_is_refused() -> None:
    responses, model = recording(), features()
    with pytest.raises(ValueError, match="input 1 has other time bins"):
        over_time(alignment.cka_similarity, responses, recording(first=-20), window=None)
    with pytest.raises(ValueError, match="no input has time bins"):
        over_time(alignment.cka_similarity, model, model)
    with pytest.raises(TypeError, match="over_time joins results"):
        over_time(lambda responses: float(responses.mean()), responses)
    with pytest.raises(ValueError, match="without window"):
        capacity.glue(responses, "category", step=10)
    with pytest.raises(ValueError, match="no time bins"):
        capacity.glue(responses.mean("time_bin"), "category", window=10)
    with pytest.raises(TypeError, match="no option 'window'"):
        predictivity.score_layers({"a": model}, responses, window=10)


def test_an_error_says_in_which_window() -> None:
    responses = recording()
    responses[:, :, 8] = np.nan
    with pytest.raises(ValueError, match="from 40 to 50 ms: responses holds NaN"):
        readout.classify(responses, "category", seed=0)


def test_one_time_bin_needs_no_window_and_can_have_one() -> None:
    single = recording().isel(time_bin=[5])
    plain = readout.classify(single, "category", seed=0)
    assert isinstance(plain.accuracy, float)
    windowed = readout.classify(single, "category", window=10, seed=0)
    assert windowed.accuracy.values.tolist() == [plain.accuracy]


@every_measure
def test_a_plot_over_time_shows_stimulus_onset(measure) -> None:
    axes = np.atleast_1d(quietly(measure, recording(), window=20, seed=0).plot())
    for ax in axes:
        lines = [line for line in ax.lines if np.array_equal(line.get_xdata(), [0.0, 0.0])]
        assert len(lines) == 1
        assert ax.get_xlabel() == "time [ms]"
        assert [text for text in ax.texts if text.get_text() == "stimulus onset"]
    plt.close("all")


def test_onset_is_left_out_where_time_does_not_reach_it() -> None:
    ax = readout.classify(recording(first=20), "category", window=20, seed=0).plot()
    assert not [text for text in ax.texts if text.get_text() == "stimulus onset"]
    plt.close("all")


def test_a_window_over_bins_that_are_missing_or_overlap_is_refused() -> None:
    holes = recording().isel(time_bin=[4, 6, 7])  # 0 to 10, 20 to 40
    with pytest.raises(ValueError, match="no bin lies from 10 to 20"):
        time_windows(holes, 40)
    with pytest.raises(ValueError, match="no bin lies from 40 to 1e"):
        time_window(holes, 20, 1e9)
    assert time_window(holes, 20, 40).shape == (40, 20)
    assert time_window(holes, 0, 40, reduce="none").sizes["time_bin"] == 3
    twice = recording().isel(time_bin=[4, 4, 5])
    with pytest.raises(ValueError, match="bins overlap from 0 to 10"):
        time_window(twice, 0, 20, reduce="sum")


def test_bins_that_end_before_they_start_are_refused() -> None:
    responses = recording()
    backward = responses.assign_coords(time_bin_end=("time_bin", responses.time_bin_start.values - 10))
    with pytest.raises(ValueError, match=r"12 of 12 time bins .* from -40 to -50"):
        time_window(backward, 0, 40)
