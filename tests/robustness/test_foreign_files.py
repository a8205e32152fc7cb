"""Files that are damaged, foreign or hostile give a clear error, and none of them runs code."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom.io import UnitStore, write_groups
from neurogeom.results import Result, load

RESULT = Result(xr.Dataset({"capacity": 0.5, "x": ("d", np.arange(500.0))}), {"seed": 1})


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.path,))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return RESULT.save(tmp_path_factory.mktemp("whole") / "a.nc").read_bytes()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 0.9, 0.99])
def test_a_file_that_is_cut_short_is_said(tmp_path: Path, whole: bytes, share: float) -> None:
    path = tmp_path / "a.nc"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match=r"a\.nc (is not a netCDF 4 file|cannot be read as netCDF)"):
        load(path)


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # of h5netcdf, closing what it could not open
@settings(max_examples=60)
@given(place=st.integers(0, 10**9), value=st.integers(1, 255))
def test_a_changed_byte_gives_a_result_or_an_error_and_no_crash(
    place: int, value: int, whole: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    damaged = bytearray(whole)
    damaged[place % len(whole)] ^= value
    path = tmp_path_factory.mktemp("byte") / "a.nc"
    path.write_bytes(damaged)
    try:
        found: object = load(path)
    except (ValueError, OSError) as error:
        found = error
    assert isinstance(found, Result) or str(path) in str(found)


@pytest.mark.parametrize(
    "content", [b"", b"CDF\x01", b"hello", b"\x89PNG\r\n\x1a\n", b"\x89HDF\r\n\x1a\n", b"\x00" * 100]
)
def test_what_is_no_netcdf_says_what_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.nc"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="netCDF"):
        load(path)


def test_a_hostile_pickle_is_refused_and_does_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    path = tmp_path / "a.nc"
    path.write_bytes(pickle.dumps(Bomb(trace)))
    with pytest.raises(ValueError, match="not a netCDF 4 file"):
        load(path)
    assert not trace.exists()
    pickle.loads(path.read_bytes())  # the bomb is real
    assert trace.exists()


def test_netcdf_of_others_is_told_from_a_result(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    xr.Dataset({"responses": (("presentation", "neuroid"), np.ones((2, 3)))}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(ValueError, match=r"not a result of neurogeom.*recordings\.load"):
        load(path)


def attributes(**changed: str) -> dict[str, str]:
    whole = {"format": "neurogeom result", "kind": "result", "version": "1"}
    return {
        **whole,
        **dict.fromkeys(("settings", "diagnostics"), "{}"),
        **dict.fromkeys(("warnings", "references"), "[]"),
        **changed,
    }


@pytest.mark.parametrize(
    "kind", ["capacity.unheard_of", "os.system", "nowhere", "", "..", "statistics.bootstrap", "__main__.x"]
)
def test_an_unknown_kind_is_said_and_no_module_of_the_files_choice_is_loaded(tmp_path: Path, kind: str) -> None:
    path = write_groups(tmp_path / "a.nc", {"/": xr.Dataset({"x": 1.0})}, attributes(kind=kind))
    with pytest.raises(ValueError, match="does not know"):
        load(path)


def test_a_newer_version_says_how_to_upgrade(tmp_path: Path) -> None:
    path = write_groups(tmp_path / "a.nc", {"/": xr.Dataset({"x": 1.0})}, attributes(version="99"))
    with pytest.raises(ValueError, match="in version 99, this neurogeom reads up to 1.*pip install --upgrade"):
        load(path)


@pytest.mark.parametrize(
    "changed", [{"settings": "{"}, {"version": "one"}, {"settings": "[]"}, {"diagnostics": "3"}, {"warnings": "null"}]
)
def test_damaged_parts_are_said(tmp_path: Path, changed: dict[str, str]) -> None:
    path = write_groups(tmp_path / "a.nc", {"/": xr.Dataset({"x": 1.0})}, attributes(**changed))
    with pytest.raises(ValueError, match="is a damaged result"):
        load(path)


def test_text_in_a_file_is_text_wherever_it_is_shown(tmp_path: Path) -> None:
    attack = "<script>alert(1)</script>"
    dataset = xr.Dataset({"x": ("d", [1.0])}, coords={"d": [attack]})
    result = Result(dataset, {"seed": attack}, {attack: attack}, (attack,), (attack,))
    back = load(result.save(tmp_path / "a.nc"))
    assert "<script>" not in back._repr_html_()


def test_a_missing_file_and_a_folder_are_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file"):
        load(tmp_path / "a.nc")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        load(tmp_path)


def test_a_damaged_unit_is_said(tmp_path: Path) -> None:
    store = UnitStore(tmp_path, "run")
    store.save("a", RESULT)
    next(tmp_path.glob("*.nc")).write_bytes(b"half")
    with pytest.raises(ValueError, match="not a netCDF 4 file"):
        store.load("a")


@pytest.mark.parametrize("marker", ["", "{}", json.dumps({"key": "a", "reader": "os.system"}), "[1]"])
def test_a_damaged_marker_is_said_and_names_no_function(tmp_path: Path, marker: str) -> None:
    store = UnitStore(tmp_path, "run")
    store.save("a", RESULT)
    next(tmp_path.glob("*.done")).write_text(marker)
    with pytest.raises(ValueError, match="marker"):
        store.load("a")
