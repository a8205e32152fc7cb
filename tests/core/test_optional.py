"""A missing package says what needs it and the one command to run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from neurogeom._core.optional import require


def test_what_is_there_is_returned() -> None:
    assert require("os.path", extra="nwb", purpose="This") is sys.modules["os.path"]


def test_what_is_missing_names_the_extra() -> None:
    expected = r'^Reading NWB needs not_there_at_all\. Run: pip install "neurogeom\[nwb\]"\.$'
    with pytest.raises(ImportError, match=expected) as caught:
        require("not_there_at_all.io", extra="nwb", purpose="Reading NWB")
    assert caught.value.name == "not_there_at_all"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("import missing_below", "is installed but misses missing_below"),
        ("raise ImportError('old')", "fails to import: old"),
    ],
)
def test_what_is_there_and_broken_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, message: str
) -> None:
    (tmp_path / "broken_package.py").write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=message):
        require("broken_package", extra="nwb", purpose="This")
