"""``neurogeom retina``: spikes of simulated ganglion cells from images, and images from spikes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom import report

Say = Callable[[str], None]
DECODERS = ("linear", "pointwise", "unet", "map", "map-denoiser")
_N_CALIBRATE = 1000


def run_simulate(
    images: str,
    out: Path,
    *,
    size: int,
    n: int,
    eccentricity: float | None,
    pixel_size: float,
    nonlinearity: str,
    seed: int,
    say: Say,
) -> dict[str, Path]:
    """Draw the spikes of a simulated mosaic for crops of images, and write them with a report.

    Parameters
    ----------
    images : str
        A folder, an HDF5 file, or "packaged".
    out : Path
        HDF5 file for spikes, images and the model; the report lies beside it.
    size, n : int
        Width of the crops in pixels, and how many.
    eccentricity : float or None
        In mm; None takes the density of Parthasarathy et al. 2017.
    pixel_size : float
        µm of retina in a pixel.
    nonlinearity : str
    seed : int
    say : callable
        Takes each line that is told on the way.

    Returns
    -------
    dict of str to Path
        What was written.

    Raises
    ------
    ValueError
        Images that cannot be read or are too small.
    """
    from neurogeom import retina, stimuli
    from neurogeom.retina.mosaic import PARTHASARATHY_2017

    started = time.perf_counter()
    _check_out(out)
    pictures = read_images(images)
    crops = stimuli.crops(pictures, size, n=n, seed=seed)
    if eccentricity is None:
        share = size**2 / 128**2
        counts = {name: max(int(round(cells * share)), 4) for name, cells in PARTHASARATHY_2017.items()}
        mosaic = retina.Mosaic.from_counts(counts, (size, size), pixel_size=pixel_size, seed=seed)
    else:
        mosaic = retina.Mosaic.at_eccentricity(eccentricity, (size, size), pixel_size=pixel_size, seed=seed)
    say(f"  {mosaic!r}")
    model = retina.LNP(mosaic, nonlinearity=nonlinearity)
    model.calibrate(stimuli.crops(training_images(pictures), size, n=_N_CALIBRATE, seed=seed + 1))
    spikes = model.simulate(crops, seed=seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    retina.save_spikes(out, spikes, model, images=crops)
    page = _simulation_report(model, crops, spikes, out, images)
    say(f"  {int(spikes.values.sum()):,} spikes, {float(spikes.values.mean()):.2f} per cell and image")
    say(f"Wrote {out} and {page} in {time.perf_counter() - started:.0f} s.")
    return {"spikes": out, "report": page}


def run_decode(
    spikes: Path, out: Path, *, decoder: str, images: Path | None, n_train: int, uncertainty: bool, seed: int, say: Say
) -> dict[str, Path]:
    """Decode images from spikes: simulated ones with their model, or recorded ones with the images that evoked them.

    Parameters
    ----------
    spikes : Path
        From ``neurogeom retina simulate``, or counts that ``recordings.load`` reads.
    out : Path
        HDF5 file for decoded images; the report lies beside it.
    decoder : str
        Of `DECODERS`.
    images : Path or None
        For recordings: HDF5 with ``images``, one for each presentation, or for each ``stimulus_id`` beside them.
    n_train : int
        Simulated training crops.
    uncertainty : bool
        Whether to add the SD of each pixel (with ``map``).
    seed : int
    say : callable

    Returns
    -------
    dict of str to Path
        What was written.

    Raises
    ------
    ValueError
        Files that do not fit together, a decoder that needs a model.
    """
    from neurogeom import decoding, retina

    started = time.perf_counter()
    _check_out(out)
    if not spikes.exists():
        raise FileNotFoundError(2, "there is no such file", str(spikes))
    sd = None
    if retina.is_spikes(spikes):
        counts, truth, fitted = _simulated(spikes, decoder, n_train, seed, say)
    else:
        counts, truth, fitted = _recorded(spikes, images, decoder, seed)
    decoded = fitted.decode(counts)
    if uncertainty:
        if not isinstance(fitted, decoding.MAPDecoder):
            raise ValueError(f"--uncertainty needs --decoder map, not {decoder!r}.")
        sd = fitted.posterior(counts).sd
    result = None if truth is None else decoding.evaluate({decoder: decoded}, truth, seed=seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    _write_images(out, decoded, truth, sd)
    page = _decoding_report(decoder, decoded, truth, sd, result, spikes, out)
    if result is not None:
        say(f"  MSE {float(result.data['mse'][0]):.5f}, SSIM {float(result.data['ssim'][0]):.3f}")
    say(f"Wrote {out} and {page} in {time.perf_counter() - started:.0f} s.")
    return {"images": out, "report": page}


def read_images(given: str | Path) -> dict[str, np.ndarray]:
    """Gray images of a folder, of an HDF5 file, or those that come with packages."""
    from neurogeom import stimuli

    if str(given) == "packaged":
        return stimuli.packaged_images()
    path = Path(given).expanduser()
    if path.is_dir():
        return stimuli.load_folder(path)
    if not path.exists():
        raise FileNotFoundError(2, "there is no such file or folder (or give: packaged)", str(given))
    stack = np.concatenate(list(stimuli.read_hdf5(path)))
    return {f"{path.stem}-{number}": image for number, image in enumerate(stack)}


def training_images(shown: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Packaged images that are not shown; all of them where nothing else is left."""
    from neurogeom import stimuli

    packaged = stimuli.packaged_images()
    others = {name: image for name, image in packaged.items() if name not in shown}
    return others or packaged


def _simulated(spikes: Path, decoder: str, n_train: int, seed: int, say: Say) -> tuple[Any, Any, Any]:
    """Counts, images and a decoder that was trained on spikes of the same model for other images."""
    from neurogeom import decoding, retina, stimuli
    from neurogeom.decoding import LinearDecoder, MAPDecoder, PointwiseNonlinearDecoder

    counts, model, truth = retina.load_spikes(spikes)
    sources = set(map(str, counts["source"].values)) if "source" in counts.coords else set()
    size = model.mosaic.shape
    train = stimuli.crops(training_images(dict.fromkeys(sources)), size, n=n_train, seed=seed + 2)
    if sources >= set(stimuli.packaged_images()):
        say("  all packaged images were shown, so the decoder is trained on other crops of the same images")
    if decoder == "map":
        return counts, truth, MAPDecoder(model, seed=seed).fit(None, train)
    if decoder == "map-denoiser":
        say("  training a denoiser")
        denoiser = decoding.train_denoiser(train, seed=seed)
        return counts, truth, MAPDecoder(model, prior="denoiser", denoiser=denoiser, seed=seed).fit(None, train)
    made: Any = {"linear": LinearDecoder, "pointwise": PointwiseNonlinearDecoder, "unet": decoding.AutoencoderDecoder}
    return counts, truth, made[decoder](seed=seed).fit(model.simulate(train, seed=seed + 3), train)


def _recorded(path: Path, images: Path | None, decoder: str, seed: int) -> tuple[Any, Any, Any]:
    """Held-out counts and images of a recording, and a decoder that was fitted to the rest."""
    from neurogeom import decoding, recordings, stimuli
    from neurogeom.decoding import LinearDecoder, PointwiseNonlinearDecoder

    if decoder.startswith("map"):
        raise ValueError(f"--decoder {decoder} needs an encoding model; for recordings use linear, pointwise or unet.")
    if images is None:
        raise ValueError(f"{path} holds recorded responses; give the images that evoked them: --images images.h5.")
    responses = recordings.load(path)
    shown = _aligned(images, responses)
    names = shown["source"].values
    parts = stimuli.split_sources(names, parts={"train": 0.75, "test": 0.25}, seed=seed)
    train, test = (np.sort(parts[key]) for key in ("train", "test"))
    made: Any = {"linear": LinearDecoder, "pointwise": PointwiseNonlinearDecoder, "unet": decoding.AutoencoderDecoder}
    fitted = made[decoder](seed=seed).fit(responses.isel(presentation=train), shown.isel(presentation=train))
    return responses.isel(presentation=test), shown.isel(presentation=test), fitted


def _aligned(path: Path, responses: xr.DataArray) -> xr.DataArray:
    """The image of each presentation: by ``stimulus_id`` where the file has one, else by place."""
    import h5py

    from neurogeom import stimuli

    stack = np.concatenate(list(stimuli.read_hdf5(path)))
    with h5py.File(path, "r") as file:
        names = None if "stimulus_id" not in file else file["stimulus_id"].asstr()[()].astype(str)
    own = responses.coords.get("stimulus_id")
    if names is not None and own is not None:
        place = {name: number for number, name in enumerate(names)}
        missing = [str(name) for name in own.values if str(name) not in place]
        if missing:
            raise ValueError(f"{path} has no image for {len(missing)} presentations (first: {missing[0]!r}).")
        stack = stack[[place[str(name)] for name in own.values]]
    elif len(stack) != responses.sizes["presentation"]:
        raise ValueError(
            f"{path} has {len(stack)} images, the responses {responses.sizes['presentation']} presentations. Give one "
            "for each, or a stimulus_id in both."
        )
    ids = np.arange(len(stack)).astype(str) if own is None else own.values.astype(str)
    source = responses.coords["source"].values.astype(str) if "source" in responses.coords else ids
    coords = {"source": ("presentation", source)}
    if own is not None:
        coords["stimulus_id"] = ("presentation", own.values)
    return xr.DataArray(stack, dims=("presentation", "y", "x"), coords=coords, name="images")


def _check_out(out: Path) -> None:
    if out.suffix not in (".h5", ".hdf5"):
        raise ValueError(f"--out {out} does not end in .h5; an HDF5 file is written.")


def _write_images(out: Path, decoded: xr.DataArray, truth: Any, sd: Any) -> None:
    import h5py

    from neurogeom.io import atomic_path

    with atomic_path(out) as temporary, h5py.File(temporary, "w") as file:
        file.create_dataset("images", data=decoded.values.astype(np.float32), compression="gzip")
        for key in ("stimulus_id", "source"):
            if key in decoded.coords:
                file.create_dataset(key, data=decoded[key].values.astype(str).astype(h5py.string_dtype()))
        for key, values in (("originals", truth), ("sd", sd)):
            if values is not None:
                file.create_dataset(key, data=np.asarray(values, dtype=np.float32), compression="gzip")


def _simulation_report(model: Any, crops: xr.DataArray, spikes: xr.DataArray, out: Path, images: str) -> Path:
    from neurogeom import plotting

    mosaic = model.mosaic
    figure, axes = plotting.new_figure(n_columns=2, size=(4.2, 4.2), grid=None)
    mosaic.plot(ax=axes[0, 0])
    mosaic.plot(ax=axes[0, 1], cell_type=mosaic.types[0], image=crops.values[0], counts=spikes.values[0])
    values = spikes.values
    facts = {
        "cells": mosaic.n_cells, "images": len(values), "model": f"LNP, {model.nonlinearity}",
        "mean count": f"{values.mean():.2f}", "median count": f"{np.median(values):g}",
        "zeros": f"{(values == 0).mean():.3f}", "largest count": int(values.max()), "seed": spikes.attrs["seed"],
        "fingerprint": mosaic.fingerprint(),
    }  # fmt: skip
    caption = "Receptive-field centers (1-sigma contours); right: one type over the first image, filled by spikes."
    blocks: list[Any] = [
        report.Figure(figure, caption, f"{mosaic.n_cells} cells cover the patch evenly."),
        report.Table(mosaic.summary(), "Cells of each type."),
        report.Facts(facts),
    ]
    command = f"neurogeom retina simulate {images} --out {out}"
    sections = [report.Section("Mosaic and spikes", blocks), report.Section("Command", [report.Code(command)])]
    return report.build("Simulated retina", sections, out.with_suffix(".html"), subtitle=f"Images: {images}")


def _decoding_report(
    decoder: str, decoded: xr.DataArray, truth: Any, sd: Any, result: Any, spikes: Path, out: Path
) -> Path:
    from neurogeom import plotting
    from neurogeom.decoding import plots

    n = min(len(decoded), 8)
    rows = {decoder: decoded.values[:n]}
    if sd is not None:
        rows["SD"] = sd[:n] / max(float(sd[:n].max()), 1e-12) - 0.5
    original = decoded.values[:n] if truth is None else np.asarray(truth)[:n]
    figure, axes = plotting.new_figure(size=(8.4, 0.9 * (len(rows) + 1) + 0.3), grid=None)
    plots.reconstructions(original, rows, n=n, ax=axes[0, 0])
    caption = "Originals and what was decoded" + ("." if sd is None else "; SD of each pixel, white is most.")
    blocks: list[Any] = [report.Figure(figure, caption, f"{n} images decoded by {decoder}.")]
    sections = [report.Section("Reconstructions", blocks)]
    if result is not None:
        blocks.append(report.Table(result.summary(), "Means over images, intervals over source images."))
        sections += [report.methods_section({"decoding": result}), report.warnings_section({"decoding": result})]
    command = f"neurogeom retina decode {spikes} --decoder {decoder} --out {out}"
    sections.append(report.Section("Command", [report.Code(command)]))
    page, subtitle = out.with_suffix(".html"), f"Spikes: {spikes.name}"
    return report.build("Images decoded from spikes", sections, page, subtitle=subtitle)
