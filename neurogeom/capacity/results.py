"""Results of the capacity measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from neurogeom.capacity.text import LABELS
from neurogeom.results import Result, register


class CapacityResult(Result):
    """A result of this room: its figure is drawn by ``capacity.plots``."""

    labels: ClassVar[Mapping[str, tuple[str, str]]] = LABELS

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the figure that suits the result.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure otherwise.
        **options
            For the functions of ``neurogeom.capacity.plots``.

        Returns
        -------
        matplotlib Axes or array of Axes
        """
        from neurogeom.capacity import plots

        return plots.plot(self, ax=ax, **options)


@register
class MeanFieldResult(CapacityResult):
    """Mean-field capacity, radius and dimension of manifolds, from :func:`mean_field`."""

    kind: ClassVar[str] = "capacity.mean_field"
    title: ClassVar[str] = "Manifold capacity (mean-field)"
    headline: ClassVar[tuple[str, ...]] = (
        "capacity",
        "dimension",
        "dimension_published",
        "radius",
        "n_center_components",
        "center_correlation",
        "center_correlation_corrected",
    )


@register
class GlueResult(CapacityResult):
    """Capacity and effective geometry of manifolds under classification tasks, from :func:`glue`."""

    kind: ClassVar[str] = "capacity.glue"
    title: ClassVar[str] = "Manifold capacity (GLUE)"
    headline: ClassVar[tuple[str, ...]] = (
        "capacity",
        "dimension",
        "radius",
        "utility",
        "approximate_capacity",
        "capacity_floor",
        "center_alignment",
        "axis_alignment",
        "center_axis_alignment",
        "fraction_inseparable",
        "fraction_saturated",
        "mean_point_norm",
    )


@register
class SimulatedResult(CapacityResult):
    """Capacity by counting separable random projections, from :func:`simulated`."""

    kind: ClassVar[str] = "capacity.simulated"
    title: ClassVar[str] = "Manifold capacity (simulated)"
    headline: ClassVar[tuple[str, ...]] = ("capacity", "capacity_from_mean", "capacity_floor", "fraction_inseparable")


@register
class SensitivityResult(CapacityResult):
    """What carries the capacity: points and gains of neuroids, from :func:`sensitivity`."""

    kind: ClassVar[str] = "capacity.sensitivity"
    title: ClassVar[str] = "Sensitivity of manifold capacity"
    headline: ClassVar[tuple[str, ...]] = ("capacity", "fraction_not_unique", "rank_correlation")


@register
class CurveResult(CapacityResult):
    """A measure against subsample size, from :func:`curve`; ``_se`` is the standard deviation over subsamples."""

    kind: ClassVar[str] = "capacity.curve"
    title: ClassVar[str] = "Capacity against subsample size"
    headline: ClassVar[tuple[str, ...]] = ("capacity", "dimension", "radius", "capacity_floor", "value")
    se_name: ClassVar[str] = "sd over subsamples"


@register
class ComparisonResult(CapacityResult):
    """Two populations with their differences, from :func:`compare`; the figure shows these, that of `sides` both."""

    kind: ClassVar[str] = "capacity.comparison"
    title: ClassVar[str] = "Difference of capacity"
    headline: ClassVar[tuple[str, ...]] = (
        "capacity_difference",
        "dimension_difference",
        "radius_difference",
        "utility_difference",
    )
    se_name: ClassVar[str] = "standard error"

    def sides(self) -> CapacityResult:
        """Return the two populations as one result of their method, on dimension ``side``, to be drawn or printed.

        Returns
        -------
        GlueResult or MeanFieldResult
        """
        made = {"glue": GlueResult, "mean_field": MeanFieldResult}[str(self.settings["method"])]
        names = [name for name, variable in self.data.data_vars.items() if "side" in variable.dims]
        return made(self.data[names], self.settings, self.diagnostics, self.warnings, self.references)


@register
class DimensionResult(CapacityResult):
    """Dimensions of point clouds that ask for no classes, from :func:`dimensions`."""

    kind: ClassVar[str] = "capacity.dimension"
    title: ClassVar[str] = "Dimensions of manifolds"
    headline: ClassVar[tuple[str, ...]] = (
        "participation_ratio",
        "effective_rank",
        "two_nn",
        "total_participation_ratio",
        "total_effective_rank",
        "total_two_nn",
    )
