"""Generalized linear model of spike trains: stimulus filter, spike history, coupling between cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from scipy import sparse

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_real
from neurogeom._core.warnings import ConvergenceWarning, warn
from neurogeom.retina.glm_numbers import as_trains, bumps, fit_log_link, weight_penalty
from neurogeom.retina.likelihood import TimedLikelihood
from neurogeom.retina.nonlinearity import LARGEST_DRIVE, poisson_loss, rates
from neurogeom.retina.temporal import causal


class GLM:
    r"""Counts per bin whose log rate sums stimulus, own past and the past of others.

    :math:`\ln λ_i(t) = c_i + (k_i ∗ s_i)(t) + Σ_{τ≥1} h_i(τ) n_i(t-τ) + Σ_j Σ_{τ≥1} l_{ij}(τ) n_j(t-τ)`.

    s_i is the drive of cell i: its receptive field times the stimulus, or a stimulus that all cells share. λ counts
    per bin. History and coupling start at lag 1: a bin never explains itself.

    Parameters
    ----------
    n_cells : int
    filters : sparse array (n_cells, pixels), optional
        Receptive fields in space, e.g. ``mosaic.filters``; without them all cells see one full-field stimulus.
    n_lags : int
        Length of the stimulus filter in bins, lag 0 included; each lag has its weight, smoothness is penalized.
    n_history, history_lags : int
        Bumps and length in bins of the spike history; 0 bumps for none.
    n_coupling, coupling_lags : int
        Bumps and length of coupling filters; 0 bumps for no coupling.
    bin_ms : float

    Raises
    ------
    TypeError, ValueError
        Counts that are no whole numbers, filters that do not fit.

    References
    ----------
    Pillow et al. 2008, Nature 454:995.

    Examples
    --------
    >>> stimulus = np.random.default_rng(0).normal(size=3000)
    >>> model = GLM(1, n_lags=5, n_history=2, history_lags=5)
    >>> model.offset[:], model.stimulus_filters[0, 1] = -2.0, 0.5
    >>> counts = model.simulate(stimulus, seed=0)
    >>> fitted = GLM(1, n_lags=5, n_history=2, history_lags=5).fit(stimulus, counts)
    >>> round(float(fitted.stimulus_filters[0, 1]), 1)
    0.5
    """

    def __init__(
        self,
        n_cells: int,
        *,
        filters: Any = None,
        n_lags: int = 25,
        n_history: int = 6,
        history_lags: int = 20,
        n_coupling: int = 0,
        coupling_lags: int = 20,
        bin_ms: float = 8.34,
    ) -> None:
        self.n_cells = check_count("n_cells", n_cells)
        self.n_lags = check_count("n_lags", n_lags)
        self.bin_ms = check_real("bin_ms", bin_ms, minimum=0.0, strict=True)
        self.filters = None if filters is None else sparse.csr_array(filters)
        if self.filters is not None and self.filters.shape[0] != n_cells:
            raise ValueError(f"filters has {self.filters.shape[0]} rows; one for each of {n_cells} cells is needed.")
        self.history_basis = bumps("n_history", n_history, history_lags)
        self.coupling_basis = bumps("n_coupling", n_coupling, coupling_lags)
        self.offset = np.zeros(n_cells)
        self.stimulus_filters = np.zeros((n_cells, self.n_lags))
        self.history_weights = np.zeros((n_cells, len(self.history_basis)))
        self.coupling_weights = np.zeros((n_cells, n_cells, len(self.coupling_basis)))
        self.names = [f"cell {number}" for number in range(n_cells)]

    @property
    def history_filters(self) -> np.ndarray:
        """h(τ) from lag 1 on, shape (n_cells, lags)."""
        return self.history_weights @ self.history_basis

    @property
    def coupling_filters(self) -> np.ndarray:
        """l(τ) from lag 1 on, shape (n_cells to, n_cells from, lags)."""
        return self.coupling_weights @ self.coupling_basis

    def drive(self, stimulus: Any) -> np.ndarray:
        """Return s of each cell, shape (n_cells, n_bins).

        Parameters
        ----------
        stimulus : array-like, shape (n_bins,) for a full field, or (n_bins, height, width) with `filters`

        Returns
        -------
        ndarray
        """
        values = np.asarray(stimulus, dtype=np.float64)
        if self.filters is None:
            if values.ndim != 1 or not np.isfinite(values).all():
                raise ValueError(
                    f"stimulus has shape {values.shape}; finite values (n_bins,) of a full field are needed, or give "
                    "the model receptive fields: GLM(n, filters=mosaic.filters)."
                )
            return np.broadcast_to(values, (self.n_cells, len(values)))
        flat = values.reshape(len(values), -1)
        if flat.shape[1] != self.filters.shape[1] or not np.isfinite(flat).all():
            raise ValueError(f"stimulus has frames of {flat.shape[1]} pixels; {self.filters.shape[1]} are needed.")
        return np.asarray(self.filters @ flat.T)

    def predict_rate(self, stimulus: Any, counts: Any) -> np.ndarray:
        """Return the expected counts per bin, given what all cells fired before.

        Parameters
        ----------
        stimulus : array-like
            As for :meth:`drive`.
        counts : array-like, shape (n_cells, n_bins)

        Returns
        -------
        ndarray, shape (n_cells, n_bins)
        """
        n = as_trains(counts, self.n_cells)
        eta = self._stimulus_part(self.drive(stimulus)) + self.background(n)
        return rates(eta, "exp").rate

    def background(self, counts: Any) -> np.ndarray:
        """Return offset, history and coupling of ln λ, which observed spikes fix, shape (n_cells, n_bins)."""
        n = as_trains(counts, self.n_cells)
        out = np.repeat(self.offset[:, None], n.shape[1], axis=1)
        for cell in range(self.n_cells):
            if len(self.history_basis):
                out[cell] += causal(n[cell], self.history_filters[cell], first_lag=1)
        if len(self.coupling_basis):
            smooth = np.stack([causal(n, bump, first_lag=1) for bump in self.coupling_basis])
            out += np.einsum("ijm,mjt->it", self.coupling_weights, smooth)
        return out

    def log_likelihood(self, stimulus: Any, counts: Any) -> np.ndarray:
        """Return the log-likelihood of each bin, n ln λ − λ − ln n!, in nats, shape (n_cells, n_bins).

        Parameters
        ----------
        stimulus : array-like
        counts : array-like, shape (n_cells, n_bins)

        Returns
        -------
        ndarray
        """
        n = as_trains(counts, self.n_cells)
        return -poisson_loss(n, self.predict_rate(stimulus, n))

    def bits_per_spike(self, stimulus: Any, counts: Any) -> np.ndarray:
        """Return the gain over a Poisson process with the mean rate of these same counts, shape (n_cells,).

        Parameters
        ----------
        stimulus : array-like
        counts : array-like, shape (n_cells, n_bins)

        Returns
        -------
        ndarray
            In bits per spike.
        """
        n = as_trains(counts, self.n_cells)
        mean = np.broadcast_to(n.mean(axis=1, keepdims=True), n.shape)
        gain = self.log_likelihood(stimulus, n) + poisson_loss(n, mean)
        return gain.sum(axis=1) / (np.maximum(n.sum(axis=1), 1.0) * np.log(2.0))

    def simulate(self, stimulus: Any, *, seed: int | None = None, largest_rate_hz: float = 2000.0) -> xr.DataArray:
        """Draw spikes bin by bin, each depending on those before.

        Parameters
        ----------
        stimulus : array-like
            As for :meth:`drive`.
        seed : int, optional
        largest_rate_hz : float
            A cell whose rate goes beyond in 5 bins in a row has run away.

        Returns
        -------
        DataArray (neuroid, time_bin)

        Raises
        ------
        ValueError
            A cell ran away; the error names it.
        """
        seed = resolve_seed(seed)
        ceiling = check_real("largest_rate_hz", largest_rate_hz, minimum=0.0, strict=True) * self.bin_ms * 1e-3
        eta = self._stimulus_part(self.drive(stimulus)) + self.offset[:, None]
        draw, n_bins = generator(seed, 47), eta.shape[1]
        n = np.zeros((self.n_cells, n_bins))
        history, coupling = self.history_filters, self.coupling_filters
        hot = np.zeros(self.n_cells, dtype=int)
        for t in range(n_bins):
            rate = np.exp(np.minimum(eta[:, t], LARGEST_DRIVE))
            hot = np.where(rate > ceiling, hot + 1, 0)
            if hot.max() >= 5:
                raise ValueError(self._runaway(int(hot.argmax()), t, largest_rate_hz))
            n[:, t] = draw.poisson(np.minimum(rate, ceiling))
            fired = np.flatnonzero(n[:, t])
            if fired.size:
                self._kick(eta, n, t, fired, history, coupling)
        data = n.astype(np.int64)
        attrs = {"seed": seed, "bin_ms": self.bin_ms, "units": "spikes per bin"}
        return xr.DataArray(
            data, dims=("neuroid", "time_bin"), coords={"neuroid_id": ("neuroid", self.names)}, attrs=attrs
        )

    def fit(self, stimulus: Any, counts: Any, *, ridge: float = 1.0, smoothness: float = 1.0) -> GLM:
        """Fit each cell by penalized maximum likelihood; the loss is convex.

        Parameters
        ----------
        stimulus : array-like
            As for :meth:`drive`.
        counts : array-like, shape (n_cells, n_bins)
        ridge : float
            On history and coupling weights; more of it keeps a free-running simulation stable.
        smoothness : float
            On differences between neighboring lags of the stimulus filter.

        Returns
        -------
        GLM
            Itself.

        Raises
        ------
        ValueError
            A silent cell, counts that do not fit the stimulus.
        """
        n, s = as_trains(counts, self.n_cells), self.drive(stimulus)
        ridge, smoothness = check_real("ridge", ridge, minimum=0.0), check_real("smoothness", smoothness, minimum=0.0)
        if n.shape[1] != s.shape[1]:
            raise ValueError(f"counts has {n.shape[1]} bins, stimulus {s.shape[1]}; give one bin for each frame.")
        silent = np.flatnonzero(n.sum(axis=1) == 0)
        if silent.size:
            raise ValueError(f"counts is silent for {silent.size} cells (first: {self.names[silent[0]]}).")
        shared = self._coupling_features(n)
        for cell in range(self.n_cells):
            x, sizes = self._features(s[cell], n[cell], cell, shared)
            solution, converged = fit_log_link(x, n[cell], weight_penalty(sizes, ridge, smoothness))
            if not converged:
                warn(f"the fit of {self.names[cell]} had not converged after 500 steps.", ConvergenceWarning)
            self._unpack(solution, cell, sizes)
        return self

    def image_likelihood(self, counts: Any, *, profile: Any = None) -> TimedLikelihood:
        """Return the likelihood of static images, each shown during a window of bins, given the spikes in it.

        Parameters
        ----------
        counts : array-like, shape (n, n_cells, n_bins)
            Spikes from the onset of each image on.
        profile : array-like, shape (n_bins,), optional
            Contrast of the image in each bin; all ones by default.

        Returns
        -------
        TimedLikelihood

        Raises
        ------
        ValueError
            A model without receptive fields, counts of another shape.
        """
        if self.filters is None:
            raise ValueError("the model has no receptive fields, so spikes say nothing about pixels. Give filters=.")
        n = np.asarray(counts, dtype=np.float64)
        if n.ndim != 3 or n.shape[1] != self.n_cells:
            raise ValueError(f"counts has shape {n.shape}; (images, {self.n_cells} cells, bins) is needed.")
        shown = np.ones(n.shape[2]) if profile is None else np.asarray(profile, dtype=float)
        gains = np.stack([causal(shown, k) for k in self.stimulus_filters])
        background = np.stack([self.background(one) for one in n])
        return TimedLikelihood(self.filters, n, background, gains)

    def _stimulus_part(self, drive: np.ndarray) -> np.ndarray:
        return np.stack([causal(s, k) for s, k in zip(drive, self.stimulus_filters)])

    def _kick(
        self, eta: np.ndarray, n: np.ndarray, t: int, fired: np.ndarray, history: np.ndarray, coupling: np.ndarray
    ) -> None:
        """Let the spikes of bin t act on the bins after it."""
        if history.shape[1]:
            reach = eta[:, t + 1 : t + 1 + history.shape[1]].shape[1]
            eta[fired, t + 1 : t + 1 + reach] += n[fired, t, None] * history[fired, :reach]
        if coupling.shape[2]:
            reach = eta[:, t + 1 : t + 1 + coupling.shape[2]].shape[1]
            eta[:, t + 1 : t + 1 + reach] += np.einsum("ijl,j->il", coupling[:, fired, :reach], n[fired, t])

    def _runaway(self, cell: int, t: int, limit: float) -> str:
        return (
            f"{self.names[cell]} ran away: its rate stayed above {limit:g} Hz at bin {t} of the simulation, "
            "because its spikes excite it more than they inhibit it. Fit with a larger ridge on history and coupling, "
            "or raise largest_rate_hz if it really fires so fast."
        )

    def _coupling_features(self, n: np.ndarray) -> np.ndarray:
        if not len(self.coupling_basis):
            return np.zeros((0, self.n_cells, n.shape[1]))
        return np.stack([causal(n, bump, first_lag=1) for bump in self.coupling_basis])

    def _features(
        self, s: np.ndarray, n: np.ndarray, cell: int, shared: np.ndarray
    ) -> tuple[np.ndarray, tuple[int, int, int]]:
        lags = [causal(s, np.eye(self.n_lags)[lag]) for lag in range(self.n_lags)]
        own = [causal(n, bump, first_lag=1) for bump in self.history_basis]
        others = [shared[:, other] for other in range(self.n_cells) if other != cell]
        rest = np.concatenate(others) if others and len(shared) else np.zeros((0, len(n)))
        x = np.concatenate([np.array(lags), np.array(own).reshape(-1, len(n)), rest]).T
        return x, (self.n_lags, len(own), len(rest))

    def _unpack(self, solution: np.ndarray, cell: int, sizes: tuple[int, int, int]) -> None:
        stimulus, history, rest = np.split(solution[:-1], np.cumsum(sizes)[:2])
        self.offset[cell], self.stimulus_filters[cell], self.history_weights[cell] = solution[-1], stimulus, history
        others = [other for other in range(self.n_cells) if other != cell]
        if sizes[2]:
            self.coupling_weights[cell, others] = rest.reshape(len(others), -1)
