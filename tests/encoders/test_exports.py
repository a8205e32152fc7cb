"""Exports: other programs get the same numbers under their own names."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from neurogeom import encoders, recordings
from tests.encoders.networks import TokenNetwork, convolutional, pictures, seeded


@pytest.fixture
def stored(tmp_path):
    names = {"object_name": list("ab") * 5, "stimulus_id": [f"s{i}" for i in range(10)]}
    return encoders.extract(
        convolutional(), pictures(), ["0", "4"], out=tmp_path / "a.zarr", coords=names, block_size=4
    )


def test_hdf5_holds_every_layer_with_its_units(stored, tmp_path):
    path = encoders.export(stored, tmp_path / "a.h5")
    with h5py.File(path) as file:
        assert file["layers/001"].attrs["layer"] == "4"
        np.testing.assert_array_equal(file["layers/000/activations"][:], stored.values[:, stored.layer.values == "0"])
        np.testing.assert_array_equal(file["layers/000/x"][:], stored.x.values[stored.layer.values == "0"])
        assert [name.decode() for name in file["presentation/object_name"][:]] == list("ab") * 5


def test_brain_score_reads_its_own_names(stored, tmp_path):
    encoder = encoders.as_encoder(seeded(TokenNetwork), token_grid=(4, 4), prefix_tokens=1)
    found = encoders.extract(encoder, pictures(), "block", coords={"stimulus_id": [f"s{i}" for i in range(10)]})
    again = recordings.load(encoders.export(found, tmp_path / "a.nc"))
    np.testing.assert_array_equal(again.values, found.values)
    np.testing.assert_array_equal(again.channel.values, found.token.values)
    np.testing.assert_array_equal(again.embedding.values, found.channel.values)
    assert again.neuroid_id.values[7] == "block.7"
    maps = recordings.load(encoders.export(stored, tmp_path / "b.nc"))
    np.testing.assert_array_equal(maps.channel.values, stored.channel.values)


def test_names_of_units_count_within_layers(stored):
    named = encoders.with_neuroid_ids(stored)
    assert named.neuroid_id.values[[0, 1023, 1024]].tolist() == ["0.0", "0.1023", "4.0"]
    assert len(set(named.neuroid_id.values)) == stored.shape[1]


def test_other_endings_and_other_arrays_are_refused(stored, tmp_path):
    with pytest.raises(ValueError, match="ends in neither .h5 nor .nc"):
        encoders.export(stored, tmp_path / "a.csv")
    with pytest.raises(ValueError, match="no coordinate 'layer'"):
        encoders.export(stored.drop_vars("layer"), tmp_path / "a.h5")
