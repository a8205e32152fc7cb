"""Public data sets: a card for each, and loaders that find, check and read their files."""

from __future__ import annotations

from neurogeom.datasets.catalog import Card, card, cards
from neurogeom.datasets.files import fetch
from neurogeom.datasets.loaders import load

__all__ = ["Card", "card", "cards", "fetch", "load"]
