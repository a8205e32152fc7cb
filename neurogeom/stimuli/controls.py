"""Control images: phase-scrambled, dead leaves, white noise and images of a power law."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_real
from neurogeom.stimuli.checks import as_images
from neurogeom.stimuli.spectra import PowerLaw


def phase_scrambled(images: Any, *, seed: int | None = None) -> np.ndarray:
    """Return images with the amplitudes of the given ones and random phases.

    The random phases are those of real white noise, so that images stay real; all power at each frequency, and the
    mean of each image, are kept. Values may leave [−0.5, 0.5].

    Parameters
    ----------
    images : array-like, shape (n, height, width)
        In [−0.5, 0.5].
    seed : int, optional

    Returns
    -------
    ndarray, float64, shape (n, height, width)

    Raises
    ------
    TypeError, ValueError
        As :func:`as_images`.

    Examples
    --------
    >>> image = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 8, 8))
    >>> other = phase_scrambled(image, seed=1)
    >>> bool(np.allclose(np.abs(np.fft.fft2(image)), np.abs(np.fft.fft2(other))))
    True
    """
    values, seed = as_images(images).astype(np.float64), resolve_seed(seed)
    out = np.empty_like(values)
    for number, image in enumerate(values):
        noise = np.fft.fft2(generator(seed, 11, number).standard_normal(image.shape))
        phase = noise / np.maximum(np.abs(noise), 1e-300)
        amplitude = np.abs(np.fft.fft2(image))
        phase[0, 0] = 1.0 if image.sum() >= 0 else -1.0
        out[number] = np.fft.ifft2(amplitude * phase).real
    return out


def dead_leaves(
    n: int, shape: tuple[int, int], *, smallest: float = 1.5, largest: float = 60.0, seed: int | None = None
) -> np.ndarray:
    """Draw dead leaves: discs that cover each other, radii by r⁻³, gray values uniform in [−0.5, 0.5].

    They share edges, occlusion and the scale-free spectrum of natural scenes, and no content.

    Parameters
    ----------
    n : int
        Number of images.
    shape : tuple of int
        Height and width in pixels.
    smallest, largest : float
        Radii in pixels.
    seed : int, optional

    Returns
    -------
    ndarray, float32, shape (n, height, width)

    Raises
    ------
    TypeError, ValueError
        For counts or radii out of range.

    References
    ----------
    Lee, Mumford & Huang 2001, Int. J. Comput. Vis. 41:35.

    Examples
    --------
    >>> leaves = dead_leaves(2, (32, 32), seed=0)
    >>> leaves.shape, bool(abs(leaves).max() <= 0.5)
    ((2, 32, 32), True)
    """
    n, seed = check_count("n", n), resolve_seed(seed)
    height, width = (check_count("shape", edge, minimum=2) for edge in shape)
    smallest = check_real("smallest", smallest, minimum=0.5)
    largest = check_real("largest", largest, minimum=smallest, strict=True)
    images = np.empty((n, height, width), dtype=np.float32)
    for number in range(n):
        images[number] = _one_pile(height, width, smallest, largest, generator(seed, 13, number))
    return images


def _one_pile(height: int, width: int, smallest: float, largest: float, draw: np.random.Generator) -> np.ndarray:
    """From the top leaf down: a pixel keeps the first leaf that covers it, until all are covered."""
    image = np.zeros((height, width), dtype=np.float32)
    free = np.ones((height, width), dtype=bool)
    n_leaves, limit = 0, 400 * height * width
    while free.any() and n_leaves < limit:
        # the inverse of the distribution function of a density proportional to r^-3
        u = draw.random()
        radius = (smallest**-2 - u * (smallest**-2 - largest**-2)) ** -0.5
        y, x = draw.uniform(-radius, height + radius), draw.uniform(-radius, width + radius)
        gray = draw.uniform(-0.5, 0.5)
        top, bottom = max(int(y - radius), 0), min(int(y + radius) + 2, height)
        left, right = max(int(x - radius), 0), min(int(x + radius) + 2, width)
        n_leaves += 1
        if top >= bottom or left >= right:
            continue
        rows, columns = np.arange(top, bottom)[:, None] + 0.5, np.arange(left, right)[None, :] + 0.5
        inside = ((rows - y) ** 2 + (columns - x) ** 2 <= radius**2) & free[top:bottom, left:right]
        image[top:bottom, left:right][inside] = gray
        free[top:bottom, left:right] &= ~inside
    return image


def white_noise(n: int, shape: tuple[int, int], *, sd: float = 0.2, seed: int | None = None) -> np.ndarray:
    """Draw images of independent Gaussian pixels, clipped to [−0.5, 0.5].

    Parameters
    ----------
    n : int
        Number of images.
    shape : tuple of int
        Height and width in pixels.
    sd : float
        Standard deviation before clipping, in units of the image range.
    seed : int, optional

    Returns
    -------
    ndarray, float32, shape (n, height, width)

    Raises
    ------
    TypeError, ValueError
        For counts or `sd` out of range.

    Examples
    --------
    >>> white_noise(3, (4, 4), seed=0).shape
    (3, 4, 4)
    """
    n, sd = check_count("n", n), check_real("sd", sd, minimum=0.0, strict=True)
    height, width = (check_count("shape", edge) for edge in shape)
    draws = generator(resolve_seed(seed), 17).standard_normal((n, height, width), dtype=np.float32)
    return np.clip(np.float32(sd) * draws, -0.5, 0.5)


def power_law_images(n: int, shape: tuple[int, int], *, law: PowerLaw, seed: int | None = None) -> np.ndarray:
    """Draw Gaussian images with the spectrum of a power law, on a torus.

    Parameters
    ----------
    n : int
        Number of images.
    shape : tuple of int
        Height and width in pixels.
    law : PowerLaw
        E.g. from :func:`fit_power_law`.
    seed : int, optional

    Returns
    -------
    ndarray, float64, shape (n, height, width)
        May leave [−0.5, 0.5].

    Raises
    ------
    TypeError, ValueError
        For counts out of range.

    Examples
    --------
    >>> power_law_images(2, (8, 8), law=PowerLaw(1e-3, 2.0, 1.0), seed=0).shape
    (2, 8, 8)
    """
    n, seed = check_count("n", n), resolve_seed(seed)
    height, width = (check_count("shape", edge, minimum=2) for edge in shape)
    noise = generator(seed, 19).standard_normal((n, height, width))
    scale = np.sqrt(law.power((height, width)))
    return law.mean + np.fft.ifft2(np.fft.fft2(noise, norm="ortho") * scale, norm="ortho").real
