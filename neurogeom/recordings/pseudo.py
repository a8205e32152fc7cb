"""Neurons recorded one after the other: joining them by condition, and the noise correlations that are real."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.random import generator, resolve_seed
from neurogeom._core.responses import axis_coordinates, quoted
from neurogeom._core.validation import check_count
from neurogeom.recordings.trials import check_recording, constant_coordinates, groups_of

REAL, PARTLY, REMOVED = "real", "real within a session only", "removed"


def number_repetitions(responses: xr.DataArray, by: str | Sequence[str] = "stimulus_id") -> xr.DataArray:
    """The responses with a coordinate ``repetition`` that counts presentations of the same stimulus from 0, in order.

    Sessions (coordinate ``presentation_session``, where there is one) are counted apart.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid, …)
    by : str or sequence of str
        Coordinates that make a stimulus.

    Returns
    -------
    DataArray

    Raises
    ------
    TypeError, ValueError
        Not a recording, or an unknown coordinate.

    Examples
    --------
    >>> shown = {"stimulus_id": ("presentation", ["a", "b", "a"])}
    >>> responses = xr.DataArray(np.zeros((3, 1)), dims=("presentation", "neuroid"), coords=shown)
    >>> number_repetitions(responses)["repetition"].values.tolist()
    [0, 0, 1]
    """
    check_recording(responses)
    keys = [by] if isinstance(by, str) else list(by)
    if "presentation_session" in responses.coords:
        keys.append("presentation_session")
    group, _ = groups_of(responses, keys)
    order = np.argsort(group, kind="stable")
    counts = np.bincount(group)
    number = np.empty(len(group), dtype=np.int64)
    number[order] = np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
    return responses.assign_coords(repetition=("presentation", number))


def pseudo_population(
    responses: xr.DataArray,
    by: str | Sequence[str] = "stimulus_id",
    *,
    n_repetitions: int | None = None,
    keep_together: bool = True,
    seed: int | None = None,
) -> xr.DataArray:
    """Trials of neurons that were not recorded together, joined by condition.

    For each condition every neuroid gets ``n_repetitions`` of its own trials, drawn without replacement. Neuroids that
    were recorded together get the same trials, so that their noise correlations stay real; between sessions they are
    zero, and ``attrs["noise_correlations"]`` says so. Those of one session (neuroid coordinate ``session``) were
    recorded together, in the presentations that all of them have; without that coordinate, or where they have none of a
    condition in common, those whose presentations are the same.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid[, time_bin])
        Single trials; NaN where a neuroid was not recorded.
    by : str or sequence of str
        Coordinates that make a condition.
    n_repetitions : int, optional
        Trials per condition; by default as many as every neuroid has of every condition.
    keep_together : bool
        False draws for every neuroid alone, which removes noise correlations everywhere.
    seed : int, optional
        Draw again with other seeds to see how much depends on which trials were joined.

    Returns
    -------
    DataArray (presentation, neuroid[, time_bin])
        Condition after condition, with ``repetition`` and the coordinates that all trials of a condition share; no NaN.

    Raises
    ------
    TypeError, ValueError
        Not a recording, an unknown coordinate, or a condition with too few trials of a neuroid.

    References
    ----------
    Meyers, Freedman, Kreiman, Miller & Poggio 2008, J. Neurophysiol. 100:1407.

    Examples
    --------
    >>> responses = xr.DataArray(
    ...     [[1.0, np.nan], [2.0, np.nan], [np.nan, 5.0], [np.nan, 6.0]], dims=("presentation", "neuroid"),
    ...     coords={"stimulus_id": ("presentation", ["a", "b", "a", "b"])})
    >>> pseudo_population(responses, seed=0).values.tolist()
    [[1.0, 5.0], [2.0, 6.0]]
    """
    check_recording(responses)
    seed = resolve_seed(seed)
    ordered = responses.transpose("presentation", "neuroid", ...)
    values = np.asarray(ordered.values, dtype=np.float64)
    group, first = groups_of(ordered, by)
    known = np.asarray(np.isfinite(values).reshape(*values.shape[:2], -1).all(axis=2))
    together = _recorded_together(known, group, _sessions(ordered)) if keep_together else np.arange(known.shape[1])
    available = _count_available(known, group, together)
    n_repetitions = _check_repetitions(n_repetitions, available, ordered, group, first, by)
    joined = np.empty((len(first) * n_repetitions, *values.shape[1:]))
    for block in range(together.max() + 1):
        members = np.flatnonzero(together == block)
        rows = known[:, members].all(axis=1)
        for condition in range(len(first)):
            candidates = np.flatnonzero(rows & (group == condition))
            chosen = generator(seed, block, condition).permutation(candidates)[:n_repetitions]
            place = slice(condition * n_repetitions, (condition + 1) * n_repetitions)
            joined[place, members] = values[np.ix_(chosen, members)]
    return _labelled(joined, ordered, first, n_repetitions, by, together, seed=seed, keep_together=keep_together)


def noise_correlation(responses: xr.DataArray, by: str | Sequence[str] = "stimulus_id") -> xr.DataArray:
    """Correlation of two neuroids over presentations of the same stimuli, stimulus means removed.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid)
        Single trials; NaN where a neuroid was not recorded.
    by : str or sequence of str
        Coordinates that make a stimulus.

    Returns
    -------
    DataArray (neuroid, other_neuroid)
        1 on the diagonal; NaN for pairs that were never recorded together and for neuroids without noise.

    Raises
    ------
    TypeError, ValueError
        Not a recording, time bins, or an unknown coordinate.

    References
    ----------
    Cohen & Kohn 2011, Nat. Neurosci. 14:811.

    Examples
    --------
    >>> from neurogeom.recordings import synthetic_population
    >>> population = synthetic_population(n_repetitions=50, seed=0)
    >>> found = noise_correlation(population.responses).values
    >>> bool(np.abs(found - population.noise_correlation()).max() < 0.1)
    True
    """
    check_recording(responses)
    if responses.ndim != 2:
        raise ValueError(f"responses has axes {responses.dims}. Reduce time first with recordings.time_window.")
    ordered = responses.transpose("presentation", "neuroid")
    values = np.asarray(ordered.values, dtype=np.float64)
    group, first = groups_of(ordered, by)
    known = np.isfinite(values)
    filled, mask = np.where(known, values, 0.0), known.astype(np.float64)
    residual = np.zeros_like(filled)
    for condition in range(len(first)):
        rows = group == condition
        count = mask[rows].sum(axis=0)
        mean = filled[rows].sum(axis=0) / np.where(count > 0, count, 1.0)
        residual[rows] = np.where(known[rows], filled[rows] - mean, 0.0)
    shared = residual.T @ residual
    power = (residual**2).T @ mask
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where((power > 0) & (power.T > 0), shared / np.sqrt(power * power.T), np.nan)
    names = axis_coordinates(ordered, "neuroid").get("neuroid_id", np.arange(found.shape[0]))
    coords = {"neuroid_id": ("neuroid", names), "other_neuroid_id": ("other_neuroid", names)}
    return xr.DataArray(found, dims=("neuroid", "other_neuroid"), coords=coords, name="noise_correlation")


def _sessions(responses: xr.DataArray) -> np.ndarray | None:
    """Number of the session of each neuroid (of each subject apart), None where it is not known."""
    names = [name for name in ("subject", "animal", "session") if name in responses.coords]
    if "session" not in names or any(responses.coords[name].dims != ("neuroid",) for name in names):
        return None
    labels = zip(*(responses.coords[name].values.tolist() for name in names), strict=True)
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels])


def _recorded_together(known: np.ndarray, group: np.ndarray, sessions: np.ndarray | None = None) -> np.ndarray:
    """Number of the block of neuroids that were recorded in the same presentations.

    A session is one block if its neuroids have presentations of every condition in common; a trial that one of them
    lacks does not take it out.
    """
    alike = np.unique(known.T, axis=0, return_inverse=True)[1].ravel()
    if sessions is None:
        return alike
    keys = np.empty(known.shape[1], dtype=object)
    for session in np.unique(sessions):
        members = np.flatnonzero(sessions == session)
        common = known[:, members].all(axis=1)
        whole = len(np.unique(group[common])) == len(np.unique(group))
        keys[members] = [(session, -1 if whole else alike[member]) for member in members]
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys])


def _count_available(known: np.ndarray, group: np.ndarray, together: np.ndarray) -> np.ndarray:
    """Trials of each condition in each block of neuroids."""
    blocks = [known[:, together == block].all(axis=1) for block in range(together.max() + 1)]
    return np.stack([np.bincount(group[rows], minlength=group.max() + 1) for rows in blocks], axis=1)


def _check_repetitions(
    given: int | None,
    available: np.ndarray,
    responses: xr.DataArray,
    group: np.ndarray,
    first: np.ndarray,
    by: str | Sequence[str],
) -> int:
    fewest = int(available.min())
    wanted = fewest if given is None else check_count("n_repetitions", given)
    if fewest >= max(wanted, 1):
        return wanted
    condition, _ = np.unravel_index(available.argmin(), available.shape)
    keys = [by] if isinstance(by, str) else list(by)
    name = ", ".join(f"{key}={responses.coords[key].values[first[condition]]!s}" for key in keys)
    raise ValueError(
        f"n_repetitions={max(wanted, 1)} is more than some neuroids have: {(available < max(wanted, 1)).sum()} of "
        f"{available.size} conditions × sessions have fewer (least: {fewest} at {name}). Use fewer, leave these "
        "conditions or neuroids out, or draw for each neuroid alone with keep_together=False."
    )


def _labelled(
    joined: np.ndarray,
    responses: xr.DataArray,
    first: np.ndarray,
    n_repetitions: int,
    by: str | Sequence[str],
    together: np.ndarray,
    *,
    seed: int,
    keep_together: bool,
) -> xr.DataArray:
    keys = [by] if isinstance(by, str) else list(by)
    group, _ = groups_of(responses, by)
    kept = constant_coordinates(responses, group, first)
    coords: dict[str, Any] = {key: ("presentation", np.repeat(entries, n_repetitions)) for key, entries in kept.items()}
    coords["repetition"] = ("presentation", np.tile(np.arange(n_repetitions), len(first)))
    for dim in responses.dims[1:]:
        coords |= {key: (dim, entries) for key, entries in axis_coordinates(responses, dim).items()}
    truth = REMOVED if not keep_together else REAL if together.max() == 0 else PARTLY
    attrs = {**responses.attrs, "noise_correlations": truth, "pseudo_population_seed": seed}
    attrs["pseudo_population_by"] = quoted(keys)
    return xr.DataArray(joined, dims=responses.dims, coords=coords, attrs=attrs, name=responses.name)
