"""Two systems and the same stimuli: linear CKA and Procrustes distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogeom._core.validation import check_option
from neurogeom._core.warnings import SaturationWarning, collect, warn
from neurogeom.alignment.covariance import reduced, squared_distance_of_units
from neurogeom.alignment.expectations import expected_biased_cka
from neurogeom.alignment.inputs import Floats, paired_systems
from neurogeom.alignment.results import CKASimilarity, Meaning, ProcrustesDistance, measure

_BLOCK = 1024  # rows of a Gram matrix made at a time


def cross_power(x: Floats, y: Floats) -> float:
    """‖XᵀY‖²_F = tr(XXᵀYYᵀ), by the smaller of the two products."""
    n, p = x.shape
    q = y.shape[1]
    if p * q <= n * (p + q):
        return float(np.sum((x.T @ y) ** 2))
    total = 0.0
    for start in range(0, n, _BLOCK):
        rows = slice(start, start + _BLOCK)
        total += float(np.sum((x[rows] @ x.T) * (y[rows] @ y.T)))
    return total


def cka(x: Floats, y: Floats) -> float:
    r"""Biased linear CKA of centered responses (n, p), (n, q).

    .. math:: \|Y^T X\|_F^2 / (\|X^T X\|_F \|Y^T Y\|_F)
    """
    return cross_power(x, y) / float(np.sqrt(cross_power(x, x) * cross_power(y, y)))


def unbiased_hsic(x: Floats, y: Floats) -> float:
    r"""Unbiased HSIC of linear kernels, in feature space: no Gram matrix is kept.

    With K, L the Gram matrices whose diagonals are zero,

    .. math:: \Big[\mathrm{tr} KL + \frac{(1^T K 1)(1^T L 1)}{(n-1)(n-2)} - \frac{2}{n-2} 1^T K L 1\Big] / (n(n-3))
    """
    n = len(x)
    squares_x, squares_y = np.sum(x**2, axis=1), np.sum(y**2, axis=1)
    rows_x, rows_y = x @ x.sum(axis=0) - squares_x, y @ y.sum(axis=0) - squares_y  # K1 and L1
    trace = cross_power(x, y) - float(squares_x @ squares_y)
    outer = float(rows_x.sum() * rows_y.sum()) / ((n - 1) * (n - 2))
    return (trace + outer - 2.0 * float(rows_x @ rows_y) / (n - 2)) / (n * (n - 3))


def debiased_cka(x: Floats, y: Floats) -> float:
    """CKA of unbiased HSIC; NaN where all off-diagonal inner products of one system are alike."""
    power = unbiased_hsic(x, x), unbiased_hsic(y, y)
    scale = [float(np.sum(values**2)) ** 2 / len(values) ** 2 for values in (x, y)]
    if any(own <= 1e-13 * size for own, size in zip(power, scale, strict=True)):
        return np.nan
    return unbiased_hsic(x, y) / float(np.sqrt(power[0] * power[1]))


def cka_similarity(x: Any, y: Any, *, debiased: bool = True) -> CKASimilarity:
    """Linear centered kernel alignment of two systems: 1 same geometry up to rotation and scale, 0 unrelated.

    Parameters
    ----------
    x, y : array or DataArray (presentations, neuroids)
        Responses to the same stimuli, matched by ``stimulus_id`` where both have it. Columns are centered here.
    debiased : bool
        Whether the bias from few stimuli is removed. Biased CKA grows with neuroids per stimulus: independent systems
        of 316 and 674 iid units and 92 stimuli have .826.

    Returns
    -------
    CKASimilarity
        ``similarity``: in [−1, 1] if debiased (values below 0 are right and are never clipped), else in [0, 1] with
        ``null_similarity``, the mean for independent iid units.

    Raises
    ------
    ValueError
        Fewer than 4 stimuli (3 if biased), no variance, different stimuli, or a system all of whose stimuli have the
        same inner products.

    Notes
    -----
    Some packages return arccos of this number (netrep), which is a distance.

    References
    ----------
    Kornblith et al. (2019), ICML; Song et al. (2012), JMLR 13:1393 (unbiased HSIC); Murphy et al. (2024).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(30, 5))
    >>> round(float(cka_similarity(x, 2 * x[:, ::-1] + 1)), 6)
    1.0
    """
    x_centered, y_centered = _centered_pair(x, y, minimum=4 if debiased else 3)
    n, p, q = len(x_centered), x_centered.shape[1], y_centered.shape[1]
    with collect() as notes:
        if debiased:
            values: dict[str, Any] = {"similarity": debiased_cka(x_centered, y_centered)}
            if not np.isfinite(values["similarity"]):
                raise ValueError(
                    "x or y has the same inner product for all pairs of stimuli, so debiased CKA is undefined. "
                    "Use more stimuli, or debiased=False."
                )
        else:
            null = expected_biased_cka(n, p, q)
            values = {"similarity": cka(x_centered, y_centered), "null_similarity": null}
            if null > 0.5:
                warn(
                    f"biased CKA of unrelated systems of {p} and {q} iid units is {null:.2f} with {n} stimuli, so a "
                    "high value says little. Use debiased=True.",
                    SaturationWarning,
                )
    used = {"presentations": n, "neuroids_x": p, "neuroids_y": q}
    return measure(
        CKASimilarity,
        values,
        Meaning("similarity", (-1.0 if debiased else 0.0, 1.0), 1.0, True, False, used),
        notes=notes,
        references=("Kornblith et al. (2019), ICML.", "Song et al. (2012), JMLR 13:1393."),
        x=x,
        y=y,
        debiased=debiased,
    )


def squared_chord(x: Floats, y: Floats) -> float:
    """2 − 2s with s = ‖XᵀY‖_*/(‖X‖‖Y‖) of centered responses: the residual of unit-norm systems, exact near 0.

    The covariance alignment distance with the roles of points and neuroids exchanged.
    """
    units = [reduced(np.ascontiguousarray(values.T) / np.linalg.norm(values)) for values in (x, y)]
    return squared_distance_of_units(units[0], units[1])


def procrustes_distance(x: Any, y: Any, *, metric: str = "angle") -> ProcrustesDistance:
    r"""Distance of two systems after the best rotation of one onto the other: 0 same up to rotation and shift.

    Parameters
    ----------
    x, y : array or DataArray (presentations, neuroids)
        Responses to the same stimuli, matched by ``stimulus_id`` where both have it; numbers of neuroids may differ.
    metric : {"angle", "euclidean"}
        "angle" is arccos s, free of scale; "euclidean" is the length of the residual, in response units.

    Returns
    -------
    ProcrustesDistance
        ``distance`` and ``similarity`` s. Unrelated systems of many units have large s (92 stimuli, 300 units: .92):
        judge it on held-out stimuli or against :func:`permutation_null`.

    Raises
    ------
    ValueError
        Different stimuli, no variance, or an unknown metric.

    Notes
    -----
    .. math:: s = \|X^T Y\|_* / (\|X\| \|Y\|), \quad
       d_{euclid} = \sqrt{\|X\|^2 + \|Y\|^2 - 2 \|X^T Y\|_*}

    References
    ----------
    Williams et al. (2021), NeurIPS, "Generalized shape metrics on neural representations".

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(30, 2))
    >>> round(float(procrustes_distance(x, x[:, ::-1])), 6)
    0.0
    """
    check_option("metric", metric, ("angle", "euclidean"))
    left, right = _centered_pair(x, y, minimum=3)
    squared = squared_chord(left, right)
    if metric == "angle":
        distance, largest = 2.0 * float(np.arcsin(np.sqrt(squared) / 2.0)), float(np.pi / 2)
    else:
        sizes = float(np.linalg.norm(left)), float(np.linalg.norm(right))
        distance, largest = float(np.sqrt((sizes[0] - sizes[1]) ** 2 + sizes[0] * sizes[1] * squared)), np.inf
    used = {"presentations": len(left), "neuroids_x": left.shape[1], "neuroids_y": right.shape[1]}
    return measure(
        ProcrustesDistance,
        {"distance": distance, "similarity": 1.0 - squared / 2.0},
        Meaning("distance", (0.0, largest), 0.0, True, False, used),
        references=("Williams, Kunz, Kornblith & Linderman (2021), NeurIPS.",),
        x=x,
        y=y,
        metric=metric,
    )


def _centered_pair(x: Any, y: Any, *, minimum: int) -> tuple[Floats, Floats]:
    """Two systems with the same stimuli, columns centered."""
    left, right = paired_systems(x, y, minimum=minimum)
    return left - left.mean(axis=0), right - right.mean(axis=0)
