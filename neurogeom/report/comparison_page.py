"""The page of a comparison of models with a recording: in short, figures with captions, numbers, methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurogeom import plotting
from neurogeom.capacity import text
from neurogeom.report.blocks import Figure, Notes, Section, Table, Text
from neurogeom.report.provenance import methods_section, reproduction, warnings_section
from neurogeom.statistics import holm

if TYPE_CHECKING:
    from neurogeom.report.comparison import ModelComparison

ALONG = "population"
CATEGORIES = "class means only"
RECORDING = "recording"
ALPHA = 0.05
GEOMETRY = ("capacity", "dimension", "radius")


def page(found: ModelComparison, command: str = "") -> tuple[list[Section], dict[str, Any]]:
    """Sections of the report, and the figures that also become files."""
    figures: dict[str, Any] = {}
    sections = [Section("In short", [Text("\n\n".join(in_short(found))), Table(numbers(found), _NUMBERS)])]
    if "reliability" in found.results:
        sections.append(_reliability(found, figures))
    sections.append(_prediction(found, figures))
    if "capacity" in found.results:
        sections += [_capacity(found, figures), _alignment(found, figures)]
    sections.append(methods_section(found.results, extra=methods(found)))
    sections.append(Section("Left out or changed", [Notes(found.notes)]))
    sections.append(warnings_section(found.results))
    if command:
        sections.append(reproduction(command, title="The same command"))
    return sections, figures


def in_short(found: ModelComparison) -> list[str]:
    """What a reader in a hurry should know, a paragraph each."""
    facts, results = found.facts, found.results
    said = [
        f"The recording has {facts['n_neuroids']} neuroids and {facts['n_stimuli']} stimuli in {facts['n_classes']} "
        f"classes, each shown {facts['n_repetitions']} times or more."
    ]
    if "reliability" in results:
        said[0] += f" The median reliability of its mean responses is {results['reliability'].median_reliability:.2f}."
    said.append(_prediction_in_short(found))
    if "capacity" in results:
        said.append(_capacity_in_short(found))
    if "cka" in results:
        values = results["cka"].data["similarity"]
        best = str(values[ALONG].values[int(np.nanargmax(values.values))])
        said.append(
            f"Closest in overall geometry (debiased CKA with the recording) is {best}: {float(values.max()):.2f} "
            "(0 = unrelated, 1 = same)."
        )
    return said


def numbers(found: ModelComparison) -> pd.DataFrame:
    """One row for each population: the numbers of all measures."""
    results, columns = found.results, {}
    score = results["predictivity"].data
    if "ceiled_score" in score:
        columns["score / ceiling"] = _cells(score, "ceiled_score")
    columns["r"] = _cells(score, "correlation")
    if "capacity" in results:
        data = results["capacity"].data
        hidden = text.near_floor(data)
        for name in GEOMETRY:
            columns[text.label(results["capacity"], name, unit=False)] = _cells(
                data, name, hidden if name != "capacity" else None
            )
        columns["alignment distance"] = _cells(results["alignment"].data, "mean_distance")
        columns["CKA"] = _cells(results["cka"].data, "similarity")
    if "relative_geometry" in results:
        for name in ("position", "alignment", "rsa"):
            columns[f"{name} similarity"] = _cells(results["relative_geometry"].data, f"{name}_similarity")
    rows = [*found.populations, CATEGORIES] + ([RECORDING] if "capacity" in results else [])
    frame = pd.DataFrame(columns).reindex(rows).fillna("–")
    frame.index.name = ALONG
    return frame


def differences(found: ModelComparison) -> pd.DataFrame:
    """Capacity, dimension and radius minus the recording's, with p corrected over populations (Holm)."""
    data, whole = found.results["capacity_differences"].data, found.results["capacity"].data
    near = pd.Series(text.near_floor(whole), index=_names(whole))
    hidden = np.asarray(near[_names(data)]) | bool(near[RECORDING])
    rows = {}
    for name in GEOMETRY:
        if f"{name}_difference" not in data:
            continue
        p = np.asarray(data[f"{name}_difference_p"].values, dtype=float)
        p = np.where(hidden, np.nan, p)
        corrected = np.full(p.shape, np.nan)
        known = np.isfinite(p)
        corrected[known] = holm(p[known]) if known.any() else p[known]
        rows[f"{name} − recording"] = _cells(data, f"{name}_difference", hidden)
        rows[f"p ({name})"] = pd.Series(corrected, index=_names(data))
    frame = pd.DataFrame(rows)
    frame.index.name = ALONG
    return frame


def methods(found: ModelComparison) -> str:
    """What was done before and beside capacity, ready to paste; the rooms' own paragraphs follow it."""
    facts = found.facts
    regression = (
        f"partial least squares with {facts['n_components']} components (fewer where features allow fewer)"
        if facts["method"] == "pls"
        else "ridge regression, its penalty chosen for each neuroid by leave-one-out on training stimuli"
    )
    reliability = (
        " The ceiling is the split-half reliability of each neuroid, corrected by Spearman and Brown; scores are r² "
        "over the ceiling with the sign of r, of medians over neuroids, not clamped."
        if "reliability" in found.results
        else ""
    )
    relative = (
        " Relative geometry is the correlation, over pairs of classes, of center correlations (position) and alignment "
        "distances (alignment), and over pairs of stimuli of dissimilarities (RSA)."
        if "relative_geometry" in found.results
        else ""
    )
    geometry = (
        f" For geometry, responses were averaged over repetitions, {facts['n_points']} stimuli of each class were "
        "drawn (the same in all populations), and populations with more neuroids than the recording were projected at "
        "random to its number. Alignment is the covariance alignment distance of Kuoch et al. (2024), averaged over "
        f"pairs of classes; overall similarity is debiased linear CKA (Kornblith et al., 2019).{relative} Capacities "
        "were compared with the recording's by a paired delete-group jackknife over stimuli, with Holm's correction "
        "over populations."
        if "capacity" in found.results
        else ""
    )
    return (
        f"Responses of {facts['n_neuroids']} neuroids to {facts['n_stimuli']} stimuli in {facts['n_classes']} classes "
        f"were compared with {len(found.populations)} populations of model units. Responses were predicted from each "
        f"population by {regression}, scored by Pearson's r on held-out stimuli in {facts['n_splits']} random splits "
        f"(90 % training).{reliability} Predictions from class labels alone were scored in the same way. Scores were "
        f"compared by a paired bootstrap over stimuli and neuroids ({_resamples(found)} resamples) with Holm's "
        f"correction.{geometry}"
    )


_NUMBERS = (
    "All populations; in brackets 95 % intervals (prediction: over splits and neuroids; capacity, dimension, radius: "
    "over stimuli). Dashes: not defined, or capacity too near its floor for geometry to mean something."
)


def _prediction_in_short(found: ModelComparison) -> str:
    data = found.results["predictivity"].data
    name = "ceiled_score" if "ceiled_score" in data else "correlation"
    own = data[name].sel({ALONG: list(found.populations)})
    said = ""
    if not np.isfinite(own).any():
        said = "The recording is too unreliable for scores in units of its ceiling, whose median is not above zero. "
        name, own = "correlation", data["correlation"].sel({ALONG: list(found.populations)})
    if not np.isfinite(own).any():
        return said + "No population has a score."
    best = found.populations[int(np.nanargmax(own.values))]
    what = "of the ceiling" if name == "ceiled_score" else "correlation"
    said += (
        f"{best} predicts held-out responses best: {float(own.max()):.2f} {what}; class means alone give "
        f"{float(data[name].sel({ALONG: CATEGORIES})):.2f}."
    )
    if "predictivity_differences" not in found.results:
        return said
    p = found.results["predictivity_differences"].data["p_corrected"]
    upper = p.values[np.triu_indices(len(p), 1)]
    if not np.isfinite(upper).any():
        return said + " Whether models differ cannot be told."
    said += f" {int((upper < ALPHA).sum())} of {len(upper)} differences in prediction are significant (p < 0.05, Holm)."
    if best in p["model"].values:
        others = [str(n) for n in p["other_model"].values if str(n) != best]
        like = [n for n in others if not float(p.sel(model=best, other_model=n)) < ALPHA]
        said += (
            f" Not distinguishable from the best: {', '.join(like)}." if like else " The best differs from all others."
        )
    return said


def _capacity_in_short(found: ModelComparison) -> str:
    data = found.results["capacity"].data
    own = float(data["capacity"].sel({ALONG: RECORDING}))
    words = f"The capacity of the recording for these classes is {own:.3f} (floor {_floor(data):.3f})."
    low = [name for name, near in zip(_names(data), text.near_floor(data), strict=True) if near]
    if low:
        words += f" Near the floor, where little can be said: {', '.join(low)}."
    p = differences(found)["p (capacity)"]
    value = found.results["capacity_differences"].data["capacity_difference"].values
    for word, sign in (("higher", 1), ("lower", -1)):
        names = [name for name, one, v in zip(p.index, p, value, strict=True) if one < ALPHA and sign * v > 0]
        if names:
            words += f" Significantly {word}: {', '.join(names)}."
    if not np.isfinite(p).any():
        return words + " Differences from the recording mean nothing there."
    return words if (p < ALPHA).any() else words + " No population differs from it significantly."


def _resamples(found: ModelComparison) -> Any:
    return found.results["predictivity_differences"].settings["n_resamples"]


def _floor(data: Any) -> float:
    return float(data["capacity_floor"].sel({ALONG: RECORDING}))


def _reliability(found: ModelComparison, figures: dict[str, Any]) -> Section:
    result = found.results["reliability"]
    figure, axes = plotting.new_figure(size=(5.2, 3.0))
    result.plot(ax=axes[0, 0])
    figures["reliability"] = figure
    value = float(result.data["median_reliability"])
    caption = (
        "Split-half reliability of the mean response of each neuroid (Spearman–Brown); dashed: the median. No model "
        "can explain more of a neuroid's variance than this."
    )
    return Section("How reliable is the recording", [Figure(figure, caption, f"Median reliability {value:.2f}.")])


def _prediction(found: ModelComparison, figures: dict[str, Any]) -> Section:
    data = found.results["predictivity"].data
    name = "ceiled_score" if "ceiled_score" in data else "correlation"
    rows = _names(data)
    figure, axes = plotting.new_figure(size=_rows_size(len(rows)), grid="x")
    _dots(data, name, axes[0, 0])
    base = float(data[name].sel({ALONG: CATEGORIES}))
    plotting.reference(base, axis="x", label=CATEGORIES, ax=axes[0, 0])
    if name == "ceiled_score":
        plotting.reference(1.0, axis="x", color=plotting.PALETTE[1], label="ceiling", ax=axes[0, 0])
    words = "share of the explainable variance" if name == "ceiled_score" else "correlation with held-out responses"
    plotting.dress(axes[0, 0], title="Prediction of held-out responses", x=words, legend="best")
    figures["predictivity"] = figure
    caption = (
        f"Prediction of held-out responses ({words}); bars: 95 % intervals over splits and neuroids. Dashed: "
        "prediction from class labels alone; what exceeds it is about images, not classes."
    )
    values = ", ".join(f"{row} {float(value):.2f}" for row, value in zip(rows, data[name].values, strict=True))
    blocks: list[Any] = [Figure(figure, caption, f"Scores: {values}.")]
    if "predictivity_differences" in found.results:
        result = found.results["predictivity_differences"]
        figure, axes = plotting.new_figure(size=_rows_size(result.data.sizes["model"]), grid="x")
        result.plot(ax=axes[0, 0])
        figures["predictivity_differences"] = figure
        caption = (
            "Scores of pooled predictions, best first, with 95 % intervals over stimuli and neuroids. Gray bars join "
            "populations that do not differ after Holm's correction."
        )
        if result.data.sizes["model"] < len(rows):
            caption += (
                " The best layer of each model was chosen on the same data, which favors models with many layers."
            )
        blocks.append(Figure(figure, caption, "Populations ordered by score, with those alike joined."))
    return Section("Which model predicts the responses", blocks)


def _capacity(found: ModelComparison, figures: dict[str, Any]) -> Section:
    result = found.results["capacity"]
    data = result.data
    hidden = text.near_floor(data)
    figure, axes = plotting.new_figure(n_columns=3, size=(2.4 + 0.5, _rows_size(len(hidden))[1]), grid="x")
    for column, (ax, name) in enumerate(zip(axes[0], GEOMETRY, strict=True)):
        _dots(data, name, ax, hidden=hidden, show_names=column == 0)
        own = float(data[name].sel({ALONG: RECORDING}))
        if np.isfinite(own) and not (name != "capacity" and hidden[_names(data).index(RECORDING)]):
            plotting.reference(own, axis="x", ax=ax)
        words, unit = text.label(result, name, unit=False), text.unit(result, name)
        plotting.dress(ax, title=words[:1].upper() + words[1:], x=unit)
    figures["capacity"] = figure
    caption = (
        f"Capacity and geometry of the classes: {text.describe(result)}. Dashed: the recording. Bars: 95 % intervals "
        "over stimuli. Hollow: below 1.5 times the floor P/rank; radius and dimension mean nothing there and are left "
        "out."
    )
    values = ", ".join(f"{n} {float(v):.3f}" for n, v in zip(_names(data), data["capacity"].values, strict=True))
    table = Table(
        differences(found),
        "Differences from the recording with 95 % intervals over stimuli; p after Holm's correction.",
    )
    return Section("How many classes can be read out", [Figure(figure, caption, f"Capacities: {values}."), table])


def _alignment(found: ModelComparison, figures: dict[str, Any]) -> Section:
    data = found.results["alignment"].data
    relative = found.results.get("relative_geometry")
    panels = 1 + 1 + (relative is not None)
    height = _rows_size(data.sizes[ALONG])[1]
    figure, axes = plotting.new_figure(n_columns=panels, size=(3.1, height), grid="x")
    names = _names(data)
    plotting.dots(names, data["mean_shuffled"].values, color=plotting.MUTED, ax=axes[0, 0])
    plotting.dots(names, data["mean_distance"].values, ax=axes[0, 0])
    plotting.dress(axes[0, 0], title="Alignment of classes", x="distance (gray: labels shuffled)")
    _dots(found.results["cka"].data, "similarity", axes[0, 1])
    plotting.dress(axes[0, 1], title="CKA with the recording", x="similarity")
    caption = (
        "Left: covariance alignment distance, mean over pairs of classes (0 = same directions of variability); gray: "
        "after labels were shuffled. Next: debiased CKA with the recording (0 = unrelated, 1 = same)."
    )
    if relative is not None:
        for i, name in enumerate(("position", "alignment", "rsa")):
            values = relative.data[f"{name}_similarity"]
            plotting.dots(_names(relative.data), values.values, color=plotting.PALETTE[i], ax=axes[0, 2])
            axes[0, 2].plot([], [], "o", color=plotting.PALETTE[i], label=name)
        plotting.reference(0.0, axis="x", ax=axes[0, 2])
        plotting.dress(axes[0, 2], title="Relative geometry", x="similarity with the recording", legend="best")
        caption += (
            " Right: does a population place the classes (position), turn them (alignment) and tell stimuli apart "
            "(rsa) as the recording does; correlations of pairs."
        )
    figures["alignment"] = figure
    alt = "Alignment distances, CKA and relative geometry of each population; the numbers are in the first table."
    blocks: list[Any] = [Figure(figure, caption, alt)]
    if relative is not None:
        keys = [f"{name}_{part}" for name in ("position", "alignment", "rsa") for part in ("similarity", "p")]
        frame = pd.DataFrame({key: relative.data[key].values for key in keys}, index=_names(relative.data))
        frame.index.name = ALONG
        blocks.append(Table(frame, "Relative geometry with p by Mantel's permutations, not corrected."))
    return Section("Is the geometry alike", blocks)


def _names(data: Any) -> list[str]:
    return [str(name) for name in data[ALONG].values]


def _rows_size(n_rows: int) -> tuple[float, float]:
    return 5.8, float(np.clip(1.2 + 0.24 * n_rows, 2.4, 12.0))


def _dots(data: Any, name: str, ax: Any, *, hidden: np.ndarray | None = None, show_names: bool = True) -> None:
    """One row per population with its interval; near the floor capacity is hollow and geometry left out."""
    values = np.asarray(data[name].values, dtype=float)
    found = text.interval(data, name)
    low, high = (None, None) if found is None else (found.low, found.high)
    if hidden is not None and name != "capacity":
        values = np.where(hidden, np.nan, values)
        if low is not None and high is not None:
            low, high = np.where(hidden, np.nan, low), np.where(hidden, np.nan, high)
    hollow = hidden if name == "capacity" else None
    plotting.dots(_names(data), values, low=low, high=high, hollow=hollow, ax=ax)
    if not show_names:
        ax.tick_params(axis="y", labelleft=False)


def _cells(data: Any, name: str, hidden: np.ndarray | None = None) -> pd.Series:
    """Values as 'value (low–high)', a dash where there is none."""
    values = np.asarray(data[name].values, dtype=float)
    found = text.interval(data, name) if f"{name}_ci" in data else None
    cells = []
    for i, value in enumerate(values):
        if not np.isfinite(value) or (hidden is not None and hidden[i]):
            cells.append("–")
        elif found is None or not np.isfinite(found.low[i]):
            cells.append(_number(value))
        else:
            cells.append(f"{_number(value)} ({_number(found.low[i])} to {_number(found.high[i])})")
    return pd.Series(cells, index=_names(data))


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 9.9995 else f"{value:.1f}"
