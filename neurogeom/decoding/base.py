"""What all decoders share: fit, decode, score, save, and the mosaic that they belong to."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import xarray as xr

from neurogeom._core.validation import format_names
from neurogeom._core.warnings import DegenerateInputWarning, warn
from neurogeom.decoding.files import write_state
from neurogeom.decoding.inputs import check_same, identity, labeled_images, stack_lags
from neurogeom.retina.counts import as_counts

if TYPE_CHECKING:
    from neurogeom.decoding.results import ReconstructionResult

State = tuple[dict[str, Any], dict[str, np.ndarray]]
KINDS: dict[str, type[Decoder]] = {}


class Decoder(ABC):
    """From spikes to images: ``fit(counts, images)``, ``decode(counts)``, ``score(counts, images)``, ``save(path)``.

    A fitted decoder keeps the fingerprint of the mosaic and refuses spikes of another; an array without labels is
    checked by its shape only.
    """

    kind: ClassVar[str] = ""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.kind:
            KINDS[cls.kind] = cls

    def __init__(self) -> None:
        self.population: str | None = None
        self.n_features: int | None = None
        self.image_shape: tuple[int, int] | None = None
        self.sources: tuple[str, ...] = ()

    @abstractmethod
    def fit(self, counts: Any, images: Any) -> Decoder:
        """Fit to counts and the images that evoked them."""

    @abstractmethod
    def _decode(self, counts: np.ndarray) -> np.ndarray:
        """Images (n, height, width) of counts (n, features)."""

    @abstractmethod
    def _state(self) -> State:
        """Settings and arrays that make the decoder again."""

    @classmethod
    @abstractmethod
    def _from_state(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Decoder:
        """The decoder of a state."""

    def decode(self, counts: Any) -> xr.DataArray:
        """Return the images decoded from counts.

        Parameters
        ----------
        counts : DataArray (presentation, neuroid[, time_bin]) or array-like, shape (n, features)

        Returns
        -------
        DataArray (presentation, y, x)
            In [−0.5, 0.5], but for reconstruction error.

        Raises
        ------
        ValueError
            A decoder that is not fitted, counts of another mosaic, not whole, negative or of another shape.
        """
        values = self._checked(counts)
        return labeled_images(self._decode(values), counts, decoder=self.kind)

    def score(self, counts: Any, images: Any, **options: Any) -> ReconstructionResult:
        """Return the quality of reconstructions of counts, against the images.

        Parameters
        ----------
        counts, images
            As for `fit`; images that were not used there.
        **options
            For :func:`neurogeom.decoding.evaluate`.

        Returns
        -------
        ReconstructionResult
        """
        from neurogeom.decoding.evaluate import evaluate

        own = getattr(images, "coords", {}).get("source")
        seen = [] if own is None else sorted(set(map(str, own.values)) & set(self.sources))
        if seen:
            warn(
                f"{len(seen)} source images were also used for training (first: {format_names(seen)}), so the scores "
                "are too good: crops of one image are alike. Split by source: stimuli.split_sources.",
                DegenerateInputWarning,
            )
        return evaluate({self.kind: self.decode(counts)}, images, **options)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the decoder to one HDF5 file, whole or not at all; :func:`load_decoder` reads it.

        Parameters
        ----------
        path : path
            Ends in ``.h5``.

        Returns
        -------
        pathlib.Path
        """
        self._require_fitted()
        settings, arrays = self._state()
        common: dict[str, Any] = {
            "population": self.population,
            "n_features": self.n_features,
            "image_shape": self.image_shape,
        }
        common["sources"] = list(self.sources)
        return write_state(path, self.kind, {**settings, "_common": common}, arrays)

    def _adopt(self, counts: Any, n_features: int, image_shape: tuple[int, ...], sources: Any = None) -> None:
        self.sources = () if sources is None else tuple(sorted(set(map(str, sources))))
        self.population = identity(stack_lags(counts))
        self.n_features, self.image_shape = int(n_features), (int(image_shape[0]), int(image_shape[1]))

    def _require_fitted(self) -> None:
        if self.n_features is None:
            raise ValueError(f"this {type(self).__name__} is not fitted. Call fit(counts, images) first.")

    def _checked(self, counts: Any) -> np.ndarray:
        self._require_fitted()
        stacked = stack_lags(counts)
        check_same(self.population, stacked)
        return as_counts(stacked, n_cells=self.n_features)


def load_decoder(path: str | os.PathLike[str]) -> Decoder:
    """Read a decoder that was written with ``save``.

    Parameters
    ----------
    path : path

    Returns
    -------
    Decoder

    Raises
    ------
    FileNotFoundError
        No such file.
    ValueError
        No decoder of this package, or a damaged file.

    Examples
    --------
    >>> load_decoder("no_such_file.h5")
    Traceback (most recent call last):
    ...
    FileNotFoundError: [Errno 2] there is no such file: 'no_such_file.h5'
    """
    from neurogeom.decoding.files import read_state

    kind, settings, arrays = read_state(path)
    if kind not in KINDS:
        raise ValueError(f"{path} holds a decoder of kind {kind!r}; known are {', '.join(sorted(KINDS))}.")
    common = settings.pop("_common")
    decoder = KINDS[kind]._from_state(settings, arrays)
    decoder.population, decoder.n_features = common["population"], common["n_features"]
    decoder.image_shape, decoder.sources = tuple(common["image_shape"]), tuple(common["sources"])
    return decoder
