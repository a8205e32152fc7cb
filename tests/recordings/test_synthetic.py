"""The synthetic population: what it plants is what its trials show."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom import recordings
from neurogeom.manifolds import Manifolds


@pytest.fixture(scope="module")
def population():
    return recordings.synthetic_population(n_stimuli=15, n_repetitions=60, n_neuroids=40, seed=7)


def trials(population):
    """Noise of each presentation: response minus tuning."""
    index = population.tuning.set_index(stimulus="stimulus_id").sel(stimulus=population.responses["stimulus_id"].values)
    return population.responses.values - index.values


def test_trials_scatter_about_the_tuning_with_the_planted_covariance(population):
    noise = trials(population)
    n = len(noise)
    standard_error = np.sqrt(np.diag(population.noise_covariance) / n)
    assert np.abs(noise.mean(axis=0) / standard_error).max() < 4.5
    scale = np.sqrt(np.outer(np.diag(population.noise_covariance), np.diag(population.noise_covariance)))
    difference = (np.cov(noise.T) - population.noise_covariance) / scale
    assert np.abs(difference).max() < 6 / np.sqrt(n)


def test_noise_correlations_are_those_of_the_covariance(population):
    found = np.corrcoef(trials(population).T)
    assert np.abs(found - population.noise_correlation()).max() < 6 / np.sqrt(len(population.responses))
    assert np.abs(population.noise_correlation()[np.triu_indices(40, 1)]).mean() > 0.05


def test_the_planted_reliability_is_the_correlation_of_halves_and_of_the_mean_with_the_tuning(population):
    means = population.responses.groupby("stimulus_id").mean()
    tuning = population.tuning.set_index(stimulus="stimulus_id").sel(stimulus=means["stimulus_id"].values)
    squared = [np.corrcoef(a, b)[0, 1] ** 2 for a, b in zip(means.values.T, tuning.values.T)]
    assert np.median(squared) == pytest.approx(float(population.reliability.median()), abs=0.01)
    one = population.responses.where(population.responses["repetition"] < 2, drop=True)
    halves = [one.where(one["repetition"] == k, drop=True).values for k in (0, 1)]
    between = [np.corrcoef(a, b)[0, 1] for a, b in zip(halves[0].T, halves[1].T)]
    assert np.mean(between) == pytest.approx(float(population.single_trial_reliability().mean()), abs=0.06)


def test_classes_have_the_planted_dimension_and_radius():
    quiet = recordings.synthetic_population(
        n_stimuli=400, n_repetitions=1, n_neuroids=50, dimension=3, radius=0.5, private_noise=0, shared_noise=0, seed=1
    )
    for cloud in Manifolds.from_labels(quiet.responses, "object_name"):
        spread = cloud - cloud.mean(axis=0)
        assert np.linalg.matrix_rank(spread) == 3
        radius = np.sqrt(np.mean(np.sum(spread**2, axis=1))) / np.linalg.norm(cloud.mean(axis=0))
        assert radius == pytest.approx(0.5, rel=0.08)


def test_the_same_seed_gives_the_same_population_and_a_seed_is_kept():
    one, same = (recordings.synthetic_population(seed=3) for _ in range(2))
    assert one.responses.identical(same.responses)
    drawn = recordings.synthetic_population()
    assert recordings.synthetic_population(seed=drawn.settings["seed"]).responses.identical(drawn.responses)
    assert not one.responses.equals(drawn.responses)


def test_no_noise_gives_reliability_one_and_trials_equal_to_the_tuning():
    quiet = recordings.synthetic_population(private_noise=0, shared_noise=0, seed=0)
    assert np.abs(trials(quiet)).max() == 0
    np.testing.assert_array_equal(quiet.reliability.values, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"dimension": 61}, "dimension=61"), ({"n_classes": 0}, "n_classes"), ({"radius": -1}, "radius"),
     ({"private_noise": np.nan}, "private_noise")],
)  # fmt: skip
def test_impossible_populations_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        recordings.synthetic_population(**options)
