"""Gaussian vectors of mean-field measures: drawn in a manifold's own axes, or carried over to those of a resample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurogeom._core.random import generator
from neurogeom.capacity.own_axes import OwnAxes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurogeom.capacity.resampling import Replicate

# Parts of a stream: vectors t, their squared length along empty directions, what lies outside the estimate's axes.
_TARGETS, _EXTRA, _OUTSIDE = range(3)
_ROOM = 11


@dataclass(frozen=True)
class Draws:
    """Gaussian vectors of one manifold.

    Attributes
    ----------
    targets : array (k, D + 1)
        Along the manifold's own axes, then along its center.
    extra : array (k,)
        χ² with min(M, N) − D degrees of freedom.
    """

    targets: NDArray[np.float64]
    extra: NDArray[np.float64]


def draw_own(n_samples: int, seed: int, manifold: int, own: OwnAxes, stream: tuple[int, ...] = ()) -> Draws:
    """Draw along a manifold's own axes.

    The component along the center comes first and the axes follow one by one, so that two populations of different
    affine rank share what they have in common: their difference is then measured with common vectors.

    Parameters
    ----------
    n_samples, seed : int
        Number of samples k, root seed.
    manifold : int
        Its number.
    own : OwnAxes
        Its axes.
    stream : tuple of int
        Leading part of the generators' keys: () for the estimate, others for resamples.

    Returns
    -------
    Draws
    """
    drawn = generator(seed, *stream, _ROOM, manifold, _TARGETS).standard_normal((own.affine_rank + 1, n_samples))
    return Draws(np.roll(drawn, -1, axis=0).T.copy(), _extra(n_samples, seed, manifold, own, stream))


def draw_replicate(
    n_samples: int, seed: int, manifold: int, replicate: Replicate, old: OwnAxes, drawn: Draws, own: OwnAxes
) -> Draws:
    """Vectors of a resample: drawn anew for a bootstrap, the estimate's own for a jackknife.

    A jackknife compares what differs by few points, so that Monte-Carlo error would drown the difference. The vectors
    of the estimate are therefore taken as vectors in the space of neuroids and read along the new axes; what lies
    outside the old ones is filled with noise, the same for every group.

    Parameters
    ----------
    n_samples, seed, manifold : int
        As in :func:`draw_own`.
    replicate : Replicate
        Says which samples take part.
    old, drawn : OwnAxes and Draws
        Axes and vectors of the estimate.
    own : OwnAxes
        Axes of the resampled manifold, in the same neuroids.

    Returns
    -------
    Draws
    """
    if replicate.stream:
        return draw_own(n_samples, seed, manifold, own, replicate.stream)
    overlap = own.axes @ old.axes.T
    along = drawn.targets[:, :-1] @ overlap.T
    outside = own.axes - overlap @ old.axes
    if np.abs(outside).max(initial=0.0) > 1e-9:
        noise = generator(seed, _ROOM, manifold, _OUTSIDE).standard_normal((n_samples, own.axes.shape[1]))
        along = along + noise @ outside.T
    targets = np.hstack([along, drawn.targets[:, -1:]])
    extra = _extra(n_samples, seed, manifold, own)
    kept = replicate.kept_samples(n_samples)
    if kept is not None:
        targets, extra = targets[kept], extra[kept]
    return Draws(np.ascontiguousarray(targets), extra)


def _extra(n_samples: int, seed: int, manifold: int, own: OwnAxes, stream: tuple[int, ...] = ()) -> NDArray[np.float64]:
    n_empty = own.published_dimension - own.affine_rank
    if n_empty == 0:
        return np.zeros(n_samples)
    return generator(seed, *stream, _ROOM, manifold, _EXTRA).chisquare(n_empty, n_samples)
