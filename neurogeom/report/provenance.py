"""Where numbers come from: methods to paste, parameters, versions, references, warnings, lines to repeat a run."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from .blocks import Block, Code, Facts, Notes, Section, Text

_LEFT_OUT = ("versions", "neurogeom_version", "level")


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
        blocks.append(Text("References: " + " ".join(f"[{i}] {text}" for i, text in enumerate(references, start=1))))
    for name, item in results.items():
        facts = {key: value for key, value in item.settings.items() if key not in _LEFT_OUT and value is not None}
        if facts:
            blocks += [Text(f"Parameters of {name}:"), Facts(facts)]
    versions = _versions(items)
    if versions:
        blocks += [Text("Versions:"), Facts(versions)]
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
    messages = [f"{name}: {message}" for name, item in results.items() for message in item.warnings]
    return Section(title, [Notes([*extra, *messages])])


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
