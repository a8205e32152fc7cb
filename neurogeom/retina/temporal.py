"""Time courses: biphasic filters of ganglion cells, raised-cosine bases, causal convolution."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import signal

from neurogeom._core.validation import check_count, check_option, check_real

# n, p1, p2, τ1, τ2 (ms): means of fits to recordings of macaque ganglion cells (macaqueretina, dog_statistics)
TIME_COURSES = {
    "on_parasol": (9.80, 3.38, 0.94, 51.8, 124.0),
    "off_parasol": (4.85, 2.90, 0.87, 44.2, 122.0),
    "on_midget": (7.59, 3.20, 0.33, 54.1, 167.0),
    "off_midget": (4.06, 2.55, 0.20, 51.6, 186.0),
}


def time_course(cell_type: str, *, bin_ms: float = 8.34, duration_ms: float = 300.0) -> np.ndarray:
    r"""Return the temporal filter of a type of cell, scaled to a peak of one.

    A difference of two low-pass filters,
    :math:`h(t) = p_1 (t/τ_1)^n e^{-n(t/τ_1 - 1)} - p_2 (t/τ_2)^n e^{-n(t/τ_2 - 1)}`, at the middle of each bin.

    Parameters
    ----------
    cell_type : str
        "on_parasol", "off_parasol", "on_midget", "off_midget".
    bin_ms, duration_ms : float
        Bin and length, in ms.

    Returns
    -------
    ndarray, shape (n_lags,)
        From lag 0 on.

    Raises
    ------
    ValueError
        An unknown type, times that are not positive.

    References
    ----------
    Chichilnisky & Kalmar 2002, J. Neurosci. 22:2737 (form).

    Examples
    --------
    >>> h = time_course("on_parasol")
    >>> int(h.argmax()), bool(h.min() < 0)
    (6, True)
    """
    n, p1, p2, tau1, tau2 = TIME_COURSES[check_option("cell_type", cell_type, tuple(TIME_COURSES))]
    step = check_real("bin_ms", bin_ms, minimum=0.0, strict=True)
    length = check_real("duration_ms", duration_ms, minimum=step)
    t = (np.arange(int(round(length / step))) + 0.5) * step
    low = [p * (t / tau) ** n * np.exp(-n * (t / tau - 1.0)) for p, tau in ((p1, tau1), (p2, tau2))]
    h = low[0] - low[1]
    return h / np.abs(h).max()


def raised_cosines(n_bumps: int, n_lags: int, *, shift: float = 1.0) -> np.ndarray:
    r"""Return raised cosines on a logarithmic axis of time, narrow at short lags and wide at long ones.

    :math:`φ_m(t) = ½ (1 + \cos(\mathrm{clip}((\ln(t + c) - μ_m) π / (2Δ), ±π)))`, the μ equally spaced by Δ, so that
    the bumps add up to two between the second and the last but one.

    Parameters
    ----------
    n_bumps : int
    n_lags : int
        Length in bins; lag 0 first.
    shift : float
        c in bins: the larger, the more linear the axis.

    Returns
    -------
    ndarray, shape (n_bumps, n_lags)

    Raises
    ------
    TypeError, ValueError
        Counts that are too small, more bumps than lags.

    References
    ----------
    Pillow et al. 2008, Nature 454:995, supplement.

    Examples
    --------
    >>> basis = raised_cosines(4, 20)
    >>> basis.shape, basis[:, 0].round(2).tolist()
    ((4, 20), [1.0, 0.5, 0.0, 0.0])
    """
    n_bumps, n_lags = check_count("n_bumps", n_bumps), check_count("n_lags", n_lags)
    shift = check_real("shift", shift, minimum=0.0, strict=True)
    if n_bumps > n_lags:
        raise ValueError(f"n_bumps={n_bumps} is more than n_lags={n_lags}; use fewer bumps or more lags.")
    axis = np.log(np.arange(n_lags) + shift)
    if n_bumps == 1:
        return 0.5 * (1 + np.cos(np.clip((axis - axis[0]) * np.pi / max(axis[-1] - axis[0], 1e-9), 0, np.pi)))[None]
    # the last bump has its peak where it still falls off within the lags
    gap = (axis[-1] - axis[0]) / (n_bumps + 1)
    centers = axis[0] + gap * np.arange(n_bumps)
    angle = np.clip((axis - centers[:, None]) * np.pi / (2 * gap), -np.pi, np.pi)
    return 0.5 * (1 + np.cos(angle))


def causal(series: np.ndarray, kernel: np.ndarray, *, first_lag: int = 0) -> np.ndarray:
    """Return y(t) = Σ_τ kernel(τ) series(t − first_lag − τ) along the last axis, nothing from the future.

    Parameters
    ----------
    series : ndarray, shape (..., n_bins)
        Zero before it starts.
    kernel : ndarray, shape (n_lags,)
    first_lag : int
        1 for spike history, which must not see its own bin.

    Returns
    -------
    ndarray, shape (..., n_bins)

    Raises
    ------
    ValueError
        A negative first lag.

    Examples
    --------
    >>> causal(np.array([1.0, 0, 0, 0]), np.array([3.0, 2.0]), first_lag=1).tolist()
    [0.0, 3.0, 2.0, 0.0]
    """
    lag = check_count("first_lag", first_lag, minimum=0)
    values = np.asarray(series, dtype=np.float64)
    out = np.zeros_like(values)
    if lag < values.shape[-1]:
        past = values[..., : values.shape[-1] - lag]
        out[..., lag:] = signal.lfilter(np.asarray(kernel, float), [1.0], past, axis=-1)
    return out


def as_movie(movie: Any, shape: tuple[int, int]) -> np.ndarray:
    """Movies as (n, n_bins, height, width); one movie may come without the first axis."""
    from neurogeom.stimuli import as_images

    values = np.asarray(movie)
    values = values[None] if values.ndim == 3 else values
    if values.ndim != 4:
        raise ValueError(f"movie has shape {values.shape}; (n_bins, height, width) or (n, n_bins, height, width).")
    flat = as_images(values.reshape(-1, *values.shape[2:]), "movie", shape=shape)
    return flat.reshape(values.shape)
