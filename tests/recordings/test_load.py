"""Files: what is saved is read back, every layout finds its axes, and bad files say what is wrong."""

from __future__ import annotations

import io
import os
import pickle
import re
import zipfile

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neurogeom import recordings
from neurogeom.recordings.load import recognize


@pytest.fixture
def responses(rng):
    return xr.DataArray(
        rng.normal(size=(6, 4)),
        dims=("presentation", "neuroid"),
        coords={
            "stimulus_id": ("presentation", np.array(["a", "a", "b", "b", "c", "ç"], dtype=object)),
            "repetition": ("presentation", [0, 1, 0, 1, 0, 1]),
            "correct": ("presentation", [True, False, True, True, True, False]),
            "neuroid_id": ("neuroid", np.array(["u1", "u2", "u3", "u4"], dtype=object)),
            "depth": ("neuroid", [0.1, 0.2, 0.3, np.nan]),
        },
        name="responses",
        attrs={"experiment": "test", "rate": 2.5},
    )


def assert_same(loaded, original):
    xr.testing.assert_equal(loaded, original)
    assert loaded.dims == original.dims
    for key, value in original.attrs.items():
        assert loaded.attrs[key] == value


# ------------------------------------------------------------------ round trips


def test_saved_responses_are_read_back_bit_for_bit(responses, tmp_path):
    assert_same(recordings.load(recordings.save(tmp_path / "a.nc", responses)), responses)


@given(
    values=hnp.arrays(
        st.sampled_from([np.float64, np.float32, np.int16, np.uint8, np.bool_]),
        hnp.array_shapes(min_dims=2, max_dims=3, max_side=5),
    )
)
@settings(max_examples=30, deadline=None)
def test_any_numbers_survive_the_file(values, tmp_path_factory):
    dims = ("presentation", "neuroid", "time_bin")[: values.ndim]
    array = xr.DataArray(values, dims=dims)
    loaded = recordings.load(recordings.save(tmp_path_factory.mktemp("any") / "a.nc", array))
    np.testing.assert_array_equal(loaded.values, values)
    assert loaded.dtype == values.dtype
    assert loaded.dims == dims


def test_time_bins_keep_their_edges(responses, tmp_path):
    binned = responses.expand_dims(time_bin=3, axis=-1).assign_coords(
        time_bin_start=("time_bin", [0, 50, 100]), time_bin_end=("time_bin", [50, 100, 150])
    )
    assert_same(recordings.load(recordings.save(tmp_path / "a.nc", binned)), binned)


def test_indexes_of_several_levels_are_stored_as_plain_coordinates(responses, tmp_path):
    indexed = responses.set_index(
        presentation=["stimulus_id", "repetition", "correct"], neuroid=["neuroid_id", "depth"]
    )
    loaded = recordings.load(recordings.save(tmp_path / "a.nc", indexed))
    assert set(loaded.coords) == set(responses.coords)
    np.testing.assert_array_equal(loaded.values, responses.values)


def test_the_file_has_the_layout_of_brainio(responses, tmp_path):
    path = recordings.save(tmp_path / "a.nc", responses)
    with h5py.File(path) as file:
        assert file["data"].compression == "gzip"
        for dim in responses.dims:
            assert file[dim].attrs["NAME"].startswith(b"This is a netCDF dimension but not a netCDF variable")
        assert h5py.check_string_dtype(file["stimulus_id"].dtype).encoding == "utf-8"
        named = file["data"].attrs["coordinates"]
        assert set((named.decode() if isinstance(named, bytes) else named).split()) == set(responses.coords)
    with xr.open_dataset(path, engine="h5netcdf") as opened:
        np.testing.assert_array_equal(opened["data"].values, responses.values)


def test_xarrays_own_files_and_stores_are_read(responses, tmp_path):
    responses.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    assert_same(recordings.load(tmp_path / "a.nc"), responses)
    responses.rename("__xarray_dataarray_variable__").to_netcdf(tmp_path / "b.nc", engine="h5netcdf")
    assert_same(recordings.load(tmp_path / "b.nc"), responses)
    old = responses.drop_vars(["stimulus_id", "neuroid_id", "correct"])
    old.to_netcdf(tmp_path / "c.nc", engine="scipy")
    np.testing.assert_array_equal(recordings.load(tmp_path / "c.nc").values, responses.values)
    plain = responses.drop_vars(["stimulus_id", "neuroid_id"]).assign_coords(label=("presentation", list("aabbcc")))
    for version in (2, 3):
        plain.to_dataset().to_zarr(tmp_path / f"{version}.zarr", zarr_format=version, consolidated=version == 2)
        assert_same(recordings.load(tmp_path / f"{version}.zarr"), plain)


def test_a_label_on_an_axis_becomes_a_coordinate_beside_it(rng, tmp_path):
    array = xr.DataArray(rng.normal(size=(2, 3)), dims=("presentation", "neuroid"), coords={"neuroid": list("xyz")})
    array.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    assert recordings.load(tmp_path / "a.nc")["neuroid_id"].values.tolist() == ["x", "y", "z"]


# ------------------------------------------------------------------ arrays without names


def test_archives_attach_one_axis_arrays_by_their_length(rng, tmp_path):
    np.savez(
        tmp_path / "a.npz",
        responses=rng.normal(size=(6, 4)).astype(np.float32),
        object_name=list("aabbcc"),
        region=["IT"] * 4,
        version=np.array(3),
        unrelated=np.arange(9),
    )
    loaded = recordings.load(tmp_path / "a.npz")
    assert loaded.dims == ("presentation", "neuroid")
    assert loaded.dtype == np.float32
    assert loaded["object_name"].dims == ("presentation",)
    assert loaded["region"].dims == ("neuroid",)
    assert set(loaded.coords) == {"object_name", "region"}


def test_square_archives_put_neuroid_names_on_neuroids(rng, tmp_path):
    np.savez(tmp_path / "a.npz", data=rng.normal(size=(4, 4)), neuroid_id=list("wxyz"), label=list("aabb"))
    loaded = recordings.load(tmp_path / "a.npz")
    assert loaded["neuroid_id"].dims == ("neuroid",)
    assert loaded["label"].dims == ("presentation",)


def test_hdf5_arrays_are_found_in_groups_with_what_lies_beside_them(rng, tmp_path):
    values = rng.normal(size=(6, 4))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["session/rates"] = values
        file["session/object_name"] = list("aabbcc")
        file["session/neuroid_id"] = [11, 12, 13, 14]
        file["elsewhere/object_name"] = list("zzzzzz")
        file["link"] = h5py.SoftLink("/nowhere")
    loaded = recordings.load(tmp_path / "a.h5")
    np.testing.assert_array_equal(loaded.values, values)
    assert loaded["object_name"].values.tolist() == list("aabbcc")
    assert loaded["neuroid_id"].values.tolist() == [11, 12, 13, 14]
    again = recordings.load(tmp_path / "a.h5", variable="/session/rates", dims=("neuroid", "presentation"))
    np.testing.assert_array_equal(again.values, values.T)


def test_axes_can_be_named_by_the_user(rng, tmp_path):
    values = rng.normal(size=(3, 5, 2))
    np.save(tmp_path / "a.npy", values)
    loaded = recordings.load(tmp_path / "a.npy", dims=("neuroid", "presentation", "time_bin"))
    np.testing.assert_array_equal(loaded.values, values.transpose(1, 0, 2))
    assert recordings.load(tmp_path / "a.npy").dims == ("presentation", "neuroid", "time_bin")


def test_repetitions_become_presentations_and_those_never_shown_are_left_out(rng, tmp_path):
    values = rng.normal(size=(2, 3, 4))  # neuroid, stimulus, repetition
    values[:, 1, 2:] = np.nan
    values[0, 0, 0] = np.nan
    np.save(tmp_path / "a.npy", values)
    loaded = recordings.load(tmp_path / "a.npy", dims=("neuroid", "stimulus", "repetition"))
    assert loaded.shape == (10, 2)
    assert np.isnan(loaded.values).sum() == 1
    for row, stimulus, repetition in zip(loaded.values, loaded["stimulus_id"].values, loaded["repetition"].values):
        np.testing.assert_array_equal(row, values[:, int(stimulus[-1]), repetition])


def test_coordinates_can_be_given(rng, tmp_path):
    np.save(tmp_path / "a.npy", rng.normal(size=(6, 4)))
    loaded = recordings.load(tmp_path / "a.npy", coords={"object_name": list("aabbcc"), "region": ["V4"] * 4})
    assert loaded["object_name"].dims == ("presentation",)
    assert loaded["region"].dims == ("neuroid",)
    with pytest.raises(ValueError, match=r"coords\['object_name'\] has shape \(5,\)"):
        recordings.load(tmp_path / "a.npy", coords={"object_name": list("aabbc")})


# ------------------------------------------------------------------ real assemblies


def test_brainio_assemblies_are_read_with_their_coordinates(data_dir):
    folder = data_dir / "brainio_samples"
    plain = recordings.load(folder / "assy_test_TestMe.nc")
    assert plain.dims == ("presentation", "neuroid") and plain.shape == (6, 3)
    assert set(plain.coords) == {"stimulus_id", "repetition", "neuroid_id", "foo"}
    unnamed = recordings.load(folder / "assy_test_package_assembly.nc")
    assert unnamed.dims == ("presentation", "neuroid", "time_bin")
    assert unnamed["stimulus_id"].values.tolist() == unnamed["image_id"].values.tolist()
    events = recordings.load(folder / "assy_test_package_assembly_extras.nc")
    assert events.shape == (1, 1000)
    assert events["subject"].values.tolist() == events["animal"].values.tolist()
    assert recordings.load(folder / "assy_test_package_assembly_extras.nc", group="test").shape == (40, 1)
    activations = recordings.load(folder / "alexnet-rgb-1000.nc")
    assert activations.shape == (1, 2000) and "layer" in activations.coords
    choices = recordings.load(folder / "alexnet-probabilities.nc")
    assert choices.shape == (240, 24) and choices["choice_"].dims == ("neuroid",)


@pytest.mark.parametrize(
    "name",
    ["assy_test_TestMe.nc", "assy_test_package_assembly.nc", "alexnet-rgb-1000.nc", "alexnet-probabilities.nc"],
)
def test_the_numbers_of_brainio_assemblies_are_those_in_the_file(data_dir, name):
    path = data_dir / "brainio_samples" / name
    with h5py.File(path) as file:
        variable = file["data"] if "data" in file else file["__xarray_dataarray_variable__"]
        np.testing.assert_array_equal(recordings.load(path).values, variable[()])


def test_a_group_that_is_not_there_is_answered_with_those_that_are(data_dir):
    with pytest.raises(ValueError, match=r"no group 'tset'.*test"):
        recordings.load(data_dir / "brainio_samples" / "assy_test_package_assembly_extras.nc", group="tset")


def test_macaque_v4_counts_keep_unequal_repeats(data_dir):
    path = data_dir / "macaque_v4_cowley2023" / "responses_210325.npy"
    loaded = recordings.load(path, dims=("neuroid", "stimulus", "repetition"))
    per_image = np.unique(loaded["stimulus_id"].values, return_counts=True)[1]
    assert len(per_image) == 640 and loaded.sizes["neuroid"] == 50
    assert dict(zip(*np.unique(per_image, return_counts=True))) == {6: 36, 7: 261, 8: 294, 9: 45, 10: 4}
    assert float(loaded.mean()) == pytest.approx(2.372, abs=5e-4)


# ------------------------------------------------------------------ bad files


@pytest.fixture
def folder(responses, tmp_path):
    """Files that are damaged or foreign, each in its own way."""
    whole = recordings.save(tmp_path / "whole.nc", responses).read_bytes()
    (tmp_path / "cut.nc").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.nc").write_bytes(b"")
    (tmp_path / "text.nc").write_text("these are no responses at all")
    (tmp_path / "text.h5").write_text("these are no responses at all")
    (tmp_path / "text.npy").write_text("these are no responses at all")
    np.save(tmp_path / "whole.npy", responses.values)
    (tmp_path / "cut.npy").write_bytes((tmp_path / "whole.npy").read_bytes()[:-8])
    np.savez(tmp_path / "whole.npz", a=responses.values, b=responses.values)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:150])
    damaged = bytearray((tmp_path / "whole.npz").read_bytes())
    damaged[200:230] = b"\x00" * 30
    (tmp_path / "damaged.npz").write_bytes(damaged)
    (tmp_path / "responses.xyz").write_text("x")
    (tmp_path / "bare.zarr").mkdir()
    (tmp_path / "plain_folder").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cut.nc", "cut short"),
        ("cut.h5", "cut short"),
        ("empty.nc", r"empty \(0 bytes\)"),
        ("text.nc", r"starts with b'these ar'"),
        ("text.h5", r"starts with b'these ar'"),
        ("text.npy", r"starts with b'these ar'"),
        ("cut.npy", "damaged or cut short"),
        ("cut.npz", "damaged or cut short"),
        ("damaged.npz", "array 'a'"),
        ("whole.npz", r"several arrays: 'a \(6, 4\)', 'b \(6, 4\)'\. .*variable="),
        ("responses.xyz", r"not known \(\.xyz\)"),
        ("bare.zarr", "zarr store"),
        ("plain_folder", "is a folder"),
    ],
)
def test_files_that_are_wrong_say_how(folder, name, message):
    with pytest.raises(ValueError, match=message) as caught:
        recordings.load(folder / name)
    assert name in str(caught.value)


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        recordings.load(tmp_path / "nothing.nc")


def test_content_is_believed_over_the_ending(folder, responses):
    np.savez(folder / "archive.npz", responses=responses.values)
    (folder / "archive.npz").rename(folder / "archive.dat")
    assert recognize(folder / "archive.dat") == "npz"
    np.testing.assert_array_equal(recordings.load(folder / "archive.dat").values, responses.values)


class Malicious:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def test_python_objects_in_files_are_never_unpickled(tmp_path):
    trap = tmp_path / "sprung"
    objects = np.array([Malicious(trap)], dtype=object)
    np.save(tmp_path / "a.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "a.npz", responses=np.zeros((2, 2)), names=objects)
    (tmp_path / "b.npy").write_bytes(pickle.dumps(Malicious(trap)))
    for name in ("a.npy", "a.npz", "b.npy"):
        with pytest.raises(ValueError, match=r"Python objects|starts with"):
            recordings.load(tmp_path / name)
    loaded = recordings.load(tmp_path / "a.npz", variable="responses")
    assert loaded.shape == (2, 2) and not loaded.coords
    assert not trap.exists()


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({"a": np.zeros((2, 3)), "b": np.zeros((2, 3))}, {"variable": "c"}, r"no numeric array 'c'.*'a \(2, 3\)'"),
        ({"a": np.zeros((2, 3))}, {"dims": ("presentation",)}, r"names 1 axes.*\(2, 3\)"),
        ({"a": np.zeros((2, 3))}, {"dims": ("presentation", "presentation")}, "twice"),
        ({"a": np.zeros((2, 3))}, {"dims": ("presentation", "neurod")}, "Did you mean 'neuroid'"),
        ({"a": np.zeros((2, 3))}, {"dims": ("repetition", "neuroid")}, "without 'stimulus'"),
        ({"a": np.zeros((2, 3, 4, 5))}, {}, r"\(2, 3, 4, 5\)"),
        ({"a": np.array(["x", "y"])}, {}, "no array with two axes"),
        ({"a": np.zeros((2, 3), dtype=complex)}, {}, "no array with two axes"),
    ],
)
def test_archives_that_do_not_say_what_they_hold(tmp_path, arrays, options, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        recordings.load(tmp_path / "a.npz", **options)


def test_axes_with_unknown_names_are_asked_for(rng, tmp_path):
    xr.DataArray(rng.normal(size=(3, 4)), dims=("foo", "bar"), name="x").to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match=r"axes \('foo', 'bar'\).*dims="):
        recordings.load(tmp_path / "a.nc")
    assert recordings.load(tmp_path / "a.nc", dims=("neuroid", "presentation")).shape == (4, 3)


# ------------------------------------------------------------------ saving


def test_saving_refuses_what_no_reader_would_understand(responses, tmp_path):
    with pytest.raises(ValueError, match=r"\.nc"):
        recordings.save(tmp_path / "a.mat", responses)
    with pytest.raises(TypeError, match="DataArray"):
        recordings.save(tmp_path / "a.nc", responses.values)
    with pytest.raises(TypeError, match="numbers"):
        recordings.save(tmp_path / "a.nc", responses.astype(str))
    with pytest.raises(ValueError, match="presentation and neuroid"):
        recordings.save(tmp_path / "a.nc", responses.rename(neuroid="unit"))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_leaves_the_old_file(responses, tmp_path, monkeypatch):
    path = recordings.save(tmp_path / "a.nc", responses)
    before = path.read_bytes()

    def fail(self, target, **options):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", fail)
    with pytest.raises(OSError, match="nothing was changed"):
        recordings.save(path, responses + 1)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["a.nc"]


def test_mixed_and_missing_entries_of_coordinates_are_stored_as_text_or_numbers(responses, tmp_path):
    odd = responses.assign_coords(
        mixed=("presentation", np.array(["a", 1, None, 2.5, "b", "c"], dtype=object)),
        gaps=("presentation", np.array([1, None, 3, 4, 5, 6], dtype=object)),
    )
    odd.attrs["flags"] = [True, None, "x"]
    loaded = recordings.load(recordings.save(tmp_path / "a.nc", odd))
    assert loaded["mixed"].fillna("missing").values.tolist() == ["a", "1", "missing", "2.5", "b", "c"]
    np.testing.assert_array_equal(loaded["gaps"].values, [1, np.nan, 3, 4, 5, 6])
    assert loaded.attrs["flags"] == '[true, null, "x"]'


# ------------------------------------------------------------------ incomplete


def test_incomplete_neuroids_or_presentations_are_dropped(responses):
    responses.values[2, 1] = np.nan
    responses.values[4, 1] = np.inf
    assert recordings.drop_incomplete(responses, "neuroid")["neuroid_id"].values.tolist() == ["u1", "u3", "u4"]
    assert recordings.drop_incomplete(responses, "presentation").sizes["presentation"] == 4
    responses.values[:, 0] = np.nan
    with pytest.raises(ValueError, match="every presentation"):
        recordings.drop_incomplete(responses, "presentation")
    with pytest.raises(ValueError, match="dim="):
        recordings.drop_incomplete(responses, "time")


def test_arrays_that_would_not_fit_are_refused_before_they_are_read(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("responses", shape=(10**7, 10**7), chunks=(1000, 1000), dtype="f8")
    assert (tmp_path / "a.h5").stat().st_size < 100_000
    with pytest.raises(MemoryError, match=r"the array of a.h5 needs .* TB"):
        recordings.load(tmp_path / "a.h5")


def test_a_damaged_block_inside_a_file_is_found_when_it_is_read(rng, tmp_path):
    array = xr.DataArray(rng.normal(size=(50, 40)), dims=("presentation", "neuroid"))
    path = recordings.save(tmp_path / "a.nc", array)
    content = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        start = file["data"].id.get_chunk_info(0).byte_offset
    content[start : start + 200] = b"\xff" * 200
    path.write_bytes(content)
    with pytest.raises(ValueError, match="a.nc is damaged"):
        recordings.load(path)


def test_an_array_whose_length_is_that_of_no_axis_is_left_out_with_a_warning(tmp_path, rng):
    np.savez(tmp_path / "a.npz", responses=rng.normal(size=(24, 6)), label=list("abcab"), other=np.arange(24))
    with pytest.warns(UserWarning, match=r"'label' .* \(5,\), .*presentation 24, neuroid 6") as caught:
        found = recordings.load(tmp_path / "a.npz")
    assert len(caught) == 1 and set(found.coords) == {"other"}


def test_chunks_that_are_missing_from_a_store_are_counted_in_a_warning(tmp_path, recwarn):
    zarr = pytest.importorskip("zarr")
    array = zarr.open(str(tmp_path / "a.zarr"), mode="w", shape=(6, 4), chunks=(3, 2), dtype="f8", fill_value=np.nan)
    array[:] = 1.0
    assert recordings.load(tmp_path / "a.zarr").values.tolist() == np.ones((6, 4)).tolist()
    assert not [one for one in recwarn.list if "chunks" in str(one.message)]
    (tmp_path / "a.zarr" / "c" / "1" / "0").unlink()
    with pytest.warns(UserWarning, match=r"a.zarr has 3 of 4 chunks; .* nan"):
        found = recordings.load(tmp_path / "a.zarr")
    assert np.isnan(found.values).sum() == 6


@pytest.mark.parametrize("missing", [None, np.nan])
@pytest.mark.parametrize("word", ["b", ""])
def test_missing_labels_are_missing_after_saving_not_a_class_without_a_name(tmp_path, responses, missing, word):
    labels = np.array(["a", word, missing, "a", missing, word], dtype=object)
    saved = recordings.save(tmp_path / "a.nc", responses.assign_coords(label=("presentation", labels)))
    found = recordings.load(saved)["label"]
    assert found.isnull().values.tolist() == [False, False, True, False, True, False]
    assert found.values[[0, 1, 3, 5]].tolist() == ["a", word, "a", word]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.nc")
    writer = os.open(tmp_path / "a.nc", os.O_RDWR)  # so that a reader that opens it does not wait for ever
    os.write(writer, b"CDF" + bytes(517))
    with pytest.raises(ValueError, match=r"a.nc is neither a file nor a folder"):
        recordings.load(tmp_path / "a.nc")
    os.close(writer)


def test_one_text_for_the_axes_is_not_taken_letter_by_letter(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 2)))
    with pytest.raises(TypeError, match="dims='presentation' is text"):
        recordings.load(tmp_path / "a.npy", dims="presentation")


def test_coordinates_without_an_axis_or_with_two_are_kept(tmp_path, responses):
    whole = responses.assign_coords(
        position=5, area="V4", depth_of_trial=(("presentation", "neuroid"), np.arange(24.0).reshape(6, 4))
    )
    found = recordings.load(recordings.save(tmp_path / "a.nc", whole))
    assert found["position"].item() == 5 and found["area"].item() == "V4"
    assert_same(found, whole)


def test_coordinates_of_stimulus_and_repetition_are_those_of_their_presentations(tmp_path):
    shown = xr.DataArray(
        np.arange(12.0).reshape(3, 2, 2),
        dims=("stimulus", "repetition", "neuroid"),
        coords={"reward": (("repetition", "stimulus"), np.arange(6).reshape(2, 3)), "day": 7},
        name="data",
    )
    shown.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    found = recordings.load(tmp_path / "a.nc", dims=shown.dims)
    assert found["reward"].values.tolist() == [0, 3, 1, 4, 2, 5] and found["day"].item() == 7


@pytest.mark.parametrize("key", ["responses", "label"])
def test_chunks_that_are_cut_short_are_an_error_that_names_store_and_array(tmp_path, rng, key):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w")
    group.create_array("responses", data=rng.normal(size=(60, 40)))
    group.create_array("label", data=np.arange(60))
    (chunk,) = [one for one in (tmp_path / "a.zarr" / key / "c").rglob("*") if one.is_file()]
    chunk.write_bytes(chunk.read_bytes()[: chunk.stat().st_size // 2])
    with pytest.raises(ValueError, match=rf"a.zarr: array '{key}' cannot be read"):
        recordings.load(tmp_path / "a.zarr")


@pytest.mark.parametrize("member", ["a.txt", "a.npy"])
def test_zips_of_something_else_are_refused_by_name(tmp_path, member):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr(member, "these are words")
    with pytest.raises(ValueError, match=r"a.npz holds 'a(.txt)?', which is no NumPy array"):
        recordings.load(tmp_path / "a.npz")


def test_zips_with_a_password_say_so(tmp_path):
    np.savez(tmp_path / "a.npz", responses=np.zeros((4, 3)))
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[content.index(b"PK\x03\x04") + 6] |= 1  # the flag of an encrypted member, in both of its headers
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"a.npz is locked by a password"):
        recordings.load(tmp_path / "a.npz")


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
@pytest.mark.parametrize("shape", [(100_000, 100_000), (2**40, 2**20)])
def test_a_header_that_promises_more_than_there_is_is_refused_before_memory_is_asked_for(tmp_path, name, shape):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": shape})
    content = head.getvalue() + bytes(800)
    (tmp_path / "a.npy").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("responses.npy", content)
    told = rf"is damaged or cut short: its header tells of \({shape[0]}, {shape[1]}\) float64"
    with pytest.raises(ValueError, match=rf"{name}( \(array 'responses'\))? {told}"):
        recordings.load(tmp_path / name)


@pytest.mark.parametrize("key", ["data", "a/b", "", "a\0b"])
def test_coordinates_of_names_that_files_cannot_hold_are_refused_by_name(tmp_path, responses, key):
    named = responses.assign_coords({key: ("presentation", np.arange(6))})
    with pytest.raises(ValueError, match=re.escape(f"responses has a coordinate {key!r}")):
        recordings.save(tmp_path / "a.nc", named)
    assert not list(tmp_path.iterdir())
