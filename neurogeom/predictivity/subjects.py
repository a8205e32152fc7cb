"""One subject predicted from the others: what another brain knows about it."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.responses import as_name, quoted
from neurogeom._core.warnings import DegenerateInputWarning, collect, warn
from neurogeom.predictivity.inputs import STIMULUS
from neurogeom.predictivity.results import ScoreResult
from neurogeom.predictivity.score import score
from neurogeom.predictivity.scoring import SUBJECT_COORDINATES
from neurogeom.recordings import average_repetitions
from neurogeom.results import concat


def between_subjects(responses: xr.DataArray, *, subject: str | None = None, **options: Any) -> ScoreResult:
    """Predict the neuroids of each subject from the mean responses of all others: the animal-to-animal ceiling.

    A model whose score reaches it predicts a brain as well as other brains do, which can lie below what the
    repeatability of responses allows.

    With ``missing="omit"`` subjects may have been recorded one after the other: each is scored on its own
    presentations, from the means of the others over theirs, for the stimuli that both have.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid)
        With ``stimulus_id`` and a neuroid coordinate that names subjects; NaN where a neuroid was not recorded.
    subject : str, optional
        The coordinate; ``subject`` or ``animal`` by default.
    **options
        For :func:`score`.

    Returns
    -------
    ScoreResult
        Over a dimension ``predicted_subject``.

    Raises
    ------
    TypeError, ValueError
        No such coordinate, one subject only; and as :func:`score`.

    References
    ----------
    Yamins et al. 2014, PNAS 111:8619 (linear prediction of one system from another).

    Examples
    --------
    >>> from neurogeom.recordings import synthetic_population
    >>> responses = synthetic_population(n_stimuli=10, n_neuroids=20, seed=0).responses
    >>> found = between_subjects(responses, method="ridge", n_resamples=0, seed=0)
    >>> found.ceiled_score.dims, found.ceiled_score.shape
    (('predicted_subject',), (2,))
    """
    if not isinstance(responses, xr.DataArray) or STIMULUS not in responses.coords:
        raise TypeError(f"responses needs to be a DataArray (presentation, neuroid) with the coordinate {STIMULUS!r}.")
    wanted = SUBJECT_COORDINATES if subject is None else (subject,)
    coordinate = next((responses.coords[name] for name in wanted if name in responses.coords), None)
    if coordinate is None or coordinate.dims != ("neuroid",):
        raise ValueError(f"responses has no neuroid coordinate {quoted(wanted)} that names subjects.")
    codes = np.array([as_name(value) for value in coordinate.values])
    names = list(dict.fromkeys(codes.tolist()))
    if len(names) < 2:
        raise ValueError(f"all neuroids belong to {names[0]!r}; at least two subjects are needed.")
    results = []
    for name in names:
        others, own = (responses.isel(neuroid=np.flatnonzero(chosen)) for chosen in (codes != name, codes == name))
        with collect() as notes:
            if options.get("missing") == "omit":
                others, own = _shared(others, own, name)
            result = score(average_repetitions(others), own, **options)
        results.append(
            ScoreResult(_apart(result.data), result.settings, result.diagnostics, tuple(notes), result.references)
        )
    return concat(results, predicted_subject=names)


def _shared(others: xr.DataArray, own: xr.DataArray, name: str) -> tuple[xr.DataArray, xr.DataArray]:
    """Means of the others and trials of one subject, without what either was not shown."""
    axes = [one.get_axis_num("neuroid") for one in (others, own)]
    shown = [np.isfinite(one.values).any(axis=axis) for one, axis in zip((others, own), axes, strict=True)]
    others, own = (one.isel(presentation=np.flatnonzero(rows)) for one, rows in zip((others, own), shown, strict=True))
    other_ids, own_ids = (np.unique(one[STIMULUS].values) for one in (others, own))
    common = np.intersect1d(other_ids, own_ids)
    lost = len(np.union1d(other_ids, own_ids)) - len(common)
    if not len(common):
        raise ValueError(f"{name!r} and the other subjects have no {STIMULUS} in common.")
    if lost:
        warn(
            f"{lost} stimuli were not shown to both {name!r} and the others; they are left out.", DegenerateInputWarning
        )
    others, own = (
        one.isel(presentation=np.flatnonzero(np.isin(one[STIMULUS].values, common))) for one in (others, own)
    )
    means = average_repetitions(others, missing="omit")
    complete = np.isfinite(means.transpose("presentation", ...).values).all(axis=0)
    if not complete.any():
        raise ValueError(
            f"no neuroid of the other subjects was recorded for all {len(common)} stimuli that they share with "
            f"{name!r}. Select stimuli that more of them have."
        )
    if not complete.all():
        warn(
            f"{int((~complete).sum())} of {len(complete)} neuroids of the others lack a stimulus and do not "
            f"predict {name!r}.",
            DegenerateInputWarning,
        )
    return means.isel(neuroid=np.flatnonzero(complete)), own


def _apart(data: xr.Dataset) -> xr.Dataset:
    """Without what only repeats the name of the one subject predicted."""
    return data.drop_dims("subject_name", errors="ignore")
