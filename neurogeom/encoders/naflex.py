"""Images of any shape as patches: SigLIP 2's NaFlex keeps the aspect ratio and fills a number of patches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neurogeom._core.validation import check_count, check_option
from neurogeom._core.warnings import warn
from neurogeom.encoders.preprocess import normalized, resized

MOST_A_SIDE = 64  # beyond it big_vision gives NaN


def naflex_size(height: int, width: int, *, patch: int = 16, max_patches: int = 256) -> tuple[int, int]:
    """Size in pixels to which NaFlex resizes an image: the largest that keeps the shape and fits the patches.

    The largest scale s in [1e-6, 100], to 1e-5, with size(s, h) size(s, w) / p² ≤ N, where
    size(s, n) = max(p, p ⌈n s / p⌉). Small images are enlarged.

    Parameters
    ----------
    height, width : int
        Of the image, pixels.
    patch : int
        Side of a patch, pixels.
    max_patches : int

    Returns
    -------
    (height, width) : tuple of int, pixels

    Raises
    ------
    TypeError, ValueError
        Numbers that are not whole or below 1.

    References
    ----------
    Tschannen et al. 2025, SigLIP 2, arXiv:2502.14786; google-research/big_vision, pp/proj/image_text/ops_naflex.py.

    Examples
    --------
    >>> naflex_size(480, 640)
    (224, 288)
    """
    height, width = check_count("height", height), check_count("width", width)
    patch, max_patches = check_count("patch", patch), check_count("max_patches", max_patches)
    low, high, step = 1e-6, 100.0, 1e-5
    while high - low >= step:
        middle = (low + high) / 2
        fits = _scaled(middle, height, patch) / patch * (_scaled(middle, width, patch) / patch) <= max_patches
        low, high = (middle, high) if fits else (low, middle)
    return (_scaled(low, height, patch), _scaled(low, width, patch))


def _scaled(scale: float, n: int, patch: int) -> int:
    return max(patch, patch * math.ceil(n * scale / patch))


@dataclass(frozen=True)
class NaflexPreprocess:
    """How NaFlex checkpoints see images.

    Attributes
    ----------
    patch : int
        Side of a patch, pixels.
    max_patches : int
    kind : str
        ``transformers`` resizes bytes, ``big_vision`` floats; at most one gray level apart.
    visual_degrees : float, optional
        Not known for images of changing shape.
    """

    patch: int = 16
    max_patches: int = 256
    kind: str = "transformers"
    visual_degrees: float | None = None

    def __post_init__(self) -> None:
        check_option("kind", self.kind, ("transformers", "big_vision"))
        check_count("max_patches", self.max_patches)

    image_size = None

    def settings(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {"preprocess": "naflex", **asdict(self)}

    def grid_of(self, size: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of patches of an image of (height, width)."""
        rows, columns = naflex_size(*size, patch=self.patch, max_patches=self.max_patches)
        return (rows // self.patch, columns // self.patch)

    def __call__(self, images: Sequence[np.ndarray]) -> dict[str, Any]:
        """Patches (B, N, 3p²), their mask (B, N) and grids (B, 2: rows, columns)."""
        import torch

        patches = np.zeros((len(images), self.max_patches, 3 * self.patch**2), dtype=np.float32)
        mask = np.zeros((len(images), self.max_patches), dtype=bool)
        shapes = np.zeros((len(images), 2), dtype=np.int64)
        for index, image in enumerate(images):
            grid = self.grid_of((image.shape[0], image.shape[1]))
            if max(grid) > MOST_A_SIDE:
                warn(
                    f"an image of {image.shape[0]}×{image.shape[1]} gives {grid[0]}×{grid[1]} patches; more than "
                    f"{MOST_A_SIDE} a side were not trained (big_vision gives NaN). Crop it."
                )
            n = grid[0] * grid[1]
            patches[index, :n] = self.one(image, grid)
            mask[index, :n], shapes[index] = True, grid
        return {
            "patches": torch.from_numpy(patches),
            "mask": torch.from_numpy(mask),
            "shapes": torch.from_numpy(shapes),
        }

    def one(self, image: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
        """Patches (n, 3p²) of one image, row by row, each in the order row, column, channel."""
        size = (grid[0] * self.patch, grid[1] * self.patch)
        if self.kind == "big_vision" and image.dtype == np.uint8:
            image = image.astype(np.float32) / np.float32(255.0)
        pixels = normalized(resized(image, size, "bilinear"), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
        tiles = pixels.reshape(grid[0], self.patch, grid[1], self.patch, 3).transpose(0, 2, 1, 3, 4)
        return tiles.reshape(grid[0] * grid[1], -1)
