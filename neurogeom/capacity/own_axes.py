"""One manifold in its own coordinates, and the geometry of its anchor points: arrays in, numbers out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurogeom.statistics import jackknife_error

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

#: Blocks of samples that the jackknife leaves out in turn.
N_BLOCKS = 20
#: A center shorter than this share of the longest point is zero.
ZERO_CENTER = 1e-12
_TIED = 1e-9  # entries of a singular vector this close in size are equal but for rounding
_NO_LENGTH = 1e-12


@dataclass(frozen=True)
class OwnAxes:
    """A manifold relative to its center, in units of the center's norm.

    Attributes
    ----------
    coordinates : array (M, D)
        Points along the manifold's own axes, D the affine rank.
    axes : array (D, N)
        Orthonormal axes in the space of neuroids.
    published_dimension : int
        min(M, N), which the published codes take for D.
    """

    coordinates: NDArray[np.float64]
    axes: NDArray[np.float64]
    published_dimension: int

    @property
    def affine_rank(self) -> int:
        """Dimension D of the affine span of the points."""
        return self.coordinates.shape[1]

    @property
    def rows(self) -> NDArray[np.float64]:
        """Coordinates with a last column of ones, the component along the center: S (M, D + 1)."""
        return np.hstack([self.coordinates, np.ones((len(self.coordinates), 1))])


@dataclass(frozen=True)
class Geometry:
    """Radius and dimension of one manifold; each array holds the value, then the leave-one-block-out replicates."""

    radius: NDArray[np.float64]
    dimension: NDArray[np.float64]
    dimension_published: NDArray[np.float64]


def own_axes(points: NDArray[np.float64], largest_norm: float) -> OwnAxes | None:
    r"""Center, scale and rotate the points of one manifold to its own axes.

    Parameters
    ----------
    points : array (M, N)
        From the common origin of all manifolds.
    largest_norm : float
        Norm of the longest point of all manifolds.

    Returns
    -------
    OwnAxes or None
        None where the center is zero, so that nothing can be measured in its units.

    Notes
    -----
    :math:`Y = (X - c) / \|c\| = U s V^T`, keeping :math:`s_i > s_1 \max(M, N) \epsilon`. The largest entry of each
    column of U is positive, so that rotating, scaling, shifting or padding the data leaves the coordinates alone.

    Examples
    --------
    >>> import numpy as np
    >>> found = own_axes(np.array([[2.0, 1.0, 0.0], [2.0, -1.0, 0.0]]), 3.0)
    >>> found.coordinates.round(12), found.affine_rank
    (array([[ 0.5],
           [-0.5]]), 1)
    """
    center = points.mean(axis=0)
    length = np.linalg.norm(center)
    if not length >= ZERO_CENTER * largest_norm or length == 0.0:
        return None
    left, values, axes = np.linalg.svd((points - center) / length, full_matrices=False)
    # rounding of the mean leaves a little of the removed direction, as large as the center is beside the spread
    noise = max(points.shape) * np.finfo(float).eps
    keep = (values > values[0] * noise) & (values > noise)
    left, values, axes = left[:, keep], values[keep], axes[keep]
    size = np.abs(left)
    first = np.argmax(size >= (1.0 - _TIED) * size.max(axis=0, initial=0.0), axis=0)
    sign = np.where(left[first, np.arange(left.shape[1])] < 0.0, -1.0, 1.0)
    return OwnAxes(left * (sign * values), sign[:, None] * axes, min(points.shape))


def anchors(own: OwnAxes, targets: NDArray[np.float64], multipliers: sparse.csr_array) -> NDArray[np.float64]:
    r"""Anchor point of every sample, along the manifold's own axes.

    Parameters
    ----------
    own : OwnAxes
        Of the manifold.
    targets : array (k, D + 1)
        Gaussian vectors, the margin added to the last column.
    multipliers : sparse array (k, M)
        λ >= 0.

    Returns
    -------
    array (k, D)
        :math:`S^T \lambda / \sum \lambda`, or the point with the largest S t where all S t <= 0 (interior).

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> own = OwnAxes(np.array([[0.5], [-0.5]]), np.eye(1), 1)
    >>> targets = np.array([[1.0, 2.0], [1.0, -3.0]])
    >>> anchors(own, targets, sparse.csr_array([[3.0, 1.0], [0.0, 0.0]]))
    array([[0.25],
           [0.5 ]])
    """
    load = np.asarray(multipliers.sum(axis=1)).ravel()
    found = np.asarray(multipliers @ own.coordinates) / np.where(load > 0.0, load, 1.0)[:, None]
    products = targets @ own.rows.T
    # a general solver leaves tiny multipliers where nothing is active
    interior = ~(load > 0.0) | (products.max(axis=1) <= 0.0)
    found[interior] = own.coordinates[np.argmax(products[interior], axis=1)]
    return found


def geometry(
    own: OwnAxes, found: NDArray[np.float64], targets: NDArray[np.float64], extra: NDArray[np.float64]
) -> Geometry:
    r"""Radius and dimension of one manifold, with and without each block of samples.

    Parameters
    ----------
    own : OwnAxes
        Of the manifold.
    found : array (k, D)
        Anchor points s.
    targets : array (k, D + 1)
        Gaussian vectors; the first D columns count.
    extra : array (k,)
        q ~ χ² with D' − D degrees of freedom: the squared length of t along the empty directions that the published
        codes count, D' = min(M, N).

    Returns
    -------
    Geometry

    Notes
    -----
    .. math:: R^2 = E\|s - E s\|^2, \quad D_{eff} = D\, (E \cos(t, s))^2, \quad
        D_{published} = D' \Big(E\, \frac{t \cdot s}{\|s\| \sqrt{\|t\|^2 + q}}\Big)^2

    with anchors not centered in the cosine, and cosine 0 for an anchor at the center.
    """
    along = targets[:, : own.affine_rank]
    length = np.sqrt(np.einsum("kd,kd->k", found, found))
    largest = np.sqrt(np.einsum("md,md->m", own.coordinates, own.coordinates).max(initial=0.0))
    product = np.einsum("kd,kd->k", along, found)
    product = np.divide(product, length, out=np.zeros_like(product), where=length > _NO_LENGTH * largest)
    squared = np.einsum("kd,kd->k", along, along)
    cosine = _over_root(product, squared)
    published = _over_root(product, squared + extra)
    # the spread about the mean of all samples, so that squares of a far mean do not cancel
    spread = found - found.mean(axis=0)
    variance = _means(np.einsum("kd,kd->k", spread, spread)) - np.sum(_means(spread) ** 2, axis=1)
    return Geometry(
        radius=np.sqrt(np.maximum(variance, 0.0)),
        dimension=own.affine_rank * _means(cosine) ** 2,
        dimension_published=own.published_dimension * _means(published) ** 2,
    )


def value_and_error(replicated: NDArray[np.float64]) -> tuple[float, float]:
    """The value and its Monte-Carlo error by the jackknife over blocks.

    Examples
    --------
    >>> import numpy as np
    >>> value_and_error(np.array([2.0, 2.0, 2.0]))
    (2.0, 0.0)
    """
    return float(replicated[0]), float(jackknife_error(replicated[1:]))


def _over_root(product: NDArray[np.float64], squared: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(product, np.sqrt(squared), out=np.zeros_like(product), where=squared > 0.0)


def _means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over samples, then the means without each block: (1 + blocks, ...)."""
    n_samples = len(values)
    n_blocks = min(N_BLOCKS, n_samples)
    # the blocks of np.array_split: the first are longer by one
    length, n_longer = divmod(n_samples, n_blocks)
    sizes = length + (np.arange(n_blocks) < n_longer)
    sums = np.add.reduceat(values, np.cumsum(sizes) - sizes, axis=0)
    total = sums.sum(axis=0)
    left = (n_samples - sizes).reshape(-1, *[1] * (sums.ndim - 1))
    return np.concatenate([total[None] / n_samples, (total - sums) / left])
