"""Free memory is asked before anything is allocated, and the container's limit counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurogeom._core import memory
from neurogeom._core.memory import NotEnoughMemoryError, available_bytes, format_bytes, require_memory


def test_what_does_not_fit_says_need_free_and_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: 3_100_000_000)
    with pytest.raises(
        NotEnoughMemoryError, match=r"The Gram matrix needs 12\.8 GB of memory; 3\.1 GB is free\. Use x"
    ):
        require_memory(12.8e9, "The Gram matrix", "Use x.")
    require_memory(3e9, "The Gram matrix", "Use x.")


def test_it_can_be_caught_as_value_error_or_memory_error() -> None:
    assert issubclass(NotEnoughMemoryError, ValueError)
    assert issubclass(NotEnoughMemoryError, MemoryError)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"memory.max": "1000\n", "memory.current": "700\n", "memory.stat": "anon 5\ninactive_file 50\n"}, 350),
        ({"memory.max": "1000\n", "memory.current": "700\n"}, 300),
        ({"memory.max": "max\n", "memory.current": "700\n"}, None),
        ({"memory/memory.limit_in_bytes": "900", "memory/memory.usage_in_bytes": "300"}, 600),
        ({}, None),
    ],
)
def test_the_limit_of_a_container_is_read(tmp_path: Path, files: dict[str, str], expected: int | None) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert memory._free_of_cgroup(tmp_path) == expected


def test_the_smaller_of_machine_and_container_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_free_of_machine", lambda: 500)
    for container, expected in ((300, 300), (800, 500), (None, 500), (-10, 0)):
        monkeypatch.setattr(memory, "_free_of_cgroup", lambda container=container: container)
        assert available_bytes() == expected


@pytest.mark.parametrize(("size", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2.5e13, "25.0 TB")])
def test_sizes_are_readable(size: float, text: str) -> None:
    assert format_bytes(size) == text
