"""``neurogeom capacity``: the measures on a person's own file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom import report
from neurogeom.capacity import text
from neurogeom.cli.analysis import Measure, Outcome, run_layers
from neurogeom.cli.outputs import close_store, open_store, write
from neurogeom.cli.sections import across_figure, layer_table, single_figure, summary_table
from neurogeom.io import fingerprint
from neurogeom.results import Result

_FUNCTIONS = {"glue": "glue", "mean-field": "mean_field", "simulated": "simulated"}
_ALL = ("seed", "n_samples", "n_jobs", "progress")
_TAKES = {
    "glue": (*_ALL, "backend", "dichotomies", "margin", "origin", "uncertainty"),
    "mean-field": (*_ALL, "backend", "margin", "center_correction", "uncertainty"),
    "simulated": (*_ALL, "dichotomies", "origin"),
}
# options that some measures do not take, and that are refused where no chosen one does
_SPECIAL = ("dichotomies", "margin", "origin", "center_correction", "uncertainty")

Say = Callable[[str], None]


def run(
    responses: Path,
    out: Path,
    *,
    methods: Sequence[str],
    labels: str | None,
    layer: str | None,
    variable: str | None,
    average: str | None,
    say: Say,
    **options: Any,
) -> dict[str, Path]:
    """Compute measures of the classes in a file, by layer, and write report, figures and numbers.

    Parameters
    ----------
    responses : Path
        File with responses (presentation × neuroid).
    out : Path
        Folder for what is written.
    methods : sequence of {'glue', 'mean-field', 'simulated'}
        What to compute.
    labels : str or None
        Coordinate with the classes, or a file with one label per presentation.
    layer : str or None
        Layers to analyze, as a pattern.
    variable, average : str or None
        Which array of the file; coordinate whose equal presentations are averaged into one point.
    say : callable
        Takes each line that is told on the way.
    **options
        `seed`, `n_samples`, `backend`, `n_jobs`, `dichotomies`, `margin`, `origin`, `center_correction`, `uncertainty`.

    Returns
    -------
    dict of str to Path
        What was written.

    Raises
    ------
    ValueError
        For a file, label, layer or option that does not fit, and when nothing could be computed.
    """
    import neurogeom
    from neurogeom.recordings import load

    started = time.perf_counter()
    array = load(responses, variable=variable)
    classes = read_labels(labels, array)
    layers = split_layers(array, layer)
    bar = sys.stderr.isatty()
    measures = build_measures(methods, {**options, "progress": bar})
    given = {name: str(value) for name, value in sorted(options.items()) if name != "n_jobs"}
    run_of = ("capacity", neurogeom.__version__, list(layers), list(methods), average, given)
    content = array.attrs.get("fingerprint", array)  # stores of activations know theirs, and may not fit in memory
    mark = fingerprint(*run_of, content, np.asarray(classes).astype(str))
    store = open_store(out, mark)
    say(f"{responses.name}: {array.shape[0]} presentations × {array.shape[1]} neuroids, {len(set(classes))} classes")
    inputs = {name: partial(_manifolds, part, classes, average) for name, part in layers.items()}
    tell = _above_bars if bar else say
    outcome = run_layers(inputs, measures, store, after=lambda name, found: _tell_layer(name, found, tell), bar=bar)
    if not outcome.results:
        raise ValueError(next(iter(outcome.failures.values()), "there was nothing to compute."))
    asked = {"labels": labels, "layer": layer, "variable": variable, "average": average, **options}
    sections, figures = _sections(outcome, layers, command_line(responses, out, methods, asked))
    title, subtitle = (
        f"Manifold capacity of {responses.name}",
        f"{len(set(classes))} classes, {array.shape[1]} neuroids",
    )
    written = write(out, outcome.results, sections, title=title, subtitle=subtitle, figures=figures)
    close_store(store)
    say(f"\nDone in {time.perf_counter() - started:.0f} s:")
    for name, path in written.items():
        say(f"  {name:<9}{path}")
    if outcome.failures:
        notes = "; ".join(outcome.failure_notes)
        raise ValueError(f"{len(outcome.failures)} of {len(layers) * len(measures)} parts failed: {notes}")
    return written


def read_labels(labels: str | None, array: xr.DataArray) -> np.ndarray:
    """Return one label per presentation, from a coordinate or from a file.

    Parameters
    ----------
    labels : str or None
        Name of a coordinate, or path of a .npy, .csv, .tsv or .txt file with one label per row (of a table, the last
        column). A first line that is one too many and names no other class is the head of the table, and is left out.
    array : xarray.DataArray
        Responses (presentation × neuroid).

    Returns
    -------
    numpy.ndarray of shape (presentations,)
        The labels.

    Raises
    ------
    ValueError
        If there is neither such a coordinate nor such a file, its length is wrong, or a label is empty.
    """
    import difflib

    dim = str(array.dims[0])
    known = [str(name) for name, coordinate in array.coords.items() if coordinate.dims == (dim,)]
    if labels is None:
        raise ValueError(f"--labels is missing. Give a file with one label per presentation, or {_one_of(known)}.")
    if labels in known:
        return np.asarray(array[labels].values)
    path = Path(labels)
    if not path.suffix and not path.exists():
        close = difflib.get_close_matches(labels, known, n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        raise ValueError(f"--labels {labels!r} is no coordinate of the presentations. {hint}Known: {_one_of(known)}.")
    return _of_length(_label_file(path), array.sizes[dim], path)


def split_layers(array: xr.DataArray, pattern: str | None) -> dict[str, xr.DataArray]:
    """Split responses by the coordinate `layer` of their neuroids, and keep those layers that fit a pattern.

    Parameters
    ----------
    array : xarray.DataArray
        Responses (presentation × neuroid).
    pattern : str or None
        Such as ``'conv*'``; all layers for None.

    Returns
    -------
    dict of str to xarray.DataArray
        In the order of the file; one entry 'all' where there are no layers.

    Raises
    ------
    ValueError
        If a pattern is given and there are no layers, or none fits.
    """
    dim = array.dims[-1]
    if "layer" not in array.coords or array["layer"].dims != (dim,):
        if pattern is not None:
            raise ValueError("--layer was given, but the neuroids of this file have no coordinate 'layer'.")
        return {"all": array}
    values = np.array([str(name) for name in array["layer"].values], dtype=object)
    names = list(dict.fromkeys(values))
    chosen = [name for name in names if pattern is None or fnmatchcase(name, pattern)]
    if not chosen:
        raise ValueError(f"--layer {pattern!r} fits none of the {len(names)} layers: {_one_of(names)}.")
    return {name: array.isel({dim: np.flatnonzero(values == name)}) for name in chosen}


def build_measures(methods: Sequence[str], options: Mapping[str, Any]) -> dict[str, Measure]:
    """Return the measures with their options; an option that no chosen measure takes is refused.

    Parameters
    ----------
    methods : sequence of str
        Names on the command line.
    options : mapping of str to anything
        `seed`, `n_samples`, `backend`, `n_jobs`, `progress`, `dichotomies`, `margin`, `origin`, `center_correction`,
        `uncertainty`.

    Returns
    -------
    dict of str to function
        Each takes `Manifolds` and returns a result.

    Raises
    ------
    ValueError
        If an option does not belong to the methods.
    """
    from neurogeom import capacity

    given = {name: value for name, value in options.items() if value is not None and value != "none"}
    for name in _SPECIAL:
        fitting = [method for method in _FUNCTIONS if name in _TAKES[method]]
        if name in given and not set(fitting) & set(methods):
            flag = name.replace("_", "-")
            raise ValueError(
                f"--{flag} has no meaning for --method {' '.join(methods)}. Leave it out, or use --method "
                f"{' or '.join(fitting)}."
            )
    measures: dict[str, Measure] = {}
    for method in methods:
        mine = {name: value for name, value in given.items() if name in _TAKES[method]}
        if method == "simulated" and "n_samples" in mine:
            mine["n_trials"] = mine.pop("n_samples")
        measures[_FUNCTIONS[method]] = partial(getattr(capacity, _FUNCTIONS[method]), **mine)
    return measures


def command_line(responses: Path, out: Path, methods: Sequence[str], options: Mapping[str, Any]) -> str:
    """Return the command that gives the same again.

    Parameters
    ----------
    responses, out : Path
        File and folder of the run.
    methods : sequence of str
        Names on the command line.
    options : mapping of str to anything
        All other options by the name of their parameter; those that were not given are None or 'none'. The number of
        workers changes nothing and is left out.

    Returns
    -------
    str
        Quoted for a shell.
    """
    import shlex

    parts = ["neurogeom", "capacity", str(responses)]
    parts += [part for method in methods for part in ("--method", method)]
    for name, value in options.items():
        if value is not None and value != "none" and name != "n_jobs":
            parts += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join([*parts, "--out", str(out)])


def _manifolds(part: xr.DataArray, classes: np.ndarray, average: str | None) -> Any:
    from neurogeom import Manifolds

    return Manifolds.from_labels(part, classes, average=average)


def _label_file(path: Path) -> np.ndarray:
    """Labels from a file; what cannot be read is named with the option that gave it."""
    if not path.exists():
        raise ValueError(f"--labels {str(path)!r}: there is no such file, and no such coordinate.")
    if path.suffix not in (".npy", ".csv", ".tsv", ".txt"):
        raise ValueError(f"--labels {str(path)!r}: labels are read from .npy, .csv, .tsv and .txt files.")
    try:
        return _read_label_file(path)
    except UnicodeDecodeError as error:
        raise ValueError(f"--labels {str(path)!r} is not text in UTF-8 ({error.reason}). Save it as UTF-8.") from error
    except (ValueError, EOFError) as error:
        remedy = " Save labels as text or whole numbers, not as objects." if "pickle" in str(error) else ""
        raise ValueError(f"--labels {str(path)!r} cannot be read: {str(error).rstrip('.')}.{remedy}") from error


def _read_label_file(path: Path) -> np.ndarray:
    """Labels from a file: an array, or the last column of a table, word for word ('NA' is a class like any other)."""
    import pandas as pd

    if path.suffix == ".npy":
        return np.load(path, allow_pickle=False).ravel()
    separator = "\t" if path.suffix == ".tsv" else ","
    frame = pd.read_csv(path, sep=separator, header=None, dtype=str, skip_blank_lines=True, keep_default_na=False)
    values = frame.iloc[:, -1].str.strip().to_numpy()
    empty = np.flatnonzero(values == "")
    if empty.size:
        rows = ", ".join(str(row + 1) for row in empty[:3])
        raise ValueError(f"it has {empty.size} empty labels (first: row {rows}). Give each presentation a class.")
    return values


def _of_length(values: np.ndarray, n_presentations: int, path: Path) -> np.ndarray:
    """One label per presentation; the head of a table is left out where it is told from a class."""
    if len(values) == n_presentations:
        return values
    is_table, one_more = path.suffix != ".npy", len(values) == n_presentations + 1
    if is_table and one_more and values[0] not in set(values[1:]):
        return values[1:]
    remedy = "Give one label per presentation, in their order."
    if is_table and one_more:
        remedy = f"Is line 1, {str(values[0])!r}, a header? Then remove it. {remedy}"
    raise ValueError(f"{path} has {len(values)} labels, the responses have {n_presentations} presentations. {remedy}")


def _sections(
    outcome: Outcome, layers: Mapping[str, xr.DataArray], command: str
) -> tuple[list[report.Section], dict[str, Any]]:
    """Parts of the report, and the figures that also become files."""
    sections, figures = [], {}
    for name, result in outcome.results.items():
        along = bool(text.leading_dims(result))
        figure, caption, alt = across_figure(result) if along else single_figure(result)
        blocks: list[Any] = [report.Figure(figure, caption, alt)]
        if along:
            sizes = {key: part.shape[-1] for key, part in layers.items()}
            blocks.append(layer_table({text.method(result): result}, None, sizes))
        else:
            blocks.append(summary_table(result))
        sections.append(report.Section(result.title, blocks))
        figures[name] = figure
    sections.append(report.methods_section(outcome.results))
    sections.append(report.warnings_section(outcome.results, extra=outcome.failure_notes))
    sections.append(report.reproduction(command, title="The same command"))
    return sections, figures


def _above_bars(line: str) -> None:
    """Print a line without breaking a progress bar."""
    from tqdm import tqdm

    tqdm.write(line)


def _tell_layer(name: str, found: Mapping[str, Result], say: Say) -> None:
    """One line per layer: capacities with their intervals."""
    parts = []
    for method, result in found.items():
        value, ends = float(result.data["capacity"]), text.interval(result.data, "capacity")
        within = "" if ends is None else f" ({float(ends.low):.3f}–{float(ends.high):.3f})"
        low = " near its floor" if bool(text.near_floor(result.data)) else ""
        parts.append(f"{method} {value:.3f}{within}{low}")
    say(f"  {name}: " + "; ".join(parts) if parts else f"  {name}: not computed")


def _one_of(names: Sequence[str], limit: int = 12) -> str:
    shown = ", ".join(repr(name) for name in names[:limit]) or "nothing"
    return shown + (f" and {len(names) - limit} more" if len(names) > limit else "")
