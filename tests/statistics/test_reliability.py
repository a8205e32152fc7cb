"""Reliability: closed forms, stored values, and every way to cut repetitions in halves."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom.statistics.reliability import (
    _common_halves,
    _own_halves,
    column_correlation,
    explainable_share,
    lengthening,
    signal_power,
    spearman_brown,
    split_half_correlation,
)


@pytest.fixture(scope="module")
def golden():
    """Responses of the stored predictivity values: 20 repetitions, 315 stimuli, 100 neuroids."""
    rng = np.random.default_rng(20240718)
    n, p, t, k, n_repetitions = 315, 1000, 100, 40, 20
    latent, _, _ = rng.normal(size=(n, k)), rng.normal(size=(k, p)), rng.normal(size=(n, p))
    loading, own = rng.normal(size=(k, t)), rng.normal(size=(n, t))
    signal = (latent * np.arange(1, k + 1) ** -0.5) @ loading + own
    return signal + 3 * rng.normal(size=(n_repetitions, n, t))


@given(r=st.floats(-0.99, 1.0), k=st.floats(0.1, 10))
@settings(max_examples=50, deadline=None)
def test_lengthening_and_shortening_undo_each_other(r, k):
    if 1 + (k - 1) * r > 0.05:
        longer = float(spearman_brown(r, k))
        assert float(spearman_brown(longer, 1 / k)) == pytest.approx(r, abs=1e-9)


def test_column_correlation_is_numpys_and_knows_missing_and_constant_columns(rng):
    a, b = rng.normal(size=(9, 3, 2)), rng.normal(size=(9, 3, 2))
    found = column_correlation(a, b)
    assert found[1, 1] == pytest.approx(np.corrcoef(a[:, 1, 1], b[:, 1, 1])[0, 1], abs=1e-12)
    a[2, 0, 0] = np.nan
    keep = np.arange(9) != 2
    assert column_correlation(a, b)[0, 0] == pytest.approx(np.corrcoef(a[keep, 0, 0], b[keep, 0, 0])[0, 1], abs=1e-12)
    a[:, 2, 0] = 0.1 + 0.2
    assert np.isnan(column_correlation(a, b)[2, 0])


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7])
def test_all_splits_are_all_pairs_of_equal_halves_once(n):
    rows, exact = _common_halves(n, 1, seed=0)
    half = n // 2
    assert exact
    found = {frozenset((frozenset(np.flatnonzero(row > 0)), frozenset(np.flatnonzero(row < 0)))) for row in rows}
    expected = {
        frozenset((frozenset(a), frozenset(b)))
        for a in itertools.combinations(range(n), half)
        for b in itertools.combinations(set(range(n)) - set(a), half)
    }
    assert found == expected and len(rows) == len(expected)
    assert len(rows) == math.comb(n, half) * math.comb(n - half, half) / 2


def test_many_repetitions_are_split_at_random_into_equal_halves():
    rows, exact = _common_halves(20, 30, seed=4)
    assert not exact and rows.shape == (30, 20)
    assert (rows == 1).sum(axis=1).tolist() == [10] * 30
    assert len({tuple(row) for row in rows}) == 30
    np.testing.assert_array_equal(rows, _common_halves(20, 30, seed=4)[0])


@pytest.mark.parametrize("halves", ["common", "own"])
def test_the_correlation_of_halves_is_the_share_of_signal(rng, halves):
    signal_sd, noise_sd, n_repetitions = 1.0, 2.0, 8
    trials = signal_sd * rng.normal(size=(1, 4000, 3)) + noise_sd * rng.normal(size=(n_repetitions, 4000, 3))
    found, _ = split_half_correlation(trials, n_splits=10, seed=0, halves=halves)
    expected = signal_sd**2 / (signal_sd**2 + noise_sd**2 / (n_repetitions / 2))
    np.testing.assert_allclose(found.mean(axis=0), expected, atol=0.035)
    whole = signal_sd**2 / (signal_sd**2 + noise_sd**2 / n_repetitions)
    np.testing.assert_allclose(spearman_brown(found.mean(axis=0)), whole, atol=0.03)


def test_drift_shared_by_all_stimuli_cancels_in_common_halves_only(rng):
    trials = rng.normal(size=(1, 60, 4)) + 0.5 * rng.normal(size=(6, 60, 4))
    drift = 5 * rng.normal(size=(6, 1, 4))
    common = [split_half_correlation(t, n_splits=9, seed=0, halves="common")[0] for t in (trials, trials + drift)]
    np.testing.assert_allclose(common[0], common[1], atol=1e-10)
    own = [split_half_correlation(t, n_splits=9, seed=0, halves="own")[0].mean() for t in (trials, trials + drift)]
    assert own[1] < own[0] - 0.2


def test_unequal_repetitions_use_as_many_as_each_stimulus_has(rng):
    trials = np.repeat(rng.normal(size=(1, 30, 2)), 6, axis=0)
    trials[3:, :10] = np.nan
    found, exact = split_half_correlation(trials, n_splits=7, seed=0)
    assert found.shape == (7, 2) and not exact
    np.testing.assert_allclose(found, 1.0, atol=1e-12)
    with pytest.raises(ValueError, match="halves='own'"):
        split_half_correlation(trials, n_splits=7, seed=0, halves="common")


@pytest.mark.parametrize("halves", ["common", "own"])
@pytest.mark.parametrize("n_repetitions", [3, 5, 7])
def test_odd_numbers_of_repetitions_are_not_taken_for_even_ones(rng, n_repetitions, halves):
    """Halves of ⌊R/2⌋ leave one repetition out, which the mean over all does not."""
    trials = rng.normal(size=(1, 3000, 20)) + 2 * rng.normal(size=(n_repetitions, 3000, 20))
    found, _ = split_half_correlation(trials, n_splits=15, seed=0, halves=halves)
    whole = spearman_brown(found.mean(axis=0), lengthening(trials))
    assert whole.mean() == pytest.approx(1 / (1 + 4 / n_repetitions), abs=0.01)


def test_the_lengthening_is_the_ratio_of_the_noise_of_halves_and_whole(rng):
    trials = rng.normal(size=(6, 4000, 30))
    trials[3:, :2000] = np.nan
    trials[5, 2000:3000] = np.nan  # 3, 5 and 6 repetitions
    expected = np.mean([1, 1, 1 / 2, 1 / 3]) / np.mean([1 / 3, 1 / 3, 1 / 5, 1 / 6])
    np.testing.assert_allclose(lengthening(trials), expected, rtol=1e-12)
    signal = trials + 0.7 * rng.normal(size=(1, 4000, 30))
    found, _ = split_half_correlation(signal, n_splits=8, seed=0)
    truth = 0.49 / (0.49 + np.mean([1 / 3, 1 / 3, 1 / 5, 1 / 6]))
    assert spearman_brown(found.mean(axis=0), lengthening(signal)).mean() == pytest.approx(truth, abs=0.01)


def one_after_the_other(sessions):
    """Trials (repetition, stimulus, neuroid) of sessions in which other neuroids were recorded, stacked with NaN."""
    n_repetitions, n_neuroids = (sum(one.shape[axis] for one in sessions) for axis in (0, 2))
    joined = np.full((n_repetitions, sessions[0].shape[1], n_neuroids), np.nan)
    row = column = 0
    for one in sessions:
        joined[row : row + one.shape[0], :, column : column + one.shape[2]] = one
        row, column = row + one.shape[0], column + one.shape[2]
    return joined


@pytest.mark.parametrize("counts", [(4, 4), (4, 20), (2, 2, 2, 2)])
def test_neurons_recorded_one_after_the_other_are_as_reliable_as_alone(rng, counts):
    sessions = [rng.normal(size=(1, 300, 40)) + 2 * rng.normal(size=(n, 300, 40)) for n in counts]
    found, _ = split_half_correlation(one_after_the_other(sessions), n_splits=20, seed=0)
    found = spearman_brown(found.mean(axis=0)).reshape(len(counts), 40).mean(axis=1)
    np.testing.assert_allclose(found, [1 / (1 + 4 / n) for n in counts], atol=0.025)
    first, _ = split_half_correlation(sessions[0], n_splits=20, seed=0, halves="own")
    assert found[0] == pytest.approx(spearman_brown(first.mean(axis=0)).mean(), abs=1e-12)


def test_entries_with_other_missing_trials_have_halves_of_their_own(rng):
    """Without noise every half is the signal, whichever trials are missing: no half may be empty for want of luck."""
    trials = np.repeat(rng.normal(size=(1, 12, 30)), 6, axis=0)
    trials[rng.random(trials.shape).argsort(axis=0) < 4] = np.nan  # two trials are left of each stimulus, any two
    for split in range(5):
        np.testing.assert_allclose(_own_halves(trials, np.random.default_rng(split)), 1.0, atol=1e-12)


def test_scale_and_offset_of_neuroids_change_nothing(rng):
    trials = rng.normal(size=(1, 30, 3)) + rng.normal(size=(4, 30, 3))
    gain, offset = np.array([1e-6, 1.0, 1e6]), np.array([5.0, -1.0, 1e3])
    plain, _ = split_half_correlation(trials, n_splits=3, seed=0)
    moved, _ = split_half_correlation(trials * gain + offset, n_splits=3, seed=0)
    np.testing.assert_allclose(plain, moved, atol=1e-7)


def test_signal_power_has_its_stored_values(golden):
    power, share = signal_power(golden)
    np.testing.assert_allclose(power[:5], [4.34290658, 7.44509804, 5.66895088, 4.02436766, 4.84278738], atol=5e-9)
    maximal = np.sqrt(power / golden.mean(axis=0).var(axis=0, ddof=1))
    np.testing.assert_allclose(maximal[:5], [0.95211616, 0.97119982, 0.96159119, 0.94873824, 0.95669972], atol=5e-9)
    assert np.median(maximal**2) == pytest.approx(0.9206953, abs=5e-8)
    halves, _ = split_half_correlation(golden, n_splits=10, seed=0)
    assert np.median(spearman_brown(halves.mean(axis=0))) == pytest.approx(0.9206841, abs=0.003)
    assert share.shape == (100,)


def test_signal_power_is_unbiased(rng):
    trials = 1.5 * rng.normal(size=(1, 400, 300)) + 3 * rng.normal(size=(4, 400, 300))
    power, share = signal_power(trials)
    assert power.mean() == pytest.approx(1.5**2, rel=0.03)
    assert share.mean() == pytest.approx(2.25 / 11.25, rel=0.03)


def test_the_explainable_share_is_unbiased_for_unequal_repetitions(rng):
    trials = rng.normal(size=(1, 600, 200)) + 2 * rng.normal(size=(6, 600, 200))
    trials[3:, :300] = np.nan
    share = explainable_share(trials)
    noise = 4 * (1 / 3 + 1 / 6) / 2
    assert share.mean() == pytest.approx(1 / (1 + noise), abs=0.01)
    assert np.isnan(explainable_share(np.ones((2, 5, 1)))).all()


@pytest.mark.parametrize(
    ("function", "trials", "message"),
    [
        (lambda t: split_half_correlation(t, n_splits=5, seed=0), np.ones((1, 5, 1)), "fewer than 2 repetitions"),
        (lambda t: split_half_correlation(t, n_splits=5, seed=0), np.ones((4, 2, 1)), "at least 3"),
        (lambda t: split_half_correlation(t, n_splits=5, seed=0, halves="odd"), np.ones((4, 5, 1)), "halves='odd'"),
        (signal_power, np.ones((1, 5, 1)), "at least 2"),
        (signal_power, np.full((2, 5, 1), np.nan), "missing"),
        (explainable_share, np.ones((1, 5, 1)), "two repetitions"),
        (lambda t: spearman_brown(t, 0.0), np.ones(1), "not positive"),
        (lambda t: column_correlation(t, t[:2]), np.ones((3, 2)), "must agree"),
    ],
)
def test_what_cannot_be_estimated_is_refused(function, trials, message):
    with pytest.raises(ValueError, match=message):
        function(trials)
