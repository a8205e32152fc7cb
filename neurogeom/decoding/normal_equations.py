"""Sums that a ridge needs, gathered batch by batch, and the whole path of ridges from one eigendecomposition."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import linalg

from neurogeom._core.memory import require_memory

_BLOCK = 4096


@dataclass
class NormalEquations:
    """Σ n nᵀ, Σ n xᵀ, Σ n, Σ x, Σ x² in float64, shifted by the first batch's means so that no digits are lost.

    Parameters
    ----------
    n_features, n_pixels : int
    """

    n_features: int
    n_pixels: int
    count: int = 0
    shift_n: np.ndarray = field(default_factory=lambda: np.zeros(0))
    shift_x: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        size = 8.0 * self.n_features * (self.n_features + self.n_pixels)
        require_memory(2.0 * size, "A linear decoder", "Use fewer cells or smaller images.")
        self.nn = np.zeros((self.n_features, self.n_features))
        self.nx = np.zeros((self.n_features, self.n_pixels))
        self.n, self.x, self.xx = np.zeros(self.n_features), np.zeros(self.n_pixels), 0.0

    def add(self, counts: np.ndarray, images: np.ndarray) -> None:
        """Add a batch: counts (n, features), images (n, pixels)."""
        for start in range(0, len(counts), _BLOCK):
            n = np.asarray(counts[start : start + _BLOCK], dtype=np.float64)
            x = np.asarray(images[start : start + _BLOCK], dtype=np.float64)
            if not len(self.shift_n):
                self.shift_n, self.shift_x = n.mean(axis=0), x.mean(axis=0)
            n, x = n - self.shift_n, x - self.shift_x
            self.nn += n.T @ n
            self.nx += n.T @ x
            self.n += n.sum(axis=0)
            self.x += x.sum(axis=0)
            self.xx += float(np.sum(x * x))
            self.count += len(n)

    def start_at(self, other: NormalEquations) -> None:
        """Use the shift of other sums, so that both can be added or compared."""
        self.shift_n, self.shift_x = other.shift_n, other.shift_x

    def merged(self, other: NormalEquations) -> NormalEquations:
        """The sums of both, which share their shift."""
        both = NormalEquations(self.n_features, self.n_pixels, self.count + other.count, self.shift_n, self.shift_x)
        for name in ("nn", "nx", "n", "x", "xx"):
            setattr(both, name, getattr(self, name) + getattr(other, name))
        return both

    def without(self, part: NormalEquations) -> NormalEquations:
        """The sums less those of a part, which shares their shift."""
        rest = NormalEquations(self.n_features, self.n_pixels, self.count - part.count, self.shift_n, self.shift_x)
        for name in ("nn", "nx", "n", "x", "xx"):
            setattr(rest, name, getattr(self, name) - getattr(part, name))
        return rest

    def means(self) -> tuple[np.ndarray, np.ndarray]:
        """Means of counts and pixels."""
        return self.shift_n + self.n / self.count, self.shift_x + self.x / self.count

    def centered(self, mean_n: np.ndarray, mean_x: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """Σ (n − m)(n − m)ᵀ, Σ (n − m)(x − m)ᵀ, Σ |x − m|² about any means."""
        a, b = mean_n - self.shift_n, mean_x - self.shift_x
        nn = self.nn - np.outer(self.n, a) - np.outer(a, self.n) + self.count * np.outer(a, a)
        nx = self.nx - np.outer(self.n, b) - np.outer(a, self.x) + self.count * np.outer(a, b)
        return nn, nx, self.xx - 2.0 * float(self.x @ b) + self.count * float(b @ b)


def held_out_path(train: NormalEquations, test: NormalEquations, alphas: np.ndarray) -> np.ndarray:
    """Mean squared error per pixel on held-out sums for each α, from one eigendecomposition.

    With C = U diag(s) Uᵀ, W(α) = U (s + α m)⁻¹ Uᵀ C_nx; the held-out error is a quadratic form in (s + α m)⁻¹.
    """
    mean_n, mean_x = train.means()
    nn, nx, _ = train.centered(mean_n, mean_x)
    scale, m = 1.0 / train.count, float(np.trace(nn)) / train.count / train.n_features
    s, u = linalg.eigh(nn * scale, check_finite=False)
    z = u.T @ (nx * scale)
    test_nn, test_nx, test_xx = test.centered(mean_n, mean_x)
    cross = np.einsum("ij,ij->i", z, u.T @ test_nx)
    form = (z @ z.T) * (u.T @ test_nn @ u)
    errors = []
    for alpha in alphas:
        d = 1.0 / np.maximum(s + alpha * m, 1e-300)
        errors.append((test_xx - 2.0 * float(d @ cross) + float(d @ form @ d)) / (test.count * test.n_pixels))
    return np.array(errors)


def ridge_weights(sums: NormalEquations, alpha: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """W = (C_nn + α m I)⁻¹ C_nx, m the mean of the diagonal of C_nn, with the means of counts and pixels."""
    mean_n, mean_x = sums.means()
    nn, nx, _ = sums.centered(mean_n, mean_x)
    nn /= sums.count
    nn[np.diag_indices_from(nn)] += alpha * float(np.trace(nn)) / sums.n_features
    factor = linalg.cho_factor(nn, lower=True, overwrite_a=True, check_finite=False)
    weights = np.empty_like(nx)
    for start in range(0, sums.n_pixels, _BLOCK):
        block = slice(start, start + _BLOCK)
        weights[:, block] = linalg.cho_solve(factor, nx[:, block] / sums.count, check_finite=False)
    return weights, mean_n, mean_x


def out_of_fold(counts: np.ndarray, images: np.ndarray, folds: np.ndarray, alpha: float) -> np.ndarray:
    """Linear reconstructions (n, pixels) of each fold by the ridge of the other folds, so that none saw its own."""
    flat = images.reshape(len(images), -1)
    whole = NormalEquations(counts.shape[1], flat.shape[1])
    whole.add(counts, flat)
    out = np.empty(flat.shape)
    for fold in np.unique(folds):
        own = folds == fold
        part = NormalEquations(counts.shape[1], flat.shape[1])
        part.start_at(whole)
        part.add(counts[own], flat[own])
        weights, mean_n, mean_x = ridge_weights(whole.without(part), alpha)
        out[own] = (counts[own] - mean_n) @ weights + mean_x
    return out
