"""What the measures of a task draw or are handed: Gaussian vectors, an origin, a margin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import as_responses_2d, check_count, check_option
from neurogeom.capacity.dichotomies import draw
from neurogeom.capacity.resampling import described
from neurogeom.manifolds import Manifolds, as_manifolds

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from neurogeom.capacity.resampling import Replicate

ORIGINS = ("given", "mean")

# the second part of the key of a sample's generator: Gaussian vectors never share a stream with labels
TARGETS = 0


@dataclass(frozen=True)
class Opened:
    """What came through the door: checked manifolds, points from the chosen origin, and how samples are drawn.

    Attributes
    ----------
    manifolds : Manifolds
    points : array (n, N)
    membership : int array (n,)
    n_samples, seed : int
    origin : str
    given : array (k, N) or None
        Gaussian vectors that were handed in.
    stream : tuple of int
        Leading part of the generators' keys: () for the estimate, others for resamples.
    kept : int array or None
        Samples that take part; all if None.
    """

    manifolds: Manifolds
    points: NDArray[np.float64]
    membership: NDArray[np.int64]
    n_samples: int
    seed: int
    origin: str
    given: NDArray[np.float64] | None
    stream: tuple[int, ...] = ()
    kept: NDArray[np.int64] | None = None

    def targets(self, *key: int) -> NDArray[np.float64]:
        """Gaussian vectors (k, N): those given, or drawn for this key."""
        found = self.given
        if found is None:
            found = draw_targets(self.n_samples, self.points.shape[1], self.seed, prefix=(*self.stream, *key))
        return found if self.kept is None else np.ascontiguousarray(found[self.kept])

    def signs(self, dichotomies: str | ArrayLike, n_manifolds: int, *key: int) -> NDArray[np.int8]:
        """Labels (k, n_manifolds) of each sample, drawn for this key."""
        found = draw(dichotomies, n_manifolds, self.n_samples, self.seed, prefix=(*self.stream, *key))
        return found if self.kept is None else np.ascontiguousarray(found[self.kept])

    def resampled(self, replicate: Replicate) -> Opened:
        """The same task on resampled manifolds, with fresh samples or some of the same, as the resample says."""
        points, membership = _points_of(replicate.manifolds, self.origin)
        return replace(
            self,
            manifolds=replicate.manifolds,
            points=points,
            membership=membership,
            given=None if replicate.stream else self.given,
            stream=replicate.stream,
            kept=replicate.kept_samples(self.n_samples),
        )


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
        For wrong manifolds, options, counts or shapes.
    """
    check_option("origin", origin, ORIGINS)
    n_samples = check_count("n_samples", n_samples, minimum=2)
    seed = resolve_seed(seed)
    found = as_manifolds(manifolds, labels, minimum_points=1, purpose=purpose)
    targets = None if t is None else check_targets(t, found.n_neuroids)
    points, membership = _points_of(found, origin)
    return Opened(
        manifolds=found,
        points=points,
        membership=membership,
        n_samples=n_samples if targets is None else len(targets),
        seed=seed,
        origin=origin,
        given=targets,
    )


def _points_of(manifolds: Manifolds, origin: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """All points from the origin asked for, and the manifold of each."""
    points = manifolds.stacked
    if origin == "mean":
        points = points - points.mean(axis=0)
    return np.ascontiguousarray(points), np.asarray(manifolds.membership, dtype=np.int64)


def settings_of(arguments: dict[str, Any], opened: Opened, **resolved: Any) -> dict[str, Any]:
    """Settings of a result: every argument, with what was resolved in place of what was given.

    Parameters
    ----------
    arguments : dict
        Arguments of the measure by name.
    opened : Opened
        What came through the door.
    **resolved
        Further values, such as the back end that was used.

    Returns
    -------
    dict
        For a result. Arrays are kept short; whether a bar was shown is no setting.
    """
    arrays = {
        name: np.asarray(arguments[name])
        for name in ("dichotomies", "t")
        if isinstance(arguments.get(name), list | tuple)
    }
    return described(arguments, manifolds=opened.manifolds, seed=opened.seed, **arrays, **resolved)


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
