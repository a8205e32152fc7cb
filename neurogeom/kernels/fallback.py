"""Where a Gram matrix is not accurate enough: the same active-set method on a QR factorization of the data.

A product of two rows loses relative differences below 1e-8, which the rows themselves still hold. Rare, so that
clarity comes before speed: the factor is built anew after each deletion.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import qr_delete, solve_triangular

from neurogeom.kernels.problem import ConeProblem

INDEPENDENT = 1e-13  # part of a unit row outside the span of the others, for it to count as independent
LIMIT = 1e-14  # of the length of the target: violations below it are not pursued
MOST_ADDED = 64
MOST_ROUNDS = 50


def solve_sample(
    problem: ConeProblem, sample: int, signs: np.ndarray, active: np.ndarray, multipliers: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Solve one sample from the data, starting at λ of unit rows: the active points, their λ, and the objective.

    Only candidates are factored: the active points and, round by round, the most violated of all.
    """
    target = problem.targets[sample]
    candidates = np.asarray(active)
    for _ in range(MOST_ROUNDS):
        rows = problem.points[candidates] * (signs[candidates] * problem.scales[candidates])[:, None]
        multipliers, push = nonnegative_least_squares(rows, target, problem.margins[candidates], multipliers)
        excess = signs * problem.scales * (problem.points @ (target - push)) + problem.margins
        excess[candidates] = -np.inf
        worst = np.argsort(-excess, kind="stable")[:MOST_ADDED]
        added = worst[excess[worst] > LIMIT * _scale(target, push)]
        if not len(added):
            break
        candidates = np.concatenate([candidates, added])
        multipliers = np.concatenate([multipliers, np.zeros(len(added))])
    kept = multipliers > 0
    return candidates[kept], multipliers[kept], float(push @ push)


def _scale(target: np.ndarray, push: np.ndarray) -> float:
    return float(max(np.linalg.norm(target), np.linalg.norm(push))) or 1.0


def separate_sample(unit: np.ndarray, signs: np.ndarray, start: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
    """Status, witness and weights of one dichotomy of unit points, verified on them."""
    rows = np.column_stack([signs[:, None] * unit, np.ones(len(unit))])
    goal = np.zeros(rows.shape[1])
    goal[-1] = 1.0
    weights, push = nonnegative_least_squares(rows, goal, np.zeros(len(rows)), start)
    witness = push[:-1]
    length = np.linalg.norm(witness)
    nothing = np.zeros_like(witness), np.zeros(len(unit))
    if length < 1e-9 * weights.sum():
        return 0, nothing[0], weights
    if (rows[:, :-1] @ witness).min() > 2.3e-16 * len(witness) * length:
        return 1, witness / length, nothing[1]
    return -1, *nothing


def nonnegative_least_squares(
    rows: np.ndarray, target: np.ndarray, margins: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """λ ≥ 0 minimizing ½‖t − Aᵀλ‖² − κᵀλ for the rows A, and Aᵀλ (Lawson and Hanson's method).

    Aᵀλ comes from the orthogonal factor, so that it stays exact where rows nearly cancel and λ is large.
    """
    factor = _Factor(rows)
    current = np.zeros(len(rows))
    for i in np.argsort(-start, kind="stable"):
        if start[i] > 0 and factor.append(i):
            current[i] = start[i]
    current, push, _ = _walk(factor, target, margins, current)
    refused = np.zeros(len(rows), bool)
    for _ in range(10 * len(rows) + 50):
        excess = rows @ (target - push) + margins
        excess[refused] = -np.inf
        excess[factor.active] = -np.inf
        worst = int(np.argmax(excess)) if len(rows) else 0
        if not len(rows) or not excess[worst] > LIMIT * _scale(target, push):
            break
        moved = factor.append(worst) or (margins.any() and _exchange(factor, worst, current))
        if moved:
            current, push, moved = _walk(factor, target, margins, current)
        if moved:
            refused[:] = False
        else:
            refused[worst] = True
    return current, push


def _exchange(factor: _Factor, i: int, current: np.ndarray) -> bool:
    """Let row i, which depends on the active ones, take the place of one of them; False if none has to leave."""
    active = np.array(factor.active)
    share = solve_triangular(factor.r, factor.q.T @ factor.rows[i])
    leaving = share > 1e-9
    if not leaving.any():
        return False
    lengths = np.where(leaving, current[active] / np.where(leaving, share, 1.0), np.inf)
    slot = int(np.argmin(lengths))
    current[active] -= lengths[slot] * share
    current[active[slot]] = 0.0
    current[i] = lengths[slot]
    factor.delete({int(active[slot])})
    return factor.append(i)


def _walk(
    factor: _Factor, target: np.ndarray, margins: np.ndarray, current: np.ndarray
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Go to the minimum over the active rows, dropping those whose multiplier reaches 0: λ, Aᵀλ, whether λ moved."""
    moved = False
    current = current.copy()
    while factor.active:
        active = np.array(factor.active)
        goal, push = factor.minimum(target, margins)
        step = goal - current[active]
        down = goal <= 0
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.where(down & (step != 0), -current[active] / step, np.where(down, 0.0, np.inf))
        length = min(1.0, ratios.min())
        moved |= bool(length > 0)
        current[active] += length * step
        if length == 1.0:
            return current, push, moved
        gone = down & (ratios <= length)
        current[active[gone]] = 0.0
        factor.delete(set(active[gone].tolist()))
    return current, np.zeros_like(target), moved


class _Factor:
    """Aᵀ = QR of the active rows, in the order in which they came."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows
        self.active: list[int] = []
        self.q = np.empty((rows.shape[1], 0))
        self.r = np.empty((0, 0))

    def append(self, i: int) -> bool:
        """Take row i in, unless it depends on the active ones."""
        rest = self.rows[i].copy()
        above = np.zeros(len(self.active))
        for _ in range(2):  # twice is enough for orthogonality
            part = self.q.T @ rest
            rest -= self.q @ part
            above += part
        length = np.linalg.norm(rest)
        if len(self.active) == self.rows.shape[1] or not length > INDEPENDENT:
            return False
        self.q = np.column_stack([self.q, rest / length])
        self.r = np.block([[self.r, above[:, None]], [np.zeros((1, len(above))), np.array([[length]])]])
        self.active.append(int(i))
        return True

    def delete(self, gone: set[int]) -> None:
        """Take rows out."""
        for slot in range(len(self.active) - 1, -1, -1):
            if self.active[slot] in gone:
                q, r = qr_delete(self.q, self.r, slot, which="col", check_finite=False)
                size = len(self.active) - 1
                self.q, self.r = q[:, :size], r[:size]
                del self.active[slot]

    def minimum(self, target: np.ndarray, margins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """λ of any sign that minimizes over the active rows, and Aᵀλ."""
        right = self.q.T @ target
        if margins.any():
            right = right + solve_triangular(self.r, margins[self.active], trans="T")
        return solve_triangular(self.r, right), self.q @ right
