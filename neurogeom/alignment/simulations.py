"""The simulations behind signal mismatch distance: clouds whose codes of a feature diverge step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from neurogeom._core.parallel import run_units
from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_real
from neurogeom.alignment.cross_regression import regression_errors
from neurogeom.alignment.inputs import Floats
from neurogeom.alignment.results import KUOCH
from neurogeom.alignment.signal import signal_mismatch
from neurogeom.results import Result, make_settings, register


@register
class SignalSimulation(Result):
    """Signal mismatch and regression mismatch of simulated pairs against the divergence of their codes."""

    kind = "alignment.signal_simulation"
    title = "Simulated signal mismatch (0 = same code, 1 = orthogonal codes)"
    headline = ("distance", "expected_distance", "mismatch")
    se_name = "over repeats"
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "distance": ("signal mismatch distance", ""),
        "expected_distance": ("closed form", ""),
        "mismatch": ("regression mismatch", ""),
    }

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw distance and closed form against the divergence of the codes.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        **options
            For :func:`neurogeom.alignment.plots.plot_simulation`.

        Returns
        -------
        matplotlib Axes
        """
        from neurogeom.alignment import plots

        return plots.plot_simulation(self, ax=ax, **options)


def expected_signal_mismatch(
    divergence: float,
    *,
    n_neuroids: int,
    n_points: int = 50,
    dimension: int | None = None,
    overlap: int | None = None,
    variance: float | None = None,
    noise: float = 0.05,
) -> float:
    r"""Expected signal mismatch distance of :func:`simulate_signal_mismatch`, in closed form.

    With m points, d dimensions, o of them shared, m' = m − d + o, variance σ² per dimension and noise ε of the feature,

    .. math:: E d \approx 1 - \frac{c \cos\varphi}{2\sigma^2 d/n - c + \varepsilon^2 (2d - o)/m}, \quad
       c = \sigma^2 \frac{m'}{m} \Big(1 - \frac{o}{2m'}\Big) \frac on, \quad
       \cos\varphi = \frac{1 - \tau}{\sqrt{(1 - \tau)^2 + \tau^2}}

    Parameters
    ----------
    divergence : float
        τ in [0, 1]: the code of B is (1 − τ) w_A + τ w, normalized.
    n_neuroids, n_points : int
        n and m.
    dimension, overlap : int, optional
        d of each cloud and o shared; all neuroids by default.
    variance : float, optional
        σ²; 1/d by default.
    noise : float
        ε, standard deviation of the noise of the feature.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        2d − o > 2m, where the clouds share nothing by chance, or numbers out of range.

    References
    ----------
    Derived by us for Kuoch et al. (2024), PMLR 234:395-418, appendix B.3.4.

    Examples
    --------
    >>> round(expected_signal_mismatch(0.0, n_neuroids=50), 3)
    0.692
    """
    tau = check_real("divergence", divergence, minimum=0.0, maximum=1.0)
    n, m, d, o, sigma2 = _sizes(n_neuroids, n_points, dimension, overlap, variance)
    if 2 * d - o > 2 * m:
        raise ValueError(f"dimension={d} and overlap={o} need 2·dimension − overlap ≤ 2·n_points = {2 * m}.")
    effective = m - d + o
    if effective <= 0:
        return 1.0
    shared = sigma2 * (effective / m) * (1 - o / (2 * effective)) * o / n
    cosine = (1 - tau) / np.hypot(1 - tau, tau)
    return float(1 - shared * cosine / (2 * sigma2 * d / n - shared + noise**2 * (2 * d - o) / m))


def simulate_signal_mismatch(
    *,
    n_neuroids: int,
    n_points: int = 50,
    dimension: int | None = None,
    overlap: int | None = None,
    variance: float | None = None,
    noise: float = 0.05,
    n_steps: int = 10,
    n_repeats: int = 100,
    seed: int | None = None,
    n_jobs: int | None = None,
) -> SignalSimulation:
    """Pairs of Gaussian clouds whose codes of a feature diverge: figures 8 and 9 of Kuoch et al. (2024).

    Figure 8 varies ``n_neuroids`` (50 to 100); figure 9 has 100 neuroids, ``dimension=30`` and varies ``overlap``.
    The captions print variance 1 and steps 0, 0.1, …, 1; the curves fit 1/dimension and ten steps k/9.

    Parameters
    ----------
    n_neuroids, n_points : int
        Sizes of the clouds.
    dimension, overlap : int, optional
        Dimensions of each cloud and how many are shared; all neuroids by default.
    variance : float, optional
        Variance per dimension; 1/dimension by default.
    noise : float
        Standard deviation of the noise of the feature.
    n_steps : int
        Values of the divergence from 0 to 1.
    n_repeats : int
        Pairs per value.
    seed : int, optional
    n_jobs : int, optional
        Threads; the numbers do not depend on it.

    Returns
    -------
    SignalSimulation
        ``distance``, ``mismatch`` (with ``_se``) and ``expected_distance`` on dim ``divergence``.

    Raises
    ------
    ValueError
        An overlap larger than the dimension, or spaces larger than the neuroids.

    References
    ----------
    Kuoch et al. (2024), PMLR 234:395-418, appendix B.3.4, figures 8 and 9.

    Examples
    --------
    >>> result = simulate_signal_mismatch(n_neuroids=60, n_steps=3, n_repeats=20, seed=0)
    >>> bool(abs(result.distance - result.expected_distance).max() < 0.1)
    True
    """
    n, m, d, o, sigma2 = _sizes(n_neuroids, n_points, dimension, overlap, variance)
    noise, seed = check_real("noise", noise, minimum=0.0), resolve_seed(seed)
    n_steps, n_repeats = check_count("n_steps", n_steps, minimum=2), check_count("n_repeats", n_repeats, minimum=2)
    steps = np.arange(n_steps) / (n_steps - 1)
    units = [((n, m, d, o), sigma2, noise, float(tau), n_repeats, seed, k) for k, tau in enumerate(steps)]
    found = np.array(run_units(one_step, units, n_jobs=n_jobs))
    means, errors = found.mean(axis=1), found.std(axis=1, ddof=1) / np.sqrt(n_repeats)
    sizes: dict[str, Any] = {
        "n_neuroids": n,
        "n_points": m,
        "dimension": d,
        "overlap": o,
        "variance": sigma2,
        "noise": noise,
    }
    expected = [expected_signal_mismatch(float(tau), **sizes) if 2 * d - o <= 2 * m else 1.0 for tau in steps]
    data = xr.Dataset(
        {
            "distance": ("divergence", means[:, 0]),
            "distance_se": ("divergence", errors[:, 0]),
            "mismatch": ("divergence", means[:, 1]),
            "mismatch_se": ("divergence", errors[:, 1]),
            "expected_distance": ("divergence", expected),
        },
        coords={"divergence": steps},
    )
    settings = make_settings(**sizes, n_steps=n_steps, n_repeats=n_repeats, seed=seed, n_jobs=n_jobs)
    return SignalSimulation(data, settings, {}, (), (KUOCH,))


def one_step(
    sizes: tuple[int, int, int, int], variance: float, noise: float, tau: float, n_repeats: int, seed: int, step: int
) -> Floats:
    """Distance and regression mismatch of the pairs of one divergence, (n_repeats, 2)."""
    n, m, d, o = sizes
    found = []
    for i in range(n_repeats):
        random = generator(seed, step, i)
        frame = np.linalg.qr(random.normal(size=(n, 2 * d - o)))[0] if 2 * d - o < n or d < n else np.eye(n)
        scale = np.sqrt(variance)
        a = scale * random.normal(size=(m, d)) @ frame[:, :d].T
        b = scale * random.normal(size=(m, d)) @ frame[:, d - o : 2 * d - o].T
        own, other = (w / np.linalg.norm(w) for w in random.normal(size=(2, n)))
        code = (1 - tau) * own + tau * other
        features = [
            cloud @ w + noise * random.normal(size=m) for cloud, w in ((a, own), (b, code / np.linalg.norm(code)))
        ]
        distance = signal_mismatch(a, b, features[0], features[1], center=False)[0]
        found.append((distance, regression_errors(a, b, features[0], features[1])["mismatch"]))
    return np.array(found)


def _sizes(
    n_neuroids: int, n_points: int, dimension: int | None, overlap: int | None, variance: float | None
) -> tuple[int, int, int, int, float]:
    """Checked n, m, d, o and σ²."""
    n, m = check_count("n_neuroids", n_neuroids), check_count("n_points", n_points, minimum=3)
    d = n if dimension is None else check_count("dimension", dimension)
    o = d if overlap is None else check_count("overlap", overlap, minimum=0)
    if o > d or 2 * d - o > n:
        raise ValueError(
            f"dimension={d} and overlap={o} do not fit {n} neuroids: overlap ≤ dimension and 2·dimension − overlap ≤ "
            "n_neuroids are needed."
        )
    return n, m, d, o, check_real("variance", 1.0 / d if variance is None else variance, minimum=0.0, strict=True)
