"""The methods paragraph of capacity results: what was computed, how, and how far it was proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neurogeom.capacity.text import OVER, level_words, method, one_of, side_names

_TOLD = (
    "n_samples", "n_trials", "dichotomies", "origin", "margin", "center_correction", "uncertainty", "level", "over",
    "method", "paired",
)  # fmt: skip
"""Settings that the methods paragraph tells; results that differ in one are described apart."""

_DICHOTOMIES = {
    "balanced": "random balanced dichotomies",
    "random": "random dichotomies (each label drawn on its own, with equal chances)",
    "one_vs_rest": "dichotomies of one manifold against all others, each used equally often",
    "pairwise": "every pair of manifolds solved alone (capacity is the harmonic mean over pairs, geometry the mean)",
}


def paragraph(results: Sequence[Any]) -> str:
    """Write what :func:`neurogeom.capacity.text.methods` returns.

    Parameters
    ----------
    results : sequence of Result
        Results of this room; those of one kind and equal settings are described once.

    Returns
    -------
    str
        One paragraph.
    """
    groups: dict[tuple[str, ...], list[Any]] = {}
    for result in results:
        if result.kind in _METHODS:
            alike = (result.kind, *(str(result.settings.get(name)) for name in _TOLD))
            groups.setdefault(alike, []).append(result)
    return " ".join(_METHODS[kind](mine[0], mine) for (kind, *_), mine in groups.items())


def _dichotomies(result: Any) -> str:
    """Which labels were asked for, in words."""
    value = result.settings.get("dichotomies", "balanced")
    rules = value if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value) else [value]
    words = [
        _DICHOTOMIES.get(one, "given dichotomies") if isinstance(one, str) else "given dichotomies" for one in rules
    ]
    return " or ".join(dict.fromkeys(words))


def _count(diagnostics: Any, name: str) -> int:
    """A diagnostic summed over the results that were put together."""
    if not isinstance(diagnostics, Mapping):
        return 0
    parts = [part for key, value in diagnostics.items() if str(key).startswith("per_") for part in value]
    return int(diagnostics.get(name) or 0) + sum(_count(part, name) for part in parts)


def _certificate(results: Sequence[Any]) -> str:
    """How far the solutions were proved, from the counts of these results."""
    n_inexact, n_undecided = (
        sum(_count(result.diagnostics, name) for result in results) for name in ("n_inexact", "n_undecided")
    )
    words = "each projection on a polyhedral cone was certified by its optimality conditions, to 1e-9"
    if n_inexact:
        words = (
            "projections on polyhedral cones were certified by their optimality conditions, to 1e-9 but for "
            f"{n_inexact} of them, which are less exact"
        )
    if n_undecided:
        words += f"; whether the dichotomy is separable could not be decided in {n_undecided} samples"
    return words


def _glue_methods(result: Any, results: Sequence[Any]) -> str:
    s = result.settings
    origin = "after subtracting the mean of all points" if s.get("origin") == "mean" else "without shifting the origin"
    margin = float(one_of(s.get("margin")) or 0.0)
    geometry = "" if margin else " and its geometry (dimension D, radius R, utility Ψ, with α = Ψ(1 + R⁻²)/D)"
    return (
        f"Manifold capacity α{geometry} {'was' if margin else 'were'} computed with GLUE (arXiv:2603.01879) from "
        f"{one_of(s.get('n_samples', '?'))} Gaussian samples with {_dichotomies(result)}, {origin}, at margin "
        f"{margin:g}; {_certificate(results)}. {_error_sentence(result)}"
    )


def _mean_field_methods(result: Any, results: Sequence[Any]) -> str:
    s = result.settings
    correction = s.get("center_correction")
    center = "with low-rank correction of correlated centers" if correction else "without center correction"
    margin = float(one_of(s.get("margin")) or 0.0)
    return (
        f"Mean-field capacity, radius and dimension (Chung, Lee and Sompolinsky, 2018; Cohen et al., 2020) were "
        f"computed for each manifold from {one_of(s.get('n_samples', '?'))} Gaussian samples at margin "
        f"{margin:g}, {center}; capacity is the harmonic mean over manifolds, radius and "
        f"dimension are arithmetic means, within the affine span of each manifold; {_certificate(results)}. "
        f"{_error_sentence(result)}"
    )


def _simulated_methods(result: Any, results: Sequence[Any]) -> str:
    n_undecided = sum(_count(one.diagnostics, "n_undecided") for one in results)
    proof = f", but for {n_undecided} trials in which it could not be decided everywhere" if n_undecided else ""
    return (
        f"Simulated capacity is the number of manifolds over the median number of random Gaussian projections at "
        f"which they become linearly separable through the origin, with {_dichotomies(result)}, over "
        f"{one_of(result.settings.get('n_trials', '?'))} trials; separability was certified{proof}. Its intervals are "
        f"from order statistics."
    )


def _sensitivity_methods(result: Any, results: Sequence[Any]) -> str:
    return (
        f"The sensitivity of GLUE capacity to the gain of each neuroid is the exact derivative ∂α/∂ln g, from the "
        f"multipliers of {one_of(result.settings.get('n_samples', '?'))} samples (envelope theorem) with "
        f"{_dichotomies(result)}; {_certificate(results)}. {_error_sentence(result)}"
    )


def _curve_methods(result: Any, results: Sequence[Any]) -> str:
    over = str(result.settings.get("over", "n_neuroids")).removeprefix("n_")
    return f"Values were recomputed on random subsamples of {over}; spread is the standard deviation over subsamples."


def _comparison_methods(result: Any, results: Sequence[Any]) -> str:
    first, second = side_names(result)
    one_by_one = "resampled together, one by one" if one_of(result.settings.get("paired")) else "resampled apart"
    return (
        f"Differences between {first} and {second} ({method(result)}) share dichotomies and Gaussian vectors in the "
        f"estimate and in every resample; units of the two were {one_by_one}. {_error_sentence(result)}"
    )


def _error_sentence(result: Any) -> str:
    uncertainty = one_of(result.settings.get("uncertainty"))
    if uncertainty in OVER:
        return f"Intervals are {level_words(result.settings)} intervals {OVER[uncertainty]}."
    return "Errors are Monte-Carlo errors over samples."


_METHODS = {
    "capacity.glue": _glue_methods,
    "capacity.mean_field": _mean_field_methods,
    "capacity.simulated": _simulated_methods,
    "capacity.sensitivity": _sensitivity_methods,
    "capacity.curve": _curve_methods,
    "capacity.comparison": _comparison_methods,
}
