"""Small networks with the habits of large ones, and images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn


def seeded(build, seed=0):
    """A module whose random weights do not depend on what ran before."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build()


def convolutional(seed=0):
    """Two maps (the first followed by an in-place ReLU), then a vector."""
    return seeded(
        lambda: nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(4, 6, 3, stride=2), nn.Flatten(),
            nn.Linear(6 * 49, 5),
        ),
        seed,
    )  # fmt: skip


class TokenNetwork(nn.Module):
    """Patches of 4 pixels as tokens after a class token."""

    def __init__(self, width=6):
        super().__init__()
        self.embed = nn.Conv2d(3, width, 4, stride=4)
        self.tokens = nn.Identity()
        self.block = nn.Linear(width, width)
        self.head = nn.Linear(width, 3)

    def forward(self, x):
        patches = self.embed(x).flatten(2).transpose(1, 2)
        tokens = self.tokens(torch.cat([patches.mean(dim=1, keepdim=True), patches], dim=1))
        return self.head(self.block(tokens)[:, 0])


def pictures(n=10, size=16, seed=1):
    return np.random.default_rng(seed).integers(0, 256, size=(n, size, size, 3), dtype=np.uint8)


def write_pictures(folder: Path, n=10, size=16, groups=("cat", "dog")):
    """PNG files in a sub-folder for each group."""
    for index, image in enumerate(pictures(n, size)):
        path = folder / groups[index % len(groups)] / f"image_{index:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return folder


def n_hooks(module):
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in module.modules())
