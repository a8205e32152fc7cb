"""Quality of reconstructions, and decoders compared on the same images, with intervals over source images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.random import resolve_seed
from neurogeom._core.validation import check_count, check_option, check_real
from neurogeom._core.warnings import DegenerateInputWarning, collect, warn
from neurogeom.decoding.metrics import METRICS
from neurogeom.decoding.results import ReconstructionResult
from neurogeom.results import make_settings
from neurogeom.statistics import bootstrap
from neurogeom.stimuli import as_images

REFERENCES = (
    "Wang et al. 2004, IEEE Trans. Image Process. 13:600 (SSIM).",
    "Wang, Simoncelli & Bovik 2003, Asilomar 2:1398 (MS-SSIM).",
)
FEW_SOURCES = 20


def evaluate(
    reconstructions: Any,
    images: Any,
    *,
    sources: Any = None,
    metrics: Sequence[str] = ("mse", "psnr", "ssim", "ms_ssim", "spectral_error"),
    reference: str | None = None,
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int | None = None,
) -> ReconstructionResult:
    """Score reconstructions, and compare decoders pairwise with a reference, clustered by source image.

    Parameters
    ----------
    reconstructions : mapping of str to array-like (n, height, width), or one array
        By decoder.
    images : array-like, shape (n, height, width), or DataArray with ``source``
        In [−0.5, 0.5].
    sources : array-like, shape (n,), optional
        Source image of each; from the coordinate by default. Intervals resample sources, then crops within them;
        without sources each image is its own.
    metrics : sequence of str
        Of mse, psnr, ssim, ms_ssim, spectral_error.
    reference : str, optional
        The decoder that others are compared with; the first by default.
    level : float
    n_resamples : int
        0 for no interval.
    seed : int, optional

    Returns
    -------
    ReconstructionResult

    Raises
    ------
    ValueError
        Shapes that do not fit, an unknown metric or reference.

    References
    ----------
    Wang et al. 2004, IEEE Trans. Image Process. 13:600.

    Examples
    --------
    >>> image = np.random.default_rng(0).uniform(-0.5, 0.5, (4, 16, 16))
    >>> found = evaluate({"half": image / 2, "gray": image * 0}, image, n_resamples=20, seed=0)
    >>> found.mse_ratio.values.round(2).tolist()
    [1.0, 4.0]
    """
    given = dict(reconstructions) if isinstance(reconstructions, Mapping) else {"decoder": reconstructions}
    truth = as_images(images)
    level = check_real("level", level, minimum=0.0, maximum=1.0, strict=True)
    n_resamples, seed = check_count("n_resamples", n_resamples, minimum=0), resolve_seed(seed)
    chosen = [check_option("metrics", name, tuple(METRICS)) for name in metrics]
    if not given or not chosen:
        raise ValueError("reconstructions or metrics is empty; at least one of each is needed.")
    names = list(given)
    first = names[0] if reference is None else check_option("reference", reference, names)
    groups = source_labels(images, sources, len(truth))
    with collect() as notes:
        caution(truth, groups)
        per_image = {name: np.stack([METRICS[name](given[key], truth) for key in names]) for name in chosen}
        data = packed(per_image, "decoder", names.index(first), groups, level, n_resamples, seed)
    dataset = xr.Dataset(
        data, coords={"decoder": names, "bound": ["low", "high"], "source": ("presentation", groups)}
    )  # fmt: skip
    settings = make_settings(
        metrics=chosen, reference=first, level=level, n_resamples=n_resamples, seed=seed, n_images=len(truth),
        n_sources=len(np.unique(groups)), uncertainty="source images", data_range=1.0, ssim_window="Gaussian, SD 1.5",
    )  # fmt: skip
    return ReconstructionResult(dataset, settings, {}, tuple(notes), REFERENCES)


def source_labels(images: Any, sources: Any, n: int) -> np.ndarray:
    """Source of each image as text: given, from the coordinate, or each its own."""
    from neurogeom._core.validation import check_labels

    if sources is None:
        sources = getattr(images, "coords", {}).get("source")
        sources = None if sources is None else sources.values
    return np.arange(n).astype(str) if sources is None else check_labels(sources, n, "sources").astype(str)


def caution(images: np.ndarray, groups: np.ndarray) -> None:
    """Warn of flat images and of few source images."""
    flat = int((images.std(axis=(1, 2)) < 0.02).sum())
    if flat:
        warn(
            f"{flat} of {len(images)} images are nearly constant (SD below 0.02), where SSIM says little. "
            "Draw crops with stimuli.crops(least_sd=0.02).",
            DegenerateInputWarning,
        )
    n_sources = len(np.unique(groups))
    if n_sources < FEW_SOURCES and n_sources < len(images):
        warn(
            f"{len(images)} images come from {n_sources} source images; intervals over fewer than {FEW_SOURCES} are "
            "unreliable, for crops of one image are alike.",
            DegenerateInputWarning,
        )


def packed(
    per_image: Mapping[str, np.ndarray], dim: str, reference: int, groups: np.ndarray, level: float, n_resamples: int,
    seed: int,
) -> dict[str, Any]:  # fmt: skip
    """Means over images, pairs with the reference and their intervals; values are (conditions, images)."""
    names = list(per_image)
    values = np.stack([per_image[name] for name in names])
    has_pairs = values.shape[1] > 1

    def statistic(index: np.ndarray) -> np.ndarray:
        means = np.array([_finite_mean(one[:, index]) for one in values])
        rows = [means]
        if has_pairs:
            rows += [means[[k]] - means[[k], reference : reference + 1] for k in _differences(names)]
            rows += [means[[k]] / means[[k], reference : reference + 1] for k in _ratios(names)]
        return np.concatenate(rows)

    keys = list(names)
    if has_pairs:
        keys += [f"{names[k]}_difference" for k in _differences(names)] + [f"{names[k]}_ratio" for k in _ratios(names)]
    estimate = statistic(np.arange(values.shape[2]))
    data: dict[str, Any] = {key: ([dim], row) for key, row in zip(keys, estimate)}
    n_groups = len(np.unique(groups))
    if n_resamples and n_groups > 1:
        clusters = None if n_groups == len(groups) else groups
        found = bootstrap(
            statistic, values.shape[2], n_resamples=n_resamples, level=level, groups=clusters, seed=seed
        ).interval
        data |= {f"{key}_ci": ([dim, "bound"], row) for key, row in zip(keys, found)}
    if has_pairs and "mse" in names:
        pairs = per_image["mse"] - per_image["mse"][reference]
        data["median_mse_difference"] = ([dim], np.median(pairs, axis=1))
    return data | {f"image_{name}": ([dim, "presentation"], per_image[name]) for name in names}


def _differences(names: Sequence[str]) -> list[int]:
    return [number for number, name in enumerate(names) if name in ("mse", "ssim", "psnr")]


def _ratios(names: Sequence[str]) -> list[int]:
    return [number for number, name in enumerate(names) if name == "mse"]


def _finite_mean(values: np.ndarray) -> np.ndarray:
    """Mean over images; a perfect reconstruction has infinite PSNR, which is left out where others are finite."""
    known = np.isfinite(values)
    return np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
