"""Bootstrap intervals of a function of resampled indices, flat or in groups (subjects, sessions)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import special

from neurogeom._core.parallel import run_units
from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_labels, check_option, check_real

METHODS = ("percentile", "basic", "bca")


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """An estimate with its bootstrap interval: ``estimate``, ``low``, ``high``, ``standard_error``, ``replicates``.

    All have the shape of the statistic; ``replicates`` has one more leading axis. ``seed`` repeats the run.
    """

    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray
    standard_error: np.ndarray
    replicates: np.ndarray = field(repr=False)
    seed: int

    @property
    def interval(self) -> np.ndarray:
        """Low and high along a new last axis of length 2."""
        return np.stack([self.low, self.high], axis=-1)


def bootstrap(
    statistic: Callable[[np.ndarray], Any],
    n: int,
    *,
    n_resamples: int = 1000,
    level: float = 0.95,
    method: str = "percentile",
    groups: Any = None,
    seed: int | None = None,
    n_jobs: int | None = 1,
) -> Bootstrap:
    r"""Bootstrap a statistic of n exchangeable units.

    Percentile: quantiles of the replicates. Basic: mirrored at the estimate,
    :math:`2\hat\theta - \theta^*_{1-a}, 2\hat\theta - \theta^*_a`. BCa: quantiles moved by bias and acceleration,
    :math:`\Phi(z_0 + (z_0 + z_a) / (1 - \hat a (z_0 + z_a)))`, the acceleration from the delete-one jackknife (of
    whole groups where there are any). Duplicated units must not change what the statistic means; where they do
    (ranks, distances between points), use :func:`neurogeom.statistics.jackknife`.

    Parameters
    ----------
    statistic : callable
        From an index array (any length) to a number or an array of fixed shape.
    n : int
        Number of units.
    n_resamples : int
    level : float
        Between 0 and 1.
    method : {"percentile", "basic", "bca"}
    groups : array-like, shape (n,), optional
        Where each unit belongs: groups are resampled first, then units within each drawn group.
    seed : int, optional
    n_jobs : int or None
        Workers; the numbers do not depend on it.

    Returns
    -------
    Bootstrap

    Raises
    ------
    TypeError, ValueError
        For wrong arguments, fewer than two units or groups, or a statistic that is not finite.

    References
    ----------
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapters 13 and 14; Davison & Hinkley 1997, section 3.8
    (groups).

    Examples
    --------
    >>> x = np.arange(100.0)
    >>> found = bootstrap(lambda index: x[index].mean(), 100, seed=0)
    >>> float(found.estimate), bool(found.low < 49.5 < found.high)
    (49.5, True)
    """
    n = check_count("n", n, minimum=2)
    n_resamples = check_count("n_resamples", n_resamples, minimum=20)
    level = check_real("level", level, minimum=0.0, maximum=1.0, strict=True)
    check_option("method", method, METHODS)
    seed = resolve_seed(seed)
    members = _members(groups, n)
    units = [(statistic, n, members, seed, index) for index in range(n_resamples)]
    estimate = np.asarray(statistic(np.arange(n)), dtype=float)
    replicates = np.stack(run_units(_replicate, units, n_jobs=n_jobs))
    if not (np.isfinite(estimate).all() and np.isfinite(replicates).all()):
        n_bad = int((~np.isfinite(replicates.reshape(n_resamples, -1))).any(axis=1).sum())
        raise ValueError(
            f"the statistic is not finite on the data or in {n_bad} of {n_resamples} resamples, so it has no bootstrap "
            "interval. Use more units, or a jackknife, which repeats none."
        )
    low, high = _interval(statistic, estimate, replicates, members, n, level, method)
    return Bootstrap(estimate, low, high, replicates.std(axis=0, ddof=1), replicates, seed)


def resampled_indices(n: int, *, seed: int, index: int, groups: Any = None) -> np.ndarray:
    """Return the indices of one resample, so that several analyses can share (pair) their resamples.

    Parameters
    ----------
    n : int
        Number of units.
    seed : int
        Of the whole bootstrap.
    index : int
        Number of the resample, from 0.
    groups : array-like, shape (n,), optional
        As in :func:`bootstrap`.

    Returns
    -------
    ndarray of int
        Shape (n,); with groups of uneven sizes the length varies.

    Raises
    ------
    TypeError, ValueError
        For wrong arguments.

    Examples
    --------
    >>> resampled_indices(5, seed=0, index=3).shape
    (5,)
    """
    n = check_count("n", n)
    return _draw(n, _members(groups, n), resolve_seed(seed), check_count("index", index, minimum=0))


def _replicate(
    statistic: Callable[[np.ndarray], Any], n: int, members: Sequence[np.ndarray] | None, seed: int, index: int
) -> np.ndarray:
    return np.asarray(statistic(_draw(n, members, seed, index)), dtype=float)


def _draw(n: int, members: Sequence[np.ndarray] | None, seed: int, index: int) -> np.ndarray:
    rng = generator(seed, index)
    if members is None:
        return rng.integers(n, size=n)
    drawn = rng.integers(len(members), size=len(members))
    return np.concatenate(
        [members[group][rng.integers(len(members[group]), size=len(members[group]))] for group in drawn]
    )


def _members(groups: Any, n: int) -> list[np.ndarray] | None:
    if groups is None:
        return None
    _, number = np.unique(check_labels(groups, n, "groups"), return_inverse=True)
    if number.max() < 1:
        raise ValueError("groups holds one group only; at least 2 are needed to resample groups.")
    return [np.flatnonzero(number == group) for group in range(number.max() + 1)]


def _interval(
    statistic: Callable[[np.ndarray], Any],
    estimate: np.ndarray,
    replicates: np.ndarray,
    members: Sequence[np.ndarray] | None,
    n: int,
    level: float,
    method: str,
) -> tuple[np.ndarray, np.ndarray]:
    tail = (1 - level) / 2
    if method == "bca":
        left_out = [np.array([unit]) for unit in range(n)] if members is None else members
        jackknifed = np.stack([np.asarray(statistic(np.delete(np.arange(n), out)), float) for out in left_out])
        return _bca(estimate, replicates, jackknifed, tail)
    low, high = np.quantile(replicates, [tail, 1 - tail], axis=0)
    return (low, high) if method == "percentile" else (2 * estimate - high, 2 * estimate - low)


def _bca(
    estimate: np.ndarray, replicates: np.ndarray, jackknifed: np.ndarray, tail: float
) -> tuple[np.ndarray, np.ndarray]:
    """Bias-corrected and accelerated interval, element by element of the statistic."""
    below = (np.sum(replicates < estimate, axis=0) + np.sum(replicates <= estimate, axis=0)) / (2 * len(replicates))
    # a share of 0 or 1 has no normal quantile: half a replicate is the most that can be said
    bias = special.ndtri(np.clip(below, 0.5 / len(replicates), 1 - 0.5 / len(replicates)))
    spread = jackknifed.mean(axis=0) - jackknifed
    scale = np.sum(spread**2, axis=0) ** 1.5
    acceleration = np.sum(spread**3, axis=0) / (6 * np.where(scale > 0, scale, 1.0))
    bounds = []
    for quantile in (special.ndtri(tail), special.ndtri(1 - tail)):
        share = special.ndtr(bias + (bias + quantile) / (1 - acceleration * (bias + quantile)))
        flat = replicates.reshape(len(replicates), -1)
        found = [np.quantile(column, q) for column, q in zip(flat.T, np.ravel(share))]
        bounds.append(np.reshape(found, estimate.shape))
    return bounds[0], bounds[1]
