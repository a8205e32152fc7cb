"""Spectra of images: radial power, and the power law of natural scenes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurogeom.stimuli.checks import as_images


@dataclass(frozen=True)
class PowerLaw:
    """Power spectrum S(f) = amplitude / f^exponent of images, f in cycles per pixel.

    Parameters
    ----------
    amplitude : float
        Power at one cycle per pixel, for the unitary Fourier transform.
    exponent : float
        2 is the classic value of natural scenes.
    zero : float
        Power at f = 0: the variance of the mean of an image, times its number of pixels.
    mean : float
        Mean gray value.
    """

    amplitude: float
    exponent: float
    zero: float
    mean: float = 0.0

    def power(self, shape: tuple[int, int]) -> np.ndarray:
        """Return the power at each frequency of images of a shape.

        Parameters
        ----------
        shape : tuple of int
            Height and width in pixels.

        Returns
        -------
        ndarray, shape (height, width)
            In the order of ``numpy.fft.fft2``.
        """
        frequency = radial_frequency(shape)
        frequency[0, 0] = 1.0
        power = self.amplitude / frequency**self.exponent
        power[0, 0] = self.zero
        return power


def radial_frequency(shape: tuple[int, int]) -> np.ndarray:
    """Return the frequency of each component of ``numpy.fft.fft2``.

    Parameters
    ----------
    shape : tuple of int
        Height and width in pixels.

    Returns
    -------
    ndarray, shape (height, width)
        In cycles per pixel.

    Examples
    --------
    >>> radial_frequency((2, 2)).round(3).tolist()
    [[0.0, 0.5], [0.5, 0.707]]
    """
    return np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None, :])


def power_spectrum(images: Any) -> np.ndarray:
    """Return the mean power of images at each frequency, for the unitary Fourier transform.

    Parameters
    ----------
    images : array-like, shape (n, height, width)

    Returns
    -------
    ndarray, shape (height, width)

    Raises
    ------
    TypeError, ValueError
        As :func:`as_images`, except for the range.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(0, 0.1, (400, 8, 8))
    >>> bool(abs(power_spectrum(noise).mean() - 0.01) < 3e-4)
    True
    """
    values = as_images(images, bounded=False)
    total = np.zeros(values.shape[1:])
    for start in range(0, len(values), 256):
        transformed = np.fft.fft2(values[start : start + 256].astype(np.float64), norm="ortho")
        total += np.sum(np.abs(transformed) ** 2, axis=0)
    return total / len(values)


def fit_power_law(images: Any, *, exponent: float | None = None) -> PowerLaw:
    """Fit a power law to the spectrum of images, by regression of log power on log frequency.

    Frequencies from 1.5 / size to 0.4 cycles per pixel are used, each component once; the power at zero is the
    variance of image means.

    Parameters
    ----------
    images : array-like, shape (n, height, width)
        In [−0.5, 0.5].
    exponent : float, optional
        Fixed instead of fitted, e.g. 2.

    Returns
    -------
    PowerLaw

    Raises
    ------
    ValueError
        Fewer than two images, or images smaller than 8 pixels.

    References
    ----------
    Field 1987, J. Opt. Soc. Am. A 4:2379.

    Examples
    --------
    >>> law = PowerLaw(amplitude=1e-3, exponent=2.0, zero=1.0)
    >>> from neurogeom.stimuli import power_law_images
    >>> found = fit_power_law(power_law_images(300, (32, 32), law=law, seed=0))
    >>> bool(abs(found.exponent - 2.0) < 0.05)
    True
    """
    values = as_images(images, bounded=False)
    if len(values) < 2 or min(values.shape[1:]) < 8:
        raise ValueError(f"images has shape {values.shape}; at least 2 images of 8 × 8 pixels are needed.")
    mean = float(values.mean(dtype=np.float64))
    power = power_spectrum(values - values.dtype.type(mean))
    frequency = radial_frequency(values.shape[1:])
    used = (frequency >= 1.5 / min(values.shape[1:])) & (frequency <= 0.4) & (power > 0)
    if used.sum() < 3:
        raise ValueError("images have no power at most frequencies (they are constant); natural images are needed.")
    x, y = np.log(frequency[used]), np.log(power[used])
    slope = float(np.polyfit(x, y, 1)[0]) if exponent is None else -float(exponent)
    amplitude = float(np.exp(np.mean(y - slope * x)))
    return PowerLaw(amplitude, -slope, float(power[0, 0]), mean)
