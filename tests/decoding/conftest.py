"""One small mosaic with its images and spikes, for all tests of decoding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import xarray as xr

from neurogeom import stimuli
from neurogeom.retina import LNP, Mosaic

HELD_OUT = ("camera", "coffee", "flower", "cat")


@dataclass(frozen=True)
class Scene:
    """Training and test crops of different source images, and the spikes of softplus cells."""

    model: LNP
    images: xr.DataArray
    counts: xr.DataArray
    test_images: xr.DataArray
    test_counts: xr.DataArray


@pytest.fixture(scope="session")
def scene() -> Scene:
    numbers = {"on_parasol": 43, "off_parasol": 64, "on_midget": 116, "off_midget": 116}
    mosaic = Mosaic.from_counts(numbers, (32, 32), seed=0)
    packaged = stimuli.packaged_images()
    images = stimuli.crops({k: v for k, v in packaged.items() if k not in HELD_OUT}, 32, n=1000, seed=0)
    test = stimuli.crops({name: packaged[name] for name in HELD_OUT}, 32, n=24, seed=1)
    model = LNP(mosaic, nonlinearity="softplus").calibrate(images)
    return Scene(model, images, model.simulate(images, seed=0), test, model.simulate(test, seed=1))


@dataclass(frozen=True, eq=False)
class GaussianLikelihood:
    """n = A x + noise of a given variance: the case whose posterior is known."""

    filters: object
    values: np.ndarray
    variance: float
    is_convex: bool = True

    def __len__(self) -> int:
        return len(self.values)

    def terms(self, z: np.ndarray, index: int, *, exact: bool = False) -> tuple[float, np.ndarray, np.ndarray]:
        """Loss, slope and curvature."""
        off = z - self.values[index]
        return float(off @ off) / (2 * self.variance), off / self.variance, np.full(len(z), 1 / self.variance)
