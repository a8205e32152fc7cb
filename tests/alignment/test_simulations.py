"""The simulations of the paper (figures 8 and 9) against stored means and the closed form."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom.alignment.cross_regression import regression_errors
from neurogeom.alignment.signal import signal_mismatch
from tests.alignment.populations import closed_form, simulated_pair

STEPS = (0, 3, 6)
N_REPEATS = 100
# measured means at k = 0, 3, 6 (three digits)
FULL = {
    50: (0.688, 0.726, 0.864),
    60: (0.769, 0.794, 0.902),
    70: (0.844, 0.861, 0.932),
    80: (0.906, 0.914, 0.966),
    90: (0.959, 0.963, 0.979),
}
PARTIAL = {
    30: (0.534, 0.568, 0.777),
    25: (0.697, 0.701, 0.843),
    20: (0.773, 0.791, 0.906),
    15: (0.865, 0.864, 0.927),
}


def distances(figure: int, size: int, k: int, n_repeats: int = N_REPEATS, variance: float | None = None) -> np.ndarray:
    """Signal mismatch distances of the repeats of one cell."""
    values = []
    for i in range(n_repeats):
        if figure == 8:
            pair = simulated_pair([8, size, k, i], size, 1 / size if variance is None else variance)
        else:
            pair = simulated_pair([9, size, k, i], 100, 1 / 30 if variance is None else variance, overlap=size)
        values.append(signal_mismatch(*pair, center=False)[0])
    return np.array(values)


@pytest.fixture(scope="module")
def full() -> dict[tuple[int, int], float]:
    return {(n, k): float(distances(8, n, k).mean()) for n in FULL for k in STEPS}


@pytest.fixture(scope="module")
def partial() -> dict[tuple[int, int], float]:
    return {(o, k): float(distances(9, o, k).mean()) for o in PARTIAL for k in STEPS}


@pytest.mark.parametrize("n", FULL)
def test_full_rank_clouds_have_the_stored_means_and_the_closed_form(full: dict, n: int) -> None:
    for k, stored in zip(STEPS, FULL[n], strict=True):
        assert abs(full[n, k] - stored) < 1e-3
        assert abs(full[n, k] - closed_form(k, n, 1 / n)) < 0.03


@pytest.mark.parametrize("overlap", PARTIAL)
def test_overlapping_subspaces_have_the_stored_means_and_the_closed_form(partial: dict, overlap: int) -> None:
    for k, stored in zip(STEPS, PARTIAL[overlap], strict=True):
        assert abs(partial[overlap, k] - stored) < 1e-3
        assert abs(partial[overlap, k] - closed_form(k, 100, 1 / 30, d=30, overlap=overlap)) < 0.03


def test_the_distance_grows_with_dimension_with_less_overlap_and_with_diverging_codes(
    full: dict, partial: dict
) -> None:
    for k in STEPS:
        assert np.all(np.diff([full[n, k] for n in FULL]) > 0)
        assert np.all(np.diff([partial[o, k] for o in PARTIAL]) > 0)
    for table, sizes in ((full, FULL), (partial, PARTIAL)):
        assert all(table[size, 6] > table[size, 3] for size in sizes)


@pytest.mark.parametrize("k", [0, 5, 9])
def test_the_distance_is_one_when_no_dimension_is_shared(k: int) -> None:
    pair = simulated_pair([8, 100, k, 0], 100, 1 / 100)
    distance, overlap_rank = signal_mismatch(*pair, center=False)
    assert abs(distance - 1) < 1e-9
    assert overlap_rank == 0


def test_orthogonal_codes_give_one(full: dict) -> None:
    assert all(abs(distances(8, n, 9, 50).mean() - 1) < 0.02 for n in (50, 80))
    assert abs(distances(9, 20, 9, 50).mean() - 1) < 0.02


def test_without_noise_the_distance_is_that_of_sampling_alone() -> None:
    m, n = 50, 50
    values = []
    for i in range(60):
        rng = np.random.default_rng([81, i])
        a, b, own = rng.normal(size=(m, n)), rng.normal(size=(m, n)), rng.normal(size=n)
        values.append(signal_mismatch(a, b, a @ own, b @ own, center=False)[0])
    assert abs(np.mean(values) - (1 - (2 * m - n) / (2 * m + n))) < 0.02


def test_the_printed_variance_does_not_give_the_published_curve(full: dict) -> None:
    printed = distances(8, 50, 0, variance=1.0).mean()
    assert abs(printed - 0.667) < 1e-3
    assert abs(full[50, 0] - 0.695) < abs(printed - 0.695)


@pytest.mark.parametrize(("overlap", "stored"), [(15, 0.71), (30, 0.89)])
def test_distance_and_regression_mismatch_go_together(overlap: int, stored: float) -> None:
    found = []
    for k in range(10):
        for i in range(20):
            pair = simulated_pair([9, overlap, k, i], 100, 1 / 30, overlap=overlap)
            found.append((signal_mismatch(*pair, center=False)[0], regression_errors(*pair)["mismatch"]))
    distance, mismatch = np.array(found).T
    assert abs(np.corrcoef(distance, mismatch)[0, 1] - stored) < 0.06
    assert mismatch.min() > 0 and mismatch.max() < 0.0085  # the published axis; variance 1 would reach 0.2
