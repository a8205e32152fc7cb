"""Which of several models predicts the same responses better, and would for other stimuli and neurons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.random import resolve_seed
from neurogeom._core.responses import quoted
from neurogeom._core.validation import check_count, check_option, check_real
from neurogeom._core.warnings import SaturationWarning, collect, warn
from neurogeom.predictivity.aggregate import centered_by, known_medians
from neurogeom.predictivity.ceilings import normalize
from neurogeom.predictivity.results import ComparisonResult, ScoreResult
from neurogeom.results import make_settings
from neurogeom.statistics import false_discovery, holm, resampled_indices

QUANTITIES = ("ceiled_score", "correlation")
CORRECTIONS = ("holm", "benjamini_hochberg", "none")
UNITS = ("stimuli", "neuroids")
_CHUNK = 128


def compare(
    results: Mapping[str, ScoreResult],
    *,
    quantity: str = "ceiled_score",
    over: Sequence[str] = UNITS,
    correction: str = "holm",
    level: float = 0.95,
    n_resamples: int = 2000,
    seed: int | None = None,
) -> ComparisonResult:
    """Compare models by a paired bootstrap over stimuli and neuroids.

    The out-of-fold predictions of each stimulus are pooled over splits. Each resample draws the same stimuli (whole
    groups, where the scores have groups) and the same neuroids (subjects first, where there are several) for all
    models. A stimulus or neuroid that is drawn twice counts twice.

    Parameters
    ----------
    results : dict of model name to ScoreResult
        Of the same responses, with ``keep_predictions``.
    quantity : {"ceiled_score", "correlation"}
        The median over neuroids of the correlation, in units of the ceiling or as it is.
    over : sequence of {"stimuli", "neuroids"}
        What is resampled.
    correction : {"holm", "benjamini_hochberg", "none"}
        For the number of pairs.
    level : float
        Of the intervals, which are not corrected.
    n_resamples : int
    seed : int, optional

    Returns
    -------
    ComparisonResult

    Raises
    ------
    TypeError, ValueError
        Fewer than two models, scores without predictions or ceiling, other stimuli or neuroids.

    Notes
    -----
    p is twice the smaller share of resamples on either side of zero, (1 + count) / (1 + resamples). A resample whose
    median ceiling is not above zero has no score in its units, says nothing of which model is better, and counts on
    both sides; where the scores themselves do not exist, p is NaN. Such recordings are warned of.

    References
    ----------
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 16; Holm 1979; Benjamini & Hochberg 1995.

    Examples
    --------
    >>> from neurogeom.predictivity import score
    >>> rng = np.random.default_rng(0)
    >>> good, bad = rng.normal(size=(60, 6)), rng.normal(size=(60, 6))
    >>> y = good @ rng.normal(size=(6, 20)) + rng.normal(size=(60, 20))
    >>> one, two = (score(x, y, method="ridge", ceiling=None, n_resamples=0, seed=0) for x in (good, bad))
    >>> found = compare({"good": one, "bad": two}, quantity="correlation", n_resamples=200, seed=0)
    >>> bool(found.p_corrected.sel(model="good", other_model="bad") < 0.05)
    True
    """
    names = [str(name) for name in results]
    check_option("quantity", quantity, QUANTITIES)
    check_option("correction", correction, CORRECTIONS)
    for unit in over:
        check_option("over", unit, UNITS)
    if not over:
        raise ValueError("over is empty; resample 'stimuli', 'neuroids' or both.")
    level = check_real("level", level, minimum=0.0, maximum=1.0, strict=True)
    n_resamples, seed = check_count("n_resamples", n_resamples, minimum=20), resolve_seed(seed)
    tables = _read(results, quantity)
    with collect() as notes:
        _check_resolution(len(tables), n_resamples, correction, level)
    statistic = _Statistic(tables, quantity, tables[0].settings)
    point = statistic(np.ones((1, statistic.n_stimuli)), np.arange(statistic.n_neuroids)[None])[0]
    drawn = _resampled(statistic, over, n_resamples, seed)
    with collect() as found:
        _check_existence(point, drawn, names)
    return ComparisonResult(
        _pack(names, point, drawn, level, correction),
        make_settings(
            models=names, quantity=quantity, over=list(over), correction=correction, level=level,
            n_resamples=n_resamples, seed=seed, uncertainty=" and ".join(over),
        ),
        {"n_stimuli": statistic.n_stimuli, "n_neuroids": statistic.n_neuroids},
        (*notes, *found),
        ("Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 16.",),
    )  # fmt: skip


def _read(results: Mapping[str, ScoreResult], quantity: str) -> list[ScoreResult]:
    if not isinstance(results, Mapping) or len(results) < 2:
        raise TypeError("results needs to be a dict of at least two model names to ScoreResult.")
    first: ScoreResult | None = None
    for name, result in results.items():
        if not isinstance(result, ScoreResult) or result.data["correlation"].ndim:
            raise TypeError(f"results[{name!r}] is not a single ScoreResult, as predictivity.score returns.")
        if "prediction" not in result.data:
            raise ValueError(f"results[{name!r}] has no predictions. Score with keep_predictions=True.")
        if quantity == "ceiled_score" and "neuroid_ceiling" not in result.data:
            raise ValueError(f"results[{name!r}] has no ceiling. Score with a ceiling, or use quantity='correlation'.")
        first = result if first is None else first
        for dim in ("stimulus", "neuroid"):
            if not np.array_equal(first.data[dim].values, result.data[dim].values):
                odd = sorted(set(map(str, first.data[dim].values)) ^ set(map(str, result.data[dim].values)))
                raise ValueError(
                    f"results[{name!r}] has other values of {dim} than the first, or another order "
                    f"({len(odd)} differ, first: {quoted(odd[:3])}). Compare scores of the same responses."
                )
        if not np.allclose(first.data["response"].values, result.data["response"].values):
            raise ValueError(f"results[{name!r}] was scored on other responses than the first.")
    return list(results.values())


def _check_resolution(n_models: int, n_resamples: int, correction: str, level: float) -> None:
    """Say when no pair could differ however large its difference: p has a floor, which a correction multiplies."""
    n_pairs = n_models * (n_models - 1) // 2
    least = 2.0 / (1.0 + n_resamples) * (n_pairs if correction != "none" else 1)
    if least >= 1.0 - level:
        needed = int(np.ceil(2.0 * n_pairs / (1.0 - level)))
        warn(
            f"with {n_resamples} resamples and {n_pairs} pairs the least corrected p is {min(least, 1.0):.2g}, so that "
            f"hardly any pair can differ at level {level:g}. Use n_resamples={needed} or more.",
            SaturationWarning,
        )


def _check_existence(point: np.ndarray, drawn: np.ndarray, names: Sequence[str]) -> None:
    """Say which scores do not exist, and how many resamples have none."""
    lost = [name for name, value in zip(names, point) if np.isnan(value)]
    n_lost = int(np.isnan(drawn).any(axis=1).sum())
    advice = "Compare with quantity='correlation', or leave unreliable neuroids out."
    if lost:
        warn(
            f"{len(lost)} of {len(names)} models have no score (first: {quoted(lost[:3])}): the median ceiling is not "
            f"above zero. Their differences and p are NaN. {advice}",
            SaturationWarning,
        )
    elif n_lost:
        warn(
            f"{n_lost} of {len(drawn)} resamples have a median ceiling of zero or less, and so no scores. They count "
            f"for neither model, and intervals are those of the others. {advice}",
            SaturationWarning,
        )


class _Statistic:
    """Scores of all models for resampled stimuli (as weights) and neuroids (as indices)."""

    def __init__(self, results: Sequence[ScoreResult], quantity: str, settings: Mapping[str, Any]) -> None:
        first = results[0].data
        tested = np.all([np.isfinite(result.data["prediction"].values).all(axis=1) for result in results], axis=0)
        scored = np.all([np.isfinite(result.data["neuroid_correlation"].values) for result in results], axis=0)
        if tested.sum() < 3 or not scored.any():
            raise ValueError("the scores share fewer than three tested stimuli, or no neuroid.")
        groups = first["group"].values[tested] if "group" in first.coords else None
        tables = [first["response"].values, *(result.data["prediction"].values for result in results)]
        chosen = [table[np.ix_(tested, scored)] for table in tables]
        if settings["splits"] == "within_group" and groups is not None:
            chosen = [centered_by(table, groups) for table in chosen]
        self.observed, *self.predicted = (table - table.mean(axis=0) for table in chosen)
        self.n_stimuli, self.n_neuroids = self.observed.shape
        self.groups = groups
        subjects = next((first[name].values[scored] for name in ("subject", "animal") if name in first.coords), None)
        self.subjects = subjects if subjects is not None and len(np.unique(subjects)) > 1 else None
        self.ceiling = first["neuroid_ceiling"].values[scored] if quantity == "ceiled_score" else None
        self.settings = settings

    def __call__(self, weights: np.ndarray, neuroids: np.ndarray) -> np.ndarray:
        """Scores, shape (resamples, models)."""
        total = weights.sum(axis=1, keepdims=True)
        mean, power = weights @ self.observed / total, weights @ self.observed**2 / total
        spread = np.maximum(power - mean**2, 0.0)
        scores = []
        for predicted in self.predicted:
            own_mean = weights @ predicted / total
            own_spread = np.maximum(weights @ predicted**2 / total - own_mean**2, 0.0)
            covariance = weights @ (predicted * self.observed) / total - own_mean * mean
            with np.errstate(invalid="ignore", divide="ignore"):
                value = covariance / np.sqrt(own_spread * spread)
            value = np.where(own_spread > 1e-24 * (predicted**2).max(initial=0.0), value, 0.0)
            scores.append(self._median(np.where(spread > 0.0, value, np.nan), neuroids))
        return np.stack(scores, axis=1)

    def _median(self, correlations: np.ndarray, neuroids: np.ndarray) -> np.ndarray:
        drawn = np.take_along_axis(correlations, neuroids, axis=1)
        if self.ceiling is None:
            return known_medians(drawn)
        how, signed = self.settings["normalization"], self.settings["signed"]
        reliability = self.ceiling[neuroids]
        if self.settings["aggregate"] == "median_of_ratios":
            return known_medians(normalize(drawn, reliability, how, signed=signed))
        return normalize(known_medians(drawn), known_medians(reliability), how, signed=signed)


def _resampled(statistic: _Statistic, over: Sequence[str], n_resamples: int, seed: int) -> np.ndarray:
    """Scores of all resamples, shape (resamples, models)."""
    n_stimuli, n_neuroids = statistic.n_stimuli, statistic.n_neuroids
    groups = statistic.groups if statistic.groups is not None and len(np.unique(statistic.groups)) > 1 else None
    found = []
    for start in range(0, n_resamples, _CHUNK):
        numbers = range(start, min(start + _CHUNK, n_resamples))
        weights = np.ones((len(numbers), n_stimuli))
        neuroids = np.broadcast_to(np.arange(n_neuroids), (len(numbers), n_neuroids))
        if "stimuli" in over:
            rows = [resampled_indices(n_stimuli, seed=seed, index=2 * number, groups=groups) for number in numbers]
            weights = np.array([np.bincount(row, minlength=n_stimuli) for row in rows], dtype=np.float64)
        if "neuroids" in over:
            drawn = [
                resampled_indices(n_neuroids, seed=seed, index=2 * number + 1, groups=statistic.subjects)
                for number in numbers
            ]
            longest = max(len(index) for index in drawn)
            # subjects of unequal sizes give resamples of unequal lengths; they are brought to one by repeating in turn
            neuroids = np.array([np.resize(index, longest) for index in drawn])
        found.append(statistic(weights, neuroids))
    return np.concatenate(found)


def _pack(names: list[str], point: np.ndarray, drawn: np.ndarray, level: float, correction: str) -> xr.Dataset:
    tail = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
    differences = drawn[:, :, None] - drawn[:, None, :]
    difference = point[:, None] - point[None, :]
    # "not above" holds for a resample without scores too, which so counts on both sides
    below, above = (~(differences > 0.0)).sum(axis=0), (~(differences < 0.0)).sum(axis=0)
    p = np.minimum(2.0 * (1.0 + np.minimum(below, above)) / (1.0 + len(drawn)), 1.0)
    p[np.isnan(difference)] = np.nan
    corrected = p.copy()
    np.fill_diagonal(corrected, np.where(np.isnan(point), np.nan, 1.0))
    known = np.triu(np.isfinite(p), 1)
    if correction != "none" and known.any():
        corrected[known] = holm(p[known]) if correction == "holm" else false_discovery(p[known])
    corrected.T[known] = corrected[known]
    exists, both = np.isfinite(point), np.isfinite(difference)
    score_bounds, difference_bounds = _bounds(drawn, tail), _bounds(differences, tail)
    score_bounds[~exists], difference_bounds[~both] = np.nan, np.nan
    pairs = ["model", "other_model"]
    return xr.Dataset(
        {
            "score": (["model"], point),
            "score_ci": (["model", "bound"], score_bounds),
            "difference": (pairs, difference),
            "difference_ci": ([*pairs, "bound"], difference_bounds),
            "p": (pairs, p),
            "p_corrected": (pairs, corrected),
        },
        coords={"model": names, "other_model": names, "bound": ["low", "high"]},
    )


def _bounds(drawn: np.ndarray, tail: list[float]) -> np.ndarray:
    """Quantiles over resamples, on the last axis; NaN where all are."""
    filled = np.where(np.isnan(drawn).all(axis=0), 0.0, drawn)
    bounds = np.moveaxis(np.nanquantile(filled, tail, axis=0), 0, -1)
    bounds[np.isnan(drawn).all(axis=0)] = np.nan
    return bounds
