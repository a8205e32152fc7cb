"""VITO and Haiku's ResNets: stored numbers stage by stage, padding at even and odd sizes, nothing loaded by halves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from neurogeom import encoders
from neurogeom._core.warnings import NeurogeomWarning
from neurogeom.encoders.resnet_network import (
    AttentionPool,
    MultiScaleAttentionPool,
    ResNet,
    ResNetSize,
    SameConv,
    SameMaxPool,
    same_padding,
)
from tests.encoders.networks import pictures, seeded
from tests.encoders.siglip_files import archive

CLOSE = {"rtol": 1e-5, "atol": 1e-5}
TINY = ResNetSize((1, 1, 1, 1), (8, 12, 16, 20), 4, 7, hidden=(10, 6))


def channels_first(x):
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


@pytest.fixture
def haiku(values_dir):
    return encoders.vito(values_dir / "encoders" / "hk_resnet_tiny_32.npz")


def tiny_checkpoint(path, size=TINY, **changes):
    network = seeded(lambda: ResNet(size, padding="brainscore"))
    for name, value in network.named_buffers():
        if name.endswith("running_var"):
            value.uniform_(0.5, 2.0, generator=torch.Generator().manual_seed(1))
    weights = {**network.state_dict(), **changes}
    torch.save({name: value for name, value in weights.items() if value is not None}, path)
    return network.eval()


# ------------------------------------------------------------------ stored numbers


def test_every_stage_of_haiku_has_the_stored_numbers(haiku, values_dir):
    expected = archive(values_dir, "hk_resnet_tiny_32_io")
    raw = encoders.as_encoder(haiku.module)
    names = {"maxpool": "max_pool", "layer1": "block_group_0", "layer2": "block_group_1", "layer3": "block_group_2",
             "layer4": "block_group_3", "avgpool": "mean", "fc": "logits"}  # fmt: skip
    found = encoders.extract(raw, channels_first(expected["x"]), list(names))
    for layer, key in names.items():
        wanted = channels_first(expected[key]) if expected[key].ndim == 4 else expected[key]
        values = found.values[:, found.layer.values == layer]
        np.testing.assert_allclose(values, wanted.reshape(2, -1), **CLOSE, err_msg=layer)


def test_the_attention_pool_has_the_stored_numbers(values_dir):
    stored = archive(values_dir, "vito_attention_pool_tiny")
    pool = AttentionPool(16, (12, 10))
    pool.load_state_dict({name: torch.tensor(value) for name, value in stored.items() if name.startswith("module")})
    with torch.inference_mode():
        x = torch.tensor(stored["x"])
        np.testing.assert_allclose(pool.masks(x).numpy(), stored["mask"], rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(pool(x).numpy(), stored["pooled"], rtol=1e-5, atol=1e-6)


def test_the_network_has_the_published_number_of_weights():
    with torch.device("meta"):
        plain, full = ResNet(ResNetSize()), ResNet(ResNetSize(hidden=(4096, 2048)))
    assert sum(weight.numel() for weight in plain.parameters()) == 25_557_032
    assert sum(weight.numel() for weight in full.parameters()) == 42_342_440


# ------------------------------------------------------------------ padding


@pytest.mark.parametrize(
    ("n", "kernel", "stride", "expected"),
    [
        (224, 7, 2, (2, 3)),
        (112, 3, 2, (0, 1)),
        (33, 3, 2, (1, 1)),
        (33, 7, 2, (3, 3)),
        (8, 1, 2, (0, 0)),
        (5, 3, 1, (1, 1)),
    ],
)
def test_same_padding_puts_the_odd_pixel_after(n, kernel, stride, expected):
    assert same_padding(n, kernel, stride) == expected


@pytest.mark.parametrize(("size", "equal"), [(32, False), (33, True)])
def test_same_and_symmetric_padding_differ_at_even_sizes_only(size, equal):
    conv = seeded(lambda: SameConv(3, 4, 3, 2))
    other = torch.nn.Conv2d(3, 4, 3, 2, padding=1)
    other.load_state_dict(conv.state_dict())
    x = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert bool(torch.allclose(conv(x), other(x), atol=1e-5)) is equal
        assert bool(torch.equal(SameMaxPool()(x), torch.nn.MaxPool2d(3, 2, 1)(x))) is equal


def test_padding_is_a_setting_that_belongs_to_the_identity(values_dir):
    path = values_dir / "encoders" / "hk_resnet_tiny_32.npz"
    one, other = encoders.vito(path), encoders.vito(path, padding="brainscore")
    assert one.config["padding"] == "haiku"
    assert one.fingerprint() != other.fingerprint()
    a, b = (encoders.extract(encoder, pictures(2, 64), "layer1.0").values for encoder in (one, other))
    assert not np.allclose(a, b, atol=1e-2)
    with pytest.raises(ValueError, match="padding='same'"):
        encoders.vito(path, padding="same")


# ------------------------------------------------------------------ the public port's kind of file


def test_a_file_in_the_layout_of_the_port_loads_strictly(tmp_path):
    network = tiny_checkpoint(tmp_path / "a.pth")
    with pytest.warns(NeurogeomWarning, match="not one of the public files of VITO"):
        encoder = encoders.vito(tmp_path / "a.pth")
    images = pictures(3, 40)
    found = encoders.extract(encoder, images, ["layer4.0", "avgpool", "fc"])
    with torch.inference_mode():
        scores = network(encoder.preprocess(images)).numpy()
    np.testing.assert_allclose(found.values[:, found.layer.values == "fc"], scores, **CLOSE)
    pooled = encoders.extract(encoder, images, "layer4.0", pool="map").values
    np.testing.assert_allclose(pooled, found.values[:, found.layer.values == "avgpool"], **CLOSE)
    assert found.x_degrees.values[0] == pytest.approx(-4 + 4 / 7)
    with pytest.raises(ValueError, match=r'reads maps of 20 channels \(layer4\), not \'layer1.0\'; use "mean"'):
        encoders.extract(encoder, images, "layer1.0", pool="map")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fc.bias": None}, r"1 keys missing \(first: 'fc.bias'\)"),
        ({"head.weight": torch.zeros(3)}, r"1 keys left over \(first: 'head.weight'\)"),
        ({"bn1.weight": torch.zeros(9)}, r"1 of wrong shape \(first: 'bn1.weight', \(9,\) where \(4,\) is needed"),
        ({"layer1.0.conv3.weight": None}, "not those of a ResNet of bottlenecks"),
    ],
)
def test_weights_that_do_not_fit_are_named(tmp_path, changes, message):
    tiny_checkpoint(tmp_path / "a.pth", **changes)
    with pytest.raises(ValueError, match=message):
        encoders.vito(tmp_path / "a.pth")


def test_wrappers_and_safetensors_load_too(tmp_path):
    network = tiny_checkpoint(tmp_path / "a.pth")
    torch.save({"state_dict": {f"module.{k}": v for k, v in network.state_dict().items()}}, tmp_path / "b.pth")
    save_file(
        {f"encoder.{k}": v.contiguous() for k, v in network.state_dict().items()}, str(tmp_path / "c.safetensors")
    )
    hashes = set()
    for name in ("a.pth", "b.pth", "c.safetensors"):
        with pytest.warns(NeurogeomWarning, match="not one of the public files"):
            hashes.add(encoders.vito(tmp_path / name).weights_hash())
    assert len(hashes) == 1


# ------------------------------------------------------------------ Haiku's files


def test_parameters_without_state_cannot_be_used(values_dir, tmp_path):
    arrays = archive(values_dir, "hk_resnet_tiny_32")
    np.savez(tmp_path / "a.npz", **{name: value for name, value in arrays.items() if name.startswith("params/")})
    with pytest.raises(ValueError, match="batch-norm averages are missing: export the state too"):
        encoders.vito(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", **arrays, **{"params/res_net50/~/other/w": np.zeros(3)})
    with pytest.raises(ValueError, match="belongs to no ResNet of Haiku"):
        encoders.vito(tmp_path / "b.npz")


def test_uncorrected_averages_are_not_taken(values_dir, tmp_path):
    arrays = archive(values_dir, "hk_resnet_tiny_32")
    changed = {name: value + 1 if name.endswith("/hidden") else value for name, value in arrays.items()}
    np.savez(tmp_path / "a.npz", **changed)
    path = values_dir / "encoders" / "hk_resnet_tiny_32.npz"
    assert encoders.vito(tmp_path / "a.npz").weights_hash() == encoders.vito(path).weights_hash()


# ------------------------------------------------------------------ pools


def test_scales_are_pooled_apart_and_joined():
    pool = seeded(lambda: MultiScaleAttentionPool((4, 6), ((3, 3), (5, 2))))
    maps = [torch.randn(2, 4, 5, 5), torch.randn(2, 6, 3, 3)]
    with torch.inference_mode():
        found = pool(maps)
        np.testing.assert_allclose(found[:, :4], pool.scales[0](maps[0]), atol=1e-6)
        np.testing.assert_allclose(found[:, 4:], pool.scales[1](maps[1]), atol=1e-6)
        constant = pool.scales[0](torch.ones(1, 4, 5, 5) * torch.arange(4.0)[None, :, None, None])
    np.testing.assert_allclose(constant[0], [0, 1, 2, 3], atol=1e-6)  # weights sum to one
    with pytest.raises(ValueError, match="channels has 1 scales, hidden 2"):
        MultiScaleAttentionPool((4,), ((3, 3), (5, 2)))


def test_several_masks_take_turns_over_channels():
    pool = seeded(lambda: AttentionPool(4, (3, 3), n_masks=2))
    x = torch.randn(1, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        masks, found = pool.masks(x), pool(x)
        for channel in range(4):
            expected = (masks[0, channel % 2] * x[0, channel]).sum()
            np.testing.assert_allclose(found[0, channel], expected, atol=1e-6)
