"""Closed forms of what sampling and chance alone give, to be put beside measured values."""

from __future__ import annotations

import numpy as np

from neurogeom._core.validation import check_count, check_vector
from neurogeom.alignment.inputs import Floats


def expected_variance_share(n_manifolds: int, n_neuroids: int) -> float:
    """Share of isotropic within-class variance that lies in the span of P centered class means: (P − 1)/N.

    Parameters
    ----------
    n_manifolds, n_neuroids : int
        P ≥ 2 and N.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        Fewer than 2 manifolds or no neuroid.

    Examples
    --------
    >>> expected_variance_share(8, 100)
    0.07
    """
    n_manifolds = check_count("n_manifolds", n_manifolds, minimum=2)
    n_neuroids = check_count("n_neuroids", n_neuroids)
    return min(n_manifolds - 1, n_neuroids) / n_neuroids


def expected_center_correlation(n_manifolds: int) -> float:
    """Mean off-diagonal cosine of P independent centers after their mean is removed: −1/(P − 1).

    Parameters
    ----------
    n_manifolds : int
        P ≥ 2.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        Fewer than 2 manifolds.

    Examples
    --------
    >>> round(expected_center_correlation(8), 4)
    -0.1429
    """
    return -1.0 / (check_count("n_manifolds", n_manifolds, minimum=2) - 1)


def expected_sampling_distance(eigenvalues: Floats, n_points_a: int, n_points_b: int) -> float:
    r"""Squared covariance alignment distance that sampling alone gives two clouds with equal covariances.

    To first order in 1/m, for many points per dimension:

    .. math:: E\,d^2 \approx \tfrac12 \Big(\tfrac1{m_A} + \tfrac1{m_B}\Big)
       \frac{\sum_{ij} \lambda_i \lambda_j / (\lambda_i + \lambda_j)}{\sum_i \lambda_i}

    Parameters
    ----------
    eigenvalues : array (N,)
        Eigenvalues of the common covariance.
    n_points_a, n_points_b : int
        Points m of either cloud.

    Returns
    -------
    float
        For isotropic clouds of m points each N/(2m).

    Raises
    ------
    ValueError
        A negative eigenvalue, none above 0, or fewer than 2 points.

    References
    ----------
    Second-order expansion of the Bures distance between two sample covariances (ours).

    Examples
    --------
    >>> round(expected_sampling_distance(1 / np.arange(1, 41), 200, 200), 4)
    0.06
    """
    spectrum = check_vector(eigenvalues, "eigenvalues")
    if spectrum.min() < 0 or spectrum.max() <= 0:
        raise ValueError("eigenvalues has negative entries, or none above 0. Give the spectrum of a covariance matrix.")
    a, b = (check_count(name, m, minimum=2) for name, m in (("n_points_a", n_points_a), ("n_points_b", n_points_b)))
    spectrum = spectrum[spectrum > 0]
    harmonic = np.sum(spectrum[:, None] * spectrum / (spectrum[:, None] + spectrum))
    return float(0.5 * (1 / a + 1 / b) * harmonic / spectrum.sum())


def expected_isotropic_distance(n_points: int, n_neuroids: int) -> float:
    r"""Squared covariance alignment distance of two isotropic clouds with far fewer points than neuroids.

    .. math:: d^2 \approx 2 - \frac{16}{3\pi} \sqrt{(m - 1)/N}

    Parameters
    ----------
    n_points, n_neuroids : int
        m points of each cloud, N neuroids.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        Fewer than 2 points.

    References
    ----------
    Quarter-circle law of the singular values of a square Gaussian matrix, m of them (ours).

    Examples
    --------
    >>> round(expected_isotropic_distance(25, 1000), 3)
    1.737
    """
    m, n = check_count("n_points", n_points, minimum=2), check_count("n_neuroids", n_neuroids)
    return float(2.0 - 16.0 / (3.0 * np.pi) * np.sqrt((m - 1) / n))


def expected_biased_cka(n_presentations: int, n_neuroids_x: int, n_neuroids_y: int) -> float:
    r"""Mean of biased CKA between independent systems of iid units: :math:`\sqrt{pq/((n+p)(n+q))}`.

    Parameters
    ----------
    n_presentations, n_neuroids_x, n_neuroids_y : int
        n stimuli, p and q units.

    Returns
    -------
    float
        In (0, 1).

    Raises
    ------
    ValueError
        A count below 1.

    Examples
    --------
    >>> round(expected_biased_cka(92, 316, 674), 3)
    0.826
    """
    n = check_count("n_presentations", n_presentations)
    p, q = check_count("n_neuroids_x", n_neuroids_x), check_count("n_neuroids_y", n_neuroids_y)
    return float(np.sqrt(p * q / ((n + p) * (n + q))))
