"""Natural images: those that come with packages, folders, HDF5 in chunks, and crops that know their source."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_labels, format_names
from neurogeom.stimuli.checks import as_images, normalize

SKIMAGE = (
    "astronaut", "brick", "camera", "cat", "coffee", "coins", "grass", "gravel", "moon", "retina", "rocket", "stereo",
)  # fmt: skip
SKLEARN = ("china", "flower")
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")


def packaged_images(*names: str) -> dict[str, np.ndarray]:
    """Return the natural images that come with scikit-image and scikit-learn, without a network.

    Parameters
    ----------
    *names : str
        Which; all by default: astronaut, brick, camera, cat, coffee, coins, grass, gravel, moon, retina, rocket,
        stereo (scikit-image), china, flower (scikit-learn).

    Returns
    -------
    dict of str to ndarray, float32
        Gray images in [−0.5, 0.5], of their own sizes.

    Raises
    ------
    ValueError
        An unknown name.

    Examples
    --------
    >>> packaged_images("camera")["camera"].shape
    (512, 512)
    """
    known = (*SKIMAGE, *SKLEARN)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"names has {format_names(unknown)}, which is not packaged. Known: {', '.join(known)}.")
    return {name: normalize(_packaged(name)) for name in names or known}


def _packaged(name: str) -> np.ndarray:
    if name in SKLEARN:
        from sklearn.datasets import load_sample_image

        return np.asarray(load_sample_image(f"{name}.jpg"))
    import skimage.data
    from skimage.io import imread

    if name == "stereo":  # its loader fetches a disparity map as well; the image itself is packaged
        return np.asarray(imread(Path(skimage.data.__file__).with_name("motorcycle_left.png")))
    return np.asarray(getattr(skimage.data, name)())


def faces(size: int) -> xr.DataArray:
    """Return the 100 faces that come with scikit-image, enlarged from 25 × 25 pixels.

    Parameters
    ----------
    size : int
        Height and width in pixels.

    Returns
    -------
    DataArray (presentation, y, x), float32
        In [−0.5, 0.5]; each its own ``source``.

    Raises
    ------
    TypeError, ValueError
        A size that is no positive whole number.

    References
    ----------
    Huang et al. 2007, Labeled Faces in the Wild.

    Examples
    --------
    >>> faces(32).shape
    (100, 32, 32)
    """
    from skimage.data import lfw_subset
    from skimage.transform import resize

    edge = check_count("size", size)
    small = lfw_subset()[:100].astype(np.float64)
    large = np.stack([resize(face, (edge, edge), order=1) for face in small])
    names = [f"face-{number}" for number in range(len(large))]
    coords = dict.fromkeys(("source", "stimulus_id"), ("presentation", names))
    gray = normalize(np.clip(large, 0.0, 1.0))
    return xr.DataArray(gray, dims=("presentation", "y", "x"), coords=coords, name="images")


def load_folder(folder: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Return all images of a folder as gray images in [−0.5, 0.5], by file name.

    Parameters
    ----------
    folder : path
        Holds .png, .jpg, .tif or .bmp files; other files are passed over.

    Returns
    -------
    dict of str to ndarray, float32
        In the order of file names.

    Raises
    ------
    FileNotFoundError
        No such folder.
    ValueError
        No image in it, or a file that cannot be read as one.

    Examples
    --------
    >>> load_folder("no_such_folder")
    Traceback (most recent call last):
    ...
    FileNotFoundError: [Errno 2] there is no such folder: 'no_such_folder'
    """
    from skimage.io import imread

    source = Path(folder).expanduser()
    if not source.is_dir():
        raise FileNotFoundError(2, "there is no such folder", str(folder))
    paths = sorted(path for path in source.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise ValueError(f"{folder} holds no image ({', '.join(SUFFIXES)}). Give the folder that holds them.")
    found = {}
    for path in paths:
        try:
            values = np.asarray(imread(path))
        except (OSError, ValueError, SyntaxError) as error:
            raise ValueError(f"{path} cannot be read as an image: {error}. Remove it, or get it again.") from error
        found[path.name] = normalize(values // 257 if values.dtype == np.uint16 else values.astype(np.uint8, copy=False)
                                     if values.dtype.kind in "iu" else values)  # fmt: skip
    return found


def read_hdf5(path: str | os.PathLike[str], *, variable: str = "images", chunk: int = 1024) -> Iterator[np.ndarray]:
    """Yield the images of an HDF5 file in chunks, so that they need not fit in memory.

    Parameters
    ----------
    path : path
    variable : str
        Array (n, height, width[, 3]) of bytes, or of floats: those that leave [−0.5, 0.5] are taken as [0, 1].
    chunk : int
        Images at a time.

    Yields
    ------
    ndarray, float32, shape (at most chunk, height, width), in [−0.5, 0.5]

    Raises
    ------
    FileNotFoundError
        No such file.
    ValueError
        No such array in it, or one of another shape.

    Examples
    --------
    >>> next(read_hdf5("no_such_file.h5"))
    Traceback (most recent call last):
    ...
    FileNotFoundError: [Errno 2] there is no such file: 'no_such_file.h5'
    """
    import h5py

    chunk = check_count("chunk", chunk)
    if not Path(path).exists():
        raise FileNotFoundError(2, "there is no such file", str(path))
    with h5py.File(path, "r") as file:
        if not isinstance(file.get(variable), h5py.Dataset):
            raise ValueError(f"{path} has no array {variable!r}. It has: {', '.join(map(str, file)) or 'nothing'}.")
        data = file[variable]
        if data.ndim not in (3, 4):
            raise ValueError(f"{variable} of {path} has shape {data.shape}; (n, height, width[, 3]) is needed.")
        for start in range(0, data.shape[0], chunk):
            block = np.asarray(data[start : start + chunk])
            inside = block.dtype.kind == "f" and block.size > 0 and block.min() < -1e-6
            yield as_images(block).astype(np.float32) if inside else normalize(block)


def crops(
    images: Mapping[str, np.ndarray],
    size: int | tuple[int, int],
    *,
    n: int,
    scales: Sequence[float] = (1.0, 0.5),
    flips: bool = True,
    least_sd: float = 0.02,
    seed: int | None = None,
) -> xr.DataArray:
    """Cut random crops of images, as many from each, each with the name of its source.

    Parameters
    ----------
    images : mapping of str to ndarray (height, width)
        Gray images in [−0.5, 0.5], e.g. from :func:`packaged_images`.
    size : int or tuple of int
        Height and width of a crop in pixels.
    n : int
        Number of crops.
    scales : sequence of float
        Sizes at which images are used, 0.5 is half; each is drawn as often, where a crop fits.
    flips : bool
        Whether crops are mirrored left to right at random.
    least_sd : float
        Crops flatter than this (SD of gray values) are drawn again, up to 20 times; SSIM has no meaning for them.
    seed : int, optional

    Returns
    -------
    DataArray (presentation, y, x), float32
        With ``source`` and ``stimulus_id`` for each presentation: split by ``source``, never by crop.

    Raises
    ------
    TypeError, ValueError
        No image, or one that is smaller than a crop at all scales.

    Examples
    --------
    >>> cut = crops(packaged_images("camera", "cat"), 32, n=6, seed=0)
    >>> cut.shape, sorted(set(cut.source.values.tolist()))
    ((6, 32, 32), ['camera', 'cat'])
    """
    n, seed = check_count("n", n), resolve_seed(seed)
    edges = tuple(size) if isinstance(size, tuple | list) else (size, size)
    height, width = (check_count("size", edge) for edge in edges)
    if not images:
        raise ValueError("images is empty; at least one image is needed.")
    pools = {name: _pyramid(name, image, scales, height, width) for name, image in images.items()}
    names = list(pools)
    out = np.empty((n, height, width), dtype=np.float32)
    for number in range(n):
        draw = generator(seed, 23, number)
        pool = pools[names[number % len(names)]]
        for _ in range(20):
            image = pool[draw.integers(len(pool))]
            top, left = draw.integers(image.shape[0] - height + 1), draw.integers(image.shape[1] - width + 1)
            crop = image[top : top + height, left : left + width]
            if crop.std() >= least_sd:
                break
        out[number] = crop[:, ::-1] if flips and draw.random() < 0.5 else crop
    sources = [names[number % len(names)] for number in range(n)]
    coords = {
        "source": ("presentation", sources),
        "stimulus_id": ("presentation", [f"{name}-{number}" for number, name in enumerate(sources)]),
    }
    return xr.DataArray(out, dims=("presentation", "y", "x"), coords=coords, attrs={"seed": seed}, name="images")


def _pyramid(name: str, image: np.ndarray, scales: Sequence[float], height: int, width: int) -> list[np.ndarray]:
    """The image at each scale at which a crop fits."""
    from skimage.transform import rescale

    gray = as_images(image, f"images[{name!r}]")[0]
    levels = []
    for scale in scales:
        level = gray if scale == 1.0 else rescale(gray, scale, order=1, anti_aliasing=scale < 1.0)
        if level.shape[0] >= height and level.shape[1] >= width:
            levels.append(np.clip(level, -0.5, 0.5).astype(np.float32))
    if not levels:
        raise ValueError(
            f"images[{name!r}] is {gray.shape[0]} × {gray.shape[1]} pixels, smaller than a crop of {height} × {width} "
            f"at scales {tuple(scales)}. Leave it out, or cut smaller crops."
        )
    return levels


def split_sources(sources: Any, *, parts: Mapping[str, float], seed: int | None = None) -> dict[str, np.ndarray]:
    """Split presentations in parts so that no source image is in two of them.

    Parameters
    ----------
    sources : array-like, shape (n,)
        The source image of each presentation.
    parts : mapping of str to float
        Name and share of the source images of each part; shares add up to 1 or less.
    seed : int, optional

    Returns
    -------
    dict of str to ndarray of int
        Indices of presentations of each part.

    Raises
    ------
    ValueError
        Shares that add up to more than 1, or fewer sources than parts.

    Examples
    --------
    >>> halves = split_sources(list("aabbcc"), parts={"train": 2 / 3, "test": 1 / 3}, seed=0)
    >>> len(halves["train"]), len(halves["test"])
    (4, 2)
    """
    labels = check_labels(sources, len(np.asarray(sources)), "sources")
    names = np.unique(labels)
    if sum(parts.values()) > 1 + 1e-9 or any(share <= 0 for share in parts.values()):
        raise ValueError(f"parts={dict(parts)}; shares above 0 that add up to 1 or less are needed.")
    if len(names) < len(parts):
        raise ValueError(f"sources has {len(names)} source images for {len(parts)} parts; at least one each is needed.")
    shuffled = generator(resolve_seed(seed), 29).permutation(names)
    found, start = {}, 0
    for number, (part, share) in enumerate(parts.items()):
        rest = len(parts) - number - 1
        count = min(max(int(round(share * len(names))), 1), len(names) - start - rest)
        found[part] = np.flatnonzero(np.isin(labels, shuffled[start : start + count]))
        start += count
    return found
