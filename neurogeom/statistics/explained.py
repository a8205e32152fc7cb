"""How much of what could be explained a prediction explains: numbers in, numbers out.

Trials are arrays (repetition, stimulus, …), NaN where a stimulus was not shown so often; predictions (stimulus, …).
"""

from __future__ import annotations

import numpy as np

from neurogeom.statistics.reliability import signal_power


def noise_variance(trials: np.ndarray) -> np.ndarray:
    """Variance of a single trial around the mean response to its stimulus, averaged over stimuli (ddof 1).

    Parameters
    ----------
    trials : array (repetition, stimulus, …)

    Returns
    -------
    ndarray (…)
        Stimuli with one repetition are left out.

    Raises
    ------
    ValueError
        Where no stimulus has two repetitions.

    Examples
    --------
    >>> noise_variance(np.array([[[1.0], [3.0]], [[3.0], [5.0]]])).tolist()
    [2.0]
    """
    known = np.isfinite(trials)
    count = known.sum(axis=0)
    if not (count >= 2).any():
        raise ValueError("no stimulus has two repetitions, so noise cannot be told from signal.")
    filled = np.where(known, trials, 0.0)
    mean = filled.sum(axis=0) / np.maximum(count, 1)
    spread = np.where(known, trials - mean, 0.0)
    each = np.where(count >= 2, (spread**2).sum(axis=0) / np.maximum(count - 1, 1), np.nan)
    n_used = (count >= 2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n_used > 0, np.nansum(each, axis=0) / n_used, np.nan)


def cc_max(trials: np.ndarray) -> np.ndarray:
    r"""Correlation with the mean response that a model of the whole signal would reach.

    :math:`\sqrt{SP / \mathrm{Var}(\bar y)}`; its square is the reliability of the mean.

    Parameters
    ----------
    trials : array (repetition, stimulus, …)
        Complete.

    Returns
    -------
    ndarray (…)
        0 where the signal power is estimated below zero, NaN where the mean does not vary.

    Raises
    ------
    ValueError
        Fewer than two repetitions or stimuli, or missing trials.

    References
    ----------
    Hsu, Borst & Theunissen 2004, Network 15:91; Schoppe et al. 2016, Front. Comput. Neurosci. 10:10.

    Examples
    --------
    >>> cc_max(np.array([[[1.0], [3.0]], [[1.0], [3.0]]])).tolist()
    [1.0]
    """
    power, _ = signal_power(trials)
    total = trials.mean(axis=0).var(axis=0, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0.0, np.sqrt(np.maximum(power, 0.0) / total), np.nan)


def cc_norm(prediction: np.ndarray, trials: np.ndarray) -> np.ndarray:
    r"""Correlation with the mean response in units of what a model of the whole signal would reach; keeps its sign.

    :math:`\mathrm{Cov}(\hat y, \bar y) / \sqrt{\mathrm{Var}(\hat y)\, SP}`, that is r / :func:`cc_max`.

    Parameters
    ----------
    prediction : array (stimulus, …)
    trials : array (repetition, stimulus, …)
        Complete.

    Returns
    -------
    ndarray (…)
        Can exceed 1 by chance. 0 for a constant prediction; NaN where there is no signal power.

    Raises
    ------
    ValueError
        For shapes that do not fit, fewer than two repetitions or stimuli, or missing trials.

    References
    ----------
    Schoppe et al. 2016, Front. Comput. Neurosci. 10:10.

    Examples
    --------
    >>> trials = np.array([[[1.0], [3.0]], [[1.0], [3.0]]])
    >>> cc_norm(np.array([[5.0], [4.0]]), trials).tolist()
    [-1.0]
    """
    _check_shape(prediction, trials)
    power, _ = signal_power(trials)
    mean = trials.mean(axis=0)
    covariance = ((prediction - prediction.mean(axis=0)) * (mean - mean.mean(axis=0))).sum(axis=0) / (len(mean) - 1)
    spread = prediction.var(axis=0, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = covariance / np.sqrt(spread * power)
    return np.where(power > 0.0, np.where(spread > 0.0, value, 0.0), np.nan)


def feve(prediction: np.ndarray, trials: np.ndarray) -> np.ndarray:
    r"""Fraction of the explainable variance of single trials that a prediction explains.

    :math:`1 - (\mathrm{MSE} - \sigma^2) / (\mathrm{Var}(y) - \sigma^2)` over all trials, σ² the noise variance.

    Parameters
    ----------
    prediction : array (stimulus, …)
        In the units of the responses: a wrong scale or offset counts as error.
    trials : array (repetition, stimulus, …)
        NaN where not shown.

    Returns
    -------
    ndarray (…)
        1 for the signal itself, 0 for the mean response, below zero for worse; NaN where nothing is explainable.

    Raises
    ------
    ValueError
        For shapes that do not fit, or where no stimulus has two repetitions.

    References
    ----------
    Cadena et al. 2019, PLoS Comput. Biol. 15:e1006897.

    Examples
    --------
    >>> trials = np.array([[[1.0], [3.0]], [[1.0], [3.0]]])
    >>> feve(np.array([[1.0], [3.0]]), trials).tolist(), feve(np.array([[2.0], [2.0]]), trials).tolist()
    ([1.0], [0.0])
    """
    _check_shape(prediction, trials)
    noise = noise_variance(trials)
    error = np.nanmean((trials - prediction) ** 2, axis=(0, 1))
    total = np.nanvar(trials, axis=(0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > noise, 1.0 - (error - noise) / (total - noise), np.nan)


def _check_shape(prediction: np.ndarray, trials: np.ndarray) -> None:
    if prediction.shape != trials.shape[1:]:
        raise ValueError(
            f"prediction has shape {prediction.shape}, trials has shape {trials.shape}; (stimulus, …) and "
            "(repetition, stimulus, …) are needed."
        )
