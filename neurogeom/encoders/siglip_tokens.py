"""Texts as tokens for SigLIP 2: lower case, no beginning, an end, 64 places padded on the right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurogeom._core.optional import require

END, PADDING = 1, 0


@dataclass(frozen=True)
class Tokenizer:
    """From texts to tokens (n, length).

    Attributes
    ----------
    pieces : callable
        From one text to the numbers of its pieces, with nothing added.
    length : int
    """

    pieces: Callable[[str], Sequence[int]]
    length: int = 64

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Tokens of texts: in lower case, the end token last also where a text is cut, padding on the right."""
        tokens = np.full((len(texts), self.length), PADDING, dtype=np.int64)
        for row, text in zip(tokens, texts, strict=True):
            if not isinstance(text, str):
                raise TypeError(f"texts holds a {type(text).__name__}; texts are needed.")
            pieces = [*list(self.pieces(text.lower()))[: self.length - 1], END]
            row[: len(pieces)] = pieces
        return tokens


def find_tokenizer(folder: Path, length: int) -> Tokenizer | None:
    """The tokenizer of a folder (or of the folder of a file): tokenizer.json, else tokenizer.model; None without."""
    folder = folder if folder.is_dir() else folder.parent
    if (folder / "tokenizer.json").exists():
        return Tokenizer(_Fast(folder / "tokenizer.json"), length)
    if (folder / "tokenizer.model").exists():
        return Tokenizer(_Sentencepiece(folder / "tokenizer.model"), length)
    return None


class _Fast:
    """A ``tokenizer.json``, read when it is first used."""

    def __init__(self, path: Path) -> None:
        self.path, self._model = path, None

    def __call__(self, text: str) -> Sequence[int]:
        model: Any = self._model
        if model is None:
            tokenizers = require("tokenizers", extra="siglip", purpose="Texts for SigLIP 2")
            model = tokenizers.Tokenizer.from_file(str(self.path))
            model.no_truncation()
            model.no_padding()
            self._model = model
        return model.encode(text, add_special_tokens=False).ids


class _Sentencepiece:
    """A ``tokenizer.model``, read when it is first used."""

    def __init__(self, path: Path) -> None:
        self.path, self._model = path, None

    def __call__(self, text: str) -> Sequence[int]:
        model: Any = self._model
        if model is None:
            module = require("sentencepiece", extra="siglip", purpose="Texts for SigLIP 2")
            model = self._model = module.SentencePieceProcessor(model_file=str(self.path))
        return model.encode(text)
