"""The cache folder, and the folder of machine code, which nobody else may write to."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from neurogeom._core.folders import cache_folder, code_folder

posix = pytest.mark.skipif(os.name == "nt", reason="looks at POSIX permissions")


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder and a temporary folder of the test's own."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp").chmod(0o1777)
    monkeypatch.setenv("NEUROGEOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path


def test_the_variable_names_the_cache_folder_and_nothing_is_created(places: Path) -> None:
    assert cache_folder() == places / "cache"
    assert not cache_folder().exists()


@posix
def test_machine_code_lies_in_the_cache_folder_for_its_owner_only(places: Path) -> None:
    folder = code_folder()
    assert folder.parent == places / "cache"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert code_folder() == folder


@posix
def test_a_folder_that_others_can_write_to_is_not_used_for_code(places: Path) -> None:
    (places / "cache" / "code").mkdir(parents=True)
    (places / "cache" / "code").chmod(0o777)
    assert code_folder().parent == places / "tmp"


@posix
def test_a_folder_that_others_can_replace_is_not_used_for_code(places: Path) -> None:
    (places / "cache").mkdir()
    (places / "cache").chmod(0o777)
    assert code_folder().parent == places / "tmp"


@posix
def test_a_link_planted_in_the_temporary_folder_is_not_followed(places: Path) -> None:
    (places / "cache").write_text("a file, so that no folder can be made in it")
    (places / "elsewhere").mkdir()
    (places / "tmp" / f"neurogeom-{os.getuid()}").symlink_to(places / "elsewhere")
    folder = code_folder()
    assert folder.is_dir() and not folder.is_symlink()
    assert folder.resolve().parent == places / "tmp"


@posix
@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_used_for_code_even_by_root(places: Path) -> None:
    (places / "cache" / "code").mkdir(parents=True)
    os.chown(places / "cache" / "code", 12345, 12345)
    assert code_folder().parent == places / "tmp"


@posix
@pytest.mark.skipif(hasattr(os, "getuid") and os.getuid() == 0, reason="root can write anywhere")
def test_a_read_only_cache_folder_is_replaced_by_the_temporary_one(places: Path) -> None:
    (places / "cache").mkdir(mode=0o500)
    assert code_folder().parent == places / "tmp"
