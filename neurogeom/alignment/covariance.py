"""Covariance alignment distance between two point clouds of one system."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from neurogeom._core.random import resolve_seed
from neurogeom._core.responses import read_responses
from neurogeom._core.validation import check_option
from neurogeom._core.warnings import collect
from neurogeom.alignment.inputs import Floats, clouds_of_pair, matched, warn_uneven
from neurogeom.alignment.results import KUOCH, SQRT2, CovarianceAlignment, Meaning, measure
from neurogeom.alignment.uncertainty import jackknife_values

_NEAR_ZERO = 1e-6  # squared distances below this are recomputed without the cancellation in 2 − 2s


def unit_cloud(points: Floats) -> Floats:
    """Points about their mean, scaled to unit Frobenius norm: shift and scale of a cloud do not matter."""
    centered = points - points.mean(axis=0)
    centered /= np.abs(centered).max()  # squares must not overflow
    return np.asarray(centered / np.linalg.norm(centered))


def squared_distance(points_a: Floats, points_b: Floats) -> float:
    r"""Squared covariance alignment distance of two clouds (m_a, N) and (m_b, N), in factor form.

    .. math:: d^2 = 2 - 2 \|X_A X_B^T\|_* / (\|X_A\|_F \|X_B\|_F)
    """
    return squared_distance_of_units(reduced(unit_cloud(points_a)), reduced(unit_cloud(points_b)))


def reduced(unit: Floats) -> Floats:
    """A factor of the same second moment with at most N rows (rotating the points changes no nuclear norm)."""
    return np.asarray(np.linalg.qr(unit, mode="r")) if unit.shape[0] > unit.shape[1] else unit


def squared_distance_of_units(unit_a: Floats, unit_b: Floats) -> float:
    """Squared distance of two factors of unit norm; exact zero is reached without cancellation."""
    overlap = float(np.linalg.svd(unit_a @ unit_b.T, compute_uv=False).sum())
    squared = 2.0 - 2.0 * overlap
    return max(squared, 0.0) if squared > _NEAR_ZERO else _small_squared_distance(unit_a, unit_b)


def _small_squared_distance(unit_a: Floats, unit_b: Floats) -> float:
    """The same number as a sum of squares: what is left after the best rotation of one factor onto the other."""
    left, _, right = np.linalg.svd(unit_a @ unit_b.T, full_matrices=True)
    turned_a, turned_b = left.T @ unit_a, right @ unit_b
    rows = min(len(turned_a), len(turned_b))
    return float(
        np.sum((turned_a[:rows] - turned_b[:rows]) ** 2) + np.sum(turned_a[rows:] ** 2) + np.sum(turned_b[rows:] ** 2)
    )


def squared_distances(clouds: Sequence[Floats]) -> Floats:
    """Squared distances of all pairs of clouds: symmetric (P, P), zero diagonal."""
    factors = [reduced(unit_cloud(cloud)) for cloud in clouds]
    matrix = np.zeros((len(factors), len(factors)))
    for row, first in enumerate(factors):
        for column in range(row + 1, len(factors)):
            matrix[row, column] = matrix[column, row] = squared_distance_of_units(first, factors[column])
    return matrix


def squared_distance_from_gram(gram: Floats, rows_a: np.ndarray, rows_b: np.ndarray) -> float:
    r"""Squared distance from inner products alone, with :math:`K_{AB}` centered along rows and columns.

    .. math:: d^2 = 2 - 2 \|J K_{AB} J\|_* / \sqrt{\mathrm{tr}(J K_{AA} J)\, \mathrm{tr}(J K_{BB} J)}
    """
    cross = double_centered(gram[np.ix_(rows_a, rows_b)])
    traces = [float(np.trace(double_centered(gram[np.ix_(rows, rows)]))) for rows in (rows_a, rows_b)]
    if min(traces) <= 0.0:
        raise ValueError(
            "gram gives a group without variance (trace 0 about its mean), so its covariance says nothing. "
            "Leave this group out, or check that gram holds inner products (1 − D for correlation distances D)."
        )
    overlap = float(np.linalg.svd(cross, compute_uv=False).sum())
    return max(2.0 - 2.0 * overlap / float(np.sqrt(traces[0] * traces[1])), 0.0)


def double_centered(matrix: Floats) -> Floats:
    """A matrix without the means of its rows and columns."""
    return np.asarray(
        matrix - matrix.mean(axis=0, keepdims=True) - matrix.mean(axis=1, keepdims=True) + matrix.mean(), dtype=float
    )


def covariance_alignment_distance(
    points_a: Any,
    points_b: Any,
    *,
    squared: bool = False,
    match_points: bool = False,
    uncertainty: str | None = None,
    n_groups: int = 10,
    seed: int | None = None,
) -> CovarianceAlignment:
    r"""Distance of the covariances of two point clouds: 0 for the same shape and orientation, √2 for orthogonal spans.

    Unchanged by shifts and scalings of either cloud and by a common rotation; changed by other common linear maps. It
    is biased upward, the more the fewer points there are per neuroid: compare only pairs of equal sizes, and see
    :func:`excess_alignment_distance`. Only the distance obeys the triangle inequality, its square does not.

    Parameters
    ----------
    points_a, points_b : array or DataArray (points, neuroids)
        Two clouds over the same neuroids, at least 2 points each.
    squared : bool
        Whether d² (as in the paper's figure 7) is returned instead of d.
    match_points : bool
        Whether the larger cloud is cut at random to the size of the smaller.
    uncertainty : {"points", None}
        "points" adds a standard error and a 95 % interval by a delete-group jackknife. There is no bootstrap: points
        drawn twice lower the rank and raise the distance, so its interval can miss the estimate.
    n_groups : int
        Groups of the jackknife, per cloud.
    seed : int, optional
        For ``match_points`` and the groups.

    Returns
    -------
    CovarianceAlignment
        ``distance`` in [0, √2] ([0, 2] squared); ``distance_se`` and ``distance_ci`` where asked. ``float()`` gives
        the distance.

    Raises
    ------
    ValueError
        A cloud has fewer than 2 points, no variance, NaN or other neuroids than the other.

    Notes
    -----
    :math:`d^2 = 2 - 2 \|C_A^{1/2} C_B^{1/2}\|_* / \sqrt{\mathrm{tr} C_A\, \mathrm{tr} C_B}`, computed as
    :math:`2 - 2 \|X_A X_B^T\|_* / (\|X_A\|_F \|X_B\|_F)` with centered points, without any N × N root.

    Erratum: eq. 5 and 6 print the denominator tr(A^½) tr(B^½), which would give d² = 2 − 2/n for A = B = I; the form
    above gives 0.

    References
    ----------
    Kuoch et al. (2024), PMLR 234:395-418, section 2.1, appendix B.2, eq. 4-6.

    Examples
    --------
    >>> import numpy as np
    >>> cloud = np.random.default_rng(0).normal(size=(20, 3))
    >>> wide, narrow = cloud @ np.diag([2.0, 1, 1]), cloud @ np.diag([1.0, 1, 2])
    >>> round(float(covariance_alignment_distance(wide, narrow)), 3)
    0.561
    >>> float(covariance_alignment_distance(cloud, 3 * cloud + 1)) < 1e-12
    True
    """
    check_option("uncertainty", uncertainty or "None", ("None", "points"))
    with collect() as notes:
        a, b = clouds_of_pair(points_a, points_b)
        seed = resolve_seed(seed) if match_points or uncertainty else seed
        if match_points:
            a, b, seed = matched(a, b, seed)
        warn_uneven(len(a), len(b))
        measured = partial(_distance, squared=squared)
        values: dict[str, Any] = {"distance": measured(a, b)}
        if uncertainty is not None:
            largest = 2.0 if squared else SQRT2
            values |= jackknife_values("distance", measured, (a, b), (), n_groups, resolve_seed(seed), upper=largest)
    meaning = Meaning(
        "distance",
        (0.0, 2.0 if squared else SQRT2),
        0.0,
        True,
        squared,
        {"points_a": len(a), "points_b": len(b), "neuroids": a.shape[1]},
    )
    return measure(
        CovarianceAlignment,
        values,
        meaning,
        notes=notes,
        references=(KUOCH,),
        points_a=points_a,
        points_b=points_b,
        squared=squared,
        match_points=match_points,
        uncertainty=uncertainty,
        n_groups=n_groups,
        seed=seed,
    )


def _distance(points_a: Floats, points_b: Floats, *, squared: bool) -> float:
    value = squared_distance(points_a, points_b)
    return value if squared else float(np.sqrt(value))


def covariance_alignment_distance_from_gram(
    gram: Any, group_a: Any, group_b: Any, *, squared: bool = False
) -> CovarianceAlignment:
    r"""The same distance from inner products of stimuli, where the responses themselves are not at hand.

    A correlation-distance RDM D gives it through ``gram = 1 - D``.

    Parameters
    ----------
    gram : array (stimuli, stimuli)
        Inner products of the response patterns; need not be centered.
    group_a, group_b : integer or boolean index arrays
        The stimuli of the two clouds, at least 2 each.
    squared : bool
        Whether d² is returned.

    Returns
    -------
    CovarianceAlignment

    Raises
    ------
    ValueError
        ``gram`` is not square and symmetric, or a group is too small or without variance.

    References
    ----------
    Kuoch et al. (2024), PMLR 234:395-418, eq. 4-6; double centering of the cross-Gram matrix.

    Examples
    --------
    >>> import numpy as np
    >>> cloud = np.random.default_rng(0).normal(size=(20, 3))
    >>> from_points = covariance_alignment_distance(cloud[:8], cloud[8:], squared=True, match_points=False)
    >>> from_gram = covariance_alignment_distance_from_gram(cloud @ cloud.T, range(8), range(8, 20), squared=True)
    >>> abs(float(from_points) - float(from_gram)) < 1e-12
    True
    """
    matrix = read_responses(gram, name="gram").matrix
    if matrix.shape[0] != matrix.shape[1] or not np.allclose(matrix, matrix.T, rtol=1e-8, atol=1e-10):
        raise ValueError(f"gram has shape {matrix.shape} and must be square and symmetric: inner products of stimuli.")
    rows = [_rows(name, group, len(matrix)) for name, group in (("group_a", group_a), ("group_b", group_b))]
    with collect() as notes:
        warn_uneven(len(rows[0]), len(rows[1]))
    value = squared_distance_from_gram(matrix, *rows)
    used = {"points_a": len(rows[0]), "points_b": len(rows[1])}
    meaning = Meaning("distance", (0.0, 2.0 if squared else SQRT2), 0.0, True, squared, used)
    return measure(
        CovarianceAlignment,
        {"distance": value if squared else float(np.sqrt(value))},
        meaning,
        notes=notes,
        references=(KUOCH,),
        gram=gram,
        squared=squared,
    )


def _rows(name: str, group: Any, n_stimuli: int) -> np.ndarray:
    """Row numbers of one group, at least two, each once."""
    index = np.asarray(group)
    if index.dtype == bool:
        if index.shape != (n_stimuli,):
            raise ValueError(f"{name} is a mask of shape {index.shape}; needed is ({n_stimuli},).")
        index = np.flatnonzero(index)
    if index.dtype.kind not in "iu" or index.ndim != 1:
        raise TypeError(f"{name} needs row numbers or a boolean mask over the {n_stimuli} stimuli of gram.")
    if len(index) < 2 or len(np.unique(index)) < len(index):
        raise ValueError(f"{name} has {len(index)} stimuli; this measure needs at least 2, each named once.")
    if index.min() < 0 or index.max() >= n_stimuli:
        raise ValueError(f"{name} goes outside the {n_stimuli} stimuli of gram (largest: {index.max()}).")
    return index
