"""Geometry against decodability, pair by pair: few-shot theory, the prototype rule itself, held-out linear decoding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from neurogeom import readout
from neurogeom._core.parallel import run_units
from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count
from neurogeom._core.warnings import collect
from neurogeom.alignment.fewshot import SORSCHER, error_of, prototype_error, prototype_snr
from neurogeom.alignment.inputs import Floats, check_cloud
from neurogeom.alignment.pairs import mean_over_pairs
from neurogeom.alignment.rdm_comparison import spearman
from neurogeom.manifolds import Manifolds, as_manifolds
from neurogeom.results import Result, make_settings, register

PAIR = ("manifold", "other_manifold")


@register
class Decodability(Result):
    """Errors of three read-outs of each pair of classes, and the signal-to-noise ratio that predicts them."""

    kind = "alignment.decodability"
    title = "Geometry against decodability (errors: 0 = perfect, 0.5 = chance)"
    headline = ("mean_predicted_error", "mean_prototype_error", "mean_decoding_error", "rank_correlation")
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mean_predicted_error": ("few-shot error, predicted", ""),
        "mean_prototype_error": ("few-shot error, measured", ""),
        "mean_decoding_error": ("held-out linear decoding error", ""),
        "rank_correlation": ("rank correlation of SNR and linear decoding", ""),
    }

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw measured errors against those that geometry predicts.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        **options
            For :func:`neurogeom.alignment.plots.plot_decodability`.

        Returns
        -------
        matplotlib Axes
        """
        from neurogeom.alignment import plots, plots_across

        draw = plots_across.plot_across if plots_across.is_joined(self) else plots.plot_decodability
        return draw(self, ax=ax, **options)


def decodability(
    data: Any,
    labels: Any = None,
    *,
    n_shots: int = 5,
    n_trials: int = 100,
    n_folds: int = 5,
    seed: int | None = None,
    n_jobs: int | None = None,
    progress: bool | str = False,
) -> Decodability:
    """How far means and covariances alone predict what can be read out, for all pairs of classes.

    Parameters
    ----------
    data : Manifolds, sequence of arrays (points, neuroids), or responses with ``labels``
        Two or more classes, each with more points than ``n_shots`` and ``n_folds``.
    labels : array or str, optional
        Class of each presentation, where ``data`` is responses.
    n_shots : int
        Examples per class of the prototype rule.
    n_trials : int
        Draws of examples with which the prototype rule is measured.
    n_folds : int
        Folds of the linear decoding (linear discriminant, :func:`neurogeom.readout.classify`).
    seed : int, optional
    n_jobs : int, optional
        Threads; the numbers do not depend on it.
    progress : bool or str
        Whether to show a bar.

    Returns
    -------
    Decodability
        Matrices (manifold, other_manifold): ``snr``, ``predicted_error`` and ``prototype_error`` (errors on points of
        the row), ``decoding_error`` (held out, symmetric); their means; ``rank_correlation`` (Spearman) of snr (mean
        of both directions) with decoding accuracy.

    Raises
    ------
    ValueError
        One class, too few points, a class without variance.

    References
    ----------
    Sorscher, Ganguli & Sompolinsky (2022), PNAS 119:e2200800119.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> classes = [rng.normal(size=(30, 20)) + shift for shift in (0.0, 0.3, 2.0)]
    >>> result = decodability(classes, n_trials=20, seed=0)
    >>> bool(result.predicted_error[0, 1] > result.predicted_error[0, 2])
    True
    """
    n_shots, n_trials = check_count("n_shots", n_shots), check_count("n_trials", n_trials)
    n_folds, seed = check_count("n_folds", n_folds, minimum=2), resolve_seed(seed)
    smallest = max(n_shots + 1, n_folds, 2)
    with collect() as notes:
        given = as_manifolds(data, labels, minimum_points=smallest, purpose=f"decodability with {n_shots} shots")
        for name, cloud in zip(given.names, given.clouds, strict=True):
            check_cloud(cloud, f"manifold {name!r}")
        pairs = [(i, j) for i in range(given.n_manifolds) for j in range(i + 1, given.n_manifolds)]
        units = [(given, i, j, n_shots, n_trials, n_folds, seed) for i, j in pairs]
        found = run_units(one_pair, units, n_jobs=n_jobs, progress=progress)
    matrices = _matrices(given.n_manifolds, pairs, found)
    upper = np.triu_indices(given.n_manifolds, 1)
    mean_snr = ((matrices["snr"] + matrices["snr"].T) / 2)[upper]
    values: dict[str, Any] = {name: (PAIR, matrix) for name, matrix in matrices.items()}
    values |= {f"mean_{name}": mean_over_pairs(matrix) for name, matrix in matrices.items()}
    if len(pairs) > 2:
        values["rank_correlation"] = spearman(mean_snr, -matrices["decoding_error"][upper])
    data_set = xr.Dataset(values, coords={"manifold": list(given.names), "other_manifold": list(given.names)})
    settings = make_settings(
        data=data, labels=labels, n_shots=n_shots, n_trials=n_trials, n_folds=n_folds, seed=seed, n_jobs=n_jobs,
        n_used={"manifolds": given.n_manifolds, "points": given.n_points.tolist(), "neuroids": given.n_neuroids},
    )  # fmt: skip
    return Decodability(data_set, settings, {}, tuple(notes), (SORSCHER,))


def one_pair(given: Manifolds, i: int, j: int, n_shots: int, n_trials: int, n_folds: int, seed: int) -> dict[str, Any]:
    """Both directions of the few-shot measures, and the decoding error, of one pair of classes."""
    found: dict[str, Any] = {}
    for key, (a, b) in {"forward": (i, j), "backward": (j, i)}.items():
        first, second = given.clouds[a], given.clouds[b]
        snr = prototype_snr(first, second, n_shots)["snr"]
        own = int(generator(seed, 13, a, b).integers(2**31))
        error = prototype_error(first, second, n_shots=n_shots, n_trials=n_trials, seed=own)
        found[key] = {"snr": snr, "predicted_error": float(error_of(snr)), "prototype_error": error}
    pair = given.select_manifolds([i, j])
    decoded = readout.classify(pair, splits=n_folds, seed=seed, n_jobs=1)
    # classes of different sizes count alike, as they do for the prototype rule
    found["decoding_error"] = 1.0 - decoded.balanced_accuracy
    return found


def _matrices(n: int, pairs: Sequence[tuple[int, int]], found: Sequence[Mapping[str, Any]]) -> dict[str, Floats]:
    names = ("snr", "predicted_error", "prototype_error")
    matrices = {name: np.zeros((n, n)) for name in (*names, "decoding_error")}
    for (i, j), values in zip(pairs, found, strict=True):
        for name in names:
            matrices[name][i, j] = values["forward"][name]
            matrices[name][j, i] = values["backward"][name]
        matrices["decoding_error"][i, j] = matrices["decoding_error"][j, i] = values["decoding_error"]
    return matrices
