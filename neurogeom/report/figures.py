"""Figures as text that an HTML page carries inside itself: SVG or PNG, whichever is smaller."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurogeom import plotting

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MatplotlibFigure


@dataclass(frozen=True)
class Image:
    """A drawn figure: its bytes, their type, and its width on the page in CSS pixels."""

    data: bytes
    media_type: str
    width: int

    @property
    def uri(self) -> str:
        """The figure as a ``data:`` address."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode('ascii')}"


def encode(figure: MatplotlibFigure | Axes | Any, *, dpi: int = 160) -> Image:
    """Draw a figure as SVG and as PNG and return the smaller one; the same figure gives the same bytes.

    Parameters
    ----------
    figure : matplotlib Figure, Axes, or array of Axes
        What to draw; of Axes, their figure.
    dpi : int
        Dots per inch of the PNG.

    Returns
    -------
    Image
        Bytes, media type and width.

    Raises
    ------
    TypeError
        If `figure` is neither a figure nor Axes.

    Examples
    --------
    >>> figure, axes = plotting.new_figure()
    >>> _ = axes[0, 0].plot([0, 1], [0, 1])
    >>> image = encode(figure)
    >>> image.media_type, image.uri[:24]
    ('image/svg+xml', 'data:image/svg+xml;base6')
    """
    drawn = figure_of(figure)
    svg, png = svg_bytes(drawn), png_bytes(drawn, dpi=dpi)
    # A scatter of thousands of points is smaller, and faster to show, as PNG; a line plot is sharper as SVG.
    data, media_type = (svg, "image/svg+xml") if len(svg) <= len(png) else (png, "image/png")
    return Image(data, media_type, round(96 * float(drawn.get_figwidth())))


def svg_bytes(figure: MatplotlibFigure) -> bytes:
    """Draw a figure as SVG, without date and without spare digits.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to draw.

    Returns
    -------
    bytes
        The SVG file.

    Examples
    --------
    >>> svg_bytes(plotting.new_figure()[0])[:5]
    b'<?xml'
    """
    buffer = io.StringIO()
    with plotting.context():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    # Coordinates of paths to a hundredth of a point; scales and rotations need all their digits.
    text = re.sub(r' d="[^"]+"', lambda path: re.sub(r"(\d+\.\d{2})\d+", r"\1", path.group()), text)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return re.sub(r"\s*\n\s*", "\n", text).encode("utf-8")


def png_bytes(figure: MatplotlibFigure, *, dpi: int = 160) -> bytes:
    """Draw a figure as PNG.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to draw.
    dpi : int
        Dots per inch.

    Returns
    -------
    bytes
        The PNG file.

    Examples
    --------
    >>> png_bytes(plotting.new_figure()[0])[1:4]
    b'PNG'
    """
    buffer = io.BytesIO()
    with plotting.context():
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def figure_of(figure: Any) -> MatplotlibFigure:
    """Return the figure itself, or the one that Axes belong to.

    Parameters
    ----------
    figure : matplotlib Figure, Axes or array of Axes
        What a plot returned.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    TypeError
        For anything else.

    Examples
    --------
    >>> figure, axes = plotting.new_figure(n_columns=2)
    >>> figure_of(axes) is figure
    True
    """
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MatplotlibFigure

    if isinstance(figure, MatplotlibFigure):
        return figure
    first = figure if isinstance(figure, Axes) else next(iter(getattr(figure, "flat", ())), None)
    if not isinstance(first, Axes):
        raise TypeError(f"figure is {type(figure).__name__}; give a matplotlib Figure, Axes or an array of Axes.")
    found = first.get_figure(root=True)
    if not isinstance(found, MatplotlibFigure):
        raise TypeError("figure holds Axes that belong to no figure.")
    return found
