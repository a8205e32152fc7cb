"""Signal mismatch distance: whether two clouds code a feature of their points along the same directions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from neurogeom._core.random import resolve_seed
from neurogeom._core.validation import check_count, check_option, check_real
from neurogeom._core.warnings import SaturationWarning, collect, warn
from neurogeom.alignment.inputs import Floats, clouds_of_pair, feature_of_points, warn_uneven
from neurogeom.alignment.results import KUOCH, Meaning, SignalMismatch, measure
from neurogeom.alignment.uncertainty import jackknife_values


@dataclass(frozen=True)
class JointFactor:
    """Singular factor of both clouds together, Z = [X_A/√m_A; X_B/√m_B] = U diag(s) Vᵀ, with U in two row blocks.

    ``rank_a`` and ``rank_b`` are the ranks of the blocks under the same tolerance, within the kept components.
    """

    left_a: Floats
    left_b: Floats
    singular: Floats
    rank_a: int
    rank_b: int

    @property
    def overlap_rank(self) -> int:
        """rank A + rank B − rank Z: how many dimensions both clouds reach."""
        return max(self.rank_a + self.rank_b - len(self.singular), 0)


def joint_factor(points_a: Floats, points_b: Floats, *, n_components: int | None = None) -> JointFactor:
    """The factor of two clouds as they are given (center before); with ``n_components`` only its largest directions.

    Keeping the first k singular triples is the same as projecting both clouds on the k principal components of the
    pooled points, each cloud with weight one half.
    """
    scaled = [points / np.sqrt(len(points)) for points in (points_a, points_b)]
    left, singular, right = np.linalg.svd(np.concatenate(scaled), full_matrices=False)
    tolerance = singular[0] * max(len(left), points_a.shape[1]) * np.finfo(float).eps
    rank = int(np.sum(singular > tolerance))
    kept = rank if n_components is None else min(n_components, rank)
    blocks = scaled if kept == rank else [block @ right[:kept].T for block in scaled]
    ranks = [int(np.sum(np.linalg.svd(block, compute_uv=False) > tolerance)) for block in blocks]
    left = left[:, :kept]
    return JointFactor(left[: len(points_a)], left[len(points_a) :], singular[:kept], ranks[0], ranks[1])


def on_pooled_components(points_a: Floats, points_b: Floats, n_components: int | None) -> tuple[Floats, Floats]:
    """Both clouds (center before) on the principal components that :func:`joint_factor` keeps; as they are for None."""
    if n_components is None:
        return points_a, points_b
    scaled = [points / np.sqrt(len(points)) for points in (points_a, points_b)]
    _, _, right = np.linalg.svd(np.concatenate(scaled), full_matrices=False)
    basis = right[:n_components].T
    return points_a @ basis, points_b @ basis


def coded_directions(factor: JointFactor, feature_a: Floats, feature_b: Floats) -> tuple[Floats, Floats]:
    """p = U_Aᵀθ_A/√m_A and q likewise: the mean of θx of each cloud, whitened by the pooled covariance."""
    return (
        np.asarray(factor.left_a.T @ feature_a / np.sqrt(len(feature_a))),
        np.asarray(factor.left_b.T @ feature_b / np.sqrt(len(feature_b))),
    )


def mismatch_of_directions(p: Floats, q: Floats, weights: Floats | float = 1.0) -> float:
    """1 − 2 p·q / (p·p + q·q), each product weighted; NaN where both are zero."""
    total = float(np.sum(weights * p * p) + np.sum(weights * q * q))
    return 1.0 - 2.0 * float(np.sum(weights * p * q)) / total if total > 0.0 else np.nan


def signal_mismatch(
    points_a: Floats,
    points_b: Floats,
    feature_a: Floats,
    feature_b: Floats,
    *,
    center: bool = True,
    ridge: float = 0.0,
    relative: bool = False,
    n_components: int | None = None,
) -> tuple[float, int]:
    r"""Signal mismatch distance and the overlap rank of two clouds (m_a, N), (m_b, N) with features (m_a,), (m_b,).

    .. math:: d = 1 - \frac{2 p \cdot q}{p \cdot p + q \cdot q}, \quad
       p = U_A^T \theta_A / \sqrt{m_A}, \quad q = U_B^T \theta_B / \sqrt{m_B}

    A ridge weights the products by s²/(s² + λ).
    """
    if center:
        points_a, points_b = points_a - points_a.mean(axis=0), points_b - points_b.mean(axis=0)
        feature_a, feature_b = feature_a - feature_a.mean(), feature_b - feature_b.mean()
    factor = joint_factor(points_a, points_b, n_components=n_components)
    p, q = coded_directions(factor, feature_a, feature_b)
    power = factor.singular**2
    penalty = (
        ridge * float(np.sum(points_a**2) / len(points_a) + np.sum(points_b**2) / len(points_b)) if relative else ridge
    )
    return mismatch_of_directions(p, q, power / (power + penalty)), factor.overlap_rank


def signal_mismatch_distance(
    points_a: Any,
    points_b: Any,
    feature_a: Any,
    feature_b: Any,
    *,
    center: bool = True,
    ridge: float | str = 0.0,
    n_components: int | None = None,
    uncertainty: str | None = None,
    n_groups: int = 10,
    seed: int | None = None,
) -> SignalMismatch:
    r"""Whether two clouds code a feature along the same directions: 0 same, 1 unrelated, 2 opposite.

    Unchanged by any common invertible linear map of the neuroids and by a common scale of points or of features; not
    by a scale of one cloud alone.

    Saturation: where the clouds share no dimension (``overlap_rank`` 0, the rule for centered clouds in general
    position with neuroids ≥ points_a + points_b − 2) the distance is 1 whatever the data, and a warning says so.
    ``n_components`` or ``ridge`` then keep the order of distances but shrink them towards 1; choose them without
    looking at the feature.

    Parameters
    ----------
    points_a, points_b : array or DataArray (points, neuroids)
        Two clouds over the same neuroids, at least 3 points each.
    feature_a, feature_b : array (points,)
        The feature θ of every point.
    center : bool
        Whether points and features are centered, each cloud by itself.
    ridge : float or str
        λ added to the pooled covariance, in squared response units; ``"relative:0.1"`` is 0.1 tr(C_A + C_B).
    n_components : int, optional
        Keep this many principal components of the pooled within-class points.
    uncertainty : {"points", None}
        "points" adds a standard error and a 95 % interval by a delete-group jackknife.
    n_groups : int
        Groups of the jackknife, per cloud.
    seed : int, optional
        For the groups.

    Returns
    -------
    SignalMismatch
        ``distance`` in [0, 2] and ``overlap_rank``; ``float()`` gives the distance.

    Raises
    ------
    ValueError
        Fewer than 3 points, no variance, a constant feature, or a feature that no direction of either cloud codes.

    Notes
    -----
    With x̄_M = ⟨θx⟩, C_M = ⟨xxᵀ⟩ and S = (C_A + C_B)⁺,

    .. math:: d = \frac{(\bar x_A - \bar x_B)^T S (\bar x_A - \bar x_B)}{\bar x_A^T S \bar x_A + \bar x_B^T S \bar x_B}

    Erratum: the proof of proposition 2.6 uses (C_A + C_B)⁻¹ = C_A⁻¹ + C_B⁻¹, which fails for oblique subspaces; its
    statement (d = 1 for subspaces that meet only at 0) holds, since C_A S C_B = 0.

    References
    ----------
    Kuoch et al. (2024), PMLR 234:395-418, section 2.1, appendix B.3.2.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> cloud, coding = rng.normal(size=(40, 5)), rng.normal(size=5)
    >>> feature = cloud @ coding
    >>> round(float(signal_mismatch_distance(cloud, cloud, feature, feature)), 6)
    0.0
    >>> round(float(signal_mismatch_distance(cloud, -cloud, feature, feature)), 6)
    2.0
    """
    penalty, relative = read_ridge(ridge)
    check_option("uncertainty", uncertainty or "None", ("None", "points"))
    if n_components is not None:
        n_components = check_count("n_components", n_components)
    with collect() as notes:
        a, b = clouds_of_pair(points_a, points_b, minimum=3, center=center)
        features = (
            feature_of_points(feature_a, len(a), "feature_a", center=center),
            feature_of_points(feature_b, len(b), "feature_b", center=center),
        )
        warn_uneven(len(a), len(b))
        options: dict[str, Any] = {
            "center": center, "ridge": penalty, "relative": relative, "n_components": n_components,
        }  # fmt: skip
        distance, overlap_rank = signal_mismatch(a, b, *features, **options)
        if not np.isfinite(distance):
            raise ValueError(
                "feature_a and feature_b are uncorrelated with every direction of their clouds, so there is no signal "
                "to compare. Choose a feature that the responses vary with."
            )
        if overlap_rank == 0 and penalty == 0.0:
            warn(SATURATED.format("distance is 1", a.shape[1], len(a) + len(b) - 2), SaturationWarning)
        values: dict[str, Any] = {"distance": distance, "overlap_rank": overlap_rank}
        if uncertainty is not None:
            seed = resolve_seed(seed)
            statistic = partial(_distance_only, **options)
            values |= jackknife_values("distance", statistic, (a, b), features, n_groups, seed, upper=2.0)
    used = {"points_a": len(a), "points_b": len(b), "neuroids": a.shape[1]}
    return measure(
        SignalMismatch,
        values,
        Meaning("distance", (0.0, 2.0), 0.0, True, True, used),
        notes=notes,
        references=(KUOCH,),
        points_a=points_a,
        points_b=points_b,
        feature_a=feature_a,
        feature_b=feature_b,
        center=center,
        ridge=ridge,
        n_components=n_components,
        uncertainty=uncertainty,
        n_groups=n_groups,
        seed=seed,
    )


SATURATED = (
    "{} by construction: the clouds share no dimension ({} neuroids, points reach up to {} dimensions together), "
    "so any data give this value. Use n_components, more points, or fewer neuroids."
)


def _distance_only(a: Floats, b: Floats, feature_a: Floats, feature_b: Floats, **options: Any) -> float:
    return signal_mismatch(a, b, feature_a, feature_b, **options)[0]


def read_ridge(ridge: float | str) -> tuple[float, bool]:
    """λ, and whether it is relative to the total variance."""
    if not isinstance(ridge, str):
        return check_real("ridge", ridge, minimum=0.0), False
    start, _, number = ridge.partition(":")
    try:
        if start != "relative":
            raise ValueError
        return check_real("ridge", float(number), minimum=0.0), True
    except ValueError:
        raise ValueError(
            f"ridge={ridge!r} is not understood. Give a number of at least 0, or 'relative:0.1' for a share of the "
            "total variance."
        ) from None
