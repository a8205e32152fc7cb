"""A complex steerable pyramid in the frequency domain, float64: a tight frame, with quadrature pairs."""

from __future__ import annotations

import math

import numpy as np


def steerable_pyramid(images: np.ndarray, n_levels: int, n_orientations: int) -> dict[str, np.ndarray]:
    """Bands of square images (n, size, size): ``high`` (n, 1, …), complex ``level0``, … (n, orientations, …), ``low``.

    Radial functions are cosines of log2 frequency, angular ones cos(θ − θ_k)^(K−1); the real parts of the bands with
    high and low keep the sum of squares of the image. Each level is half the size of the one before, by cutting the
    spectrum, so that nothing aliases.
    """
    spectrum = np.fft.fftshift(np.fft.fft2(images, norm="ortho"), axes=(-2, -1))
    radius, angle = _polar(images.shape[-1])
    bands = {"high": _back(spectrum * _high(radius, 0.0))[:, None].real}
    spectrum = spectrum * _low(radius, 0.0)
    for level in range(n_levels):
        radial = _high(radius, -1.0)
        oriented = [spectrum * radial * _angular(angle, k, n_orientations) for k in range(n_orientations)]
        bands[f"level{level}"] = np.stack([_back(band) for band in oriented], axis=1)
        spectrum = _halved(spectrum * _low(radius, -1.0))
        radius, angle = _polar(spectrum.shape[-1])
    bands["low"] = _back(spectrum)[:, None].real
    return bands


def _polar(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Log2 of frequency relative to Nyquist, and direction, for a shifted spectrum."""
    f = (np.arange(size) - size // 2) / (size / 2)
    fy, fx = np.meshgrid(f, f, indexing="ij")
    with np.errstate(divide="ignore"):
        return np.log2(np.hypot(fx, fy)), np.arctan2(fy, fx)


def _low(radius: np.ndarray, edge: float) -> np.ndarray:
    """1 below an octave under the edge (log2 of frequency), 0 above the edge, a cosine between."""
    return np.cos(math.pi / 2 * np.clip(radius - edge + 1.0, 0.0, 1.0))


def _high(radius: np.ndarray, edge: float) -> np.ndarray:
    return np.sin(math.pi / 2 * np.clip(radius - edge + 1.0, 0.0, 1.0))


def _angular(angle: np.ndarray, k: int, n: int) -> np.ndarray:
    """2 α cos(θ − θ_k)^(n−1) in one half plane; squares over k and both halves sum to one for the real parts."""
    order = n - 1
    alpha = 2**order * math.factorial(order) / math.sqrt(n * math.factorial(2 * order))
    turned = np.angle(np.exp(1j * (angle - math.pi * k / n)))
    return 2 * alpha * np.cos(turned) ** order * (np.abs(turned) < math.pi / 2)


def _halved(spectrum: np.ndarray) -> np.ndarray:
    """The middle half of a shifted spectrum."""
    size = spectrum.shape[-1]
    quarter = size // 4
    return spectrum[..., quarter : size - quarter, quarter : size - quarter]


def _back(spectrum: np.ndarray) -> np.ndarray:
    return np.fft.ifft2(np.fft.ifftshift(spectrum, axes=(-2, -1)), norm="ortho")
