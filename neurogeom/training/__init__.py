"""Training loops (torch): seeded, quiet, and without traces in torch's global state."""

from __future__ import annotations

from neurogeom.training.classifier import TrainingHistory, fit_classifier

__all__ = ["TrainingHistory", "fit_classifier"]
