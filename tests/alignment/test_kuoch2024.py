"""The whole analysis on an assembly with the coordinates of Majaj and Hong: structure, matching, controls, figures."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from neurogeom import alignment, plotting, results
from neurogeom.alignment import kuoch2024_plots
from neurogeom.alignment.kuoch2024_tables import LINKS, permuted_difference, smallest_p
from neurogeom.capacity.mean_field import mean_field
from neurogeom.io import read_groups
from tests.alignment.majaj_hong import LATENTS, World

WORLD = World(n_objects=2, n_images=12)
LIKENESS = {"plain": 0.3, "other": 0.4, "near": 0.8, "nearer": 0.95}
GROUPS = {"plain": "supervised", "other": "supervised", "near": "unsupervised", "nearer": "unsupervised"}
QUICK = {"n_samples": 30, "n_shuffles": 5, "n_splits": 3, "n_permutations": 100, "center_correction": None, "seed": 0}


def models() -> dict:
    return {
        name: {
            "block4": WORLD.activations(40, likeness=likeness / 2, seed=i),
            "avgpool": WORLD.activations(40, likeness=likeness, seed=100 + i),
        }
        for i, (name, likeness) in enumerate(LIKENESS.items())
    }


def regions() -> dict:
    return {
        "V4": WORLD.recording(18, noise=1.0, seed=1, n_repetitions=2, region="V4"),
        "IT": WORLD.recording(20, noise=0.3, seed=2, n_repetitions=3),
    }


@pytest.fixture(scope="module")
def result() -> alignment.Kuoch2024:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return alignment.kuoch2024(models(), regions(), feature=["s", "ty"], groups=GROUPS, **QUICK)


def test_all_tables_are_there_for_all_systems(result: alignment.Kuoch2024) -> None:
    assert result.data.sizes["system"] == 4 * 2 + 2
    assert result.mct.system.values.tolist()[-2:] == ["V4", "IT"]
    for name in ("capacity", "radius", "dimension", "dimension_published", "center_correlation"):
        assert np.isfinite(result.mct[name].values).all()
    assert result.alignment.distance.shape == result.alignment.distance_squared.shape == (10, 8, 8)
    assert set(result.alignment_shuffled) >= {"mean", "sd", "z", "p"}
    assert result.relative.position.shape == (10, 2)
    assert result.regression.signal_mismatch.shape == (2, 10, 8, 8)
    assert result.regression.rank_correlation.shape == (2, 10, 4)
    assert result.groups.difference.shape == (2, 11)


def test_both_readings_of_the_distance_are_returned(result: alignment.Kuoch2024) -> None:
    np.testing.assert_allclose(result.alignment.distance**2, result.alignment.distance_squared, atol=1e-12)


def test_each_table_holds_what_the_functions_of_this_room_give(result: alignment.Kuoch2024) -> None:
    from neurogeom.alignment.kuoch2024_systems import read_systems

    systems = read_systems(models(), regions(), category="category_name", object="object_name", features=["s"])
    region = systems[-1]
    categories = region.manifolds("category")
    assert categories.n_points.tolist() == [24] * 8
    expected = alignment.covariance_alignment_distance(categories["Animals"], categories["Cars"])
    found = result.alignment.distance.sel(system="IT", category="Animals", other_category="Cars")
    assert float(found) == pytest.approx(float(expected), abs=1e-10)
    relative = alignment.relative_geometry(systems[1].manifolds("category"), categories, rsa=True, seed=0)
    own = result.relative.sel(system=systems[1].name, region="IT")
    assert float(own.position) == pytest.approx(relative.position_similarity, abs=1e-10)
    assert float(own.alignment) == pytest.approx(relative.alignment_similarity, abs=1e-10)
    assert float(own.rsa) == pytest.approx(relative.rsa_similarity, abs=1e-10)


def test_repeats_are_averaged_and_stimuli_matched_by_id(result: alignment.Kuoch2024) -> None:
    assert result.settings["n_used"]["stimuli"] == 8 * 2 * 12
    both = result.relative.sel(system="IT", region="IT")
    assert float(both.position) == pytest.approx(1)
    assert float(both.rsa) == pytest.approx(1)


def test_models_that_read_the_same_space_are_nearer_to_cortex(result: alignment.Kuoch2024) -> None:
    top = result.relative.sel(region="IT", system=[f"{name}/avgpool" for name in LIKENESS])
    assert top.rsa.values[:2].max() < top.rsa.values[2:].min()


def test_categories_are_turned_more_than_shuffled_ones_in_cortex(result: alignment.Kuoch2024) -> None:
    region = result.alignment_shuffled.sel(system="IT")
    assert float(region.z) > 5
    assert float(region.p) == pytest.approx(1 / 6)
    assert float(result.alignment.mean_excess.sel(system="IT")) > 0


def test_groups_of_models_are_compared_exactly(result: alignment.Kuoch2024) -> None:
    assert float(result.groups.smallest_p) == pytest.approx(2 / 6)
    assert float(result.groups.p.min()) >= float(result.groups.smallest_p) - 1e-12
    table = result.groups.sel(group_layer="avgpool", quantity="relative_rsa:IT")
    assert str(result.groups.compared.values) == "supervised − unsupervised"
    assert float(table.difference) < 0
    assert float(table.p) == pytest.approx(2 / 6)  # two of six relabelings of 2 + 2 models are this extreme


@pytest.mark.parametrize("sizes", [(2, 2), (3, 1), (3, 3), (5, 2), (12, 12)])
def test_the_smallest_p_is_reached_by_groups_far_apart(sizes: tuple[int, int]) -> None:
    """Irregular values, so that no relabeling ties by accident."""
    values = np.concatenate([100.0 + np.sqrt(np.arange(sizes[0])), np.cbrt(np.arange(sizes[1]) + 0.5)])
    chosen = np.arange(sum(sizes)) < sizes[0]
    assert permuted_difference(values, chosen)[1] >= smallest_p(sum(sizes), sizes[0]) - 1e-12
    if sum(sizes) < 20:
        assert permuted_difference(values, chosen)[1] == pytest.approx(smallest_p(sum(sizes), sizes[0]))


@pytest.mark.parametrize("sizes", [(2, 2), (7, 3)])
def test_permuted_difference_counts_all_relabelings(sizes: tuple[int, int]) -> None:
    values = np.concatenate([np.arange(sizes[0]) + 100.0, np.arange(sizes[1], dtype=float)])
    chosen = np.arange(sum(sizes)) < sizes[0]
    difference, p = permuted_difference(values, chosen)
    assert difference == pytest.approx(values[chosen].mean() - values[~chosen].mean())
    assert p == pytest.approx(2 / 6 if sizes == (2, 2) else 1 / 120)


def test_links_leave_saturated_pairs_out_and_say_nothing_where_none_is_left() -> None:
    wide = {"net": {"top": WORLD.activations(150, likeness=0.5, seed=9)}}
    with pytest.warns(UserWarning, match="share no dimension"):
        found = alignment.kuoch2024(wide, {"IT": regions()["IT"]}, feature="s", **QUICK)
    links = found.regression.rank_correlation.sel(system="net/top", feature="s")
    assert np.isfinite(float(links.sel(link="distance_cross_r2")))
    assert np.isnan(links.sel(link=[name for name in LINKS if name != "distance_cross_r2"])).all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = alignment.kuoch2024(wide, {"IT": regions()["IT"]}, feature="s", signal_components=6, n_dims=30, **QUICK)
    assert np.isfinite(again.regression.rank_correlation.sel(system="net/top")).all()


def test_intervals_over_neuroids_are_added_to_regions_where_asked() -> None:
    one = {"net": {"top": WORLD.activations(30, likeness=0.7, seed=9)}}
    found = alignment.kuoch2024(one, regions(), n_bootstrap=20, **QUICK)
    low, high = found.mct.capacity_ci.sel(system="IT").values
    assert low < float(found.mct.capacity.sel(system="IT")) < high
    assert np.isnan(found.mct.capacity_ci.sel(system="net/top")).all()
    for kind in ("position", "alignment", "rsa"):
        low, high = found.relative[f"{kind}_ci"].sel(system="net/top", region="IT").values
        assert low < float(found.relative[kind].sel(system="net/top", region="IT")) < high
    low, high = found.alignment.mean_distance_ci.sel(system="IT").values
    assert low < float(found.alignment.mean_distance.sel(system="IT")) < high


def test_the_file_holds_the_whole_and_every_table_as_a_group(result: alignment.Kuoch2024, tmp_path: object) -> None:
    path = result.save(f"{tmp_path}/kuoch.nc")
    loaded = results.load(path)
    assert type(loaded) is alignment.Kuoch2024
    assert loaded.data.identical(result.data)
    tables = {name.strip("/"): table for name, table in read_groups(path)[0].items()}
    for name in ("mct", "alignment", "alignment_shuffled", "relative", "regression", "groups"):
        assert tables[name].identical(getattr(result, name))


@pytest.mark.parametrize("figure", kuoch2024_plots.FIGURES)
def test_every_figure_of_the_paper_is_drawn(result: alignment.Kuoch2024, figure: str) -> None:
    count = {"mct": 4, "alignment": 1, "relative": 3, "links": 4}[figure]
    canvas, axes = plotting.new_figure(n_columns=count)
    panels = result.plot(ax=list(axes[0]), figure=figure)
    assert list(panels) == list(axes[0])
    assert all(panel.get_xlabel() or panel.get_ylabel() for panel in panels)
    canvas.canvas.draw()


def test_figures_take_a_layer_squares_and_a_feature(result: alignment.Kuoch2024) -> None:
    canvas, axes = plotting.new_figure(n_columns=4)
    kuoch2024_plots.plot_alignment(result, ax=axes[0, 0], layer="block4", squared=True)
    texts = axes[0, 0].get_legend_handles_labels()[1]
    assert "excess over sampling" in texts
    names = [text.get_text() for text in axes[0, 0].get_yticklabels()]
    assert names == [*(f"{name}/block4" for name in LIKENESS), "V4", "IT"]
    kuoch2024_plots.plot_links(result, ax=list(axes[0]), feature="ty", system="IT")
    for options, message in (
        ({"figure": "alignment", "layer": "block9"}, "layer='block9'"),
        ({"figure": "links", "feature": "rxy"}, "feature='rxy'"),
        ({"figure": "fig4"}, "figure='fig4'"),
        ({"figure": "mct", "ax": [axes[0, 0]]}, "this figure has 4 panels"),
    ):
        with pytest.raises(ValueError, match=message):
            result.plot(**options)
    canvas.canvas.draw()


def test_the_latent_parameters_are_coordinates_of_the_assembly() -> None:
    assert set(LATENTS) <= set(regions()["IT"].coords)


def test_gaussian_clouds_of_fifty_points_give_the_first_block_of_the_paper() -> None:
    """Why objects of 50 images are taken to be its manifolds: other numbers of points miss what its figure 4 shows."""
    found = {}
    for m in (40, 46, 50, 54, 90):
        rng = np.random.default_rng(m)
        clouds = []
        for _ in range(32):
            center, noise = rng.normal(size=1500), rng.normal(size=(m, 1500)) / np.sqrt(1500)
            clouds.append(center / np.linalg.norm(center) + 6.25 * (noise - noise.mean(axis=0)))
        result = mean_field(clouds, n_samples=20, seed=0)
        found[m] = (result.capacity, result.radius, result.dimension_published)
    capacity, radius, dimension = found[50]
    assert capacity == pytest.approx(0.0434, abs=0.0015)
    assert 1.34 < radius < 1.43
    assert 33.5 < dimension < 35.2
    assert found[46][2] < 34.3 < found[54][2]
    assert all(abs(found[m][0] - 0.0434) > 0.004 for m in (40, 90))


class TestBadInput:
    def test_responses_without_stimuli(self) -> None:
        bare = regions()["IT"].drop_vars("stimulus_id")
        with pytest.raises(ValueError, match=r"neural_responses\['IT'\] has no coordinate 'stimulus_id'"):
            alignment.kuoch2024(models(), {"IT": bare}, **QUICK)

    def test_other_stimuli(self) -> None:
        part = {"net": {"top": WORLD.activations(9, likeness=0.5, seed=0).isel(presentation=slice(0, 190))}}
        with pytest.raises(ValueError, match="net/top has other stimuli than the first region: 2 values"):
            alignment.kuoch2024(part, {"IT": regions()["IT"]}, **QUICK)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"category": "category"}, "category='category' is not a coordinate .* Did you mean 'category_name'"),
            ({"feature": "size"}, "feature='size' is not a coordinate"),
            ({"groups": {"plain": "a"}}, "groups leaves out 3 models"),
            ({"groups": dict.fromkeys(LIKENESS, "a")}, "groups names 1 groups"),
            ({"regression_by": "objects"}, "Did you mean 'object'"),
            ({"n_bootstrap": 5}, "n_bootstrap=5 is too small"),
            ({"category": "region_name"}, "region_name"),
        ],
    )
    def test_options(self, options: dict, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            alignment.kuoch2024(models(), regions(), **{**QUICK, **options})

    def test_text_as_feature(self) -> None:
        with pytest.raises(TypeError, match="feature='object_name' of .* holds text"):
            alignment.kuoch2024(models(), regions(), feature="object_name", **QUICK)

    @pytest.mark.parametrize(
        ("model", "region", "message"),
        [
            ({}, None, "model_responses needs"),
            (None, {}, "neural_responses needs"),
            ({"net": np.ones((3, 3))}, None, "needed is a mapping from layer"),
            ({"net": {"top": np.ones((3, 3))}}, None, "a DataArray with coordinate"),
        ],
    )
    def test_other_kinds(self, model: object, region: object, message: str) -> None:
        with pytest.raises(TypeError, match=message):
            alignment.kuoch2024(models() if model is None else model, regions() if region is None else region, **QUICK)

    def test_three_categories(self) -> None:
        few = World(n_categories=3, n_images=4)
        one = {"net": {"top": few.activations(9, likeness=0.5, seed=0)}}
        with pytest.raises(ValueError, match="category names 3 classes"):
            alignment.kuoch2024(one, {"IT": few.recording(8, noise=0.1, seed=0)}, **QUICK)
