"""One subject predicted from the others."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from neurogeom._core.warnings import DegenerateInputWarning
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


def recorded_apart(**changes: object) -> xr.DataArray:
    """Two animals, three repetitions each, never together; a signal of six dimensions drives both."""
    rng = np.random.default_rng(5)
    shown = np.tile([f"s{number:02d}" for number in range(60)], 3)
    signal = rng.normal(size=(60, 6))
    blocks = [
        np.tile(signal, (3, 1)) @ rng.normal(size=(6, size)) + 0.5 * rng.normal(size=(180, size)) for size in (8, 7)
    ]
    values = np.full((360, 15), np.nan)
    values[:180, :8], values[180:, 8:] = blocks
    return xr.DataArray(
        values,
        dims=("presentation", "neuroid"),
        coords={"stimulus_id": ("presentation", np.tile(shown, 2)), "subject": ("neuroid", ["m1"] * 8 + ["m2"] * 7)},
    )


def test_animals_recorded_one_after_the_other_predict_each_other() -> None:
    apart = recorded_apart()
    together = xr.DataArray(
        np.concatenate([apart.values[:180, :8], apart.values[180:, 8:]], axis=1),
        dims=apart.dims,
        coords={"stimulus_id": apart["stimulus_id"][:180].variable, "subject": apart["subject"]},
    )
    found, expected = (
        between_subjects(one, missing=missing, method="ridge", n_resamples=0, seed=0)
        for one, missing in ((apart, "omit"), (together, "raise"))
    )
    np.testing.assert_allclose(found.correlation, expected.correlation, rtol=1e-12)
    np.testing.assert_allclose(found.ceiling, expected.ceiling, rtol=1e-12)
    assert (found.correlation > 0.9).all()
    with pytest.raises(ValueError, match='missing="omit"'):
        between_subjects(apart, method="ridge", seed=0)


def test_only_stimuli_that_both_animals_saw_are_used() -> None:
    apart = recorded_apart()
    some = apart.isel(presentation=np.flatnonzero((np.arange(360) >= 180) | (apart["stimulus_id"].values != "s07")))
    with pytest.warns(DegenerateInputWarning, match="1 stimuli were not shown to both 'm1' and the others"):
        found = between_subjects(some, missing="omit", method="ridge", n_resamples=0, seed=0)
    assert found.n_stimuli.values.tolist() == [59, 59]
    apart.values[apart["stimulus_id"].values == "s07", 9] = np.nan
    with pytest.warns(DegenerateInputWarning, match="1 of 7 neuroids of the others lack a stimulus"):
        found = between_subjects(apart, missing="omit", method="ridge", n_resamples=0, seed=0)
    assert (found.correlation > 0.9).all()
