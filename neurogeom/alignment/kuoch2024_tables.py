"""The tables of the analysis of Kuoch et al. (2024), each for all systems."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from neurogeom._core.random import generator
from neurogeom.alignment.inputs import Floats
from neurogeom.alignment.kuoch2024_systems import System
from neurogeom.alignment.pairs import manifolds
from neurogeom.alignment.rdm import dissimilarities
from neurogeom.alignment.rdm_comparison import pearson, spearman
from neurogeom.alignment.relative import fisher_interval, mantel, similarity_of_matrices, system_matrices
from neurogeom.capacity.mean_field import mean_field
from neurogeom.results import Result
from neurogeom.statistics import permutation_p_value

MCT = ("capacity", "radius", "dimension", "dimension_published", "center_correlation")
LINKS = {
    "distance_cross_r2": ("distance", "cross_r2"),
    "distance_mismatch": ("distance", "regression_mismatch"),
    "signal_cross_r2": ("signal_mismatch", "cross_r2"),
    "signal_mismatch": ("signal_mismatch", "regression_mismatch"),
}
"""The four panels of figure 7: a distance against what a common read-out loses."""

Variables = dict[str, tuple[tuple[str, ...], Any]]
_MOST_RELABELINGS = 20_000


def mct_table(
    systems: Sequence[System], *, n_bootstrap: int, n_dims: int | None, seed: int, n_jobs: int | None, **options: Any
) -> Variables:
    """Mean-field capacity theory of the object manifolds of each system; intervals over neuroids for regions."""
    rows: dict[str, list[Any]] = {}
    for system in systems:
        bootstrap = n_bootstrap if system.kind == "region" else 0
        more: dict[str, Any] = {"uncertainty": "neuroids", "n_resamples": bootstrap} if bootstrap else {}
        result = mean_field(system.manifolds("object", seed, n_dims), seed=seed, n_jobs=n_jobs, **options, **more)
        for name in MCT:
            value = result.data[name].item()
            rows.setdefault(name, []).append(value)
            error = result.data[f"{name}_se"].item() if f"{name}_se" in result.data else np.nan
            rows.setdefault(f"{name}_se", []).append(error)
            interval = result.data[f"{name}_ci"].values if f"{name}_ci" in result.data else np.full(2, np.nan)
            rows.setdefault(f"{name}_ci", []).append(interval)
    return {
        f"mct_{name}": (("system", "bound") if name.endswith("_ci") else ("system",), np.array(values))
        for name, values in rows.items()
        if not np.all(np.isnan(values))
    }


def alignment_table(systems: Sequence[System], *, n_dims: int | None, seed: int, **options: Any) -> Variables:
    """Alignment of the category manifolds of each system: d, d², excess, their means, and shuffled labels."""
    matrices = ("distance", "distance_squared", "excess")
    numbers = {
        "mean_distance": "alignment_mean_distance",
        "mean_distance_ci": "alignment_mean_distance_ci",
        "mean_distance_squared": "alignment_mean_distance_squared",
        "mean_distance_squared_ci": "alignment_mean_distance_squared_ci",
        "mean_excess": "alignment_mean_excess",
        "mean_excess_se": "alignment_mean_excess_se",
        "mean_shuffled": "shuffled_mean",
        "mean_shuffled_squared": "shuffled_mean_squared",
        "shuffled_sd": "shuffled_sd",
        "z": "shuffled_z",
        "p": "shuffled_p",
    }
    found = [manifolds(system.manifolds("category", seed, n_dims), seed=seed, **options) for system in systems]
    table: Variables = {}
    for name in matrices:
        if name in found[0].data:
            values = np.stack([result.data[name].values for result in found])
            table[f"alignment_{name}"] = (("system", "category", "other_category"), values)
    for name, key in numbers.items():
        if name in found[0].data:
            dims = ("system", "bound") if name.endswith("_ci") else ("system",)
            table[key] = (dims, np.stack([result.data[name].values for result in found]))
    return table


def relative_table(
    systems: Sequence[System],
    *,
    centers: str,
    n_permutations: int,
    n_bootstrap: int,
    n_dims: int | None,
    seed: int,
) -> Variables:
    """Position, alignment and stimulus-wise similarity of each system with each region; p by permuted classes."""
    parts = [system_parts(system, centers, seed, n_dims) for system in systems]
    regions = [i for i, system in enumerate(systems) if system.kind == "region"]
    shape = (len(systems), len(regions))
    table = {name: np.zeros(shape) for name in ("position", "alignment", "rsa", "position_p", "alignment_p")}
    intervals = {name: np.full((*shape, 2), np.nan) for name in ("position", "alignment", "rsa")}
    for row, own in enumerate(parts):
        for column, other_index in enumerate(regions):
            other = parts[other_index]
            table["rsa"][row, column] = pearson(own["rsa"], other["rsa"])
            for key, kind in enumerate(("position", "alignment")):
                value = similarity_of_matrices(own[kind], other[kind], kind)
                draws = mantel(own[kind], other[kind], n_permutations, partial(generator, seed, 21, key))
                table[kind][row, column] = value
                table[f"{kind}_p"][row, column] = float(permutation_p_value(value, draws))
    if n_bootstrap:
        for column, index in enumerate(regions):
            spread = _resampled(systems[index], parts, centers, n_dims, n_bootstrap, seed)
            for kind, draws in spread.items():
                for row in range(len(systems)):
                    if row != index:  # a region with its own resampled copy says nothing
                        intervals[kind][row, column] = fisher_interval(table[kind][row, column], draws[row])
    variables: Variables = {f"relative_{name}": (("system", "region"), values) for name, values in table.items()}
    if n_bootstrap:
        variables |= {f"relative_{name}_ci": (("system", "region", "bound"), v) for name, v in intervals.items()}
    return variables


def system_parts(system: System, centers: str, seed: int, n_dims: int | None) -> dict[str, Floats]:
    """Center correlations and alignment distances of the categories, and condensed dissimilarities of the stimuli."""
    parts = system_matrices(system.manifolds("category", seed, n_dims), centers=centers, squared=False, metric=None)
    return {**parts, "rsa": dissimilarities(system.responses, "correlation")}


def _resampled(
    region: System, parts: Sequence[Mapping[str, Floats]], centers: str, n_dims: int | None, n_bootstrap: int, seed: int
) -> dict[str, Floats]:
    """Similarities of all systems with a region whose neuroids are drawn anew, (systems, n_bootstrap) per kind."""
    draws: dict[str, list[list[float]]] = {"position": [], "alignment": [], "rsa": []}
    n_neuroids = region.responses.shape[1]
    for i in range(n_bootstrap):
        index = generator(seed, 22, i).integers(n_neuroids, size=n_neuroids)
        again = System(*(region.name, region.kind, "", "", region.region, region.responses[:, index], region.stimuli))
        own = system_parts(again, centers, seed, n_dims)
        for kind, values in draws.items():
            upper = np.triu_indices(len(own[kind]), 1) if kind != "rsa" else slice(None)
            values.append([pearson(other[kind][upper], own[kind][upper]) for other in parts])
    return {kind: np.array(values).T for kind, values in draws.items()}


def regression_table(
    systems: Sequence[System],
    features: Sequence[str],
    *,
    by: str,
    n_components: int | None,
    alpha: float | str,
    n_dims: int | None,
    seed: int,
) -> Variables:
    """For each feature, pairs of manifolds of each system, and the rank correlations of figure 7 over pairs."""
    names = ("distance", "signal_mismatch", "regression_mismatch", "cross_r2", "overlap_rank")
    stacked: dict[str, list[list[Floats]]] = {name: [] for name in names}
    links = np.zeros((len(features), len(systems), len(LINKS)))
    for row, feature in enumerate(features):
        for column, system in enumerate(systems):
            result = manifolds(
                system.manifolds(by, seed, n_dims), feature, n_shuffles=0, n_splits=0, alpha=alpha,
                signal_components=n_components, seed=seed,
            )  # fmt: skip
            for name in names:
                if column == 0:
                    stacked[name].append([])
                stacked[name][row].append(result.data[name].values)
            links[row, column] = [link_over_pairs(result, x, y) for x, y in LINKS.values()]
    dims = ("feature", "system", "manifold", "other_manifold")
    table: Variables = {f"regression_{name}": (dims, np.array(values)) for name, values in stacked.items()}
    table["regression_rank_correlation"] = (("feature", "system", "link"), links)
    return table


def link_over_pairs(result: Result, x: str, y: str) -> float:
    """Rank correlation of two quantities over pairs; saturated pairs, which hold no data, are left out.

    NaN where fewer than 3 pairs are left (the saturation warning has said so), or where one quantity is constant.
    """
    off = ~np.eye(result.data.sizes["manifold"], dtype=bool)
    if {x, y} & {"signal_mismatch", "regression_mismatch"}:
        off &= result.data["overlap_rank"].values > 0
    return spearman(result.data[x].values[off], result.data[y].values[off]) if off.sum() >= 6 else np.nan


def group_table(systems: Sequence[System], groups: Mapping[str, str], table: Variables) -> tuple[Variables, dict]:
    """Difference of two groups of models in each quantity, layer by layer, with exact permutation p.

    All relabelings of the models are used; with 7 against 3 models the smallest possible p is 1/120.
    """
    models = list(dict.fromkeys(system.model for system in systems if system.kind == "model"))
    labels = [str(groups[model]) for model in models]
    first, second = sorted(set(labels))
    chosen = np.array([label == first for label in labels])
    layers = [
        layer
        for layer in dict.fromkeys(system.layer for system in systems if system.kind == "model")
        if all(any(s.model == model and s.layer == layer for s in systems) for model in models)
    ]
    regions = [system.region for system in systems if system.kind == "region"]
    quantities = {name: table[name][1] for name in ("mct_capacity", "mct_radius", "mct_dimension_published")}
    quantities |= {name: table[name][1] for name in ("mct_center_correlation", "alignment_mean_distance")}
    for column, region in enumerate(regions):
        for kind in ("position", "alignment", "rsa"):
            quantities[f"relative_{kind}:{region}"] = table[f"relative_{kind}"][1][:, column]
    differences = np.zeros((len(layers), len(quantities)))
    ps = np.zeros_like(differences)
    for row, layer in enumerate(layers):
        place = [next(i for i, s in enumerate(systems) if s.model == model and s.layer == layer) for model in models]
        for column, values in enumerate(quantities.values()):
            differences[row, column], ps[row, column] = permuted_difference(np.asarray(values)[place], chosen)
    found: Variables = {
        "groups_difference": (("group_layer", "quantity"), differences),
        "groups_p": (("group_layer", "quantity"), ps),
        "groups_smallest_p": ((), smallest_p(len(models), int(chosen.sum()))),
        "groups_compared": ((), f"{first} − {second}"),
    }
    return found, {"group_layer": layers, "quantity": list(quantities)}


def smallest_p(n: int, k: int) -> float:
    """The least two-sided p that :func:`permuted_difference` can give k of n models.

    With groups of one size, exchanging them turns the sign of a difference and leaves its size: two relabelings are as
    extreme as the labels themselves, not one.
    """
    total = math.comb(n, k)
    step = max(1, total // _MOST_RELABELINGS)
    if step == 1:
        return (2 if n == 2 * k else 1) / total
    return 1.0 / (1 + -(-total // step))


def permuted_difference(values: Floats, chosen: np.ndarray) -> tuple[float, float]:
    """Difference of the means of two groups and its two-sided p over all relabelings (about 20,000 of them at most)."""
    n, k = len(values), int(chosen.sum())
    observed = float(values[chosen].mean() - values[~chosen].mean())
    total = math.comb(n, k)
    step = max(1, total // _MOST_RELABELINGS)
    larger = count = 0
    for index in itertools.islice(itertools.combinations(range(n), k), 0, None, step):
        inside = np.zeros(n, dtype=bool)
        inside[list(index)] = True
        larger += abs(values[inside].mean() - values[~inside].mean()) >= abs(observed) - 1e-12 * max(abs(observed), 1.0)
        count += 1
    return observed, (larger / count) if step == 1 else (1 + larger) / (1 + count)
