"""The seventeen public SigLIP 2 checkpoints and their sizes.

Source: google-research/big_vision, configs/proj/image_text/README_siglip2.md and models/vit.py.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

TEXT_LENGTH, VOCABULARY = 64, 256_000
NAFLEX_SIDE, NAFLEX_PATCHES = 16, 256

# width, depth, heads, MLP of the vision tower; the text tower has the same sizes, except for g-opt
_WIDTHS = {
    "base": (768, 12, 12, 3072),
    "large": (1024, 24, 16, 4096),
    "so400m": (1152, 27, 16, 4304),
    "giant-opt": (1536, 40, 16, 6144),
}
_TEXT = {"giant-opt": "so400m"}
_FILES = {"base": "b", "large": "l", "so400m": "so400m", "giant-opt": "g-opt"}
_RESOLUTIONS: dict[tuple[str, int], tuple[int | None, ...]] = {
    ("base", 16): (224, 256, 384, 512, None),
    ("base", 32): (256,),
    ("large", 16): (256, 384, 512),
    ("so400m", 14): (224, 384),
    ("so400m", 16): (256, 384, 512, None),
    ("giant-opt", 16): (256, 384),
}


def siglip2_sizes() -> pd.DataFrame:
    """List the public SigLIP 2 checkpoints.

    Returns
    -------
    DataFrame
        Index: name after ``google/siglip2-``. Columns: ``file`` (of big_vision, without ``siglip2_`` and ``.npz``),
        ``patch`` and ``image_size`` in pixels (0 for NaFlex), ``n_tokens``, ``width``, ``depth``, ``heads``, ``mlp`` of
        the vision tower and ``text_width``, ``text_depth``, ``text_heads``, ``text_mlp``.

    References
    ----------
    Tschannen et al. 2025, SigLIP 2, arXiv:2502.14786.

    Examples
    --------
    >>> table = siglip2_sizes()
    >>> len(table), int(table.loc["so400m-patch14-384", "n_tokens"])
    (17, 729)
    """
    rows: dict[str, dict[str, Any]] = {}
    for (size, patch), resolutions in _RESOLUTIONS.items():
        for resolution in resolutions:
            ending = "naflex" if resolution is None else str(resolution)
            name = f"{size}-patch{patch}-{ending}"
            vision, text = _WIDTHS[size], _WIDTHS[_TEXT.get(size, size)]
            rows[name] = {
                "file": f"{_FILES[size]}{patch}_{ending}",
                "patch": patch,
                "image_size": resolution or 0,
                "n_tokens": NAFLEX_PATCHES if resolution is None else (resolution // patch) ** 2,
                **dict(zip(("width", "depth", "heads", "mlp"), vision, strict=True)),
                **dict(zip(("text_width", "text_depth", "text_heads", "text_mlp"), text, strict=True)),
            }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("checkpoint")
