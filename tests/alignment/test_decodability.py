"""Geometry against decodability, pair by pair."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom import Manifolds, alignment, readout


@pytest.fixture(scope="module")
def given() -> Manifolds:
    rng = np.random.default_rng(0)
    return Manifolds([0.6 * rng.normal(size=(60, 25)) + shift * rng.normal(size=25) for shift in (0.1, 0.2, 0.3, 0.6)])


@pytest.fixture(scope="module")
def result(given: Manifolds) -> alignment.Decodability:
    return alignment.decodability(given, n_shots=3, n_trials=150, seed=0)


OFF = ~np.eye(4, dtype=bool)


def test_predicted_and_measured_errors_agree(result: alignment.Decodability) -> None:
    predicted, measured = result.predicted_error.values[OFF], result.prototype_error.values[OFF]
    np.testing.assert_allclose(predicted, measured, atol=0.04)
    assert np.corrcoef(predicted, measured)[0, 1] > 0.97


def test_each_entry_is_that_of_its_pair(given: Manifolds, result: alignment.Decodability) -> None:
    one = alignment.few_shot_snr(given.clouds[2], given.clouds[0], n_shots=3)
    assert float(result.snr[2, 0]) == pytest.approx(float(one))
    assert float(result.predicted_error[2, 0]) == pytest.approx(one.error)
    decoded = readout.classify(given.select_manifolds([0, 2]), splits=5, seed=0)
    assert float(result.decoding_error[0, 2]) == pytest.approx(1 - decoded.balanced_accuracy)


def test_a_larger_ratio_means_better_decoding(result: alignment.Decodability) -> None:
    assert result.rank_correlation > 0.5
    assert result.mean_decoding_error < result.mean_prototype_error


def test_does_not_depend_on_threads(given: Manifolds) -> None:
    one, two = (alignment.decodability(given, n_trials=5, seed=3, n_jobs=jobs) for jobs in (1, 2))
    assert one.data.identical(two.data)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"n_shots": 60}, "needs at least 61"), ({"n_shots": 0}, "n_shots=0"), ({"n_folds": 1}, "n_folds=1")],
)
def test_impossible_counts_are_refused(given: Manifolds, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        alignment.decodability(given, **options)
