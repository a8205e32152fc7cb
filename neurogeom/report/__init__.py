"""Reports: one HTML file with figures, tables, methods, warnings and versions, which opens without a network."""

from __future__ import annotations

from .blocks import Code, Facts, Figure, Notes, Section, Table, Text
from .build import build, render
from .figures import encode
from .provenance import methods_section, reproduction, warnings_section

__all__ = [
    "Code",
    "Facts",
    "Figure",
    "Notes",
    "Section",
    "Table",
    "Text",
    "build",
    "encode",
    "methods_section",
    "render",
    "reproduction",
    "warnings_section",
]
