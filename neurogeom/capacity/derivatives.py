r"""Exact derivatives of the GLUE objective from its multipliers: pure formulas, at no extra solve.

The objective of a sample is a maximum, :math:`F = \max_{\lambda \ge 0} 2 \lambda^T A t - \|A^T \lambda\|^2`, so by
the envelope theorem its derivative with respect to the data is the partial one, at fixed multipliers.
Shapes: k samples, n points, N neuroids.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from neurogeom.capacity.estimates import Samples

Floats = NDArray[np.float64]

# scaled slack below which a constraint counts as active, and the share of the Gram matrix's largest eigenvalue below
# which active points count as dependent
_ACTIVE = 1e-9
_DEPENDENT = 1e-12


def signed_multipliers(samples: Samples) -> sparse.csr_array:
    r"""Multipliers with the sign of their label, :math:`y_i \lambda_i`.

    Parameters
    ----------
    samples : Samples
        Solved samples.

    Returns
    -------
    sparse.csr_array (k, n)
        Times the points they give :math:`t - v`.
    """
    entries = samples.multipliers.tocoo()
    signs = samples.signs[entries.row, samples.membership[entries.col]]
    return sparse.csr_array((entries.data * signs, (entries.row, entries.col)), shape=entries.shape)


def residuals(samples: Samples) -> Floats:
    r"""Projections :math:`v = t - A^T \lambda` of the Gaussian vectors.

    Parameters
    ----------
    samples : Samples
        Solved samples.

    Returns
    -------
    array (k, N)
        v of each sample.
    """
    return samples.targets - np.asarray(signed_multipliers(samples) @ samples.points)


def gain_derivatives(targets: Floats, projections: Floats) -> Floats:
    r"""Derivative of F with respect to the logarithm of the gain of each neuroid.

    Parameters
    ----------
    targets, projections : array (k, N)
        Gaussian vectors t and their projections v.

    Returns
    -------
    array (k, N)
        :math:`\partial F / \partial \ln g_k = 2 v_k (t_k - v_k)`. They sum to zero over neuroids, since v and t - v are
        orthogonal: a common gain changes nothing. Gains commute with subtracting a mean, so the formula holds for
        any fixed or mean origin with the shifted points.

    Examples
    --------
    >>> import numpy as np
    >>> gain_derivatives(np.array([[3.0, -1.0]]), np.array([[0.0, -1.0]])).sum()
    np.float64(0.0)
    """
    return 2.0 * projections * (targets - projections)


def capacity_derivative(derivatives: Floats, objective: Floats, n_manifolds: int) -> tuple[Floats, Floats]:
    r"""Derivative of capacity from those of F, with its Monte-Carlo error.

    Parameters
    ----------
    derivatives : array (k, m)
        Derivatives of F of each sample.
    objective : array (k,)
        F of each sample.
    n_manifolds : int
        Number of manifolds P.

    Returns
    -------
    tuple of two arrays (m,)
        :math:`-(\alpha^2 / P) E[\partial F] = -P E[\partial F] / E[F]^2` and its standard error (delta method, with the
        error of E[F] and its correlation).

    Examples
    --------
    >>> import numpy as np
    >>> value, error = capacity_derivative(np.array([[1.0], [1.0]]), np.array([2.0, 2.0]), n_manifolds=2)
    >>> float(value[0]), float(error[0])
    (-0.5, 0.0)
    """
    mean, slope = objective.mean(), derivatives.mean(axis=0)
    value = -n_manifolds * slope / mean**2
    influence = (derivatives - slope) / mean**2 - 2.0 * slope * ((objective - mean) / mean**3)[:, None]
    error = n_manifolds * influence.std(axis=0, ddof=1) / np.sqrt(len(objective))
    return value, error


def point_contributions(samples: Samples) -> sparse.csr_array:
    r"""Share of each point in the objective of each sample.

    Parameters
    ----------
    samples : Samples
        Solved samples.

    Returns
    -------
    sparse.csr_array (k, n)
        :math:`\lambda_i y_i (x_i \cdot t)`, which sum to F over points. A share may be negative.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> samples = Samples(
    ...     np.eye(2), np.arange(2), np.array([[3.0, -1.0]]), np.array([[1, 1]]), np.array([9.0]),
    ...     sparse.csr_array(np.array([[3.0, 0.0]])),
    ... )
    >>> point_contributions(samples).toarray()
    array([[9., 0.]])
    """
    signed = signed_multipliers(samples)
    shares = np.empty_like(signed.data)
    for sample in range(samples.n_samples):
        part = slice(signed.indptr[sample], signed.indptr[sample + 1])
        rows = samples.points[signed.indices[part]]
        shares[part] = signed.data[part] * np.einsum("in,n->i", rows, samples.targets[sample])
    return sparse.csr_array((shares, signed.indices, signed.indptr), shape=signed.shape)


def point_gradients(samples: Samples, *, centered: bool = False) -> Floats:
    r"""Mean over samples of the gradient of F with respect to each point.

    Parameters
    ----------
    samples : Samples
        Solved samples.
    centered : bool
        Whether the points were given with another origin, and their mean was subtracted before solving.

    Returns
    -------
    array (n, N)
        :math:`E[2 \lambda_i y_i v]`. In every sample its radial part :math:`x_i \cdot \partial F / \partial x_i` is
        zero: the length of a point changes nothing. With a mean that moves along, the mean of all gradients is
        subtracted, by the chain rule.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> samples = Samples(
    ...     np.array([[1.0, 0.0]]), np.array([0]), np.array([[3.0, -1.0]]), np.array([[1]]), np.array([9.0]),
    ...     sparse.csr_array(np.array([[3.0]])),
    ... )
    >>> point_gradients(samples)
    array([[ 0., -6.]])
    """
    signed = signed_multipliers(samples)
    gradients = np.asarray(2.0 * (signed.T @ residuals(samples)) / samples.n_samples)
    return gradients - gradients.mean(axis=0) if centered else gradients


def undetermined_points(samples: Samples, projections: Floats, start: int, stop: int) -> sparse.csr_array:
    """Points whose multiplier may take other values with the same F and v, because active points are dependent.

    Parameters
    ----------
    samples : Samples
        Solved samples.
    projections : array (k, N)
        v of each sample.
    start, stop : int
        Samples to look at.

    Returns
    -------
    sparse.csr_array of bool (stop - start, n)
        True for points that take part in a linear dependence among the points on the boundary of their constraint.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> twice = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> samples = Samples(
    ...     twice, np.arange(3), np.array([[3.0, -1.0]]), np.ones((1, 3), int), np.array([9.0]),
    ...     sparse.csr_array(np.array([[3.0, 0.0, 0.0]])),
    ... )
    >>> undetermined_points(samples, residuals(samples), 0, 1).toarray()
    array([[ True,  True, False]])
    """
    norms = np.linalg.norm(samples.points, axis=1)
    unit = samples.points / np.where(norms > 0, norms, 1.0)[:, None]
    scale = np.linalg.norm(samples.targets[start:stop], axis=1)
    slack = np.abs(projections[start:stop] @ unit.T) / np.where(scale > 0, scale, 1.0)[:, None]
    flagged = sparse.lil_array((stop - start, len(norms)), dtype=bool)
    for row in range(stop - start):
        active = np.flatnonzero((slack[row] <= _ACTIVE) & (norms > 0))
        flagged[row, active[_dependent(unit[active])]] = True
    return sparse.csr_array(flagged)


def _dependent(rows: Floats) -> NDArray[np.bool_]:
    """Which unit rows take part in a linear dependence."""
    gram = rows @ rows.T
    cut = _DEPENDENT * len(rows)
    try:
        linalg.cholesky(gram - cut * np.eye(len(rows)), lower=True, check_finite=False)
    except linalg.LinAlgError:
        values, vectors = np.linalg.eigh(gram)
        null = vectors[:, values <= cut]
        return np.linalg.norm(null, axis=1) > np.sqrt(_DEPENDENT)
    return np.zeros(len(rows), dtype=bool)
