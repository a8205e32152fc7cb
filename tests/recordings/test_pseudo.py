"""Pseudo-populations: each neuroid keeps its own trials, and only real noise correlations survive."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom import recordings
from neurogeom.manifolds import Manifolds
from neurogeom.recordings.rasters import join_sessions


def session(rng, n_neuroids, n_repetitions, name, shared=1.0):
    """Four conditions, noise shared by all neuroids of the session."""
    condition = np.repeat(np.arange(4), n_repetitions)[rng.permutation(4 * n_repetitions)]
    noise = rng.normal(size=(len(condition), n_neuroids)) + shared * rng.normal(size=(len(condition), 1))
    return xr.DataArray(
        10 * condition[:, None] + noise,
        dims=("presentation", "neuroid"),
        coords={
            "stimulus_id": ("presentation", condition),
            "neuroid_id": ("neuroid", np.array([f"{name}_{i}" for i in range(n_neuroids)], dtype=object)),
            "session": ("neuroid", np.array([name] * n_neuroids, dtype=object)),
        },
    )


@pytest.fixture
def two_sessions(rng):
    return join_sessions({"one": session(rng, 3, 30, "one"), "two": session(rng, 2, 40, "two")})


def test_joined_sessions_are_blocks_with_nan_between(two_sessions):
    assert two_sessions.shape == (120 + 160, 5)
    known = np.isfinite(two_sessions.values)
    assert known[:120, :3].all() and known[120:, 3:].all() and known.sum() == 120 * 3 + 160 * 2
    assert set(two_sessions["presentation_session"].values[:120]) == {"one"}


def test_every_response_is_a_trial_of_that_neuroid_and_condition_used_once(two_sessions):
    joined = recordings.pseudo_population(two_sessions, n_repetitions=25, seed=0)
    assert joined.shape == (100, 5) and np.isfinite(joined.values).all()
    for condition in range(4):
        for neuroid in range(5):
            own = two_sessions.values[two_sessions["stimulus_id"].values == condition, neuroid]
            drawn = joined.values[joined["stimulus_id"].values == condition, neuroid]
            assert len(set(drawn)) == 25 and set(drawn) <= set(own[np.isfinite(own)])


def test_noise_correlations_stay_within_a_session_and_vanish_between(rng):
    joined = join_sessions({k: session(rng, 2, 300, k) for k in ("one", "two")})
    found = recordings.noise_correlation(recordings.pseudo_population(joined, seed=1)).values
    assert found[0, 1] == pytest.approx(0.5, abs=0.06) and found[2, 3] == pytest.approx(0.5, abs=0.06)
    assert np.abs(found[:2, 2:]).max() < 0.12
    apart = recordings.pseudo_population(joined, keep_together=False, seed=1)
    assert np.abs(recordings.noise_correlation(apart).values[np.triu_indices(4, 1)]).max() < 0.12


def test_the_result_says_which_noise_correlations_are_real(rng, two_sessions):
    alone = session(rng, 3, 10, "one")
    said = [
        recordings.pseudo_population(alone, seed=0),
        recordings.pseudo_population(two_sessions, seed=0),
        recordings.pseudo_population(alone, keep_together=False, seed=0),
    ]
    assert [one.attrs["noise_correlations"] for one in said] == ["real", "real within a session only", "removed"]


@pytest.mark.parametrize("n_lost", [1, 6])
def test_a_lost_trial_does_not_take_a_neuroid_out_of_its_session(rng, n_lost):
    trials = session(rng, 3, 300, "one", shared=2.0)
    trials.values[:n_lost, 1] = np.nan
    joined = recordings.pseudo_population(trials, n_repetitions=290, seed=0)
    assert np.isfinite(joined.values).all()
    assert joined.attrs["noise_correlations"] == "real"
    found = recordings.noise_correlation(joined).values[np.triu_indices(3, 1)]
    np.testing.assert_allclose(found, 0.8, atol=0.06)
    unnamed = recordings.pseudo_population(trials.drop_vars("session"), n_repetitions=290, seed=0)
    assert unnamed.attrs["noise_correlations"] == "real within a session only"


def test_neuroids_of_one_session_name_without_common_trials_are_not_joined(rng):
    """Two animals number their sessions alike; two blocks of one day show each neuron other presentations."""
    trials = join_sessions({k: session(rng, 2, 200, k, shared=2.0) for k in ("one", "two")})
    named = trials.assign_coords(session=("neuroid", ["1"] * 4))
    for same in (named, named.assign_coords(subject=("neuroid", list("aabb")))):
        joined = recordings.pseudo_population(same, seed=0)
        assert joined.attrs["noise_correlations"] == "real within a session only"
        found = recordings.noise_correlation(joined).values
        assert found[0, 1] > 0.7 and np.abs(found[:2, 2:]).max() < 0.15


@given(seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_the_seed_alone_decides_which_trials_are_joined(seed):
    trials = session(np.random.default_rng(3), 3, 10, "one")
    one, same = (recordings.pseudo_population(trials, n_repetitions=4, seed=seed) for _ in range(2))
    assert one.identical(same)
    assert not one.equals(recordings.pseudo_population(trials, n_repetitions=4, seed=seed + 1))


def test_all_trials_of_the_scarcest_neuroid_are_used_by_default(two_sessions):
    assert recordings.pseudo_population(two_sessions, seed=0).sizes["presentation"] == 4 * 30
    with pytest.raises(ValueError, match=r"n_repetitions=31 is more .*4 of 8.*least: 30 at stimulus_id=0"):
        recordings.pseudo_population(two_sessions, n_repetitions=31)


def test_time_bins_are_kept_together(rng):
    trials = session(rng, 3, 10, "one")
    binned = xr.concat([trials, trials + 100], dim="time_bin").transpose("time_bin", "presentation", "neuroid")
    joined = recordings.pseudo_population(binned, seed=2)
    assert joined.dims == ("presentation", "neuroid", "time_bin")
    np.testing.assert_allclose(joined.values[..., 1], joined.values[..., 0] + 100)


def test_pairs_that_were_never_recorded_together_have_no_correlation(two_sessions):
    found = recordings.noise_correlation(two_sessions)
    assert np.isnan(found.values[:3, 3:]).all()
    np.testing.assert_allclose(np.diag(found.values), 1)
    assert found["neuroid_id"].values[0] == "one_0"
    with pytest.raises(ValueError, match="time_window"):
        recordings.noise_correlation(two_sessions.expand_dims("time_bin"))


def test_repetitions_are_counted_in_each_session(two_sessions):
    numbered = recordings.number_repetitions(two_sessions)
    for name, n_repetitions in (("one", 30), ("two", 40)):
        rows = two_sessions["presentation_session"].values == name
        for condition in range(4):
            chosen = rows & (two_sessions["stimulus_id"].values == condition)
            assert numbered["repetition"].values[chosen].tolist() == list(range(n_repetitions))


# ------------------------------------------------------------------ results say so


def measures():
    from neurogeom import alignment, capacity, predictivity, readout

    features = np.random.default_rng(0).normal(size=(120, 3))
    return {
        "glue": lambda given: capacity.glue(given, "stimulus_id", n_samples=10, seed=0),
        "glue of Manifolds": lambda given: capacity.glue(
            Manifolds.from_labels(given, "stimulus_id").subsample(20, seed=0), n_samples=10, seed=0
        ),
        "mean_field": lambda given: capacity.mean_field(given, "stimulus_id", n_samples=10, seed=0),
        "alignment": lambda given: alignment.manifolds(given, labels="stimulus_id", n_shuffles=0, n_splits=0, seed=0),
        "classify": lambda given: readout.classify(given, "stimulus_id", n_permutations=0, seed=0),
        "classify Manifolds": lambda given: readout.classify(
            Manifolds.from_labels(given, "stimulus_id"), n_permutations=0, seed=0
        ),
        "score": lambda given: predictivity.score(
            features, given.rename(stimulus_id="condition"), method="ridge", ceiling=None, n_resamples=0, seed=0
        ),
    }


@pytest.mark.parametrize("name", list(measures()))
@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.NeurogeomWarning")
def test_a_result_says_when_noise_correlations_are_not_real(two_sessions, name):
    measure = measures()[name]
    joined = recordings.pseudo_population(two_sessions, seed=0)
    said = [note for note in measure(joined).warnings if "noise correlations are real within a session only" in note]
    assert len(said) == 1
    if name in ("classify", "glue", "score"):
        bins = xr.concat([joined, joined], dim="time_bin").transpose("presentation", "neuroid", "time_bin")
        assert any("noise correlations" in note for note in measure(bins).warnings)
    real = joined.assign_attrs(noise_correlations="real")
    assert not any("noise correlations" in note for note in measure(real).warnings)
