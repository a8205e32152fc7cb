"""Extraction: the numbers of the forward pass with the place of every unit, whatever layer is asked for."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from neurogeom import encoders
from neurogeom._core.warnings import NeurogeomWarning
from tests.encoders.networks import TokenNetwork, convolutional, n_hooks, pictures, seeded, write_pictures


def by_hand(module, images):
    """Outputs of the parts of a sequence, as a plain loop gives them."""
    x = torch.tensor(images.transpose(0, 3, 1, 2) / np.float32(255.0), dtype=torch.float32)
    found = {}
    with torch.inference_mode():
        for name, part in module.eval().named_children():
            x = part(x.clone())
            found[name] = x.numpy().reshape(len(images), -1)
    return found


# ------------------------------------------------------------------ numbers


@pytest.mark.parametrize("batch_size", [1, 3, 10, "auto"])
def test_values_are_those_of_a_plain_forward_pass(batch_size):
    images, module = pictures(), convolutional()
    found = encoders.extract(module, images, "all", batch_size=batch_size)
    for name, expected in by_hand(module, images).items():
        np.testing.assert_allclose(found.values[:, found.layer.values == name], expected, rtol=1e-5, atol=1e-6)


def test_units_know_their_layer_and_place():
    images, module = pictures(), convolutional()
    found = encoders.extract(module, images, ["0", "4"])
    assert list(dict.fromkeys(found.layer.values)) == ["0", "4"]
    full = torch.tensor(by_hand(module, images)["0"].reshape(10, 4, 16, 16))
    for unit in (0, 300, 1023):
        channel, y, x = (int(found[key][unit]) for key in ("channel", "y", "x"))
        np.testing.assert_allclose(found.values[:, unit], full[:, channel, y, x], rtol=1e-5, atol=1e-6)
    assert found.channel.dtype == np.int32
    assert found.y.values[-1] == -1 and found.channel.values[-1] == 4


def test_tokens_know_their_place_in_the_grid():
    encoder = encoders.as_encoder(
        seeded(TokenNetwork), preprocess=encoders.Preprocess(resize=16), token_grid=(4, 4), prefix_tokens=1,
        has_class_token=True, visual_degrees=8.0,
    )  # fmt: skip
    found = encoders.extract(encoder, pictures(), "block")
    assert found.token.values.max() == 16
    first = found.isel(neuroid=found.token.values == 0)
    assert set(first.y.values) == {-1} and np.isnan(first.x_degrees.values).all()
    corner = found.isel(neuroid=(found.token.values == 4))  # the end of the first row
    assert set(corner.x.values) == {3} and set(corner.y.values) == {0}
    np.testing.assert_allclose(corner.x_degrees.values, 3.0)
    np.testing.assert_allclose(corner.y_degrees.values, 3.0)


def test_places_in_degrees_follow_the_published_formula():
    found = encoders.extract(nn.Conv2d(3, 1, 16, stride=16), pictures(2, 224), visual_degrees=8.0)
    assert found.sizes["neuroid"] == 14 * 14
    np.testing.assert_allclose([found.x_degrees[0], found.y_degrees[0]], [-3.714, 3.714], atol=5e-4)
    middle = (np.arange(14) + 0.5) * 224 / 14
    np.testing.assert_allclose(found.x_degrees.values[:14], (middle - 112) * 8 / 224, atol=1e-6)


# ------------------------------------------------------------------ parts of layers


class Several(nn.Module):
    """Gives tuples, dicts; runs a layer twice; shares a layer under two names; holds one that never runs."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.twin = self.first
        self.pair = Pair()
        self.unused = nn.Linear(4, 4)
        self.lists = nn.ModuleList([nn.Linear(4, 2)])

    def forward(self, x):
        return self.lists[0](self.pair(self.twin(torch.relu(self.first(x))))["second"])


class Pair(nn.Module):
    def forward(self, x):
        return {"first": (x, x + 1), "second": 2 * x}


def test_parts_of_an_output_and_inputs_have_names(rng):
    x = rng.normal(size=(5, 4)).astype(np.float32)
    module = seeded(Several)
    names = ["pair:input", "pair", "pair.second"]
    found = encoders.extract(module, x, names)
    given, first, second = (found.values[:, found.layer.values == name] for name in names)
    np.testing.assert_allclose(first, given)
    np.testing.assert_allclose(second, 2 * given, rtol=1e-6)


def test_repeated_and_shared_layers_are_all_told_apart(rng):
    x = rng.normal(size=(5, 4)).astype(np.float32)
    module = seeded(Several)
    found = encoders.extract(module, x, ["first", "twin"])
    assert list(dict.fromkeys(found.layer.values)) == ["first#0", "first#1", "twin#0", "twin#1"]
    with torch.inference_mode():
        one = module.first(torch.tensor(x))
        other = module.first(torch.relu(one))
    np.testing.assert_allclose(found.values[:, :4], one.numpy(), atol=1e-6)
    np.testing.assert_allclose(found.values[:, 4:8], other.numpy(), atol=1e-6)


def test_a_star_stops_at_dots():
    module = seeded(lambda: nn.Sequential(nn.Sequential(nn.Flatten(), nn.Linear(12, 3)), nn.Sequential(nn.ReLU())))
    x = np.zeros((2, 12), dtype=np.float32)
    assert list(dict.fromkeys(encoders.extract(module, x, "*").layer.values)) == ["0", "1"]
    assert list(dict.fromkeys(encoders.extract(module, x, "**").layer.values)) == ["0", "0.0", "0.1", "1", "1.0"]


def test_layers_that_do_not_run_are_left_out_or_refused(rng):
    x = rng.normal(size=(5, 4)).astype(np.float32)
    with pytest.warns(NeurogeomWarning, match="1 layers do not run in a forward pass and are left out"):
        found = encoders.extract(seeded(Several), x, "all")
    assert "unused" not in set(found.layer.values)
    with pytest.raises(ValueError, match="'unused' was not called in a forward pass .* leave it out"):
        encoders.extract(seeded(Several), x, "unused")


class Counting(nn.Module):
    """Runs its layer more often for some inputs."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Identity()

    def forward(self, x):
        x = self.layer(x)
        return self.layer(x) if float(x.sum()) > 0 else x


def test_the_number_of_calls_must_not_change(rng):
    x = np.concatenate([-np.ones((4, 3)), np.ones((4, 3))]).astype(np.float32)
    with pytest.raises(ValueError, match="'layer' was called 2 times in this forward pass and 1 in the first"):
        encoders.extract(Counting(), x, "layer", batch_size=4)


class SecondAxis(nn.Module):
    """Gives (tokens, images, channels), as recurrent layers and some attention does."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Identity()

    def forward(self, x):
        return self.layer(torch.stack([x, 2 * x, 3 * x, 4 * x], dim=0))


def test_another_axis_may_count_images(rng):
    x = rng.normal(size=(5, 7)).astype(np.float32)
    with pytest.raises(ValueError, match=r"'layer' returns \(4, 3, 7\) for a batch of 3: choose batch_axis="):
        encoders.extract(SecondAxis(), x, "layer")
    found = encoders.extract(SecondAxis(), x, "layer", batch_axis=1)
    np.testing.assert_allclose(found.values.reshape(5, 4, 7)[:, 2], 3 * x, rtol=1e-6)


def test_channels_last_must_be_said(rng):
    class ChannelsLast(nn.Module):
        def forward(self, x):
            return x.permute(0, 2, 3, 1).repeat(1, 1, 1, 2)

    module = nn.Sequential(ChannelsLast())
    images = pictures(4)
    with pytest.raises(ValueError, match=r"looks like \(y, x, channel\)"):
        encoders.extract(module, images, "0")
    found = encoders.extract(module, images, "0", layout={"0": "BHWC"})
    unit = found.isel(neuroid=(found.y.values == 3) & (found.x.values == 5) & (found.channel.values == 1))
    np.testing.assert_allclose(unit.values[:, 0], images[:, 3, 5, 1] / 255.0, rtol=1e-6)
    contiguous = encoders.extract(seeded(lambda: nn.Conv2d(3, 4, 3)), images)
    module = seeded(lambda: nn.Conv2d(3, 4, 3)).to(memory_format=torch.channels_last)
    np.testing.assert_allclose(encoders.extract(module, images).values, contiguous.values, atol=1e-6)


# ------------------------------------------------------------------ functions and files


def test_functions_of_images_are_encoders():
    images = pictures()
    found = encoders.extract(lambda batch: np.stack([image.mean(axis=(0, 1)) for image in batch]), images)
    np.testing.assert_allclose(found.values, images.mean(axis=(1, 2)), rtol=1e-6)
    assert set(found.layer.values) == {"output"}

    def two(batch):
        return {
            "mean": np.array([[image.mean()] for image in batch]),
            "max": np.array([[image.max()] for image in batch]),
        }

    assert list(dict.fromkeys(encoders.extract(two, images).layer.values)) == ["mean", "max"]
    np.testing.assert_allclose(encoders.extract(two, images, "max").values[:, 0], images.max(axis=(1, 2, 3)))


def test_a_file_of_activations_is_an_encoder(tmp_path):
    folder = write_pictures(tmp_path / "images")
    images = encoders.image_set(folder)
    found = encoders.extract(convolutional(), images, ["0", "4"], out=tmp_path / "acts.zarr")
    backwards = images.select(np.arange(10)[::-1])
    again = encoders.extract(tmp_path / "acts.zarr", backwards, "4")
    np.testing.assert_array_equal(again.values, found.values[::-1, found.layer.values == "4"])
    with pytest.raises(ValueError, match="lacks 1 of 1 images"):
        encoders.extract(tmp_path / "acts.zarr", pictures(1), coords={"stimulus_id": ["x"]})


# ------------------------------------------------------------------ pooling, projection, precision


def test_pooling_keeps_what_it_says():
    images, module = pictures(), convolutional()
    maps = by_hand(module, images)["2"].reshape(10, 6, 7, 7)
    np.testing.assert_allclose(encoders.extract(module, images, "2", pool="mean").values, maps.mean((2, 3)), atol=1e-6)
    coarse = encoders.extract(module, images, "2", pool="spatial", pool_size=1)
    np.testing.assert_allclose(coarse.values, maps.mean((2, 3)), atol=1e-6)
    grid = encoders.extract(module, images, "2", pool="spatial", pool_size=7)
    np.testing.assert_allclose(grid.values, maps.reshape(10, -1), atol=1e-6)
    assert set(grid.y.values) == set(range(7))
    assert encoders.extract(module, images, "4", pool="mean").sizes["neuroid"] == 5


def test_the_class_token_is_no_patch():
    encoder = encoders.as_encoder(seeded(TokenNetwork), token_grid=(4, 4), prefix_tokens=1, has_class_token=True)
    images = pictures()
    full = encoders.extract(encoder, images, "block").values.reshape(10, 17, 6)
    np.testing.assert_allclose(encoders.extract(encoder, images, "block", pool="cls").values, full[:, 0], atol=1e-6)
    np.testing.assert_allclose(
        encoders.extract(encoder, images, "block", pool="mean").values, full[:, 1:].mean(axis=1), atol=1e-6
    )
    for pool, other in (("cls", "mean"), ("map", "mean")):
        with pytest.raises(ValueError, match=f'pool="{pool}": this encoder has no .* use "{other}"'):
            encoders.extract(convolutional(), images, pool=pool)


def test_random_projections_keep_distances(rng):
    x = rng.normal(size=(60, 4000)).astype(np.float32)
    found = encoders.extract(nn.Identity(), x, project=1000, seed=3).values
    ratio = np.linalg.norm(found[:30] - found[30:], axis=1) / np.linalg.norm(x[:30] - x[30:], axis=1)
    assert found.shape == (60, 1000)
    assert ratio.min() > 0.85 and ratio.max() < 1.15
    np.testing.assert_array_equal(found, encoders.extract(nn.Identity(), x, project=1000, seed=3, batch_size=60).values)
    assert not np.allclose(found, encoders.extract(nn.Identity(), x, project=1000, seed=4).values)


def test_layers_have_projections_of_their_own(rng):
    x = rng.normal(size=(6, 3000)).astype(np.float32)
    module = nn.Sequential(nn.Identity(), nn.Identity(), nn.Linear(3000, 20))
    found = encoders.extract(module, x, project="sparse:100")
    first, second, third = (found.values[:, found.layer.values == name] for name in "012")
    assert not np.allclose(first, second)
    assert third.shape == (6, 20)  # has fewer units than that, and is kept


def test_principal_components_are_those_of_scikit_learn(rng):
    from sklearn.decomposition import PCA

    x = (rng.normal(size=(50, 6)) @ rng.normal(size=(6, 40))).astype(np.float32)
    found = encoders.extract(nn.Identity(), x, project="pca:4").values
    expected = PCA(4, svd_solver="full").fit_transform(x.astype(np.float64))
    np.testing.assert_allclose(np.abs(found), np.abs(expected), rtol=1e-3, atol=1e-3)
    part = encoders.Projection("pca", 4, seed=1, n_fit=20)
    assert not np.allclose(np.abs(encoders.extract(nn.Identity(), x, project=part).values), np.abs(found), rtol=1e-2)
    with pytest.raises(ValueError, match="span 6 components, 9 were asked for"):
        encoders.extract(nn.Identity(), x[:, :], project="pca:9")


def test_half_precision_says_what_it_changed():
    found = encoders.extract(convolutional(), pictures(), ["0", "4"], precision="bfloat16")
    import json

    errors = json.loads(found.attrs["precision_error"])
    assert set(errors) == {"0", "4"} and all(1e-5 < value < 0.1 for value in errors.values())
    assert found.dtype == np.float32


# ------------------------------------------------------------------ size, safety


def test_the_estimate_is_what_comes():
    images, module = pictures(), convolutional()
    for options in ({}, {"pool": "mean"}, {"project": 7}):
        table = encoders.estimate(module, images, **options)
        assert int(table["bytes"].sum()) == encoders.extract(module, images, **options).nbytes


def test_what_does_not_fit_is_refused_before_it_starts(tmp_path, monkeypatch):
    images, module = pictures(100), convolutional()
    monkeypatch.setattr("neurogeom._core.memory.available_bytes", lambda: 900_000)
    with pytest.raises(
        ValueError, match=r'needs 1.1 MB of memory; 900.0 kB is free. Give out= .*pool="mean" \(125.2 kB\)'
    ):
        encoders.extract(module, images)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=800_000))
    with pytest.raises(
        ValueError, match=r'need 1.1 MB on disk; 800.0 kB is free .*pool="mean" \(125.2 kB\), project=2048'
    ):
        encoders.extract(module, images, out=tmp_path / "acts.zarr")
    assert not (tmp_path / "acts.zarr").exists()
    assert encoders.extract(module, images, out=tmp_path / "acts.zarr", pool="mean").shape == (100, 313)


class Failing(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.n = nn.Identity(), 0

    def forward(self, x):
        self.n += 1
        if self.n > 2:
            raise RuntimeError("out of order")
        return self.layer(x)


def test_nothing_is_left_behind_after_a_failure():
    module = Failing()
    with pytest.raises(RuntimeError, match="out of order"):
        encoders.extract(module, pictures(), batch_size=2)
    assert n_hooks(module) == 0
    assert module.training and module.layer.training


def test_a_success_leaves_no_trace_either():
    module = convolutional().train()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    encoders.extract(module, pictures(), pool="mean")
    assert n_hooks(module) == 0 and module.training
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())


def test_values_that_are_not_finite_are_named(tmp_path):
    class Overflow(nn.Module):
        def forward(self, x):
            return torch.where(x.sum(dim=(1, 2, 3), keepdim=True) > 1e3, torch.inf, x)

    images = np.zeros((6, 32, 32, 3), dtype=np.uint8)
    images[4] = 255
    with pytest.raises(ValueError, match=r"layer '0' has NaN or infinity for image 4"):
        encoders.extract(nn.Sequential(Overflow()), images, batch_size=3)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"layers": "convv"}, ValueError, r"layer 'convv' not found; .*encoder.layers\(\)"),
        ({"layers": "5"}, ValueError, "layer '5' not found"),
        ({"layers": "0.weights"}, ValueError, "layer '0.weights' not found"),
        ({"pool": "maen"}, ValueError, "Did you mean 'mean'"),
        ({"precision": "half"}, ValueError, "precision='half'"),
        ({"batch_size": 0}, ValueError, "batch_size=0"),
        ({"project": "svd:3"}, ValueError, "kind='svd'"),
        ({"project": "many"}, ValueError, "project='many'"),
        ({"device": "gpu9"}, ValueError, "device='gpu9' is unknown"),
        ({"on_error": "ignore"}, ValueError, "on_error='ignore'"),
        ({"ragged": "zero"}, ValueError, "ragged='zero'"),
        ({"coords": {"object_name": ["a"]}}, ValueError, r"coords\['object_name'\]"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, kind, message):
    module = convolutional()
    with pytest.raises(kind, match=message):
        encoders.extract(module, pictures(), **options)
    assert n_hooks(module) == 0


def test_the_table_of_layers_shows_shapes():
    encoder = encoders.as_encoder(convolutional(), preprocess=encoders.Preprocess(resize=16))
    table = encoder.layers()
    assert table.loc["2", "shape"] == (6, 7, 7)
    assert table["n_units"].tolist() == [1024, 1024, 294, 294, 5]
    with pytest.raises(ValueError, match="give an image"):
        encoders.as_encoder(convolutional()).layers()


class Odd(nn.Module):
    """Gives something that holds no tensor."""

    def __init__(self):
        super().__init__()
        self.layer = Text()

    def forward(self, x):
        self.layer(x)
        return x


class Text(nn.Module):
    def forward(self, x):
        return {"name": "text"}


def test_a_layer_that_gives_no_tensor_is_named_with_its_type():
    with pytest.raises(TypeError, match=r"layer 'layer' gives a dict that holds no tensor \(it has 'name'\)"):
        encoders.extract(Odd(), np.zeros((2, 3), dtype=np.float32), "layer")


class Small(nn.Module):
    """Runs out of memory for more than three inputs."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x):
        if len(x) > 3:
            raise torch.OutOfMemoryError("out of memory")
        return self.layer(x)


@pytest.mark.parametrize("project", [None, 2])
def test_a_batch_that_is_too_large_is_halved(rng, project):
    x = rng.normal(size=(11, 4)).astype(np.float32)
    found = encoders.extract(seeded(Small), x, "layer", batch_size=11, project=project)
    one_by_one = encoders.extract(seeded(Small), x, "layer", batch_size=1, project=project)
    np.testing.assert_allclose(found.values, one_by_one.values, atol=1e-6)
    with pytest.raises(torch.OutOfMemoryError):
        encoders.extract(seeded(lambda: nn.Sequential(Always())), x, "0", batch_size=2)


class Always(nn.Module):
    """Runs out of memory after the first pass, whatever the number of inputs."""

    n = 0

    def forward(self, x):
        self.n += 1
        if self.n > 1:
            raise torch.OutOfMemoryError("out of memory")
        return x
