"""Receptive fields: elliptical differences of Gaussians, as sparse rows over the pixels of a patch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from neurogeom._core.random import generator


@dataclass(frozen=True)
class FieldShape:
    """How receptive fields of one mosaic are drawn.

    Parameters
    ----------
    spacing_fraction : float
        Sigma of the center in mean nearest-neighbor distances; at .5 the 1-sigma contours of neighbors touch
        (Gauthier et al. 2009).
    surround_weight : float
        Volume of the surround over that of the center.
    surround_ratio : float
        Sigma of the surround over that of the center.
    cut : float
        Sigmas of the surround at which the field ends.
    size_jitter, aspect_jitter : float
        SD of log sigma, and of the log of the ratio of semi-axes.
    """

    spacing_fraction: float = 0.5
    surround_weight: float = 0.6
    surround_ratio: float = 2.5
    cut: float = 3.0
    size_jitter: float = 0.08
    aspect_jitter: float = 0.15


def draw_ellipses(sigma: float, n: int, shape: FieldShape, seed: int, key: int) -> np.ndarray:
    """Semi-axes (σ major, σ minor) and angle (rad) of n centers around one sigma; (n, 3)."""
    draw = generator(seed, 37, key)
    size = sigma * np.exp(shape.size_jitter * draw.standard_normal(n))
    aspect = np.exp(np.abs(shape.aspect_jitter * draw.standard_normal(n)))
    angle = draw.uniform(0.0, np.pi, n)
    return np.stack([size * np.sqrt(aspect), size / np.sqrt(aspect), angle], axis=1)


def difference_of_gaussians(
    positions: np.ndarray, ellipses: np.ndarray, signs: np.ndarray, shape: FieldShape, pixels: tuple[int, int]
) -> sparse.csr_array:
    """Receptive fields as rows over pixels, (n, height·width), float64.

    w = s [N(x; Σ) − v N(x; κ² Σ)] at pixel centers (whole number + ½), unit-volume Gaussians, cut at 3 surround σ.
    A field that reaches over the border is truncated, not renormalized.
    """
    height, width = pixels
    columns, values, lengths = [], [], np.zeros(len(positions) + 1, dtype=np.int64)
    for number, ((y, x), (major, minor, angle), sign) in enumerate(zip(positions, ellipses, signs)):
        reach = shape.cut * shape.surround_ratio * major
        rows = np.arange(max(int(np.floor(y - reach)), 0), min(int(np.ceil(y + reach)), height))
        cols = np.arange(max(int(np.floor(x - reach)), 0), min(int(np.ceil(x + reach)), width))
        dy, dx = rows[:, None] + 0.5 - y, cols[None, :] + 0.5 - x
        along = (np.cos(angle) * dx + np.sin(angle) * dy) / major
        across = (-np.sin(angle) * dx + np.cos(angle) * dy) / minor
        squared = along**2 + across**2
        inside = squared <= (shape.cut * shape.surround_ratio) ** 2
        ratio2 = shape.surround_ratio**2
        peak = 1.0 / (2 * np.pi * major * minor)
        weight = peak * (np.exp(-0.5 * squared) - shape.surround_weight / ratio2 * np.exp(-0.5 * squared / ratio2))
        columns.append((rows[:, None] * width + cols[None, :])[inside])
        values.append(sign * weight[inside])
        lengths[number + 1] = inside.sum()
    data = np.concatenate(values) if values else np.zeros(0)
    index = np.concatenate(columns) if columns else np.zeros(0, dtype=np.int64)
    return sparse.csr_array((data, index, np.cumsum(lengths)), shape=(len(positions), height * width))


def unit_peak_centers(positions: Any, ellipses: Any, pixels: tuple[int, int]) -> np.ndarray:
    """Sum over cells of Gaussian centers of height one at each pixel: the coverage of the patch, (height, width)."""
    shape = FieldShape(surround_weight=0.0, surround_ratio=1.0, cut=5.0)
    places, axes = np.asarray(positions), np.asarray(ellipses)
    fields = difference_of_gaussians(places, axes, np.ones(len(places)), shape, pixels)
    peaks = 2 * np.pi * axes[:, 0] * axes[:, 1]
    return np.asarray(peaks @ fields).reshape(pixels)
