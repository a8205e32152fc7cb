"""Laws of every encoding model: one interface, seeds that repeat, likelihoods that know their own spikes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neurogeom import stimuli
from neurogeom.retina import GLM, LNP, CNNEncoder, Mosaic, SpatioTemporalLNP


def mosaic() -> Mosaic:
    return Mosaic.from_counts({"on_midget": 6, "off_midget": 6}, (10, 10), n_steps=3, seed=0)


def images() -> np.ndarray:
    return stimuli.white_noise(400, (10, 10), sd=0.25, seed=0)


def make_lnp() -> tuple[Any, Any]:
    return LNP(mosaic()).calibrate(images()), images()


def make_movie() -> tuple[Any, Any]:
    return SpatioTemporalLNP(mosaic()).calibrate(images(), rate_hz=40.0), images()


def make_glm() -> tuple[Any, Any]:
    model = GLM(3, n_lags=4, n_history=2, history_lags=6)
    model.offset[:], model.stimulus_filters[:, 1], model.history_weights[:] = -1.0, [1.0, -1.0, 0.5], [-1.0, -0.3]
    return model, np.random.default_rng(0).normal(size=1500)


def make_network() -> tuple[Any, Any]:
    truth = LNP(mosaic()).calibrate(images())
    counts = truth.simulate(images(), seed=3)
    return CNNEncoder(mosaic(), channels=3, kernel=5).fit(images(), counts, epochs=4), images()


every_model = pytest.mark.parametrize("make", [make_lnp, make_movie, make_glm, make_network])


@every_model
def test_it_has_the_one_interface(make: Callable) -> None:
    model, _ = make()
    for name in ("fit", "predict_rate", "simulate", "log_likelihood"):
        assert callable(getattr(model, name)), name


@every_model
def test_a_seed_repeats_the_spikes_and_another_does_not(make: Callable) -> None:
    model, shown = make()
    first, again, other = (model.simulate(shown, seed=seed).values for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert first.dtype.kind in "iu"


@every_model
def test_its_own_spikes_are_likelier_than_those_of_other_times(make: Callable) -> None:
    model, shown = make()
    spikes = model.simulate(shown, seed=5).values
    axis = 0 if spikes.shape[0] == len(shown) else -1
    shuffled = np.roll(spikes, 137, axis=axis)
    own, other = (float(np.sum(model.log_likelihood(shown, one))) for one in (spikes, shuffled))
    assert own > other


@every_model
def test_rates_are_positive_and_have_the_shape_of_spikes(make: Callable) -> None:
    model, shown = make()
    spikes = model.simulate(shown, seed=5).values
    rate = model.predict_rate(shown, spikes) if isinstance(model, GLM) else model.predict_rate(shown)
    assert rate.shape == spikes.shape
    assert (rate > 0).all()
    assert abs(rate.mean() / spikes.mean() - 1) < 0.15
