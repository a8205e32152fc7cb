"""Stimuli: natural images with their sources, controls with the same statistics, and spectra."""

from __future__ import annotations

from neurogeom.stimuli.checks import as_images, from_percept, normalize
from neurogeom.stimuli.controls import dead_leaves, phase_scrambled, power_law_images, white_noise
from neurogeom.stimuli.images import crops, faces, load_folder, packaged_images, read_hdf5, split_sources
from neurogeom.stimuli.spectra import PowerLaw, fit_power_law, power_spectrum, radial_frequency

__all__ = [
    "PowerLaw",
    "as_images",
    "crops",
    "dead_leaves",
    "faces",
    "fit_power_law",
    "from_percept",
    "load_folder",
    "normalize",
    "packaged_images",
    "phase_scrambled",
    "power_law_images",
    "power_spectrum",
    "radial_frequency",
    "read_hdf5",
    "split_sources",
    "white_noise",
]
