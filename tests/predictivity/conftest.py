"""The populations of the stored values, made once; many small decompositions want one BLAS thread."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from neurogeom._core.parallel import single_threaded_blas

VALUES = Path(__file__).resolve().parents[1] / "data" / "values"


@pytest.fixture(autouse=True, scope="session")
def one_blas_thread() -> Iterator[None]:
    with single_threaded_blas():
        yield


@pytest.fixture(scope="session")
def stored() -> dict[str, Any]:
    """Stored values of golden g1."""
    return json.loads((VALUES / "v2_golden.json").read_text())["A_predictivity"]


@pytest.fixture(scope="session")
def leak_values() -> dict[str, Any]:
    return json.loads((VALUES / "leak_ceiling.json").read_text())


@pytest.fixture(scope="session")
def g1() -> SimpleNamespace:
    """315 stimuli, 1,000 features, 100 neuroids, 20 repetitions; draws in the order of the stored values."""
    rng = np.random.default_rng(20240718)
    n, p, t, k, n_repetitions = 315, 1000, 100, 40, 20
    latent = rng.normal(size=(n, k)) * np.arange(1, k + 1) ** -0.5
    features = latent @ rng.normal(size=(k, p)) + 0.5 * rng.normal(size=(n, p))
    signal = latent @ rng.normal(size=(k, t)) + rng.normal(size=(n, t))
    trials = signal + 3 * rng.normal(size=(n_repetitions, n, t))
    labels = np.where(np.arange(n) % 2 == 0, "texture", "noise")
    return SimpleNamespace(features=features, trials=trials, mean=trials.mean(axis=0), labels=labels)


@pytest.fixture(scope="session")
def g2() -> SimpleNamespace:
    """40 neuroids, 15 families × 15 samples × 2 types, 20 repetitions of Poisson counts."""
    rng = np.random.default_rng(7)
    n, n_families, n_samples, n_repetitions = 40, 15, 15, 20
    base = rng.gamma(2, 4, (n, 1, 1, 1))
    family = rng.gamma(2, 1, (n, 1, n_families, 1))
    sample = rng.gamma(3, 0.4, (n, 2, n_families, n_samples))
    modulation = 1 + 0.6 * rng.random((n, 1, 1, 1)) * np.array([0, 1]).reshape(1, 2, 1, 1)
    rate = base * family * sample * modulation / 2
    spikes = rng.poisson((rate / 10)[..., None], (n, 2, n_families, n_samples, n_repetitions))
    kind = np.repeat(["noise", "texture"], n_families * n_samples)
    families = np.tile(np.repeat(np.arange(n_families), n_samples), 2)
    one_hot = np.zeros((len(families), 2 * n_families))
    one_hot[np.arange(len(families)), (kind == "texture") * n_families + families] = 1.0
    return SimpleNamespace(
        spikes=spikes, trials=10.0 * spikes.reshape(n, -1, n_repetitions).transpose(2, 1, 0), kind=kind,
        families=families, one_hot=one_hot,
    )  # fmt: skip
