"""Banded ridge: a penalty for each group of features, chosen for each target by leave-one-out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurogeom._core.parallel import run_units
from neurogeom._core.random import generator
from neurogeom._core.validation import check_count, check_option
from neurogeom.regression.banded_himalaya import BACKENDS, himalaya_fold
from neurogeom.regression.folds import Fold, check_folds, gram
from neurogeom.regression.ridge import check_alphas, dual_coefficients, predict_by_rows
from neurogeom.regression.ridge_path import leave_one_out_errors, spectrum_of_kernel


@dataclass(frozen=True)
class BandedFolds:
    """Predictions of the test rows of every fold.

    Parameters
    ----------
    alphas : ndarray, shape (folds, t)
    weights : ndarray, shape (folds, bands, t)
        Share of each band in the kernel of each target; they sum to one.
    """

    alphas: np.ndarray
    weights: np.ndarray
    _predictions: tuple[np.ndarray, ...]

    def predict(self, fold: int) -> np.ndarray:
        """Return predictions of the test rows of one fold, shape (n_test, t)."""
        return self._predictions[fold]


def banded_folds(
    bands: Sequence[np.ndarray],
    targets: np.ndarray,
    folds: Sequence[Any],
    alphas: Any = None,
    *,
    n_candidates: int = 30,
    backend: str = "numpy",
    seed: int = 0,
    n_jobs: int | None = 1,
) -> BandedFolds:
    """Fit banded ridge to the training rows of every fold and predict its test rows.

    Parameters
    ----------
    bands : sequence of ndarray, shape (n, p_b)
        One array for each group of features.
    targets : ndarray, shape (n, t)
    folds : sequence of (train, test)
    alphas : float or array-like, optional
        Penalties, in units of the mean power of a training row; 10⁻⁴ … 10⁵ by default.
    n_candidates : int
        Mixes of bands that are tried: each band alone, all alike, and random ones (Dirichlet).
    backend : {"numpy", "himalaya", "himalaya_torch", "himalaya_cuda"}
        Ours, or himalaya's with numpy, torch or a graphics card (extra ``ridge``), which takes the same mixes and
        penalties but chooses by five-fold cross-validation in place of leave-one-out. Tests run all but the last.
    seed : int
        Of the random mixes, and of himalaya's folds.
    n_jobs : int or None
        Threads over folds; himalaya's back end is one for the whole process, so that it goes fold by fold.

    Returns
    -------
    BandedFolds

    Raises
    ------
    ValueError
        For no band, bands of different lengths, an unknown back end, or penalties that are not above zero.
    ImportError
        Where himalaya is asked for and not installed.

    Notes
    -----
    The kernel of a target is ``Σ_b γ_b K_b``, K_b scaled to unit power per training row. A small γ_b is a large
    penalty of band b. Each target takes the mix and the penalty with the least leave-one-out error.

    References
    ----------
    Nunez-Elizalde, Huth & Gallant 2019, NeuroImage 197:482; Dupré la Tour, Eickenberg, Nunez-Elizalde & Gallant 2022,
    NeuroImage 264:119728 (random search).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> good, bad = rng.normal(size=(40, 3)), rng.normal(size=(40, 30))
    >>> folds = banded_folds([good, bad], good[:, :1], [(np.arange(30), np.arange(30, 40))], seed=0)
    >>> bool(folds.weights[0, 0, 0] > 0.9)
    True
    """
    penalties = np.logspace(-4, 5, 37) if alphas is None else check_alphas(alphas)
    if not bands or any(len(band) != len(targets) for band in bands):
        raise ValueError(f"bands holds {len(bands)} arrays; at least one is needed, each with {len(targets)} rows.")
    pairs = check_folds(folds, len(targets))
    check_option("backend", backend, ("numpy", *BACKENDS))
    kernels = [gram(band).matrix for band in bands]
    mixes = band_mixes(len(bands), n_candidates, seed)
    if backend != "numpy":
        theirs = [himalaya_fold(kernels, targets, pair, mixes, penalties, backend=backend, seed=seed) for pair in pairs]
        predictions, chosen, weights = zip(*theirs)
        return BandedFolds(np.array(chosen), np.array(weights), tuple(predictions))
    units = [(kernels, targets, pair, mixes, penalties) for pair in pairs]
    found = [_one_fold(*unit) for unit in units] if n_jobs == 1 else run_units(_one_fold, units, n_jobs=n_jobs)
    predictions, chosen, weights = zip(*found)
    return BandedFolds(np.array(chosen), np.array(weights), tuple(predictions))


def band_mixes(n_bands: int, n_candidates: int, seed: int) -> np.ndarray:
    """Return the mixes that are tried: each band alone, all alike, random ones; rows sum to one.

    Parameters
    ----------
    n_bands, n_candidates, seed : int

    Returns
    -------
    ndarray, shape (candidates, n_bands)

    Examples
    --------
    >>> band_mixes(2, 3, 0).tolist()
    [[0.5, 0.5], [1.0, 0.0], [0.0, 1.0]]
    """
    fixed = np.concatenate([np.full((1, n_bands), 1.0 / n_bands), np.eye(n_bands)])
    if n_bands == 1:
        return np.ones((1, 1))
    n_random = max(check_count("n_candidates", n_candidates) - len(fixed), 0)
    return np.concatenate([fixed, generator(seed, 7).dirichlet(np.full(n_bands, 0.5), size=n_random)])


def _one_fold(
    kernels: Sequence[np.ndarray], targets: np.ndarray, pair: Fold, mixes: np.ndarray, alphas: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    train = pair[0]
    mean = targets[train].mean(axis=0)
    centered = targets[train] - mean
    inner = [kernel[np.ix_(train, train)] for kernel in kernels]
    powers = np.array([max(np.trace(part) / len(train) - part.mean(), 0.0) for part in inner])
    scales = np.divide(1.0, powers, out=np.zeros_like(powers), where=powers > 0.0)
    best = np.full(targets.shape[1], np.inf)
    which = np.zeros(targets.shape[1], dtype=int)
    chosen = np.full(targets.shape[1], alphas[0])
    for number, mix in enumerate(mixes):
        found = spectrum_of_kernel(sum(w * s * part for w, s, part in zip(mix, scales, inner)))
        errors = leave_one_out_errors(found, centered, alphas)
        place = errors.argmin(axis=0)
        least = errors[place, np.arange(len(best))]
        better = least < best
        best[better], which[better], chosen[better] = least[better], number, alphas[place[better]]
    prediction = np.empty((len(pair[1]), len(best)))
    for number in np.unique(which):
        mine = which == number
        whole = sum(w * s * kernel for w, s, kernel in zip(mixes[number], scales, kernels))
        found = spectrum_of_kernel(whole[np.ix_(train, train)])
        coefficients = dual_coefficients(found, centered[:, mine], chosen[mine])
        prediction[:, mine] = predict_by_rows(whole, pair, coefficients, mean[mine])
    return prediction, chosen, mixes[which].T
