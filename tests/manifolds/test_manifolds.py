"""Manifolds: what goes in comes out, nothing changes under a person's hands, and bad input is refused with a remedy."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogeom._core.warnings import DegenerateInputWarning, LayoutWarning, UnevenSizesWarning
from neurogeom.manifolds import Manifolds, as_manifolds

SEEDS = st.integers(0, 2**32)


def labelled_responses(rng, n_classes=3, n_stimuli=4, n_repetitions=2, n_neuroids=6):
    objects = np.repeat([f"object_{k}" for k in range(n_classes)], n_stimuli * n_repetitions)
    stimuli = np.repeat([f"stimulus_{i}" for i in range(n_classes * n_stimuli)], n_repetitions)
    return xr.DataArray(
        rng.normal(size=(len(objects), n_neuroids)),
        dims=("presentation", "neuroid"),
        coords={
            "object_name": ("presentation", objects),
            "stimulus_id": ("presentation", stimuli),
            "repetition": ("presentation", np.tile(np.arange(n_repetitions), n_classes * n_stimuli)),
            "neuroid_id": ("neuroid", [f"unit_{i}" for i in range(n_neuroids)]),
            "region": ("neuroid", ["V4", "IT"] * (n_neuroids // 2)),
        },
    )


# ------------------------------------------------------------------ what is inside


def test_sizes_offsets_and_membership_describe_the_stacked_points(rng):
    clouds = [rng.normal(size=(m, 5)) for m in (3, 4, 5)]
    manifolds = Manifolds(clouds)
    assert manifolds.n_manifolds == len(manifolds) == 3
    assert manifolds.n_neuroids == 5
    assert manifolds.n_points.tolist() == [3, 4, 5]
    assert manifolds.offsets.tolist() == [0, 3, 7, 12]
    assert manifolds.membership.tolist() == [0] * 3 + [1] * 4 + [2] * 5
    np.testing.assert_array_equal(manifolds.stacked, np.concatenate(clouds))
    for given_cloud, kept in zip(clouds, manifolds):
        np.testing.assert_array_equal(given_cloud, kept)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool, np.float32, np.float16])
def test_integers_booleans_and_short_floats_are_computed_in_double_precision(rng, dtype):
    clouds = [rng.integers(0, 2, size=(4, 6)).astype(dtype) for _ in range(2)]
    manifolds = Manifolds(clouds)
    assert manifolds.stacked.dtype == np.float64
    np.testing.assert_array_equal(manifolds[0], clouds[0].astype(float))


def test_names_come_from_a_mapping_from_names_or_from_numbers(rng):
    cloud = rng.normal(size=(4, 6))
    assert Manifolds({"cat": cloud, "dog": cloud + 1}).names == ("cat", "dog")
    assert Manifolds([cloud, cloud + 1], names=[7, "x"]).names == ("7", "x")
    assert Manifolds([cloud, cloud + 1]).names == ("0", "1")


def test_a_three_dimensional_array_is_one_cloud_per_first_index(rng):
    block = rng.normal(size=(3, 4, 6))
    np.testing.assert_array_equal(Manifolds(block)["2"], block[2])


def test_the_users_arrays_are_copied_and_stay_writable(rng):
    cloud = rng.normal(size=(4, 6))
    manifolds = Manifolds([cloud, cloud + 1])
    before = manifolds.stacked.copy()
    cloud[:] = 0.0
    np.testing.assert_array_equal(manifolds.stacked, before)


def test_from_labels_copies_responses_and_coordinates(rng):
    responses = labelled_responses(rng)
    manifolds = Manifolds.from_labels(responses, "object_name")
    before, repetition = manifolds.stacked.copy(), manifolds.point_coords["repetition"].copy()
    responses.values[:] = 0.0
    responses["repetition"].values[:] = 99
    np.testing.assert_array_equal(manifolds.stacked, before)
    np.testing.assert_array_equal(manifolds.point_coords["repetition"], repetition)


def test_nothing_about_manifolds_can_be_changed(rng):
    manifolds = Manifolds([rng.normal(size=(4, 6)), rng.normal(size=(4, 6))], neuroids={"region": ["IT"] * 6})
    for array in (manifolds.stacked, manifolds.clouds[0], manifolds.offsets, manifolds.neuroid_coords["region"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[1]
    with pytest.raises(AttributeError, match="never change"):
        manifolds.names = ("a", "b")
    with pytest.raises(AttributeError, match="never change"):
        del manifolds._stacked


def test_methods_leave_the_original_alone(rng):
    manifolds = Manifolds([rng.normal(size=(4, 6)), rng.normal(size=(4, 6))])
    mark = manifolds.fingerprint
    manifolds.center()
    manifolds.standardize()
    manifolds.project(2, seed=0)
    manifolds.subsample(2, seed=0)
    manifolds.select_neuroids([0, 1])
    assert Manifolds._make(**manifolds._parts()).fingerprint == mark
    assert manifolds.history == ()


def test_a_pickle_round_trip_keeps_everything(rng):
    manifolds = Manifolds.from_labels(labelled_responses(rng), "object_name", average="stimulus_id").center()
    again = pickle.loads(pickle.dumps(manifolds))  # noqa: S301 - our own object, as worker processes send it
    assert again.fingerprint == manifolds.fingerprint
    assert again.history == manifolds.history
    np.testing.assert_array_equal(again.trials, manifolds.trials)
    assert not again.stacked.flags.writeable


def test_fingerprints_tell_content_apart(rng):
    clouds = {"a": rng.normal(size=(4, 6)), "b": rng.normal(size=(4, 6))}
    manifolds = Manifolds(clouds)
    assert Manifolds(clouds).fingerprint == manifolds.fingerprint
    others = [
        Manifolds({"a": clouds["a"], "c": clouds["b"]}),
        Manifolds({"b": clouds["a"], "a": clouds["b"]}),
        manifolds.center(),
        Manifolds(clouds, neuroids={"neuroid_id": list("uvwxyz")}),
    ]
    assert manifolds.fingerprint not in [other.fingerprint for other in others]


def test_reprs_tell_sizes_names_neuroids_rank_norms_trials_and_history(rng):
    manifolds = Manifolds.from_labels(labelled_responses(rng), "object_name", average="stimulus_id").standardize()
    shown = repr(manifolds)
    for part in (
        "3 manifolds × 4 points",
        "6 neuroids",
        "'object_0'",
        "V4 3",
        "rank",
        "norms",
        "24 single",
        "standardized",
    ):
        assert part in shown
    page = manifolds._repr_html_()
    assert "<table" in page and "object_1" in page and "spread about center" in page


def test_html_repr_escapes_names_and_shortens_long_lists(rng):
    many = Manifolds({f"<b>{i}": rng.normal(size=(2, 3)) for i in range(30)})
    page = many._repr_html_()
    assert "<b>" not in page and "&lt;b&gt;0" in page and "…" in page and "&lt;b&gt;29" in page
    assert "&lt;b&gt;15" not in page.split("names")[-1].split("spread")[-1]


# ------------------------------------------------------------------ labels


@given(sizes=st.lists(st.integers(1, 6), min_size=1, max_size=6), n_neuroids=st.integers(1, 7), seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_from_labels_undoes_to_responses(sizes, n_neuroids, seed):
    rng = np.random.default_rng(seed)
    manifolds = Manifolds._make(
        stacked=rng.normal(size=(sum(sizes), n_neuroids)),
        sizes=sizes,
        names=[f"class_{i}" for i in range(len(sizes))],
        neuroid_coords={"neuroid_id": np.array([f"n{i}" for i in range(n_neuroids)], dtype=object)},
    )
    responses = manifolds.to_responses()
    again = Manifolds.from_labels(responses, "manifold") if max(sizes) < 2 * min(sizes) else None
    if again is None:
        with pytest.warns(UnevenSizesWarning):
            again = Manifolds.from_labels(responses, "manifold")
    assert again.fingerprint == manifolds.fingerprint


@given(seed=SEEDS, n_neuroids=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_permuting_presentations_changes_the_order_of_points_only(seed, n_neuroids):
    rng = np.random.default_rng(seed)
    responses = rng.normal(size=(12, n_neuroids))
    labels = rng.permutation(np.repeat(["a", "b", "c"], 4))
    order = rng.permutation(12)
    first, second = Manifolds.from_labels(responses, labels), Manifolds.from_labels(responses[order], labels[order])
    assert first.names == second.names
    for one, other in zip(first, second):
        np.testing.assert_array_equal(np.sort(one, axis=0), np.sort(other, axis=0))
        assert {tuple(row) for row in one} == {tuple(row) for row in other}


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([2, 10, 2, 10], ("2", "10")),
        (["b", "a", "b", "a"], ("a", "b")),
        ([True, False, True, False], ("False", "True")),
        (np.array([b"x", b"y", b"x", b"y"]), ("x", "y")),
        (pd.Series(["q", "p", "q", "p"]), ("p", "q")),
        (pd.Categorical(["q", "p", "q", "p"]), ("p", "q")),
        (np.array([1, "a", 1, "a"], dtype=object), ("1", "a")),
    ],
)
def test_labels_of_any_kind_give_manifolds_in_sorted_order(rng, labels, names):
    manifolds = Manifolds.from_labels(rng.normal(size=(4, 3)), labels)
    assert manifolds.names == names
    assert manifolds.n_points.tolist() == [2, 2]


def test_axes_are_found_by_name_whatever_their_order(rng):
    responses = labelled_responses(rng)
    straight = Manifolds.from_labels(responses, "object_name")
    assert Manifolds.from_labels(responses.T, "object_name").fingerprint == straight.fingerprint
    odd = responses.rename(presentation="shown", neuroid="cell").T
    assert Manifolds.from_labels(odd, "object_name").fingerprint == straight.fingerprint


def test_a_single_time_bin_and_a_multi_index_are_accepted(rng):
    responses = labelled_responses(rng)
    straight = Manifolds.from_labels(responses, "object_name")
    binned = responses.expand_dims("time_bin", axis=-1)
    assert Manifolds.from_labels(binned, "object_name").fingerprint == straight.fingerprint
    indexed = responses.set_index(presentation=["object_name", "stimulus_id", "repetition"])
    assert Manifolds.from_labels(indexed, "object_name").fingerprint == straight.fingerprint


def test_neuroid_coordinates_are_kept_and_follow_selections(rng):
    manifolds = Manifolds.from_labels(labelled_responses(rng), "object_name")
    assert manifolds.neuroid_ids.tolist() == [f"unit_{i}" for i in range(6)]
    chosen = manifolds.select_neuroids(np.array([4, 4, 1]))
    assert chosen.neuroid_ids.tolist() == ["unit_4", "unit_4", "unit_1"]
    assert chosen.neuroid_coords["region"].tolist() == ["V4", "V4", "IT"]
    np.testing.assert_array_equal(chosen.stacked, manifolds.stacked[:, [4, 4, 1]])


def test_clouds_given_as_dataarrays_keep_the_coordinates_they_share(rng):
    responses = labelled_responses(rng)
    clouds = [responses[:8], responses[8:16].drop_vars("region")]
    manifolds = Manifolds(clouds)
    assert set(manifolds.neuroid_coords) == {"neuroid_id"}
    assert manifolds.point_coords["stimulus_id"].tolist() == responses.stimulus_id.values[:16].tolist()
    with pytest.raises(ValueError, match="other neuroid_id"):
        Manifolds([responses[:8], responses[8:16, ::-1]])


# ------------------------------------------------------------------ averages and trials


def test_averaging_gives_the_mean_of_each_stimulus_and_keeps_its_trials(rng):
    responses = labelled_responses(rng)
    manifolds = Manifolds.from_labels(responses, "object_name", average="stimulus_id")
    expected = responses.groupby("stimulus_id").mean()
    assert manifolds.n_points.tolist() == [4, 4, 4]
    for point, stimulus in zip(manifolds.stacked, manifolds.point_coords["stimulus_id"]):
        np.testing.assert_allclose(point, expected.sel(stimulus_id=stimulus).values, rtol=0, atol=1e-12)
    assert manifolds.point_coords["n_trials"].tolist() == [2] * 12
    assert "repetition" not in manifolds.point_coords
    assert manifolds.history == ("averaged over 'stimulus_id'",)
    for point in range(12):
        mean = manifolds.trials[manifolds.trial_point == point].mean(axis=0)
        np.testing.assert_allclose(mean, manifolds.stacked[point], atol=1e-12)


def test_a_stimulus_that_is_in_two_classes_gives_a_point_in_each(rng):
    manifolds = Manifolds.from_labels(rng.normal(size=(8, 3)), list("aabbaabb"), average=list("ststuvuv"))
    assert manifolds.n_points.tolist() == [4, 4]


@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_trials_follow_every_map_and_selection(seed):
    rng = np.random.default_rng(seed)
    manifolds = Manifolds.from_labels(labelled_responses(rng), "object_name", average="stimulus_id")
    changed = manifolds.center().standardize().project(3, seed=seed % 1000).subsample(2, seed=seed % 1000)
    changed = changed.select_manifolds(["object_2", "object_0"]).select_neuroids([2, 0])
    assert changed.names == ("object_2", "object_0")
    for point in range(len(changed.stacked)):
        trials = changed.trials[changed.trial_point == point]
        assert len(trials) == 2
        np.testing.assert_allclose(trials.mean(axis=0), changed.stacked[point], atol=1e-10)


def test_resampled_trials_average_trials_of_the_same_point_only(rng):
    manifolds = Manifolds.from_labels(labelled_responses(rng, n_repetitions=5), "object_name", average="stimulus_id")
    again = manifolds.resample_trials(seed=3)
    assert manifolds.resample_trials(seed=3).fingerprint == again.fingerprint
    assert not np.allclose(again.stacked, manifolds.stacked)
    for point in range(len(again.stacked)):
        own = {tuple(row) for row in manifolds.trials[manifolds.trial_point == point]}
        drawn = again.trials[again.trial_point == point]
        assert {tuple(row) for row in drawn} <= own
        np.testing.assert_allclose(drawn.mean(axis=0), again.stacked[point], atol=1e-12)


def test_resampled_trials_scatter_by_the_standard_error_of_the_mean(rng):
    trials = rng.normal(size=(2 * 30, 1))
    manifolds = Manifolds.from_labels(trials, ["a"] * 30 + ["b"] * 30, average=[0] * 30 + [1] * 30)
    means = np.array([manifolds.resample_trials(seed=seed).stacked[0, 0] for seed in range(600)])
    assert means.std() == pytest.approx(trials[:30].std() / np.sqrt(30), rel=0.12)


def test_resampling_without_trials_says_how_to_keep_them(rng):
    manifolds = Manifolds([rng.normal(size=(3, 4)), rng.normal(size=(3, 4))])
    with pytest.raises(ValueError, match="average="):
        manifolds.resample_trials(seed=0)


# ------------------------------------------------------------------ choosing


@given(sizes=st.lists(st.integers(3, 8), min_size=2, max_size=5), n_points=st.integers(1, 3), seed=SEEDS)
@settings(max_examples=40, deadline=None)
@pytest.mark.filterwarnings("ignore::neurogeom._core.warnings.UnevenSizesWarning")
def test_subsamples_have_the_size_asked_for_and_depend_on_the_seed_alone(sizes, n_points, seed):
    rng = np.random.default_rng(seed)
    manifolds = Manifolds([rng.normal(size=(size, 9)) for size in sizes])
    drawn = manifolds.subsample(n_points, seed=seed)
    assert drawn.n_points.tolist() == [n_points] * len(sizes)
    assert drawn.fingerprint == manifolds.subsample(n_points, seed=seed).fingerprint
    for small, full in zip(drawn, manifolds):
        rows = [np.flatnonzero((full == row).all(axis=1)).item() for row in small]
        assert len(set(rows)) == n_points and rows == sorted(rows)
    assert f"seed {seed}" in drawn.history[-1]


def test_different_seeds_give_different_subsamples_and_none_is_kept(rng):
    manifolds = Manifolds([rng.normal(size=(50, 30)) for _ in range(3)])
    assert manifolds.subsample(10, seed=0).fingerprint != manifolds.subsample(10, seed=1).fingerprint
    drawn = manifolds.subsample(10)
    seed = int(drawn.history[-1].split("seed ")[1].rstrip(")"))
    assert manifolds.subsample(10, seed=seed).fingerprint == drawn.fingerprint


def test_drop_small_keeps_the_others_in_order(rng):
    with pytest.warns(UnevenSizesWarning):
        manifolds = Manifolds({name: rng.normal(size=(m, 4)) for name, m in (("a", 1), ("b", 5), ("c", 2), ("d", 5))})
    assert manifolds.drop_small(2).names == ("b", "c", "d")
    assert manifolds.drop_small(1) is manifolds
    with pytest.raises(ValueError, match="largest has 5 points"):
        manifolds.drop_small(6)


def test_points_are_selected_by_index_arrays_or_by_a_mask(rng):
    manifolds = Manifolds([rng.normal(size=(3, 4)), rng.normal(size=(4, 4))])
    chosen = manifolds.select_points([[2, 0], [1]])
    np.testing.assert_array_equal(chosen.stacked, manifolds.stacked[[2, 0, 4]])
    mask = np.array([True, False, True, False, True, False, False])
    np.testing.assert_array_equal(manifolds.select_points(mask).stacked, manifolds.stacked[mask])
    with pytest.raises(ValueError, match="without points"):
        manifolds.select_points([[], [1]])
    with pytest.raises(ValueError, match=r"outside 0…3"):
        manifolds.select_points([[0], [4]])
    with pytest.raises(ValueError, match="7 points"):
        manifolds.select_points(np.ones(5, dtype=bool))


def test_neuroid_selections_are_checked(rng):
    manifolds = Manifolds([rng.normal(size=(3, 4)), rng.normal(size=(3, 4))])
    assert manifolds.select_neuroids(slice(0, 4, 2)).n_neuroids == 2
    assert manifolds.select_neuroids(np.array([True, False, False, True])).neuroid_ids.tolist() == ["0", "3"]
    with pytest.raises(ValueError, match="chooses no neuroid"):
        manifolds.select_neuroids(np.zeros(4, dtype=bool))
    with pytest.raises(ValueError, match="outside the 4 neuroids"):
        manifolds.select_neuroids([4])
    with pytest.raises(TypeError, match="integers"):
        manifolds.select_neuroids([0.5])


def test_unknown_manifolds_are_named(rng):
    manifolds = Manifolds({"face": rng.normal(size=(3, 4)), "body": rng.normal(size=(3, 4))})
    with pytest.raises(KeyError, match="Did you mean 'face'"):
        manifolds["fase"]
    with pytest.raises(IndexError, match="outside"):
        manifolds[2]
    np.testing.assert_array_equal(manifolds[-1], manifolds["body"])


# ------------------------------------------------------------------ maps


def test_centering_subtracts_the_mean_of_all_points(rng):
    manifolds = Manifolds([rng.normal(5, 1, size=(3, 4)), rng.normal(size=(5, 4))])
    np.testing.assert_allclose(manifolds.center().stacked.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.diff(manifolds.center().stacked, axis=0), np.diff(manifolds.stacked, axis=0))


def test_standardizing_gives_unit_variance_and_is_unmoved_by_gains_and_offsets(rng):
    clouds = [rng.normal(size=(6, 4)), rng.normal(size=(6, 4))]
    gains, offsets = np.array([1e-6, 1.0, 10.0, 1e6]), np.array([3.0, 0.0, -1.0, 1e4])
    plain = Manifolds(clouds).standardize()
    np.testing.assert_allclose(plain.stacked.std(axis=0), 1)
    np.testing.assert_allclose(plain.stacked.mean(axis=0), 0, atol=1e-12)
    scaled = Manifolds([cloud * gains + offsets for cloud in clouds]).standardize()
    np.testing.assert_allclose(scaled.stacked, plain.stacked, rtol=1e-6, atol=1e-7)


def test_constant_neuroids_become_zero_and_are_named(rng):
    clouds = [np.c_[rng.normal(size=(4, 2)), np.full(4, 7.0)] for _ in range(2)]
    with pytest.warns(DegenerateInputWarning, match=r"1 of 3 neuroids are constant.*'2'"):
        manifolds = Manifolds(clouds).standardize()
    np.testing.assert_array_equal(manifolds.stacked[:, 2], 0.0)


def test_projection_keeps_squared_norms_on_average(rng):
    manifolds = Manifolds([rng.normal(size=(2, 400)), rng.normal(size=(2, 400))])
    ratios = [
        np.sum(manifolds.project(50, seed=seed).stacked ** 2) / np.sum(manifolds.stacked**2) for seed in range(40)
    ]
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.05)
    assert manifolds.project(50, seed=1).neuroid_ids[0] == "projection_0"
    with pytest.raises(ValueError, match="more than the 400 neuroids"):
        manifolds.project(401, seed=0)


def test_history_keeps_the_order_of_what_was_done(rng):
    manifolds = Manifolds([rng.normal(size=(4, 6)), rng.normal(size=(4, 6))])
    done = manifolds.center().standardize().project(3, seed=5).subsample(2, seed=1).history
    assert done == ("centered", "standardized", "projected to 3 dimensions (seed 5)", "subsampled to 2 points (seed 1)")


# ------------------------------------------------------------------ warnings


@pytest.mark.parametrize(("sizes", "warned"), [((5, 9), False), ((5, 10), True), ((1, 1), False)])
def test_sizes_that_differ_by_two_are_warned_about(rng, sizes, warned, recwarn):
    clouds = [rng.normal(size=(size, 12)) for size in sizes]
    if warned:
        with pytest.warns(UnevenSizesWarning, match=r"manifolds.subsample\(5, seed=0\)"):
            Manifolds(clouds)
    else:
        Manifolds(clouds)
        assert not recwarn.list


def test_transposed_is_asked_only_for_unlabelled_clouds_with_four_times_the_points(rng, recwarn):
    Manifolds([rng.normal(size=(20, 5)), rng.normal(size=(20, 5))])
    named = xr.DataArray(rng.normal(size=(21, 5)), dims=("presentation", "neuroid"))
    named = named.assign_coords(neuroid_id=("neuroid", list("abcde")))
    Manifolds([named, named + 1])
    Manifolds([rng.normal(size=(21, 5))] * 2, neuroids={"region": ["IT"] * 5})
    Manifolds.from_labels(rng.normal(size=(42, 5)), [0, 1] * 21)
    assert not recwarn.list
    with pytest.warns(LayoutWarning, match="Transposed?"):
        Manifolds([rng.normal(size=(21, 5)), rng.normal(size=(21, 5))])


def test_warnings_point_at_the_users_line(rng):
    with pytest.warns(UnevenSizesWarning) as caught:
        Manifolds([rng.normal(size=(5, 12)), rng.normal(size=(12, 12))])
    assert caught[0].filename == __file__


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("clouds", "kind", "message"),
    [
        ([], ValueError, "clouds is empty"),
        ({}, ValueError, "clouds is empty"),
        ("abc", TypeError, "sequence of arrays"),
        (3.0, TypeError, "sequence of arrays"),
        (np.zeros((4, 3)), TypeError, "from_labels"),
        (pd.DataFrame(np.zeros((4, 3))), TypeError, "from_labels"),
        ([np.zeros((0, 3)), np.zeros((2, 3))], ValueError, r"manifolds\[0\].*empty"),
        ([np.zeros((2, 3)), np.zeros(3)], ValueError, r"manifolds\[1\]"),
        ([np.zeros((2, 3)), np.zeros((2, 4))], ValueError, r"manifolds\[1\] has 4.*transpose"),
        ([np.zeros((2, 3)), np.zeros((2, 3), dtype=complex)], TypeError, r"manifolds\[1\].*complex"),
        ([np.zeros((2, 3)), np.array([["a", "b", "c"]])], TypeError, r"manifolds\[1\].*text"),
        ([np.zeros((2, 3)), [[1.0, 2.0], [3.0]]], ValueError, r"manifolds\[1\]"),
    ],
)
def test_clouds_that_are_none_are_refused(clouds, kind, message):
    with pytest.raises(kind, match=message):
        Manifolds(clouds)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_missing_values_are_refused_with_the_neuroids_that_hold_them(rng, value):
    cloud = rng.normal(size=(4, 6))
    cloud[1, 2] = cloud[2, 5] = value
    with pytest.raises(ValueError, match=r"manifolds\[1\] holds .* in 2 of 6 neuroids \(first: 2, 5\)"):
        Manifolds([np.zeros((4, 6)), cloud])
    responses = labelled_responses(rng)
    responses.values[3, 4] = value
    with pytest.raises(ValueError, match=r"1 of 6 neuroids \(first: 'unit_4'\)"):
        Manifolds.from_labels(responses, "object_name")


def test_names_must_be_distinct_and_as_many_as_clouds(rng):
    cloud = rng.normal(size=(4, 6))
    with pytest.raises(ValueError, match="'a' more than once"):
        Manifolds([cloud, cloud], names=["a", "a"])
    with pytest.raises(ValueError, match="names has 1 entries, there are 2"):
        Manifolds([cloud, cloud], names=["a"])
    with pytest.raises(ValueError, match="one entry per neuroid"):
        Manifolds([cloud, cloud], neuroids={"region": ["IT"]})


def test_labels_of_the_wrong_length_list_the_coordinates_that_would_do(rng):
    responses = labelled_responses(rng)
    with pytest.raises(
        ValueError, match=r"labels has 3 entries, responses has 24 presentations\. .*coordinate: 'object_name', 'stim"
    ):
        Manifolds.from_labels(responses, ["a", "b", "c"])
    with pytest.raises(ValueError, match="shape"):
        Manifolds.from_labels(responses, np.zeros((24, 3)))


def test_an_unknown_coordinate_is_answered_with_the_nearest_one(rng):
    with pytest.raises(ValueError, match=r"Did you mean 'object_name'\?.*'stimulus_id'"):
        Manifolds.from_labels(labelled_responses(rng), "objekt_name")
    with pytest.raises(ValueError, match="There are none"):
        Manifolds.from_labels(np.zeros((4, 3)), "object_name")
    with pytest.raises(ValueError, match="average='stimulus'"):
        Manifolds.from_labels(labelled_responses(rng), "object_name", average="stimulus")


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_missing_labels_are_counted(rng, missing):
    labels = np.array(["a", "b", missing, "a", missing], dtype=object)
    with pytest.raises(ValueError, match=r"missing .* for 2 of 5 presentations \(first: 2, 4\)"):
        Manifolds.from_labels(rng.normal(size=(5, 3)), labels)


def test_responses_with_time_or_several_variables_say_what_to_do(rng):
    responses = labelled_responses(rng)
    stacked = xr.concat([responses, responses], dim="time_bin")
    with pytest.raises(ValueError, match="mean"):
        Manifolds.from_labels(stacked, "object_name")
    with pytest.raises(TypeError, match=r"Pick one: responses\['rates'\]"):
        Manifolds.from_labels(responses.to_dataset(name="rates"), "object_name")


# ------------------------------------------------------------------ the door


def test_the_door_takes_manifolds_clouds_and_labelled_responses(rng):
    responses = labelled_responses(rng)
    manifolds = Manifolds.from_labels(responses, "object_name")
    assert as_manifolds(manifolds) is manifolds
    assert as_manifolds(responses, "object_name").fingerprint == manifolds.fingerprint
    assert as_manifolds(list(manifolds.clouds)).n_manifolds == 3
    with pytest.raises(TypeError, match="Leave labels out"):
        as_manifolds(manifolds, labels="object_name")
    with pytest.raises(TypeError, match="from_labels"):
        as_manifolds(responses)


def test_the_door_refuses_what_a_measure_cannot_use(rng):
    with pytest.raises(ValueError, match=r"1 manifold \('a'\); capacity needs at least 2"):
        as_manifolds({"a": rng.normal(size=(4, 6))}, purpose="capacity")
    single = [rng.normal(size=(4, 6)), rng.normal(size=(4, 6)), rng.normal(size=(1, 6))]
    with (
        pytest.warns(UnevenSizesWarning),
        pytest.raises(
            ValueError,
            match=r"manifolds\[2\] \('2'\) has 1 point; mean-field geometry needs at least 2 points per manifold\. "
            r"Drop it with manifolds\.drop_small\(min_points=2\)\.",
        ),
    ):
        as_manifolds(single, minimum_points=2, purpose="mean-field geometry")
    with pytest.raises(ValueError, match="all 6 points are identical"):
        as_manifolds([np.ones((3, 6)), np.ones((3, 6))])


def test_duplicate_and_single_points_pass_the_door(rng):
    cloud = rng.normal(size=(3, 6))
    assert as_manifolds([np.repeat(cloud, 2, axis=0), np.zeros((4, 6))]).n_points.tolist() == [6, 4]
    assert as_manifolds([cloud[:1], cloud[1:2]]).n_points.tolist() == [1, 1]


def test_the_door_repeats_the_warning_of_uneven_sizes_for_the_result(rng):
    with pytest.warns(UnevenSizesWarning):
        manifolds = Manifolds([rng.normal(size=(5, 12)), rng.normal(size=(12, 12))])
    with pytest.warns(UnevenSizesWarning):
        as_manifolds(manifolds)


def test_responses_that_would_not_fit_are_refused_before_they_are_computed():
    import dask.array

    endless = xr.DataArray(dask.array.zeros((10**7, 10**6), chunks=1000), dims=("presentation", "neuroid"))
    with pytest.raises(MemoryError, match=r"responses of shape .* needs .* TB .*fewer"):
        Manifolds.from_labels(endless, np.zeros(10**7))


def test_manifolds_that_hold_nan_are_named_up_to_three_and_counted():
    clouds = [np.ones((3, 4)) for _ in range(6)]
    clouds[1][0, 2] = np.nan
    with pytest.raises(ValueError, match=r"manifolds\[1\] holds NaN in 1 of 4 neuroids .* repetitions first\.$"):
        Manifolds(clouds)
    for i in (2, 4, 5):
        clouds[i][0, 0] = np.inf
    with pytest.raises(
        ValueError,
        match=r"manifolds\[1\] holds NaN .* 3 of the manifolds after it \(manifolds\[2\], manifolds\[4\], \.\.\.\)",
    ):
        Manifolds(clouds)
