"""The demo's network: repeatable, tested on digits that it never saw, and wide enough to stand above its floor."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurogeom import datasets, encoders


@pytest.fixture(scope="module")
def network():
    return encoders.digits_network(seed=0, epochs=4)


def test_it_names_unseen_digits(network):
    assert network.test_accuracy > 0.9
    assert network.history.accuracy[-1] > 0.9


def test_held_out_images_are_a_third_of_each_digit(network):
    everything = datasets.load("digits")
    counts = np.bincount(network.images["digit"].values)
    np.testing.assert_array_equal(counts, np.bincount(everything["digit"].values) // 3)
    assert len(set(network.images["stimulus_id"].values)) == counts.sum()


def test_activations_hold_the_same_images_of_each_digit_in_every_layer(network):
    layers = network.activations(20)
    assert list(layers) == ["pixels", "conv1", "conv2", "hidden1", "hidden2", "logits"]
    for array in layers.values():
        np.testing.assert_array_equal(np.bincount(array["digit"].values), [20] * 10)
        np.testing.assert_array_equal(array["stimulus_id"].values, layers["pixels"]["stimulus_id"].values)
    assert [layers[name].sizes["neuroid"] >= 512 for name in ("conv1", "conv2", "hidden1", "hidden2")] == [True] * 4
    assert (layers["hidden1"].values >= 0).all()
    named = layers["logits"].values.argmax(axis=1) == layers["logits"]["digit"].values
    assert named.mean() > 0.9


def test_hidden_layers_hold_as_many_dimensions_as_points(network):
    for name in ("conv1", "conv2", "hidden1", "hidden2"):
        assert np.linalg.matrix_rank(network.activations(20)[name].values) == 200


def test_the_same_seed_gives_the_same_network_whatever_torchs_state():
    found = []
    for global_seed in (99, 3):
        torch.manual_seed(global_seed)
        state = torch.random.get_rng_state()
        found.append(encoders.digits_network(seed=1, epochs=1, n_units=64))
        assert torch.equal(torch.random.get_rng_state(), state)
    for one, other in zip(found[0].module.parameters(), found[1].module.parameters()):
        assert torch.equal(one, other)
    assert found[0].images.identical(found[1].images)


def test_the_untrained_twin_has_the_same_images_and_knows_nothing(network):
    twin = encoders.digits_network(seed=0, train=False)
    assert twin.images.identical(network.images)
    assert twin.test_accuracy < 0.4


def test_more_images_than_there_are_is_refused(network):
    with pytest.raises(ValueError, match="n_per_class=70 is more than the 58"):
        network.activations(70)
