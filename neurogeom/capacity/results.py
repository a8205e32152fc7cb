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
    """What carries the capacity, from :func:`sensitivity`."""

    kind: ClassVar[str] = "capacity.sensitivity"
    title: ClassVar[str] = "Sensitivity of manifold capacity"
    headline: ClassVar[tuple[str, ...]] = ("capacity", "fraction_not_unique", "rank_correlation")
