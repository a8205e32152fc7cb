"""What is written comes back equal: values to the last bit, names, dtypes, attributes, groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neurogeom.io import netcdf, read_groups, write_groups
from neurogeom.io.netcdf import with_plain_text

KINDS = [np.float64, np.float32, np.int64, np.int32, np.int8, np.uint8, np.uint64, np.bool_]


def round_trip(dataset: xr.Dataset, path: Path) -> xr.Dataset:
    groups, _ = read_groups(write_groups(path, {"/": dataset}))
    return groups["/"]


@settings(max_examples=40)
@given(
    array=st.sampled_from(KINDS).flatmap(
        lambda kind: hnp.arrays(kind, hnp.array_shapes(max_dims=3, min_side=0, max_side=4))
    )
)
def test_numbers_come_back_to_the_last_bit(array: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> None:
    dims = [f"d{axis}" for axis in range(array.ndim)]
    back = round_trip(xr.Dataset({"x": (dims, array)}), tmp_path_factory.mktemp("n") / "a.nc")["x"]
    assert back.dtype == array.dtype
    assert back.values.tobytes() == array.tobytes()
    assert list(back.dims) == dims


def test_special_numbers_keep_their_bits(tmp_path: Path) -> None:
    array = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, np.finfo(float).max])
    back = round_trip(xr.Dataset({"x": ("d", array), "scalar": -0.0}), tmp_path / "a.nc")
    assert back["x"].values.tobytes() == array.tobytes()
    assert np.signbit(back["scalar"].item())


@settings(max_examples=30)
@given(
    words=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8), min_size=1, max_size=5
    )
)
def test_text_comes_back_equal(words: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    dataset = xr.Dataset({"w": ("d", np.array(words, dtype=object)), "scalar": words[0]})
    back = round_trip(dataset, tmp_path_factory.mktemp("t") / "a.nc")
    assert back["w"].values.tolist() == words
    assert back["scalar"].item() == words[0]
    assert back["w"].dtype.kind == "U"


def test_dates_and_spans_come_back_equal(tmp_path: Path) -> None:
    times = np.array(["2024-01-01T00:00:00.123456789", "1969-07-20"], dtype="M8[ns]")
    dataset = xr.Dataset({"t": ("d", times), "span": ("d", np.array([1, 10**15], dtype="m8[ns]"))})
    xr.testing.assert_identical(round_trip(dataset, tmp_path / "a.nc"), dataset)


def test_coordinates_stay_coordinates_and_attributes_keep_their_kinds(tmp_path: Path) -> None:
    attributes = {
        "units": "Hz",
        "long": "Größe",
        "none": None,
        "flag": True,
        "list": [1, 2.5, "a"],
        "nested": {"a": [None]},
    }
    dataset = xr.Dataset(
        {"x": (("layer", "d"), np.ones((2, 3)), attributes)},
        coords={"layer": ["a", "b"], "depth": ("layer", [1, 2], {"flag": False}), "where": 3},
        attrs=attributes,
    )
    back = round_trip(dataset, tmp_path / "a.nc")
    xr.testing.assert_identical(back, dataset)
    assert back.attrs == attributes
    assert back["x"].attrs == attributes
    assert back["depth"].attrs == {"flag": False}


def test_groups_of_one_file_are_independent(tmp_path: Path) -> None:
    groups = {
        "/": xr.Dataset({"x": ("d", [1.0])}, attrs={"a": 1}),
        "first": xr.Dataset({"x": ("d", [1, 2])}),
        "second/deep": xr.Dataset({"y": 3}),
        "empty": xr.Dataset(attrs={"only": "attributes"}),
    }
    back, attrs = read_groups(write_groups(tmp_path / "a.nc", groups, {"kind": "test"}))
    assert attrs == {"kind": "test"}
    for name, dataset in groups.items():
        found = back["/" if name == "/" else f"/{name}"]
        xr.testing.assert_identical(found, dataset)


def test_only_the_groups_that_are_asked_for_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_groups(tmp_path / "x.nc", {f"/{name}": xr.Dataset({"x": i}) for i, name in enumerate("abc")})
    read: list[str] = []
    real = netcdf._read_group
    monkeypatch.setattr(netcdf, "_read_group", lambda source, name: read.append(name) or real(source, name))
    groups, _ = read_groups(path, only=["/", "/b", "/nowhere"])
    assert read == list(groups) == ["/b"]
    assert groups["/b"].x == 1
    assert list(read_groups(path)[0]) == ["/a", "/b", "/c"]


def test_the_input_is_not_changed(tmp_path: Path) -> None:
    dataset = xr.Dataset({"w": ("d", np.array(["a"], dtype=object), {"flag": True})}, attrs={"none": None})
    before = dataset.copy(deep=True)
    write_groups(tmp_path / "a.nc", {"/": dataset})
    xr.testing.assert_identical(dataset, before)
    assert dataset["w"].dtype == object


def test_other_programs_can_read_it(tmp_path: Path) -> None:
    path = write_groups(tmp_path / "a.nc", {"/": xr.Dataset({"x": ("d", [1.0], {"units": "Hz"})})}, {"kind": "test"})
    with xr.open_dataset(path, engine="h5netcdf") as opened:
        assert opened["x"].attrs["units"] == "Hz"
        assert opened.attrs["kind"] == "test"


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    dataset = xr.Dataset({"x": ("d", [1.0, 2.0]), "w": ("d", ["a", "b"])}, attrs={"b": 1, "a": 2})
    first, second = (write_groups(tmp_path / name, {"/": dataset}, {"k": "v"}) for name in ("a.nc", "b.nc"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("value", [{1, 2}, object(), 1j])
def test_objects_are_refused_before_anything_is_written(tmp_path: Path, value: object) -> None:
    with pytest.raises(TypeError, match="needed"):
        write_groups(tmp_path / "a.nc", {"/": xr.Dataset(attrs={"x": value})})
    with pytest.raises(TypeError, match="variable 'x' of group '/' holds objects"):
        write_groups(tmp_path / "a.nc", {"/": xr.Dataset({"x": ("d", np.array([value, "a"], dtype=object))})})
    assert not list(tmp_path.iterdir())


def test_plain_text_is_fixed_width_from_every_kind_of_text() -> None:
    for array in (np.array(["a", "bc"], dtype=object), np.array(["a", "bc"], dtype=np.dtypes.StringDType())):
        found = with_plain_text(xr.Dataset({"x": ("d", array)}, coords={"d": array}))
        assert found["x"].dtype == found["d"].dtype == np.dtype("<U2")
