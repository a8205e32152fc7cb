"""Grids of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from neurogeom.plotting.style import axes_or_new, context

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def image_grid(
    images: ArrayLike,
    *,
    n_columns: int | None = None,
    titles: Sequence[str] | None = None,
    limits: tuple[float, float] | None = None,
    gap: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Lay images out on a grid, row by row, in one Axes.

    Parameters
    ----------
    images : array-like of shape (n, height, width) or (n, height, width, 3)
        Gray images, or color images in [0, 1] (or 0–255 as integers).
    n_columns : int, optional
        Images in a row; about a square grid by default.
    titles : sequence of str, optional
        A title above each image.
    limits : tuple of float, optional
        Gray values shown black and white; those of all images together by default.
    gap : int, optional
        White pixels between images; by default a tenth of an image, with room for titles.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        Where it was drawn, without ticks.

    Raises
    ------
    ValueError
        If `images` has another shape, or the number of titles differs from that of images.

    Examples
    --------
    >>> import numpy as np
    >>> from neurogeom.plotting import new_figure
    >>> figure, axes = new_figure(grid=None)
    >>> image_grid(np.zeros((5, 8, 8)), n_columns=3, gap=1, ax=axes[0, 0]).images[0].get_array().shape
    (17, 26)
    """
    array = np.asarray(images)
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[-1] != 3) or len(array) == 0:
        raise ValueError(
            f"images has shape {array.shape}; image_grid needs (n, height, width) or (n, height, width, 3), n ≥ 1."
        )
    if titles is not None and len(titles) != len(array):
        raise ValueError(f"titles has {len(titles)} entries, images has {len(array)}. Give one title per image.")
    if array.ndim == 4 and array.dtype.kind in "iu":
        array = array / 255.0
    n, height, width = array.shape[:3]
    columns = n_columns or int(np.ceil(np.sqrt(n)))
    rows = -(-n // columns)
    space = gap if gap is not None else max(1, height // 10) + (height // 4 if titles else 0)
    canvas = np.full((rows * (height + space) - space, columns * (width + space) - space, *array.shape[3:]), np.nan)
    if array.ndim == 4:
        canvas[:] = 1.0
    for i, picture in enumerate(array):
        top, left = (i // columns) * (height + space), (i % columns) * (width + space)
        canvas[top : top + height, left : left + width] = picture
    ax = axes_or_new(ax, size=(min(8.0, 0.7 * columns + 0.3), min(9.0, 0.75 * rows + 0.3)), grid=None)
    low, high = limits if limits is not None else (float(np.nanmin(array)), float(np.nanmax(array)))
    with context():
        ax.imshow(canvas, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
        for i, title in enumerate(titles or ()):
            place = ((i % columns) * (width + space) + width / 2, (i // columns) * (height + space) - 0.6)
            ax.text(*place, str(title), ha="center", va="bottom", fontsize=7.0)
    ax.set_axis_off()
    return ax
