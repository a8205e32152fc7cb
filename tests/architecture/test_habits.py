"""What is never done here: unsafe loading, silent checks, prints, tests that cannot fail."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.source import Module, imports_of, modules, modules_of_tests

FORBIDDEN_MODULES = ("pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "cloudpickle")
FORBIDDEN_TEXT = {
    r"allow_pickle\s*=\s*True": "loads code with data",
    r"weights_only\s*=\s*False": "loads code with data",
    r"shell\s*=\s*True": "runs a text in a shell",
    r"\b(TODO|FIXME|XXX)\b": "is not finished",
    r"NotImplementedError": "is not finished",
    r"\bnp\.random\.(seed|rand|randn|randint|shuffle|permutation|normal|choice)\(": "uses the global random state",
    r"\b(np|numpy)\.seterr\(": "changes numpy for everyone",
    r"torch\.(set_num_threads|set_default_dtype)\(": "changes torch for everyone",
    r"plt\.(rcParams|style\.use)": "changes matplotlib for everyone",
}
FORBIDDEN_CALLS = ("eval", "exec", "compile", "__import__")
COMPARISONS = ("allclose", "isclose", "array_equal", "equals", "identical", "array_equiv")


def calls(module: Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))


def test_nothing_is_loaded_that_can_run_code() -> None:
    wrong = [
        f"{module.at(found.node)}: {found.target}"
        for module in modules()
        for found in imports_of(module)
        if found.target.split(".")[0] in FORBIDDEN_MODULES
    ]
    wrong += [
        f"{module.at(node)}: {node.func.id}()"
        for module in modules()
        for node in calls(module)
        if isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS
    ]
    assert not wrong, "\n".join(wrong)


def test_no_line_does_what_is_never_done() -> None:
    wrong = [
        f"{module.path}:{number}: {reason}: {line.strip()}"
        for module in modules()
        for number, line in enumerate(module.text.splitlines(), 1)
        for pattern, reason in FORBIDDEN_TEXT.items()
        if re.search(pattern, line)
    ]
    assert not wrong, "\n".join(wrong)


def test_torch_is_seeded_inside_a_fork_only() -> None:
    wrong = [
        module.at(node)
        for module in modules()
        for node in calls(module)
        if ast.unparse(node.func) in ("torch.manual_seed", "torch.random.manual_seed", "torch.seed")
        and "fork_rng" not in module.text
    ]
    assert not wrong, "use torch.random.fork_rng, or a torch.Generator:\n" + "\n".join(wrong)


def test_input_is_checked_by_errors_not_by_assertions() -> None:
    wrong = [module.at(node) for module in modules() for node in ast.walk(module.tree) if isinstance(node, ast.Assert)]
    assert not wrong, "assert vanishes with python -O; raise an error:\n" + "\n".join(wrong)


def test_the_library_prints_nothing() -> None:
    wrong = [
        module.at(node)
        for module in modules()
        if module.room != "cli"
        for node in calls(module)
        if isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not wrong, "only the command line prints:\n" + "\n".join(wrong)


def test_warnings_go_through_one_door() -> None:
    wrong = [
        f"{module.at(node)}: {ast.unparse(node.func)}"
        for module in modules()
        if module.name != "neurogeom._core.warnings"
        for node in calls(module)
        if ast.unparse(node.func) in ("warnings.warn", "_warnings.warn")
    ]
    assert not wrong, "use neurogeom._core.warnings.warn, which results keep:\n" + "\n".join(wrong)


def test_no_error_is_swallowed_whole() -> None:
    wrong = [
        module.at(node)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert not wrong, "name the errors that are expected:\n" + "\n".join(wrong)


def test_every_module_postpones_annotations() -> None:
    wrong = [
        module.name
        for module in modules()
        if module.name != "neurogeom" and "from __future__ import annotations" not in module.text
    ]
    assert not wrong, f"without `from __future__ import annotations`: {wrong}"


def test_no_test_compares_without_asserting() -> None:
    wrong = []
    for module in modules_of_tests():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Expr):
                continue
            value = node.value
            name = value.func.attr if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) else ""
            if isinstance(value, ast.Compare | ast.BoolOp) or name in COMPARISONS:
                wrong.append(f"{module.at(node)}: {ast.unparse(node)[:80]}")
    assert not wrong, "these lines cannot fail:\n" + "\n".join(wrong)


def test_every_test_can_fail() -> None:
    """A test asserts, expects an error, or calls a helper of its module that does."""
    checks = re.compile(r"\bassert\b|AssertionError|\braises\b|\bwarns\b|assert_|\bcheck_|\bcheck\(|\bapprox\b")
    wrong = []
    for module in modules_of_tests():
        functions = [node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef)]
        helpers = [node.name for node in functions if checks.search(ast.unparse(node))]
        can_fail = re.compile(checks.pattern + "".join(rf"|\b{name}\(" for name in helpers))
        tests = [node for node in functions if node.name.startswith("test_") and module.path.name.startswith("test_")]
        wrong += [
            f"{module.at(node)} {node.name}"
            for node in tests
            if not any(can_fail.search(ast.unparse(statement)) for statement in node.body)
        ]
    assert not wrong, "tests without a check:\n" + "\n".join(wrong)


def test_no_test_depends_on_the_clock() -> None:
    clocks = {"time.time", "time.perf_counter", "time.monotonic", "time.process_time", "timeit.timeit"}
    wrong = [
        f"{module.at(node)}: {ast.unparse(node.func)}"
        for module in modules_of_tests()
        if module.path.name.startswith("test_")
        for node in calls(module)
        if ast.unparse(node.func) in clocks
    ]
    assert not wrong, "speed is measured in benchmarks/:\n" + "\n".join(wrong)


def test_shared_data_are_looked_up_in_one_place() -> None:
    wrong = [
        module.name
        for module in (*modules(), *modules_of_tests())
        if module.path.name not in ("conftest.py", "test_habits.py") and re.search(r"shared/(data|specs)", module.text)
    ]
    assert not wrong, f"use the fixtures data_dir and values_dir: {wrong}"
