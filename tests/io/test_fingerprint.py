"""Equal content gives an equal fingerprint, different content a different one, on every machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from neurogeom.io import fingerprint

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(plain)
def test_equal_content_gives_an_equal_fingerprint(value: object) -> None:
    assert fingerprint(value) == fingerprint(value)
    assert len(fingerprint(value)) == 32


@given(plain, plain)
def test_different_content_gives_a_different_one(one: object, other: object) -> None:
    if repr(one) != repr(other) and one != other:
        assert fingerprint(one) != fingerprint(other)


def test_near_misses_differ() -> None:
    values = [
        (),
        (None,),
        (0,),
        (0.0,),
        (-0.0,),
        (False,),
        ("",),
        ("0",),
        (b"0",),
        ([],),
        ([0],),
        ({},),
        ("a", "bc"),
        ("ab", "c"),
        (["a", "bc"],),
        (np.zeros(2),),
        (np.zeros((2, 1)),),
        (np.zeros(2, np.float32),),
        (np.zeros(2, int),),
        (np.array(["a"]),),
        (np.array(["a"], object),),
        (Path("a"),),
        ("a",),
        ({1, 2},),
        ([1, 2],),
    ]
    assert len({fingerprint(*value) for value in values}) == len(values)


def test_layout_byte_order_and_key_order_do_not_count(rng: np.random.Generator) -> None:
    array = rng.normal(size=(4, 6))
    same = [array.copy(), np.asfortranarray(array), array[:, ::-1][:, ::-1], array.astype(">f8")]
    assert {fingerprint(other) for other in same} == {fingerprint(array)}
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({3, 1, 2}) == fingerprint({1, 2, 3})
    assert fingerprint((1, 2)) == fingerprint([1, 2])
    assert fingerprint(np.float64(1.5), np.int8(2)) == fingerprint(1.5, 2)


def test_every_part_of_labeled_data_counts() -> None:
    base = xr.DataArray([[1.0, 2.0]], dims=("presentation", "neuroid"), coords={"neuroid": ["a", "b"]}, name="x")
    others = [
        base.rename("y"),
        base.rename(presentation="trial"),
        base.assign_coords(neuroid=["a", "c"]),
        base.assign_coords(region=("neuroid", ["V1", "V4"])),
        base + 1,
        base.to_dataset(name="x"),
        base.to_pandas(),
    ]
    assert fingerprint(base) == fingerprint(base.copy(deep=True))
    assert len({fingerprint(other) for other in (base, *others)}) == 8


def test_tables_and_indexes_are_read() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    assert fingerprint(frame) == fingerprint(frame.copy())
    assert fingerprint(frame) != fingerprint(frame.rename(columns={"a": "c"}))
    assert fingerprint(frame) != fingerprint(frame.set_index(pd.Index([5, 6])))
    assert fingerprint(frame["a"]) != fingerprint(frame["b"])


def test_an_object_may_say_its_own() -> None:
    class Says:
        fingerprint = "abc"

    class Computes:
        def fingerprint(self) -> str:
            return "abc"

    assert fingerprint(Says()) == fingerprint(Says())
    assert fingerprint(Says()) != fingerprint(Computes())


def test_what_has_no_known_content_is_refused() -> None:
    for value in (object(), len, lambda: 1):
        with pytest.raises(TypeError, match="has no fingerprint"):
            fingerprint(value)


def test_it_is_the_same_in_another_process() -> None:
    code = "import numpy as np; from neurogeom.io import fingerprint as f; print(f({'a': {1, 2}, 'b': np.arange(3.0)}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONHASHSEED": "77"})
    assert done.stdout.strip() == fingerprint({"a": {1, 2}, "b": np.arange(3.0)})


def test_stored_values_do_not_change_between_versions() -> None:
    """A change here makes every run that was stopped before an upgrade start anew."""
    assert fingerprint() == "cae66941d9efbd404e4d88758ea67670"
    assert fingerprint("a", 1, 1.5, None, True) == "9c69931ed453e5807884d533dd37b22e"
    assert fingerprint({"x": np.arange(3.0)}, [b"\x00"]) == "2e530e196520711197e38c41cd5a71fe"
