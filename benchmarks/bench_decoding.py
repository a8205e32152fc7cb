"""Decoders of simulated spikes side by side: same mosaic, same spikes, source images that none has seen.

    python -m benchmarks.bench_decoding [--folder build/bench_decoding] [--n-train 6000] [--models softplus logistic]

Each stage is kept in the folder when it is finished, so that a run that was stopped goes on. The table goes to
benchmarks/RESULTS.md. Besides the images of scikit-image and scikit-learn it needs the 92 images of Kriegeskorte et
al. 2008, for more source images to test on, and the published denoiser (both in NEUROGEOM_DATA).
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from benchmarks.common import duration, table, write_section
from neurogeom import datasets, decoding, stimuli
from neurogeom.io import write_text
from neurogeom.retina import LNP, Mosaic

SIZE = 64
COUNTS = {"on_parasol": 174, "off_parasol": 254, "on_midget": 457, "off_midget": 460}
TEST = ("camera", "coffee", "flower", "cat")
N_OBJECTS = 48


def sources() -> dict[str, dict[str, np.ndarray]]:
    """Training, validation and test images: scenes of packages, and the objects that fill their image most."""
    packaged = stimuli.packaged_images()
    objects = stimuli.normalize(datasets.load("kriegeskorte2008", part="images").values)
    empty = [(np.abs(image - np.median(image[[0, -1]])) < 0.02).mean() for image in objects]
    chosen = np.argsort(empty, kind="stable")[:N_OBJECTS]
    parts: dict[str, dict[str, np.ndarray]] = {
        "train": {name: image for name, image in packaged.items() if name not in TEST},
        "validation": {},
        "test": {name: packaged[name] for name in TEST},
    }
    for number, index in enumerate(chosen):
        part = ("train", "test", "train", "test", "validation")[number % 5]
        parts[part][f"object_{index:02d}"] = objects[index]
    return parts


class Stages:
    """Results of finished stages, each in a file of the folder."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self.folder, self.prefix = folder, prefix
        folder.mkdir(parents=True, exist_ok=True)

    def images(self, name: str, make: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
        """Decoded images and seconds, made once."""
        path = self.folder / f"{self.prefix}-{name}.npz"
        if not path.exists():
            start = time.perf_counter()
            images = np.asarray(make(), dtype=np.float32)
            temporary = path.with_suffix(".partial.npz")
            np.savez(temporary, images=images, seconds=time.perf_counter() - start)
            temporary.replace(path)
            print(f"  {self.prefix} {name}: {time.perf_counter() - start:.0f} s", flush=True)
        with np.load(path) as found:
            return found["images"], float(found["seconds"])

    def note(self, name: str, make: Callable[[], Any]) -> Any:
        """Any plain value, made once."""
        path = self.folder / f"{self.prefix}-{name}.json"
        if not path.exists():
            write_text(path, json.dumps(make()))
        return json.loads(path.read_text(encoding="utf-8"))


def trained_denoiser(folder: Path, images: xr.DataArray, n_steps: int) -> decoding.TrainedDenoiser:
    """The denoiser of all models, trained once on 40-pixel crops."""
    path = folder / f"conditioned-{n_steps}.safetensors"
    if not path.exists():
        start = time.perf_counter()
        denoiser = decoding.train_denoiser(images, n_steps=n_steps, batch_size=32)
        denoiser.save(path)
        write_text(folder / "denoiser.json", json.dumps({"seconds": time.perf_counter() - start}))
        print(f"  denoiser: {time.perf_counter() - start:.0f} s", flush=True)
    return decoding.TrainedDenoiser.load(path)


def run_model(name: str, folder: Path, crops: dict[str, xr.DataArray], denoiser: Any, epochs: int) -> dict[str, Any]:
    """All decoders on the spikes of one nonlinearity."""
    stages = Stages(folder, name)
    mosaic = Mosaic.from_counts(COUNTS, (SIZE, SIZE), seed=0)
    model = LNP(mosaic, nonlinearity=name).calibrate(crops["train"][:2000])
    spikes = {part: model.simulate(images, seed=number) for number, (part, images) in enumerate(crops.items())}
    train, n_train = crops["train"], len(crops["train"])
    found: dict[str, tuple[np.ndarray, float]] = {}

    def ridge(n: int) -> Callable[[], np.ndarray]:
        return lambda: decoding.LinearDecoder().fit(spikes["train"][:n], train[:n]).decode(spikes["test"]).values

    found["ridge, 1,000 images"] = stages.images("ridge-1000", ridge(1000))
    found[f"ridge, {n_train:,} images"] = stages.images(f"ridge-{n_train}", ridge(n_train))

    def pointwise() -> np.ndarray:
        return decoding.PointwiseNonlinearDecoder().fit(spikes["train"], train).decode(spikes["test"]).values

    found["ridge + pointwise"] = stages.images("pointwise", pointwise)
    found |= _map(stages, model, crops, spikes, denoiser)
    logs = {}
    for architecture, options in (("unet", {"epochs": epochs}), ("paper", {"epochs": epochs, "width": 0.5})):

        def network(architecture: str = architecture, options: dict[str, Any] = options) -> np.ndarray:
            decoder = decoding.AutoencoderDecoder(architecture=architecture, **options)
            decoder.fit(spikes["train"], train, checkpoint=folder / f"{name}-{architecture}.safetensors")
            stages.note(f"{architecture}-steps", lambda: decoder.log.image_steps)
            return decoder.decode(spikes["test"]).values

        images, seconds = stages.images(architecture, network)
        logs[architecture] = stages.note(f"{architecture}-steps", lambda: 0)
        label = {"unet": "U-Net", "paper": "paper's autoencoder, half width"}[architecture]
        found[f"{label} ({logs[architecture]:,} image-steps)"] = (images, seconds)
    return found


def _map(stages: Stages, model: LNP, crops: dict, spikes: dict, denoiser: Any) -> dict[str, tuple[np.ndarray, float]]:
    """MAP with both priors; the exponent, λ and whether noise is added are chosen on the validation images."""
    quiet = {"tolerance": 1e-4, "max_steps": 40}

    def error(**options: Any) -> float:
        decoder = decoding.MAPDecoder(model, **options).fit(None, crops["train"])
        decoded = decoder.decode(spikes["validation"])
        value = float(decoding.mse(decoded, crops["validation"]).mean())
        print(f"  {stages.prefix} { ({k: v for k, v in options.items() if k != 'denoiser'}) }: {value:.5f}", flush=True)
        return value

    exponents = {"fitted": None, "2": 2.0}
    scores = stages.note("exponent", lambda: {k: error(exponent=v, **quiet) for k, v in exponents.items()})
    exponent = exponents[min(scores, key=scores.get)]

    def power_law() -> np.ndarray:
        return decoding.MAPDecoder(model, exponent=exponent, **quiet).fit(None, crops["train"]).decode(spikes["test"])

    found = {f"MAP, 1/f prior (β {min(scores, key=scores.get)})": stages.images("map", power_law)}
    for title, one, grid in (
        ("trained", denoiser, [(weight, noise) for weight in (0.25, 0.5, 1.0) for noise in (False, True)]),
        ("published blind", published_denoiser(), [(0.5, True), (1.0, True)]),
    ):

        def search(one: Any = one, grid: list = grid) -> list[float]:
            return [error(prior="denoiser", denoiser=one, prior_weight=w, add_noise=a, n_steps=20) for w, a in grid]

        key = title.replace(" ", "-")
        weight, noise = grid[int(np.argmin(stages.note(f"search-{key}", search)))]

        def split(one: Any = one, weight: float = weight, noise: bool = noise) -> np.ndarray:
            options = {"prior": "denoiser", "denoiser": one, "prior_weight": weight, "add_noise": noise, "n_steps": 20}
            return decoding.MAPDecoder(model, **options).fit(None, crops["train"]).decode(spikes["test"])

        label = f"MAP, {title} denoiser (λ {weight:g}, {'with' if noise else 'no'} noise added)"
        found[label] = stages.images(f"map-{key}", split)
    return found


def published_denoiser() -> decoding.BlindDenoiser:
    """The denoiser of Mohan et al. 2020, from the folder of real data."""
    folder = Path(os.environ.get("NEUROGEOM_DATA", Path(__file__).parents[2] / "shared" / "data"))
    return decoding.BlindDenoiser.load(folder / "denoiser_bias_free" / "bf_dncnn_0-100.safetensors")


def report(name: str, found: dict[str, tuple[np.ndarray, float]], test: xr.DataArray) -> str:
    """One table with paired intervals over source images."""
    images = {label: decoded for label, (decoded, _) in found.items()}
    reference = list(images)[1]
    result = decoding.evaluate(images, test, reference=reference, seed=0)
    rows = []
    for label in images:
        one = result.data.sel(decoder=label)
        ratio, low, high = float(one["mse_ratio"]), *one["mse_ratio_ci"].values
        rows.append(
            [label, f"{float(one['mse']):.5f}", f"{ratio:.2f} [{low:.2f}, {high:.2f}]", f"{float(one['psnr']):.1f}",
             f"{float(one['ssim']):.3f}", f"{float(one['ms_ssim']):.3f}", f"{float(one['spectral_error']):.2f}",
             duration(found[label][1])]
        )  # fmt: skip
    header = ["decoder", "MSE", f"MSE / {reference}", "PSNR dB", "SSIM", "MS-SSIM", "spectral error", "fit and decode"]
    return f"**{name}** cells:\n\n{table(header, rows)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("build/bench_decoding"))
    parser.add_argument("--n-train", type=int, default=6000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--denoiser-steps", type=int, default=4000)
    parser.add_argument("--models", nargs="+", default=["softplus", "logistic"])
    options = parser.parse_args()
    parts = sources()
    numbers = {"train": options.n_train, "validation": 2 * len(parts["validation"]), "test": 3 * len(parts["test"])}
    crops = {
        part: stimuli.crops(images, SIZE, n=numbers[part], seed=number)
        for number, (part, images) in enumerate(parts.items())
    }
    small = stimuli.crops(parts["train"], 40, n=options.n_train, seed=9)
    denoiser = trained_denoiser(options.folder, small, options.denoiser_steps)
    texts = []
    for name in options.models:
        found = run_model(name, options.folder, crops, denoiser, options.epochs)
        texts.append(report(name, found, crops["test"]))
    counted = {part: f"{numbers[part]:,} crops of {len(images)} source images" for part, images in parts.items()}
    text = (
        f"{SIZE} × {SIZE} pixels, {sum(COUNTS.values()):,} cells ({', '.join(map(str, COUNTS.values()))}); training "
        f"{counted['train']}, validation {counted['validation']}, test {counted['test']}. Intervals are 95 %, paired, "
        "over source images. SSIM: Gaussian window of SD 1.5, data range 1, clipped images. Times are wall times of a "
        "busy machine, one thread.\n\n" + "\n\n".join(texts)
    )
    write_section("Decoding of natural images", text)


if __name__ == "__main__":
    main()
