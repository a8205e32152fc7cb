"""A bank of simple and complex cells whose tuning is drawn from published distributions of macaque V1."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_real
from neurogeom.encoders.classical import GrayImages
from neurogeom.encoders.encoder import Encoder

# De Valois, Yund & Hepler 1982: cells by preferred orientation (degrees); De Valois, Albrecht & Thorell 1982: by
# preferred frequency (cycles per degree); Ringach 2002: joint counts of receptive field widths in cycles.
ORIENTATION_EDGES, ORIENTATION_COUNTS = (-22.5, 22.5, 67.5, 112.5, 157.5), (66, 49, 77, 54)
FREQUENCY_EDGES = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.2)
FREQUENCY_COUNTS = (4, 4, 8, 25, 32, 26, 28, 12, 8)
WIDTH_EDGES = tuple(np.logspace(-1.0, 0.2, 6))
WIDTH_COUNTS = ((2, 0, 1, 0, 0), (8, 9, 4, 1, 0), (1, 2, 19, 17, 3), (0, 0, 1, 7, 4), (0, 0, 0, 0, 0))


def vone(
    *,
    n_simple: int = 64,
    n_complex: int = 64,
    size: int = 112,
    visual_degrees: float = 8.0,
    max_frequency: float = 5.6,
    stride: int = 4,
    seed: int | None = 0,
) -> Encoder:
    """Simple cells (half-rectified Gabors) and complex cells (energy of pairs) with the tuning of macaque V1.

    Preferred orientation, frequency and widths are drawn from the published distributions; the correlation 0.75 of
    frequency and width is that of VOneNet. It is like VOneNet's first block, without its noise, and on luminance.

    Parameters
    ----------
    n_simple, n_complex : int
    size : int
        Side to which images are resized, pixels.
    visual_degrees : float
        Width of the image.
    max_frequency : float
        Highest preferred frequency, cycles per degree.
    stride : int
        Pixels from one cell to the next.
    seed : int, optional

    Returns
    -------
    Encoder
        Layers ``simple`` and ``complex``.

    Raises
    ------
    ValueError
        Frequencies that the pixels cannot hold.

    References
    ----------
    De Valois, Yund & Hepler 1982, Vision Res. 22:531; De Valois, Albrecht & Thorell 1982, Vision Res. 22:545;
    Ringach 2002, J. Neurophysiol. 88:455; Dapello et al. 2020, NeurIPS (VOneNet).

    Examples
    --------
    >>> vone(n_simple=4, n_complex=2).layers()["shape"].tolist()
    [(4, 28, 28), (2, 28, 28)]
    """
    size, stride = check_count("size", size), check_count("stride", stride)
    n_simple, n_complex = check_count("n_simple", n_simple), check_count("n_complex", n_complex)
    degrees = check_real("visual_degrees", visual_degrees, minimum=0.0, strict=True)
    top = check_real("max_frequency", max_frequency, minimum=FREQUENCY_EDGES[1])
    if top > size / degrees / 2:
        raise ValueError(
            f"max_frequency={top:g} cycles per degree needs {2 * top * degrees:.0f} pixels for {degrees:g}°, there are "
            f"{size}; use a larger size, or a lower frequency."
        )
    seed = resolve_seed(seed)
    tuning = vone_tuning(n_simple + n_complex, seed=seed, max_frequency=top)
    module = _module(tuning, n_simple, size / degrees, stride)
    config = {"n_simple": n_simple, "max_frequency": top, "stride": stride, "random_seed": seed}
    return Encoder(
        "vone", module, GrayImages(size, visual_degrees=degrees), ("simple", "complex"), config, visual_degrees=degrees
    )


def vone_tuning(n: int, *, seed: int, max_frequency: float) -> dict[str, np.ndarray]:
    """Orientation (rad), frequency (cycles/degree), phase (rad) and widths (cycles) of n cells."""
    from scipy.stats import norm

    rng = generator(seed, 3)
    kept = int(np.searchsorted(FREQUENCY_EDGES, max_frequency, side="right")) - 1
    both = norm.cdf(rng.multivariate_normal([0.0, 0.0], [[1.0, 0.75], [0.75, 1.0]], size=n))
    counts = np.array(WIDTH_COUNTS, dtype=float)
    width_x = _inverse(both[:, 0], counts.sum(axis=1), np.log10(WIDTH_EDGES))
    row = np.clip(np.searchsorted(np.log10(WIDTH_EDGES), width_x, side="right") - 1, 0, 3)  # the last row is empty
    width_y = np.array(
        [_inverse(u, counts[r], np.log10(WIDTH_EDGES)) for u, r in zip(rng.random(n), row, strict=True)]
    ).ravel()
    frequency = _inverse(both[:, 1], np.array(FREQUENCY_COUNTS[:kept], float), np.log2(FREQUENCY_EDGES[: kept + 1]))
    orientation = _inverse(rng.random(n), np.array(ORIENTATION_COUNTS, float), np.array(ORIENTATION_EDGES)) % 180.0
    return {
        "orientation": np.deg2rad(orientation),
        "frequency": 2.0**frequency,
        "phase": rng.random(n) * 2 * np.pi,
        "width_x": 10.0**width_x,
        "width_y": 10.0**width_y,
    }


def _inverse(share: Any, counts: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Quantiles of a histogram, linear within its bins."""
    cumulative = np.concatenate([[0.0], np.cumsum(counts / counts.sum())])
    return np.interp(share, cumulative, edges)


def _filters(tuning: dict[str, np.ndarray], pixels_per_degree: float, side: int, phase: float) -> np.ndarray:
    """Gabors (n, 1, side, side) with zero mean and norm one."""
    half = side // 2
    y, x = np.meshgrid(np.arange(-half, half + 1.0), np.arange(-half, half + 1.0), indexing="ij")
    found = []
    for theta, cycles, offset, nx, ny in zip(*(tuning[key] for key in (
        "orientation", "frequency", "phase", "width_x", "width_y")), strict=True):  # fmt: skip
        f = cycles / pixels_per_degree
        along, across = x * np.cos(theta) + y * np.sin(theta), -x * np.sin(theta) + y * np.cos(theta)
        envelope = np.exp(-0.5 * ((along * f / nx) ** 2 + (across * f / ny) ** 2))
        one = envelope * np.cos(2 * np.pi * f * along + offset + phase)
        one = one - envelope * one.sum() / envelope.sum()
        found.append(one / max(float(np.linalg.norm(one)), 1e-12))
    return np.stack(found)[:, None]


def _module(tuning: dict[str, np.ndarray], n_simple: int, pixels_per_degree: float, stride: int) -> Any:
    import torch
    from torch import nn

    side = 2 * int(np.ceil(3.2 * pixels_per_degree / 4)) + 1  # wide enough for most envelopes at 8 degrees
    pair = [_filters(tuning, pixels_per_degree, side, phase) for phase in (0.0, np.pi / 2)]

    class Cells(nn.Module):
        """Two banks of filters; what is read are ``simple`` and ``complex``."""

        even: torch.Tensor
        odd: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("even", torch.tensor(pair[0], dtype=torch.float32))
            self.register_buffer("odd", torch.tensor(pair[1], dtype=torch.float32))
            self.simple, self.complex = nn.ReLU(), nn.Identity()

        def forward(self, images: Any) -> torch.Tensor:
            """Gray images (n, size, size) in [0, 1]."""
            x = torch.as_tensor(images, dtype=torch.float32)[:, None] - 0.5
            even, odd = (
                nn.functional.conv2d(x, bank, stride=stride, padding=side // 2) for bank in (self.even, self.odd)
            )
            simple = self.simple(even[:, :n_simple])
            energy = torch.sqrt((even[:, n_simple:] ** 2 + odd[:, n_simple:] ** 2) / 2)
            return torch.cat([simple, self.complex(energy)], dim=1)

    return Cells()
