"""Checkpoints are data: what would run code is refused, and nothing in a folder is executed."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from neurogeom import encoders
from tests.encoders.siglip_files import write_folder


class Malicious:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (os.mkdir, (self.path,))


@pytest.fixture
def trap(tmp_path):
    return tmp_path / "was_run"


def test_a_pickle_beside_good_weights_is_not_touched(values_dir, tmp_path, trap):
    folder = write_folder(tmp_path / "a", values_dir, "bv_fixed")
    torch.save(Malicious(trap), folder / "pytorch_model.bin")
    torch.save(Malicious(trap), folder / "training_args.bin")
    encoders.siglip2(folder)
    assert not trap.exists()


def test_a_pickle_instead_of_weights_is_refused(values_dir, tmp_path, trap):
    folder = write_folder(tmp_path / "a", values_dir, "bv_fixed")
    (folder / "model.safetensors").unlink()
    torch.save({"weight": Malicious(trap)}, folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match="refused, loading it would run code. Convert it to safetensors"):
        encoders.siglip2(folder)
    torch.save(Malicious(trap), tmp_path / "a.pth")
    with pytest.raises(ValueError, match="refused, loading it would run code"):
        encoders.vito(tmp_path / "a.pth")
    assert not trap.exists()


@pytest.mark.parametrize("load", [encoders.siglip2, encoders.vito])
def test_objects_in_an_archive_are_refused(load, tmp_path, trap):
    objects = np.empty(1, dtype=object)
    objects[0] = Malicious(trap)
    np.savez(tmp_path / "a.npz", **{"params/img/embedding/bias": objects})
    with pytest.raises(ValueError, match="holds Python objects: refused, loading them would run code"):
        load(tmp_path / "a.npz")
    assert not trap.exists()


@pytest.mark.parametrize("name", ["a.npz", "a.pth", "a.safetensors"])
def test_damaged_files_are_said_to_be_damaged(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04 this is no checkpoint" * 20)
    with pytest.raises(ValueError, match="damaged or no"):
        encoders.vito(tmp_path / name)


def test_a_file_without_weights_is_said(tmp_path):
    torch.save([1, 2], tmp_path / "a.pth")
    with pytest.raises(ValueError, match="holds no weights by name"):
        encoders.vito(tmp_path / "a.pth")
