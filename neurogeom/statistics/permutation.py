"""Permutation tests with p-values that are never zero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurogeom._core.parallel import run_units
from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_labels, check_option

ALTERNATIVES = ("greater", "less", "two_sided")


@dataclass(frozen=True, eq=False)
class PermutationTest:
    """A statistic with its null: ``observed``, ``null`` (one more leading axis), ``p_value``, ``seed``."""

    observed: np.ndarray
    null: np.ndarray = field(repr=False)
    p_value: np.ndarray
    seed: int


def permutation_test(
    statistic: Callable[[np.ndarray], Any],
    n: int,
    *,
    n_permutations: int = 999,
    alternative: str = "greater",
    blocks: Any = None,
    seed: int | None = None,
    n_jobs: int | None = 1,
) -> PermutationTest:
    r"""Compare a statistic with its values under reordered labels.

    :math:`p = (1 + \#\{\theta_k \geq \hat\theta\}) / (1 + K)`: the data count as one of the orders, so that p is
    never 0 and the test keeps its level.

    Parameters
    ----------
    statistic : callable
        From an order (a permutation of ``range(n)``) to a number or an array of fixed shape.
    n : int
        Number of units that are exchangeable under the null.
    n_permutations : int
    alternative : {"greater", "less", "two_sided"}
        Two-sided doubles the smaller of the two (at most 1).
    blocks : array-like, shape (n,), optional
        Units are exchanged only within their block (session, subject).
    seed : int, optional
    n_jobs : int or None
        Workers; the numbers do not depend on it.

    Returns
    -------
    PermutationTest

    Raises
    ------
    TypeError, ValueError
        For wrong arguments, or a statistic that is NaN.

    References
    ----------
    Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39, equation 2.

    Examples
    --------
    >>> x = np.arange(20.0)
    >>> found = permutation_test(lambda order: np.corrcoef(x, x[order])[0, 1], 20, seed=0)
    >>> float(found.p_value)
    0.001
    """
    n = check_count("n", n, minimum=2)
    n_permutations = check_count("n_permutations", n_permutations, minimum=1)
    check_option("alternative", alternative, ALTERNATIVES)
    seed = resolve_seed(seed)
    members = _members(blocks, n)
    observed = np.asarray(statistic(np.arange(n)), dtype=float)
    units = [(statistic, n, members, seed, index) for index in range(n_permutations)]
    null = np.stack(run_units(_replicate, units, n_jobs=n_jobs))
    return PermutationTest(observed, null, permutation_p_value(observed, null, alternative=alternative), seed)


def permutation_p_value(observed: Any, null: Any, *, alternative: str = "greater") -> np.ndarray:
    r"""Return :math:`(1 + \#\{\theta_k \geq \hat\theta\}) / (1 + K)`.

    Values of the null that agree with the observed one up to rounding count as equal.

    Parameters
    ----------
    observed : array-like, shape (...)
    null : array-like, shape (K, ...)
    alternative : {"greater", "less", "two_sided"}

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    ValueError
        If shapes do not fit, or a value is NaN.

    References
    ----------
    Phipson & Smyth 2010, equation 2.

    Examples
    --------
    >>> float(permutation_p_value(3.0, [0.0, 1.0, 2.0]))
    0.25
    """
    check_option("alternative", alternative, ALTERNATIVES)
    value, values = np.asarray(observed, dtype=float), np.asarray(null, dtype=float)
    if values.ndim != value.ndim + 1 or values.shape[1:] != value.shape or not len(values):
        raise ValueError(f"null has shape {values.shape}; (K, *{value.shape}) with K of at least 1 is needed.")
    if np.isnan(value).any() or np.isnan(values).any():
        raise ValueError("the statistic or its null holds NaN; a p-value is defined for numbers only.")
    tolerance = 1e-12 * np.maximum(np.abs(value), 1e-300)
    greater = (1 + np.sum(values >= value - tolerance, axis=0)) / (1 + len(values))
    less = (1 + np.sum(values <= value + tolerance, axis=0)) / (1 + len(values))
    if alternative == "two_sided":
        return np.minimum(1.0, 2 * np.minimum(greater, less))
    return np.asarray(greater if alternative == "greater" else less)


def permuted_indices(n: int, *, seed: int, index: int, blocks: Any = None) -> np.ndarray:
    """Return one random order, so that several analyses can share their permutations.

    Parameters
    ----------
    n : int
        Number of units.
    seed : int
        Of the whole test.
    index : int
        Number of the permutation, from 0.
    blocks : array-like, shape (n,), optional
        Units are exchanged only within their block.

    Returns
    -------
    ndarray of int, shape (n,)

    Raises
    ------
    TypeError, ValueError
        For wrong arguments.

    Examples
    --------
    >>> sorted(permuted_indices(4, seed=0, index=1).tolist())
    [0, 1, 2, 3]
    """
    n = check_count("n", n)
    return _order(n, _members(blocks, n), resolve_seed(seed), check_count("index", index, minimum=0))


def _replicate(
    statistic: Callable[[np.ndarray], Any], n: int, members: list[np.ndarray], seed: int, index: int
) -> np.ndarray:
    return np.asarray(statistic(_order(n, members, seed, index)), dtype=float)


def _order(n: int, members: list[np.ndarray], seed: int, index: int) -> np.ndarray:
    rng = generator(seed, index)
    order = np.arange(n)
    for block in members:
        order[block] = rng.permutation(block)
    return order


def _members(blocks: Any, n: int) -> list[np.ndarray]:
    if blocks is None:
        return [np.arange(n)]
    _, number = np.unique(check_labels(blocks, n, "blocks"), return_inverse=True)
    return [np.flatnonzero(number == block) for block in range(number.max() + 1)]
