"""Every result of this room: how it is read, saved, shown and drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from neurogeom import Manifolds, alignment, plotting, results
from neurogeom.alignment import plots
from tests.alignment.populations import cloud_with_feature, systems

X, Y = systems()
(A, FA), (B, FB) = cloud_with_feature(0), cloud_with_feature(1)
CLASSES = Manifolds(
    [np.random.default_rng(i).normal(size=(12, 6)) * (1 + np.arange(6) % (i + 2)) + i for i in range(4)]
)

EVERY: dict[str, Callable] = {
    "covariance": lambda: alignment.covariance_alignment_distance(A, B, uncertainty="points", seed=0),
    "excess": lambda: alignment.excess_alignment_distance(A, B, n_splits=3, seed=0),
    "signal": lambda: alignment.signal_mismatch_distance(A, B, FA, FB, uncertainty="points", seed=0),
    "regression": lambda: alignment.regression_mismatch(A, B, FA, FB),
    "cross": lambda: alignment.cross_regression_r2(A, B, FA, FB),
    "pca": lambda: alignment.pca_distance(A, B, n_components=2),
    "angles": lambda: alignment.principal_angles(X, Y, n_components=2),
    "cka": lambda: alignment.cka_similarity(X, Y),
    "procrustes": lambda: alignment.procrustes_distance(X, Y),
    "cca": lambda: alignment.cca_similarity(X, Y),
    "svcca": lambda: alignment.svcca_similarity(X, Y),
    "pwcca": lambda: alignment.pwcca_similarity(X, Y),
    "predictivity": lambda: alignment.linear_predictivity_r2(X, Y),
    "rdm": lambda: alignment.rdm(X),
    "rdm_similarity": lambda: alignment.rdm_similarity(alignment.rdm(X), alignment.rdm(Y)),
    "few_shot": lambda: alignment.few_shot_snr(A, B),
    "manifolds": lambda: alignment.manifolds(CLASSES, n_shuffles=3, n_splits=2, seed=0),
    "relative": lambda: alignment.relative_geometry(CLASSES, CLASSES, seed=0),
    "decodability": lambda: alignment.decodability(CLASSES, n_shots=2, n_trials=3, seed=0),
    "simulation": lambda: alignment.simulate_signal_mismatch(n_neuroids=20, n_steps=2, n_repeats=2, seed=0),
}
OF_PAIRS = [name for name in EVERY if name not in ("rdm", "manifolds", "relative", "decodability", "simulation")]


@pytest.mark.parametrize("name", EVERY)
class TestEveryResult:
    def test_is_registered_and_survives_its_file(self, name: str, tmp_path: object) -> None:
        result = EVERY[name]()
        assert results.kinds()[result.kind] is type(result)
        loaded = results.load(result.save(f"{tmp_path}/{name}.nc"))
        assert type(loaded) is type(result)
        assert loaded.data.identical(result.data)
        assert loaded.settings == result.settings

    def test_shows_itself_with_readable_names(self, name: str) -> None:
        result = EVERY[name]()
        text, page = repr(result), result._repr_html_()
        assert result.title in text
        assert len(page) > 100
        assert not result.summary().empty
        shown = [key for key in result.headline if key in result.data]
        assert shown
        assert all(result.labels[key][0] in text for key in shown)

    def test_is_drawn_on_the_axes_that_are_given(self, name: str) -> None:
        figure, axes = plotting.new_figure(grid=None)
        assert EVERY[name]().plot(ax=axes[0, 0]) is axes[0, 0]
        assert axes[0, 0].get_xlabel() or axes[0, 0].images
        figure.canvas.draw()


@pytest.mark.parametrize("name", OF_PAIRS)
def test_a_measure_says_how_to_read_it_and_is_a_number(name: str) -> None:
    result = EVERY[name]()
    assert isinstance(float(result), float)
    meaning = result.meaning
    assert meaning.direction in ("distance", "similarity")
    assert meaning.n_used and all(isinstance(count, int) for count in meaning.n_used.values())
    low, high = meaning.range
    assert low <= float(result) <= high
    assert low <= meaning.same <= high
    sentence = meaning.sentence()
    assert ("not symmetric" in sentence) == (not meaning.symmetric)
    assert ("not squared" in sentence) == (not meaning.squared)


def test_a_joined_result_is_no_single_number() -> None:
    both = results.concat([EVERY["cka"](), EVERY["cka"]()], layer=["a", "b"])
    with pytest.raises(TypeError, match="2 values"):
        float(both)


@pytest.mark.parametrize("name", [name for name in EVERY if name != "simulation"])
def test_joined_results_are_drawn_along_layers_and_regions(name: str) -> None:
    one = EVERY[name]()
    joined = results.concat([one, one, one], layer=["conv1", "conv2", "conv3"])
    figure, axes = plotting.new_figure(n_columns=2)
    assert joined.plot(ax=axes[0, 0]).get_xlabel() == "layer"
    assert [text.get_text() for text in axes[0, 0].get_xticklabels()] == ["conv1", "conv2", "conv3"]
    twice = results.concat([joined, joined], region=["V4", "IT"])
    twice.plot(ax=axes[0, 1])
    labels = axes[0, 1].get_legend_handles_labels()[1]
    assert len(labels) == len(set(labels)) >= 2
    figure.canvas.draw()


@pytest.mark.parametrize("quantity", plots.MATRICES)
def test_every_matrix_is_drawn(quantity: str) -> None:
    features = CLASSES.stacked @ np.arange(6.0)
    result = alignment.manifolds(CLASSES, features, n_shuffles=2, n_splits=2, seed=0)
    figure, axes = plotting.new_figure(grid=None)
    ax = plots.plot_manifolds(result, ax=axes[0, 0], quantity=quantity)
    assert ax.images and len(ax.texts) == 12  # the diagonal says nothing
    figure.canvas.draw()


def test_distances_and_links_are_drawn_and_unknown_ones_refused() -> None:
    features = CLASSES.stacked @ np.arange(6.0)
    result = alignment.manifolds(CLASSES, features, n_shuffles=4, n_splits=0, seed=0)
    figure, axes = plotting.new_figure(n_columns=3)
    assert len(plots.plot_shuffled(result, ax=axes[0, 0]).get_legend_handles_labels()[1]) == 2
    drawn = plots.plot_links(result, ax=axes[0, 1])
    assert any("rank correlation" in drawn.get_title(loc=place) for place in ("left", "center"))
    with pytest.raises(ValueError, match="quantity='excess' is unknown"):
        plots.plot_manifolds(result, ax=axes[0, 2], quantity="excess")
    without = alignment.manifolds(CLASSES, n_shuffles=0, n_splits=0)
    assert "no shuffled labels" in plots.plot_shuffled(without, ax=axes[0, 2]).texts[0].get_text()
    figure.canvas.draw()


def test_two_simulations_share_an_axes_and_tell_themselves_apart() -> None:
    figure, axes = plotting.new_figure()
    for n in (20, 30):
        result = alignment.simulate_signal_mismatch(n_neuroids=n, n_steps=3, n_repeats=2, seed=0)
        result.plot(ax=axes[0, 0])
    labels = axes[0, 0].get_legend_handles_labels()[1]
    assert len(set(labels)) == 2
    figure.canvas.draw()
