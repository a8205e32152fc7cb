"""Centers and axes of manifolds from class means and covariances: alignment, variance shares, signal to noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurogeom._core.validation import check_option
from neurogeom.alignment.covariance import unit_cloud
from neurogeom.alignment.inputs import Floats

CENTERS = ("cosine_centered", "pearson")


def class_centers(clouds: Sequence[Floats]) -> Floats:
    """Means of the clouds, (P, N)."""
    return np.array([cloud.mean(axis=0) for cloud in clouds])


def cosines(rows: Floats, others: Floats | None = None) -> Floats:
    """Cosines of all pairs of rows; a zero row has cosine 0."""
    others = rows if others is None else others
    lengths = np.outer(np.linalg.norm(rows, axis=1), np.linalg.norm(others, axis=1))
    return np.asarray(np.where(lengths > 0, rows @ others.T / np.where(lengths > 0, lengths, 1.0), 0.0))


def center_correlations(centers: Floats, convention: str = "cosine_centered") -> Floats:
    """Correlations of class centers, (P, P).

    "cosine_centered" removes the mean of the centers and takes cosines, as the code of manifold capacity theory does:
    unchanged by rotations. "pearson" correlates raw class means across neuroids, which a rotation changes.
    """
    check_option("centers", convention, CENTERS)
    if convention == "pearson":
        return np.asarray(np.corrcoef(centers))
    return cosines(centers - centers.mean(axis=0))


def alignment_matrices(clouds: Sequence[Floats]) -> dict[str, Floats]:
    r"""Alignment of centers and of axes of all pairs, (P, P), each the root mean square cosine of two directions.

    With centers c about their mean and within-class covariances C:

    .. math:: \mathrm{center}_{\mu\nu} = |\cos(c_\mu, c_\nu)|, \quad
       \mathrm{axis}_{\mu\nu} = \sqrt{\frac{\mathrm{tr}\, C_\mu C_\nu}{\mathrm{tr}\, C_\mu \mathrm{tr}\, C_\nu}}, \quad
       \mathrm{center\_axis}_{\mu\nu} =
       \sqrt{\frac{c_\mu^T C_\nu c_\mu}{\|c_\mu\|^2 \mathrm{tr}\, C_\nu}}

    Unrelated directions among N neuroids have a mean square cosine of 1/N. From anchor points instead of means and
    covariances the same alignments come with :func:`neurogeom.capacity.glue`.
    """
    centers = class_centers(clouds)
    centers = centers - centers.mean(axis=0)
    factors = [unit_cloud(cloud) for cloud in clouds]
    n = len(factors)
    axis = np.empty((n, n))
    center_axis = np.zeros((n, n))
    lengths = np.linalg.norm(centers, axis=1)
    for row in range(n):
        for column in range(row, n):
            axis[row, column] = axis[column, row] = np.linalg.norm(factors[row] @ factors[column].T)
        along = np.linalg.norm(centers @ factors[row].T, axis=1)
        center_axis[:, row] = np.where(lengths > 0, along / np.where(lengths > 0, lengths, 1.0), 0.0)
    return {
        "center_alignment": np.abs(cosines(centers)),
        "axis_alignment": axis,
        "center_axis_alignment": center_axis,
    }


def center_basis(centers: Floats) -> Floats:
    """Orthonormal basis (N, ≤ P − 1) of the span of centered class means, by decreasing variance of the means."""
    _, singular, right = np.linalg.svd(centers - centers.mean(axis=0), full_matrices=False)
    if singular[0] == 0:
        return np.zeros((centers.shape[1], 0))
    kept = singular > singular[0] * max(centers.shape) * np.finfo(float).eps
    return np.asarray(right[kept].T)


def variance_share(clouds: Sequence[Floats]) -> float:
    r"""Share of the within-class variance that lies in the span of the class means.

    .. math:: \mathrm{tr}(P W) / \mathrm{tr} W, \quad W = \sum_\mu C_\mu / P

    By chance (P − 1)/N for isotropic clouds (:func:`expected_variance_share`).
    """
    basis = center_basis(class_centers(clouds))
    total = inside = 0.0
    for cloud in clouds:
        spread = (cloud - cloud.mean(axis=0)) / np.sqrt(len(cloud))
        total += float(np.sum(spread**2))
        inside += float(np.sum((spread @ basis) ** 2))
    return inside / total


def signal_to_noise(clouds: Sequence[Floats]) -> Floats:
    r"""Variance of class means over mean within-class variance, along each principal direction of the means.

    .. math:: \mathrm{SNR}_k = \frac{u_k^T B u_k}{u_k^T W u_k}

    Directions are ordered by the variance of the means. Sampling of m points per class alone gives about 1/m along a
    fixed direction. Infinite where a direction has no within-class variance.
    """
    centers = class_centers(clouds)
    basis = center_basis(centers)
    between = np.mean(((centers - centers.mean(axis=0)) @ basis) ** 2, axis=0)
    within = np.mean([np.mean(((cloud - cloud.mean(axis=0)) @ basis) ** 2, axis=0) for cloud in clouds], axis=0)
    with np.errstate(divide="ignore"):
        return np.asarray(between / within)
