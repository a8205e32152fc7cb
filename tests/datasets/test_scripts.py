"""The scripts in datasets/: the README lists the cards, synthetic sets hold their truth, conversions lose nothing."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from neurogeom import datasets, recordings

FOLDER = Path(__file__).resolve().parents[2] / "datasets"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_lists_all_cards_as_they_are_now():
    assert script("list_cards").main(["--check"]) == 0, "run python datasets/list_cards.py"
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in text for name in datasets.cards())
    assert all(f"`{path.name}`" in text for path in FOLDER.glob("*.py"))


def test_a_changed_card_makes_the_readme_out_of_date(monkeypatch):
    module = script("list_cards")
    monkeypatch.setattr(module, "cards", lambda: {"digits": datasets.card("digits")})
    assert module.main(["--check"]) == 1


@pytest.mark.parametrize("sessions", [1, 3])
def test_a_synthetic_set_has_the_reliability_that_it_says(tmp_path, capsys, sessions):
    path = tmp_path / "population.nc"
    options = ("--sessions", sessions, "--stimuli", 25, "--neuroids", 60, "--seed", 3)
    assert script("make_synthetic").main(["--out", str(path), *map(str, options)]) == 0
    responses = recordings.load(path)
    assert f"{sessions} session(s), seed 3" in capsys.readouterr().out
    assert np.isnan(responses.values).mean() == pytest.approx(1 - 1 / sessions)
    found = recordings.split_half_reliability(responses, n_splits=20, seed=0).reliability.values
    assert np.abs(found - responses["planted_reliability"].values).mean() < 0.04


def test_a_conversion_keeps_every_number_and_name(tmp_path, data_dir):
    source = data_dir / "macaque_it_zhang_desimone" / "rasters_mat"
    if not source.is_dir():
        pytest.skip("macaque_it_zhang_desimone is not in NEUROGEOM_DATA")
    out = tmp_path / "it.nc"
    assert script("convert").main([str(source), "--out", str(out), "--bin-ms", "500"]) == 0
    expected, found = recordings.load(source, bin_ms=500), recordings.load(out)
    np.testing.assert_array_equal(found.values, expected.values)
    assert set(found.coords) >= set(expected.coords)


def test_a_conversion_of_a_plain_array_needs_names_of_its_axes(tmp_path):
    values = np.random.default_rng(0).normal(size=(4, 6, 3))
    np.save(tmp_path / "a.npy", values)
    out = tmp_path / "a.nc"
    script("convert").main([str(tmp_path / "a.npy"), "--dims", "neuroid,stimulus,repetition", "--out", str(out)])
    found = recordings.load(out)
    assert found.sizes == {"presentation": 18, "neuroid": 4}
    np.testing.assert_allclose(np.sort(found.values, axis=None), np.sort(values, axis=None))
