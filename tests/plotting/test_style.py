"""The style is quiet, is told apart by everyone, and leaves no trace."""

from __future__ import annotations

import itertools

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from neurogeom import plotting

# Color-vision deficiencies at full severity, in linear RGB (Machado, Oliveira and Fernandes, 2009).
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def test_context_puts_all_settings_back() -> None:
    before = dict(matplotlib.rcParams)
    with plotting.context(font__size=20):
        assert matplotlib.rcParams["font.size"] == 20
        assert matplotlib.rcParams["axes.spines.top"] is False
    assert dict(matplotlib.rcParams) == before


def test_context_puts_settings_back_after_an_error() -> None:
    before = dict(matplotlib.rcParams)
    with pytest.raises(RuntimeError, match="stop"), plotting.context():
        raise RuntimeError("stop")
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("vision", VISION)
def test_colors_of_series_are_told_apart_with_any_color_vision(vision: str) -> None:
    from skimage.color import rgb2lab

    linear = _linear(np.array([matplotlib.colors.to_rgb(color) for color in plotting.PALETTE]))
    seen = np.clip(linear @ np.array(VISION[vision]).T, 0, 1)
    lab = rgb2lab(np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)[None])[0]
    distances = [np.linalg.norm(one - other) for one, other in itertools.combinations(lab, 2)]
    assert min(distances) > 15


def test_first_colors_and_text_stand_out_from_white() -> None:
    colors = [*plotting.PALETTE[:4], plotting.INK, plotting.MUTED]
    linear = _linear(np.array([matplotlib.colors.to_rgb(color) for color in colors]))
    contrast = 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05)
    assert (contrast > [3, 3, 3, 3, 7, 4]).all()


def test_no_two_series_look_alike() -> None:
    looks = {tuple(plotting.series(i).values()) for i in range(len(plotting.PALETTE))}
    assert len(looks) == len(plotting.PALETTE)


def test_figures_for_files_are_unknown_to_pyplot() -> None:
    before = plt.get_fignums()
    figure, axes = plotting.new_figure(n_rows=2, n_columns=3)
    assert axes.shape == (2, 3)
    assert plt.get_fignums() == before
    assert figure.axes == list(axes.flat)


def test_new_axes_belong_to_pyplot_so_that_notebooks_show_them() -> None:
    panels = plotting.new_axes(2)
    try:
        assert panels[0].figure.number in plt.get_fignums()
    finally:
        plt.close(panels[0].figure)


def test_given_axes_keep_their_look() -> None:
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    plotting.line([0, 1], [0, 1], ax=ax)
    assert ax.spines["top"].get_visible()


def test_long_names_are_turned_and_short_ones_are_not() -> None:
    _, axes = plotting.new_figure(n_columns=3)
    plotting.category_axis(axes[0, 0], ["V1", "V4", "IT"])
    plotting.category_axis(axes[0, 1], [f"features.{i}.conv" for i in range(5)])
    plotting.category_axis(axes[0, 2], [f"features.{i}.conv.weight" for i in range(200)])
    assert [{label.get_rotation() for label in ax.get_xticklabels()} for ax in axes[0]] == [{0}, {30}, {90}]
    last = [label.get_text() for label in axes[0, 2].get_xticklabels()]
    assert len(last) < 50
    assert last[0] == "…tures.0.conv.weight"[-18:] or last[0].startswith("…")


def test_logarithmic_axis_has_plain_numbers() -> None:
    _, axes = plotting.new_figure()
    ax = plotting.log_axis(axes[0, 0], [16, 1024])
    labels = [ax.xaxis.get_major_formatter()(tick) for tick in ax.get_xticks()]
    assert labels == ["10", "20", "50", "100", "200", "500", "1000"]


def _linear(rgb: np.ndarray) -> np.ndarray:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
