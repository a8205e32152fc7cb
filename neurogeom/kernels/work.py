"""The arrays of the active-set loops, by name."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurogeom.kernels.compiling import inlined
from neurogeom.kernels.lanes import VECTOR_BYTES, borrow


class Task(NamedTuple):
    """One sample's problem, padded: K (of the working set), b, y.

    Where ``gram`` is the part of ``source`` that belongs to ``members``, its rows are copied when they are first
    needed, and ``filled`` says how far.
    """

    gram: np.ndarray
    linear: np.ndarray
    signs: np.ndarray
    source: np.ndarray
    members: np.ndarray
    filled: np.ndarray


class Work(NamedTuple):
    """Work space of one thread."""

    inverse: np.ndarray
    """Inverse of the Gram matrix of the active points; zeros fill its last vectors."""
    columns: np.ndarray
    """Minus the products of up to four entering points with the active ones."""
    vectors: np.ndarray
    """The inverse times these products: weights of the active points that make up an entering one."""
    weights: np.ndarray
    """Inverses of the pivots of the entering points."""
    current: np.ndarray
    """μ of the active points."""
    right: np.ndarray
    """Minus their gradient."""
    step: np.ndarray
    zero: np.ndarray
    side: np.ndarray
    """Their signs."""
    slots: np.ndarray
    """The active points."""
    every: np.ndarray
    """0, 1, 2, …"""
    error: np.ndarray
    """Gradient b − Kμ of all points."""
    trial: np.ndarray
    """The same, after picks have moved."""
    picks: np.ndarray
    """Points that enter; −1 − i once point i turned out to depend on the active ones."""
    gains: np.ndarray
    """Their gradients."""
    refused: np.ndarray
    """Points that may not enter before μ moves."""
    rest: np.ndarray
    """Residual of a target (float64)."""


def make_work(n: int, capacity: int, width: int, most_picks: int, dtype: type = np.float64) -> Work:
    """Work space for ``n`` points (padded), ``capacity`` active ones (whole vectors) and rows of ``width``."""
    numbers: np.ndarray = np.zeros((4, capacity), dtype)
    return Work(
        inverse=np.empty((capacity, capacity), dtype),
        columns=np.zeros((4, capacity), dtype),
        vectors=np.zeros((4, capacity), dtype),
        weights=np.zeros(4, dtype),
        current=numbers[0],
        right=numbers[1],
        step=numbers[2],
        zero=numbers[3],
        side=np.ones(capacity, dtype),
        slots=np.zeros(capacity, np.int64),
        every=np.arange(capacity),
        error=np.empty(n, dtype),
        trial=np.empty(n, dtype),
        picks=np.empty(most_picks, np.int64),
        gains=np.zeros(most_picks, dtype),
        refused=np.empty(n, np.int64),
        rest=np.empty((1, width)),
    )


@inlined
def borrow_work(work):
    """The work space without counting references."""
    return Work(
        borrow(work.inverse),
        borrow(work.columns),
        borrow(work.vectors),
        borrow(work.weights),
        borrow(work.current),
        borrow(work.right),
        borrow(work.step),
        borrow(work.zero),
        borrow(work.side),
        borrow(work.slots),
        borrow(work.every),
        borrow(work.error),
        borrow(work.trial),
        borrow(work.picks),
        borrow(work.gains),
        borrow(work.refused),
        borrow(work.rest),
    )


@inlined
def lanes_of(work):
    """Numbers in a vector of the loop's precision."""
    return VECTOR_BYTES // work.inverse.itemsize


@inlined
def mass(numbers, size):
    """Sum of the first magnitudes."""
    total = 0.0
    for s in range(size):
        total += abs(numbers[s])
    return total
