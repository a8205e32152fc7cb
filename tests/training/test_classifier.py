"""Training: it learns, it repeats, and it leaves no trace in torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurogeom import training
from neurogeom.training.classifier import in_mode


@pytest.fixture
def blobs(rng):
    labels = np.tile(["cat", "dog", "owl"], 40)
    centers = {"cat": (3, 0), "dog": (-3, 0), "owl": (0, 4)}
    return rng.normal(size=(120, 2)) + np.array([centers[label] for label in labels]), labels


def network(seed=0, dropout=0.0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return torch.nn.Sequential(
            torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(16, 3)
        )


def weights(module):
    return torch.cat([parameter.detach().ravel() for parameter in module.parameters()])


def test_separable_classes_are_learned(blobs):
    inputs, labels = blobs
    module = network()
    history = training.fit_classifier(module, inputs, labels, epochs=40, learning_rate=0.02, seed=0)
    assert history.classes == ("cat", "dog", "owl")
    assert history.accuracy[-1] > 0.97
    assert history.loss[-1] < 0.25 * history.loss[0]
    guesses = module(torch.tensor(inputs, dtype=torch.float32)).argmax(dim=1).numpy()
    assert np.mean(np.array(history.classes)[guesses] == labels) > 0.97


def test_the_seed_alone_decides(blobs):
    inputs, labels = blobs
    found = []
    for global_seed, seed in ((1, 5), (2, 5), (1, 6)):
        torch.manual_seed(global_seed)
        module = network(dropout=0.3)
        history = training.fit_classifier(module, inputs, labels, epochs=3, seed=seed)
        found.append((weights(module), history.loss))
    assert torch.equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])
    assert not torch.equal(found[0][0], found[2][0])


def test_a_seed_that_was_drawn_repeats_the_run(blobs):
    inputs, labels = blobs
    module = network()
    history = training.fit_classifier(module, inputs, labels, epochs=2)
    again = network()
    training.fit_classifier(again, inputs, labels, epochs=2, seed=history.settings["seed"])
    assert torch.equal(weights(module), weights(again))


@pytest.mark.parametrize("fails", [False, True])
def test_torchs_state_and_the_modules_mode_are_as_before(blobs, fails):
    inputs, labels = blobs
    module = network(dropout=0.5).eval()
    module[1].train()
    torch.manual_seed(11)
    before = torch.random.get_rng_state()
    if fails:
        with pytest.raises(ValueError, match="scores of shape"):
            training.fit_classifier(module[:1], inputs[:, :2], np.arange(120), epochs=1, seed=0)
    else:
        training.fit_classifier(module, inputs, labels, epochs=1, seed=0)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert [part.training for part in module] == [False, True, False, False]
    assert torch.is_grad_enabled()


def test_modes_come_back_after_an_error():
    module = network()
    module[2].eval()
    with pytest.raises(RuntimeError), in_mode(module, training=False):
        raise RuntimeError
    assert [part.training for part in module] == [True, True, False, True]


def test_history_is_a_table_and_a_sentence(blobs):
    inputs, labels = blobs
    history = training.fit_classifier(network(), inputs, labels, epochs=3, seed=0)
    frame = history.to_dataframe()
    assert frame.index.tolist() == [1, 2, 3] and list(frame) == ["loss", "accuracy"]
    assert "3 epochs" in repr(history) and "3 classes" in repr(history)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"labels": ["a"] * 7}, ValueError, "7 entries"),
        ({"inputs": np.full((120, 2), np.nan)}, ValueError, "NaN"),
        ({"inputs": np.zeros((0, 2))}, ValueError, "at least one input"),
        ({"inputs": np.array([["a", "b"]] * 120)}, TypeError, "numbers"),
        ({"epochs": 0}, ValueError, "epochs"),
        ({"batch_size": 2.5}, TypeError, "batch_size"),
        ({"learning_rate": 0.0}, ValueError, "learning_rate"),
        ({"weight_decay": -1.0}, ValueError, "weight_decay"),
        ({"seed": -1}, ValueError, "seed"),
    ],
)
def test_impossible_arguments_are_refused(blobs, change, kind, message):
    arguments = {"inputs": blobs[0], "labels": blobs[1], "epochs": 1, "seed": 0} | change
    with pytest.raises(kind, match=message):
        training.fit_classifier(network(), arguments.pop("inputs"), arguments.pop("labels"), **arguments)


def test_a_loss_that_runs_away_is_an_error(blobs):
    inputs, labels = blobs
    with pytest.raises(ValueError, match=r"not finite in epoch \d+\. Use a smaller learning_rate"):
        training.fit_classifier(network(), inputs * 1e30, labels, epochs=5, learning_rate=1e10, seed=0)
