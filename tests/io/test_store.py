"""A store knows what is done, refuses what is not its own, and gives back what it was given."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from neurogeom._core.warnings import NeurogeomWarning
from neurogeom.io import UnitStore
from neurogeom.io.store import _stem
from neurogeom.results import Result, make_settings

UNIT = xr.Dataset({"x": ("d", [1.0, 2.0])})
keys = (
    st.text(max_size=8)
    | st.integers()
    | st.lists(st.text(max_size=4) | st.integers(), min_size=1, max_size=3).map(tuple)
)


@pytest.mark.parametrize("key", ["conv1", "a/b: c", "", 7, ("layer", 3), "Ω", "x" * 300])
def test_a_unit_comes_back_under_its_key(tmp_path: Path, key: object) -> None:
    store = UnitStore(tmp_path, "f")
    assert not store.done(key)
    store.save(key, UNIT)
    assert store.done(key)
    assert store.keys() == [key]
    xr.testing.assert_identical(UnitStore(tmp_path, "f").load(key)["/"], UNIT)


def test_results_and_groups_come_back_as_what_they_were(tmp_path: Path) -> None:
    store = UnitStore(tmp_path, "f")
    store.save("result", Result(xr.Dataset({"capacity": 0.5}), make_settings(seed=1)))
    store.save("groups", {"a": UNIT, "b": UNIT + 1})
    assert store.load("result").capacity == 0.5
    xr.testing.assert_identical(store.load("groups")["/b"], UNIT + 1)
    assert sorted(store.keys()) == ["groups", "result"]


@given(st.lists(keys, min_size=2, max_size=6, unique_by=repr))
def test_different_keys_have_different_files(found: list) -> None:
    stems = [_stem(key).lower() for key in found]
    assert len(set(stems)) == len({(type(key).__name__, repr(key)) for key in found})
    assert all(len(stem) < 100 and "/" not in stem and not stem.startswith(".") for stem in stems)


def test_saving_again_replaces(tmp_path: Path) -> None:
    store = UnitStore(tmp_path, "f")
    for value in (1.0, 2.0):
        store.save("a", xr.Dataset({"x": value}))
    assert float(store.load("a")["/"]["x"]) == 2.0


def test_a_file_without_its_marker_is_not_done(tmp_path: Path) -> None:
    store = UnitStore(tmp_path, "f")
    store.save("a", UNIT)
    (marker,) = tmp_path.glob("*.done")
    marker.unlink()
    assert not store.done("a")
    with pytest.raises(KeyError, match="unit 'a' is not finished"):
        store.load("a")
    store.save("a", UNIT)
    next(tmp_path.glob("*.nc")).unlink()
    assert not store.done("a")
    assert store.keys() == []


def test_the_marker_is_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = UnitStore(tmp_path, "f")
    order = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append(Path(b).suffix), replace(a, b)))
    store.save("a", UNIT)
    assert order == [".nc", ".done"]


def test_another_run_is_refused(tmp_path: Path) -> None:
    UnitStore(tmp_path, "first-run").save("a", UNIT)
    with pytest.raises(ValueError, match="units of another run.*data, arguments or seed differ"):
        UnitStore(tmp_path, "other-run")
    assert UnitStore(tmp_path, "first-run").done("a")


@pytest.mark.parametrize("head", ["", "[]", "{}", '{"format": 1', "null", '{"fingerprint": "f"}'])
def test_a_damaged_head_is_said(tmp_path: Path, head: str) -> None:
    (tmp_path / "store.json").write_text(head)
    with pytest.raises(ValueError, match="not the head of a store"):
        UnitStore(tmp_path, "f")


def test_a_newer_format_is_said(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text(json.dumps({"format": 99, "fingerprint": "f"}))
    with pytest.raises(ValueError, match="written in format 99; this version reads 1"):
        UnitStore(tmp_path, "f")


def test_a_folder_with_other_files_and_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(ValueError, match=r"holds other files \(first: 'thesis.tex'\)"):
        UnitStore(tmp_path, "f")
    with pytest.raises(ValueError, match="is a file"):
        UnitStore(tmp_path / "thesis.tex", "f")
    assert os.listdir(tmp_path) == ["thesis.tex"]


@pytest.mark.parametrize("key", [None, 1.5, True, (), ("a", None), (1.5,)])
def test_what_cannot_be_a_key_is_refused(tmp_path: Path, key: object) -> None:
    with pytest.raises(TypeError, match="cannot name a unit"):
        UnitStore(tmp_path, "f").done(key)


def test_what_cannot_be_a_unit_is_refused(tmp_path: Path) -> None:
    store = UnitStore(tmp_path, "f")
    with pytest.raises(TypeError, match="the unit is a ndarray"):
        store.save("a", np.ones(2))
    assert not store.done("a")


def test_a_store_without_a_finished_unit_is_taken_over(tmp_path: Path) -> None:
    first = UnitStore(tmp_path, "first-run")
    second = UnitStore(tmp_path, "other-run")
    second.save("a", UNIT)
    assert UnitStore(tmp_path, "other-run").done("a")
    with pytest.raises(ValueError, match="units of another run"):
        first.save("b", UNIT)
    with pytest.raises(ValueError, match="units of another run"):
        UnitStore(tmp_path, "first-run")


@pytest.mark.parametrize("suffix", ["nc", "done"])
def test_a_damaged_unit_is_said_and_is_not_done_any_more(tmp_path: Path, suffix: str) -> None:
    store = UnitStore(tmp_path, "f")
    assert store.found("a") is None
    store.save("a", UNIT)
    xr.testing.assert_identical(store.found("a")["/"], UNIT)
    next(tmp_path.glob(f"a*.{suffix}")).write_bytes(b"torn")
    with pytest.warns(NeurogeomWarning, match="damaged and is computed again"):
        assert store.found("a") is None
    assert not store.done("a")
