"""Every primitive draws what it was given, on the Axes that it was given, and changes no setting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from neurogeom import plotting

PRIMITIVES: dict[str, Callable[..., Any]] = {
    "line": lambda ax=None: plotting.line(["a", "b"], [1.0, np.nan], low=[0.5, 1], high=[1.5, 3], ax=ax),
    "band": lambda ax=None: plotting.line([1, 2], [1.0, 2.0], low=[0, 1], high=[2, 3], interval="band", ax=ax),
    "floor": lambda ax=None: plotting.floor([0, 1, 2], [0.1, 0.2, 0.2], ax=ax),
    "reference": lambda ax=None: plotting.reference(0.5, label="chance", ax=ax),
    "against": lambda ax=None: plotting.against([1.0, 2.0], [1.1, 2.1], error=[0.1, 0.1], ax=ax),
    "note": lambda ax=None: plotting.note("nothing to show", ax=ax),
    "dots": lambda ax=None: plotting.dots(["a", "b"], [1.0, 2.0], low=[0, 1], high=[2, 3], ax=ax),
    "ranked": lambda ax=None: plotting.ranked([0.1, -0.4, 0.2, 0.0], names=list("abcd"), ax=ax),
    "cumulative": lambda ax=None: plotting.cumulative([1, 2, np.inf], ax=ax),
    "histogram": lambda ax=None: plotting.histogram([1, 2, 2, np.nan], ax=ax),
    "matrix": lambda ax=None: plotting.matrix(np.eye(3), row_labels=list("abc"), label="similarity", ax=ax),
    "image_grid": lambda ax=None: plotting.image_grid(np.zeros((3, 4, 4)), titles=list("abc"), ax=ax),
}


@pytest.fixture
def ax() -> Any:
    return plotting.new_figure()[1][0, 0]


@pytest.mark.parametrize("name", PRIMITIVES)
def test_primitive_draws_on_given_axes_without_traces(name: str) -> None:
    figure, axes = plotting.new_figure()
    settings, figures = dict(matplotlib.rcParams), plt.get_fignums()
    assert PRIMITIVES[name](ax=axes[0, 0]) is axes[0, 0]
    figure.canvas.draw()
    assert dict(matplotlib.rcParams) == settings
    assert plt.get_fignums() == figures


@pytest.mark.parametrize("name", PRIMITIVES)
def test_primitive_makes_its_own_axes(name: str) -> None:
    drawn = PRIMITIVES[name]()
    try:
        assert drawn.figure.number in plt.get_fignums()
        assert drawn.has_data() or drawn.texts
    finally:
        plt.close(drawn.figure)


def test_hollow_markers_are_white_inside_and_others_are_filled(ax: Any) -> None:
    plotting.line([0, 1, 2], [1.0, 2.0, 3.0], hollow=[True, False, True], color="#0072b2", ax=ax)
    faces = {
        tuple(line.get_xdata()): to_hex(line.get_markerfacecolor())
        for line in ax.lines
        if line.get_marker() == "o" and len(line.get_xdata())
    }
    assert faces == {(0.0, 2.0): "#ffffff", (1.0,): "#0072b2"}


def test_error_bars_span_exactly_the_given_interval(ax: Any) -> None:
    plotting.line([0, 1], [1.0, 2.0], low=[0.4, 1.9], high=[1.1, 2.6], ax=ax)
    (bars,) = ax.collections
    np.testing.assert_allclose([segment[:, 1] for segment in bars.get_segments()], [[0.4, 1.1], [1.9, 2.6]])


def test_a_missing_value_leaves_a_gap(ax: Any) -> None:
    plotting.line(["a", "b", "c"], [1.0, np.nan, 3.0], ax=ax)
    assert np.isnan(ax.lines[0].get_ydata()[1])


def test_axis_from_zero_leaves_no_bar_outside(ax: Any) -> None:
    plotting.line([0, 1], [1.0, 2.0], low=[0.5, 1.0], high=[1.5, 9.0], ax=ax)
    low, high = plotting.zero_based(ax).get_ylim()
    assert low == 0.0
    assert high >= 9.0


def test_floor_lies_at_its_level_over_each_position(ax: Any) -> None:
    plotting.floor([0, 1, 2], [0.1, 0.3, 0.2], ax=ax)
    (step,) = ax.lines
    np.testing.assert_allclose(step.get_xdata(), [-0.5, 0.5, 1.5, 2.5])
    np.testing.assert_allclose(step.get_ydata()[:3], [0.1, 0.3, 0.2])


def test_line_of_equality_is_drawn_once_for_several_series(ax: Any) -> None:
    for shift in (0.0, 0.1):
        plotting.against([1.0, 2.0], [1.0 + shift, 2.0 + shift], ax=ax)
    assert sum(line.get_linestyle() == "--" for line in ax.lines) == 1


def test_rank_puts_the_largest_first_and_leaves_out_what_is_missing(ax: Any) -> None:
    plotting.ranked([0.1, np.nan, 0.9, -0.3], ax=ax)
    drawn = [line for line in ax.lines if line.get_marker() == "o" and len(line.get_xdata())]
    np.testing.assert_allclose(np.concatenate([line.get_ydata() for line in drawn]), [0.9, 0.1, -0.3])


def test_values_whose_interval_holds_zero_are_gray(ax: Any) -> None:
    plotting.ranked([0.5, 0.1], low=[0.4, -0.1], high=[0.6, 0.3], color="#0072b2", ax=ax)
    colors = {
        float(line.get_ydata()[0]): to_hex(line.get_color())
        for line in ax.lines
        if line.get_marker() == "o" and len(line.get_xdata())
    }
    assert colors == {0.5: "#0072b2", 0.1: plotting.MUTED}


def test_infinite_values_keep_the_cumulative_share_below_one(ax: Any) -> None:
    plotting.cumulative([1, 2, 3, np.inf, np.inf], ax=ax)
    assert ax.lines[0].get_ydata().max() == pytest.approx(0.6)


def test_matrix_hides_its_diagonal_and_leaves_its_input_alone(ax: Any) -> None:
    values = np.arange(9.0).reshape(3, 3)
    plotting.matrix(values, hide_diagonal=True, ax=ax)
    assert np.isnan(np.diag(np.ma.filled(ax.images[0].get_array(), np.nan))).all()
    assert values[1, 1] == 4.0


def test_diverging_colors_are_centered(ax: Any) -> None:
    plotting.matrix([[-1.0, 3.0]], diverging=True, center=0.5, ax=ax)
    assert ax.images[0].get_clim() == (-2.0, 3.0)


def test_matrix_without_any_number_is_drawn(ax: Any) -> None:
    assert plotting.matrix(np.full((2, 2), np.nan), ax=ax) is ax


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4)])
def test_matrix_refuses_other_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=f"{len(shape)} axes"):
        plotting.matrix(np.zeros(shape))


def test_images_lie_row_by_row(ax: Any) -> None:
    images = np.arange(3)[:, None, None] * np.ones((3, 2, 2))
    plotting.image_grid(images, n_columns=2, gap=1, ax=ax)
    canvas = ax.images[0].get_array()
    assert canvas.shape == (5, 5)
    assert (canvas[0, 0], canvas[0, 3], canvas[3, 0]) == (0, 1, 2)
    assert np.ma.getmaskarray(canvas)[3, 3] or np.isnan(canvas[3, 3])


def test_color_images_of_bytes_are_scaled(ax: Any) -> None:
    plotting.image_grid(np.full((1, 2, 2, 3), 255, np.uint8), ax=ax)
    assert ax.images[0].get_array().max() == 1.0


@pytest.mark.parametrize(
    ("shape", "titles"), [((4, 4), None), ((0, 4, 4), None), ((2, 4, 4, 4), None), ((2, 4, 4), ["a"])]
)
def test_image_grid_refuses_what_are_no_images(shape: tuple[int, ...], titles: list[str] | None) -> None:
    with pytest.raises(ValueError, match="images has"):
        plotting.image_grid(np.zeros(shape), titles=titles)


def test_arrays_of_other_lengths_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"low has shape \(3,\), x has \(2,\)"):
        plotting.line([0, 1], [0, 1], low=[0, 0, 0], high=[1, 1, 1])


@pytest.mark.parametrize("name", PRIMITIVES)
def test_what_is_no_axes_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match="a matplotlib Axes is needed"):
        PRIMITIVES[name](ax=plotting.new_figure()[0])
