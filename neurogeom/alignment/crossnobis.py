"""Cross-validated squared distances between conditions: unbiased by noise, negative where there is no difference."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogeom._core.responses import as_name, read_responses
from neurogeom._core.validation import as_responses_2d
from neurogeom._core.warnings import collect
from neurogeom.alignment.inputs import Floats
from neurogeom.alignment.rdm import RDM, condition_labels, packed, squared_lengths


def run_means(responses: Floats, conditions: np.ndarray, runs: np.ndarray) -> tuple[Floats, list[str], list[str]]:
    """Mean pattern of each condition in each run, (R, K, N) with NaN where a run lacks a condition."""
    names = list(dict.fromkeys(as_name(value) for value in conditions))
    run_names = list(dict.fromkeys(as_name(value) for value in runs))
    condition = np.array([names.index(as_name(value)) for value in conditions])
    run = np.array([run_names.index(as_name(value)) for value in runs])
    sums = np.zeros((len(run_names), len(names), responses.shape[1]))
    counts = np.zeros((len(run_names), len(names)))
    np.add.at(sums, (run, condition), responses)
    np.add.at(counts, (run, condition), 1.0)
    with np.errstate(invalid="ignore"):
        return sums / np.where(counts > 0, counts, np.nan)[:, :, None], names, run_names


def cross_validated_distances(means: Floats) -> Floats:
    r"""Condensed distances from run means (R, K, N), whitened before; pairs use the runs that have both conditions.

    .. math:: \delta = \frac{\|\sum_r \Delta_r\|^2 - \sum_r \|\Delta_r\|^2}{R (R - 1) N}
    """
    n_runs = len(means)
    if not np.isnan(means).any():
        within = np.sum([squared_lengths(run) for run in means], axis=0)
        return np.asarray((squared_lengths(means.sum(axis=0)) - within) / (n_runs * (n_runs - 1) * means.shape[2]))
    rows, columns = np.triu_indices(means.shape[1], 1)
    values = np.empty(len(rows))
    for index, (i, j) in enumerate(zip(rows, columns, strict=True)):
        differences = means[:, i] - means[:, j]
        differences = differences[~np.isnan(differences).any(axis=1)]
        n_runs = len(differences)
        if n_runs < 2:
            values[index] = np.nan
            continue
        across = float(np.sum(differences.sum(axis=0) ** 2)) - float(np.sum(differences**2))
        values[index] = across / (n_runs * (n_runs - 1) * means.shape[2])
    return values


def crossnobis_distance(responses: Any, conditions: Any, runs: Any, *, noise_precision: Any = None) -> RDM:
    r"""Squared distances between condition means, cross-validated over runs: their mean is the true distance.

    Noise adds to every ordinary distance; here the noise of different runs is independent and drops out, so that
    equal patterns give 0 on average, and negative values are right and must not be clipped.

    Parameters
    ----------
    responses : array or DataArray (presentations, neuroids)
    conditions : array (presentations,) or str
        Condition of each presentation, or the name of a coordinate. Conditions stay in order of first appearance.
    runs : array (presentations,) or str
        Run, session or fold with its own noise. Presentations of a condition in one run are averaged; a pair of
        conditions uses the runs that have both.
    noise_precision : array (neuroids, neuroids), optional
        Inverse noise covariance (positive definite), for Mahalanobis distances; identity otherwise. See
        :func:`noise_precision`.

    Returns
    -------
    RDM
        With ``settings["metric"] == "crossnobis"``.

    Raises
    ------
    ValueError
        Fewer than 2 runs or 3 conditions, a pair that shares fewer than 2 runs, a precision that is not positive
        definite.

    Notes
    -----
    .. math:: \delta = \frac{\|\sum_r \Delta_r\|^2 - \sum_r \|\Delta_r\|^2}{R (R - 1) N}

    in the metric of the noise precision: the mean of Δ_r · Δ_s over pairs of different runs.

    References
    ----------
    Walther et al. (2016), NeuroImage 137:188; Diedrichsen & Kriegeskorte (2017), PLoS Comput Biol 13:e1005508.

    Examples
    --------
    >>> import numpy as np
    >>> pattern = np.array([[0.0, 0], [2, 0], [0, 2]])
    >>> two_runs = np.concatenate([pattern, pattern])
    >>> crossnobis_distance(two_runs, [0, 1, 2] * 2, [0] * 3 + [1] * 3).condensed
    array([2., 2., 4.])
    """
    table = read_responses(responses)
    labels = condition_labels(conditions, table)
    run_labels = condition_labels(runs, table, "runs")
    means, names, run_names = run_means(table.matrix, labels, run_labels)
    if len(run_names) < 2:
        raise ValueError("runs names 1 run; cross-validation needs at least 2. Label presentations by run or session.")
    if len(names) < 3:
        raise ValueError(f"conditions names {len(names)} conditions; an RDM that can be compared needs at least 3.")
    with collect() as notes:
        if noise_precision is not None:
            means = means @ _root(noise_precision, means.shape[2])
        values = cross_validated_distances(means)
    missing = np.flatnonzero(np.isnan(values))
    if len(missing):
        rows, columns = np.triu_indices(len(names), 1)
        first = ", ".join(f"{names[rows[k]]!r} and {names[columns[k]]!r}" for k in missing[:3])
        raise ValueError(
            f"{len(missing)} pairs of conditions share fewer than 2 runs (first: {first}). Leave these conditions out, "
            "or name runs so that each condition occurs in several."
        )
    result = packed(
        values,
        names,
        means.shape[2],
        metric="crossnobis",
        responses=responses,
        conditions=conditions,
        runs=runs,
        noise_precision=noise_precision,
    )
    references = ("Walther et al. (2016), NeuroImage 137:188.", *result.references)
    return RDM(result.data, result.settings, result.diagnostics, tuple(notes), references)


def noise_precision(responses: Any, conditions: Any, runs: Any = None, *, shrinkage: float | None = None) -> Floats:
    """Inverse noise covariance from what is left after condition means, shrunk to its diagonal.

    Parameters
    ----------
    responses : array or DataArray (presentations, neuroids)
    conditions : array (presentations,) or str
    runs : array (presentations,) or str, optional
        With runs, residuals are taken about the mean of each condition in each run where it has several
        presentations, else about the mean over runs.
    shrinkage : float, optional
        Weight of the diagonal target, 0 to 1; by default the value of Schäfer and Strimmer's rule.

    Returns
    -------
    array (neuroids, neuroids)
        Symmetric and positive definite.

    Raises
    ------
    ValueError
        No presentation is repeated, or a neuroid has no noise at all.

    References
    ----------
    Schäfer & Strimmer (2005), Statistical Applications in Genetics and Molecular Biology 4:32, eq. 10.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.normal(size=(400, 2)) * [1.0, 2.0]
    >>> np.diag(noise_precision(noise, [0, 1] * 200)).round(1)
    array([1. , 0.3])
    """
    table = read_responses(responses)
    labels = [as_name(value) for value in condition_labels(conditions, table)]
    if runs is not None:
        pairs = [
            f"{a}\x1f{b}" for a, b in zip(labels, map(as_name, condition_labels(runs, table, "runs")), strict=True)
        ]
        labels = pairs if len(set(pairs)) < len(pairs) else labels
    unique, codes = np.unique(np.array(labels), return_inverse=True)
    counts = np.bincount(codes)
    sums = np.zeros((len(unique), table.matrix.shape[1]))
    np.add.at(sums, codes, table.matrix)
    residual = table.matrix - (sums / counts[:, None])[codes]
    freedom = len(residual) - len(unique)
    if freedom < 2:
        raise ValueError("conditions repeats hardly any presentation, so noise cannot be estimated. Use single trials.")
    covariance = residual.T @ residual / freedom
    diagonal = np.diag(covariance)
    if diagonal.min() <= 0:
        raise ValueError(
            f"responses has {int(np.sum(diagonal <= 0))} neuroids without noise (first: {int(np.argmin(diagonal))}). "
            "Leave neuroids that never vary out."
        )
    weight = _shrinkage(residual, covariance, freedom) if shrinkage is None else shrinkage
    shrunk = (1.0 - weight) * covariance + weight * np.diag(diagonal)
    return np.asarray(np.linalg.inv(shrunk))


def _shrinkage(residual: Floats, covariance: Floats, freedom: int) -> float:
    """Sum of the variances of off-diagonal correlations over the sum of their squares."""
    scale = np.sqrt(np.diag(covariance))
    z = residual / scale
    correlation = covariance / np.outer(scale, scale)
    variance = ((z**2).T @ z**2 / freedom - correlation**2) / freedom
    off = ~np.eye(len(scale), dtype=bool)
    power = float(np.sum(correlation[off] ** 2))
    return float(np.clip(np.sum(variance[off]) / power, 0.0, 1.0)) if power > 0 else 1.0


def _root(precision: Any, n_neuroids: int) -> Floats:
    """A factor L with L Lᵀ = precision, or why there is none."""
    matrix = as_responses_2d(precision, name="noise_precision")
    if matrix.shape != (n_neuroids, n_neuroids):
        raise ValueError(f"noise_precision has shape {matrix.shape}; needed is ({n_neuroids}, {n_neuroids}).")
    if not np.allclose(matrix, matrix.T, rtol=1e-8, atol=1e-12 * np.abs(matrix).max()):
        raise ValueError("noise_precision is not symmetric. Give the inverse of a noise covariance.")
    try:
        return np.asarray(np.linalg.cholesky(matrix))
    except np.linalg.LinAlgError:
        raise ValueError(
            "noise_precision is not positive definite. Shrink the noise covariance before inverting it; "
            "alignment.noise_precision does."
        ) from None
