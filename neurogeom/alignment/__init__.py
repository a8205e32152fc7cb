"""Alignment of neural manifolds and of systems: who is turned how against whom, and how alike two systems are."""

from __future__ import annotations

from .canonical import cca_similarity, linear_predictivity_r2, pwcca_similarity, svcca_similarity
from .covariance import covariance_alignment_distance, covariance_alignment_distance_from_gram
from .cross_regression import cross_regression_r2, regression_mismatch
from .crossnobis import crossnobis_distance, noise_precision
from .excess import excess_alignment_distance
from .fewshot import few_shot_snr, prototype_error
from .matching import match_systems
from .nulls import (
    Null,
    expected_biased_cka,
    expected_center_correlation,
    expected_isotropic_distance,
    expected_sampling_distance,
    expected_variance_share,
    permutation_null,
    permutation_p,
    random_subspace_overlap,
    rotation_null,
)
from .pairs import ManifoldAlignment, manifolds
from .rdm import RDM, rdm
from .rdm_comparison import rdm_similarity
from .relative import RelativeGeometry, relative_geometry
from .signal import signal_mismatch_distance
from .similarity import cka_similarity, procrustes_distance
from .subspaces import pca_distance, principal_angles
