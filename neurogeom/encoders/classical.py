"""Encoders that vision scientists compare with: pixels, Gabor energy, pyramid energy, and untrained twins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neurogeom._core.random import resolve_seed
from neurogeom._core.validation import check_count
from neurogeom.encoders.encoder import Encoder
from neurogeom.encoders.functions import function_module
from neurogeom.encoders.preprocess import Preprocess

LUMINANCE = (0.299, 0.587, 0.114)


class GrayImages(Preprocess):
    """Images resized to a square and made gray (ITU-R BT.601 luminance), as float64 (n, size, size) in [0, 1]."""

    def settings(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {**super().settings(), "gray": list(LUMINANCE)}

    def __call__(self, images: Sequence[np.ndarray]) -> Any:
        """Gray images, in a form that a function's module takes."""
        gray = [self.one(image).astype(np.float64) @ np.array(LUMINANCE) for image in images]
        return {"images": np.stack(gray)}


def pixels(*, size: int = 64, visual_degrees: float | None = None) -> Encoder:
    """Luminance of each pixel: what any account of responses has to beat.

    Parameters
    ----------
    size : int
        Side to which images are resized.
    visual_degrees : float, optional

    Returns
    -------
    Encoder
        Layer ``pixels``.

    Raises
    ------
    ValueError
        A size below 1.

    Examples
    --------
    >>> from neurogeom.encoders import extract
    >>> extract(pixels(size=4), np.full((1, 8, 8, 3), 255, dtype=np.uint8)).values.min().round(6)
    np.float32(1.0)
    """
    return _encoder("pixels", lambda images: {"pixels": images[:, None]}, size, {}, visual_degrees)


def gabor(
    *,
    size: int = 64,
    n_orientations: int = 8,
    cycles: Sequence[float] = (4.0, 8.0, 16.0),
    grid: int = 8,
    visual_degrees: float | None = None,
) -> Encoder:
    """Energy of quadrature pairs of Gabor filters, a model of complex cells, averaged over a coarse grid.

    The filter of frequency f (cycles per image) and orientation θ is a Gaussian in the frequency plane around
    f (cos θ, sin θ) whose width is one octave at half height; energy is the modulus of the filtered image.

    Parameters
    ----------
    size : int
        Side to which images are resized, pixels.
    n_orientations : int
    cycles : sequence of float
        Center frequencies, cycles per image, below size / 2.
    grid : int
        Places a side after averaging.
    visual_degrees : float, optional

    Returns
    -------
    Encoder
        One layer for each frequency, ``cycles4``, …; channels are orientations from 0° (vertical stripes) on.

    Raises
    ------
    ValueError
        Frequencies that the pixels cannot hold.

    References
    ----------
    Adelson & Bergen 1985, J. Opt. Soc. Am. A 2:284; Daugman 1985, J. Opt. Soc. Am. A 2:1160.

    Examples
    --------
    >>> gabor().layers()["shape"].tolist()
    [(8, 8, 8), (8, 8, 8), (8, 8, 8)]
    """
    size, n_orientations, grid = (
        check_count(name, value) for name, value in (("size", size), ("n_orientations", n_orientations), ("grid", grid))
    )
    for f in cycles:
        if not 0 < f < size / 2:
            raise ValueError(
                f"cycles={f:g} per image cannot be held by {size} pixels; give frequencies below {size / 2:g}."
            )

    masks = {f"cycles{f:g}": _gabor_masks(size, f, n_orientations) for f in cycles}

    def energy(images: np.ndarray) -> dict[str, np.ndarray]:
        spectrum = np.fft.fft2(images - images.mean(axis=(1, 2), keepdims=True))
        return {
            name: _averaged(np.abs(np.fft.ifft2(spectrum[:, None] * transfer)), grid)
            for name, transfer in masks.items()
        }

    config = {"n_orientations": n_orientations, "cycles": [float(f) for f in cycles], "grid": grid}
    return _encoder("gabor", energy, size, config, visual_degrees)


def _gabor_masks(size: int, cycles: float, n_orientations: int) -> np.ndarray:
    """Transfer functions (orientations, size, size): Gaussians in one half of the frequency plane."""
    fy, fx = np.meshgrid(np.fft.fftfreq(size) * size, np.fft.fftfreq(size) * size, indexing="ij")
    width = cycles / 3 / np.sqrt(2 * np.log(2))  # half height at f ± f/3, which is one octave
    angles = np.pi * np.arange(n_orientations) / n_orientations
    distance = [(fx - cycles * np.cos(a)) ** 2 + (fy - cycles * np.sin(a)) ** 2 for a in angles]
    return 2.0 * np.exp(-np.stack(distance) / (2 * width**2))


def pyramid(
    *, size: int = 64, n_levels: int = 3, n_orientations: int = 4, visual_degrees: float | None = None
) -> Encoder:
    """Energy of a complex steerable pyramid, computed in float64.

    Parameters
    ----------
    size : int
        Side to which images are resized; a multiple of 2 to the number of levels.
    n_levels, n_orientations : int
    visual_degrees : float, optional

    Returns
    -------
    Encoder
        Layers ``high``, ``level0``, … (one octave each, half the size from one to the next), ``low``.

    Raises
    ------
    ValueError
        A size that cannot be halved so often.

    References
    ----------
    Simoncelli & Freeman 1995, IEEE ICIP 3:444; Portilla & Simoncelli 2000, Int. J. Comput. Vis. 40:49.

    Examples
    --------
    >>> pyramid().layers()["shape"].tolist()
    [(1, 64, 64), (4, 64, 64), (4, 32, 32), (4, 16, 16), (1, 8, 8)]
    """
    from neurogeom.encoders.steerable import steerable_pyramid

    size, n_levels, n_orientations = (
        check_count(name, value)
        for name, value in (("size", size), ("n_levels", n_levels), ("n_orientations", n_orientations))
    )
    check_count("n_orientations", n_orientations, minimum=2)
    if size % 2**n_levels:
        raise ValueError(f"size={size} cannot be halved {n_levels} times; give a multiple of {2**n_levels}.")

    def energy(images: np.ndarray) -> dict[str, np.ndarray]:
        bands = steerable_pyramid(images, n_levels, n_orientations)
        return {name: np.abs(band) for name, band in bands.items()}

    config = {"n_levels": n_levels, "n_orientations": n_orientations}
    return _encoder("pyramid", energy, size, config, visual_degrees)


def untrained(encoder: Encoder, *, seed: int | None = 0) -> Encoder:
    """Give the twin of an encoder with random weights: the same architecture and preprocessing, nothing learned.

    Weights are normal with variance 1/inputs, norms near one, running averages as at the start.

    Parameters
    ----------
    encoder : Encoder
        Left as it is.
    seed : int, optional

    Returns
    -------
    Encoder

    Raises
    ------
    ValueError
        An encoder without weights.

    Examples
    --------
    >>> from neurogeom.encoders import random_siglip2
    >>> twin = untrained(random_siglip2(depth=1), seed=3)
    >>> twin.name
    'random untrained'
    """
    import copy
    from dataclasses import replace

    from neurogeom.encoders.siglip2 import fill_randomly

    seed = resolve_seed(seed)
    if next(encoder.module.parameters(), None) is None:
        raise ValueError(f"encoder {encoder.name!r} has no weights, so it has no untrained twin.")
    module = copy.deepcopy(encoder.module)
    fill_randomly(module, seed)
    for part in module.modules():
        reset: Any = getattr(part, "reset_running_stats", None)
        if reset is not None:
            reset()
    changes: dict[str, Any] = {"attention_pool": None}  # it belongs to the weights of the original
    if hasattr(encoder, "siglip"):
        changes["siglip"] = None
    config = {**encoder.config, "random_seed": seed}
    return replace(encoder, name=f"{encoder.name} untrained", module=module, config=config, **changes)


def _averaged(maps: np.ndarray, grid: int) -> np.ndarray:
    """Maps (n, channels, size, size) averaged over parts of a grid, also where it does not divide the size."""
    size = maps.shape[-1]
    edges = [index * size // grid for index in range(grid)]
    if grid >= size:
        return maps
    counts = np.diff([*edges, size])
    sums = np.add.reduceat(np.add.reduceat(maps, edges, axis=-1), edges, axis=-2)
    return sums / (counts[:, None] * counts[None, :])


def _encoder(
    name: str, function: Callable[[np.ndarray], Any], size: int, config: dict[str, Any], degrees: float | None
) -> Encoder:
    size = check_count("size", size)
    preprocess = GrayImages(size, visual_degrees=degrees)
    return Encoder(name, function_module(function), preprocess, config=config, visual_degrees=degrees)
