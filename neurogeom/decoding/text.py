"""The methods of decoding in words, for reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurogeom.decoding.results import DecodingResult


def methods(items: Sequence[DecodingResult]) -> str:
    """Return a paragraph on how reconstructions were measured.

    Parameters
    ----------
    items : sequence of DecodingResult

    Returns
    -------
    str

    Examples
    --------
    >>> methods([])
    ''
    """
    if not items:
        return ""
    parts = [
        "Images are gray values in [-0.5, 0.5]. Reconstructions are compared with the originals pixel by pixel (mean "
        "squared error, not clipped), by peak signal-to-noise ratio for a range of 1, by structural similarity "
        "(Gaussian window of SD 1.5 pixels, data range 1, clipped), its multi-scale form, and the "
        "mean absolute log ratio of radial power."
    ]
    if any(item.settings.get("n_resamples") for item in items):
        parts.append(
            "Intervals are percentiles of a bootstrap that resamples source images, then crops within them; "
            "differences and ratios between decoders or conditions are taken on the same resamples."
        )
    if any(item.kind == "decoding.information" for item in items):
        parts.append(
            "Information is half the sum over frequencies of the log ratio of the power of images to that of errors, a "
            "lower bound for Gaussian images (Bialek et al. 1991; Warland et al. 1997)."
        )
    return " ".join(parts)
