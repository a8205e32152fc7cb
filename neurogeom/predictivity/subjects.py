"""One subject predicted from the others: what another brain knows about it."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from neurogeom._core.responses import as_name, quoted
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

    Parameters
    ----------
    responses : DataArray (presentation, neuroid)
        With ``stimulus_id`` and a neuroid coordinate that names subjects.
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
        others = average_repetitions(responses.isel(neuroid=np.flatnonzero(codes != name)))
        results.append(score(others, responses.isel(neuroid=np.flatnonzero(codes == name)), **options))
    plain = [
        ScoreResult(_apart(one.data), one.settings, one.diagnostics, one.warnings, one.references) for one in results
    ]
    return concat(plain, predicted_subject=names)


def _apart(data: xr.Dataset) -> xr.Dataset:
    """Without what only repeats the name of the one subject predicted."""
    return data.drop_dims("subject_name", errors="ignore")
