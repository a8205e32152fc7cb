"""A network trained on handwritten digits there and then: the example of the demo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count
from neurogeom.datasets import load
from neurogeom.encoders.activations import layer_activations
from neurogeom.training import TrainingHistory, fit_classifier
from neurogeom.training.classifier import in_mode, own_random_state

if TYPE_CHECKING:
    import torch

N_CLASSES = 10


@dataclass(frozen=True)
class DigitsNetwork:
    """A trained network with the digits that it has not seen.

    Attributes
    ----------
    module : torch.nn.Module
        Layers ``conv1``, ``conv2``, ``hidden1``, ``hidden2`` (after their nonlinearity) and ``logits``.
    images : DataArray (presentation, neuroid)
        Held-out images, pixels in [0, 1], with coordinates ``digit`` and ``stimulus_id``.
    test_accuracy : float
        Share of the held-out images that the network names correctly.
    history : TrainingHistory
    seed : int
    """

    module: torch.nn.Module
    images: xr.DataArray
    test_accuracy: float
    history: TrainingHistory
    seed: int

    def activations(self, n_per_class: int = 20) -> dict[str, xr.DataArray]:
        """Responses of the pixels and of each layer to held-out images, the same number for each digit.

        Parameters
        ----------
        n_per_class : int
            Images of each digit, the first ones of ``images``.

        Returns
        -------
        dict of str to DataArray (presentation, neuroid)
            Keys ``pixels``, ``conv1``, … in the order of depth; coordinate ``digit`` on ``presentation``.

        Raises
        ------
        ValueError
            Where a digit has fewer held-out images.
        """
        n_per_class = check_count("n_per_class", n_per_class)
        digit = self.images["digit"].values
        fewest = int(np.bincount(digit, minlength=N_CLASSES).min())
        if n_per_class > fewest:
            raise ValueError(f"n_per_class={n_per_class} is more than the {fewest} held-out images of a digit.")
        chosen = np.concatenate([np.flatnonzero(digit == k)[:n_per_class] for k in range(N_CLASSES)])
        pixels = self.images.isel(presentation=chosen).rename("pixels")
        return {"pixels": pixels, **layer_activations(self.module, pixels, LAYERS)}

    def __repr__(self) -> str:
        return (
            f"DigitsNetwork (seed {self.seed}): {len(self.images)} held-out images, test accuracy "
            f"{self.test_accuracy:.3f}; {self.history!r}"
        )


LAYERS = ("conv1", "conv2", "hidden1", "hidden2", "logits")


def digits_network(
    seed: int | None = None, *, n_units: int = 512, epochs: int = 12, train: bool = True
) -> DigitsNetwork:
    """Train a small network on scikit-learn's 8 × 8 digits; takes a few seconds and no network.

    A third of the images, the same share of each digit, is held out for the analysis.

    Parameters
    ----------
    seed : int, optional
        Of the weights, the split, and the order of batches. Same seed, same network.
    n_units : int
        Units of each hidden layer. Narrow layers put every capacity on its floor P/rank.
    epochs : int
    train : bool
        False gives the untrained twin, with the same initial weights and the same held-out images.

    Returns
    -------
    DigitsNetwork

    Raises
    ------
    TypeError, ValueError
        Sizes, epochs or a seed that are no whole numbers, or too small.

    Examples
    --------
    >>> network = digits_network(seed=0, train=False)
    >>> {name: array.shape[1] for name, array in network.activations(2).items()}
    {'pixels': 64, 'conv1': 2048, 'conv2': 1024, 'hidden1': 512, 'hidden2': 512, 'logits': 10}
    """
    import torch
    from threadpoolctl import threadpool_limits

    n_units, epochs, seed = check_count("n_units", n_units), check_count("epochs", epochs), resolve_seed(seed)
    images = load("digits")
    digit = images["digit"].values
    held_out = _held_out(digit, seed)
    with own_random_state(seed):
        module = _build(n_units)
    if train:
        # Layers this small gain nothing from threads, and where other processes are busy threads wait for each other.
        with threadpool_limits(1):
            history = fit_classifier(module, images.values[~held_out], digit[~held_out], epochs=epochs, seed=seed)
    else:
        history = TrainingHistory(np.full(1, np.nan), np.full(1, np.nan), tuple(range(N_CLASSES)), {"seed": seed})
    unseen = images.isel(presentation=np.flatnonzero(held_out))
    with in_mode(module, training=False), torch.inference_mode():
        guesses = module(torch.tensor(unseen.values, dtype=torch.float32)).argmax(dim=1).numpy()
    return DigitsNetwork(module, unseen, float(np.mean(guesses == unseen["digit"].values)), history, seed)


def _held_out(digit: np.ndarray, seed: int) -> np.ndarray:
    """True for a third of the images of each digit."""
    held_out = np.zeros(len(digit), dtype=bool)
    for k in range(N_CLASSES):
        members = generator(seed, k).permutation(np.flatnonzero(digit == k))
        held_out[members[: len(members) // 3]] = True
    return held_out


def _build(n_units: int) -> torch.nn.Module:
    """Two convolutions and two hidden layers; each named layer ends with its nonlinearity."""
    from collections import OrderedDict

    from torch import nn

    return nn.Sequential(
        OrderedDict(
            image=nn.Unflatten(1, (1, 8, 8)),
            conv1=nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU()),
            conv2=nn.Sequential(nn.Conv2d(32, 64, 3, padding=1, stride=2), nn.ReLU()),
            flat=nn.Flatten(),
            hidden1=nn.Sequential(nn.Linear(64 * 16, n_units), nn.ReLU()),
            hidden2=nn.Sequential(nn.Linear(n_units, n_units), nn.ReLU()),
            logits=nn.Linear(n_units, N_CLASSES),
        )
    )
