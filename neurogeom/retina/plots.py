"""Pictures of mosaics and spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurogeom import plotting

if TYPE_CHECKING:
    from neurogeom.retina.mosaic import Mosaic


def mosaic(
    cells: Mosaic, *, cell_type: str | None = None, image: Any = None, counts: Any = None, ax: Any = None
) -> Any:
    """Draw the 1-sigma contours of the centers, over an image if one is given.

    Parameters
    ----------
    cells : Mosaic
    cell_type : str, optional
        Only this type.
    image : array-like, shape (height, width), optional
        Behind the cells.
    counts : array-like, shape (n_cells,), optional
        Spikes of one window; contours are filled the more, the more spikes.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    from matplotlib.collections import EllipseCollection

    ax = plotting.axes_or_new(ax, size=(4.4, 4.4), grid=None)
    height, width = cells.shape
    if image is not None:
        ax.imshow(np.asarray(image), cmap="gray", extent=(0, width, height, 0), vmin=-0.5, vmax=0.5)
    strength = np.zeros(cells.n_cells) if counts is None else np.asarray(counts, dtype=float)
    strength = 0.9 * strength / max(strength.max(), 1.0)
    for number, name in enumerate(cells.types):
        if cell_type is not None and name != cell_type:
            continue
        chosen = cells.cell_type == name
        major, minor, angle = cells.ellipses[chosen].T
        color = plotting.PALETTE[number % len(plotting.PALETTE)]
        # the y axis points down, and so does the angle
        shape = {"units": "xy", "offsets": cells.positions[chosen, ::-1], "offset_transform": ax.transData}
        filled = _with_alpha(color, strength[chosen]) if counts is not None else "none"
        ax.add_collection(
            EllipseCollection(
                2 * major, 2 * minor, np.degrees(angle), facecolors=filled, edgecolors=color, linewidths=0.6, **shape
            )
        )  # fmt: skip
        ax.plot([], [], color=color, label=f"{readable(name)} ({chosen.sum()})")
    if cell_type is None and len(cells.types) > 1:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=2, fontsize=7, frameon=False)
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    ax.set_aspect("equal")
    ax.set_xlabel("x [px]")
    ax.set_ylabel("y [px]")
    return ax


def readable(cell_type: str) -> str:
    """A type of cell as a person writes it: ``ON parasol``."""
    sign, _, kind = cell_type.partition("_")
    return f"{sign.upper()} {kind}"


def _with_alpha(color: Any, alpha: np.ndarray) -> np.ndarray:
    from matplotlib.colors import to_rgb

    return np.column_stack([np.tile(to_rgb(color), (len(alpha), 1)), alpha])
