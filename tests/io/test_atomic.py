"""A name holds the old content or the new, never a part."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from neurogeom.io import atomic as module
from neurogeom.io import atomic_path, write_bytes, write_text


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_new_file_appears_under_its_name_alone(tmp_path: Path) -> None:
    assert write_text(tmp_path / "a.txt", "α") == tmp_path / "a.txt"
    assert (tmp_path / "a.txt").read_bytes() == "α".encode()
    assert names(tmp_path) == ["a.txt"]


def test_the_temporary_lies_beside_with_the_same_suffix_and_is_hidden(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a.tar.gz") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".gz"
        assert temporary.name.startswith(".")
        temporary.write_bytes(b"x")
        assert not (tmp_path / "a.tar.gz").exists()
    assert names(tmp_path) == ["a.tar.gz"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_failure_inside_keeps_the_old_file_and_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(error), atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("ne")
        raise error
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing was changed"), atomic_path(tmp_path / "a.txt"):
        pass
    assert names(tmp_path) == []


def test_content_reaches_the_disk_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        os, "fsync", lambda fd: (done.append("folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file"), fsync(fd))
    )
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append("rename"), replace(a, b)))
    write_bytes(tmp_path / "a.bin", b"x")
    assert done == ["file", "rename", "folder"]


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "nothing was changed"),
    ],
)
def test_a_failing_disk_keeps_the_old_file_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, advice: str
) -> None:
    write_text(tmp_path / "a.txt", "old")

    def full(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=advice) as caught:
        write_text(tmp_path / "a.txt", "new")
    assert caught.value.errno == code
    assert str(tmp_path / "a.txt") in str(caught.value)
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_missing_folder_or_a_folder_as_name_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="folder does not exist; create it before writing a.txt"):
        write_text(tmp_path / "no" / "a.txt", "x")
    (tmp_path / "f").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        write_text(tmp_path / "f", "x")
    write_text(tmp_path / "file", "x")
    with pytest.raises(NotADirectoryError, match="is a file, not a folder"):
        write_text(tmp_path / "file" / "a.txt", "x")


def test_what_a_dead_process_left_is_swept_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    prefix = f".a.txt.{module._machine()}-"
    dead, alive = f"{prefix}{2**22 + 1}-aa.partial.txt", f"{prefix}{os.getppid()}-bb.partial.txt"
    elsewhere, other = ".a.txt.00000000-1-cc.partial.txt", f".b.txt.{module._machine()}-{2**22 + 1}-dd.partial.txt"
    for name in (dead, alive, elsewhere, other):
        (tmp_path / name).write_text("part")
    write_text(tmp_path / "a.txt", "x")
    assert names(tmp_path) == sorted(["a.txt", alive, elsewhere, other])


def test_the_current_folder_and_text_paths_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_text("a.txt", "x")
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(
    ("name", "written"),
    [("naïve 日本.nc".encode(), "naïve 日本.nc"), ("naïve.nc".encode("latin-1"), "na�ve.nc")],
)
def test_names_of_files_that_could_not_be_decoded_are_written(tmp_path: Path, name: bytes, written: str) -> None:
    for encoding in ("ascii", "utf-8"):
        write_text(tmp_path / "a.txt", "file " + name.decode(encoding, "surrogateescape"))
        assert (tmp_path / "a.txt").read_text(encoding="utf-8").replace("��", "�") == f"file {written}"
    write_text(tmp_path / "a.txt", "half \ud800")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "half ?"
