"""Pixels of one image: three channels, uint8 or floats in [0, 1], and no guess about what they mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def file_size(path: Path, name: str) -> tuple[int, int]:
    """Height and width in pixels, from the head of a file."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return (image.height, image.width)
    except (OSError, SyntaxError, ValueError) as error:
        raise unreadable(name, error) from error


def file_pixels(
    path: Path, name: str, *, background: tuple[int, int, int] | None, scale: float | None, first_frame: bool
) -> np.ndarray:
    """Pixels (height, width, 3) of a file: gray repeated, palettes and CMYK converted to RGB."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            n_frames = getattr(image, "n_frames", 1)
            if n_frames > 1 and not first_frame:
                raise ValueError(f"{name} has {n_frames} frames; first_frame=True takes the first.")
            image.load()
            return _of_pil(image, name, background, scale)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise unreadable(name, error) from error


def unreadable(name: str, error: BaseException) -> ValueError:
    """The error for a file that is no image, or not a whole one."""
    if type(error).__name__ == "UnidentifiedImageError":
        why = "is no image that can be read"
    else:
        why = "truncated" if "truncated" in str(error).lower() else f"cannot be read ({error})"
    return ValueError(f"{name}: {why}; on_error='skip' goes on without it (skips are listed in the result).")


def _of_pil(image: Any, name: str, background: tuple[int, int, int] | None, scale: float | None) -> np.ndarray:
    from PIL import Image

    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        return array_pixels(np.asarray(image), name, background=background, scale=scale)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        if background is None:
            raise ValueError(
                f"{name} is transparent (mode {image.mode}); set background=(128, 128, 128) or another color."
            )
        front = image.convert("RGBA")
        behind = Image.new("RGBA", front.size, (*background, 255))
        image = Image.alpha_composite(behind, front)
    return np.array(image.convert("RGB"))


def array_pixels(
    array: np.ndarray, name: str, *, background: tuple[int, int, int] | None, scale: float | None
) -> np.ndarray:
    """Pixels (height, width, 3) of an array: gray repeated, other integers and floats brought to [0, 1] by `scale`."""
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(f"{name} has shape {array.shape}; needed is (height, width) or (height, width, 3).")
    if array.shape[2] not in (1, 3, 4):
        if array.shape[0] in (1, 3, 4):
            raise ValueError(
                f"{name} has shape {array.shape}, which looks like channels first; images are (height, width, "
                "channels): np.moveaxis(images, 1, -1)."
            )
        raise ValueError(f"{name} has {array.shape[2]} channels; needed are 1 (gray), 3 (RGB) or 4 (with alpha).")
    array = _scaled(array, name, scale)
    if array.shape[2] == 4:
        if background is None:
            raise ValueError(f"{name} is transparent (4 channels); set background=(128, 128, 128) or another color.")
        array = _over(array, background)
    return np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array


def _scaled(array: np.ndarray, name: str, scale: float | None) -> np.ndarray:
    if array.dtype == np.uint8 and scale is None:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} holds {array.dtype}; images must be uint8 or float in [0, 1].")
    values = array.astype(np.float32)
    if scale is None and array.dtype.kind in "iu":
        raise ValueError(
            f"{name} has pixels of {array.dtype.itemsize * 8} bits; set scale= to the value of white (65535)."
        )
    values = values / np.float32(scale) if scale is not None else values
    if np.isnan(values).any():
        raise ValueError(f"{name} holds NaN; images must be uint8 or float in [0, 1].")
    if values.min() < 0.0 or values.max() > 1.0:
        extreme = f"max {values.max():.1f}" if values.max() > 1.0 else f"min {values.min():.3g}"
        raise ValueError(f"{name}: images must be uint8 or float in [0, 1]; got {extreme}; pass uint8, or set scale=.")
    return values


def _over(array: np.ndarray, background: tuple[int, int, int]) -> np.ndarray:
    """Colors over a background, weighted by alpha."""
    unit = array.astype(np.float32) / (255.0 if array.dtype == np.uint8 else 1.0)
    alpha = unit[:, :, 3:]
    mixed = alpha * unit[:, :, :3] + (1.0 - alpha) * np.asarray(background, dtype=np.float32) / 255.0
    return np.round(mixed * 255.0).astype(np.uint8) if array.dtype == np.uint8 else mixed
