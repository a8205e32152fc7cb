"""Modules and functions stay small enough to be read in one go."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator

from tests.architecture.source import Module, modules

LONGEST_MODULE = 600
LONGEST_FUNCTION = 60
LONGEST_MEDIAN = 250


def functions(module: Module) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Functions with the number of lines of their body, docstring aside."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            yield node, (body[-1].end_lineno - body[0].lineno + 1 if body else 0)


def test_no_module_is_longer_than_a_person_reads() -> None:
    long = [
        f"{module.name}: {n} lines" for module in modules() if (n := len(module.text.splitlines())) > LONGEST_MODULE
    ]
    assert not long, f"modules over {LONGEST_MODULE} lines: {long}"


def test_the_median_module_is_short() -> None:
    sizes = [len(module.text.splitlines()) for module in modules() if not module.is_package]
    assert statistics.median(sizes) <= LONGEST_MEDIAN


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{module.at(node)} {node.name}: {size} lines"
        for module in modules()
        for node, size in functions(module)
        if size > LONGEST_FUNCTION
    ]
    assert not long, f"functions over {LONGEST_FUNCTION} lines:\n" + "\n".join(long)
