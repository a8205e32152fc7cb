"""Intervals of a median or another quantile from order statistics: exact coverage, no assumption on the shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogeom._core.validation import check_real


def median_interval(values: Any, *, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of the median; see :func:`quantile_interval`.

    Parameters
    ----------
    values : array-like, shape (n,)
        Independent draws; infinite values are allowed (never separable, never answered), NaN is not.
    level : float
        Between 0 and 1.

    Returns
    -------
    low, high : float

    Raises
    ------
    TypeError, ValueError
        For wrong arguments.

    References
    ----------
    Conover 1999, Practical Nonparametric Statistics, section 3.2.

    Examples
    --------
    >>> median_interval(range(1, 26))
    (8.0, 18.0)
    """
    return quantile_interval(values, 0.5, level=level)


def quantile_interval(values: Any, quantile: float, *, level: float = 0.95) -> tuple[float, float]:
    r"""Return the interval of a quantile from the two order statistics that surely hold it.

    The number of draws below the true quantile is binomial(n, q), so the order statistics at its lower and upper
    quantiles hold it with probability at least `level`, whatever the distribution.

    Parameters
    ----------
    values : array-like, shape (n,)
        Independent draws; infinite values are allowed, NaN is not.
    quantile : float
        Strictly between 0 and 1.
    level : float
        Between 0 and 1.

    Returns
    -------
    low, high : float
        −∞ or ∞ where n is too small for a bound.

    Raises
    ------
    TypeError, ValueError
        For wrong arguments.

    References
    ----------
    Conover 1999, Practical Nonparametric Statistics, section 3.2.

    Examples
    --------
    >>> quantile_interval([1.0, 2.0, 3.0], 0.5)
    (-inf, inf)
    """
    quantile = check_real("quantile", quantile, minimum=0.0, maximum=1.0, strict=True)
    level = check_real("level", level, minimum=0.0, maximum=1.0, strict=True)
    draws = np.asarray(values, dtype=float)
    if draws.ndim != 1 or not draws.size:
        raise ValueError(f"values has shape {draws.shape}; a 1-dimensional array that is not empty is needed.")
    if np.isnan(draws).any():
        raise ValueError(f"values holds NaN in {int(np.isnan(draws).sum())} of {len(draws)} entries. Leave them out.")
    from scipy import stats  # takes longer to import than the rest of the room

    low, high = stats.quantile_test(draws, p=quantile).confidence_interval(level)
    return (-np.inf if np.isnan(low) else float(low), np.inf if np.isnan(high) else float(high))
