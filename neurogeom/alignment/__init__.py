"""Alignment of neural manifolds and of systems: who is turned how against whom, and how alike two systems are."""

from __future__ import annotations

from .canonical import cca_similarity, linear_predictivity_r2, pwcca_similarity, svcca_similarity
from .covariance import covariance_alignment_distance, covariance_alignment_distance_from_gram
from .cross_regression import cross_regression_r2, regression_mismatch
from .crossnobis import crossnobis_distance, noise_precision
from .decodability import Decodability, decodability
from .excess import excess_alignment_distance
from .expectations import (
    expected_biased_cka,
    expected_center_correlation,
    expected_isotropic_distance,
    expected_sampling_distance,
    expected_variance_share,
)
from .fewshot import few_shot_snr, prototype_error
from .kuoch2024 import Kuoch2024, kuoch2024
from .matching import match_systems
from .nulls import Null, permutation_null, random_subspace_overlap, rotation_null
from .pairs import ManifoldAlignment, manifolds
from .rdm import RDM, rdm
from .rdm_comparison import rdm_similarity
from .relative import RelativeGeometry, relative_geometry
from .results import Meaning, Measure
from .signal import signal_mismatch_distance
from .similarity import cka_similarity, procrustes_distance
from .simulations import SignalSimulation, expected_signal_mismatch, simulate_signal_mismatch
from .subspaces import pca_distance, principal_angles

__all__ = [
    "RDM",
    "Decodability",
    "Kuoch2024",
    "ManifoldAlignment",
    "Meaning",
    "Measure",
    "Null",
    "RelativeGeometry",
    "SignalSimulation",
    "cca_similarity",
    "cka_similarity",
    "covariance_alignment_distance",
    "covariance_alignment_distance_from_gram",
    "cross_regression_r2",
    "crossnobis_distance",
    "decodability",
    "excess_alignment_distance",
    "expected_biased_cka",
    "expected_center_correlation",
    "expected_isotropic_distance",
    "expected_sampling_distance",
    "expected_signal_mismatch",
    "expected_variance_share",
    "few_shot_snr",
    "kuoch2024",
    "linear_predictivity_r2",
    "manifolds",
    "match_systems",
    "noise_precision",
    "pca_distance",
    "permutation_null",
    "principal_angles",
    "procrustes_distance",
    "prototype_error",
    "pwcca_similarity",
    "random_subspace_overlap",
    "rdm",
    "rdm_similarity",
    "regression_mismatch",
    "relative_geometry",
    "rotation_null",
    "signal_mismatch_distance",
    "simulate_signal_mismatch",
    "svcca_similarity",
]
