"""One HTML file that holds all of a report, opens without a network, and prints."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from neurogeom.io import write_text
from neurogeom.report.blocks import Figure, Section, Table
from neurogeom.report.figures import encode

SIZE_LIMIT = 5_000_000
"""Bytes that a report may have: what a mail takes."""


def build(
    title: str,
    sections: Sequence[Section],
    path: str | os.PathLike[str],
    *,
    subtitle: str = "",
    date: datetime.date | None = None,
) -> Path:
    """Write a self-contained HTML report; figures lie inside the file, and nothing is fetched when it opens.

    Parameters
    ----------
    title : str
        Title of the report.
    sections : sequence of Section
        Its parts, in order.
    path : path
        Where to write; an existing file is replaced once the new one is complete.
    subtitle : str
        One line under the title: what was analyzed.
    date : datetime.date, optional
        Date under the title; today by default.

    Returns
    -------
    pathlib.Path
        Where it was written.

    Raises
    ------
    ValueError
        If there is no section, or the report would have more than 5 MB.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from neurogeom.report import Section, Text
    >>> path = build("A report", [Section("First", [Text("Hello.")])], Path(tempfile.mkdtemp()) / "report.html")
    >>> "<h2" in path.read_text(encoding="utf-8")
    True
    """
    text = render(title, sections, subtitle=subtitle, date=date)
    size = len(text.encode("utf-8", "replace"))  # names of files may hold bytes that are no text
    if size > SIZE_LIMIT:
        raise ValueError(
            f"the report would have {size / 1e6:.1f} MB, its limit is {SIZE_LIMIT / 1e6:.0f} MB. Leave out tables or "
            "figures, or draw fewer points in them."
        )
    return Path(write_text(path, text))


def render(title: str, sections: Sequence[Section], *, subtitle: str = "", date: datetime.date | None = None) -> str:
    """Return the HTML of a report; arguments as for `build`.

    Parameters
    ----------
    title : str
        Title of the report.
    sections : sequence of Section
        Its parts, in order.
    subtitle : str
        One line under the title.
    date : datetime.date, optional
        Date under the title.

    Returns
    -------
    str
        A complete HTML page.

    Raises
    ------
    ValueError
        If there is no section.

    Examples
    --------
    >>> from neurogeom.report import Section, Text
    >>> "&lt;b&gt;" in render("A report", [Section("First", [Text("<b>")])])
    True
    """
    if not sections:
        raise ValueError("sections is empty; a report needs at least one Section.")
    import neurogeom

    template = _environment().get_template("report.html.j2")
    return template.render(
        title=title,
        subtitle=subtitle,
        date=(date or datetime.date.today()).isoformat(),
        version=neurogeom.__version__,
        sections=[{"title": s.title, "anchor": a, "blocks": b} for s, a, b in _numbered(sections)],
    )


def _numbered(sections: Sequence[Section]) -> Iterator[tuple[Section, str, list[dict[str, Any]]]]:
    """Sections with distinct anchors; figures drawn, figures and tables numbered through the report."""
    figures = tables = 0
    used: dict[str, int] = {}
    for section in sections:
        blocks: list[dict[str, Any]] = []
        for block in section.blocks:
            entry: dict[str, Any] = {"block": block, "kind": block.kind}
            if isinstance(block, Figure):
                figures += 1
                entry |= {"number": figures, "image": encode(block.figure)}
            elif isinstance(block, Table):
                tables += 1
                entry["number"] = tables
            blocks.append(entry)
        used[section.anchor] = used.get(section.anchor, 0) + 1
        suffix = f"-{used[section.anchor]}" if used[section.anchor] > 1 else ""
        yield section, section.anchor + suffix, blocks


def _environment() -> Any:
    """The template engine, with every value escaped."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("neurogeom.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
