"""``neurogeom compare``, ``predict``, ``align`` and ``datasets`` on files made by the test, with known truth."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner

from neurogeom import recordings, report, results
from neurogeom.cli import cli
from neurogeom.io import UnitStore
from neurogeom.report.comparison_page import in_short

CLASSES = np.repeat(np.array(list("abcd"), dtype=object), 10)
IDS = np.array([f"image_{i:02d}" for i in range(40)], dtype=object)


def population(values: np.ndarray, **coords) -> xr.DataArray:
    n = values.shape[0] // len(IDS)
    shown = {"stimulus_id": ("presentation", np.tile(IDS, n)), "kind": ("presentation", np.tile(CLASSES, n))}
    names = np.array([f"unit_{i}" for i in range(values.shape[1])], dtype=object)
    return xr.DataArray(
        values, dims=("presentation", "neuroid"), coords={**shown, "neuroid_id": ("neuroid", names), **coords}
    )


@pytest.fixture(scope="module")
def data() -> dict[str, xr.DataArray]:
    rng = np.random.default_rng(0)
    images = 1.5 * rng.normal(size=(4, 30))[np.repeat(np.arange(4), 10)] + rng.normal(size=(40, 30))
    trials = (images @ rng.normal(size=(30, 16)) / 5 + 0.5 * rng.normal(size=(4, 40, 16))).reshape(160, 16)
    layers = np.array(["early"] * 25 + ["late"] * 30, dtype=object)
    both = np.concatenate([rng.normal(size=(40, 25)), images], axis=1)
    return {
        "recording": population(trials),
        "good": population(both, layer=("neuroid", layers)),
        "noise": population(rng.normal(size=(40, 20))),
    }


@pytest.fixture(scope="module")
def files(data, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    order = np.random.default_rng(1).permutation(40)  # rows of a model come in any order
    for name, array in data.items():
        shuffled = array if name == "recording" else array.isel(presentation=order)
        recordings.save(folder / f"{name}.nc", shuffled)
    return {name: folder / f"{name}.nc" for name in data}


def run(*parts: object) -> str:
    done = CliRunner().invoke(cli, [str(part) for part in parts])
    assert done.exit_code == 0, done.output
    return done.output


QUICK = ("--n-samples", 20, "--n-resamples", 500, "--n-refits", 3, "--n-jobs", 1, "--method", "ridge")


@pytest.fixture(scope="module")
def compared(files, tmp_path_factory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("compare") / "out"
    several = ("--model", files["good"], files["noise"], "--recording", files["recording"])
    return out, run("compare", *several, "--labels", "kind", "--out", out, *QUICK)


@pytest.fixture(scope="module")
def numbers(compared) -> dict[str, results.Result]:
    names = ("predictivity", "predictivity_differences", "capacity", "cka", "relative_geometry")
    return {name: results.load(compared[0] / "results.nc", name) for name in names}


def test_compare_writes_report_numbers_and_figures_and_leaves_no_units(compared) -> None:
    out, said = compared
    names = {path.name for path in out.iterdir()}
    assert names == {"report.html", "results.nc", "results.csv", "figures"}
    assert {path.stem for path in (out / "figures").glob("*.svg")} == {
        "reliability", "predictivity", "predictivity_differences", "capacity", "alignment",
    }  # fmt: skip
    assert "good: late: r = " in said


def test_the_model_that_drives_the_recording_wins_in_every_measure(numbers) -> None:
    score = numbers["predictivity"].ceiled_score
    names = ["good: early", "good: late", "noise", "class means only"]
    assert score.population.values.tolist() == names
    assert score.population.values[int(score.argmax())] == "good: late"
    p = numbers["predictivity_differences"].p_corrected
    assert float(p.sel(model="good: late", other_model="noise")) < 0.05
    cka = numbers["cka"].similarity
    assert cka.population.values[int(cka.argmax())] == "good: late"
    rsa = numbers["relative_geometry"].rsa_similarity
    assert rsa.population.values[int(rsa.argmax())] == "good: late"
    capacity = numbers["capacity"].capacity
    assert capacity.population.values.tolist() == ["recording", *names[:3]]
    assert float(capacity.sel(population="good: late")) > float(capacity.sel(population="noise"))


def test_the_page_says_what_matters_first_and_how_it_was_done(compared) -> None:
    page = (compared[0] / "report.html").read_text(encoding="utf-8")
    heads = ["In short", "How reliable is the recording", "Which model predicts", "How many classes", "Is the geometry"]
    places = [page.index(f">{head}") for head in heads]
    assert places == sorted(places)
    words = " ".join(page.split())
    for part in (
        "good: late predicts held-out responses best",
        "Holm",
        "ridge regression",
        "GLUE",
        "seed 0",
        "--labels kind",
    ):
        assert part in words, part
    assert not re.search(r"(src|href)=.https?:", page)


def test_the_table_holds_the_numbers_of_the_file(compared, numbers) -> None:
    table = pd.read_csv(compared[0] / "results.csv")
    row = table[(table.measure == "capacity") & (table.quantity == "capacity") & (table.population == "recording")]
    stored = numbers["capacity"].capacity.sel(population="recording")
    assert row.value.item() == pytest.approx(float(stored))
    assert row.ci_low.item() < row.value.item() < row.ci_high.item()


def test_a_stopped_run_goes_on(data, tmp_path, monkeypatch) -> None:
    read: list[object] = []
    load = UnitStore.load
    monkeypatch.setattr(UnitStore, "load", lambda store, key: read.append(key) or load(store, key))
    options = {"method": "ridge", "n_samples": 20, "n_resamples": 50, "n_refits": 3, "seed": 0, "n_jobs": 1}
    lines: list[str] = []

    def stop(line: str) -> None:
        lines.append(line)
        if "noise: r" in line:
            raise KeyboardInterrupt

    models = {"noise": data["noise"]}
    with pytest.raises(KeyboardInterrupt):
        report.compare(models, data["recording"], "kind", folder=tmp_path / "units", tell=stop, **options)
    kept = sorted(path.name for path in (tmp_path / "units").iterdir())
    assert read == []
    again = report.compare(models, data["recording"], "kind", folder=tmp_path / "units", **options)
    assert 0 < len(read) == len([name for name in kept if name.endswith(".nc")])
    assert set(kept) < {path.name for path in (tmp_path / "units").iterdir()}
    fresh = report.compare(models, data["recording"], "kind", **options)
    for name, result in fresh.results.items():
        xr.testing.assert_equal(result.data, again.results[name].data)


def test_two_recordings_of_unequal_repetitions_are_joined_stimulus_by_stimulus(data) -> None:
    trials = data["recording"]
    first, second = trials[:160, :10], trials[:120, 10:]
    shuffled = second.isel(presentation=np.random.default_rng(2).permutation(120))
    options = {"method": "ridge", "n_samples": 20, "n_resamples": 50, "n_refits": 3, "seed": 0, "n_jobs": 1}
    found = report.compare({"noise": data["noise"]}, {"one": first, "two": shuffled}, "kind", **options)
    assert (found.facts["n_neuroids"], found.facts["n_stimuli"], found.facts["n_repetitions"]) == (16, 40, 3)
    assert any("2 recordings were joined" in note for note in found.notes)
    alone = report.compare({"noise": data["noise"]}, first, "kind", **options)
    np.testing.assert_allclose(
        found.results["reliability"].reliability[:10], alone.results["reliability"].reliability, atol=0.2
    )


def test_one_presentation_each_gives_scores_without_ceiling_and_a_note(data) -> None:
    options = {"method": "ridge", "n_samples": 20, "n_resamples": 50, "n_refits": 3, "seed": 0, "n_jobs": 1}
    found = report.compare({"noise": data["noise"].values}, data["recording"][:40], "kind", **options)
    assert "reliability" not in found.results
    assert "ceiled_score" not in found.results["predictivity"].data
    assert any("shown once" in note for note in found.notes)


@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.NeurogeomWarning")
def test_a_recording_without_a_ceiling_is_told_of_in_words_not_in_nan(tmp_path) -> None:
    rng = np.random.default_rng(102)
    noise = population(rng.normal(size=(80, 5)))
    models = {name: population(rng.normal(size=(40, 4))) for name in "AB"}
    options = {"method": "ridge", "n_samples": 10, "n_refits": 3, "n_resamples": 40, "seed": 0, "n_jobs": 1}
    found = report.compare(models, noise, "kind", **options)
    assert np.isnan(found.results["predictivity"].ceiled_score).all()
    page = found.save(tmp_path / "out")["report"].read_text(encoding="utf-8")
    words = " ".join(in_short(found))
    assert "too unreliable for scores in units of its ceiling" in words and "cannot be told" in words
    assert "nan" not in words and "nan of the ceiling" not in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": "kinds"}, "Did you mean 'kind'"),
        ({"models": {}}, "dict of model name"),
        ({"models": {"a": np.zeros((40, 3))}}, "same features for all stimuli"),
        ({"models": {"a": np.eye(39)}}, "39 rows"),
        ({"models": {"recording": np.eye(40)}}, "another name"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(data, change: dict, words: str) -> None:
    given = {"models": {"noise": data["noise"]}, "recording": data["recording"], "labels": "kind", **change}
    with pytest.raises((TypeError, ValueError), match=words):
        report.compare(given["models"], given["recording"], given["labels"])


def test_a_model_without_some_stimuli_says_which(data) -> None:
    with pytest.raises(ValueError, match="noise lacks 2 of 40 stimuli .first: 'image_00'"):
        report.compare({"noise": data["noise"][2:]}, data["recording"], "kind")


def test_predict_scores_each_layer(files, tmp_path) -> None:
    out = tmp_path / "predict"
    said = run("predict", files["good"], files["recording"], "--method", "ridge", "--out", out, "--n-jobs", 1)
    assert "late: r = " in said
    found = results.load(out / "results.nc", "predictivity")
    assert found.layer.values.tolist() == ["early", "late"]
    early, late = found.ceiled_score.values
    assert late > 0.5 > early
    assert (out / "report.html").is_file()


def test_predict_takes_groups_strata_and_presets(files, tmp_path) -> None:
    out = tmp_path / "grouped"
    options = ("--groups", "kind", "--stratify", "kind", "--splits", "stratified", "--n-components", 3, "--n-splits", 3)
    run("predict", files["good"], files["recording"], "--out", out, "--n-jobs", 1, *options)
    found = results.load(out / "results.nc", "predictivity")
    assert {"baseline_ceiled_score", "stratum_correlation"} <= set(found.data)
    assert (found.settings["n_components"], found.settings["splits"], found.settings["n_splits"]) == (
        3,
        "stratified",
        3,
    )
    assert "--groups kind" in (out / "report.html").read_text(encoding="utf-8")
    run("predict", files["noise"], files["recording"], "--preset", "brainscore_2018", "--out", out / "preset")
    preset = results.load(out / "preset" / "results.nc", "predictivity").settings
    assert (preset["preset"], preset["seed"], preset["normalization"]) == ("brainscore_2018", 1, "squared_ratio")


def test_predict_takes_layers_as_bands(files, tmp_path) -> None:
    out = tmp_path / "bands"
    run("predict", files["good"], files["recording"], "--method", "banded_ridge", "--n-splits", 3, "--out", out)
    found = results.load(out / "results.nc", "predictivity")
    assert found.data["band"].values.tolist() == ["early", "late"]
    assert (found.band_weight.sel(band="late").mean() > 0.5).item()


def test_a_stopped_prediction_goes_on(files, tmp_path, monkeypatch) -> None:
    from neurogeom import predictivity

    out, scored = tmp_path / "stopped", []
    plain = predictivity.score

    def second_is_interrupted(layer, trials, **options):
        if len(scored) == 1:
            raise KeyboardInterrupt
        scored.append(layer.sizes["neuroid"])
        return plain(layer, trials, **options)

    parts = [str(part) for part in ("predict", files["good"], files["recording"], "--method", "ridge", "--out", out)]
    monkeypatch.setattr(predictivity, "score", second_is_interrupted)
    done = CliRunner().invoke(cli, parts)
    assert done.exit_code == 130 and "goes on where this one stopped" in done.output
    assert not (out / "results.nc").exists()
    monkeypatch.setattr(
        predictivity, "score", lambda *given, **options: scored.append("again") or plain(*given, **options)
    )
    assert CliRunner().invoke(cli, parts).exit_code == 0
    assert scored == [25, "again"]  # the first layer was not scored twice
    assert not (out / "units").exists()
    monkeypatch.setattr(predictivity, "score", plain)
    run(*parts[:-1], tmp_path / "whole")
    whole, resumed = (results.load(folder / "results.nc", "predictivity") for folder in (tmp_path / "whole", out))
    xr.testing.assert_equal(whole.data, resumed.data)


def test_align_compares_two_files_by_stimulus(files, tmp_path) -> None:
    out = tmp_path / "align"
    run("align", files["recording"], files["good"], "--labels", "kind", "--out", out)
    assert results.load(out / "results.nc", "cka").similarity > 0.2
    assert results.load(out / "results.nc", "relative_geometry").rsa_p < 0.05
    each = results.load(out / "results.nc", "manifolds")
    assert each.data["system"].values.tolist() == ["recording", "good"]
    assert each.data["distance"].dims[0] == "system" and {"mean_excess", "mean_shuffled"} <= set(each.data)


def test_align_tells_of_labels_that_are_not_there_and_of_few_classes(files, data, tmp_path) -> None:
    done = CliRunner().invoke(
        cli, ["align", str(files["recording"]), str(files["good"]), "--labels", "kinds", "--out", str(tmp_path / "x")]
    )
    assert done.exit_code == 1
    assert "labels='kinds' is not a coordinate" in done.output and "Did you mean 'kind'" in done.output
    two = data["noise"].assign_coords(half=("presentation", np.repeat(["a", "b"], 20).astype(object)))
    recordings.save(tmp_path / "two.nc", two)
    said = run("align", tmp_path / "two.nc", files["good"], "--labels", "half", "--out", tmp_path / "y")
    assert "relative geometry, which correlates pairs of classes, needs 4" in said
    assert results.load(tmp_path / "y" / "results.nc", "manifolds").data.sizes["manifold"] == 2


def test_datasets_lists_every_card_with_its_license() -> None:
    from neurogeom.datasets import cards

    said = run("datasets")
    for name, card in cards().items():
        assert name in said
        assert card.title in said
        assert card.license in said


def test_an_error_is_one_line(files, tmp_path) -> None:
    done = CliRunner().invoke(
        cli,
        ["compare", "--model", str(files["noise"]), "--recording", str(files["recording"]), "--labels", "kin", "--out",
         str(tmp_path / "x")],
    )  # fmt: skip
    assert done.exit_code == 1
    assert "Did you mean 'kind'" in done.output
    assert json.dumps(done.output).count("\\n") == 1
