"""SigLIP 2: stored numbers of big_vision's own modules, block by block, from every kind of file."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from neurogeom import encoders
from neurogeom.encoders.siglip_network import Siglip, TowerSize
from neurogeom.encoders.siglip_weights import big_vision_to_hugging_face
from tests.encoders.siglip_files import archive, hugging_face, write_folder

CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def channels_first(x):
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def raw(encoder):
    """The tower without preprocessing, for inputs that are stored."""
    return encoders.as_encoder(encoder.module, listed=encoder.listed, attention_pool=encoder.attention_pool)


@pytest.fixture(params=["archive", "folder"])
def load(request, values_dir, tmp_path):
    """Load one of the stored checkpoints, as big_vision's archive or as a folder of Hugging Face."""

    def loader(name, **options):
        if request.param == "archive":
            return encoders.siglip2(values_dir / "encoders" / f"{name}.npz", **options)
        return encoders.siglip2(write_folder(tmp_path / name, values_dir, name), **options)

    return loader


# ------------------------------------------------------------------ stored numbers


def test_fixed_resolution_gives_the_stored_numbers(load, values_dir):
    expected = archive(values_dir, "bv_fixed_io")
    encoder = load("bv_fixed")
    names = {"embeddings": "posemb", "blocks.0": "block00", "blocks.1": "block01", "blocks.2": "block02",
             "norm": "encoded", "head": "pooled"}  # fmt: skip
    found = encoders.extract(raw(encoder), channels_first(expected["x"]), "all")
    assert list(dict.fromkeys(found.layer.values)) == list(names)
    for layer, key in names.items():
        values = found.values[:, found.layer.values == layer]
        np.testing.assert_allclose(values, expected[key].reshape(2, -1), **CLOSE, err_msg=layer)


def test_naflex_gives_the_stored_numbers(load, values_dir):
    expected = archive(values_dir, "bv_naflex_io")
    tower = load("bv_naflex").module.eval()
    kind = expected["type"]
    shapes = np.stack([expected[key].max(axis=1) + 1 for key in ("yidx", "xidx")], axis=1)
    given = {"patches": torch.tensor(expected["patches"]), "mask": torch.tensor(kind), "shapes": torch.tensor(shapes)}
    seen = {}
    for name in ("embeddings", "norm"):
        tower.get_submodule(name).register_forward_hook(lambda _, __, out, name=name: seen.update({name: out.detach()}))
    with torch.inference_mode():
        pooled = tower(**given).numpy()
    np.testing.assert_allclose(pooled, expected["pooled"], **CLOSE)
    for name, key in (("embeddings", "with_posemb"), ("norm", "encoded")):
        np.testing.assert_allclose(seen[name].numpy()[kind == 1], expected[key][kind == 1], **CLOSE, err_msg=name)


def test_two_towers_give_the_stored_numbers(load, values_dir):
    expected = archive(values_dir, "bv_two_towers_fixed_io")
    encoder = load("bv_two_towers_fixed")
    found = encoders.extract(raw(encoder), channels_first(expected["x"]), ["**"])

    def layer(name):
        return found.values[:, found.layer.values == name].reshape(len(found), -1)

    for key, name in (("img_with_posemb", "embeddings"), ("img_encoded", "norm"), ("img_pooled", "head")):
        np.testing.assert_allclose(layer(name), expected[key].reshape(len(found), -1), **CLOSE, err_msg=name)
    for index in (0, 1):
        for part, name in (("sa", "attention"), ("mlp", "mlp")):
            wanted = expected[f"img_block{index}_{part}"].reshape(len(found), -1)
            np.testing.assert_allclose(layer(f"blocks.{index}.{name}"), wanted, **CLOSE)
        np.testing.assert_allclose(
            layer(f"blocks.{index}"), expected[f"img_block{index}_+mlp"].reshape(len(found), -1), **CLOSE
        )
    text = encoder.encode_text(expected["text"])
    np.testing.assert_allclose(text, expected["txt_logits"], **CLOSE)
    with torch.inference_mode():
        logits = encoder.siglip.logits(torch.tensor(layer("head")), torch.tensor(text)).numpy()
    np.testing.assert_allclose(logits, expected["logits_per_image"], rtol=1e-5, atol=2e-5)


def test_both_layouts_of_blocks_are_one(values_dir):
    arrays = archive(values_dir, "bv_fixed")
    apart = {}
    for name, value in arrays.items():
        if "/encoderblock/" in name:
            apart |= {name.replace("/encoderblock/", f"/encoderblock_{i}/"): one for i, one in enumerate(value)}
        else:
            apart[name.removeprefix("params/")] = value
    one, other = big_vision_to_hugging_face(arrays), big_vision_to_hugging_face(apart)
    assert sorted(one) == sorted(other)
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_pooling_by_map_is_the_heads_own(values_dir):
    expected = archive(values_dir, "bv_fixed_io")
    encoder = encoders.siglip2(values_dir / "encoders" / "bv_fixed.npz")
    found = encoders.extract(raw(encoder), channels_first(expected["x"]), ["norm", "blocks.2"], pool="map")
    np.testing.assert_allclose(found.values[:, :32], expected["pooled"], **CLOSE)
    np.testing.assert_allclose(found.values[:, 32:], expected["pooled"], **CLOSE)
    with pytest.raises(ValueError, match="reads blocks, embeddings and norm, not 'blocks.0.mlp'"):
        encoders.extract(encoder, np.zeros((2, 64, 64, 3), dtype=np.uint8), "blocks.0.mlp", pool="map")


# ------------------------------------------------------------------ the same as transformers


def transformers_model(name, weights, **sizes):
    transformers = pytest.importorskip("transformers", reason="needs the extra siglip")
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4} | sizes
    kind = "Siglip2" if name == "bv_naflex" else "Siglip"
    config = getattr(transformers, f"{kind}VisionConfig")(patch_size=16, **vision)
    model = getattr(transformers, f"{kind}VisionModel")(config).eval()
    own = {key.removeprefix("vision_model."): value for key, value in weights.items()}
    if any(key.startswith("vision_model.") for key in model.state_dict()):
        own = weights
    model.load_state_dict(own, strict=True)
    return model


def test_names_and_numbers_are_those_of_transformers(values_dir):
    model = transformers_model("bv_fixed", hugging_face(archive(values_dir, "bv_fixed")), image_size=64)
    x = channels_first(archive(values_dir, "bv_fixed_io")["x"])
    encoder = encoders.siglip2(values_dir / "encoders" / "bv_fixed.npz")
    with torch.inference_mode():
        theirs = model(torch.tensor(x), output_hidden_states=True)
    found = encoders.extract(raw(encoder), x, "all")
    for index, layer in enumerate(["embeddings", "blocks.0", "blocks.1", "blocks.2"]):
        ours = found.values[:, found.layer.values == layer]
        np.testing.assert_allclose(ours, theirs.hidden_states[index].numpy().reshape(2, -1), **CLOSE)
    np.testing.assert_allclose(found.values[:, found.layer.values == "head"], theirs.pooler_output.numpy(), **CLOSE)


def test_naflex_is_that_of_transformers(values_dir):
    model = transformers_model("bv_naflex", hugging_face(archive(values_dir, "bv_naflex")), num_patches=16)
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, size=size, dtype=np.uint8) for size in ((60, 90, 3), (100, 20, 3), (16, 16, 3))]
    encoder = encoders.siglip2(values_dir / "encoders" / "bv_naflex.npz", max_patches=24)
    given = encoder.preprocess(images)
    with torch.inference_mode():
        theirs = model(given["patches"], pixel_attention_mask=given["mask"].int(), spatial_shapes=given["shapes"])
    found = encoders.extract(encoder, images, "norm")
    assert found.attrs["pool"] == "map"
    np.testing.assert_allclose(found.values, theirs.pooler_output.numpy(), **CLOSE)
    mean = encoders.extract(encoder, images, "norm", pool="mean").values
    for index, mask in enumerate(given["mask"]):
        np.testing.assert_allclose(mean[index], theirs.last_hidden_state[index][mask].mean(0).numpy(), **CLOSE)


# ------------------------------------------------------------------ NaFlex and shapes


def test_tokens_of_one_grid_have_places_and_mixed_grids_are_refused(values_dir):
    encoder = encoders.siglip2(values_dir / "encoders" / "bv_naflex.npz", max_patches=24)
    rng = np.random.default_rng(0)
    wide = [rng.integers(0, 256, size=(40, 60, 3), dtype=np.uint8) for _ in range(4)]
    found = encoders.extract(encoder, wide, "norm", pool=None)
    assert found.shape == (4, 4 * 6 * 32)
    assert found.y.values.max() == 3 and found.x.values.max() == 5
    with pytest.raises(ValueError, match=r'images give 2 \(4×4 and 4×6\): give grid=, pool="map"'):
        encoders.extract(encoder, [*wide, np.zeros((50, 50, 3), dtype=np.uint8)], "norm", pool=None)
    padded = encoders.extract(encoder, [*wide, np.zeros((50, 50, 3), dtype=np.uint8)], "norm", pool=None, ragged="nan")
    assert padded.shape == (5, 24 * 32)
    assert np.isnan(padded.values).sum(axis=1).tolist() == [0, 0, 0, 0, 8 * 32]
    np.testing.assert_allclose(padded.values[:4], found.values, **CLOSE)


def test_naflex_without_a_mask_is_refused(values_dir):
    tower = encoders.siglip2(values_dir / "encoders" / "bv_naflex.npz").module
    with pytest.raises(ValueError, match="NaFlex needs patches=, mask= and shapes="):
        tower(patches=torch.zeros(1, 24, 768))


def test_padding_does_not_change_an_image(values_dir):
    image = np.random.default_rng(0).integers(0, 256, size=(40, 60, 3), dtype=np.uint8)
    encoder = encoders.siglip2(values_dir / "encoders" / "bv_naflex.npz", max_patches=24)
    given = encoder.preprocess([image])
    more = {
        "patches": torch.cat([given["patches"], torch.ones(1, 7, 768)], dim=1),
        "mask": torch.cat([given["mask"], torch.zeros(1, 7, dtype=torch.bool)], dim=1),
        "shapes": given["shapes"],
    }
    tower = encoder.module.eval()
    with torch.inference_mode():
        np.testing.assert_allclose(tower(**more).numpy(), tower(**given).numpy(), atol=1e-6)


# ------------------------------------------------------------------ sizes


def test_the_family_has_the_published_sizes():
    table = encoders.siglip2_sizes()
    assert len(table) == 17
    published = {"base-patch16-224": (93, 282), "large-patch16-256": (316, 566), "so400m-patch14-384": (428, 708),
                 "giant-opt-patch16-384": (1163, 708)}  # fmt: skip
    for name, (vision, text) in published.items():
        row = table.loc[name]
        n = int(row["n_tokens"])
        sizes = (
            TowerSize(row["width"], row["depth"], row["heads"], row["mlp"], n, row["patch"]),
            TowerSize(row["text_width"], row["text_depth"], row["text_heads"], row["text_mlp"], 64, n_out=row["width"]),
        )
        with torch.device("meta"):
            siglip = Siglip(*sizes)
        counts = [sum(p.numel() for p in part.parameters()) / 1e6 for part in (siglip.vision, siglip.text)]
        np.testing.assert_allclose(counts, [vision, text], rtol=0, atol=1.0, err_msg=name)
    tokens = {"base-patch16-224": 196, "base-patch16-256": 256, "base-patch16-384": 576, "base-patch16-512": 1024,
              "base-patch32-256": 64, "so400m-patch14-224": 256, "so400m-patch14-384": 729}  # fmt: skip
    assert {name: int(table.loc[name, "n_tokens"]) for name in tokens} == tokens


def test_a_random_twin_has_the_sizes_of_its_checkpoint_and_a_seed():
    one, other = (encoders.random_siglip2(depth=1, seed=seed) for seed in (0, 0))
    assert one.fingerprint() == other.fingerprint()
    assert one.fingerprint() != encoders.random_siglip2(depth=1, seed=1).fingerprint()
    with pytest.raises(ValueError, match="'base-patch16-225' is unknown. Did you mean 'base-patch16-"):
        encoders.random_siglip2("base-patch16-225")


def test_the_last_pixels_that_no_patch_covers_shift_the_places(values_dir):
    encoder = encoders.random_siglip2(depth=1, patch=14, image_size=48, visual_degrees=8.0)
    found = encoders.extract(encoder, np.zeros((2, 48, 48, 3), dtype=np.uint8), "norm")
    assert sorted(set(np.round(found.x_degrees.values, 5))) == pytest.approx(
        [(7 - 24) / 6, (21 - 24) / 6, (35 - 24) / 6], abs=1e-4
    )


def test_the_size_in_the_name_of_an_archive_counts_where_patches_do_not_cover_it(values_dir, tmp_path):
    import shutil

    shutil.copy(values_dir / "encoders" / "bv_fixed.npz", tmp_path / "siglip2_b16_72.npz")
    assert encoders.siglip2(tmp_path / "siglip2_b16_72.npz").preprocess.image_size == (72, 72)
    assert encoders.siglip2(values_dir / "encoders" / "bv_fixed.npz").preprocess.image_size == (64, 64)


# ------------------------------------------------------------------ image sizes


def test_another_size_needs_interpolation(values_dir):
    path = values_dir / "encoders" / "bv_fixed.npz"
    with pytest.raises(ValueError, match="checkpoint is for 64 px, got 96: resize, or interpolate=True"):
        encoders.siglip2(path, image_size=96)
    encoder = encoders.siglip2(path, image_size=96, interpolate=True)
    found = encoders.extract(encoder, np.zeros((2, 50, 50, 3), dtype=np.uint8), "norm")
    assert found.sizes["neuroid"] == 36 * 32 and found.x.values.max() == 5
    module = encoders.siglip2(path).module
    with pytest.raises(ValueError, match=r"checkpoint is for 64 px \(4×4 patches\), got 96×96"):
        module(torch.zeros(1, 3, 96, 96))


def test_interpolated_positions_are_those_of_transformers(values_dir):
    model = transformers_model("bv_fixed", hugging_face(archive(values_dir, "bv_fixed")), image_size=64)
    x = torch.tensor(np.random.default_rng(0).normal(size=(2, 3, 96, 96)).astype(np.float32))
    tower = encoders.siglip2(values_dir / "encoders" / "bv_fixed.npz", image_size=96, interpolate=True).module.eval()
    with torch.inference_mode():
        theirs = model(x, interpolate_pos_encoding=True).pooler_output.numpy()
        np.testing.assert_allclose(tower(x).numpy(), theirs, **CLOSE)


# ------------------------------------------------------------------ files that do not fit


def edited(folder, change):
    from safetensors.torch import load_file

    weights = load_file(str(folder / "model.safetensors"))
    change(weights)
    save_file(weights, str(folder / "model.safetensors"))
    return folder


def test_missing_left_over_and_misshapen_weights_are_counted(values_dir, tmp_path):
    def cut(weights):
        for name in [name for name in weights if ".layers.1.mlp" in name]:
            del weights[name]

    folder = edited(write_folder(tmp_path / "a", values_dir, "bv_fixed"), cut)
    with pytest.raises(ValueError, match=r"4 keys missing \(first: 'vision.blocks.1.mlp.*partial `siglip` checkpoint"):
        encoders.siglip2(folder)
    folder = edited(write_folder(tmp_path / "b", values_dir, "bv_fixed"), lambda w: w.update(extra=torch.zeros(2)))
    with pytest.raises(ValueError, match=r"1 keys left over \(first: 'extra'\)"):
        encoders.siglip2(folder)
    name = "vision_model.post_layernorm.weight"
    folder = edited(write_folder(tmp_path / "c", values_dir, "bv_fixed"), lambda w: w.update({name: torch.zeros(7)}))
    with pytest.raises(ValueError, match=r"1 of wrong shape \(first: 'vision.norm.weight', \(7,\) where \(32,\)"):
        encoders.siglip2(folder)


def test_the_class_follows_the_configuration_and_must_fit(values_dir, tmp_path):
    folder = write_folder(tmp_path / "a", values_dir, "bv_naflex", model_type="siglip_vision_model")
    with pytest.raises(ValueError, match="says 'siglip_vision_model', but this looks like a `siglip2` checkpoint"):
        encoders.siglip2(folder)
    folder = write_folder(tmp_path / "b", values_dir, "bv_fixed", model_type="clip")
    with pytest.raises(ValueError, match="model_type 'clip'; 'siglip' or 'siglip2' is needed"):
        encoders.siglip2(folder)


def test_half_a_folder_says_what_is_missing(values_dir, tmp_path):
    folder = write_folder(tmp_path / "a", values_dir, "bv_fixed")
    (folder / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"no model.safetensors \(it has config.json\)"):
        encoders.siglip2(folder)
    folder = write_folder(tmp_path / "b", values_dir, "bv_fixed")
    (folder / "config.json").unlink()
    with pytest.raises(FileNotFoundError, match="weights but no config.json"):
        encoders.siglip2(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(ValueError, match="is no JSON"):
        encoders.siglip2(folder)
    with pytest.raises(FileNotFoundError, match="no such checkpoint"):
        encoders.siglip2(tmp_path / "none")


def test_several_files_with_an_index_are_one_checkpoint(values_dir, tmp_path):
    folder = write_folder(tmp_path / "a", values_dir, "bv_fixed")
    whole = encoders.siglip2(folder).weights_hash()
    weights = hugging_face(archive(values_dir, "bv_fixed"))
    (folder / "model.safetensors").unlink()
    parts = {name: f"part{index % 2}.safetensors" for index, name in enumerate(weights)}
    for file in set(parts.values()):
        save_file({name: weights[name].contiguous() for name in weights if parts[name] == file}, str(folder / file))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": parts}))
    assert encoders.siglip2(folder).weights_hash() == whole


def test_one_tower_alone_is_loaded_and_asked_for(values_dir, tmp_path):
    folder = write_folder(tmp_path / "a", values_dir, "bv_two_towers_fixed")
    both, vision = encoders.siglip2(folder), encoders.siglip2(folder, text=False)
    assert both.weights_hash() == vision.weights_hash()
    with pytest.raises(ValueError, match="no text tower; load the checkpoint with text=True"):
        vision.encode_text(np.zeros((1, 8), dtype=int))
    with pytest.raises(ValueError, match="has no text tower; use text=False"):
        encoders.siglip2(values_dir / "encoders" / "bv_fixed.npz", text=True)


@pytest.mark.parametrize("key", ["params/img/unknown", "params/img/MAPHead_0/LayerNorm_9/scale"])
def test_a_key_that_no_table_names_is_an_error(values_dir, tmp_path, key):
    arrays = archive(values_dir, "bv_fixed") | {key: np.zeros(3, dtype=np.float32)}
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match="belongs to no SigLIP 2"):
        encoders.siglip2(tmp_path / "a.npz")


def test_a_network_without_a_head_is_pooled_by_its_mean(values_dir, tmp_path):
    arrays = {name: value for name, value in archive(values_dir, "bv_fixed").items() if "MAPHead" not in name}
    np.savez(tmp_path / "a.npz", **arrays)
    encoder = encoders.siglip2(tmp_path / "a.npz")
    x = channels_first(archive(values_dir, "bv_fixed_io")["x"])
    with torch.inference_mode():
        pooled = encoder.module.eval()(torch.tensor(x)).numpy()
    np.testing.assert_allclose(encoders.extract(raw(encoder), x, "norm", pool="mean").values, pooled, **CLOSE)
    with pytest.raises(ValueError, match='no attention pool; use "mean"'):
        encoders.extract(raw(encoder), x, "norm", pool="map")
