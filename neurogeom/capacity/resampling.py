"""Resampled manifolds: neuroids drawn with replacement, groups of points or of trials left out in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurogeom._core.random import generator
from neurogeom._core.validation import check_count, check_option, check_real
from neurogeom.manifolds import Manifolds
from neurogeom.results import make_settings
from neurogeom.statistics import delete_groups, resampled_indices

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = ("neuroids", "subjects", "points", "trials")
SUBJECTS = ("subject", "animal")
N_BOOTSTRAP = 100
N_GROUPS = 10
N_LEFT_OUT = 20
# keys of generators: longer than any key of the estimate's own samples, so that no stream is used twice
_ROOM = 13


@dataclass(frozen=True)
class Replicate:
    """One resample of manifolds, and the random samples to be used with it.

    Attributes
    ----------
    manifolds : Manifolds
    stream : tuple of int
        Leading part of the keys of the samples' generators; () for the samples of the estimate itself.
    left_out : tuple of int or None
        (g, G): all samples but block g of G take part. None: all of them.
    """

    manifolds: Manifolds
    stream: tuple[int, ...] = ()
    left_out: tuple[int, int] | None = None

    def kept_samples(self, n_samples: int) -> NDArray[np.intp] | None:
        """Which samples take part, None for all."""
        if self.left_out is None:
            return None
        block, n_blocks = self.left_out
        everything = np.arange(n_samples)
        return np.delete(everything, np.array_split(everything, n_blocks)[block])


@dataclass(frozen=True)
class Plan:
    """How manifolds are resampled, and how replicates become an error; made by :func:`make_plan`.

    Attributes
    ----------
    manifolds : Manifolds
    kind : {"neuroids", "subjects", "points", "trials"} or None
    n_replicates : int
    n_groups : int
        Of one partition of points or trials.
    level : float
    seed : int
        Root seed of the estimate.
    stream : int
        Tells two populations apart that are resampled independently.
    """

    manifolds: Manifolds
    kind: str | None
    n_replicates: int = 0
    n_groups: int = 0
    level: float = 0.95
    seed: int = 0
    stream: int = 0

    @property
    def settings(self) -> dict[str, Any]:
        """What a result keeps."""
        if self.kind is None:
            return {"uncertainty": None, "n_resamples": None, "level": self.level}
        return {"uncertainty": self.kind, "n_resamples": self.n_replicates, "level": self.level}

    @property
    def degrees_of_freedom(self) -> int:
        """Of the error: units less one for the bootstrap; for the jackknife, groups less one of every partition."""
        if self.kind == "neuroids":
            return self.manifolds.n_neuroids - 1
        if self.kind == "subjects":
            return len(np.unique(_subjects(self.manifolds))) - 1
        if self.kind == "trials" and self.manifolds.trials is not None:
            n_units, n_fixed = len(self.manifolds.trials), len(self.manifolds.stacked)
        else:
            n_units, n_fixed = len(self.manifolds.stacked), self.manifolds.n_manifolds
        n_partitions = self.n_replicates // self.n_groups
        return max(1, min(n_partitions * (self.n_groups - 1), n_units - n_fixed))

    def replicate(self, number: int) -> Replicate:
        """Resample of this number; two plans of one seed and stream draw alike."""
        if self.kind == "neuroids":
            units = _child(self.seed, self.stream)
            index = np.sort(resampled_indices(self.manifolds.n_neuroids, seed=units, index=number))
            return Replicate(self.manifolds.select_neuroids(index), stream=(_ROOM, _ROOM, number))
        if self.kind == "subjects":
            index = _neuroids_of_subjects(self.manifolds, _child(self.seed, self.stream), number)
            return Replicate(self.manifolds.select_neuroids(index), stream=(_ROOM, _ROOM, number))
        partition, group = divmod(number, self.n_groups)
        seed = _child(self.seed, self.stream, partition)
        without = _without_points if self.kind == "points" else _without_trials
        block = (group + partition) % self.n_groups  # another block of samples with it in every partition
        return Replicate(without(self.manifolds, self.n_groups, group, seed), left_out=(block, self.n_groups))

    def error(self, replicates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standard error from replicates (n, ...), over the units and over Monte-Carlo samples together."""
        if self.kind in ("neuroids", "subjects"):
            return replicates.std(axis=0, ddof=1)
        grouped = replicates.reshape(-1, self.n_groups, *replicates.shape[1:])
        squares = np.sum((grouped - grouped.mean(axis=1, keepdims=True)) ** 2, axis=1)
        return np.sqrt(squares.mean(axis=0) * (self.n_groups - 1) / self.n_groups)


def make_plan(
    manifolds: Manifolds,
    kind: str | None,
    *,
    n_resamples: int | None = None,
    level: float = 0.95,
    seed: int,
    minimum_points: int = 1,
    most_groups: int = N_GROUPS,
    stream: int = 0,
) -> Plan:
    """Check what a measure was asked, before anything is computed.

    Parameters
    ----------
    manifolds : Manifolds
        To be resampled.
    kind : {None, "neuroids", "subjects", "points", "trials"}
        Over what; None for no interval. "subjects" draws subjects, then neuroids within each.
    n_resamples : int, optional
        Bootstrap resamples, 100 if not given, at least 20. For a jackknife the number of refits: so many partitions in
        10 groups (fewer where a manifold has fewer points, or a point fewer trials) as fit in, 20 refits if not given.
    level : float
        Of the interval.
    seed : int
        Root seed of the estimate.
    minimum_points : int
        Points that the measure needs of a manifold.
    most_groups : int
        Of a partition.
    stream : int
        Another one resamples independently.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        For an unknown kind, too few neuroids, points or trials, or manifolds that keep no trials.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> plan = make_plan(Manifolds(list(rng.normal(size=(2, 20, 5)))), "points", seed=1)
    >>> plan.n_replicates, plan.replicate(0).manifolds.n_points
    (20, array([18, 18]))
    """
    level = check_real("level", level, minimum=0.0, maximum=1.0, strict=True)
    if n_resamples is not None:
        n_resamples = check_count("n_resamples", n_resamples, minimum=2)
    if kind is None:
        return Plan(manifolds, None, level=level, seed=seed)
    check_option("uncertainty", kind, KINDS)
    if kind == "subjects":
        _subjects(manifolds)
    if kind in ("neuroids", "subjects"):
        if manifolds.n_neuroids < 2:
            raise ValueError("manifolds has 1 neuroid; a bootstrap of neuroids needs more. Use uncertainty='points'.")
        count = check_count("n_resamples", N_BOOTSTRAP if n_resamples is None else n_resamples, minimum=20)
        return Plan(manifolds, kind, count, level=level, seed=seed, stream=stream)
    n_groups = _point_groups(manifolds, minimum_points) if kind == "points" else _trial_groups(manifolds)
    n_groups = min(n_groups, most_groups)
    n_partitions = max(1, (N_LEFT_OUT if n_resamples is None else n_resamples) // n_groups)
    return Plan(manifolds, kind, n_partitions * n_groups, n_groups, level, seed, stream)


def _subjects(manifolds: Manifolds) -> NDArray[np.intp]:
    """Number of the subject of each neuroid; refused where there is one only, or none is known."""
    values = next((manifolds.neuroid_coords[key] for key in SUBJECTS if key in manifolds.neuroid_coords), None)
    numbers: dict[Any, int] = {}
    found = [] if values is None else [numbers.setdefault(value, len(numbers)) for value in values.tolist()]
    if len(numbers) < 2:
        raise ValueError(
            f"uncertainty='subjects' needs neuroids of at least 2 subjects, named by the coordinate 'subject' or "
            f"'animal'; manifolds has {len(numbers)}. Use uncertainty='neuroids'."
        )
    return np.array(found, dtype=np.intp)


def _neuroids_of_subjects(manifolds: Manifolds, seed: int, number: int) -> NDArray[np.intp]:
    """Neuroids of one resample of subjects; brought to the number there are, on which capacity depends."""
    index = resampled_indices(manifolds.n_neuroids, seed=seed, index=number, groups=_subjects(manifolds))
    shuffled = generator(seed, _ROOM, number).permutation(index)
    return np.sort(np.resize(shuffled, manifolds.n_neuroids))


def _point_groups(manifolds: Manifolds, minimum_points: int) -> int:
    """Groups of points such that every manifold keeps enough without any of them."""
    sizes = manifolds.n_points
    smallest = int(sizes.min())
    n_groups = min(N_GROUPS, smallest)
    if n_groups < 2 or smallest - -(-smallest // n_groups) < minimum_points:
        name = manifolds.names[int(sizes.argmin())]
        raise ValueError(
            f"manifold {name!r} has {smallest} point{'s' if smallest > 1 else ''}; uncertainty='points' leaves points "
            f"out, so it needs at least {max(2, minimum_points + 1)} of every manifold. Drop it with "
            f"manifolds.drop_small(min_points={max(2, minimum_points + 1)}), or use uncertainty='neuroids'."
        )
    return n_groups


def _trial_groups(manifolds: Manifolds) -> int:
    """Groups of trials, as many as the point with fewest repeats allows."""
    if manifolds.trials is None or manifolds.trial_point is None:
        raise ValueError(
            "uncertainty='trials' needs the single trials behind the points. Make manifolds with "
            'Manifolds.from_labels(responses, labels, average="stimulus_id") from responses that repeat their stimuli.'
        )
    counts = np.bincount(manifolds.trial_point)
    if counts.max() < 2:
        raise ValueError(
            "every point has a single trial, so nothing is known about trial noise. Use responses with repeated "
            "stimuli, or uncertainty='neuroids'."
        )
    return min(N_GROUPS, int(counts[counts > 1].min()))


def _without_points(manifolds: Manifolds, n_groups: int, group: int, seed: int) -> Manifolds:
    groups = delete_groups(len(manifolds.stacked), n_groups, seed=seed, strata=manifolds.membership)
    keep = np.ones(len(manifolds.stacked), dtype=bool)
    keep[groups[group]] = False
    return manifolds.select_points(keep)


def _without_trials(manifolds: Manifolds, n_groups: int, group: int, seed: int) -> Manifolds:
    """Points averaged without one group of trials; a point whose only trials these are keeps them."""
    trials, point = manifolds.trials, manifolds.trial_point
    if trials is None or point is None:
        raise ValueError("manifolds keeps no single trials.")
    keep = np.ones(len(trials), dtype=bool)
    keep[delete_groups(len(trials), n_groups, seed=seed, strata=point)[group]] = False
    n_points = len(manifolds.stacked)
    keep |= np.bincount(point[keep], minlength=n_points)[point] == 0
    order = np.argsort(point[keep], kind="stable")
    counts = np.bincount(point[keep], minlength=n_points)
    starts = np.cumsum(counts) - counts
    means = np.add.reduceat(trials[keep][order], starts, axis=0) / counts[:, None]
    clouds = np.split(means, manifolds.offsets[1:-1])
    return Manifolds(clouds, manifolds.names, neuroids=manifolds.neuroid_coords)


def described(arguments: Mapping[str, Any], **resolved: Any) -> dict[str, Any]:
    """Settings of a result: every argument, resolved values in place of what was given, arrays kept short.

    Parameters
    ----------
    arguments : dict
        By name; whether a bar was shown is no setting.
    **resolved
        What was made of them, such as manifolds and seed.

    Returns
    -------
    dict

    Examples
    --------
    >>> described({"margin": 0.0, "seed": None, "progress": True}, seed=3)["seed"]
    3
    """
    kept = {name: value for name, value in arguments.items() if name != "progress"}
    if isinstance(kept.get("labels"), list | tuple):
        kept["labels"] = np.asarray(kept["labels"])
    return make_settings(**kept | resolved)


def _child(seed: int, *key: int) -> int:
    return int(generator(seed, _ROOM, *key).integers(2**62))
