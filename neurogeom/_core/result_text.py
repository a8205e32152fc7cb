"""How a result looks in a terminal and in a notebook; both are made from the same parts."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from neurogeom._core import html

_WIDTH = 110


@dataclass(frozen=True)
class ResultText:
    """The parts: headline values (one line each, or a table), facts, warnings, and what is folded away in HTML."""

    title: str
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    n_rows_left_out: int = 0
    facts: Sequence[tuple[str, str]] = ()
    warnings: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    diagnostics: Mapping[str, Any] = field(default_factory=dict)
    references: Sequence[str] = ()

    def to_text(self) -> str:
        """Lines for a terminal."""
        table, n_cut = _fitting([self.header, *self.rows] if self.header else list(self.rows))
        lines = [self.title, *(f"  {line}".rstrip() for line in table)]
        if n_cut:
            lines.append(f"  … and {n_cut} more columns: summary() has all")
        if self.n_rows_left_out:
            lines.append(f"  … and {self.n_rows_left_out} more rows: summary() has all")
        if self.facts:
            lines += _wrapped("  ", " · ".join(f"{name} {value}" for name, value in self.facts))
        for message in self.warnings:
            lines += _wrapped("  ! ", message)
        return "\n".join(lines)

    def to_html(self) -> str:
        """A card for a notebook."""
        body = html.table(self.rows, self.header) if self.rows else ""
        if self.n_rows_left_out:
            body += f"<div>… and {self.n_rows_left_out} more rows: <code>summary()</code> has all</div>"
        if self.facts:
            facts = " &nbsp;·&nbsp; ".join(f"{html.escape(name)} {html.escape(value)}" for name, value in self.facts)
            body += f'<div style="opacity:0.8">{facts}</div>'
        body += html.notes(self.warnings)
        for name, mapping in (("settings", self.settings), ("diagnostics", self.diagnostics)):
            if mapping:
                body += html.details(name, html.table([(key, _short(value)) for key, value in mapping.items()]))
        if self.references:
            body += html.details("references", "".join(f"<div>{html.escape(text)}</div>" for text in self.references))
        return html.card(self.title, body)


def _fitting(rows: Sequence[Sequence[str]]) -> tuple[list[str], int]:
    """Aligned lines of the columns that fit in the width (two at least), and how many columns do not."""
    if not rows:
        return [], 0
    widths = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)]
    ends = [sum(widths[: column + 1]) for column in range(len(widths))]
    n_shown = max(2, sum(end <= _WIDTH for end in ends)) if len(rows) > 1 else len(widths)
    lines = ["".join(cell.ljust(width) for cell, width in zip(row[:n_shown], widths)).rstrip() for row in rows]
    return lines, max(0, len(widths) - n_shown)


def _wrapped(start: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=start, subsequent_indent=" " * len(start)) or [start.rstrip()]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:197] + "…"
