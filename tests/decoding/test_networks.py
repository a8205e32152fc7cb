"""Laws of networks: published numbers, the published denoiser, training that resumes, reconstructions that improve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data

from neurogeom import decoding
from neurogeom.decoding import (
    AutoencoderDecoder,
    BlindDenoiser,
    MAPDecoder,
    TrainedDenoiser,
    load_decoder,
    train_denoiser,
)
from tests.decoding.conftest import Scene

DENOISER = "denoiser_bias_free/bf_dncnn_0-100.safetensors"


def test_networks_have_the_published_numbers_of_parameters() -> None:
    from neurogeom.decoding.networks import PaperAutoencoder, ResidualUNet, n_parameters

    assert n_parameters(PaperAutoencoder()) == 2_188_803
    assert n_parameters(ResidualUNet()) == 92_737


def test_a_residual_network_starts_as_the_identity() -> None:
    import torch

    from neurogeom.decoding.networks import ResidualUNet

    images = torch.rand(2, 12, 20) - 0.5
    with torch.no_grad():
        assert torch.equal(ResidualUNet()(images), images)


def test_the_last_normalization_of_the_paper_starts_at_the_scale_of_images() -> None:
    import torch

    from neurogeom.decoding.networks import PaperAutoencoder

    module = PaperAutoencoder(width=0.1, image_sd=0.2, image_mean=-0.05)
    with torch.no_grad():
        out = module(torch.rand(32, 32, 32) - 0.5)
    assert abs(float(out.std()) - 0.2) < 0.02
    assert abs(float(out.mean()) + 0.05) < 0.02


@pytest.mark.parametrize(("sd", "noisy", "clean"), [(25, 20.20, 30.45), (50, 14.12, 27.45)])
def test_the_published_denoiser_reaches_its_published_quality(
    data_dir: Path, sd: int, noisy: float, clean: float
) -> None:
    denoiser = BlindDenoiser.load(data_dir / DENOISER)
    image = (skimage.data.camera()[100:356, 150:406] / 255 - 0.5)[None]
    noise = np.random.default_rng(sd).standard_normal(image.shape[1:]).astype(np.float32) * sd / 255
    given = image + noise[None]
    found = denoiser.denoise(given)
    assert abs(float(-10 * np.log10(np.mean((given - image) ** 2))) - noisy) < 0.05
    assert abs(float(decoding.psnr(found, image)[0]) - clean) < 0.05


def test_the_published_denoiser_is_homogeneous(data_dir: Path) -> None:
    denoiser = BlindDenoiser.load(data_dir / DENOISER)
    image = np.random.default_rng(0).uniform(0, 1, (1, 32, 32))
    whole, half = denoiser.denoise(image - 0.5) + 0.5, denoiser.denoise(image / 2 - 0.5) + 0.5
    assert np.abs(half - whole / 2).max() < 1e-5
    assert denoiser.is_blind


def test_noise_before_a_blind_denoiser_helps(scene: Scene, data_dir: Path) -> None:
    denoiser = BlindDenoiser.load(data_dir / DENOISER)
    errors = {}
    for noise in (True, False):
        decoder = MAPDecoder(scene.model, prior="denoiser", denoiser=denoiser, add_noise=noise, n_steps=6)
        decoded = decoder.fit(None, scene.images).decode(scene.test_counts[:6])
        errors[noise] = decoding.mse(decoded, scene.test_images[:6]).mean()
    assert errors[True] < errors[False]
    plain = MAPDecoder(scene.model).fit(None, scene.images).decode(scene.test_counts[:6])
    assert errors[True] < decoding.mse(plain, scene.test_images[:6]).mean()


def test_a_trained_denoiser_lowers_noise_and_comes_back(scene: Scene, tmp_path: Path) -> None:
    denoiser = train_denoiser(scene.images, channels=(8, 16), n_steps=120, seed=0)
    clean = scene.test_images.values.astype(float)
    for sigma in (0.1, 0.3):
        noisy = clean + sigma * np.random.default_rng(0).standard_normal(clean.shape)
        assert np.mean((denoiser.denoise(noisy, sigma) - clean) ** 2) < 0.5 * sigma**2
    again = TrainedDenoiser.load(denoiser.save(tmp_path / "denoiser.safetensors"))
    np.testing.assert_array_equal(again.denoise(clean[:2], 0.1), denoiser.denoise(clean[:2], 0.1))
    decoder = MAPDecoder(scene.model, prior="denoiser", denoiser=denoiser, n_steps=2).fit(None, scene.images)
    loaded = load_decoder(decoder.save(tmp_path / "map.h5"))
    np.testing.assert_allclose(loaded.decode(scene.test_counts[:2]), decoder.decode(scene.test_counts[:2]), atol=1e-12)
    posterior = decoder.posterior(scene.test_counts[:1], n_samples=2, method="langevin", n_levels=3, n_steps=2)
    assert posterior.samples.shape == (1, 2, 32, 32)


def test_a_blind_denoiser_gives_no_langevin_samples(scene: Scene) -> None:
    likelihood = scene.model.image_likelihood(scene.test_counts[:1])
    with pytest.raises(ValueError, match="blind"):
        decoding.langevin(likelihood, 0, BlindDenoiser(None), np.zeros((32, 32)))


def test_the_unet_improves_on_the_ridge_it_starts_from(scene: Scene, tmp_path: Path) -> None:
    decoder = AutoencoderDecoder(epochs=6, width=0.5, learning_rate=4e-3, seed=0).fit(scene.counts, scene.images)
    ridge = decoder.linear.flat(scene.test_counts.values.astype(float)).reshape(-1, 32, 32)
    errors = [decoding.mse(one, scene.test_images).mean() for one in (decoder.decode(scene.test_counts), ridge)]
    assert errors[0] < errors[1]
    assert decoder.log.image_steps == 6 * (decoder.log.image_steps // 6) > 1000
    again = load_decoder(decoder.save(tmp_path / "unet.h5"))
    np.testing.assert_array_equal(again.decode(scene.test_counts[:2]), decoder.decode(scene.test_counts[:2]))


def test_a_resumed_training_ends_where_one_go_ends(scene: Scene, tmp_path: Path) -> None:
    counts, images = scene.counts[:200], scene.images[:200]

    def make(epochs: int) -> AutoencoderDecoder:
        return AutoencoderDecoder(architecture="paper", width=0.05, epochs=epochs, alphas=[1.0], seed=0)

    whole = make(4).fit(counts, images)
    path = tmp_path / "state.safetensors"
    stopped = make(4)
    stopped_log = _stop_after(stopped, counts, images, path, 2)
    assert len(stopped_log) == 2
    resumed = make(4).fit(counts, images, checkpoint=path)
    np.testing.assert_allclose(resumed.log.validation_mse, whole.log.validation_mse, rtol=1e-5)
    np.testing.assert_allclose(resumed.decode(counts[:3]), whole.decode(counts[:3]), atol=1e-5)
    with pytest.raises(ValueError, match="of another run"):
        make(5).fit(counts, images, checkpoint=path)


def _stop_after(decoder: AutoencoderDecoder, counts: object, images: object, path: Path, epochs: int) -> list[float]:
    """Interrupt training once some epochs are on disk, as a killed process would."""
    from safetensors import safe_open

    from neurogeom.decoding import training

    written = training._write

    def interrupting(target: Path, identity: str, module: object, optimizer: object, log: object, best: object) -> None:
        written(target, identity, module, optimizer, log, best)  # type: ignore[arg-type]
        if len(log.validation_mse) == epochs:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    training._write = interrupting  # type: ignore[assignment]
    try:
        with pytest.raises(KeyboardInterrupt):
            decoder.fit(counts, images, checkpoint=path)
    finally:
        training._write = written
    with safe_open(path, framework="np") as file:
        import json

        return json.loads(file.metadata()["log"])["validation_mse"]


def test_training_stops_when_nothing_is_gained() -> None:
    from neurogeom.decoding.networks import ResidualUNet
    from neurogeom.decoding.training import TrainingPlan, train

    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(16, 8, 8)), draw.normal(size=(16, 8, 8))
    plan = TrainingPlan(epochs=40, batch_size=8, learning_rate=1e-9, decay=0.4, patience=3, seed=0)
    log = train(ResidualUNet(channels=(2, 4)), x, y, (x, y), plan)
    assert len(log.validation_mse) < 10


def test_what_a_network_cannot_take_is_refused(scene: Scene) -> None:
    with pytest.raises(ValueError, match="multiples of 16"):
        AutoencoderDecoder(architecture="paper").fit(scene.counts, scene.images[:, :24, :24])
    with pytest.raises(ValueError, match="finds no GPU"):
        AutoencoderDecoder(device="cuda")
    with pytest.raises(ValueError, match="Did you mean 'unet'"):
        AutoencoderDecoder(architecture="u-net")
