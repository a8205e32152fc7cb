"""Class decoding: known accuracies, no presentation on both sides, and clear refusals."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import GroupKFold, ShuffleSplit, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from neurogeom import results
from neurogeom._core.responses import ResponseTable
from neurogeom._core.warnings import ConvergenceWarning, DegenerateInputWarning
from neurogeom.manifolds import Manifolds
from neurogeom.readout import ReadoutResult, classify, decoders
from neurogeom.readout.splits import make_splits
from neurogeom.statistics import proportion_interval

DECODERS = ("lda", "logistic", "correlation")


def two_conditions(rng, n_repetitions=12, n_neuroids=20, shift=0.0):
    """Four objects at two positions; the second position adds another pattern of the size of ``shift``."""
    objects = np.repeat(np.arange(4), 2 * n_repetitions)
    position = np.tile(np.repeat([0, 1], n_repetitions), 4)
    pattern, other = 2 * rng.normal(size=(4, n_neuroids)), rng.normal(size=(4, n_neuroids))
    values = pattern[objects] + shift * position[:, None] * other[objects] + rng.normal(size=(len(objects), n_neuroids))
    return xr.DataArray(
        values,
        dims=("presentation", "neuroid"),
        coords={
            "object_name": ("presentation", np.array(["car", "face", "hand", "kiwi"])[objects]),
            "position": ("presentation", np.array(["upper", "lower"])[position]),
            "repetition": ("presentation", np.tile(np.arange(n_repetitions), 8)),
        },
    )


# ------------------------------------------------------------------ known answers


@pytest.mark.parametrize("distance", [0.5, 1.5, 3.0])
@pytest.mark.parametrize("decoder", ["lda", "logistic"])
def test_two_gaussian_classes_are_told_apart_at_the_bayes_rate(rng, distance, decoder):
    n, n_neuroids = 3000, 4
    labels = np.repeat([0, 1], n)
    direction = np.ones(n_neuroids) / np.sqrt(n_neuroids)
    responses = rng.normal(size=(2 * n, n_neuroids)) + distance * labels[:, None] * direction
    result = classify(responses, labels, decoder=decoder, shrinkage=0.0, seed=0)
    bayes = norm.cdf(distance / 2)
    assert result.accuracy == pytest.approx(bayes, abs=3.5 * np.sqrt(bayes * (1 - bayes) / (2 * n)))
    low, high = result.accuracy_ci.values
    assert low < result.accuracy < high


def test_the_correlation_decoder_knows_patterns_and_not_their_size(rng):
    patterns = np.eye(6)[:3]
    labels = np.tile([0, 1, 2], 20)
    responses = patterns[labels] * rng.uniform(0.5, 2, size=(60, 1)) + 0.01 * rng.normal(size=(60, 6))
    assert classify(responses, labels, decoder="correlation", seed=0).accuracy == 1.0


@pytest.mark.parametrize("decoder", DECODERS)
def test_shuffled_labels_are_read_out_at_chance(rng, decoder):
    responses, labels = rng.normal(size=(600, 15)), rng.permutation(np.repeat(list("abcd"), 150))
    result = classify(responses, labels, decoder=decoder, seed=0)
    assert result.chance == result.balanced_chance == 0.25
    assert abs(result.accuracy - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 600)


def test_perfectly_separated_classes_are_always_named(rng):
    labels = np.repeat(["a", "b", "c"], 10)
    responses = rng.normal(size=(30, 50)) * 0.01 + rng.normal(size=(3, 50))[np.repeat([0, 1, 2], 10)]
    for decoder in DECODERS:
        result = classify(responses, labels, decoder=decoder, seed=0)
        assert result.accuracy == 1.0
        np.testing.assert_array_equal(result.confusion.values, 10 * np.eye(3))


@pytest.mark.parametrize("shape", [(60, 8), (30, 90)])
@pytest.mark.parametrize("shrinkage", [0.0, 0.05, 0.3, 1.0, "auto"])
def test_the_discriminant_equals_scikit_learns(rng, shape, shrinkage):
    train, codes = rng.normal(size=shape) + 1.0, np.arange(shape[0]) % 3
    test = rng.normal(size=(400, shape[1]))
    peer = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(train, codes)
    np.testing.assert_array_equal(decoders.linear_discriminant(train, codes, test, shrinkage), peer.predict(test))


def test_both_forms_of_the_shrunk_covariance_solve_the_same_system(rng):
    within, targets = rng.normal(size=(12, 30)), rng.normal(size=(4, 30))
    found = decoders._solve_shrunk(within, 0.3, targets)
    covariance = 0.7 * within.T @ within + 0.3 * np.sum(within**2) / 30 * np.eye(30)
    np.testing.assert_allclose(found @ covariance, targets, atol=1e-10)


def test_zscoring_equals_scikit_learns_and_uses_training_data_alone(rng):
    train, test = np.c_[rng.normal(3, 2, size=(20, 4)), np.full(20, 2.0)], rng.normal(size=(7, 5))
    scaler = StandardScaler().fit(train)
    ours = decoders.zscore_by_training(train, test)
    np.testing.assert_allclose(ours[0], scaler.transform(train), atol=1e-12)
    np.testing.assert_allclose(ours[1], scaler.transform(test), atol=1e-12)


@given(gain=st.floats(1e-3, 1e3), offset=st.floats(-100, 100), seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_accuracy_does_not_depend_on_gain_and_offset_of_neuroids(gain, offset, seed):
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1, 2], 8)
    responses = rng.normal(size=(24, 6)) + labels[:, None]
    gains = np.exp(rng.normal(size=6)) * gain
    one = classify(responses, labels, seed=1, splits=4)
    other = classify(responses * gains + offset, labels, seed=1, splits=4)
    assert one.accuracy == other.accuracy


def test_the_interval_is_wilsons_over_presentations_each_counted_once(rng):
    labels = np.repeat([0, 1], 20)
    responses = rng.normal(size=(40, 3)) + labels[:, None]
    once = classify(responses, labels, splits=4, seed=0)
    low, high = proportion_interval(round(once.accuracy * 40), 40)
    np.testing.assert_allclose(once.accuracy_ci.values, [low, high])
    often = classify(responses, labels, splits=ShuffleSplit(50, test_size=0.5, random_state=0))
    assert np.diff(often.accuracy_ci.values) == pytest.approx(np.diff(once.accuracy_ci.values), rel=0.3)


# ------------------------------------------------------------------ splits


def split_pairs(splits, rng, train=None, test=None, n=24, seed=0):
    codes = np.arange(n) % 3
    table = ResponseTable(rng.normal(size=(n, 2)), {"run": np.repeat(np.arange(4), n // 4)})
    everything = np.ones(n, dtype=bool)
    train = everything if train is None else train
    test = everything if test is None else test
    return codes, make_splits(splits, codes, table, train, test, seed)


@pytest.mark.parametrize(
    "splits", [4, "leave_one_out", "run", np.arange(24) % 6, StratifiedKFold(3), ShuffleSplit(5, random_state=0)]
)
def test_no_presentation_is_ever_on_both_sides(rng, splits):
    _, pairs = split_pairs(splits, rng)
    for train, test in pairs:
        assert not set(train) & set(test)
        assert len(train) and len(test)
    if not isinstance(splits, ShuffleSplit):
        np.testing.assert_array_equal(np.sort(np.concatenate([test for _, test in pairs])), np.arange(24))


@given(seed=st.integers(0, 10_000), n_folds=st.integers(2, 4))
@settings(max_examples=40, deadline=None)
def test_overlapping_selections_stay_apart_and_inside_themselves(seed, n_folds):
    rng = np.random.default_rng(seed)
    n = 60
    codes = np.arange(n) % 2
    train, test = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    train[:40], test[20:] = True, True
    table = ResponseTable(rng.normal(size=(n, 2)))
    pairs = make_splits(n_folds, codes, table, train, test, seed)
    for rows, held_out in pairs:
        assert not set(rows) & set(held_out)
        assert train[rows].all() and test[held_out].all()
    np.testing.assert_array_equal(np.sort(np.concatenate([held for _, held in pairs])), np.flatnonzero(test))


def test_stratified_folds_hold_each_class_equally(rng):
    codes, pairs = split_pairs(4, rng)
    for _, test in pairs:
        np.testing.assert_array_equal(np.bincount(codes[test]), [2, 2, 2])


def test_a_coordinate_leaves_out_one_of_its_values_at_a_time(rng):
    _, pairs = split_pairs("run", rng)
    assert [test.tolist() for _, test in pairs] == [list(range(6 * k, 6 * k + 6)) for k in range(4)]


def test_leave_one_out_tests_each_presentation_alone(rng):
    responses, labels = rng.normal(size=(12, 3)), np.repeat([0, 1], 6)
    result = classify(responses, labels, splits="leave_one_out", seed=0)
    assert result.data.sizes["split"] == 12
    assert result.split_n_test.values.tolist() == [1] * 12


def test_folds_depend_on_the_seed_alone(rng):
    responses, labels = rng.normal(size=(60, 5)), np.repeat([0, 1, 2], 20)
    one, same, other = (classify(responses, labels, seed=seed) for seed in (3, 3, 4))
    assert one.data.equals(same.data)
    assert not one.presentation_accuracy.equals(other.presentation_accuracy)
    drawn = classify(responses, labels)
    assert classify(responses, labels, seed=drawn.settings["seed"]).data.equals(drawn.data)


def test_scikit_learn_splitters_and_classifiers_are_used_as_they_are(rng):
    labels = np.repeat([0, 1], 20)
    responses = rng.normal(size=(40, 3)) + 2 * labels[:, None]
    result = classify(responses, labels, decoder=KNeighborsClassifier(3), splits=ShuffleSplit(7, random_state=1))
    assert result.settings["n_splits"] == 7
    assert "KNeighborsClassifier" in result.settings["decoder"]
    assert result.accuracy > 0.8


# ------------------------------------------------------------------ conditions


@pytest.mark.parametrize("decoder", DECODERS)
def test_generalization_is_worse_than_the_same_condition_where_patterns_change(rng, decoder):
    responses = two_conditions(rng, shift=10.0)
    options = {"decoder": decoder, "train": {"position": "upper"}, "seed": 0}
    same = classify(responses, "object_name", test={"position": "upper"}, **options)
    across = classify(responses, "object_name", test={"position": "lower"}, **options)
    assert same.accuracy > 0.95
    assert across.accuracy < same.accuracy - 0.1


def test_folds_hold_across_conditions(rng):
    responses = two_conditions(rng)
    fold = responses.repetition % 4
    result = classify(responses, "object_name", splits=fold, train={"position": "upper"}, test={"position": "lower"})
    tested = np.isfinite(result.presentation_accuracy.values)
    np.testing.assert_array_equal(tested, responses.position.values == "lower")
    assert result.data.sizes["split"] == 4


def test_a_group_in_the_test_fold_never_trains_in_another_condition(rng):
    # the same trial number shares its noise in both conditions: only folds that hold across conditions see chance
    n = 40
    codes = rng.integers(0, 2, n)
    noise = rng.normal(size=(n, 200))
    both = xr.DataArray(
        np.concatenate([noise, noise]),
        dims=("presentation", "neuroid"),
        coords={
            "side": ("presentation", np.repeat(["left", "right"], n)),
            "trial": ("presentation", np.tile(np.arange(n), 2)),
        },
    )
    labels = np.concatenate([codes, codes])
    leaky = classify(both, labels, splits=None, train={"side": "left"}, test={"side": "right"})
    honest = classify(both, labels, splits="trial", train={"side": "left"}, test={"side": "right"})
    assert leaky.accuracy > 0.9
    assert honest.accuracy < 0.75


def test_selections_by_values_masks_and_indices_agree(rng):
    responses = two_conditions(rng)
    upper = responses.position.values == "upper"
    options = {"splits": 4, "seed": 0, "test": {"position": ["lower"], "object_name": ["car", "face", "hand", "kiwi"]}}
    by_dict = classify(responses, "object_name", train={"position": "upper"}, **options)
    by_mask = classify(responses, "object_name", train=upper, **options)
    by_index = classify(responses, "object_name", train=np.flatnonzero(upper), **options)
    assert by_dict.accuracy == by_mask.accuracy == by_index.accuracy
    assert by_dict.split_accuracy.equals(by_index.split_accuracy)


# ------------------------------------------------------------------ the result


def test_counts_add_up(rng):
    labels = np.repeat(["a", "b", "c"], [10, 15, 20])
    result = classify(rng.normal(size=(45, 4)) + 0.5, labels, seed=0)
    confusion = result.confusion.values
    assert confusion.sum(axis=1).tolist() == [10, 15, 20]
    assert result.accuracy == pytest.approx(np.trace(confusion) / 45)
    assert result.accuracy == pytest.approx(np.nanmean(result.presentation_accuracy.values))
    assert result.accuracy == pytest.approx(np.average(result.split_accuracy, weights=result.split_n_test))
    assert result.balanced_accuracy == pytest.approx(np.mean(np.diag(confusion) / confusion.sum(axis=1)))
    assert result.chance == pytest.approx(20 / 45)


def test_permutations_give_a_small_p_for_signal_and_a_uniform_one_for_noise(rng):
    labels = np.repeat([0, 1], 20)
    signal = classify(rng.normal(size=(40, 5)) + 2 * labels[:, None], labels, n_permutations=99, seed=0)
    assert signal.p == pytest.approx(0.01)
    noise = classify(rng.normal(size=(40, 5)), labels, n_permutations=99, seed=0)
    assert noise.p > 0.02
    assert abs(noise.null_accuracy.mean() - 0.5) < 0.06


def test_permutations_do_not_depend_on_the_number_of_threads(rng):
    responses, labels = rng.normal(size=(40, 5)), np.repeat([0, 1], 20)
    one, two = (classify(responses, labels, n_permutations=12, seed=5, n_jobs=n) for n in (1, 2))
    assert one.data.equals(two.data)


def test_manifolds_are_read_out_like_their_labelled_points(rng):
    labels = np.repeat(["a", "b", "c"], 10)
    responses = rng.normal(size=(30, 6))
    by_label = classify(responses, labels, seed=2)
    assert classify(Manifolds.from_labels(responses, labels), seed=2).accuracy == by_label.accuracy
    with pytest.raises(TypeError, match="Leave labels out"):
        classify(Manifolds.from_labels(responses, labels), labels)


def test_a_result_survives_its_file_and_joins_over_layers(rng, tmp_path):
    labels = np.repeat(["a", "b"], 10)
    found = [classify(rng.normal(size=(20, n)), labels, seed=0) for n in (3, 5)]
    loaded = results.load(found[0].save(tmp_path / "readout.nc"))
    assert isinstance(loaded, ReadoutResult)
    assert loaded.data.equals(found[0].data)
    joined = results.concat(found, layer=["conv", "fc"])
    assert joined.accuracy.values.tolist() == [one.accuracy for one in found]


def test_both_plots_draw_what_the_result_holds(rng):
    labels = np.repeat(["a", "b"], 10)
    found = [classify(rng.normal(size=(20, n)), labels, seed=0) for n in (3, 5)]
    axes = found[0].plot()
    assert axes.get_ylabel() == "true class"
    axes = results.concat(found, layer=["conv", "fc"]).plot()
    assert axes.get_ylabel() == "accuracy"
    drawn = [line.get_ydata() for line in axes.lines]
    assert any(len(y) == 2 and np.allclose(y, [one.accuracy for one in found]) for y in drawn)


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"decoder": "svm"}, ValueError, "decoder='svm'"),
        ({"decoder": "logistc"}, ValueError, "Did you mean 'logistic'"),
        ({"splits": 1}, ValueError, "splits=1"),
        ({"splits": 11}, ValueError, "more than the 10 presentations"),
        ({"splits": "run"}, ValueError, "neither 'leave_one_out' nor a coordinate"),
        ({"splits": np.zeros(20)}, ValueError, "one value only"),
        ({"splits": np.zeros(7)}, ValueError, "7 entries"),
        ({"splits": None}, ValueError, "do not overlap"),
        ({"train": {"side": "left"}}, ValueError, "no coordinate"),
        ({"train": np.ones(3, dtype=bool)}, ValueError, "mask of shape"),
        ({"train": np.zeros(20, dtype=bool)}, ValueError, "selects no presentation"),
        ({"train": [20]}, ValueError, "outside the 20"),
        ({"train": [0.5]}, TypeError, "integer indices"),
        ({"test": np.arange(20) < 10, "train": np.arange(20) >= 10, "splits": None}, ValueError, "tests class 'a'"),
        ({"shrinkage": 1.5}, ValueError, "shrinkage"),
        ({"shrinkage": "most"}, ValueError, "shrinkage"),
        ({"penalty": 0.0, "decoder": "logistic"}, ValueError, "penalty"),
        ({"n_permutations": -1}, ValueError, "n_permutations"),
    ],
)
def test_options_that_cannot_work_are_refused(rng, options, kind, message):
    with pytest.raises(kind, match=message):
        classify(rng.normal(size=(20, 4)), ["a"] * 10 + ["b"] * 10, **options)


def test_selecting_a_value_that_is_not_there_names_the_nearest(rng):
    with pytest.raises(ValueError, match="Did you mean 'upper'"):
        classify(two_conditions(rng), "object_name", train={"position": "uper"})


def test_labels_that_cannot_be_read_out_are_refused(rng):
    responses = rng.normal(size=(6, 3))
    with pytest.raises(TypeError, match="labels is missing"):
        classify(responses)
    with pytest.raises(ValueError, match="one class only"):
        classify(responses, ["a"] * 6)
    with pytest.raises(ValueError, match="has 2 entries"):
        classify(responses, ["a", "b"])
    with pytest.raises(ValueError, match="split 0 tests class"):
        classify(responses, ["a", "a", "a", "b", "b", "c"], splits=GroupKFoldOnLast())


class GroupKFoldOnLast(GroupKFold):
    """Leaves out the last presentation, the only one of its class."""

    def split(self, X, y=None, groups=None):  # noqa: N803 - scikit-learn's names
        yield np.arange(len(X) - 1), np.array([len(X) - 1])


def test_a_solver_that_does_not_converge_is_said_and_kept(rng, monkeypatch):
    import sklearn.linear_model as peer

    original = peer.LogisticRegression
    monkeypatch.setattr(peer, "LogisticRegression", lambda C, max_iter: original(C=C, max_iter=1))
    labels = np.repeat([0, 1], 10)
    with pytest.warns(ConvergenceWarning, match="did not converge"):
        result = classify(rng.normal(size=(20, 4)), labels, decoder="logistic", splits=2, seed=0)
    assert len(result.warnings) == 1


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_identical_presentations_are_said(value):
    with pytest.warns(DegenerateInputWarning, match="all 24 presentations are identical"):
        result = classify(np.full((24, 3), value), np.repeat(list("abc"), 8), seed=0)
    assert "identical" in result.warnings[-1]
