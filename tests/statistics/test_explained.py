"""What a prediction explains: closed forms, recovery of a planted model, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom.statistics.explained import cc_max, cc_norm, feve, noise_variance
from neurogeom.statistics.reliability import halves_correlation, shuffled_halves, signal_power


def planted(rng: np.random.Generator, n: int = 4000, n_repetitions: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """A signal of variance 1 and trials with noise of variance 4."""
    signal = rng.normal(size=(n, 2))
    return signal, signal + 2.0 * rng.normal(size=(n_repetitions, n, 2))


def test_the_planted_noise_and_ceiling_are_found(rng: np.random.Generator) -> None:
    _, trials = planted(rng)
    np.testing.assert_allclose(noise_variance(trials), 4.0, rtol=0.05)
    np.testing.assert_allclose(cc_max(trials) ** 2, 1.0 / (1.0 + 4.0 / 5.0), rtol=0.05)


def test_the_signal_itself_explains_all(rng: np.random.Generator) -> None:
    signal, trials = planted(rng)
    np.testing.assert_allclose(cc_norm(signal, trials), 1.0, atol=0.03)
    np.testing.assert_allclose(feve(signal, trials), 1.0, atol=0.05)


def test_the_normalized_correlation_is_r_over_its_maximum_and_keeps_the_sign(rng: np.random.Generator) -> None:
    signal, trials = planted(rng, n=50)
    prediction = signal + rng.normal(size=signal.shape)
    r = [np.corrcoef(prediction[:, one], trials.mean(axis=0)[:, one])[0, 1] for one in range(2)]
    np.testing.assert_allclose(cc_norm(prediction, trials), r / cc_max(trials), rtol=1e-10)
    np.testing.assert_allclose(cc_norm(-3 * prediction + 1, trials), -cc_norm(prediction, trials), rtol=1e-10)
    assert cc_norm(np.zeros_like(signal), trials).tolist() == [0.0, 0.0]


def test_a_wrong_scale_costs_explained_variance_but_no_correlation(rng: np.random.Generator) -> None:
    signal, trials = planted(rng)
    np.testing.assert_allclose(feve(0.5 * signal, trials), 0.75, atol=0.05)
    np.testing.assert_allclose(feve(signal + 1.0, trials), 0.0, atol=0.1)
    np.testing.assert_allclose(feve(np.zeros_like(signal), trials), 0.0, atol=0.02)


def test_missing_trials_are_left_out(rng: np.random.Generator) -> None:
    signal, trials = planted(rng, n=6000)
    trials[3:, ::2] = np.nan
    np.testing.assert_allclose(noise_variance(trials), 4.0, rtol=0.05)
    np.testing.assert_allclose(feve(signal, trials), 1.0, atol=0.06)
    with pytest.raises(ValueError, match="missing"):
        cc_max(trials)


def test_noise_without_signal_has_no_ceiling(rng: np.random.Generator) -> None:
    values = np.array([cc_max(rng.normal(size=(4, 30, 1)))[0] for _ in range(40)])
    assert (values >= 0.0).all()
    assert (values == 0.0).mean() > 0.2


def test_halves_by_weights_are_means_of_rows(rng: np.random.Generator) -> None:
    trials = rng.normal(size=(7, 30, 4)) + rng.normal(size=(30, 4))
    rows = shuffled_halves(7, 5, 3)
    assert (rows > 0).sum(axis=1).tolist() == [3] * 5
    expected = [
        [np.corrcoef(trials[row > 0].mean(axis=0)[:, j], trials[row < 0].mean(axis=0)[:, j])[0, 1] for j in range(4)]
        for row in rows
    ]
    np.testing.assert_allclose(halves_correlation(trials, rows), expected, rtol=1e-10)


@pytest.mark.parametrize("n_repetitions", [4, 5, 20])
def test_shuffled_halves_are_scikit_learns(n_repetitions: int) -> None:
    from sklearn.model_selection import ShuffleSplit

    peer = ShuffleSplit(4, train_size=0.5, random_state=1).split(np.arange(n_repetitions))
    for row, (first, second) in zip(shuffled_halves(n_repetitions, 4, 1), peer):
        assert set(np.flatnonzero(row > 0)) == set(first)
        assert set(np.flatnonzero(row < 0)) == set(second)


@pytest.mark.parametrize("function", [cc_norm, feve])
def test_shapes_that_do_not_fit_are_refused(function) -> None:
    with pytest.raises(ValueError, match="prediction has shape"):
        function(np.zeros((4, 2)), np.zeros((3, 5, 2)))


@pytest.mark.parametrize("function", [noise_variance, signal_power, cc_max])
def test_one_repetition_is_refused(function) -> None:
    with pytest.raises(ValueError, match="two repetitions|at least 2"):
        function(np.zeros((1, 5, 2)))
