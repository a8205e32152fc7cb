"""Fewer units by projection, layer by layer: sparse random matrices, or principal components of some images."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neurogeom._core.validation import check_count, check_option

MOST_FOR_PCA = 50_000
KINDS = ("sparse", "pca")


@dataclass(frozen=True)
class Projection:
    """How the units of each layer become fewer.

    Attributes
    ----------
    kind : str
        ``sparse``: a random matrix with entries ±1/√(s k), a share s = 1/√D of them not zero, which keeps distances
        and looks at no data (Li, Hastie & Church 2006). ``pca``: the leading principal components of some images,
        after a sparse projection where a layer has more than 50,000 units.
    n_components : int
        Layers that have no more units than that are kept as they are.
    seed : int
        Together with the layer's name it decides the matrix, and for ``pca`` the images.
    n_fit : int
        Images on which components are fitted, drawn at random (``pca``).
    """

    kind: str = "sparse"
    n_components: int = 2048
    seed: int = 0
    n_fit: int = 1000

    def __post_init__(self) -> None:
        check_option("kind", self.kind, KINDS)
        check_count("n_components", self.n_components)
        check_count("seed", self.seed, minimum=0)
        check_count("n_fit", self.n_fit, minimum=2)

    def settings(self) -> dict[str, Any]:
        """All of it as plain data; what does not matter is left out."""
        found = asdict(self)
        return found if self.kind == "pca" else {key: found[key] for key in ("kind", "n_components", "seed")}

    def n_out(self, n_units: int) -> int:
        """Number of units after it."""
        return min(n_units, self.n_components)


@dataclass(frozen=True)
class Fitted:
    """A projection of one layer: a sparse matrix, then centering and axes."""

    matrix: Any = None
    mean: np.ndarray | None = None
    axes: np.ndarray | None = None

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Values (n, units) to (n, components), float32."""
        if self.matrix is not None:
            values = values @ self.matrix
        if self.mean is not None and self.axes is not None:
            values = (values - self.mean) @ self.axes
        return np.asarray(values, dtype=np.float32)


def as_projection(project: Any, seed: int = 0) -> Projection | None:
    """From what a person writes: None, a number, 'sparse:2048', 'pca:100', or a Projection."""
    if project is None or isinstance(project, Projection):
        return project
    if isinstance(project, str):
        found = re.fullmatch(r"(\w+):(\d+)", project)
        if not found:
            raise ValueError(f"project={project!r} is not understood; needed is a number, 'sparse:2048' or 'pca:100'.")
        return Projection(found.group(1), int(found.group(2)), seed)
    return Projection("sparse", check_count("project", project), seed)


def layer_seed(seed: int, layer: str) -> int:
    """A seed for each layer, from the seed and the SHA-256 of the layer's name."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{hashlib.sha256(layer.encode()).hexdigest()}".encode()).digest()[:7])


def sparse_fit(projection: Projection, layer: str, n_units: int) -> Fitted | None:
    """What comes before any data are seen: the sparse matrix, or None where it is not needed."""
    from neurogeom.regression.projection import sparse_projection

    if n_units <= projection.n_components:
        return None
    n_components = projection.n_components
    if projection.kind == "pca":
        if n_units <= MOST_FOR_PCA:
            return Fitted()
        n_components = max(4 * n_components, 8192)
    matrix = sparse_projection(n_units, n_components, seed=layer_seed(projection.seed, layer))
    return Fitted(matrix.astype(np.float32))


def pca_fit(before: Fitted, values: np.ndarray, n_components: int) -> Fitted:
    """Principal axes of values (n, units) that have passed the sparse projection; their largest entry is positive."""
    import scipy.linalg

    mean = values.mean(axis=0, dtype=np.float64)
    centered = values - mean
    tall = centered.shape[1] <= len(centered)
    powers, vectors = scipy.linalg.eigh(centered.T @ centered if tall else centered @ centered.T)
    order = np.argsort(powers)[::-1][:n_components]
    kept = order[powers[order] > 1e-12 * len(powers) * max(float(powers.max()), np.finfo(float).tiny)]
    axes = vectors[:, kept] if tall else centered.T @ vectors[:, kept] / np.sqrt(powers[kept])
    if axes.shape[1] < n_components:
        raise ValueError(
            f"the images for fitting span {axes.shape[1]} components, {n_components} were asked for. "
            "Use fewer components, or a larger n_fit."
        )
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1.0, 1.0)
    return Fitted(before.matrix, mean.astype(np.float32), axes.astype(np.float32))
