"""Many small decompositions: one BLAS thread is fastest, and leaves the other test process its core."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from neurogeom._core.parallel import single_threaded_blas


@pytest.fixture(autouse=True, scope="session")
def one_blas_thread() -> Iterator[None]:
    with single_threaded_blas():
        yield
