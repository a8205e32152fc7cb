"""Laws of the analyses: fewer cells, fewer spikes and strange images decode worse; information is what it is."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import xarray as xr

from neurogeom import decoding, stimuli
from neurogeom._core.warnings import NeurogeomWarning
from neurogeom.decoding import LinearDecoder, perturb
from neurogeom.retina import LNP, FieldShape, Mosaic
from tests.decoding.conftest import Scene


@pytest.fixture(autouse=True)
def quiet() -> object:
    """Few source images are told about; not here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeurogeomWarning)
        yield


def test_every_type_of_cell_matters(scene: Scene) -> None:
    test = (scene.test_counts, scene.test_images)
    found = decoding.cell_types((scene.counts, scene.images), test, n_resamples=100, seed=0)
    ratio = found.data["mse_ratio"]
    without = [name for name in found.data["condition"].values if name.startswith("without")]
    assert len(without) == 4
    assert (ratio.sel(condition=without) > 1).all()
    assert float(ratio.sel(condition="only on_parasol")) > float(ratio.sel(condition="without on_parasol"))
    assert found.data["n_cells"].sel(condition="all") == 339
    with pytest.raises(ValueError, match="cell_type"):
        decoding.cell_types((scene.counts.values, scene.images), test)


def test_thinning_keeps_the_share_and_noise_adds_the_mean(rng: np.random.Generator) -> None:
    counts = rng.poisson(8.0, (500, 20))
    assert abs(perturb(counts, "thin", 0.25, seed=0).sum() / counts.sum() - 0.75) < 0.01
    assert (perturb(counts, "thin", 0.25, seed=0) <= counts).all()
    assert abs(perturb(counts, "noise", 0.5, seed=0).sum() / counts.sum() - 1.5) < 0.02
    np.testing.assert_array_equal(perturb(counts, "thin", 0.0, seed=0), counts)


def test_jitter_moves_spikes_and_loses_only_those_at_the_ends() -> None:
    trains = np.zeros((1, 2, 50), dtype=int)
    trains[0, 0, 25], trains[0, 1, [0, 49]] = 40, 20
    moved = perturb(trains, "jitter", 2.0, seed=0)
    assert moved[0, 0].sum() == 40
    spread = np.sqrt(np.sum(moved[0, 0] * (np.arange(50) - 25.0) ** 2) / 40)
    assert 1.3 < spread < 2.8
    assert moved[0, 1].sum() < 40
    with pytest.raises(ValueError, match="jitter needs"):
        perturb(trains[0], "jitter", 2.0)


def test_lost_spikes_hurt_the_more_the_more_are_lost(scene: Scene) -> None:
    decoder = LinearDecoder().fit(scene.counts, scene.images)
    found = decoding.perturbations(
        decoder, scene.test_counts, scene.test_images, strengths=[0.0, 0.3, 0.8], n_resamples=50, seed=0
    )
    assert (np.diff(found.data["mse"].values) > 0).all()
    assert (np.diff(found.data["spikes_per_image"].values) < 0).all()
    assert isinstance(found.data, xr.Dataset)


def test_scrambled_images_decode_worse_in_ssim_than_natural_ones(scene: Scene) -> None:
    decoder = LinearDecoder().fit(scene.counts, scene.images)
    scrambled = stimuli.phase_scrambled(scene.test_images, seed=0)
    sets = {"natural": scene.test_images, "scrambled": scrambled, "faces": stimuli.faces(32)[:20]}
    found = decoding.image_sets(decoder, scene.model, sets, n_resamples=50, seed=0)
    assert found.data["condition"].values.tolist() == ["natural", "scrambled", "faces"]
    assert found.data["mse"].dims == ("condition",)
    assert np.isfinite(found.data["ssim_ci"]).all()
    natural = decoding.evaluate(decoder.decode(scene.model.simulate(scene.test_images, seed=0)), scene.test_images,
                                n_resamples=0)  # fmt: skip
    assert abs(float(natural.data["mse"][0]) - float(found.data["mse"][0])) < 1e-9


def test_denser_retinas_decode_better(scene: Scene) -> None:
    models = {}
    for eccentricity in (3.0, 6.0):
        mosaic = Mosaic.at_eccentricity(eccentricity, (32, 32), pixel_size=12.0, n_steps=5)
        models[f"{eccentricity:g} mm"] = LNP(mosaic)
    found = decoding.compare_models(models, scene.images[:500], scene.test_images, n_resamples=0, seed=0)
    assert found.data["mse"].values[0] < found.data["mse"].values[1]
    wide = {
        f"{f:g}": LNP(Mosaic.from_counts({"on_midget": 116}, (32, 32), field_shape=FieldShape(spacing_fraction=f)))
        for f in (0.5, 1.5)
    }
    coverage = decoding.compare_models(wide, scene.images[:500], scene.test_images, n_resamples=0, seed=0)
    assert coverage.data["mse"].values[0] < coverage.data["mse"].values[1]


def test_information_of_a_gaussian_channel_is_exact(rng: np.random.Generator) -> None:
    """Gaussian images, error of a known spectrum: half the log of the ratio for every frequency."""
    images = np.clip(rng.normal(0, 0.1, (400, 24, 24)), -0.5, 0.5)
    for sd in (0.05, 0.1):
        decoded = images + rng.normal(0, sd, images.shape)
        found = decoding.information(decoded, images, np.full((400, 3), 50), n_resamples=0, seed=0)
        n_frequencies = int((stimuli.radial_frequency((24, 24)) < 0.5).sum())
        expected = 0.5 * n_frequencies * np.log2((0.1 / sd) ** 2)
        assert abs(found.information - expected) < 0.02 * n_frequencies
        assert abs(found.information_per_spike - found.information / 150) < 1e-9


def test_better_decoders_show_more_information(scene: Scene) -> None:
    small = LinearDecoder(alphas=[0.3]).fit(scene.counts[:60], scene.images[:60])
    large = LinearDecoder(alphas=[0.3]).fit(scene.counts, scene.images)
    bits = [
        decoding.information(d.decode(scene.test_counts), scene.test_images, scene.test_counts, n_resamples=50, seed=0)
        for d in (small, large)
    ]
    assert bits[0].information < bits[1].information
    low, high = bits[1].data["information_ci"].values
    assert low < bits[1].information < high


def test_results_and_images_are_drawn(scene: Scene) -> None:
    from neurogeom.decoding import plots

    decoder = LinearDecoder(alphas=[0.3]).fit(scene.counts, scene.images)
    decoded = decoder.decode(scene.test_counts[:4])
    result = decoding.evaluate({"linear": decoded, "gray": decoded * 0}, scene.test_images[:4], n_resamples=20, seed=0)
    ax = result.plot(metric="ssim")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["linear", "gray"]
    ax = plots.reconstructions(scene.test_images[:4], {"linear": decoded})
    assert ax.images[0].get_array().shape[0] > 2 * 32
    posterior = decoding.MAPDecoder(scene.model).fit(None, scene.images).posterior(scene.test_counts[:2], n_samples=3)
    names = [label.get_text() for label in plots.uncertainty(posterior, scene.test_images[:2]).get_yticklabels()]
    assert names == ["original", "mean", "sample 1", "sample 2", "SD"]
