"""Few-shot theory against the prototype rule that it describes."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom.alignment import few_shot_snr, prototype_error
from neurogeom.alignment.fewshot import error_of


def classes(seed: int, m: int, spectrum: np.ndarray, distance: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = len(spectrum)
    delta = rng.normal(size=n)
    delta *= distance / np.linalg.norm(delta)
    return rng.normal(size=(m, n)) * np.sqrt(spectrum) + delta, rng.normal(size=(m, n)) * np.sqrt(spectrum)


@pytest.mark.parametrize("n_shots", [1, 2, 5])
@pytest.mark.parametrize("power", [0.0, 0.5])
def test_predicted_error_is_that_of_simulated_learning(n_shots: int, power: float) -> None:
    spectrum = np.arange(1, 81) ** -power
    spectrum /= spectrum.sum()
    a, b = classes(0, 1500, spectrum, 0.45)
    predicted = few_shot_snr(a, b, n_shots=n_shots).error
    simulated = prototype_error(a, b, n_shots=n_shots, n_trials=400, seed=1)
    assert 0.005 < simulated < 0.45
    assert predicted == pytest.approx(simulated, rel=0.12)


def test_the_terms_left_out_in_the_text_matter() -> None:
    spectrum = np.ones(60) / 60
    a, b = classes(2, 1500, spectrum, 0.5)
    result, simulated = few_shot_snr(a, b), prototype_error(a, b, n_trials=400, seed=3)
    ca, cb, delta = np.cov(a.T, bias=True), np.cov(b.T, bias=True), a.mean(0) - b.mean(0)
    total = np.trace(ca)
    noise = np.trace(ca @ ca) + delta @ ca @ delta + delta @ cb @ delta
    short = float(error_of(0.5 * (delta @ delta / total + result.bias) * total / np.sqrt(noise)))
    assert abs(result.error - simulated) < 0.25 * abs(short - simulated)


def test_the_factor_form_is_the_printed_formula() -> None:
    rng = np.random.default_rng(4)
    a, b, m = rng.normal(size=(7, 20)), 2 * rng.normal(size=(9, 20)) + 0.3, 3
    ca, cb, delta = np.cov(a.T, bias=True), np.cov(b.T, bias=True), a.mean(0) - b.mean(0)
    t = np.trace(ca)
    signal = 0.5 * (delta @ delta / t + (np.trace(cb) / t - 1) / m)
    noise = np.trace(ca @ ca) / m + delta @ ca @ delta + delta @ cb @ delta / m + np.trace(ca @ cb) / m
    noise += (np.trace(ca @ ca) + np.trace(cb @ cb)) / (2 * m**2)
    result = few_shot_snr(a, b, n_shots=m)
    assert float(result) == pytest.approx(signal / np.sqrt(noise / t**2), rel=1e-10)
    assert result.dimension == pytest.approx(t**2 / np.trace(ca @ ca), rel=1e-10)
    assert few_shot_snr(10 * a, 10 * b, n_shots=m).snr == pytest.approx(result.snr, rel=1e-10)
    tall = few_shot_snr(np.tile(a[:, :3], (5, 1)), np.tile(b[:, :3], (5, 1)), n_shots=m)
    assert tall.snr == pytest.approx(few_shot_snr(a[:, :3], b[:, :3], n_shots=m).snr, rel=1e-10)


def test_more_shots_mean_fewer_errors_and_identical_classes_mean_chance() -> None:
    a, b = classes(5, 200, np.ones(30) / 30, 0.5)
    errors = [few_shot_snr(a, b, n_shots=m).error for m in (1, 2, 4, 8)]
    assert np.all(np.diff(errors) < 0)
    assert few_shot_snr(a, a).error == pytest.approx(0.5)


def test_too_few_points_for_the_shots_are_refused() -> None:
    with pytest.raises(ValueError, match="n_shots=5 needs more than 5 points"):
        prototype_error(np.eye(5), np.eye(5), n_shots=5)
