"""Pictures of decoding: reconstructions in rows, quality of decoders and conditions, information by frequency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurogeom import plotting

if TYPE_CHECKING:
    from neurogeom.decoding.posterior import Posterior
    from neurogeom.decoding.results import DecodingResult


def plot(result: DecodingResult, *, ax: Any = None, **options: Any) -> Any:
    """Draw the figure that suits the result.

    Parameters
    ----------
    result : DecodingResult
    ax : matplotlib Axes, optional
    **options
        For :func:`quality` or :func:`bands`.

    Returns
    -------
    matplotlib Axes
    """
    draw = bands if "band_information" in result.data else quality
    return draw(result, ax=ax, **options)


def quality(result: DecodingResult, *, metric: str = "mse", ax: Any = None) -> Any:
    """Draw a metric of each decoder or condition, with its interval.

    Parameters
    ----------
    result : ReconstructionResult or ConditionResult
    metric : str
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    values = result.data[metric]
    dim = "decoder" if "decoder" in values.dims else "condition"
    names = [str(name) for name in result.data[dim].values]
    flat = values.transpose(..., dim).values.reshape(-1, len(names))
    ax = plotting.axes_or_new(ax, size=(4.8, 0.6 + 0.32 * len(names)), grid="x")
    places = np.arange(len(names))[::-1]
    for number, row in enumerate(flat):
        ax.plot(row, places, "o", color=plotting.PALETTE[number % len(plotting.PALETTE)], ms=5)
    interval = result.data.get(f"{metric}_ci")
    if interval is not None and values.ndim == 1:
        low, high = interval.transpose("bound", dim).values
        ax.hlines(places, low, high, color=plotting.PALETTE[0], lw=1.5)
    ax.set_yticks(places, names)
    ax.set_ylim(-0.6, len(names) - 0.4)
    label, unit = result.labels.get(metric, (metric.replace("_", " "), ""))
    ax.set_xlabel(f"{label} [{unit}]" if unit else label)
    return ax


def bands(result: DecodingResult, *, ax: Any = None) -> Any:
    """Draw information by frequency.

    Parameters
    ----------
    result : InformationResult
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    values = result.data["band_information"]
    rows = values.transpose(..., "band").values.reshape(-1, values.sizes["band"])
    ax = plotting.axes_or_new(ax)
    for number, row in enumerate(rows):
        ax.plot(values["band"].values, row, "o-", color=plotting.PALETTE[number % len(plotting.PALETTE)])
    ax.set_xlabel("frequency [cycles/pixel]")
    ax.set_ylabel("information [bits/image]")
    return plotting.zero_based(ax)


def reconstructions(images: Any, decoded: Mapping[str, Any], *, n: int = 8, ax: Any = None) -> Any:
    """Draw originals in the first row and the reconstructions of each decoder below.

    Parameters
    ----------
    images : array-like, shape (n, height, width)
    decoded : mapping of str to array-like (n, height, width)
    n : int
        Images to show.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    rows = {"original": np.asarray(images), **{name: np.asarray(value) for name, value in decoded.items()}}
    shown = [np.clip(value[:n], -0.5, 0.5) for value in rows.values()]
    size, n = shown[0].shape[1], len(shown[0])
    ax = plotting.axes_or_new(ax, size=(0.85 * n + 1.1, 0.88 * len(rows) + 0.2), grid=None)
    ax = plotting.image_grid(np.concatenate(shown), n_columns=n, limits=(-0.5, 0.5), ax=ax)
    step = size + max(1, size // 10)
    ax.set_axis_on()
    ax.set_xticks([])
    ax.set_yticks([number * step + size / 2 for number in range(len(rows))], list(rows), fontsize=8)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def uncertainty(posterior: Posterior, images: Any, *, n: int = 6, n_samples: int = 2, ax: Any = None) -> Any:
    """Draw originals, posterior means, samples and the SD of each pixel (white is the largest).

    Parameters
    ----------
    posterior : Posterior
    images : array-like, shape (n, height, width)
    n, n_samples : int
        Images and samples to show.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    sd = posterior.sd[:n]
    rows = {f"sample {k + 1}": posterior.samples[:n, k] for k in range(min(n_samples, posterior.samples.shape[1]))}
    rows = {"mean": posterior.mean[:n], **rows, "SD": sd / max(float(sd.max()), 1e-12) - 0.5}
    return reconstructions(np.asarray(images)[:n], rows, n=n, ax=ax)
