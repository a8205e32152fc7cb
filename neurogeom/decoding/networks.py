"""Networks of images to images (torch): the paper's autoencoder, residual U-Nets, the bias-free denoiser."""

from __future__ import annotations

import torch
from torch import nn

IMAGE_SD = 0.25


class PaperAutoencoder(nn.Module):
    """The autoencoder of Parthasarathy, Batty et al. 2017, layer by layer, 2,188,803 parameters at width 1.

    Encoder with stride 2: 64@7, 128@5, 256@3, 256@3, each convolution, batch normalization, ReLU; dropout after the
    last three. Decoder: nearest ×2 and 256@3, 128@3, 64@5 likewise, then ×2, 1@7 and a batch normalization, whose
    scale and shift start at the images' SD and mean (at unit scale it does not learn in any reasonable time).

    Parameters
    ----------
    width : float
        Share of the channels.
    dropout : float
    image_sd, image_mean : float
    """

    def __init__(
        self, *, width: float = 1.0, dropout: float = 0.25, image_sd: float = 0.2, image_mean: float = 0.0
    ) -> None:
        super().__init__()
        c1, c2, c3 = (max(int(round(width * channels)), 1) for channels in (64, 128, 256))
        down = [(1, c1, 7), (c1, c2, 5), (c2, c3, 3), (c3, c3, 3)]
        up = [(c3, c3, 3), (c3, c2, 3), (c2, c1, 5)]
        parts: list[nn.Module] = []
        for number, (before, after, kernel) in enumerate(down):
            parts += [nn.Conv2d(before, after, kernel, stride=2, padding=kernel // 2), nn.BatchNorm2d(after), nn.ReLU()]
            parts += [nn.Dropout(dropout)] if number else []
        for before, after, kernel in up:
            parts += [nn.Upsample(scale_factor=2), nn.Conv2d(before, after, kernel, padding=kernel // 2)]
            parts += [nn.BatchNorm2d(after), nn.ReLU(), nn.Dropout(dropout)]
        last = nn.BatchNorm2d(1)
        nn.init.constant_(last.weight, image_sd)
        nn.init.constant_(last.bias, image_mean)
        self.layers = nn.Sequential(*parts, nn.Upsample(scale_factor=2), nn.Conv2d(c1, 1, 7, padding=3), last)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (n, height, width), both multiples of 16."""
        return self.layers(images[:, None])[:, 0]


class ResidualUNet(nn.Module):
    """A small U-Net that returns its input plus a correction: no batch normalization, Kaiming start.

    Two 3 × 3 convolutions with ReLU at each scale, average pooling, nearest ×2, skips; the input is scaled by 4, the
    correction by `scale`, the last convolution starts at zero, so that the network starts as the identity.

    Parameters
    ----------
    channels : tuple of int
        At each scale.
    n_inputs : int
        2 where the second channel tells the noise.
    scale : float
    """

    def __init__(self, *, channels: tuple[int, ...] = (16, 32, 48), n_inputs: int = 1, scale: float = 0.2) -> None:
        super().__init__()
        self.scale = scale
        before = [n_inputs, *channels[:-1]]
        self.down = nn.ModuleList([_two(a, b) for a, b in zip(before, channels)])
        self.up = nn.ModuleList([_two(a + b, b) for a, b in zip(channels[:0:-1], channels[-2::-1])])
        self.last = nn.Conv2d(channels[0], 1, 3, padding=1)
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
                nn.init.zeros_(part.bias)  # type: ignore[arg-type]
        nn.init.zeros_(self.last.weight)

    def correction(self, inputs: torch.Tensor) -> torch.Tensor:
        """What is added, (n, 1, height, width), of inputs (n, channels, height, width)."""
        kept = []
        x = inputs
        for number, block in enumerate(self.down):
            x = block(nn.functional.avg_pool2d(x, 2) if number else x)
            kept.append(x)
        for block, skip in zip(self.up, kept[-2::-1]):
            larger = nn.functional.interpolate(x, size=skip.shape[-2:], mode="nearest")
            x = block(torch.cat([larger, skip], dim=1))
        return self.scale * self.last(x)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (n, height, width)."""
        return images + self.correction(4.0 * images[:, None])[:, 0]


class ConditionedDenoiser(nn.Module):
    r"""A U-Net that is told the SD of the noise, with inputs and targets of unit variance at every level.

    :math:`D(x) = c_s x + c_o F(c_i x, \ln σ / 4)` with :math:`c_s = s^2 / (σ^2 + s^2)`,
    :math:`c_o = σ s / \sqrt{σ^2 + s^2}`, :math:`c_i = 1 / \sqrt{σ^2 + s^2}` and s = .25 the SD of images (Karras et al.
    2022, table 1). F starts at zero, so D starts as the best scaling of the noisy image.

    Parameters
    ----------
    channels : tuple of int
    """

    def __init__(self, *, channels: tuple[int, ...] = (16, 32, 48, 64)) -> None:
        super().__init__()
        self.net = ResidualUNet(channels=channels, n_inputs=2, scale=1.0)

    def forward(self, images: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        """Noisy images (n, height, width) and SD (n,)."""
        s = sigma[:, None, None, None]
        total = (s**2 + IMAGE_SD**2).sqrt()
        told = (s.log() / 4.0).expand(-1, 1, *images.shape[1:])
        inputs = torch.cat([images[:, None] / total, told], dim=1)
        found = images[:, None] * (IMAGE_SD / total) ** 2 + s * IMAGE_SD / total * self.net.correction(inputs)
        return found[:, 0]


class BiasFreeDnCNN(nn.Module):
    """The bias-free denoiser of Mohan et al. 2020: 20 convolutions of 64 channels, returns the noise of images in 0–1.

    Parameters
    ----------
    depth, channels : int
    """

    def __init__(self, *, depth: int = 20, channels: int = 64) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, channels, 3, padding=1, bias=False)
        hidden = [nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(depth - 2)]
        self.hidden = nn.ModuleList(hidden)
        self.last = nn.Conv2d(channels, 1, 3, padding=1, bias=False)
        self.register_buffer("scales", torch.ones(depth - 2, channels))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (n, height, width) in 0–1 to their noise."""
        x = torch.relu(self.first(images[:, None]))
        for layer, scale in zip(self.hidden, self.scales):  # type: ignore[arg-type]
            x = torch.relu(layer(x) * scale[None, :, None, None])
        return self.last(x)[:, 0]


def n_parameters(module: nn.Module) -> int:
    """Number of trained parameters."""
    return sum(parameter.numel() for parameter in module.parameters())


def _two(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.Conv2d(after, after, 3, padding=1), nn.ReLU()
    )
