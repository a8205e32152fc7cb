"""The folder that an analysis leaves behind: report, figures, netCDF and CSV, complete before the first appears."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from neurogeom.capacity import text
from neurogeom.io import write_bytes, write_text
from neurogeom.io.atomic import scratch_folder
from neurogeom.report.blocks import Section
from neurogeom.report.build import build
from neurogeom.report.figures import png_bytes, svg_bytes
from neurogeom.results import Result, save_together

_NAMES = {"report": "report.html", "numbers": "results.nc", "table": "results.csv"}


def write(
    out: Path,
    results: Mapping[str, Result],
    sections: Sequence[Section],
    *,
    title: str,
    subtitle: str,
    figures: Mapping[str, Any],
) -> dict[str, Path]:
    """Write everything that a run leaves behind: all of it, or nothing where it fails or is stopped.

    Parameters
    ----------
    out : Path
        Folder; made where it is missing.
    results : mapping of str to Result
        All numbers.
    sections : sequence of Section
        Parts of the report.
    title, subtitle : str
        Head of the report.
    figures : mapping of str to Figure
        By name of their files, which are written as SVG and PNG.

    Returns
    -------
    dict of str to Path
        What was written.
    """
    (out / "figures").mkdir(parents=True, exist_ok=True)
    with scratch_folder(out) as new:
        (new / "figures").mkdir()
        build(title, sections, new / _NAMES["report"], subtitle=subtitle)
        save_together(results, new / _NAMES["numbers"])
        write_text(new / _NAMES["table"], table(results).to_csv(index=False))
        for name, figure in figures.items():
            write_bytes(new / "figures" / f"{name}.svg", svg_bytes(figure))
            write_bytes(new / "figures" / f"{name}.png", png_bytes(figure, dpi=200))
        _take_places(new, out)
    return {**{key: out / name for key, name in _NAMES.items()}, "figures": out / "figures"}


def _take_places(new: Path, out: Path) -> None:
    """Files of an earlier run go before the first new one comes: stopped between, the folder lacks files at worst."""
    names = [path.relative_to(new) for path in sorted(new.rglob("*")) if path.is_file()]
    for name in names:
        (out / name).unlink(missing_ok=True)
    for name in names:
        os.replace(new / name, out / name)


def table(results: Mapping[str, Result]) -> pd.DataFrame:
    """Return the numbers of results as one tidy table, single samples left out.

    Parameters
    ----------
    results : mapping of str to Result
        By measure.

    Returns
    -------
    pandas.DataFrame
        Columns `measure`, `quantity`, coordinates, `value`, `se`, `ci_low`, `ci_high`.
    """
    frames = []
    for name, result in results.items():
        along = set(text.leading_dims(result)) | {"manifold", "case", "bound"}
        many = [key for key, variable in result.data.data_vars.items() if not set(variable.dims) <= along]
        frame = replace(result, data=result.data.drop_vars(many)).to_dataframe().dropna(axis=1, how="all")
        frame.insert(0, "measure", name)
        frames.append(frame)
    if not frames:
        return pd.DataFrame(columns=["measure", "quantity", "value"])
    whole = pd.concat(frames, ignore_index=True)
    last = [name for name in ("value", "se", "ci_low", "ci_high") if name in whole.columns]
    return whole[[*(name for name in whole.columns if name not in last), *last]]
