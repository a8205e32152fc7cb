"""Laws of every decoder: it beats the mean image, knows its mosaic, and comes back from its file."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neurogeom import decoding, stimuli
from neurogeom._core.warnings import DegenerateInputWarning
from neurogeom.decoding import (
    AutoencoderDecoder,
    Decoder,
    LinearDecoder,
    MAPDecoder,
    PointwiseNonlinearDecoder,
    load_decoder,
)
from neurogeom.decoding.base import KINDS
from neurogeom.retina import LNP, Mosaic

NUMBERS = {"on_parasol": 20, "off_parasol": 25, "on_midget": 36, "off_midget": 36}
MAKERS: dict[str, Callable[[LNP], Decoder]] = {
    "linear": lambda model: LinearDecoder(seed=0),
    "pointwise": lambda model: PointwiseNonlinearDecoder(seed=0),
    "autoencoder": lambda model: AutoencoderDecoder(epochs=1, width=0.12, seed=0),
    "map": lambda model: MAPDecoder(model, seed=0),
}
every_decoder = pytest.mark.parametrize("kind", sorted(MAKERS))


@lru_cache
def scene() -> tuple[LNP, xr.DataArray, xr.DataArray]:
    """A model, training crops and crops of other photographs."""
    photographs = stimuli.packaged_images("camera", "cat", "china", "coins", "moon", "rocket")
    test = stimuli.crops({"camera": photographs.pop("camera")}, 16, n=8, seed=1)
    images = stimuli.crops(photographs, 16, n=500, seed=0)
    mosaic = Mosaic.from_counts(NUMBERS, (16, 16), n_steps=5, seed=0)
    return LNP(mosaic, nonlinearity="softplus").calibrate(images), images, test


@lru_cache
def fitted(kind: str) -> Decoder:
    model, images, _ = scene()
    return MAKERS[kind](model).fit(model.simulate(images, seed=0), images)


def test_no_decoder_escapes() -> None:
    assert set(MAKERS) == set(KINDS)


@every_decoder
def test_it_beats_the_mean_image(kind: str) -> None:
    model, images, test = scene()
    counts = model.simulate(test, seed=1)
    error = decoding.mse(fitted(kind).decode(counts), test).mean()
    assert error < 0.6 * np.mean((test.values - images.values.mean(axis=0)) ** 2)


@every_decoder
def test_it_refuses_another_mosaic_and_another_number_of_cells(kind: str) -> None:
    _, images, test = scene()
    other = LNP(Mosaic.from_counts(NUMBERS, (16, 16), n_steps=5, seed=1), nonlinearity="softplus").calibrate(images)
    with pytest.raises(ValueError, match="another mosaic"):
        fitted(kind).decode(other.simulate(test, seed=0))
    with pytest.raises(ValueError, match="117 are needed"):
        fitted(kind).decode(np.ones((2, 100)))
    with pytest.raises(ValueError, match="negative"):
        fitted(kind).decode(-np.ones((2, 117)))


@every_decoder
def test_it_comes_back_from_its_file(kind: str, tmp_path: Path) -> None:
    model, _, test = scene()
    counts = model.simulate(test, seed=1)
    again = load_decoder(fitted(kind).save(tmp_path / "decoder.h5"))
    np.testing.assert_array_equal(again.decode(counts), fitted(kind).decode(counts))
    assert (again.population, again.sources) == (fitted(kind).population, fitted(kind).sources)


@every_decoder
def test_each_image_is_decoded_for_itself(kind: str) -> None:
    model, _, test = scene()
    counts = model.simulate(test, seed=1)
    whole = fitted(kind).decode(counts).values
    for part in (slice(0, 1), slice(5, 8)):
        np.testing.assert_allclose(fitted(kind).decode(counts[part]).values, whole[part], atol=2e-3)


@every_decoder
def test_scores_on_images_of_training_photographs_are_told(kind: str) -> None:
    model, images, test = scene()
    with pytest.warns(DegenerateInputWarning, match="also used for training .*'cat'"):
        fitted(kind).score(model.simulate(images[:5], seed=0), images[:5], n_resamples=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DegenerateInputWarning)
        warnings.filterwarnings("ignore", message=".*intervals over fewer")
        result = fitted(kind).score(model.simulate(test, seed=1), test, n_resamples=0)
    assert result.data["decoder"].values.tolist() == [kind]


@every_decoder
def test_it_says_when_it_is_not_fitted(kind: str, tmp_path: Path) -> None:
    model, _, test = scene()
    with pytest.raises(ValueError, match="not fitted"):
        MAKERS[kind](model).decode(model.simulate(test, seed=1))
    with pytest.raises(ValueError, match="not fitted"):
        MAKERS[kind](model).save(tmp_path / "a.h5")
    assert not list(tmp_path.iterdir())
