"""Seeds that are kept, and one generator for each unit of work."""

from __future__ import annotations

import secrets

import numpy as np

from neurogeom._core.validation import check_count


def resolve_seed(seed: int | None) -> int:
    """Return the seed to use, drawing one of 63 bits if none was given, so that a run can be repeated.

    Parameters
    ----------
    seed : int or None
        A whole number, 0 or more.

    Returns
    -------
    int
        To be kept in the result's settings.

    Raises
    ------
    TypeError
        If `seed` is not a whole number (a bool, float or generator).
    ValueError
        If it is negative.

    Examples
    --------
    >>> resolve_seed(7)
    7
    >>> 0 <= resolve_seed(None) < 2**63
    True
    """
    if seed is None:
        return secrets.randbits(63)
    if isinstance(seed, np.random.Generator | np.random.RandomState | np.random.SeedSequence):
        raise TypeError(
            f"seed is a {type(seed).__name__}; give a whole number such as seed=0, which the result can keep."
        )
    return check_count("seed", seed, minimum=0)


def generator(seed: int, *key: int) -> np.random.Generator:
    """Return the generator of one unit of work, the same however the units are spread over workers.

    Parameters
    ----------
    seed : int
        Of the whole analysis, from :func:`resolve_seed`.
    *key : int
        Names the unit: its purpose and its number. Different keys give independent streams.

    Returns
    -------
    numpy.random.Generator

    Examples
    --------
    >>> bool(generator(7, 0, 3).normal() == generator(7, 0, 3).normal())
    True
    >>> bool(generator(7, 0, 3).normal() == generator(7, 0, 4).normal())
    False
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(int(part) for part in key)))
