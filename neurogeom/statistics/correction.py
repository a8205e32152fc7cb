"""Corrections of p-values for many tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogeom._core.validation import check_option

_METHODS = {"benjamini_hochberg": "bh", "benjamini_yekutieli": "by"}


def false_discovery(p_values: Any, *, method: str = "benjamini_hochberg") -> np.ndarray:
    r"""Return p-values adjusted for the false discovery rate: reject where it is at most the wanted rate.

    :math:`\min_{j \geq i} (m / j) p_{(j)}`, times :math:`\sum_k 1/k` for Benjamini–Yekutieli.

    Parameters
    ----------
    p_values : array-like, any shape
        All tests together.
    method : {"benjamini_hochberg", "benjamini_yekutieli"}
        The second holds under any dependence.

    Returns
    -------
    ndarray of the same shape

    Raises
    ------
    ValueError
        If a value is NaN or outside [0, 1], or there is none.

    References
    ----------
    Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57:289; Benjamini & Yekutieli 2001, Ann. Stat. 29:1165, theorem 1.3.

    Examples
    --------
    >>> false_discovery([0.01, 0.02, 0.03]).round(4)
    array([0.03, 0.03, 0.03])
    """
    from scipy import stats  # takes longer to import than the rest of the room

    check_option("method", method, tuple(_METHODS))
    values = _checked(p_values)
    return stats.false_discovery_control(values.ravel(), method=_METHODS[method]).reshape(values.shape)


def holm(p_values: Any) -> np.ndarray:
    r"""Return p-values adjusted for the chance of any false rejection: :math:`\max_{j \leq i} (m - j + 1) p_{(j)}`.

    Parameters
    ----------
    p_values : array-like, any shape
        All tests together.

    Returns
    -------
    ndarray of the same shape

    Raises
    ------
    ValueError
        If a value is NaN or outside [0, 1], or there is none.

    References
    ----------
    Holm 1979, Scand. J. Stat. 6:65.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    values = _checked(p_values)
    flat = values.ravel()
    order = np.argsort(flat, kind="stable")
    stepped = np.maximum.accumulate(flat[order] * np.arange(len(flat), 0, -1))
    adjusted = np.empty_like(flat)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted.reshape(values.shape)


def _checked(p_values: Any) -> np.ndarray:
    values = np.asarray(p_values, dtype=float)
    if values.size == 0:
        raise ValueError("p_values is empty; at least one is needed.")
    n_bad = int((~((values >= 0) & (values <= 1))).sum())
    if n_bad:
        raise ValueError(
            f"p_values holds {n_bad} of {values.size} values that are NaN or outside [0, 1]. Leave them out."
        )
    return values
