"""Numbers of the generalized linear model: its penalty, its trains and Newton's method for a log link."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize

from neurogeom._core.validation import check_count
from neurogeom.retina.fitting import grid_roughness
from neurogeom.retina.nonlinearity import LARGEST_DRIVE
from neurogeom.retina.temporal import raised_cosines


def bumps(name: str, n_bumps: int, n_lags: int) -> np.ndarray:
    """Raised cosines, or nothing for no bumps."""
    if check_count(name, n_bumps, minimum=0) == 0:
        return np.zeros((0, 0))
    return raised_cosines(n_bumps, n_lags)


def as_trains(counts: Any, n_cells: int) -> np.ndarray:
    """Counts per bin as float64 (n_cells, n_bins), or the reason why not."""
    n = np.asarray(counts, dtype=np.float64)
    n = n[None] if n.ndim == 1 else n
    if n.ndim != 2 or n.shape[0] != n_cells:
        raise ValueError(f"counts has shape {n.shape}; ({n_cells} cells, bins) is needed.")
    if not np.isfinite(n).all() or (n < 0).any() or (n != np.round(n)).any():
        raise ValueError("counts holds NaN, negative values or values that are not whole; counts per bin are needed.")
    return n


def weight_penalty(sizes: tuple[int, int, int], ridge: float, smoothness: float) -> np.ndarray:
    """The matrix of ½ wᵀ Q w: differences of neighboring lags, a ridge on the rest, nothing on the offset."""
    total = sum(sizes)
    out = np.zeros((total + 1, total + 1))
    out[: sizes[0], : sizes[0]] = smoothness * (grid_roughness(1, sizes[0]).toarray() + 0.05 * np.eye(sizes[0]))
    rest = np.arange(sizes[0], total)
    out[rest, rest] = ridge
    return out


def fit_log_link(x: np.ndarray, n: np.ndarray, penalty: np.ndarray) -> tuple[np.ndarray, bool]:
    """Newton's method (trust region) for a Poisson GLM with log link; parameters are weights and offset."""
    design = np.concatenate([x, np.ones((len(x), 1))], axis=1)

    def value(w: np.ndarray) -> tuple[float, np.ndarray]:
        eta = np.minimum(design @ w, LARGEST_DRIVE)
        rate = np.exp(eta)
        pulled = penalty @ w
        return float(rate.sum() - n @ eta + 0.5 * w @ pulled), design.T @ (rate - n) + pulled

    def hessian(w: np.ndarray) -> np.ndarray:
        rate = np.exp(np.minimum(design @ w, LARGEST_DRIVE))
        return design.T @ (rate[:, None] * design) + penalty

    start = np.zeros(design.shape[1])
    start[-1] = np.log(n.mean())
    found = optimize.minimize(
        value, start, jac=True, hess=hessian, method="trust-exact", options={"maxiter": 500, "gtol": 1e-6 * len(n)}
    )
    return found.x, bool(found.success)
