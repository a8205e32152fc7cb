"""Few-shot learning from prototypes: signal-to-noise from geometry alone, and the error that follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count
from neurogeom.alignment.inputs import Floats, clouds_of_pair
from neurogeom.alignment.results import Meaning, Measure, measure
from neurogeom.results import register

SORSCHER = "Sorscher, Ganguli & Sompolinsky (2022), PNAS 119:e2200800119."


@register
class FewShotSNR(Measure):
    """Signal-to-noise ratio of prototype learning of class A against class B, and its error."""

    kind = "alignment.few_shot_snr"
    title = "Few-shot signal-to-noise (larger = fewer errors)"
    headline = ("snr", "error", "signal", "bias", "dimension")
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "snr": ("signal-to-noise ratio", ""),
        "error": ("predicted error on class A", ""),
        "signal": ("signal (squared distance of centers over variance)", ""),
        "bias": ("bias (excess variance of B)", ""),
        "dimension": ("dimension (participation ratio of A)", ""),
        "signal_noise_overlap": ("overlap of signal and noise directions", ""),
    }


def prototype_snr(points_a: Floats, points_b: Floats, n_shots: int) -> dict[str, float]:
    r"""Signal-to-noise of the nearest-prototype rule for test points of A, from means and covariances, in factor form.

    .. math:: \mathrm{SNR} = \frac{\tfrac12 [\|\Delta\|^2/t + (\mathrm{tr} C_b/t - 1)/m]}
       {\sqrt{t^{-2} [\mathrm{tr} C_a^2/m + \Delta^T C_a \Delta + \Delta^T C_b \Delta/m + \mathrm{tr} C_a C_b/m
       + (\mathrm{tr} C_a^2 + \mathrm{tr} C_b^2)/(2m^2)]}}
    """
    delta = points_a.mean(axis=0) - points_b.mean(axis=0)
    a = (points_a - points_a.mean(axis=0)) / np.sqrt(len(points_a))
    b = (points_b - points_b.mean(axis=0)) / np.sqrt(len(points_b))
    total = float(np.sum(a**2))
    square_a, square_b, cross = (_trace_of_product(*pair) for pair in ((a, a), (b, b), (a, b)))
    along_a, along_b = float(np.sum((a @ delta) ** 2)), float(np.sum((b @ delta) ** 2))
    signal, bias = float(delta @ delta) / total, float(np.sum(b**2)) / total - 1.0
    noise = square_a / n_shots + along_a + along_b / n_shots + cross / n_shots
    noise += (square_a + square_b) / (2 * n_shots**2)
    return {
        "snr": 0.5 * (signal + bias / n_shots) * total / float(np.sqrt(noise)),
        "signal": signal,
        "bias": bias,
        "dimension": total**2 / square_a,
        "signal_noise_overlap": float(np.sqrt(along_a)) / total if signal > 0 else 0.0,
    }


def error_of(snr: float | Floats) -> Any:
    """H(SNR) = ½ erfc(SNR/√2), the normal tail."""
    from scipy.special import ndtr

    return ndtr(-np.asarray(snr))


def few_shot_snr(points_a: Any, points_b: Any, *, n_shots: int = 1) -> FewShotSNR:
    r"""How well a prototype of a few examples tells class A from class B, predicted from geometry alone.

    The learner averages ``n_shots`` examples of each class and gives a new point of A to the nearer average. Not
    symmetric: the error is that of points of A.

    Parameters
    ----------
    points_a, points_b : array or DataArray (points, neuroids)
        Two classes over the same neuroids, at least 2 points each.
    n_shots : int
        Examples m per class.

    Returns
    -------
    FewShotSNR
        ``snr``, ``error`` = H(snr), ``signal``, ``bias``, ``dimension`` (tr C)²/tr C², ``signal_noise_overlap``.

    Raises
    ------
    ValueError
        Fewer than 2 points, no variance, other neuroids.

    Notes
    -----
    The full form of the authors' code, with total variance t = tr C_a as R²; the last two terms of the noise
    (tr C_aC_b/m and those of order 1/m²) are left out in the text, which then understates the error.

    .. math:: \mathrm{SNR} = \frac{\tfrac12 [\|\Delta\|^2/t + (\mathrm{tr} C_b/t - 1)/m]}
       {\sqrt{t^{-2} [\mathrm{tr} C_a^2/m + \Delta^T C_a \Delta + \Delta^T C_b \Delta/m + \mathrm{tr} C_a C_b/m
       + (\mathrm{tr} C_a^2 + \mathrm{tr} C_b^2)/(2m^2)]}}

    References
    ----------
    Sorscher, Ganguli & Sompolinsky (2022), PNAS 119:e2200800119, eq. 1-2 and SI.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> cats, dogs = rng.normal(size=(50, 20)), rng.normal(size=(50, 20)) + 1.0
    >>> one, five = (few_shot_snr(cats, dogs, n_shots=m).error for m in (1, 5))
    >>> one > five
    True
    """
    n_shots = check_count("n_shots", n_shots)
    a, b = clouds_of_pair(points_a, points_b)
    values = prototype_snr(a, b, n_shots)
    values["error"] = float(error_of(values["snr"]))
    used = {"points_a": len(a), "points_b": len(b), "neuroids": a.shape[1]}
    return measure(
        FewShotSNR, values, Meaning("distance", (-np.inf, np.inf), 0.0, False, False, used), references=(SORSCHER,),
        points_a=points_a, points_b=points_b, n_shots=n_shots,
    )  # fmt: skip


def prototype_error(
    points_a: Any, points_b: Any, *, n_shots: int = 1, n_trials: int = 200, seed: int | None = None
) -> float:
    """Error of the prototype rule itself on held-out points of A: what :func:`few_shot_snr` predicts.

    Parameters
    ----------
    points_a, points_b : array or DataArray (points, neuroids)
        Two classes over the same neuroids; A needs more points than ``n_shots``, B at least that many.
    n_shots : int
        Examples per class, drawn without replacement.
    n_trials : int
        Random draws of examples; all other points of A are tested in each.
    seed : int, optional

    Returns
    -------
    float
        Share of errors.

    Raises
    ------
    ValueError
        Too few points for ``n_shots``.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> prototype_error(rng.normal(size=(50, 20)), rng.normal(size=(50, 20)) + 5.0, n_shots=1, seed=0)
    0.0
    """
    n_shots, n_trials = check_count("n_shots", n_shots), check_count("n_trials", n_trials)
    a, b = clouds_of_pair(points_a, points_b)
    if len(a) <= n_shots or len(b) < n_shots:
        raise ValueError(
            f"n_shots={n_shots} needs more than {n_shots} points in points_a (it has {len(a)}) and as many in "
            f"points_b (it has {len(b)})."
        )
    seed = resolve_seed(seed)
    wrong = tested = 0
    for trial in range(n_trials):
        random = generator(seed, trial)
        order = random.permutation(len(a))
        mean_a = a[order[:n_shots]].mean(axis=0)
        mean_b = b[random.choice(len(b), n_shots, replace=False)].mean(axis=0)
        test = a[order[n_shots:]]
        margin = test @ (mean_a - mean_b) - 0.5 * (mean_a @ mean_a - mean_b @ mean_b)
        wrong += int(np.sum(margin < 0))
        tested += len(test)
    return wrong / tested


def _trace_of_product(a: Floats, b: Floats) -> float:
    """tr(C_a C_b) = ‖A Bᵀ‖² from factors."""
    if a.shape[1] < min(len(a), len(b)):
        return float(np.sum((a.T @ a) * (b.T @ b)))
    return float(np.sum((a @ b.T) ** 2))
