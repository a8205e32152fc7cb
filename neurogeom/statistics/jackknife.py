"""Standard errors by leaving units out in turn: no unit is ever counted twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import special

from neurogeom._core.parallel import run_units
from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_labels, check_real


@dataclass(frozen=True, eq=False)
class Jackknife:
    """An estimate with its jackknife error.

    ``estimate``, ``standard_error``, ``bias``, ``low``, ``high`` and ``replicates`` have the shape of the statistic;
    ``replicates`` has one more leading axis, one entry for each group left out.
    """

    estimate: np.ndarray
    standard_error: np.ndarray
    bias: np.ndarray
    low: np.ndarray
    high: np.ndarray
    replicates: np.ndarray = field(repr=False)

    @property
    def interval(self) -> np.ndarray:
        """Low and high along a new last axis of length 2."""
        return np.stack([self.low, self.high], axis=-1)


def jackknife(
    statistic: Callable[[np.ndarray], Any],
    n: int,
    *,
    groups: Sequence[np.ndarray] | None = None,
    level: float = 0.95,
    n_jobs: int | None = 1,
) -> Jackknife:
    r"""Leave out each group in turn.

    :math:`SE^2 = \frac{G-1}{G} \sum_g (\theta_{(g)} - \bar\theta)^2`, bias :math:`(G-1)(\bar\theta - \hat\theta)`,
    interval :math:`\hat\theta \pm t_{G-1} SE`.

    Parameters
    ----------
    statistic : callable
        From the indices that are kept to a number or an array of fixed shape.
    n : int
        Number of units.
    groups : sequence of index arrays, optional
        What is left out in turn; from :func:`delete_groups` or :func:`block_groups`. Each unit alone if None.
    level : float
        Between 0 and 1.
    n_jobs : int or None
        Workers.

    Returns
    -------
    Jackknife

    Raises
    ------
    TypeError, ValueError
        For wrong arguments, fewer than two groups, groups that are no partition, or a statistic that is not finite.

    References
    ----------
    Quenouille 1956; Tukey 1958; Shao & Tu 1995, The Jackknife and Bootstrap, section 2.3 (groups).

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 4.0, 7.0])
    >>> found = jackknife(lambda kept: x[kept].mean(), 4)
    >>> bool(np.isclose(found.standard_error, x.std(ddof=1) / 2))
    True
    """
    n = check_count("n", n, minimum=2)
    level = check_real("level", level, minimum=0.0, maximum=1.0, strict=True)
    left_out = [np.array([unit]) for unit in range(n)] if groups is None else [np.asarray(group) for group in groups]
    if len(left_out) < 2:
        raise ValueError(f"groups has {len(left_out)} group; at least 2 are needed to leave one out.")
    if not np.array_equal(np.sort(np.concatenate(left_out)), np.arange(n)):
        raise ValueError(f"groups is no partition of {n} units: each must be in one group exactly.")
    estimate = np.asarray(statistic(np.arange(n)), dtype=float)
    kept = [(statistic, np.delete(np.arange(n), out)) for out in left_out]
    replicates = np.stack(run_units(_value, kept, n_jobs=n_jobs))
    if not (np.isfinite(estimate).all() and np.isfinite(replicates).all()):
        raise ValueError(
            "the statistic is not finite on the data or without one of the groups; it has no jackknife error."
        )
    error = jackknife_error(replicates)
    low, high = jackknife_interval(estimate, error, len(replicates), level=level)
    bias = (len(replicates) - 1) * (replicates.mean(axis=0) - estimate)
    return Jackknife(estimate, error, bias, low, high, replicates)


def jackknife_error(replicates: Any) -> np.ndarray:
    r"""Return the standard error :math:`\sqrt{\frac{G-1}{G} \sum_g (\theta_{(g)} - \bar\theta)^2}`.

    Parameters
    ----------
    replicates : array-like, shape (G, ...)
        The statistic without each of the G groups.

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    ValueError
        With fewer than two replicates.

    References
    ----------
    Tukey 1958; Shao & Tu 1995, equation 1.13.

    Examples
    --------
    >>> float(jackknife_error([1.0, 2.0, 3.0]).round(4))
    1.1547
    """
    values = np.asarray(replicates, dtype=float)
    if values.ndim < 1 or len(values) < 2:
        raise ValueError("replicates has fewer than 2 entries along its first axis; a jackknife needs at least 2.")
    return np.sqrt((len(values) - 1) / len(values) * np.sum((values - values.mean(axis=0)) ** 2, axis=0))


def jackknife_interval(
    estimate: Any, standard_error: Any, n_groups: int, *, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return :math:`\hat\theta \pm t_{G-1} SE`.

    Parameters
    ----------
    estimate, standard_error : array-like
        Of the same shape.
    n_groups : int
        G, at least 2.
    level : float
        Between 0 and 1.

    Returns
    -------
    low, high : ndarray

    Raises
    ------
    TypeError, ValueError
        For wrong arguments.

    References
    ----------
    Tukey 1958 (Student's t with G − 1 degrees of freedom).

    Examples
    --------
    >>> low, high = jackknife_interval(0.0, 1.0, 10)
    >>> float(high.round(3))
    2.262
    """
    n_groups = check_count("n_groups", n_groups, minimum=2)
    level = check_real("level", level, minimum=0.0, maximum=1.0, strict=True)
    reach = special.stdtrit(n_groups - 1, 0.5 + level / 2) * np.asarray(standard_error, dtype=float)
    return np.asarray(estimate, dtype=float) - reach, np.asarray(estimate, dtype=float) + reach


def delete_groups(n: int, n_groups: int, *, seed: int | None = None, strata: Any = None) -> list[np.ndarray]:
    """Return a random partition of n units into groups of nearly equal size.

    Parameters
    ----------
    n : int
        Number of units.
    n_groups : int
        At most n.
    seed : int, optional
    strata : array-like, shape (n,), optional
        Where each unit belongs (its manifold): every group takes its share of every stratum, as evenly as possible.

    Returns
    -------
    list of ndarray of int
        Sorted indices; none is empty.

    Raises
    ------
    TypeError, ValueError
        For wrong arguments, or more groups than units.

    Examples
    --------
    >>> [len(group) for group in delete_groups(10, 3, seed=0)]
    [4, 3, 3]
    """
    n = check_count("n", n, minimum=2)
    n_groups = check_count("n_groups", n_groups, minimum=2)
    if n_groups > n:
        raise ValueError(f"n_groups={n_groups} is more than the {n} units; at most {n} groups can be left out.")
    rng = generator(resolve_seed(seed))
    order = rng.permutation(n)
    if strata is not None:
        _, number = np.unique(check_labels(strata, n, "strata"), return_inverse=True)
        order = order[np.argsort(number[order], kind="stable")]  # dealt like cards, stratum after stratum
    return [np.sort(order[start::n_groups]) for start in range(n_groups)]


def block_groups(n: int, n_blocks: int) -> list[np.ndarray]:
    """Return consecutive blocks of nearly equal size, for units in an order (time, samples of one chain).

    Parameters
    ----------
    n : int
        Number of units.
    n_blocks : int
        At most n.

    Returns
    -------
    list of ndarray of int

    Raises
    ------
    TypeError, ValueError
        For wrong arguments, or more blocks than units.

    Examples
    --------
    >>> block_groups(5, 2)
    [array([0, 1, 2]), array([3, 4])]
    """
    n = check_count("n", n, minimum=2)
    n_blocks = check_count("n_blocks", n_blocks, minimum=2)
    if n_blocks > n:
        raise ValueError(f"n_blocks={n_blocks} is more than the {n} units; at most {n} blocks can be left out.")
    return np.array_split(np.arange(n), n_blocks)


def _value(statistic: Callable[[np.ndarray], Any], kept: np.ndarray) -> np.ndarray:
    return np.asarray(statistic(kept), dtype=float)
