"""A population with known truth: class manifolds, tuning, private and shared noise, repeats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.validation import check_count, check_real


@dataclass(frozen=True)
class SyntheticPopulation:
    """Single trials with everything that made them.

    Attributes
    ----------
    responses : DataArray (presentation, neuroid)
        Coordinates ``object_name``, ``stimulus_id``, ``repetition``; ``neuroid_id``, ``region``, ``subject``.
    tuning : DataArray (stimulus, neuroid)
        Mean response to each stimulus: what infinitely many repetitions would average to.
    noise_covariance : array (neuroid, neuroid)
        Covariance of the noise of one presentation, private and shared.
    reliability : DataArray (neuroid)
        Signal variance over stimuli / (signal + noise variance of the mean over all repetitions): the squared
        correlation of that mean with the tuning, expected for many stimuli.
    settings : dict
    """

    responses: xr.DataArray
    tuning: xr.DataArray
    noise_covariance: np.ndarray
    reliability: xr.DataArray
    settings: dict[str, Any]

    def single_trial_reliability(self) -> xr.DataArray:
        """Signal variance / (signal + noise variance of one presentation), per neuroid."""
        signal = self.tuning.var("stimulus", ddof=1)
        return signal / (signal + np.diag(self.noise_covariance))

    def noise_correlation(self) -> np.ndarray:
        """Correlation of the noise between neuroids."""
        scale = np.sqrt(np.diag(self.noise_covariance))
        return self.noise_covariance / np.outer(scale, scale)


def synthetic_population(
    *,
    n_classes: int = 4,
    n_stimuli: int = 20,
    n_neuroids: int = 60,
    n_repetitions: int = 8,
    radius: float = 1.0,
    dimension: int = 5,
    private_noise: float = 1.0,
    shared_noise: float = 0.5,
    n_shared: int = 1,
    n_subjects: int = 2,
    seed: int | None = None,
) -> SyntheticPopulation:
    r"""Draw a population whose geometry, reliability and noise correlations are known.

    Stimulus s of class k has tuning :math:`c_k + \mathrm{radius}\,\|c_k\|\,B_k z_s / \sqrt{D}`, with Gaussian centers,
    orthonormal :math:`B_k` (neuroid × dimension) and Gaussian :math:`z_s`. A presentation adds independent private
    noise, and shared noise along ``n_shared`` directions that all neuroids feel.

    Parameters
    ----------
    n_classes, n_stimuli, n_neuroids, n_repetitions : int
        Classes, stimuli per class, neuroids, presentations of each stimulus.
    radius : float
        Spread within a class, in units of the norm of its center.
    dimension : int
        Dimensions D of each class manifold.
    private_noise, shared_noise : float
        Standard deviations, in units of the tuning's mean standard deviation over stimuli.
    n_shared : int
        Directions of shared noise.
    n_subjects : int
        Neuroids are dealt to so many subjects, in turn.
    seed : int, optional

    Returns
    -------
    SyntheticPopulation

    Raises
    ------
    ValueError
        More dimensions than neuroids, or a size below what is needed.

    Examples
    --------
    >>> population = synthetic_population(n_repetitions=3, seed=0)
    >>> population.responses.shape
    (240, 60)
    """
    n_classes, n_stimuli = check_count("n_classes", n_classes), check_count("n_stimuli", n_stimuli)
    n_neuroids, n_repetitions = check_count("n_neuroids", n_neuroids), check_count("n_repetitions", n_repetitions)
    dimension, n_shared = check_count("dimension", dimension), check_count("n_shared", n_shared)
    n_subjects, seed = check_count("n_subjects", n_subjects), resolve_seed(seed)
    radius = check_real("radius", radius, minimum=0.0)
    private_noise = check_real("private_noise", private_noise, minimum=0.0)
    shared_noise = check_real("shared_noise", shared_noise, minimum=0.0)
    if dimension > n_neuroids:
        raise ValueError(f"dimension={dimension} is more than n_neuroids={n_neuroids}. Use at most that many.")
    tuning = np.concatenate(
        [_class_tuning(generator(seed, 0, k), n_stimuli, n_neuroids, radius, dimension) for k in range(n_classes)]
    )
    unit = tuning.std(axis=0, ddof=1 if len(tuning) > 1 else 0).mean() or 1.0
    loadings = generator(seed, 1).standard_normal((n_neuroids, n_shared)) * shared_noise * unit / np.sqrt(n_shared)
    covariance = (private_noise * unit) ** 2 * np.eye(n_neuroids) + loadings @ loadings.T
    rng = generator(seed, 2)
    n_presentations = len(tuning) * n_repetitions
    noise = private_noise * unit * rng.standard_normal((n_presentations, n_neuroids))
    noise += rng.standard_normal((n_presentations, n_shared)) @ loadings.T
    settings = {
        "n_classes": n_classes, "n_stimuli": n_stimuli, "n_neuroids": n_neuroids, "n_repetitions": n_repetitions,
        "radius": radius, "dimension": dimension, "private_noise": private_noise, "shared_noise": shared_noise,
        "n_shared": n_shared, "n_subjects": n_subjects, "seed": seed,
    }  # fmt: skip
    return _assemble(tuning, noise, covariance, settings)


def _class_tuning(
    rng: np.random.Generator, n_stimuli: int, n_neuroids: int, radius: float, dimension: int
) -> np.ndarray:
    center = rng.standard_normal(n_neuroids)
    basis = np.linalg.qr(rng.standard_normal((n_neuroids, dimension)))[0]
    spread = rng.standard_normal((n_stimuli, dimension)) @ basis.T
    return center + radius * np.linalg.norm(center) / np.sqrt(dimension) * spread


def _assemble(
    tuning: np.ndarray, noise: np.ndarray, covariance: np.ndarray, settings: dict[str, Any]
) -> SyntheticPopulation:
    """Named arrays of the drawn numbers, and the reliability that they imply."""
    n_classes, n_stimuli = settings["n_classes"], settings["n_stimuli"]
    n_neuroids, n_repetitions = settings["n_neuroids"], settings["n_repetitions"]
    objects = np.repeat([f"class_{k}" for k in range(n_classes)], n_stimuli).astype(object)
    stimuli = np.array([f"stimulus_{i:04d}" for i in range(len(tuning))], dtype=object)
    neuroid = {
        "neuroid_id": ("neuroid", np.array([f"unit_{i:03d}" for i in range(n_neuroids)], dtype=object)),
        "region": ("neuroid", np.full(n_neuroids, "synthetic", dtype=object)),
        "subject": (
            "neuroid",
            np.array([f"subject_{i % settings['n_subjects']}" for i in range(n_neuroids)], dtype=object),
        ),
    }
    index = np.repeat(np.arange(len(tuning)), n_repetitions)
    presentation = {
        "stimulus_id": ("presentation", stimuli[index]),
        "object_name": ("presentation", objects[index]),
        "repetition": ("presentation", np.tile(np.arange(n_repetitions), len(tuning))),
    }
    responses = xr.DataArray(
        tuning[index] + noise, dims=("presentation", "neuroid"), coords={**presentation, **neuroid}, name="responses"
    )
    shown = {"stimulus_id": ("stimulus", stimuli), "object_name": ("stimulus", objects)}
    mean = xr.DataArray(tuning, dims=("stimulus", "neuroid"), coords={**shown, **neuroid}, name="tuning")
    signal = mean.var("stimulus", ddof=1)
    reliability = (signal / (signal + np.diag(covariance) / n_repetitions)).rename("reliability")
    return SyntheticPopulation(responses, mean, covariance, reliability, settings)
