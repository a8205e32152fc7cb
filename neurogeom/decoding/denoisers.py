"""Denoisers as priors: one that is told the noise and trained here, and the published blind one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from neurogeom._core.progress import progress as progress_bar
from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_real
from neurogeom.io.atomic import atomic_path
from neurogeom.stimuli import as_images


class Denoiser(Protocol):
    """Takes noisy images in [−0.5, 0.5] and the SD of their noise, returns the expected clean images."""

    is_blind: bool

    def denoise(self, images: np.ndarray, sigma: float) -> np.ndarray:
        """Clean images (n, height, width)."""


class TrainedDenoiser:
    """A small residual U-Net that is told the noise level; made by :func:`train_denoiser`.

    Parameters
    ----------
    channels : tuple of int
        At each scale.
    seed : int
        Of the start.

    Examples
    --------
    >>> TrainedDenoiser(channels=(4, 8)).denoise(np.zeros((1, 8, 8)), 0.1).shape
    (1, 8, 8)
    """

    is_blind = False

    def __init__(self, *, channels: tuple[int, ...] = (16, 32, 48, 64), seed: int = 0) -> None:
        from neurogeom.decoding.networks import ConditionedDenoiser
        from neurogeom.training.classifier import own_random_state

        self.channels = tuple(int(channel) for channel in channels)
        with own_random_state(seed):
            self.module = ConditionedDenoiser(channels=self.channels)

    def denoise(self, images: np.ndarray, sigma: float) -> np.ndarray:
        """Return the expected clean images.

        Parameters
        ----------
        images : ndarray (n, height, width)
        sigma : float
            SD of the noise, in units of the range [−0.5, 0.5].

        Returns
        -------
        ndarray, float64
        """
        import torch

        x = torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32))
        with torch.no_grad():
            return self.module(x, torch.full((len(x),), float(sigma))).double().numpy()

    def arrays(self) -> dict[str, np.ndarray]:
        """Weights by name."""
        return {key: value.numpy() for key, value in self.module.state_dict().items()}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the weights as safetensors, whole or not at all."""
        from safetensors.numpy import save_file

        with atomic_path(path) as temporary:
            kept = {key: np.ascontiguousarray(value) for key, value in self.arrays().items()}
            save_file(kept, temporary, {"channels": " ".join(map(str, self.channels))})
        return Path(path)

    @classmethod
    def from_arrays(cls, channels: Any, arrays: Mapping[str, np.ndarray]) -> TrainedDenoiser:
        """Return the denoiser with these weights."""
        import torch

        found = cls(channels=tuple(int(channel) for channel in channels))
        found.module.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in arrays.items()})
        return found

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TrainedDenoiser:
        """Read weights that :meth:`save` wrote."""
        from safetensors import safe_open

        if not Path(path).exists():
            raise FileNotFoundError(2, "there is no such file", str(path))
        with safe_open(path, framework="np") as file:
            channels = (file.metadata() or {}).get("channels")
            if channels is None:
                raise ValueError(f"{path} is no denoiser of this package; the published one is BlindDenoiser.load's.")
            return cls.from_arrays(channels.split(), {key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118


class BlindDenoiser:
    """The published bias-free denoiser, which estimates the noise by itself (Mohan et al. 2020).

    Parameters
    ----------
    module : torch.nn.Module
        From images in 0–1 to their noise.

    References
    ----------
    Mohan, Kadkhodaie, Simoncelli & Fernandez-Granda 2020, ICLR.
    """

    is_blind = True

    def __init__(self, module: Any) -> None:
        self.module = module

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> BlindDenoiser:
        """Read the weights of ``bf_dncnn_0-100.safetensors``.

        Parameters
        ----------
        path : path

        Returns
        -------
        BlindDenoiser

        Raises
        ------
        FileNotFoundError
            No such file.
        ValueError
            Weights of another network.
        """
        import torch
        from safetensors.numpy import load_file

        from neurogeom.decoding.networks import BiasFreeDnCNN

        if not Path(path).exists():
            raise FileNotFoundError(2, "there is no such file", str(path))
        given = load_file(path)
        depth = 2 + sum(key.startswith("hidden_layer_list.") for key in given)
        try:
            module = BiasFreeDnCNN(depth=depth, channels=given["first_layer.weight"].shape[0])
            state = {"first.weight": given["first_layer.weight"], "last.weight": given["last_layer.weight"]}
            scales = []
            for i in range(depth - 2):
                state[f"hidden.{i}.weight"] = given[f"hidden_layer_list.{i}.weight"]
                spread = np.sqrt(given[f"bn_layer_list.{i}.running_var"].ravel()) + 1e-5
                scales.append(given[f"bn_layer_list.{i}.weight"].ravel() / spread)
            state["scales"] = np.stack(scales).astype(np.float32)
            module.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in state.items()})
        except (KeyError, RuntimeError, ValueError) as error:
            raise ValueError(f"{path} does not hold the bias-free denoiser: {error}.") from error
        return cls(module)

    def denoise(self, images: np.ndarray, sigma: float = 0.0) -> np.ndarray:
        """Return the expected clean images; `sigma` is not used, for the network is blind.

        Parameters
        ----------
        images : ndarray (n, height, width)
            In [−0.5, 0.5].
        sigma : float

        Returns
        -------
        ndarray, float64
        """
        import torch

        out = []
        with torch.no_grad():
            for start in range(0, len(images), 16):
                x = torch.from_numpy(np.ascontiguousarray(images[start : start + 16], dtype=np.float32)) + 0.5
                out.append((x - self.module(x) - 0.5).double().numpy())
        return np.concatenate(out)


class GaussianDenoiser:
    """The exact denoiser of a Gaussian prior, μ + S (S + σ²)⁻¹ (x − μ): for tests, and to see what a network adds.

    Parameters
    ----------
    mean : ndarray (height, width)
    power : ndarray (height, width)
        S at each frequency, for the unitary Fourier transform.

    Examples
    --------
    >>> GaussianDenoiser(np.zeros((2, 2)), np.ones((2, 2))).denoise(np.ones((1, 2, 2)), 1.0)[0].tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """

    is_blind = False

    def __init__(self, mean: np.ndarray, power: np.ndarray) -> None:
        self.mean, self.power = mean, power

    def denoise(self, images: np.ndarray, sigma: float) -> np.ndarray:
        """Return the posterior means of noisy images (n, height, width)."""
        shrink = self.power / (self.power + sigma**2)
        return self.mean + np.fft.ifft2(shrink * np.fft.fft2(images - self.mean)).real


def train_denoiser(
    images: Any,
    *,
    channels: tuple[int, ...] = (16, 32, 48, 64),
    sigma: tuple[float, float] = (0.01, 0.4),
    n_steps: int = 1500,
    batch_size: int = 16,
    learning_rate: float = 2e-3,
    seed: int | None = 0,
    progress: bool = False,
) -> TrainedDenoiser:
    """Train a denoiser on images with Gaussian noise of log-uniform SD, which it is told.

    The squared error is divided by that of the best scaling, so that all levels count alike; Adam, with a linear decay
    over the last 40 %.

    Parameters
    ----------
    images : array-like, shape (n, height, width)
        Training images in [−0.5, 0.5].
    channels : tuple of int
        Of the U-Net at each scale.
    sigma : tuple of float
        Smallest and largest SD of the noise.
    n_steps, batch_size : int
    learning_rate : float
    seed : int, optional
    progress : bool
        Show a bar.

    Returns
    -------
    TrainedDenoiser

    Raises
    ------
    TypeError, ValueError
        Images out of range, noise that is not positive.

    References
    ----------
    Zhang, Zuo & Zhang 2018, IEEE Trans. Image Process. 27:4608 (the noise level as an input); Karras, Aittala, Aila &
    Laine 2022, NeurIPS 35 (scales of inputs and targets).

    Examples
    --------
    >>> images = np.random.default_rng(0).uniform(-0.5, 0.5, (20, 16, 16))
    >>> train_denoiser(images, channels=(4, 8), n_steps=3).denoise(images[:1], 0.1).shape
    (1, 16, 16)
    """
    import torch

    from neurogeom.decoding.networks import IMAGE_SD

    values, seed = as_images(images).astype(np.float32), resolve_seed(seed)
    n_steps, batch_size = check_count("n_steps", n_steps), check_count("batch_size", batch_size)
    low = check_real("sigma", sigma[0], minimum=0.0, strict=True)
    high = check_real("sigma", sigma[1], minimum=low)
    rate = check_real("learning_rate", learning_rate, minimum=0.0, strict=True)
    denoiser, draw = TrainedDenoiser(channels=channels, seed=seed), generator(seed, 73)
    optimizer = torch.optim.Adam(denoiser.module.parameters(), lr=rate)
    for step in progress_bar(range(n_steps), total=n_steps, description="denoiser", enabled=progress):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (n_steps - step) / (0.4 * n_steps))
        clean = torch.from_numpy(values[draw.integers(len(values), size=batch_size)])
        sd = torch.from_numpy(np.exp(draw.uniform(np.log(low), np.log(high), batch_size)).astype(np.float32))
        noise = torch.from_numpy(draw.standard_normal(clean.shape, dtype=np.float32))
        found = denoiser.module(clean + sd[:, None, None] * noise, sd)
        weight = (sd**2 + IMAGE_SD**2) / (sd * IMAGE_SD) ** 2
        loss = (weight[:, None, None] * (found - clean) ** 2).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return denoiser
