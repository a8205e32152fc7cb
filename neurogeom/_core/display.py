"""Numbers as a scientist writes them, shared by text and HTML."""

from __future__ import annotations

import math
from typing import Any


def format_number(value: Any, decimals: int | None = None) -> str:
    """Return a number with four significant digits, or with `decimals` after the point.

    Examples
    --------
    >>> format_number(0.123456), format_number(12345.6), format_number(7), format_number(float("nan"))
    ('0.1235', '12346', '7', 'not defined')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return "not defined"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if decimals is not None:
        return f"{value:.{decimals}f}"
    if value != 0 and not 1e-4 <= abs(value) < 1e7:
        return f"{value:.3e}"
    digits = 0 if value == 0 else max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"


def decimals_for(error: float | None) -> int | None:
    """Return how many decimals show two significant digits of an error (None where it says nothing).

    Examples
    --------
    >>> decimals_for(0.0123), decimals_for(3.0), decimals_for(0.0)
    (3, 1, None)
    """
    if error is None or not math.isfinite(error) or error <= 0:
        return None
    return min(max(0, 1 - math.floor(math.log10(error))), 12)


def format_estimate(
    value: Any, error: float | None = None, interval: tuple[float, float] | None = None, *, error_name: str = "MC error"
) -> str:
    """Return ``value ± error (name)`` with the digits that the error, or else the interval, allows.

    Examples
    --------
    >>> format_estimate(0.4118, 0.0123)
    '0.412 ± 0.012 (MC error)'
    >>> format_estimate(12)
    '12'
    """
    decimals = _decimals(error, interval)
    text = format_number(value, decimals)
    if error is not None and math.isfinite(error):
        text += f" ± {format_number(float(error), decimals)}" + (f" ({error_name})" if error_name else "")
    return text


def format_interval(
    error: float | None, interval: tuple[float, float] | None, *, over: str = "", level: float = 0.95
) -> str:
    """Return ``[95 % CI low, high over what]``, or nothing where no bound is known.

    Examples
    --------
    >>> format_interval(0.0123, (0.39, 0.44), over="neuroids")
    '[95 % CI 0.390, 0.440 over neuroids]'
    >>> format_interval(0.0123, None)
    ''
    """
    if interval is None or all(map(math.isnan, interval)):
        return ""
    low, high = (format_number(float(bound), _decimals(error, interval)) for bound in interval)
    return f"[{100 * level:g} % CI {low}, {high}" + (f" over {over}]" if over else "]")


def _decimals(error: float | None, interval: tuple[float, float] | None) -> int | None:
    decimals = decimals_for(error)
    return decimals_for(abs(interval[1] - interval[0])) if decimals is None and interval is not None else decimals
