"""VITO: the public network trained on video, with its attention pool, from the user's own copy of the weights."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neurogeom._core.validation import check_option
from neurogeom._core.warnings import warn
from neurogeom.encoders.checkpoint import file_sha, load_strictly, read_weights
from neurogeom.encoders.encoder import Encoder
from neurogeom.encoders.haiku import haiku_to_torch, resnet_sizes
from neurogeom.encoders.preprocess import IMAGENET_MEAN, IMAGENET_STD, Preprocess

VITO_REGIONS = {"V1": "layer1.0", "V2": "layer3.1", "V4": "layer3.0", "IT": "layer4.0"}
"""The layer that Brain-Score assigns to each area."""

_PUBLIC = {
    "2103a1941017fdb5f58ac77e5587e7a73cd96bd8": "resnet50_vito_linear_sdattn",
    "e09f117c8e10c0a38ac914aff5b335327fcd4dbf": "resnet50_moclr_linear_sdnoattn",
}
PADDINGS = ("auto", "haiku", "brainscore")


def vito(path: str | os.PathLike[str], *, padding: str = "auto", visual_degrees: float = 8.0) -> Encoder:
    """Load VITO's ResNet-50 from a file that you have.

    The weights are public without a stated licence, so they are not part of this package and not downloaded by it. Get
    ``resnet50_vito_linear_sdattn.pth`` with Brain-Score's loader (``pip install brainscore-vision``; model
    ``resnet50-VITO-8deg-cc``), which puts it in its cache folder, and give its path. The baseline without attention
    is ``resnet50_moclr_linear_sdnoattn.pth``. Haiku parameters with their state, saved as plain arrays
    ``params/<module>/<leaf>`` and ``state/<module>/<ema>/<leaf>`` in an ``.npz``, load too.

    Parameters
    ----------
    path : path
        ``.pth``, ``.safetensors`` or ``.npz``.
    padding : str
        Of the maximum after the first convolution: ``brainscore`` (symmetric, as in the public port) or ``haiku``
        (SAME, as trained); 'auto' follows the kind of file. All convolutions pad as TensorFlow's SAME.
    visual_degrees : float
        Width of the input in degrees.

    Returns
    -------
    Encoder
        Layers ``layer1.0`` … ``layer4.2``, ``avgpool`` (attention pool), ``fc``; images are squashed to 224 × 224.

    Raises
    ------
    FileNotFoundError
        No such file.
    ValueError
        A file that would run code, or weights that do not fit: the keys are named and nothing is loaded.

    References
    ----------
    Parthasarathy, Eslami, Carreira & Hénaff 2023, Self-supervised video pretraining yields robust and more
    human-aligned visual representations, arXiv:2210.06433.

    Examples
    --------
    >>> vito("resnet50_vito_linear_sdattn.pth")
    Traceback (most recent call last):
    ...
    FileNotFoundError: [Errno 2] there is no such checkpoint: 'resnet50_vito_linear_sdattn.pth'
    """
    import torch

    from neurogeom.encoders.resnet_network import AttentionPool, ResNet, ResNetSize

    check_option("padding", padding, PADDINGS)
    source = Path(path).expanduser()
    weights = read_weights(source)
    is_haiku = source.suffix == ".npz"
    if is_haiku:
        weights = haiku_to_torch(weights)
    weights = _cleaned(weights)
    size = ResNetSize(**resnet_sizes(weights), **_pool_sizes(weights))
    chosen = padding if padding != "auto" else ("haiku" if is_haiku else "brainscore")
    with torch.random.fork_rng(devices=[]):
        network = ResNet(size, padding=chosen)
    load_strictly(network, _with_counters(network, weights), what=str(source), like=": this is another network")
    name = "vito" if size.hidden is not None else "resnet"
    if not is_haiku:
        name = _PUBLIC.get(file_sha(source, "sha1"), "")
        if not name:
            warn(f"{source.name} is not one of the public files of VITO (its SHA-1 differs); it fits and was loaded.")
            name = source.stem

    def attend(layer: str, maps: Any, mask: Any) -> Any:
        if maps.ndim == 2:
            return maps
        if maps.ndim != 4 or maps.shape[1] != size.channels[-1]:
            raise ValueError(
                f'pool="map" reads maps of {size.channels[-1]} channels (layer4), not {layer!r}; use "mean".'
            )
        return network.avgpool(maps)

    blocks = [f"layer{group + 1}.{index}" for group in range(4) for index in range(size.blocks[group])]
    return Encoder(
        name,
        network,
        Preprocess(224, mean=IMAGENET_MEAN, std=IMAGENET_STD, visual_degrees=visual_degrees),
        (*blocks, "avgpool", "fc"),
        {"padding": chosen},
        attention_pool=attend if isinstance(network.avgpool, AttentionPool) else None,
        visual_degrees=visual_degrees,
    )


def _cleaned(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Names without a common prefix, as wrappers add."""
    names = list(weights)
    prefix = next((name[: -len("conv1.weight")] for name in names if re.fullmatch(r"(\w+\.)?conv1\.weight", name)), "")
    return {name.removeprefix(prefix): value for name, value in weights.items()}


def _pool_sizes(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Layers of the attention pool, where the weights have one."""
    found = [weights.get(f"avgpool.module_list.{index}.weight") for index in (0, 2, 4)]
    if any(one is None for one in found):
        return {}
    return {"hidden": (int(found[0].shape[0]), int(found[1].shape[0])), "n_masks": int(found[2].shape[0])}  # type: ignore[union-attr]


def _with_counters(network: Any, weights: Mapping[str, Any]) -> dict[str, Any]:
    """Weights with torch's counters of batches, which no evaluation uses and Haiku does not have."""
    counters = {name: value for name, value in network.state_dict().items() if name.endswith("num_batches_tracked")}
    return {**counters, **weights}
