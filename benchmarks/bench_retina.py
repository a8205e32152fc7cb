"""Responses of a whole mosaic to many images: tiles against the dense product, sparse rows and torch.

python -m benchmarks.bench_retina
"""

from __future__ import annotations

import numpy as np

from benchmarks.common import duration, medians, refuse_unless_close, table, write_section
from neurogeom.retina import FilterBank, Mosaic

N_IMAGES = 256
REPEATS = 5


def main() -> None:
    from threadpoolctl import threadpool_limits

    mosaic = Mosaic.parthasarathy2017(seed=0)
    images = np.random.default_rng(0).uniform(-0.5, 0.5, (N_IMAGES, *mosaic.shape)).astype(np.float32)
    flat = np.ascontiguousarray(images.reshape(N_IMAGES, -1).T)
    sparse = mosaic.filters.astype(np.float32)
    dense = sparse.toarray()
    bank = FilterBank(mosaic)
    with threadpool_limits(1):
        answer = dense @ flat
        for name, found in (("sparse rows", sparse @ flat), ("tiles", bank.drive(images).T)):
            refuse_unless_close(name, float(np.abs(found - answer).max()), 1e-4)
        functions = {
            "dense product (BLAS)": lambda: dense @ flat,
            "sparse rows (scipy)": lambda: sparse @ flat,
            "FilterBank, one thread": lambda: bank.drive(images),
        }
        times = medians(functions, repeats=REPEATS)
    first = times["dense product (BLAS)"]
    memory = {"dense product (BLAS)": dense.nbytes, "sparse rows (scipy)": 2 * sparse.data.nbytes}
    rows = [
        [name, duration(seconds), f"{first / seconds:.1f}×", f"{memory.get(name, bank.n_bytes) / 1e6:.0f} MB"]
        for name, seconds in times.items()
    ]
    text = (
        f"{mosaic.n_cells:,} cells, {N_IMAGES} images of {mosaic.shape[0]} × {mosaic.shape[1]} pixels, float32, median "
        f"CPU time of {REPEATS} runs that take turns, one thread. The tiles' time includes bringing pixels × images in "
        f"order.\n\n{table(['product', 'time', 'against dense', 'filters'], rows)}"
    )
    write_section("Responses of a mosaic", text)
    print(text)


if __name__ == "__main__":
    main()
