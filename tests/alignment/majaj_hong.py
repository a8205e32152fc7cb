"""An assembly with the coordinates of Majaj, Hong et al. (2015): objects in superclasses, six latent parameters."""

from __future__ import annotations

import numpy as np
import xarray as xr

CATEGORIES = ("Animals", "Boats", "Cars", "Chairs", "Faces", "Fruits", "Planes", "Tables")
LATENTS = ("s", "ty", "tz", "rxy", "rxz", "ryz")


class World:
    """Stimuli, and a rule that gives every stimulus a position in a latent space that systems read in their own way."""

    def __init__(self, *, n_categories: int = 8, n_objects: int = 2, n_images: int = 12, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        total = n_categories * n_objects * n_images
        self.category = np.repeat(CATEGORIES[:n_categories], n_objects * n_images)
        number = np.tile(np.repeat(np.arange(n_objects), n_images), n_categories)
        self.object = np.array([f"{c.lower()}_{k}" for c, k in zip(self.category, number, strict=True)])
        self.latents = {name: rng.uniform(-1, 1, size=total) for name in LATENTS}
        self.ids = np.array([f"im{i:04d}" for i in rng.permutation(total)])
        centers = {name: rng.normal(size=40) for name in (*self.category, *self.object)}
        codes = {name: rng.normal(size=(6, 40)) for name in CATEGORIES[:n_categories]}
        values = np.stack(list(self.latents.values()), axis=1)
        self.space = np.array(
            [
                1.5 * centers[c] + 0.7 * centers[o] + 0.8 * v @ codes[c] / np.sqrt(6)
                for c, o, v in zip(self.category, self.object, values, strict=True)
            ]
        ) + 0.3 * rng.normal(size=(total, 40))

    def recording(
        self, n_neuroids: int, *, noise: float, seed: int, n_repetitions: int = 1, region: str = "IT"
    ) -> xr.DataArray:
        """Responses of a region: a random read-out of the latent space, repeated with noise, in shuffled order."""
        rng = np.random.default_rng(seed)
        signal = self.space @ rng.normal(size=(40, n_neuroids)) / np.sqrt(40) + 2.0
        rows = rng.permutation(np.repeat(np.arange(len(self.ids)), n_repetitions))
        coords: dict = {
            "stimulus_id": ("presentation", self.ids[rows]),
            "object_name": ("presentation", self.object[rows]),
            "category_name": ("presentation", self.category[rows]),
            "variation": ("presentation", np.full(len(rows), 6)),
            "neuroid_id": ("neuroid", [f"{region}_{i}" for i in range(n_neuroids)]),
            "animal": ("neuroid", np.where(np.arange(n_neuroids) % 2, "Chabo", "Tito")),
            "region": ("neuroid", [region] * n_neuroids),
        }
        coords |= {name: ("presentation", values[rows]) for name, values in self.latents.items()}
        values = signal[rows] + noise * rng.normal(size=(len(rows), n_neuroids))
        return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)

    def activations(self, n_units: int, *, likeness: float, seed: int) -> xr.DataArray:
        """Activations of a layer, which know the stimuli only by id; ``likeness`` 1 reads the same latent space."""
        rng = np.random.default_rng(seed)
        other = rng.normal(size=self.space.shape)
        mixed = likeness * self.space + (1 - likeness) * other
        order = rng.permutation(len(self.ids))
        values = np.maximum(mixed @ rng.normal(size=(40, n_units)) / np.sqrt(40) + 1, 0)
        coords = {"stimulus_id": ("presentation", self.ids[order])}
        return xr.DataArray(values[order], dims=("presentation", "neuroid"), coords=coords)
