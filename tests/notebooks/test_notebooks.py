"""Notebooks run from top to bottom, and are stored without output."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NEED_DATA = ("02_model_brain_alignment", "03_macaque_it_over_time")  # without them, nothing to draw
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_holds_no_output(path: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="needs the extra dev")
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in code] == [[]] * len(code)
    assert {cell.execution_count for cell in code} == {None}


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat", reason="needs the extra dev")
    nbclient = pytest.importorskip("nbclient", reason="needs the extra dev")
    pytest.importorskip("ipykernel", reason="needs the extra dev")
    monkeypatch.setenv("NEUROGEOM_QUICK", os.environ.get("NEUROGEOM_QUICK", "1"))
    data = Path(os.environ.get("NEUROGEOM_DATA", FOLDER.parents[1] / "shared" / "data"))
    if data.is_dir():
        monkeypatch.setenv("NEUROGEOM_DATA", str(data))
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    errors = [out for cell in notebook.cells for out in cell.get("outputs", []) if out.output_type == "error"]
    assert errors == []
    pictures = [
        out for cell in notebook.cells for out in cell.get("outputs", []) if "image/svg+xml" in out.get("data", {})
    ]
    if data.is_dir() or path.stem not in NEED_DATA:
        assert len(pictures) >= 5
    else:
        said = "".join(out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", []))
        assert "the data are missing" in said
