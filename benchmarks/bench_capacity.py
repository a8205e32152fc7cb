"""Kernels of manifold capacity against what a user would otherwise call, one thread each and with all cores.

Run: ``python -m benchmarks.bench_capacity [--quick] [--no-write]``. Peers come with ``pip install "neurogeom[bench]"``;
one that is missing is left out, and said. All answers are compared before anything is timed. Times are medians of runs
that take turns. The floor of a joint problem is what no method of this kind can avoid: the Gram product shared by the
samples, one Cholesky factorization of the final active set, and one pricing of all points, each as a plain library
call.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import nnls

from benchmarks.common import duration, medians, refuse_unless_close, table, write_section
from neurogeom import kernels
from neurogeom._core.parallel import single_threaded_blas

Array = np.ndarray
SMALL = ((50, 10, "500×"), (50, 49, ""), (200, 100, "100×"))
JOINT = ((10, 50, 500, ""), (50, 50, 2000, "300×"), (100, 50, 2000, "250×"))
LARGE = (100, 400, 2_000, 20)
AGREEMENT = 1e-7  # of the squared length of t


@dataclass(frozen=True)
class Problem:
    """Points (n, N), targets (k, N), and a sign for each point of each sample (k, n) or none."""

    points: Array
    targets: Array
    signs: Array | None = None

    def signed(self, sample: int) -> Array:
        """Points of one sample with their signs."""
        return self.points if self.signs is None else self.points * self.signs[sample][:, None]

    def ours(self, n_jobs: int | None = 1) -> kernels.ConeSolution:
        """Our solution of all samples."""
        return kernels.project(self.points, self.targets, self.signs, n_jobs=n_jobs)


def small_problem(n_points: int, dimension: int, n_samples: int) -> Problem:
    """A centered cloud with the column of ones of the mean-field problem."""
    rng = np.random.default_rng(n_points + dimension)
    cloud = rng.normal(size=(n_points, dimension))
    points = np.column_stack([cloud - cloud.mean(axis=0), np.ones(n_points)])
    return Problem(points, rng.normal(size=(n_samples, dimension + 1)))


def joint_problem(n_manifolds: int, n_points: int, n_neuroids: int, n_samples: int) -> Problem:
    """Manifolds of eight dimensions around random centers, with balanced dichotomies."""
    rng = np.random.default_rng(n_manifolds)
    scale = np.sqrt(n_neuroids)
    clouds = [
        (rng.normal(size=n_neuroids) + rng.normal(size=(n_points, 8)) @ rng.normal(size=(8, n_neuroids)) / np.sqrt(8))
        / scale
        for _ in range(n_manifolds)
    ]
    halves = np.repeat([1, -1], [n_manifolds // 2, n_manifolds - n_manifolds // 2])
    signs = np.repeat([rng.permutation(halves) for _ in range(n_samples)], n_points, axis=1).astype(np.int8)
    return Problem(np.concatenate(clouds), rng.normal(size=(n_samples, n_neuroids)), signs)


def by_nnls(problem: Problem, n_samples: int) -> list[float]:
    """scipy's non-negative least squares, sample by sample."""
    found = []
    for sample in range(n_samples):
        t = problem.targets[sample]
        rest = nnls(problem.signed(sample).T, t, maxiter=100_000)[1]
        found.append(t @ t - rest**2)
    return found


def by_cvxopt(problem: Problem, n_samples: int) -> list[float]:
    """cvxopt's interior-point method on the primal, as in public mean-field code, at a tolerance of 1e-12."""
    from cvxopt import matrix, solvers

    options = {"show_progress": False, "abstol": 1e-12, "reltol": 1e-12, "feastol": 1e-12}
    identity = matrix(np.eye(problem.points.shape[1]))
    found = []
    for sample in range(n_samples):
        t = problem.targets[sample]
        bounds = matrix(np.zeros(len(problem.points)))
        solved = solvers.qp(identity, matrix(-t), matrix(problem.signed(sample)), bounds, options=options)
        found.append(float(((np.array(solved["x"])[:, 0] - t) ** 2).sum()))
    return found


def by_quadprog(problem: Problem, n_samples: int) -> list[float]:
    """quadprog's dual active-set method on the primal."""
    import quadprog

    identity, bounds = np.eye(problem.points.shape[1]), np.zeros(len(problem.points))
    found = []
    for sample in range(n_samples):
        t = problem.targets[sample]
        v = quadprog.solve_qp(identity, t, np.ascontiguousarray(-problem.signed(sample).T), bounds)[0]
        found.append(float(((v - t) ** 2).sum()))
    return found


def by_clarabel(problem: Problem, n_samples: int) -> list[float]:
    """cvxpy with Clarabel, through our back end for trust."""
    signs = None if problem.signs is None else problem.signs[:n_samples]
    targets = problem.targets[:n_samples]
    return list(kernels.project(problem.points, targets, signs, backend="reference", n_jobs=1).objective)


PEERS: dict[str, tuple[Callable[[Problem, int], list[float]], str]] = {
    "cvxopt": (by_cvxopt, "cvxopt"),
    "scipy nnls": (by_nnls, "scipy"),
    "quadprog": (by_quadprog, "quadprog"),
    "cvxpy/Clarabel": (by_clarabel, "cvxpy"),
}


def compare(problem: Problem, peers: dict[str, int]) -> float:
    """Largest difference of F to any peer, relative to the squared length of t; our certificate is checked too."""
    solution = problem.ours()
    refuse_unless_close("our own residual", float(solution.residual.max()), 1e-9)
    lengths = (problem.targets**2).sum(axis=1)
    worst = 0.0
    for name, count in peers.items():
        difference = np.abs(np.array(PEERS[name][0](problem, count)) - solution.objective[:count]) / lengths[:count]
        refuse_unless_close(name, float(difference.max()), AGREEMENT)
        worst = max(worst, float(difference.max()))
    return worst


def bench_small(repeats: int, n_samples: int) -> str:
    """CPU time of one projection, one thread."""
    counts = {"cvxopt": 40, "scipy nnls": 200, "quadprog": 200, "cvxpy/Clarabel": 3}
    rows = []
    for n_points, dimension, goal in SMALL:
        problem = small_problem(n_points, dimension, n_samples)
        peers = installed(counts)
        worst = compare(problem, peers)
        with single_threaded_blas():
            times = medians(
                {"ours": problem.ours} | {name: _run(problem, name, count) for name, count in peers.items()},
                repeats=repeats,
            )
        ours = times["ours"] / n_samples
        ratios = [_versus(times[name] / peers[name], ours) if name in peers else "–" for name in counts]
        rows.append([f"M = {n_points}, D = {dimension}", duration(ours), *ratios, goal, f"{worst:.0e}"])
    return table(["problem", "neurogeom", *counts, "goal (cvxopt)", "answers differ by"], rows)


def bench_joint(repeats: int, n_samples: int, problems: tuple) -> str:
    """CPU time of one sample, one thread, Gram product included; wall time of all with all cores."""
    rows = []
    for n_manifolds, n_points, n_neuroids, goal in problems:
        problem = joint_problem(n_manifolds, n_points, n_neuroids, n_samples)
        n_peer = 20 if n_neuroids == 500 else 2
        worst = compare(problem, {"scipy nnls": n_peer})
        peer = _run(problem, "scipy nnls", n_peer)
        with single_threaded_blas():
            times = medians({"ours": problem.ours, "peer": peer}, repeats=repeats)
        walls = medians({"ours": lambda p=problem: p.ours(None), "peer": peer}, repeats=1, clock=time.perf_counter)
        ours, theirs = times["ours"] / n_samples, times["peer"] / n_peer
        wall, peer_wall = walls["ours"] / n_samples, walls["peer"] / n_peer
        floor = joint_floor(problem, repeats)
        rows.append(
            [
                f"{n_manifolds} × {n_points}, N = {n_neuroids}",
                duration(ours),
                duration(theirs),
                _versus(theirs, ours),
                goal,
                f"{duration(floor)} ({ours / floor:.1f}×)",
                f"{duration(wall)} ({peer_wall / wall:.0f}×)",
                f"{worst:.0e}",
            ]
        )
    header = ["problem", "neurogeom", "scipy nnls", "ratio", "goal", "floor", "wall, all cores", "answers differ by"]
    return table(header, rows)


def joint_floor(problem: Problem, repeats: int) -> float:
    """Seconds of a sample that cannot be avoided: its share of the Gram product, a factorization, a pricing."""
    solution = problem.ours()
    active = solution.multipliers[[0]].indices
    signed = problem.signed(0)[active]
    gram, multipliers = signed @ signed.T, np.ones(len(active))
    rows = np.ascontiguousarray((problem.points @ problem.points[active].T).T)
    with single_threaded_blas():
        times = medians(
            {
                "gram": lambda: problem.points @ problem.points.T,
                "factor": lambda: cho_solve(cho_factor(gram, check_finite=False), multipliers, check_finite=False),
                "price": lambda: multipliers @ rows,
            },
            repeats=max(3, repeats),
        )
    return times["gram"] / len(problem.targets) + times["factor"] + times["price"]


def bench_memory() -> str:
    """Peak memory of a problem whose Gram matrix would not fit, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.bench_capacity", "--large"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def run_large() -> None:
    """Solve the large problem and print its cost."""
    n_manifolds, n_points, n_neuroids, k = LARGE
    problem = joint_problem(n_manifolds, n_points, n_neuroids, k)
    n, points = len(problem.points), problem.points
    start, cpu = time.perf_counter(), time.process_time()
    solution = problem.ours(None)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        f"{n:,} points in {n_neuroids:,} dimensions, {k} samples: peak memory {peak / 2**30:.2f} GiB (goal < 4; the "
        f"points alone take {points.nbytes / 2**30:.2f}), {cpu / k:.2f} s of CPU and {wall / k:.2f} s of wall time a "
        f"sample, largest residual {solution.residual.max():.0e}."
    )


def installed(counts: dict[str, int]) -> dict[str, int]:
    """The peers that are there."""
    found = {name: count for name, count in counts.items() if importlib.util.find_spec(PEERS[name][1])}
    for name in counts.keys() - found.keys():
        print(f'{name} is left out: it is not installed. Run: pip install "neurogeom[bench]".')
    return found


def _run(problem: Problem, name: str, count: int) -> Callable[[], Any]:
    return lambda: PEERS[name][0](problem, count)


def _versus(theirs: float, ours: float) -> str:
    return f"{theirs / ours:.0f}× ({duration(theirs)})" if theirs / ours >= 9.5 else f"{theirs / ours:.1f}×"


def main() -> None:
    """Run all and print; write RESULTS.md unless told not to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one repeat of the small sizes, to see that it runs")
    parser.add_argument("--no-write", action="store_true", help="print only")
    parser.add_argument("--large", action="store_true", help="only the problem whose Gram matrix does not fit")
    arguments = parser.parse_args()
    if arguments.large:
        run_large()
        return
    problem = small_problem(50, 10, 4)
    problem.ours()  # compile
    repeats = 1 if arguments.quick else 5
    parts = [
        "Mean-field problems (M points in D dimensions and a column of ones), CPU time of one projection, one thread; "
        "peers as multiples of it:",
        bench_small(repeats, 500 if arguments.quick else 4000),
        "Joint problems (P manifolds × M points, N neuroids), CPU time of one sample, one thread, with its share of "
        "the Gram product of 200 samples:",
        bench_joint(1, 20, JOINT[:1]) if arguments.quick else bench_joint(3, 200, JOINT),
    ]
    if not arguments.quick:
        parts += ["A problem whose Gram matrix does not fit:", bench_memory()]
    text = "\n\n".join(parts)
    print(text)
    if not (arguments.quick or arguments.no_write):
        write_section("Capacity kernels", text)


if __name__ == "__main__":
    main()
