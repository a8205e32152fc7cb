"""What a warm start from window to window could save GLUE over time: python benchmarks/bench_over_time.py.

Macaque IT (macaque_it_zhang_desimone, looked for in NEUROGEOM_DATA): 7 objects × 12 points, 13 windows of 100 ms in
steps of 50 ms, the same 300 dichotomies and Gaussian vectors in all. CPU time, one thread. The active set of a window
is built point by point; from that of the window before, as many points come and go as the two sets differ by.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np

import neurogeom as ng
from neurogeom import kernels
from neurogeom.capacity.draws import open_task

N_SAMPLES = 300


def windows() -> tuple[object, object]:
    """Means of five repetitions over time, and the same in windows."""
    trials = ng.datasets.load("macaque_it_zhang_desimone", download=False)
    trials = trials.isel(time_bin=trials.time_bin_start.values >= -200)
    scale = ng.recordings.time_windows(trials, 100).std(("presentation", "time_bin"))
    scaled = trials / scale.where(scale > 0, 1.0)
    scaled = scaled.assign_coords(quarter=("presentation", trials.repetition.values % 4))
    points = ng.recordings.average_repetitions(scaled, ["object_name", "position", "quarter"])
    return points, ng.recordings.time_windows(points, 100, 50)


def active_sets(parts: object) -> tuple[float, list[list[set[int]]]]:
    """CPU seconds in the kernel, and the active points of each window and sample."""
    seconds, found = 0.0, []
    for place in range(parts.sizes["time_bin"]):
        task = open_task(
            parts.isel(time_bin=place), "object_name", n_samples=N_SAMPLES, origin="mean", t=None, seed=0, purpose="it"
        )
        signs = np.asarray(task.signs("balanced", task.manifolds.n_manifolds))[:, task.membership]
        targets = task.targets()
        start = time.process_time()
        solved = kernels.project(task.points, targets, signs, n_jobs=1)
        seconds += time.process_time() - start
        rows = solved.multipliers.tocsr()
        found.append([set(rows.indices[rows.indptr[k] : rows.indptr[k + 1]]) for k in range(N_SAMPLES)])
    return seconds, found


def main() -> None:
    """Print the share of the kernel, the sizes of active sets and how much they change."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    warnings.simplefilter("ignore")
    points, parts = windows()
    active_sets(parts.isel(time_bin=[0]))  # compiles
    kernel, sets = min((active_sets(parts) for _ in range(3)), key=lambda pair: pair[0])
    start = time.process_time()
    ng.capacity.glue(points, "object_name", window=100, step=50, n_samples=N_SAMPLES, origin="mean", seed=0, n_jobs=1)
    whole = time.process_time() - start
    size = np.mean([len(one) for part in sets for one in part])
    changes = np.mean([len(a ^ b) for u, v in zip(sets, sets[1:]) for a, b in zip(u, v)])
    print(f"GLUE in {len(sets)} windows: {whole:.3f} s, of which {kernel:.3f} s ({kernel / whole:.0%}) in the kernel")
    print(f"active points: {size:.1f} on average; {changes:.1f} come or go from one window to the next")
    print(f"a warm start could save at most {kernel / whole * max(0.0, 1 - changes / size):.1%} of the whole")


if __name__ == "__main__":
    main()
