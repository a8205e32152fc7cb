"""Weights from files, without ever running what is in them, and into a module with nothing left over."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

_HOW = (
    "Convert it to safetensors where you trust it: safetensors.torch.save_file(torch.load(path)['state_dict'], "
    "'model.safetensors')."
)


def read_weights(path: Path, *, keep: Any = None) -> dict[str, Any]:
    """Arrays by name from a .safetensors, .npz, .pth, .pt or .bin file; pickled objects are refused.

    ``keep`` says by name what is wanted, so that towers that are not asked for are not read.
    """
    if not path.exists():
        raise FileNotFoundError(2, "there is no such checkpoint", str(path))
    if path.suffix == ".safetensors":
        return _safetensors(path, keep)
    if path.suffix == ".npz":
        return _archive(path, keep)
    found = _torch_file(path)
    return {name: value for name, value in found.items() if keep is None or keep(name)}


def read_folder(folder: Path, *, keep: Any = None) -> dict[str, Any]:
    """Weights of a folder in Hugging Face's layout: one safetensors file, several with an index, or a .bin."""
    import json

    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.exists():
        return read_weights(single, keep=keep)
    if index.exists():
        files = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        found: dict[str, Any] = {}
        for name in files:
            found |= read_weights(folder / name, keep=keep)
        return found
    binary = folder / "pytorch_model.bin"
    if binary.exists():
        return read_weights(binary, keep=keep)
    listed = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
    raise FileNotFoundError(2, f"the folder has no model.safetensors (it has {listed})", str(folder))


def load_strictly(module: torch.nn.Module, weights: Mapping[str, Any], *, what: str, like: str = "") -> None:
    """Fill all weights of a module; missing, left-over or misshapen ones are counted and named, and nothing is done."""
    import torch

    wanted = module.state_dict()
    given = {name: torch.tensor(value) if isinstance(value, np.ndarray) else value for name, value in weights.items()}
    missing = [name for name in wanted if name not in given]
    extra = [name for name in given if name not in wanted]
    wrong = [name for name in wanted if name in given and given[name].shape != wanted[name].shape]
    parts = [_named(missing, "missing"), _named(extra, "left over")]
    if wrong:
        shapes = f"{tuple(given[wrong[0]].shape)} where {tuple(wanted[wrong[0]].shape)} is needed"
        parts.append(f"{len(wrong)} of wrong shape (first: {wrong[0]!r}, {shapes})")
    if missing or extra or wrong:
        raise ValueError(f"{what}: {', '.join(part for part in parts if part)}{like}. Nothing was loaded.")
    module.load_state_dict({name: given[name].to(wanted[name].dtype) for name in wanted})


def file_sha(path: Path, kind: str) -> str:
    """Checksum of a file, ``sha1`` or ``sha256``."""
    digest = hashlib.new(kind)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _named(names: Sequence[str], what: str) -> str:
    return f"{len(names)} keys {what} (first: {names[0]!r})" if names else ""


def _safetensors(path: Path, keep: Any) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys() if keep is None or keep(name)}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise ValueError(f"{path} is damaged or no safetensors file ({error}). Get it again.") from error


def _archive(path: Path, keep: Any) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not hasattr(archive, "files"):
                raise ValueError(f"{path} is a single array; an archive (.npz) with arrays by name is needed.")
            return {name: archive[name] for name in archive.files if keep is None or keep(name)}
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise ValueError(f"{path} is damaged or no NumPy archive ({error}). Get it again.") from error
    except ValueError as error:
        if "allow_pickle" in str(error) or "pickle" in str(error).lower():
            raise ValueError(
                f"{path} holds Python objects: refused, loading them would run code. Save plain arrays: "
                "numpy.savez(path, **{name: array})."
            ) from error
        raise


def _torch_file(path: Path) -> dict[str, Any]:
    import torch

    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what a damaged file raises depends on where it is damaged
        if type(error).__name__ == "UnpicklingError" or "weights_only" in str(error).lower():
            raise ValueError(f"{path}: refused, loading it would run code. {_HOW}") from error
        raise ValueError(f"{path} is damaged or no torch checkpoint ({error}). Get it again.") from error
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
    if not isinstance(found, Mapping) or not all(torch.is_tensor(value) for value in found.values()):
        raise ValueError(f"{path} holds no weights by name (a {type(found).__name__}).")
    return {str(name).removeprefix("module."): value for name, value in found.items()}
