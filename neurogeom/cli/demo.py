"""The demo: handwritten digits through a network trained there and then, layer by layer."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom import plotting, report
from neurogeom._core.warnings import NeurogeomWarning
from neurogeom.capacity import plots, text
from neurogeom.cli.analysis import Measure, Outcome, run_layers
from neurogeom.cli.outputs import close_store, open_store, write
from neurogeom.cli.sections import across_figure, agreement_section, layer_table
from neurogeom.io import UnitStore, fingerprint
from neurogeom.results import Result, concat

N_PER_CLASS = 20
"""Held-out images of each digit: few enough that layers of 512 units stay above their floor."""

N_RESAMPLES = 24
"""Bootstrap resamples of neuroids: intervals come from their standard error, for which this is enough."""

QUICK = {"epochs": 4, "n_samples": 50, "n_resamples": 20, "n_theory": 400}
"""Effort of the quick demo."""

N_COMPARED = 2
"""Layers whose difference between the networks gets an interval: those with the largest ones."""

LINES = """\
import neurogeom as ng
layers = ng.encoders.digits_network({network}).activations({n})
ng.concat([ng.capacity.glue(x, labels="digit", {glue}) for x in layers.values()], layer=list(layers)).plot()
"""

Say = Callable[[str], None]


def run(out: Path, *, seed: int, quick: bool, n_jobs: int | None, say: Say) -> dict[str, Path]:
    """Run the demo and write its report, figures and numbers.

    Parameters
    ----------
    out : Path
        Folder for what is written.
    seed : int
        Seed of the network and of all draws.
    quick : bool
        Fewer samples and epochs, and intervals over neuroids for the largest effects of training only.
    n_jobs : int or None
        Workers; all cores for None.
    say : callable
        Takes each line that is told on the way.

    Returns
    -------
    dict of str to Path
        What was written.
    """
    import neurogeom
    from neurogeom.capacity.agreement import agreement
    from neurogeom.encoders import digits_network

    started = time.perf_counter()
    say("Digits through a small network: how well do its layers keep the ten classes apart, and why?")
    store = open_store(out, fingerprint("demo", neurogeom.__version__, seed, quick))
    given: dict[str, Any] = {"seed": seed} | ({"epochs": QUICK["epochs"]} if quick else {})
    network = digits_network(**given)
    say(f"  trained; of {len(network.images)} held-out images it names {network.test_accuracy:.1%} correctly")
    say(f"  {'layer':<10}{'units':>6}{'linear':>9}{'capacity':>10}{'floor':>8}{'dimension':>11}{'radius':>8}")
    trained = network.activations(N_PER_CLASS)
    untrained = digits_network(seed=seed, train=False).activations(N_PER_CLASS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeurogeomWarning)  # the report has them, by layer
        outcome = _measure(trained, untrained, store, seed=seed, quick=quick, n_jobs=n_jobs, say=say)
    table = agreement(n_samples=QUICK["n_theory"] if quick else 2000, seed=seed, n_jobs=n_jobs)
    off = float(np.max(np.abs(table["computed"] - table["theory"]) / table["se"]))
    say(f"  theory against simulation: {len(table)} known capacities, farthest {off:.1f} standard errors off")
    results = {**outcome.results, "theory": Result(xr.Dataset.from_dataframe(table.set_index("case")))}
    sections, figures = _sections(outcome, results, table, network, trained, lines(seed=seed, quick=quick))
    subtitle = f"10 digits, {N_PER_CLASS} held-out images each, from pixels to logits of a network trained on others"
    title = "How a network untangles digits"
    written = write(out, results, sections, title=title, subtitle=subtitle, figures=figures)
    close_store(store)
    _tell(written, time.perf_counter() - started, lines(seed=seed, quick=quick), say)
    return written


def lines(*, seed: int, quick: bool) -> str:
    """Return the lines of Python that give the numbers of the main figure.

    Parameters
    ----------
    seed : int
        Seed of the demo.
    quick : bool
        Whether it was the quick one.

    Returns
    -------
    str
        Three lines.

    Examples
    --------
    >>> print(lines(seed=0, quick=True).splitlines()[1])
    layers = ng.encoders.digits_network(seed=0, epochs=4).activations(20)
    """
    network, glue = f"seed={seed}", f"seed={seed}"
    if quick:
        network, glue = f"{network}, epochs={QUICK['epochs']}", f"n_samples={QUICK['n_samples']}, {glue}"
    return LINES.format(network=network, glue=glue, n=N_PER_CLASS)


def _measure(
    trained: Mapping[str, xr.DataArray],
    untrained: Mapping[str, xr.DataArray],
    store: UnitStore,
    *,
    seed: int,
    quick: bool,
    n_jobs: int | None,
    say: Say,
) -> Outcome:
    """All measures of all layers; a line of numbers after each."""
    from neurogeom.capacity import glue, mean_field
    from neurogeom.readout import classify

    common: dict[str, Any] = {"labels": "digit", "seed": seed}
    effort: dict[str, Any] = {"n_samples": QUICK["n_samples"] if quick else 200, "n_jobs": n_jobs}
    sure: dict[str, Any] = {} if quick else {"uncertainty": "neuroids", "n_resamples": N_RESAMPLES}
    measures: dict[str, Measure] = {
        "glue": partial(glue, **common, **effort, **sure),
        "mean_field": partial(mean_field, **common, **effort, **sure),
        "readout": partial(classify, **common),
    }
    main = run_layers(
        _lazily(trained), measures, store, after=lambda name, found: say(_line(name, trained[name], found))
    )
    if main.failures:
        raise ValueError("; ".join(main.failure_notes))
    for name in ("glue", "readout"):  # pixels are the same for both networks
        store.save((f"{name}_untrained", "pixels"), store.load((name, "pixels")))
    twin = run_layers(_lazily(untrained), {f"{name}_untrained": measures[name] for name in ("glue", "readout")}, store)
    if twin.failures:
        raise ValueError("; ".join(twin.failure_notes))
    found = {**main.results, **twin.results}
    layers = _compared(found["glue"], found["glue_untrained"], N_COMPARED)
    if layers:
        many = QUICK["n_resamples"] if quick else N_RESAMPLES
        both = {name: (trained[name], untrained[name]) for name in layers}
        found["difference"] = _difference(both, store, **common, **effort, n_resamples=many)
    return Outcome(found)


def _compared(trained: Result, untrained: Result, most: int) -> list[str]:
    """The layers above their floors that gain most from training, in their order."""
    fine = ~(text.near_floor(trained.data) | text.near_floor(untrained.data))
    gain = np.asarray(trained.data["capacity"] - untrained.data["capacity"], float)
    names = [str(name) for name in trained.data["layer"].values]
    found = [i for i, name in enumerate(names) if fine[i] and name != "pixels"]
    return [names[i] for i in sorted(sorted(found, key=lambda i: -gain[i])[:most])]


def _difference(both: Mapping[str, tuple[xr.DataArray, xr.DataArray]], store: UnitStore, **options: Any) -> Result:
    """Trained less untrained along the layers, with intervals over neuroids."""
    from neurogeom.capacity import compare

    def measure(pair: tuple[xr.DataArray, xr.DataArray]) -> Result:
        return compare(*pair, names=("trained", "untrained"), uncertainty="neuroids", **options)

    outcome = run_layers(
        {name: partial(lambda pair: pair, pair) for name, pair in both.items()}, {"all": measure}, store
    )
    if outcome.failures:
        raise ValueError("; ".join(outcome.failure_notes))
    result = outcome.results["all"]
    return result if text.leading_dims(result) else concat([result], layer=list(both))


def _lazily(arrays: Mapping[str, xr.DataArray]) -> dict[str, Callable[[], Any]]:
    return {name: partial(lambda array: array, array) for name, array in arrays.items()}


def _line(name: str, responses: xr.DataArray, found: Mapping[str, Result]) -> str:
    """Numbers of one layer for the terminal; geometry near the floor is left out there too."""
    glue, readout = found["glue"], found["readout"]
    near = bool(text.near_floor(glue.data))
    geometry = ("–", "–") if near else (f"{glue.dimension:.2f}", f"{glue.radius:.2f}")
    line = f"  {name:<10}{responses.sizes['neuroid']:>6}{readout.accuracy:>9.1%}{glue.capacity:>10.3f}"
    line += f"{glue.capacity_floor:>8.3f}{geometry[0]:>11}{geometry[1]:>8}"
    return line + ("  near its floor" if near else "")


def _sections(
    outcome: Outcome,
    results: Mapping[str, Result],
    table: Any,
    network: Any,
    layers: Mapping[str, xr.DataArray],
    code: str,
) -> tuple[list[report.Section], dict[str, Any]]:
    """Parts of the report, and the figures that also become files."""
    glue, mean_field, readout = (results[name] for name in ("glue", "mean_field", "readout"))
    both = concat([glue, results["glue_untrained"]], network=["trained", "untrained"])
    readouts = {"trained": readout, "untrained": results["readout_untrained"]}
    main_figure, main_caption, main_alt = across_figure(both, readouts=readouts)
    main_caption += " Untrained: the same network with its first, random weights."
    field_figure, field_caption, field_alt = across_figure(mean_field)
    theory_section, theory_figure = agreement_section(table)
    differences = _difference_figures(results.get("difference"))
    units = {name: array.sizes["neuroid"] for name, array in layers.items()}
    sections = [
        report.Section(
            "In short",
            [
                report.Text(_story(both, readouts, results.get("difference"))),
                report.Figure(main_figure, main_caption, main_alt),
                *differences,
                _digits_figure(layers["pixels"]),
            ],
        ),
        report.Section(
            "Layer by layer",
            [
                layer_table({"GLUE": glue, "Mean-field": mean_field}, readout, units),
                report.Figure(field_figure, field_caption, field_alt),
            ],
        ),
        report.Section("Digit by digit", [_digit_figure(glue)]),
        theory_section,
        report.methods_section(
            {name: results[name] for name in ("glue", "mean_field", "difference", "readout") if name in results},
            extra=_methods(network, layers),
        ),
        report.warnings_section(outcome.results),
        report.reproduction(code),
    ]
    figures = {"layers": main_figure, "layers_mean_field": field_figure, "theory": theory_figure}
    if differences:
        figures["differences"] = differences[0].figure
    return sections, figures


def _story(both: Result, readouts: Mapping[str, Result], difference: Result | None) -> str:
    """What the figure shows, from the numbers themselves."""
    words = (
        "Each digit is a cloud of responses, one point per image: a manifold. Capacity α is the number of such "
        "manifolds that a linear readout can tell apart, per dimension of the responses. It is large where the clouds "
        "are small (radius R) and flat (dimension D)."
    )
    if difference is None:
        return words + "\n\nHere all capacities lie near their floor, and say little."
    claim, layer = _claim(difference)
    trained, untrained = (both.data.isel(network=i).sel(layer=layer) for i in (0, 1))
    accuracy = {name: float(readout.data["accuracy"].sel(layer=layer)) for name, readout in readouts.items()}
    return words + (
        f"\n\n{claim}. The clouds have a dimension of {float(trained['dimension']):.1f} against "
        f"{float(untrained['dimension']):.1f} and a radius of {float(trained['radius']):.2f} against "
        f"{float(untrained['radius']):.2f}. A linear classifier names {accuracy['trained']:.0%} correctly, against "
        f"{accuracy['untrained']:.0%}: it says whether the classes can be read out, capacity with how much room, and "
        "geometry why."
    )


def _claim(difference: Result) -> tuple[str, str]:
    """Where training matters most as far as the intervals of the differences tell, and the layer that is spoken of."""
    data = difference.data
    names = [str(name) for name in data["layer"].values]
    change = np.asarray(data["capacity_difference"], float)
    low, high = np.asarray(data["capacity_difference_ci"].transpose("bound", ...), float)
    best = int(np.argmax(change))
    rivals = [name for i, name in enumerate(names) if i != best and high[i] >= low[best]]
    trained, untrained = np.asarray(data["capacity"].transpose("side", "layer"), float)[:, best]
    numbers = (
        f"the capacity of ten digits is {trained:.2f} in {names[best]}, against {untrained:.2f} in the same layer with "
        f"random weights, a difference of {change[best]:.2f} (95 % interval over neuroids {low[best]:.2f} to "
        f"{high[best]:.2f})"
    )
    if low[best] <= 0:
        return f"No layer shows an effect of training beyond its interval: {numbers}", names[best]
    if rivals:
        also = " and ".join([", ".join([names[best], *rivals[:-1]]), rivals[-1]])
        return f"Training matters most in {also}, whose intervals overlap: {numbers}", names[best]
    return f"Training matters most in {names[best]}: {numbers}", names[best]


def _difference_figures(difference: Result | None) -> list[report.Figure]:
    """What training changed, with intervals; no figure where no layer lies above its floor."""
    if difference is None:
        return []
    figure, axes = plotting.new_figure(n_columns=3, size=(2.85, 3.0))
    plots.difference(difference, ax=axes[0])
    alt = "Differences of capacity, dimension and radius between the trained and the untrained network, by layer."
    caption = f"{text.caption(difference)} Layers: those with the largest differences of capacity."
    return [report.Figure(figure, caption, alt)]


def _digits_figure(pixels: xr.DataArray) -> report.Figure:
    """Three held-out images of each digit."""
    digit = pixels["digit"].values
    chosen = np.concatenate([[np.flatnonzero(digit == k)[row] for k in range(10)] for row in range(3)])
    figure, axes = plotting.new_figure(size=(5.4, 1.7), grid=None)
    plotting.image_grid(pixels.values[chosen].reshape(-1, 8, 8), n_columns=10, ax=axes[0, 0])
    return report.Figure(
        figure, f"Three of the {N_PER_CLASS} held-out images of each digit, 8 × 8 pixels.", "Thirty handwritten digits."
    )


def _digit_figure(glue: Result) -> report.Figure:
    """Capacity of each digit in each layer above its floor."""
    fine = ~text.near_floor(glue.data) & (np.asarray(glue.data["fraction_inseparable"]) == 0)
    data = glue.data.isel(layer=np.flatnonzero(fine))
    names = [str(name) for name in data["manifold"].values]
    layers = [str(name) for name in data["layer"].values]
    figure, axes = plotting.new_figure(size=(7.0, 1.2 + 0.4 * max(2, len(layers))), grid=None)
    if layers:
        values = data["manifold_capacity"].transpose("layer", "manifold").values
        plotting.matrix(values, row_labels=layers, column_labels=names, label="capacity α", ax=axes[0, 0])
    else:
        plotting.note("no layer separates every dichotomy", ax=axes[0, 0])
    plotting.dress(axes[0, 0], x="digit")
    easiest = names[int(np.nanargmax(values[-1]))] if layers else "–"
    caption = (
        "GLUE capacity of each digit among the others, where every dichotomy is separable. Rows: layers; columns: "
        f"digits. In {layers[-1] if layers else 'no layer'} digit {easiest} stands out most clearly."
    )
    return report.Figure(
        figure, caption, f"Heat map of capacity by layer and digit; digit {easiest} has the highest value."
    )


def _methods(network: Any, layers: Mapping[str, xr.DataArray]) -> str:
    """What came before the measures."""
    sizes = ", ".join(f"{name} {array.sizes['neuroid']}" for name, array in layers.items() if name != "pixels")
    return (
        f"Images were the 8 × 8 handwritten digits of scikit-learn. A network with two convolutional and two hidden "
        f"layers (units: {sizes}) was trained on two thirds of them with cross-entropy and AdamW and named "
        f"{network.test_accuracy:.1%} of the others correctly. Responses of all units of each layer, after its "
        f"nonlinearity, to {N_PER_CLASS} of these held-out images per digit formed one manifold per digit."
    )


def _tell(written: Mapping[str, Path], seconds: float, code: str, say: Say) -> None:
    say(f"\nDone in {seconds:.0f} s. Open the first:")
    for name, path in written.items():
        say(f"  {name:<9}{path}")
    say("\nThe same in Python:\n")
    for line in code.splitlines():
        say(f"  {line}")
