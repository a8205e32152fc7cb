"""Where numbers come from: methods to paste, parameters, versions, references, warnings, lines to repeat a run."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from neurogeom.report.blocks import Block, Code, Notes, Section, Table, Text

_LEFT_OUT = ("versions", "neurogeom_version", "manifolds", "responses", "labels")


def methods_section(results: Mapping[str, Any], *, title: str = "Methods", extra: str = "") -> Section:
    """Write methods, parameters, versions and references of results, ready to paste into a paper.

    Parameters
    ----------
    results : mapping of str to Result
        The results of a report by name.
    title : str
        The heading.
    extra : str
        What came before the results: data, network, training.

    Returns
    -------
    Section
        A paragraph, then parameters and references.

    Examples
    --------
    >>> methods_section({}, extra="Images were handwritten digits.").blocks[0].text
    'Images were handwritten digits.'
    """
    items = list(results.values())
    words = [extra, *_room_methods(items), _software(items)]
    blocks: list[Block] = [Text(" ".join(part for part in words if part))]
    references = list(dict.fromkeys(reference for item in items for reference in item.references))
    if references:
        blocks.append(Text("\n\n".join(f"[{i}] {text}" for i, text in enumerate(references, start=1))))
    parameters = _parameters(results)
    if len(parameters):
        blocks.append(Table(parameters, "Parameters; all others had no value."))
    versions = _versions(items)
    if versions:
        blocks.append(Text("Versions: " + ", ".join(f"{name} {number}" for name, number in versions.items()) + "."))
    return Section(title, blocks)


def warnings_section(results: Mapping[str, Any], *, title: str = "Warnings", extra: Sequence[str] = ()) -> Section:
    """List what the computations warned of; a section without any says so.

    Parameters
    ----------
    results : mapping of str to Result
        The results of a report by name.
    title : str
        The heading.
    extra : sequence of str
        Warnings from elsewhere, such as the reading of a file.

    Returns
    -------
    Section
        One note per distinct warning, with the name of the result.

    Examples
    --------
    >>> warnings_section({}).blocks[0].distinct
    []
    """
    grouped: dict[str, list[str]] = {}
    for name, item in results.items():
        for message in item.warnings:
            # After results.concat a message begins with the name of its layer.
            first, separator, rest = message.partition(": ")
            of_a_part = bool(separator) and any(first in map(str, c.values) for c in item.data.coords.values())
            key, words = (f"{name}, {first}", rest) if of_a_part else (name, message)
            grouped.setdefault(key, []).append(words)
    return Section(title, [Notes([*extra, *(f"{key}: {' '.join(words)}" for key, words in grouped.items())])])


def reproduction(code: str, *, title: str = "The same in Python") -> Section:
    """Show the lines that give these numbers again.

    Parameters
    ----------
    code : str
        Lines of Python.
    title : str
        The heading.

    Returns
    -------
    Section
        The lines.

    Examples
    --------
    >>> reproduction("import neurogeom").blocks[0].text
    'import neurogeom'
    """
    return Section(title, [Code(code.strip("\n"))])


def _room_methods(items: Sequence[Any]) -> list[str]:
    """The methods text of each room that has one, over its own results."""
    rooms: dict[str, list[Any]] = {}
    for item in items:
        rooms.setdefault(item.kind.partition(".")[0], []).append(item)
    texts = []
    for room, mine in rooms.items():
        try:
            module = importlib.import_module(f"neurogeom.{room}.text")
        except ModuleNotFoundError:
            continue
        texts.append(module.methods(mine))
    return [text for text in texts if text]


def _parameters(results: Mapping[str, Any]) -> pd.DataFrame:
    """Settings of all results, a column each; what identifies data, not choices, is left out."""
    columns = {
        name: {key: _words(value) for key, value in item.settings.items() if key not in _LEFT_OUT and value is not None}
        for name, item in results.items()
    }
    keys = list(dict.fromkeys(key for column in columns.values() for key in column))
    frame = pd.DataFrame({name: [column.get(key) for key in keys] for name, column in columns.items()}, index=keys)
    frame.index.name = "parameter"
    return frame


def _words(value: Any) -> str:
    """A setting as text; of several that differ, how many there are."""
    if isinstance(value, list | tuple):
        distinct = list(dict.fromkeys(map(str, value)))
        return ", ".join(distinct) if len(distinct) <= 4 and sum(map(len, distinct)) < 40 else f"{len(value)} values"
    return str(value)


def _software(items: Sequence[Any]) -> str:
    """One sentence with the version and the seed."""
    if not items:
        return ""
    versions = list(dict.fromkeys(str(item.settings.get("neurogeom_version", "?")) for item in items))
    seeds = list(dict.fromkeys(str(item.settings["seed"]) for item in items if item.settings.get("seed") is not None))
    seed = f" with seed {seeds[0]}" if len(seeds) == 1 else ""
    return f"All values were computed with neurogeom {' and '.join(versions)}{seed}."


def _versions(items: Sequence[Any]) -> dict[str, str]:
    """Versions of neurogeom and of the packages below it."""
    found: dict[str, str] = {}
    for item in items:
        versions = item.settings.get("versions")
        first = versions[0] if isinstance(versions, list) and versions else versions
        found |= {str(name): str(value) for name, value in first.items()} if isinstance(first, Mapping) else {}
        if "neurogeom_version" in item.settings:
            found = {"neurogeom": str(item.settings["neurogeom_version"]), **found}
    return found
