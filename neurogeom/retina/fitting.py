"""Receptive fields from counts: penalized maximum likelihood, the penalty chosen by held-out likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize, sparse

from neurogeom._core.parallel import run_units
from neurogeom._core.validation import check_count, check_real, check_vector, format_names
from neurogeom._core.warnings import ConvergenceWarning, warn
from neurogeom.retina.counts import as_counts
from neurogeom.retina.nonlinearity import poisson_loss, rates
from neurogeom.stimuli import as_images

if TYPE_CHECKING:
    from neurogeom.retina.lnp import LNP


@dataclass(frozen=True, eq=False)
class CellFit:
    """One cell: weights (features,), offset, ceiling, the penalty chosen and its held-out log-likelihood in nats."""

    weights: np.ndarray
    offset: float
    ceiling: float
    penalty: float
    held_out: float
    converged: bool


@dataclass(frozen=True, eq=False)
class CellsFit:
    """All cells of a mosaic: filters (n_cells, pixels), offset, ceiling and penalty (n_cells,)."""

    filters: sparse.csr_array
    offset: np.ndarray
    ceiling: np.ndarray
    penalty: np.ndarray


def grid_roughness(height: int, width: int) -> sparse.csr_array:
    """Return the Laplacian of the grid graph, L = D − W with four neighbors, so that wᵀ L w sums squared differences.

    Parameters
    ----------
    height, width : int
        Pixels.

    Returns
    -------
    csr_array (height·width, height·width)

    Raises
    ------
    TypeError, ValueError
        For sizes that are no positive whole numbers.

    Examples
    --------
    >>> grid_roughness(1, 3).toarray().tolist()
    [[1.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 1.0]]
    """

    def line(n: int) -> sparse.csr_array:
        steps = sparse.diags_array([-np.ones(max(n - 1, 0)), np.ones(max(n - 1, 0))], offsets=[0, 1], shape=(n - 1, n))
        return sparse.csr_array(steps.T @ steps)

    check_count("height", height)
    check_count("width", width)
    rows = sparse.kron(line(height), sparse.eye_array(width)) if height > 1 else 0
    columns = sparse.kron(sparse.eye_array(height), line(width)) if width > 1 else 0
    return sparse.csr_array(rows + columns) if height * width > 1 else sparse.csr_array((1, 1))


def fit_filter(
    features: Any,
    counts: Any,
    *,
    nonlinearity: str = "logistic",
    penalties: Sequence[float] = (3.0, 30.0, 300.0),
    roughness: sparse.csr_array | None = None,
    held_out: Any = None,
) -> CellFit:
    r"""Fit λ = f(c + w·x) of one cell by penalized maximum likelihood.

    Minimizes :math:`\sum_t (λ_t - n_t \ln λ_t) + \frac12 α w^T (L + .05 I) w` with L-BFGS from w = 0 and c at the mean
    count; the ceiling of the logistic function starts at the 99th percentile and is fitted along. Convex for exp and
    softplus.

    Parameters
    ----------
    features : array-like, shape (n, n_features)
        Pixels of a window, or any other regressors.
    counts : array-like, shape (n,)
    nonlinearity : {"logistic", "softplus", "exp"}
    penalties : sequence of float
        α; where there are several, that with the best held-out likelihood is used and all data are fitted again.
    roughness : sparse array (n_features, n_features), optional
        L; zero by default.
    held_out : array-like of bool, shape (n,), optional
        Presentations to choose the penalty with; the last fifth by default. Hold out source images, not crops.

    Returns
    -------
    CellFit

    Raises
    ------
    ValueError
        A silent or constant cell, counts that do not fit the features.

    References
    ----------
    Paninski 2004, Network 15:243.

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> x = draw.normal(size=(2000, 4))
    >>> n = draw.poisson(np.exp(0.5 + x @ [0.4, 0.0, -0.4, 0.2]))
    >>> (10 * fit_filter(x, n, nonlinearity="exp", penalties=[1.0]).weights).round().astype(int).tolist()
    [4, 0, -4, 2]
    """
    x = np.asarray(features, dtype=np.float64)
    n = check_vector(counts, "counts", length=len(x))
    if n.min() < 0 or (n != np.round(n)).any():
        raise ValueError("counts holds values that are negative or not whole; counts of spikes are needed.")
    if n.max() == n.min():
        raise ValueError(f"counts is {n[0]:g} throughout; a cell that is silent or constant cannot be fitted. Drop it.")
    grid = [check_real("penalties", value, minimum=0.0) for value in penalties]
    matrix = (sparse.csr_array((x.shape[1],) * 2) if roughness is None else roughness) + 0.05 * sparse.eye_array(
        x.shape[1]
    )
    best, score = grid[0], np.nan
    if len(grid) > 1:
        out = np.arange(len(n)) >= int(0.8 * len(n)) if held_out is None else np.asarray(held_out, dtype=bool)
        scores = []
        for penalty in grid:
            w, c, k, _ = _minimize(x[~out], n[~out], nonlinearity, penalty, matrix)
            scores.append(-float(poisson_loss(n[out], rates(c + x[out] @ w, nonlinearity, k).rate).sum()))
        best, score = grid[int(np.argmax(scores))], max(scores)
    weights, offset, ceiling, converged = _minimize(x, n, nonlinearity, best, matrix)
    return CellFit(weights, offset, ceiling, best, score, converged)


def penalized_loss(
    parameters: np.ndarray, x: np.ndarray, n: np.ndarray, nonlinearity: str, penalty: float, matrix: sparse.csr_array
) -> tuple[float, np.ndarray]:
    """Loss and gradient with respect to (w, c[, ln k]); ln n! is left out."""
    logistic = nonlinearity == "logistic"
    p = x.shape[1]
    w, c = parameters[:p], parameters[p]
    ceiling = float(np.exp(parameters[p + 1])) if logistic else 1.0
    found = rates(c + x @ w, nonlinearity, ceiling)
    residual = 1.0 - n / found.rate
    slope = residual * found.first
    pulled = matrix @ w
    loss = float(np.sum(found.rate - n * np.log(found.rate))) + 0.5 * penalty * float(w @ pulled)
    gradient = np.concatenate([x.T @ slope + penalty * pulled, [slope.sum()]])
    if logistic:
        gradient = np.append(gradient, np.sum(residual * found.rate))
    return loss, gradient


def _minimize(
    x: np.ndarray, n: np.ndarray, nonlinearity: str, penalty: float, matrix: sparse.csr_array
) -> tuple[np.ndarray, float, float, bool]:
    p = x.shape[1]
    mean = max(float(n.mean()), 1e-3)
    start = np.zeros(p + (2 if nonlinearity == "logistic" else 1))
    if nonlinearity == "logistic":
        ceiling = max(float(np.quantile(n, 0.99)), 1.2 * mean, 1.0)
        start[p], start[p + 1] = -np.log(ceiling / mean - 1.0), np.log(ceiling)
    else:
        start[p] = np.log(mean) if nonlinearity == "exp" else mean + np.log(-np.expm1(-mean))
    found = optimize.minimize(
        penalized_loss, start, args=(x, n, nonlinearity, penalty, matrix), jac=True, method="L-BFGS-B",
        options={"maxiter": 500, "maxcor": 20, "ftol": 1e-10, "gtol": 1e-5 * len(n)},
    )  # fmt: skip
    ceiling = float(np.exp(found.x[p + 1])) if nonlinearity == "logistic" else 1.0
    return found.x[:p], float(found.x[p]), ceiling, bool(found.success)


def fit_cells(
    model: LNP, images: Any, counts: Any, *, penalties: Sequence[float], half_width: int, n_jobs: int | None
) -> CellsFit:
    """Fit every cell of an LNP model in a window around its position; source images are held out where known."""
    mosaic = model.mosaic
    values = as_images(images, shape=mosaic.shape)
    spikes = as_counts(counts, n_cells=mosaic.n_cells)
    if len(values) != len(spikes):
        raise ValueError(f"images has {len(values)} images, counts has {len(spikes)} presentations; give one each.")
    flat = np.flatnonzero(spikes.max(axis=0) == spikes.min(axis=0))
    if flat.size:
        raise ValueError(
            f"counts is silent or constant for {flat.size} of {mosaic.n_cells} cells (first: "
            f"{format_names(list(mosaic.neuroid_ids[flat[:3]]))}). Leave them out: model.select(index)."
        )
    half_width = check_count("half_width", half_width)
    out = _held_out(images, len(values))
    units = [
        (values, spikes[:, cell], _window(mosaic.positions[cell], half_width, mosaic.shape), model.nonlinearity,
         tuple(penalties), out)
        for cell in range(mosaic.n_cells)
    ]  # fmt: skip
    fits = run_units(_fit_one, units, n_jobs=n_jobs)
    n_open = sum(not fit.converged for fit, _ in fits)
    if n_open:
        warn(f"{n_open} of {len(fits)} cells had not converged after 500 steps.", ConvergenceWarning)
    rows = sparse.csr_array(
        (
            np.concatenate([fit.weights for fit, _ in fits]),
            np.concatenate([index for _, index in fits]),
            np.cumsum([0, *(len(index) for _, index in fits)]),
        ),
        shape=(mosaic.n_cells, values.shape[1] * values.shape[2]),
    )
    found = [np.array([getattr(fit, name) for fit, _ in fits]) for name in ("offset", "ceiling", "penalty")]
    return CellsFit(rows, *found)


def _held_out(images: Any, n: int) -> np.ndarray:
    """The last fifth of source images where presentations name them, of presentations otherwise."""
    source = getattr(images, "coords", {}).get("source")
    if source is None or len(np.unique(source.values)) < 2:
        return np.arange(n) >= int(0.8 * n)
    names = np.unique(source.values)
    return np.isin(source.values, names[-max(len(names) // 5, 1) :])


def _window(position: np.ndarray, half_width: int, shape: tuple[int, int]) -> tuple[slice, slice]:
    y, x = (int(value) for value in position)
    rows = slice(max(y - half_width, 0), min(y + half_width + 1, shape[0]))
    return rows, slice(max(x - half_width, 0), min(x + half_width + 1, shape[1]))


def _fit_one(
    images: np.ndarray, counts: np.ndarray, window: tuple[slice, slice], nonlinearity: str, penalties: tuple, out: Any
) -> tuple[CellFit, np.ndarray]:
    patch = images[:, window[0], window[1]]
    height, width = patch.shape[1:]
    fit = fit_filter(
        patch.reshape(len(patch), -1), counts, nonlinearity=nonlinearity, penalties=penalties,
        roughness=grid_roughness(height, width), held_out=out,
    )  # fmt: skip
    index = np.arange(images.shape[1] * images.shape[2]).reshape(images.shape[1:])[window[0], window[1]]
    return fit, index.ravel()
