"""Choosing and combining single presentations."""

from __future__ import annotations

import numpy as np
import xarray as xr

from neurogeom._core.validation import check_option


def drop_incomplete(responses: xr.DataArray, dim: str = "neuroid") -> xr.DataArray:
    """The responses without the neuroids, or without the presentations, that hold NaN or inf.

    Parameters
    ----------
    responses : DataArray (presentation, neuroid, …)
    dim : {"neuroid", "presentation"}
        What to leave out.

    Returns
    -------
    DataArray

    Raises
    ------
    ValueError
        Where nothing is left.

    Examples
    --------
    >>> responses = xr.DataArray([[1.0, np.nan], [2.0, 3.0]], dims=("presentation", "neuroid"))
    >>> drop_incomplete(responses, "neuroid").shape
    (2, 1)
    """
    check_option("dim", dim, ("neuroid", "presentation"))
    if dim not in responses.dims:
        raise ValueError(f"responses has axes {responses.dims}; needed is {dim!r}.")
    others = [axis for axis in responses.dims if axis != dim]
    complete = xr.apply_ufunc(np.isfinite, responses).all(others).values
    if not complete.any():
        other = "presentation" if dim == "neuroid" else "neuroid"
        raise ValueError(
            f"every {dim} holds NaN or inf somewhere, so none is left. Drop incomplete {other}s first, or average "
            "repetitions."
        )
    return responses.isel({dim: np.flatnonzero(complete)})
