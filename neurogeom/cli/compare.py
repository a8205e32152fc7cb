"""``neurogeom compare``, ``predict``, ``align`` and ``datasets``: models and recordings from files."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurogeom import report
from neurogeom.cli.capacity import split_layers
from neurogeom.cli.outputs import write

Say = Callable[[str], None]
_MEANINGS = {
    "manifolds": "Alignment distance of two classes, averaged over pairs: 0 = alike; and with shuffled labels.",
    "relative_geometry": "Similarities: 1 = same, 0 = unrelated.",
}


def run_compare(
    models: Sequence[Path], recordings: Sequence[Path], labels: str, out: Path, *, say: Say, **options: Any
) -> dict[str, Path]:
    """Compare the models in some files with the recordings in others, and write the report.

    Parameters
    ----------
    models : sequence of Path
        Features, a model in each file; layers by their coordinate ``layer``.
    recordings : sequence of Path
        Single trials, joined by ``stimulus_id`` where there are several.
    labels : str
        Coordinate with the classes.
    out : Path
        Folder for what is written.
    say : callable
        Takes each line that is told on the way.
    **options
        For :func:`neurogeom.report.compare`.

    Returns
    -------
    dict of str to Path
        What was written.

    Raises
    ------
    ValueError
        For files that do not fit together.
    """
    import shutil

    started = time.perf_counter()
    given = {name: read(path) for name, path in _named(models).items()}
    trials = {name: read(path) for name, path in _named(recordings).items()}
    found = report.compare(
        given,
        trials if len(trials) > 1 else next(iter(trials.values())),
        labels,
        folder=out / "units",
        tell=say,
        **options,
    )
    parts = ["neurogeom", "compare", *_repeated("--model", models), *_repeated("--recording", recordings)]
    written = found.save(out, command=_command([*parts, "--labels", labels], options, out))
    shutil.rmtree(out / "units")
    _done(written, started, say)
    return written


def run_predict(features: Path, recording: Path, out: Path, *, say: Say, **options: Any) -> dict[str, Path]:
    """Score how well each layer in a file predicts a recording, and write the report.

    Parameters
    ----------
    features, recording : Path
    out : Path
        Folder for what is written.
    say : callable
        Takes each line that is told on the way.
    **options
        For :func:`neurogeom.predictivity.score`.

    Returns
    -------
    dict of str to Path
        What was written.

    Raises
    ------
    ValueError
        For files that do not fit together.
    """
    import shutil

    from neurogeom import plotting, results

    started = time.perf_counter()
    layers: dict[str, Any] = dict(split_layers(_flat(read(features)), None))
    trials = _flat(read(recording))
    if options.get("method") == "banded_ridge" and len(layers) > 1:
        layers = {features.stem: layers}
    scores = _scores(layers, trials, options, out / "units", say)
    figure, axes = plotting.new_figure(size=(5.6, 3.4))
    items = list(scores.values())
    if len(items) == 1:
        result = items[0]
        result.plot(ax=axes[0, 0])
        caption = "Correlation of each neuroid with held-out responses, against the best that its reliability allows."
    else:
        result = results.concat(items, layer=list(scores))
        result.plot(ax=axes[0, 0])
        caption = "Prediction of held-out responses by layer, with 95 % intervals over splits and neuroids."
    alt = "; ".join(f"{name}: r {one.correlation:.2f}" for name, one in scores.items())
    blocks = [report.Figure(figure, caption, alt), report.Table(result.summary(), "Scores with their intervals.")]
    parts = ["neurogeom", "predict", str(features), str(recording)]
    command = _command(parts, {name: value for name, value in options.items() if value is not None}, out)
    title = f"Prediction of {recording.name} from {features.name}"
    written = _write_one("predictivity", result, "Neural predictivity", blocks, figure, title, command, out)
    shutil.rmtree(out / "units")
    _done(written, started, say)
    return written


def _scores(
    layers: Mapping[str, Any], trials: xr.DataArray, options: Mapping[str, Any], folder: Path, say: Say
) -> dict[str, Any]:
    """The score of each layer; those that a stopped run had finished are read back."""
    from neurogeom import predictivity
    from neurogeom.io import UnitStore, fingerprint

    used = {name: value for name, value in options.items() if name != "n_jobs"}
    store = UnitStore(folder, fingerprint(dict(layers), trials, used))
    scores: dict[str, Any] = {}
    for name, layer in layers.items():
        scores[name] = store.found((name,))
        if scores[name] is None:
            scores[name] = predictivity.score(layer, trials, **options)
            store.save((name,), scores[name])
        say(f"  {name}: r = {scores[name].correlation:.3f}" + _ceiled(scores[name]))
    return scores


def run_align(first: Path, second: Path, labels: str | None, out: Path, *, seed: int, say: Say) -> dict[str, Path]:
    """Compare two systems that saw the same stimuli: CKA, Procrustes distance, RSA; with labels, their classes too.

    Parameters
    ----------
    first, second : Path
        Responses, or features; repetitions of a stimulus are averaged.
    labels : str or None
        Coordinate with the classes, in the first file: the alignment of classes in each system, and with four or more
        classes whether both systems place and turn them alike.
    out : Path
        Folder for what is written.
    seed : int
    say : callable
        Takes each line that is told on the way.

    Returns
    -------
    dict of str to Path
        What was written.

    Raises
    ------
    ValueError
        For files that do not fit together.
    """
    from neurogeom import alignment, plotting

    started = time.perf_counter()
    one, other = (_averaged(_flat(read(path))) for path in (first, second))
    found: dict[str, Any] = {
        "cka": alignment.cka_similarity(one, other),
        "procrustes": alignment.procrustes_distance(one, other),
        "rsa": alignment.rdm_similarity(
            alignment.rdm(one, metric="correlation"), alignment.rdm(other, metric="correlation"),
            uncertainty="stimuli", n_permutations=200, seed=seed,
        ),
    }  # fmt: skip
    if labels is not None:
        found |= _of_classes({first: one, second: other}, labels, seed, say)
    sections, figures = [], {}
    for name, result in found.items():
        figure, axes = plotting.new_figure(size=(5.6, 3.2))
        result.plot(ax=axes[0, 0])
        figures[name] = figure
        values = ", ".join(f"{value:.3f}" for value in np.ravel(result.data[result.headline[0]].values))
        meaning = result.meaning.sentence() if hasattr(result, "meaning") else _MEANINGS[name]
        blocks: list[Any] = [
            report.Figure(figure, meaning[:1].upper() + meaning[1:], f"{result.title}: {values}."),
            report.Table(result.summary()),
        ]
        sections.append(report.Section(result.title, blocks))
        say(f"  {result.title}: {values}")
    parts = ["neurogeom", "align", str(first), str(second), *(["--labels", labels] if labels else [])]
    sections += [
        report.methods_section(found, extra=f"{first.name} and {second.name} were compared on their common stimuli."),
        report.warnings_section(found),
        report.reproduction(_command(parts, {"seed": seed}, out), title="The same command"),
    ]
    title = f"Alignment of {first.name} and {second.name}"
    subtitle = f"{one.sizes['presentation']} stimuli"
    written = write(out, found, sections, title=title, subtitle=subtitle, figures=figures)
    _done(written, started, say)
    return written


def _of_classes(systems: Mapping[Path, xr.DataArray], labels: str, seed: int, say: Say) -> dict[str, Any]:
    """How the classes of the first file are turned against each other in each system, and in both alike."""
    from neurogeom import Manifolds, alignment, results
    from neurogeom._core.responses import hint

    (first, one), *_ = systems.items()
    if labels not in one.coords or one.coords[labels].dims != ("presentation",):
        known = [name for name, coordinate in one.coords.items() if coordinate.dims == ("presentation",)]
        raise ValueError(
            f"labels={labels!r} is not a coordinate of the stimuli of {first.name} (one value for each stimulus). "
            f"{hint(labels, known)}"
        )
    classes = dict(zip(map(str, one["stimulus_id"].values), map(str, one[labels].values), strict=True))
    clouds = [
        Manifolds.from_labels(x, [classes[str(name)] for name in x["stimulus_id"].values]) for x in systems.values()
    ]
    n_splits = 20 if min(cloud.n_points.min() for cloud in clouds) >= 4 else 0
    each = [alignment.manifolds(cloud, n_shuffles=20, n_splits=n_splits, seed=seed) for cloud in clouds]
    found: dict[str, Any] = {"manifolds": results.concat(each, system=list(_named(list(systems)).keys()))}
    if clouds[0].n_manifolds >= 4:
        found["relative_geometry"] = alignment.relative_geometry(*clouds, seed=seed)
    else:
        say(f"  {clouds[0].n_manifolds} classes: relative geometry, which correlates pairs of classes, needs 4.")
    return found


def cards_table() -> str:
    """All data sets that neurogeom knows, and whether their files are on this machine."""
    from neurogeom import datasets

    lines = []
    for name, card in datasets.cards().items():
        area = ", ".join(card.area) if isinstance(card.area, list) else card.area or ""
        place = _place(card)
        lines.append(f"{name:<28}{card.title}\n{'':<28}{'; '.join(filter(None, [area, card.license, place]))}")
    return "\n".join(lines)


def read(path: Path) -> xr.DataArray:
    """Responses or features from a file."""
    from neurogeom.recordings import load

    return load(path)


def _place(card: Any) -> str:
    """Whether the files of a data set are here."""
    from neurogeom.datasets.files import find_file, find_user_file

    try:
        if card.reader == "user_file":
            find_user_file(card)
        for file in card.files:
            find_file(card, file.name)
    except FileNotFoundError:
        return "not on this machine"
    except ValueError:
        return "on this machine, with another content than the card's"
    return "on this machine"


def _flat(array: xr.DataArray) -> xr.DataArray:
    """Without a single time bin; several are refused."""
    extra = [dim for dim in array.dims if dim not in ("presentation", "neuroid")]
    if any(array.sizes[dim] > 1 for dim in extra):
        raise ValueError(
            f"{array.name or 'the file'} has {[array.sizes[dim] for dim in extra]} entries along {extra}. Choose a "
            "window first, with recordings.time_window, and save it."
        )
    return array.squeeze(extra, drop=True)


def _averaged(array: xr.DataArray) -> xr.DataArray:
    from neurogeom.recordings import average_repetitions

    if "stimulus_id" not in array.coords:
        index = np.arange(array.sizes["presentation"]).astype(str).astype(object)
        return array.assign_coords(stimulus_id=("presentation", index))
    return average_repetitions(array, "stimulus_id", missing="omit")


def _named(paths: Sequence[Path]) -> dict[str, Path]:
    """Paths by their stem, or by their whole name where stems are alike."""
    stems = [path.stem for path in paths]
    names = stems if len(set(stems)) == len(stems) else [str(path) for path in paths]
    return dict(zip(names, paths, strict=True))


def _ceiled(result: Any) -> str:
    return f", {result.ceiled_score:.3f} of the ceiling" if "ceiled_score" in result.data else ""


def _write_one(
    key: str, result: Any, heading: str, blocks: list[Any], figure: Any, title: str, command: str, out: Path
) -> dict[str, Path]:
    sections = [
        report.Section(heading, blocks),
        report.methods_section({key: result}),
        report.warnings_section({key: result}),
        report.reproduction(command, title="The same command"),
    ]
    return write(out, {key: result}, sections, title=title, subtitle="", figures={key: figure})


def _repeated(flag: str, paths: Sequence[Path]) -> list[str]:
    return [part for path in paths for part in (flag, str(path))]


def _command(parts: Sequence[str], options: Mapping[str, Any], out: Path) -> str:
    given = [
        part
        for name, value in options.items()
        if name != "n_jobs" and value is not None
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]
    return shlex.join([*parts, *given, "--out", str(out)])


def _done(written: Mapping[str, Path], started: float, say: Say) -> None:
    say(f"\nDone in {time.perf_counter() - started:.0f} s:")
    for name, path in written.items():
        say(f"  {name:<9}{path}")
