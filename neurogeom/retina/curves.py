"""How many ganglion cells there are and how wide they are, against eccentricity in the macaque retina.

The numbers were fitted to points digitized from the figures of Perry, Oehler & Cowey 1984 (Neurosci. 12:1101, density
figure 8, dendritic diameters figure 6), Watanabe & Rodieck 1989 (J. Comp. Neurol. 289:434, figure 7) and Goodchild,
Ghosh & Martin 1996 (J. Comp. Neurol. 366:55, figure 2, scaled to macaque), as packaged by the project macaqueretina
(MIT). Eccentricity is in mm from the fovea.
"""

from __future__ import annotations

import numpy as np

from neurogeom._core.validation import check_option, check_real

MM_PER_DEGREE = 0.2
LEAST_ECCENTRICITY = 1.0
DENSITY_CURVES = ("quadratic", "exponential")
DIAMETER_CURVES = {
    "parasol": ("all", "perry"),
    "midget": ("perry_watanabe", "all"),
}


def to_mm(eccentricity: float, *, units: str = "mm", mm_per_degree: float = MM_PER_DEGREE) -> float:
    """Return an eccentricity in mm of retina.

    Parameters
    ----------
    eccentricity : float
        Distance from the fovea.
    units : {"mm", "deg", "um"}
    mm_per_degree : float
        Of visual angle; 0.20 to 0.22 in the macaque.

    Returns
    -------
    float
        In mm.

    Raises
    ------
    TypeError, ValueError
        Unknown units, a negative eccentricity.

    Examples
    --------
    >>> to_mm(10.0, units="deg")
    2.0
    """
    check_option("units", units, ("mm", "deg", "um"))
    value = check_real("eccentricity", eccentricity, minimum=0.0)
    per_degree = check_real("mm_per_degree", mm_per_degree, minimum=0.0, strict=True)
    return value * {"mm": 1.0, "deg": per_degree, "um": 1e-3}[units]


def cell_density(eccentricity: float, *, curve: str = "quadratic", foveal: bool = False) -> float:
    r"""Return the density of all ganglion cells.

    Quadratic: :math:`\exp(11.0781 - 0.7063 e + 0.02110 e^2)` (rms of the log residual .141, 26 points from .49 to
    13 mm); exponential: :math:`\exp(10.403 - 0.4201 e)` (rms .298).

    Parameters
    ----------
    eccentricity : float
        In mm from the fovea.
    curve : {"quadratic", "exponential"}
    foveal : bool
        Whether eccentricities below 1 mm are allowed, where cells are displaced by the foveal pit and the curves do
        not hold.

    Returns
    -------
    float
        Cells per mm².

    Raises
    ------
    ValueError
        Inside the foveal pit without `foveal`, or beyond 13 mm.

    References
    ----------
    Perry, Oehler & Cowey 1984, Neurosci. 12:1101, figure 8.

    Examples
    --------
    >>> round(cell_density(5.0))
    3210
    >>> cell_density(0.5)
    Traceback (most recent call last):
    ...
    ValueError: eccentricity=0.5 mm lies inside the foveal pit...
    """
    check_option("curve", curve, DENSITY_CURVES)
    e = _check_eccentricity(eccentricity, foveal)
    log_density = 11.0781 - 0.7063 * e + 0.02110 * e**2 if curve == "quadratic" else 10.403 - 0.4201 * e
    return float(np.exp(log_density))


def dendritic_diameter(eccentricity: float, *, cell: str, curve: str | None = None, foveal: bool = False) -> float:
    r"""Return the diameter of the dendritic field.

    Parasol, "all" (Perry, Watanabe, Goodchild scaled to macaque; 409 cells): :math:`36.1 e^{0.899}`; "perry" (43):
    :math:`7.13 (1 + e / .585)^{1.317}`. Midget, "perry_watanabe" (138): :math:`3.687 + 2.517 e + .923 e^2`; "all"
    (237): :math:`5.579 + 2.290 e + .931 e^2`. It gives relative sizes; a receptive field is not a dendritic field.

    Parameters
    ----------
    eccentricity : float
        In mm from the fovea.
    cell : {"parasol", "midget"}
    curve : str, optional
        The first of each by default.
    foveal : bool
        Whether eccentricities below 1 mm are allowed.

    Returns
    -------
    float
        In µm.

    Raises
    ------
    ValueError
        Unknown cell or curve, inside the foveal pit without `foveal`, or beyond 13 mm.

    References
    ----------
    Perry et al. 1984, figure 6; Watanabe & Rodieck 1989, figure 7; Goodchild et al. 1996, figure 2.

    Examples
    --------
    >>> round(dendritic_diameter(5.0, cell="parasol")), round(dendritic_diameter(5.0, cell="midget"))
    (153, 39)
    """
    check_option("cell", cell, tuple(DIAMETER_CURVES))
    chosen = DIAMETER_CURVES[cell][0] if curve is None else check_option("curve", curve, DIAMETER_CURVES[cell])
    e = _check_eccentricity(eccentricity, foveal)
    if cell == "parasol":
        return float(36.1 * e**0.899 if chosen == "all" else 7.13 * (1 + e / 0.585) ** 1.317)
    if chosen == "perry_watanabe":
        return float(3.687 + 2.517 * e + 0.923 * e**2)
    return float(5.579 + 2.290 * e + 0.931 * e**2)


def _check_eccentricity(eccentricity: float, foveal: bool) -> float:
    e = check_real("eccentricity", eccentricity, minimum=0.0)
    if e < LEAST_ECCENTRICITY and not foveal:
        raise ValueError(
            f"eccentricity={e:g} mm lies inside the foveal pit, where ganglion cells are displaced and the curves do "
            f"not hold; at least {LEAST_ECCENTRICITY:g} mm is needed. Give mm, not degrees, or foveal=True."
        )
    if e > 13.0:
        raise ValueError(f"eccentricity={e:g} mm lies beyond the data (13 mm). Degrees? Convert with retina.to_mm.")
    return e
