"""What an extraction will do and how much it will give, found out on one image before anything is allocated."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from neurogeom._core.memory import format_bytes
from neurogeom._core.warnings import warn
from neurogeom.encoders.activations import not_called
from neurogeom.encoders.encoder import Encoder
from neurogeom.encoders.inputs import ImageInputs, Inputs
from neurogeom.encoders.layers import Target, choose_targets, not_found
from neurogeom.encoders.passes import Passes, call_name
from neurogeom.encoders.pooling import Pooling
from neurogeom.encoders.projection import Fitted, Projection, pca_fit, sparse_fit
from neurogeom.recordings.activations import Layout

N_FIRST = 3  # copies of the first image in the first pass: an axis of that length counts images


@dataclass
class Plan:
    """An extraction before it runs.

    Attributes
    ----------
    passes : Passes
    inputs : Inputs
    before : dict of str to Layout
        Of what the passes give, by layer.
    projection : Projection, optional
    layouts : dict of str to Layout
        Of what is kept.
    fitted : dict of str to Fitted
        Projections by layer.
    """

    passes: Passes
    inputs: Inputs
    before: dict[str, Layout]
    projection: Projection | None
    layouts: dict[str, Layout]
    fitted: dict[str, Fitted] = field(default_factory=dict)

    @property
    def bytes_per_input(self) -> int:
        """Bytes of all layers for one input, as float32."""
        return 4 * sum(layout.n_units for layout in self.layouts.values())

    def table(self) -> pd.DataFrame:
        """Units and bytes of each layer."""
        units = {name: layout.n_units for name, layout in self.layouts.items()}
        frame = pd.DataFrame({"n_units": pd.Series(units, dtype="int64")}).rename_axis("layer")
        frame["shape"] = [layout.shape for layout in self.layouts.values()]
        frame["bytes"] = 4 * frame["n_units"] * len(self.inputs)
        return frame

    def remedies(self) -> str:
        """What would make it smaller, with sizes."""
        n = len(self.inputs)
        channels = sum(_n_channels(layout) for layout in self.before.values())
        ways = []
        if self.passes.pooling.kind is None and channels < sum(one.n_units for one in self.before.values()):
            ways.append(f'pool="mean" ({format_bytes(4.0 * n * channels)})')
        if self.projection is None:
            projected = sum(min(2048, one.n_units) for one in self.layouts.values())
            ways.append(f"project=2048 ({format_bytes(4.0 * n * projected)})")
        return f"Use {', '.join([*ways, 'fewer layers'])}."

    def project(self, name: str, values: np.ndarray) -> np.ndarray:
        """Flat float32 values of a layer, projected where that is asked for."""
        flat = values.reshape(len(values), -1)
        if name in self.fitted:
            return self.fitted[name](flat.astype(np.float32, copy=False))
        return flat

    def prepare_projections(self) -> None:
        """Make the sparse matrices."""
        if self.projection is None:
            return
        for name, layout in self.before.items():
            fitted = sparse_fit(self.projection, name, layout.n_units)
            if fitted is not None:
                self.fitted[name] = fitted

    def fit_components(self, values: Mapping[str, np.ndarray]) -> None:
        """Fit principal components on values that went through :meth:`project` before."""
        if self.projection is None:
            return
        for name, fitted in list(self.fitted.items()):
            self.fitted[name] = pca_fit(fitted, values[name], self.projection.n_components)


def make_plan(passes: Passes, inputs: Inputs, layers: str | Sequence[str], projection: Projection | None) -> Plan:
    """Run one image, and see which layers run and what they give."""
    first = _first_batch(inputs)
    passes.targets = targets_of(passes.encoder, first, layers)
    with passes.ready():
        shapes = passes.first(first, N_FIRST)
    missing = [target for target in passes.targets if target.name not in passes.layouts]
    _tell_missing(passes.encoder, missing)
    passes.targets = [target for target in passes.targets if target.name in passes.layouts]
    before: dict[str, Layout] = {}
    for target in passes.targets:
        calls = passes.layouts[target.name]
        for index, layout in enumerate(calls):
            name = call_name(target.name, index, len(calls))
            before[name] = passes.pooling.layout(layout, shapes[name])
    if not before:
        raise ValueError("none of the layers runs in a forward pass. List them with encoder.layers().")
    layouts = dict(before)
    if projection is not None:
        for name, layout in before.items():
            if layout.n_units > projection.n_components:
                layouts[name] = Layout(("component",), (projection.n_components,))
    return Plan(passes, inputs, before, projection, layouts)


def targets_of(encoder: Encoder, first: Any, layers: str | Sequence[str]) -> list[Target]:
    """What is to be read; the outputs of a function are named by the function."""
    if type(encoder.module).__name__ != "FunctionModule":
        return choose_targets(encoder.module, layers, listed=encoder.listed)
    given = encoder.module(**first) if isinstance(first, dict) else encoder.module(first)
    if not isinstance(given, Mapping):
        return [Target("output", "")]
    from fnmatch import fnmatchcase

    patterns = [layers] if isinstance(layers, str) else list(layers)
    for pattern in patterns:
        if pattern != "all" and not any(fnmatchcase(name, pattern) for name in given):
            raise not_found(pattern, given)
    return [
        Target(name, "", key=name)
        for name in given
        if any(pattern == "all" or fnmatchcase(name, pattern) for pattern in patterns)
    ]


def token_grid(encoder: Encoder, inputs: Inputs, *, pool: str | None, ragged: str | None) -> tuple[int, int] | None:
    """The grid of tokens that all images share, for encoders that keep the shape of images."""
    grid_of = getattr(encoder.preprocess, "grid_of", None)
    if grid_of is None or not isinstance(inputs, ImageInputs):
        return None
    grids = {grid_of(size) for size in inputs.images.sizes()}
    if len(grids) == 1:
        return grids.pop()
    if pool is None and ragged != "nan":
        listed = " and ".join(f"{rows}×{columns}" for rows, columns in sorted(grids)[:3])
        raise ValueError(
            f'pool=None needs one grid of tokens, images give {len(grids)} ({listed}): give grid=, pool="map", or '
            'ragged="nan".'
        )
    return None


def images_hash(inputs: Inputs) -> str:
    """SHA-256 over the SHA-256 of each image, in order."""
    return hashlib.sha256("".join(inputs.digests()).encode()).hexdigest()


def _first_batch(inputs: Inputs) -> Any:
    return inputs.batch([0] * N_FIRST)


def _tell_missing(encoder: Encoder, missing: Sequence[Target]) -> None:
    """Layers named in full must run; those that a glob or 'all' brought in are left out, and named."""
    for target in missing:
        if target.is_explicit and target.key is not None:
            raise not_found(target.name, encoder.layer_names())
        if target.is_explicit:
            raise not_called(target.name)
    if missing:
        names = ", ".join(repr(target.name) for target in missing[:3])
        warn(f"{len(missing)} layers do not run in a forward pass and are left out (first: {names}).")


def _n_channels(layout: Layout) -> int:
    return layout.shape[layout.dims.index("channel")] if "channel" in layout.dims else layout.n_units


def pooling_of(encoder: Encoder, pool: str | None, size: Any) -> Pooling:
    """The pooling that is asked for; 'auto' is the encoder's own default."""
    from neurogeom._core.validation import check_option
    from neurogeom.encoders.pooling import POOLS

    kind = encoder.default_pool if pool == "auto" else pool
    if kind is not None:
        check_option("pool", kind, POOLS)
    rows, columns = (size, size) if isinstance(size, int) else size
    found = Pooling(kind, (int(rows), int(columns)), encoder.attention_pool, encoder.has_class_token)
    found.check()
    return replace(found)
