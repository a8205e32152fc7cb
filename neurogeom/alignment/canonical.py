"""Canonical correlations of two systems (CCA, SVCCA, PWCCA), and linear predictivity."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_option, check_real
from neurogeom._core.warnings import SaturationWarning, collect, warn
from neurogeom.alignment.inputs import Floats, paired_systems
from neurogeom.alignment.results import CanonicalCorrelations, LinearPredictivity, Meaning, measure

_RAGHU = "Raghu, Gilmer, Yosinski & Sohl-Dickstein (2017), NeurIPS (SVCCA)."
_MORCOS = "Morcos, Raghu & Bengio (2018), NeurIPS (PWCCA)."
_HOTELLING = "Hotelling (1936), Biometrika 28:321."


def column_basis(responses: Floats) -> Floats:
    """Orthonormal basis of the columns of centered responses, (n, rank)."""
    left, singular, _ = np.linalg.svd(responses, full_matrices=False)
    return np.asarray(left[:, singular > singular[0] * max(responses.shape) * np.finfo(float).eps])


def canonical_correlations(x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Canonical correlations ρ = sv(Q_xᵀQ_y) with the variates of x and of y over presentations, (n, k) each."""
    basis_x, basis_y = column_basis(x), column_basis(y)
    left, correlations, right = np.linalg.svd(basis_x.T @ basis_y, full_matrices=False)
    return np.clip(correlations, 0.0, 1.0), basis_x @ left, basis_y @ right.T


def leading_components(responses: Floats, variance: float) -> Floats:
    """Scores of the fewest principal components that hold at least this share of variance."""
    left, singular, _ = np.linalg.svd(responses, full_matrices=False)
    share = np.cumsum(singular**2) / np.sum(singular**2)
    count = min(int(np.searchsorted(share, variance - 1e-12)) + 1, len(singular))
    return np.asarray(left[:, :count] * singular[:count])


def projection_weights(variates: Floats, responses: Floats) -> Floats:
    """Weights w_k ∝ Σ_j |h_kᵀx_j| of canonical variates h_k by the responses x_j of one system."""
    raw = np.abs(variates.T @ responses).sum(axis=1)
    return np.asarray(raw / raw.sum())


def cca_similarity(x: Any, y: Any) -> CanonicalCorrelations:
    r"""Mean canonical correlation of two systems: 1 the same span of stimulus courses.

    Unchanged by any invertible linear map of either system. Meaningless where units together reach the number of
    stimuli: a warning says so.

    Parameters
    ----------
    x, y : array or DataArray (presentations, neuroids)
        Responses to the same stimuli, matched by ``stimulus_id`` where both have it.

    Returns
    -------
    CanonicalCorrelations
        ``similarity`` (mean ρ), ``correlations`` (component), ``mean_squared`` and ``null_mean_squared`` =
        max(p, q)/(n − 1), what unrelated systems have.

    Raises
    ------
    ValueError
        Different stimuli, fewer than 3, or no variance.

    Notes
    -----
    :math:`\rho = \mathrm{sv}(Q_x^T Q_y)` with orthonormal bases Q of the centered columns.

    References
    ----------
    Hotelling (1936), Biometrika 28:321.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(30, 3))
    >>> round(float(cca_similarity(x, x @ rng.normal(size=(3, 3)))), 6)
    1.0
    """
    left, right, used = _centered_pair(x, y)
    with collect() as notes:
        values, _ = _cca_values(left, right)
    return measure(
        CanonicalCorrelations, values, _meaning(used, symmetric=True), notes=notes, references=(_HOTELLING,), x=x, y=y,
        variant="cca",
    )  # fmt: skip


def svcca_similarity(x: Any, y: Any, *, variance: float = 0.99) -> CanonicalCorrelations:
    """Mean canonical correlation of the principal components that hold most of the variance of each system.

    Parameters
    ----------
    x, y : array or DataArray (presentations, neuroids)
        Responses to the same stimuli, matched by ``stimulus_id`` where both have it.
    variance : float
        Share of variance that the components of each system hold at least.

    Returns
    -------
    CanonicalCorrelations
        As :func:`cca_similarity`, and ``components_x``, ``components_y``: how many components were used.

    Raises
    ------
    ValueError
        Different stimuli, fewer than 3, no variance, or ``variance`` outside (0, 1].

    References
    ----------
    Raghu, Gilmer, Yosinski & Sohl-Dickstein (2017), NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(30, 3)) * [1.0, 1.0, 1e-3]
    >>> svcca_similarity(x, x).components_x
    2
    """
    variance = check_real("variance", variance, minimum=0.0, maximum=1.0)
    if variance == 0.0:
        raise ValueError("variance=0 keeps no component; a share above 0 is needed, such as 0.99.")
    left, right, used = _centered_pair(x, y)
    left, right = leading_components(left, variance), leading_components(right, variance)
    with collect() as notes:
        values, _ = _cca_values(left, right)
    values |= {"components_x": left.shape[1], "components_y": right.shape[1]}
    return measure(
        CanonicalCorrelations, values, _meaning(used, symmetric=True), notes=notes, references=(_RAGHU,), x=x, y=y,
        variance=variance, variant="svcca",
    )  # fmt: skip


def pwcca_similarity(x: Any, y: Any, *, weights: str = "x") -> CanonicalCorrelations:
    r"""Canonical correlations weighted by how much of one system each variate accounts for. Not symmetric.

    Public code projects the first system where the second is meant; here the weights come from the argument named.

    Parameters
    ----------
    x, y : array or DataArray (presentations, neuroids)
        Responses to the same stimuli, matched by ``stimulus_id`` where both have it.
    weights : {"x", "y"}
        The system whose variates and responses give the weights.

    Returns
    -------
    CanonicalCorrelations
        ``similarity`` (weighted mean), ``correlations`` and ``weights`` (component).

    Raises
    ------
    ValueError
        Different stimuli, fewer than 3, no variance, or an unknown option.

    Notes
    -----
    .. math:: \sum_k w_k \rho_k, \quad w_k \propto \sum_j |h_k^T x_j|

    References
    ----------
    Morcos, Raghu & Bengio (2018), NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(30, 3)), rng.normal(size=(30, 4))
    >>> float(pwcca_similarity(x, y)) != float(pwcca_similarity(x, y, weights="y"))
    True
    """
    check_option("weights", weights, ("x", "y"))
    left, right, used = _centered_pair(x, y)
    with collect() as notes:
        values, variates = _cca_values(left, right)
    chosen = projection_weights(variates[weights], left if weights == "x" else right)
    correlations = values["correlations"][1]
    values |= {"similarity": float(chosen @ correlations), "weights": ("component", chosen)}
    return measure(
        CanonicalCorrelations, values, _meaning(used, symmetric=False), notes=notes, references=(_MORCOS,), x=x, y=y,
        weights=weights, variant="pwcca",
    )  # fmt: skip


def linear_predictivity_r2(
    x: Any, y: Any, *, n_folds: int | None = None, seed: int | None = None
) -> LinearPredictivity:
    r"""Share of the variance of one system that is linear in the other, both ways. Not symmetric.

    In sample (``n_folds=None``) it can only grow with the number of neuroids, and reaches 1 for any data where they
    reach the number of stimuli: a description, not evidence. Give ``n_folds`` for held-out values; ceilings, ridge and
    PLS are in :mod:`neurogeom.predictivity`.

    Parameters
    ----------
    x, y : array or DataArray (presentations, neuroids)
        Responses to the same stimuli, matched by ``stimulus_id`` where both have it.
    n_folds : int, optional
        Folds of a cross-validation of least squares with intercept; None for in-sample values.
    seed : int, optional
        For the folds.

    Returns
    -------
    LinearPredictivity
        ``r2`` (y from x) and ``r2_reverse`` (x from y); ``float()`` gives ``r2``.

    Raises
    ------
    ValueError
        Different stimuli, fewer than 3, no variance, or more folds than stimuli.

    Notes
    -----
    In sample :math:`\|Q_x^T Y\|_F^2 / \|Y\|_F^2`.

    References
    ----------
    Multivariate least squares; Schrimpf et al. (2018), bioRxiv, for its use.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(30, 3))
    >>> round(linear_predictivity_r2(x, x[:, :2], n_folds=5, seed=0).r2, 6)
    1.0
    """
    left, right, used = _centered_pair(x, y)
    with collect() as notes:
        if n_folds is None:
            values = {"r2": explained(left, right), "r2_reverse": explained(right, left)}
            if max(left.shape[1], right.shape[1]) >= len(left) - 1:
                warn(
                    f"{len(left)} stimuli are no more than the neuroids of one system, so in-sample R² is 1 by "
                    "construction. Use n_folds, more stimuli, or neurogeom.predictivity with a ridge.",
                    SaturationWarning,
                )
        else:
            n_folds = check_count("n_folds", n_folds, minimum=2)
            if n_folds > len(left):
                raise ValueError(f"n_folds={n_folds} is more than the {len(left)} stimuli. Use fewer folds.")
            seed = resolve_seed(seed)
            folds = np.array_split(generator(seed).permutation(len(left)), n_folds)
            values = {"r2": held_out(left, right, folds), "r2_reverse": held_out(right, left, folds)}
    lowest = 0.0 if n_folds is None else -np.inf
    return measure(
        LinearPredictivity, values, Meaning("similarity", (lowest, 1.0), 1.0, False, True, used), notes=notes, x=x, y=y,
        n_folds=n_folds, seed=seed,
    )  # fmt: skip


def explained(x: Floats, y: Floats) -> float:
    """In-sample share of variance of centered y in the span of centered x."""
    return float(np.sum((column_basis(x).T @ y) ** 2) / np.sum(y**2))


def held_out(x: Floats, y: Floats, folds: list[np.ndarray]) -> float:
    """Held-out share of variance of least squares with intercept; errors are summed over folds and neuroids."""
    error = total = 0.0
    for fold in folds:
        train = np.setdiff1d(np.arange(len(x)), fold)
        mean_x, mean_y = x[train].mean(axis=0), y[train].mean(axis=0)
        weights = np.linalg.lstsq(x[train] - mean_x, y[train] - mean_y, rcond=None)[0]
        error += float(np.sum((y[fold] - mean_y - (x[fold] - mean_x) @ weights) ** 2))
        total += float(np.sum((y[fold] - mean_y) ** 2))
    return 1.0 - error / total


def _cca_values(x: Floats, y: Floats) -> tuple[dict[str, Any], dict[str, Floats]]:
    """Variables shared by the three variants, and the canonical variates."""
    correlations, variates_x, variates_y = canonical_correlations(x, y)
    n, ranks = len(x), (int(np.linalg.matrix_rank(x)), int(np.linalg.matrix_rank(y)))
    if sum(ranks) >= n:
        warn(
            f"the systems have ranks {ranks[0]} and {ranks[1]} with {n} stimuli, so canonical correlations of 1 arise "
            "by construction. Use svcca_similarity with a smaller variance, more stimuli, or cka_similarity.",
            SaturationWarning,
        )
    values = {
        "similarity": float(correlations.mean()),
        "mean_squared": float(np.mean(correlations**2)),
        "null_mean_squared": min(max(ranks) / (n - 1), 1.0),
        "correlations": ("component", correlations),
    }
    return values, {"x": variates_x, "y": variates_y}


def _meaning(used: dict[str, int], *, symmetric: bool) -> Meaning:
    return Meaning("similarity", (0.0, 1.0), 1.0, symmetric, False, used)


def _centered_pair(x: Any, y: Any) -> tuple[Floats, Floats, dict[str, int]]:
    """Two systems with the same stimuli, columns centered, and their counts."""
    left, right = paired_systems(x, y)
    used = {"presentations": len(left), "neuroids_x": left.shape[1], "neuroids_y": right.shape[1]}
    return left - left.mean(axis=0), right - right.mean(axis=0), used
