"""Planted leaks: the naive way scores above chance where nothing can be predicted, ours does not."""

from __future__ import annotations

import numpy as np
import xarray as xr

from neurogeom.predictivity import score, score_layers
from neurogeom.predictivity.aggregate import held_out_correlation, median_over_splits
from neurogeom.regression import ridge_folds


def shuffled_recording(seed: int) -> tuple[xr.DataArray, xr.DataArray]:
    """Responses that repeat well but have nothing to do with the features: stimuli are shuffled."""
    rng = np.random.default_rng(seed)
    n, n_repetitions, t = 60, 4, 10
    features = rng.normal(size=(n, 200))
    signal = features @ rng.normal(size=(200, t)) / np.sqrt(200)
    trials = signal[rng.permutation(n)] + 0.3 * rng.normal(size=(n_repetitions, n, t))
    ids = np.arange(n)
    return (
        xr.DataArray(features, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", ids)}),
        xr.DataArray(
            trials.reshape(-1, t),
            dims=("presentation", "neuroid"),
            coords={"stimulus_id": ("presentation", np.tile(ids, n_repetitions))},
        ),
    )


def test_repetitions_of_a_stimulus_are_never_on_both_sides() -> None:
    naive, ours = [], []
    for seed in range(5):
        features, responses = shuffled_recording(seed)
        # naive: presentations are split, so that a stimulus is memorized from its other repetitions
        rows = features.values[responses.stimulus_id.values]
        order = np.random.default_rng(seed).permutation(len(rows))
        folds = [(np.setdiff1d(order, part), part) for part in np.split(order, 6)]
        found = ridge_folds(rows, responses.values, folds)
        naive.append(
            median_over_splits(
                np.array(
                    [
                        held_out_correlation(found.predict(i), responses.values[test])
                        for i, (_, test) in enumerate(folds)
                    ]
                )
            )
        )
        ours.append(score(features, responses, method="ridge", n_resamples=0, seed=seed).correlation)
    assert min(naive) > 0.8
    assert abs(np.mean(ours)) < 0.1


def test_a_layer_chosen_on_the_reported_stimuli_looks_better_than_it_is() -> None:
    """Thirty layers of noise: their best score is above chance, that of a layer chosen elsewhere is not."""
    naive, ours = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        layers = {f"layer_{number}": rng.normal(size=(60, 20)) for number in range(30)}
        y = rng.normal(size=(60, 3))
        found = score_layers(
            layers,
            y,
            selection=0.5,
            method="ridge",
            alphas=10.0,
            train_size=0.8,
            ceiling=None,
            n_resamples=0,
            seed=seed,
        )
        naive.append(float(found.correlation.max()))
        ours.append(float(found.best_score[0]))
    assert np.mean(naive) > 0.2
    assert abs(np.mean(ours)) < 2.5 * np.std(ours, ddof=1) / np.sqrt(len(ours))
    assert np.mean(ours) < np.mean(naive) - 0.1


def test_features_chosen_by_all_responses_leak_and_the_best_single_feature_does_not() -> None:
    """Choosing a feature by its correlation over all stimuli, test stimuli included, finds one in noise."""
    naive, ours = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(50, 500)), rng.normal(size=(50, 8))
        best = np.abs((x - x.mean(axis=0)).T @ (y - y.mean(axis=0))).argmax(axis=0)
        found = score(x[:, best], y, method="ridge", ceiling=None, n_resamples=0, seed=seed)
        naive.append(found.correlation)
        ours.append(score(x, y, method="one_to_one", ceiling=None, n_resamples=0, seed=seed).correlation)
    assert min(naive) > 0.2
    assert abs(np.mean(ours)) < 0.1
