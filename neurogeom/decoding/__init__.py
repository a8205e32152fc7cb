"""Decoding of images from spikes: linear, nonlinear, networks, and Bayesian with uncertainty."""

from __future__ import annotations

from neurogeom.decoding.autoencoder import AutoencoderDecoder
from neurogeom.decoding.base import Decoder, load_decoder
from neurogeom.decoding.conditions import cell_types, compare_models, image_sets, perturb, perturbations
from neurogeom.decoding.denoisers import BlindDenoiser, GaussianDenoiser, TrainedDenoiser, train_denoiser
from neurogeom.decoding.evaluate import evaluate
from neurogeom.decoding.information import information
from neurogeom.decoding.inputs import frame_windows, stack_lags
from neurogeom.decoding.linear import LinearDecoder
from neurogeom.decoding.map import MAPDecoder, map_images
from neurogeom.decoding.metrics import ms_ssim, mse, psnr, spectral_error, ssim
from neurogeom.decoding.pointwise import PointwiseNonlinearDecoder
from neurogeom.decoding.posterior import Posterior, coverage, langevin
from neurogeom.decoding.priors import QuadraticPrior
from neurogeom.decoding.results import ConditionResult, DecodingResult, InformationResult, ReconstructionResult

__all__ = [
    "AutoencoderDecoder",
    "BlindDenoiser",
    "ConditionResult",
    "Decoder",
    "DecodingResult",
    "GaussianDenoiser",
    "InformationResult",
    "LinearDecoder",
    "MAPDecoder",
    "PointwiseNonlinearDecoder",
    "Posterior",
    "QuadraticPrior",
    "ReconstructionResult",
    "TrainedDenoiser",
    "cell_types",
    "compare_models",
    "coverage",
    "evaluate",
    "frame_windows",
    "image_sets",
    "information",
    "langevin",
    "load_decoder",
    "map_images",
    "ms_ssim",
    "mse",
    "perturb",
    "perturbations",
    "psnr",
    "spectral_error",
    "ssim",
    "stack_lags",
    "train_denoiser",
]
