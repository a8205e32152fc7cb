"""What reports say of class decoding in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_DECODERS = {
    "lda": "linear discriminant analysis with shrinkage {shrinkage}",
    "logistic": "multinomial logistic regression",
    "correlation": "the class mean with the largest correlation",
}


def methods(results: Sequence[Any]) -> str:
    """Write a methods sentence of these results, ready to paste.

    Parameters
    ----------
    results : sequence of ReadoutResult
        The first one is described.

    Returns
    -------
    str
        Decoder, folds and intervals; empty without results.
    """
    if not results:
        return ""
    settings = results[0].settings
    decoder = str(settings.get("decoder", "lda"))
    words = _DECODERS.get(decoder, decoder).format(shrinkage=settings.get("shrinkage", ""))
    folds = settings.get("n_splits")
    splits = f", cross-validated in {folds} folds" if isinstance(folds, int) else ""
    return f"Classes were read out with {words}{splits}; intervals are Wilson intervals over presentations."
