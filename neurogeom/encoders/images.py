"""Lists of images, from files or arrays, read one by one and described by what a person knows of them."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.responses import axis_coordinates
from neurogeom._core.validation import check_real
from neurogeom.encoders.image_pixels import array_pixels, file_pixels, file_size

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
TABLE = "stimuli.csv"


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet:
    """Images in order, read when they are needed.

    Attributes
    ----------
    items : tuple of Path or ndarray
    coords : dict of str to array (images,)
        What is known of each image, such as ``stimulus_id`` and ``object_name``.
    background : tuple of three int, optional
        Color (0–255) behind transparent images.
    scale : float, optional
        White of images with 16 bits or floating-point pixels, such as 65535.
    first_frame : bool
        Whether the first frame stands for an animated image.
    skipped : tuple of str
        Files that could not be read and were left out.
    degrees : float, optional
        Width of the images in degrees of visual angle, as they were shown.
    """

    items: tuple[Any, ...]
    coords: Mapping[str, np.ndarray] = field(default_factory=dict)
    background: tuple[int, int, int] | None = None
    scale: float | None = None
    first_frame: bool = False
    skipped: tuple[str, ...] = ()
    degrees: float | None = None

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"ImageSet: {len(self)} images, coordinates {', '.join(self.coords) or 'none'}"

    def name(self, index: int) -> str:
        """Name of an image for messages: ``image 17 'a.png'``."""
        item = self.items[index]
        return f"image {index} {item.name!r}" if isinstance(item, Path) else f"image {index}"

    def pixels(self, index: int) -> np.ndarray:
        """Pixels (height, width, 3): uint8, or float32 in [0, 1]."""
        item, name = self.items[index], self.name(index)
        options: dict[str, Any] = {"background": self.background, "scale": self.scale}
        if isinstance(item, Path):
            return file_pixels(item, name, first_frame=self.first_frame, **options)
        return array_pixels(item, name, **options)

    def size(self, index: int) -> tuple[int, int]:
        """Height and width of an image; of a file only the head is read."""
        item = self.items[index]
        if isinstance(item, Path):
            return file_size(item, self.name(index))
        return (int(item.shape[0]), int(item.shape[1]))

    def sizes(self) -> Counter[tuple[int, int]]:
        """How many images there are of each height and width."""
        return Counter(self.size(index) for index in range(len(self)))

    def digests(self) -> list[str]:
        """SHA-256 of the bytes of each image: of the file, or of the array with its kind and shape."""
        return [_digest(item) for item in self.items]

    def settings(self) -> dict[str, Any]:
        """What changes pixels and is not in the files."""
        given: dict[str, Any] = {"background": self.background, "scale": self.scale, "degrees": self.degrees}
        given["first_frame"] = self.first_frame or None
        return {key: value for key, value in given.items() if value is not None}

    def readable(self) -> ImageSet:
        """The images that can be read to the end; the names of the others are in ``skipped``."""
        good, bad = [], []
        for index in range(len(self)):
            try:
                self.pixels(index)
                good.append(index)
            except (OSError, ValueError):
                bad.append(self.items[index].name if isinstance(self.items[index], Path) else str(index))
        if not good:
            raise ValueError(f"none of the {len(self)} images can be read (first: {self.name(0)}).")
        return replace(self.select(good), skipped=(*self.skipped, *bad))

    def select(self, index: Sequence[int] | np.ndarray) -> ImageSet:
        """Some of the images, in the order given."""
        chosen = np.asarray(index, dtype=int)
        coords = {key: value[chosen] for key, value in self.coords.items()}
        return replace(self, items=tuple(self.items[i] for i in chosen), coords=coords)


def image_set(
    images: Any,
    *,
    coords: Mapping[str, Any] | None = None,
    background: Sequence[int] | None = None,
    scale: float | None = None,
    first_frame: bool = False,
    degrees: float | None = None,
) -> ImageSet:
    """Images of a folder, of a list of files, or of arrays.

    Parameters
    ----------
    images : path, sequence of path, array (n, height, width[, 3 or 4]), sequence of array or of PIL image, DataArray
        A folder is read by its ``stimuli.csv`` (columns ``filename``, ``stimulus_id``, …) where it has one; else all
        images in it and in its sub-folders, whose names become ``object_name``, and file stems ``stimulus_id``.
        Arrays hold uint8, or floats in [0, 1].
    coords : mapping of str to array (n,), optional
        Further coordinates.
    background : three int, optional
        Color behind transparent images (0–255).
    scale : float, optional
        White of images with 16 bits.
    first_frame : bool
        Take the first frame of animated images.
    degrees : float, optional
        Width of the images in degrees of visual angle. They are then placed on a gray screen, or cut, so that they have
        this size in the input of an encoder that says its own (``visual_degrees``); see :func:`place_on_screen`.

    Returns
    -------
    ImageSet

    Raises
    ------
    FileNotFoundError
        A folder or file that is not there.
    ValueError
        No images, a table without the needed columns, coordinates of the wrong length.
    TypeError
        What is no image.

    Examples
    --------
    >>> image_set(np.zeros((3, 8, 8, 3), dtype=np.uint8), coords={"object_name": ["cat", "dog", "dog"]})
    ImageSet: 3 images, coordinates object_name
    """
    if isinstance(images, ImageSet):
        found = images
    elif isinstance(images, str | os.PathLike):
        found = _of_folder(Path(images).expanduser())
    elif isinstance(images, xr.DataArray):
        found = ImageSet(tuple(np.asarray(images.values)), axis_coordinates(images, images.dims[0]))
    else:
        items = _items(images)
        stems = np.array([item.stem for item in items if isinstance(item, Path)], dtype=object)
        named = len(stems) == len(items) > 0 and len(set(stems)) == len(items)
        found = ImageSet(items, {"stimulus_id": stems} if named else {})
    if not len(found):
        raise ValueError("images is empty; at least one image is needed.")
    if background is not None and len(tuple(background)) != 3:
        raise ValueError(f"background={background!r} needs three numbers from 0 to 255, such as (128, 128, 128).")
    scale = found.scale if scale is None else check_real("scale", scale, minimum=0.0, strict=True)
    color = found.background if background is None else (int(background[0]), int(background[1]), int(background[2]))
    merged = {
        **found.coords,
        **{str(key): _column(str(key), value, len(found)) for key, value in (coords or {}).items()},
    }
    return replace(
        found,
        coords=merged,
        background=color,
        scale=scale,
        first_frame=bool(first_frame or found.first_frame),
        degrees=found.degrees if degrees is None else check_real("degrees", degrees, minimum=0.0, strict=True),
    )


def _column(key: str, values: Any, n: int) -> np.ndarray:
    array = np.asarray(values)
    if array.shape != (n,):
        raise ValueError(f"coords[{key!r}] has shape {array.shape}, there are {n} images. Give one entry for each.")
    return array.astype(object) if array.dtype.kind in "UT" else array


def _items(images: Any) -> tuple[Any, ...]:
    if hasattr(images, "detach"):
        images = images.detach().cpu().numpy()
    if isinstance(images, np.ndarray) and images.dtype.kind not in "OUT":
        if images.ndim < 3:
            raise ValueError(f"images has shape {images.shape}; needed is (n, height, width) or (n, height, width, 3).")
        return tuple(images)
    items: list[Any] = []
    for image in images:
        if isinstance(image, str | os.PathLike):
            path = Path(image).expanduser()
            if not path.exists():
                raise FileNotFoundError(2, "there is no such image", str(path))
            items.append(path)
        elif hasattr(image, "__array__") or hasattr(image, "__array_interface__"):
            items.append(image if isinstance(image, np.ndarray) else np.asarray(image))
        else:
            raise TypeError(f"images holds a {type(image).__name__}; needed are paths, arrays or PIL images.")
    return tuple(items)


def _of_folder(folder: Path) -> ImageSet:
    if not folder.exists():
        raise FileNotFoundError(2, "there is no such folder of images", str(folder))
    if folder.is_file():
        return _of_files([folder], folder.parent)
    table = folder / TABLE
    if table.exists():
        return _of_table(table)
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not files:
        raise ValueError(f"{folder} holds no images ({', '.join(SUFFIXES)}), and no {TABLE}.")
    return _of_files(files, folder)


def _of_files(files: Sequence[Path], folder: Path) -> ImageSet:
    coords = {"stimulus_id": np.array([path.stem for path in files], dtype=object)}
    if len(set(coords["stimulus_id"])) < len(files):  # equal stems in several sub-folders
        names = [str(path.relative_to(folder).with_suffix("")) for path in files]
        coords["stimulus_id"] = np.array(names, dtype=object)
    if any(path.parent != folder for path in files):
        coords["object_name"] = np.array([path.parent.name if path.parent != folder else "" for path in files], object)
    return ImageSet(tuple(files), coords)


def _of_table(table: Path) -> ImageSet:
    import pandas as pd

    frame = pd.read_csv(table, dtype={"stimulus_id": str, "filename": str})
    if "filename" not in frame:
        raise ValueError(f"{table} has no column 'filename'; it has {', '.join(map(repr, frame.columns))}.")
    files = [table.parent / str(name) for name in frame["filename"]]
    missing = [path.name for path in files if not path.exists()]
    if missing:
        raise FileNotFoundError(
            2, f"{len(missing)} of {len(files)} images are missing (first: {missing[0]!r})", str(table)
        )
    coords = {str(key): frame[key].to_numpy() for key in frame.columns if key != "filename"}
    coords = {key: value.astype(object) if value.dtype.kind in "OUT" else value for key, value in coords.items()}
    coords.setdefault("stimulus_id", np.array([path.stem for path in files], dtype=object))
    return ImageSet(tuple(files), coords)


def _digest(item: Any) -> str:
    digest = hashlib.sha256()
    if isinstance(item, Path):
        with item.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    else:
        digest.update(f"{item.dtype.str}{item.shape}".encode())
        digest.update(np.ascontiguousarray(item).tobytes())
    return digest.hexdigest()
