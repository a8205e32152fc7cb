"""The folder that an analysis leaves behind: report, figures, netCDF and CSV, each under a temporary name first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from neurogeom.capacity import text
from neurogeom.io import write_bytes, write_text
from neurogeom.report.blocks import Section
from neurogeom.report.build import build
from neurogeom.report.figures import png_bytes, svg_bytes
from neurogeom.results import Result, save_together


def write(
    out: Path,
    results: Mapping[str, Result],
    sections: Sequence[Section],
    *,
    title: str,
    subtitle: str,
    figures: Mapping[str, Any],
) -> dict[str, Path]:
    """Write everything that a run leaves behind.

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
    written = {
        "report": build(title, sections, out / "report.html", subtitle=subtitle),
        "numbers": save_together(results, out / "results.nc"),
        "table": Path(write_text(out / "results.csv", table(results).to_csv(index=False))),
    }
    for name, figure in figures.items():
        write_bytes(out / "figures" / f"{name}.svg", svg_bytes(figure))
        write_bytes(out / "figures" / f"{name}.png", png_bytes(figure, dpi=200))
    return {**written, "figures": out / "figures"}


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
