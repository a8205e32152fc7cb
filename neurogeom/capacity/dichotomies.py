"""Labels of manifolds: which are asked to lie on which side of the readout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurogeom._core.random import generator
from neurogeom._core.validation import check_option
from neurogeom._core.warnings import DegenerateInputWarning, warn

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: Named rules; an array of ±1 is the other choice.
RULES = ("balanced", "random", "one_vs_rest")

# the second part of the key of a sample's generator: labels never share a stream with Gaussian vectors
LABELS = 1


def draw(
    dichotomies: str | ArrayLike, n_manifolds: int, n_samples: int, seed: int, *, prefix: tuple[int, ...] = ()
) -> NDArray[np.int8]:
    """One dichotomy for each sample.

    Parameters
    ----------
    dichotomies : {"balanced", "random", "one_vs_rest"} or array (K, P) or (P,) of ±1
        ``"balanced"`` draws ⌊P/2⌋ positive manifolds, ``"random"`` independent fair signs; ``"one_vs_rest"`` and an
        array are cycled, so that uses of any two dichotomies differ by at most one.
    n_manifolds : int
        Number of manifolds P.
    n_samples : int
        Number of samples k.
    seed : int
        Root seed; sample s has a generator of its own.
    prefix : tuple of int
        Leading part of the generators' keys, for callers that draw several sets.

    Returns
    -------
    int8 array (k, P)
        Labels +1 and -1.

    Raises
    ------
    ValueError
        For an unknown rule, a wrong shape or entries other than +1 and -1.
    TypeError
        For entries that are no numbers.

    References
    ----------
    Wakhloo, Sussman and Chung (2023), whose code takes ⌊P/2⌋ positive labels for odd P.

    Examples
    --------
    >>> draw("one_vs_rest", 3, 4, seed=0)
    array([[ 1, -1, -1],
           [-1,  1, -1],
           [-1, -1,  1],
           [ 1, -1, -1]], dtype=int8)
    >>> draw("balanced", 5, 2, seed=0).sum(axis=1)
    array([-1, -1])
    """
    if isinstance(dichotomies, str):
        rule = check_option("dichotomies", dichotomies, RULES)
        if rule == "one_vs_rest":
            return cycle(2 * np.eye(n_manifolds, dtype=np.int8) - 1, n_samples)
        drawn = np.empty((n_samples, n_manifolds), dtype=np.int8)
        for sample in range(n_samples):
            drawn[sample] = _draw_one(rule, n_manifolds, generator(seed, *prefix, sample, LABELS))
        return drawn
    given = check_dichotomies(dichotomies, n_manifolds)
    if len(given) > n_samples:
        warn(
            f"dichotomies has {len(given)} rows, but there are {n_samples} samples: only the first {n_samples} are "
            f"used. Use n_samples={len(given)} or a multiple of it.",
            DegenerateInputWarning,
        )
    return cycle(given, n_samples)


def _draw_one(rule: str, n_manifolds: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """One balanced or random dichotomy."""
    if rule == "random":
        return (2 * rng.integers(0, 2, size=n_manifolds) - 1).astype(np.int8)
    labels = np.full(n_manifolds, -1, dtype=np.int8)
    labels[rng.permutation(n_manifolds)[: n_manifolds // 2]] = 1
    return labels


def cycle(dichotomies: NDArray[np.int8], n_samples: int) -> NDArray[np.int8]:
    """Dichotomy s modulo their number, for each sample s.

    Parameters
    ----------
    dichotomies : int8 array (K, P)
        Labels.
    n_samples : int
        Number of samples k.

    Returns
    -------
    int8 array (k, P)
        Labels of each sample.
    """
    return np.ascontiguousarray(dichotomies[np.arange(n_samples) % len(dichotomies)], dtype=np.int8)


def check_dichotomies(dichotomies: ArrayLike, n_manifolds: int) -> NDArray[np.int8]:
    """Array of ±1, shape (K, P), or an error that says what is wrong with it.

    Parameters
    ----------
    dichotomies : array (K, P) or (P,)
        Labels +1 and -1 of each manifold.
    n_manifolds : int
        Number of manifolds P.

    Returns
    -------
    int8 array (K, P)
        The labels.

    Raises
    ------
    ValueError
        For a wrong shape or entries other than +1 and -1.
    TypeError
        For entries that are no numbers.

    Examples
    --------
    >>> check_dichotomies([1, -1, 1.0], 3)
    array([[ 1, -1,  1]], dtype=int8)
    """
    labels = np.asarray(dichotomies)
    if labels.dtype.kind not in "iuf":
        raise TypeError(
            f"dichotomies has entries of type {labels.dtype}. Give one of {', '.join(RULES)}, "
            f"or an array of +1 and -1 of shape (n, {n_manifolds})."
        )
    labels = np.atleast_2d(labels)
    if labels.ndim != 2 or labels.shape[1] != n_manifolds or labels.shape[0] == 0:
        raise ValueError(
            f"dichotomies has shape {np.shape(dichotomies)}; {n_manifolds} manifolds need shape (n, {n_manifolds}): "
            "one row of +1 and -1 for each dichotomy."
        )
    wrong = ~np.isin(labels, (-1, 1))
    if wrong.any():
        first = ", ".join(f"{value:g}" for value in labels[wrong][:3])
        hint = " For labels 0 and 1 give 2 * labels - 1." if np.isin(labels, (0, 1)).all() else ""
        raise ValueError(f"dichotomies must hold +1 and -1 only; {wrong.sum()} entries do not (first: {first}).{hint}")
    return labels.astype(np.int8)
