"""Heat maps of labeled matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from neurogeom.plotting.lines import note
from neurogeom.plotting.style import DIVERGING, INK, SEQUENTIAL, axes_or_new, context

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def matrix(
    values: ArrayLike,
    *,
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    label: str = "",
    diverging: bool = False,
    center: float = 0.0,
    hide_diagonal: bool = False,
    annotate: bool | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a matrix as a heat map with a color bar, its rows and columns named.

    Parameters
    ----------
    values : array-like of shape (rows, columns)
        The matrix; NaN is left white.
    row_labels, column_labels : sequence of str, optional
        Names of rows and columns; some are left out where there are more than fit.
    label : str
        What the colors mean, with its unit.
    diverging : bool
        Whether values lie on both sides of `center`, which then is white.
    center : float
        Middle of a diverging color map.
    hide_diagonal : bool
        Whether the diagonal is left white, for matrices of pairs.
    annotate : bool, optional
        Whether values are written in the cells; by default where there are at most 12 × 12.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        Where the matrix was drawn; the color bar has its own.

    Raises
    ------
    ValueError
        If `values` is not a matrix.

    Examples
    --------
    >>> from neurogeom.plotting import new_figure
    >>> figure, axes = new_figure(grid=None)
    >>> ax = matrix([[1.0, 0.2], [0.2, 1.0]], row_labels=["a", "b"], column_labels=["a", "b"], ax=axes[0, 0])
    >>> [text.get_text() for text in ax.texts]
    ['1.00', '0.20', '0.20', '1.00']
    """
    array = np.array(values, dtype=float)
    if array.ndim != 2:
        raise ValueError(f"values has {array.ndim} axes; a matrix needs 2 (rows, columns).")
    if hide_diagonal:
        np.fill_diagonal(array, np.nan)
    side = min(7.0, 2.2 + 0.28 * max(array.shape))
    ax = axes_or_new(ax, size=(side + 0.9, side), grid=None)
    finite = array[np.isfinite(array)]
    reach = float(np.abs(finite - center).max(initial=0.0)) or 1.0
    limits = (center - reach, center + reach) if diverging else (None, None)
    with context():
        image = ax.imshow(array, cmap=DIVERGING if diverging else SEQUENTIAL, vmin=limits[0], vmax=limits[1])
        if not finite.size:
            note("no values", ax=ax)
        else:
            bar = ax.figure.colorbar(image, ax=ax, shrink=0.85, pad=0.03)
            bar.set_label(label)
            bar.outline.set_visible(False)
            bar.ax.tick_params(labelsize=8.0)
        _label(ax, row_labels, "y", array.shape[0])
        _label(ax, column_labels, "x", array.shape[1])
        if annotate if annotate is not None else max(array.shape) <= 12:
            _write(ax, array, image)
    ax.spines[:].set_visible(False)
    ax.grid(False)
    return ax


def _label(ax: Axes, names: Sequence[str] | None, axis: str, size: int) -> None:
    """Name rows or columns, every k-th one where there are more than fit; nothing but numbers without names."""
    if names is None:
        return
    keep = np.arange(0, size, max(1, int(np.ceil(size / 40))))
    texts = [str(names[int(i)]) for i in keep]
    if axis == "y":
        ax.set_yticks(keep, texts)
    elif max(map(len, texts), default=0) <= 3:
        ax.set_xticks(keep, texts)
    else:
        ax.set_xticks(keep, texts, rotation=40, ha="right", rotation_mode="anchor")
    ax.tick_params(axis=axis, length=0)


def _write(ax: Axes, array: np.ndarray, image: object) -> None:
    """Write each value in its cell, dark on light and light on dark."""
    for (row, column), value in np.ndenumerate(array):
        if not np.isfinite(value):
            continue
        red, green, blue, _ = image.cmap(image.norm(value))  # type: ignore[attr-defined]
        light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.55
        ax.text(
            column, row, f"{value:.2f}", ha="center", va="center", fontsize=6.5, color=INK if light else "white"
        )  # fmt: skip
