"""Reports: one HTML file with figures, tables, methods, warnings and versions, which opens without a network."""

from __future__ import annotations

from neurogeom.report.blocks import Code, Facts, Figure, Notes, Section, Table, Text
from neurogeom.report.build import build, render
from neurogeom.report.comparison import ModelComparison, compare
from neurogeom.report.figures import encode
from neurogeom.report.provenance import methods_section, reproduction, warnings_section

__all__ = [
    "Code",
    "Facts",
    "Figure",
    "ModelComparison",
    "Notes",
    "Section",
    "Table",
    "Text",
    "build",
    "compare",
    "encode",
    "methods_section",
    "render",
    "reproduction",
    "warnings_section",
]
