"""Small results of decoding: a handful of cells over crops of two photographs."""

from __future__ import annotations

import warnings
from functools import lru_cache

import xarray as xr

from neurogeom import decoding, stimuli
from neurogeom._core.warnings import NeurogeomWarning
from neurogeom.results import Result
from neurogeom.retina import LNP, Mosaic
from tests.laws.registry import example


@lru_cache
def spikes() -> tuple[xr.DataArray, xr.DataArray]:
    images = stimuli.crops(stimuli.packaged_images("camera", "cat"), 16, n=120, seed=0)
    mosaic = Mosaic.from_counts({"on_midget": 12, "off_midget": 12}, (16, 16), n_steps=3, seed=0)
    return LNP(mosaic).calibrate(images).simulate(images, seed=0), images


@example("decoding.reconstruction")
def reconstruction() -> Result:
    counts, images = spikes()
    decoder = decoding.LinearDecoder(alphas=[0.3]).fit(counts[:100], images[:100])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeurogeomWarning)
        decoded = {"linear": decoder.decode(counts[100:]), "gray": images[100:] * 0}
        return decoding.evaluate(decoded, images[100:], n_resamples=20, seed=0)


@example("decoding.conditions")
def conditions() -> Result:
    counts, images = spikes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeurogeomWarning)
        return decoding.cell_types(
            (counts[:100], images[:100]), (counts[100:], images[100:]), n_resamples=20, seed=0,
            make=lambda: decoding.LinearDecoder(alphas=[0.3]),
        )  # fmt: skip


@example("decoding.information")
def information() -> Result:
    counts, images = spikes()
    decoder = decoding.LinearDecoder(alphas=[0.3]).fit(counts[:100], images[:100])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeurogeomWarning)
        return decoding.information(
            decoder.decode(counts[100:]), images[100:], counts[100:], n_bands=4, n_resamples=20, seed=0
        )
