"""Differences of two populations: pairing, errors, p, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from neurogeom import Manifolds, results
from neurogeom._core.warnings import ConvergenceWarning, UnevenSizesWarning
from neurogeom.capacity.compare import compare
from neurogeom.capacity.glue import glue
from neurogeom.capacity.mean_field import mean_field
from tests.capacity.populations import random_clouds

pytestmark = pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.SaturationWarning")

METHODS = {"glue": glue, "mean_field": mean_field}


def spread_by(factor: float, clouds: list[np.ndarray]) -> list[np.ndarray]:
    return [cloud.mean(axis=0) + factor * (cloud - cloud.mean(axis=0)) for cloud in clouds]


def named(clouds: list[np.ndarray], names: str = "n") -> Manifolds:
    return Manifolds(clouds, neuroids={"neuroid_id": [f"{names}{i}" for i in range(clouds[0].shape[1])]})


@pytest.fixture(scope="module")
def clouds() -> list[np.ndarray]:
    return random_clouds(0, 4, 10, 30, spread=0.4)


@pytest.mark.parametrize("method", ["glue", "mean_field"])
@pytest.mark.parametrize("uncertainty", ["neuroids", "points"])
def test_a_population_does_not_differ_from_itself(clouds, method: str, uncertainty: str) -> None:
    manifolds = named(clouds)
    result = compare(manifolds, manifolds, method=method, uncertainty=uncertainty, n_resamples=20, n_samples=20, seed=0)
    assert result.settings["paired"] is True
    for name in ("capacity", "radius", "dimension"):
        assert result.data[f"{name}_difference"].item() == 0
        assert result.data[f"{name}_difference_se"].item() == 0
        assert result.data[f"{name}_difference_ci"].values.tolist() == [0, 0]
        assert np.isnan(result.data[f"{name}_difference_p"].item())


@pytest.mark.parametrize("method", ["glue", "mean_field"])
def test_each_side_is_what_the_method_gives_alone(clouds, method: str) -> None:
    options = {"n_resamples": 20, "n_samples": 25, "seed": 3}
    result = compare(clouds, spread_by(0.5, clouds), method=method, names=("wide", "narrow"), **options)
    for side, one in zip(("wide", "narrow"), (clouds, spread_by(0.5, clouds))):
        alone = METHODS[method](one, uncertainty=None, n_samples=25, seed=3)
        assert result.capacity.sel(side=side).item() == alone.capacity
        assert result.capacity_se.sel(side=side).item() == alone.capacity_se
    both = result.capacity.values
    assert result.capacity_difference == both[0] - both[1]


def test_the_interval_of_a_paired_side_is_that_of_the_side_alone(clouds) -> None:
    options = {"uncertainty": "points", "n_resamples": 20, "n_samples": 25, "seed": 3}
    result = compare(clouds, spread_by(0.5, clouds), **options)
    for number, one in enumerate((clouds, spread_by(0.5, clouds))):
        np.testing.assert_allclose(result.capacity_ci[number], glue(one, **options).capacity_ci, rtol=1e-10)


def test_pairing_takes_out_what_both_share(clouds) -> None:
    one, other = named(clouds), named(spread_by(0.9, clouds))
    options = {"method": "mean_field", "uncertainty": "neuroids", "n_resamples": 60, "n_samples": 200, "seed": 0}
    paired, apart = compare(one, other, **options), compare(one, other, paired=False, **options)
    assert (paired.settings["paired"], apart.settings["paired"]) == (True, False)
    assert paired.capacity_difference == apart.capacity_difference
    assert paired.capacity_difference_se < 0.7 * apart.capacity_difference_se


def test_errors_of_unpaired_sides_add_up(clouds) -> None:
    other = random_clouds(9, 4, 10, 30, spread=0.4)
    result = compare(
        clouds, other, method="mean_field", paired=False, n_resamples=100, n_samples=200, seed=0, level=0.68
    )
    half = np.log(result.capacity_ci[:, 1] / result.capacity).values / stats.t.ppf(0.84, 29)
    expected = np.hypot(*(half * result.capacity.values))
    # less what the common samples share
    assert 0.6 * expected < result.capacity_difference_se < 1.25 * expected


def test_the_interval_and_p_are_those_of_students_t(clouds) -> None:
    result = compare(clouds, spread_by(0.7, clouds), uncertainty="points", n_resamples=20, n_samples=30, seed=0)
    difference, error = result.capacity_difference, result.capacity_difference_se
    low, high = result.capacity_difference_ci.values
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, 18) * error)
    assert (high + low) / 2 == pytest.approx(difference)
    assert result.capacity_difference_p == pytest.approx(2 * stats.t.sf(abs(difference) / error, 18))
    assert (result.capacity_difference_p < 0.05) == (low > 0 or high < 0)


def test_small_p_are_rare_where_nothing_differs() -> None:
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(3, 20))

    def draw() -> list[np.ndarray]:
        return [center + rng.normal(size=(8, 20)) / 2 for center in centers]

    options = {"method": "mean_field", "uncertainty": "points", "paired": False, "n_resamples": 8, "n_samples": 40}
    found = [compare(draw(), draw(), seed=s, n_jobs=1, **options).capacity_difference_p for s in range(30)]
    # a jackknife errs to the safe side (Efron and Stein 1981), so that p is large rather than uniform
    assert np.mean(np.array(found) < 0.05) <= 0.1
    assert np.mean(np.array(found) < 0.5) < 0.75
    assert np.min(found) < 0.5


def test_a_real_difference_is_found(clouds) -> None:
    result = compare(named(spread_by(0.5, clouds)), named(clouds), n_resamples=30, n_samples=100, seed=0)
    assert result.capacity_difference_ci.values[0] > 0
    assert result.capacity_difference_p < 0.01


def test_units_are_paired_where_they_carry_the_same_names(clouds) -> None:
    options = {"method": "mean_field", "n_resamples": 20, "n_samples": 10, "seed": 0}
    assert not compare(clouds, clouds, **options).settings["paired"]
    assert not compare(named(clouds), named(clouds, "m"), **options).settings["paired"]
    assert compare(named(clouds), named(clouds), **options).settings["paired"]
    assert compare(clouds, random_clouds(1, 4, 10, 12), uncertainty="points", **options).settings["paired"]
    fewer = [clouds[0][:9], *clouds[1:]]
    assert not compare(clouds, fewer, uncertainty="points", **options).settings["paired"]


def test_trials_are_paired_too() -> None:
    rng = np.random.default_rng(0)
    stimuli, labels = np.repeat(np.arange(12), 4), np.repeat(["a", "b", "c"], 16)
    signal = np.concatenate(random_clouds(0, 3, 4, 15))[stimuli]
    sides = [
        Manifolds.from_labels(signal + noise * rng.normal(size=signal.shape), labels, average=stimuli)
        for noise in (0.1, 0.3)
    ]
    result = compare(*sides, uncertainty="trials", method="mean_field", n_samples=30, seed=0)
    assert result.settings["paired"]
    assert result.capacity_difference_se > 0


def test_the_same_seed_gives_the_same_bits_for_any_number_of_workers(clouds) -> None:
    options = {"n_resamples": 20, "n_samples": 15, "seed": 4}
    one, three = (compare(clouds, spread_by(0.5, clouds), n_jobs=n, **options) for n in (1, 3))
    assert one.data.equals(three.data)


def test_groups_of_the_side_with_fewer_points_are_used_for_both(clouds) -> None:
    fewer = [cloud[:4] for cloud in clouds]
    with pytest.warns(UnevenSizesWarning, match="compare equal sizes"):
        result = compare(clouds, fewer, method="mean_field", uncertainty="points", n_samples=15, seed=0)
    assert result.settings["n_resamples"] == 20
    assert np.isfinite(result.capacity_difference_se)


def test_responses_with_labels_are_taken(clouds) -> None:
    labels = np.repeat(list("abcd"), 10)
    one = xr.DataArray(np.concatenate(clouds), dims=("presentation", "neuroid"))
    result = compare(one, 2 * one, labels, n_resamples=20, n_samples=10, seed=0)
    assert abs(result.capacity_difference) < 1e-12  # a common gain changes nothing, with common samples


def test_a_comparison_is_saved_loaded_printed_and_drawn(clouds, tmp_path) -> None:
    import matplotlib.pyplot as plt

    result = compare(clouds, spread_by(0.5, clouds), names=("V4", "IT"), n_resamples=20, n_samples=15, seed=0)
    assert results.load(result.save(tmp_path / "two.nc")).data.identical(result.data)
    assert "over neuroids" in repr(result)
    sides = result.sides()
    assert sides.kind == "capacity.glue"
    assert sides.capacity.dims == ("side",)
    assert len(np.atleast_1d(result.sides().plot())) == 3
    panels = result.plot()
    assert [panel.get_title() for panel in panels] == ["GLUE: capacity α", "Dimension D", "Radius R"]
    plt.close("all")


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda c: c[:3], {}, "4 manifolds, b has 3"),
        (lambda c: [x[:, :9] for x in c], {"paired": True}, "differ in their number of neuroids"),
        (lambda c: [x[:9] for x in c], {"paired": True, "uncertainty": "points"}, "differ in their number of points"),
        (lambda c: c, {"method": "simulated"}, "method"),
        (lambda c: c, {"uncertainty": None}, "uncertainty"),
        (lambda c: c, {"names": ("a", "a")}, "two different names"),
        (lambda c: c, {"names": "ab"}, "two different names"),
        (lambda c: c, {"uncertainty": "trials"}, "single trials"),
    ],
)
@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.UnevenSizesWarning")
def test_what_cannot_be_compared_is_refused(clouds, change, options: dict, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        compare(clouds, change(clouds), **options)


def test_different_classes_are_refused_by_name(clouds) -> None:
    left, right = Manifolds(clouds, names=list("abcd")), Manifolds(clouds, names=list("abce"))
    with pytest.raises(ValueError, match="different manifolds: 'd' only in a; 'e' only in b"):
        compare(left, right, n_samples=5, n_resamples=20, seed=0)


def test_the_order_of_classes_changes_nothing(clouds) -> None:
    left = Manifolds(clouds, names=list("abcd"))
    right = left.select_manifolds(list("cadb"))
    result = compare(left, right, n_samples=10, n_resamples=20, seed=0)
    assert result.capacity_difference == 0


def test_a_difference_without_an_interval_is_said() -> None:
    points, labels = np.random.default_rng(0).normal(size=(24, 30)), np.repeat(list("abc"), 8)
    with pytest.warns(ConvergenceWarning, match="difference of capacity has no interval over neuroids.*margin"):
        result = compare(points, points[:, :20], labels, margin=0.1, n_samples=10, n_resamples=20, seed=0)
    assert np.isfinite(result.capacity_difference)
    assert np.isnan(result.capacity_difference_ci).all()
