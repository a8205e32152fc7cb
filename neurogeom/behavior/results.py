"""Results of behavior."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from neurogeom.results import Result, register

LABELS: Mapping[str, tuple[str, str]] = {
    "error_consistency": ("error consistency κ", ""),
    "lowest_possible": ("least κ at these accuracies", ""),
    "highest_possible": ("most κ at these accuracies", ""),
    "observed": ("observed consistency", ""),
    "expected": ("consistency expected by chance", ""),
    "accuracy_difference": ("squared difference of accuracies", ""),
    "shape_bias": ("shape bias", ""),
    "fraction_shape": ("answers that name the shape", ""),
    "fraction_texture": ("answers that name the texture", ""),
    "mean_subject_shape_bias": ("shape bias, mean over subjects", ""),
    "accuracy": ("accuracy", ""),
    "observed_consistency": ("observed consistency with people", ""),
    "human_error_consistency": ("error consistency κ between people", ""),
    "human_accuracy": ("accuracy of people", ""),
    "mean_rank": ("mean rank", ""),
}


class BehaviorResult(Result):
    """A result of this room: its figure is drawn by ``behavior.plots``."""

    labels: ClassVar[Mapping[str, tuple[str, str]]] = LABELS

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the figure that suits the result.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure otherwise.
        **options
            For the functions of ``neurogeom.behavior.plots``.

        Returns
        -------
        matplotlib Axes
        """
        from neurogeom.behavior import plots

        return plots.plot(self, ax=ax, **options)


@register
class ConsistencyResult(BehaviorResult):
    """Whether decision makers err on the same images, from :func:`neurogeom.behavior.error_consistency`.

    Variables
    ---------
    error_consistency (+ _ci over images), observed, expected, lowest_possible, highest_possible, accuracy_difference
        Means over conditions, then pairs of subjects, then data sets; also per data set as ``dataset_…``.
    pair_error_consistency (pair)
    """

    kind: ClassVar[str] = "behavior.consistency"
    title: ClassVar[str] = "Error consistency"
    headline: ClassVar[tuple[str, ...]] = (
        "error_consistency",
        "lowest_possible",
        "highest_possible",
        "observed",
        "expected",
        "accuracy_difference",
    )


@register
class ShapeBiasResult(BehaviorResult):
    """Shape against texture, from :func:`neurogeom.behavior.shape_bias`.

    Variables
    ---------
    shape_bias (+ _ci over images), fraction_shape, fraction_texture, mean_subject_shape_bias
    subject_shape_bias (subject), category_shape_bias (category)
    """

    kind: ClassVar[str] = "behavior.shape_bias"
    title: ClassVar[str] = "Shape bias"
    headline: ClassVar[tuple[str, ...]] = (
        "shape_bias",
        "fraction_shape",
        "fraction_texture",
        "mean_subject_shape_bias",
    )


@register
class AccuracyResult(BehaviorResult):
    """Right answers and confusions, from :func:`neurogeom.behavior.accuracy`.

    Variables
    ---------
    accuracy (+ _ci over images), dataset_accuracy (dataset), subject_accuracy (dataset_subject)
    confusion (category, response)
        Counts of trials.
    """

    kind: ClassVar[str] = "behavior.accuracy"
    title: ClassVar[str] = "Accuracy"
    headline: ClassVar[tuple[str, ...]] = ("accuracy",)


@register
class BenchmarkResult(BehaviorResult):
    """Models against people, from :func:`neurogeom.behavior.benchmark`.

    Variables
    ---------
    accuracy, accuracy_difference, observed_consistency, error_consistency (+ _ci over images) (model)
        Means over data sets; per data set as ``dataset_…`` (model, dataset). Kappa keeps its sign.
    lowest_possible, highest_possible (model)
        Kappa that the accuracies allow.
    mean_rank (model)
        Of accuracy difference, observed consistency and error consistency.
    shape_bias (model), human_shape_bias
        With cue-conflict trials.
    human_accuracy, human_accuracy_difference, human_observed_consistency, human_error_consistency (+ _ci)
        Between people; per data set as ``human_dataset_…``.
    """

    kind: ClassVar[str] = "behavior.benchmark"
    title: ClassVar[str] = "Models against people"
    headline: ClassVar[tuple[str, ...]] = (
        "error_consistency",
        "observed_consistency",
        "accuracy_difference",
        "accuracy",
        "mean_rank",
    )
