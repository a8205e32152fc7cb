"""From points, dichotomies and Gaussian vectors to the terms of GLUE, and to errors by the jackknife over blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from neurogeom._core.parallel import run_units
from neurogeom.capacity import anchors as formulas
from neurogeom.capacity.alignments import alignments
from neurogeom.statistics import block_groups, jackknife_error

Floats = NDArray[np.float64]

#: Blocks of samples that the jackknife leaves out in turn.
N_BLOCKS = 20
# Numbers held at once by one unit of work. Units depend on sizes alone, so results do not depend on workers.
_UNIT_NUMBERS = 2**21
_MAXIMUM_UNIT = 25
# Gram matrices lose what is smaller than this share of the anchors' squared lengths
_STILL_IN_GRAM = 1e-14


@dataclass(frozen=True)
class Samples:
    """Solved samples of one set of manifolds.

    Attributes
    ----------
    points : array (n, N)
    membership : int array (n,)
    targets : array (k, N)
        Gaussian vectors t.
    signs : int8 array (k, P)
        Labels y.
    objective : array (k,)
        F of each sample.
    multipliers : sparse array (k, n)
    """

    points: Floats
    membership: NDArray[np.int64]
    targets: Floats
    signs: NDArray[np.int8]
    objective: Floats
    multipliers: sparse.csr_array

    @property
    def n_samples(self) -> int:
        """Number of samples k."""
        return len(self.targets)

    @property
    def n_manifolds(self) -> int:
        """Number of manifolds P."""
        return self.signs.shape[1]


@dataclass(frozen=True)
class Estimate:
    """Measures of one set of manifolds, each with its leave-one-block-out replicates.

    Attributes
    ----------
    values : dict of arrays
        Measures by name; scalars are 0-d, per-manifold values (P,).
    replicates : dict of arrays
        The same with the blocks of the jackknife as first axis.
    projection : array (k,)
        a of each sample, which equals F.
    active : bool array (k, P)
        Manifolds with a positive multiplier.
    """

    values: dict[str, Floats]
    replicates: dict[str, Floats]
    projection: Floats
    active: NDArray[np.bool_]

    def standard_errors(self) -> dict[str, Floats]:
        """Monte-Carlo standard error of each value by the jackknife over blocks of samples."""
        return {name: jackknife_error(found) for name, found in self.replicates.items()}


@dataclass(frozen=True)
class _Terms:
    """What one unit of samples gives; arrays have the samples as first axis."""

    a: Floats
    b: Floats
    c: Floats
    manifold_objective: Floats
    anchor_gram: Floats
    anchor_responses: Floats
    alignments: dict[str, Floats]


def estimate(samples: Samples, *, errors: bool = True, n_jobs: int | None = None) -> Estimate:
    """Capacity, geometry and alignments of solved samples at margin 0, with jackknife replicates.

    Parameters
    ----------
    samples : Samples
        Points, labels, Gaussian vectors and multipliers.
    errors : bool
        Whether to form the replicates of the jackknife.
    n_jobs : int, optional
        Workers; the numbers do not depend on it.

    Returns
    -------
    Estimate
        Values and replicates. Anchors are streamed in two passes: the multipliers are sparse, so their mean gives the
        centers first, and each sample's anchors are built, used and dropped after.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> targets = np.array([[3.0, 1.0], [1.0, -2.0], [-1.0, 1.0]])
    >>> multipliers = sparse.csr_array(np.maximum(targets, 0.0))  # two orthogonal unit points, both labeled +1
    >>> objective = np.maximum(targets, 0.0) ** 2
    >>> found = estimate(
    ...     Samples(np.eye(2), np.arange(2), targets, np.ones((3, 2), np.int8), objective.sum(axis=1), multipliers)
    ... )
    >>> round(float(found.values["capacity"]), 6)  # P / E[F] = 2 / 4
    0.5
    """
    n_samples, n_manifolds = samples.signs.shape
    weights = formulas.point_weights(samples.multipliers, samples.membership, n_manifolds)
    mean_weights = np.asarray(weights.sum(axis=0)).ravel() / n_samples
    [(centers, center_gram)] = run_units(_centers, [(samples, mean_weights)], n_jobs=1)
    units = [(samples, weights, centers, center_gram, start, stop) for start, stop in _spans(samples)]
    terms = _join(run_units(_terms, units, n_jobs=n_jobs))
    means = {name: np.asarray(value.mean()) for name, value in terms.alignments.items()}
    values = formulas.geometry(samples.objective, terms.manifold_objective, terms.b, terms.c) | means
    active = formulas.active_manifolds(weights, samples.membership, n_manifolds)
    values["active_fraction"] = np.asarray(active.mean())
    values["manifold_active_fraction"] = active.mean(axis=0)
    replicates = _replicates(samples, weights, terms, n_jobs=n_jobs) if errors else {}
    return Estimate(values, replicates, terms.a, active)


def needed_bytes(n_points: int, n_neuroids: int, n_manifolds: int, n_samples: int, n_workers: int) -> float:
    """Memory that an estimate allocates at its peak, without the points and the kernel's own.

    Parameters
    ----------
    n_points, n_neuroids, n_manifolds, n_samples, n_workers : int
        Sizes.

    Returns
    -------
    float
        Bytes.

    Examples
    --------
    >>> needed_bytes(2500, 2000, 50, 200, 2) < 1e9
    True
    """
    unit = _unit_length(n_manifolds, n_neuroids, n_samples)
    per_unit = 5.0 * unit * n_manifolds * max(n_neuroids, n_manifolds)
    several = _blocks_at_once(n_manifolds, n_samples, min(N_BLOCKS, n_samples))
    per_block = several * n_manifolds * (n_neuroids + n_points) + 8.0 * max(_UNIT_NUMBERS, n_manifolds**2)
    kept = n_samples * (n_neuroids + 4.0 * n_manifolds + n_manifolds**2) + n_manifolds * n_neuroids
    return 8.0 * (kept + n_workers * max(per_unit, per_block))


def _unit_length(n_manifolds: int, n_neuroids: int, n_samples: int) -> int:
    return int(np.clip(_UNIT_NUMBERS // (n_manifolds * n_neuroids), 1, min(_MAXIMUM_UNIT, n_samples)))


def _blocks_at_once(n_manifolds: int, n_samples: int, n_blocks: int) -> int:
    return int(np.clip(_UNIT_NUMBERS // (n_samples * n_manifolds**2), 1, n_blocks))


def _spans(samples: Samples) -> list[tuple[int, int]]:
    """First and last sample of each unit."""
    length = _unit_length(samples.n_manifolds, samples.targets.shape[1], samples.n_samples)
    return [(start, min(start + length, samples.n_samples)) for start in range(0, samples.n_samples, length)]


def _centers(samples: Samples, mean_weights: Floats) -> tuple[Floats, Floats]:
    centers = formulas.center_anchors(samples.points, mean_weights, samples.membership, samples.n_manifolds)
    return centers, centers @ centers.T


def _terms(
    samples: Samples, weights: sparse.csr_array, centers: Floats, center_gram: Floats, start: int, stop: int
) -> _Terms:
    """One unit: anchors of samples start to stop, their terms and Gram matrices."""
    found = formulas.batch_anchors(samples.points, weights[start:stop], samples.membership, samples.n_manifolds)
    terms = formulas.anchor_terms(found, centers, samples.targets[start:stop])
    loads = formulas.manifold_loads(samples.multipliers[start:stop], samples.membership, samples.n_manifolds)
    return _Terms(
        a=terms.a,
        b=terms.b,
        c=terms.c,
        manifold_objective=samples.signs[start:stop] * loads * terms.anchor_responses,
        anchor_gram=terms.anchor_gram,
        anchor_responses=terms.anchor_responses,
        alignments=alignments(center_gram, terms.axis_gram, terms.cross_gram),
    )


def _join(parts: list[_Terms]) -> _Terms:
    """Units in order, joined along samples; alignments of centers are those of any unit."""
    names = ("a", "b", "c", "manifold_objective", "anchor_gram", "anchor_responses")
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    aligned = {
        name: np.concatenate([part.alignments[name] for part in parts]) if first.ndim else first
        for name, first in parts[0].alignments.items()
    }
    return _Terms(**joined, alignments=aligned)


def _join_alignments(parts: list[dict[str, Floats]]) -> dict[str, Floats]:
    return {
        name: np.concatenate([part[name] for part in parts]) if first.ndim else first
        for name, first in parts[0].items()
    }


def _replicates(samples: Samples, weights: sparse.csr_array, terms: _Terms, *, n_jobs: int | None) -> dict[str, Floats]:
    """All measures without each block of consecutive samples in turn: the centers move too."""
    n_samples, n_manifolds = samples.signs.shape
    n_blocks = min(N_BLOCKS, n_samples)
    kept = np.ones((n_blocks, n_samples))
    for row, block in zip(kept, block_groups(n_samples, n_blocks), strict=True):
        row[block] = 0.0
    kept /= kept.sum(axis=1, keepdims=True)
    used = np.flatnonzero(weights.sum(axis=0) > 0)
    stacked = formulas.stack_weights(weights[:, used], samples.membership[used], n_manifolds)
    several = _blocks_at_once(n_manifolds, n_samples, n_blocks)
    units = [
        (samples, weights, used, stacked, terms, kept[start : start + several]) for start in range(0, n_blocks, several)
    ]
    found = run_units(_leave_out, units, n_jobs=n_jobs)
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def _leave_out(
    samples: Samples,
    weights: sparse.csr_array,
    used: NDArray[np.int64],
    stacked: sparse.csr_array,
    terms: _Terms,
    kept: Floats,
) -> dict[str, Floats]:
    """One unit: B blocks left out at once; ``kept`` (B, k) holds the weight of each sample in the means."""
    n_blocks, (n_samples, n_manifolds) = len(kept), samples.signs.shape
    points, membership = samples.points[used], samples.membership[used]
    mean_weights = sparse.csr_array(np.asarray(kept @ weights)[:, used])
    centers = formulas.batch_anchors(points, mean_weights, membership, n_manifolds)
    center_gram = centers @ centers.transpose(0, 2, 1)
    against = points @ centers.reshape(-1, centers.shape[2]).T
    means: dict[str, Floats] = {}
    length = max(1, _UNIT_NUMBERS // (n_blocks * n_manifolds**2))
    for start in range(0, n_samples, length):
        part = slice(start, min(start + length, n_samples))
        cross = np.asarray(stacked[part.start * n_manifolds : part.stop * n_manifolds] @ against)
        cross = cross.reshape(-1, n_manifolds, n_blocks, n_manifolds).transpose(2, 0, 1, 3)
        axis_gram = _axis_gram(terms.anchor_gram[part], cross, center_gram)
        responses = terms.anchor_responses[part] - samples.targets[part] @ centers.transpose(0, 2, 1)
        b, c = formulas.gram_terms(axis_gram, center_gram[:, None], responses)
        found = alignments(center_gram[:, None], axis_gram, cross.swapaxes(2, 3) - center_gram[:, None])
        for name, value in (found | {"b": b, "c": c}).items():
            share = kept[:, part].reshape(*kept[:, part].shape, *[1] * (value.ndim - 2))
            means[name] = means.get(name, 0.0) + np.sum(share * value, axis=1)
    objective, manifold_objective = kept @ samples.objective, kept @ terms.manifold_objective
    return formulas.geometry_of_means(objective, manifold_objective, means.pop("b"), means.pop("c")) | means


def _axis_gram(anchor_gram: Floats, cross: Floats, center_gram: Floats) -> Floats:
    """G1 = S S^T - S S0^T - S0 S^T + G0 (B, k, P, P), with rows of anchors that did not move set to zero."""
    axis_gram = anchor_gram - cross - cross.swapaxes(2, 3) + center_gram[:, None]
    size = np.einsum("kpp->kp", anchor_gram) + np.einsum("bpp->bp", center_gram)[:, None]
    moved = np.einsum("bkpp->bkp", axis_gram) > _STILL_IN_GRAM * size
    axis_gram *= moved[..., :, None] & moved[..., None, :]
    return axis_gram
