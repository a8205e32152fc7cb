"""Drawing primitives without science: each takes ``ax=None``, returns the Axes, and changes no global setting."""

from __future__ import annotations

from neurogeom.plotting.distributions import cumulative, histogram
from neurogeom.plotting.dots import dots, ranked
from neurogeom.plotting.images import image_grid
from neurogeom.plotting.lines import against, floor, line, note, onset, reference, zero_based
from neurogeom.plotting.matrices import matrix
from neurogeom.plotting.style import (
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
    "onset",
    "polish",
    "ranked",
    "reference",
    "series",
    "zero_based",
]
