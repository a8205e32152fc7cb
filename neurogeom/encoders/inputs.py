"""What is fed to a network: images through a preprocessing, or arrays as the network takes them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from neurogeom._core.responses import axis_coordinates
from neurogeom.encoders.images import ImageSet, image_set
from neurogeom.encoders.preprocess import Preprocess
from neurogeom.encoders.screen import place_on_screen
from neurogeom.training.classifier import as_input_tensor

if TYPE_CHECKING:
    import torch

    from neurogeom.encoders.encoder import Encoder


@dataclass(frozen=True)
class ImageInputs:
    """Images that go through a preprocessing."""

    images: ImageSet
    preprocess: Any
    visual_degrees: float | None = None

    @property
    def coords(self) -> Mapping[str, np.ndarray]:
        return self.images.coords

    @property
    def skipped(self) -> tuple[str, ...]:
        return self.images.skipped

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, index: Sequence[int]) -> Any:
        """Pixels of these images, preprocessed."""
        return self.preprocess([self._placed(int(i)) for i in index])

    def _placed(self, index: int) -> np.ndarray:
        """Pixels of an image, on a gray screen where both visual angles are known."""
        pixels = self.images.pixels(index)
        if self.images.degrees is None or self.visual_degrees is None:
            return pixels
        return place_on_screen(pixels, self.images.degrees, self.visual_degrees)

    def digests(self) -> list[str]:
        """SHA-256 of the bytes of each image."""
        return self.images.digests()

    def settings(self) -> dict[str, Any]:
        """Preprocessing, and what the reading of images adds."""
        placed = {} if self.images.degrees is None else {"screen_degrees": self.visual_degrees}
        return {**self.preprocess.settings(), **self.images.settings(), **placed}

    def describe(self, index: int) -> str:
        """Name of an image for messages."""
        return self.images.name(index)


@dataclass(frozen=True)
class RawInputs:
    """Arrays (n, …) as the network takes them."""

    tensor: torch.Tensor
    coords: Mapping[str, np.ndarray] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.tensor)

    def batch(self, index: Sequence[int]) -> Any:
        """These rows."""
        return self.tensor[np.asarray(index, dtype=np.int64)]

    def digests(self) -> list[str]:
        """SHA-256 of kind, shape and bytes of each row."""
        rows = self.tensor.detach().cpu().contiguous()
        head = f"{rows.dtype}{tuple(rows.shape[1:])}".encode()
        import torch

        return [hashlib.sha256(head + row.reshape(-1).view(torch.uint8).numpy().tobytes()).hexdigest() for row in rows]

    def settings(self) -> dict[str, Any]:
        """Nothing is done to them."""
        return {"kind": "none"}

    def describe(self, index: int) -> str:
        """Name of an input for messages."""
        return f"input {index}"


Inputs = ImageInputs | RawInputs


def as_inputs(
    encoder: Encoder,
    images: Any,
    coords: Mapping[str, Any] | None,
    *,
    on_error: str = "raise",
    visual_degrees: float | None = None,
    **options: Any,
) -> Inputs:
    """Images through the encoder's preprocessing; for a bare network arrays as they are, and images in [0, 1]."""
    if encoder.preprocess is None and not _are_images(images):
        return _raw(encoder, images, coords)
    given = image_set(images, coords=coords, **options)
    if on_error == "skip":
        given = given.readable()
    preprocess = encoder.preprocess or Preprocess()
    if isinstance(preprocess, Preprocess) and preprocess.image_size is None:
        _check_one_size(given)
    if given.degrees is not None and visual_degrees is None:
        raise ValueError(
            f"images are {given.degrees:g}° wide, but the encoder {encoder.name!r} does not say how wide its input is; "
            "give visual_degrees=."
        )
    return ImageInputs(given, preprocess, visual_degrees)


def _are_images(images: Any) -> bool:
    """Whether something cannot be the input tensor of a network as it is."""
    if hasattr(images, "detach") or isinstance(images, xr.DataArray):
        return False
    if isinstance(images, np.ndarray):
        return images.dtype == np.uint8 and images.ndim == 4 and images.shape[-1] in (1, 3, 4)
    return True


def _raw(encoder: Encoder, images: Any, coords: Mapping[str, Any] | None) -> RawInputs:
    tensor = as_input_tensor(images.values if isinstance(images, xr.DataArray) else images, encoder.module)
    found = axis_coordinates(images, images.dims[0]) if isinstance(images, xr.DataArray) else {}
    for key, value in (coords or {}).items():
        array = np.asarray(value)
        if array.shape != (len(tensor),):
            raise ValueError(
                f"coords[{key!r}] has {len(array)} entries, there are {len(tensor)} inputs. Give one for each."
            )
        found[str(key)] = array.astype(object) if array.dtype.kind in "UT" else array
    return RawInputs(tensor, found)


def _check_one_size(images: ImageSet) -> None:
    sizes = images.sizes()
    if len(sizes) > 1:
        listed = " and ".join(f"{h}×{w} ({n})" for (h, w), n in sizes.most_common(3))
        raise ValueError(f"images of different sizes, {listed}, for a network without a size of its own: set resize=.")
