"""LNP cells that see movies: a receptive field in space, a time course, a nonlinearity, Poisson counts per bin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_option, check_real
from neurogeom.retina.counts import labeled_counts
from neurogeom.retina.mosaic import Mosaic
from neurogeom.retina.nonlinearity import NONLINEARITIES, calibrated, offset_for_mean, poisson_loss, rates
from neurogeom.retina.streaming import FilterBank
from neurogeom.retina.temporal import as_movie, causal, time_course


class SpatioTemporalLNP:
    r"""Poisson counts per bin with λ = f(c + g (h ∗ A x)), h the time course of the type of cell.

    Parameters
    ----------
    mosaic : Mosaic
    nonlinearity : {"softplus", "exp", "logistic"}
    bin_ms : float
        Bin of movie and counts, in ms.
    time_courses : mapping of str to array (n_lags,), optional
        By type; :func:`time_course` by default.

    Raises
    ------
    ValueError
        An unknown nonlinearity, a type without a time course.

    References
    ----------
    Chichilnisky 2001, Network 12:199.

    Examples
    --------
    >>> mosaic = Mosaic.from_counts({"on_parasol": 9}, (16, 16), seed=0)
    >>> movie = np.random.default_rng(0).uniform(-0.5, 0.5, (200, 16, 16))
    >>> SpatioTemporalLNP(mosaic).calibrate(movie, rate_hz=20.0).simulate(movie, seed=0).shape
    (1, 9, 200)
    """

    def __init__(
        self,
        mosaic: Mosaic,
        *,
        nonlinearity: str = "softplus",
        bin_ms: float = 8.34,
        time_courses: Mapping[str, Any] | None = None,
    ) -> None:
        self.mosaic = mosaic
        self.nonlinearity = check_option("nonlinearity", nonlinearity, NONLINEARITIES)
        self.bin_ms = check_real("bin_ms", bin_ms, minimum=0.0, strict=True)
        given = {name: np.asarray(h, dtype=float) for name, h in (time_courses or {}).items()}
        self.time_courses = {
            name: given[name] if name in given else time_course(name, bin_ms=self.bin_ms) for name in mosaic.types
        }
        self.gain, self.offset = np.ones(mosaic.n_cells), np.zeros(mosaic.n_cells)
        self.ceiling = np.ones(mosaic.n_cells)
        self._bank = FilterBank(mosaic)

    def drive(self, movie: Any) -> np.ndarray:
        """Return the filtered movie before gain and offset.

        Parameters
        ----------
        movie : array-like, shape ([n,] n_bins, height, width)
            In [−0.5, 0.5]; gray (0) before it starts.

        Returns
        -------
        ndarray, shape (n, n_cells, n_bins)
        """
        frames = as_movie(movie, self.mosaic.shape)
        flat = [batch for one in frames for batch in self._bank.stream([one])]
        z = np.concatenate(flat).reshape(*frames.shape[:2], -1).transpose(0, 2, 1).astype(np.float64)
        for name, h in self.time_courses.items():
            cells = self.mosaic.cell_type == name
            z[:, cells] = causal(z[:, cells], h)
        return z

    def calibrate(self, movie: Any, *, rate_hz: float = 20.0, slope: float = 2.0) -> SpatioTemporalLNP:
        """Set gain and offset so that each cell fires at a mean rate over a movie.

        Parameters
        ----------
        movie : array-like, shape ([n,] n_bins, height, width)
        rate_hz : float
            Mean rate of a cell, in spikes per second.
        slope : float
            Gain on the standardized drive.

        Returns
        -------
        SpatioTemporalLNP
            Itself.

        Raises
        ------
        ValueError
            Cells that see no contrast.
        """
        target = check_real("rate_hz", rate_hz, minimum=0.0, strict=True) * self.bin_ms * 1e-3
        slope = check_real("slope", slope, minimum=0.0, strict=True)
        z = self.drive(movie)
        sd, mean = z.std(axis=(0, 2)), z.mean(axis=(0, 2))
        if (sd <= 1e-12).any():
            raise ValueError(f"movie gives no contrast to {int((sd <= 1e-12).sum())} cells. Use one with contrast.")
        self.gain = slope / sd
        for cell in range(self.mosaic.n_cells):
            standard = slope * (z[:, cell] - mean[cell]) / sd[cell]
            if self.nonlinearity == "logistic":
                kind = calibrated(self.mosaic.cell_type[cell], "logistic")
                self.ceiling[cell] = target * kind[2] / 4.0
                share = rates(standard + kind[0], "logistic").rate.mean()
                offset, self.ceiling[cell] = kind[0], target / share
            else:
                offset = offset_for_mean(standard, target, self.nonlinearity)
            self.offset[cell] = offset - self.gain[cell] * mean[cell]
        return self

    def predict_rate(self, movie: Any) -> np.ndarray:
        """Return the expected counts per bin, shape (n, n_cells, n_bins).

        Parameters
        ----------
        movie : array-like, shape ([n,] n_bins, height, width)

        Returns
        -------
        ndarray
        """
        eta = self.offset[:, None] + self.gain[:, None] * self.drive(movie)
        return rates(eta, self.nonlinearity, self.ceiling[:, None]).rate

    def simulate(self, movie: Any, *, seed: int | None = None) -> xr.DataArray:
        """Draw Poisson counts.

        Parameters
        ----------
        movie : array-like, shape ([n,] n_bins, height, width)
        seed : int, optional

        Returns
        -------
        DataArray (presentation, neuroid, time_bin)
        """
        seed = resolve_seed(seed)
        counts = generator(seed, 43).poisson(self.predict_rate(movie))
        return labeled_counts(counts, self.mosaic, None, seed=seed, bin_ms=self.bin_ms)

    def log_likelihood(self, movie: Any, counts: Any) -> np.ndarray:
        """Return the log-likelihood of each count, in nats, ln n! included.

        Parameters
        ----------
        movie : array-like, shape ([n,] n_bins, height, width)
        counts : array-like, shape (n, n_cells, n_bins)

        Returns
        -------
        ndarray, shape (n, n_cells, n_bins)
        """
        return -poisson_loss(np.asarray(counts, dtype=float), self.predict_rate(movie))

    def fit(self, movie: Any, counts: Any, *, n_lags: int = 30, penalties: Any = (1.0, 10.0, 100.0)) -> Any:
        """Fit time course, offset and ceiling of each type of cell, receptive fields in space being known.

        Parameters
        ----------
        movie : array-like, shape ([n,] n_bins, height, width)
        counts : array-like, shape (n, n_cells, n_bins)
        n_lags : int
            Length of the time course in bins.
        penalties : sequence of float
            Of its smoothness; chosen by held-out likelihood.

        Returns
        -------
        SpatioTemporalLNP
            Itself.

        Raises
        ------
        ValueError
            Counts that do not fit the movie.
        """
        from neurogeom.retina.fitting import fit_filter, grid_roughness

        frames, spikes = as_movie(movie, self.mosaic.shape), np.asarray(counts, dtype=float)
        spikes = spikes[None] if spikes.ndim == 2 else spikes
        needed = (len(frames), self.mosaic.n_cells, frames.shape[1])
        if spikes.shape != needed:
            raise ValueError(f"counts has shape {spikes.shape}; {needed} (movies, cells, bins) is needed.")
        z = np.stack([np.concatenate(list(self._bank.stream([one]))).T for one in frames]).astype(float)
        lagged = np.stack([causal(z, np.eye(n_lags)[lag]) for lag in range(n_lags)], axis=-1)
        for name in self.mosaic.types:
            cells = np.flatnonzero(self.mosaic.cell_type == name)
            scale = lagged[:, cells].std()
            x, n = lagged[:, cells].reshape(-1, n_lags) / scale, spikes[:, cells].ravel()
            found = fit_filter(
                x, n, nonlinearity=self.nonlinearity, penalties=penalties, roughness=grid_roughness(1, n_lags)
            )
            self.time_courses[name] = found.weights / scale
            self.gain[cells], self.offset[cells], self.ceiling[cells] = 1.0, found.offset, found.ceiling
        return self
