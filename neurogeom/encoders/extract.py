"""Activations of any encoder for any list of images, in memory or streamed to a store."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neurogeom._core.memory import available_bytes, require_memory
from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_option
from neurogeom.encoders.encoder import Encoder, as_encoder
from neurogeom.encoders.engine import choose_batch_size, forward, precision_error, run_blocks
from neurogeom.encoders.inputs import as_inputs
from neurogeom.encoders.passes import PRECISIONS, Passes, choose_device
from neurogeom.encoders.plan import Plan, images_hash, make_plan, pooling_of, token_grid
from neurogeom.encoders.projection import as_projection
from neurogeom.encoders.store import ActivationWriter, block_size_for, missing_blocks, require_space
from neurogeom.recordings.activations import HEAD, Layout, read_store, with_units


def extract(
    encoder: Any,
    images: Any,
    layers: str | Sequence[str] = "all",
    *,
    out: str | os.PathLike[str] | None = None,
    batch_size: int | str = "auto",
    device: str = "auto",
    pool: str | None = "auto",
    pool_size: int | tuple[int, int] = 4,
    project: Any = None,
    resume: bool = True,
    seed: int | None = 0,
    coords: Mapping[str, Any] | None = None,
    on_error: str = "raise",
    precision: str = "float32",
    batch_axis: int | Mapping[str, int] | None = None,
    layout: Mapping[str, str] | None = None,
    ragged: str | None = None,
    visual_degrees: float | None = None,
    block_size: int | str = "auto",
    progress: bool = False,
    **options: Any,
) -> xr.DataArray:
    """What the layers of an encoder give for each image: presentations × units, with the place of every unit.

    One image is run first, to see what the layers give; what would not fit in memory or on the disk is refused then.

    Parameters
    ----------
    encoder : Encoder, torch.nn.Module, function or path
        A function of a list of images gives an array, or arrays by layer. A file of activations (any format that
        ``recordings.load`` reads) is used as it is, its rows chosen by ``stimulus_id``.
    images : folder, list of paths, arrays, DataArray
        See :func:`image_set`. A bare network also takes arrays (n, …) as they are.
    layers : str or sequence of str
        Names, globs (``*`` stops at dots, ``**`` does not), ``"all"``; ``name:input``, ``name[1]`` and ``name.key`` are
        the input and parts of the output of a layer.
    out : path, optional
        A zarr store to write to; the result is read from it when it is needed. A run that was stopped, however, goes
        on where it was when called again.
    batch_size : int or 'auto'
        Images per forward pass; it changes values by rounding only (about 1e-6). 'auto' is measured.
    device : str
        'cpu', 'cuda', …; 'auto' is a GPU where there is one.
    pool : str, optional
        ``mean`` over places or tokens; ``cls`` the class token; ``map`` the encoder's own attention pool; ``spatial``
        an average over a coarse grid; None all units; 'auto' what the encoder says, mostly None.
    pool_size : int or (rows, columns)
        The coarse grid of ``spatial``.
    project : int, str or Projection, optional
        Fewer units by sparse random projection (a number, ``"sparse:2048"``) or principal components (``"pca:100"``).
    resume : bool
        Whether a store that is there may be continued.
    seed : int, optional
        Of projections.
    coords : mapping of str to array (images,), optional
        Further presentation coordinates.
    on_error : str
        ``raise``, or ``skip`` images that cannot be read (they are read twice then).
    precision : str
        ``float32``; ``bfloat16`` or ``float16`` for autocast, whose measured difference is kept as ``precision_error``.
    batch_axis : int or dict of str to int, optional
        Which axis of the output counts images, where it is not the first.
    layout : dict of str to str, optional
        Order of axes of layers, such as ``{"stage1": "BHWC"}``.
    ragged : str, optional
        ``nan``: pad tokens of images of different shape with NaN.
    visual_degrees : float, optional
        Width of the network's input in degrees; units get ``x_degrees`` and ``y_degrees`` from the middle.
    block_size : int or 'auto'
        Presentations that are written together.
    progress : bool
        Show a progress bar.
    **options
        For :func:`image_set`: ``background``, ``scale``, ``first_frame``, ``degrees``.

    Returns
    -------
    DataArray (presentation, neuroid)
        float32, with neuroid coordinates ``layer``, ``channel``, ``y``, ``x``, ``token`` (−1 where there is none) and
        the coordinates of the images. With `out` it is backed by dask.

    Raises
    ------
    ValueError
        Layers, images or options that do not fit; too little memory or disk; a store of another extraction.
    OSError
        The disk is full; complete blocks are safe.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    >>> images = np.zeros((2, 8, 8, 3), dtype=np.uint8)
    >>> activations = extract(network, images, "1", coords={"object_name": ["cat", "dog"]})
    >>> activations.shape, int(activations.channel[-1]), int(activations.x[-1])
    ((2, 144), 3, 5)
    """
    if isinstance(encoder, str | os.PathLike):
        from neurogeom.encoders.precomputed import extract_precomputed

        return extract_precomputed(Path(encoder), images, layers, out=out, coords=coords, resume=resume)
    projection = as_projection(project, resolve_seed(seed))
    plan = _plan(
        as_encoder(encoder), images, layers, pool=pool, pool_size=pool_size, projection=projection, device=device,
        coords=coords, on_error=on_error, precision=precision, batch_axis=batch_axis, layout=layout, ragged=ragged,
        visual_degrees=visual_degrees, **options,
    )  # fmt: skip
    size = batch_size if batch_size == "auto" else check_count("batch_size", batch_size)
    if out is None:
        return _in_memory(plan, size, progress)
    block = block_size if block_size == "auto" else check_count("block_size", block_size)
    return _to_store(plan, Path(out).expanduser(), size, block, resume, progress)


def estimate(encoder: Any, images: Any, layers: str | Sequence[str] = "all", **options: Any) -> pd.DataFrame:
    """Units and bytes that :func:`extract` would give, by layer, found out on one image.

    Parameters
    ----------
    encoder, images, layers
        As for :func:`extract`.
    **options
        ``pool``, ``project`` and others of :func:`extract` that change what is kept.

    Returns
    -------
    DataFrame
        Index ``layer``, columns ``n_units``, ``shape`` and ``bytes`` (of all images, as float32).

    Raises
    ------
    ValueError
        As :func:`extract`.

    Examples
    --------
    >>> import torch
    >>> estimate(torch.nn.Conv2d(3, 4, 3), np.zeros((10, 8, 8, 3), dtype=np.uint8))["bytes"].tolist()
    [5760]
    """
    project, seed = options.pop("project", None), options.pop("seed", 0)
    projection = as_projection(project, resolve_seed(seed))
    return _plan(as_encoder(encoder), images, layers, projection=projection, **options).table()


def open_activations(
    path: str | os.PathLike[str], *, layers: Sequence[str] | None = None, partial: bool = False
) -> xr.DataArray:
    """Open a store of activations without loading it.

    Parameters
    ----------
    path : path
    layers : sequence of str, optional
        Only these layers.
    partial : bool
        Give the presentations that are complete of a store that is not finished.

    Returns
    -------
    DataArray (presentation, neuroid)
        Backed by dask.

    Raises
    ------
    FileNotFoundError
        No store there.
    ValueError
        A store that is damaged or not finished, or without these layers.

    Examples
    --------
    >>> import tempfile, torch
    >>> path = Path(tempfile.mkdtemp()) / "acts.zarr"
    >>> _ = extract(torch.nn.Flatten(), np.zeros((2, 3), dtype=np.float32), out=path)
    >>> open_activations(path).shape
    (2, 3)
    """
    source = Path(path).expanduser()
    if not (source / HEAD).exists():
        raise FileNotFoundError(2, "is no store of activations", str(source))
    known = [one["name"] for one in json.loads((source / HEAD).read_text(encoding="utf-8"))["layers"]]
    for name in layers or ():
        if name not in known:
            raise ValueError(f"layer {name!r} is not in {source}; it has {', '.join(map(repr, known))}.")
    return read_store(source, layers=layers, partial=partial)


def _plan(
    encoder: Encoder, images: Any, layers: str | Sequence[str], *, projection: Any, pool: str | None = "auto",
    pool_size: Any = 4, device: str = "auto", coords: Any = None, on_error: str = "raise", precision: str = "float32",
    batch_axis: Any = None, layout: Any = None, ragged: str | None = None, visual_degrees: float | None = None,
    **options: Any,
) -> Plan:  # fmt: skip
    """Check everything, and run one image."""
    check_option("on_error", on_error, ("raise", "skip"))
    check_option("precision", precision, PRECISIONS)
    if ragged not in (None, "nan"):
        raise ValueError(f"ragged={ragged!r} is unknown; None or 'nan'.")
    degrees = visual_degrees or encoder.visual_degrees or getattr(encoder.preprocess, "visual_degrees", None)
    inputs = as_inputs(encoder, images, coords, on_error=on_error, visual_degrees=degrees, **options)
    pooling = pooling_of(encoder, pool, pool_size)
    if isinstance(batch_axis, int):
        names = [layers] if isinstance(layers, str) else list(layers)
        batch_axis = dict.fromkeys(names, batch_axis)
    size = getattr(encoder.preprocess, "image_size", None) or (1, 1)
    passes = Passes(
        encoder,
        [],
        pooling,
        batch_axis=batch_axis or {},
        axes={**encoder.axes, **(layout or {})},
        grid=token_grid(encoder, inputs, pool=pooling.kind, ragged=ragged),
        degrees=None if degrees is None else (float(degrees) * size[0] / size[1], float(degrees)),
        precision=precision,
        device=choose_device(device, encoder.module),
        ragged=ragged == "nan",
    )
    return make_plan(passes, inputs, layers, projection)


def _in_memory(plan: Plan, batch_size: int | str, progress: bool) -> xr.DataArray:
    n, widths = len(plan.inputs), {name: layout.n_units for name, layout in plan.layouts.items()}
    what = f"activations of {n:,} images × {sum(widths.values()):,} units"
    require_memory(float(n) * plan.bytes_per_input, what, f"Give out= to stream them to disk. {plan.remedies()}")
    attrs = _attrs(plan)
    values = np.empty((n, sum(widths.values())), dtype=np.float32)
    columns, place = {}, 0
    for name, width in widths.items():
        columns[name] = values[:, place : place + width]
        place += width
    with plan.passes.ready():
        size = _prepare(plan, batch_size, attrs)
        run_blocks(plan, [(0, 0, n)], lambda _: columns, lambda *_: None, batch_size=size, progress=progress)
    return with_units(values, plan.layouts, plan.inputs.coords, "activations").assign_attrs(attrs)


def _to_store(
    plan: Plan, path: Path, batch_size: int | str, block_size: int | str, resume: bool, progress: bool
) -> xr.DataArray:
    n = len(plan.inputs)
    total = float(n) * plan.bytes_per_input
    if not (path / HEAD).exists():
        require_space(path, total, f"activations of {n:,} images", plan.remedies())
    size = block_size if isinstance(block_size, int) else block_size_for(plan.bytes_per_input, n, available_bytes())
    identity = _identity(plan)
    attrs = {**_attrs(plan), "fingerprint": _short_hash(identity)}
    writer = ActivationWriter(path, identity, plan.layouts, n, size, plan.inputs.coords, attrs, resume=resume)
    with writer, plan.passes.ready():
        blocks = missing_blocks(writer.done, n, writer.block_size)
        if blocks:
            known = writer.attrs.get("batch_size") if batch_size == "auto" else None
            notes: dict[str, Any] = {}
            chosen = _prepare(plan, known or batch_size, notes)
            for key, value in notes.items():
                if key not in writer.attrs:
                    writer.note(key, value)
            run_blocks(
                plan,
                blocks,
                lambda block: _buffers(plan.layouts, block),
                writer.put,
                batch_size=chosen,
                progress=progress,
            )
    return read_store(path)


def _prepare(plan: Plan, batch_size: int | str, notes: dict[str, Any]) -> int:
    """Projections, the size of batches, and what half precision changes."""
    size = batch_size if isinstance(batch_size, int) else choose_batch_size(plan)
    if plan.projection is not None:
        plan.prepare_projections()
        if plan.projection.kind == "pca":
            _fit_components(plan, size)
    if plan.passes.precision != "float32":
        errors = precision_error(plan, len(plan.inputs))
        notes["precision_error"] = json.dumps({name: float(f"{value:.3g}") for name, value in errors.items()})
    notes["batch_size"] = size
    return size


def _fit_components(plan: Plan, batch_size: int) -> None:
    """Principal components of some images, drawn at random; their activations are held in memory."""
    projection = plan.projection
    if projection is None:
        return
    n = len(plan.inputs)
    chosen = np.sort(generator(projection.seed, 7).permutation(n)[: min(projection.n_fit, n)])
    units = sum(
        plan.before[name].n_units if fit.matrix is None else fit.matrix.shape[1] for name, fit in plan.fitted.items()
    )
    require_memory(8.0 * len(chosen) * units, f"the fit of components on {len(chosen)} images", "Use a smaller n_fit.")
    parts: dict[str, list[np.ndarray]] = {name: [] for name in plan.fitted}
    for start in range(0, len(chosen), batch_size):
        index = chosen[start : start + batch_size]
        found = forward(plan, plan.inputs.batch(index.tolist()), int(index[0]), int(index[0]) + len(index))
        for name in parts:
            parts[name].append(np.array(plan.project(name, found[name])))
    plan.fit_components({name: np.concatenate(values) for name, values in parts.items()})


def _buffers(layouts: Mapping[str, Layout], block: tuple[int, int, int]) -> dict[str, np.ndarray]:
    n = block[2] - block[1]
    return {name: np.empty((n, layout.n_units), dtype=np.float32) for name, layout in layouts.items()}


def _identity(plan: Plan) -> dict[str, Any]:
    """What the activations depend on, as plain data."""
    passes = plan.passes
    return {
        **passes.encoder.identity(),
        "preprocessing": plan.inputs.settings(),
        "images": images_hash(plan.inputs),
        "n_images": len(plan.inputs),
        "layers": list(plan.layouts),
        "pool": passes.pooling.kind if passes.pooling.kind != "spatial" else ["spatial", *passes.pooling.size],
        "project": None if plan.projection is None else plan.projection.settings(),
        "precision": passes.precision,
        "ragged": passes.ragged,
        "batch_axis": dict(passes.batch_axis),
        "dtype": "float32",
    }


def _attrs(plan: Plan) -> dict[str, Any]:
    """What goes with the activations wherever they are kept: text and numbers."""
    from neurogeom.io.plain import software_versions

    passes: Passes = plan.passes
    versions = software_versions()
    return {
        "encoder": passes.encoder.name,
        "preprocessing": json.dumps(plan.inputs.settings(), sort_keys=True),
        "pool": str(passes.pooling.kind),
        "project": "None" if plan.projection is None else json.dumps(plan.projection.settings()),
        "precision": passes.precision,
        "device": passes.device,
        "skipped": json.dumps(list(plan.inputs.skipped)),
        "versions": json.dumps({key: versions[key] for key in ("neurogeom", "numpy", "torch") if key in versions}),
    }


def _short_hash(identity: Mapping[str, Any]) -> str:
    from neurogeom.io.fingerprint import fingerprint

    return fingerprint(json.dumps(identity, sort_keys=True))
