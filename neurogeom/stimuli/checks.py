"""What images have to be: floats in [−0.5, 0.5], row-major (y, x)."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogeom._core.validation import check_count, check_real

LOWEST, HIGHEST = -0.5, 0.5
_SLACK = 1e-6


def as_images(
    images: Any, name: str = "images", *, shape: tuple[int, int] | None = None, bounded: bool = True
) -> np.ndarray:
    """Return gray images as float32 or float64 of shape (n, height, width), in [−0.5, 0.5].

    Parameters
    ----------
    images : array-like, shape (n, height, width) or (height, width)
        Floats in [−0.5, 0.5] (byte / 255 − 0.5), rows first, the middle of a pixel at its whole number + 0.5.
    name : str
        The argument's name for messages.
    shape : tuple of int, optional
        Height and width that are needed.
    bounded : bool
        Whether values outside [−0.5, 0.5] are refused; images drawn from a Gaussian prior leave it.

    Returns
    -------
    ndarray, shape (n, height, width)

    Raises
    ------
    TypeError
        Whole numbers (bytes), complex numbers, text or objects.
    ValueError
        Another shape, NaN, or a range that shows 0–255, 0–1 or −1–1.

    Examples
    --------
    >>> as_images(np.zeros((2, 8, 8))).shape
    (2, 8, 8)
    >>> as_images(np.full((1, 8, 8), 200.0))
    Traceback (most recent call last):
    ...
    ValueError: images reaches 200, so it looks like 0 to 255; ... divide by 255 and subtract 0.5: stimuli.normalize...
    """
    values = np.asarray(images)
    if values.dtype.kind in "iub":
        raise TypeError(
            f"{name} holds whole numbers ({values.dtype}); floats in [-0.5, 0.5] are needed. "
            "Divide by 255 and subtract 0.5: stimuli.normalize(images)."
        )
    if values.dtype.kind != "f":
        raise TypeError(f"{name} has dtype {values.dtype}; floats in [-0.5, 0.5] are needed.")
    values = values[None] if values.ndim == 2 else values
    _check_shape(values, name, shape)
    bad = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
    if bad.size:
        raise ValueError(
            f"{name} holds NaN or infinity in {bad.size} of {len(values)} images (first: "
            f"{', '.join(map(str, bad[:3]))}). Leave these out."
        )
    if bounded:
        _check_range(float(values.min()), float(values.max()), name)
    return values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)


def _check_shape(values: np.ndarray, name: str, shape: tuple[int, int] | None) -> None:
    if values.ndim == 4 and values.shape[-1] in (1, 3, 4):
        raise ValueError(f"{name} has shape {values.shape}, with color; make it gray: stimuli.normalize(images).")
    if values.ndim != 3 or values.size == 0:
        raise ValueError(f"{name} has shape {values.shape}; (n, height, width) with at least one pixel is needed.")
    if shape is not None and values.shape[1:] != shape:
        swapped = " Height and width look swapped." if values.shape[:0:-1] == shape else ""
        raise ValueError(
            f"{name} are {values.shape[1]} × {values.shape[2]} pixels (height × width); {shape[0]} × {shape[1]} are "
            f"needed.{swapped} Crop them with stimuli.crops(images, size=...)."
        )


def _check_range(low: float, high: float, name: str) -> None:
    if low >= LOWEST - _SLACK and high <= HIGHEST + _SLACK:
        return
    needed = "[-0.5, 0.5] is needed."
    if high > 2.0:
        raise ValueError(
            f"{name} reaches {high:g}, so it looks like 0 to 255; {needed} "
            "Please divide by 255 and subtract 0.5: stimuli.normalize(images)."
        )
    if low < -0.5 - _SLACK:
        raise ValueError(f"{name} lies in [{low:g}, {high:g}], so it looks like -1 to 1; {needed} Divide by 2.")
    raise ValueError(
        f"{name} lies in [{low:g}, {high:g}], so it looks like 0 to 1; {needed} "
        "Subtract 0.5: stimuli.normalize(images)."
    )


def normalize(images: Any) -> np.ndarray:
    """Bring images to what the retina takes: gray, float32, byte / 255 − 0.5.

    Parameters
    ----------
    images : array-like, shape ([n,] height, width) or ([n,] height, width, 3 or 4)
        Bytes (uint8), or floats in [0, 1]. Color becomes luminance, .2125 R + .7154 G + .0721 B.

    Returns
    -------
    ndarray, float32, shape ([n,] height, width), in [−0.5, 0.5]

    Raises
    ------
    TypeError
        Another kind of number, such as 16-bit integers.
    ValueError
        Floats outside [0, 1], or NaN.

    References
    ----------
    Parthasarathy, Batty et al. 2017 (targets are byte / 255 − 0.5); ITU-R BT.709 (luminance).

    Examples
    --------
    >>> normalize(np.array([[0, 255]], dtype=np.uint8)).tolist()
    [[-0.5, 0.5]]
    """
    values = np.asarray(images)
    if values.dtype == np.bool_:
        values = values.astype(np.float32)
    if values.dtype == np.uint8:
        scaled = values.astype(np.float32) / np.float32(255.0)
    elif values.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise ValueError("images holds NaN or infinity. Leave these images out.")
        if values.size and (values.min() < -1e-6 or values.max() > 1 + 1e-6):
            raise ValueError(
                f"images lies in [{values.min():g}, {values.max():g}]; floats have to be in [0, 1]. "
                "Divide by 255 where they are bytes; leave them as they are where they are in [-0.5, 0.5]."
            )
        scaled = values.astype(np.float32)
    else:
        raise TypeError(f"images has dtype {values.dtype}; uint8, or floats in [0, 1], are needed.")
    if scaled.ndim >= 3 and scaled.shape[-1] in (3, 4):
        scaled = scaled[..., :3] @ np.array([0.2125, 0.7154, 0.0721], dtype=np.float32)
    return (scaled - np.float32(0.5)).astype(np.float32)


def from_percept(
    percept: Any, *, units: str, black: float, white: float, size: tuple[int, int] | None = None
) -> np.ndarray:
    """Bring a stimulus or percept with physical units, such as that of a prosthesis, to images in [−0.5, 0.5].

    Parameters
    ----------
    percept : array-like, shape ([n,] height, width) or DataArray
        In `units`; the ``units`` attribute of a DataArray has to agree.
    units : str
        Of the values, e.g. "cd/m2" or "mW/mm2".
    black, white : float
        The values, in `units`, that stand for −0.5 and 0.5. Values beyond are clipped.
    size : tuple of int, optional
        Height and width in pixels of the mosaic; the percept is averaged or interpolated to it.

    Returns
    -------
    ndarray, float32, shape (n, height, width)

    Raises
    ------
    TypeError, ValueError
        Units that do not agree, white not above black, another shape, NaN.

    Examples
    --------
    >>> from_percept(np.array([[0.0, 5.0, 10.0]]), units="mW/mm2", black=0, white=10).tolist()
    [[[-0.5, 0.0, 0.5]]]
    """
    own = getattr(percept, "attrs", {}).get("units")
    if own is not None and own != units:
        raise ValueError(f"units={units!r}, but the percept says {own!r}. Convert it, or give its own units.")
    black, white = check_real("black", black), check_real("white", white)
    if white <= black:
        raise ValueError(f"white={white:g} is not above black={black:g}; the values of black and white are needed.")
    values = np.asarray(percept, dtype=np.float64)
    values = values[None] if values.ndim == 2 else values
    _check_shape(values, "percept", None)
    if not np.isfinite(values).all():
        raise ValueError("percept holds NaN or infinity. Leave these frames out.")
    images = np.clip((values - black) / (white - black), 0.0, 1.0) - 0.5
    if size is not None and values.shape[1:] != tuple(size):
        from skimage.transform import resize

        height, width = (check_count("size", edge) for edge in size)
        images = np.stack([resize(image, (height, width), order=1, anti_aliasing=True) for image in images])
    return images.astype(np.float32)
