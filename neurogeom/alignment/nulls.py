"""What chance gives: null distributions of random subspaces, random rotations and permutations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_real
from neurogeom.alignment.covariance import reduced, squared_distance_of_units, unit_cloud
from neurogeom.alignment.inputs import Floats, clouds_of_pair
from neurogeom.statistics import permutation_p_value


@dataclass(frozen=True)
class Null:
    """A null distribution: its mean, its spread, and its draws where it was sampled.

    Examples
    --------
    >>> Null(mean=1.0, sd=0.5).test(2.0)[0]
    2.0
    """

    mean: float
    sd: float
    samples: tuple[float, ...] = ()

    def test(self, value: float, *, larger: bool = True) -> tuple[float, float]:
        """z of a value and its one-sided p: (1 + #)/(1 + n) from draws, the normal tail where there are none.

        Parameters
        ----------
        value : float
            The observed value.
        larger : bool
            Whether large values speak against the null.

        Returns
        -------
        tuple of float
            z (signed so that it points away from the null) and p.
        """
        from scipy.special import ndtr

        sign = 1.0 if larger else -1.0
        z = sign * (value - self.mean) / self.sd if self.sd > 0 else float("nan")
        if not self.samples:
            return z, float(ndtr(-z))
        alternative = "greater" if larger else "less"
        return z, float(permutation_p_value(value, np.array(self.samples), alternative=alternative))


def random_subspace_overlap(n_dims_a: int, n_dims_b: int, n_neuroids: int) -> Null:
    r"""Mean squared cosine of the principal angles between two random subspaces.

    .. math:: \mathrm{mean} = \max(k, l)/N, \quad
       \mathrm{sd} = \sqrt{\frac{2k(N-k)\,l(N-l)}{N^2 (N-1)(N+2)}} \Big/ \min(k, l)

    Parameters
    ----------
    n_dims_a, n_dims_b : int
        Dimensions k and l, at most N.
    n_neuroids : int
        Dimension N of the space.

    Returns
    -------
    Null

    Raises
    ------
    ValueError
        A subspace larger than the space.

    References
    ----------
    Moments of tr(PQ) for a fixed projection P and a uniformly rotated one, Q.

    Examples
    --------
    >>> null = random_subspace_overlap(10, 10, 100)
    >>> round(null.mean, 4), round(null.sd, 4)
    (0.1, 0.0127)
    """
    k, l = (check_count(name, v) for name, v in (("n_dims_a", n_dims_a), ("n_dims_b", n_dims_b)))  # noqa: E741
    n = check_count("n_neuroids", n_neuroids)
    if max(k, l) > n:
        raise ValueError(f"n_dims_a={k} and n_dims_b={l} must not be more than n_neuroids={n}.")
    smaller = min(k, l)
    spread = 2.0 * k * (n - k) * l * (n - l) / (n**2 * (n - 1) * (n + 2)) if n > 1 else 0.0
    return Null(max(k, l) / n, float(np.sqrt(spread)) / smaller)


def rotation_null(points_a: Floats, points_b: Floats, *, n_samples: int = 100, seed: int | None = None) -> Null:
    """Covariance alignment distance where the second cloud is turned at random among the neuroids.

    Both spectra stay as they are; only the relation of the axes is lost.

    Parameters
    ----------
    points_a, points_b : array (points, neuroids)
    n_samples : int
        Random rotations.
    seed : int, optional

    Returns
    -------
    Null
        Of the distance (not squared).

    Raises
    ------
    ValueError
        A cloud has fewer than 2 points or no variance.

    Examples
    --------
    >>> cloud = np.random.default_rng(0).normal(size=(20, 50)) / np.arange(1, 51)
    >>> rotation_null(cloud, cloud, n_samples=5, seed=0).mean > 0.5
    True
    """
    a, b = clouds_of_pair(points_a, points_b)
    n_samples, seed = check_count("n_samples", n_samples, minimum=2), resolve_seed(seed)
    unit_a = reduced(unit_cloud(a))
    # in its own axes the second cloud is U diag(s); a random rotation replaces the axes by a random frame
    left, singular, _ = np.linalg.svd(reduced(unit_cloud(b)), full_matrices=False)
    own = left * singular
    draws = [
        float(np.sqrt(squared_distance_of_units(unit_a, own @ random_frame(a.shape[1], own.shape[1], seed, i).T)))
        for i in range(n_samples)
    ]
    return sampled_null(draws)


def random_frame(n_neuroids: int, n_dims: int, seed: int, key: int) -> Floats:
    """An orthonormal frame (N, k), uniformly distributed."""
    gaussian = generator(seed, 11, key).standard_normal((n_neuroids, n_dims))
    frame, triangle = np.linalg.qr(gaussian)
    return np.asarray(frame * np.where(np.diag(triangle) < 0, -1.0, 1.0))


def permutation_null(
    statistic: Callable[[Floats, Floats], float],
    x: Floats,
    y: Floats,
    *,
    n_samples: int = 200,
    seed: int | None = None,
) -> Null:
    """A statistic of two systems where the stimuli of the second are shuffled.

    Parameters
    ----------
    statistic : callable
        ``statistic(x, y)`` of two arrays (presentations, neuroids), e.g. a lambda around ``cka_similarity``.
    x, y : array (presentations, neuroids)
    n_samples : int
    seed : int, optional

    Returns
    -------
    Null

    Raises
    ------
    ValueError
        ``x`` and ``y`` have different numbers of presentations.

    Examples
    --------
    >>> from neurogeom.alignment import cka_similarity
    >>> x = np.random.default_rng(0).normal(size=(30, 4))
    >>> null = permutation_null(lambda a, b: float(cka_similarity(a, b)), x, x, n_samples=19, seed=0)
    >>> null.test(1.0)[1]
    0.05
    """
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} presentations, y has {len(y)}; both need the same stimuli.")
    n_samples, seed = check_count("n_samples", n_samples, minimum=1), resolve_seed(seed)
    draws = [float(statistic(x, y[generator(seed, 12, i).permutation(len(y))])) for i in range(n_samples)]
    return sampled_null(draws)


def sampled_null(draws: list[float]) -> Null:
    """A null from its draws."""
    spread = float(np.std(draws, ddof=1)) if len(draws) > 1 else 0.0
    return Null(float(np.mean(draws)), spread, tuple(float(check_real("null sample", draw)) for draw in draws))
