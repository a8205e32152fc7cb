"""The paper's analyses: which cells matter, what changed spikes and other images do, and how models compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_option, check_real
from neurogeom._core.warnings import collect
from neurogeom.decoding.base import Decoder
from neurogeom.decoding.evaluate import REFERENCES, caution, packed, source_labels
from neurogeom.decoding.linear import LinearDecoder
from neurogeom.decoding.metrics import METRICS
from neurogeom.decoding.results import ConditionResult
from neurogeom.results import make_settings
from neurogeom.retina import LNP
from neurogeom.stimuli import as_images

PERTURBATIONS = ("thin", "noise", "jitter")
_METRICS = ("mse", "psnr", "ssim", "ms_ssim", "spectral_error")


def cell_types(
    train: tuple[Any, Any],
    test: tuple[Any, Any],
    *,
    make: Callable[[], Decoder] = LinearDecoder,
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int | None = None,
) -> ConditionResult:
    """Measure how much each type of cell matters: all cells, each type left out, and each type alone.

    A new decoder is fitted for each condition.

    Parameters
    ----------
    train, test : tuple of (counts, images)
        Counts are DataArrays with a coordinate ``cell_type``; of different source images.
    make : callable
        Makes an unfitted decoder.
    level : float
    n_resamples : int
        0 for no interval.
    seed : int, optional

    Returns
    -------
    ConditionResult

    Raises
    ------
    ValueError
        Counts without ``cell_type``, one type only.

    References
    ----------
    Parthasarathy, Batty et al. 2017.

    Examples
    --------
    >>> from neurogeom import stimuli
    >>> from neurogeom.retina import Mosaic
    >>> images = stimuli.crops(stimuli.packaged_images("camera", "cat"), 16, n=200, seed=0)
    >>> model = LNP(Mosaic.from_counts({"on_midget": 16, "off_midget": 16}, (16, 16), seed=0)).calibrate(images)
    >>> spikes = model.simulate(images, seed=0)
    >>> found = cell_types((spikes, images), (spikes[:9], images[:9]), n_resamples=0, seed=0)
    >>> found.condition.values.tolist()[:2]
    ['all', 'without on_midget']
    """
    counts, images = train
    kinds = getattr(counts, "coords", {}).get("cell_type")
    if kinds is None:
        raise ValueError("train has counts without a coordinate cell_type. Give counts from a model, or add one.")
    names = list(dict.fromkeys(str(kind) for kind in kinds.values))
    if len(names) < 2:
        raise ValueError(f"train has cells of one type only ({names[0]}); two or more are needed to leave one out.")
    chosen = {"all": np.ones(len(kinds), dtype=bool)}
    chosen |= {f"without {name}": kinds.values != name for name in names}
    if len(names) > 2:
        chosen |= {f"only {name}": kinds.values == name for name in names}
    decoded, spikes, cells = {}, {}, {}
    for condition, mask in chosen.items():
        index = np.flatnonzero(mask)
        # a part of the cells is another population
        parts = [one.isel(neuroid=index).drop_attrs() for one in (counts, test[0])]
        decoded[condition] = make().fit(parts[0], images).decode(parts[1])
        spikes[condition], cells[condition] = float(np.sum(parts[1].values)) / len(parts[1]), len(index)
    return _same_images(decoded, test[1], spikes, cells, level, n_resamples, seed, {"analysis": "cell_types"})


def perturb(counts: Any, how: str, strength: float, *, seed: int | None = None) -> Any:
    """Return changed spikes: thinned, with noise added, or moved in time.

    Parameters
    ----------
    counts : DataArray (presentation, neuroid[, time_bin]) or ndarray
    how : {"thin", "noise", "jitter"}
        "thin": each spike is lost with probability `strength`. "noise": Poisson spikes are added, `strength` times
        the cell's mean count. "jitter": each spike moves by a Gaussian of `strength` bins, and is lost beyond the
        ends; needs time bins.
    strength : float
    seed : int, optional

    Returns
    -------
    DataArray or ndarray
        Whole numbers, as the input otherwise.

    Raises
    ------
    ValueError
        An unknown change, a strength out of range, jitter without time bins.

    Examples
    --------
    >>> int(perturb(np.full((100, 1), 10), "thin", 0.5, seed=0).sum() < 600)
    1
    """
    check_option("how", how, PERTURBATIONS)
    amount = check_real("strength", strength, minimum=0.0, maximum=1.0 if how == "thin" else None)
    values, draw = np.asarray(counts).astype(np.int64), generator(resolve_seed(seed), 101)
    if how == "thin":
        changed = draw.binomial(values, 1.0 - amount)
    elif how == "noise":
        changed = values + draw.poisson(np.broadcast_to(amount * values.mean(axis=0, keepdims=True), values.shape))
    else:
        if values.ndim != 3:
            raise ValueError(f"counts has shape {values.shape}; jitter needs (presentation, neuroid, time_bin).")
        changed = _jittered(values, amount, draw)
    return counts.copy(data=changed) if hasattr(counts, "copy") and hasattr(counts, "dims") else changed


def _jittered(values: np.ndarray, amount: float, draw: np.random.Generator) -> np.ndarray:
    where = np.repeat(np.argwhere(values > 0), values[values > 0], axis=0)
    moved = where[:, 2] + np.round(amount * draw.standard_normal(len(where))).astype(int)
    kept = (moved >= 0) & (moved < values.shape[2])
    out = np.zeros_like(values)
    np.add.at(out, (where[kept, 0], where[kept, 1], moved[kept]), 1)
    return out


def perturbations(
    decoder: Decoder,
    counts: Any,
    images: Any,
    *,
    how: str = "thin",
    strengths: Sequence[float] = (0.0, 0.1, 0.25, 0.5, 0.75),
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int | None = None,
) -> ConditionResult:
    """Measure how a fitted decoder bears changed spikes.

    Parameters
    ----------
    decoder : Decoder
        Fitted on unchanged spikes.
    counts, images
        Of test images.
    how : {"thin", "noise", "jitter"}
    strengths : sequence of float
        The first is what others are compared with.
    level : float
    n_resamples : int
    seed : int, optional

    Returns
    -------
    ConditionResult

    Raises
    ------
    ValueError
        As :func:`perturb`.

    References
    ----------
    Parthasarathy, Batty et al. 2017.

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> images = draw.uniform(-0.5, 0.5, (80, 12, 12))
    >>> counts = draw.poisson(np.exp(1 + images.reshape(80, 144)))
    >>> decoder = LinearDecoder(alphas=[1.0]).fit(counts, images)
    >>> found = perturbations(decoder, counts[:8], images[:8], strengths=[0.0, 0.9], n_resamples=0, seed=0)
    >>> bool(found.mse_ratio.values[1] > 1)
    True
    """
    seed = resolve_seed(seed)
    decoded, spikes, cells = {}, {}, {}
    for strength in strengths:
        changed = perturb(counts, how, strength, seed=seed)
        name = f"{how} {strength:g}"
        decoded[name] = decoder.decode(changed)
        spikes[name] = float(np.asarray(changed).sum()) / len(np.asarray(changed))
        cells[name] = int(np.asarray(changed).shape[1])
    options = {"analysis": "perturbations", "how": how, "strengths": list(strengths)}
    return _same_images(decoded, images, spikes, cells, level, n_resamples, seed, options)


def compare_models(
    models: Mapping[str, LNP],
    train_images: Any,
    test_images: Any,
    *,
    make: Callable[[], Decoder] = LinearDecoder,
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int | None = None,
) -> ConditionResult:
    """Compare retinas on the same images: eccentricities, coverage, nonlinearities.

    Each model is calibrated on the training images if it is not, its spikes are drawn, a decoder is fitted and tried.

    Parameters
    ----------
    models : mapping of str to LNP
        Over patches of the images' size.
    train_images, test_images : DataArray (presentation, y, x) or array-like
    make : callable
        Makes an unfitted decoder.
    level : float
    n_resamples : int
    seed : int, optional

    Returns
    -------
    ConditionResult

    Raises
    ------
    ValueError
        No model, images of another size.

    Examples
    --------
    >>> from neurogeom import stimuli
    >>> from neurogeom.retina import Mosaic
    >>> images = stimuli.crops(stimuli.packaged_images("camera", "cat"), 16, n=150, seed=0)
    >>> models = {n: LNP(Mosaic.from_counts({"on_midget": n}, (16, 16), seed=0)) for n in (9, 36)}
    >>> found = compare_models(models, images, images[:9], n_resamples=0, seed=0)
    >>> bool(found.mse.values[1] < found.mse.values[0])
    True
    """
    if not models:
        raise ValueError("models is empty; at least one is needed.")
    seed = resolve_seed(seed)
    decoded, spikes, cells = {}, {}, {}
    for name, model in models.items():
        if not model.is_calibrated:
            model.calibrate(train_images)
        train, test = model.simulate(train_images, seed=seed), model.simulate(test_images, seed=seed + 1)
        decoded[str(name)] = make().fit(train, train_images).decode(test)
        spikes[str(name)], cells[str(name)] = float(test.values.sum()) / len(test), model.mosaic.n_cells
    return _same_images(decoded, test_images, spikes, cells, level, n_resamples, seed, {"analysis": "compare_models"})


def image_sets(
    decoder: Decoder,
    model: LNP,
    sets: Mapping[str, Any],
    *,
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int | None = None,
) -> ConditionResult:
    """Measure a fitted decoder on other images than those it was fitted to: phase-scrambled, faces, dead leaves.

    Parameters
    ----------
    decoder : Decoder
        Fitted on the model's spikes.
    model : LNP
    sets : mapping of str to array-like (n, height, width)
        In [−0.5, 0.5]; sets may differ in number. Values that scrambling pushed out of range are clipped.
    level : float
    n_resamples : int
    seed : int, optional

    Returns
    -------
    ConditionResult
        Without comparisons, for images differ between sets.

    Raises
    ------
    ValueError
        No set, images of another size.

    References
    ----------
    Parthasarathy, Batty et al. 2017.

    Examples
    --------
    >>> from neurogeom import stimuli
    >>> from neurogeom.retina import Mosaic
    >>> images = stimuli.crops(stimuli.packaged_images("camera", "cat"), 16, n=150, seed=0)
    >>> model = LNP(Mosaic.from_counts({"on_midget": 25}, (16, 16), seed=0)).calibrate(images)
    >>> decoder = LinearDecoder(seed=0).fit(model.simulate(images, seed=0), images)
    >>> sets = {"natural": images[:9], "scrambled": stimuli.phase_scrambled(images[:6], seed=0)}
    >>> image_sets(decoder, model, sets, n_resamples=0, seed=0).condition.values.tolist()
    ['natural', 'scrambled']
    """
    if not sets:
        raise ValueError("sets is empty; at least one set of images is needed.")
    level, seed = check_real("level", level, minimum=0.0, maximum=1.0, strict=True), resolve_seed(seed)
    n_resamples = check_count("n_resamples", n_resamples, minimum=0)
    rows: dict[str, list[Any]] = {}
    with collect() as notes:
        for images in sets.values():
            clipped = images.clip(-0.5, 0.5) if hasattr(images, "dims") else np.clip(np.asarray(images), -0.5, 0.5)
            truth = as_images(clipped)
            spikes = model.simulate(clipped, seed=seed)
            found = decoder.decode(spikes)
            groups = source_labels(clipped, None, len(truth))
            caution(truth, groups)
            per_image = {name: METRICS[name](found, truth)[None] for name in _METRICS}
            one = packed(per_image, "condition", 0, groups, level, n_resamples, seed)
            one["spikes_per_image"] = (["condition"], [float(spikes.values.sum()) / len(spikes)])
            for key, (_, values) in one.items():
                if not key.startswith("image_") and "_difference" not in key:
                    rows.setdefault(key, []).append(np.asarray(values)[0])
    complete = {key: np.array(values) for key, values in rows.items() if len(values) == len(sets)}
    data = {key: (["condition", "bound"][: value.ndim], value) for key, value in complete.items()}
    coords = {"condition": [str(name) for name in sets], "bound": ["low", "high"]}
    settings = make_settings(analysis="image_sets", level=level, n_resamples=n_resamples, seed=seed)
    return ConditionResult(xr.Dataset(data, coords=coords), settings, {}, tuple(notes), REFERENCES)


def _same_images(
    decoded: Mapping[str, Any], images: Any, spikes: Mapping[str, float], cells: Mapping[str, int], level: float,
    n_resamples: int, seed: int | None, options: Mapping[str, Any],
) -> ConditionResult:  # fmt: skip
    """Conditions that were tried on the same images, compared with the first."""
    level = check_real("level", level, minimum=0.0, maximum=1.0, strict=True)
    n_resamples, seed = check_count("n_resamples", n_resamples, minimum=0), resolve_seed(seed)
    truth = as_images(images)
    groups = source_labels(images, None, len(truth))
    with collect() as notes:
        caution(truth, groups)
        per_image = {name: np.stack([METRICS[name](one, truth) for one in decoded.values()]) for name in _METRICS}
        data = packed(per_image, "condition", 0, groups, level, n_resamples, seed)
    data["spikes_per_image"] = (["condition"], list(spikes.values()))
    data["n_cells"] = (["condition"], list(cells.values()))
    coords = {"condition": list(decoded), "bound": ["low", "high"], "source": ("presentation", groups)}
    settings = make_settings(
        **options, level=level, n_resamples=n_resamples, seed=seed, n_images=len(truth), uncertainty="source images"
    )
    return ConditionResult(xr.Dataset(data, coords=coords), settings, {}, tuple(notes), REFERENCES)
