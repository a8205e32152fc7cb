"""Data of the stored values, and the simulations of Kuoch et al. (2024), appendix B.3.4."""

from __future__ import annotations

import numpy as np


def systems() -> tuple[np.ndarray, np.ndarray]:
    """X (12, 5) and Y (12, 4), without random numbers."""
    i = np.arange(12)[:, None]
    x = np.sin((i + 1) * (np.arange(5) + 1)) + 0.1 * i
    y = np.cos((i + 1) * (np.arange(4) + 2) / 2) + 0.5 * x[:, :4]
    return x, y


def cloud_with_feature(p: int) -> tuple[np.ndarray, np.ndarray]:
    """Manifold p: 9 points of 6 neuroids, and their feature, without random numbers."""
    i, j = np.arange(1, 10)[:, None], np.arange(1, 7)
    points = np.sin(i * j * (1 + 0.1 * p)) + 0.3 * np.cos(j * (p + 1))
    return points, np.cos(1.7 * i[:, 0] + 0.2 * p)


def simulated_pair(key: list[int], n_neuroids: int, variance: float, *, overlap: int | None = None) -> tuple:
    """Two clouds of 50 points with features whose coding directions diverge by tau = k/9 (figures 8 and 9).

    ``key`` is [figure, n or overlap, k, repeat]. With ``overlap`` the clouds lie in 30-dimensional subspaces that
    share this many dimensions.
    """
    rng, tau, m, d = np.random.default_rng(key), key[2] / 9, 50, 30
    spread = np.sqrt(variance)
    if overlap is None:
        a, b = rng.normal(size=(m, n_neuroids)) * spread, rng.normal(size=(m, n_neuroids)) * spread
    else:
        frame = np.linalg.qr(rng.normal(size=(n_neuroids, 2 * d - overlap)))[0]
        a = rng.normal(size=(m, d)) * spread @ frame[:, :d].T
        b = rng.normal(size=(m, d)) * spread @ frame[:, d - overlap :].T
    own, other = (rng.normal(size=n_neuroids) for _ in range(2))
    own, other = own / np.linalg.norm(own), other / np.linalg.norm(other)
    mixed = (1 - tau) * own + tau * other
    mixed /= np.linalg.norm(mixed)
    feature_a, feature_b = a @ own + 0.05 * rng.normal(size=m), b @ mixed + 0.05 * rng.normal(size=m)
    return a, b, feature_a, feature_b


def closed_form(k: int, n_neuroids: int, variance: float, *, d: int | None = None, overlap: int | None = None) -> float:
    """Expected signal mismatch distance of the simulated pairs."""
    m, tau, noise = 50, k / 9, 0.05**2
    d = n_neuroids if d is None else d
    o = n_neuroids if overlap is None else overlap
    effective = m - d + o
    shared = variance * (effective / m) * (1 - o / (2 * effective)) * o / n_neuroids
    cosine = (1 - tau) / np.hypot(1 - tau, tau)
    return 1 - shared * cosine / (2 * variance * d / n_neuroids - shared + noise * (2 * d - o) / m)
