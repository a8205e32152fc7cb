"""Stimuli are matched by name; what does not match, or is missing, is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neurogeom._core.warnings import DegenerateInputWarning
from neurogeom.predictivity import pair, score
from neurogeom.predictivity.inputs import labels_of


def recording(rng: np.random.Generator, n: int = 12, t: int = 3, n_repetitions: int = 3) -> xr.DataArray:
    """Presentations in random order, with a time stamp that differs in each."""
    ids = np.repeat([f"image_{number:02d}" for number in range(n)], n_repetitions)
    repetition = np.tile(np.arange(n_repetitions), n)
    order = rng.permutation(len(ids))
    values = rng.normal(size=(len(ids), t)) + np.repeat(np.arange(n), n_repetitions)[:, None]
    return xr.DataArray(
        values[order],
        dims=("presentation", "neuroid"),
        coords={
            "stimulus_id": ("presentation", ids[order]),
            "repetition": ("presentation", repetition[order]),
            "time_stamp": ("presentation", rng.random(len(ids))),
            "family": ("presentation", np.array([int(name[-2:]) % 4 for name in ids[order]])),
            "neuroid_id": ("neuroid", [f"site_{number}" for number in range(t)]),
        },
    )


def features_of(rng: np.random.Generator, n: int = 12, p: int = 5) -> xr.DataArray:
    ids = [f"image_{number:02d}" for number in range(n)]
    values = np.column_stack([np.arange(n, dtype=float), rng.normal(size=(n, p - 1))])
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", ids)})


def test_the_order_of_rows_does_not_matter(rng: np.random.Generator) -> None:
    responses, features = recording(rng), features_of(rng)
    first = pair(features, responses)
    second = pair(features.isel(presentation=rng.permutation(12)), responses.isel(presentation=rng.permutation(36)))
    np.testing.assert_array_equal(first.bands[0], second.bands[0])
    np.testing.assert_array_equal(first.trials, second.trials)
    assert first.stimuli["stimulus_id"].tolist() == [f"image_{number:02d}" for number in range(12)]
    np.testing.assert_array_equal(first.bands[0][:, 0], np.arange(12))


def test_scores_do_not_depend_on_the_order_of_presentations(rng: np.random.Generator) -> None:
    responses, features = recording(rng, n=30), features_of(rng, n=30)
    shuffled = responses.isel(presentation=rng.permutation(90))
    one, two = (score(features, part, n_components=2, n_resamples=0, seed=0) for part in (responses, shuffled))
    np.testing.assert_array_equal(one.split_correlation, two.split_correlation)


def test_repetitions_are_averaged_whatever_else_differs_between_trials(rng: np.random.Generator) -> None:
    responses = recording(rng)
    paired = pair(features_of(rng), responses)
    expected = responses.groupby("stimulus_id").mean().sortby("stimulus_id").transpose("stimulus_id", "neuroid")
    np.testing.assert_allclose(paired.mean(), expected.values)
    assert paired.trials.shape == (3, 12, 3)
    assert "time_stamp" not in paired.stimuli
    assert "family" in paired.stimuli


def test_image_id_is_an_alias(rng: np.random.Generator) -> None:
    responses = recording(rng).rename(stimulus_id="image_id")
    np.testing.assert_array_equal(
        pair(features_of(rng), responses).trials,
        pair(features_of(rng), recording(np.random.default_rng(20240917))).trials,
    )


def test_unequal_repetitions_are_kept_and_averaged_over_those_there_are(rng: np.random.Generator) -> None:
    responses = recording(rng)
    drop = np.flatnonzero((responses.stimulus_id.values == "image_03") & (responses.repetition.values > 0))
    fewer = responses.isel(presentation=np.setdiff1d(np.arange(36), drop))
    paired = pair(features_of(rng), fewer)
    assert np.isfinite(paired.trials).all(axis=2).sum(axis=0).tolist() == [3, 3, 3, 1] + [3] * 8
    row = responses.values[(responses.stimulus_id.values == "image_03") & (responses.repetition.values == 0)]
    np.testing.assert_allclose(paired.mean()[3], row[0])


def test_other_stimuli_on_one_side_are_listed(rng: np.random.Generator) -> None:
    responses, features = recording(rng), features_of(rng)
    with pytest.raises(ValueError, match=r"2 are in responses only \(first: 'image_00', 'image_01'\)"):
        pair(features.isel(presentation=slice(2, None)), responses)
    with pytest.raises(ValueError, match=r"1 are in features only \(first: 'image_11'\)"):
        pair(features, responses.isel(presentation=responses.stimulus_id.values != "image_11"))


def test_a_stimulus_with_two_different_features_is_refused(rng: np.random.Generator) -> None:
    responses, features = recording(rng), features_of(rng)
    same = xr.concat([features, features.isel(presentation=[4])], dim="presentation")
    np.testing.assert_array_equal(pair(same, responses).bands[0], pair(features, responses).bands[0])
    other = same.copy()
    other[-1, 0] += 1e-9
    with pytest.raises(ValueError, match=r"1 stimuli have several rows of features that differ \(first: 'image_04'\)"):
        pair(other, responses)


def test_features_per_presentation_are_taken_once_per_stimulus(rng: np.random.Generator) -> None:
    responses, features = recording(rng), features_of(rng)
    row = {name: number for number, name in enumerate(features.stimulus_id.values)}
    each = features.values[[row[name] for name in responses.stimulus_id.values]]
    np.testing.assert_array_equal(pair(each, responses).bands[0], features.values)


def test_unnamed_features_of_a_named_recording_are_ambiguous(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="which row belongs to which is not known"):
        pair(features_of(rng).values, recording(rng))


def test_missing_trials_need_a_policy(rng: np.random.Generator) -> None:
    responses, features = recording(rng), features_of(rng)
    responses[5, 1] = np.nan
    with pytest.raises(ValueError, match=r"NaN in 1 values of 1 of 3 neuroids \(first: 'site_1'\).*missing='omit'"):
        pair(features, responses)
    paired = pair(features, responses, missing="omit")
    assert np.isfinite(paired.mean()).all()
    responses[responses.stimulus_id.values == "image_02", 1] = np.nan
    with pytest.warns(DegenerateInputWarning, match="1 of 3 neuroids are left out: incomplete"):
        paired = pair(features, responses, missing="omit")
    assert paired.excluded == {"incomplete": 1, "constant": 0}
    assert paired.neuroids["neuroid_id"].tolist() == ["site_0", "site_2"]


def test_constant_neuroids_are_left_out_and_counted(rng: np.random.Generator) -> None:
    y = rng.normal(size=(20, 3))
    y[:, 1] = 4.0
    with pytest.warns(DegenerateInputWarning, match="1 of 3 neuroids are left out: constant"):
        found = score(rng.normal(size=(20, 4)), y, ceiling=None, n_components=2, train_size=0.7, n_resamples=0, seed=0)
    assert found.n_neuroids == 2
    assert found.diagnostics["n_excluded"]["constant"] == 1
    with pytest.raises(ValueError, match="no neuroid is left"):
        pair(rng.normal(size=(20, 4)), np.ones((20, 3)))


@pytest.mark.parametrize(
    ("features", "responses", "error", "message"),
    [
        (np.eye(4), np.full((4, 2), np.inf), ValueError, "infinity"),
        (np.full((4, 2), np.nan), np.eye(4), ValueError, "features holds NaN"),
        (np.eye(5), np.eye(4), ValueError, "features has 5 rows, responses has 4 stimuli"),
        (np.eye(4), np.ones(4), ValueError, "responses has shape"),
        (np.eye(4), np.eye(4).astype(str), TypeError, "real numbers"),
        ({}, np.eye(4), ValueError, "empty dict"),
    ],
)
def test_what_cannot_be_read_is_said(features: object, responses: object, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        pair(features, responses)


def test_frames_integers_and_booleans_are_read(rng: np.random.Generator) -> None:
    counts = rng.integers(0, 9, size=(15, 4))
    frame = pd.DataFrame(counts, columns=["a", "b", "c", "d"])
    paired = pair(counts > 4, frame)
    np.testing.assert_array_equal(paired.mean(), counts.astype(float))
    assert paired.neuroids["neuroid_id"].tolist() == ["a", "b", "c", "d"]


def test_labels_come_by_name_or_array_and_belong_to_stimuli(rng: np.random.Generator) -> None:
    responses = recording(rng)
    paired = pair(features_of(rng), responses)
    by_name = labels_of("family", paired, "groups")
    assert by_name.tolist() == [str(number % 4) for number in range(12)]
    np.testing.assert_array_equal(labels_of(responses.family, paired, "groups"), by_name)
    with pytest.raises(ValueError, match="Did you mean 'family'"):
        labels_of("familly", paired, "groups")
    with pytest.raises(ValueError, match="differs between repetitions"):
        labels_of(np.arange(36), paired, "groups")
    with pytest.raises(ValueError, match=r"shape \(5,\)"):
        labels_of(np.arange(5), paired, "groups")
    with pytest.raises(ValueError, match="missing for 1 of 12"):
        labels_of([None] + ["a"] * 11, paired, "groups")


@pytest.mark.parametrize("scale", [1e155, 1e-200])
def test_responses_whose_squares_leave_double_precision_are_refused(scale: float) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="responses has magnitudes .* in double precision"):
        score(rng.normal(size=(24, 5)), scale * rng.normal(size=(24, 3)), ceiling=None, seed=0)
