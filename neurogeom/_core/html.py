"""Small HTML pieces for notebooks: escaped, without scripts, readable on light and dark pages."""

from __future__ import annotations

import html as _html
from collections.abc import Iterable, Sequence
from typing import Any

# Colors come from the page (inherit, currentColor) or are half transparent, so that both themes stay readable.
_LINE = "1px solid rgba(128,128,128,0.35)"
_CARD = (
    f"display:inline-block;max-width:100%;box-sizing:border-box;border:{_LINE};border-radius:6px;padding:0.6em 0.9em;"
    "margin:0.2em 0;color:inherit;background:rgba(128,128,128,0.05);font-size:0.92em;line-height:1.45;overflow-x:auto"
)
_LONGEST_UNBROKEN = 60  # a value with its error and interval stays on one line
_CELL = "padding:0.15em 1.2em 0.15em 0;text-align:left;border:none;background:none;color:inherit;vertical-align:top"


def escape(value: Any) -> str:
    """Return text that is safe inside HTML and attributes.

    Examples
    --------
    >>> escape("<b>1 & 2</b>")
    '&lt;b&gt;1 &amp; 2&lt;/b&gt;'
    """
    return _html.escape(str(value), quote=True)


def table(rows: Iterable[Sequence[Any]], header: Sequence[Any] = ()) -> str:
    """Return a compact table; every cell is escaped.

    Parameters
    ----------
    rows : iterable of sequences
        The cells, row by row.
    header : sequence, optional
        The column names.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> "&lt;" in table([["<", 1]])
    True
    """
    head = ""
    if len(header):
        style = f"{_CELL};border-bottom:{_LINE};font-weight:600"
        cells = "".join(f'<th style="{style}">{escape(cell)}</th>' for cell in header)
        head = f'<thead><tr style="background:none">{cells}</tr></thead>'
    body = "".join(
        '<tr style="background:none">'
        + "".join(f'<td style="{_style(cell)}">{escape(cell)}</td>' for cell in row)
        + "</tr>"
        for row in rows
    )
    style = "border-collapse:collapse;margin:0.3em 0;border:none;color:inherit;font-size:inherit"
    return f'<table style="{style}">{head}<tbody>{body}</tbody></table>'


def _style(cell: Any) -> str:
    return f"{_CELL};white-space:nowrap" if len(str(cell)) <= _LONGEST_UNBROKEN else _CELL


def card(title: str, body: str) -> str:
    """Return a bordered box.

    Parameters
    ----------
    title : str
        Escaped here.
    body : str
        HTML, already escaped.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> card("R & D", "<p>text</p>").count("R &amp; D")
    1
    """
    return f'<div style="{_CARD}"><div style="font-weight:600;margin-bottom:0.2em">{escape(title)}</div>{body}</div>'


def notes(messages: Iterable[str]) -> str:
    """Return warnings as a marked list (empty text for none).

    Examples
    --------
    >>> notes([])
    ''
    """
    style = "border-left:3px solid #d08700;padding:0.1em 0.6em;margin:0.3em 0"
    return "".join(f'<div style="{style}">{escape(message)}</div>' for message in messages)


def details(summary: str, body: str) -> str:
    """Return a section that opens on click.

    Examples
    --------
    >>> details("settings", "x")
    '<details><summary style="cursor:pointer;opacity:0.75">settings</summary>x</details>'
    """
    return f'<details><summary style="cursor:pointer;opacity:0.75">{escape(summary)}</summary>{body}</details>'
