"""Checks of what a user hands in; every refusal says what was given, what is needed and what to do."""

from __future__ import annotations

import difflib
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

_BLOCK = 4096  # rows looked at together when searching for NaN, so that no mask of the whole array is made
_LARGEST, _SMALLEST = 1e140, 1e-140  # of the largest magnitude, so that sums of squares are finite and above zero

MOST = 1e50  # of margins and radii: beyond, capacity is that at the bound, and rounding makes it wrong


def as_responses_2d(array: Any, name: str = "responses") -> np.ndarray:
    """Return responses as float64, C-contiguous, shape (n, N); the input is never changed.

    Parameters
    ----------
    array : array-like, shape (n, N)
        Presentations or points × neuroids: numpy, xarray, pandas, a list of rows. Integers, booleans and float32
        are accepted and computed in float64.
    name : str
        The argument's name for messages.

    Returns
    -------
    ndarray, shape (n, N), float64

    Raises
    ------
    TypeError
        If it holds complex numbers, text or objects.
    ValueError
        If it is not two-dimensional, empty, ragged, masked, or holds NaN or infinity; or if its largest magnitude is
        above 1e140, or below 1e-140 without being 0, where squares overflow or vanish.

    Examples
    --------
    >>> as_responses_2d([[1, 2], [3, 4]]).dtype
    dtype('float64')
    >>> as_responses_2d([1.0, 2.0])
    Traceback (most recent call last):
    ...
    ValueError: responses has shape (2,); a 2-dimensional array (presentations × neuroids) is needed. ...
    """
    values = _numeric(array, name)
    if values.ndim != 2:
        raise ValueError(
            f"{name} has shape {values.shape}; a 2-dimensional array (presentations × neuroids) is needed. "
            f"{_shape_advice(values, name)}"
        )
    if values.size == 0:
        raise ValueError(
            f"{name} has shape {values.shape}, so it is empty; at least one row and one neuroid are needed."
        )
    values = np.ascontiguousarray(values, dtype=np.float64)
    largest = max(float(values.max()), -float(values.min()))  # NaN where any is NaN; neither needs a second array
    if not math.isfinite(largest):
        _refuse_not_finite(values, name, _column_names(array, values.shape[1]))
    check_scale(largest, values, name)
    return values


def check_option(name: str, value: Any, options: Sequence[str]) -> str:
    """Return `value` if it is one of `options`, else say which one was meant.

    Parameters
    ----------
    name : str
        The argument's name.
    value : str
    options : sequence of str

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If `value` is not text.
    ValueError
        If it is unknown.

    Examples
    --------
    >>> check_option("backend", "cpu", ["auto", "cpu"])
    'cpu'
    >>> check_option("backend", "gpu", ["auto", "cpu"])
    Traceback (most recent call last):
    ...
    ValueError: backend='gpu' is unknown. Did you mean 'cpu'? Others: 'auto'.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} is a {type(value).__name__}; one of {_quoted(options)} is needed.")
    if value in options:
        return value
    close = difflib.get_close_matches(value.lower().replace("-", "_"), options, n=1, cutoff=0.5)
    if close:
        others = [option for option in options if option != close[0]]
        rest = f" Others: {_quoted(others)}." if others else ""
        raise ValueError(f"{name}={value!r} is unknown. Did you mean {close[0]!r}?{rest}")
    raise ValueError(f"{name}={value!r} is unknown. Choose one of {_quoted(options)}.")


def check_count(name: str, value: Any, *, minimum: int = 1) -> int:
    """Return a whole number that is at least `minimum`.

    Parameters
    ----------
    name : str
        The argument's name.
    value : int
        A Python or numpy integer; booleans and floats are refused.
    minimum : int

    Returns
    -------
    int

    Raises
    ------
    TypeError
        If it is not a whole number.
    ValueError
        If it is too small.

    Examples
    --------
    >>> check_count("n_samples", 200, minimum=2)
    200
    >>> check_count("n_samples", 1, minimum=2)
    Traceback (most recent call last):
    ...
    ValueError: n_samples=1 is too small; at least 2 is needed.
    """
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{name}={value} is a boolean; a whole number of at least {minimum} is needed.")
    try:
        count = operator.index(value)
    except TypeError:
        shown = f"{name}={value!r} is a {type(value).__name__}" if np.ndim(value) == 0 else f"{name} is an array"
        raise TypeError(f"{shown}; a whole number of at least {minimum} is needed.") from None
    if count < minimum:
        raise ValueError(f"{name}={count} is too small; at least {minimum} is needed.")
    return count


def check_real(
    name: str, value: Any, *, minimum: float | None = None, maximum: float | None = None, strict: bool = False
) -> float:
    """Return a finite real number within bounds.

    Parameters
    ----------
    name : str
        The argument's name.
    value : float
    minimum, maximum : float, optional
    strict : bool
        Whether the bounds themselves are refused.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If it is not a real number (text, complex, an array, a boolean).
    ValueError
        If it is NaN, infinite or out of bounds.

    Examples
    --------
    >>> check_real("margin", 0, minimum=0)
    0.0
    >>> check_real("margin", -0.5, minimum=0)
    Traceback (most recent call last):
    ...
    ValueError: margin=-0.5 is out of range; a number of at least 0 is needed.
    """
    if isinstance(value, bool | np.bool_ | str | bytes | complex | np.complexfloating) or np.ndim(value) != 0:
        raise TypeError(f"{name}={value!r} is a {type(value).__name__}; a real number is needed.")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}={value!r} is a {type(value).__name__}; a real number is needed.") from None
    needed = _bounds(minimum, maximum, strict)
    if not math.isfinite(number):
        raise ValueError(f"{name}={number} is not finite; {needed} is needed.")
    below = minimum is not None and (number <= minimum if strict else number < minimum)
    above = maximum is not None and (number >= maximum if strict else number > maximum)
    if below or above:
        raise ValueError(f"{name}={number:g} is out of range; {needed} is needed.")
    return number


def check_vector(array: Any, name: str, *, length: int | None = None) -> np.ndarray:
    """Return a one-dimensional float64 array of finite numbers.

    Parameters
    ----------
    array : array-like, shape (n,)
    name : str
        The argument's name.
    length : int, optional
        The number of entries that is needed.

    Returns
    -------
    ndarray, shape (n,), float64

    Raises
    ------
    TypeError
        If it holds no real numbers.
    ValueError
        If it has the wrong shape, or holds NaN or infinity.

    Examples
    --------
    >>> check_vector([1, 2], "radii", length=2)
    array([1., 2.])
    """
    values = _numeric(array, name)
    if values.ndim != 1:
        raise ValueError(f"{name} has shape {values.shape}; a 1-dimensional array is needed.")
    if length is not None and len(values) != length:
        raise ValueError(f"{name} has {len(values)} entries; {length} are needed.")
    bad = np.flatnonzero(~np.isfinite(values.astype(np.float64)))
    if bad.size:
        raise ValueError(
            f"{name} holds NaN or infinity in {bad.size} of {len(values)} entries "
            f"(first: {', '.join(map(str, bad[:3]))})."
        )
    return np.ascontiguousarray(values, dtype=np.float64)


def check_labels(labels: Any, n: int, name: str = "labels") -> np.ndarray:
    """Return labels as a one-dimensional array with one entry for each of `n` presentations.

    Parameters
    ----------
    labels : array-like, shape (n,)
        Text, integers or booleans; floats are accepted if none is NaN.
    n : int
        Number of presentations.
    name : str
        The argument's name.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    TypeError
        If it is a single value, or holds complex numbers.
    ValueError
        If it has the wrong length or shape, an entry is missing (NaN or None), or a number and a text read alike.

    Examples
    --------
    >>> check_labels(["cat", "dog"], 2)
    array(['cat', 'dog'], dtype='<U3')
    >>> check_labels(["cat"], 2)
    Traceback (most recent call last):
    ...
    ValueError: labels has 1 entries, responses has 2 presentations. Give one label per presentation.
    """
    if isinstance(labels, str | bytes) or np.ndim(labels) == 0:
        raise TypeError(f"{name}={labels!r} is a single value; one label per presentation ({n}) is needed.")
    refuse_merged(labels, name)
    values = np.asarray(labels)
    if values.ndim != 1:
        raise ValueError(f"{name} has shape {values.shape}; one label per presentation, shape ({n},), is needed.")
    if len(values) != n:
        raise ValueError(
            f"{name} has {len(values)} entries, responses has {n} presentations. Give one label per presentation."
        )
    if values.dtype.kind == "c":
        raise TypeError(f"{name} holds complex numbers; text or whole numbers are needed.")
    missing = _missing(values)
    if missing.size:
        raise ValueError(
            f"{name} is missing (NaN or None) for {missing.size} of {n} presentations "
            f"(first: {', '.join(map(str, missing[:3]))}). Select the presentations that have a label."
        )
    # an array of objects that are all text is an array of text (pandas and netCDF hand out the former)
    if values.dtype.kind in "OT" and all(isinstance(value, str) for value in values):
        return values.astype(str)
    return values


def refuse_merged(labels: Any, name: str = "labels") -> None:
    """Refuse labels among which a number and a text read alike (1 and "1"): as text they would become one class.

    Examples
    --------
    >>> refuse_merged([1, "1"])
    Traceback (most recent call last):
    ...
    ValueError: labels holds '1' both as text and as int, which would become one class. Use one kind for all.
    """
    if not isinstance(labels, list | tuple) and (np.asarray(labels).dtype.kind != "O" or np.ndim(labels) == 0):
        return
    texts = {value for value in labels if isinstance(value, str)}
    other = next((value for value in labels if not isinstance(value, str) and str(value) in texts), None)
    if other is not None:
        raise ValueError(
            f"{name} holds {str(other)!r} both as text and as {type(other).__name__}, which would become one class. "
            "Use one kind for all."
        )


def format_names(names: Sequence[Any], limit: int = 3) -> str:
    """Return the first names for a message: ``'a', 'b', 'c', ...``.

    Examples
    --------
    >>> format_names(["a", "b", "c", "d"])
    "'a', 'b', 'c', ..."
    """
    shown = ", ".join(repr(name.item() if isinstance(name, np.generic) else name) for name in names[:limit])
    return shown + (", ..." if len(names) > limit else "")


def _quoted(options: Sequence[str]) -> str:
    return ", ".join(repr(option) for option in options)


def _bounds(minimum: float | None, maximum: float | None, strict: bool) -> str:
    if minimum is not None and maximum is not None:
        return f"a number {'strictly ' if strict else ''}between {minimum:g} and {maximum:g}"
    if minimum is not None:
        return f"a number {'above' if strict else 'of at least'} {minimum:g}"
    if maximum is not None:
        return f"a number {'below' if strict else 'of at most'} {maximum:g}"
    return "a finite number"


def _numeric(array: Any, name: str) -> np.ndarray:
    """An array of real numbers, or the reason why not."""
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        raise ValueError(
            f"{name} is a masked array with {int(np.ma.count_masked(array))} masked entries. Drop them first."
        )
    if hasattr(array, "requires_grad") and array.requires_grad:
        array = array.detach()
    try:
        values = np.asarray(array)
    except ValueError as error:
        raise ValueError(f"{name} is not a rectangular array: {error}.") from error
    if values.dtype.kind not in "biuf":
        kinds = {"c": "complex numbers", "U": "text", "S": "bytes", "T": "text", "M": "dates", "m": "time spans"}
        held = kinds.get(values.dtype.kind, f"objects (dtype {values.dtype})")
        raise TypeError(f"{name} holds {held}; real numbers are needed. Convert it, e.g. with .astype(float).")
    return values


def _shape_advice(values: np.ndarray, name: str) -> str:
    if values.ndim == 1:
        return f"One neuroid is {name}[:, None], one presentation is {name}[None, :]."
    if values.ndim > 2:
        return f"Keep the first axis and flatten the rest with {name}.reshape(len({name}), -1), or average over time."
    return "Give an array with one row per presentation."


def _column_names(array: Any, n_columns: int) -> Sequence[Any]:
    """Names of the neuroids where the input carries them (xarray coordinate, pandas columns), else their numbers."""
    dims: tuple[Any, ...] = getattr(array, "dims", ())
    if len(dims) == 2 and hasattr(array, "coords"):
        for key in ("neuroid_id", dims[1]):
            if key in array.coords and array.coords[key].dims == (dims[1],):
                return list(array.coords[key].values)
    columns = getattr(array, "columns", None)
    return list(columns) if columns is not None and len(columns) == n_columns else range(n_columns)


def _refuse_not_finite(values: np.ndarray, name: str, columns: Sequence[Any]) -> None:
    has_nan = np.zeros(values.shape[1], dtype=bool)
    has_infinity = np.zeros(values.shape[1], dtype=bool)
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        if np.isfinite(block).all():
            continue
        has_nan |= np.isnan(block).any(axis=0)
        has_infinity |= np.isinf(block).any(axis=0)
    bad = np.flatnonzero(has_nan | has_infinity)
    if not bad.size:
        return
    kind = "NaN" if not has_infinity.any() else ("infinity" if not has_nan.any() else "NaN and infinity")
    first = format_names([columns[index] for index in bad[:3]])
    raise ValueError(
        f"{name} holds {kind} in {bad.size} of {values.shape[1]} neuroids (first: {first}). "
        f"Leave these neuroids out, or average repetitions first."
    )


def check_scale(largest: float, values: np.ndarray, name: str) -> None:
    """Refuse numbers whose squares overflow or vanish, given the largest magnitude among them.

    Examples
    --------
    >>> check_scale(2.0, np.array([[1.0, -2.0]]), "responses")
    """
    if not (largest > _LARGEST or 0.0 < largest < _SMALLEST):
        return
    if largest < _SMALLEST:
        raise ValueError(
            f"{name} has magnitudes of at most {largest:.3g}, whose squares vanish in double precision; at least "
            f"{_SMALLEST:g} is needed of the largest, or 0 everywhere. Rescale: use a unit in which numbers are near 1."
        )
    n_beyond = sum(int((np.abs(values[i : i + _BLOCK]) > _LARGEST).sum()) for i in range(0, len(values), _BLOCK))
    raise ValueError(
        f"{name} has magnitudes up to {largest:.3g}, whose squares overflow in double precision; at most {_LARGEST:g} "
        f"is needed, and {n_beyond} of {values.size} entries are beyond. Is that a fill value for what is missing? "
        "Leave those entries out; else rescale: use a unit in which numbers are near 1."
    )


def _missing(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f":
        return np.flatnonzero(np.isnan(values))
    if values.dtype.kind == "M":
        return np.flatnonzero(np.isnat(values))
    if values.dtype.kind in "OT":
        import pandas as pd

        return np.flatnonzero(pd.isna(values.astype(object)))  # None, NaN, NaT and NA, which cannot be compared
    return np.empty(0, dtype=int)
