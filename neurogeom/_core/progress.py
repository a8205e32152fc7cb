"""A progress bar that is off unless asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def progress(
    iterable: Iterable[Item], *, total: int | None = None, description: str = "", enabled: bool = False
) -> Iterator[Item]:
    """Iterate, showing a bar on stderr if `enabled`.

    Parameters
    ----------
    iterable : iterable
    total : int, optional
        Number of items, where `iterable` has no length.
    description : str
        Text before the bar.
    enabled : bool

    Yields
    ------
    The items of `iterable`, unchanged.

    Examples
    --------
    >>> list(progress(range(3)))
    [0, 1, 2]
    """
    if not enabled:
        yield from iterable
        return
    from tqdm import tqdm

    yield from tqdm(iterable, total=total, desc=description or None, dynamic_ncols=True, leave=False)
