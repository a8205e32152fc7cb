"""Measures over layers, unit by unit: finished units are kept, failed ones are named, the rest goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from neurogeom._core.progress import progress
from neurogeom.io import UnitStore
from neurogeom.results import Result, concat

Measure = Callable[[Any], Result]


@dataclass(frozen=True)
class Outcome:
    """What came out of a run.

    Parameters
    ----------
    results : mapping of str to Result
        By measure; along the layers where there are several.
    failures : mapping of (measure, layer) to str
        Units that could not be computed, and why.
    """

    results: Mapping[str, Result]
    failures: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def failure_notes(self) -> list[str]:
        """One sentence per failed unit."""
        return [f"{measure} of {layer} was not computed: {why}" for (measure, layer), why in self.failures.items()]


def run_layers(
    inputs: Mapping[str, Callable[[], Any]],
    measures: Mapping[str, Measure],
    store: UnitStore,
    *,
    along: str = "layer",
    after: Callable[[str, Mapping[str, Result]], None] = lambda name, results: None,
    bar: bool = False,
) -> Outcome:
    """Compute every measure of every layer, except those that the store has already.

    Parameters
    ----------
    inputs : mapping of str to function
        For each layer, what gives the input of the measures; called only where something is left to compute.
    measures : mapping of str to function
        What to compute.
    store : UnitStore
        Where finished units are kept.
    along : str
        Name of the dimension of layers.
    after : function
        Called with the name and the results of each layer once it is done.
    bar : bool
        Whether a progress bar over layers is shown on stderr.

    Returns
    -------
    Outcome
        Results along the layers, and the units that failed with a ValueError: their input does not allow the measure.

    Examples
    --------
    >>> import tempfile, xarray as xr
    >>> store = UnitStore(tempfile.mkdtemp(), "example")
    >>> half = lambda number: Result(xr.Dataset({"half": number / 2}))
    >>> outcome = run_layers({"a": lambda: 1.0, "b": lambda: 2.0}, {"half": half}, store)
    >>> outcome.results["half"].half.values.tolist()
    [0.5, 1.0]
    """
    found: dict[str, dict[str, Result]] = {measure: {} for measure in measures}
    failures: dict[tuple[str, str], str] = {}
    for layer, read in progress(inputs.items(), total=len(inputs), description="layers", enabled=bar):
        kept: dict[str, Any] = {measure: store.found((measure, layer)) for measure in measures}
        pending = [measure for measure in measures if kept[measure] is None]
        given = read() if pending else None
        for measure, compute in measures.items():
            if measure not in pending:
                found[measure][layer] = kept[measure]
                continue
            try:
                result = compute(given)
                store.save((measure, layer), result)
            except ValueError as error:
                failures[measure, layer] = " ".join(str(error).split())
                continue
            found[measure][layer] = result  # equal to what was saved, to the last bit
        after(layer, {measure: by_layer[layer] for measure, by_layer in found.items() if layer in by_layer})
    results = {measure: _along(along, by_layer) for measure, by_layer in found.items() if by_layer}
    return Outcome(results, failures)


def _along(dim: str, by_layer: Mapping[str, Result]) -> Result:
    """One result along the layers, or the result itself where there is one layer only."""
    items: Sequence[Result] = list(by_layer.values())
    return items[0] if len(items) == 1 else concat(items, **{dim: list(by_layer)})
