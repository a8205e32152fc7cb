"""What extraction costs beyond the forward pass, beside a bare loop and torchextractor; answers are compared first.

Run: ``python benchmarks/bench_encoders.py [--quick] [--write]``. CPU seconds of one thread, medians of interleaved
repeats. A first pass over three copies of an image is the same for any number of images, so the cost per image is the
difference between two lengths. Peers: torchextractor (extra ``bench``) is compared and timed where it is installed;
thingsvision, Net2Brain and brainscore-vision need torchvision, which no CPU build of torch should be mixed with.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.common import medians, refuse_unless_close, table, write_section
from neurogeom import encoders
from neurogeom.encoders.encoder import Encoder
from neurogeom.encoders.resnet_network import ResNet, ResNetSize
from neurogeom.encoders.siglip2 import fill_randomly

BATCH = 8
BLOCKS = {"ResNet-50": "layer*.*", "ViT-B/16": "blocks.*"}


def networks() -> dict[str, nn.Module]:
    """ResNet-50 and a ViT-B/16 (SigLIP 2 B/16 at 224), random weights."""
    resnet = ResNet(ResNetSize(), padding="brainscore")
    fill_randomly(resnet, 0)
    return {"ViT-B/16": encoders.random_siglip2("base-patch16-224").module, "ResNet-50": resnet}


def bare(module: nn.Module, images: torch.Tensor) -> None:
    """What a person writes who keeps nothing."""
    module.eval()
    with torch.inference_mode():
        for batch in images.split(BATCH):
            module(batch)


def with_peer(module: nn.Module, names: list[str], images: torch.Tensor) -> dict[str, np.ndarray]:
    """torchextractor with a function that copies, so that in-place operations do no harm."""
    import torchextractor

    def keep(part: Any, given: Any, output: torch.Tensor, name: str, maps: dict[str, Any]) -> None:
        maps[name] = output.detach().to("cpu", copy=True)

    extractor = torchextractor.Extractor(module.eval(), names, capture_fn=keep)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
    try:
        with torch.inference_mode():
            for batch in images.split(BATCH):
                _, maps = extractor(batch)
                for name in names:
                    parts[name].append(maps[name].numpy().reshape(len(batch), -1))
    finally:
        for part in module.modules():  # it leaves its hooks behind
            part._forward_hooks.clear()
    return {name: np.concatenate(values) for name, values in parts.items()}


def overheads(name: str, module: nn.Module, *, repeats: int, lengths: tuple[int, int]) -> list[list[str]]:
    """Rows of the table for one network."""
    encoder = Encoder(name, module)
    glob = BLOCKS[name]
    source = torch.Generator().manual_seed(0)
    pictures = {n: torch.randn(n, 3, 224, 224, generator=source) for n in lengths}
    first = encoders.extract(encoder, pictures[lengths[0]], glob, batch_size=BATCH)
    names = list(dict.fromkeys(first.layer.values))
    roads: dict[str, Callable[[torch.Tensor], Any]] = {
        "bare loop": lambda x: bare(module, x),
        "extract, mean-pooled": lambda x: encoders.extract(encoder, x, glob, batch_size=BATCH, pool="mean"),
        "extract, all units in memory": lambda x: encoders.extract(encoder, x, glob, batch_size=BATCH),
        "extract, all units to disk": lambda x: to_disk(encoder, x, glob),
    }
    if importlib.util.find_spec("torchextractor"):
        found = with_peer(module, names, pictures[lengths[0]])
        joined = np.concatenate([found[key] for key in names], axis=1)
        refuse_unless_close(f"{name}, torchextractor", float(np.abs(joined - first.values).max()), 1e-3)
        roads["torchextractor, all units in memory"] = lambda x: with_peer(module, names, x)
    functions = {(road, n): (lambda run=run, n=n: run(pictures[n])) for road, run in roads.items() for n in lengths}
    times = medians({f"{road}|{n}": function for (road, n), function in functions.items()}, repeats=repeats)
    span = lengths[1] - lengths[0]
    per_image = {road: (times[f"{road}|{lengths[1]}"] - times[f"{road}|{lengths[0]}"]) / span for road in roads}
    base = per_image["bare loop"]
    return [
        [name, road, f"{1e3 * value:.0f} ms", f"{100 * (value / base - 1):+.1f} %"] for road, value in per_image.items()
    ]


def to_disk(encoder: Encoder, images: torch.Tensor, glob: str) -> None:
    """Into a fresh store, which is removed."""
    with tempfile.TemporaryDirectory() as folder:
        encoders.extract(encoder, images, glob, batch_size=BATCH, block_size=BATCH, out=Path(folder) / "a.zarr")


MEMORY = """
import json, sys, tempfile
import numpy as np
from pathlib import Path
from neurogeom import encoders
n = int(sys.argv[1])
images = [np.random.default_rng(i % 7).integers(0, 256, (64, 64, 3), dtype=np.uint8) for i in range(7)]
encoder = encoders.random_siglip2(width=192, depth=6, heads=3)
with tempfile.TemporaryDirectory() as folder:
    given = [images[i % 7] for i in range(n)]
    encoders.extract(encoder, given, 'blocks.*', out=Path(folder) / 'a.zarr', batch_size=16, block_size=64)
peak = [line for line in open('/proc/self/status') if line.startswith('VmHWM')][0]
print(json.dumps(int(peak.split()[1]) / 1e3))
"""


def peak_megabytes(n: int) -> float:
    """Peak memory (Linux) of a process that streams n images to a store."""
    done = subprocess.run([sys.executable, "-c", MEMORY, str(n)], capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout))


class Waiting(nn.Module):
    """A forward pass that takes its time without using the processor."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        time.sleep(0.1)
        return x


def overlap() -> float:
    """Wall time over the sum of loading and forward passes that take 0.1 s each; 0.5 is full overlap."""

    def slow(images: Any) -> torch.Tensor:
        time.sleep(0.1)
        return torch.zeros(len(images), 4)

    slow.settings = dict  # type: ignore[attr-defined]
    encoder = Encoder("waiting", nn.Sequential(Waiting()), slow)
    pictures = [np.zeros((4, 4, 3), dtype=np.uint8)] * 40
    start = time.perf_counter()
    encoders.extract(encoder, pictures, "0", batch_size=2)
    return (time.perf_counter() - start) / (2 * 0.1 * 21)


def main() -> None:
    """Compare, time, and print; ``--write`` puts the section in RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats and images")
    parser.add_argument("--write", action="store_true", help="replace the section of RESULTS.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    repeats, lengths = (2, (8, 16)) if options.quick else (5, (8, 24))
    rows = []
    for name, module in networks().items():
        rows += overheads(name, module, repeats=repeats, lengths=lengths)
    text = table(["network", "road", "CPU per image", "over the bare loop"], rows)
    small, large = peak_megabytes(200), peak_megabytes(2000)
    text += (
        f"\n\nBatch {BATCH}, 224 px, one thread, medians of {repeats} interleaved repeats; all blocks are read (12 of "
        "the ViT, 7.2 MB per image; 16 of the ResNet, 22 MB per image). To disk: blocks of 8, each file flushed, "
        "a writer thread. Streaming 200 and 2,000 images (6 blocks of a small ViT) peaked at "
        f"{small:.0f} and {large:.0f} MB. With loading and forward passes of 0.1 s each, wall time was {overlap():.2f} "
        "of their sum (0.5 is full overlap)."
    )
    print(text)
    if options.write:
        write_section("Encoders", text)


if __name__ == "__main__":
    main()
