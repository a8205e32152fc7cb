"""The tables of README say what is there, no more and no less."""

from __future__ import annotations

import configparser
import importlib
import inspect
import re

import pytest

from neurogeom.results import Result
from tests.architecture.source import ROOT, rooms

SHARED = ("results", "io")


def tables() -> dict[str, list[list[str]]]:
    """Rows of README's Markdown tables by their first heading; tables with the same heading are one."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found: dict[str, list[list[str]]] = {}
    for block in re.findall(r"(?:^\|.*\|[ ]*\n?){3,}", text, re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.strip().splitlines()]
        found.setdefault(rows[0][0].lower(), []).extend(rows[2:])
    return found


def names(cell: str) -> set[str]:
    return {re.sub(r"\(.*", "", name) for name in re.findall(r"`([^`]+)`", cell)}


def measures() -> set[str]:
    """Public functions that return a Result."""
    found = set()
    for room in rooms():
        module = importlib.import_module(f"neurogeom.{room}")
        for name in module.__all__:
            thing = getattr(module, name)
            returned = inspect.signature(thing).return_annotation if inspect.isfunction(thing) else None
            cls = getattr(importlib.import_module(thing.__module__), str(returned), None) if returned else None
            if inspect.isclass(cls) and issubclass(cls, Result) and room not in SHARED:
                found.add(f"{room}.{name}")
    return found


def test_the_table_of_measures_is_the_registry() -> None:
    table = tables().get("measure")
    if table is None:
        pytest.skip("README has no table that starts with `measure`")
    assert {name for row in table for name in names(row[0])} == measures()


def test_the_table_of_extras_is_setup_cfg() -> None:
    table = tables().get("extra")
    if table is None:
        pytest.skip("README has no table that starts with `extra`")
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = set(config["options.extras_require"])
    assert {name for row in table for name in names(row[0])} == extras


def test_readme_shows_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in text
    assert "make test" in text


def test_readme_tells_of_every_command() -> None:
    from neurogeom.cli import cli

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    told = {name for name in cli.commands if f"neurogeom {name}" in text}
    assert told | {"demo"} == set(cli.commands)  # `make demo` runs that one
