"""Write the table of cards into the README beside this file: python datasets/list_cards.py [--check]."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from neurogeom.datasets import Card, cards

README = Path(__file__).with_name("README.md")
START, STOP = "<!-- cards -->", "<!-- end of cards -->"


def row(card: Card) -> str:
    """One line of the table."""
    species = ", ".join(card.species) if isinstance(card.species, list) else card.species or ""
    area = ", ".join(card.area) if isinstance(card.area, list) else card.area or ""
    sizes = ", ".join(f"{size:,} {name}" for name, size in card.sizes.items())
    n_files = len(card.files)
    where = "your own file" if card.reader == "user_file" else "installed"
    if n_files:
        where = "1 file" if n_files == 1 else f"{n_files} files"
    cells = (f"`{card.name}`", card.title, " · ".join(filter(None, (species, area))), sizes, card.license, where)
    return "| " + " | ".join(cells) + " |"


def table() -> str:
    """All cards as a Markdown table."""
    head = ["| card | what | species, area | sizes | license | files |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *(row(card) for card in cards().values())])


def updated(text: str) -> str:
    """The README with the present table."""
    before, rest = text.split(START)
    return f"{before}{START}\n{table()}\n{STOP}{rest.split(STOP)[1]}"


def main(arguments: list[str] | None = None) -> int:
    """Write the README, or say whether it is current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where the table is not current")
    text = README.read_text(encoding="utf-8")
    if parser.parse_args(arguments).check:
        return int(updated(text) != text)
    README.write_text(updated(text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
