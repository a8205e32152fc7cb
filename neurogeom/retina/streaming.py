"""Responses of local receptive fields to many images: dense products of small tiles, with bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurogeom._core.parallel import run_units
from neurogeom._core.validation import check_count

if TYPE_CHECKING:
    from neurogeom.retina.mosaic import Mosaic

TILE = {"parasol": 16, "midget": 12}


@dataclass(frozen=True, eq=False)
class _Tile:
    """Cells whose centers share a square, with the window of pixels that they see together."""

    cells: np.ndarray
    rows: slice
    columns: slice
    weights: np.ndarray


class FilterBank:
    """Receptive fields of a mosaic, cut in tiles for products with many images at once.

    Cells whose centers lie in one square (16 pixels for parasol, 12 for midget cells) share a window of pixels; their
    fields become one small dense matrix, and a batch of images with pixels × images contiguous is multiplied tile by
    tile. BLAS runs in one thread; tiles are spread over workers.

    Parameters
    ----------
    mosaic : Mosaic
    tile : int, optional
        Edge of the squares in pixels, instead of the defaults.

    Raises
    ------
    TypeError, ValueError
        For a tile that is no positive whole number.

    Examples
    --------
    >>> from neurogeom.retina import Mosaic
    >>> mosaic = Mosaic.from_counts({"on_midget": 25}, (24, 24), seed=0)
    >>> images = np.random.default_rng(0).uniform(-0.5, 0.5, (3, 24, 24)).astype(np.float32)
    >>> drive = FilterBank(mosaic).drive(images)
    >>> bool(np.allclose(drive, images.reshape(3, -1) @ mosaic.filters.toarray().T, atol=1e-5))
    True
    """

    def __init__(self, mosaic: Mosaic, *, tile: int | None = None) -> None:
        self.shape, self.n_cells = mosaic.shape, mosaic.n_cells
        self._tiles: list[_Tile] = []
        filters = mosaic.filters
        for kind, edge in TILE.items():
            of_kind = np.flatnonzero(np.char.endswith(mosaic.cell_type, kind))
            self._tiles += _tiles(mosaic, filters, of_kind, check_count("tile", edge if tile is None else tile))

    @property
    def n_bytes(self) -> int:
        """Memory of the tiles, in bytes."""
        return sum(tile.weights.nbytes for tile in self._tiles)

    def drive(self, images: np.ndarray, *, n_jobs: int | None = 1) -> np.ndarray:
        """Return the products of all receptive fields with a batch of images.

        Parameters
        ----------
        images : ndarray, shape (n, height, width)
        n_jobs : int or None
            Workers; the values do not depend on it.

        Returns
        -------
        ndarray, float32, shape (n, n_cells)
            The transpose of a C-contiguous array.
        """
        flat = np.asarray(images, dtype=np.float32).reshape(len(images), -1)
        # a tile's window is a few runs of rows only if the images of one pixel are contiguous
        by_pixel = np.ascontiguousarray(flat.T).reshape(*self.shape, len(images))
        out = np.empty((self.n_cells, len(images)), dtype=np.float32)
        n_parts = 1 if n_jobs == 1 else min(len(self._tiles), 16)
        parts = [(self._tiles[start::n_parts], by_pixel, out) for start in range(n_parts)]
        run_units(_multiply, parts, n_jobs=n_jobs)
        return out.T

    def stream(self, batches: Iterable[Any], *, n_jobs: int | None = 1, batch: int = 256) -> Iterator[np.ndarray]:
        """Yield the products for images that come in batches of any size, at most `batch` at a time.

        Parameters
        ----------
        batches : iterable of ndarray (n, height, width)
        n_jobs : int or None
        batch : int
            Images at a time, which bounds memory.

        Yields
        ------
        ndarray, float32, shape (at most batch, n_cells)
        """
        size = check_count("batch", batch)
        for images in batches:
            for start in range(0, len(images), size):
                yield self.drive(images[start : start + size], n_jobs=n_jobs)


def _tiles(mosaic: Mosaic, filters: Any, cells: np.ndarray, edge: int) -> list[_Tile]:
    height, width = mosaic.shape
    found: dict[tuple[int, int], list[int]] = {}
    for cell in cells:
        y, x = mosaic.positions[cell]
        found.setdefault((int(y) // edge, int(x) // edge), []).append(int(cell))
    tiles = []
    for members in found.values():
        block = filters[np.array(members)].tocoo()
        if not block.nnz:
            continue
        y, x = np.divmod(block.coords[1], width)
        top, bottom, left, right = y.min(), y.max() + 1, x.min(), x.max() + 1
        weights = np.zeros((len(members), bottom - top, right - left), dtype=np.float32)
        weights[block.coords[0], y - top, x - left] = block.data
        window = weights.reshape(len(members), -1)
        tiles.append(_Tile(np.array(members), slice(top, bottom), slice(left, right), window))
    return tiles


def _multiply(tiles: list[_Tile], by_pixel: np.ndarray, out: np.ndarray) -> None:
    n_images = by_pixel.shape[2]
    for tile in tiles:
        window = by_pixel[tile.rows, tile.columns].reshape(-1, n_images)
        out[tile.cells] = tile.weights @ window
