"""The interval of a share of independent trials."""

from __future__ import annotations

from neurogeom._core.validation import check_count, check_option, check_real

METHODS = ("wilson", "exact")


def proportion_interval(
    n_successes: int, n_trials: int, *, level: float = 0.95, method: str = "wilson"
) -> tuple[float, float]:
    """Return the interval of a share.

    Parameters
    ----------
    n_successes : int
    n_trials : int
        At least 1.
    level : float
        Between 0 and 1.
    method : {"wilson", "exact"}
        Wilson's score interval, or Clopper and Pearson's, which never covers less than `level`.

    Returns
    -------
    low, high : float

    Raises
    ------
    TypeError, ValueError
        For wrong arguments, or more successes than trials.

    References
    ----------
    Wilson 1927, J. Am. Stat. Assoc. 22:209; Clopper & Pearson 1934, Biometrika 26:404.

    Examples
    --------
    >>> low, high = proportion_interval(8, 10)
    >>> round(low, 3), round(high, 3)
    (0.49, 0.943)
    """
    n_trials = check_count("n_trials", n_trials)
    n_successes = check_count("n_successes", n_successes, minimum=0)
    level = check_real("level", level, minimum=0.0, maximum=1.0, strict=True)
    check_option("method", method, METHODS)
    from scipy import stats  # takes longer to import than the rest of the room

    if n_successes > n_trials:
        raise ValueError(f"n_successes={n_successes} is more than n_trials={n_trials}.")
    found = stats.binomtest(n_successes, n_trials).proportion_ci(level, method=method)
    return float(found.low), float(found.high)
