"""README runs as it stands, its picture is there and small, and its links lead somewhere."""

from __future__ import annotations

import doctest
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.NeurogeomWarning")
def test_lines_of_python_run() -> None:
    found = doctest.DocTestParser().get_doctest(TEXT, {}, "README.md", "README.md", 0)
    assert len(found.examples) == 3
    assert doctest.DocTestRunner().run(found, clear_globs=False) == (0, 3)
    assert 0 < found.globs["result"].capacity < 2


def test_pictures_are_small_and_described() -> None:
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", TEXT)
    assert pictures
    for words, path in pictures:
        assert len(words) > 20
        assert (ROOT / path).stat().st_size < 150_000


def test_links_lead_to_files() -> None:
    links = [target for target in re.findall(r"\]\(([^)#]+)\)", TEXT) if not target.startswith("http")]
    assert [target for target in links if not (ROOT / target).exists()] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_commands_that_run_python_name_modules_that_are_there(page: str) -> None:
    """A script of a package that is run by its path does not find the package."""
    words = (ROOT / page).read_text(encoding="utf-8")
    commands = [
        line.split("#")[0].split() for line in re.findall(r"(?:`|^ {4}\S*)(python [^`\n]+)", words, re.MULTILINE)
    ]
    assert all(command[1] in ("-m", "-c") for command in commands), commands
    modules = [command[2] for command in commands if command[1] == "-m"]
    files = [ROOT / module.replace(".", "/") for module in modules]
    missing = [
        module
        for module, path in zip(modules, files, strict=True)
        if not path.with_suffix(".py").exists() and not path.is_dir() and importlib.util.find_spec(module) is None
    ]
    assert missing == []
    assert modules or page == "README.md"
