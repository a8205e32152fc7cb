"""Writing activations to a zarr store, block by block: a killed run loses at most the block it was in."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neurogeom._core.memory import format_bytes
from neurogeom._core.warnings import warn
from neurogeom.io.atomic import write_text
from neurogeom.io.lock import LOCK, writer_lock
from neurogeom.recordings.activations import FORMAT, HEAD, PROGRESS, Layout, finished_blocks, head_of, is_store

MOST_UNITS = 65_536
_CALLED = {"weights": "weights hash", "images": "image list", "preprocessing": "preprocessing", "pool": "pooling"}


class ActivationWriter:
    """A store that is being written: one array per layer, one chunk (times units) per block of presentations.

    A block is complete when all its layers are on the disk and ``progress.json`` says so, which is replaced as a whole.
    Writing is done by a thread of its own.

    Parameters
    ----------
    path : Path
    identity : dict
        What the activations depend on; a store of another identity is refused.
    layouts : dict of str to Layout
    n_presentations, block_size : int
    coords : dict of str to array (presentations,)
    attrs : dict of str to str
        Kept with the activations.
    resume : bool
        Whether a store that is there may be continued.
    """

    def __init__(
        self, path: Path, identity: Mapping[str, Any], layouts: Mapping[str, Layout], n_presentations: int,
        block_size: int, coords: Mapping[str, np.ndarray], attrs: Mapping[str, Any], *, resume: bool,
    ) -> None:  # fmt: skip
        self.path, self.identity = path, json.loads(json.dumps(identity, sort_keys=True))
        n_blocks = -(-n_presentations // block_size)
        self.head: dict[str, Any] = {
            "format": FORMAT,
            "identity": self.identity,
            "n_presentations": n_presentations,
            "block_size": block_size,
            "n_blocks": n_blocks,
            "layers": [
                {"name": name, "array": f"layer_{index:03d}", "layout": layout.plain()}
                for index, (name, layout) in enumerate(layouts.items())
            ],
            "coords": {key: np.asarray(value).tolist() for key, value in coords.items()},
            "attrs": dict(attrs),
        }
        self._resume = resume
        self._stack = contextlib.ExitStack()
        self._queue: queue.Queue[Any] = queue.Queue(maxsize=1)
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._arrays: dict[str, Any] = {}
        self.done: set[int] = set()

    def __enter__(self) -> ActivationWriter:
        self.path.mkdir(parents=True, exist_ok=True)
        self._stack.enter_context(writer_lock(self.path))
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        self._thread = threading.Thread(target=self._write_all, name="activation-writer", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if self._thread is not None:
                self._queue.put(None)
                self._thread.join()
        finally:
            self._stack.close()
        if error is None:
            self._raise_if_failed()

    @property
    def block_size(self) -> int:
        """Presentations of a block."""
        return int(self.head["block_size"])

    @property
    def attrs(self) -> dict[str, Any]:
        """What is kept with the activations."""
        return self.head["attrs"]

    def put(self, block: int, values: Mapping[str, np.ndarray]) -> None:
        """Hand over the values (presentations of the block, units) of all layers; returns before they are written."""
        self._raise_if_failed()
        self._queue.put((block, values))

    def note(self, key: str, value: Any) -> None:
        """Keep one more fact with the activations."""
        self.head["attrs"][key] = value
        self._write_head()

    def _open(self) -> None:
        import zarr

        for left in self.path.rglob("*.partial"):  # a killed writer's
            left.unlink(missing_ok=True)
        if is_store(self.path):
            self._continue()
            root = zarr.open_group(str(self.path), mode="r+")
        else:
            self._refuse_foreign()
            root = zarr.open_group(str(self.path), mode="a", zarr_format=3)
            for one in self.head["layers"]:
                n_units = Layout.of(one["layout"]).n_units
                root.create_array(
                    one["array"], shape=(self.head["n_presentations"], n_units), dtype="float32", overwrite=True,
                    chunks=(self.block_size, min(n_units, MOST_UNITS)), compressors=None,
                    dimension_names=("presentation", "neuroid"), attributes={"layer": one["name"]},
                )  # fmt: skip
            self._write_head()
        self._arrays = {one["name"]: root[one["array"]] for one in self.head["layers"]}

    def _continue(self) -> None:
        """Take over a store of the same identity: its blocks and what it was run with."""
        held = head_of(self.path)
        different = differences(held["identity"], self.identity)
        if different:
            names = " and ".join(_CALLED.get(key, key) for key, _, _ in different)
            shown = "; ".join(f"{_CALLED.get(key, key)}: old {old}, new {new}" for key, old, new in different)
            raise ValueError(f"{self.path} differs in {names}: {shown}; choose another out=.")
        if not self._resume:
            raise ValueError(f"{self.path} is there already; resume=True goes on with it, or choose another out=.")
        before, now = held["attrs"].get("versions"), self.head["attrs"].get("versions")
        if before != now:
            warn(f"{self.path} was begun with other versions ({before}); now {now}.")
        self.head, self.done = held, set(finished_blocks(self.path))

    def _refuse_foreign(self) -> None:
        own = (LOCK, "zarr.json", PROGRESS)
        foreign = [
            name for name in os.listdir(self.path) if name not in own and not name.startswith((".", "layer_", "pca_"))
        ]
        if foreign:
            raise ValueError(f"{self.path} holds other files (first: {sorted(foreign)[0]!r}); choose another out=.")
        (self.path / PROGRESS).unlink(missing_ok=True)

    def _write_head(self) -> None:
        write_text(self.path / HEAD, json.dumps(self.head, ensure_ascii=False))

    def _write_all(self) -> None:
        while (item := self._queue.get()) is not None:
            if self._error is not None:
                continue
            try:
                self._write(*item)
            except BaseException as error:
                self._error = error

    def _write(self, block: int, values: Mapping[str, np.ndarray]) -> None:
        start = block * self.block_size
        for name, array in self._arrays.items():
            array[start : start + len(values[name])] = values[name]
        for one in self.head["layers"]:
            _flush_files(self.path / one["array"] / "c" / str(block))
        write_text(self.path / PROGRESS, json.dumps({"blocks": sorted({*self.done, block})}))
        self.done.add(block)

    def _raise_if_failed(self) -> None:
        if self._error is None:
            return
        error = self._error
        if isinstance(error, OSError):
            raise OSError(
                error.errno,
                f"stopped ({error.strerror or error}); {len(self.done)} of {self.head['n_blocks']} blocks are safe; "
                "free some space and rerun to resume",
                str(self.path),
            ) from error
        raise error


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Keys whose values differ, with both values in short."""
    first = ("encoder", "name", "weights", "config", "preprocessing", "images", "n_images", "layers")
    known = {**old, **new}
    ordered = [*(key for key in first if key in known), *(key for key in known if key not in first)]
    keys = [key for key in ordered if old.get(key) != new.get(key)]
    return [(key, _short(old.get(key)), _short(new.get(key))) for key in keys]


def require_space(path: Path, n_bytes: float, what: str, remedy: str) -> None:
    """Refuse to begin what the disk cannot hold."""
    folder = path
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise ValueError(
            f"{what} need {format_bytes(n_bytes)} on disk; {format_bytes(free)} is free at {folder}. {remedy}"
        )


def missing_blocks(done: set[int], n: int, block_size: int) -> list[tuple[int, int, int]]:
    """Number, start and stop of the blocks that are not complete."""
    blocks = [(block, block * block_size, min((block + 1) * block_size, n)) for block in range(-(-n // block_size))]
    return [one for one in blocks if one[0] not in done]


def block_size_for(bytes_per_input: int, n: int, free: int) -> int:
    """Presentations per block: 256 to 64 as layers get larger, fewer where memory for three blocks is short."""
    size = next((size for size in (256, 128) if size * bytes_per_input <= 128_000_000), 64)
    while size > 1 and 3 * size * bytes_per_input > free / 2:
        size //= 2
    return min(size, max(n, 1))


def _flush_files(folder: Path) -> None:
    for file in _files(folder):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _files(folder: Path) -> Sequence[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
    if isinstance(value, str) and len(value) == 64:
        return value[:8] + "…"
    return text if len(text) <= 120 else text[:117] + "…"
