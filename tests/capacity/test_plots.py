"""Figures of capacity results show the numbers, their intervals and their floors, and captions say what they are."""

from __future__ import annotations

from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.colors import to_hex

from neurogeom import plotting, results
from neurogeom.capacity import plots, text
from neurogeom.capacity.results import (
    ComparisonResult,
    CurveResult,
    GlueResult,
    MeanFieldResult,
    SensitivityResult,
    SimulatedResult,
)
from neurogeom.results import make_settings

P = 4


def glue_result(capacity: float, floor: float, *, ci: bool = True, n_manifolds: int = P) -> GlueResult:
    values: dict[str, Any] = {"capacity_floor": floor, "rank": P / floor}
    for name, value in {"capacity": capacity, "dimension": 3.0, "radius": 0.8}.items():
        values |= {name: value, f"{name}_se": 0.01 * value}
        values |= {f"{name}_ci": ("bound", [0.9 * value, 1.2 * value])} if ci else {}
        spread = value * np.linspace(0.5, 1.5, n_manifolds)
        values |= {f"manifold_{name}": ("manifold", spread), f"manifold_{name}_se": ("manifold", 0.05 * spread)}
    values["manifold_n_points"] = ("manifold", np.full(n_manifolds, 20))
    coords = {"manifold": [f"class {i}" for i in range(n_manifolds)], "bound": ["low", "high"]}
    settings = make_settings(n_samples=200, seed=1, dichotomies="balanced", uncertainty="neuroids" if ci else None)
    return GlueResult(xr.Dataset(values, coords), settings)


def across_layers(*, ci: bool = True) -> GlueResult:
    items = [glue_result(value, floor, ci=ci) for value, floor in ((0.20, 0.18), (0.40, 0.05), (0.70, 0.05))]
    return results.concat(items, layer=["pixels", "conv1", "hidden"])


@pytest.fixture(autouse=True)
def no_traces() -> Any:
    settings = dict(matplotlib.rcParams)
    yield
    assert dict(matplotlib.rcParams) == settings
    plt.close("all")


def markers(ax: Any, *, hollow: bool) -> list[tuple[float, float]]:
    """Positions of the markers that are (not) hollow."""
    found = []
    for line in ax.lines:
        white = to_hex(line.get_markerfacecolor()) == "#ffffff"
        if line.get_linestyle() == "None" and line.get_marker() not in ("", "None") and white == hollow:
            found += [(float(x), float(y)) for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]
    return found


def bars(ax: Any) -> np.ndarray:
    """Ends of the vertical intervals, in the order of their positions."""
    segments = [s for c in ax.collections for s in getattr(c, "get_segments", list)() if len(s) and s[0, 0] == s[1, 0]]
    return np.array([segment[:, 1] for segment in sorted(segments, key=lambda s: s[0, 0])])


def test_layers_get_a_panel_per_quantity_and_a_floor_on_capacity_alone() -> None:
    panels = across_layers().plot()
    assert [panel.get_title() for panel in panels] == ["GLUE: capacity α", "Dimension D", "Radius R"]
    labels = [panel.get_legend_handles_labels()[1] for panel in panels]
    assert labels == [[], [], []]
    assert [[words.get_text() for words in panel.texts] for panel in panels] == [["floor P/rank"], [], []]
    step = next(line for line in panels[0].lines if line.get_drawstyle() == "steps-post")
    np.testing.assert_allclose(step.get_ydata()[:3], [0.18, 0.05, 0.05])


def test_capacity_near_its_floor_is_hollow_and_its_geometry_left_out() -> None:
    capacity, dimension, radius = across_layers().plot()
    assert markers(capacity, hollow=True) == [(0.0, 0.2)]
    assert markers(capacity, hollow=False) == [(1.0, 0.4), (2.0, 0.7)]
    for panel, value in ((dimension, 3.0), (radius, 0.8)):
        assert [point for point in markers(panel, hollow=False) if np.isfinite(point[1])] == [
            (1.0, value),
            (2.0, value),
        ]
        assert len(bars(panel)) == 2


@pytest.mark.parametrize(("ci", "low", "high"), [(True, 0.9, 1.2), (False, 1 - 1.96 * 0.01, 1 + 1.96 * 0.01)])
def test_confidence_intervals_are_preferred_to_monte_carlo_errors(ci: bool, low: float, high: float) -> None:
    panels = across_layers(ci=ci).plot()
    np.testing.assert_allclose(bars(panels[0]), np.outer([0.2, 0.4, 0.7], [low, high]))


def test_caption_names_the_kind_of_interval_and_what_was_left_out() -> None:
    with_ci, without = text.caption(across_layers()), text.caption(across_layers(ci=False))
    assert "Bars: 95 % interval over neuroids (bootstrap)." in with_ci
    assert "Bars: 95 % Monte-Carlo interval" in without
    assert "Hollow: below 1.5 times the floor (pixels); dimension D and radius R mean nothing there" in with_ci
    assert "4 manifolds of 20 points each" in with_ci
    assert "200 samples" in with_ci


def test_caption_says_when_nothing_lies_near_the_floor() -> None:
    result = glue_result(0.5, 0.05)
    assert "All values lie above 1.5 times it." in text.caption(results.concat([result, result], layer=["a", "b"]))


def test_all_layers_near_their_floor_leave_a_sentence_instead_of_geometry() -> None:
    result = results.concat([glue_result(0.2, 0.18), glue_result(0.21, 0.18)], layer=["a", "b"])
    panels = result.plot()
    assert ["no " in panel.texts[-1].get_text() for panel in panels] == [False, True, True]


def test_two_leading_dimensions_give_a_series_each() -> None:
    result = results.concat([across_layers(), across_layers()], network=["trained", "untrained"])
    panels = result.plot()
    assert [label for label in panels[0].get_legend_handles_labels()[1] if "floor" not in label] == [
        "trained",
        "untrained",
    ]
    assert len(markers(panels[0], hollow=True)) == 2


def test_one_given_axes_gets_capacity_alone() -> None:
    _, axes = plotting.new_figure()
    (panel,) = across_layers().plot(ax=axes[0, 0])
    assert panel is axes[0, 0]
    assert panel.get_title() == "GLUE: capacity α"


def test_numbers_of_axes_and_quantities_must_agree() -> None:
    _, axes = plotting.new_figure(n_columns=2)
    with pytest.raises(ValueError, match="2 Axes, there are 3 quantities"):
        across_layers().plot(ax=axes)


def test_unknown_quantity_is_refused_with_a_hint() -> None:
    with pytest.raises(ValueError, match="Did you mean 'dimension'"):
        across_layers().plot(quantities=["dimensions"])


def test_single_result_sorts_manifolds_and_marks_the_whole_and_the_floor() -> None:
    ax = glue_result(0.5, 0.1).plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["class 3", "class 2", "class 1", "class 0"]
    assert ax.get_legend_handles_labels()[1] == ["all manifolds: 0.5", "floor P/rank: 0.1"]
    assert "of each manifold" in ax.get_title()


def test_geometry_of_a_single_result_near_its_floor_is_not_drawn() -> None:
    ax = glue_result(0.2, 0.18).plot(quantity="radius")
    assert "means nothing" in ax.texts[0].get_text()
    assert not ax.lines


def test_many_manifolds_become_a_distribution() -> None:
    ax = glue_result(0.5, 0.1, n_manifolds=60).plot()
    assert sum(bar.get_height() for bar in ax.containers[0]) == 60


def test_pairs_become_a_matrix_without_diagonal() -> None:
    single = glue_result(0.5, 0.1)
    matrix = np.arange(P * P, dtype=float).reshape(P, P)
    data = single.data.assign(pair_capacity=(("manifold", "other_manifold"), matrix))
    ax = GlueResult(data.assign_coords(other_manifold=single.data["manifold"].values), single.settings).plot()
    shown = np.ma.filled(ax.images[0].get_array().astype(float), np.nan)
    assert np.isnan(np.diag(shown)).all()
    assert shown[0, 1] == 1.0


def simulated_result(critical: np.ndarray) -> SimulatedResult:
    capacity = 10 / np.median(critical)
    values = {"capacity": capacity, "capacity_ci": ("bound", [0.9 * capacity, 1.1 * capacity])}
    data = xr.Dataset({**values, "n_critical": ("trial", critical)}, {"bound": ["low", "high"]})
    return SimulatedResult(data, make_settings(n_trials=critical.size))


def test_simulation_shows_the_share_separable_and_the_median() -> None:
    ax = simulated_result(np.array([4.0, 5.0, 5.0, 8.0, np.inf])).plot()
    assert ax.lines[0].get_ydata().max() == pytest.approx(0.8)
    assert ax.lines[1].get_xdata()[0] == 5.0
    assert "α = P/n* = 2" in ax.texts[0].get_text()


def test_simulation_without_any_separable_dichotomy_says_so() -> None:
    ax = simulated_result(np.full(5, np.inf)).plot()
    assert "no dichotomy separates" in ax.texts[0].get_text()


def sensitivity_result(effect: np.ndarray) -> SensitivityResult:
    values = {"capacity": 0.5, "neuroid_gain_effect": ("neuroid", effect)}
    values["neuroid_gain_effect_se"] = ("neuroid", np.full(effect.size, 0.01))
    names = [f"M_{i}" for i in range(effect.size)]
    return SensitivityResult(xr.Dataset(values, {"neuroid_id": ("neuroid", names)}), make_settings(n_samples=100))


def test_neurons_are_ranked_and_the_outermost_named() -> None:
    ax = sensitivity_result(np.array([0.0, 0.3, -0.2, 0.005])).plot(n_named=1)
    assert [label.get_text() for label in ax.texts] == ["M_1", "M_2"]
    assert "Monte-Carlo" in text.interval_words(sensitivity_result(np.ones(3)), ["neuroid_gain_effect"])


def test_gains_without_effect_are_said_not_drawn() -> None:
    ax = sensitivity_result(np.zeros(4)).plot()
    assert "no gain has an effect" in ax.texts[0].get_text()


def test_theory_figures_show_each_case_once_with_its_error() -> None:
    table = pd.DataFrame(
        {"family": ["balls", "balls", "points"], "case": ["a", "b", "c"], "theory": [0.2, 0.5, 2.0]}
    ).assign(computed=lambda t: 1.01 * t.theory, se=lambda t: 0.02 * t.theory)
    _, axes = plotting.new_figure(n_columns=2)
    plots.theory_against_simulation(table, ax=axes[0, 0])
    assert axes[0, 0].get_legend_handles_labels()[1] == ["balls", "points"]
    ax = plots.theory_deviation(table, ax=axes[0, 1])
    found = sorted(x for x, _ in markers(ax, hollow=False) if np.isfinite(x))
    np.testing.assert_allclose(found, [1.0, 1.0, 1.0])
    widths = [s[1, 0] - s[0, 0] for c in ax.collections for s in c.get_segments() if len(s)]
    np.testing.assert_allclose(widths, 2 * 1.96 * 2.0)


def test_captions_of_single_results_say_what_is_drawn() -> None:
    whole = text.caption(glue_result(0.5, 0.1))
    assert whole.startswith("Capacity α of each manifold, sorted: GLUE, 4 manifolds of 20 points each, 200 samples.")
    assert "Dotted: the floor P/rank" in whole
    assert "order statistics" in text.caption(simulated_result(np.array([4.0, 5.0, 6.0])))
    assert "Gray: the interval holds zero." in text.caption(sensitivity_result(np.ones(3)))


def test_hollow_markers_and_missing_geometry_of_a_single_result_are_explained() -> None:
    low, fine = glue_result(0.2, 0.18), glue_result(0.5, 0.1)
    assert len(markers(low.plot(), hollow=True)) == P
    assert "Hollow: the capacity of all together lies below 1.5 times its floor" in text.caption(low)
    assert "Left out: the capacity of all together lies below" in text.caption(low, ["radius"])
    assert "where radius R means nothing" in text.caption(low, ["radius"])
    assert not any(word in text.caption(fine, [name]) for name in ("capacity", "radius") for word in ("Hollow", "Left"))
    main = GlueResult(xr.Dataset({"capacity": 0.2, "capacity_se": 0.01, "capacity_floor": 0.18}), make_settings())
    assert markers(main.plot(), hollow=True) == [(0.2, 0.0)]
    assert "Hollow" in text.caption(main)


def test_methods_text_tells_measure_samples_and_uncertainty() -> None:
    words = text.methods([glue_result(0.5, 0.1), glue_result(0.6, 0.1)])
    assert words.count("Manifold capacity α") == 1
    assert "200 Gaussian samples with random balanced dichotomies" in words
    assert "over neuroids (bootstrap)" in words


def described(kind: type, diagnostics: dict[str, Any] | None = None, **settings: Any) -> Any:
    """A result that holds no more than what its methods text is made of."""
    return kind(xr.Dataset({"capacity": 0.4}), make_settings(n_samples=50, n_trials=50, **settings), diagnostics or {})


@pytest.mark.parametrize("kind", [GlueResult, SimulatedResult, SensitivityResult])
def test_methods_text_tells_the_dichotomies_that_were_used(kind: type) -> None:
    rules = ("balanced", "random", "one_vs_rest", [[1, -1, 1, -1]])
    words = [text.methods([described(kind, dichotomies=rule)]) for rule in rules]
    assert ["balanced" in one for one in words] == [True, False, False, False]
    assert "each label drawn on its own" in words[1]
    assert "one manifold against all others" in words[2]
    assert "given dichotomies" in words[3]
    assert "every pair of manifolds solved alone" in text.methods([described(GlueResult, dichotomies="pairwise")])
    both = text.methods([described(kind, dichotomies=rule) for rule in ("balanced", "random", "balanced")])
    assert both == " ".join(words[:2])


@pytest.mark.parametrize("kind", [GlueResult, MeanFieldResult, SensitivityResult])
def test_methods_text_claims_no_certificate_for_inexact_samples(kind: type) -> None:
    assert "each projection on a polyhedral cone was certified" in text.methods([described(kind, {"n_inexact": 0})])
    one = described(kind, {"n_inexact": 3})
    assert "to 1e-9 but for 3 of them" in text.methods([one])
    layers = results.concat([one, described(kind), described(kind, {"n_inexact": 4})], layer=["a", "b", "c"])
    assert "to 1e-9 but for 10 of them" in text.methods([layers, one])
    assert "each projection" not in text.methods([layers])


def test_methods_text_tells_how_often_separability_was_left_open() -> None:
    assert "could not be decided in 2 samples" in text.methods([described(GlueResult, {"n_undecided": 2})])
    assert "decided" not in text.methods([described(GlueResult), described(SimulatedResult)])
    assert "certified, but for 2 trials" in text.methods([described(SimulatedResult, {"n_undecided": 2})])


def test_methods_text_of_a_positive_margin_claims_no_geometry() -> None:
    words = text.methods([described(GlueResult, margin=0.5)])
    assert words.startswith("Manifold capacity α was computed")
    assert "at margin 0.5" in words
    assert "radius" not in words


def curve_result() -> CurveResult:
    sizes = [16, 64, 256]
    values = {"capacity": ("n_neuroids", [0.2, 0.4, 0.6]), "capacity_se": ("n_neuroids", [0.05, 0.04, 0.01])}
    data = xr.Dataset({**values, "capacity_floor": ("n_neuroids", [0.15, 0.1, 0.1])}, {"n_neuroids": sizes})
    return CurveResult(data, make_settings(over="n_neuroids", method="glue", n_subsamples=10, n_samples=50))


def test_curve_runs_along_sizes_with_one_standard_deviation() -> None:
    (ax,) = curve_result().plot()
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "number of neuroids"
    np.testing.assert_allclose(bars(ax), [[0.15, 0.25], [0.36, 0.44], [0.59, 0.61]])
    words = text.caption(curve_result())
    assert "one standard deviation over subsamples" in words
    assert "10 subsamples of each size, 50 samples" in words


def test_result_without_values_per_manifold_shows_its_main_number() -> None:
    data = xr.Dataset({"capacity": 0.4, "capacity_se": 0.01, "rank": 30})
    ax = GlueResult(data, make_settings(margin=0.5, n_samples=50)).plot()
    assert markers(ax, hollow=False) == [(0.4, 0.0)]


def test_every_kind_of_this_room_has_a_figure() -> None:
    from neurogeom.capacity import results as kinds_of_results

    classes = [cls for kind, cls in results.kinds().items() if kind.startswith("capacity.")]
    assert set(classes) >= {
        GlueResult,
        SimulatedResult,
        SensitivityResult,
        CurveResult,
        kinds_of_results.MeanFieldResult,
    }
    for cls in classes:
        names = [name for name in cls.headline if name in text.LABELS] or list(cls.headline[:1])
        data = xr.Dataset({name: ("layer", [0.3, 0.4]) for name in names}, {"layer": ["a", "b"]})
        assert len(np.atleast_1d(plots.plot(cls(data, make_settings(method="glue"))))) >= 1
        plt.close("all")


def comparison(difference: float, floor: float = 0.05) -> ComparisonResult:
    """A comparison of 'late' with 'early' whose capacities differ by so much, with intervals of 0.1 on each side."""
    values: dict[str, Any] = {"capacity_floor": ("side", [floor, floor])}
    for name, value in {"capacity": 0.4, "dimension": 3.0, "radius": 0.8}.items():
        values[name] = ("side", [value + difference, value])
        values |= {f"{name}_difference": difference, f"{name}_difference_se": 0.05}
        values[f"{name}_difference_ci"] = ("bound", [difference - 0.1, difference + 0.1])
    coords = {"side": ["late", "early"], "bound": ["low", "high"]}
    settings = make_settings(method="glue", uncertainty="neuroids", n_samples=50, names=["late", "early"], paired=True)
    return ComparisonResult(xr.Dataset(values, coords), settings)


def zero_lines(ax: Any) -> list[Any]:
    return [line for line in ax.lines if list(line.get_ydata()) == [0.0, 0.0] and line.get_linestyle() == "--"]


def test_a_difference_is_drawn_with_its_interval_and_the_line_of_no_difference() -> None:
    panels = comparison(0.25).plot()
    assert [panel.get_title() for panel in panels] == ["GLUE: capacity α", "Dimension D", "Radius R"]
    for panel in panels:
        assert markers(panel, hollow=False) == [(0.0, 0.25)]
        np.testing.assert_allclose(bars(panel), [[0.15, 0.35]])
        assert len(zero_lines(panel)) == 1
        assert panel.get_ylim()[0] < 0 < panel.get_ylim()[1]
        assert [label.get_text() for label in panel.get_xticklabels()] == ["late − early"]
    assert panels[0].get_ylabel() == "difference [manifolds per dimension]"
    words = text.caption(comparison(0.25))
    assert words.startswith("Difference of capacity α, dimension D, radius R, late minus early: GLUE")
    assert "Bars: 95 % interval over neuroids (bootstrap)." in words
    assert "Dashed: no difference." in words
    assert "Hollow" not in words


def test_differences_run_along_layers_and_are_hollow_where_a_side_is_near_its_floor() -> None:
    along = results.concat([comparison(0.1, floor=0.3), comparison(-0.2)], layer=["conv1", "conv2"])
    capacity, dimension, _ = along.plot()
    assert markers(capacity, hollow=True) == [(0.0, 0.1)]
    assert markers(capacity, hollow=False) == [(1.0, -0.2)]
    assert [point for point in markers(dimension, hollow=False) if np.isfinite(point[1])] == [(1.0, -0.2)]
    np.testing.assert_allclose(bars(capacity), [[0.0, 0.2], [-0.3, -0.1]])
    assert capacity.get_xlabel() == "layer: late − early"
    assert "late minus early by layer" in text.caption(along)
    assert "Hollow: the capacity of a side" in text.caption(along)
    (only,) = plots.difference(along, quantities=["radius"])
    assert only.get_title() == "GLUE: radius R"
    with pytest.raises(ValueError, match="no difference of 'utility'. It has: capacity, dimension, radius"):
        plots.difference(along, quantities=["utility"])


def test_methods_text_tells_how_sides_were_resampled() -> None:
    words = text.methods([comparison(0.1)])
    assert "between late and early (GLUE) share dichotomies" in words
    assert "resampled together" in words
    assert "over neuroids (bootstrap)" in words
