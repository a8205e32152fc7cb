"""The result of class decoding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from neurogeom.results import Result, register


@register
class ReadoutResult(Result):
    """Accuracy of a linear read-out on presentations that training has not seen.

    Variables
    ---------
    accuracy, accuracy_ci
        Share of tested presentations named correctly; Wilson interval over presentations.
    balanced_accuracy
        Mean over classes of the share named correctly.
    chance, balanced_chance
        Accuracy of always naming the most frequent class, and 1 / number of classes.
    p, null_accuracy (permutation)
        With ``n_permutations``: share of label permutations with at least this accuracy, and their accuracies.
    confusion (label, predicted_label)
        Counts of tests.
    split_accuracy, split_n_test (split)
    presentation_accuracy (presentation)
        Share of its tests in which a presentation was named correctly; NaN where it was not tested.
    """

    kind: ClassVar[str] = "readout.classify"
    title: ClassVar[str] = "Linear read-out"
    headline: ClassVar[tuple[str, ...]] = ("accuracy", "balanced_accuracy", "chance", "p")
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "accuracy": ("accuracy", ""),
        "balanced_accuracy": ("balanced accuracy", ""),
        "chance": ("chance (most frequent class)", ""),
        "p": ("p over label permutations", ""),
    }

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the confusion matrix; over layers, regions or time, accuracy with its interval and chance.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        **options
            For ``readout.plots.confusion`` or ``readout.plots.accuracy``.

        Returns
        -------
        matplotlib Axes
        """
        from neurogeom.readout import plots

        draw = plots.confusion if self.data["accuracy"].ndim == 0 else plots.accuracy
        return draw(self, ax=ax, **options)
