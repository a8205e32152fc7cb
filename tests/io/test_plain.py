"""Settings become plain values that JSON holds and gives back equal."""

from __future__ import annotations

import datetime
import enum
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from neurogeom import capacity
from neurogeom.io import fingerprint
from neurogeom.io.plain import plain, software_versions


class Mode(enum.StrEnum):
    FAST = "fast"


class Points:
    fingerprint = "abc"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        ((1, (2, 3)), [1, [2, 3]]),
        ({"b", "a"}, ["a", "b"]),
        (np.arange(3), [0, 1, 2]),
        (np.array(2.5), 2.5),
        (Path("a"), "a"),
        (Mode.FAST, "fast"),
        ({1: np.int8(2)}, {"1": 2}),
        (slice(1, 3), "slice(1, 3, None)"),
        (Points(), {"type": "Points", "fingerprint": "abc"}),
        (json.dumps, "json.dumps"),
    ],
)
def test_values_become_plain(value: object, expected: object) -> None:
    found = plain({"x": value}, "settings")
    assert found == {"x": expected}
    assert json.loads(json.dumps(found)) == found
    assert type(found["x"]) is type(expected)


def test_long_arrays_among_arguments_are_described_and_short_ones_kept() -> None:
    array = np.zeros((100, 3))
    described = {"shape": [100, 3], "dtype": "float64", "fingerprint": fingerprint(array)}
    assert plain({"t": array}, "settings", short_arrays=True) == {"t": described}
    assert plain({"t": array[:2]}, "settings", short_arrays=True) == {"t": [[0.0] * 3] * 2}
    assert plain({"t": array}, "diagnostics")["t"] == array.tolist()


def test_what_cannot_be_described_is_named() -> None:
    with pytest.raises(TypeError, match=r"settings\['a'\]\['b'\]\[1\] is a object"):
        plain({"a": {"b": [1, object()]}}, "settings")
    with pytest.raises(TypeError, match="settings is a list"):
        plain([1], "settings")  # type: ignore[arg-type]


def test_the_result_is_a_copy() -> None:
    given = {"a": [1, {"b": 2}]}
    found = plain(given, "settings")
    found["a"][1]["b"] = 3
    assert given == {"a": [1, {"b": 2}]}


def test_versions_are_those_installed() -> None:
    versions = software_versions()
    assert versions["numpy"] == np.__version__
    assert {"neurogeom", "python", "scipy", "xarray"} <= set(versions)


@pytest.mark.parametrize(
    "value",
    [[b"cat"], np.array([b"cat"]), np.array(["2020-01-01"], "M8[ns]"), [np.datetime64("2020-01-01")],
     [datetime.date(2020, 1, 1)], np.array([3], "m8[s]")],
)  # fmt: skip
def test_bytes_and_dates_become_text(value: object) -> None:
    [text] = plain({"labels": value}, "settings")["labels"]
    assert isinstance(text, str)
    assert text in ("cat", "3") or text.startswith(("2020-01-01", "3 seconds"))
    assert plain({"labels": [text]}, "settings") == {"labels": [text]}


def test_manifolds_of_labels_in_bytes_and_dates_are_measured() -> None:
    points = np.random.default_rng(0).normal(size=(16, 20))
    for labels in (np.repeat([b"a", b"b"], 8), np.repeat(np.array(["2020-01-01", "2020-01-02"], "M8[D]"), 8)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = capacity.glue(points, labels, n_samples=5, seed=0)
        assert result.data["manifold"].values.tolist()[0] in ("a", "2020-01-01", "2020-01-01 00:00:00")
