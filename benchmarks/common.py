"""What all benchmarks share: interleaved medians, the machine in words, and sections of RESULTS.md."""

from __future__ import annotations

import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("RESULTS.md")
PACKAGES = ("numpy", "scipy", "numba", "scikit-learn", "cvxopt", "quadprog", "cvxpy", "clarabel", "ikpls")


def medians(
    functions: Mapping[str, Callable[[], Any]], *, repeats: int, clock: Callable[[], float] = time.process_time
) -> dict[str, float]:
    """Median time of each function over repeats that take turns, so that a slow spell of the machine meets all.

    Parameters
    ----------
    functions : mapping of str to callable
        What to time; each has run before, so that nothing is compiled here.
    repeats : int
        Runs of each.
    clock : callable
        ``time.process_time`` for CPU time of all threads, ``time.perf_counter`` for wall time; in seconds.

    Returns
    -------
    dict of str to float
        Seconds.
    """
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            start = clock()
            function()
            times[name].append(clock() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def refuse_unless_close(name: str, difference: float, limit: float) -> None:
    """Stop where a peer's answer is not ours: then its time means nothing."""
    if not difference <= limit:
        raise SystemExit(f"{name}: answers differ by {difference:.1e}, more than {limit:.0e}; nothing was timed.")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def duration(seconds: float) -> str:
    """Seconds in a unit that reads well."""
    for limit, unit, factor in ((1e-3, "µs", 1e6), (1.0, "ms", 1e3)):
        if seconds < limit:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"


def machine() -> str:
    """Processor, cores, Python and the versions of what was compared."""
    versions = []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} cores, Python {platform.python_version()}, {', '.join(versions)}."


def write_section(name: str, text: str, path: Path = RESULTS) -> None:
    """Replace one section of the results, keep the others."""
    head = "# Benchmarks\n\nMeasured by the scripts of this folder, each on the machine named below its table.\n"
    body = path.read_text(encoding="utf-8") if path.exists() else head
    section = f"\n## {name}\n\n{text.strip()}\n\n{machine()} {datetime.now(UTC):%Y-%m-%d}.\n"
    pattern = re.compile(rf"\n## {re.escape(name)}\n.*?(?=\n## |\Z)", re.DOTALL)
    body = pattern.sub(lambda _: section, body) if pattern.search(body) else body.rstrip("\n") + "\n" + section
    path.write_text(body, encoding="utf-8")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
