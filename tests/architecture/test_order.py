"""Imports point one way, and in no circle."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from tests.architecture.source import imports_of, modules, rooms

ORDER = [
    "_core",
    "io",
    "results",
    "kernels",
    "regression",
    "statistics",
    "plotting",
    "stimuli",
    "training",
    "manifolds",
    "recordings",
    "datasets",
    "encoders",
    "readout",
    "capacity",
    "alignment",
    "behavior",
    "predictivity",
    "selectivity",
    "retina",
    "decoding",
    "components",
    "curation",
    "lcl",
    "video",
    "distributed",
    "report",
    "cli",
]


def test_every_room_has_its_place_in_the_order() -> None:
    unknown = sorted({module.room for module in modules()} - {*ORDER, "", "__main__"})
    assert not unknown, f"not in the list of tests/architecture/test_order.py: {unknown}"


def test_rooms_import_only_from_rooms_before_them() -> None:
    wrong = []
    for module in modules():
        if module.room not in ORDER:
            continue
        for found in imports_of(module):
            parts = found.target.split(".")
            if parts[0] != "neurogeom" or len(parts) == 1:
                continue
            if parts[1] not in ORDER or ORDER.index(parts[1]) > ORDER.index(module.room):
                wrong.append(f"{module.at(found.node)}: {module.room} imports {found.target}")
    assert not wrong, "imports point the wrong way:\n" + "\n".join(wrong)


def test_modules_import_each_other_in_no_circle() -> None:
    known = {module.name for module in modules()}
    graph = {
        module.name: {found.target for found in imports_of(module) if found.at_load and found.target in known}
        - {module.name, "neurogeom"}
        for module in modules()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError("modules import each other: " + " → ".join(error.args[1])) from None


def test_kernels_know_numbers_only() -> None:
    wrong = [
        f"{module.at(found.node)}: {found.target}"
        for module in modules()
        if module.room == "kernels"
        for found in imports_of(module)
        if found.target.split(".")[0] in ("xarray", "pandas", "warnings") or found.target == "neurogeom._core.warnings"
    ]
    assert not wrong, "kernels take arrays and return arrays:\n" + "\n".join(wrong)


def test_only_the_cluster_room_knows_the_cluster() -> None:
    wrong = [
        f"{module.at(found.node)}: {found.target}"
        for module in modules()
        if module.room != "distributed"
        for found in imports_of(module)
        if found.target.split(".")[0] in ("distributed", "dask_jobqueue") or found.target.startswith("dask.distributed")
    ]
    assert not wrong, "analyses take runner=, they start no cluster:\n" + "\n".join(wrong)


def test_no_room_is_a_drawer_for_everything() -> None:
    assert not {"utils", "util", "tools", "common", "helpers", "misc"} & set(rooms())
