"""Prediction of many neurons against what a user would otherwise install; answers are compared first, then timed.

Run: ``python benchmarks/bench_predictivity.py [--quick] [--markdown FILE]``. Times are CPU seconds of one thread, the
smallest of several runs, all in this process, ours and the peers' in turn. Peers: scikit-learn (a dependency); ikpls
(extra ``bench``) is compared and timed where it is installed.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import platform
import time
import tracemalloc
import warnings
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from neurogeom._core.parallel import single_threaded_blas
from neurogeom.predictivity import make_splits
from neurogeom.predictivity.aggregate import held_out_correlation, median_over_splits
from neurogeom.predictivity.ceilings import ceiling_of
from neurogeom.regression import default_alphas, pls_folds, ridge_folds

Folds = list[tuple[np.ndarray, np.ndarray]]
STORED = {"pls": 0.8126582067723953, "ridge_per_target": 0.8474031352302243, "ceiling": 0.9206840867669867}


def population(n_features: int = 1000) -> tuple[np.ndarray, np.ndarray, Folds]:
    """Features (315, p), trials (20, 315, 100) and ten stratified folds; p = 1,000 gives the stored values."""
    rng = np.random.default_rng(20240718)
    n, t, k = 315, 100, 40
    latent = rng.normal(size=(n, k)) * np.arange(1, k + 1) ** -0.5
    features = latent @ rng.normal(size=(k, n_features)) + 0.5 * rng.normal(size=(n, n_features))
    signal = latent @ rng.normal(size=(k, t)) + rng.normal(size=(n, t))
    trials = signal + 3 * rng.normal(size=(20, n, t))
    labels = np.where(np.arange(n) % 2 == 0, "texture", "noise")
    return features, trials, make_splits("stratified", n, stratify=labels, seed=1)


def cpu_seconds(function: Callable[[], Any], repeats: int) -> float:
    """Smallest CPU time of several runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def peer_pls(x: np.ndarray, y: np.ndarray, folds: Folds, **options: Any) -> list[np.ndarray]:
    """scikit-learn's PLSRegression, fold by fold."""
    from sklearn.cross_decomposition import PLSRegression

    return [PLSRegression(25, scale=False, **options).fit(x[a], y[a]).predict(x[b]) for a, b in folds]


def peer_ridge(x: np.ndarray, y: np.ndarray, folds: Folds) -> list[Any]:
    """scikit-learn's RidgeCV with a penalty for each target, fold by fold."""
    from sklearn.linear_model import RidgeCV

    fits = [RidgeCV(default_alphas(), alpha_per_target=True).fit(x[a], y[a]) for a, _ in folds]
    return [(fit.alpha_, fit.predict(x[b])) for fit, (_, b) in zip(fits, folds)]


def peer_ikpls(x: np.ndarray, y: np.ndarray, folds: Folds) -> list[np.ndarray]:
    """ikpls, algorithm 1, fold by fold."""
    pls = importlib.import_module("ikpls.numpy").PLS
    found = []
    for train, test in folds:
        model = pls(algorithm=1, center_X=True, center_Y=True, scale_X=False, scale_Y=False)
        model.fit(x[train], y[train], 25)
        found.append(model.predict(x[test], n_components=25))
    return found


def largest_difference(ours: list[np.ndarray], theirs: list[np.ndarray]) -> float:
    """Relative to the largest prediction."""
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(ours, theirs))


def predictions(x: np.ndarray, y: np.ndarray, folds: Folds) -> list[np.ndarray]:
    """Ours, of all folds."""
    found = pls_folds(x, y, folds, 25)
    return [found.predict(number) for number in range(len(folds))]


def median_score(found: list[np.ndarray], y: np.ndarray, folds: Folds) -> float:
    return median_over_splits(np.array([held_out_correlation(a, y[b]) for a, (_, b) in zip(found, folds)]))


def check(name: str, value: float, limit: float) -> str:
    """Refuse to time answers that differ."""
    if not value <= limit:
        raise SystemExit(f"{name}: answers differ by {value:.1e}, more than {limit:.0e}; nothing was timed.")
    return f"{value:.1e}"


def bench_pls(n_features: int, n_peer_folds: int, repeats: int) -> list[tuple[str, ...]]:
    """PLS with 25 components; of a slow peer some folds are timed and scaled to all."""
    x, trials, folds = population(n_features)
    y = trials.mean(axis=0)
    few = folds[:n_peer_folds]
    ours = predictions(x, y, folds)
    if n_features == 1000:
        check("stored score", abs(median_score(ours, y, folds) - STORED["pls"]), 1e-9)
    tight = peer_pls(x, y, folds[:1], tol=1e-22, max_iter=20_000)
    agreement = check("scikit-learn, tight tolerance", largest_difference(ours[:1], tight), 1e-6)
    mine = cpu_seconds(lambda: predictions(x, y, folds), 5 * repeats)
    theirs = cpu_seconds(lambda: peer_pls(x, y, few), repeats) * len(folds) / len(few)
    mine = min(mine, cpu_seconds(lambda: predictions(x, y, folds), 5 * repeats))
    goal = "20×" if n_features == 1000 else "100×"
    rows = [
        (f"PLS, 315 × {n_features:,} → 100, 10 folds", "scikit-learn PLSRegression", f"{theirs:.3f}", f"{mine:.4f}",
         f"{theirs / mine:.1f}×", goal, agreement),
    ]  # fmt: skip
    if importlib.util.find_spec("ikpls") is not None:
        agreement = check("ikpls", largest_difference(ours[: len(few)], peer_ikpls(x, y, few)), 1e-9)
        theirs = cpu_seconds(lambda: peer_ikpls(x, y, few), repeats) * len(folds) / len(few)
        rows.append(
            (rows[0][0], "ikpls, algorithm 1", f"{theirs:.3f}", f"{mine:.4f}", f"{theirs / mine:.1f}×", "", agreement)
        )
    return rows


def bench_ridge(repeats: int) -> list[tuple[str, ...]]:
    """Ridge with 99 penalties, one for each target by leave-one-out."""
    x, trials, folds = population()
    y = trials.mean(axis=0)
    found = ridge_folds(x, y, folds)
    ours = [found.predict(number) for number in range(len(folds))]
    check("stored score", abs(median_score(ours, y, folds) - STORED["ridge_per_target"]), 1e-9)
    peers = peer_ridge(x, y, folds)
    if any(not np.array_equal(found.alphas[number], alphas) for number, (alphas, _) in enumerate(peers)):
        raise SystemExit("RidgeCV: other penalties were chosen; nothing was timed.")
    agreement = check("RidgeCV", largest_difference(ours, [prediction for _, prediction in peers]), 1e-6)
    mine = cpu_seconds(lambda: ridge_folds(x, y, folds), 2 * repeats)
    theirs = cpu_seconds(lambda: peer_ridge(x, y, folds), repeats)
    return [
        ("ridge, 99 penalties per target, 10 folds", "scikit-learn RidgeCV", f"{theirs:.3f}", f"{mine:.3f}",
         f"{theirs / mine:.1f}×", "4×", agreement),
    ]  # fmt: skip


def bench_ceiling(pls_seconds: float, repeats: int) -> list[tuple[str, ...]]:
    """Split-half ceiling over 10 splits of 20 repetitions, as a share of scikit-learn's PLS time."""
    _, trials, _ = population()

    def run() -> float:
        return ceiling_of(trials, "split_half", n_splits=10, seed=1, legacy=True).median()

    agreement = check("stored ceiling", abs(run() - STORED["ceiling"]), 1e-12)
    mine = cpu_seconds(run, 5 * repeats)
    return [
        ("ceiling, 20 repetitions × 10 splits", "scikit-learn PLSRegression above", f"{pls_seconds:.3f}", f"{mine:.4f}",
         f"{100 * mine / pls_seconds:.1f} % of it", "5 %", agreement),
    ]  # fmt: skip


def memory_use(n_features: int) -> str:
    """Peak of what Python allocates during ten folds of PLS, in units of the features' own size."""
    x, trials, folds = population(n_features)
    y = trials.mean(axis=0)
    tracemalloc.start()
    pls_folds(x, y, folds, 25)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return f"{peak / x.nbytes:.2f} × the {x.nbytes / 1e6:.0f} MB of the features (p = {n_features:,}; goal ≤ 3)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, no p = 20,000")
    parser.add_argument("--markdown", type=Path, help="write the table there")
    arguments = parser.parse_args()
    repeats = 1 if arguments.quick else 3
    with single_threaded_blas(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = bench_pls(1000, 10, repeats)
        pls_seconds = float(rows[0][2])
        if not arguments.quick:
            rows += bench_pls(20_000, 2, 1)
        rows += bench_ridge(repeats)
        rows += bench_ceiling(pls_seconds, repeats)
    header = ("problem", "peer", "peer, s", "neurogeom, s", "ratio", "goal", "answers differ by")
    lines = ["| " + " | ".join(row) + " |" for row in (header, ("---",) * len(header), *rows)]
    names = ("numpy", "scipy", "scikit-learn", "ikpls")
    known = [
        f"{name} {metadata.version(name)}"
        for name in names
        if importlib.util.find_spec(name.replace("scikit-learn", "sklearn"))
    ]
    machine = f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, {', '.join(known)}"
    text = "\n".join(
        [*lines, "", f"CPU time, one thread. Memory: {memory_use(1000)}; {memory_use(20_000)}.", machine, ""]
    )
    print(text)
    if arguments.markdown is not None:
        arguments.markdown.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
