"""Classical encoders: closed forms for gratings, energy that is kept, distributions that are the published ones."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom import encoders
from neurogeom.encoders.steerable import steerable_pyramid
from neurogeom.encoders.vone import FREQUENCY_COUNTS, ORIENTATION_COUNTS, vone_tuning
from tests.encoders.networks import pictures


def grating(size, cycles, angle, phase=0.0):
    """Stripes whose luminance changes along `angle` (radians), as an image in [0, 1]."""
    y, x = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    wave = np.cos(2 * np.pi * cycles * (x * np.cos(angle) + y * np.sin(angle)) / size + phase)
    return np.repeat((0.5 + 0.5 * wave)[:, :, None], 3, axis=2)


def layer(found, name):
    part = found.isel(neuroid=found.layer.values == name)
    return part.values.reshape(len(found), part.channel.values.max() + 1, -1)


# ------------------------------------------------------------------ Gabor energy


@pytest.mark.parametrize("phase", [0.0, 1.0, 2.5])
def test_energy_of_a_grating_is_its_amplitude_whatever_its_phase(phase):
    found = encoders.extract(encoders.gabor(size=64, cycles=(8,)), [grating(64, 8, 0.0, phase)])
    energy = layer(found, "cycles8")[0]
    np.testing.assert_allclose(energy[0], 0.5, rtol=1e-4)  # amplitude 1/2
    assert energy[4].max() < 1e-3  # orthogonal


@pytest.mark.parametrize("k", [0, 2, 4, 6])
def test_each_orientation_has_its_channel(k):
    image = grating(64, 8 / (np.sqrt(0.5) if k % 4 == 2 else 1) / 1, np.pi * k / 8)
    energy = layer(encoders.extract(encoders.gabor(size=64, cycles=(8,)), [image]), "cycles8")[0]
    assert int(energy.mean(axis=1).argmax()) == k


def test_frequencies_that_pixels_cannot_hold_are_refused():
    with pytest.raises(ValueError, match="cycles=40 per image cannot be held by 64 pixels"):
        encoders.gabor(cycles=(4, 40))


def test_averaging_over_a_grid_that_does_not_divide_keeps_the_mean():
    encoder = encoders.gabor(size=30, cycles=(4,), grid=7)
    fine = encoders.gabor(size=30, cycles=(4,), grid=30)
    image = pictures(1, 30)
    small, full = (layer(encoders.extract(one, image), "cycles4")[0] for one in (encoder, fine))
    edges = [index * 30 // 7 for index in range(8)]
    maps = full.reshape(8, 30, 30)
    expected = maps[:, edges[2] : edges[3], edges[4] : edges[5]].mean(axis=(1, 2))
    np.testing.assert_allclose(small.reshape(8, 7, 7)[:, 2, 4], expected, rtol=1e-5)


# ------------------------------------------------------------------ pyramid


@pytest.mark.parametrize(("n_levels", "n_orientations"), [(1, 2), (3, 4), (4, 6)])
def test_a_pyramid_keeps_the_energy_of_an_image(rng, n_levels, n_orientations):
    images = rng.normal(size=(3, 64, 64))
    bands = steerable_pyramid(images, n_levels, n_orientations)
    weights = {name: 0.5 if name.startswith("level") else 1.0 for name in bands}
    total = sum(weights[name] * (np.abs(band) ** 2).sum(axis=(1, 2, 3)) for name, band in bands.items())
    np.testing.assert_allclose(total, (images**2).sum(axis=(1, 2)), rtol=1e-10)


def test_the_real_part_shifts_with_phase_and_the_energy_does_not():
    a, b = (grating(64, 6, 0.0, phase)[:, :, 0] for phase in (0.0, np.pi / 2))
    one, other = (steerable_pyramid(x[None] - 0.5, 3, 4)["level2"][0, 0] for x in (a, b))
    np.testing.assert_allclose(np.abs(one), np.abs(other), atol=1e-10)
    assert np.abs(one.real - other.real).max() > 0.1


def test_a_pyramid_turned_by_its_step_swaps_channels():
    image = grating(64, 6, 0.0)[:, :, 0] - 0.5
    plain = np.abs(steerable_pyramid(image[None], 3, 4)["level2"][0])
    turned = np.abs(steerable_pyramid(image.T[None], 3, 4)["level2"][0])
    np.testing.assert_allclose(turned[2], plain[0].T, atol=1e-10)
    with pytest.raises(ValueError, match="cannot be halved 3 times; give a multiple of 8"):
        encoders.pyramid(size=60)


# ------------------------------------------------------------------ V1 bank


def test_tuning_has_the_published_distributions():
    tuning = vone_tuning(8_000, seed=0, max_frequency=11.2)
    frequency = np.histogram(tuning["frequency"], [0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.2])[0] / 8_000
    np.testing.assert_allclose(frequency, np.array(FREQUENCY_COUNTS) / sum(FREQUENCY_COUNTS), atol=0.02)
    degrees = (np.rad2deg(tuning["orientation"]) + 22.5) % 180
    orientation = np.histogram(degrees, [0, 45, 90, 135, 180])[0] / 8_000
    np.testing.assert_allclose(orientation, np.array(ORIENTATION_COUNTS) / sum(ORIENTATION_COUNTS), atol=0.02)
    assert np.corrcoef(np.log(tuning["frequency"]), np.log(tuning["width_x"]))[0, 1] > 0.5
    assert tuning["width_y"].min() >= 0.1 and tuning["width_y"].max() <= 10**0.2


def test_complex_cells_do_not_see_phase_and_simple_cells_do():
    encoder = encoders.vone(n_simple=20, n_complex=20, size=64, max_frequency=4.0)
    found = encoders.extract(encoder, [grating(64, 16, 0.0, phase) for phase in (0.0, np.pi)])
    middle = (found.y.values == 8) & (found.x.values == 8)
    simple, energy = (found.values[:, middle & (found.layer.values == name)] for name in ("simple", "complex"))
    np.testing.assert_allclose(energy[0], energy[1], rtol=1e-3, atol=1e-3)
    assert (np.minimum(simple[0], simple[1]) < 1e-3).all() and np.abs(simple[0] - simple[1]).max() > 0.1
    gray = encoders.extract(encoder, [np.full((64, 64, 3), 128, dtype=np.uint8)])
    inner = (gray.y.values == 8) & (gray.x.values == 8)
    assert np.abs(gray.values[:, inner]).max() < 1e-4  # filters have no mean
    with pytest.raises(ValueError, match="needs 90 pixels for 8°, there are 64"):
        encoders.vone(size=64)


# ------------------------------------------------------------------ twins, pixels


def test_an_untrained_twin_has_other_weights_and_leaves_the_original_alone():
    encoder = encoders.random_siglip2(depth=1, seed=0)
    before = encoder.weights_hash()
    twin = encoders.untrained(encoder, seed=1)
    assert encoder.weights_hash() == before != twin.weights_hash()
    images = pictures(2, 64)
    assert encoders.extract(twin, images, "norm").shape == encoders.extract(encoder, images, "norm").shape
    with pytest.raises(ValueError, match="'pixels' has no weights"):
        encoders.untrained(encoders.pixels())


def test_pixels_are_luminance():
    image = np.zeros((8, 8, 3), dtype=np.uint8)
    image[:, :, 1] = 255
    found = encoders.extract(encoders.pixels(size=8, visual_degrees=8.0), [image])
    np.testing.assert_allclose(found.values, 0.587, rtol=1e-6)
    assert found.x_degrees.values[:8].tolist() == [-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5]
