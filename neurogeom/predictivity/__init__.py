"""Neural predictivity: how well features predict responses, against ceilings and baselines, over layers and models."""

from __future__ import annotations

from neurogeom.predictivity.ceilings import Ceiling, ceiling_of, normalize
from neurogeom.predictivity.compare import compare
from neurogeom.predictivity.inputs import pair
from neurogeom.predictivity.layers import score_layers
from neurogeom.predictivity.results import ComparisonResult, LayersResult, PredictivityResult, ScoreResult
from neurogeom.predictivity.score import score
from neurogeom.predictivity.splits import make_splits
from neurogeom.predictivity.subjects import between_subjects

__all__ = [
    "Ceiling",
    "ComparisonResult",
    "LayersResult",
    "PredictivityResult",
    "ScoreResult",
    "between_subjects",
    "ceiling_of",
    "compare",
    "make_splits",
    "normalize",
    "pair",
    "score",
    "score_layers",
]
