"""Images on a gray screen: the same visual angle for every network, as Brain-Score places them."""

from __future__ import annotations

import numpy as np

from neurogeom._core.validation import check_real

GRAY = 128


def place_on_screen(image: np.ndarray, source_degrees: float, target_degrees: float) -> np.ndarray:
    """Pad an image with gray, or cut its middle, so that what was `source_degrees` wide is `target_degrees` wide.

    With ρ = target / source the canvas is round(ρ (width, height)), halves to even; for ρ ≥ 1 the image is pasted at
    round((new − old) / 2) on (128, 128, 128), for ρ < 1 the middle is cut. Pixels keep their size.

    Parameters
    ----------
    image : array (height, width, 3)
        uint8, or floats in [0, 1].
    source_degrees, target_degrees : float
        Visual angle of the width of the image, and of the input of the network.

    Returns
    -------
    array (height, width, 3)
        Of the same kind.

    Raises
    ------
    TypeError, ValueError
        Angles that are no numbers above 0, or another shape.

    References
    ----------
    Brain-Score, brainscore_vision/benchmark_helpers/screen.py.

    Examples
    --------
    >>> place_on_screen(np.zeros((300, 400, 3), dtype=np.uint8), 4.0, 8.0).shape
    (600, 800, 3)
    """
    source = check_real("source_degrees", source_degrees, minimum=0.0, strict=True)
    target = check_real("target_degrees", target_degrees, minimum=0.0, strict=True)
    if image.ndim != 3:
        raise ValueError(f"image has shape {image.shape}; needed is (height, width, 3).")
    ratio = target / source
    if ratio == 1.0:
        return image
    old = image.shape[:2]
    new = (max(round(ratio * old[0]), 1), max(round(ratio * old[1]), 1))
    if ratio < 1.0:
        top, left = (round((one - other) / 2) for one, other in zip(old, new, strict=True))
        return image[top : top + new[0], left : left + new[1]]
    gray = GRAY if image.dtype == np.uint8 else GRAY / 255
    canvas = np.full((*new, image.shape[2]), gray, dtype=image.dtype)
    top, left = (round((one - other) / 2) for one, other in zip(new, old, strict=True))
    canvas[top : top + old[0], left : left + old[1]] = image
    return canvas
