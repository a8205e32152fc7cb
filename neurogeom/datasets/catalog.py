"""The cards of all data sets that neurogeom knows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from neurogeom._core import html
from neurogeom._core.responses import hint

FOLDER = Path(__file__).with_name("cards")


@dataclass(frozen=True)
class CardFile:
    """One file of a data set: its name, size in bytes, SHA-256, and address where there is one."""

    name: str
    bytes: int
    sha256: str
    url: str | None = None


@dataclass(frozen=True, repr=False)
class Card:
    """What a data set is, who made it, under which license, and where its files are.

    Attributes
    ----------
    name, title, description, kind, license, citation, source, reader : str
    species, area : str, list of str or None
    sizes : dict of str to int
    parts : dict of str to str
        What ``load(name, part=...)`` can give.
    files : tuple of CardFile
        Empty where the data come with an installed package.
    """

    name: str
    title: str
    description: str
    kind: str
    license: str
    citation: str
    source: str
    reader: str | None = None
    species: Any = None
    area: Any = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    files: tuple[CardFile, ...] = ()

    def _facts(self) -> list[tuple[str, str]]:
        species = ", ".join(self.species) if isinstance(self.species, list) else self.species
        sizes = ", ".join(f"{size} {key}" for key, size in self.sizes.items())
        files = ", ".join(f"{file.name} ({file.bytes / 1e6:.1f} MB)" for file in self.files)
        facts = [("what", self.description), ("species", species), ("area", self.area), ("sizes", sizes)]
        facts += [(f"part={key!r}", value) for key, value in self.parts.items()]
        facts += [("license", self.license), ("cite", self.citation), ("source", self.source), ("files", files)]
        return [(key, str(value)) for key, value in facts if value]

    def __repr__(self) -> str:
        return "\n".join([f"{self.name}: {self.title}", *(f"  {key}: {value}" for key, value in self._facts())])

    def _repr_html_(self) -> str:
        return html.card(f"{self.name}: {self.title}", html.table(self._facts()))


def cards() -> dict[str, Card]:
    """All cards, by name.

    Returns
    -------
    dict of str to Card

    Examples
    --------
    >>> "kriegeskorte2008" in cards()
    True
    """
    return dict(_read_cards())


def card(name: str) -> Card:
    """The card of one data set.

    Parameters
    ----------
    name : str

    Returns
    -------
    Card

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> card("digits").sizes["presentation"]
    1797
    """
    known = _read_cards()
    if name not in known:
        raise ValueError(f"name={name!r} is not a data set of neurogeom. {hint(str(name), known)}")
    return known[name]


@lru_cache(maxsize=1)
def _read_cards() -> dict[str, Card]:
    found = {}
    for path in sorted(FOLDER.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        content["files"] = tuple(CardFile(**file) for file in content.get("files", ()))
        found[content["name"]] = Card(**content)
    return found
