"""What SigLIP 2 sees and reads: sizes of NaFlex, pixels and tokens equal to those it was trained with."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data

from neurogeom import encoders
from neurogeom._core.warnings import NeurogeomWarning
from neurogeom.encoders.siglip_tokens import Tokenizer, find_tokenizer
from tests.encoders.siglip_files import archive, write_folder


def photo():
    return data.coffee()  # 400 × 600


# ------------------------------------------------------------------ sizes of NaFlex


def test_sizes_are_the_stored_ones(values_dir):
    rows = json.loads((values_dir / "encoders" / "naflex_sizes.json").read_text())["rows"]
    assert len(rows) == 60
    for row in rows:
        found = encoders.naflex_size(row["h"], row["w"], patch=row["patch"], max_patches=row["max"])
        assert list(found) == row["hf"] == row["bv"], row


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((224, 224), [(176, 176), (256, 256), (384, 384), (512, 512)]),
        ((480, 640), [(144, 192), (224, 288), (336, 432), (432, 576)]),
        ((1080, 1920), [(128, 240), (192, 336), (288, 512), (384, 672)]),
        ((3, 3), [(176, 176), (256, 256), (304, 304), (304, 304)]),
        ((1, 5000), [(16, 2048), (16, 4096), (16, 9216), (16, 16384)]),
    ],
)
def test_sizes_are_those_of_the_table(size, expected):
    assert [encoders.naflex_size(*size, max_patches=n) for n in (128, 256, 576, 1024)] == expected


@settings(max_examples=60)
@given(st.integers(1, 4000), st.integers(1, 4000), st.sampled_from([14, 16]), st.sampled_from([64, 256, 1024]))
def test_sizes_fit_the_patches_and_keep_the_shape(height, width, patch, max_patches):
    rows, columns = encoders.naflex_size(height, width, patch=patch, max_patches=max_patches)
    assert rows % patch == columns % patch == 0
    assert rows * columns <= max_patches * patch**2
    assert (rows >= columns) == (height >= width) or rows == columns
    assert encoders.naflex_size(width, height, patch=patch, max_patches=max_patches) == (columns, rows)


# ------------------------------------------------------------------ pixels


def processor(name, **options):
    transformers = pytest.importorskip("transformers", reason="needs the extra siglip")
    module = __import__(f"transformers.models.{name}.image_processing_pil_{name}", fromlist=["x"])
    kind = {"siglip": "SiglipImageProcessorPil", "siglip2": "Siglip2ImageProcessorPil"}[name]
    assert transformers
    return getattr(module, kind)(**options)


@pytest.mark.parametrize("image", [photo(), photo()[:, :, :1].repeat(3, 2), photo()[:50, :31]])
def test_fixed_pixels_are_those_of_transformers(image, values_dir):
    theirs = processor("siglip", size={"height": 64, "width": 64}, resample=2)([image], return_tensors="np")
    ours = encoders.siglip2(values_dir / "encoders" / "bv_fixed.npz").preprocess([image]).numpy()
    np.testing.assert_allclose(ours, theirs["pixel_values"], atol=1e-6)


@pytest.mark.parametrize("size", [(400, 600), (37, 500), (20, 20), (300, 7)])
def test_patches_are_those_of_transformers(size):
    image = photo()[: size[0], : size[1]]
    theirs = processor("siglip2", max_num_patches=64)([image], return_tensors="np")
    ours = encoders.NaflexPreprocess(max_patches=64)([image])
    np.testing.assert_allclose(ours["patches"].numpy(), theirs["pixel_values"], atol=1e-6)
    np.testing.assert_array_equal(ours["mask"].numpy(), theirs["pixel_attention_mask"])
    np.testing.assert_array_equal(ours["shapes"].numpy(), theirs["spatial_shapes"])


def test_the_two_fixed_preprocessings_differ_as_measured(values_dir, tmp_path):
    path = values_dir / "encoders" / "bv_fixed.npz"
    image = data.astronaut()[:400, :512]
    ours = {kind: encoders.siglip2(path, preprocess=kind) for kind in ("transformers", "big_vision")}
    pixels = {kind: encoder.preprocess([image]).numpy() for kind, encoder in ours.items()}
    difference = np.abs(pixels["transformers"] - pixels["big_vision"])
    assert 0.005 < difference.mean() < 0.2 and difference.max() > 0.1
    assert len({encoder.fingerprint() for encoder in ours.values()}) == 2
    levels = (pixels["big_vision"] + 1) * 127.5
    np.testing.assert_allclose(levels, np.round(levels), atol=1e-3)
    with pytest.raises(ValueError, match="preprocess='bigvision'.*Did you mean 'big_vision'"):
        encoders.siglip2(path, preprocess="bigvision")


def test_the_two_kinds_of_patches_are_a_gray_level_apart():
    one, other = (encoders.NaflexPreprocess(kind=kind)([photo()])["patches"] for kind in ("transformers", "big_vision"))
    difference = np.abs((one - other).numpy()) * 127.5
    assert 0 < difference.max() <= 1.0


def test_resampling_follows_the_folder(values_dir, tmp_path):
    folder = write_folder(tmp_path / "a", values_dir, "bv_fixed")
    assert encoders.siglip2(folder).preprocess.resample == "bilinear"
    (folder / "preprocessor_config.json").write_text(json.dumps({"resample": 3}))
    assert encoders.siglip2(folder).preprocess.resample == "bicubic"


def test_very_long_images_are_warned_about():
    with pytest.warns(NeurogeomWarning, match="1×256 patches; more than 64 a side were not trained"):
        encoders.NaflexPreprocess()([np.zeros((1, 5000, 3), dtype=np.uint8)])


# ------------------------------------------------------------------ texts


def test_tokens_end_with_one_and_are_padded_on_the_right():
    tokenizer = Tokenizer(lambda text: [10 + ord(letter) - ord("a") for letter in text], length=5)
    np.testing.assert_array_equal(
        tokenizer(["aB", "abcdefg", ""]), [[10, 11, 1, 0, 0], [10, 11, 12, 13, 1], [1, 0, 0, 0, 0]]
    )
    with pytest.raises(TypeError, match="holds a int"):
        tokenizer([3])


def test_tokens_are_those_of_sentencepiece(tmp_path):
    sentencepiece = pytest.importorskip("sentencepiece", reason="needs the extra siglip")
    (tmp_path / "text.txt").write_text("a photo of a cat\na photo of a dog\nthe cat sat on the mat\n" * 30)
    sentencepiece.SentencePieceTrainer.train(
        input=str(tmp_path / "text.txt"), model_prefix=str(tmp_path / "tokenizer"), vocab_size=20, eos_id=1, bos_id=2,
        unk_id=3, pad_id=0, minloglevel=2,
    )  # fmt: skip
    tokenizer = find_tokenizer(tmp_path, 64)
    model = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "tokenizer.model"))
    found = tokenizer(["A Photo of a CAT"])[0]
    expected = [*model.encode("a photo of a cat"), 1]
    assert found[: len(expected)].tolist() == expected and not found[len(expected) :].any()
    assert found.shape == (64,)
    (tmp_path / "none").mkdir()
    assert find_tokenizer(tmp_path / "none", 64) is None


def test_logits_are_scored_pair_by_pair(values_dir, tmp_path):
    stored = archive(values_dir, "bv_two_towers_fixed_io")
    encoder = encoders.siglip2(values_dir / "encoders" / "bv_two_towers_fixed.npz")
    images = np.clip((stored["x"] + 1) / 2, 0, 1)
    inside = np.abs(stored["x"]).reshape(len(images), -1).max(axis=1) <= 1
    found = encoder.logits(images, stored["text"])
    assert found.dims == ("presentation", "text")
    if inside.all():
        np.testing.assert_allclose(found.values, stored["logits_per_image"], rtol=1e-4, atol=1e-4)
    alone = encoder.logits(images[:1], stored["text"])
    np.testing.assert_allclose(alone.values, found.values[:1], rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="no tokenizer was found beside the weights"):
        encoder.encode_text(["a cat"])
