"""Every refusal names the argument, what was given and what is needed; everything else is accepted unchanged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neurogeom import Manifolds
from neurogeom._core.validation import (
    as_responses_2d,
    check_count,
    check_labels,
    check_option,
    check_real,
    check_vector,
    format_names,
)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.int64, np.float16, np.float32, np.float64])
def test_every_real_number_type_becomes_float64_with_the_same_values(dtype: type, rng: np.random.Generator) -> None:
    given_array = rng.integers(0, 2, size=(4, 3)).astype(dtype)
    values = as_responses_2d(given_array)
    assert values.dtype == np.float64
    assert values.flags.c_contiguous
    np.testing.assert_array_equal(values, given_array.astype(float))


MAGNITUDES = st.just(0.0) | st.floats(1e-139, 1e139) | st.floats(-1e139, -1e-139)  # of which squares are numbers


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=MAGNITUDES))
def test_finite_arrays_pass_unchanged_and_are_not_written_to(array: np.ndarray) -> None:
    before = array.copy()
    np.testing.assert_array_equal(as_responses_2d(array), before)
    np.testing.assert_array_equal(array, before)


def test_layouts_and_containers_give_the_same_matrix(rng: np.random.Generator) -> None:
    array = rng.normal(size=(5, 3))
    containers = [array[:, ::-1][:, ::-1], np.asfortranarray(array), array.tolist(), pd.DataFrame(array)]
    containers += [xr.DataArray(array, dims=("presentation", "neuroid"))]
    for container in containers:
        np.testing.assert_array_equal(as_responses_2d(container), array)


def test_a_torch_tensor_with_gradient_is_read_and_left_alone() -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.ones(2, 3, requires_grad=True)
    assert as_responses_2d(tensor).shape == (2, 3)
    assert tensor.requires_grad


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        (np.ones(3), ValueError, r"shape \(3,\).*2-dimensional.*responses\[:, None\]"),
        (np.ones((2, 3, 4)), ValueError, r"shape \(2, 3, 4\).*reshape"),
        (np.float64(1.0), ValueError, r"shape \(\)"),
        (np.ones((0, 3)), ValueError, "empty"),
        (np.ones((3, 0)), ValueError, "empty"),
        ([[1, 2], [3]], ValueError, "not a rectangular array"),
        (np.ones((2, 2), complex), TypeError, "complex numbers"),
        (np.array([["a", "b"]]), TypeError, "text"),
        (np.array([[None, 1]]), TypeError, "objects"),
        (np.zeros((2, 2), "M8[s]"), TypeError, "dates"),
        (np.ma.masked_array(np.ones((2, 2)), [[True, False], [False, False]]), ValueError, "1 masked"),
    ],
)
def test_what_is_no_matrix_of_numbers_is_refused(array: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        as_responses_2d(array)


def test_missing_values_are_counted_and_the_first_neuroids_named() -> None:
    array = np.ones((3, 6))
    array[1, [1, 3, 4, 5]] = np.nan
    labeled = xr.DataArray(
        array, dims=("presentation", "neuroid"), coords={"neuroid_id": ("neuroid", [f"M_{i}" for i in range(6)])}
    )
    with pytest.raises(ValueError, match=r"holds NaN in 4 of 6 neuroids \(first: 'M_1', 'M_3', 'M_4'\)"):
        as_responses_2d(labeled)
    with pytest.raises(ValueError, match=r"\(first: 1, 3, 4\)"):
        as_responses_2d(array)
    with pytest.raises(ValueError, match=r"\(first: 'b', 'd', 'e'\)"):
        as_responses_2d(pd.DataFrame(array, columns=list("abcdef")))


def test_infinity_is_told_from_nan() -> None:
    array = np.ones((5000, 2))
    array[4999, 1] = np.inf
    with pytest.raises(ValueError, match="holds infinity in 1 of 2"):
        as_responses_2d(array)
    array[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN and infinity in 2 of 2"):
        as_responses_2d(array, name="points")


def test_the_argument_has_its_own_name_in_the_message() -> None:
    with pytest.raises(ValueError, match=r"^manifolds\[3\] has shape"):
        as_responses_2d(np.ones(3), name="manifolds[3]")


@pytest.mark.parametrize("typed", ["one_vs_all", "one-vs-rest", "ONE_VS_REST", "onevsrest"])
def test_a_near_option_is_guessed(typed: str) -> None:
    with pytest.raises(ValueError, match=r"Did you mean 'one_vs_rest'\? Others: 'balanced', 'random'"):
        check_option("dichotomies", typed, ["balanced", "random", "one_vs_rest"])


def test_a_far_option_lists_all() -> None:
    with pytest.raises(ValueError, match="Choose one of 'cpu', 'reference'"):
        check_option("backend", "xyzzy", ["cpu", "reference"])
    with pytest.raises(TypeError, match="backend is a int"):
        check_option("backend", 3, ["cpu", "reference"])


@given(st.integers(2, 10**9))
def test_whole_numbers_pass(value: int) -> None:
    assert check_count("n_samples", value, minimum=2) == value
    assert type(check_count("n_samples", np.int64(value), minimum=2)) is int


@pytest.mark.parametrize("value", [2.0, True, np.bool_(True), "2", None, np.array([2, 3]), 1 + 0j])
def test_what_is_no_whole_number_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match="n_samples"):
        check_count("n_samples", value)


@pytest.mark.parametrize("value", [1, 0, -5])
def test_too_small_a_count_is_a_value_error(value: int) -> None:
    with pytest.raises(ValueError, match=f"n_samples={value} is too small; at least 2"):
        check_count("n_samples", value, minimum=2)


@pytest.mark.parametrize("value", [0, 1.5, np.float32(2), np.int64(3), np.array(4.0)])
def test_real_numbers_pass_as_float(value: object) -> None:
    assert type(check_real("margin", value, minimum=0)) is float


@pytest.mark.parametrize("value", [True, "1", None, 1j, [1.0], np.ones(2)])
def test_what_is_no_real_number_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match="margin"):
        check_real("margin", value)


@pytest.mark.parametrize(
    ("value", "bounds", "message"),
    [
        (np.nan, {}, "not finite"),
        (np.inf, {"minimum": 0}, "of at least 0"),
        (-1, {"minimum": 0}, "of at least 0"),
        (0, {"minimum": 0, "strict": True}, "above 0"),
        (1, {"maximum": 1, "strict": True}, "below 1"),
        (2, {"maximum": 1}, "of at most 1"),
        (1, {"minimum": 0, "maximum": 1, "strict": True}, "strictly between 0 and 1"),
        (-0.1, {"minimum": 0, "maximum": 1}, "between 0 and 1"),
    ],
)
def test_numbers_out_of_bounds_say_the_bounds(value: float, bounds: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_real("margin", value, **bounds)


def test_vectors_are_checked_for_shape_length_and_missing_values() -> None:
    np.testing.assert_array_equal(check_vector(range(3), "radii"), [0.0, 1.0, 2.0])
    with pytest.raises(ValueError, match=r"radii has shape \(1, 2\)"):
        check_vector([[1, 2]], "radii")
    with pytest.raises(ValueError, match="radii has 2 entries; 3 are needed"):
        check_vector([1, 2], "radii", length=3)
    with pytest.raises(ValueError, match=r"1 of 2 entries \(first: 1\)"):
        check_vector([1, np.nan], "radii")
    with pytest.raises(TypeError, match="text"):
        check_vector(["a"], "radii")


def test_labels_of_the_wrong_length_say_both_lengths() -> None:
    with pytest.raises(ValueError, match="labels has 315 entries, responses has 320 presentations"):
        check_labels(np.zeros(315, int), 320)


@pytest.mark.parametrize(
    "labels",
    [
        ["a", None, "b"],
        np.array([1.0, np.nan, 2.0]),
        pd.Series(["a", None, "b"]),
        pd.Series(["a", None, "b"], dtype="string"),
        pd.Series([1, None, 2], dtype="Int64"),
        pd.Series([True, None, False], dtype="boolean"),
        [1, pd.NA, 2],
        [pd.Timestamp(0), pd.NaT, pd.Timestamp(1)],
    ],
)
def test_missing_labels_are_counted(labels: object) -> None:
    with pytest.raises(ValueError, match=r"missing \(NaN or None\) for 1 of 3 presentations \(first: 1\)"):
        check_labels(labels, 3)


@pytest.mark.parametrize("labels", ["object_name", b"x", 3, None])
def test_a_single_label_is_a_type_error(labels: object) -> None:
    with pytest.raises(TypeError, match="single value"):
        check_labels(labels, 3)


@pytest.mark.parametrize(
    "labels", [["a", "b"], pd.Series(["a", "b"]), np.array(["a", "b"], object), pd.Index(["a", "b"])]
)
def test_text_labels_come_as_plain_text_from_everywhere(labels: object) -> None:
    assert check_labels(labels, 2).dtype.kind == "U"


def test_labels_of_other_kinds_keep_their_kind() -> None:
    assert check_labels([1, 2], 2).dtype.kind == "i"
    assert check_labels([True, False], 2).dtype.kind == "b"
    with pytest.raises(ValueError, match=r"shape \(2, 1\)"):
        check_labels([[1], [2]], 2)
    with pytest.raises(TypeError, match="complex"):
        check_labels([1j, 2], 2)


def test_names_in_messages_are_plain() -> None:
    assert format_names([np.str_("a"), np.int64(3)]) == "'a', 3"


@pytest.mark.parametrize("scale", [1e155, 1e-155])
def test_magnitudes_whose_squares_leave_double_precision_are_refused_with_advice(scale):
    with pytest.raises(ValueError, match="responses has magnitudes .* in double precision.*[Rr]escale"):
        as_responses_2d(np.array([[1.0, -2.0], [0.0, 0.5]]) * scale)


@pytest.mark.parametrize("scale", [1e139, 1e-139, 0.0])
def test_all_magnitudes_that_can_be_squared_pass_and_so_does_zero(scale):
    values = np.array([[1.0, -2.0], [0.0, 0.5]]) * scale
    np.testing.assert_array_equal(as_responses_2d(values), values)


def test_a_single_fill_value_is_counted():
    values = np.ones((3, 4))
    values[1, 2] = -1e300
    with pytest.raises(ValueError, match="1 of 12 entries are beyond. Is that a fill value"):
        as_responses_2d(values)


@pytest.mark.parametrize("labels", [[1, "1"], ("a", True, "True"), np.array(["2", 2], object), pd.Series([1, "1"])])
def test_labels_that_would_merge_as_text_are_refused(labels: object) -> None:
    with pytest.raises(ValueError, match="labels holds .* both as text and as .*, which would become one class"):
        check_labels(labels, len(labels))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="which would become one class"):
        Manifolds.from_labels(np.eye(len(labels)), labels)  # type: ignore[arg-type]
