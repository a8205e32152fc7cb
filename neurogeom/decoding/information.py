"""How much spikes tell about images, at least."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.random import resolve_seed
from neurogeom._core.validation import check_count, check_real
from neurogeom._core.warnings import collect
from neurogeom.decoding.evaluate import caution, source_labels
from neurogeom.decoding.results import InformationResult
from neurogeom.results import make_settings
from neurogeom.retina.counts import as_counts
from neurogeom.statistics import bootstrap
from neurogeom.stimuli import as_images, radial_frequency

REFERENCES = ("Bialek, Rieke, de Ruyter van Steveninck & Warland 1991, Science 252:1854; Warland et al. 1997.",)


def information(
    reconstructions: Any,
    images: Any,
    counts: Any,
    *,
    n_bands: int = 8,
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int | None = None,
) -> InformationResult:
    r"""Estimate the information that spikes carry about images, from the spectrum of reconstruction errors.

    :math:`I = \frac12 \sum_f \log_2 \left( S(f) / E(f) \right)` over frequencies where the power of images S exceeds
    that of errors E, both averaged over rings of frequency. It is a lower bound for Gaussian images (the Gaussian error
    has the largest entropy), and an index for natural ones. Use images that the decoder did not see.

    Parameters
    ----------
    reconstructions, images : array-like, shape (n, height, width)
    counts : array-like, shape (n, n_cells)
    n_bands : int
        Rings of equal width up to 0.5 cycles per pixel.
    level : float
    n_resamples : int
        Over source images; 0 for no interval.
    seed : int, optional

    Returns
    -------
    InformationResult

    Raises
    ------
    ValueError
        Numbers that do not fit, fewer than two images.

    References
    ----------
    Bialek et al. 1991, Science 252:1854; Warland, Reinagel & Meister 1997, J. Neurophysiol. 78:2336.

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> images = np.clip(draw.normal(0, 0.1, (200, 16, 16)), -0.5, 0.5)
    >>> noisy = images + draw.normal(0, 0.05, images.shape)
    >>> found = information(noisy, images, np.full((200, 10), 4), n_resamples=0, seed=0)
    >>> round(found.information), round(found.information_per_spike, 1)  # 1 bit for each frequency below 0.5
    (194, 4.9)
    """
    truth = as_images(images).astype(np.float64)
    decoded = as_images(reconstructions, "reconstructions", shape=(truth.shape[1], truth.shape[2]), bounded=False)
    spikes = as_counts(counts).sum(axis=1)
    if not len(truth) == len(decoded) == len(spikes) or len(truth) < 2:
        raise ValueError(
            f"reconstructions has {len(decoded)}, images {len(truth)}, counts {len(spikes)} entries; as many of each, "
            "2 or more, are needed."
        )
    n_bands, seed = check_count("n_bands", n_bands), resolve_seed(seed)
    level = check_real("level", level, minimum=0.0, maximum=1.0, strict=True)
    n_resamples = check_count("n_resamples", n_resamples, minimum=0)
    groups = source_labels(images, None, len(truth))
    signal, error, size = _rings(truth, decoded.astype(np.float64), n_bands)

    def statistic(index: np.ndarray) -> np.ndarray:
        bands = _bits(signal[index], error[index], size)
        return np.concatenate([[bands.sum(), bands.sum() / max(float(spikes[index].mean()), 1e-12)], bands])

    with collect() as notes:
        caution(truth, groups)
        whole = statistic(np.arange(len(truth)))
        data: dict[str, Any] = {"information": float(whole[0]), "information_per_spike": float(whole[1])}
        if n_resamples and len(np.unique(groups)) > 1:
            clusters = None if len(np.unique(groups)) == len(groups) else groups
            found = bootstrap(statistic, len(truth), n_resamples=n_resamples, level=level, groups=clusters, seed=seed)
            data["information_ci"] = ("bound", found.interval[0])
            data["information_per_spike_ci"] = ("bound", found.interval[1])
    data |= {"band_information": ("band", whole[2:]), "spikes_per_image": float(spikes.mean())}
    coords = {"band": (np.arange(n_bands) + 0.5) * 0.5 / n_bands, "bound": ["low", "high"]}
    settings = make_settings(n_bands=n_bands, level=level, n_resamples=n_resamples, seed=seed, n_images=len(truth))
    return InformationResult(xr.Dataset(data, coords=coords), settings, {}, tuple(notes), REFERENCES)


def _rings(truth: np.ndarray, decoded: np.ndarray, n_bands: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums of power of images (about their mean over images) and of errors in each ring, (n, bands), and sizes."""
    ring = (radial_frequency(truth.shape[1:]) / 0.5 * n_bands).astype(int)
    sums = []
    for values in (truth - truth.mean(axis=0), decoded - truth):
        power = np.abs(np.fft.fft2(values, norm="ortho")) ** 2
        sums.append(np.stack([power[:, ring == band].sum(axis=1) for band in range(n_bands)], axis=1))
    return sums[0], sums[1], np.bincount(ring.ravel(), minlength=n_bands)[:n_bands]


def _bits(signal: np.ndarray, error: np.ndarray, size: np.ndarray) -> np.ndarray:
    ratio = np.maximum(signal.mean(axis=0), 1e-300) / np.maximum(error.mean(axis=0), 1e-300)
    return 0.5 * size * np.log2(np.maximum(ratio, 1.0))
