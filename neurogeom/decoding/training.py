"""Training of a network from images to images: early stopping, checkpoints, resuming."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neurogeom._core.progress import progress as progress_bar
from neurogeom._core.random import generator
from neurogeom.io.atomic import atomic_path


@dataclass
class TrainingLog:
    """What happened: validation MSE after each epoch, the best epoch, and how many image-steps were made."""

    validation_mse: list[float] = field(default_factory=list)
    best_epoch: int = -1
    image_steps: int = 0

    @property
    def best(self) -> float:
        """Best validation MSE, infinite before the first epoch."""
        return self.validation_mse[self.best_epoch] if self.best_epoch >= 0 else float("inf")


@dataclass(frozen=True)
class TrainingPlan:
    """How a network is trained.

    Parameters
    ----------
    epochs, batch_size : int
    learning_rate : float
    decay : float
        Share of the epochs, at the end, over which the learning rate falls linearly to 0.
    patience : int
        Epochs without an improvement of 0.1 % after which training stops.
    seed : int
    """

    epochs: int
    batch_size: int
    learning_rate: float
    decay: float
    patience: int
    seed: int


def train(
    module: Any,
    inputs: np.ndarray,
    targets: np.ndarray,
    check: tuple[np.ndarray, np.ndarray],
    plan: TrainingPlan,
    *,
    checkpoint: str | os.PathLike[str] | None = None,
    identity: str = "",
    progress: bool = False,
) -> TrainingLog:
    """Train in place with Adam on squared error, and end with the weights of the best epoch.

    With a checkpoint, each epoch is written whole or not at all, and a run that was stopped goes on after its last
    epoch with the same batches; `identity` keeps runs on other data apart.
    """
    import torch

    from neurogeom.training.classifier import in_mode, own_random_state

    optimizer = torch.optim.Adam(module.parameters(), lr=plan.learning_rate)
    log, best = TrainingLog(), _weights(module)
    if checkpoint is not None and Path(checkpoint).exists():
        log, best = _resume(checkpoint, identity, module, optimizer)
    place = next(module.parameters()).device
    x, y = (torch.from_numpy(array.astype(np.float32)).to(place) for array in (inputs, targets))
    first = len(log.validation_mse)
    epochs = range(first, plan.epochs)
    for epoch in progress_bar(epochs, total=len(epochs), description="network", enabled=progress):
        if epoch - log.best_epoch > plan.patience and log.best_epoch >= 0:
            break
        order = torch.from_numpy(generator(plan.seed, 97, epoch).permutation(len(x)))
        batches = [part for part in order.split(plan.batch_size) if len(part) > 1]
        with own_random_state(plan.seed + epoch), in_mode(module, training=True):
            for number, index in enumerate(batches):
                _set_rate(optimizer, plan, epoch + number / max(len(batches), 1))
                loss = ((module(x[index]) - y[index]) ** 2).mean()
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                log.image_steps += len(index)
        error = float(np.mean((predict(module, check[0]) - check[1]) ** 2))
        if not np.isfinite(error):
            raise ValueError(f"the loss is not finite in epoch {epoch + 1}. Use a smaller learning_rate.")
        log.validation_mse.append(error)
        if error < 0.999 * log.best:
            log.best_epoch, best = epoch, _weights(module)
        if checkpoint is not None:
            _write(checkpoint, identity, module, optimizer, log, best)
    module.load_state_dict(best)
    return log


def predict(module: Any, images: np.ndarray) -> np.ndarray:
    """Output of a network in evaluation mode, float64, (n, height, width)."""
    import torch

    from neurogeom.training.classifier import in_mode

    out, place = [], next(module.parameters()).device
    with torch.no_grad(), in_mode(module, training=False):
        for start in range(0, len(images), 64):
            out.append(
                module(torch.from_numpy(images[start : start + 64].astype(np.float32)).to(place)).double().cpu().numpy()
            )
    return np.concatenate(out)


def _set_rate(optimizer: Any, plan: TrainingPlan, epoch: float) -> None:
    left = (plan.epochs - epoch) / max(plan.decay * plan.epochs, 1e-9)
    for group in optimizer.param_groups:
        group["lr"] = plan.learning_rate * min(1.0, left)


def _weights(module: Any) -> dict[str, Any]:
    return {key: value.detach().clone() for key, value in module.state_dict().items()}


def _write(path: Any, identity: str, module: Any, optimizer: Any, log: TrainingLog, best: dict[str, Any]) -> None:
    from safetensors.torch import save_file

    tensors = {f"now/{key}": value.contiguous() for key, value in _weights(module).items()}
    tensors |= {f"best/{key}": value.contiguous() for key, value in best.items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"adam/{number}/{key}": value.clone().contiguous() for key, value in state.items()}
    head = {"identity": identity, "log": json.dumps(vars(log))}
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, head)


def _resume(path: Any, identity: str, module: Any, optimizer: Any) -> tuple[TrainingLog, dict[str, Any]]:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        head = file.metadata() or {}
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    if head.get("identity") != identity:
        raise ValueError(f"checkpoint={str(path)!r} is of another run (other data or options). Give another path.")
    module.load_state_dict({key[4:]: value for key, value in tensors.items() if key.startswith("now/")})
    state: dict[int, dict[str, Any]] = {}
    for key, value in tensors.items():
        if key.startswith("adam/"):
            _, number, name = key.split("/")
            state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    best = {key[5:]: value for key, value in tensors.items() if key.startswith("best/")}
    return TrainingLog(**json.loads(head["log"])), best
