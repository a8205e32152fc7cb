"""``neurogeom encode``: activations of an encoder for a folder of images."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Say = Callable[[str], None]

LIBRARIES = ("transformers", "timm", "torchvision", "open_clip")
ENCODERS = ("siglip2:PATH", "vito:PATH", "efficientnet_lite0", "random_siglip2", "pixels", "gabor", "pyramid", "vone")


def run_encode(
    images: Path, encoder: str, layers: Sequence[str], out: Path, *, say: Say, background: str | None, **options: Any
) -> Path:
    """Encode the images of a folder and write a store of activations.

    Parameters
    ----------
    images : Path
        Folder of images, with ``stimuli.csv`` or sub-folders.
    encoder : str
        Such as ``siglip2:PATH``.
    layers : sequence of str
        Names and globs.
    out : Path
        The zarr store.
    say : callable
        Takes each line that is told on the way.
    background : str or None
        Color behind transparent images, three numbers with commas.
    **options
        For :func:`neurogeom.encoders.extract`.

    Returns
    -------
    Path
        The store.

    Raises
    ------
    ValueError
        An encoder that is not known, and what `extract` refuses.
    """
    from neurogeom import encoders
    from neurogeom._core.memory import format_bytes

    started = time.perf_counter()
    network = load_encoder(encoder)
    given: dict[str, Any] = {key: value for key, value in options.items() if value is not None}
    if background is not None:
        given["background"] = tuple(int(part) for part in background.split(","))
    reading = {key: given.pop(key) for key in ("background", "scale", "degrees") if key in given}
    found = encoders.image_set(images, **reading)
    chosen: Any = list(layers) or "all"
    sized = {key: given[key] for key in ("pool", "project", "seed", "visual_degrees") if key in given}
    table = encoders.estimate(network, found, chosen, **sized)
    total = format_bytes(float(table["bytes"].sum()))
    say(f"{len(found)} images, {len(table)} layers, {int(table['n_units'].sum()):,} units: {total}")
    activations = encoders.extract(network, found, chosen, out=out, progress=sys.stderr.isatty(), **given)
    known = [str(key) for key, one in activations.coords.items() if one.dims == ("presentation",)]
    say(f"Done in {time.perf_counter() - started:.0f} s: {out}")
    label = "object_name" if "object_name" in known else (known[0] if known else "FILE")
    say(f"  next: neurogeom capacity {out} --labels {label}")
    return out


def load_encoder(text: str) -> Any:
    """Load the encoder that a text names.

    Parameters
    ----------
    text : str
        A name, with a colon and a path where it needs one.

    Returns
    -------
    Encoder

    Raises
    ------
    ValueError
        For a name that is not known, or without its path.
    """
    from neurogeom import encoders
    from neurogeom._core.responses import hint

    name, _, path = text.partition(":")
    if name in ("siglip2", "vito"):
        if not path:
            raise ValueError(f"--encoder {name} needs a path: {name}:PATH.")
        return getattr(encoders, name)(path)
    if name in LIBRARIES:
        return encoders.from_library(text)
    plain: dict[str, Callable[[], Any]] = {
        "efficientnet_lite0": encoders.efficientnet_lite0,
        "random_siglip2": encoders.random_siglip2,
        **encoders.CLASSICAL,
    }
    if name in plain and not path:
        return plain[name]()
    raise ValueError(f"--encoder {text!r} is unknown. {hint(name, ENCODERS)}")
