"""The likelihood of images given spikes, through the products of receptive fields with the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import sparse

from neurogeom.retina.nonlinearity import poisson_loss, rates


class ImageLikelihood(Protocol):
    """What a decoder needs of an encoding model: it depends on image i through z = A x alone."""

    filters: sparse.csr_array
    is_convex: bool

    def __len__(self) -> int:
        """Number of images."""

    def terms(self, z: np.ndarray, index: int, *, exact: bool) -> tuple[float, np.ndarray, np.ndarray]:
        """Loss of image `index`, its derivative and curvature with respect to each entry of z."""


@dataclass(frozen=True, eq=False)
class PoissonLikelihood:
    r"""Poisson counts with λ = f(c + g z), z = A x.

    The gradient in x is :math:`A^T [g f' (1 - n/λ)]`; curvature is Fisher's, :math:`g^2 f'^2 / λ \ge 0`, or exact,
    :math:`g^2 [f'' (1 - n/λ) + n f'^2 / λ^2]`.

    Parameters
    ----------
    filters : csr_array (n_cells, pixels)
    counts : ndarray (n, n_cells)
    gain, offset, ceiling : ndarray (n_cells,)
    nonlinearity : str
    """

    filters: sparse.csr_array
    counts: np.ndarray
    gain: np.ndarray
    offset: np.ndarray
    ceiling: np.ndarray
    nonlinearity: str

    @property
    def is_convex(self) -> bool:
        """Whether the loss is convex in the image."""
        return self.nonlinearity != "logistic"

    def __len__(self) -> int:
        return len(self.counts)

    def terms(self, z: np.ndarray, index: int, *, exact: bool = False) -> tuple[float, np.ndarray, np.ndarray]:
        """Return loss, derivative and curvature at z = A x.

        Parameters
        ----------
        z : ndarray (n_cells,)
        index : int
            Number of the image.
        exact : bool
            The exact curvature instead of Fisher's; it may be negative for the logistic function.

        Returns
        -------
        tuple of float, ndarray (n_cells,), ndarray (n_cells,)
            In nats.
        """
        n = self.counts[index]
        found = rates(self.offset + self.gain * z, self.nonlinearity, self.ceiling)
        loss = float(poisson_loss(n, found.rate).sum())
        residual = 1.0 - n / found.rate
        if exact:
            curvature = found.second * residual + n * (found.first / found.rate) ** 2
        else:
            curvature = found.first**2 / found.rate
        return loss, self.gain * found.first * residual, self.gain**2 * curvature


@dataclass(frozen=True, eq=False)
class TimedLikelihood:
    r"""Counts in time bins of cells with a log link, given what they fired: λ_i(t) = exp(b_i(t) + g_i(t) z_i).

    It is convex. The gradient in z is :math:`\sum_t g (λ - n)`, the curvature :math:`\sum_t g^2 λ`.

    Parameters
    ----------
    filters : csr_array (n_cells, pixels)
    counts : ndarray (n, n_cells, n_bins)
    background : ndarray (n, n_cells, n_bins)
        Offset, history and coupling, which the observed spikes fix.
    profile : ndarray (n_cells, n_bins)
        How the image, shown for the window, drives each bin.
    """

    filters: sparse.csr_array
    counts: np.ndarray
    background: np.ndarray
    profile: np.ndarray
    is_convex: bool = True

    def __len__(self) -> int:
        return len(self.counts)

    def terms(self, z: np.ndarray, index: int, *, exact: bool = False) -> tuple[float, np.ndarray, np.ndarray]:
        """Return loss, derivative and curvature at z = A x; arguments as for :class:`PoissonLikelihood`."""
        found = rates(self.background[index] + self.profile * z[:, None], "exp")
        n = self.counts[index]
        loss = float(poisson_loss(n, found.rate).sum())
        slope = found.first * (1.0 - n / found.rate)
        return loss, (self.profile * slope).sum(axis=1), (self.profile**2 * found.first).sum(axis=1)


def loss_and_gradient(likelihood: Any, image: np.ndarray, index: int) -> tuple[float, np.ndarray]:
    """Loss of one image (pixels,) and its gradient, in nats."""
    loss, slope, _ = likelihood.terms(likelihood.filters @ image, index, exact=False)
    return loss, likelihood.filters.T @ slope
