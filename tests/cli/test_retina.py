"""``neurogeom retina``: from images to spikes to images, with reports; recordings of other programs; refusals."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from neurogeom import recordings, retina, stimuli
from neurogeom.cli.commands import cli


def run(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(cli, [str(part) for part in arguments])
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture(scope="module")
def spikes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Spikes for crops of two photographs in a folder."""
    from skimage.io import imsave

    folder = tmp_path_factory.mktemp("images")
    for name in ("camera", "cat"):
        image = (stimuli.packaged_images(name)[name] + 0.5) * 255
        imsave(folder / f"{name}.png", image.round().astype(np.uint8), check_contrast=False)
    out = folder / "spikes.h5"
    text = run("retina", "simulate", folder, "--out", out, "--size", 32, "--n", 4, "--nonlinearity", "softplus")
    assert "spikes" in text
    assert "Mosaic and spikes" in out.with_suffix(".html").read_text(encoding="utf-8")
    return out


@pytest.mark.parametrize("decoder", ["linear", "map"])
def test_simulated_spikes_are_decoded_with_a_report(spikes: Path, tmp_path: Path, decoder: str) -> None:
    out = tmp_path / "images.h5"
    options = ["--uncertainty"] if decoder == "map" else []
    text = run("retina", "decode", spikes, "--decoder", decoder, "--out", out, "--n-train", 400, *options)
    assert "SSIM" in text
    with h5py.File(out) as file:
        decoded, originals = file["images"][()], file["originals"][()]
        assert ("sd" in file) == (decoder == "map")
        assert decoded.shape == originals.shape == (4, 32, 32)
    assert np.mean((decoded - originals) ** 2) < 0.5 * originals.var()
    assert "Reconstructions" in out.with_suffix(".html").read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {"images.h5", "images.html"}


def test_the_file_of_spikes_is_read_by_recordings_too(spikes: Path) -> None:
    counts, model, images = retina.load_spikes(spikes)
    responses = recordings.load(spikes)
    np.testing.assert_array_equal(responses.values, counts.values)
    assert responses.dims == ("presentation", "neuroid")
    assert responses.neuroid_id.values.tolist() == counts.neuroid_id.values.tolist()
    assert images is not None and images.source.values.tolist() == counts.source.values.tolist()
    again = model.simulate(images, seed=counts.attrs["seed"])
    np.testing.assert_array_equal(again.values, counts.values)


def test_a_recording_with_onsets_of_images_takes_the_same_road(tmp_path: Path) -> None:
    """Spike times and image onsets of a multi-electrode array, as another program writes them, to decoded images."""
    draw = np.random.default_rng(0)
    images = draw.uniform(-0.5, 0.5, (120, 12, 12)).astype(np.float32)
    mosaic = retina.Mosaic.from_counts({"on_midget": 20, "off_midget": 20}, (12, 12), seed=0)
    counts = retina.LNP(mosaic).calibrate(images).simulate(images, seed=0).values
    with open(tmp_path / "spikes.csv", "w", encoding="utf-8") as file:
        file.write("unit,time\n")
        for image, cell in zip(*np.nonzero(counts)):
            for delay in draw.uniform(0.03, 0.12, counts[image, cell]):
                file.write(f"ch{cell:02d},{0.5 * image + delay:.6f}\n")
    with open(tmp_path / "onsets.csv", "w", encoding="utf-8") as file:
        file.write("stimulus_onset,stimulus_id\n" + "".join(f"{0.5 * i},im{i}\n" for i in range(120)))
    spikes, onsets = (pd.read_csv(tmp_path / name) for name in ("spikes.csv", "onsets.csv"))
    responses = recordings.from_spike_times(spikes, onsets, align_to="stimulus_onset", window=(0, 150))
    recordings.save(tmp_path / "responses.nc", responses)
    with h5py.File(tmp_path / "stimuli.h5", "w") as file:
        file["images"] = ((images[::-1] + 0.5) * 255).round().astype(np.uint8)
        file["stimulus_id"] = [f"im{i}" for i in range(120)][::-1]
    out = tmp_path / "decoded.h5"
    run("retina", "decode", tmp_path / "responses.nc", "--images", tmp_path / "stimuli.h5", "--decoder", "linear",
        "--out", out)  # fmt: skip
    with h5py.File(out) as file:
        decoded, originals = file["images"][()], file["originals"][()]
        names = [name.decode() for name in file["stimulus_id"][()]]
    np.testing.assert_allclose(originals, images[[int(name[2:]) for name in names]], atol=1 / 255)
    assert len(decoded) == 30
    assert np.mean((decoded - originals) ** 2) < originals.var()


def test_what_cannot_be_is_one_clear_line(spikes: Path, tmp_path: Path) -> None:
    assert "does not end in .h5" in run("retina", "simulate", "packaged", "--out", tmp_path / "a.npz", code=1)
    assert "foveal pit" in run(
        "retina", "simulate", "packaged", "--out", tmp_path / "a.h5", "--eccentricity", 0.4, code=1
    )
    assert "no such file" in run("retina", "decode", tmp_path / "none.h5", code=1)
    out = tmp_path / "b.h5"
    text = run(
        "retina", "decode", spikes, "--decoder", "linear", "--uncertainty", "--n-train", 60, "--out", out, code=1
    )
    assert "needs --decoder map" in text
    with h5py.File(tmp_path / "r.h5", "w") as file:
        file["responses"] = np.ones((4, 3), dtype=int)
    assert "--images" in run("retina", "decode", tmp_path / "r.h5", "--decoder", "linear", "--out", out, code=1)
    assert "encoding model" in run("retina", "decode", tmp_path / "r.h5", "--decoder", "map", "--out", out, code=1)
    assert not out.exists()
