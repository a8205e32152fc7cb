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
    value: Any,
    error: float | None = None,
    interval: tuple[float, float] | None = None,
    *,
    error_name: str = "MC error",
    over: str = "",
    level: float = 0.95,
    unit: str = "",
) -> str:
    """Return ``value ± error (name) [95 % CI low, high over what]``, each part only where it is known.

    Examples
    --------
    >>> format_estimate(0.4118, 0.0123, (0.39, 0.44), over="neuroids")
    '0.412 ± 0.012 (MC error)  [95 % CI 0.390, 0.440 over neuroids]'
    >>> format_estimate(12)
    '12'
    """
    decimals = decimals_for(error)
    if decimals is None and interval is not None:
        decimals = decimals_for(abs(interval[1] - interval[0]))
    text = format_number(value, decimals)
    if error is not None and math.isfinite(error):
        text += f" ± {format_number(float(error), decimals)}" + (f" ({error_name})" if error_name else "")
    if unit:
        text += f" {unit}"
    if interval is not None and any(map(math.isfinite, interval)):
        low, high = (format_number(float(bound), decimals) for bound in interval)
        text += f"  [{100 * level:g} % CI {low}, {high}" + (f" over {over}]" if over else "]")
    return text
