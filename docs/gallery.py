"""Write every figure and report that neurogeom can make into one folder, also those without data, to be looked at.

Run ``python docs/gallery.py [FOLDER]`` (or ``make gallery``) and open ``index.html`` there. Numbers are made up, so
that it takes seconds; hollow markers, floors, long names and failures are there on purpose.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neurogeom import plotting, report, results, retina, stimuli
from neurogeom.capacity import plots, text
from neurogeom.capacity.results import GlueResult, SensitivityResult, SimulatedResult
from neurogeom.decoding import plots as decoding_plots
from neurogeom.results import make_settings

LAYERS = ["pixels", "conv1", "conv2", "hidden1", "hidden2", "logits"]
CASES: dict[str, Callable[[], Any]] = {}


def case(draw: Callable[[], Any]) -> Callable[[], Any]:
    """Add a figure to the gallery under the name of its function."""
    CASES[draw.__name__] = draw
    return draw


def glue_result(capacity: float, floor: float, *, ci: bool = True, n_manifolds: int = 10, seed: int = 0) -> GlueResult:
    """A result of GLUE with made-up numbers."""
    rng = np.random.default_rng(seed)
    values: dict[str, Any] = {"capacity_floor": floor, "utility": 0.6, "utility_se": 0.02}
    for name, value in {"capacity": capacity, "dimension": 2 / capacity, "radius": 1.2 - 0.4 * capacity}.items():
        spread = value * np.exp(0.3 * rng.normal(size=n_manifolds))
        values |= {name: value, f"{name}_se": 0.03 * value}
        values |= {f"{name}_ci": ("bound", [0.88 * value, 1.1 * value])} if ci else {}
        values |= {f"manifold_{name}": ("manifold", spread), f"manifold_{name}_se": ("manifold", 0.06 * spread)}
    values["manifold_n_points"] = ("manifold", np.full(n_manifolds, 20))
    pair = rng.uniform(0.4, 1.6, (n_manifolds, n_manifolds))
    values["pair_capacity"] = (("manifold", "other_manifold"), (pair + pair.T) / 2)
    names = [f"class {i}" for i in range(n_manifolds)]
    coords = {"manifold": names, "other_manifold": names, "bound": ["low", "high"]}
    settings = make_settings(n_samples=200, seed=seed, dichotomies="balanced", uncertainty="neuroids" if ci else None)
    near = (f"capacity {capacity:.3f} lies within 1.5x of its floor P/rank = {floor:.3f}.",)
    return GlueResult(xr.Dataset(values, coords), settings, warnings=near if capacity < 1.5 * floor else ())


def layers(*, gain: float = 1.0, ci: bool = True, saturated: bool = False) -> GlueResult:
    """Results along layers, the outer ones near their floor."""
    capacities = [0.2, 0.3, 0.3 + 0.1 * gain, 0.3 + 0.35 * gain, 0.3 + 0.6 * gain, 1.1]
    lows = [0.8 * c for c in capacities] if saturated else [0.18, 0.06, 0.06, 0.07, 0.08, 1.0]
    items = [glue_result(c, f, ci=ci) for c, f in zip(capacities, lows, strict=True)]
    return results.concat(items, layer=LAYERS)


@case
def layers_with_intervals() -> Any:
    return layers().plot()


@case
def layers_with_monte_carlo_errors_only() -> Any:
    return layers(ci=False).plot()


@case
def layers_of_two_networks() -> Any:
    return results.concat([layers(), layers(gain=0.0)], network=["trained", "untrained"]).plot()


@case
def layers_all_near_the_floor() -> Any:
    return layers(saturated=True).plot()


@case
def one_layer_only() -> Any:
    return results.concat([glue_result(0.5, 0.1)], layer=["IT"]).plot()


@case
def many_layers_with_long_names() -> Any:
    items = [glue_result(0.2 + 0.02 * i, 0.1) for i in range(24)]
    return results.concat(items, layer=[f"features.{i}.conv.weight" for i in range(24)]).plot()


@case
def time_course() -> Any:
    times = np.arange(-100, 400, 25)
    items = [glue_result(0.2 + 0.5 * np.exp(-(((t - 150) / 80) ** 2)), 0.12) for t in times]
    return results.concat(items, time_bin=times).plot()


@case
def manifolds_of_one_layer() -> Any:
    return plots.manifolds(glue_result(0.5, 0.1))


@case
def manifolds_near_the_floor() -> Any:
    return plots.manifolds(glue_result(0.11, 0.1), quantity="radius")


@case
def sixty_manifolds() -> Any:
    return plots.manifolds(glue_result(0.5, 0.1, n_manifolds=60))


@case
def pairs_of_ten_manifolds() -> Any:
    return plots.pairs(glue_result(0.5, 0.1))


@case
def pairs_of_fifty_manifolds() -> Any:
    return plots.pairs(glue_result(0.5, 0.1, n_manifolds=50))


def simulated_result(critical: np.ndarray) -> SimulatedResult:
    capacity = 10 / np.median(critical)
    data = {"capacity": capacity, "capacity_ci": ("bound", [0.94 * capacity, 1.05 * capacity])}
    dataset = xr.Dataset({**data, "n_critical": ("trial", critical)}, {"bound": ["low", "high"]})
    return SimulatedResult(dataset, make_settings(n_trials=len(critical), seed=0))


@case
def simulated() -> Any:
    return simulated_result(np.random.default_rng(0).normal(21, 3, 200).round()).plot()


@case
def simulated_partly_inseparable() -> Any:
    return simulated_result(np.r_[np.random.default_rng(0).normal(21, 3, 150).round(), np.full(50, np.inf)]).plot()


@case
def simulated_never_separable() -> Any:
    return simulated_result(np.full(50, np.inf)).plot()


def sensitivity_result(effect: np.ndarray) -> SensitivityResult:
    values = {"capacity": 0.5, "neuroid_gain_effect": ("neuroid", effect)}
    values["neuroid_gain_effect_se"] = ("neuroid", np.full(effect.size, 0.004))
    coords = {"neuroid_id": ("neuroid", [f"M_{i}" for i in range(effect.size)])}
    return SensitivityResult(xr.Dataset(values, coords), make_settings(n_samples=200, seed=0))


@case
def neurons_ranked() -> Any:
    effect = 0.01 * np.random.default_rng(0).standard_t(3, 150)
    return sensitivity_result(effect - effect.mean()).plot()


@case
def neurons_standardized() -> Any:
    return sensitivity_result(np.zeros(20)).plot()


@case
def theory_against_simulation() -> Any:
    table = made_up_agreement()
    figure, axes = plotting.new_figure(n_columns=2, size=(4.7, 4.0))
    plots.theory_against_simulation(table, ax=axes[0, 0])
    plots.theory_deviation(table, ax=axes[0, 1])
    return figure


@case
def similarity_matrix() -> Any:
    values = np.corrcoef(np.random.default_rng(0).normal(size=(30, 40)))
    names = [f"unit {i}" for i in range(30)]
    return plotting.matrix(values, row_labels=names, column_labels=names, label="correlation", diverging=True)


@case
def matrix_of_nothing() -> Any:
    return plotting.matrix(np.full((3, 3), np.nan), row_labels=list("abc"), column_labels=list("abc"))


@case
def images_with_titles() -> Any:
    images = np.random.default_rng(0).uniform(size=(10, 16, 16))
    return plotting.image_grid(images, n_columns=5, titles=[f"class {i}" for i in range(10)])


@case
def panel_without_data() -> Any:
    return plotting.note("no layer was computed")


@case
def mosaic_of_ganglion_cells() -> Any:
    return retina.Mosaic.from_counts({"on_parasol": 40, "off_parasol": 60, "on_midget": 110}, (32, 32), seed=0).plot()


@case
def reconstructions_in_rows() -> Any:
    images = stimuli.dead_leaves(6, (32, 32), seed=0)
    return decoding_plots.reconstructions(images, {"half the contrast": images / 2, "gray": images * 0}, n=6)


def made_up_agreement() -> pd.DataFrame:
    """Twelve cases that agree with theory as well as they should."""
    rng = np.random.default_rng(0)
    theory = np.geomspace(0.1, 3.0, 12)
    frame = pd.DataFrame({"theory": theory, "se": 0.01 * theory})
    frame["family"] = ["balls (mean-field)"] * 5 + ["points (GLUE)"] * 4 + ["Cover's count (GLUE)"] * 3
    frame["case"] = [f"case {i}" for i in range(12)]
    return frame.assign(computed=frame["theory"] + frame["se"] * rng.normal(size=12))


def write_reports(folder: Path) -> list[str]:
    """Reports with everything, with nothing but failures, and with markup in their texts."""
    full, figure = layers(), plotting.new_figure(n_columns=3, size=(3.2, 3.0))
    plots.across(full, ax=figure[1])
    parts = [
        report.Section("Layers", [report.Figure(figure[0], text.caption(full), "Capacity by layer.")]),
        report.Section("Table", [report.Table(full.summary().head(12), "First rows of the summary.")]),
        report.methods_section({"glue": full}, extra="Responses were made up."),
        report.warnings_section({"glue": full}),
        report.reproduction("import neurogeom as ng\nng.capacity.glue(responses, labels='digit')"),
    ]
    empty, ax = plotting.new_figure(grid=None)
    plotting.note("nothing was computed", ax=ax[0, 0])
    failed = [
        report.Section("Layers", [report.Figure(empty, "No layer could be computed.", "An empty panel.")]),
        report.warnings_section(
            {}, extra=["glue of conv1 was not computed: responses holds NaN in 12 of 168 neuroids."]
        ),
        report.methods_section({}),
    ]
    odd = [report.Section("<b>Markup</b> & more", [report.Text("<script>is text</script>"), report.Notes([])])]
    for name, sections in (("report_full", parts), ("report_failed", failed), ("report_odd", odd)):
        report.build(name.replace("_", " "), sections, folder / f"{name}.html", subtitle="from the gallery")
    return ["report_full", "report_failed", "report_odd"]


def main(folder: Path) -> None:
    """Write all cases and an index."""
    import matplotlib
    import matplotlib.pyplot as plt

    matplotlib.use("agg")
    folder.mkdir(parents=True, exist_ok=True)
    blocks: list[Any] = []
    for name, draw in CASES.items():
        drawn = draw()
        blocks.append(report.Figure(drawn, name.replace("_", " "), name.replace("_", " ")))
        (folder / f"{name}.png").write_bytes(report.figures.png_bytes(report.figures.figure_of(drawn), dpi=110))
        plt.close("all")
    names = write_reports(folder)
    words = "Reports: " + ", ".join(f"{name}.html" for name in names)
    report.build("Gallery", [report.Section("Figures", [report.Text(words), *blocks])], folder / "index.html")
    sys.stdout.write(f"{len(CASES)} figures and {len(names)} reports: {folder / 'index.html'}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("build/gallery"))
