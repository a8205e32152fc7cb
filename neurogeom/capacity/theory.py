"""Capacities known in closed form, by quadrature, or by simple Monte Carlo: what the measures are checked against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import MOST, check_count, check_real, check_vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Estimate",
    "ellipsoid_objective",
    "balls",
    "cover",
    "dual_capacity",
    "ellipsoids",
    "large_dimension",
    "points",
    "separable_probability",
]

_Check = Callable[[str, Any], float]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_BLOCK_NUMBERS = 2**20  # entries of t that one block of ellipsoid samples holds
_LARGEST_LOG_ROOT = 60.0


@dataclass(frozen=True)
class Estimate:
    """A capacity from Monte Carlo.

    Attributes
    ----------
    capacity : float
    capacity_se : float
        Monte-Carlo standard error.
    n_samples, seed : int
        What repeats it.
    """

    capacity: float
    capacity_se: float
    n_samples: int
    seed: int

    def __float__(self) -> float:
        return self.capacity


def points(margin: ArrayLike = 0.0) -> float | NDArray[np.float64]:
    r"""Capacity of single points with random labels, at a margin.

    Parameters
    ----------
    margin : float or array
        κ >= 0, in units of the points' norm.

    Returns
    -------
    float or array
        α, manifolds per neuroid; of the shape of `margin`.

    Raises
    ------
    ValueError
        For a margin that is negative, NaN or infinite.

    Notes
    -----
    .. math:: 1/\alpha = (1 + \kappa^2)\,\Phi(\kappa) + \kappa\,\varphi(\kappa)

    Examples
    --------
    >>> points(), round(points(1.0), 10)
    (2.0, 0.5195722296)
    """
    return _over_arrays(lambda kappa: 1.0 / _one_sided(kappa), margin=(margin, _at_least_0))


def balls(radius: ArrayLike, dimension: ArrayLike, margin: ArrayLike = 0.0) -> float | NDArray[np.float64]:
    r"""Mean-field capacity of balls.

    Parameters
    ----------
    radius : float or array
        R >= 0 relative to the norm of the center; infinity is allowed.
    dimension : float or array
        D > 0, need not be whole. D = 1 is a segment.
    margin : float or array
        κ >= 0, in units of the norm of the center.

    Returns
    -------
    float or array
        α, manifolds per neuroid; arguments are broadcast.

    Raises
    ------
    ValueError
        For a negative radius or margin, a dimension that is not positive, or NaN.

    Notes
    -----
    With :math:`\chi_D` the density of the norm of a standard normal vector in D dimensions,

    .. math::
        1/\alpha = \int_0^\infty \chi_D(t) \Big[ \int_{\kappa - t/R}^{\kappa + Rt} \varphi(t_0)
        \frac{(Rt - t_0 + \kappa)^2}{1 + R^2} dt_0
        + \int_{-\infty}^{\kappa - t/R} \varphi(t_0) \big((t_0 - \kappa)^2 + t^2\big) dt_0 \Big] dt

    The inner integrals are closed; the outer one is Gauss–Legendre on pieces around :math:`\sqrt{D - 1/2}`, finer
    towards 0. R → 0 gives :func:`points`, R → ∞ gives 1/α → D + 1/points(κ).

    References
    ----------
    Chung, Lee and Sompolinsky (2018), Classification and geometry of general perceptual manifolds, PRX.

    Examples
    --------
    >>> round(balls(1.5, 8), 10), round(balls(0.7, 3, 0.4), 10)
    (0.1707016897, 0.4244117919)
    """
    return _over_arrays(_ball, radius=(radius, _radius), dimension=(dimension, _above_0), margin=(margin, _at_least_0))


def ellipsoids(radii: ArrayLike, margin: float = 0.0, *, n_samples: int = 20_000, seed: int | None = None) -> Estimate:
    r"""Mean-field capacity of ellipsoids, by Monte Carlo with an exact projection of every sample.

    Parameters
    ----------
    radii : array (D,)
        E >= 0, semi-axes relative to the norm of the center.
    margin : float
        κ >= 0, in units of the norm of the center.
    n_samples : int
        Gaussian samples.
    seed : int, optional
        Root seed; drawn and kept if not given.

    Returns
    -------
    Estimate
        ``capacity`` and its Monte-Carlo error ``capacity_se``.

    Raises
    ------
    ValueError
        For negative radii or margin.

    Notes
    -----
    1/α = E[F] with F of :func:`ellipsoid_objective`.

    Examples
    --------
    >>> found = ellipsoids([2.0, 1.0, 0.5], seed=0)  # its dual is itself, hence exactly 2 / (D + 1) = 0.5
    >>> bool(abs(found.capacity - 0.5) < 4 * found.capacity_se)
    True
    """
    radii = check_vector(radii, "radii")
    if len(radii) == 0 or (radii < 0).any():
        raise ValueError(f"radii={radii.tolist()} needs at least one entry, none negative.")
    if radii.max() > MOST:
        raise ValueError(f"radii holds {radii.max():g}; at most {MOST:g} is needed. They are relative to the center.")
    margin = check_real("margin", margin, minimum=0.0, maximum=MOST)
    n_samples = check_count("n_samples", n_samples, minimum=2)
    seed = resolve_seed(seed)
    length = max(1, _BLOCK_NUMBERS // (len(radii) + 1))
    objective = np.concatenate(
        [
            ellipsoid_objective(
                generator(seed, block).standard_normal((min(length, n_samples - start), len(radii) + 1)), radii, margin
            )
            for block, start in enumerate(range(0, n_samples, length))
        ]
    )
    mean = objective.mean()
    error = objective.std(ddof=1) / (np.sqrt(n_samples) * mean**2)
    return Estimate(float(1.0 / mean), float(error), n_samples, seed)


def ellipsoid_objective(t: ArrayLike, radii: ArrayLike, margin: float = 0.0) -> NDArray[np.float64]:
    r"""Squared distance of Gaussian vectors from the cone of an ellipsoid around a unit center.

    Parameters
    ----------
    t : array (k, D + 1)
        Its last column is the component along the center.
    radii : array (D,)
        Semi-axes E.
    margin : float
        κ.

    Returns
    -------
    array (k,)
        F.

    Raises
    ------
    ValueError
        If the columns of t are not one more than the radii.

    Notes
    -----
    With a = t_{D+1} + κ: F = 0 where :math:`a + \|Et\| \le 0`, :math:`F = \|t\|^2 + a^2` where
    :math:`a \ge \|E^{-1}t\|`; else :math:`F = (q\|Ev\|)^2 + \|t - v\|^2` with :math:`v_i = t_i / (1 + q E_i^2)` and
    q > 0 the root of the increasing function :math:`\|Ev\|(q - 1) = a`.

    Examples
    --------
    >>> ellipsoid_objective([[0.0, 1.0], [0.0, -1.0]], [0.5])
    array([1., 0.])
    """
    t, radii = np.asarray(t, dtype=float), np.asarray(radii, dtype=float)
    if t.ndim != 2 or t.shape[1] != len(radii) + 1:
        raise ValueError(f"t has shape {t.shape}; {len(radii)} radii need shape (n_samples, {len(radii) + 1}).")
    a = t[:, -1] + margin
    # an axis of radius 0 constrains nothing, so that v = t along it
    t, radii = t[:, :-1][:, radii > 0], radii[radii > 0]
    squared, inverse = (t * radii) ** 2, np.linalg.norm(t / radii, axis=1)
    inside = a + np.sqrt(squared.sum(axis=1)) <= 0
    beyond = a >= inverse
    objective = np.where(beyond, np.sum(t**2, axis=1) + a**2, 0.0)
    touching = ~(inside | beyond)
    objective[touching] = _touching_objective(squared[touching], radii, a[touching])
    return objective


def cover(n_manifolds: ArrayLike, n_neuroids: ArrayLike) -> float | NDArray[np.float64]:
    r"""GLUE capacity of one Gaussian point per manifold with random labels, exact at any size.

    Parameters
    ----------
    n_manifolds, n_neuroids : int or array
        P and N, at least 1.

    Returns
    -------
    float or array
        α; 2 for P <= N.

    Raises
    ------
    ValueError, TypeError
        For numbers below 1 or not whole.

    Notes
    -----
    .. math:: P / \alpha = \sum_{n=0}^{r-1} (1 - p_n) - p_r / 2, \qquad r = \min(P, N)

    with :math:`p_n` of :func:`separable_probability`.

    References
    ----------
    Cover (1965), Geometrical and statistical properties of systems of linear inequalities, theorem 1.

    Examples
    --------
    >>> cover(8, 20), round(cover(24, 15), 10)
    (2.0, 2.0207659727)
    """
    return _over_arrays(_cover, n_manifolds=(n_manifolds, _count), n_neuroids=(n_neuroids, _count))


def separable_probability(n_points: ArrayLike, n_neuroids: ArrayLike) -> float | NDArray[np.float64]:
    r"""Probability that random labels of points in general position separate linearly through the origin.

    Parameters
    ----------
    n_points, n_neuroids : int or array
        P and n; n may be 0.

    Returns
    -------
    float or array
        :math:`p_n`, between 0 and 1.

    Raises
    ------
    ValueError, TypeError
        For negative numbers, or such that are not whole.

    Notes
    -----
    .. math:: p_n = 2^{1 - P} \sum_{k < n} \binom{P - 1}{k}

    References
    ----------
    Cover (1965), theorem 1.

    Examples
    --------
    >>> round(separable_probability(20, 10), 12), separable_probability(5, 5)
    (0.5, 1.0)
    """
    return _over_arrays(_separable, n_points=(n_points, _count), n_neuroids=(n_neuroids, _count_from_0))


def large_dimension(radius: ArrayLike, dimension: ArrayLike) -> float | NDArray[np.float64]:
    r"""Approximate capacity of balls of many dimensions, :math:`(1 + R^{-2}) / D`, at margin 0.

    Parameters
    ----------
    radius, dimension : float or array
        R > 0 and D > 0.

    Returns
    -------
    float or array
        α. It needs :math:`R\sqrt D \gg 1`: 6 % high at (1.5, 8), 0.5 % at (3, 25), and useless at (0.3, 12).

    Raises
    ------
    ValueError
        For numbers that are not positive.

    Examples
    --------
    >>> round(large_dimension(3.0, 25), 4), round(balls(3.0, 25), 4)
    (0.0444, 0.0442)
    """
    return _over_arrays(lambda r, d: (1.0 + r**-2.0) / d, radius=(radius, _above_0), dimension=(dimension, _above_0))


def dual_capacity(capacity: ArrayLike, dimension: ArrayLike) -> float | NDArray[np.float64]:
    r"""Capacity of the ball or ellipsoid with inverted radii, from that of the given one, at margin 0.

    Parameters
    ----------
    capacity : float or array
        α, between 1/(D + 1) and 2.
    dimension : float or array
        D.

    Returns
    -------
    float or array
        α of radii 1/R. The two cones are polar to each other, hence 1/α(R) + 1/α(1/R) = D + 1.

    Raises
    ------
    ValueError
        For a capacity at or below 1/(D + 1), which no shape has.

    Examples
    --------
    >>> round(dual_capacity(balls(0.5, 4), 4) / balls(2.0, 4), 12)
    1.0
    """
    return _over_arrays(_dual, capacity=(capacity, _above_0), dimension=(dimension, _above_0))


def _over_arrays(function: Callable[..., float], **arguments: tuple[ArrayLike, _Check]) -> float | NDArray[np.float64]:
    """Check every entry of the broadcast arguments, apply the function to each, and give back their shape."""
    arrays = np.broadcast_arrays(*(np.asarray(value) for value, _ in arguments.values()))
    checks = [check for _, check in arguments.values()]
    found = np.empty(arrays[0].shape)
    for place in np.ndindex(found.shape):
        entries = [check(name, array[place]) for name, array, check in zip(arguments, arrays, checks)]
        found[place] = function(*entries)
    return float(found[()]) if found.ndim == 0 else found


def _at_least_0(name: str, value: Any) -> float:
    return check_real(name, value, minimum=0.0, maximum=MOST)


def _above_0(name: str, value: Any) -> float:
    return check_real(name, value, minimum=0.0, strict=True)


def _radius(name: str, value: Any) -> float:
    return np.inf if value == np.inf else check_real(name, value, minimum=0.0, maximum=MOST)


def _count(name: str, value: Any) -> int:
    return check_count(name, value, minimum=1)


def _count_from_0(name: str, value: Any) -> int:
    return check_count(name, value, minimum=0)


def _density(x: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(x)
    return np.exp(-0.5 * x * x) / np.sqrt(2.0 * np.pi)


def _one_sided(kappa: float) -> float:
    """E[max(t + κ, 0)²]."""
    return float((1.0 + kappa**2) * special.ndtr(kappa) + kappa * _density(kappa))


def _ball(radius: float, dimension: float, kappa: float) -> float:
    if radius == 0.0:
        return 1.0 / _one_sided(kappa)
    if np.isinf(radius):
        return 1.0 / (dimension + _one_sided(kappa))
    nodes, weights = _chi_nodes(radius, dimension, kappa)
    return float(1.0 / np.dot(weights, _inner(nodes, radius, kappa)))


def _inner(t: NDArray[np.float64], radius: float, kappa: float) -> NDArray[np.float64]:
    """Both inner integrals at t, the norm of the Gaussian vector along the axes of a ball."""
    low, high = kappa - t / radius, kappa + radius * t
    # ∫ (b − x)² φ with b = κ + Rt, from the antiderivatives Φ, −φ and Φ − xφ of φ, xφ and x²φ
    mass = special.ndtr(high) - special.ndtr(low)
    first = _density(high) - _density(low)
    second = high * _density(high) - low * _density(low)
    touching = ((high**2 + 1.0) * mass + 2.0 * high * first - second) / (1.0 + radius**2)
    embedded = (1.0 + kappa**2 + t**2) * special.ndtr(low) + (2.0 * kappa - low) * _density(low)
    return touching + embedded


def _chi_nodes(radius: float, dimension: float, kappa: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes t and weights that hold the density of the norm; u = t^D below D = 1, where the density is unbounded."""
    power = min(dimension, 1.0)
    middle = np.sqrt(max(dimension - 0.5, 0.25))
    top = middle + 10.0
    graded = middle * 2.0 ** -np.arange(1.0, 50.0)  # algebraic behavior at 0 for D that is not whole
    around = middle + np.arange(-10.0, 10.5, 0.5)
    crossing = radius * np.concatenate([kappa + np.arange(-9.0, 10.0), np.arange(1.0, 10.0)])
    pieces = np.concatenate([[0.0, top], graded, around, crossing])
    pieces = np.unique(pieces[(pieces >= 0.0) & (pieces <= top)]) ** power
    half, center = 0.5 * np.diff(pieces)[:, None], 0.5 * (pieces[1:] + pieces[:-1])[:, None]
    u = (center + half * _NODES).ravel()
    t = u ** (1.0 / power)
    log_density = (1.0 - 0.5 * dimension) * np.log(2.0) - special.gammaln(0.5 * dimension) - 0.5 * t * t
    # χ(t) dt = t^(D − 1) … dt, and dt = t^(1 − D) du / D where u = t^D
    jacobian = (dimension - 1.0) * np.log(np.maximum(t, np.finfo(float).tiny)) if power == 1.0 else -np.log(dimension)
    return t, (half * _WEIGHTS).ravel() * np.exp(log_density + jacobian)


def _touching_objective(
    squared: NDArray[np.float64], radii: NDArray[np.float64], a: NDArray[np.float64]
) -> NDArray[np.float64]:
    """F where the projection touches the ellipsoid: bisection on log q until the interval is as fine as rounding."""
    low, high = np.full(len(a), -_LARGEST_LOG_ROOT), np.full(len(a), _LARGEST_LOG_ROOT)
    for _ in range(70):
        middle = 0.5 * (low + high)
        q = np.exp(middle)[:, None]
        length = np.sqrt(np.sum(squared / (1.0 + q * radii**2) ** 2, axis=1))
        below = length * (q[:, 0] - 1.0) < a
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    q = np.exp(0.5 * (low + high))[:, None]
    moved = squared / (1.0 + q * radii**2) ** 2  # (Ev)², and t − v = qE (Ev)
    return q[:, 0] ** 2 * (moved.sum(axis=1) + np.sum(radii**2 * moved, axis=1))


def _separable(n_points: int, n_neuroids: int) -> float:
    if n_neuroids == 0:
        return 0.0
    return float(special.bdtr(n_neuroids - 1, n_points - 1, 0.5)) if n_neuroids < n_points else 1.0


def _cover(n_manifolds: int, n_neuroids: int) -> float:
    rank = min(n_manifolds, n_neuroids)
    p = np.concatenate([[0.0], special.bdtr(np.arange(rank), n_manifolds - 1, 0.5)])
    return float(n_manifolds / (np.sum(1.0 - p[:-1]) - 0.5 * p[-1]))


def _dual(capacity: float, dimension: float) -> float:
    inverse = dimension + 1.0 - 1.0 / capacity
    if inverse <= 0.0:
        raise ValueError(
            f"capacity={capacity:g} is at or below 1/(D + 1) = {1 / (dimension + 1):g}, the smallest of any shape in "
            f"{dimension:g} dimensions. Check capacity and dimension."
        )
    return 1.0 / inverse
