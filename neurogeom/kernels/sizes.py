"""What a problem will need, from its sizes alone, before anything is allocated or compiled."""

from __future__ import annotations

from collections.abc import Sequence

from neurogeom._core.memory import require_memory
from neurogeom._core.parallel import resolve_n_jobs
from neurogeom.kernels import streaming
from neurogeom.kernels.problem import ConeProblem

WHOLE_POINTS = 1024
"""Up to here the loop looks at all points at once; beyond, at working sets."""
SAMPLES_AT_ONCE = 512
ALWAYS_FITS = 64_000_000


def needed_bytes(problem: ConeProblem, n_jobs: int | None) -> int:
    """Peak memory beyond the points and the targets: unit rows, their products, and what the threads work on."""
    if streaming.is_needed(problem):
        return streaming.needed_bytes(problem, resolve_n_jobs(n_jobs))
    n, dimension = problem.points.shape
    samples = 24 * min(problem.n_samples, SAMPLES_AT_ONCE) * (n + dimension)
    if n <= WHOLE_POINTS:
        return 8 * n * (n + dimension) + samples
    active = min(n, dimension)
    threads = 4 * resolve_n_jobs(n_jobs) * active * (active + n)
    return 4 * n * n + 12 * n * dimension + samples + threads


def require(problems: Sequence[ConeProblem], n_jobs: int | None) -> None:
    """Refuse problems, solved together, that would not fit."""
    largest = max(problems, key=lambda problem: problem.n_points, default=None)
    if largest is None:
        return
    needed = sum(needed_bytes(problem, n_jobs) for problem in problems)
    if needed < ALWAYS_FITS:  # asking the system takes as long as a small problem
        return
    what = f"{largest.n_points} points of {largest.n_neuroids} neuroids and {largest.n_samples} samples"
    if len(problems) > 1:
        what = f"{len(problems)} clouds of up to {what}"
    remedy = "Use fewer points or neuroids, or solve fewer samples at a time."
    require_memory(needed, f"Projection of {what}", remedy)


def separation_bytes(n_points: int, n_neuroids: int, n_copies: int = 1) -> int:
    """Peak memory of a proof of separability: unit rows, and products of all pairs of points.

    Parameters
    ----------
    n_points, n_neuroids : int
        Size of the problem.
    n_copies : int
        How often the products are held at a time.

    Returns
    -------
    int
        Bytes.

    Examples
    --------
    >>> separation_bytes(1000, 50)
    8800000
    """
    return 8 * n_points * (n_copies * n_points + 2 * n_neuroids)


def require_separation(n_points: int, n_neuroids: int, n_copies: int = 1) -> None:
    """Refuse a proof of separability that would not fit."""
    needed = separation_bytes(n_points, n_neuroids, n_copies)
    if needed < ALWAYS_FITS:
        return
    what = f"Separability of {n_points} points of {n_neuroids} neuroids"
    require_memory(needed, what, "Use fewer points or neuroids.")
