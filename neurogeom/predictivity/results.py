"""Results of neural predictivity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from neurogeom.results import Result, register

LABELS: Mapping[str, tuple[str, str]] = {
    "correlation": ("correlation with held-out responses (r)", ""),
    "ceiling": ("ceiling (reliability)", ""),
    "ceiled_score": ("score in units of the ceiling", ""),
    "baseline_correlation": ("group-mean baseline (r)", ""),
    "baseline_ceiled_score": ("group-mean baseline, in units of the ceiling", ""),
    "feve": ("share of the explainable variance of single trials (FEVE)", ""),
    "n_neuroids": ("neuroids scored", ""),
    "n_stimuli": ("stimuli", ""),
    "selection_score": ("score on the stimuli set apart for choosing", ""),
    "best_layer": ("layer chosen on other stimuli", ""),
    "best_score": ("its score on the stimuli left", ""),
    "difference": ("difference of scores", ""),
    "p": ("p", ""),
    "p_corrected": ("p, corrected", ""),
}


class PredictivityResult(Result):
    """A result of this room: its figure is drawn by ``predictivity.plots``."""

    labels: ClassVar[Mapping[str, tuple[str, str]]] = LABELS
    se_name: ClassVar[str] = "SE over splits"

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the figure that suits the result.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure otherwise.
        **options
            For the functions of ``neurogeom.predictivity.plots``.

        Returns
        -------
        matplotlib Axes
        """
        from neurogeom.predictivity import plots

        return plots.plot(self, ax=ax, **options)


@register
class ScoreResult(PredictivityResult):
    """How well features predict held-out responses, from :func:`neurogeom.predictivity.score`.

    Variables
    ---------
    correlation (+ _se over splits, _ci over splits and neuroids)
        Mean over splits of the median over neuroids of Pearson r on test stimuli.
    ceiling (+ _se)
        Reliability of the mean responses, in units of squared correlation.
    ceiled_score (+ _ci)
        The correlation in units of the ceiling, signed, never clamped; how is in ``settings["normalization"]``.
    feve, neuroid_feve (neuroid)
        Fraction of the explainable variance of single trials that the pooled predictions explain, in which a wrong
        scale counts as error (:func:`neurogeom.statistics.explained.feve`), and its median; with a ceiling.
    baseline_correlation, baseline_ceiled_score
        Of the training mean of each group, which knows no image; with ``groups``.
    split_correlation (split, neuroid), split_median (split)
    neuroid_correlation, neuroid_ceiling, neuroid_ceiled_score (neuroid)
    component_correlation (component), neuroid_component_correlation (component, neuroid)
        Group means, deviations within groups, difference of strata; with ``groups``.
    stratum_correlation (stratum)
        On test stimuli of one stratum alone; with ``stratify``.
    subject_correlation, subject_ceiled_score (subject_name)
        With the neuroid coordinate ``subject`` or ``animal``.
    prediction, response (stimulus, neuroid)
        Mean out-of-fold prediction and mean response; with ``keep_predictions``.
    alpha (split, neuroid), band_weight (split, band, neuroid), feature (split, neuroid), n_components_used (split)
        What the regression chose.
    """

    kind: ClassVar[str] = "predictivity.score"
    title: ClassVar[str] = "Neural predictivity"
    headline: ClassVar[tuple[str, ...]] = (
        "ceiled_score",
        "correlation",
        "ceiling",
        "baseline_ceiled_score",
        "baseline_correlation",
        "n_neuroids",
        "n_stimuli",
    )

    def to_report(self) -> dict[str, Any]:
        """Return the score with all that is needed to read it, as plain values for a JSON file.

        Returns
        -------
        dict
            Raises nothing for results joined over layers or time: their values are lists.
        """

        def value(name: str) -> Any:
            if name not in self.data:
                return None
            found = np.asarray(self.data[name].values)
            return found.item() if found.ndim == 0 else found.tolist()

        keys = ("method", "splits", "n_splits", "aggregate", "normalization", "signed", "preset", "seed", "direction")
        baselines = {"group_mean": {"score": value("baseline_correlation"), "ceiled": value("baseline_ceiled_score")}}
        return {
            "metric": self.kind,
            "score": value("correlation"),
            "error": value("correlation_se"),
            "ceiling": value("ceiling"),
            "ceiled": value("ceiled_score"),
            "n_stim": value("n_stimuli"),
            "n_neuroid": value("n_neuroids"),
            "n_excluded": dict(self.diagnostics.get("n_excluded", {})),
            "algorithm": self.diagnostics.get("algorithm"),
            "ceiling_estimator": self.diagnostics.get("ceiling_estimator"),
            "baselines": baselines if "baseline_correlation" in self.data else {},
            "settings": {key: self.settings.get(key) for key in keys},
            "versions": dict(self.settings.get("versions", {})),
            "warnings": list(self.warnings),
        }


@register
class LayersResult(PredictivityResult):
    """Scores of layers × regions, from :func:`neurogeom.predictivity.score_layers`.

    Variables
    ---------
    correlation, ceiling, ceiled_score (+ _ci), baseline_correlation, baseline_ceiled_score (layer, region)
        On the stimuli left, where some are set apart for choosing a layer.
    subject_correlation, subject_ceiled_score (layer, region, subject_name)
        With the neuroid coordinate ``subject`` or ``animal``; NaN where a subject has no neuroid in a region.
    neuroid_correlation (layer, neuroid)
        With the coordinates of the neuroids, such as ``subject`` and ``session``; ``neuroid_region`` for the region.
    selection_score (layer, region), best_layer, best_score (+ _ci) (region)
        With stimuli set apart.
    """

    kind: ClassVar[str] = "predictivity.layers"
    title: ClassVar[str] = "Neural predictivity over layers"
    headline: ClassVar[tuple[str, ...]] = (
        "best_score",
        "ceiled_score",
        "correlation",
        "ceiling",
        "baseline_ceiled_score",
    )

    def summary(self) -> pd.DataFrame:
        """Return the headline values with errors and intervals; the best score of a region stands at its layer.

        Returns
        -------
        pandas.DataFrame
            Columns ``value``, ``se``, ``ci_low``, ``ci_high``; a row for each quantity, layer and region. With stimuli
            set apart the rows ``best_score`` tell which layer was chosen on them.
        """
        frame = super().summary()
        if "best_layer" not in self.data or self.data["best_layer"].ndim != 1:
            return frame
        chosen = {str(region): str(layer) for region, layer in self.data["best_layer"].to_series().items()}
        table = frame.reset_index()
        best = table["quantity"] == "best_score"
        table.loc[best, "layer"] = [chosen[str(region)] for region in table.loc[best, "region"]]
        return table.set_index(["layer", "region", "quantity"])


@register
class ComparisonResult(PredictivityResult):
    """Which models differ, from :func:`neurogeom.predictivity.compare`.

    Variables
    ---------
    score (+ _ci) (model)
        Of the pooled out-of-fold predictions.
    difference (+ _ci), p, p_corrected (model, other_model)
        model − other_model over paired resamples of stimuli and neuroids; p two-sided.
    """

    kind: ClassVar[str] = "predictivity.comparison"
    title: ClassVar[str] = "Comparison of models"
    headline: ClassVar[tuple[str, ...]] = ("score",)
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {**LABELS, "score": ("score", "")}
