"""One subject predicted from the others."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from neurogeom.predictivity import between_subjects, score


def recording(shared: bool) -> xr.DataArray:
    """Two animals that see the same latent signal, or each its own."""
    rng = np.random.default_rng(0)
    latents = [rng.normal(size=(90, 4)) for _ in range(2)]
    signal = np.hstack([latents[0 if shared else one] @ rng.normal(size=(4, 12)) for one in range(2)])
    trials = signal + rng.normal(size=(4, 90, 24))
    return xr.DataArray(
        trials.reshape(-1, 24),
        dims=("presentation", "neuroid"),
        coords={
            "stimulus_id": ("presentation", np.tile(np.arange(90), 4)),
            "animal": ("neuroid", np.repeat(["M", "N"], 12)),
            "neuroid_id": ("neuroid", [f"n{number}" for number in range(24)]),
        },
    )


def test_animals_that_share_a_signal_predict_each_other_and_others_do_not() -> None:
    options = {"method": "ridge", "n_resamples": 0, "seed": 0, "train_size": 0.8}
    together = between_subjects(recording(shared=True), **options)
    apart = between_subjects(recording(shared=False), **options)
    assert (together.ceiled_score > 0.8).all()
    assert (np.abs(apart.correlation) < 0.2).all()
    responses = recording(shared=True)
    first, second = (responses.isel(neuroid=responses.animal.values == name) for name in "MN")
    mean = second.groupby("stimulus_id").mean().rename(stimulus_id="presentation")
    features = xr.DataArray(
        mean.transpose("presentation", "neuroid").values,
        dims=("presentation", "neuroid"),
        coords={"stimulus_id": ("presentation", mean["presentation"].values)},
    )
    alone = score(features, first, **options)
    assert float(together.ceiled_score.sel(predicted_subject="M")) == pytest.approx(alone.ceiled_score, abs=1e-9)


def test_one_subject_or_no_name_is_refused() -> None:
    responses = recording(shared=True)
    with pytest.raises(ValueError, match="at least two subjects"):
        between_subjects(responses.isel(neuroid=slice(0, 5)))
    with pytest.raises(ValueError, match="no neuroid coordinate 'monkey'"):
        between_subjects(responses, subject="monkey")
    with pytest.raises(TypeError, match="stimulus_id"):
        between_subjects(responses.values)
