"""What a report is made of: sections of text, figures, tables, numbers, notes and code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from neurogeom._core.display import format_number


@dataclass(frozen=True)
class Text:
    """Paragraphs of plain text, set apart by empty lines.

    Parameters
    ----------
    text : str
        The text; nothing in it is read as HTML.
    """

    text: str
    kind: str = field(default="text", init=False)

    @property
    def paragraphs(self) -> list[str]:
        """The paragraphs, line breaks within them taken out."""
        return [" ".join(part.split()) for part in self.text.split("\n\n") if part.strip()]


@dataclass(frozen=True)
class Figure:
    """A figure with its caption.

    Parameters
    ----------
    figure : matplotlib Figure, Axes or array of Axes
        What to show.
    caption : str
        What it shows and what bars, floors and hollow markers mean.
    alt : str
        What a reader learns from it who cannot see it.
    """

    figure: Any
    caption: str
    alt: str
    kind: str = field(default="figure", init=False)

    def __post_init__(self) -> None:
        if not self.alt.strip():
            raise ValueError("alt is empty; say in a sentence what a reader who cannot see the figure should know.")


@dataclass(frozen=True)
class Table:
    """A table with its caption.

    Parameters
    ----------
    frame : pandas.DataFrame
        The numbers; the index is the first column.
    caption : str
        What it shows.
    decimals : mapping of str to int, optional
        Decimals by column; four significant digits elsewhere.
    """

    frame: pd.DataFrame
    caption: str = ""
    decimals: Mapping[str, int] = field(default_factory=dict)
    kind: str = field(default="table", init=False)

    @property
    def header(self) -> list[str]:
        """Names of the columns, the index first."""
        return [str(name) if name is not None else "" for name in self.frame.index.names] + list(
            map(str, self.frame.columns)
        )

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold numbers, to be set flush right."""
        return [False] * self.frame.index.nlevels + [
            pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
            for dtype in self.frame.dtypes
        ]

    @property
    def rows(self) -> list[list[str]]:
        """The cells as text."""
        rows = []
        for index, values in zip(self.frame.index, self.frame.itertuples(index=False), strict=True):
            names = list(index) if isinstance(index, tuple) else [index]
            cells = [
                _cell(value, self.decimals.get(str(c))) for c, value in zip(self.frame.columns, values, strict=True)
            ]
            rows.append([str(name) for name in names] + cells)
        return rows


@dataclass(frozen=True)
class Facts:
    """Names and values, such as parameters and versions.

    Parameters
    ----------
    items : mapping of str to anything
        The values; long ones are cut.
    """

    items: Mapping[str, Any]
    kind: str = field(default="facts", init=False)

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Names and values as text."""
        return [(str(name), _short(value)) for name, value in self.items.items()]


@dataclass(frozen=True)
class Notes:
    """Warnings, each said once.

    Parameters
    ----------
    messages : sequence of str
        The warnings; none says so.
    """

    messages: Sequence[str]
    kind: str = field(default="notes", init=False)

    @property
    def distinct(self) -> list[str]:
        """The messages without repetitions."""
        return list(dict.fromkeys(self.messages))


@dataclass(frozen=True)
class Code:
    """Lines of code or a command.

    Parameters
    ----------
    text : str
        The lines.
    """

    text: str
    kind: str = field(default="code", init=False)


Block = Text | Figure | Table | Facts | Notes | Code


@dataclass(frozen=True)
class Section:
    """A part of a report under one heading.

    Parameters
    ----------
    title : str
        The heading.
    blocks : sequence of blocks
        What stands under it, in order.
    """

    title: str
    blocks: Sequence[Block]

    @property
    def anchor(self) -> str:
        """The heading as a name to link to."""
        return "-".join("".join(c if c.isalnum() else " " for c in self.title.lower()).split()) or "section"


def _cell(value: Any, decimals: int | None) -> str:
    """A number with sensible digits, a dash for what is missing, anything else as text."""
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    plain = value.item() if hasattr(value, "item") else value
    return format_number(plain, decimals) if isinstance(plain, int | float) else str(plain)


def _short(value: Any, limit: int = 160) -> str:
    """A value as text of bounded length."""
    if isinstance(value, list | tuple):
        text = ", ".join(str(item) for item in value)
    elif isinstance(value, Mapping):
        text = ", ".join(f"{key} {item}" for key, item in value.items())
    else:
        text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
