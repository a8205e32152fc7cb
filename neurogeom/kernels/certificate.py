"""Evidence from the data: scaled residuals of the optimality conditions, never from a Gram matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurogeom.kernels.problem import ConeProblem


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the data say about multipliers of some samples (unit rows; signed multipliers μ = yλ)."""

    objective: np.ndarray
    violation: np.ndarray
    complementarity: np.ndarray
    excess: np.ndarray
    """How far each constraint is violated (b, n), negative where it is slack: y(Xv) + κ."""

    @property
    def residual(self) -> np.ndarray:
        """Larger of the two scaled residuals (b,)."""
        return np.maximum(self.violation, self.complementarity)


def examine(problem: ConeProblem, samples: slice | np.ndarray, signs: np.ndarray, multipliers: np.ndarray) -> Evidence:
    """Compute v = t − Aᵀλ and all constraints from the rows.

    With unit rows, violation = max(â_i·v + κ_i)₊/s and complementarity = |λᵀ(Av + κ)|/s², where s is the larger of
    ‖t‖ and ‖v − t‖ (at margin 0 that is ‖t‖).
    """
    targets = problem.targets[samples]
    push = (multipliers * problem.scales) @ problem.points
    objective = np.einsum("ij,ij->i", push, push)
    excess = (targets - push) @ problem.points.T
    excess *= problem.scales
    excess *= signs
    if problem.margin > 0:
        excess += problem.margins
    scale = np.sqrt(np.maximum(np.einsum("ij,ij->i", targets, targets), objective))
    scale[scale == 0] = 1.0
    violation = np.maximum(excess.max(axis=1), 0.0) / scale
    complementarity = np.abs(np.einsum("ij,ij,ij->i", multipliers, signs, excess)) / scale**2
    return Evidence(objective, violation, complementarity, excess)
