"""Geometry of anchor points: the pure formulas of GLUE, arrays in and numbers out.

Shapes: k samples, P manifolds, n points in all, N neuroids. ``anchors`` is (k, P, N): one anchor of each manifold in
each sample; ``centers`` is (P, N), their mean over samples; the axes are ``anchors - centers``.
Equations are those of Chou et al. (2025) and of arXiv:2603.01879 (2026), whose capacity identity is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from neurogeom.capacity.pseudo_inverse import solve_axes, solve_joint, solve_ridge, squared_projection

Floats = NDArray[np.float64]

#: Anchors that move less than this, relative to their own length, do not move: what is left is rounding.
STILL = 1e-12


@dataclass(frozen=True)
class AnchorTerms:
    """Terms of one set of samples.

    Attributes
    ----------
    a : array (k,)
        Squared length of t on the span of the anchors, which is F.
    b, c : array (k, P)
        Terms of dimension and radius, split over manifolds.
    anchor_gram, axis_gram, cross_gram : array (k, P, P)
        Inner products of anchors, of axes, and of centers (rows) with axes (columns).
    anchor_responses : array (k, P)
        :math:`S t`.
    """

    a: Floats
    b: Floats
    c: Floats
    anchor_gram: Floats
    axis_gram: Floats
    cross_gram: Floats
    anchor_responses: Floats


def point_weights(multipliers: sparse.csr_array, membership: NDArray[np.int64], n_manifolds: int) -> sparse.csr_array:
    r"""Weight of each point in the anchor of its own manifold.

    Parameters
    ----------
    multipliers : sparse array (k, n)
        Multipliers :math:`\lambda_{si} \ge 0`.
    membership : int array (n,)
        Manifold of each point.
    n_manifolds : int
        Number of manifolds P.

    Returns
    -------
    sparse.csr_array (k, n)
        :math:`w_{si} = \lambda_{si} / \Lambda_{s\mu(i)}` with :math:`\Lambda_{s\mu} = \sum_{i \in \mu} \lambda_{si}`,
        so that :math:`s_{s\mu} = \sum_{i \in \mu} w_{si} x_i`. A manifold without a positive multiplier has no weights.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> multipliers = sparse.csr_array(np.array([[1.0, 3.0, 0.0, 2.0]]))
    >>> point_weights(multipliers, np.array([0, 0, 1, 1]), 2).toarray()
    array([[0.25, 0.75, 0.  , 1.  ]])
    """
    entries = multipliers.tocoo()
    positive = entries.data > 0
    sample, point, value = entries.row[positive], entries.col[positive], entries.data[positive]
    group = sample.astype(np.int64) * n_manifolds + membership[point]
    totals = np.bincount(group, weights=value, minlength=multipliers.shape[0] * n_manifolds)
    return sparse.csr_array((value / totals[group], (sample, point)), shape=multipliers.shape)


def manifold_loads(multipliers: sparse.csr_array, membership: NDArray[np.int64], n_manifolds: int) -> Floats:
    r"""Sum of the multipliers of each manifold, :math:`\Lambda_{s\mu} = \sum_{i \in \mu} \lambda_{si}`.

    Parameters
    ----------
    multipliers : sparse array (k, n)
        Multipliers of each sample.
    membership : int array (n,)
        Manifold of each point.
    n_manifolds : int
        Number of manifolds P.

    Returns
    -------
    array (k, P)
        Sums.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> manifold_loads(sparse.csr_array(np.array([[1.0, 3.0, 0.0, 2.0]])), np.array([0, 0, 1, 1]), 2)
    array([[4., 2.]])
    """
    entries = multipliers.tocoo()
    group = entries.row.astype(np.int64) * n_manifolds + membership[entries.col]
    totals = np.bincount(group, weights=entries.data, minlength=multipliers.shape[0] * n_manifolds)
    return np.asarray(totals, dtype=np.float64).reshape(multipliers.shape[0], n_manifolds)


def active_manifolds(weights: sparse.csr_array, membership: NDArray[np.int64], n_manifolds: int) -> NDArray[np.bool_]:
    """Whether each manifold has a point with a positive multiplier.

    Parameters
    ----------
    weights : sparse array (k, n)
        From :func:`point_weights`.
    membership : int array (n,)
        Manifold of each point.
    n_manifolds : int
        Number of manifolds P.

    Returns
    -------
    bool array (k, P)
        True where the manifold has an anchor.
    """
    return manifold_loads(weights, membership, n_manifolds) > 0


def batch_anchors(points: Floats, weights: sparse.csr_array, membership: NDArray[np.int64], n_manifolds: int) -> Floats:
    r"""Anchor points of each sample, without labels: :math:`s_\mu = \sum_i \lambda_{\mu i} x_{\mu i} / \Lambda_\mu`.

    Parameters
    ----------
    points : array (n, N)
        All points.
    weights : sparse array (k, n)
        From :func:`point_weights`.
    membership : int array (n,)
        Manifold of each point.
    n_manifolds : int
        Number of manifolds P.

    Returns
    -------
    array (k, P, N)
        Anchors; a manifold without weights has a row of zeros, which counts in the mean over samples.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> points = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0]])
    >>> weights = sparse.csr_array(np.array([[0.5, 0.5, 0.0]]))
    >>> batch_anchors(points, weights, np.array([0, 0, 1]), 2)
    array([[[0.5, 0.5],
            [0. , 0. ]]])
    """
    stacked = stack_weights(weights, membership, n_manifolds)
    return np.asarray(stacked @ points).reshape(weights.shape[0], n_manifolds, points.shape[1])


def stack_weights(weights: sparse.csr_array, membership: NDArray[np.int64], n_manifolds: int) -> sparse.csr_array:
    """Weights with one row for each sample and manifold: times the points they give the anchors.

    Parameters
    ----------
    weights : sparse array (k, n)
        From :func:`point_weights`.
    membership : int array (n,)
        Manifold of each point.
    n_manifolds : int
        Number of manifolds P.

    Returns
    -------
    sparse.csr_array (k P, n)
        Row s P + mu holds the weights of manifold mu in sample s.
    """
    entries = weights.tocoo()
    rows = entries.row.astype(np.int64) * n_manifolds + membership[entries.col]
    shape = (weights.shape[0] * n_manifolds, weights.shape[1])
    return sparse.csr_array((entries.data, (rows, entries.col)), shape=shape)


def center_anchors(points: Floats, mean_weights: Floats, membership: NDArray[np.int64], n_manifolds: int) -> Floats:
    r"""Centers :math:`S_0 = E[S]` from the mean weight of each point over samples.

    Parameters
    ----------
    points : array (n, N)
        All points.
    mean_weights : array (n,)
        Mean over samples of the weights of :func:`point_weights`.
    membership : int array (n,)
        Manifold of each point.
    n_manifolds : int
        Number of manifolds P.

    Returns
    -------
    array (P, N)
        Mean anchor of each manifold.

    Examples
    --------
    >>> import numpy as np
    >>> center_anchors(np.eye(2), np.array([0.5, 1.0]), np.array([0, 1]), 2)
    array([[0.5, 0. ],
           [0. , 1. ]])
    """
    n_points = len(points)
    spread = sparse.csr_array((mean_weights, (membership, np.arange(n_points))), shape=(n_manifolds, n_points))
    return np.asarray(spread @ points)


def axes_of(anchors: Floats, centers: Floats) -> Floats:
    """Axes S - S0; an anchor that moved by no more than rounding has exactly zero axis.

    Parameters
    ----------
    anchors : array (k, P, N)
        Anchors of each sample.
    centers : array (P, N)
        Their mean.

    Returns
    -------
    array (k, P, N)
        Axes of each sample.
    """
    axes = anchors - centers
    moved = np.linalg.norm(axes, axis=2)
    size = np.linalg.norm(anchors, axis=2) + np.linalg.norm(centers, axis=1)
    axes[moved <= STILL * size] = 0.0
    return axes


def anchor_terms(anchors: Floats, centers: Floats, targets: Floats) -> AnchorTerms:
    r"""Terms a, b and c of every sample, whose means give capacity, dimension, radius and utility.

    Parameters
    ----------
    anchors : array (k, P, N)
        Anchors S of each sample.
    centers : array (P, N)
        Their mean :math:`S_0` over all samples.
    targets : array (k, N)
        Gaussian vectors t.

    Returns
    -------
    AnchorTerms
        With :math:`S_1 = S - S_0`, :math:`u = S_1 t` and :math:`G_j = S_j S_j^T`:
        :math:`a = (St)^T (SS^T)^+ (St)`, :math:`b_\mu = u_\mu (G_1^+ u)_\mu`,
        :math:`c_\mu = u_\mu ((G_0 + G_1)^+ u)_\mu`.

    Notes
    -----
    Pseudo-inverses are those of :mod:`neurogeom.capacity.pseudo_inverse`; no cut is made where anchors are independent.

    Examples
    --------
    >>> import numpy as np
    >>> anchors = np.array([[[2.0, 0.0]], [[0.0, 0.0]]])
    >>> terms = anchor_terms(anchors, anchors.mean(axis=0), np.array([[3.0, 1.0], [-1.0, 0.5]]))
    >>> terms.a, terms.b[:, 0], terms.c[:, 0]
    (array([9., 0.]), array([9., 1.]), array([4.5, 0.5]))
    """
    axes = axes_of(anchors, centers)
    anchor_responses = np.einsum("kpn,kn->kp", anchors, targets)
    responses = np.einsum("kpn,kn->kp", axes, targets)
    anchor_gram, axis_gram = anchors @ anchors.transpose(0, 2, 1), axes @ axes.transpose(0, 2, 1)
    joint = centers @ centers.T + axis_gram
    return AnchorTerms(
        a=squared_projection(anchors, anchor_gram, anchor_responses, targets),
        b=responses * solve_axes(axes, axis_gram, responses, targets),
        c=responses * solve_joint(joint, responses),
        anchor_gram=anchor_gram,
        axis_gram=axis_gram,
        cross_gram=centers @ axes.transpose(0, 2, 1),
        anchor_responses=anchor_responses,
    )


def gram_terms(axis_gram: Floats, center_gram: Floats, responses: Floats) -> tuple[Floats, Floats]:
    """Terms b and c (k, P) from Gram matrices alone, for the blocks of the jackknife.

    Parameters
    ----------
    axis_gram : array (..., P, P)
        :math:`G_1` of each sample.
    center_gram : array, broadcast to that shape
        :math:`G_0`.
    responses : array (..., P)
        :math:`u = S_1 t`.

    Returns
    -------
    tuple of two arrays (..., P)
        b and c. The pseudo-inverse is a Tikhonov limit (1e-12 of unit rows), close enough for an error bar.

    Examples
    --------
    >>> import numpy as np
    >>> b, c = gram_terms(np.array([[[1.0]]]), np.array([[1.0]]), np.array([[3.0]]))
    >>> np.round(b, 6), np.round(c, 6)
    (array([[9.]]), array([[4.5]]))
    """
    return (
        responses * solve_ridge(axis_gram, responses),
        responses * solve_ridge(axis_gram + center_gram, responses),
    )


def geometry(objective: Floats, manifold_objective: Floats, b: Floats, c: Floats) -> dict[str, Floats]:
    r"""Capacity, dimension, radius and utility, of the set and of each manifold, from the terms of all samples.

    Parameters
    ----------
    objective : array (k,)
        :math:`F = a`.
    manifold_objective : array (k, P)
        :math:`a_\mu = y_\mu \Lambda_\mu (s_\mu \cdot t)`, which sum to F over manifolds.
    b, c : array (k, P)
        Terms of :func:`anchor_terms`.

    Returns
    -------
    dict of arrays
        Scalars (0-d) ``capacity`` :math:`\alpha = P / E[a]`, ``dimension`` :math:`D = E[b] / P`, ``radius``
        :math:`R = \sqrt{E[c] / E[b - c]}`, ``utility`` :math:`\Psi = E[c] / E[a]` (may exceed 1) and
        ``approximate_capacity`` :math:`(1 + R^{-2}) / D`; the same of each manifold, (P,), as ``manifold_capacity``
        and so on. Exactly :math:`\alpha = \Psi (1 + R^{-2}) / D`. A value whose mean is not positive is NaN.

    References
    ----------
    arXiv:2603.01879 (2026), the identity with utility.

    Examples
    --------
    >>> import numpy as np
    >>> found = geometry(np.ones(2), np.ones((2, 1)), np.full((2, 1), 2.0), np.full((2, 1), 1.0))
    >>> [float(found[name]) for name in ("capacity", "dimension", "radius", "utility")]
    [1.0, 2.0, 1.0, 1.0]
    """
    return geometry_of_means(objective.mean(), manifold_objective.mean(axis=0), b.mean(axis=0), c.mean(axis=0))


def geometry_of_means(a: Floats, manifold_a: Floats, manifold_b: Floats, manifold_c: Floats) -> dict[str, Floats]:
    """Capacity, dimension, radius and utility from means over samples.

    Parameters
    ----------
    a : array (...)
        Mean of F.
    manifold_a, manifold_b, manifold_c : array (..., P)
        Means of the terms of each manifold.

    Returns
    -------
    dict of arrays
        As from :func:`geometry`, with the leading axes of the means.
    """
    n_manifolds = manifold_b.shape[-1]
    whole = _geometry(a, manifold_b.sum(axis=-1), manifold_c.sum(axis=-1), n_manifolds)
    parts = _geometry(manifold_a, manifold_b, manifold_c, 1)
    return whole | {f"manifold_{name}": values for name, values in parts.items()}


def _geometry(a: Floats, b: Floats, c: Floats, n_manifolds: int) -> dict[str, Floats]:
    """Measures from means; a mean that is not positive has no capacity, dimension, radius or utility."""
    a, b, c, gap = (_positive(value) for value in (a, b, c, np.asarray(b) - np.asarray(c)))
    dimension = b / n_manifolds
    radius = np.sqrt(c / gap)
    return {
        "capacity": n_manifolds / a,
        "dimension": dimension,
        "radius": radius,
        "utility": c / a,
        "approximate_capacity": (1.0 + radius**-2) / dimension,
    }


def _positive(value: Floats) -> Floats:
    """Value where it is positive, NaN elsewhere."""
    value = np.asarray(value, dtype=np.float64)
    return np.where(value > 0, value, np.nan)
