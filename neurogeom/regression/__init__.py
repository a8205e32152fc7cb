"""Regression with many targets and many folds: partial least squares, ridge, projections of features.

The scikit-learn estimators are in ``neurogeom.regression.estimators``, which alone loads scikit-learn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurogeom.regression.banded import BandedFolds, banded_folds
from neurogeom.regression.folds import Gram, check_folds, gram
from neurogeom.regression.pls import PLSFit, PLSFolds, pls_fit, pls_folds
from neurogeom.regression.projection import (
    distortion_components,
    fold_components,
    project_sparse,
    sparse_projection,
)
from neurogeom.regression.ridge import RidgeFit, RidgeFolds, default_alphas, ridge_fit, ridge_folds

if TYPE_CHECKING:
    from neurogeom.regression.estimators import PLSRegression, RidgeCV

__all__ = [
    "BandedFolds",
    "Gram",
    "PLSFit",
    "PLSFolds",
    "PLSRegression",
    "RidgeCV",
    "RidgeFit",
    "RidgeFolds",
    "banded_folds",
    "check_folds",
    "default_alphas",
    "distortion_components",
    "fold_components",
    "gram",
    "pls_fit",
    "pls_folds",
    "project_sparse",
    "ridge_fit",
    "ridge_folds",
    "sparse_projection",
]

_ESTIMATORS = ("PLSRegression", "RidgeCV")


def __getattr__(name: str) -> Any:
    """The estimators load scikit-learn, which takes long: at first use."""
    if name in _ESTIMATORS:
        from neurogeom.regression import estimators

        return getattr(estimators, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ESTIMATORS})
