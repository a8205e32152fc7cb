"""Small pieces of point clouds: reading them in, grouping trials into points, describing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neurogeom._core import html
from neurogeom._core.responses import ResponseTable, as_name, quoted, read_responses, warn_unreal_noise
from neurogeom._core.warnings import LayoutWarning, UnevenSizesWarning, warn

_NOISE = "noise correlations: "


def read_clouds(clouds: Any, names: Sequence[Any] | None) -> tuple[list[ResponseTable], list[str]]:
    """Checked tables and names of what the constructor was given."""
    if isinstance(clouds, Mapping):
        names = list(clouds) if names is None else names
        clouds = list(clouds.values())
    if isinstance(clouds, xr.DataArray | pd.DataFrame) or (isinstance(clouds, np.ndarray) and clouds.ndim == 2):
        raise TypeError(
            f"clouds is one array of shape {clouds.shape}; needed is one (points, neuroids) array per manifold. "
            "For responses with class labels use Manifolds.from_labels(responses, labels)."
        )
    if isinstance(clouds, str | bytes) or not hasattr(clouds, "__len__") or not hasattr(clouds, "__iter__"):
        raise TypeError(f"clouds is a {type(clouds).__name__}; needed is a sequence of arrays (points, neuroids).")
    if len(clouds) == 0:
        raise ValueError("clouds is empty. Give one array (points, neuroids) per manifold.")
    if names is None:
        names = [str(i) for i in range(len(clouds))]
    if len(names) != len(clouds):
        raise ValueError(f"names has {len(names)} entries, there are {len(clouds)} manifolds. Give one name each.")
    return _read_all(clouds), [as_name(name) for name in names]


def _read_all(clouds: Sequence[Any]) -> list[ResponseTable]:
    """Every cloud as a table; where one holds NaN or infinity, the others that do are named with it."""
    tables = []
    for i, cloud in enumerate(clouds):
        try:
            tables.append(read_responses(cloud, name=f"manifolds[{i}]"))
        except ValueError as error:
            also = [j for j in range(i + 1, len(clouds)) if _not_finite(clouds[j])] if _not_finite(cloud) else []
            if not also:
                raise
            others = ", ".join(f"manifolds[{j}]" for j in also[:2]) + (", ..." if len(also) > 2 else "")
            raise ValueError(f"{error} So do {len(also)} of the manifolds after it ({others}).") from None
    return tables


def _not_finite(cloud: Any) -> bool:
    """Whether an array of numbers holds NaN or infinity."""
    try:
        values = np.asarray(cloud)
    except ValueError:
        return False
    return values.dtype.kind == "f" and not bool(np.isfinite(values).all())


def common_neuroids(tables: list[ResponseTable], names: Sequence[str]) -> dict[str, np.ndarray]:
    """Neuroid coordinates that all clouds share; different neuroid_id are an error, not a merge."""
    first = tables[0].neuroid
    for name, table in zip(names[1:], tables[1:], strict=False):
        ids = table.neuroid.get("neuroid_id")
        if ids is not None and "neuroid_id" in first and not np.array_equal(ids, first["neuroid_id"]):
            raise ValueError(
                f"manifold {name!r} has other neuroid_id than {names[0]!r}, or in another order. "
                "Bring all clouds to the same neuroids first."
            )
    return {
        key: value
        for key, value in first.items()
        if all(key in table.neuroid and np.array_equal(table.neuroid[key], value) for table in tables)
    }


def noise_history(tables: Sequence[ResponseTable]) -> tuple[str, ...]:
    """What a history tells of noise correlations that are not real; nothing where they are."""
    said = sorted({table.noise_correlations for table in tables if table.noise_correlations is not None})
    return (f"{_NOISE}{'; '.join(said)}",) if said else ()


def warn_noise_history(history: Sequence[str]) -> None:
    """Let a result say what a history tells of noise correlations."""
    warn_unreal_noise(next((step.removeprefix(_NOISE) for step in history if step.startswith(_NOISE)), None))


def common_points(tables: list[ResponseTable]) -> dict[str, np.ndarray]:
    """Point coordinates that every cloud has."""
    keys = [key for key in tables[0].presentation if all(key in table.presentation for table in tables)]
    return {key: np.concatenate([table.presentation[key] for table in tables]) for key in keys}


def average_trials(
    matrix: np.ndarray, codes: np.ndarray, stimuli: np.ndarray, points: dict[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Trials with their point; and means, classes and coordinates of the points that they were averaged into."""
    point_of_trial, first = points_of_trials(codes, stimuli)
    counts = np.bincount(point_of_trial)
    means = sum_by(matrix, point_of_trial, len(counts)) / counts[:, None]
    coords = constant_within(points, point_of_trial, first) | {"n_trials": counts}
    return {"trials": matrix, "trial_point": point_of_trial}, means, codes[first], coords


def points_of_trials(classes: np.ndarray, stimuli: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Point index of each trial (points ordered by class, then stimulus), and a first trial of each point."""
    pairs = np.stack([classes, stimuli], axis=1)
    _, first, point = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
    return point.ravel().astype(np.intp), first


def sum_by(values: np.ndarray, index: np.ndarray, length: int) -> np.ndarray:
    """Sums of rows that share an index, shape (length, N)."""
    order = np.argsort(index, kind="stable")
    starts = np.searchsorted(index[order], np.arange(length))
    return np.add.reduceat(values[order], starts, axis=0)


def constant_within(coords: dict[str, np.ndarray], point: np.ndarray, first: np.ndarray) -> dict[str, np.ndarray]:
    """Coordinates that say the same for all trials of each point, one entry per point."""
    kept = {}
    for key, value in coords.items():
        codes = pd.factorize(value)[0]
        if np.array_equal(codes, codes[first][point]):
            kept[key] = value[first]
    return kept


def coordinate(value: Any, key: Any, length: int) -> np.ndarray:
    array = np.asarray(value)
    if array.shape != (length,):
        raise ValueError(f"neuroids[{key!r}] has shape {array.shape}; needed is one entry per neuroid, ({length},).")
    return array.astype(object) if array.dtype.kind in "UT" else array.copy()


def describe(coords: Mapping[str, np.ndarray], length: int) -> str:
    """'168: region V4 88, IT 80; coordinates …' for a repr."""
    parts = []
    for key in ("region", "layer", "subject", "animal", "session"):
        if key in coords:
            counts = pd.Series(coords[key]).value_counts(sort=False)
            shown = ", ".join(f"{value} {count}" for value, count in counts.head(4).items())
            parts.append(f"{key} {shown}" + (", …" if len(counts) > 4 else ""))
    return f"{length}" + (f" ({'; '.join(parts)})" if parts else "")


def frozen(array: np.ndarray) -> np.ndarray:
    """A read-only view, so that the flag of the caller's own array is left alone."""
    view = array.view()
    view.flags.writeable = False
    return view


def point_selection(selection: Any, offsets: np.ndarray, names: Sequence[str]) -> list[np.ndarray]:
    """Checked index arrays, one per manifold, from such arrays or from a mask over all points."""
    sizes = np.diff(offsets)
    if isinstance(selection, np.ndarray) and selection.dtype == bool and selection.ndim == 1:
        if len(selection) != offsets[-1]:
            raise ValueError(f"selection has {len(selection)} entries, there are {offsets[-1]} points.")
        chosen = [np.flatnonzero(selection[a:b]) for a, b in pairwise(offsets)]
    else:
        chosen = [np.asarray(index, dtype=np.intp).ravel() for index in selection]
    if len(chosen) != len(sizes):
        raise ValueError(f"selection has {len(chosen)} index arrays, there are {len(sizes)} manifolds.")
    for i, index in enumerate(chosen):
        if not len(index):
            raise ValueError(
                f"selection leaves manifold {names[i]!r} without points. Keep one point of it at least, or drop it "
                "first with select_manifolds."
            )
        if index.min() < 0 or index.max() >= sizes[i]:
            raise ValueError(f"selection[{i}] goes outside 0…{sizes[i] - 1}.")
    return chosen


def trials_of(trial_point: np.ndarray, rows: np.ndarray, n_points: int) -> tuple[np.ndarray, np.ndarray]:
    """Trials of the points ``rows``, in that order, and for each its new point index."""
    order = np.argsort(trial_point, kind="stable")
    counts = np.bincount(trial_point, minlength=n_points)
    starts = np.cumsum(counts) - counts
    chosen = [order[starts[row] : starts[row] + counts[row]] for row in rows]
    return np.concatenate(chosen), np.repeat(np.arange(len(rows)), counts[rows])


def redraw(trial_point: np.ndarray, n_points: int, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As many trials of each point as it has, with replacement (uniform draws in [0, 1)); their points; the counts."""
    order = np.argsort(trial_point, kind="stable")
    counts = np.bincount(trial_point, minlength=n_points)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    rows = order[starts + (draws * np.repeat(counts, counts)).astype(np.intp)]
    return rows, np.repeat(np.arange(n_points), counts), counts


def warn_uneven(names: Sequence[str], sizes: np.ndarray) -> None:
    """Warn where the largest manifold has twice the points of the smallest or more."""
    if sizes.max() >= 2 * sizes.min():
        small, large = int(sizes.argmin()), int(sizes.argmax())
        warn(
            f"manifolds differ in size: {names[small]!r} has {sizes[small]} points, {names[large]!r} has "
            f"{sizes[large]}. More points lower the capacity: compare equal sizes, with "
            f"manifolds.subsample({sizes[small]}, seed=0).",
            UnevenSizesWarning,
        )


def warn_layout(sizes: np.ndarray, n_neuroids: int) -> None:
    """Ask whether unlabelled clouds are transposed, where all have more than four times as many points as neuroids."""
    if sizes.min() > 4 * n_neuroids:
        warn(
            f"every manifold has more than four times as many points ({sizes.min()} or more) as neuroids "
            f"({n_neuroids}). Transposed? Clouds are (points, neuroids): use cloud.T if yours are (neuroids, points).",
            LayoutWarning,
        )


def as_text(manifolds: Any, rank_limit: float) -> str:
    """What ``repr`` shows."""
    facts = _facts(manifolds, rank_limit)
    return "\n".join([_title(manifolds), *(f"  {key:<9} {value}" for key, value in facts)])


def as_html(manifolds: Any, rank_limit: float) -> str:
    """What a notebook shows: the same facts, and a row per manifold."""
    values = manifolds.to_dataframe().reset_index().values.tolist()
    rows = [[row[0], str(row[1]), *(f"{value:.4g}" for value in row[2:])] for row in values]
    shown = rows if len(rows) <= 12 else [*rows[:8], ["…"] * 5, *rows[-3:]]
    header = ["manifold", "points", "norm of center", "mean norm of points", "spread about center"]
    facts = html.table([list(fact) for fact in _facts(manifolds, rank_limit)], ["", ""])
    return html.card(_title(manifolds), facts + html.table(shown, header))


def _title(manifolds: Any) -> str:
    sizes = manifolds.n_points
    points = f"{sizes[0]}" if sizes.min() == sizes.max() else f"{sizes.min()} to {sizes.max()}"
    return f"Manifolds: {manifolds.n_manifolds} manifolds × {points} points, {manifolds.n_neuroids} neuroids"


def _facts(manifolds: Any, rank_limit: float) -> list[tuple[str, str]]:
    """Label and text of what both reprs tell; the rank only where it is cheap."""
    norms = np.linalg.norm(manifolds.stacked, axis=1)
    n, n_neuroids = manifolds.stacked.shape
    facts = [
        ("names", quoted(manifolds.names, limit=8)),
        ("neuroids", describe(manifolds.neuroid_coords, n_neuroids)),
    ]
    if n * n_neuroids * min(n, n_neuroids) <= rank_limit:
        facts.append(("rank", f"{manifolds.rank} of at most {min(n, n_neuroids)} ({n} points)"))
    facts.append(("norms", f"mean {norms.mean():.4g}, from {norms.min():.4g} to {norms.max():.4g}"))
    if manifolds.trials is not None:
        facts.append(("trials", f"{len(manifolds.trials)} single presentations behind the points"))
    if manifolds.history:
        facts.append(("history", ", ".join(manifolds.history)))
    return facts
