"""From points, dichotomies and Gaussian vectors to the terms of GLUE, and to errors by the jackknife over blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from neurogeom._core.parallel import run_units
from neurogeom.capacity import anchors as formulas
from neurogeom.capacity.alignments import alignments

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


def jackknife_error(replicates: Floats) -> Floats:
    r"""Standard error :math:`\sqrt{(K - 1) / K \sum_k (\theta_k - \bar\theta)^2}` from leave-one-block-out values.

    Parameters
    ----------
    replicates : array (K, ...)
        The estimate without block k.

    Returns
    -------
    array (...)
        Standard error.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.array([1.0, 2.0, 4.0, 7.0])
    >>> leave_one_out = (values.sum() - values) / 3
    >>> bool(np.isclose(jackknife_error(leave_one_out), values.std(ddof=1) / 2))
    True
    """
    n_blocks = len(replicates)
    return np.sqrt((n_blocks - 1) / n_blocks * np.sum((replicates - replicates.mean(axis=0)) ** 2, axis=0))


def estimate(samples: Samples, *, n_jobs: int | None = None) -> Estimate:
    """Capacity, geometry and alignments of solved samples at margin 0, with jackknife replicates.

    Parameters
    ----------
    samples : Samples
        Points, labels, Gaussian vectors and multipliers.
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
    weights = formulas.point_weights(samples.multipliers, samples.membership, samples.n_manifolds)
    mean_weights = np.asarray(weights.sum(axis=0)).ravel() / samples.n_samples
    [(centers, center_gram)] = run_units(_centers, [(samples, mean_weights)], n_jobs=1)
    units = [(samples, weights, centers, center_gram, start, stop) for start, stop in _spans(samples)]
    terms = _join(run_units(_terms, units, n_jobs=n_jobs))
    values = _measures(samples.objective, terms.manifold_objective, terms.b, terms.c, terms.alignments)
    blocks = np.array_split(np.arange(samples.n_samples), min(N_BLOCKS, samples.n_samples))
    left_out = run_units(_leave_out, [(samples, weights, terms, block) for block in blocks], n_jobs=n_jobs)
    replicates = {name: np.stack([found[name] for found in left_out]) for name in left_out[0]}
    active = formulas.active_manifolds(weights, samples.membership, samples.n_manifolds)
    values["active_fraction"] = np.asarray(active.mean())
    values["manifold_active_fraction"] = active.mean(axis=0)
    return Estimate(values, replicates, terms.a, active)


def needed_bytes(n_points: int, n_neuroids: int, n_manifolds: int, n_samples: int, n_workers: int) -> float:
    """Memory that an estimate allocates at its peak, without the points and the kernel's own.

    Examples
    --------
    >>> needed_bytes(2500, 2000, 50, 200, 2) < 1e9
    True
    """
    unit = _unit_length(n_manifolds, n_neuroids, n_samples)
    per_unit = 5.0 * unit * n_manifolds * max(n_neuroids, n_manifolds)
    per_block = n_manifolds * (n_neuroids + n_points) + 8.0 * max(_UNIT_NUMBERS, n_manifolds**2)
    kept = n_samples * (n_neuroids + 4.0 * n_manifolds + n_manifolds**2) + n_manifolds * n_neuroids
    return 8.0 * (kept + n_workers * max(per_unit, per_block))


def _unit_length(n_manifolds: int, n_neuroids: int, n_samples: int) -> int:
    return int(np.clip(_UNIT_NUMBERS // (n_manifolds * n_neuroids), 1, min(_MAXIMUM_UNIT, n_samples)))


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
    targets = samples.targets[start:stop]
    found = formulas.batch_anchors(samples.points, weights[start:stop], samples.membership, samples.n_manifolds)
    terms = formulas.anchor_terms(found, centers, targets)
    responses = np.einsum("kpn,kn->kp", found, targets)
    loads = formulas.manifold_loads(samples.multipliers[start:stop], samples.membership, samples.n_manifolds)
    axes = formulas.axes_of(found, centers)
    return _Terms(
        a=terms.a,
        b=terms.b,
        c=terms.c,
        manifold_objective=samples.signs[start:stop] * loads * responses,
        anchor_gram=found @ found.transpose(0, 2, 1),
        anchor_responses=responses,
        alignments=alignments(center_gram, axes @ axes.transpose(0, 2, 1), centers @ axes.transpose(0, 2, 1)),
    )


def _join(parts: list[_Terms]) -> _Terms:
    """Units in order, joined along samples; alignments of centers are those of any unit."""
    names = ("a", "b", "c", "manifold_objective", "anchor_gram", "anchor_responses")
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return _Terms(**joined, alignments=_join_alignments([part.alignments for part in parts]))


def _join_alignments(parts: list[dict[str, Floats]]) -> dict[str, Floats]:
    return {
        name: np.concatenate([part[name] for part in parts]) if first.ndim else first
        for name, first in parts[0].items()
    }


def _measures(
    objective: Floats, manifold_objective: Floats, b: Floats, c: Floats, aligned: dict[str, Floats]
) -> dict[str, Floats]:
    """All measures of a set of samples, by name."""
    means = {name: np.asarray(value.mean()) for name, value in aligned.items()}
    return formulas.geometry(objective, manifold_objective, b, c) | means


def _leave_out(samples: Samples, weights: sparse.csr_array, terms: _Terms, block: NDArray[np.int64]) -> dict:
    """All measures without one block of samples: the centers move too, so b and c are formed anew."""
    kept = np.setdiff1d(np.arange(samples.n_samples), block)
    kept_weights = weights[kept]
    mean_weights = np.asarray(kept_weights.sum(axis=0)).ravel() / len(kept)
    centers, center_gram = _centers(samples, mean_weights)
    used = np.flatnonzero(mean_weights > 0)
    against_centers = samples.points[used] @ centers.T
    responses = terms.anchor_responses[kept] - samples.targets[kept] @ centers.T
    b, c = np.empty_like(responses), np.empty_like(responses)
    aligned = []
    length = max(1, _UNIT_NUMBERS // samples.n_manifolds**2)
    for start in range(0, len(kept), length):
        part = slice(start, start + length)
        stacked = formulas.stack_weights(
            kept_weights[part][:, used], samples.membership[used], samples.n_manifolds
        )
        cross = np.asarray(stacked @ against_centers).reshape(-1, samples.n_manifolds, samples.n_manifolds)
        axis_gram = _axis_gram(terms.anchor_gram[kept[part]], cross, center_gram)
        b[part], c[part] = formulas.gram_terms(axis_gram, center_gram, responses[part])
        aligned.append(alignments(center_gram, axis_gram, cross.transpose(0, 2, 1) - center_gram))
    return _measures(
        samples.objective[kept], terms.manifold_objective[kept], b, c, _join_alignments(aligned)
    )


def _axis_gram(anchor_gram: Floats, cross: Floats, center_gram: Floats) -> Floats:
    """G1 = S S^T - S S0^T - S0 S^T + G0, with rows of anchors that did not move set to zero."""
    axis_gram = anchor_gram - cross - cross.transpose(0, 2, 1) + center_gram
    size = np.einsum("kpp->kp", anchor_gram) + np.diagonal(center_gram)
    still = np.einsum("kpp->kp", axis_gram) <= _STILL_IN_GRAM * size
    axis_gram[np.broadcast_to(still[:, :, None], axis_gram.shape)] = 0.0
    axis_gram[np.broadcast_to(still[:, None, :], axis_gram.shape)] = 0.0
    return axis_gram
