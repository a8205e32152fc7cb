"""The same numbers of neuroids and points in two systems, since distances of other sizes cannot be compared."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.responses import as_name, quoted
from neurogeom._core.validation import check_count
from neurogeom.manifolds import Manifolds, as_manifolds


def match_systems(
    system_1: Any,
    system_2: Any,
    *,
    n_neuroids: int | None = None,
    n_points: int | None = None,
    match_neuroids: bool = True,
    seed: int | None = None,
) -> tuple[Manifolds, Manifolds]:
    """Two systems cut to the same classes, the same stimuli or numbers of points, and the same number of neuroids.

    Parameters
    ----------
    system_1, system_2 : Manifolds
        Classes are matched by name; where points carry ``stimulus_id`` the common stimuli of each class are kept, in
        one order.
    n_neuroids : int, optional
        Neuroids to draw at random from each; by default the smaller of both numbers.
    n_points : int, optional
        Points per class to draw; by default, per class, what both have. The same rows (stimuli) in both systems.
    match_neuroids : bool
        False keeps all neuroids of each.
    seed : int, optional

    Returns
    -------
    tuple of Manifolds

    Raises
    ------
    ValueError
        Fewer than 2 common classes, or too few points or neuroids for what is asked.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> one = Manifolds({"a": rng.normal(size=(5, 8)), "b": rng.normal(size=(6, 8))})
    >>> two = Manifolds({"b": rng.normal(size=(4, 3)), "a": rng.normal(size=(7, 3))})
    >>> first, second = match_systems(one, two, seed=0)
    >>> first.names == second.names, first.n_points.tolist(), second.n_points.tolist(), second.n_neuroids
    (True, [5, 4], [5, 4], 3)
    """
    seed = resolve_seed(seed)
    first, second = (as_manifolds(system, purpose="matching") for system in (system_1, system_2))
    first, second = common_classes(first, second, exact=False)
    rows_1, rows_2 = common_rows(first, second, exact=False)
    wanted = None if n_points is None else check_count("n_points", n_points)
    kept_1, kept_2 = [], []
    for index, (one, two) in enumerate(zip(rows_1, rows_2, strict=True)):
        size = min(len(one), len(two))
        if wanted is not None and wanted > size:
            raise ValueError(
                f"n_points={wanted} is more than class {first.names[index]!r} has in common ({size}). Use fewer."
            )
        size = size if wanted is None else wanted
        same = np.sort(generator(seed, 4, index).choice(min(len(one), len(two)), size, replace=False))
        kept_1.append(one[same])
        kept_2.append(two[same])
    first, second = first.select_points(kept_1), second.select_points(kept_2)
    if not match_neuroids:
        return first, second
    smaller = min(first.n_neuroids, second.n_neuroids)
    count = smaller if n_neuroids is None else check_count("n_neuroids", n_neuroids)
    if count > smaller:
        raise ValueError(f"n_neuroids={count} is more than the smaller system has ({smaller}). Use at most that many.")
    cut = [
        system.select_neuroids(np.sort(generator(seed, 5, which).choice(system.n_neuroids, count, replace=False)))
        for which, system in enumerate((first, second))
    ]
    return cut[0], cut[1]


def common_classes(first: Manifolds, second: Manifolds, *, exact: bool) -> tuple[Manifolds, Manifolds]:
    """Both systems with the same classes in the order of the first; ``exact`` refuses classes that only one has."""
    odd = sorted(set(first.names) ^ set(second.names))
    if odd and exact:
        raise ValueError(
            f"system_1 and system_2 have different classes: {len(odd)} are in only one (first: {quoted(odd[:3])}). "
            "Use match_systems to keep the common ones."
        )
    names = [name for name in first.names if name in second.names]
    if len(names) < 2:
        raise ValueError(f"system_1 and system_2 have {len(names)} classes in common; at least 2 are needed.")
    first = first if tuple(names) == first.names else first.select_manifolds(names)
    return first, second if tuple(names) == second.names else second.select_manifolds(names)


def common_rows(first: Manifolds, second: Manifolds, *, exact: bool) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Per class, the rows of either system that show the same stimuli, in the order of the first.

    Without ``stimulus_id`` in both, rows are taken as they come.
    """
    ids_1, ids_2 = (system.point_coords.get("stimulus_id") for system in (first, second))
    rows: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for index, name in enumerate(first.names):
        if ids_1 is None or ids_2 is None:
            rows[0].append(np.arange(first.n_points[index]))
            rows[1].append(np.arange(second.n_points[index]))
            continue
        own = [
            [as_name(value) for value in ids[system.offsets[index] : system.offsets[index + 1]]]
            for ids, system in ((ids_1, first), (ids_2, second))
        ]
        for which, values in enumerate(own):
            if len(set(values)) < len(values):
                raise ValueError(
                    f"class {name!r} of system_{which + 1} has a stimulus more than once. Average repetitions first: "
                    "Manifolds.from_labels(responses, labels, average='stimulus_id')."
                )
        odd = sorted(set(own[0]) ^ set(own[1]))
        if odd and exact:
            raise ValueError(
                f"class {name!r} has different stimuli in the two systems: {len(odd)} are in only one (first: "
                f"{quoted(odd[:3])}). Use match_systems to keep the common ones."
            )
        position = {value: row for row, value in enumerate(own[1])}
        kept = [row for row, value in enumerate(own[0]) if value in position]
        rows[0].append(np.array(kept, dtype=np.intp))
        rows[1].append(np.array([position[own[0][row]] for row in kept], dtype=np.intp))
    return rows
