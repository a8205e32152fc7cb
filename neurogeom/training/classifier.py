"""A small supervised loop: cross-entropy, AdamW, mini-batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurogeom._core.progress import progress as progress_bar
from neurogeom._core.random import resolve_seed
from neurogeom._core.responses import group
from neurogeom._core.validation import check_count, check_labels, check_real

if TYPE_CHECKING:
    import torch

TORCH_SEED_MODULUS = 2**63


@dataclass(frozen=True)
class TrainingHistory:
    """What happened during training.

    Attributes
    ----------
    loss, accuracy : arrays (epochs,)
        Mean cross-entropy (nats) and share correct over the batches of each epoch, as they were during training.
    classes : tuple
        The label that each output stands for, in order.
    settings : dict
        All arguments, with the seed that was used.
    """

    loss: np.ndarray
    accuracy: np.ndarray
    classes: tuple[Any, ...]
    settings: dict[str, Any] = field(default_factory=dict)

    def to_dataframe(self) -> pd.DataFrame:
        """One row per epoch."""
        index = pd.RangeIndex(1, len(self.loss) + 1, name="epoch")
        return pd.DataFrame({"loss": self.loss, "accuracy": self.accuracy}, index=index)

    def __repr__(self) -> str:
        return (
            f"TrainingHistory: {len(self.loss)} epochs, loss {self.loss[0]:.3g} → {self.loss[-1]:.3g}, "
            f"training accuracy {self.accuracy[-1]:.3f}, {len(self.classes)} classes"
        )


def fit_classifier(
    module: torch.nn.Module,
    inputs: Any,
    labels: Any,
    *,
    epochs: int = 20,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    weight_decay: float = 0.0,
    seed: int | None = None,
    progress: bool = False,
) -> TrainingHistory:
    """Train a network to name the class of its input, with cross-entropy and AdamW.

    The module's parameters are trained in place, as everywhere in torch. Batches and dropout depend on ``seed`` alone:
    torch's global random state is neither used nor changed.

    Parameters
    ----------
    module : torch.nn.Module
        Takes a batch of inputs and gives scores (batch, number of classes).
    inputs : array or tensor (n, …)
    labels : array (n,)
        Integers or names; output k stands for the k-th label in sorted order.
    epochs, batch_size : int
    learning_rate, weight_decay : float
    seed : int, optional
    progress : bool
        Show a progress bar over epochs.

    Returns
    -------
    TrainingHistory

    Raises
    ------
    ValueError
        Labels of the wrong length, fewer outputs than classes, or a loss that is no longer finite.

    References
    ----------
    Loshchilov & Hutter 2019, Decoupled weight decay regularization (AdamW).

    Examples
    --------
    >>> import numpy as np, torch
    >>> rng = np.random.default_rng(0)
    >>> inputs = np.r_[rng.normal(-2, 1, (40, 2)), rng.normal(2, 1, (40, 2))]
    >>> history = fit_classifier(torch.nn.Linear(2, 2), inputs, [0] * 40 + [1] * 40, learning_rate=0.1, seed=0)
    >>> bool(history.accuracy[-1] > 0.9)
    True
    """
    import torch

    epochs, batch_size = check_count("epochs", epochs), check_count("batch_size", batch_size)
    learning_rate = check_real("learning_rate", learning_rate, minimum=0.0, strict=True)
    weight_decay = check_real("weight_decay", weight_decay, minimum=0.0)
    seed = resolve_seed(seed)
    x = as_input_tensor(inputs, module)
    codes, classes = group(check_labels(labels, len(x), name="labels"))
    y = torch.as_tensor(codes, device=x.device)
    optimizer = torch.optim.AdamW(module.parameters(), lr=learning_rate, weight_decay=weight_decay)
    losses, accuracies = np.zeros(epochs), np.zeros(epochs)
    with own_random_state(seed), in_mode(module, training=True):
        order = torch.Generator().manual_seed(seed % TORCH_SEED_MODULUS)
        for epoch in progress_bar(range(epochs), total=epochs, description="training", enabled=progress):
            losses[epoch], accuracies[epoch] = _run_epoch(module, x, y, optimizer, batch_size, order, len(classes))
            if not np.isfinite(losses[epoch]):
                raise ValueError(
                    f"The loss is not finite in epoch {epoch + 1}. Use a smaller learning_rate than {learning_rate}, "
                    "or scale the inputs."
                )
    settings = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "seed": seed,
    }
    return TrainingHistory(losses, accuracies, tuple(classes), settings)


def as_input_tensor(inputs: Any, module: torch.nn.Module) -> torch.Tensor:
    """Inputs as a tensor of the module's own dtype and device; NaN and inf are refused."""
    import torch

    parameter = next((p for p in module.parameters() if p.is_floating_point()), torch.zeros(0))
    if not torch.is_tensor(inputs):
        array = np.asarray(inputs)
        if array.dtype.kind not in "iubf":
            raise TypeError(f"inputs has dtype {array.dtype}; needed are numbers, shape (n, …).")
        inputs = torch.tensor(array)
    if inputs.ndim < 2 or len(inputs) == 0:
        raise ValueError(f"inputs has shape {tuple(inputs.shape)}; needed is (n, …) with at least one input.")
    x = inputs.detach().to(parameter.device, parameter.dtype)
    if not bool(torch.isfinite(x).all()):
        raise ValueError("inputs holds NaN or inf. Remove these inputs before they reach the network.")
    return x


@contextmanager
def own_random_state(seed: int) -> Iterator[None]:
    """torch seeded inside, and its global random state as before outside, also after an error."""
    import torch

    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        # the state seeded here is the forked one, which is put back on leaving
        torch.default_generator.manual_seed(seed % TORCH_SEED_MODULUS)
        if devices:
            torch.cuda.manual_seed_all(seed % TORCH_SEED_MODULUS)
        yield


@contextmanager
def in_mode(module: torch.nn.Module, *, training: bool) -> Iterator[None]:
    """All submodules in training or evaluation mode inside, each in its former mode afterwards."""
    before = {part: part.training for part in module.modules()}
    module.train(training)
    try:
        yield
    finally:
        for part, mode in before.items():
            part.training = mode


def _run_epoch(
    module: torch.nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
    optimizer: torch.optim.Optimizer,
    batch_size: int,
    order: torch.Generator,
    n_classes: int,
) -> tuple[float, float]:
    """One pass over shuffled batches: mean loss and share correct."""
    import torch

    total_loss, n_correct = 0.0, 0
    for batch in torch.randperm(len(x), generator=order).split(batch_size):
        scores = module(x[batch])
        if scores.ndim != 2 or scores.shape[1] < n_classes:
            raise ValueError(
                f"module gives scores of shape {tuple(scores.shape)}; needed is (batch, {n_classes} or more), one "
                "score for each class."
            )
        loss = torch.nn.functional.cross_entropy(scores, y[batch])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total_loss += float(loss.detach()) * len(batch)
        n_correct += int((scores.detach().argmax(dim=1) == y[batch]).sum())
    return total_loss / len(x), n_correct / len(x)
