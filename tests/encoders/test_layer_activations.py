"""Activations: the numbers of the forward pass, whatever the module does, and no hook left behind."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from neurogeom import encoders
from neurogeom.encoders.layers import choose_layers


def small_network(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Flatten(),
            nn.Linear(48, 5),
        )  # fmt: skip


@pytest.fixture
def images(rng):
    return rng.normal(size=(7, 1, 4, 4)).astype(np.float32)


def n_hooks(module):
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in module.modules())


# ------------------------------------------------------------------ numbers


def test_activations_are_those_of_a_plain_forward_pass(images):
    module = small_network()
    found = encoders.layer_activations(module, images)
    module.eval()
    with torch.inference_mode():
        x = torch.tensor(images)
        for name, part in module.named_children():
            x = part(x.clone())
            np.testing.assert_allclose(found[name].values, x.numpy().reshape(7, -1), rtol=1e-6, atol=1e-6)


def test_an_inplace_layer_does_not_change_what_its_predecessor_gave(images):
    found = encoders.layer_activations(small_network(), images, ["1", "2"])
    assert (found["1"].values < 0).any()
    np.testing.assert_array_equal(found["2"].values, np.maximum(found["1"].values, 0))


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_the_batch_size_changes_nothing(images, batch_size):
    whole = encoders.layer_activations(small_network(), images, batch_size=7)
    parts = encoders.layer_activations(small_network(), images, batch_size=batch_size)
    for name in whole:
        np.testing.assert_allclose(parts[name].values, whole[name].values, rtol=1e-5, atol=1e-6)


def test_inputs_are_cast_to_the_modules_precision(images):
    module = small_network().double()
    found = encoders.layer_activations(module, images.astype(np.float32), ["5"])
    assert found["5"].dtype == np.float64


def test_half_precision_comes_back_as_float32():
    module = nn.Sequential(nn.Linear(4, 3)).bfloat16()
    assert encoders.layer_activations(module, np.ones((2, 4)))["0"].dtype == np.float32


# ------------------------------------------------------------------ names and coordinates


def test_units_know_their_place_in_the_layer(images):
    conv = encoders.layer_activations(small_network(), images, "0")["0"]
    module = small_network().eval()
    with torch.inference_mode():
        expected = module[0](torch.tensor(images)).numpy()
    for unit in (0, 17, 47):
        channel, y, x = (int(conv[key][unit]) for key in ("channel", "y", "x"))
        np.testing.assert_allclose(conv.values[:, unit], expected[:, channel, y, x], rtol=1e-6)
    assert set(conv["layer"].values) == {"0"}
    assert len(set(conv["neuroid_id"].values)) == 48


def test_presentation_coordinates_are_kept(images):
    given = xr.DataArray(images, dims=("presentation", "c", "y", "x")).assign_coords(
        stimulus_id=("presentation", [f"image_{i}" for i in range(7)])
    )
    found = encoders.layer_activations(small_network(), given, "5", coords={"object_name": list("aabbccd")})["5"]
    assert found["stimulus_id"].values.tolist() == given["stimulus_id"].values.tolist()
    assert found["object_name"].values.tolist() == list("aabbccd")
    with pytest.raises(ValueError, match=r"coords\['object_name'\] has 2 entries, there are 7"):
        encoders.layer_activations(small_network(), images, coords={"object_name": ["a", "b"]})


def test_layers_are_named_by_name_glob_list_or_all():
    module = nn.Sequential()
    module.add_module("conv1", nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU()))
    module.add_module("conv2", nn.Conv2d(1, 1, 1))
    module.add_module("fc", nn.Flatten())
    assert encoders.layer_names(module) == ["conv1", "conv1.0", "conv1.1", "conv2", "fc"]
    assert choose_layers(module, "all") == ["conv1.0", "conv1.1", "conv2", "fc"]
    assert choose_layers(module, "conv1") == ["conv1"]
    assert choose_layers(module, "conv?") == ["conv1", "conv2"]
    assert choose_layers(module, ["fc", "conv1.*"]) == ["conv1.0", "conv1.1", "fc"]
    assert choose_layers(nn.ReLU(), "all") == [""]
    with pytest.raises(ValueError, match="closest: 'conv2'"):
        choose_layers(module, "convv2")
    with pytest.raises(ValueError, match="layers is empty"):
        choose_layers(module, [])
    with pytest.raises(TypeError, match="globs"):
        choose_layers(module, [3])


# ------------------------------------------------------------------ difficult modules


class Twice(nn.Module):
    """Runs one layer two times, gives a tuple, and holds a layer that it never runs."""

    def __init__(self):
        super().__init__()
        self.shared = nn.Linear(4, 4)
        self.unused = nn.Linear(4, 4)
        self.pair = Pair()

    def forward(self, x):
        return self.pair(self.shared(torch.relu(self.shared(x))))["second"]


class Pair(nn.Module):
    def forward(self, x):
        return {"first": (x, x + 1), "second": x}


def test_a_layer_that_runs_twice_gives_both_outputs(rng):
    inputs = rng.normal(size=(5, 4)).astype(np.float32)
    module = Twice().eval()
    found = encoders.layer_activations(module, inputs, ["shared", "pair"], batch_size=2)
    assert list(found) == ["shared#0", "shared#1", "pair"]
    with torch.inference_mode():
        first = module.shared(torch.tensor(inputs))
        second = module.shared(torch.relu(first))
    np.testing.assert_allclose(found["shared#0"].values, first.numpy(), atol=1e-6)
    np.testing.assert_allclose(found["shared#1"].values, second.numpy(), atol=1e-6)
    np.testing.assert_allclose(found["pair"].values, second.numpy(), atol=1e-6)


def test_a_layer_that_never_runs_is_named(rng):
    with pytest.raises(ValueError, match="'unused' was not called in a forward pass"):
        encoders.layer_activations(Twice(), rng.normal(size=(5, 4)), "unused")


class Summing(nn.Module):
    def __init__(self):
        super().__init__()
        self.total = Total()

    def forward(self, x):
        return x + self.total(x)


class Total(nn.Module):
    def forward(self, x):
        return x.sum(dim=0, keepdim=True)


def test_a_layer_whose_first_axis_is_no_input_is_refused(rng):
    with pytest.raises(ValueError, match=r"'total' gives shape \(1, 4\) for 5 inputs"):
        encoders.layer_activations(Summing(), rng.normal(size=(5, 4)).astype(np.float32), "total")


# ------------------------------------------------------------------ no trace


class Failing(nn.Module):
    def forward(self, x):
        raise RuntimeError("out of order")


@pytest.mark.parametrize("layers", ["0", "all"])
def test_hooks_are_gone_and_modes_restored_after_a_failure(images, layers):
    module = nn.Sequential(nn.ReLU(), Failing())
    with pytest.raises(RuntimeError, match="out of order"):
        encoders.layer_activations(module, images, layers)
    assert n_hooks(module) == 0
    assert all(part.training for part in module.modules())


def test_a_successful_pass_leaves_no_hook_no_gradient_and_no_change(images):
    module = small_network().train()
    state = {key: value.clone() for key, value in module.state_dict().items()}
    torch.manual_seed(4)
    random_state = torch.random.get_rng_state()
    encoders.layer_activations(module, images)
    assert n_hooks(module) == 0
    assert module.training and all(part.training for part in module.modules())
    assert all(torch.equal(state[key], value) for key, value in module.state_dict().items())
    assert all(parameter.grad is None for parameter in module.parameters())
    assert torch.equal(torch.random.get_rng_state(), random_state)


@pytest.mark.parametrize(
    ("inputs", "kind", "message"),
    [
        (np.full((2, 1, 4, 4), np.inf), ValueError, "NaN or inf"),
        (np.zeros((0, 1, 4, 4)), ValueError, "at least one input"),
        (np.array(["a", "b"]), TypeError, "numbers"),
        (np.zeros(4), ValueError, r"shape \(4,\)"),
    ],
)
def test_inputs_that_no_network_takes_are_refused(inputs, kind, message):
    module = small_network()
    with pytest.raises(kind, match=message):
        encoders.layer_activations(module, inputs)
    assert n_hooks(module) == 0
