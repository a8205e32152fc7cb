"""What the measures of a task draw or are handed: Gaussian vectors, an origin, a margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import as_responses_2d, check_count, check_option
from neurogeom.manifolds import Manifolds, as_manifolds

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

ORIGINS = ("given", "mean")

# the second part of the key of a sample's generator: Gaussian vectors never share a stream with labels
TARGETS = 0


@dataclass(frozen=True)
class Opened:
    """What came through the door: checked manifolds, points from the chosen origin, seed and number of samples."""

    manifolds: Manifolds
    points: NDArray[np.float64]
    membership: NDArray[np.int64]
    n_samples: int
    seed: int
    targets: NDArray[np.float64] | None


def open_task(
    manifolds: Manifolds | ArrayLike,
    labels: ArrayLike | str | None,
    *,
    n_samples: int,
    origin: str,
    t: ArrayLike | None,
    seed: int | None,
    purpose: str,
) -> Opened:
    """Check what a measure of dichotomies was given, before anything is allocated.

    Parameters
    ----------
    manifolds, labels, n_samples, origin, t, seed
        As the measures take them.
    purpose : str
        What an error calls the measure.

    Returns
    -------
    Opened
        Points are shifted to the origin asked for; where ``t`` is given its rows set the number of samples.

    Raises
    ------
    ValueError, TypeError
        For wrong manifolds, options, counts or shapes, or when all points lie in the origin.
    """
    check_option("origin", origin, ORIGINS)
    n_samples = check_count("n_samples", n_samples, minimum=2)
    seed = resolve_seed(seed)
    found = as_manifolds(manifolds, labels, minimum_points=1, purpose=purpose)
    targets = None if t is None else check_targets(t, found.n_neuroids)
    points = found.stacked
    if origin == "mean":
        points = points - points.mean(axis=0)
    if not np.any(points):
        raise ValueError("manifolds has no point away from the origin, so no readout can tell them apart.")
    return Opened(
        manifolds=found,
        points=np.ascontiguousarray(points),
        membership=np.asarray(found.membership, dtype=np.int64),
        n_samples=n_samples if targets is None else len(targets),
        seed=seed,
        targets=targets,
    )


def check_targets(t: ArrayLike, n_neuroids: int) -> NDArray[np.float64]:
    """Gaussian vectors handed in, or an error that says what is wrong with them.

    Parameters
    ----------
    t : array (k, N)
        Standard normal vectors, at least 2.
    n_neuroids : int
        Number of neuroids N.

    Returns
    -------
    array (k, N)
        The vectors in double precision.

    Raises
    ------
    TypeError, ValueError
        For wrong kinds, shapes or values that are not finite.

    Examples
    --------
    >>> check_targets([[1, 0], [0, 1]], 2).shape
    (2, 2)
    """
    targets = as_responses_2d(t, name="t")
    if targets.shape[1] != n_neuroids or len(targets) < 2:
        raise ValueError(
            f"t has shape {targets.shape}; {n_neuroids} neuroids need shape (n_samples, {n_neuroids}) with at least 2 "
            "samples: one standard normal vector for each."
        )
    return targets


def draw_targets(n_samples: int, n_neuroids: int, seed: int, *, prefix: tuple[int, ...] = ()) -> NDArray[np.float64]:
    """One standard normal vector for each sample (k, N), each from a generator of its own.

    Parameters
    ----------
    n_samples : int
        Number of samples k.
    n_neuroids : int
        Number of neuroids N.
    seed : int
        Root seed.
    prefix : tuple of int
        Leading part of the generators' keys, for callers that draw several sets.

    Returns
    -------
    array (k, N)
        Sample s is the same for any number of samples.

    Examples
    --------
    >>> bool((draw_targets(3, 4, seed=1)[:2] == draw_targets(2, 4, seed=1)).all())
    True
    """
    targets = np.empty((n_samples, n_neuroids))
    for sample in range(n_samples):
        generator(seed, *prefix, sample, TARGETS).standard_normal(out=targets[sample])
    return targets
