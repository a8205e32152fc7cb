"""``neurogeom capacity`` turns a file into a report, says in one line what is wrong, and goes on where it stopped."""

from __future__ import annotations

import html
import inspect
import os
import re
import shlex
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner, Result

import neurogeom
from neurogeom import results
from neurogeom.cli import capacity as command
from neurogeom.cli import cli
from neurogeom.io import UnitStore
from neurogeom.report import files

CLASSES = np.repeat(["cat", "dog", "sheep", "wolf"], 8)


def responses(n_neuroids: int = 30, layers: tuple[str, ...] = ()) -> xr.DataArray:
    rng = np.random.default_rng(0)
    centers = dict(zip(np.unique(CLASSES), rng.normal(size=(4, n_neuroids)), strict=True))
    values = np.array([centers[name] for name in CLASSES]) + 0.3 * rng.normal(size=(len(CLASSES), n_neuroids))
    coords: dict[str, Any] = {"object_name": ("presentation", CLASSES.astype(object))}
    if layers:
        coords["layer"] = ("neuroid", np.resize(np.array(layers, dtype=object), n_neuroids))
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords, name="responses")


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    """Run the command on responses, written to a file first; few samples unless told otherwise."""

    def call(array: xr.DataArray, *arguments: str, out: str = "out") -> Result:
        path = tmp_path / "responses.nc"
        array.to_netcdf(path, engine="h5netcdf")
        options = ["--out", str(tmp_path / out), "--n-samples", "20", "--n-jobs", "1", *arguments]
        return CliRunner().invoke(cli, ["capacity", str(path), *options])

    return call


def said(result: Result) -> str:
    assert "Traceback" not in result.output
    return result.output


def test_file_becomes_report_figures_and_numbers(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run(responses(), "--labels", "object_name")
    assert result.exit_code == 0, result.output
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == ["figures", "report.html", "results.csv", "results.nc"]
    assert sorted(path.name for path in (out / "figures").iterdir()) == ["glue.png", "glue.svg"]
    glue = results.load(out / "results.nc", "glue")
    assert glue.settings["seed"] == 0
    assert glue.settings["n_samples"] == 20
    table = pd.read_csv(out / "results.csv")
    row = table[(table["measure"] == "glue") & (table["quantity"] == "capacity")]
    assert row["value"].item() == pytest.approx(glue.capacity)
    page = (out / "report.html").read_text(encoding="utf-8")
    picture = ElementTree.parse(out / "figures" / "glue.svg").getroot()
    assert picture.tag.endswith("svg")
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}use"))) > 4  # a marker for each class at least
    assert "neurogeom capacity" in page
    assert f"{glue.capacity:.3f}" in said(result)


def test_layers_are_chosen_by_pattern_and_drawn_together(run: Callable[..., Result], tmp_path: Path) -> None:
    array = responses(60, layers=("conv1", "conv2", "logits"))
    result = run(array, "--labels", "object_name", "--layer", "conv*", "--method", "glue", "--method", "simulated")
    assert result.exit_code == 0, result.output
    for name in ("glue", "simulated"):
        found = results.load(tmp_path / "out" / "results.nc", name)
        assert found.data["layer"].values.tolist() == ["conv1", "conv2"]


def test_same_command_gives_same_numbers(run: Callable[..., Result], tmp_path: Path) -> None:
    for out in ("one", "two"):
        assert run(responses(), "--labels", "object_name", out=out).exit_code == 0
    one, two = ((tmp_path / out / "results.csv").read_bytes() for out in ("one", "two"))
    assert one == two


@pytest.mark.parametrize("suffix", [".npy", ".csv", ".txt"])
def test_labels_come_from_a_file(suffix: str, run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / f"labels{suffix}"
    if suffix == ".npy":
        np.save(path, CLASSES)
    else:
        path.write_text("label\n" + "\n".join(CLASSES) + "\n" if suffix == ".csv" else "\n".join(CLASSES))
    result = run(responses().drop_vars("object_name"), "--labels", str(path))
    assert result.exit_code == 0, result.output
    assert "4 classes" in result.output


def in_file(folder: Path, *lines: str) -> np.ndarray:
    """Labels that are read from a file of these lines, for the presentations of `responses`."""
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return command.read_labels(str(folder / "labels.csv"), responses())


@pytest.mark.parametrize("name", ["NA", "None", "nan", "null", ""])
def test_classes_of_any_name_are_classes(name: str, tmp_path: Path) -> None:
    names = np.where(CLASSES == "dog", name, CLASSES)
    if name:
        np.testing.assert_array_equal(in_file(tmp_path, *names), names)
    else:
        with pytest.raises(ValueError, match=r"8 empty labels .first: row 9, 10, 11."):
            in_file(tmp_path, *(f"{i},{name}" for i, name in enumerate(names)))


def test_head_of_a_table_of_labels_is_left_out(tmp_path: Path) -> None:
    rows = [f"{i},{name}" for i, name in enumerate(CLASSES)]
    np.testing.assert_array_equal(in_file(tmp_path, "image,animal seen", *rows), CLASSES)
    named_so = np.where(CLASSES == "cat", "label", CLASSES)  # the first class may have a name that sounds like a head
    np.testing.assert_array_equal(in_file(tmp_path, *named_so), named_so)


def test_one_label_too_many_asks_whether_the_first_is_a_head(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"33 labels, .* 32 presentations. Is line 1, 'wolf', a header"):
        in_file(tmp_path, "wolf", *CLASSES)
    with pytest.raises(ValueError, match="34 labels, .* Give one label per presentation"):
        in_file(tmp_path, "head", "wolf", *CLASSES)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ["--labels is missing", "'object_name'"]),
        (("--labels", "object_nam"), ["no coordinate", "Did you mean 'object_name'?"]),
        (("--labels", "nowhere.csv"), ["no such file"]),
        (("--labels", "object_name", "--layer", "conv*"), ["no coordinate 'layer'"]),
        (("--labels", "object_name", "--dichotomies", "balancd"), ["Did you mean 'balanced'"]),
        (("--labels", "object_name", "--method", "simulated", "--margin", "0.5"), ["--margin has no meaning"]),
        (("--labels", "object_name", "--backend", "gpu"), ["backend"]),
        (
            ("--labels", "object_name", "--method", "mean-field", "--origin", "mean"),
            ["use --method glue or simulated."],
        ),
        (
            ("--labels", "object_name", "--center-correction", "low_rank"),
            ["--center-correction", "--method mean-field."],
        ),
        (("--labels", "object_name", "--method", "mean-field", "--dichotomies", "random"), ["--dichotomies has no"]),
    ],
)
def test_wrong_options_are_told_in_one_line(
    arguments: tuple[str, ...], words: list[str], run: Callable[..., Result], tmp_path: Path
) -> None:
    result = run(responses(), *arguments)
    assert result.exit_code == 1
    (line,) = [line for line in said(result).splitlines() if line.startswith("Error: ")]
    assert all(word in line for word in words), line
    assert not (tmp_path / "out" / "report.html").exists()


def test_labels_of_wrong_length_are_counted(run: Callable[..., Result], tmp_path: Path) -> None:
    np.save(tmp_path / "labels.npy", CLASSES[:5])
    result = run(responses(), "--labels", str(tmp_path / "labels.npy"))
    assert result.exit_code == 1
    assert "5 labels, the responses have 32 presentations" in said(result)


def test_unknown_layers_are_listed(run: Callable[..., Result]) -> None:
    result = run(responses(layers=("V1", "IT")), "--labels", "object_name", "--layer", "V4")
    assert result.exit_code == 1
    assert "'V1', 'IT'" in said(result)


def test_missing_values_are_told_with_what_to_do(run: Callable[..., Result]) -> None:
    array = responses()
    array[0, 3] = np.nan
    result = run(array, "--labels", "object_name")
    assert result.exit_code == 1
    assert "NaN in 1 of 30 neuroids" in said(result)


@pytest.mark.parametrize("content", [None, "hello"])
def test_wrong_file_is_told_in_one_line(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "responses.nc"
    if content is not None:
        path.write_text(content)
    result = CliRunner().invoke(cli, ["capacity", str(path), "--labels", "x", "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert str(path) in said(result)
    assert len(said(result).strip().splitlines()) == 1


def test_unknown_method_is_wrong_usage(run: Callable[..., Result]) -> None:
    assert run(responses(), "--labels", "object_name", "--method", "magic").exit_code == 2


def test_debug_shows_where_an_error_came_from(run: Callable[..., Result]) -> None:
    result = run(responses(), "--labels", "object_nam", "--debug")
    assert isinstance(result.exception, ValueError)


class Stop:
    """Measures that count their calls and are interrupted once, at one layer."""

    def __init__(self, at: int, error: BaseException) -> None:
        self.at, self.error, self.calls = at, error, 0

    def __call__(self, methods: Any, options: Any) -> Any:
        from neurogeom import capacity

        def measure(manifolds: Any) -> Any:
            self.calls += 1
            if self.calls == self.at:
                raise self.error
            return capacity.glue(manifolds, n_samples=10, seed=0, n_jobs=1)

        return {"glue": measure}


def test_interrupted_run_leaves_whole_units_and_goes_on_from_there(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    array, out = responses(90, layers=("a", "b", "c")), tmp_path / "out"
    stop = Stop(2, KeyboardInterrupt())
    monkeypatch.setattr(command, "build_measures", stop)
    first = run(array, "--labels", "object_name")
    assert first.exit_code == 130
    assert "goes on where this one stopped" in said(first)
    assert [path.name for path in out.iterdir()] == ["units"]
    assert not [path for path in out.rglob("*") if "partial" in path.name or path.suffix == ".tmp"]
    second = run(array, "--labels", "object_name")
    assert second.exit_code == 0, second.output
    assert stop.calls == 4  # a, b (interrupted), then b and c: a was not computed again
    assert not (out / "units").exists()
    found = results.load(out / "results.nc", "glue")
    assert found.data["layer"].values.tolist() == ["a", "b", "c"]


def test_units_of_another_run_are_not_mixed_in(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    array = responses(60, layers=("a", "b"))
    monkeypatch.setattr(command, "build_measures", Stop(2, KeyboardInterrupt()))
    assert run(array, "--labels", "object_name").exit_code == 130
    result = run(array + 1.0, "--labels", "object_name")
    assert result.exit_code == 1
    assert "units of another run" in said(result)


def test_a_command_that_failed_does_not_block_the_corrected_one(run: Callable[..., Result]) -> None:
    failed = run(responses(), "--labels", "object_name", "--backend", "gpu")
    assert failed.exit_code == 1
    assert "backend='gpu' is unknown" in said(failed)
    assert "margin" in said(run(responses(), "--labels", "object_name", "--margin", "nan"))
    assert run(responses(), "--labels", "object_name").exit_code == 0


def test_units_of_another_version_are_not_mixed_in(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    array = responses(60, layers=("a", "b"))
    with monkeypatch.context() as patch:
        patch.setattr(command, "build_measures", Stop(2, KeyboardInterrupt()))
        assert run(array, "--labels", "object_name").exit_code == 130
    monkeypatch.setattr(neurogeom, "__version__", "0.0.0")
    result = run(array, "--labels", "object_name")
    assert result.exit_code == 1
    assert "units of another run" in said(result)


def test_units_are_read_back_only_where_they_were_computed_before(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []
    real = UnitStore.load
    monkeypatch.setattr(UnitStore, "load", lambda store, key: read.append(key) or real(store, key))
    monkeypatch.setattr(command, "build_measures", Stop(2, KeyboardInterrupt()))
    array = responses(60, layers=("a", "b"))
    assert run(array, "--labels", "object_name").exit_code == 130
    assert read == []
    assert run(array, "--labels", "object_name").exit_code == 0
    assert read == [("glue", "a")]


def test_a_damaged_unit_is_computed_again(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Stop(2, KeyboardInterrupt())
    monkeypatch.setattr(command, "build_measures", stop)
    array = responses(60, layers=("a", "b"))
    assert run(array, "--labels", "object_name").exit_code == 130
    next((tmp_path / "out" / "units").glob("*.nc")).write_bytes(b"torn")
    again = run(array, "--labels", "object_name")
    assert again.exit_code == 0, again.output
    assert "damaged and is computed again" in said(again)
    assert stop.calls == 4  # a, b (interrupted), then a and b


def _contents(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_files_of_two_runs_are_never_mixed(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert run(responses(), "--labels", "object_name", "--seed", "1").exit_code == 0
    before = _contents(out)

    def stop(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files, "save_together", stop)
        assert run(responses(), "--labels", "object_name", "--seed", "2").exit_code == 130
    after = {name: content for name, content in _contents(out).items() if not name.startswith("units/")}
    assert after == before
    real, calls = os.replace, []

    def stop_in_places(source: Path, target: Path) -> None:
        if Path(target).parent == out and Path(target).suffix in (".html", ".nc", ".csv"):
            calls.append(target)
            if len(calls) == 2:
                raise KeyboardInterrupt
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", stop_in_places)
        assert run(responses(), "--labels", "object_name", "--seed", "2").exit_code == 130
    kept = _contents(out)
    assert len(calls) == 2
    assert not [name for name in before if kept.get(name) == before[name]]
    assert run(responses(), "--labels", "object_name", "--seed", "2").exit_code == 0
    assert sorted(_contents(out)) == sorted(before)


def test_layer_that_fails_is_named_and_the_others_are_written(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "build_measures", Stop(1, ValueError("the center of 'cat' is zero.")))
    result = run(responses(90, layers=("a", "b", "c")), "--labels", "object_name")
    assert result.exit_code == 1
    assert "1 of 3 parts failed: glue of a was not computed: the center of 'cat' is zero." in said(result)
    assert results.load(tmp_path / "out" / "results.nc", "glue").data["layer"].values.tolist() == ["b", "c"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "glue of a was not computed" in page


def test_an_unexpected_error_says_how_to_see_more(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "build_measures", Stop(1, RuntimeError("broken")))
    result = run(responses(), "--labels", "object_name")
    assert result.exit_code == 1
    assert "RuntimeError: broken (unexpected; run again with --debug" in said(result)


def test_presentations_are_averaged_into_points(run: Callable[..., Result], tmp_path: Path) -> None:
    array = responses().assign_coords(stimulus_id=("presentation", np.arange(32) // 2))
    result = run(array, "--labels", "object_name", "--average", "stimulus_id")
    assert result.exit_code == 0, result.output
    found = results.load(tmp_path / "out" / "results.nc", "glue")
    assert found.data["manifold_n_points"].values.tolist() == [4, 4, 4, 4]


def test_report_repeats_the_command_with_all_its_options(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading the printed command gives what was asked for, option by option."""
    asked: list[dict[str, Any]] = []
    real = cli.commands["capacity"].callback
    assert real is not None

    def remember(**options: Any) -> Any:
        asked.append(options)
        return real(**options)

    monkeypatch.setattr(cli.commands["capacity"], "callback", remember)
    array = responses(60, layers=("conv 1", "conv 2", "logits")).assign_coords(
        stimulus_id=("presentation", np.arange(32) // 2)
    )
    result = run(
        array, "--labels", "object_name", "--layer", "conv *", "--average", "stimulus_id", "--variable", "responses",
        "--method", "glue", "--method", "mean-field", "--seed", "3", "--margin", "0.25", "--dichotomies", "random",
        "--uncertainty", "points", "--backend", "cpu", "--origin", "mean", "--center-correction", "low_rank",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    page = html.unescape((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    (line,) = re.findall(r"neurogeom capacity [^<\n]*", page)
    program, name, *arguments = shlex.split(line)
    assert (program, name) == ("neurogeom", "capacity")
    again = cli.commands["capacity"].make_context(name, arguments).params
    (given,) = asked
    assert {key for key, value in given.items() if value is None} <= {"n_jobs"}  # else an option could be forgotten
    assert again == {**given, "n_jobs": None}


def test_geometry_near_the_floor_is_left_out_of_table_and_explained(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run(responses(6) * 0 + np.random.default_rng(1).normal(size=(32, 6)), "--labels", "object_name")
    assert result.exit_code == 0, result.output
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    rows = {cells[0]: cells[1:] for cells in table_rows(page)}
    assert set(rows["radius R [relative to the center]"]) == {"–"}
    assert "–" not in rows["capacity α [manifolds per dimension]"]
    assert "where geometry means nothing" in page
    assert "Hollow: the capacity of all together" in page
    assert run(responses(), "--labels", "object_name", out="fine").exit_code == 0
    page = (tmp_path / "fine" / "report.html").read_text(encoding="utf-8")
    assert "–" not in {cells[0]: cells[1] for cells in table_rows(page)}["radius R [relative to the center]"]
    assert "where geometry means nothing" not in page
    assert "Hollow" not in page


def table_rows(page: str) -> list[list[str]]:
    """Cells of every table row of a page, as text."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    return [
        [
            html.unescape(re.sub("<[^>]*>", "", cell)).strip()
            for cell in re.findall(r"<t[dh].*?</t[dh]>", row, re.DOTALL)
        ]
        for row in rows
    ]


def test_options_reach_the_measures_that_take_them(run: Callable[..., Result], tmp_path: Path) -> None:
    every = ("--method", "glue", "--method", "mean_field", "--method", "simulated", "--dichotomies", "random")
    result = run(responses(), "--labels", "object_name", *every, "--origin", "mean", "--center-correction", "low_rank")
    assert result.exit_code == 0, result.output
    found = {name: results.load(tmp_path / "out" / "results.nc", name) for name in ("glue", "mean_field", "simulated")}
    assert found["mean_field"].settings["center_correction"] == "low_rank"
    for name in ("glue", "simulated"):
        assert found[name].settings["origin"] == "mean"
        assert found[name].settings["dichotomies"] == "random"


def test_every_option_of_the_command_is_taken_by_a_measure_or_by_the_command() -> None:
    from neurogeom import capacity

    for method, names in command._TAKES.items():
        function = getattr(capacity, command._FUNCTIONS[method])
        known = set(inspect.signature(function).parameters) | ({"n_samples"} if method == "simulated" else set())
        assert set(names) <= known, method
    options = {option.name for option in cli.commands["capacity"].params}
    own = {"responses", "labels", "methods", "layer", "out", "variable", "average", "debug"}
    assert options - own == set().union(*command._TAKES.values()) - {"progress"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("l.csv", "Käfer\n".encode("latin-1") * 32, "is not text in UTF-8"),
        ("l.npy", b"torn", "cannot be read"),
        ("l.npy", None, "Save labels as text or whole numbers, not as objects"),
        ("l.csv", b"", "cannot be read: No columns to parse"),
    ],
)
def test_a_file_of_labels_that_cannot_be_read_is_named(
    name: str, content: bytes | None, words: str, run: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is None:
        np.save(path, CLASSES.astype(object), allow_pickle=True)
    else:
        path.write_bytes(content)
    result = run(responses(), "--labels", str(path))
    assert result.exit_code == 1
    assert f"--labels {str(path)!r}" in said(result)
    assert words in said(result)
