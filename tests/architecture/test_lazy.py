"""Importing is light; what is heavy loads when it is used; nothing is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import neurogeom
from tests.architecture.source import Module, imports_of, modules, rooms

HEAVY = ("torch", "cvxpy", "matplotlib", "numba", "sklearn")


def run(code: str, **environment: str) -> str:
    """Run code in a fresh interpreter and return what it prints."""
    clean = {key: value for key, value in os.environ.items() if key != "EAGER_IMPORT"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**clean, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_loads_nothing_heavy_and_no_room() -> None:
    names = (*HEAVY, "numpy", "pandas", "xarray")
    code = f"import json, sys, neurogeom; print(json.dumps([m for m in {names} if m in sys.modules]))"
    assert json.loads(run(code)) == []


def test_importing_every_room_loads_nothing_heavy() -> None:
    code = (
        "import importlib, json, sys\n"
        "found = {}\n"
        f"for room in {[room for room in rooms() if room != 'cli']}:\n"
        "    importlib.import_module('neurogeom.' + room)\n"
        f"    found[room] = [m for m in {HEAVY} if m in sys.modules]\n"
        "print(json.dumps({room: heavy for room, heavy in found.items() if heavy}))"
    )
    assert json.loads(run(code)) == {}, "the first room named here loads something heavy"


def test_the_command_line_starts_light() -> None:
    code = f"import json, sys, neurogeom.cli; print(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    assert json.loads(run(code)) == []


def test_eager_import_loads_every_public_name() -> None:
    code = "import json, neurogeom; print(json.dumps([n for n in neurogeom.__all__ if n not in vars(neurogeom)]))"
    assert json.loads(run(code, EAGER_IMPORT="1")) == []


def test_every_module_can_be_imported() -> None:
    names = [module.name for module in modules() if not module.name.endswith("__main__")]
    code = (
        "import importlib, json\n"
        "broken = {}\n"
        f"for name in {names}:\n"
        "    try:\n"
        "        importlib.import_module(name)\n"
        "    except BaseException as error:\n"
        "        broken[name] = repr(error)\n"
        "print(json.dumps(broken))"
    )
    assert json.loads(run(code)) == {}


def test_the_stub_names_every_room() -> None:
    missing = [room for room in rooms() if room not in neurogeom.__all__ and room != "manifolds"]
    assert not missing, f"not in neurogeom/__init__.pyi: {missing}"


def test_heavy_packages_are_imported_where_they_are_used() -> None:
    """The modules that load with a room name no heavy package outside functions (the subprocess shows the rest)."""
    known = {module.name: module for module in modules()}
    loaded: dict[str, Module] = {}
    waiting = [module for module in modules() if module.is_package or module.room == module.name.split(".")[-1]]
    while waiting:
        module = waiting.pop()
        if module.name in loaded:
            continue
        loaded[module.name] = module
        waiting += [known[f.target] for f in imports_of(module) if f.at_load and f.target in known]
    wrong = [
        f"{module.at(found.node)}: {found.target}"
        for module in loaded.values()
        for found in imports_of(module)
        if found.at_load and found.target.split(".")[0] in HEAVY
    ]
    assert not wrong, "imported when a room loads:\n" + "\n".join(wrong)


def test_importing_changes_no_global_state() -> None:
    code = (
        "import json, os, warnings, click, h5netcdf, numpy as np, pandas, scipy.stats, xarray\n"
        "before = (np.geterr(), str(np.get_printoptions()), list(warnings.filters), dict(os.environ))\n"
        "import neurogeom, importlib\n"
        f"for room in {rooms()}:\n"
        "    importlib.import_module('neurogeom.' + room)\n"
        "after = (np.geterr(), str(np.get_printoptions()), list(warnings.filters), dict(os.environ))\n"
        "print(json.dumps([bool(a == b) for a, b in zip(before, after)]))"
    )
    assert json.loads(run(code)) == [True, True, True, True]
