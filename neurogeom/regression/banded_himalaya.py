"""The random search of banded ridge by himalaya, on the processor or on a graphics card."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from neurogeom._core.optional import require
from neurogeom.regression.folds import Fold

# himalaya's back end is one for the whole process: threads that use it take turns
_TURN = threading.Lock()
BACKENDS = {"himalaya": "numpy", "himalaya_torch": "torch", "himalaya_cuda": "torch_cuda"}


def himalaya_fold(
    kernels: Sequence[np.ndarray],
    targets: np.ndarray,
    pair: Fold,
    mixes: np.ndarray,
    alphas: np.ndarray,
    *,
    backend: str,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predictions of the test rows (n_test, t), penalties (t,) and weights of the bands (bands, t) of one fold.

    Mix and penalty of each target are those with the least squared error over five shuffled parts of the training rows;
    himalaya has no leave-one-out for several kernels.
    """
    from sklearn.model_selection import KFold

    train, test = pair
    mean = targets[train].mean(axis=0)
    inner, outer = zip(*(_scaled(kernel, train, test) for kernel in kernels), strict=True)
    splitter = KFold(min(5, len(train)), shuffle=True, random_state=seed % 2**32)
    with _using(BACKENDS[backend]) as (module, search):
        deltas, dual, _, chosen = search(
            module.asarray(np.stack(inner)), module.asarray(targets[train] - mean), n_iter=module.asarray(mixes),
            alphas=module.asarray(alphas), cv=splitter, return_weights="dual", return_alphas=True, progress_bar=False,
        )  # fmt: skip
        deltas, dual, chosen = (np.asarray(module.to_numpy(one), dtype=np.float64) for one in (deltas, dual, chosen))
    weights = np.exp(deltas)  # share of the band over the penalty
    predicted = sum(weight * (kernel @ dual) for weight, kernel in zip(weights, outer, strict=True))
    return mean + predicted, chosen, weights * chosen


def _scaled(kernel: np.ndarray, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kernel of training rows, and of test with training rows, from the training mean and in its unit of power."""
    own, other = kernel[np.ix_(train, train)], kernel[np.ix_(test, train)]
    column = own.mean(axis=0)
    centered = own - column - column[:, None] + own.mean()
    power = np.trace(centered) / len(train)
    scale = 1.0 / power if power > 0.0 else 0.0
    return scale * centered, scale * (other - column - other.mean(axis=1, keepdims=True) + own.mean())


@contextmanager
def _using(name: str) -> Iterator[tuple[Any, Any]]:
    """himalaya's back end of this name and its search; the one that was set before is set again, whatever happens."""
    backends = require("himalaya.backend", extra="ridge", purpose=f"Banded ridge with himalaya's {name}")
    search = require("himalaya.kernel_ridge", extra="ridge", purpose="Banded ridge with himalaya")
    with _TURN:
        before = backends.get_backend()
        try:
            with np.errstate(divide="ignore"):  # the logarithm of a weight of zero
                yield backends.set_backend(name), search.solve_multiple_kernel_ridge_random_search
        finally:
            backends.set_backend(before)
