"""Running a plan: batches are loaded while the network works, and blocks are written while it works on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from neurogeom._core.memory import available_bytes
from neurogeom._core.progress import progress as progress_bar
from neurogeom.encoders.passes import NotFiniteError, Passes
from neurogeom.encoders.plan import Plan

Block = tuple[int, int, int]
SMALLEST, LARGEST = 4, 128
MIN_GAIN = 1.05


def run_blocks(
    plan: Plan,
    blocks: Sequence[Block],
    buffers: Callable[[Block], dict[str, np.ndarray]],
    finished: Callable[[int, dict[str, np.ndarray]], None],
    *,
    batch_size: int,
    progress: bool,
) -> None:
    """Fill the buffers (presentations, units) of each block and hand them over; call inside ``passes.ready()``."""
    batches = [(block, *span) for block in blocks for span in _spans(block[1], block[2], batch_size)]
    current: dict[str, np.ndarray] = {}
    for (block, start, stop), inputs in _loaded(plan, batches, progress):
        if start == block[1]:
            current = buffers(block)
        rows = {name: array[start - block[1] : stop - block[1]] for name, array in current.items()}
        # what is not projected is copied from the layer to its place, once
        plan.passes.destinations = {name: part for name, part in rows.items() if name not in plan.fitted}
        try:
            for name, values in forward(plan, inputs, start, stop).items():
                if name not in rows or values is not rows[name]:
                    rows[name][...] = plan.project(name, values)
        finally:
            plan.passes.destinations = {}
        if stop == block[2]:
            finished(block[0], current)
            current = {}


def forward(plan: Plan, inputs: Any, start: int, stop: int) -> dict[str, np.ndarray]:
    """One batch; in two halves where memory does not suffice, and with the image's name where a value is not finite."""
    import torch

    n = stop - start
    try:
        return plan.passes(inputs, n)
    except NotFiniteError as error:
        remedy = "fp16 overflow?): use bf16 or float32" if plan.passes.precision == "float16" else "in the weights?)"
        what = plan.inputs.describe(start + error.index)
        raise ValueError(f"layer {error.layer!r} has NaN or infinity for {what} ({remedy}.") from error
    except (torch.OutOfMemoryError, MemoryError):
        if n == 1:
            raise
    middle = start + n // 2
    first, second = _part(inputs, 0, n // 2), _part(inputs, n // 2, n)
    one = {name: values.copy() for name, values in forward(plan, first, start, middle).items()}
    other = forward(plan, second, middle, stop)
    return {name: np.concatenate([one[name], other[name]]) for name in one}


def choose_batch_size(plan: Plan) -> int:
    """Double from 4 while images per second grow by 5 % and outputs take less than a quarter of free memory."""
    n = len(plan.inputs)
    per_image = 4 * sum(layout.n_units for layout in plan.before.values())
    best, best_rate, size = SMALLEST, 0.0, SMALLEST
    if n <= 16 * SMALLEST:  # finding out would take longer than it saves
        return min(n, 2 * SMALLEST)
    one = plan.inputs.batch([0])
    while size <= min(LARGEST, n) and 2 * size * per_image < available_bytes() / 4:
        inputs = plan.inputs.batch([0] * size) if not hasattr(one, "detach") else one.expand(size, *one.shape[1:])
        rate = size / _seconds(plan.passes, inputs, size)
        if rate < MIN_GAIN * best_rate:
            break
        best, best_rate = size, rate
        size *= 2
    return best


def precision_error(plan: Plan, n: int) -> dict[str, float]:
    """Relative difference between the half precision and float32, by layer, on the first images."""
    count = min(n, 8)
    inputs = plan.inputs.batch(range(count))
    half = {name: values.copy() for name, values in plan.passes(inputs, count).items()}
    full = plan.passes(inputs, count, precision="float32")
    return {
        name: float(np.linalg.norm(half[name] - full[name]) / max(float(np.linalg.norm(full[name])), 1e-30))
        for name in full
    }


def _seconds(passes: Passes, inputs: Any, n: int) -> float:
    times = []
    for _ in range(2):
        start = time.perf_counter()
        passes(inputs, n)
        times.append(time.perf_counter() - start)
    return max(min(times), 1e-9)


def _loaded(plan: Plan, batches: Sequence[Any], progress: bool) -> Iterator[tuple[Any, Any]]:
    """Batches with their inputs; the next one is loaded while this one is worked on."""
    with ThreadPoolExecutor(1, thread_name_prefix="image-loader") as pool:
        waiting = pool.submit(plan.inputs.batch, range(*batches[0][1:])) if batches else None
        bar = progress_bar(batches, total=len(batches), description="forward passes", enabled=progress)
        for number, batch in enumerate(bar):
            inputs = waiting.result() if waiting is not None else None
            following = number + 1
            if following < len(batches):
                waiting = pool.submit(plan.inputs.batch, range(*batches[following][1:]))
            yield batch, inputs


def _spans(start: int, stop: int, size: int) -> list[tuple[int, int]]:
    return [(first, min(first + size, stop)) for first in range(start, stop, size)]


def _part(inputs: Any, start: int, stop: int) -> Any:
    if isinstance(inputs, dict):
        return {key: value[start:stop] if hasattr(value, "__getitem__") else value for key, value in inputs.items()}
    return inputs[start:stop]
