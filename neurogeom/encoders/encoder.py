"""A network with all that is needed to use it: preprocessing, names of layers, and who it is."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurogeom.encoders.layers import layer_names
from neurogeom.encoders.preprocess import Preprocess

if TYPE_CHECKING:
    import torch

Attention = Callable[[str, Any, Any], Any]


@dataclass(frozen=True, eq=False, repr=False)
class Encoder:
    """A network, how images become its input, and what is known of its layers.

    Attributes
    ----------
    name : str
    module : torch.nn.Module
    preprocess : callable, optional
        From a list of images (height, width, 3) to the input of the network, with ``settings()``; None where inputs
        are given as the network takes them.
    listed : tuple of str
        The layers that ``"all"`` and globs stand for; every submodule where it is empty.
    config : dict
        Plain facts that belong to its identity.
    token_grid : (rows, columns), optional
        Places of the tokens of a transformer.
    prefix_tokens : int
        Tokens before those of the grid.
    has_class_token : bool
    covered : (vertical, horizontal)
        Share of the input that the grid of tokens covers.
    attention_pool : callable, optional
        The network's own pooling: (layer, tokens or map, mask) to (batch, channels).
    default_pool : str, optional
    axes : dict of str to str
        Order of axes of layers that are not (batch, channel, y, x), such as ``{"stage1": "BHWC"}``.
    visual_degrees : float, optional
        Width of the input in degrees of visual angle.
    """

    name: str
    module: torch.nn.Module
    preprocess: Any = None
    listed: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    token_grid: tuple[int, int] | None = None
    prefix_tokens: int = 0
    has_class_token: bool = False
    covered: tuple[float, float] = (1.0, 1.0)
    attention_pool: Attention | None = None
    default_pool: str | None = None
    axes: Mapping[str, str] = field(default_factory=dict)
    visual_degrees: float | None = None

    def __repr__(self) -> str:
        size = getattr(self.preprocess, "image_size", None)
        seen = f", input {size[0]}×{size[1]}" if size else ""
        n_weights = sum(parameter.numel() for parameter in self.module.parameters())
        return f"{type(self).__name__} {self.name}: {len(self.layer_names())} layers, {n_weights:,} weights{seen}"

    def layer_names(self) -> list[str]:
        """Names that ``layers="all"`` and globs stand for.

        Returns
        -------
        list of str
        """
        return list(self.listed) or layer_names(self.module) or [""]

    def layers(self, images: Any = None) -> pd.DataFrame:
        """List the layers that run, with the shape of what they give and their receptive fields.

        Parameters
        ----------
        images : images, optional
            What to run; a gray image of the network's own size where it is left out.

        Returns
        -------
        DataFrame
            Index ``layer``; columns ``shape`` (of one presentation), ``n_units``, and where they are known
            ``receptive_field``, ``stride`` and ``first_center`` (of the first place) in pixels of the input by row;
            missing where a unit sees the whole input, and for tokens.

        Raises
        ------
        ValueError
            Where the size of the input is not known and no image is given.
        """
        from neurogeom.encoders.listing import list_layers

        return list_layers(self, images)

    def weights_hash(self) -> str:
        """Return the SHA-256 over names, kinds, shapes and bytes of all weights, in the order of names.

        Returns
        -------
        str
            64 hexadecimal digits.
        """
        return weights_hash(self.module)

    def identity(self) -> dict[str, Any]:
        """What makes two encoders the same: class, weights, configuration and preprocessing, as plain data.

        Returns
        -------
        dict
        """
        shown = None if self.preprocess is None else self.preprocess.settings()
        return json.loads(
            json.dumps(
                {
                    "encoder": type(self.module).__qualname__,  # a script and a module may both define it
                    "name": self.name,
                    "weights": self.weights_hash(),
                    "config": dict(self.config),
                    "preprocessing": shown,
                },
                sort_keys=True,
                default=str,
            )
        )

    def fingerprint(self) -> str:
        """Return a short text that differs where the encoder differs.

        Returns
        -------
        str
        """
        return hashlib.sha256(json.dumps(self.identity(), sort_keys=True).encode()).hexdigest()[:32]


def as_encoder(encoder: Any, *, preprocess: Any = None, name: str | None = None, **facts: Any) -> Encoder:
    """Make an encoder of a torch module or of a function of images.

    Parameters
    ----------
    encoder : Encoder, torch.nn.Module or function
        A function takes what `preprocess` gives (without one, a list of images as arrays) and gives an array
        (images, …) or a dict of arrays by layer.
    preprocess : Preprocess or callable, optional
    name : str, optional
        The class or function's name by default.
    **facts
        Further attributes of :class:`Encoder`.

    Returns
    -------
    Encoder

    Raises
    ------
    TypeError
        For anything else.

    Examples
    --------
    >>> import torch
    >>> as_encoder(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2)), name="tiny")
    Encoder tiny: 2 layers, 10 weights
    """
    if isinstance(encoder, Encoder):
        if preprocess is not None or name is not None or facts:
            import dataclasses

            given = {"preprocess": preprocess or encoder.preprocess, "name": name or encoder.name, **facts}
            return dataclasses.replace(encoder, **given)
        return encoder
    if hasattr(encoder, "named_modules") and hasattr(encoder, "forward"):
        return Encoder(name or type(encoder).__name__, encoder, preprocess, **facts)
    if callable(encoder):
        from neurogeom.encoders.functions import function_module

        config = {"function": _described(encoder), **facts.pop("config", {})}
        module = function_module(encoder)
        return Encoder(name or _function_name(encoder), module, preprocess or AsImages(), config=config, **facts)
    raise TypeError(
        f"encoder is a {type(encoder).__name__}; needed is an Encoder, a torch module, a function or a file."
    )


class AsImages:
    """Preprocessing of functions that take a list of images."""

    image_size = None

    def settings(self) -> dict[str, Any]:
        """Nothing is done."""
        return {"kind": "AsImages"}

    def __call__(self, images: Sequence[np.ndarray]) -> dict[str, Any]:
        """The images as they are, in a form that the function's module takes."""
        return {"images": list(images)}


def weights_hash(module: torch.nn.Module) -> str:
    """SHA-256 over sorted (name, dtype, shape, bytes) of a state dict."""
    import torch

    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        if not torch.is_tensor(value):
            digest.update(f"{name}:{value!r};".encode())
            continue
        host = value.detach().to("cpu").contiguous()
        digest.update(f"{name}:{host.dtype}:{tuple(host.shape)};".encode())
        digest.update(host.reshape(-1).view(torch.uint8).numpy().tobytes() if host.numel() else b"")
    return digest.hexdigest()


def _function_name(function: Any) -> str:
    return getattr(function, "__qualname__", type(function).__name__)


def _described(function: Any) -> dict[str, str]:
    """A function's name, and the SHA-256 of its source where Python can show it."""
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        source = ""
    known = {"name": f"{getattr(function, '__module__', '')}.{_function_name(function)}"}
    return known | ({"source": hashlib.sha256(source.encode()).hexdigest()} if source else {})


def default_preprocess(resize: int | None = None) -> Preprocess:
    """Images as floats in [0, 1], channels first."""
    return Preprocess(resize=resize)
