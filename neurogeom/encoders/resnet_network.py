"""ResNets that pad as TensorFlow does, and attention pooling of maps.

This module imports torch and is loaded when a network is built.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

EPSILON = 1e-5


def same_padding(n: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after n pixels, as TensorFlow's SAME: ⌈n/s⌉ outputs, the odd one after."""
    total = max((-(-n // stride) - 1) * stride + kernel - n, 0)
    return (total // 2, total - total // 2)


def pad_same(x: torch.Tensor, kernel: int, stride: int, value: float) -> torch.Tensor:
    """Maps (B, C, H, W) with SAME padding around them."""
    top, bottom = same_padding(x.shape[2], kernel, stride)
    left, right = same_padding(x.shape[3], kernel, stride)
    return functional.pad(x, (left, right, top, bottom), value=value) if top + bottom + left + right else x


class SameConv(nn.Conv2d):
    """A convolution with SAME padding: at even sizes it differs from symmetric padding."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (B, C, H, W) to (B, C', ⌈H/s⌉, ⌈W/s⌉)."""
        return super().forward(pad_same(x, self.kernel_size[0], self.stride[0], 0.0))


class SameMaxPool(nn.Module):
    """A maximum over 3 × 3 with stride 2 and SAME padding by −∞."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (B, C, H, W) to half the size."""
        return functional.max_pool2d(pad_same(x, 3, 2, float("-inf")), 3, 2)


class Bottleneck(nn.Module):
    """1×1, 3×3 (with the stride), 1×1, and a shortcut."""

    def __init__(self, n_in: int, n_out: int, stride: int, *, shortcut: bool) -> None:
        super().__init__()
        width = n_out // 4
        self.conv1, self.bn1 = SameConv(n_in, width, 1, bias=False), nn.BatchNorm2d(width, EPSILON)
        self.conv2, self.bn2 = SameConv(width, width, 3, stride, bias=False), nn.BatchNorm2d(width, EPSILON)
        self.conv3, self.bn3 = SameConv(width, n_out, 1, bias=False), nn.BatchNorm2d(n_out, EPSILON)
        self.relu = nn.ReLU()
        self.downsample = (
            nn.Sequential(SameConv(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out, EPSILON))
            if shortcut
            else None
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps to maps."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


@dataclass(frozen=True)
class ResNetSize:
    """Sizes of a ResNet with bottlenecks.

    Attributes
    ----------
    blocks, channels : tuple of int
        Blocks and output channels of the four groups.
    stem, n_classes : int
    hidden : (int, int), optional
        Layers of the attention pool; the mean over places where it is None.
    n_masks : int
        Masks of the attention pool.
    """

    blocks: tuple[int, ...] = (3, 4, 6, 3)
    channels: tuple[int, ...] = (256, 512, 1024, 2048)
    stem: int = 64
    n_classes: int = 1000
    hidden: tuple[int, int] | None = None
    n_masks: int = 1


class ResNet(nn.Module):
    """A ResNet of bottlenecks with SAME padding in every convolution, under torchvision's names."""

    def __init__(self, size: ResNetSize, *, padding: str = "haiku") -> None:
        super().__init__()
        self.conv1 = SameConv(3, size.stem, 7, 2, bias=False)
        self.bn1, self.relu = nn.BatchNorm2d(size.stem, EPSILON), nn.ReLU()
        self.maxpool: nn.Module = SameMaxPool() if padding == "haiku" else nn.MaxPool2d(3, 2, 1)
        n_in = size.stem
        for group, (n_blocks, n_out) in enumerate(zip(size.blocks, size.channels, strict=True)):
            stride = 1 if group == 0 else 2
            parts = []
            for index in range(n_blocks):
                parts.append(Bottleneck(n_in, n_out, stride if index == 0 else 1, shortcut=index == 0))
                n_in = n_out
            self.add_module(f"layer{group + 1}", nn.Sequential(*parts))
        self.avgpool: nn.Module = (
            MeanPool() if size.hidden is None else AttentionPool(n_in, size.hidden, n_masks=size.n_masks)
        )
        self.fc = nn.Linear(n_in, size.n_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images (B, 3, H, W) to class scores."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for group in (1, 2, 3, 4):
            x = self.get_submodule(f"layer{group}")(x)
        return self.fc(self.avgpool(x))


class MeanPool(nn.Module):
    """The mean over places."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (B, C, H, W) to (B, C)."""
        return x.mean(dim=(2, 3))


class AttentionPool(nn.Module):
    """h_c = Σ_ij m_ij f_c,ij, m the softmax over all places of a small network of f; channel c uses mask c mod k."""

    def __init__(self, channels: int, hidden: Sequence[int], *, n_masks: int = 1) -> None:
        super().__init__()
        first, second = hidden
        self.module_list = nn.ModuleList(
            [
                nn.Conv2d(channels, first, 1),
                nn.ReLU(),
                nn.Conv2d(first, second, 1),
                nn.ReLU(),
                nn.Conv2d(second, n_masks, 1, bias=False),
            ]
        )

    def masks(self, x: torch.Tensor) -> torch.Tensor:
        """Weights (B, k, H, W) that sum to one over places."""
        scores = x
        for part in self.module_list:
            scores = part(scores)
        return scores.flatten(2).softmax(dim=-1).unflatten(-1, tuple(x.shape[2:]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (B, C, H, W) to (B, C)."""
        masks = self.masks(x)
        repeats = -(-x.shape[1] // masks.shape[1])
        return (masks.repeat(1, repeats, 1, 1)[:, : x.shape[1]] * x).sum(dim=(2, 3))


class MultiScaleAttentionPool(nn.Module):
    """An attention pool for each scale, side by side: m_s = softmax_ij(a_s(f_s)), h_s = Σ m_s f_s.

    Parameters
    ----------
    channels : sequence of int
        Of the maps of each scale.
    hidden : sequence of (int, int)
        Layers of each pool.

    References
    ----------
    Parthasarathy, Eslami, Carreira & Hénaff 2023, arXiv:2210.06433.
    """

    def __init__(self, channels: Sequence[int], hidden: Sequence[Sequence[int]]) -> None:
        super().__init__()
        if len(channels) != len(hidden):
            raise ValueError(f"channels has {len(channels)} scales, hidden {len(hidden)}; give the same number.")
        self.scales = nn.ModuleList([AttentionPool(n, layers) for n, layers in zip(channels, hidden, strict=True)])

    def forward(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """Maps of all scales, each (B, C_s, H_s, W_s), to (B, Σ C_s)."""
        return torch.cat([pool(x) for pool, x in zip(self.scales, maps, strict=True)], dim=1)
