"""Drawing primitives without science: each takes ``ax=None``, returns the Axes, and changes no global setting."""

from __future__ import annotations

from .distributions import cumulative, histogram
from .dots import dots, ranked
from .images import image_grid
from .lines import against, floor, line, note, reference, zero_based
from .matrices import matrix
from .style import (
    DIVERGING,
    GRID,
    INK,
    MARKERS,
    MUTED,
    PALETTE,
    SEQUENTIAL,
    axes_or_new,
    category_axis,
    context,
    dress,
    log_axis,
    new_axes,
    new_figure,
    polish,
    series,
)

__all__ = [
    "DIVERGING",
    "GRID",
    "INK",
    "MARKERS",
    "MUTED",
    "PALETTE",
    "SEQUENTIAL",
    "against",
    "axes_or_new",
    "category_axis",
    "context",
    "cumulative",
    "dots",
    "dress",
    "floor",
    "histogram",
    "image_grid",
    "line",
    "log_axis",
    "matrix",
    "new_axes",
    "new_figure",
    "note",
    "polish",
    "ranked",
    "reference",
    "series",
    "zero_based",
]
