"""Laws of every kind of result: it comes back from its file, joins with others, and shows what it holds."""

from __future__ import annotations

import json
import math
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import neurogeom
from neurogeom import results
from neurogeom.results import Result, concat, load, make_settings
from tests.core.test_display import Reader
from tests.laws import registry

registry.load_examples()
every_kind = pytest.mark.parametrize("kind", registry.kinds())


def equal(one: object, other: object) -> bool:
    """Equality of plain values in which NaN equals NaN."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def check_same(one: Result, other: Result) -> None:
    assert type(one) is type(other)
    xr.testing.assert_identical(one.data, other.data)
    for name, variable in one.data.variables.items():
        assert variable.dtype == other.data.variables[name].dtype, name
        if variable.dtype.kind != "U":
            assert variable.values.tobytes() == other.data.variables[name].values.tobytes(), name
    for part in ("settings", "diagnostics"):
        assert equal(getattr(one, part), getattr(other, part)), part
    assert one.warnings == other.warnings
    assert one.references == other.references


def test_every_registered_kind_has_an_example() -> None:
    registry.load_all_rooms()
    missing = sorted(
        set(results.kinds()) - set(registry.kinds()) - {k for k in results.kinds() if k.startswith("test_")}
    )
    assert not missing, f"add an example to tests/laws/registry.py for: {missing}"


@every_kind
def test_a_file_gives_back_what_was_saved_to_the_last_bit(kind: str, tmp_path: Path) -> None:
    result = registry.make(kind)
    assert result.save(tmp_path / "a.nc") == tmp_path / "a.nc"
    check_same(load(tmp_path / "a.nc"), result)
    assert os.listdir(tmp_path) == ["a.nc"]


@every_kind
def test_the_same_result_gives_the_same_bytes(kind: str, tmp_path: Path) -> None:
    result = registry.make(kind)
    assert result.save(tmp_path / "a.nc").read_bytes() == result.save(tmp_path / "b.nc").read_bytes()


@every_kind
def test_saving_overwrites_the_old_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    Result(xr.Dataset({"old": 1.0})).save(path)
    registry.make(kind).save(path)
    assert load(path).kind == kind


@every_kind
def test_a_copy_sent_to_another_process_is_the_same(kind: str) -> None:
    result = registry.make(kind)
    check_same(pickle.loads(pickle.dumps(result)), result)


@every_kind
def test_joined_results_keep_every_value_in_its_place(kind: str, tmp_path: Path) -> None:
    result = registry.make(kind)
    joined = concat([result, result], variant=["one", "two"])
    assert type(joined) is type(result)
    assert joined.data.sizes["variant"] == 2
    for name in result.data.data_vars:
        assert joined.data[name].dims[0] == "variant"
        for variant in ("one", "two"):
            xr.testing.assert_equal(joined.data[name].sel(variant=variant, drop=True), result.data[name])
    assert equal(joined.settings, result.settings)
    assert equal(joined.diagnostics, {"per_variant": [dict(result.diagnostics)] * 2})
    assert joined.references == result.references
    assert len(joined.warnings) == 2 * len(result.warnings)
    joined.save(tmp_path / "a.nc")
    check_same(load(tmp_path / "a.nc"), joined)


@every_kind
def test_joined_results_can_be_joined_again(kind: str) -> None:
    joined = concat([registry.make(kind)] * 2, variant=["a", "b"])
    twice = concat([joined, joined], brain=["V4", "IT"])
    assert [twice.data[name].dims[:2] for name in twice.data.data_vars] == [("brain", "variant")] * len(
        twice.data.data_vars
    )
    assert repr(twice)


@every_kind
def test_the_summary_has_the_headline_with_errors_and_intervals(kind: str) -> None:
    result = registry.make(kind)
    summary = result.summary()
    assert list(summary.columns) == ["value", "se", "ci_low", "ci_high"]
    names = result._headline()
    assert names, "nothing to show"
    assert set(summary.index.get_level_values("quantity")) == set(names)
    for name in names:
        if result.data[name].ndim:
            continue
        (row,) = summary[summary.index.get_level_values("quantity") == name].to_dict("records")
        expected = {"value": result.data[name]}
        if f"{name}_se" in result.data:
            expected["se"] = result.data[f"{name}_se"]
        if f"{name}_ci" in result.data:
            expected |= {f"ci_{bound}": result.data[f"{name}_ci"].sel(bound=bound) for bound in ("low", "high")}
        for column in summary.columns:
            value = float(expected[column]) if column in expected else np.nan
            np.testing.assert_equal(float(row[column]), value)


@every_kind
def test_a_joined_summary_has_a_row_for_each(kind: str) -> None:
    result = registry.make(kind)
    summary = concat([result, result], variant=["a", "b"]).summary()
    assert len(summary) == 2 * len(result.summary())
    pd.testing.assert_frame_equal(
        summary.xs("a", level="variant").astype(float), summary.xs("b", level="variant").astype(float), check_exact=True
    )


@every_kind
def test_the_tidy_table_has_one_row_for_each_value(kind: str) -> None:
    result = registry.make(kind)
    table = result.to_dataframe()
    owned = [n for n in result.data.data_vars for part in ("_se", "_ci") if n.endswith(part) and n[:-3] in result.data]
    names = [name for name in result.data.data_vars if name not in owned]
    assert len(table) == sum(result.data[name].size for name in names)
    assert list(table.columns[:1]) == ["quantity"]
    assert list(table.columns[-4:]) == ["value", "se", "ci_low", "ci_high"]
    for name in names:
        values = table.loc[table["quantity"] == name, "value"].to_numpy()
        expected = result.data[name].values.ravel()
        if expected.dtype.kind in "fiub":
            np.testing.assert_array_equal(values.astype(float), expected.astype(float), err_msg=str(name))
        else:
            assert values.tolist() == expected.tolist()


@every_kind
def test_values_are_attributes(kind: str) -> None:
    result = registry.make(kind)
    for name, variable in result.data.variables.items():
        found = getattr(result, name)
        assert name in dir(result)
        if variable.ndim == 0:
            assert not isinstance(found, np.generic | np.ndarray | xr.DataArray)
            np.testing.assert_equal(found, variable.item())
        else:
            xr.testing.assert_identical(found, result.data[name])


@every_kind
def test_a_wrong_name_lists_the_right_ones(kind: str) -> None:
    result = registry.make(kind)
    with pytest.raises(AttributeError, match=f"has no 'capacty'.*{next(iter(result.data.data_vars))}"):
        _ = result.capacty


@every_kind
def test_a_result_cannot_be_changed_by_accident(kind: str) -> None:
    result = registry.make(kind)
    with pytest.raises(AttributeError):
        result.settings = {}  # type: ignore[misc]
    dataset = result.to_dataset()
    for name in dataset.data_vars:
        dataset[name] = dataset[name] * 0 if dataset[name].dtype.kind in "fi" else dataset[name]
    check_same(result, registry._EXAMPLES[kind]() if kind == "test.everything" else result)


@every_kind
def test_the_text_shows_title_headline_and_every_warning(kind: str) -> None:
    result = registry.make(kind)
    text = repr(result)
    assert text.startswith(result.title)
    flat = " ".join(text.split())
    for message in result.warnings:
        assert " ".join(message.split()) in flat
    hidden = re.search(r"and (\d+) more columns", text)  # a wide table shows what fits, and says how much does not
    names = result._headline()
    for name in names[: len(names) - int(hidden[1])] if hidden else names:
        assert result.labels.get(name, (name.replace("_", " "), ""))[0] in text
    assert max(map(len, text.splitlines())) <= 160
    if any(f"{name}_se" in result.data and not result.data[name].ndim for name in result._headline()):
        assert result.se_name in text


@every_kind
def test_the_html_shows_the_same_and_nothing_of_the_data_is_markup(kind: str) -> None:
    result = registry.make(kind)
    reader = Reader()
    reader.feed(result._repr_html_())
    reader.close()
    assert not reader.stack
    assert reader.tags <= {"div", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "code"}
    shown = " ".join(" ".join(reader.texts).split())
    assert result.title in shown
    for message in result.warnings:
        assert " ".join(message.split()) in shown


@every_kind
def test_settings_say_how_to_repeat_the_run(kind: str) -> None:
    settings = registry.make(kind).settings
    assert settings["neurogeom_version"] == neurogeom.__version__
    assert settings["versions"]["numpy"] == np.__version__
    assert equal(json.loads(json.dumps(settings)), settings)


@every_kind
def test_declared_names_exist_and_errors_belong_to_values(kind: str) -> None:
    cls = type(registry.make(kind))
    result = registry.make(kind)
    assert cls.headline, f"{cls.__name__} declares no headline"
    assert any(name in result.data for name in cls.headline)
    for name in map(str, result.data.data_vars):
        if name.endswith("_ci"):
            assert result.data[name].sizes["bound"] == 2
            assert result.data["bound"].values.tolist() == ["low", "high"]
            low, high = result.data[name].sel(bound="low"), result.data[name].sel(bound="high")
            assert not bool((low > high).any()), f"{name}: the bounds are the wrong way round"
        if name.endswith("_se"):
            assert not bool((result.data[name] < 0).any()), f"{name}: a negative error"
            assert name[:-3] in result.data.data_vars


@every_kind
def test_every_kind_draws_itself(kind: str) -> None:
    result = registry.make(kind)
    if kind.startswith("test."):
        with pytest.raises(TypeError, match="has no plot"):
            result.plot()
        return
    from matplotlib import pyplot as plt

    assert result.plot() is not None
    plt.close("all")


def test_the_headline_line_reads_like_a_paper() -> None:
    text = repr(registry.make("test.everything"))
    assert "capacity α  0.412 ± 0.012 (MC error)  [95 % CI 0.390, 0.440 over neuroids]" in text
    assert "dimension   not defined               " in text
    assert "axes" in text
    assert f"seed {2**62 + 1} · n_samples 5 · back end cpu · margin 0.0 · uncertainty neuroids" in " ".join(
        text.split()
    )


def test_differing_settings_become_lists() -> None:
    items = [Result(xr.Dataset({"a": 1.0}), make_settings(seed=seed, margin=0.0)) for seed in (1, 2)]
    joined = concat(items, layer=["x", "y"])
    assert joined.settings["seed"] == [1, 2]
    assert joined.settings["margin"] == 0.0


def test_coordinates_that_differ_leave_gaps_that_are_nan() -> None:
    items = [
        Result(xr.Dataset({"x": ("neuroid", [1.0, 2.0])}, coords={"neuroid": names}))
        for names in (["a", "b"], ["b", "c"])
    ]
    joined = concat(items, layer=["one", "two"])
    np.testing.assert_array_equal(joined.x.sel(neuroid=["a", "b", "c"]), [[1, 2, np.nan], [np.nan, 1, 2]])


@pytest.mark.parametrize("values", [[1, 2], [0.1, 0.5], np.array(["a", "b"]), (True, False)])
def test_a_new_dimension_takes_values_of_any_kind(values: object, tmp_path: Path) -> None:
    joined = concat([Result(xr.Dataset({"x": 1.0}))] * 2, step=values)  # type: ignore[arg-type]
    joined.save(tmp_path / "a.nc")
    assert load(tmp_path / "a.nc").step.values.tolist() == list(values)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("items", "dim", "error", "message"),
    [
        ([], {"layer": []}, ValueError, "at least one result"),
        ([0], {"layer": [1], "region": [2]}, TypeError, "2 were given"),
        ([0], {}, TypeError, "0 were given"),
        ([0, 0], {"layer": ["a"]}, ValueError, "layer has 1 values for 2 results"),
        ([0, 0], {"layer": ["a", "a"]}, ValueError, "a value twice"),
        ([0], {"x": ["a"]}, ValueError, "already a name"),
        ([0, 1], {"layer": ["a", "b"]}, ValueError, r"layer='b' differs from the first in 1 variables \(first: 'y'\)"),
        ([0, 2], {"layer": ["a", "b"]}, TypeError, "different kinds"),
    ],
)
def test_what_cannot_be_joined_is_said(items: list[int], dim: dict, error: type[Exception], message: str) -> None:
    made = [
        Result(xr.Dataset({"x": 1.0})),
        Result(xr.Dataset({"x": 1.0, "y": 2.0})),
        registry.make("test.everything"),
    ]
    with pytest.raises(error, match=message):
        concat([made[index] for index in items], **dim)


@pytest.mark.parametrize("name", ["settings", "plot", "kind", "save"])
def test_a_variable_may_not_hide_an_attribute(name: str) -> None:
    with pytest.raises(ValueError, match="named like attributes"):
        Result(xr.Dataset({name: 1.0}))


def test_a_result_holds_a_dataset() -> None:
    with pytest.raises(TypeError, match="data is a dict"):
        Result({"x": 1.0})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["", "Capacity", "glue", "capacity.", "capacity.glue nine", "../x.y"])
def test_a_malformed_kind_is_refused(kind: str) -> None:
    cls = type("Odd", (Result,), {"kind": kind})
    with pytest.raises(ValueError, match="kind is"):
        results.register(cls)


def test_a_kind_has_one_class() -> None:
    cls = type("Other", (Result,), {"kind": "test.everything"})
    with pytest.raises(ValueError, match="is taken by"):
        results.register(cls)
    assert results.register(registry.Everything) is registry.Everything


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"does not end in \.nc"):
        registry.make("test.everything").save(tmp_path / "a.csv")


def test_long_tables_are_cut_and_say_so() -> None:
    joined = concat([registry.make("test.everything")] * 40, step=range(40))
    assert "… and 16 more rows: summary() has all" in repr(joined)
    assert "16 more rows" in joined._repr_html_()
    assert len(joined.summary()) == 40 * 3


def test_a_result_without_headline_shows_all_its_scalars() -> None:
    result = Result(xr.Dataset({"a": 1.0, "a_se": 0.1, "b": ("d", [1.0])}))
    assert list(result.summary().index) == ["a"]
    assert math.isclose(result.summary().loc["a", "se"], 0.1)
    assert "1.00 ± 0.10 (MC error)" in repr(result)


def test_several_results_in_one_file_come_back_by_name(tmp_path: Path) -> None:
    one, two = registry.make("test.everything"), Result(xr.Dataset({"capacity": 1.0}))
    path = results.save_together({"layer 1": one, "two": two}, tmp_path / "a.nc")
    check_same(load(path, "layer 1"), one)
    check_same(load(path, "two"), two)
    with pytest.raises(ValueError, match=r"holds 2 results: 'layer 1', 'two'\. Give one as name, not None"):
        load(path)
    with pytest.raises(ValueError, match="holds one result, which has no name; leave out name='x'"):
        load(two.save(tmp_path / "b.nc"), "x")
    with pytest.raises(ValueError, match="cannot name a group"):
        results.save_together({"a/b": one}, tmp_path / "c.nc")
