"""Behavioral alignment: do models and people err on the same images, and do they see shape or texture."""

from __future__ import annotations

from neurogeom.behavior.benchmark import benchmark
from neurogeom.behavior.categories import choose
from neurogeom.behavior.consistency import Kappa, error_consistency, kappa
from neurogeom.behavior.performance import accuracy, image_performance
from neurogeom.behavior.results import (
    AccuracyResult,
    BehaviorResult,
    BenchmarkResult,
    ConsistencyResult,
    ShapeBiasResult,
)
from neurogeom.behavior.shape_bias import shape_bias
from neurogeom.behavior.trials import (
    CATEGORIES,
    EXCLUDED_CONDITIONS,
    condition_text,
    image_key,
    kept_conditions,
    read_trials,
)

__all__ = [
    "CATEGORIES",
    "EXCLUDED_CONDITIONS",
    "AccuracyResult",
    "BehaviorResult",
    "BenchmarkResult",
    "ConsistencyResult",
    "Kappa",
    "ShapeBiasResult",
    "accuracy",
    "benchmark",
    "choose",
    "condition_text",
    "error_consistency",
    "image_key",
    "image_performance",
    "kappa",
    "kept_conditions",
    "read_trials",
    "shape_bias",
]
