"""The demo writes a complete report, and claims no more than its intervals hold."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

from neurogeom import encoders, results
from neurogeom.capacity.results import ComparisonResult
from neurogeom.cli import cli, demo
from neurogeom.results import make_settings


@pytest.fixture(scope="module")
def network() -> Any:
    """Training, done once for each set of arguments."""
    return cache(encoders.digits_network)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.NeurogeomWarning")
def test_quick_demo_writes_a_complete_report(tmp_path: Path, network: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "digits_network", network)
    for name, effort in {"epochs": 2, "n_theory": 100}.items():
        monkeypatch.setitem(demo.QUICK, name, effort)
    out = tmp_path / "demo"
    result = CliRunner().invoke(cli, ["demo", "--quick", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir()) == ["figures", "report.html", "results.csv", "results.nc"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 5_000_000
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<figure>") >= 6
    assert "95 % interval over neuroids" in page
    found = {
        name: results.load(out / "results.nc", name)
        for name in ("glue", "mean_field", "readout", "glue_untrained", "theory", "difference")
    }
    assert all(result.data.sizes for result in found.values())
    glue, change = found["glue"].data, found["difference"].data
    assert glue["layer"].values[0] == "pixels"
    assert (glue["capacity"] >= 0.999 * glue["capacity_floor"]).all()
    gain = (glue["capacity"] - found["glue_untrained"].data["capacity"]).sel(layer=change["layer"])
    np.testing.assert_allclose(change["capacity_difference"], gain, rtol=1e-9)
    lines = [line.strip() for line in result.output[result.output.index("import neurogeom as ng") :].splitlines()]
    _check_lines([line for line in lines if line], found["glue"])


def _check_lines(lines: list[str], glue: results.Result) -> None:
    """The three lines of Python give the numbers of the demo."""
    first, second, third = lines
    names: dict[str, Any] = {}
    exec("\n".join([first, second, "again = " + third.removesuffix(".plot()")]), names)
    again = names["again"]
    assert third.endswith(".plot()")
    np.testing.assert_array_equal(again.capacity, glue.capacity)
    np.testing.assert_array_equal(again.data["layer"], glue.data["layer"])


def test_lines_of_the_whole_demo_rest_on_the_defaults() -> None:
    assert demo.lines(seed=3, quick=False).splitlines()[1:] == [
        "layers = ng.encoders.digits_network(seed=3).activations(20)",
        'ng.concat([ng.capacity.glue(x, labels="digit", seed=3) for x in layers.values()], layer=list(layers)).plot()',
    ]


def differences(low: list[float], high: list[float]) -> ComparisonResult:
    """Trained less untrained in three layers, with these intervals."""
    ends = np.array([low, high])
    middle = ends.mean(axis=0)
    data = xr.Dataset(
        {
            "capacity": (("layer", "side"), np.stack([0.3 + middle, np.full(3, 0.3)], axis=1)),
            "capacity_difference": ("layer", middle),
            "capacity_difference_ci": (("layer", "bound"), ends.T),
        },
        {"layer": ["conv1", "conv2", "hidden"], "side": ["trained", "untrained"], "bound": ["low", "high"]},
    )
    return ComparisonResult(data, make_settings(method="glue"))


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        ([0.0, 0.1, 0.3], [0.2, 0.25, 0.5], "Training matters most in hidden: the capacity of ten digits is 0.70 in"),
        ([0.0, 0.1, 0.3], [0.2, 0.35, 0.5], "Training matters most in hidden and conv2, whose intervals overlap"),
        ([0.1, 0.1, 0.15], [0.2, 0.25, 0.3], "most in hidden, conv1 and conv2, whose intervals overlap"),
        ([-0.2, -0.2, -0.1], [0.1, 0.1, 0.2], "No layer shows an effect of training beyond its interval"),
    ],
)
def test_where_training_matters_most_rests_on_intervals(low: list[float], high: list[float], words: str) -> None:
    claim, layer = demo._claim(differences(low, high))
    assert words in claim
    assert layer == "hidden"
    assert f"95 % interval over neuroids {low[2]:.2f} to {high[2]:.2f}" in claim
