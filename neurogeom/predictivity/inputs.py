"""Features and responses brought together, stimulus by stimulus, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neurogeom._core.responses import (
    as_name,
    axis_coordinates,
    find_presentation_dim,
    hint,
    quoted,
    read_responses,
    unreal_noise,
    warn_unreal_noise,
    without_single_bins,
)
from neurogeom._core.validation import check_option, check_scale
from neurogeom._core.warnings import DegenerateInputWarning, warn

STIMULUS = "stimulus_id"
ALIAS = "image_id"


@dataclass(frozen=True)
class Paired:
    """Rows are stimuli, in the same order everywhere.

    Parameters
    ----------
    bands : tuple of ndarray, shape (n, p_b)
        Features, one array for each band; one band where there are no others.
    band_names : tuple of str
    trials : ndarray, shape (R, n, t)
        NaN where a stimulus was not shown so often.
    stimuli : dict of str to ndarray, shape (n,)
        Coordinates that belong to the stimulus.
    neuroids : dict of str to ndarray, shape (t,)
    codes : ndarray, shape (presentations,)
        Stimulus of each presentation as it was handed in.
    excluded : dict of str to int
        Neuroids left out, by reason.
    """

    bands: tuple[np.ndarray, ...]
    band_names: tuple[str, ...]
    trials: np.ndarray
    stimuli: Mapping[str, np.ndarray]
    neuroids: Mapping[str, np.ndarray]
    codes: np.ndarray
    excluded: Mapping[str, int] = field(default_factory=dict)

    @property
    def n_stimuli(self) -> int:
        """Number of stimuli."""
        return self.trials.shape[1]

    def mean(self) -> np.ndarray:
        """Mean responses over the repetitions there are, shape (n, t)."""
        if len(self.trials) == 1:
            return self.trials[0]
        if np.isfinite(self.trials).all():
            return self.trials.mean(axis=0)
        return np.nansum(self.trials, axis=0) / np.isfinite(self.trials).sum(axis=0)


@dataclass(frozen=True)
class _Rows:
    """One side as it was handed in: an array whose first axis counts presentations."""

    values: np.ndarray
    presentation: Mapping[str, np.ndarray]
    neuroid: Mapping[str, np.ndarray]

    @property
    def ids(self) -> np.ndarray | None:
        return self.presentation.get(STIMULUS)


def pair(features: Any, responses: Any, *, missing: str = "raise") -> Paired:
    """Bring features and responses to the same stimuli in the same order.

    Where both carry ``stimulus_id`` (or ``image_id``) rows are matched by it and sorted; otherwise rows are taken as
    they come. Repetitions of a stimulus become the first axis of ``trials``.

    Parameters
    ----------
    features : array (stimuli, features), DataArray, or dict of name to either
        A dict gives bands of features.
    responses : array (stimuli, neuroids) or (repetitions, stimuli, neuroids), or DataArray (presentation, neuroid)
    missing : {"raise", "omit"}
        Whether NaN in responses is refused, or left out of means; a neuroid with no trial of a stimulus is left out.

    Returns
    -------
    Paired

    Raises
    ------
    TypeError, ValueError
        Stimuli of one side only, repeated features that differ, numbers of rows that do not fit, NaN or infinity.

    Examples
    --------
    >>> paired = pair(np.eye(3), np.ones((2, 3, 1)) * np.arange(3.0)[:, None])
    >>> paired.trials.shape, paired.n_stimuli
    ((2, 3, 1), 3)
    """
    check_option("missing", missing, ("raise", "omit"))
    side = _read_responses(responses)
    if isinstance(side.values, np.ndarray) and side.values.ndim == 3:
        trials, codes, first = side.values, np.arange(side.values.shape[1]), np.arange(side.values.shape[1])
        order_ids = None
    else:
        codes, first, order_ids = _stimuli_of(side)
        trials = _trials(side, codes, len(first))
    _check_missing(trials, side, codes, missing)
    named = features if isinstance(features, Mapping) else {"features": features}
    if not named:
        raise ValueError("features is an empty dict; at least one band of features is needed.")
    bands: list[np.ndarray] = []
    feature_coords: dict[str, np.ndarray] = {}
    for name, band in named.items():
        matrix, coords = _align_band(str(name), band, codes, first, order_ids, trials.shape[1])
        bands.append(matrix)
        feature_coords = {**coords, **feature_coords}
    stimuli = {**feature_coords, **_per_stimulus(side.presentation, codes, first)}
    trials, neuroids, excluded = _usable(trials, side.neuroid)
    return Paired(tuple(bands), tuple(map(str, named)), trials, stimuli, neuroids, codes, excluded)


def labels_of(labels: Any, paired: Paired, name: str) -> np.ndarray:
    """Return one label (text) per stimulus, from the name of a coordinate or an array.

    Parameters
    ----------
    labels : str or array-like
        An array has one entry per stimulus, or per presentation as handed in.
    paired : Paired
    name : str
        The argument's name.

    Returns
    -------
    ndarray of str, shape (n,)

    Raises
    ------
    ValueError
        An unknown name, a wrong length, a missing label, or labels that differ between repetitions.

    Examples
    --------
    >>> labels_of([1, 1, 2], pair(np.eye(3), np.eye(3)), "groups").tolist()
    ['1', '1', '2']
    """
    if isinstance(labels, str):
        if labels not in paired.stimuli:
            raise ValueError(f"{name}={labels!r} is not a coordinate of the stimuli. {hint(labels, paired.stimuli)}")
        values = np.asarray(paired.stimuli[labels], dtype=object)
    else:
        values = np.asarray(getattr(labels, "values", labels), dtype=object)
        if values.shape == paired.codes.shape and len(paired.codes) != paired.n_stimuli:
            first = np.unique(paired.codes, return_index=True)[1]
            if (values != values[first][paired.codes]).any():
                raise ValueError(f"{name} differs between repetitions of a stimulus; one label per stimulus is needed.")
            values = values[first]
        elif values.shape == paired.codes.shape:
            values = values[np.argsort(paired.codes)]
    if values.shape != (paired.n_stimuli,):
        raise ValueError(
            f"{name} has shape {values.shape}; one label per stimulus, shape ({paired.n_stimuli},), or the name of a "
            f"coordinate is needed{': ' + quoted(paired.stimuli) if paired.stimuli else ''}."
        )
    absent = np.flatnonzero(pd.isna(values))
    if absent.size:
        raise ValueError(
            f"{name} is missing for {absent.size} of {len(values)} stimuli (first: {quoted(absent[:3])}). "
            "Select the stimuli that have a label."
        )
    return np.array([as_name(value) for value in values])


def _read_responses(responses: Any) -> _Rows:
    if isinstance(responses, xr.DataArray):
        warn_unreal_noise(unreal_noise(responses))
        array = without_single_bins(responses)
        if array.ndim != 2:
            raise ValueError(
                f"responses has dimensions {tuple(map(str, array.dims))}; presentation and neuroid are needed, with "
                "repetitions as presentations that share a stimulus_id."
            )
        dim = find_presentation_dim(array)
        other = next(name for name in array.dims if name != dim)
        array = array.transpose(dim, other)
        values = np.asarray(array.values)
        if values.dtype.kind not in "biuf":
            raise TypeError(f"responses holds dtype {values.dtype}; real numbers are needed.")
        return _Rows(values.astype(np.float64), _renamed(axis_coordinates(array, dim)), axis_coordinates(array, other))
    if isinstance(responses, pd.DataFrame):
        names = np.asarray(responses.columns.astype(str), dtype=object)
        return _Rows(_numbers(responses.to_numpy()), {}, {"neuroid_id": names})
    values = _numbers(responses)
    if values.ndim not in (2, 3) or values.size == 0:
        raise ValueError(
            f"responses has shape {values.shape}; (stimuli, neuroids) or (repetitions, stimuli, neuroids) is needed."
        )
    return _Rows(values, {}, {})


def _numbers(array: Any) -> np.ndarray:
    values = np.asarray(array)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"responses holds dtype {values.dtype}; real numbers are needed.")
    return values.astype(np.float64)


def _renamed(coordinates: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same with ``stimulus_id`` where only its alias is there."""
    if STIMULUS not in coordinates and ALIAS in coordinates:
        coordinates[STIMULUS] = coordinates.pop(ALIAS)
    return coordinates


def _stimuli_of(side: _Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Stimulus of each presentation, first presentation of each stimulus, and ids in their order."""
    n_rows = len(side.values)
    if side.ids is None:
        return np.arange(n_rows), np.arange(n_rows), None
    ids, first, codes = _sorted_ids(side.ids)
    return codes, first, ids


def _sorted_ids(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct ids as text, sorted as the values sort; first row of each; code of each row."""
    absent = np.flatnonzero(pd.isna(values))
    if absent.size:
        raise ValueError(f"{STIMULUS} is missing for {absent.size} presentations (first: {quoted(absent[:3])}).")
    names = np.array([as_name(value) for value in values])
    numeric = all(isinstance(value, int | float | np.number) for value in values)
    keys = np.asarray(values, dtype=np.float64) if numeric else names
    _, first, codes = np.unique(keys, return_index=True, return_inverse=True)
    return names[first], first, codes.reshape(-1)


def _trials(side: _Rows, codes: np.ndarray, n_stimuli: int) -> np.ndarray:
    """Presentations as (repetition, stimulus, neuroid), in the order of ``repetition`` where there is one."""
    order = np.arange(len(codes))
    repetition = side.presentation.get("repetition")
    if repetition is not None:
        order = np.argsort(np.asarray(repetition), kind="stable")
    counts = np.bincount(codes, minlength=n_stimuli)
    grouped = order[np.argsort(codes[order], kind="stable")]
    rank = np.empty(len(codes), dtype=np.intp)
    rank[grouped] = np.arange(len(codes)) - np.repeat(np.cumsum(counts) - counts, counts)
    trials = np.full((counts.max(), n_stimuli, side.values.shape[1]), np.nan)
    trials[rank, codes] = side.values
    return trials


def _check_missing(trials: np.ndarray, side: _Rows, codes: np.ndarray, missing: str) -> None:
    if np.isinf(side.values).any():
        raise ValueError(f"responses holds infinity in {int(np.isinf(side.values).any(axis=0).sum())} neuroids.")
    lost = np.isnan(side.values)
    if not lost.all():
        check_scale(max(float(np.nanmax(side.values)), -float(np.nanmin(side.values))), side.values, "responses")
    if missing == "raise" and lost.any():
        columns = np.flatnonzero(lost.reshape(-1, lost.shape[-1]).any(axis=0))
        ids = side.neuroid.get("neuroid_id", np.arange(lost.shape[-1]))
        raise ValueError(
            f"responses holds NaN in {int(lost.sum())} values of {len(columns)} of {lost.shape[-1]} neuroids (first: "
            f"{quoted([as_name(value) for value in ids[columns[:3]]])}). Use missing='omit' to leave these trials out, "
            'or recordings.drop_incomplete(responses, "neuroid").'
        )


def _align_band(
    name: str, band: Any, codes: np.ndarray, first: np.ndarray, ids: np.ndarray | None, n_stimuli: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Rows of one band in the order of the stimuli, with the coordinates that it brings."""
    table = read_responses(band, name=name if name == "features" else f"features[{name!r}]")
    coordinates = _renamed(dict(table.presentation))
    own = coordinates.get(STIMULUS)
    if own is not None and ids is not None:
        names, rows, own_codes = _sorted_ids(own)
        _check_same(names, ids)
        _check_repeats(table.matrix, own_codes, rows, names)
        place = dict(zip(names, rows))
        take = np.array([place[value] for value in ids], dtype=np.intp)
    elif len(table.matrix) == len(codes) and len(codes) != n_stimuli:
        _check_repeats(table.matrix, codes, first, ids if ids is not None else np.arange(n_stimuli))
        take = first
    elif len(table.matrix) == n_stimuli:
        take = first if len(codes) == n_stimuli else np.arange(n_stimuli)
        if ids is not None and len(codes) != n_stimuli:
            raise ValueError(
                f"features has {len(table.matrix)} rows without stimulus_id, responses has {len(codes)} presentations "
                f"of {n_stimuli} stimuli, so which row belongs to which is not known. Give features as a DataArray "
                "with the coordinate 'stimulus_id'."
            )
    else:
        raise ValueError(
            f"features has {len(table.matrix)} rows, responses has {n_stimuli} stimuli. Give one row per stimulus in "
            "the same order, or DataArrays with the coordinate 'stimulus_id' on both."
        )
    return np.ascontiguousarray(table.matrix[take]), {key: value[take] for key, value in coordinates.items()}


def _check_same(features: np.ndarray, responses: np.ndarray) -> None:
    without = sorted(set(responses) - set(features))
    surplus = sorted(set(features) - set(responses))
    if without or surplus:
        parts = [
            f"{len(found)} are in {place} only (first: {quoted(found[:3])})"
            for found, place in ((without, "responses"), (surplus, "features"))
            if found
        ]
        raise ValueError(
            f"features and responses differ in stimulus_id: {'; '.join(parts)}. Select those that both have."
        )


def _check_repeats(matrix: np.ndarray, codes: np.ndarray, first: np.ndarray, names: np.ndarray) -> None:
    """Refuse a stimulus that comes twice with different features."""
    if len(codes) == len(first):
        return
    differs = (matrix != matrix[first][codes]).any(axis=1)
    bad = np.unique(codes[differs])
    if bad.size:
        raise ValueError(
            f"{bad.size} stimuli have several rows of features that differ (first: {quoted(names[bad[:3]])}). One "
            "stimulus_id must stand for one image; average the rows, or give them different ids."
        )


def _per_stimulus(coordinates: Mapping[str, np.ndarray], codes: np.ndarray, first: np.ndarray) -> dict[str, np.ndarray]:
    """Coordinates that are the same in all presentations of a stimulus."""
    kept = {}
    for key, values in coordinates.items():
        marks = pd.factorize(np.asarray(values), use_na_sentinel=False)[0]
        if (marks == marks[first][codes]).all():
            kept[key] = values[first]
    return kept


def _usable(
    trials: np.ndarray, neuroids: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, int]]:
    """Without neuroids that lack a stimulus or never change."""
    known = np.isfinite(trials).any(axis=0).all(axis=0)
    with np.errstate(invalid="ignore"):
        high, low = np.nanmax(trials, axis=(0, 1)), np.nanmin(trials, axis=(0, 1))
    varies = high > low
    keep = known & varies
    if not keep.any():
        raise ValueError("no neuroid is left: all lack a stimulus or are constant over stimuli and repetitions.")
    excluded = {"incomplete": int((~known).sum()), "constant": int((known & ~varies).sum())}
    for reason, count in excluded.items():
        if count:
            warn(f"{count} of {len(keep)} neuroids are left out: {reason} over stimuli.", DegenerateInputWarning)
    return trials[:, :, keep], {key: np.asarray(value)[keep] for key, value in neuroids.items()}, excluded


def names_of(neuroids: Mapping[str, np.ndarray], n_neuroids: int) -> Sequence[str]:
    """Return the neuroids' ids, or their numbers where ids are absent or not distinct.

    Examples
    --------
    >>> list(names_of({}, 2))
    ['0', '1']
    """
    ids = neuroids.get("neuroid_id")
    names = [as_name(value) for value in ids] if ids is not None else []
    return names if len(set(names)) == n_neuroids else [str(number) for number in range(n_neuroids)]
