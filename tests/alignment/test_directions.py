"""Alignment of centers and axes from means and covariances, variance shares, signal to noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom.alignment.directions import alignment_matrices, signal_to_noise, variance_share


def clouds(seed: int, n: int = 7) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(12, n)) @ rng.normal(size=(n, n)) + 3 * rng.normal(size=n) for _ in range(4)]


def test_alignments_are_root_mean_square_cosines_of_sampled_directions() -> None:
    first, second = clouds(0)[:2]
    found = alignment_matrices([first, second])
    a, b = first - first.mean(0), second - second.mean(0)
    center = (first.mean(0) - second.mean(0)) / 2
    axis = np.sum((a @ b.T) ** 2) / (np.sum(a**2) * np.sum(b**2))
    assert found["axis_alignment"][0, 1] == pytest.approx(np.sqrt(axis))
    along = np.sum((b @ center) ** 2) / (center @ center * np.sum(b**2))
    assert found["center_axis_alignment"][0, 1] == pytest.approx(np.sqrt(along))
    assert found["center_alignment"][0, 1] == pytest.approx(1)  # two centers about their mean are opposite


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_alignments_lie_in_range_and_do_not_change_with_rotation_scale_and_shift(seed: int) -> None:
    given_clouds = clouds(seed)
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(7, 7)))[0]
    before, after = alignment_matrices(given_clouds), alignment_matrices([4 * c @ turn + 1 for c in given_clouds])
    for name, matrix in before.items():
        assert np.all((matrix >= 0) & (matrix <= 1 + 1e-12))
        np.testing.assert_allclose(after[name], matrix, atol=1e-9)
    np.testing.assert_allclose(before["axis_alignment"], before["axis_alignment"].T)


def test_unrelated_directions_have_one_over_n() -> None:
    rng = np.random.default_rng(1)
    found = alignment_matrices([rng.normal(size=(2000, 50)) + rng.normal(size=50) for _ in range(3)])
    off = ~np.eye(3, dtype=bool)
    np.testing.assert_allclose(found["axis_alignment"][off], 1 / np.sqrt(50), rtol=0.02)
    np.testing.assert_allclose(found["center_axis_alignment"][off], 1 / np.sqrt(50), rtol=0.1)


def test_variance_is_all_or_none_in_the_span_of_means_when_built_so() -> None:
    rng = np.random.default_rng(2)
    centers = np.zeros((3, 6))
    centers[1, 0] = centers[2, 1] = 5
    inside = np.zeros((20, 6))
    inside[:, :2] = rng.normal(size=(20, 2))
    inside -= inside.mean(0)
    outside = np.roll(inside, 3, axis=1)
    assert variance_share([inside + c for c in centers]) == pytest.approx(1)
    assert variance_share([outside + c for c in centers]) == pytest.approx(0, abs=1e-20)


def test_signal_to_noise_is_variance_of_means_over_variance_within() -> None:
    rng = np.random.default_rng(3)
    a = rng.normal(size=(500, 3)) * [2, 1, 1]
    a -= a.mean(0)
    found = signal_to_noise([a + [6, 0, 0], a - [6, 0, 0]])
    assert found.shape == (1,)
    assert found[0] == pytest.approx(36 / np.mean(a[:, 0] ** 2), rel=1e-10)
    assert np.isinf(signal_to_noise([a * [0, 1, 1] + [6, 0, 0], a * [0, 1, 1] - [6, 0, 0]])[0])


def test_sampling_alone_gives_one_over_the_points() -> None:
    rng = np.random.default_rng(4)
    floor = np.mean([signal_to_noise([rng.normal(size=(50, 5)) for _ in range(6)]).mean() for _ in range(40)])
    assert floor == pytest.approx(1 / 50, rel=0.25)
