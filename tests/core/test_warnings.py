"""A warning points at the user's line, is shown once per call, and is kept."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from neurogeom._core import warnings as ours
from neurogeom._core.warnings import NeurogeomWarning, SaturationWarning, collect, defer, warn


@pytest.fixture
def shown() -> Iterator[list[warnings.WarningMessage]]:
    with warnings.catch_warnings(record=True) as records:
        warnings.simplefilter("always")
        yield records


def test_the_first_line_outside_the_package_is_named(shown: list) -> None:
    warn("here", SaturationWarning)
    assert shown[0].filename == __file__
    assert shown[0].category is SaturationWarning
    assert "warn(" in Path(__file__).read_text(encoding="utf-8").splitlines()[shown[0].lineno - 1]


def test_frames_of_the_package_are_passed_over(shown: list) -> None:
    inside = compile("def measure(warn):\n    warn('deep')\n", ours._PACKAGE_FOLDER + "capacity/glue.py", "exec")
    names: dict = {}
    exec(inside, names)
    names["measure"](warn)
    assert shown[0].filename == __file__


def test_every_class_can_be_caught_as_one() -> None:
    classes = [value for value in vars(ours).values() if isinstance(value, type) and issubclass(value, Warning)]
    assert len(classes) >= 6
    assert all(issubclass(category, NeurogeomWarning) and issubclass(category, UserWarning) for category in classes)


def test_messages_are_kept_once_and_in_order(shown: list) -> None:
    with collect() as notes:
        for message in ("a", "b", "a"):
            warn(message)
    assert notes == ["a", "b"]
    assert [str(record.message) for record in shown] == ["a", "b"]


def test_each_call_shows_its_warning_again(shown: list) -> None:
    for _ in range(2):
        with collect():
            warn("a")
    assert len(shown) == 2


def test_nested_blocks_both_keep_and_one_shows(shown: list) -> None:
    with collect() as outer:
        with collect() as first:
            warn("a")
        with collect() as second:
            warn("a")
            warn("b")
    assert (outer, first, second) == (["a", "b"], ["a"], ["a", "b"])
    assert [str(record.message) for record in shown] == ["a", "b"]


def test_nothing_is_kept_after_the_block_or_in_another_thread(shown: list) -> None:
    with collect() as notes:
        thread = threading.Thread(target=warn, args=("elsewhere",))
        thread.start()
        thread.join()
    warn("later")
    assert notes == []


def test_an_error_inside_closes_the_block() -> None:
    with pytest.raises(KeyError), collect():
        raise KeyError("x")
    assert ours._collectors.get() == ()


def test_a_warning_turned_into_an_error_is_raised_and_kept() -> None:
    with warnings.catch_warnings(), collect() as notes:
        warnings.simplefilter("error")
        with pytest.raises(NeurogeomWarning, match="strict"):
            warn("strict")
    assert notes == ["strict"]


def test_deferred_warnings_are_silent_until_issued_again(shown: list) -> None:
    with defer() as waiting:
        warn("a", SaturationWarning)
    assert not shown
    assert waiting == [("a", SaturationWarning)]
