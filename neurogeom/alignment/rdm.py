"""Representational dissimilarity matrices: one number for each pair of stimuli."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from neurogeom._core.responses import as_name, read_responses
from neurogeom._core.validation import check_labels, check_option
from neurogeom.alignment.inputs import Floats
from neurogeom.results import Result, make_settings, register

METRICS = ("squared_euclidean", "euclidean", "correlation", "cosine")

_KRIEGESKORTE = "Kriegeskorte, Mur & Bandettini (2008), Frontiers in Systems Neuroscience 2:4."


@register
class RDM(Result):
    """Dissimilarities of all pairs of conditions, with their names."""

    kind = "alignment.rdm"
    title = "Representational dissimilarities (0 = same pattern)"
    headline = ("mean_dissimilarity", "n_conditions", "n_neuroids")
    labels: ClassVar[Mapping[str, tuple[str, str]]] = {
        "dissimilarity": ("dissimilarity", ""),
        "mean_dissimilarity": ("mean dissimilarity", ""),
        "n_conditions": ("conditions", ""),
        "n_neuroids": ("neuroids", ""),
    }

    @property
    def condensed(self) -> np.ndarray:
        """The upper triangle, row by row: n(n−1)/2 dissimilarities."""
        matrix = self.data["dissimilarity"].values
        return np.asarray(matrix[np.triu_indices(len(matrix), 1)])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the conditions, in the order of the rows."""
        return tuple(map(str, self.data["condition"].values))

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the matrix.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        **options
            For :func:`neurogeom.alignment.plots.plot_rdm`.

        Returns
        -------
        matplotlib Axes
        """
        from neurogeom.alignment import plots, plots_across

        draw = plots_across.plot_across if plots_across.is_joined(self) else plots.plot_rdm
        return draw(self, ax=ax, **options)


def dissimilarities(responses: Floats, metric: str = "squared_euclidean") -> Floats:
    """Condensed dissimilarities of the rows of responses (n, N): n(n−1)/2 numbers.

    ``squared_euclidean`` is ‖x_a − x_b‖²/N, ``euclidean`` its root, ``correlation`` and ``cosine`` are one minus it.
    """
    if metric in ("correlation", "cosine"):
        rows = responses - responses.mean(axis=1, keepdims=True) if metric == "correlation" else responses
        norms = np.linalg.norm(rows, axis=1)
        small = np.flatnonzero(norms <= 1e-13 * np.sqrt(responses.shape[1]) * np.abs(responses).max())
        if len(small):
            what = "the same response in all neuroids" if metric == "correlation" else "no response at all"
            raise ValueError(
                f"responses has {len(small)} patterns with {what} (first rows: {', '.join(map(str, small[:3]))}), so "
                f"metric={metric!r} is undefined. Leave them out, or use metric='squared_euclidean'."
            )
        unit = rows / norms[:, None]
        # half the squared length of a difference is 1 − cosine, without cancellation between near-equal patterns
        return squared_lengths(unit) / 2.0
    squared = squared_lengths(responses) / responses.shape[1]
    return np.sqrt(squared) if metric == "euclidean" else squared


def squared_lengths(rows: Floats) -> Floats:
    """Condensed squared Euclidean distances of rows."""
    from scipy.spatial.distance import pdist

    return np.asarray(pdist(rows, "sqeuclidean"))


def square(condensed: Floats) -> Floats:
    """The symmetric matrix of a condensed vector."""
    from scipy.spatial.distance import squareform

    return np.asarray(squareform(condensed))


def rdm(responses: Any, *, metric: str = "squared_euclidean", conditions: Any = None) -> RDM:
    """Dissimilarities of the response patterns of all pairs of stimuli.

    Parameters
    ----------
    responses : array or DataArray (presentations, neuroids)
    metric : {"squared_euclidean", "euclidean", "correlation", "cosine"}
        Euclidean ones are divided by the number of neuroids (its root), so that populations of different sizes have
        like units; "correlation" is 1 − Pearson across neuroids.
    conditions : array (presentations,) or str, optional
        Presentations of one condition are averaged first; a coordinate's name or one label each. Without it each
        presentation is a condition, named by ``stimulus_id`` where there is one. Rows are in the order in which
        conditions first appear.

    Returns
    -------
    RDM
        ``dissimilarity`` (condition, other_condition), ``.condensed``.

    Raises
    ------
    ValueError
        Fewer than 3 conditions, a pattern without variance for "correlation", NaN, an unknown metric.

    References
    ----------
    Kriegeskorte, Mur & Bandettini (2008), Frontiers in Systems Neuroscience 2:4.

    Examples
    --------
    >>> rdm([[0.0, 0], [3, 4], [0, 1]], metric="euclidean").condensed.round(4)
    array([3.5355, 0.7071, 3.    ])
    """
    check_option("metric", metric, METRICS)
    table = read_responses(responses)
    matrix, names = table.matrix, _names(table)
    if conditions is not None:
        matrix, names = averaged(matrix, condition_labels(conditions, table))
    if len(matrix) < 3:
        raise ValueError(f"responses has {len(matrix)} conditions; an RDM that can be compared needs at least 3.")
    values = dissimilarities(matrix, metric)
    return packed(values, names, matrix.shape[1], metric=metric, responses=responses, conditions=conditions)


def packed(condensed: Floats, names: list[str], n_neuroids: int, *, metric: str, **settings: Any) -> RDM:
    """An RDM result from condensed dissimilarities."""
    data = xr.Dataset(
        {
            "dissimilarity": (("condition", "other_condition"), square(condensed)),
            "mean_dissimilarity": float(condensed.mean()),
            "n_conditions": len(names),
            "n_neuroids": n_neuroids,
        },
        coords={"condition": names, "other_condition": names},
    )
    return RDM(data, make_settings(metric=metric, **settings), references=(_KRIEGESKORTE,))


def condition_labels(conditions: Any, table: Any, name: str = "conditions") -> np.ndarray:
    """One label per presentation, from a coordinate's name or an array."""
    if isinstance(conditions, str):
        if conditions not in table.presentation:
            from neurogeom._core.responses import hint

            raise ValueError(f"{name}={conditions!r} is not a coordinate. {hint(conditions, table.presentation)}")
        return np.asarray(table.presentation[conditions])
    return check_labels(getattr(conditions, "values", conditions), len(table.matrix), name)


def averaged(matrix: Floats, labels: np.ndarray) -> tuple[Floats, list[str]]:
    """Mean response of each condition, in order of first appearance (never sorted as text), and the names."""
    names = list(dict.fromkeys(as_name(label) for label in labels))
    position = {name: row for row, name in enumerate(names)}
    codes = np.array([position[as_name(label)] for label in labels])
    sums = np.zeros((len(names), matrix.shape[1]))
    np.add.at(sums, codes, matrix)
    return sums / np.bincount(codes)[:, None], names


def _names(table: Any) -> list[str]:
    ids = table.presentation.get("stimulus_id")
    names = [as_name(value) for value in ids] if ids is not None else [str(row) for row in range(len(table.matrix))]
    return names if len(set(names)) == len(names) else [str(row) for row in range(len(names))]
