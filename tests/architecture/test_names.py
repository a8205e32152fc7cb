"""Every public name is documented, typed, and lives in one place under one name."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.architecture.source import PACKAGE, modules, rooms

# one name per thing; the left one is what people write elsewhere
OTHER_NAMES = {
    "random_state": "seed",
    "rng": "seed",
    "n_workers": "n_jobs",
    "njobs": "n_jobs",
    "kappa": "margin",
    "n_neurons": "n_neuroids",
    "n_reps": "n_samples",
    "verbose": "progress",
    "colour": "color",
    "centre": "center",
    "axes": "ax",
    "device_type": "device",
}


def public_rooms() -> list[ModuleType]:
    return [importlib.import_module(f"neurogeom.{room}") for room in rooms()]


def public_objects() -> Iterator[tuple[str, Any]]:
    """Dotted name and object for everything in a room's ``__all__``, and in that of a module named there."""
    for room in public_rooms():
        for name in getattr(room, "__all__", ()):
            thing = getattr(room, name)
            yield f"{room.__name__}.{name}", thing
            for inner in getattr(thing, "__all__", ()) if inspect.ismodule(thing) else ():
                yield f"{room.__name__}.{name}.{inner}", getattr(thing, inner)


def functions() -> list[tuple[str, Any]]:
    """Public functions, and the public methods that public classes define themselves."""
    found = []
    for name, thing in public_objects():
        if inspect.isfunction(thing):
            found.append((name, thing))
        elif inspect.isclass(thing):
            for key, member in vars(thing).items():
                function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
                if not key.startswith("_") and inspect.isfunction(function):
                    found.append((f"{name}.{key}", function))
    return found


def arguments(function: Any) -> list[inspect.Parameter]:
    given = list(inspect.signature(function).parameters.values())
    bound = "." in function.__qualname__ and given and given[0].name in ("self", "cls")
    return given[1:] if bound else given


def refuses(function: Any) -> bool:
    """Whether the function itself, or a check that it calls, raises."""
    return bool(re.search(r"\braise\b|\bcheck_\w+\(|\bas_\w+\(|\brequire\w*\(", inspect.getsource(function)))


@pytest.mark.parametrize("room", rooms())
def test_a_room_declares_its_public_names(room: str) -> None:
    module = importlib.import_module(f"neurogeom.{room}")
    assert getattr(module, "__all__", None), f"neurogeom.{room} has no __all__"
    assert len(set(module.__all__)) == len(module.__all__)
    missing = [name for name in module.__all__ if not hasattr(module, name)]
    assert not missing, f"in neurogeom.{room}.__all__, but not there: {missing}"


@pytest.mark.parametrize("room", rooms())
def test_a_room_says_what_it_is(room: str) -> None:
    text = importlib.import_module(f"neurogeom.{room}").__doc__ or ""
    assert len(text.split()) >= 4


def test_every_module_says_what_it_is() -> None:
    silent = [module.name for module in modules() if not ast.get_docstring(module.tree)]
    assert not silent, f"modules without a docstring: {silent}"


def test_public_functions_document_arguments_values_and_an_example() -> None:
    wrong = []
    for name, function in functions():
        text = inspect.getdoc(function) or ""
        method = "." in function.__qualname__
        annotation = str(inspect.signature(function).return_annotation)
        sections = {
            "Parameters": bool(arguments(function)),
            "Returns|Yields": annotation not in ("None", "NoReturn"),
            "Raises": refuses(function),
            "Examples": not method,
        }
        for section, needed in sections.items():
            if needed and not method and not re.search(rf"^({section})\n-+$", text, re.MULTILINE):
                wrong.append(f"{name}: no section {section}")
        if len(text.split("\n", 1)[0]) < 10:
            wrong.append(f"{name}: no summary line")
    assert not wrong, "\n".join(wrong)


def test_documented_arguments_are_those_of_the_signature() -> None:
    wrong = []
    for name, function in functions():
        text = inspect.getdoc(function) or ""
        block = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-+$|\Z)", text, re.MULTILINE | re.DOTALL)
        if block is None:
            continue
        headings = re.findall(r"^([*\w][^:\n]*?)(?: *:.*)?$", block.group(1), re.MULTILINE)
        documented = {part.strip().lstrip("*") for heading in headings for part in heading.split(",")}
        given = {parameter.name for parameter in arguments(function)}
        wrong += [f"{name}: {key} is not documented" for key in sorted(given - documented)]
        wrong += [f"{name}: {key} is documented and does not exist" for key in sorted(documented - given)]
    assert not wrong, "\n".join(wrong)


def test_public_classes_are_documented() -> None:
    short = [
        name for name, thing in public_objects() if inspect.isclass(thing) and len(inspect.getdoc(thing) or "") < 60
    ]
    assert not short, f"classes with next to no docstring: {short}"


def test_public_functions_are_typed() -> None:
    wrong = []
    for name, function in functions():
        signature = inspect.signature(function)
        wrong += [f"{name}({p.name})" for p in arguments(function) if p.annotation is inspect.Parameter.empty]
        if signature.return_annotation is inspect.Signature.empty:
            wrong.append(f"{name} -> ?")
    assert not wrong, f"without a type: {wrong}"


def test_one_thing_has_one_name() -> None:
    wrong = [
        f"{name}({parameter.name}): say {OTHER_NAMES[parameter.name]}"
        for name, function in functions()
        for parameter in arguments(function)
        if parameter.name in OTHER_NAMES
    ]
    assert not wrong, "\n".join(wrong)


def test_data_come_first_and_options_are_named() -> None:
    """Options with a default are keyword-only, so that an argument can be added without breaking a call."""
    wrong = []
    for name, function in public_objects():
        if not inspect.isfunction(function) or name.startswith("neurogeom.plotting."):
            continue  # drawing primitives are called like matplotlib's
        positional = [
            parameter
            for parameter in arguments(function)
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.default is not parameter.empty
        ]
        if len(positional) > 1:
            wrong.append(f"{name}: {[parameter.name for parameter in positional]} may be given by place")
    assert not wrong, "\n".join(wrong)


def test_there_is_one_public_level() -> None:
    """What is public is ``neurogeom.<room>.<name>``; a room holds no rooms, and a module named there says its names."""
    nested = [path.parent for path in PACKAGE.glob("*/*/__init__.py")]
    assert not nested, f"rooms inside rooms: {nested}"
    silent = [name for name, thing in public_objects() if inspect.ismodule(thing) and not getattr(thing, "__all__", ())]
    assert not silent, f"public modules without __all__: {silent}"


def test_a_public_name_has_one_home() -> None:
    homes: dict[int, set[str]] = {}
    for name, thing in public_objects():
        if inspect.isfunction(thing) or inspect.isclass(thing):
            homes.setdefault(id(thing), set()).add(name.split(".")[1])
    twice = [rooms_of_it for rooms_of_it in homes.values() if len(rooms_of_it) > 1]
    assert not twice, f"the same thing is public in several rooms: {twice}"
