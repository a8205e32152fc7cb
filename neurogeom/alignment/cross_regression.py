"""Linear read-out of a feature: one for two clouds against one for each, and trained on one, tested on the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogeom._core.validation import check_real
from neurogeom._core.warnings import SaturationWarning, collect, warn
from neurogeom.alignment.inputs import Floats, clouds_of_pair, feature_of_points, warn_uneven
from neurogeom.alignment.results import KUOCH, CrossRegression, Meaning, RegressionMismatch, measure
from neurogeom.alignment.signal import SATURATED, joint_factor

_LOG_ALPHAS = np.linspace(-6, 6, 49)  # times the mean squared singular value


def least_squares_error(points: Floats, feature: Floats) -> float:
    r"""Error of the best linear read-out, as the residual of θ on the left singular vectors.

    .. math:: \mathrm{LSE} = \langle\theta^2\rangle - \bar x^T C^+ \bar x
    """
    left, singular, _ = np.linalg.svd(points, full_matrices=False)
    left = left[:, singular > singular[0] * max(points.shape) * np.finfo(float).eps]
    residual = feature - left @ (left.T @ feature)
    return float(residual @ residual) / len(feature)


def regression_errors(points_a: Floats, points_b: Floats, feature_a: Floats, feature_b: Floats) -> dict[str, float]:
    """Errors of A, of B and of the union with equal weights, the mismatch, and the overlap rank (center before)."""
    factor = joint_factor(points_a, points_b)
    left = np.concatenate([factor.left_a, factor.left_b])
    target = np.concatenate([feature_a / np.sqrt(len(feature_a)), feature_b / np.sqrt(len(feature_b))])
    residual = target - left @ (left.T @ target)
    errors = {
        "error_a": least_squares_error(points_a, feature_a),
        "error_b": least_squares_error(points_b, feature_b),
        "error_union": 0.5 * float(residual @ residual),
    }
    mismatch = errors["error_union"] - 0.5 * (errors["error_a"] + errors["error_b"])
    return {"mismatch": max(mismatch, 0.0), **errors, "overlap_rank": factor.overlap_rank}


def regression_mismatch(
    points_a: Any, points_b: Any, feature_a: Any, feature_b: Any, *, center: bool = True
) -> RegressionMismatch:
    r"""What one linear read-out of a feature for both clouds loses against one for each: 0 = nothing.

    Zero for identical clouds, the explained variance of the feature for (A, −A). Zero as well, by construction, where
    the clouds share no dimension (``overlap_rank`` 0); a warning says so.

    Parameters
    ----------
    points_a, points_b : array or DataArray (points, neuroids)
        Two clouds over the same neuroids, at least 3 points each.
    feature_a, feature_b : array (points,)
        The feature θ of every point.
    center : bool
        Whether points and features are centered, each cloud by itself.

    Returns
    -------
    RegressionMismatch
        ``mismatch`` ≥ 0 in units of feature variance, ``error_a``, ``error_b``, ``error_union``, ``overlap_rank``.

    Raises
    ------
    ValueError
        Fewer than 3 points, no variance, or a constant feature.

    Notes
    -----
    mismatch = LSE_∪ − (LSE_A + LSE_B)/2, where the union weighs both clouds by one half.

    Errata: eq. 1-3 print the left side with the opposite sign, and propositions 3 and 4 subtract the whole of
    (x̄_A−x̄_B)ᵀS(x̄_A−x̄_B). With S = (C_A + C_B)⁺ the identity is

    .. math:: \mathrm{LSE}_\cup - \tfrac12(\mathrm{LSE}_A + \mathrm{LSE}_B) =
       \tfrac12 (\bar x_A - \bar x_B)^T S (\bar x_A - \bar x_B)
       + \tfrac12 \bar x_A^T (C_A^+ - 2S) \bar x_A + \tfrac12 \bar x_B^T (C_B^+ - 2S) \bar x_B

    References
    ----------
    Kuoch et al. (2024), PMLR 234:395-418, appendix B.3.1, section 3.4.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> cloud, coding = rng.normal(size=(40, 5)), rng.normal(size=5)
    >>> feature = cloud @ coding
    >>> round(float(regression_mismatch(cloud, cloud, feature, feature)), 6)
    0.0
    >>> explained = np.var(feature)
    >>> bool(np.isclose(float(regression_mismatch(cloud, -cloud, feature, feature)), explained))
    True
    """
    with collect() as notes:
        a, b, feature_of_a, feature_of_b = _pair_with_features(points_a, points_b, feature_a, feature_b, center)
        if center:
            a, b = a - a.mean(axis=0), b - b.mean(axis=0)
        values = regression_errors(a, b, feature_of_a, feature_of_b)
        if values["overlap_rank"] == 0:
            warn(SATURATED.format("mismatch is 0", a.shape[1], len(a) + len(b) - 2), SaturationWarning)
    largest = 0.5 * float(np.mean(feature_of_a**2) + np.mean(feature_of_b**2))
    used = {"points_a": len(a), "points_b": len(b), "neuroids": a.shape[1]}
    return measure(
        RegressionMismatch,
        values,
        Meaning("distance", (0.0, largest), 0.0, True, True, used),
        notes=notes,
        references=(KUOCH,),
        points_a=points_a,
        points_b=points_b,
        feature_a=feature_a,
        feature_b=feature_b,
        center=center,
    )


def ridge_weights(points: Floats, feature: Floats, alpha: float | str) -> tuple[Floats, float]:
    """Ridge weights (N,) for centered points and feature, and the penalty used ("cv": least leave-one-out error)."""
    left, singular, right = np.linalg.svd(points, full_matrices=False)
    kept = singular > singular[0] * max(points.shape) * np.finfo(float).eps
    left, singular, right = left[:, kept], singular[kept], right[kept]
    coded = left.T @ feature
    penalty = _penalty_of_least_error(left, singular, coded, feature) if isinstance(alpha, str) else alpha
    return right.T @ (coded * singular / (singular**2 + penalty)), penalty


def _penalty_of_least_error(left: Floats, singular: Floats, coded: Floats, feature: Floats) -> float:
    """Penalty whose leave-one-out error, with an intercept fitted anew each time, is smallest."""
    penalties = 10.0**_LOG_ALPHAS * float(np.mean(singular**2))
    errors = []
    for penalty in penalties:
        shrink = singular**2 / (singular**2 + penalty)
        leverage = np.sum(left**2 * shrink, axis=1) + 1.0 / len(feature)
        residual = (feature - left @ (shrink * coded)) / np.maximum(1.0 - leverage, 1e-12)
        errors.append(float(residual @ residual))
    return float(penalties[int(np.argmin(errors))])


def transferred_r2(
    points_a: Floats,
    points_b: Floats,
    feature_a: Floats,
    feature_b: Floats,
    *,
    alpha: float | str = 1.0,
    center_target: bool = False,
) -> tuple[float, float]:
    """R² on B of a ridge regression with intercept trained on A, and the penalty used."""
    mean_a, level_a = points_a.mean(axis=0), float(feature_a.mean())
    weights, penalty = ridge_weights(points_a - mean_a, feature_a - level_a, alpha)
    deviation = feature_b - feature_b.mean()
    if center_target:
        residual = deviation - (points_b - points_b.mean(axis=0)) @ weights
    else:
        residual = feature_b - ((points_b - mean_a) @ weights + level_a)
    return 1.0 - float(residual @ residual) / float(deviation @ deviation), penalty


def cross_regression_r2(
    points_a: Any,
    points_b: Any,
    feature_a: Any,
    feature_b: Any,
    *,
    alpha: float | str = 1.0,
    center_target: bool = False,
) -> CrossRegression:
    """How well a regression of a feature trained on one cloud predicts it in the other: 1 = perfect transfer.

    Parameters
    ----------
    points_a, points_b : array or DataArray (points, neuroids)
        Two clouds over the same neuroids, at least 3 points each.
    feature_a, feature_b : array (points,)
        The feature θ of every point.
    alpha : float or "cv"
        Ridge penalty, added to the sum over points; "cv" takes the least leave-one-out error inside the training
        cloud. The paper gives none.
    center_target : bool
        Whether the test cloud's own means are removed; else a shift of the test cloud alone makes R² negative.

    Returns
    -------
    CrossRegression
        ``r2`` (trained on A, tested on B) and ``r2_reverse``, each at most 1; ``float()`` gives ``r2``.

    Raises
    ------
    ValueError
        Fewer than 3 points, no variance, or a constant feature.

    References
    ----------
    Kuoch et al. (2024), PMLR 234:395-418, appendix B.4.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> cloud, coding = rng.normal(size=(40, 5)), rng.normal(size=5)
    >>> other = rng.normal(size=(30, 5))
    >>> round(cross_regression_r2(cloud, other, cloud @ coding, other @ coding, alpha=1e-6).r2, 6)
    1.0
    """
    if not (isinstance(alpha, str) and alpha == "cv"):
        if isinstance(alpha, str):
            raise ValueError(f"alpha={alpha!r} is unknown. Give a number of at least 0, or 'cv'.")
        alpha = check_real("alpha", alpha, minimum=0.0)
    with collect() as notes:
        a, b, _, _ = _pair_with_features(points_a, points_b, feature_a, feature_b, True)
    values_a, values_b = (np.asarray(getattr(f, "values", f), dtype=float) for f in (feature_a, feature_b))
    forward, penalty_a = transferred_r2(a, b, values_a, values_b, alpha=alpha, center_target=center_target)
    backward, penalty_b = transferred_r2(b, a, values_b, values_a, alpha=alpha, center_target=center_target)
    used = {"points_a": len(a), "points_b": len(b), "neuroids": a.shape[1]}
    return measure(
        CrossRegression,
        {"r2": forward, "r2_reverse": backward, "alpha_a": penalty_a, "alpha_b": penalty_b},
        Meaning("similarity", (-np.inf, 1.0), 1.0, False, True, used),
        notes=notes,
        references=(KUOCH,),
        points_a=points_a,
        points_b=points_b,
        feature_a=feature_a,
        feature_b=feature_b,
        alpha=alpha,
        center_target=center_target,
    )


def _pair_with_features(
    points_a: Any, points_b: Any, feature_a: Any, feature_b: Any, center: bool
) -> tuple[Floats, Floats, Floats, Floats]:
    """Two checked clouds and their features, centered where asked."""
    a, b = clouds_of_pair(points_a, points_b, minimum=3, center=center)
    values = (
        feature_of_points(feature_a, len(a), "feature_a", center=center),
        feature_of_points(feature_b, len(b), "feature_b", center=center),
    )
    warn_uneven(len(a), len(b))
    return a, b, *values
