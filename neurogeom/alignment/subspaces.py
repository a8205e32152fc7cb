"""Principal subspaces: their angles, and the distance built on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogeom._core.validation import check_count, check_option
from neurogeom._core.warnings import collect
from neurogeom.alignment.inputs import Floats, clouds_of_pair, paired_systems, warn_uneven
from neurogeom.alignment.nulls import random_subspace_overlap
from neurogeom.alignment.results import Meaning, PrincipalAngles, SubspaceDistance, measure


def principal_axes(points: Floats, n_components: int) -> Floats:
    """The first principal axes of a cloud, (N, k) orthonormal; k is cut to the rank of the centered points."""
    _, singular, right = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    rank = int(np.sum(singular > singular[0] * max(points.shape) * np.finfo(float).eps))
    return np.asarray(right[: min(n_components, rank)].T)


def angles_between(basis_a: Floats, basis_b: Floats) -> Floats:
    """Principal angles of two orthonormal bases (N, k) and (N, l), radians, ascending; exact for small ones too."""
    from scipy.linalg import subspace_angles

    return np.asarray(subspace_angles(basis_a, basis_b)[::-1])


def mean_squared_cosine(basis_a: Floats, basis_b: Floats) -> float:
    """Mean squared cosine of the principal angles."""
    return float(np.sum((basis_a.T @ basis_b) ** 2)) / min(basis_a.shape[1], basis_b.shape[1])


def subspace_distance(points_a: Floats, points_b: Floats, n_components: int = 10) -> float:
    """sqrt(1 − mean cos²) between the first principal subspaces of two clouds, as a mean of sin² (no cancellation)."""
    angles = angles_between(principal_axes(points_a, n_components), principal_axes(points_b, n_components))
    return float(np.sqrt(np.mean(np.sin(angles) ** 2)))


def pca_distance(points_a: Any, points_b: Any, *, n_components: int = 10) -> SubspaceDistance:
    r"""Distance of the spans of the first principal components: 0 same span, 1 orthogonal.

    Kuoch et al. name a "PCA distance" in table 1 and define it nowhere; this definition is ours.

    Parameters
    ----------
    points_a, points_b : array or DataArray (points, neuroids)
        Two clouds over the same neuroids, at least 2 points each.
    n_components : int
        Components of each cloud; fewer where its rank is lower.

    Returns
    -------
    SubspaceDistance
        ``distance`` in [0, 1]; ``components_a``, ``components_b`` used; ``null_mean_squared_cosine`` of random
        subspaces of these dimensions with ``z`` and ``p`` (against "no more aligned than random").

    Raises
    ------
    ValueError
        Fewer than 2 points, no variance, or other neuroids.

    Notes
    -----
    .. math:: d = \sqrt{1 - \frac1k \sum_i \cos^2 \phi_i}

    References
    ----------
    Björck & Golub (1973), Mathematics of Computation 27:579 (principal angles).

    Examples
    --------
    >>> import numpy as np
    >>> plane = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]])
    >>> turned = plane[:, [0, 2, 1]]
    >>> round(float(pca_distance(plane, turned, n_components=2)), 4)
    0.7071
    """
    n_components = check_count("n_components", n_components)
    with collect() as notes:
        a, b = clouds_of_pair(points_a, points_b)
        warn_uneven(len(a), len(b))
    axes_a, axes_b = principal_axes(a, n_components), principal_axes(b, n_components)
    angles = angles_between(axes_a, axes_b)
    overlap = random_subspace_overlap(axes_a.shape[1], axes_b.shape[1], a.shape[1])
    z, p = overlap.test(float(np.mean(np.cos(angles) ** 2)))
    values = {
        "distance": float(np.sqrt(np.mean(np.sin(angles) ** 2))),
        "angles": ("component", np.degrees(angles)),
        "components_a": axes_a.shape[1],
        "components_b": axes_b.shape[1],
        "null_mean_squared_cosine": overlap.mean,
        "z": z,
        "p": p,
    }
    used = {"points_a": len(a), "points_b": len(b), "neuroids": a.shape[1]}
    return measure(
        SubspaceDistance,
        values,
        Meaning("distance", (0.0, 1.0), 0.0, True, False, used),
        notes=notes,
        references=("Björck & Golub (1973), Mathematics of Computation 27:579.",),
        points_a=points_a,
        points_b=points_b,
        n_components=n_components,
    )


def principal_angles(x: Any, y: Any, *, n_components: int, space: str = "presentation") -> PrincipalAngles:
    """Angles between the spans of the first principal components of two sets of responses.

    Parameters
    ----------
    x, y : array or DataArray (presentations, neuroids)
        For ``space="presentation"`` the same presentations in both, matched by ``stimulus_id`` where both have it, and
        any numbers of neuroids; for ``space="neuroid"`` the same neuroids and any numbers of points.
    n_components : int
        Components of each; fewer where the rank is lower.
    space : {"presentation", "neuroid"}
        "presentation" compares the time courses over stimuli (two systems), "neuroid" the axes (two clouds of one).

    Returns
    -------
    PrincipalAngles
        ``angles`` (component) in degrees, ascending, and ``largest``.

    Raises
    ------
    ValueError
        Where the common axis differs, or a set has no variance.

    References
    ----------
    Björck & Golub (1973), Mathematics of Computation 27:579.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
    >>> principal_angles(x, 2 * x + 1, n_components=2).angles.values.round(6)
    array([0., 0.])
    """
    check_option("space", space, ("presentation", "neuroid"))
    n_components = check_count("n_components", n_components)
    if space == "presentation":
        left, right = paired_systems(x, y)
        bases = [principal_courses(values, n_components) for values in (left, right)]
        used = {"presentations": len(left), "neuroids_x": left.shape[1], "neuroids_y": right.shape[1]}
    else:
        left, right = clouds_of_pair(x, y, names=("x", "y"))
        bases = [principal_axes(values, n_components) for values in (left, right)]
        used = {"points_x": len(left), "points_y": len(right), "neuroids": left.shape[1]}
    angles = np.degrees(angles_between(*bases))
    return measure(
        PrincipalAngles,
        {"angles": ("component", angles), "largest": float(angles[-1])},
        Meaning("distance", (0.0, 90.0), 0.0, True, False, used),
        references=("Björck & Golub (1973), Mathematics of Computation 27:579.",),
        x=x,
        y=y,
        n_components=n_components,
        space=space,
    )


def principal_courses(responses: Floats, n_components: int) -> Floats:
    """Courses of the first principal components over presentations, (n, k) orthonormal."""
    left, singular, _ = np.linalg.svd(responses - responses.mean(axis=0), full_matrices=False)
    rank = int(np.sum(singular > singular[0] * max(responses.shape) * np.finfo(float).eps))
    return np.asarray(left[:, : min(n_components, rank)])
