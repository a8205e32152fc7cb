"""From pixels to what a network takes: size, normalization, order of axes, and all of it as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurogeom._core.validation import check_option

if TYPE_CHECKING:
    import torch

RESAMPLE = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Preprocess:
    """How images become the input of a network.

    Attributes
    ----------
    resize : int or (rows, columns), optional
        An int with ``crop`` is the shorter side, without it both sides; None keeps the size.
    crop : int, optional
        Side of the square that is cut from the middle after resizing.
    resample : str
        ``bilinear``, ``bicubic``, ``nearest``, ``lanczos``, ``box`` or ``hamming``.
    antialias : bool
        Whether pixels are averaged where an image is made smaller (as PIL does; TensorFlow's default does not). Without
        it, resized values are cut to whole gray levels.
    mean, std : tuple of three float
        Subtracted from, and dividing, pixels in [0, 1].
    visual_degrees : float, optional
        Width of the input in degrees of visual angle.
    """

    resize: int | tuple[int, int] | None = None
    crop: int | None = None
    resample: str = "bilinear"
    antialias: bool = True
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    visual_degrees: float | None = None

    def __post_init__(self) -> None:
        check_option("resample", self.resample, list(RESAMPLE))

    @property
    def image_size(self) -> tuple[int, int] | None:
        """Rows and columns of the network's input, where they are the same for all images."""
        if self.crop is not None:
            return (self.crop, self.crop)
        return (self.resize, self.resize) if isinstance(self.resize, int) else self.resize

    def settings(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {"kind": type(self).__name__, **asdict(self)}

    def __call__(self, images: Sequence[np.ndarray]) -> torch.Tensor:
        """Images (height, width, 3), uint8 or float in [0, 1], as a float32 tensor (n, 3, rows, columns)."""
        import torch

        arrays = [self.one(image) for image in images]
        shapes = {array.shape for array in arrays}
        if len(shapes) > 1:
            sizes = " and ".join(f"{shape[0]}×{shape[1]}" for shape in sorted(shapes))
            raise ValueError(f"sizes {sizes} in one batch: set resize=.")
        return torch.from_numpy(np.ascontiguousarray(np.stack(arrays).transpose(0, 3, 1, 2)))

    def one(self, image: np.ndarray) -> np.ndarray:
        """One image (rows, columns, 3), float32, normalized."""
        size = self._target(image.shape[:2])
        image = resized(image, size, self.resample) if self.antialias else resized_plainly(image, size)
        if self.crop is not None:
            image = centered(image, self.crop)
        return normalized(image, self.mean, self.std)

    def _target(self, shape: Sequence[int]) -> tuple[int, int]:
        rows, columns = int(shape[0]), int(shape[1])
        if self.resize is None:
            return (rows, columns)
        if isinstance(self.resize, tuple):
            return self.resize
        if self.crop is None:
            return (self.resize, self.resize)
        if rows <= columns:
            return (self.resize, int(self.resize * columns / rows))
        return (int(self.resize * rows / columns), self.resize)


def resized(image: np.ndarray, size: tuple[int, int], resample: str) -> np.ndarray:
    """Resize as PIL does, averaging where it gets smaller: uint8 stays uint8, floats stay floats."""
    from PIL import Image

    if image.shape[:2] == tuple(size):
        return image
    method = Image.Resampling(RESAMPLE[resample])
    wanted = (size[1], size[0])
    if image.dtype == np.uint8:
        return np.asarray(Image.fromarray(image).resize(wanted, method))
    channels = [Image.fromarray(np.ascontiguousarray(image[:, :, k])).resize(wanted, method) for k in range(3)]
    return np.stack([np.asarray(channel) for channel in channels], axis=-1)


def resized_plainly(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize as TensorFlow does by default: bilinear between four neighbors, uint8 cut to whole levels."""
    import torch

    if image.shape[:2] == tuple(size):
        return image
    x = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)[None], dtype=np.float32))
    y = torch.nn.functional.interpolate(x, size=tuple(size), mode="bilinear", align_corners=False)
    values = y[0].numpy().transpose(1, 2, 0)
    return values.astype(np.uint8) if image.dtype == np.uint8 else values


def centered(image: np.ndarray, side: int) -> np.ndarray:
    """The middle square of an image."""
    rows, columns = image.shape[:2]
    if rows < side or columns < side:
        raise ValueError(f"an image of {rows}×{columns} is smaller than crop={side}: set resize= to at least {side}.")
    top, left = int(round((rows - side) / 2.0)), int(round((columns - side) / 2.0))
    return image[top : top + side, left : left + side]


def normalized(image: np.ndarray, mean: Sequence[float], std: Sequence[float]) -> np.ndarray:
    """Pixels in [0, 1], minus the mean, over the standard deviation of each channel; float32."""
    unit = image.astype(np.float32) / np.float32(255.0) if image.dtype == np.uint8 else image.astype(np.float32)
    return (unit - np.asarray(mean, dtype=np.float32)) / np.asarray(std, dtype=np.float32)
