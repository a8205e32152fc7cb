"""How good a reconstruction is: MSE, PSNR, SSIM, MS-SSIM and spectral error of each image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage

from neurogeom.stimuli import as_images, radial_frequency

DATA_RANGE = 1.0
SIGMA = 1.5
_TRUNCATE = 3.5
_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def mse(reconstructions: Any, images: Any) -> np.ndarray:
    """Return the mean squared error of each image, both in [−0.5, 0.5].

    Parameters
    ----------
    reconstructions, images : array-like, shape (n, height, width)
        Reconstructions may leave the range; they are not clipped.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    TypeError, ValueError
        Shapes that differ, images out of range.

    Examples
    --------
    >>> mse(np.full((1, 2, 2), 0.1), np.zeros((1, 2, 2))).round(3).tolist()
    [0.01]
    """
    x, y = _pair(reconstructions, images)
    return np.mean((x - y) ** 2, axis=(1, 2))


def psnr(reconstructions: Any, images: Any) -> np.ndarray:
    """Return the peak signal-to-noise ratio, −10 log₁₀ MSE for a range of 1, in dB.

    Parameters
    ----------
    reconstructions, images : array-like, shape (n, height, width)

    Returns
    -------
    ndarray, shape (n,)
        Infinite for a perfect reconstruction.

    Raises
    ------
    TypeError, ValueError
        As :func:`mse`.

    Examples
    --------
    >>> psnr(np.full((1, 2, 2), 0.1), np.zeros((1, 2, 2))).round(3).tolist()
    [20.0]
    """
    x, y = _pair(reconstructions, images)
    with np.errstate(divide="ignore"):
        return -10.0 * np.log10(np.mean((x - y) ** 2, axis=(1, 2)) / DATA_RANGE**2)


def ssim(reconstructions: Any, images: Any) -> np.ndarray:
    """Return structural similarity: Gaussian window of σ 1.5 (11 × 11), data range 1, reconstructions clipped.

    Parameters
    ----------
    reconstructions, images : array-like, shape (n, height, width)
        At least 11 pixels high and wide.

    Returns
    -------
    ndarray, shape (n,)
        1 is the same; not a distance.

    Raises
    ------
    TypeError, ValueError
        As :func:`mse`; images smaller than the window.

    References
    ----------
    Wang, Bovik, Sheikh & Simoncelli 2004, IEEE Trans. Image Process. 13:600.

    Examples
    --------
    >>> image = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 16, 16))
    >>> ssim(image, image).round(6).tolist()
    [1.0]
    """
    x, y = _pair(reconstructions, images)
    return _similarity(np.clip(x, -0.5, 0.5), y)[0]


def ms_ssim(reconstructions: Any, images: Any) -> np.ndarray:
    """Return multi-scale structural similarity, with as many of its five scales as fit, their weights made to add to 1.

    Parameters
    ----------
    reconstructions, images : array-like, shape (n, height, width)
        At least 11 pixels high and wide; five scales need 176.

    Returns
    -------
    ndarray, shape (n,)
        Negative contrast terms count as 0.

    Raises
    ------
    TypeError, ValueError
        As :func:`ssim`.

    References
    ----------
    Wang, Simoncelli & Bovik 2003, Asilomar 2:1398.

    Examples
    --------
    >>> image = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 32, 32))
    >>> ms_ssim(image, image).round(6).tolist()
    [1.0]
    """
    x, y = _pair(reconstructions, images)
    x = np.clip(x, -0.5, 0.5)
    n_scales = 1
    while n_scales < len(_SCALES) and min(x.shape[1:]) // 2**n_scales >= 11:
        n_scales += 1
    weights = np.array(_SCALES[:n_scales]) / sum(_SCALES[:n_scales])
    out = np.ones(len(x))
    for scale, weight in enumerate(weights):
        whole, contrast = _similarity(x, y)
        value = whole if scale == n_scales - 1 else contrast
        out *= np.maximum(value, 0.0) ** weight
        x, y = _halved(x), _halved(y)
    return out


def spectral_error(reconstructions: Any, images: Any, *, n_bands: int = 8) -> np.ndarray:
    """Return the mean absolute log₁₀ ratio of radial power, over bands of equal width up to 0.5 cycles per pixel.

    Parameters
    ----------
    reconstructions, images : array-like, shape (n, height, width)
    n_bands : int

    Returns
    -------
    ndarray, shape (n,)
        0 is the same spectrum; 1 is a factor of ten. Phases do not count.

    Raises
    ------
    TypeError, ValueError
        As :func:`mse`.

    Examples
    --------
    >>> image = np.random.default_rng(0).uniform(-0.4, 0.4, (1, 16, 16))
    >>> spectral_error(image * 0.1, image).round(6).tolist()
    [2.0]
    """
    x, y = _pair(reconstructions, images)
    frequency = radial_frequency(x.shape[1:])
    band = np.minimum((frequency / 0.5 * n_bands).astype(int), n_bands)
    keep = (band < n_bands) & (frequency > 0)
    bands = [keep & (band == number) for number in range(n_bands)]
    bands = [one for one in bands if one.any()]  # the lowest is empty in small images
    power = []
    for one in (x, y):
        spectrum = np.abs(np.fft.fft2(one)) ** 2
        sums = np.stack([spectrum[:, inside].sum(axis=1) for inside in bands], axis=1)
        power.append(np.maximum(sums, 1e-12))
    return np.abs(np.log10(power[0] / power[1])).mean(axis=1)


METRICS: dict[str, Callable[[Any, Any], np.ndarray]] = {
    "mse": mse,
    "psnr": psnr,
    "ssim": ssim,
    "ms_ssim": ms_ssim,
    "spectral_error": spectral_error,
}


def _pair(reconstructions: Any, images: Any) -> tuple[np.ndarray, np.ndarray]:
    y = as_images(images).astype(np.float64)
    x = as_images(reconstructions, "reconstructions", shape=(y.shape[1], y.shape[2]), bounded=False).astype(np.float64)
    if len(x) != len(y):
        raise ValueError(f"reconstructions has {len(x)} images, images has {len(y)}; give one for each.")
    if np.abs(x).max() > 5.0:
        raise ValueError(
            f"reconstructions reaches {np.abs(x).max():g}; values of images in [-0.5, 0.5] are needed. "
            "Divide by 255 and subtract 0.5 where they are bytes."
        )
    return x, y


def _similarity(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """SSIM and its contrast–structure term, averaged where the window lies inside the image."""
    if min(x.shape[1:]) < 11:
        raise ValueError(f"images are {x.shape[1]} × {x.shape[2]} pixels; SSIM needs at least 11 × 11.")

    def blur(image: np.ndarray) -> np.ndarray:
        return ndimage.gaussian_filter(image, (0.0, SIGMA, SIGMA), truncate=_TRUNCATE, mode="reflect")

    c1, c2 = (0.01 * DATA_RANGE) ** 2, (0.03 * DATA_RANGE) ** 2
    x, y = x + 0.5, y + 0.5  # the constants are meant for values from 0 on
    mx, my = blur(x), blur(y)
    vx, vy, cov = blur(x * x) - mx * mx, blur(y * y) - my * my, blur(x * y) - mx * my
    contrast = (2 * cov + c2) / (vx + vy + c2)
    whole = (2 * mx * my + c1) / (mx**2 + my**2 + c1) * contrast
    pad = int(_TRUNCATE * SIGMA + 0.5)
    inner = (slice(None), slice(pad, -pad), slice(pad, -pad))
    return whole[inner].mean(axis=(1, 2)), contrast[inner].mean(axis=(1, 2))


def _halved(images: np.ndarray) -> np.ndarray:
    height, width = (edge // 2 * 2 for edge in images.shape[1:])
    return images[:, :height, :width].reshape(len(images), height // 2, 2, width // 2, 2).mean(axis=(2, 4))
