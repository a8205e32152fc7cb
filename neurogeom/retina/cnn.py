"""A small convolutional encoder from images to the counts of many cells (torch)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from neurogeom._core.progress import progress as progress_bar
from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_real
from neurogeom._core.warnings import DegenerateInputWarning, warn
from neurogeom.retina.counts import as_counts, labeled_counts
from neurogeom.retina.mosaic import Mosaic
from neurogeom.retina.nonlinearity import poisson_loss
from neurogeom.stimuli import as_images

if TYPE_CHECKING:
    import torch


class CNNEncoder:
    r"""Poisson counts with rates from shared convolutions and one place and mixture of features for each cell.

    Two convolutions with ReLU, then for each cell a spatial mask times feature weights, then softplus. The masks start
    at the cells' positions.

    Parameters
    ----------
    mosaic : Mosaic
        Gives number and positions of cells.
    channels : int
        Features.
    kernel : int
        Width of the first convolution in pixels, odd; the second is 3 wide.
    seed : int, optional
        Of the start.

    Raises
    ------
    TypeError, ValueError
        Counts that are no positive whole numbers, an even kernel.

    References
    ----------
    McIntosh et al. 2016, NIPS 29:1369; Klindt et al. 2017, NIPS 30:3506 (place and features).

    Examples
    --------
    >>> mosaic = Mosaic.from_counts({"on_midget": 4}, (12, 12), seed=0)
    >>> images = np.random.default_rng(0).uniform(-0.5, 0.5, (8, 12, 12)).astype(np.float32)
    >>> CNNEncoder(mosaic, channels=2, kernel=5, seed=0).predict_rate(images).shape
    (8, 4)
    """

    def __init__(self, mosaic: Mosaic, *, channels: int = 8, kernel: int = 11, seed: int | None = 0) -> None:
        self.mosaic, self.seed = mosaic, resolve_seed(seed)
        self.channels, self.kernel = check_count("channels", channels), check_count("kernel", kernel, minimum=3)
        if kernel % 2 == 0:
            raise ValueError(f"kernel={kernel} is even; an odd width is needed, so that it has a middle.")
        self.is_fitted = False
        self.module = _build(mosaic, self.channels, self.kernel, self.seed)

    def predict_rate(self, images: Any) -> np.ndarray:
        """Return the expected counts, shape (n, n_cells).

        Parameters
        ----------
        images : array-like, shape (n, height, width)

        Returns
        -------
        ndarray
        """
        import torch

        values = as_images(images, shape=self.mosaic.shape).astype(np.float32)
        out = []
        with torch.no_grad():
            for start in range(0, len(values), 256):
                out.append(self.module(torch.from_numpy(values[start : start + 256].copy())).double().numpy())
        return np.maximum(np.concatenate(out), 1e-6)

    def simulate(self, images: Any, *, seed: int | None = None) -> xr.DataArray:
        """Draw Poisson counts (presentation, neuroid).

        Parameters
        ----------
        images : array-like, shape (n, height, width)
        seed : int, optional

        Returns
        -------
        DataArray
        """
        seed = resolve_seed(seed)
        if not self.is_fitted:
            warn("the network is not trained, so its counts mean little. Call fit(images, counts) first.",
                 DegenerateInputWarning)  # fmt: skip
        counts = generator(seed, 53).poisson(self.predict_rate(images))
        return labeled_counts(counts, self.mosaic, images, model="cnn", seed=seed)

    def log_likelihood(self, images: Any, counts: Any) -> np.ndarray:
        """Return the log-likelihood of counts in nats, ln n! included, shape (n, n_cells).

        Parameters
        ----------
        images : array-like, shape (n, height, width)
        counts : array-like, shape (n, n_cells)

        Returns
        -------
        ndarray
        """
        return -poisson_loss(as_counts(counts, n_cells=self.mosaic.n_cells), self.predict_rate(images))

    def fit(
        self,
        images: Any,
        counts: Any,
        *,
        epochs: int = 20,
        batch_size: int = 64,
        learning_rate: float = 3e-3,
        smoothness: float = 1e-3,
        progress: bool = False,
    ) -> CNNEncoder:
        """Train with Adam on the Poisson loss; the weights with the best loss on the last tenth are kept.

        Parameters
        ----------
        images : array-like, shape (n, height, width)
        counts : array-like, shape (n, n_cells)
        epochs, batch_size : int
        learning_rate : float
        smoothness : float
            Penalty on the absolute values of masks.
        progress : bool
            Show a bar.

        Returns
        -------
        CNNEncoder
            Itself.

        Raises
        ------
        ValueError
            Images and counts that do not fit together.
        """
        import torch

        from neurogeom.training.classifier import own_random_state

        values = as_images(images, shape=self.mosaic.shape).astype(np.float32)
        spikes = as_counts(counts, n_cells=self.mosaic.n_cells).astype(np.float32)
        if len(values) != len(spikes) or len(values) < 10:
            raise ValueError(f"images has {len(values)}, counts {len(spikes)} entries; as many, and 10, are needed.")
        epochs, batch_size = check_count("epochs", epochs), check_count("batch_size", batch_size)
        rate = check_real("learning_rate", learning_rate, minimum=0.0, strict=True)
        x, n = torch.from_numpy(values.copy()), torch.from_numpy(spikes)
        n_train = len(x) - max(len(x) // 10, 1)
        optimizer = torch.optim.Adam(self.module.parameters(), lr=rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
        best, kept = np.inf, {key: value.clone() for key, value in self.module.state_dict().items()}
        draw = generator(self.seed, 59)
        with own_random_state(self.seed):
            for _ in progress_bar(range(epochs), total=epochs, description="training", enabled=progress):
                order = draw.permutation(n_train)
                for start in range(0, n_train, batch_size):
                    index = torch.from_numpy(order[start : start + batch_size])
                    loss = _loss(self.module(x[index]), n[index]) + smoothness * self.module.mask.abs().mean()
                    optimizer.zero_grad(set_to_none=True)
                    loss.backward()
                    optimizer.step()
                schedule.step()
                with torch.no_grad():
                    held = float(_loss(self.module(x[n_train:]), n[n_train:]))
                if held < best:
                    best, kept = held, {key: value.clone() for key, value in self.module.state_dict().items()}
        self.module.load_state_dict(kept)
        self.is_fitted = True
        return self


def _loss(rate: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    return (rate - counts * rate.clamp_min(1e-6).log()).mean()


def _build(mosaic: Mosaic, channels: int, kernel: int, seed: int) -> Any:
    """The module, its start drawn from the seed."""
    import torch
    from torch import nn

    from neurogeom.training.classifier import own_random_state

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Conv2d(1, channels, kernel, padding=kernel // 2)
            self.second = nn.Conv2d(channels, channels, 3, padding=1)
            y, x = np.mgrid[: mosaic.shape[0], : mosaic.shape[1]] + 0.5
            far = (y - mosaic.positions[:, 0, None, None]) ** 2 + (x - mosaic.positions[:, 1, None, None]) ** 2
            start = np.exp(-far / (2 * 1.5**2)).reshape(mosaic.n_cells, -1)
            self.mask = nn.Parameter(torch.from_numpy((start / start.sum(axis=1, keepdims=True)).astype(np.float32)))
            self.mix = nn.Parameter(torch.randn(mosaic.n_cells, channels) / channels**0.5)
            self.offset = nn.Parameter(torch.ones(mosaic.n_cells))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            features = self.second(torch.relu(self.first(4.0 * images[:, None]))).relu().flatten(2)
            placed = torch.einsum("bcp,np->bnc", features, self.mask)
            return nn.functional.softplus(torch.einsum("bnc,nc->bn", placed, self.mix) + self.offset)

    with own_random_state(seed):
        return Encoder()
