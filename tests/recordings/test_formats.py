"""NWB, MATLAB, rasters and tables: the same spikes in four formats are the same numbers."""

from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.io import savemat

from neurogeom import recordings


@pytest.fixture(scope="module")
def folder(data_dir):
    path = data_dir / "macaque_it_zhang_desimone"
    if not path.is_dir():
        pytest.skip("macaque_it_zhang_desimone is not in NEUROGEOM_DATA")
    return path


@pytest.fixture(scope="module")
def stored(folder):
    return dict(np.load(folder / "zhang_desimone_it_10ms.npz"))


@pytest.fixture(scope="module")
def rasters(folder):
    return recordings.load(folder / "rasters_mat", bin_ms=10)


def stored_counts(stored, session):
    """Counts (trial, unit, bin) of one session in the archive, and the units' names."""
    units = np.flatnonzero(stored["session"] == session)
    names = stored["neuroid_id"][units]
    blocks = []
    for unit in units:
        rows = stored["site"] == unit
        blocks.append(stored["counts"][rows][np.argsort(stored["trial"][rows])])
    return np.stack(blocks, axis=1), [str(name) for name in names]


# ------------------------------------------------------------------ the same spikes


@pytest.mark.parametrize("session", [1001, 1015])
def test_rasters_equal_the_archive_in_every_bin(rasters, stored, session):
    expected, names = stored_counts(stored, session)
    rows = rasters["presentation_session"].values == str(session)
    columns = [list(rasters["neuroid_id"].values).index(name) for name in names if name in rasters["neuroid_id"].values]
    kept = [name in rasters["neuroid_id"].values for name in names]
    assert sum(kept) == (4 if session == 1001 else 9)
    np.testing.assert_array_equal(rasters.values[rows][:, columns], expected[:, kept])


def test_bins_are_placed_around_stimulus_onset(rasters, stored):
    np.testing.assert_array_equal(rasters["time_bin_start"].values, stored["bin_start_ms"])
    assert rasters["time_bin_end"].values[-1] == 500


def test_sessions_are_joined_without_pretending_that_they_were_simultaneous(rasters):
    assert rasters.shape == (840, 13, 100)
    of_neuroid, of_trial = rasters["session"].values.astype(str), rasters["presentation_session"].values
    known = np.isfinite(rasters.values).all(axis=2)
    np.testing.assert_array_equal(known, of_trial[:, None] == of_neuroid[None, :])
    assert rasters.attrs["noise_correlations"] == "real within a session only"


def test_nwb_and_rasters_count_the_same_spikes(folder, rasters):
    found = recordings.load(folder / "session1015.nwb", align_to="stimulus_onset", window=(100, 500))
    rows = rasters["presentation_session"].values == "1015"
    columns = [list(rasters["neuroid_id"].values).index(name) for name in found["neuroid_id"].values]
    late = recordings.time_window(rasters, 100, 500, reduce="sum").values
    np.testing.assert_array_equal(found.values, late[rows][:, columns])
    np.testing.assert_array_equal(found["stimulus_id"].values, rasters["stimulus_id"].values[rows])
    binned = recordings.load(folder / "session1015.nwb", window=(-500, 500), bin_ms=10)
    np.testing.assert_array_equal(binned.values, rasters.values[rows][:, columns])


def test_the_long_table_and_rasters_count_the_same_spikes(folder, rasters):
    found = recordings.load(folder / "session1001_long.csv")
    rows = rasters["presentation_session"].values == "1001"
    columns = [list(rasters["neuroid_id"].values).index(name) for name in found["neuroid_id"].values]
    late = recordings.time_window(rasters, 100, 500, reduce="sum").values
    np.testing.assert_array_equal(found.values, late[rows][:, columns])
    numbered = recordings.number_repetitions(found, ["stimulus_id", "stimulus_position"])
    np.testing.assert_array_equal(numbered["repetition"].values, found["repetition"].values)


# ------------------------------------------------------------------ NWB


def write_nwb(path, *, units=True, trials=True, spikes=True, interval="trials"):
    """The least that an NWB file with units and trials holds."""
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.6.0"
        file["identifier"] = "a day"
        file["general/subject/subject_id"] = "M1"
        if trials:
            file[f"intervals/{interval}/start_time"] = [1.0, 2.0, 3.0]
            file[f"intervals/{interval}/go"] = [1.5, 2.5, 3.5]
            file[f"intervals/{interval}/stimulus_id"] = list("aba")
        if units:
            file["units/id"] = [7, 8]
            file["units/quality"] = ["good", "mua"]
            if spikes:
                file["units/spike_times"] = [1.51, 2.6, 3.49, 1.6]
                file["units/spike_times_index"] = np.array([3, 4], dtype=np.uint8)


def test_units_trials_subject_and_session_are_read(tmp_path):
    write_nwb(tmp_path / "a.nwb")
    found = recordings.load(tmp_path / "a.nwb", align_to="go", window=(0, 200))
    assert found.values.tolist() == [[1, 1], [1, 0], [0, 0]]
    assert found["neuroid_id"].values.tolist() == ["7", "8"]
    assert found["quality"].values.tolist() == ["good", "mua"]
    assert set(found["subject"].values) == {"M1"} and set(found["session"].values) == {"a day"}
    assert found["stimulus_id"].values.tolist() == list("aba")


@pytest.mark.parametrize(
    ("layout", "options", "message"),
    [
        ({"units": False}, {"window": (0, 1)}, "no table units, which"),
        ({"trials": False}, {"window": (0, 1)}, "no table intervals/trials"),
        ({"interval": "epochs"}, {"window": (0, 1)}, "has intervals 'epochs': use variable="),
        ({"spikes": False}, {"window": (0, 1)}, "no spike_times"),
        ({}, {}, r"columns with times: 'go', 'start_time'"),
        ({}, {"align_to": "onset", "window": (0, 1)}, "align_to='onset'"),
        ({}, {"align_to": "go", "window": (0, 1), "dims": ("neuroid", "presentation")}, "axes are known"),
    ],
)
def test_nwb_files_that_miss_something_say_what(tmp_path, layout, options, message):
    write_nwb(tmp_path / "a.nwb", **layout)
    with pytest.raises(ValueError, match=message):
        recordings.load(tmp_path / "a.nwb", **options)


def test_other_intervals_can_be_named(tmp_path):
    write_nwb(tmp_path / "a.nwb", interval="epochs")
    found = recordings.load(tmp_path / "a.nwb", variable="epochs", align_to="go", window=(0, 200))
    assert found.shape == (3, 2)


def test_nwb_files_of_all_versions_without_units_say_so(data_dir):
    files = sorted((data_dir / "nwb_samples").glob("*.nwb"))
    assert len(files) == 3
    for path in files:
        with pytest.raises(ValueError, match=r"NWB 2.*no table units and no table intervals/trials"):
            recordings.load(path, window=(0, 100))


# ------------------------------------------------------------------ MATLAB


def as_v73(path, variables):
    """What MATLAB writes with -v7.3: HDF5 after a block of 512 bytes, axes turned, cells as references."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for key, value in variables.items():
            if isinstance(value, list):
                references = []
                for index, word in enumerate(value):
                    cell = file.create_dataset(f"#refs#/{key}{index}", data=np.array([[ord(c)] for c in word], "u2"))
                    cell.attrs["MATLAB_class"] = np.bytes_(b"char")
                    references.append(cell.ref)
                data = file.create_dataset(key, (len(value), 1), dtype=h5py.ref_dtype)
                data[:, 0] = references
                data.attrs["MATLAB_class"] = np.bytes_(b"cell")
            else:
                data = file.create_dataset(key, data=np.asarray(value).T)
                data.attrs["MATLAB_class"] = np.bytes_(b"double")
    content = bytearray(path.read_bytes())
    content[:19] = b"MATLAB 7.3 MAT-file"
    path.write_bytes(content)


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_both_versions_give_the_same_responses(rng, tmp_path, version):
    values, labels = rng.normal(size=(6, 4)), list("aabbcc")
    if version == "5":
        savemat(tmp_path / "a.mat", {"rates": values, "object_name": np.array(labels, dtype=object)})
    else:
        as_v73(tmp_path / "a.mat", {"rates": values, "object_name": labels})
    found = recordings.load(tmp_path / "a.mat")
    np.testing.assert_array_equal(found.values, values)
    assert found["object_name"].values.tolist() == labels
    turned = recordings.load(tmp_path / "a.mat", variable="rates", dims=("neuroid", "presentation"))
    np.testing.assert_array_equal(turned.values, values.T)


def test_fields_of_structs_are_reached_by_their_names(rng, tmp_path):
    values = rng.normal(size=(6, 4))
    savemat(tmp_path / "a.mat", {"day": {"it": values, "v4": values + 1, "condition": np.arange(6)}, "note": "x"})
    with pytest.raises(ValueError, match=r"'day.it \(6, 4\)', 'day.v4 \(6, 4\)'"):
        recordings.load(tmp_path / "a.mat")
    found = recordings.load(tmp_path / "a.mat", variable="day.v4")
    np.testing.assert_array_equal(found.values, values + 1)
    assert found["condition"].values.tolist() == list(range(6))


def test_damaged_matlab_files_say_so(rng, tmp_path):
    savemat(tmp_path / "a.mat", {"rates": rng.normal(size=(60, 40))})
    whole = (tmp_path / "a.mat").read_bytes()
    (tmp_path / "cut.mat").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.mat").write_text("these are no responses at all, whatever the name of the file says")
    for name in ("cut.mat", "text.mat"):
        with pytest.raises(ValueError, match=rf"{name} cannot be read as a MATLAB file"):
            recordings.load(tmp_path / name)
    with pytest.raises(ValueError, match="no raster file"):
        recordings.load(tmp_path / "a.mat", bin_ms=10)


# ------------------------------------------------------------------ rasters


def write_raster(path, raster, labels, **site):
    savemat(
        path,
        {
            "raster_data": raster,
            "raster_labels": {"stimulus_ID": np.array(labels, dtype=object)},
            "raster_site_info": {"session_ID": 1, "alignment_event_time": 11, **site},
        },
    )


def test_one_raster_is_one_neuroid_with_its_bins(rng, tmp_path):
    raster = rng.integers(0, 2, size=(4, 30)).astype(np.uint8)
    write_raster(tmp_path / "cell7_raster_data.mat", raster, list("abab"), recording_channel=3)
    found = recordings.load(tmp_path / "cell7_raster_data.mat", bin_ms=5)
    np.testing.assert_array_equal(found.values[:, 0], raster.reshape(4, 6, 5).sum(axis=2))
    assert found["time_bin_start"].values.tolist() == [-10, -5, 0, 5, 10, 15]
    assert found["neuroid_id"].item() == "cell7" and found["channel"].item() == 3
    late = recordings.load(tmp_path / "cell7_raster_data.mat", window=(0, 10))
    np.testing.assert_array_equal(late.values[:, 0], raster[:, 10:20])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": (-20, 10)}, "1-ms bins from -10 to 20"),
        ({"window": (0.5, 10.5)}, "1-ms bins"),
        ({"bin_ms": 7}, "divides the window of 30 ms"),
        ({"bin_ms": 2.5}, "whole number of ms"),
    ],
)
def test_windows_that_rasters_do_not_have_are_refused(rng, tmp_path, options, message):
    write_raster(tmp_path / "a_raster_data.mat", np.zeros((2, 30), dtype=np.uint8), list("ab"))
    with pytest.raises(ValueError, match=message):
        recordings.load(tmp_path / "a_raster_data.mat", **options)


def test_units_of_a_session_with_different_trials_are_refused(tmp_path):
    write_raster(tmp_path / "a_raster_data.mat", np.zeros((2, 30), dtype=np.uint8), list("ab"))
    write_raster(tmp_path / "b_raster_data.mat", np.zeros((2, 30), dtype=np.uint8), list("ba"))
    with pytest.raises(ValueError, match="'a' and 'b' have different trials"):
        recordings.load(tmp_path)
    write_raster(tmp_path / "b_raster_data.mat", np.zeros((3, 30), dtype=np.uint8), list("ab"))
    with pytest.raises(ValueError, match="2 entries for 3 trials"):
        recordings.load(tmp_path)
    with pytest.raises(ValueError, match="axes are known"):
        recordings.load(tmp_path, variable="raster_data")


# ------------------------------------------------------------------ tables


def long_table(responses):
    return responses.to_dataframe(name="response").reset_index(drop=True)


def test_a_long_table_gives_back_the_responses(tmp_path):
    population = recordings.synthetic_population(
        n_classes=2, n_stimuli=3, n_neuroids=5, n_repetitions=2, n_subjects=2, seed=0
    ).responses
    numbered = population.assign_coords(trial=("presentation", np.arange(population.sizes["presentation"])))
    table = long_table(numbered).sample(frac=1, random_state=1)
    table.to_csv(tmp_path / "a.csv", index=False)
    found = recordings.load(tmp_path / "a.csv")
    order = np.argsort(found["trial"].values)
    columns = [found["neuroid_id"].values.tolist().index(name) for name in numbered["neuroid_id"].values]
    np.testing.assert_allclose(found.values[order][:, columns], numbered.values, rtol=1e-12)
    assert found["object_name"].dims == ("presentation",)
    assert found["subject"].dims == ("neuroid",)
    table.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    xr.testing.assert_allclose(recordings.load(tmp_path / "a.tsv"), found)


def test_missing_rows_are_missing_responses(tmp_path):
    pd.DataFrame({"trial": [0, 0, 1], "unit": ["a", "b", "a"], "rate": [1.0, 2.0, 3.0]}).to_csv(
        tmp_path / "a.csv", index=False
    )
    np.testing.assert_array_equal(recordings.load(tmp_path / "a.csv").values, [[1, 2], [3, np.nan]])


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"trial": [0], "cell_name": ["a"], "rate": [1]}, {}, r"no column of a known name for neuroid; its columns"),
        ({"trial": [0], "unit": ["a"], "x": [1]}, {}, "for variable"),
        ({"trial": [0], "unit": ["a"], "rate": [1], "value": [2]}, {}, r"several columns .*'rate', 'value'"),
        ({"unit": ["a"], "rate": [1]}, {}, "tells presentations apart"),
        ({"trial": [0], "unit": ["a"], "rate": ["x"]}, {}, "needed are numbers"),
        ({"trial": [0, 0], "unit": ["a", "a"], "rate": [1, 2]}, {}, r"1 rows repeat .*first: row 3"),
        ({"trial": [0], "unit": ["a"], "rate": [1]}, {"presentation": "trail"}, "Did you mean 'trial'"),
        ({"trial": [0], "unit": ["a"], "rate": [1]}, {"neuroid": "units"}, "Did you mean 'unit'"),
        ({"trial": [0], "unit": ["a"], "rate": [1]}, {"dims": ("presentation", "neuroid")}, "named by columns"),
    ],
)
def test_tables_that_do_not_say_what_they_hold(tmp_path, columns, options, message):
    pd.DataFrame(columns).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(ValueError, match=message):
        recordings.load(tmp_path / "a.csv", **options)


def test_options_of_another_format_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 2)))
    with pytest.raises(TypeError, match="no option 'bin_ms' for NumPy array"):
        recordings.load(tmp_path / "a.npy", bin_ms=10)
    xr.DataArray(np.zeros((2, 2)), dims=("presentation", "neuroid"), name="x").to_netcdf(
        tmp_path / "a.nc", engine="h5netcdf"
    )
    with pytest.raises(TypeError, match="Did you mean 'group'"):
        recordings.load(tmp_path / "a.nc", groups="x")


@pytest.mark.parametrize("row", ["1,1,2.5,", "row 1,1,1,2.5", "1,1,2.5,,"])
def test_rows_with_more_fields_than_the_header_has_names_are_refused(tmp_path, row):
    (tmp_path / "a.csv").write_text(f"neuroid_id,trial,response\n{row}\n{row.replace('1,1', '2,1')}\n")
    with pytest.raises(ValueError, match=r"a.csv .*: its rows have [45] fields, the header has 3 names"):
        recordings.load(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["1,1,1", ",2,2", "2,2,3"], r"'neuroid_id' is empty in 1 rows \(of the file: 3\)"),
        (["1,1,1", "1,2,2", "2,,3", "1,,4"], r"'trial' is empty in 2 rows \(of the file: 4, 5\)"),
    ],
)
def test_a_row_that_does_not_say_whose_response_it_holds_is_refused(tmp_path, rows, message):
    (tmp_path / "a.csv").write_text("\n".join(["neuroid_id,trial,response", *rows]) + "\n")
    with pytest.raises(ValueError, match=message):
        recordings.load(tmp_path / "a.csv")


@pytest.mark.parametrize("writer", ["h5py", "xarray"])
def test_hdf5_that_matlab_did_not_write_is_not_turned(rng, tmp_path, writer):
    if writer == "h5py":
        with h5py.File(tmp_path / "a.mat", "w") as file:
            file["rates"] = rng.normal(size=(24, 30))
    else:
        array = xr.DataArray(rng.normal(size=(24, 30)), dims=("presentation", "neuroid"), name="rates")
        array.to_netcdf(tmp_path / "a.mat", engine="h5netcdf")
    with pytest.raises(ValueError, match=r"a.mat is HDF5, but not written by MATLAB"):
        recordings.load(tmp_path / "a.mat")
    (tmp_path / "a.mat").rename(tmp_path / "a.h5")
    assert recordings.load(tmp_path / "a.h5").shape == (24, 30)


def test_cells_that_lead_nowhere_are_an_error_that_names_file_and_variable(rng, tmp_path):
    as_v73(tmp_path / "a.mat", {"rates": rng.normal(size=(6, 4)), "object_name": list("aabbcc")})
    with h5py.File(tmp_path / "a.mat", "r+") as file:
        file["object_name"][0, 0] = h5py.Reference()
    with pytest.raises(ValueError, match=r"a.mat is damaged: a cell of 'object_name' leads nowhere"):
        recordings.load(tmp_path / "a.mat")
