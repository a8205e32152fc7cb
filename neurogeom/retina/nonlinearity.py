"""From drive to rate: exponential, softplus and saturating logistic, with what calibrates them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from neurogeom._core.validation import check_option, check_real

NONLINEARITIES = ("logistic", "softplus", "exp")
LARGEST_DRIVE = 12.0
LEAST_RATE = 1e-6

# a, b and ln k of λ = k / (1 + exp(−a − b z)) for a standard-normal drive z, fitted to the histogram of each block of
# counts of Parthasarathy, Batty et al. 2017 (KL .0002 to .034 nats), and the mean count of each block
LOGISTIC = {
    "on_parasol": (-1.116, 1.733, 3.029),
    "off_parasol": (-1.235, 4.421, 2.680),
    "on_midget": (-0.921, 3.636, 2.186),
    "off_midget": (-1.155, 4.307, 2.352),
}
MEAN_COUNTS = {"on_parasol": 6.65, "off_parasol": 5.78, "on_midget": 3.64, "off_midget": 4.20}
SLOPES = {"softplus": 6.0, "exp": 1.0}


@dataclass(frozen=True)
class Rates:
    """Rate and its first two derivatives with respect to the drive, all of one shape."""

    rate: np.ndarray
    first: np.ndarray
    second: np.ndarray


def rates(drive: np.ndarray, nonlinearity: str, ceiling: np.ndarray | float = 1.0) -> Rates:
    r"""Return rate and derivatives: exp, softplus ln(1 + e^η), or logistic k / (1 + e^{−η}).

    The drive of exp is clamped at 12, where its derivatives become 0; rates are at least 1e-6.

    Parameters
    ----------
    drive : ndarray
        η.
    nonlinearity : {"logistic", "softplus", "exp"}
    ceiling : float or ndarray
        k of the logistic function, in counts per window; broadcasts with `drive`.

    Returns
    -------
    Rates
        Counts per window.

    Raises
    ------
    ValueError
        An unknown nonlinearity.

    Examples
    --------
    >>> rates(np.array([0.0]), "logistic", 10.0).rate.tolist()
    [5.0]
    """
    check_option("nonlinearity", nonlinearity, NONLINEARITIES)
    if nonlinearity == "exp":
        rate = np.exp(np.minimum(drive, LARGEST_DRIVE))
        slope = np.where(drive < LARGEST_DRIVE, rate, 0.0)
        return Rates(np.maximum(rate, LEAST_RATE), slope, slope)
    open_share = special.expit(drive)
    shut_share = special.expit(-drive)
    if nonlinearity == "softplus":
        return Rates(np.maximum(np.logaddexp(0.0, drive), LEAST_RATE), open_share, open_share * shut_share)
    first = ceiling * open_share * shut_share
    return Rates(np.maximum(ceiling * open_share, LEAST_RATE), first, first * (shut_share - open_share))


def calibrated(cell_type: str, nonlinearity: str) -> tuple[float, float, float]:
    """Return offset, slope and ceiling for a standard-normal drive, so that counts match the published table.

    Logistic: as fitted to the histogram of each block. Softplus (slope 6) and exp (slope 1): the offset gives the
    block's mean count.

    Parameters
    ----------
    cell_type : str
        Of ``retina.mosaic.TYPES``.
    nonlinearity : {"logistic", "softplus", "exp"}

    Returns
    -------
    tuple of float
        a, b, k of λ = f(a + b z).

    Raises
    ------
    ValueError
        Unknown names.

    Examples
    --------
    >>> [round(value, 2) for value in calibrated("on_parasol", "logistic")]
    [-1.12, 1.73, 20.68]
    """
    check_option("nonlinearity", nonlinearity, NONLINEARITIES)
    check_option("cell_type", cell_type, tuple(LOGISTIC))
    if nonlinearity == "logistic":
        offset, slope, log_ceiling = LOGISTIC[cell_type]
        return offset, slope, float(np.exp(log_ceiling))
    slope, target = SLOPES[nonlinearity], MEAN_COUNTS[cell_type]
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()

    def excess(offset: float) -> float:
        return float(weights @ rates(offset + slope * nodes, nonlinearity).rate) - target

    return float(optimize.brentq(excess, -40.0, 11.0)), slope, 1.0


def offset_for_mean(drive: np.ndarray, target: float, nonlinearity: str) -> float:
    """Return the offset c for which the mean over samples of f(c + drive) is a target (Brent's method).

    Parameters
    ----------
    drive : ndarray
        Any shape.
    target : float
        Counts per window.
    nonlinearity : {"softplus", "exp"}

    Returns
    -------
    float

    Raises
    ------
    ValueError
        A target that is not positive.

    Examples
    --------
    >>> round(offset_for_mean(np.zeros(3), 2.0, "exp"), 4)
    0.6931
    """
    target = check_real("target", target, minimum=0.0, strict=True)
    low = -40.0 - float(np.max(drive))
    return float(
        optimize.brentq(lambda c: float(rates(drive + c, nonlinearity).rate.mean()) - target, low, LARGEST_DRIVE)
    )


def poisson_loss(counts: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Return λ − n ln λ + ln n! for each entry, in nats.

    Examples
    --------
    >>> poisson_loss(np.array([0.0]), np.array([2.0])).tolist()
    [2.0]
    """
    return rate - special.xlogy(counts, rate) + special.gammaln(counts + 1.0)
