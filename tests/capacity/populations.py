"""Populations with known answers, shared by the tests of capacity."""

from __future__ import annotations

import numpy as np


def reference_population() -> list[np.ndarray]:
    """Six manifolds of twenty points in 60 neuroids, whose GLUE values were measured with 4,000 samples."""
    rng = np.random.default_rng(2024)
    shared = rng.normal(size=60)
    shared /= np.linalg.norm(shared)
    clouds = []
    for _ in range(6):
        center = rng.normal(size=60) / np.sqrt(60)
        axes = rng.normal(size=(4, 60)) / np.sqrt(60)
        weights = rng.normal(size=(20, 4))
        weights /= np.linalg.norm(weights, axis=1, keepdims=True)
        clouds.append(center + 0.7 * shared + 0.9 * weights @ axes)
    return clouds


def random_clouds(
    seed: int, n_manifolds: int, n_points: int, n_neuroids: int, *, spread: float = 0.5
) -> list[np.ndarray]:
    """Gaussian clouds around Gaussian centers of unit length on average."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(n_manifolds, n_neuroids)) / np.sqrt(n_neuroids)
    return [center + spread * rng.normal(size=(n_points, n_neuroids)) / np.sqrt(n_neuroids) for center in centers]


def single_points(seed: int, n_manifolds: int, n_neuroids: int) -> list[np.ndarray]:
    """One Gaussian point per manifold: in general position, with known capacities."""
    return list(np.random.default_rng(seed).normal(size=(n_manifolds, 1, n_neuroids)))


def digit_clouds() -> list[np.ndarray]:
    """First 50 images of each digit of scikit-learn: rank 56, near the floor."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return [digits.data[digits.target == digit][:50] for digit in range(10)]


def targets(seed: int, n_samples: int, n_neuroids: int) -> np.ndarray:
    """Gaussian vectors."""
    return np.random.default_rng(seed).normal(size=(n_samples, n_neuroids))


def labels(seed: int, n_samples: int, n_manifolds: int) -> np.ndarray:
    """Random signs."""
    return np.random.default_rng(seed).choice([-1, 1], size=(n_samples, n_manifolds))


def rotation(seed: int, n_neuroids: int) -> np.ndarray:
    """A random rotation."""
    matrix, triangle = np.linalg.qr(np.random.default_rng(seed).normal(size=(n_neuroids, n_neuroids)))
    return matrix * np.sign(np.diagonal(triangle))
