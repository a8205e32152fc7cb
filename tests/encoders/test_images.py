"""Images: every kind of file gives the pixels that a person sees, or a message that says what to do."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from torch import nn

from neurogeom import encoders
from tests.encoders.networks import pictures, write_pictures

GRAY = (128, 128, 128)


def saved(tmp_path, array, mode=None, name="a.png", **options):
    image = Image.fromarray(array) if mode is None else Image.fromarray(array).convert(mode)
    image.save(tmp_path / name, **options)
    return encoders.image_set([tmp_path / name])


@pytest.fixture
def gradient():
    return np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5


# ------------------------------------------------------------------ pixels


def test_colors_come_as_they_are(tmp_path, gradient):
    np.testing.assert_array_equal(saved(tmp_path, gradient).pixels(0), gradient)


def test_gray_is_repeated(tmp_path, gradient):
    found = saved(tmp_path, gradient[:, :, 0]).pixels(0)
    np.testing.assert_array_equal(found, np.repeat(gradient[:, :, :1], 3, axis=2))
    np.testing.assert_array_equal(encoders.image_set(gradient[None, :, :, 0]).pixels(0), found)


def test_palettes_and_cmyk_are_converted(tmp_path, gradient):
    flat = np.zeros((4, 4, 3), dtype=np.uint8) + np.array([204, 51, 0], dtype=np.uint8)
    np.testing.assert_array_equal(saved(tmp_path, flat, "P").pixels(0), flat)
    found = saved(tmp_path, flat, "CMYK", "a.tif").pixels(0)
    assert np.abs(found.astype(int) - flat).max() <= 2


def test_transparency_needs_a_background(tmp_path, gradient):
    alpha = np.concatenate([gradient, np.full((4, 4, 1), 0, dtype=np.uint8)], axis=2)
    images = saved(tmp_path, alpha)
    with pytest.raises(ValueError, match=r"image 0 'a.png' is transparent \(mode RGBA\); set background="):
        images.pixels(0)
    np.testing.assert_array_equal(encoders.image_set(images, background=GRAY).pixels(0), np.full((4, 4, 3), 128))
    with pytest.raises(ValueError, match=r"image 0 is transparent \(4 channels\); set background="):
        encoders.image_set(alpha[None]).pixels(0)
    half = alpha.copy()
    half[:, :, 3] = 51
    expected = np.round(0.2 * gradient + 0.8 * 128)
    np.testing.assert_allclose(encoders.image_set(half[None], background=GRAY).pixels(0), expected, atol=1)
    with pytest.raises(ValueError, match="three numbers"):
        encoders.image_set(half[None], background=[0])


def test_sixteen_bits_need_a_scale(tmp_path):
    deep = np.array([[0, 65535], [32768, 1]], dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"image 0 'a.png' has pixels of (16|32) bits; set scale="):
        encoders.image_set([tmp_path / "a.png"]).pixels(0)
    found = encoders.image_set([tmp_path / "a.png"], scale=65535).pixels(0)
    np.testing.assert_allclose(found[:, :, 0], deep / 65535, rtol=1e-6)


def test_of_an_animation_the_first_frame_is_taken_only_if_asked(tmp_path, gradient):
    frames = [Image.fromarray(gradient), Image.fromarray(255 - gradient)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    with pytest.raises(ValueError, match=r"image 0 'a.png' has 2 frames; first_frame=True"):
        encoders.image_set([tmp_path / "a.png"]).pixels(0)
    np.testing.assert_array_equal(encoders.image_set([tmp_path / "a.png"], first_frame=True).pixels(0), gradient)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.full((2, 4, 4, 3), 255.0), r"images must be uint8 or float in \[0, 1\]; got max 255.0; pass uint8"),
        (np.full((2, 4, 4, 3), -0.1), "got min -0.1"),
        (np.full((2, 4, 4, 3), np.nan), "image 0 holds NaN"),
        (np.zeros((2, 3, 8, 8)), "looks like channels first; .*np.moveaxis"),
        (np.zeros((2, 8, 8, 7)), "has 7 channels"),
        (np.zeros((2, 8, 8, 3), dtype=np.int32), "has pixels of 32 bits; set scale="),
        (np.zeros((2, 8, 8, 3), dtype=complex), "holds complex128"),
    ],
)
def test_arrays_that_are_no_images_are_refused(array, message):
    encoder = encoders.as_encoder(nn.Flatten(), preprocess=encoders.Preprocess(resize=8))
    with pytest.raises((ValueError, TypeError), match=message):
        encoders.extract(encoder, array, "all")


def test_floats_and_bytes_give_the_same_values(gradient):
    encoder = encoders.as_encoder(nn.Flatten(), preprocess=encoders.Preprocess())
    found = encoders.extract(encoder, gradient[None]).values
    np.testing.assert_allclose(encoders.extract(encoder, gradient[None] / 255.0).values, found, atol=1e-6)


# ------------------------------------------------------------------ unreadable


def test_a_truncated_image_is_named_and_may_be_skipped(tmp_path):
    folder = write_pictures(tmp_path / "images", n=4)
    path = folder / "cat" / "image_02.png"
    path.write_bytes(path.read_bytes()[:300])
    encoder = encoders.as_encoder(nn.Flatten(), preprocess=encoders.Preprocess())
    with pytest.raises(ValueError, match=r"image 1 'image_02.png': truncated; on_error='skip' goes on"):
        encoders.extract(encoder, folder)
    found = encoders.extract(encoder, folder, on_error="skip")
    assert found.stimulus_id.values.tolist() == ["image_00", "image_01", "image_03"]
    assert found.attrs["skipped"] == '["image_02.png"]'
    (folder / "dog" / "text.png").write_text("no image")
    with pytest.raises(ValueError, match="'text.png': is no image that can be read; on_error='skip'"):
        encoders.image_set(folder).sizes()


# ------------------------------------------------------------------ lists


def test_sub_folders_name_objects(tmp_path):
    images = encoders.image_set(write_pictures(tmp_path, n=5))
    assert images.coords["object_name"].tolist() == ["cat", "cat", "cat", "dog", "dog"]
    assert images.coords["stimulus_id"].tolist() == [f"image_0{i}" for i in (0, 2, 4, 1, 3)]


def test_a_table_says_what_images_are(tmp_path):
    folder = write_pictures(tmp_path, n=3)
    table = "stimulus_id,filename,object_name,position\n007,dog/image_01.png,dog,1.5\n008,cat/image_00.png,cat,2.5\n"
    (folder / "stimuli.csv").write_text(table)
    images = encoders.image_set(folder)
    assert images.coords["stimulus_id"].tolist() == ["007", "008"]
    assert images.coords["position"].tolist() == [1.5, 2.5]
    np.testing.assert_array_equal(images.pixels(0), pictures(3)[1])
    (folder / "stimuli.csv").write_text(table + "009,cat/none.png,cat,1\n")
    with pytest.raises(FileNotFoundError, match=r"1 of 3 images are missing \(first: 'none.png'\)"):
        encoders.image_set(folder)
    (folder / "stimuli.csv").write_text("name\na\n")
    with pytest.raises(ValueError, match="no column 'filename'; it has 'name'"):
        encoders.image_set(folder)


def test_equal_stems_stay_apart(tmp_path):
    for group in ("a", "b"):
        (tmp_path / group).mkdir()
        Image.fromarray(pictures(1)[0]).save(tmp_path / group / "1.png")
    assert encoders.image_set(tmp_path).coords["stimulus_id"].tolist() == ["a/1", "b/1"]


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ("missing", FileNotFoundError, "no such folder"),
        (["missing.png"], FileNotFoundError, "no such image"),
        ([], ValueError, "images is empty"),
        ([3], TypeError, "holds a int; needed are paths, arrays or PIL images"),
        (np.zeros(4), ValueError, "needed is"),
    ],
)
def test_what_is_no_list_of_images_is_refused(given, kind, message):
    with pytest.raises(kind, match=message):
        encoders.image_set(given)


def test_an_empty_folder_is_said(tmp_path):
    with pytest.raises(ValueError, match="holds no images"):
        encoders.image_set(tmp_path)


def test_mixed_sizes_need_a_size(tmp_path):
    images = [*pictures(3, 16), *pictures(1, 12)]
    module = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten())
    with pytest.raises(ValueError, match=r"different sizes, 16×16 \(3\) and 12×12 \(1\), .*set resize="):
        encoders.extract(module, images, "1")
    encoder = encoders.as_encoder(module, preprocess=encoders.Preprocess(resize=8))
    assert encoders.extract(encoder, images, "1").shape == (4, 72)


def test_one_pixel_changes_the_digest(tmp_path):
    images = pictures(2)
    before = encoders.image_set(images).digests()
    images[1, 0, 0, 0] += 1
    after = encoders.image_set(images).digests()
    assert before[0] == after[0] and before[1] != after[1]
