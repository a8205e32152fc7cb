"""Figures show what they are made from."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from neurogeom.plotting import new_figure
from neurogeom.predictivity import compare, score, score_layers
from neurogeom.predictivity.plots import _runs
from neurogeom.results import concat

OPTIONS = {"method": "ridge", "alphas": 1.0, "n_resamples": 20, "seed": 0}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def data(n_repetitions: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 8))
    return x, x @ rng.normal(size=(8, 12)) + rng.normal(size=(n_repetitions, 60, 12)), np.arange(60) // 6


def test_a_score_shows_every_neuroid_its_ceiling_and_the_baseline() -> None:
    x, y, groups = data()
    figure, axes = new_figure()
    result = score(x, y, groups=groups, **OPTIONS)
    ax = result.plot(ax=axes[0, 0])
    np.testing.assert_allclose(ax.lines[0].get_ydata(), result.neuroid_correlation)
    np.testing.assert_allclose(ax.lines[0].get_xdata(), np.sqrt(result.neuroid_ceiling))
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {
        "ceiling",
        "group-mean baseline",
        f"median ({result.ceiled_score:.3f} of the ceiling)",
    }
    figure.canvas.draw()


def test_a_score_without_ceiling_is_a_distribution() -> None:
    x, y, _ = data()
    ax = score(x, y[0], ceiling=None, **OPTIONS).plot()
    assert ax.get_xlabel().startswith("correlation")


def test_scores_over_time_have_a_band_and_the_onset() -> None:
    x, y, groups = data()
    over = concat([score(x, y, groups=groups, **OPTIONS) for _ in range(3)], time_bin=[0, 50, 100])
    ax = over.plot(onset=25.0)
    labels = {text.get_text() for text in ax.get_legend().get_texts()}
    assert labels == {"group-mean baseline"}
    assert [text.get_text() for text in ax.texts] == ["stimulus onset"]
    assert len(ax.collections) == 1
    with pytest.raises(ValueError, match="quantity='r'"):
        over.plot(quantity="r")


def test_layers_have_a_line_and_the_chosen_one_a_ring() -> None:
    x, y, groups = data()
    result = score_layers({"a": x, "b": x[:, :2]}, y, selection=0.4, groups=groups, **OPTIONS)
    ax = result.plot()
    rings = [line for line in ax.lines if line.get_markersize() == 12]
    assert len(rings) == 1
    assert rings[0].get_xdata()[0] == ["a", "b"].index(str(result.best_layer[0].item()))


def test_models_are_ranked_and_those_alike_are_joined() -> None:
    x, y, _ = data()
    models = {"full": x, "twin": x + 1e-3, "part": x[:, :2]}
    compared = compare({name: score(part, y, **OPTIONS) for name, part in models.items()}, n_resamples=200, seed=0)
    ax = compared.plot()
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[-1] == "part"
    assert len([line for line in ax.lines if line.get_linewidth() == 2.0 and len(line.get_xdata())]) == 1


def test_runs_of_alike_neighbors_are_the_longest() -> None:
    alike = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]], dtype=bool)
    assert _runs(alike) == [(0, 1), (1, 2), (2, 3)]
    assert _runs(np.ones((3, 3), dtype=bool)) == [(0, 2)]
    assert _runs(np.eye(3, dtype=bool)) == []
