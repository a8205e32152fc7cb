"""The package's sources as parsed trees, for the tests of this folder."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "neurogeom"


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name, path and tree."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    @property
    def room(self) -> str:
        """The first name below the package ("" for the package itself)."""
        return (self.name.split(".") + [""])[1]

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    def at(self, node: ast.AST) -> str:
        """File and line, as editors open it."""
        return f"{self.path.relative_to(ROOT)}:{node.lineno}"


@dataclass(frozen=True)
class Import:
    """One imported name: who imports what, where, and whether it happens when the module is loaded."""

    module: Module
    target: str
    node: ast.stmt
    at_load: bool


@lru_cache
def modules() -> tuple[Module, ...]:
    """All modules of the package."""
    return tuple(Module(_dotted(path), path) for path in sorted(PACKAGE.rglob("*.py")))


@lru_cache
def modules_of_tests() -> tuple[Module, ...]:
    """All modules of tests and benchmarks."""
    found = [*sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]
    return tuple(Module(_dotted(path), path) for path in found)


def imports_of(module: Module) -> Iterator[Import]:
    """Every import, also those inside functions; names of modules of the package are resolved to the module."""
    for node, at_load in _statements(module.tree, True):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node, at_load)
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield Import(module, full if full in _names() else base, node, at_load)


def rooms() -> list[str]:
    """Names below the package that are part of the public level."""
    folders = [path.parent.name for path in PACKAGE.glob("*/__init__.py")]
    files = [path.stem for path in PACKAGE.glob("*.py") if path.stem not in ("__init__", "__main__")]
    return sorted(name for name in (*folders, *files) if not name.startswith("_"))


@lru_cache
def _names() -> frozenset[str]:
    return frozenset(module.name for module in modules())


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _base(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    parts = parts[: len(parts) - node.level + (1 if module.is_package else 0)]
    return ".".join([*parts, node.module] if node.module else parts)


def _statements(node: ast.AST, at_load: bool) -> Iterator[tuple[ast.stmt, bool]]:
    for child in ast.iter_child_nodes(node):
        inside = at_load and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            inside = False  # read by mypy only
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, at_load
        yield from _statements(child, inside)
