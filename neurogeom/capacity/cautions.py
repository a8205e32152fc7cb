"""What the measures of dichotomies say about numbers that must be read with care."""

from __future__ import annotations

import numpy as np
import xarray as xr

from neurogeom._core.warnings import ConvergenceWarning, DegenerateInputWarning, SaturationWarning, warn
from neurogeom.capacity.solving import Checks
from neurogeom.capacity.text import NEAR_FLOOR


def caution(data: xr.Dataset, checks: Checks, margin: float, *, pairs: bool) -> None:
    """Warn of all that a reader of GLUE's numbers must know.

    Parameters
    ----------
    data : xarray.Dataset
        Values of the result.
    checks : Checks
        Counts over samples.
    margin : float
        Margin of the run.
    pairs : bool
        Whether each pair was solved alone.
    """
    caution_inexact(checks)
    if checks.n_identity_broken:
        warn(
            f"a differs from F by more than 1e-6 in {checks.n_identity_broken} of {checks.n_samples} samples (largest "
            f"{checks.max_identity_error:.1e}): anchors are nearly dependent, so dimension and radius are uncertain. "
            "Capacity does not depend on it.",
            ConvergenceWarning,
        )
    if checks.n_undecided:
        warn(
            f"separability of {checks.n_undecided} of {checks.n_samples} samples could not be proved either way; "
            "fraction_inseparable counts proved ones only.",
            ConvergenceWarning,
        )
    if margin > 0:
        _warn_margin(data, margin)
    else:
        caution_floor(data, pairs=pairs)
        _warn_undefined(data)


def _warn_margin(data: xr.Dataset, margin: float) -> None:
    share = float(data["fraction_inseparable"])
    if np.isnan(data["capacity"]):
        reason = f"{100 * share:.3g} % of dichotomies are inseparable" if share else "not every sample could be solved"
        warn(
            f"capacity at margin {margin:g} is undefined: {reason}, and no readout separates those at any positive "
            "margin. Use margin=0, fewer points, or more neuroids.",
            DegenerateInputWarning,
        )


def caution_floor(data: xr.Dataset, *, pairs: bool = False) -> None:
    """Warn where capacity lies near its floor P / rank, or dichotomies are inseparable.

    Parameters
    ----------
    data : xarray.Dataset
        With ``capacity``, ``capacity_floor`` and ``fraction_inseparable``.
    pairs : bool
        Whether each pair was solved alone already.
    """
    capacity, floor = float(data["capacity"]), float(data["capacity_floor"])
    share = float(data["fraction_inseparable"])
    parts = []
    if capacity < NEAR_FLOOR * floor:
        parts.append(f"capacity {capacity:.3f} lies within {NEAR_FLOOR:g}x of its floor P/rank = {floor:.3f}")
    if share > 0:
        parts.append(f"{100 * share:.3g} % of dichotomies are inseparable")
    if parts:
        other = "" if pairs else ', or dichotomies="pairwise"'
        warn(
            f"{'; '.join(parts)}. Geometry means little there. Use fewer points, more neuroids{other}.",
            SaturationWarning,
        )


def _warn_undefined(data: xr.Dataset) -> None:
    """Name manifolds and measures whose means are not positive, instead of leaving NaN in silence."""
    measures = ("capacity", "dimension", "radius", "utility")
    bad = {name: np.isnan(data[f"manifold_{name}"].values) for name in measures}
    missing = [f"manifold_{name}" for name in measures if bad[name].any()]
    whole = [name for name in measures if np.isnan(data[name])]
    reason = "the mean of its terms is not positive. Use more samples (n_samples)."
    if missing:
        any_bad = np.any(list(bad.values()), axis=0)
        first = ", ".join(repr(str(name)) for name in data["manifold"].values[any_bad][:3])
        warn(
            f"{', '.join(missing)} of {any_bad.sum()} manifolds is undefined (first: {first}): {reason}",
            DegenerateInputWarning,
        )
    if whole:
        warn(f"{', '.join(whole)} is undefined: {reason}", DegenerateInputWarning)


def caution_inexact(checks: Checks) -> None:
    """Warn where the kernels' certificate is weaker than it should be.

    Parameters
    ----------
    checks : Checks
        Counts over samples.
    """
    if checks.n_inexact:
        warn(
            f"{checks.n_inexact} of {checks.n_samples} samples were solved less exactly than 1e-9 (largest scaled "
            f'residual {checks.max_residual:.1e}). Compare with backend="reference".',
            ConvergenceWarning,
        )
