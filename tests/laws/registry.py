"""What each law is tried on: every registered kind of result has a small example here.

A room adds a result in ``tests/laws/examples/<room>.py``, by a function that makes one in well under a second::

    @example("capacity.glue")
    def glue() -> Result:
        return capacity.glue(MANIFOLDS, n_samples=20, seed=0)

``tests/laws/test_results.py`` fails when a kind has no example.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import xarray as xr

from neurogeom.results import Result, make_settings, register
from tests.architecture.source import rooms

_EXAMPLES: dict[str, Callable[[], Result]] = {}


def example(kind: str) -> Callable[[Callable[[], Result]], Callable[[], Result]]:
    """Register a function that makes a small result of a kind."""

    def keep(make: Callable[[], Result]) -> Callable[[], Result]:
        _EXAMPLES[kind] = make
        return make

    return keep


def load_examples() -> None:
    """Import the examples of all rooms."""
    for path in sorted(Path(__file__).with_name("examples").glob("*.py")):
        importlib.import_module(f"tests.laws.examples.{path.stem}")


@lru_cache
def make(kind: str) -> Result:
    """The example of a kind; made once in each test process."""
    return _EXAMPLES[kind]()


def kinds() -> list[str]:
    """Kinds that have an example."""
    return sorted(_EXAMPLES)


def load_all_rooms() -> None:
    """Import every room, so that every kind is registered."""
    for room in rooms():
        importlib.import_module(f"neurogeom.{room}")


@register
class Everything(Result):
    """One result with everything that a result can hold."""

    kind = "test.everything"
    title = "Everything <at once>"
    headline = ("capacity", "dimension", "n_points")
    labels = {"capacity": ("capacity α", ""), "dimension": ("dimension", "axes")}


@example("test.everything")
def everything() -> Result:
    rng = np.random.default_rng(0)
    data = xr.Dataset(
        {
            "capacity": 0.41182,
            "capacity_se": 0.0123,
            "capacity_ci": ("bound", [0.39, 0.44]),
            "dimension": np.nan,
            "n_points": 300,
            "separable": True,
            "manifold_capacity": ("manifold", [0.1, np.inf]),
            "manifold_capacity_se": ("manifold", [0.01, 0.02]),
            "manifold_capacity_ci": (("manifold", "bound"), [[0.08, 0.12], [0.1, np.inf]]),
            "pair_capacity": (
                ("manifold", "other_manifold"),
                rng.normal(size=(2, 2)),
                {"units": "patterns per neuroid"},
            ),
            "sample_objective": ("sample", rng.normal(size=5).astype(np.float32)),
            "point_active": ("point", np.array([True, False, True])),
            "neuroid_gain_effect": ("neuroid", np.zeros(0)),
            "manifold_label": ("manifold", ["<cat>", "Größe"]),
        },
        coords={
            "bound": ["low", "high"],
            "manifold": ["<cat>", "dog & co"],
            "other_manifold": ["<cat>", "dog & co"],
            "region": ("neuroid", np.array([], dtype="<U1")),
        },
    )
    settings = make_settings(
        seed=2**62 + 1,
        n_samples=5,
        backend="cpu",
        uncertainty="neuroids",
        level=0.95,
        t=rng.normal(size=(50, 3)),
        margin=0.0,
    )
    diagnostics = {
        "residual": np.float64(1e-12),
        "fallbacks": 0,
        "per_sample": np.arange(3),
        "none": None,
        "nan": np.nan,
    }
    warnings = ("capacity <b>0.200</b> lies within 1.5x of its floor & more",)
    return Everything(data, settings, diagnostics, warnings, ("Chou et al. 2025, equation 5",))
