"""The problem that every back end solves, checked and scaled once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurogeom._core.validation import check_real


@dataclass(frozen=True, eq=False)
class ConeProblem:
    """Rows, targets and signs of ``k`` projections on the same points.

    ``scales`` times ``points`` has unit rows (0 for a zero row, which then takes no part); the scale is applied
    to products, so that the rows need no copy. ``norms`` are those of the rows as given.
    """

    points: np.ndarray
    scales: np.ndarray
    norms: np.ndarray
    targets: np.ndarray
    signs: np.ndarray | None
    margin: float

    @property
    def n_points(self) -> int:
        """Number of points."""
        return self.points.shape[0]

    @property
    def n_neuroids(self) -> int:
        """Ambient dimension."""
        return self.points.shape[1]

    @property
    def n_samples(self) -> int:
        """Number of targets."""
        return self.targets.shape[0]

    @property
    def inverse_norms(self) -> np.ndarray:
        """1/‖x_i‖ of the rows as given, 0 for a zero row: turns multipliers of unit rows into those of the rows."""
        return np.divide(1.0, self.norms, out=np.zeros_like(self.norms), where=self.norms > 0)

    @property
    def margins(self) -> np.ndarray:
        """Margin of each row once it has unit norm (n,); 0 for a zero row."""
        return self.margin * self.inverse_norms

    def signs_of(self, samples: slice | np.ndarray) -> np.ndarray:
        """Signs of some samples as float64 (b, n)."""
        if self.signs is None:
            return np.ones((len(self.targets[samples]), self.n_points))
        return self.signs[samples].astype(np.float64)


def make_problem(
    points: np.ndarray,
    targets: np.ndarray,
    signs: np.ndarray | None = None,
    *,
    margin: float = 0.0,
) -> ConeProblem:
    """Check shapes and kinds, and scale."""
    points = as_float_matrix(points, "points")
    targets = as_float_matrix(targets, "targets")
    if targets.shape[1] != points.shape[1]:
        raise ValueError(
            f"targets has {targets.shape[1]} columns, points has {points.shape[1]}. "
            "Both live in the same space: give one column per neuroid."
        )
    margin = check_real("margin", margin, minimum=0.0)
    if signs is not None:
        signs = as_signs(signs, len(targets), len(points))
    points, scales, norms = unit_scales(points)
    return ConeProblem(points, scales, norms, targets, signs, margin)


def as_float_matrix(array, name: str) -> np.ndarray:
    """A C-contiguous float64 matrix with finite entries and no empty axis."""
    matrix = np.ascontiguousarray(array, dtype=np.float64)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(f"{name} has shape {matrix.shape}; needed is a matrix with at least one row and one column.")
    if not np.isfinite(matrix.sum()) and not np.isfinite(matrix).all():
        raise ValueError(f"{name} holds NaN or infinite values. Drop or replace them first.")
    return matrix


def as_signs(signs, n_samples: int, n_points: int) -> np.ndarray:
    """Signs as int8 (k, n), each +1 or −1."""
    signs = np.asarray(signs)
    if signs.shape != (n_samples, n_points):
        raise ValueError(
            f"signs has shape {signs.shape}; needed is ({n_samples}, {n_points}): a row per sample, a sign per point."
        )
    if not np.all(np.abs(signs) == 1):
        raise ValueError("signs holds values other than +1 and -1.")
    return np.ascontiguousarray(signs, dtype=np.int8)


def unit_scales(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows, the factors that give them unit norm (0 for a zero row), and their norms.

    Rows come back as given, unless squares would overflow or vanish: then they are scaled by powers of two first.
    """
    squares = np.einsum("ij,ij->i", points, points)
    if not np.all((squares > 1e-200) & (squares < 1e200) | (squares == 0)) or not squares.all():
        # a sum of squares of 0 may be a zero row, or a row whose squares vanish
        exponents = np.frexp(np.abs(points).max(axis=1))[1]
        if np.any((exponents < -300) | (exponents > 300)):
            points = np.ldexp(points, -exponents[:, None])
            squares = np.einsum("ij,ij->i", points, points)
            scales = np.divide(1.0, np.sqrt(squares), out=np.zeros(len(points)), where=squares > 0)
            return points, scales, np.ldexp(np.sqrt(squares), exponents)
    norms = np.sqrt(squares)
    return points, np.divide(1.0, norms, out=np.zeros(len(points)), where=norms > 0), norms
