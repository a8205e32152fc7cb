"""The regressions by name: out-of-fold predictions and what was chosen on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurogeom._core.parallel import single_threaded_blas
from neurogeom._core.validation import check_count
from neurogeom.regression import (
    Gram,
    banded_folds,
    fold_components,
    gram,
    pls_folds,
    project_sparse,
    ridge_folds,
)
from neurogeom.regression.folds import Fold

METHODS = ("pls", "ridge", "banded_ridge", "one_to_one")
REDUCTIONS = ("pca", "sparse_projection")

REFERENCES = {
    "pls": "Wold, Sjöström & Eriksson 2001, Chemometr. Intell. Lab. 58:109 (PLS regression).",
    "ridge": "Hoerl & Kennard 1970, Technometrics 12:55; Allen 1974, Technometrics 16:125 (leave-one-out).",
    "banded_ridge": "Nunez-Elizalde et al. 2019, NeuroImage 197:482; Dupré la Tour et al. 2022, NeuroImage 264:119728.",
    "one_to_one": "Schrimpf et al. 2020, Neuron 108:413 (Brain-Score; best single feature).",
}


@dataclass(frozen=True)
class Options:
    """What the regressions need to know.

    Parameters
    ----------
    method : str
    n_components : int
        Of partial least squares.
    alphas : float, array-like or None
    alpha_per_target : bool
    reduce : str or None
    n_reduced : int
    backend : str
        Of banded ridge.
    seed : int
    n_jobs : int or None
    """

    method: str
    n_components: int = 25
    alphas: Any = None
    alpha_per_target: bool = True
    reduce: str | None = None
    n_reduced: int = 1000
    backend: str = "numpy"
    seed: int = 0
    n_jobs: int | None = 1


@dataclass(frozen=True)
class Outcome:
    """Predictions of the test rows of each fold, variables for the result, and diagnostics.

    Parameters
    ----------
    predictions : list of ndarray, shape (n_test, t)
    variables : dict of name to (dims, values)
    diagnostics : dict
    """

    predictions: list[np.ndarray]
    variables: Mapping[str, tuple[tuple[str, ...], np.ndarray]] = field(default_factory=dict)
    diagnostics: Mapping[str, Any] = field(default_factory=dict)


def predict(
    bands: Sequence[np.ndarray],
    targets: np.ndarray,
    folds: Sequence[Fold],
    options: Options,
    shared: Gram | None = None,
) -> Outcome:
    """Return out-of-fold predictions; everything is fitted on training rows alone.

    Parameters
    ----------
    bands : sequence of ndarray, shape (n, p_b)
        One, but for banded ridge.
    targets : ndarray, shape (n, t)
    folds : sequence of (train, test)
    options : Options
    shared : Gram, optional
        The Gram matrix of the features, where several sets of targets share it.

    Returns
    -------
    Outcome

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(30, 4))
    >>> fold = (np.arange(20), np.arange(20, 30))
    >>> predict([x], x[:, :2], [fold], Options("pls", n_components=4)).predictions[0].shape
    (10, 2)
    """
    if options.reduce == "sparse_projection":
        bands = [
            project_sparse(band, options.n_reduced, seed=options.seed) if band.shape[1] > options.n_reduced else band
            for band in bands
        ]
        shared = None
    if options.method == "one_to_one":
        return _one_to_one(bands[0], targets, folds)
    if options.reduce == "pca":
        return _after_components(bands, targets, folds, options)
    products = shared_gram(bands, options, len(targets)) if shared is None else shared
    with single_threaded_blas():  # so that the numbers do not depend on n_jobs
        return _fit(bands, targets, folds, options, products)


def shared_gram(bands: Sequence[np.ndarray], options: Options, n_stimuli: int) -> Gram | None:
    """Return the Gram matrix that all folds and all targets share, where the method works by rows.

    Examples
    --------
    >>> shared_gram([np.ones((3, 9))], Options("ridge"), 3).n_features
    9
    """
    if options.method not in ("pls", "ridge") or options.reduce is not None or bands[0].shape[1] <= n_stimuli:
        return None
    return gram(bands[0])


def _fit(
    bands: Sequence[np.ndarray], targets: np.ndarray, folds: Sequence[Fold], options: Options, products: Gram | None
) -> Outcome:
    per_split = ("split", "neuroid")
    if options.method == "pls":
        found = pls_folds(
            bands[0], targets, folds, options.n_components, products=products, n_jobs=options.n_jobs,
            algorithm="auto" if products is None else "dual",
        )  # fmt: skip
        predictions = [found.predict(number) for number in range(len(folds))]
        counts = (("split",), found.n_components)
        return Outcome(predictions, {"n_components_used": counts}, {"algorithm": found.algorithm})
    if options.method == "ridge":
        ridge = ridge_folds(
            bands[0], targets, folds, options.alphas, alpha_per_target=options.alpha_per_target, products=products,
            n_jobs=options.n_jobs,
        )  # fmt: skip
        predictions = [ridge.predict(number) for number in range(len(folds))]
        return Outcome(predictions, {"alpha": (per_split, ridge.alphas)}, {"algorithm": "leave-one-out ridge"})
    banded = banded_folds(
        bands, targets, folds, options.alphas, backend=options.backend, seed=options.seed, n_jobs=options.n_jobs
    )
    predictions = [banded.predict(number) for number in range(len(folds))]
    variables = {"alpha": (per_split, banded.alphas), "band_weight": (("split", "band", "neuroid"), banded.weights)}
    return Outcome(predictions, variables, {"algorithm": f"banded ridge, random search, {options.backend}"})


def _after_components(
    bands: Sequence[np.ndarray], targets: np.ndarray, folds: Sequence[Fold], options: Options
) -> Outcome:
    """Each fold on the principal components of its own training rows."""
    n_reduced = check_count("n_reduced", options.n_reduced)
    grams = [gram(band) if band.shape[1] > len(targets) else None for band in bands]
    parts = []
    with single_threaded_blas():
        for fold in folds:
            scores = [fold_components(band, fold, n_reduced, products=one) for band, one in zip(bands, grams)]
            parts.append(_fit(scores, targets, [fold], options, None))
    variables = {
        name: (dims, np.concatenate([part.variables[name][1] for part in parts]))
        for name, (dims, _) in parts[0].variables.items()
    }
    predictions = [part.predictions[0] for part in parts]
    return Outcome(predictions, variables, {**parts[0].diagnostics, "reduced": "principal components of training rows"})


def _one_to_one(features: np.ndarray, targets: np.ndarray, folds: Sequence[Fold]) -> Outcome:
    """Each neuroid by the single feature that correlates best with it in training, scaled to it."""
    predictions, picked = [], np.zeros((len(folds), targets.shape[1]), dtype=int)
    for number, (train, test) in enumerate(folds):
        mean, target_mean = features[train].mean(axis=0), targets[train].mean(axis=0)
        left, right = features[train] - mean, targets[train] - target_mean
        sizes = np.sqrt((left**2).sum(axis=0))
        varies = sizes > 64.0 * np.finfo(float).eps * np.sqrt(len(train)) * np.abs(features[train]).max(axis=0)
        if not varies.any():
            predictions.append(np.broadcast_to(target_mean, (len(test), targets.shape[1])))
            continue
        cross = left.T @ right
        cosine = np.where(varies[:, None], cross / np.where(varies, sizes, 1.0)[:, None], -np.inf)
        best = cosine.argmax(axis=0)
        slope = cross[best, np.arange(targets.shape[1])] / sizes[best] ** 2
        predictions.append(target_mean + (features[test][:, best] - mean[best]) * slope)
        picked[number] = best
    return Outcome(predictions, {"feature": (("split", "neuroid"), picked)}, {"algorithm": "best single feature"})
