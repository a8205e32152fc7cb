"""`neurogeom encode` writes a store that the other commands read."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from PIL import Image

from neurogeom import encoders, recordings, results
from neurogeom.cli import cli
from tests.encoders.siglip_files import write_folder


def run(*arguments):
    return CliRunner().invoke(cli, [str(part) for part in arguments])


@pytest.fixture
def images(tmp_path):
    """Thirty pictures of three kinds, each kind with its own brightness."""
    rng = np.random.default_rng(0)
    for kind, base in (("cat", 40), ("dog", 120), ("hen", 200)):
        (tmp_path / "images" / kind).mkdir(parents=True)
        for index in range(10):
            pixels = np.clip(base + rng.normal(0, 25, size=(32, 32, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / kind / f"{kind}_{index}.png")
    return tmp_path / "images"


def test_from_a_folder_of_images_to_capacity_by_layer(images, values_dir, tmp_path):
    folder = write_folder(tmp_path / "weights", values_dir, "bv_fixed")
    out = tmp_path / "acts.zarr"
    done = run("encode", images, "--encoder", f"siglip2:{folder}", "--layers", "blocks.*", "--out", out)
    assert done.exit_code == 0, done.output
    assert "30 images, 3 layers, 1,536 units: 184.3 kB" in done.output
    assert f"neurogeom capacity {out} --labels object_name" in done.output
    stored = encoders.open_activations(out)
    assert sorted(set(stored.object_name.values)) == ["cat", "dog", "hen"]
    assert stored.stimulus_id.values[0] == "cat_0"
    direct = encoders.extract(encoders.siglip2(folder), images, "blocks.*")
    np.testing.assert_allclose(stored.values, direct.values, atol=1e-5)
    done = run("capacity", out, "--labels", "object_name", "--out", tmp_path / "capacity", "--n-samples", "20")
    assert done.exit_code == 0, done.output
    found = results.load(tmp_path / "capacity" / "results.nc", "glue")
    assert found.data["layer"].values.tolist() == ["blocks.0", "blocks.1", "blocks.2"]


def test_a_second_run_goes_on_and_another_encoder_is_refused(images, tmp_path):
    out = tmp_path / "acts.zarr"
    for _ in range(2):
        assert run("encode", images, "--encoder", "gabor", "--out", out).exit_code == 0
    done = run("encode", images, "--encoder", "pixels", "--out", out)
    assert done.exit_code == 1 and "choose another out=" in done.output


def test_a_store_predicts_recordings_layer_by_layer(images, tmp_path):
    out = tmp_path / "acts.zarr"
    done = run("encode", images, "--encoder", "random_siglip2", "--layers", "blocks.*", "--pool", "mean", "--out", out)
    assert done.exit_code == 0, done.output
    stored = encoders.open_activations(out)
    rng = np.random.default_rng(0)
    signal = stored.values[:, stored.layer.values == "blocks.1"] @ rng.normal(size=(64, 5))
    trials = xr.DataArray(
        np.concatenate([signal, signal]) + 0.01 * rng.normal(size=(60, 5)),
        dims=("presentation", "neuroid"),
        coords={"stimulus_id": ("presentation", np.tile(stored.stimulus_id.values, 2))},
    )
    recordings.save(tmp_path / "trials.nc", trials)
    arguments = ["--method", "ridge", "--n-splits", "3", "--out", tmp_path / "predict"]
    done = run("predict", out, tmp_path / "trials.nc", *arguments)
    assert done.exit_code == 0, done.output
    assert all(f"blocks.{index}: r = " in done.output for index in range(4))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--encoder", "siglip"], "--encoder 'siglip' is unknown. Did you mean 'siglip2:PATH'"),
        (["--encoder", "vito"], "--encoder vito needs a path: vito:PATH"),
        (["--encoder", "siglip2:no/such.npz"], "there is no such checkpoint"),
        (["--encoder", "random_siglip2", "--layers", "block.9"], "layer 'block.9' not found; closest: 'blocks."),
        (["--encoder", "pixels", "--project", "many"], "project='many' is not understood"),
    ],
)
def test_mistakes_are_one_line(images, tmp_path, arguments, message):
    done = run("encode", images, *arguments, "--out", tmp_path / "acts.zarr")
    assert done.exit_code == 1
    assert message in done.output and "Traceback" not in done.output
