"""Gaussian priors of images that are diagonal in Fourier space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurogeom._core.random import generator
from neurogeom.stimuli import PowerLaw


@dataclass(frozen=True, eq=False)
class QuadraticPrior:
    r"""−ln p(x) = ½ (x − μ)ᵀ F* diag(p) F (x − μ) + const, F the unitary Fourier transform.

    Parameters
    ----------
    mean : ndarray (height, width)
    precision : ndarray (height, width)
        p at each frequency, in the order of ``numpy.fft.fft2``; positive and even.

    Examples
    --------
    >>> prior = QuadraticPrior(np.zeros((4, 4)), np.full((4, 4), 2.0))
    >>> prior.value(np.ones((4, 4)))
    16.0
    """

    mean: np.ndarray
    precision: np.ndarray

    @classmethod
    def power_law(cls, law: PowerLaw, shape: tuple[int, int]) -> QuadraticPrior:
        """Return the prior 1 / S(f) of a power law."""
        return cls(np.full(shape, law.mean), 1.0 / law.power(shape))

    @classmethod
    def around(cls, image: np.ndarray, weight: float) -> QuadraticPrior:
        """Return ½ weight ‖x − image‖²."""
        return cls(image, np.full(image.shape, weight))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return (self.mean.shape[0], self.mean.shape[1])

    def times(self, image: np.ndarray, spectrum: np.ndarray | None = None) -> np.ndarray:
        """F* diag(spectrum) F image; the precision by default."""
        weights = self.precision if spectrum is None else spectrum
        if np.ptp(weights) == 0:
            return weights.flat[0] * image
        return np.fft.ifft2(weights * np.fft.fft2(image)).real

    def value(self, image: np.ndarray) -> float:
        """½ (x − μ)ᵀ P (x − μ)."""
        off = image - self.mean
        return 0.5 * float(np.sum(off * self.times(off)))

    def sample_root(self, draw: np.random.Generator) -> np.ndarray:
        """A vector with covariance P, the precision, shape (height, width)."""
        return self.times(draw.standard_normal(self.shape), np.sqrt(self.precision))

    def sample(self, n: int, seed: int) -> np.ndarray:
        """Draw n images, (n, height, width)."""
        draw = generator(seed, 67)
        noise = draw.standard_normal((n, *self.shape))
        return self.mean + np.fft.ifft2(np.fft.fft2(noise) / np.sqrt(self.precision)).real


def padded_filters(filters: Any, shape: tuple[int, int], pad: int) -> Any:
    """Receptive fields over a grid with `pad` more pixels on each side, where they are zero."""
    from scipy import sparse

    if not pad:
        return sparse.csr_array(filters)
    old = sparse.csr_array(filters)
    y, x = np.divmod(old.indices, shape[1])
    width = shape[1] + 2 * pad
    columns = (y + pad) * width + x + pad
    return sparse.csr_array((old.data, columns, old.indptr), shape=(old.shape[0], (shape[0] + 2 * pad) * width))
