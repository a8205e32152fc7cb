"""How well features predict neural responses."""

from __future__ import annotations

from typing import Any

import xarray as xr

from neurogeom._core.random import resolve_seed
from neurogeom._core.validation import check_count, check_option, check_real
from neurogeom._core.warnings import collect
from neurogeom.predictivity import models, presets
from neurogeom.predictivity.ceilings import KINDS as CEILINGS
from neurogeom.predictivity.ceilings import NORMALIZATIONS
from neurogeom.predictivity.inputs import Paired, labels_of, pair
from neurogeom.predictivity.results import ScoreResult
from neurogeom.predictivity.scoring import Plan, score_paired
from neurogeom.predictivity.splits import make_splits
from neurogeom.recordings.windows import TimeSlices, check_time, time_slices
from neurogeom.regression import Gram
from neurogeom.regression.banded_himalaya import BACKENDS
from neurogeom.results import make_settings

AGGREGATES = ("ratio_of_medians", "median_of_ratios")
DIRECTIONS = ("forward", "reverse")


def score(
    features: Any,
    responses: Any,
    *,
    method: str = "pls",
    n_components: int = 25,
    alphas: Any = None,
    alpha_per_target: bool = True,
    reduce: str | None = None,
    n_reduced: int = 1000,
    backend: str = "numpy",
    splits: Any = "shuffle",
    stratify: Any = None,
    groups: Any = None,
    n_splits: int = 10,
    train_size: float = 0.9,
    ceiling: str | None = "split_half",
    n_ceiling_splits: int = 100,
    normalization: str = "explained",
    aggregate: str = "ratio_of_medians",
    signed: bool = True,
    min_reliability: float | None = None,
    missing: str = "raise",
    direction: str = "forward",
    preset: str | None = None,
    level: float = 0.95,
    n_resamples: int = 1000,
    keep_predictions: bool = True,
    window: float | None = None,
    step: float | None = None,
    seed: int | None = None,
    n_jobs: int | None = None,
) -> ScoreResult:
    r"""Score how well features predict the responses of each neuroid to stimuli that were not trained on.

    Stimuli are matched by ``stimulus_id`` where both sides have it. All that is fitted, reduction and penalties
    included, is fitted on training stimuli; repetitions of a stimulus are never on both sides. For each split Pearson
    r over test stimuli is taken per neuroid; the score is the mean over splits of the median over neuroids, also in
    units of the ceiling:

    .. math:: \mathrm{sign}(r)\, r^2 / c \quad (\text{explained}), \qquad \mathrm{sign}(r)\,(r/c)^2, \qquad r/\sqrt c

    with c the reliability of the mean response. It keeps its sign and is not clamped.

    Parameters
    ----------
    features : array (stimuli, features), DataArray, or dict of name to either
        A dict gives bands, for ``method="banded_ridge"``.
    responses : array (stimuli, neuroids) or (repetitions, stimuli, neuroids), or DataArray (presentation, neuroid)
        A DataArray with several ``time_bin`` gives a result with a leading dimension ``time``.
    method : {"pls", "ridge", "banded_ridge", "one_to_one"}
        Partial least squares; ridge with the penalty of each neuroid by leave-one-out; a penalty for each band;
        the single feature that correlates best in training.
    n_components : int
        Of partial least squares.
    alphas : float or array-like, optional
        Penalties of ridge; 99 between 0.01 and 10⁷ by default. One number is used as it is.
    alpha_per_target : bool
    reduce : {"pca", "sparse_projection"}, optional
        Principal components of each split's training stimuli; a sparse random projection, which looks at no data. Not
        for ``method="one_to_one"``.
    n_reduced : int
        Features left.
    backend : {"numpy", "himalaya", "himalaya_torch", "himalaya_cuda"}
        Of ``method="banded_ridge"``: ours, or himalaya's, the last on a graphics card (extra ``ridge``).
    splits : {"shuffle", "stratified", "leave_group_out", "within_group"}, splitter, or list of (train, test)
        See :func:`neurogeom.predictivity.make_splits`. "within_group" scores deviations from the group's mean,
        in units of their own ceiling.
    stratify, groups : str or array-like, optional
        Labels of stimuli or names of coordinates. With ``groups`` the group-mean baseline and the parts of responses
        are reported beside the score.
    n_splits : int
    train_size : float
    ceiling : {"split_half", "signal_power"} or None
        r/√c with "signal_power" and ``normalization="correlation"`` is CC_norm; with either, ``feve`` is told as well.
    n_ceiling_splits : int
        Random halves, where there are too many to take all.
    normalization : {"explained", "squared_ratio", "correlation"}
    aggregate : {"ratio_of_medians", "median_of_ratios"}
        The median correlation by the median ceiling, or the median of each neuroid's own ratio.
    signed : bool
        False drops the sign, as others do: a negative correlation then scores above zero.
    min_reliability : float, optional
        Neuroids below it are left out of medians, and counted.
    missing : {"raise", "omit"}
        Policy for NaN in responses.
    direction : {"forward", "reverse"}
        "reverse" predicts features from responses; it has no ceiling.
    preset : {"brainscore_2018", "brainscore_2025"}, optional
        Sets method, splits, seed, ceiling and normalization as they do; the sign is still kept.
    level : float
        Of the intervals.
    n_resamples : int
        Bootstrap resamples of splits and neuroids (subjects first, where known); 0 for no interval.
    keep_predictions : bool
        Whether out-of-fold predictions are kept, which :func:`neurogeom.predictivity.compare` needs.
    window, step : float, optional
        For responses with time bins: the length of a window and from one to the next, usually in ms; each time bin by
        itself if not given. Splits are the same in all windows (:func:`neurogeom.recordings.over_time`).
    seed : int, optional
    n_jobs : int, optional
        Threads over folds; the numbers do not depend on it.

    Returns
    -------
    ScoreResult

    Raises
    ------
    TypeError, ValueError
        Stimuli that do not match, NaN, too few stimuli or repetitions, unknown options.

    References
    ----------
    Yamins et al. 2014, PNAS 111:8619; Schrimpf et al. 2020, Neuron 108:413; Spearman 1910, Brown 1910.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> features = rng.normal(size=(80, 30))
    >>> responses = features @ rng.normal(size=(30, 12)) + 2 * rng.normal(size=(6, 80, 12))
    >>> result = score(features, responses, method="ridge", seed=0)
    >>> bool(0.5 < result.ceiled_score < 1.2)
    True
    """
    arguments = dict(locals())
    for name in ("features", "responses"):
        del arguments[name]
    settings = checked(presets.apply(preset, arguments, defaults()))
    with collect() as notes:
        if check_time(responses, window, step):
            result = _over_time(features, time_slices(responses, window, step), settings)
        else:
            data, diagnostics = run(pair(features, responses, missing=missing), settings, {})
            result = ScoreResult(data, settings_of(settings), diagnostics, (), _references(settings))
    return ScoreResult(result.data, result.settings, result.diagnostics, tuple(notes), result.references)


def defaults() -> dict[str, Any]:
    """The arguments of :func:`score` after the data, as they are by default."""
    return dict(score.__kwdefaults__ or {})


def checked(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments, each checked by itself; the seed resolved."""
    settings = dict(arguments)
    check_option("method", settings["method"], models.METHODS)
    check_option("backend", settings["backend"], ("numpy", *BACKENDS))
    if settings["backend"] != "numpy" and settings["method"] != "banded_ridge":
        raise ValueError(
            f"backend={settings['backend']!r} is for method='banded_ridge'; the method is {settings['method']!r}. "
            "Leave backend out."
        )
    check_option("normalization", settings["normalization"], NORMALIZATIONS)
    check_option("aggregate", settings["aggregate"], AGGREGATES)
    check_option("direction", settings["direction"], DIRECTIONS)
    if settings["ceiling"] is not None:
        check_option("ceiling", settings["ceiling"], CEILINGS)
    if settings["reduce"] is not None:
        check_option("reduce", settings["reduce"], models.REDUCTIONS)
        if settings["method"] == "one_to_one":
            raise ValueError(
                f"method='one_to_one' picks one feature of the model for each neuroid; reduce={settings['reduce']!r} "
                "leaves none. Leave reduce out, or use method='ridge' or 'pls'."
            )
    for name, minimum in (("n_components", 1), ("n_reduced", 1), ("n_ceiling_splits", 1), ("n_resamples", 0)):
        settings[name] = check_count(name, settings[name], minimum=minimum)
    settings["level"] = check_real("level", settings["level"], minimum=0.0, maximum=1.0, strict=True)
    if settings["min_reliability"] is not None:
        settings["min_reliability"] = check_real("min_reliability", settings["min_reliability"], maximum=1.0)
        if settings["ceiling"] is None:
            raise ValueError("min_reliability needs a ceiling; it is None. Use ceiling='split_half'.")
    if settings["direction"] == "reverse" and settings["ceiling"] is not None:
        raise ValueError(
            "direction='reverse' predicts features, which have no noise and so no ceiling. Use ceiling=None with it."
        )
    settings["seed"] = resolve_seed(settings["seed"])
    return settings


def run(paired: Paired, settings: dict[str, Any], shared: dict[str, Gram | None]) -> tuple[xr.Dataset, dict[str, Any]]:
    """Score one set of targets; `shared` keeps the Gram matrix from one set to the next."""
    groups = None if settings["groups"] is None else labels_of(settings["groups"], paired, "groups")
    strata = None if settings["stratify"] is None else labels_of(settings["stratify"], paired, "stratify")
    if settings["direction"] == "reverse":
        paired = _reversed(paired)
    if len(paired.bands) > 1 and settings["method"] != "banded_ridge":
        raise ValueError(
            f"features is a dict of {len(paired.bands)} bands, which method={settings['method']!r} does not take. "
            "Use method='banded_ridge', or score the bands one by one."
        )
    folds = make_splits(
        settings["splits"], paired.n_stimuli, stratify=strata, groups=groups, n_splits=settings["n_splits"],
        train_size=settings["train_size"], seed=settings["seed"],
    )  # fmt: skip
    options = models.Options(
        **{name: settings[name] for name in ("method", "n_components", "alphas", "alpha_per_target", "reduce")},
        n_reduced=settings["n_reduced"], backend=settings["backend"], seed=settings["seed"], n_jobs=settings["n_jobs"],
    )  # fmt: skip
    if "gram" not in shared:
        shared["gram"] = models.shared_gram(paired.bands, options, paired.n_stimuli)
    within = isinstance(settings["splits"], str) and settings["splits"] == "within_group"
    return score_paired(paired, Plan(folds, groups, strata, options, within, settings), shared["gram"])


def _over_time(features: Any, slices: TimeSlices, settings: dict[str, Any]) -> ScoreResult:
    """One score for each window of time: same splits, same Gram matrix."""
    shared: dict[str, Gram | None] = {}
    results = []
    for place, responses in enumerate(slices.responses):
        with slices.named(place):
            data, diagnostics = run(pair(features, responses, missing=settings["missing"]), settings, shared)
        results.append(ScoreResult(data, settings_of(settings), diagnostics, (), _references(settings)))
    return slices.join(results)


def _reversed(paired: Paired) -> Paired:
    """Responses as features, features as targets."""
    if len(paired.bands) > 1:
        raise ValueError("direction='reverse' takes one array of features, not a dict of bands.")
    features = paired.bands[0]
    varies = features.max(axis=0) > features.min(axis=0)
    if not varies.any():
        raise ValueError("features are all constant over stimuli, so there is nothing to predict.")
    excluded = {"constant": int((~varies).sum())}
    return Paired(
        (paired.mean(),), ("responses",), features[None][:, :, varies], paired.stimuli, {}, paired.codes, excluded
    )


def settings_of(settings: dict[str, Any]) -> dict[str, Any]:
    described = {
        name: value if isinstance(value, str) or value is None else repr(type(value).__name__)
        for name, value in settings.items()
        if name in ("splits",)
    }
    return make_settings(**{**settings, **described}, uncertainty="splits and neuroids")


def _references(settings: dict[str, Any]) -> tuple[str, ...]:
    found = [models.REFERENCES[settings["method"]]]
    if settings["preset"] is not None:
        found.append(presets.REFERENCES[settings["preset"]])
    if settings["ceiling"] == "split_half":
        found.append("Spearman 1910 and Brown 1910, Br. J. Psychol. 3:271 and 3:296 (split-half reliability).")
    if settings["ceiling"] == "signal_power":
        found.append("Schoppe et al. 2016, Front. Comput. Neurosci. 10:10 (signal power, CC_max).")
    return tuple(found)
