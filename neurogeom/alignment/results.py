"""Results of this room: each says whether it is a distance or a similarity, its range, its symmetry, its counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from neurogeom.results import Result, make_settings, register

SQRT2 = float(np.sqrt(2.0))


@dataclass(frozen=True)
class Meaning:
    """How a number is to be read.

    Parameters
    ----------
    direction : {"distance", "similarity"}
        Whether a larger number means less or more alike.
    range : tuple of float
        Smallest and largest possible value.
    same : float
        The value of identical inputs.
    symmetric : bool
        Whether the two inputs may be exchanged.
    squared : bool
        Whether the number is a squared distance or a share of variance.
    n_used : mapping of str to int
        Counts of what went in.
    """

    direction: str
    range: tuple[float, float]
    same: float
    symmetric: bool
    squared: bool = False
    n_used: Mapping[str, int] = field(default_factory=dict)

    def sentence(self) -> str:
        """The meaning in one line, for captions.

        Examples
        --------
        >>> Meaning("distance", (0.0, 1.0), 0.0, True, False, {"points": 9}).sentence()
        'distance, 0 = same, range [0, 1], symmetric, not squared; used: 9 points'
        """
        low, high = (f"{bound:.4g}".replace("inf", "∞") for bound in self.range)
        used = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in self.n_used.items())
        symmetry = "symmetric" if self.symmetric else "not symmetric"
        square = "squared" if self.squared else "not squared"
        return f"{self.direction}, {self.same:g} = same, range [{low}, {high}], {symmetry}, {square}; used: {used}"


class Measure(Result):
    """One number that compares two things; ``float(result)`` gives it, ``result.meaning`` says how to read it."""

    def __float__(self) -> float:
        """The number itself."""
        name = next(name for name in self.headline if name in self.data)
        values = self.data[name]
        if values.ndim:
            raise TypeError(f"{name} has {values.size} values (dims {tuple(values.dims)}); take one of them first.")
        return float(values)

    @property
    def meaning(self) -> Meaning:
        """Distance or similarity, range, symmetry, squared, and the counts used."""
        stored = dict(self.settings["meaning"])
        return Meaning(**{**stored, "range": tuple(stored["range"])})

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the number with its error or interval on its whole range.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        **options
            For :func:`neurogeom.alignment.plots.plot_measure`.

        Returns
        -------
        matplotlib Axes
        """
        from neurogeom.alignment import plots, plots_across

        draw = plots_across.plot_across if plots_across.is_joined(self) else plots.plot_measure
        return draw(self, ax=ax, **options)


def measure(
    cls: type[Measure],
    values: Mapping[str, Any],
    meaning: Meaning,
    *,
    notes: Sequence[str] = (),
    references: Sequence[str] = (),
    diagnostics: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Any:
    """A measure's result from its values; text, numbers and arrays with dims are variables alike."""
    described = {**asdict(meaning), "range": list(meaning.range), "n_used": dict(meaning.n_used)}
    bounds = {"bound": ["low", "high"]} if any(str(name).endswith("_ci") for name in values) else {}
    return cls(
        xr.Dataset(dict(values), coords=bounds),
        make_settings(**settings, meaning=described),
        diagnostics or {},
        tuple(notes),
        tuple(references),
    )


KUOCH = (
    "Kuoch, Chou, Parthasarathy, Dapello, DiCarlo, Sompolinsky & Chung (2024). Probing biological and artificial "
    "neural networks with task-dependent neural manifolds. PMLR 234:395-418."
)


@register
class CovarianceAlignment(Measure):
    """Covariance alignment distance of two clouds, with jackknife error over points where asked."""

    kind = "alignment.covariance_alignment_distance"
    title = "Covariance alignment distance (0 = same)"
    headline = ("distance",)
    se_name = "jackknife over points"
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {"distance": ("covariance alignment distance", "")}


@register
class ExcessAlignment(Measure):
    """Squared covariance alignment distance beyond what sampling alone gives."""

    kind = "alignment.excess_alignment_distance"
    title = "Excess alignment distance (0 = as different as halves of one cloud)"
    headline = ("excess", "raw", "within")
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "excess": ("excess of squared distance", ""),
        "raw": ("squared distance between halves of the two clouds", ""),
        "within": ("squared distance between halves of one cloud", ""),
    }
    se_name = "MC error over splits"


@register
class SignalMismatch(Measure):
    """Signal mismatch distance of two clouds whose points carry a feature."""

    kind = "alignment.signal_mismatch_distance"
    title = "Signal mismatch distance (0 = same, 1 = unrelated, 2 = opposite)"
    headline = ("distance", "overlap_rank")
    se_name = "jackknife over points"
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "distance": ("signal mismatch distance", ""),
        "overlap_rank": ("dimensions that both clouds share", ""),
    }


@register
class RegressionMismatch(Measure):
    """Loss of one linear read-out of a feature for both clouds, against one for each."""

    kind = "alignment.regression_mismatch"
    title = "Regression mismatch (0 = one read-out serves both clouds)"
    headline = ("mismatch", "error_a", "error_b", "error_union", "overlap_rank")
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mismatch": ("regression mismatch", "feature variance"),
        "error_a": ("least squares error of A alone", "feature variance"),
        "error_b": ("least squares error of B alone", "feature variance"),
        "error_union": ("least squares error of the union", "feature variance"),
        "overlap_rank": ("dimensions that both clouds share", ""),
    }


@register
class CrossRegression(Measure):
    """How well a regression of a feature in one cloud predicts it in the other, both ways."""

    kind = "alignment.cross_regression_r2"
    title = "Cross-regression R² (1 = perfect transfer, below 0 = worse than the mean)"
    headline = ("r2", "r2_reverse")
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "r2": ("R² on B, trained on A", ""),
        "r2_reverse": ("R² on A, trained on B", ""),
    }


@register
class SubspaceDistance(Measure):
    """Distance of the spans of the first principal components of two clouds."""

    kind = "alignment.pca_distance"
    title = "Distance of PC subspaces (0 = same, 1 = orthogonal)"
    headline = ("distance",)
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {"distance": ("distance of PC subspaces", "")}


@register
class PrincipalAngles(Measure):
    """Angles between principal subspaces, from the smallest to the largest."""

    kind = "alignment.principal_angles"
    title = "Principal angles (0° = shared direction, 90° = orthogonal)"
    headline = ("largest", "angles")
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "largest": ("largest angle", "°"),
        "angles": ("principal angle", "°"),
    }


@register
class CKASimilarity(Measure):
    """Centered kernel alignment of two systems."""

    kind = "alignment.cka_similarity"
    title = "Linear CKA (1 = same geometry)"
    headline = ("similarity",)
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {"similarity": ("CKA similarity", "")}


@register
class ProcrustesDistance(Measure):
    """Distance of two systems after the best rotation of one onto the other."""

    kind = "alignment.procrustes_distance"
    title = "Procrustes distance (0 = same up to rotation)"
    headline = ("distance", "similarity")
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "distance": ("Procrustes distance", ""),
        "similarity": ("Procrustes similarity (cosine of the angle)", ""),
    }


@register
class CanonicalCorrelations(Measure):
    """Canonical correlations of two systems and their mean, weighted or not."""

    kind = "alignment.cca_similarity"
    title = "Canonical correlation (1 = same span)"
    headline = ("similarity", "mean_squared", "null_mean_squared")
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "similarity": ("mean canonical correlation", ""),
        "mean_squared": ("mean squared canonical correlation", ""),
        "null_mean_squared": ("… expected for unrelated systems", ""),
    }


@register
class LinearPredictivity(Measure):
    """Share of one system's variance that is linear in another's."""

    kind = "alignment.linear_predictivity_r2"
    title = "Linear predictivity (1 = all variance is predicted)"
    headline = ("r2", "r2_reverse")
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "r2": ("R² of y from x", ""),
        "r2_reverse": ("R² of x from y", ""),
    }


@register
class RDMSimilarity(Measure):
    """Similarity of two representational dissimilarity matrices."""

    kind = "alignment.rdm_similarity"
    title = "RDM similarity (1 = same dissimilarities)"
    headline = ("similarity",)
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {"similarity": ("RDM similarity", "")}
