"""The store: what was complete survives a killed process, and nothing is ever mixed."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import dask.array
import numpy as np
import pytest
import torch
from torch import nn

from neurogeom import encoders, recordings
from neurogeom.io.lock import LockedError, writer_lock
from neurogeom.recordings.activations import PROGRESS, finished_blocks
from tests.encoders.extract_and_die import Slow, run
from tests.encoders.networks import convolutional, pictures, write_pictures

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("images"), n=40)


@pytest.fixture(scope="module")
def whole(folder, tmp_path_factory):
    """The extraction in one go."""
    return run(folder, tmp_path_factory.mktemp("whole") / "acts.zarr")


def start(folder, out):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    script = ROOT / "tests" / "encoders" / "extract_and_die.py"
    return subprocess.Popen([sys.executable, str(script), str(folder), str(out)], env=environment)


def wait_for_blocks(out, n, process):
    while not ((out / PROGRESS).exists() and len(finished_blocks(out)) >= n):
        assert process.poll() is None, "the process ended before it could be killed"
        time.sleep(0.01)


def same(found, expected):
    np.testing.assert_array_equal(found.values, expected.values)
    assert found.stimulus_id.values.tolist() == expected.stimulus_id.values.tolist()


# ------------------------------------------------------------------ killed and resumed


@pytest.mark.parametrize("n_blocks", [1, 4])
def test_a_run_that_was_killed_resumes_and_equals_one_in_one_go(folder, whole, tmp_path, n_blocks):
    out = tmp_path / "acts.zarr"
    process = start(folder, out)
    wait_for_blocks(out, n_blocks, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = finished_blocks(out)
    assert n_blocks <= len(done) < 10
    with pytest.raises(ValueError, match=f"not finished: {len(done)} of 10 blocks are complete"):
        encoders.open_activations(out)
    part = encoders.open_activations(out, partial=True)
    same(part, whole.isel(presentation=np.flatnonzero(np.isin(np.arange(40) // 4, done))))
    before = {path: path.stat().st_mtime_ns for path in (out / "layer_000" / "c").iterdir() if int(path.name) in done}
    same(run(folder, out), whole)
    assert {path: path.stat().st_mtime_ns for path in before} == before, "finished blocks were written again"
    assert not list(out.rglob("*.partial")) and not (out / "writer.lock").exists()


def test_a_block_without_its_mark_is_computed_again(folder, whole, tmp_path):
    out = tmp_path / "acts.zarr"
    run(folder, out)
    (out / PROGRESS).write_text(json.dumps({"blocks": [0, 1, 3]}))
    next(path for path in (out / "layer_001" / "c" / "2").rglob("*") if path.is_file()).write_bytes(b"")
    (out / "layer_001" / "c" / "2" / "0.abc.partial").write_bytes(b"half")
    same(run(folder, out), whole)


def test_a_finished_store_is_given_back_or_refused(folder, whole, tmp_path):
    out = tmp_path / "acts.zarr"
    run(folder, out)
    same(run(folder, out), whole)
    with pytest.raises(ValueError, match="resume=True goes on with it"):
        encoders.extract(
            encoders.as_encoder(Slow(0), name="slow", preprocess=encoders.Preprocess(resize=16)), folder, out=out,
            resume=False,
        )  # fmt: skip


def test_a_full_disk_loses_nothing_that_was_complete(folder, tmp_path, monkeypatch):
    out = tmp_path / "acts.zarr"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    images = encoders.image_set(folder)
    module = nn.Sequential(nn.Flatten(), nn.Linear(768, 3))
    torch.nn.init.ones_(module[1].weight)
    from neurogeom.encoders import store

    written = store._flush_files

    def then_full(path):
        written(path)
        if path.name == "2":
            resource.setrlimit(resource.RLIMIT_FSIZE, (16, hard))  # from here on no file gets longer than this

    monkeypatch.setattr(store, "_flush_files", then_full)
    try:
        with pytest.raises(OSError, match="stopped .*; [0-3] of 10 blocks are safe; free some space and rerun"):
            encoders.extract(module, images, "1", out=out, batch_size=4, block_size=4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    monkeypatch.undo()
    assert len(finished_blocks(out)) >= 2
    found = encoders.extract(module, images, "1", out=out, batch_size=4, block_size=4)
    np.testing.assert_array_equal(found.values, encoders.extract(module, images, "1", batch_size=4).values)


# ------------------------------------------------------------------ identity


def changed(**options):
    return {"encoder": convolutional(), "images": pictures(), "layers": ["0", "4"], **options}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"encoder": convolutional(seed=1)}, "weights hash"),
        ({"images": pictures(seed=2)}, "image list"),
        ({"images": pictures()[::-1]}, "image list"),
        ({"images": pictures(9)}, "image list and n_images"),
        ({"layers": ["0"]}, "layers"),
        ({"pool": "mean"}, "pooling"),
        ({"project": 3}, "project"),
        ({"precision": "bfloat16"}, "precision"),
        ({"encoder": encoders.as_encoder(convolutional(), preprocess=encoders.Preprocess(mean=(0.5,) * 3))}, "preproc"),
        ({"encoder": convolutional(seed=1), "layers": ["4"]}, "weights hash and layers"),
    ],
)
def test_a_store_of_something_else_is_refused(tmp_path, options, names):
    out = tmp_path / "acts.zarr"
    before = encoders.extract(**changed(), out=out, block_size=5).values
    with pytest.raises(ValueError, match=rf"differs in {names}.*old .*, new .*; choose another out="):
        encoders.extract(**changed(**options), out=out, block_size=5)
    np.testing.assert_array_equal(encoders.open_activations(out).values, before)


def test_the_same_again_may_have_other_coordinates_and_batches(tmp_path):
    out = tmp_path / "acts.zarr"
    encoders.extract(**changed(), out=out, block_size=5)
    assert encoders.extract(**changed(), out=out, batch_size=3).shape == (10, 1029)


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"holds other files \(first: 'notes.txt'\)"):
        encoders.extract(**changed(), out=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt"]


def test_two_equal_networks_have_one_fingerprint_and_one_weight_makes_another():
    one, other = encoders.as_encoder(convolutional()), encoders.as_encoder(convolutional())
    assert one.fingerprint() == other.fingerprint()
    with torch.no_grad():
        other.module[4].bias[2] += 1e-6
    assert one.fingerprint() != other.fingerprint()


# ------------------------------------------------------------------ locks


def test_one_writer_at_a_time(tmp_path):
    message = f"process {os.getpid()} on host .* if it is dead, remove"
    with writer_lock(tmp_path), pytest.raises(LockedError, match=message), writer_lock(tmp_path):
        raise AssertionError
    with writer_lock(tmp_path) as lock:
        assert lock.exists()


def test_the_lock_of_another_machine_is_respected(tmp_path):
    (tmp_path / "writer.lock").write_text(json.dumps({"process": 123, "host": "h", "machine": "elsewhere"}))
    with pytest.raises(LockedError, match="process 123 on host h writes to"):
        encoders.extract(**changed(), out=tmp_path)


# ------------------------------------------------------------------ reading


def test_a_store_is_lazy_and_readable_by_recordings(tmp_path):
    out = tmp_path / "acts.zarr"
    found = encoders.extract(**changed(), out=out, coords={"object_name": list("ab") * 5}, block_size=4)
    assert isinstance(found.data, dask.array.Array)
    again = recordings.load(out)
    assert isinstance(again.data, dask.array.Array)
    in_memory = encoders.extract(**changed(), coords={"object_name": list("ab") * 5})
    np.testing.assert_allclose(again.values, in_memory.values, atol=1e-6)
    for key in ("layer", "channel", "y", "x", "object_name"):
        assert again[key].values.tolist() == in_memory[key].values.tolist()
    assert encoders.open_activations(out, layers=["4"]).shape == (10, 5)
    with pytest.raises(ValueError, match="layer '5' is not in"):
        encoders.open_activations(out, layers=["5"])
    with pytest.raises(FileNotFoundError, match="no store of activations"):
        encoders.open_activations(tmp_path)


def test_other_programs_can_read_the_arrays(tmp_path):
    import zarr

    found = encoders.extract(**changed(), out=tmp_path / "acts.zarr", block_size=4)
    group = zarr.open_group(str(tmp_path / "acts.zarr"), mode="r")
    assert group["layer_001"].attrs["layer"] == "4" and group["layer_000"].chunks[0] == 4
    np.testing.assert_array_equal(group["layer_001"][:], found.values[:, found.layer.values == "4"])


def test_a_projection_in_a_store_is_the_same_after_resuming(folder, tmp_path):
    out, images = tmp_path / "acts.zarr", encoders.image_set(folder)
    options = {"project": encoders.Projection("pca", 3, seed=0, n_fit=20), "batch_size": 4, "block_size": 8}
    whole = encoders.extract(convolutional(), images, ["0", "4"], out=out, **options).values
    (out / PROGRESS).write_text(json.dumps({"blocks": [0, 2]}))
    np.testing.assert_array_equal(encoders.extract(convolutional(), images, ["0", "4"], out=out, **options), whole)


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 99}'])
def test_a_damaged_head_is_said(tmp_path, content):
    out = tmp_path / "acts.zarr"
    encoders.extract(**changed(), out=out)
    (out / "neurogeom.json").write_text(content)
    with pytest.raises(ValueError, match="damaged|format 99"):
        encoders.extract(**changed(), out=out)
