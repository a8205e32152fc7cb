"""Curves against subsample size: what is subsampled, known curves, counting of warnings, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from neurogeom import Manifolds, results
from neurogeom._core.warnings import ConvergenceWarning, SaturationWarning, warn
from neurogeom.capacity import theory
from neurogeom.capacity.curve import curve
from neurogeom.capacity.glue import glue
from neurogeom.capacity.mean_field import mean_field
from tests.capacity.populations import random_clouds, single_points

quiet = pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.NeurogeomWarning")


@pytest.fixture(scope="module")
def clouds() -> list[np.ndarray]:
    return random_clouds(0, 4, 9, 24)


def seen(clouds: list[np.ndarray], over: str, **options) -> list[Manifolds]:
    """Manifolds that a measure is called with, in order of size and number."""
    found: list[Manifolds] = []

    def measure(manifolds: Manifolds, *, seed: int) -> float:
        found.append(manifolds)
        return 1.0

    curve(clouds, over=over, method=measure, n_jobs=1, **options)
    return found[1:]  # the first call looks whether the options fit


# ------------------------------------------------------------------------------------------------ what is subsampled


def test_neuroids_are_subsampled_without_repetition_and_nested(clouds) -> None:
    subsets = seen(clouds, "n_neuroids", sizes=[5, 11, 24], n_subsamples=3, seed=0)
    columns = [{tuple(column) for column in one.stacked.T} for one in subsets]
    assert [len(one) for one in columns] == [5] * 3 + [11] * 3 + [24] * 3
    for number in range(3):
        assert columns[number] < columns[3 + number] < columns[6 + number]
    assert columns[0] != columns[1]


def test_points_are_subsampled_the_same_number_of_each(clouds) -> None:
    uneven = [clouds[0], *(cloud[:7] for cloud in clouds[1:])]
    subsets = seen(uneven, "n_points", sizes=[3, 7], n_subsamples=2, seed=0)
    assert [one.n_points.tolist() for one in subsets] == [[3] * 4] * 2 + [[7] * 4] * 2
    for number in range(2):
        small, large = ({tuple(point) for point in one.stacked} for one in (subsets[number], subsets[2 + number]))
        assert small < large
        assert len(small) == 12


def test_manifolds_are_subsampled_whole(clouds) -> None:
    subsets = seen(clouds, "n_manifolds", sizes=[2, 4], n_subsamples=3, seed=0)
    assert [one.n_manifolds for one in subsets] == [2, 2, 2, 4, 4, 4]
    assert len({one.names for one in subsets[:3]}) > 1
    assert all(one.names == ("0", "1", "2", "3") for one in subsets[3:])


def test_sizes_reach_from_few_to_all(clouds) -> None:
    for over, largest in (("n_neuroids", 24), ("n_points", 9), ("n_manifolds", 4)):
        sizes = [int(one) for one in curve(clouds, over=over, method=lambda m, seed: 0.0, n_subsamples=2).data[over]]
        assert sizes == sorted(set(sizes))
        assert (sizes[0], sizes[-1]) == (2, largest)


# ------------------------------------------------------------------------------------------------ values


def test_the_mean_and_deviation_are_those_of_the_subsamples(clouds) -> None:
    result = curve(clouds, method="mean_field", sizes=[8, 24], n_subsamples=4, n_samples=30, seed=0)
    for name in ("capacity", "radius", "dimension"):
        each = result.data[f"subsample_{name}"]
        assert each.dims == ("n_neuroids", "subsample")
        np.testing.assert_allclose(result.data[name], each.mean("subsample"), rtol=1e-12)
        np.testing.assert_allclose(result.data[f"{name}_se"], each.std("subsample", ddof=1), rtol=1e-9)
    assert result.settings["over"] == "n_neuroids"
    assert result.settings["n_samples"] == 30
    assert "manifold_capacity" not in result.data


@quiet
def test_random_points_follow_the_count_of_cover() -> None:
    """The capacity of P random points in N neuroids is exact at every N."""
    points = single_points(0, 16, 24)
    result = curve(
        points, sizes=[6, 8, 12, 24], n_subsamples=6, n_samples=150, dichotomies="random", seed=0, method="glue"
    )
    for size in (6, 8, 12, 24):
        one = result.data.sel(n_neuroids=size)
        expected = theory.cover(16, size)
        assert abs(float(one.capacity) - expected) < 4 * float(one.capacity_se) / np.sqrt(6) + 0.01
    assert (result.capacity > result.capacity_floor).all()


def test_capacity_falls_with_more_points(clouds) -> None:
    result = curve(clouds, over="n_points", sizes=[2, 5, 9], method="mean_field", n_subsamples=5, n_samples=100, seed=0)
    assert (np.diff(result.capacity) < 0).all()
    assert (np.diff(result.dimension) > 0).all()


@quiet
@pytest.mark.parametrize("method", [glue, mean_field])
def test_a_name_and_a_function_give_the_same(clouds, method) -> None:
    options = {"sizes": [12, 24], "n_subsamples": 2, "n_samples": 20, "seed": 0}
    named, given = curve(clouds, method=method.__name__, **options), curve(clouds, method=method, n_jobs=1, **options)
    assert named.data.equals(given.data)


def test_a_function_may_return_a_number_or_numbers_by_name(clouds) -> None:
    number = curve(clouds, method=lambda m, seed: m.n_neuroids, sizes=[3, 7], n_subsamples=2)
    assert number.value.values.tolist() == [3, 7]
    assert number.value_se.values.tolist() == [0, 0]
    named = curve(clouds, method=lambda m, seed: {"n": m.n_neuroids, "odd": 1.0}, sizes=[3], n_subsamples=2)
    assert (named.n.item(), named.odd.item()) == (3, 1)
    with pytest.raises(TypeError, match="a number, numbers by name, or a Result"):
        curve(clouds, method=lambda m, seed: [1.0, 2.0], sizes=[3], n_subsamples=2)


@quiet
def test_the_same_seed_gives_the_same_bits_for_any_number_of_workers(clouds) -> None:
    options = {"sizes": [12, 24], "n_subsamples": 3, "n_samples": 20, "seed": 5}
    assert curve(clouds, n_jobs=1, **options).data.equals(curve(clouds, n_jobs=3, **options).data)


@quiet
def test_a_curve_is_saved_loaded_printed_and_drawn(clouds, tmp_path) -> None:
    import matplotlib.pyplot as plt

    result = curve(clouds, sizes=[12, 24], n_subsamples=2, n_samples=20, seed=0)
    assert results.load(result.save(tmp_path / "curve.nc")).data.identical(result.data)
    assert "n_neuroids" in repr(result)
    assert len(np.atleast_1d(result.plot())) == 3
    plt.close("all")


# ------------------------------------------------------------------------------------------------ what goes wrong


def test_warnings_of_subsamples_are_counted_and_said_once(clouds) -> None:
    def measure(manifolds: Manifolds, *, seed: int) -> float:
        if manifolds.n_neuroids < 10:
            warn(f"near the floor at {manifolds.n_neuroids}", SaturationWarning)
        return 1.0

    with pytest.warns(SaturationWarning) as said:
        result = curve(clouds, method=measure, sizes=[3, 7, 20], n_subsamples=4, seed=0)
    assert [str(one.message) for one in said] == [
        "in 8 of 12 subsamples (n_neuroids = 3, 7): near the floor at 3",
    ]
    assert result.warnings == ("in 8 of 12 subsamples (n_neuroids = 3, 7): near the floor at 3",)


def test_subsamples_without_a_value_are_counted_and_leave_no_number(clouds) -> None:
    def measure(manifolds: Manifolds, *, seed: int) -> float:
        if manifolds.n_neuroids < 10:
            raise ValueError("too few neuroids")
        return 1.0

    with pytest.warns(ConvergenceWarning, match="undefined on 4 of 8 subsamples .* too few neuroids"):
        result = curve(clouds, method=measure, sizes=[3, 20], n_subsamples=4, seed=0)
    assert np.isnan(result.value.values[0])
    assert result.value.values[1] == 1
    assert result.diagnostics["n_undefined"] == 4


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"over": "neuroids"}, ValueError, "Did you mean 'n_neuroids'"),
        ({"method": "gluee"}, ValueError, "Did you mean 'glue'"),
        ({"method": 3}, TypeError, "method is a int"),
        ({"sizes": [0]}, ValueError, "sizes"),
        ({"sizes": [99]}, ValueError, "there are 24 for n_neuroids"),
        ({"sizes": []}, ValueError, "sizes"),
        ({"sizes": 5}, ValueError, "sizes"),
        ({"sizes": [1], "over": "n_manifolds"}, ValueError, "at least 2"),
        ({"n_subsamples": 1}, ValueError, "n_subsamples"),
        ({"dichotomies": "balance"}, ValueError, "Did you mean 'balanced'"),
        ({"n_sample": 3}, TypeError, "n_sample"),
    ],
)
def test_wrong_options_are_refused(clouds, options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        curve(clouds, **options)
