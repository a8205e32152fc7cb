"""Linear–nonlinear–Poisson cells: one count per image and cell."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from scipy import sparse

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_option
from neurogeom._core.warnings import DegenerateInputWarning, SaturationWarning, warn
from neurogeom.io.fingerprint import fingerprint
from neurogeom.retina.counts import as_counts, labeled_counts
from neurogeom.retina.likelihood import PoissonLikelihood
from neurogeom.retina.mosaic import Mosaic
from neurogeom.retina.nonlinearity import (
    MEAN_COUNTS,
    NONLINEARITIES,
    calibrated,
    offset_for_mean,
    poisson_loss,
    rates,
)
from neurogeom.retina.streaming import FilterBank
from neurogeom.stimuli import as_images

_BATCH = 256


class LNP:
    r"""Poisson counts with rate λ = f(c + g A x), A the receptive fields of a mosaic, x an image.

    Parameters
    ----------
    mosaic : Mosaic
    nonlinearity : {"logistic", "softplus", "exp"}
        Logistic by default: the counts of the paper saturate. Only exp and softplus make the likelihood of an image
        convex.

    Raises
    ------
    ValueError
        An unknown nonlinearity.

    References
    ----------
    Chichilnisky 2001, Network 12:199; Parthasarathy, Batty et al. 2017.

    Examples
    --------
    >>> from neurogeom import stimuli
    >>> mosaic = Mosaic.from_counts({"on_parasol": 9, "off_parasol": 16}, (32, 32), seed=0)
    >>> images = stimuli.crops(stimuli.packaged_images("camera"), 32, n=200, seed=0)
    >>> model = LNP(mosaic).calibrate(images)
    >>> model.simulate(images[:3], seed=0).shape
    (3, 25)
    """

    def __init__(self, mosaic: Mosaic, *, nonlinearity: str = "logistic") -> None:
        self.nonlinearity = check_option("nonlinearity", nonlinearity, NONLINEARITIES)
        self.mosaic = mosaic
        self.filters: sparse.csr_array = mosaic.filters
        self.gain = np.ones(mosaic.n_cells)
        self.offset = np.zeros(mosaic.n_cells)
        self.ceiling = np.ones(mosaic.n_cells)
        self.is_calibrated = False

    @cached_property
    def _bank(self) -> FilterBank:
        return FilterBank(self.mosaic)

    def drive(self, images: Any, *, n_jobs: int | None = 1) -> np.ndarray:
        """Return A x, the product of receptive fields with images, before gain and offset.

        Parameters
        ----------
        images : array-like, shape (n, height, width)
            In [−0.5, 0.5].
        n_jobs : int or None
            Workers.

        Returns
        -------
        ndarray, float32, shape (n, n_cells)
        """
        values = as_images(images, shape=self.mosaic.shape)
        if self.filters is self.mosaic.filters:
            return np.concatenate(list(self._bank.stream([values], n_jobs=n_jobs, batch=_BATCH)))
        return (values.reshape(len(values), -1) @ self.filters.T).astype(np.float32)

    def calibrate(self, images: Any) -> LNP:
        """Set gain, offset and ceiling of each cell so that its counts over images follow the published table.

        The drive of each cell is standardized over the images; slope, offset and ceiling are those of its type
        (logistic), or the offset gives the mean count of the type (softplus, exp).

        Parameters
        ----------
        images : array-like, shape (n, height, width)
            At least 100, better 1,000 or more, of the kind that will be shown; training images only.

        Returns
        -------
        LNP
            Itself.

        Raises
        ------
        ValueError
            Fewer than 100 images, or cells that see no contrast in them.
        """
        drive = self.drive(images).astype(np.float64)
        check_count("len(images)", len(drive), minimum=100)
        mean, sd = drive.mean(axis=0), drive.std(axis=0)
        flat = np.flatnonzero(sd <= 1e-12)
        if flat.size:
            raise ValueError(
                f"images give no contrast to {flat.size} of {self.mosaic.n_cells} cells (first: "
                f"{', '.join(self.mosaic.neuroid_ids[flat[:3]])}). Use more, or less uniform, images."
            )
        for name in self.mosaic.types:
            cells = self.mosaic.cell_type == name
            offset, slope, ceiling = calibrated(name, self.nonlinearity)
            if self.nonlinearity != "logistic":
                z = slope * (drive[:, cells] - mean[cells]) / sd[cells]
                offset = offset_for_mean(z, MEAN_COUNTS[name], self.nonlinearity)
            self.gain[cells] = slope / sd[cells]
            self.offset[cells] = offset - slope * mean[cells] / sd[cells]
            self.ceiling[cells] = ceiling
        if self.nonlinearity == "exp":
            warn(
                "nonlinearity='exp' gives a few very large counts on natural images (hundreds in a window); counts of "
                "real cells saturate. Use 'logistic' for realistic counts.",
                SaturationWarning,
            )
        self.is_calibrated = True
        return self

    def predict_rate(self, images: Any, *, n_jobs: int | None = 1) -> np.ndarray:
        """Return the expected counts.

        Parameters
        ----------
        images : array-like, shape (n, height, width)
            In [−0.5, 0.5].
        n_jobs : int or None

        Returns
        -------
        ndarray, float64, shape (n, n_cells)
            Spikes per window.
        """
        eta = self.offset + self.gain * self.drive(images, n_jobs=n_jobs)
        return rates(eta, self.nonlinearity, self.ceiling).rate

    def simulate(self, images: Any, *, seed: int | None = None, n_jobs: int | None = 1) -> xr.DataArray:
        """Draw Poisson counts.

        Parameters
        ----------
        images : array-like, shape (n, height, width), or DataArray with ``source`` and ``stimulus_id``
            In [−0.5, 0.5]. The counts of an image depend on `seed` and its place.
        seed : int, optional
        n_jobs : int or None

        Returns
        -------
        DataArray (presentation, neuroid)
            Whole numbers, with ``neuroid_id``, ``cell_type``, ``x``, ``y`` and the fingerprint of the mosaic.
        """
        seed = resolve_seed(seed)
        self._warn_if_raw()
        counts = generator(seed, 41).poisson(self.predict_rate(images, n_jobs=n_jobs))
        return labeled_counts(counts, self.mosaic, images, model=self.nonlinearity, seed=seed)

    def log_likelihood(self, images: Any, counts: Any) -> np.ndarray:
        """Return the log-likelihood of counts, ln n! included.

        Parameters
        ----------
        images : array-like, shape (n, height, width)
        counts : array-like, shape (n, n_cells)

        Returns
        -------
        ndarray, shape (n, n_cells)
            In nats.
        """
        values = as_counts(counts, n_cells=self.mosaic.n_cells)
        return -poisson_loss(values, self.predict_rate(images))

    def fit(
        self, images: Any, counts: Any, *, penalties: Any = (3.0, 30.0, 300.0), half_width: int = 8, n_jobs: int = 1
    ) -> LNP:
        """Fit the receptive field, offset and ceiling of every cell by penalized maximum likelihood.

        Parameters
        ----------
        images : array-like, shape (n, height, width)
        counts : array-like, shape (n, n_cells)
        penalties : sequence of float
            Of smoothness; that with the best likelihood on the last fifth of source images (or presentations) is used.
        half_width : int
            The window of each cell is 2·half_width + 1 pixels wide, around its position.
        n_jobs : int

        Returns
        -------
        LNP
            Itself, with new filters.
        """
        from neurogeom.retina.fitting import fit_cells

        fitted = fit_cells(self, images, counts, penalties=penalties, half_width=half_width, n_jobs=n_jobs)
        self.filters, self.offset, self.ceiling = fitted.filters, fitted.offset, fitted.ceiling
        self.gain = np.ones(self.mosaic.n_cells)
        self.is_calibrated = True
        return self

    def image_likelihood(self, counts: Any) -> PoissonLikelihood:
        """Return the likelihood of images given counts, for decoding.

        Parameters
        ----------
        counts : array-like, shape (n, n_cells)

        Returns
        -------
        PoissonLikelihood
        """
        values = as_counts(counts, n_cells=self.mosaic.n_cells)
        return PoissonLikelihood(self.filters, values, self.gain, self.offset, self.ceiling, self.nonlinearity)

    def fingerprint(self) -> str:
        """Return a text that changes with the mosaic, the filters or any parameter."""
        fields = (self.filters.data, self.filters.indices, self.filters.indptr)
        own = (self.gain, self.offset, self.ceiling, self.nonlinearity)
        return fingerprint(self.mosaic.fingerprint(), *fields, *own)

    def select(self, index: Any) -> LNP:
        """Return the model with some of the cells; arguments as for :meth:`Mosaic.select`."""
        chosen = np.atleast_1d(np.asarray(index))
        if chosen.dtype.kind in "UO":
            chosen = np.isin(self.mosaic.cell_type, chosen.astype(str))
        part = LNP(self.mosaic.select(index), nonlinearity=self.nonlinearity)
        if self.filters is not self.mosaic.filters:
            part.filters = self.filters[np.flatnonzero(chosen) if chosen.dtype.kind == "b" else chosen]
        part.gain, part.offset, part.ceiling = self.gain[chosen], self.offset[chosen], self.ceiling[chosen]
        part.is_calibrated = self.is_calibrated
        return part

    def with_filters(self, filters: sparse.csr_array) -> LNP:
        """Return a copy with other receptive fields, (n_cells, height·width)."""
        other = LNP(self.mosaic, nonlinearity=self.nonlinearity)
        other.filters = filters
        other.gain, other.offset, other.ceiling = self.gain.copy(), self.offset.copy(), self.ceiling.copy()
        other.is_calibrated = self.is_calibrated
        return other

    def _warn_if_raw(self) -> None:
        if not self.is_calibrated:
            warn(
                "the model is neither calibrated nor fitted, so gains are 1 and counts mean little. "
                "Call calibrate(images) first.",
                DegenerateInputWarning,
            )

    def __repr__(self) -> str:
        state = "" if self.is_calibrated else ", not calibrated"
        return f"LNP: {self.mosaic.n_cells} cells, {self.nonlinearity}{state}"
