"""SigLIP 2 encoders: from a folder, from big_vision's archives, from the hub, or with random weights."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from neurogeom._core.random import resolve_seed
from neurogeom._core.responses import hint
from neurogeom._core.validation import check_count, check_option
from neurogeom.encoders.checkpoint import load_strictly
from neurogeom.encoders.encoder import Encoder
from neurogeom.encoders.naflex import NaflexPreprocess
from neurogeom.encoders.preprocess import RESAMPLE, Preprocess
from neurogeom.encoders.siglip_family import NAFLEX_PATCHES, siglip2_sizes
from neurogeom.encoders.siglip_files import from_hub, looks_like, of_big_vision, of_folder, read_json
from neurogeom.encoders.siglip_tokens import Tokenizer, find_tokenizer

if TYPE_CHECKING:
    from neurogeom.encoders.siglip_network import Siglip, TowerSize

PREPROCESSING = ("transformers", "big_vision")


@dataclass(frozen=True, eq=False, repr=False)
class SiglipEncoder(Encoder):
    """A SigLIP 2 vision tower as an encoder, with its text tower where that was loaded.

    Attributes
    ----------
    siglip : Siglip, optional
        Both towers.
    tokenizer : callable, optional
        From texts to tokens (n, length).
    """

    siglip: Siglip | None = None
    tokenizer: Tokenizer | None = None

    def encode_text(self, texts: Any) -> np.ndarray:
        """Embed texts.

        Parameters
        ----------
        texts : str, sequence of str, or int array (n, length)
            Tokens are padded on the right with 0.

        Returns
        -------
        ndarray (n, width), float32
            Not normalized.

        Raises
        ------
        ValueError
            No text tower, or no tokenizer for texts.
        """
        import torch

        from neurogeom.training.classifier import in_mode

        tower = None if self.siglip is None else self.siglip.text
        if tower is None:
            raise ValueError("this encoder has no text tower; load the checkpoint with text=True.")
        tokens = self._tokens([texts] if isinstance(texts, str) else texts)
        with in_mode(tower, training=False), torch.inference_mode():
            return tower(torch.as_tensor(tokens)).numpy()

    def logits(self, images: Any, texts: Any, *, batch_size: int = 8) -> xr.DataArray:
        """Score how well each text fits each image: exp(t) zᵢ·z_t + b.

        Parameters
        ----------
        images : images
            As for :func:`extract`.
        texts : sequence of str, or int array (n, length)
        batch_size : int

        Returns
        -------
        DataArray (presentation, text)
            Logits; ``1 / (1 + exp(-logits))`` is the probability of each pair (they do not sum to one).

        Raises
        ------
        ValueError
            No text tower or tokenizer.
        """
        import torch

        from neurogeom.encoders.extract import extract

        if self.siglip is None or self.siglip.text is None:
            raise ValueError("this encoder has no text tower; load the checkpoint with text=True.")
        layer, pool = ("head", None) if self.siglip.vision is not None and self.siglip.vision.head else ("norm", "mean")
        found = extract(self, images, layer, pool=pool, batch_size=batch_size)
        text = torch.from_numpy(self.encode_text(texts))
        with torch.inference_mode():
            values = self.siglip.logits(torch.from_numpy(found.values), text).numpy()
        coords = {
            str(key): ("presentation", one.values) for key, one in found.coords.items() if one.dims[0] != "neuroid"
        }
        if not isinstance(texts, np.ndarray):
            coords["text"] = ("text", np.array([texts] if isinstance(texts, str) else list(texts), dtype=object))
        return xr.DataArray(values, dims=("presentation", "text"), coords=coords, name="logits")

    def _tokens(self, texts: Any) -> np.ndarray:
        if isinstance(texts, np.ndarray) or hasattr(texts, "detach"):
            return np.asarray(texts)
        if self.tokenizer is None:
            raise ValueError("no tokenizer was found beside the weights; give tokens, or siglip2(..., tokenizer=path).")
        return self.tokenizer(list(texts))


def siglip2(
    path_or_name: str | os.PathLike[str],
    *,
    text: bool | str = "auto",
    preprocess: str = "transformers",
    max_patches: int = NAFLEX_PATCHES,
    image_size: int | None = None,
    interpolate: bool = False,
    tokenizer: str | os.PathLike[str] | None = None,
    visual_degrees: float | None = None,
) -> SiglipEncoder:
    """Load a SigLIP 2 checkpoint: a folder, an archive of big_vision, or a name on the hub.

    The kind of network follows from the configuration, not from the name: ``model_type`` "siglip" is a fixed size,
    "siglip2" is NaFlex.

    Parameters
    ----------
    path_or_name : path or str
        Folder with ``config.json`` and safetensors; big_vision's ``.npz``; or a name such as
        ``google/siglip2-base-patch16-256`` (needs the extra ``siglip`` and a network the first time).
    text : bool or 'auto'
        Whether the text tower is loaded; 'auto' where the checkpoint has one.
    preprocess : str
        ``transformers`` resizes with PIL; ``big_vision`` without antialiasing, which differs by 0.02 on average.
    max_patches : int
        Of NaFlex.
    image_size : int, optional
        Another size than that of the checkpoint (needs `interpolate`).
    interpolate : bool
        Resize positions (bicubic) to another image size.
    tokenizer : path, optional
        Folder with ``tokenizer.json`` or ``tokenizer.model``; that of the weights by default.
    visual_degrees : float, optional
        Width of the input in degrees of visual angle.

    Returns
    -------
    SiglipEncoder
        Layers ``embeddings``, ``blocks.{i}`` (in it ``.attention`` and ``.mlp``), ``norm``, ``head`` (pooled).

    Raises
    ------
    FileNotFoundError
        No such folder or file, a configuration without weights, weights without configuration.
    ValueError
        Weights that do not fit: missing, left-over and misshapen ones are counted and named.
    ImportError
        A name of the hub without the extra.

    References
    ----------
    Tschannen et al. 2025, SigLIP 2, arXiv:2502.14786; Zhai et al. 2023, Sigmoid loss, arXiv:2303.15343.

    Examples
    --------
    >>> siglip2("no/such/folder.npz")
    Traceback (most recent call last):
    ...
    FileNotFoundError: [Errno 2] there is no such checkpoint: 'no/such/folder.npz'
    """
    check_option("preprocess", preprocess, PREPROCESSING)
    max_patches = check_count("max_patches", max_patches)
    source = Path(path_or_name).expanduser()
    if source.suffix == ".npz":
        weights, vision, text_size, config = of_big_vision(source, text)
        settings: Mapping[str, Any] = {}
    else:
        folder = source if source.is_dir() else from_hub(str(path_or_name), source)
        weights, vision, text_size, config = of_folder(folder, text)
        settings = read_json(folder / "preprocessor_config.json", missing={})
        source = folder
    if image_size is not None and not interpolate and vision.n_positions != (image_size // vision.patch) ** 2:
        size = round(vision.n_positions**0.5) * vision.patch
        raise ValueError(
            f"checkpoint is for {size} px, got {image_size}: resize, or interpolate=True (bicubic positions)."
        )
    siglip = _built(vision, text_size, interpolate=interpolate)
    load_strictly(siglip, weights, what=str(source), like=looks_like(weights, vision))
    found = _encoder(siglip, vision, config, preprocess, settings, max_patches, image_size, visual_degrees)
    where = Path(tokenizer) if tokenizer is not None else source
    return replace(found, name=source.stem, tokenizer=find_tokenizer(where, text_size.n_positions if text_size else 64))


def random_siglip2(
    checkpoint: str | None = None,
    *,
    width: int = 64,
    depth: int = 4,
    heads: int = 4,
    patch: int = 16,
    image_size: int | None = 64,
    seed: int | None = 0,
    max_patches: int = NAFLEX_PATCHES,
    visual_degrees: float | None = None,
) -> SiglipEncoder:
    """Build a SigLIP 2 vision tower with random weights: a small one, or the untrained twin of a public checkpoint.

    Parameters
    ----------
    checkpoint : str, optional
        A row of :func:`siglip2_sizes`, such as ``"base-patch16-224"``; the sizes below otherwise.
    width, depth, heads, patch : int
        The MLP is four times as wide.
    image_size : int, optional
        None is NaFlex.
    seed : int, optional
    max_patches : int
        Of NaFlex.
    visual_degrees : float, optional

    Returns
    -------
    SiglipEncoder

    Raises
    ------
    ValueError
        An unknown checkpoint, or a width that heads do not divide.

    Examples
    --------
    >>> random_siglip2(depth=2)
    SiglipEncoder random: 5 layers, 200,256 weights, input 64×64
    """
    from neurogeom.encoders.siglip_network import TowerSize

    seed = resolve_seed(seed)
    mlp = 4 * width
    if checkpoint is not None:
        table = siglip2_sizes()
        if checkpoint not in table.index:
            raise ValueError(f"checkpoint={checkpoint!r} is unknown. {hint(checkpoint, table.index)}")
        row = table.loc[checkpoint]
        width, depth, heads, mlp, patch = (int(row[key]) for key in ("width", "depth", "heads", "mlp", "patch"))
        image_size = int(row["image_size"]) or None
    side = 16 if image_size is None else image_size // patch
    vision = TowerSize(width, depth, heads, mlp, side**2, patch, is_naflex=image_size is None)
    siglip = _built(vision, None)
    fill_randomly(siglip, seed)
    config = {
        "random_seed": seed,
        "image_size": image_size,
        **({} if checkpoint is None else {"checkpoint": checkpoint}),
    }
    found = _encoder(siglip, vision, config, "transformers", {}, max_patches, None, visual_degrees)
    return replace(found, name="random" if checkpoint is None else f"random {checkpoint}")


def fill_randomly(module: Any, seed: int) -> None:
    """Normal weights of variance 1/inputs, small random biases, norms near one; the same for a seed everywhere."""
    import torch

    source = torch.Generator().manual_seed(seed % 2**63)
    with torch.no_grad():
        for name, weight in module.named_parameters():
            noise = torch.randn(weight.shape, generator=source)
            if "norm" in name and name.endswith("weight"):
                weight.copy_(1 + 0.1 * noise)
            elif name.endswith("bias"):
                weight.copy_(0.02 * noise)
            else:
                weight.copy_(noise / max(weight[0].numel(), 1) ** 0.5)


def _built(vision: TowerSize, text: TowerSize | None, *, interpolate: bool = False) -> Siglip:
    import torch

    from neurogeom.encoders.siglip_network import Siglip

    with torch.random.fork_rng(devices=[]):  # torch draws weights that are replaced at once
        return Siglip(vision, text, interpolate=interpolate)


def _encoder(
    siglip: Siglip, vision: TowerSize, config: Mapping[str, Any], kind: str, settings: Mapping[str, Any],
    max_patches: int, image_size: int | None, visual_degrees: float | None,
) -> SiglipEncoder:  # fmt: skip
    """The encoder around a network: preprocessing, names of layers, places of tokens."""
    tower = siglip.vision
    if tower is None:
        raise ValueError("the checkpoint has no vision tower.")
    names = ["embeddings", *(f"blocks.{index}" for index in range(vision.depth)), "norm"]
    facts: dict[str, Any] = {}
    if vision.is_naflex:
        preprocess: Any = NaflexPreprocess(vision.patch, max_patches, kind)
        facts["default_pool"] = "map" if vision.has_head else "mean"
    else:
        side = round(vision.n_positions**0.5)
        size = image_size or int(config.get("image_size") or side * vision.patch)
        resample = {number: name for name, number in RESAMPLE.items()}[int(settings.get("resample", 2))]
        preprocess = Preprocess(
            size, resample=resample, antialias=kind == "transformers", mean=(0.5,) * 3, std=(0.5,) * 3,
            visual_degrees=visual_degrees,
        )  # fmt: skip
        side = size // vision.patch
        facts |= {"token_grid": (side, side), "covered": (side * vision.patch / size,) * 2}

    def attend(name: str, tokens: Any, mask: Any) -> Any:
        if tokens.ndim == 2:
            return tokens  # pooled already
        if name not in names:
            raise ValueError(f'pool="map" reads blocks, embeddings and norm, not {name!r}; use "mean".')
        return tower.pool(tokens if name == "norm" else tower.norm(tokens), mask)

    return SiglipEncoder(
        "siglip2", tower, preprocess, (*names, *(("head",) if vision.has_head else ())), dict(config),
        attention_pool=attend if vision.has_head else None, siglip=siglip, visual_degrees=visual_degrees, **facts,
    )  # fmt: skip
