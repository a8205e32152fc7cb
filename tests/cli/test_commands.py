"""The command line starts fast, explains itself, and tells what a bug report needs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import neurogeom
from neurogeom.cli import cli


def test_help_names_every_command() -> None:
    text = CliRunner().invoke(cli, ["--help"]).output
    assert all(name in text for name in ("demo", "capacity", "compare", "predict", "align", "datasets", "info"))


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_every_option_is_explained(command: str) -> None:
    for option in cli.commands[command].params:
        assert getattr(option, "help", None) or option.param_type_name == "argument"


def test_version_is_that_of_the_package() -> None:
    assert neurogeom.__version__ in CliRunner().invoke(cli, ["--version"]).output


def test_info_tells_versions_back_ends_and_cache_folder() -> None:
    result = CliRunner().invoke(cli, ["info"])
    assert result.exit_code == 0
    lines = dict(
        line.split(maxsplit=1) for line in result.output.splitlines() if not line.startswith(("back", "cache", "mem"))
    )
    assert lines["neurogeom"] == neurogeom.__version__
    assert lines["numpy"] == np.__version__
    assert "cache folder" in result.output


def test_info_tells_which_back_ends_were_tried_and_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from neurogeom import kernels

    real = kernels.project

    def broken(*arrays: Any, backend: str, **options: Any) -> Any:
        if backend == "reference":
            raise ImportError("no solver")
        return real(*arrays, backend=backend, **options)

    monkeypatch.setattr(kernels, "project", broken)
    (line,) = [line for line in CliRunner().invoke(cli, ["info"]).output.splitlines() if line.startswith("back ends")]
    assert "cpu (works)" in line
    assert "reference (fails: ImportError: no solver)" in line
    monkeypatch.setattr(kernels, "project", real)
    assert "reference (works)" in CliRunner().invoke(cli, ["info"]).output


def test_module_runs_as_a_program_and_help_loads_no_heavy_package() -> None:
    code = (
        "import sys, runpy\n"
        "sys.argv = ['neurogeom', '--help']\n"
        "try:\n    runpy.run_module('neurogeom', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    heavy = {'torch', 'matplotlib', 'numba', 'sklearn', 'cvxpy'}\n"
        "    print(end.code, sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"
