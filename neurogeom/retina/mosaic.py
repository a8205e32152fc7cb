"""A patch of retina: ON and OFF, parasol and midget cells with their places and receptive fields."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from neurogeom._core.random import resolve_seed
from neurogeom._core.validation import check_count, check_option, check_real
from neurogeom.io.fingerprint import fingerprint
from neurogeom.retina.curves import MM_PER_DEGREE, cell_density, dendritic_diameter, to_mm
from neurogeom.retina.fields import FieldShape, difference_of_gaussians, draw_ellipses, unit_peak_centers
from neurogeom.retina.positions import nearest_distances, regularity_index, repulsive_positions

TYPES = ("on_parasol", "off_parasol", "on_midget", "off_midget")
SHARES = {"on_parasol": 0.05, "off_parasol": 0.05, "on_midget": 0.4, "off_midget": 0.4}
PARTHASARATHY_2017 = {"on_parasol": 26**2, "off_parasol": 32**2, "on_midget": 43**2, "off_midget": 43**2}
CROSS_TYPES = ("independent",)


class Mosaic:
    """Ganglion cells over a patch: positions, types, elliptical receptive fields; identified by a fingerprint.

    Made by :meth:`at_eccentricity`, :meth:`from_counts` or :meth:`parthasarathy2017`; the arguments here are for cells
    that are known, such as those of a recording.

    Parameters
    ----------
    positions : array-like, shape (n, 2)
        y and x of receptive-field centers, in pixels; the middle of the first pixel is (0.5, 0.5).
    cell_type : array-like of str, shape (n,)
        "on_parasol", "off_parasol", "on_midget", "off_midget".
    ellipses : array-like, shape (n, 3)
        Sigma of the center along and across, in pixels, and angle in rad from the x axis.
    shape : tuple of int
        Height and width of the patch, in pixels.
    field_shape : FieldShape, optional
    pixel_size : float, optional
        µm of retina in a pixel; None where it is not known, and then mm and deg cannot be asked for.
    window_ms : float
        Time over which spikes are counted, in ms; part of what a decoder has to know.

    Raises
    ------
    TypeError, ValueError
        Cells outside the patch, unknown types, sizes that are not positive, arrays that do not fit together.

    References
    ----------
    Parthasarathy, Batty et al. 2017, NIPS 30:6434; Gauthier et al. 2009, PLoS Biol. 7:e1000063.

    Examples
    --------
    >>> mosaic = Mosaic.from_counts({"on_parasol": 9, "off_parasol": 16}, (32, 32), seed=0)
    >>> mosaic.n_cells, mosaic.filters.shape
    (25, (25, 1024))
    """

    def __init__(
        self,
        positions: Any,
        cell_type: Any,
        ellipses: Any,
        shape: tuple[int, int],
        *,
        field_shape: FieldShape | None = None,
        pixel_size: float | None = None,
        window_ms: float = 100.0,
    ) -> None:
        height, width = (check_count("shape", edge, minimum=2) for edge in shape)
        self.shape = (height, width)
        self.positions = np.array(positions, dtype=np.float64)
        self.cell_type = np.array(cell_type, dtype=str)
        self.ellipses = np.array(ellipses, dtype=np.float64)
        self.field_shape = field_shape or FieldShape()
        self.pixel_size = None if pixel_size is None else check_real("pixel_size", pixel_size, minimum=0.0, strict=True)
        self.window_ms = check_real("window_ms", window_ms, minimum=0.0, strict=True)
        _check_cells(self.positions, self.cell_type, self.ellipses, self.shape)
        for array in (self.positions, self.cell_type, self.ellipses):
            array.flags.writeable = False

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[str, int],
        shape: tuple[int, int],
        *,
        field_shape: FieldShape | None = None,
        pixel_size: float | None = None,
        n_steps: int = 20,
        jitter: float = 0.12,
        cross_type: str = "independent",
        window_ms: float = 100.0,
        seed: int | None = 0,
    ) -> Mosaic:
        """Return a mosaic with a given number of cells of each type.

        Parameters
        ----------
        counts : mapping of str to int
        shape : tuple of int
            Height and width in pixels.
        field_shape : FieldShape, optional
        pixel_size : float, optional
            µm in a pixel.
        n_steps, jitter
            Of :func:`repulsive_positions`.
        cross_type : {"independent"}
            How the types lie relative to each other.
        window_ms : float
        seed : int, optional

        Returns
        -------
        Mosaic

        Raises
        ------
        ValueError
            Unknown types, fewer than 4 cells of one, an unknown `cross_type`.
        """
        check_option("cross_type", cross_type, CROSS_TYPES)
        seed, form = resolve_seed(seed), field_shape or FieldShape()
        height, width = (check_count("shape", edge, minimum=2) for edge in shape)
        places, kinds, axes = [], [], []
        for name, count in counts.items():
            number = TYPES.index(check_option("counts", name, TYPES))
            n = check_count(f"counts[{name!r}]", count, minimum=4)
            positions = repulsive_positions(
                n, (height, width), n_steps=n_steps, jitter=jitter, seed=(seed * 8 + number) % 2**63
            )
            sigma = form.spacing_fraction * float(nearest_distances(positions).mean())
            places.append(positions)
            kinds += [name] * n
            axes.append(draw_ellipses(sigma, n, form, seed, number))
        if not places:
            raise ValueError("counts is empty; at least one type of cell is needed.")
        return cls(
            np.concatenate(places), kinds, np.concatenate(axes), (height, width), field_shape=form,
            pixel_size=pixel_size, window_ms=window_ms,
        )  # fmt: skip

    @classmethod
    def at_eccentricity(
        cls,
        eccentricity: float,
        shape: tuple[int, int],
        *,
        pixel_size: float,
        units: str = "mm",
        mm_per_degree: float = MM_PER_DEGREE,
        shares: Mapping[str, float] | None = None,
        foveal: bool = False,
        seed: int | None = 0,
        **options: Any,
    ) -> Mosaic:
        """Return the mosaic of a patch at an eccentricity, with the density of the macaque retina there.

        Parameters
        ----------
        eccentricity : float
            In `units`.
        shape : tuple of int
            Height and width in pixels.
        pixel_size : float
            µm of retina in a pixel.
        units : {"mm", "deg", "um"}
            Of `eccentricity`.
        mm_per_degree : float
        shares : mapping of str to float, optional
            Share of all ganglion cells that each type has; 5 % each for parasol, 40 % each for midget by default.
        foveal : bool
            Whether eccentricities below 1 mm are allowed.
        seed : int, optional
        **options
            Of :meth:`from_counts`.

        Returns
        -------
        Mosaic

        Raises
        ------
        ValueError
            As :func:`cell_density`; a patch so small that it holds fewer than 4 cells of a type.
        """
        size = check_real("pixel_size", pixel_size, minimum=0.0, strict=True)
        place = to_mm(eccentricity, units=units, mm_per_degree=mm_per_degree)
        area = shape[0] * shape[1] * (size * 1e-3) ** 2
        cells = cell_density(place, foveal=foveal) * area
        parts = dict(SHARES if shares is None else shares)
        if sum(parts.values()) > 1 + 1e-9:
            raise ValueError(f"shares add up to {sum(parts.values()):g}; shares of all cells add up to 1 or less.")
        counts = {
            name: int(round(cells * check_real(f"shares[{name!r}]", part, minimum=0))) for name, part in parts.items()
        }
        small = [name for name, count in counts.items() if count < 4]
        if small:
            raise ValueError(
                f"the patch of {area:.3g} mm² holds {counts[small[0]]} cells of {small[0]!r}; at least 4 are needed. "
                "Use a larger patch (shape × pixel_size), or leave the type out of shares."
            )
        return cls.from_counts(counts, shape, pixel_size=size, seed=seed, **options)

    @classmethod
    def parthasarathy2017(cls, *, seed: int | None = 0, **options: Any) -> Mosaic:
        """Return 676 + 1,024 + 1,849 + 1,849 cells over 128 × 128 pixels.

        Numbers of cells and pixels are those of the data of Parthasarathy, Batty et al. 2017; types are inferred.

        Parameters
        ----------
        seed : int, optional
        **options
            Of :meth:`from_counts`.

        Returns
        -------
        Mosaic
        """
        return cls.from_counts(PARTHASARATHY_2017, (128, 128), seed=seed, **options)

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return len(self.positions)

    @property
    def signs(self) -> np.ndarray:
        """+1 for ON and −1 for OFF cells, shape (n,)."""
        return np.where(np.char.startswith(self.cell_type, "on"), 1.0, -1.0)

    @property
    def types(self) -> tuple[str, ...]:
        """Types that are there, in the order of their cells."""
        return tuple(dict.fromkeys(self.cell_type.tolist()))

    @property
    def neuroid_ids(self) -> np.ndarray:
        """Names of cells, shape (n,): type and number."""
        number = np.zeros(self.n_cells, dtype=int)
        for name in self.types:
            of_type = self.cell_type == name
            number[of_type] = np.arange(of_type.sum())
        return np.array([f"{name}-{n}" for name, n in zip(self.cell_type, number)])

    @cached_property
    def filters(self) -> sparse.csr_array:
        """Receptive fields, one row per cell over the pixels in row-major order, (n, height·width), float64."""
        return difference_of_gaussians(self.positions, self.ellipses, self.signs, self.field_shape, self.shape)

    @cached_property
    def _fingerprint(self) -> str:
        form = {key: float(value) for key, value in vars(self.field_shape).items()}
        return fingerprint(self.positions, self.cell_type, self.ellipses, list(self.shape), form, self.window_ms)

    def fingerprint(self) -> str:
        """Return a text that changes with positions, types, receptive fields, patch or window."""
        return self._fingerprint

    def select(self, index: Any) -> Mosaic:
        """Return the mosaic with some of the cells.

        Parameters
        ----------
        index : array-like
            Numbers of cells, a mask of shape (n,), or names of types.

        Returns
        -------
        Mosaic

        Raises
        ------
        ValueError
            An unknown type, or no cell left.
        """
        chosen = np.atleast_1d(np.asarray(index))
        if chosen.dtype.kind in "UO":
            for name in chosen:
                check_option("index", str(name), self.types)
            chosen = np.isin(self.cell_type, chosen.astype(str))
        places = self.positions[chosen]
        if not len(places):
            raise ValueError("index selects no cell; at least one is needed.")
        return Mosaic(
            places, self.cell_type[chosen], self.ellipses[chosen], self.shape, field_shape=self.field_shape,
            pixel_size=self.pixel_size, window_ms=self.window_ms,
        )  # fmt: skip

    def positions_in(self, units: str, *, mm_per_degree: float = MM_PER_DEGREE) -> np.ndarray:
        """Return positions in a physical unit.

        Parameters
        ----------
        units : {"px", "um", "mm", "deg"}
        mm_per_degree : float

        Returns
        -------
        ndarray, shape (n, 2)
            y and x from the corner of the patch.

        Raises
        ------
        ValueError
            An unknown unit, or a physical one where `pixel_size` is not known.
        """
        check_option("units", units, ("px", "um", "mm", "deg"))
        if units == "px":
            return self.positions.copy()
        if self.pixel_size is None:
            raise ValueError(f"units={units!r} needs to know how large a pixel is. Make the mosaic with pixel_size=µm.")
        scale = {"um": 1.0, "mm": 1e-3, "deg": 1e-3 / check_real("mm_per_degree", mm_per_degree, minimum=0.0)}[units]
        return self.positions * self.pixel_size * scale

    def coverage(self, cell_type: str) -> np.ndarray:
        """Return the sum of unit-peak centers of a type at each pixel.

        Parameters
        ----------
        cell_type : str

        Returns
        -------
        ndarray, shape (height, width)

        Raises
        ------
        ValueError
            A type that is not there.
        """
        chosen = self.cell_type == check_option("cell_type", cell_type, self.types)
        return unit_peak_centers(self.positions[chosen], self.ellipses[chosen], self.shape)

    def summary(self) -> pd.DataFrame:
        """Return number, spacing, regularity and size of each type.

        Returns
        -------
        pandas.DataFrame
            By type: ``n``, ``nearest_px``, ``regularity`` (NaN where too few cells), ``sigma_px``.
        """
        rows = {}
        for name in self.types:
            chosen = self.cell_type == name
            places = self.positions[chosen]
            nearest = float(nearest_distances(places).mean()) if len(places) > 1 else np.nan
            index = regularity_index(places, self.shape) if len(places) >= 30 else np.nan
            sigma = float(np.sqrt(self.ellipses[chosen, 0] * self.ellipses[chosen, 1]).mean())
            rows[name] = {"n": len(places), "nearest_px": nearest, "regularity": index, "sigma_px": sigma}
        return pd.DataFrame(rows).T

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the 1-sigma contours of the centers.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        **options
            For ``retina.plots.mosaic``.

        Returns
        -------
        matplotlib Axes
        """
        from neurogeom.retina import plots

        return plots.mosaic(self, ax=ax, **options)

    def __repr__(self) -> str:
        parts = ", ".join(f"{int((self.cell_type == name).sum())} {name}" for name in self.types)
        size = "" if self.pixel_size is None else f", {self.pixel_size:g} µm/px"
        return f"Mosaic: {self.n_cells} cells ({parts}) over {self.shape[0]} × {self.shape[1]} px{size}"


def relative_size(eccentricity: float, *, cell: str, reference: float = 5.0) -> float:
    """Return how much wider cells are at an eccentricity than at a reference, by their dendritic fields.

    Parameters
    ----------
    eccentricity, reference : float
        In mm from the fovea.
    cell : {"parasol", "midget"}

    Returns
    -------
    float

    Raises
    ------
    ValueError
        As :func:`dendritic_diameter`.

    Examples
    --------
    >>> round(relative_size(9.0, cell="parasol", reference=3.0), 2)
    2.68
    """
    check_real("reference", reference, minimum=0.0)
    return dendritic_diameter(eccentricity, cell=cell) / dendritic_diameter(reference, cell=cell)


def _check_cells(positions: np.ndarray, cell_type: np.ndarray, ellipses: np.ndarray, shape: tuple[int, int]) -> None:
    n = len(positions)
    if positions.ndim != 2 or positions.shape[1] != 2 or not n or not np.isfinite(positions).all():
        raise ValueError(f"positions has shape {positions.shape}; finite y and x of at least one cell are needed.")
    if cell_type.shape != (n,) or ellipses.shape != (n, 3):
        raise ValueError(
            f"positions has {n} cells, cell_type shape {cell_type.shape}, ellipses shape {ellipses.shape}; "
            f"({n},) and ({n}, 3) are needed."
        )
    for name in dict.fromkeys(cell_type.tolist()):
        check_option("cell_type", name, TYPES)
    if not (np.isfinite(ellipses).all() and (ellipses[:, :2] > 0).all()):
        raise ValueError("ellipses holds semi-axes that are not positive numbers; sigmas in pixels are needed.")
    outside = np.flatnonzero(((positions < 0) | (positions > np.array(shape))).any(axis=1))
    if outside.size:
        swapped = " Are x and y swapped?" if ((positions[:, ::-1] >= 0) & (positions[:, ::-1] <= shape)).all() else ""
        raise ValueError(
            f"positions has {outside.size} of {n} cells outside the patch of {shape[0]} × {shape[1]} pixels (first: "
            f"{', '.join(map(str, outside[:3]))}). Give y and x in pixels, or leave these cells out.{swapped}"
        )
