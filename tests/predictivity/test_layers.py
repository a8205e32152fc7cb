"""Layers × regions: each cell is its own score, runs resume, the choice is made elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurogeom import results
from neurogeom.predictivity import layers as layers_module
from neurogeom.predictivity import score, score_layers
from neurogeom.predictivity.layers import score_layers as function

OPTIONS: dict[str, Any] = {"method": "ridge", "alphas": 1.0, "n_resamples": 20, "seed": 0}


def network_and_recording() -> tuple[dict[str, xr.DataArray], xr.DataArray]:
    rng = np.random.default_rng(0)
    n, n_repetitions = 60, 3
    ids = np.arange(n)
    early, late = rng.normal(size=(n, 15)), rng.normal(size=(n, 15))
    layers = {
        name: xr.DataArray(values, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", ids)})
        for name, values in (("conv1", early), ("conv2", early + late), ("fc", late))
    }
    signal = np.hstack([early @ rng.normal(size=(15, 8)), late @ rng.normal(size=(15, 6))])
    trials = signal + rng.normal(size=(n_repetitions, n, 14))
    responses = xr.DataArray(
        trials.reshape(-1, 14),
        dims=("presentation", "neuroid"),
        coords={
            "stimulus_id": ("presentation", np.tile(ids, n_repetitions)),
            "family": ("presentation", np.tile(ids // 6, n_repetitions)),
            "region": ("neuroid", np.repeat(["V1", "IT"], [8, 6])),
            "neuroid_id": ("neuroid", [f"n{number}" for number in range(14)]),
        },
    )
    return layers, responses


def test_each_cell_is_the_score_of_its_layer_and_region() -> None:
    layers, responses = network_and_recording()
    found = score_layers(layers, responses, **OPTIONS)
    assert found.data.sizes == {"layer": 3, "region": 2, "bound": 2, "neuroid": 14}
    for name in layers:
        for region in ("V1", "IT"):
            alone = score(layers[name], responses.isel(neuroid=responses.region.values == region), **OPTIONS)
            cell = found.data.sel(layer=name, region=region)
            assert float(cell["ceiled_score"]) == alone.ceiled_score
            np.testing.assert_array_equal(cell["correlation_ci"], alone.correlation_ci)
    assert found.ceiled_score.sel(region="V1").idxmax().item() == "conv1"
    assert found.ceiled_score.sel(region="IT").idxmax().item() == "fc"
    assert found.data["neuroid_region"].values.tolist() == ["V1"] * 8 + ["IT"] * 6


def test_subjects_and_sessions_are_kept_and_told_of_one_by_one() -> None:
    layers, responses = network_and_recording()
    animals = np.array(["M"] * 4 + ["N"] * 4 + ["N"] * 6)  # only N has neuroids in IT
    responses = responses.assign_coords(subject=("neuroid", animals), session=("neuroid", np.arange(14) // 2))
    found = score_layers(layers, responses, **OPTIONS)
    for name in ("subject", "session", "neuroid_id"):
        np.testing.assert_array_equal(found.data[name].values, responses[name].values)
    alone = score(layers["fc"], responses.isel(neuroid=responses.region.values == "V1"), **OPTIONS)
    np.testing.assert_array_equal(
        found.subject_correlation.sel(layer="fc", region="V1").values, alone.subject_correlation.values
    )
    assert found.subject_ceiled_score.sel(region="IT").isnull().any("layer").values.tolist() == [True, False]


def test_a_layer_is_chosen_on_stimuli_that_are_not_reported() -> None:
    layers, responses = network_and_recording()
    found = score_layers(layers, responses, selection=0.3, groups="family", splits="leave_group_out", **OPTIONS)
    assert found.best_layer.sel(region="V1").item() == "conv1"
    assert found.best_layer.sel(region="IT").item() == "fc"
    assert float(found.n_stimuli[0, 0]) == 42
    assert float(found.best_score.sel(region="V1")) == float(found.ceiled_score.sel(region="V1", layer="conv1"))
    assert "baseline_correlation" in found.data
    best = found.summary().xs("best_score", level="quantity")
    assert sorted(best.index.tolist()) == [("conv1", "V1"), ("fc", "IT")]
    assert best.loc[("fc", "IT"), "value"] == float(found.best_score.sel(region="IT"))
    assert np.isfinite(best[["ci_low", "ci_high"]].values).all()
    assert "its score on the stimuli left" in repr(found)
    assert "best_score" not in score_layers(layers, responses, **OPTIONS).summary().index.get_level_values("quantity")


def test_a_stopped_run_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layers, responses = network_and_recording()
    whole = score_layers(layers, responses, selection=0.4, **OPTIONS)
    module = __import__("sys").modules["neurogeom.predictivity.layers"]
    original, calls = module.run, []

    def counted(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(module, "run", counted)
    with pytest.raises(KeyboardInterrupt):
        score_layers(layers, responses, selection=0.4, folder=tmp_path / "run", n_jobs=1, **OPTIONS)
    resumed = score_layers(layers, responses, selection=0.4, folder=tmp_path / "run", n_jobs=1, **OPTIONS)
    assert len(calls) < 6 + 12
    xr.testing.assert_identical(resumed.data, whole.data)
    n_before = len(calls)
    score_layers(layers, responses, selection=0.4, folder=tmp_path / "run", **OPTIONS)
    assert len(calls) == n_before
    with pytest.raises(ValueError, match="another run"):
        score_layers(layers, responses, selection=0.5, folder=tmp_path / "run", **OPTIONS)


def test_a_dataarray_is_cut_by_its_layers_and_threads_change_nothing() -> None:
    layers, responses = network_and_recording()
    joined = xr.concat([part.assign_coords(layer=("neuroid", [name] * 15)) for name, part in layers.items()], "neuroid")
    one = score_layers(joined, responses, n_jobs=1, **OPTIONS)
    two = score_layers(layers, responses, n_jobs=3, **OPTIONS)
    xr.testing.assert_identical(one.data, two.data)


def test_a_result_survives_its_file(tmp_path: Path) -> None:
    layers, responses = network_and_recording()
    found = score_layers(layers, responses, selection=0.3, train_size=0.8, **OPTIONS)
    xr.testing.assert_identical(results.load(found.save(tmp_path / "layers.nc")).data, found.data)


def test_arrays_have_one_region(rng: np.random.Generator) -> None:
    found = score_layers({"a": rng.normal(size=(40, 5))}, rng.normal(size=(40, 3)), ceiling=None, **OPTIONS)
    assert found.data["region"].values.tolist() == ["all"]


@pytest.mark.parametrize(
    ("layers", "options", "error", "message"),
    [
        ({}, {}, ValueError, "layers is empty"),
        (np.eye(40), {}, TypeError, "a dict of name to features"),
        ({"a": np.eye(40)}, {"n_component": 3}, TypeError, "Did you mean 'n_components'"),
        ({"a": np.eye(40)}, {"selection": 1.5}, ValueError, "selection"),
    ],
)
def test_what_makes_no_sense_is_refused(layers: Any, options: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        score_layers(layers, np.random.default_rng(0).normal(size=(40, 3)), ceiling=None, **options)


def test_the_public_name_is_the_function() -> None:
    assert layers_module is not None
    assert score_layers is function
