"""Neural predictivity: how well features predict responses, against ceilings and baselines, over layers and models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurogeom.predictivity.ceilings import Ceiling, ceiling_of, normalize
from neurogeom.predictivity.compare import compare
from neurogeom.predictivity.inputs import pair
from neurogeom.predictivity.layers import score_layers
from neurogeom.predictivity.results import ComparisonResult, LayersResult, PredictivityResult, ScoreResult
from neurogeom.predictivity.score import score
from neurogeom.predictivity.splits import make_splits
from neurogeom.predictivity.subjects import between_subjects

if TYPE_CHECKING:
    from neurogeom.regression.estimators import PLSRegression as PLSRegression
    from neurogeom.regression.estimators import RidgeCV as RidgeCV

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

_ESTIMATORS = ("PLSRegression", "RidgeCV")  # at home in neurogeom.regression; looked for here too


def __getattr__(name: str) -> Any:
    """The estimators load scikit-learn, which takes long: at first use."""
    if name in _ESTIMATORS:
        from neurogeom.regression import estimators

        return getattr(estimators, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ESTIMATORS})
