"""A process that extracts slowly, for tests that kill it: ``python extract_and_die.py IMAGES OUT``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch
from torch import nn

from neurogeom import encoders


class Slow(nn.Module):
    """Twice its input, after a while."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.small, self.large = nn.Identity(), nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        time.sleep(self.seconds)
        return self.large(2 * self.small(x))


def run(images: Path, out: Path, seconds: float = 0.0):
    """The extraction that is killed, resumed and done in one go."""
    encoder = encoders.as_encoder(Slow(seconds), name="slow", preprocess=encoders.Preprocess(resize=16))
    return encoders.extract(encoder, images, "all", out=out, batch_size=2, block_size=4)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), 0.05)
