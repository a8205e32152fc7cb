"""Laws of time: causality, bases, planted history and coupling, stability, convolutional encoders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats
from scipy.io import savemat

from neurogeom import recordings, stimuli
from neurogeom.retina import GLM, LNP, CNNEncoder, Mosaic, SpatioTemporalLNP, causal, raised_cosines, time_course
from neurogeom.retina.likelihood import loss_and_gradient
from neurogeom.retina.temporal import TIME_COURSES


@pytest.mark.parametrize("name", list(TIME_COURSES))
def test_time_courses_are_biphasic_with_the_published_numbers(name: str) -> None:
    n, p1, p2, tau1, tau2 = TIME_COURSES[name]
    h = time_course(name, bin_ms=1.0, duration_ms=400.0)
    t = np.arange(400) + 0.5
    by_hand = p1 * (t / tau1) ** n * np.exp(-n * (t / tau1 - 1)) - p2 * (t / tau2) ** n * np.exp(-n * (t / tau2 - 1))
    np.testing.assert_allclose(h, by_hand / np.abs(by_hand).max(), atol=1e-12)
    assert abs(int(h.argmax()) - tau1) < 12
    assert h.argmin() > h.argmax() and h.min() < 0


@given(st.integers(0, 30), st.integers(1, 8), st.integers(0, 2))
def test_nothing_comes_from_the_future(when: int, n_lags: int, first: int) -> None:
    series, kernel = np.zeros(40), np.arange(1.0, n_lags + 1)
    series[when] = 1.0
    out = causal(series, kernel, first_lag=first)
    assert np.all(out[: when + first] == 0)
    np.testing.assert_allclose(out[when + first : when + first + n_lags], kernel[: max(40 - when - first, 0)])


def test_raised_cosines_add_up_in_the_middle_and_widen() -> None:
    basis = raised_cosines(6, 200)
    peaks = basis.argmax(axis=1)
    middle = basis.sum(axis=0)[peaks[1] + 1 : peaks[4]]
    assert len(middle) > 10
    np.testing.assert_allclose(middle, 2.0, atol=1e-9)
    assert (np.diff(peaks) > 0).all()
    assert (np.diff((basis > 0.5).sum(axis=1)) > 0).all()
    with pytest.raises(ValueError, match="more than n_lags"):
        raised_cosines(5, 4)


def test_a_flash_reaches_movie_cells_as_their_filter() -> None:
    mosaic = Mosaic.from_counts({"on_parasol": 9, "off_midget": 16}, (16, 16), seed=0)
    movie = np.zeros((60, 16, 16))
    movie[10] = 0.3
    model = SpatioTemporalLNP(mosaic)
    found = model.drive(movie)[0]
    volume = np.asarray(mosaic.filters.sum(axis=1)) * 0.3
    for cell in (0, 12):
        h = model.time_courses[mosaic.cell_type[cell]]
        np.testing.assert_allclose(found[cell, 10 : 10 + len(h)], volume[cell] * h, atol=1e-5)
        assert np.abs(found[cell, :10]).max() == 0


@pytest.mark.parametrize("nonlinearity", ["softplus", "logistic"])
def test_planted_time_courses_come_back(nonlinearity: str) -> None:
    mosaic = Mosaic.from_counts({"on_parasol": 4, "off_midget": 6}, (12, 12), seed=0)
    movie = stimuli.white_noise(3000, (12, 12), sd=0.25, seed=0)
    model = SpatioTemporalLNP(mosaic, nonlinearity=nonlinearity, bin_ms=16.7).calibrate(movie, rate_hz=30.0)
    counts = model.simulate(movie, seed=0)
    assert counts.dims == ("presentation", "neuroid", "time_bin")
    assert abs(float(counts.mean()) / (30.0 * 16.7e-3) - 1) < 0.1
    found = SpatioTemporalLNP(mosaic, nonlinearity=nonlinearity, bin_ms=16.7).fit(movie, counts.values, n_lags=18)
    for name, h in model.time_courses.items():
        assert np.corrcoef(found.time_courses[name], h[:18])[0, 1] > 0.95
    assert found.log_likelihood(movie, counts).sum() > 1.02 * model.log_likelihood(movie, counts).sum()


def planted() -> tuple[GLM, np.ndarray]:
    """Three cells: refractory, and the first excites the second."""
    model = GLM(3, n_lags=8, n_history=3, history_lags=10, n_coupling=3, coupling_lags=10)
    model.offset[:] = [-1.5, -1.8, -1.6]
    model.stimulus_filters[:] = np.array([0.0, 0.3, 0.6, 0.3, 0.0, -0.2, -0.1, 0.0])
    model.history_weights[:] = [-1.5, -0.4, 0.0]
    model.coupling_weights[1, 0] = [0.8, 0.3, 0.0]
    return model, np.random.default_rng(0).normal(size=12000)


def test_planted_history_and_coupling_come_back() -> None:
    model, stimulus = planted()
    counts = model.simulate(stimulus, seed=1)
    found = GLM(3, n_lags=8, n_history=3, history_lags=10, n_coupling=3, coupling_lags=10).fit(stimulus, counts)
    for cell in range(3):
        assert np.corrcoef(found.stimulus_filters[cell], model.stimulus_filters[cell])[0, 1] > 0.95
        assert np.corrcoef(found.history_filters[cell], model.history_filters[cell])[0, 1] > 0.9
    strength = np.abs(found.coupling_filters).sum(axis=2)
    assert strength.argmax() == 3  # to cell 1, from cell 0
    assert np.corrcoef(found.coupling_filters[1, 0], model.coupling_filters[1, 0])[0, 1] > 0.9
    assert np.sort(strength.ravel())[-2] < 0.5 * strength.max()


def test_history_then_coupling_predict_held_out_spikes_better() -> None:
    model, stimulus = planted()
    counts = model.simulate(stimulus, seed=1).values
    scores = []
    for options in ({"n_history": 0}, {"n_history": 3}, {"n_history": 3, "n_coupling": 3, "coupling_lags": 10}):
        fitted = GLM(3, n_lags=8, history_lags=10, **options).fit(stimulus[:9000], counts[:, :9000])
        scores.append(fitted.bits_per_spike(stimulus[9000:], counts[:, 9000:]))
    assert (scores[0] < scores[1]).all()
    assert scores[1][1] < scores[2][1]


def test_rates_are_those_of_the_recursion_and_the_likelihood_is_poisson() -> None:
    model, stimulus = planted()
    counts = model.simulate(stimulus[:60], seed=3).values
    rate = model.predict_rate(stimulus[:60], counts)
    t = 40
    eta = model.offset.copy()
    for cell in range(3):
        eta[cell] += sum(model.stimulus_filters[cell, lag] * stimulus[t - lag] for lag in range(8))
        eta[cell] += sum(model.history_filters[cell, lag - 1] * counts[cell, t - lag] for lag in range(1, 11))
        for other in range(3):
            eta[cell] += sum(model.coupling_filters[cell, other, g - 1] * counts[other, t - g] for g in range(1, 11))
    np.testing.assert_allclose(rate[:, t], np.exp(eta), rtol=1e-10)
    np.testing.assert_allclose(model.log_likelihood(stimulus[:60], counts), stats.poisson.logpmf(counts, rate))


def test_a_runaway_cell_is_named() -> None:
    model, stimulus = planted()
    model.history_weights[2] = 3.0
    with pytest.raises(ValueError, match="cell 2 ran away.*larger ridge"):
        model.simulate(stimulus, seed=0)


def test_timed_likelihood_has_the_gradient_of_its_loss() -> None:
    mosaic = Mosaic.from_counts({"on_parasol": 4, "off_midget": 6}, (12, 12), seed=0)
    model = GLM(10, filters=mosaic.filters * 5.0, n_lags=6, n_history=2, history_lags=6)
    model.offset[:], model.stimulus_filters[:, 1:4], model.history_weights[:] = -0.5, 0.6, [-1.0, -0.2]
    image = stimuli.crops(stimuli.packaged_images("camera"), 12, n=1, least_sd=0.1, seed=0).values.astype(float)
    spikes = model.simulate(np.repeat(image, 12, axis=0), seed=0).values[None]
    likelihood = model.image_likelihood(spikes)
    x = image.ravel()
    error = optimize.check_grad(
        lambda v: loss_and_gradient(likelihood, v, 0)[0], lambda v: loss_and_gradient(likelihood, v, 0)[1], x
    )
    loss, gradient = loss_and_gradient(likelihood, x, 0)
    assert error < 1e-4 * np.linalg.norm(gradient)
    whole = model.log_likelihood(np.repeat(image, 12, axis=0), spikes[0])
    assert abs(loss + whole.sum()) < 1e-8 * abs(loss)


def test_full_field_recordings_are_read_and_fitted(tmp_path: Path) -> None:
    """The layout of Uzzell & Chichilnisky 2004 as packaged: stimulus, counts (frames × cells) and frame in one file."""
    model, _ = planted()
    flicker = np.where(np.random.default_rng(0).random(6000) < 0.5, 0.48, -0.48)
    counts = model.simulate(2 * flicker, seed=0).values
    savemat(
        tmp_path / "RGCdata.mat",
        {"Stim": flicker[:, None], "SpCounts": counts.T.astype(np.uint8), "dtStim": 0.008340605},
    )
    responses = recordings.load(tmp_path / "RGCdata.mat", variable="SpCounts")
    assert responses.shape == (6000, 3)
    np.testing.assert_array_equal(responses["Stim"].values, flicker)
    found = GLM(3, n_lags=8, n_history=3, history_lags=10).fit(responses["Stim"].values, responses.values.T)
    for cell in range(3):
        assert np.corrcoef(found.stimulus_filters[cell], model.stimulus_filters[cell])[0, 1] > 0.9


def test_bad_trains_are_refused() -> None:
    model = GLM(2, n_lags=3, n_history=0)
    with pytest.raises(ValueError, match="2 cells, bins"):
        model.fit(np.zeros(5), np.zeros((3, 5)))
    with pytest.raises(ValueError, match="silent for 1 cells .first: cell 1"):
        model.fit(np.zeros(5), np.array([[1, 0, 1, 0, 1], [0, 0, 0, 0, 0]]))
    with pytest.raises(ValueError, match="one bin for each frame"):
        model.fit(np.zeros(6), np.ones((2, 5)))
    with pytest.raises(ValueError, match="no receptive fields"):
        model.image_likelihood(np.zeros((1, 2, 5)))


def test_a_convolutional_encoder_learns_linear_nonlinear_cells() -> None:
    mosaic = Mosaic.from_counts({"on_parasol": 4, "off_parasol": 4}, (12, 12), seed=0)
    images = stimuli.crops(stimuli.packaged_images(), 12, n=1500, seed=0)
    truth = LNP(mosaic).calibrate(images)
    counts = truth.simulate(images, seed=0)
    model = CNNEncoder(mosaic, channels=4, kernel=7, seed=0)
    before = model.log_likelihood(images[1200:], counts[1200:]).mean()
    model.fit(images[:1200], counts[:1200], epochs=10, batch_size=100, learning_rate=8e-3)
    after, best = (m.log_likelihood(images[1200:], counts[1200:]).mean() for m in (model, truth))
    mean = counts.values[:1200].mean(axis=0)
    null = stats.poisson.logpmf(counts.values[1200:], mean).mean()
    assert after > before
    assert (after - null) / (best - null) > 0.5
    assert model.simulate(images[:2], seed=0).shape == (2, 8)
    with pytest.raises(ValueError, match="odd width"):
        CNNEncoder(mosaic, kernel=4)
