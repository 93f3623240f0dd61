"""Imports point down, pure modules stay pure, and nothing goes round in circles."""

from __future__ import annotations

import ast
import enum
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import figsync

PACKAGE = Path(figsync.__file__).parent

# From the bottom to the top; parts of one layer do not know each other.
LAYERS = (
    {"model", "clock", "errors"},
    {"naming", "config", "disk", "state", "figshare"},
    {"lock"},
    {"sync"},
    {"jobs"},
    {"watch"},
    {"daemon"},
    {"commands"},
    {"__main__"},
)
HEIGHT = {part: height for height, layer in enumerate(LAYERS) for part in layer}

PURE = (
    "figsync.errors",
    "figsync.model",
    "figsync.naming",
    "figsync.sync.plan",
    "figsync.sync.items",
    "figsync.sync.guard_names",
    "figsync.sync.guards",
    "figsync.sync.policies",
    "figsync.sync.replacing",
    "figsync.sync.room",
    "figsync.sync.twins",
    "figsync.sync.why",
    "figsync.sync.subject",
    "figsync.sync.notes",
    "figsync.sync.concern",
    "figsync.sync.compare",
    "figsync.sync.differences",
    "figsync.sync.pending",
    "figsync.config.bandwidth",
    "figsync.jobs.patience",
    "figsync.figshare.breaker",
    "figsync.figshare.pacing",
    "figsync.figshare.records",
    "figsync.figshare.wire",
)
# What computes values and nothing else; datetime is watched for its clock below.
HARMLESS = {
    "__future__",
    "abc",
    "base64",
    "bisect",
    "collections",
    "copy",
    "dataclasses",
    "datetime",
    "difflib",
    "email.utils",
    "enum",
    "fnmatch",
    "functools",
    "hashlib",
    "heapq",
    "importlib",
    "html",
    "ipaddress",
    "itertools",
    "json",
    "math",
    "msgspec",
    "operator",
    "pathspec",
    "posixpath",
    "re",
    "string",
    "types",
    "typing",
    "unicodedata",
    "urllib.parse",
}
IMPURE_CALLS = {"open", "print", "input", "now", "utcnow", "today", "localtime"}


@dataclass(frozen=True)
class Import:
    """One imported module, or name of a module, and the line where it is."""

    module: str
    name: str
    line: int
    inside_function: bool


@dataclass
class Module:
    """A module of the package as its source tells it."""

    name: str
    tree: ast.Module
    imports: list[Import] = field(default_factory=list)

    @property
    def part(self) -> str:
        return part_of(self.name)

    def at(self, line: int) -> str:
        return f"{self.name}, line {line}"


def part_of(module: str) -> str:
    """Return the part of the house that a module belongs to; "" for the package."""
    return module.removeprefix("figsync").removeprefix(".").partition(".")[0]


def _name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _read(path: Path) -> Module:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    module = Module(_name_of(path), tree)
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        for name, alias in _imported(node):
            line = getattr(node, "lineno", 0)
            module.imports.append(Import(name, alias, line, id(node) in inside))
    return module


def _imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        yield from ((alias.name, "") for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        dots = "." * node.level
        yield from ((dots + (node.module or ""), alias.name) for alias in node.names)


MODULES = {module.name: module for module in map(_read, sorted(PACKAGE.rglob("*.py")))}


def imports_of_figsync() -> Iterator[tuple[Module, Import, str]]:
    """Yield each import of a module of ours, with the module it really reaches."""
    for module in MODULES.values():
        for found in module.imports:
            if found.module.partition(".")[0] == "figsync":
                deeper = f"{found.module}.{found.name}"
                yield module, found, deeper if deeper in MODULES else found.module


def is_pure(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in PURE)


def pure_modules() -> list[Module]:
    return [module for name, module in MODULES.items() if is_pure(name)]


def test_every_module_has_its_place_in_the_house():
    parts = {module.part for module in MODULES.values()} - {"", "sandbox"}
    homeless = sorted(parts - HEIGHT.keys())

    assert not homeless, f"name the layer of {homeless} in LAYERS"


def test_imports_point_down():
    wrong = [
        f"{module.at(found.line)} imports {reached}"
        for module, found, reached in imports_of_figsync()
        if module.part != part_of(reached)
        and "sandbox" not in (module.part, part_of(reached))
        and HEIGHT.get(module.part, -1) <= HEIGHT.get(part_of(reached), -1)
    ]

    assert not wrong, "\n".join(wrong)


def test_the_sandbox_knows_nothing_of_figsync():
    wrong = [
        f"{module.at(found.line)} imports {reached}"
        for module, found, reached in imports_of_figsync()
        if module.part == "sandbox" and part_of(reached) != "sandbox"
    ]

    assert not wrong, "\n".join(wrong)


def test_only_commands_know_the_sandbox():
    wrong = [
        f"{module.at(found.line)} imports {reached}"
        for module, found, reached in imports_of_figsync()
        if part_of(reached) == "sandbox" and module.part not in ("sandbox", "commands")
    ]

    assert not wrong, "\n".join(wrong)


def test_imports_are_absolute():
    wrong = [
        module.at(found.line)
        for module in MODULES.values()
        for found in module.imports
        if found.module.startswith(".")
    ]

    assert not wrong, "\n".join(wrong)


def test_imports_stand_at_the_top_except_in_commands():
    wrong = [
        f"{module.at(found.line)} imports {found.module} inside a function"
        for module in MODULES.values()
        for found in module.imports
        if found.inside_function and module.part != "commands"
    ]

    assert not wrong, "\n".join(wrong)


def test_no_imports_go_round_in_circles():
    graph: dict[str, set[str]] = {name: set() for name in MODULES}
    for module, _, reached in imports_of_figsync():
        graph[module.name].add(reached)

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as problem:
        circle = " imports ".join(reversed(problem.args[1]))
        raise AssertionError(circle) from None


def test_pure_modules_exist():
    missing = [name for name in PURE if name not in MODULES]

    assert missing == []


def test_pure_modules_import_only_what_computes_values():
    wrong = [
        f"{module.at(found.line)} imports {found.module}"
        for module in pure_modules()
        for found in module.imports
        if found.module.partition(".")[0] != "figsync" and not _is_harmless(found)
    ]

    assert not wrong, "\n".join(wrong)


def _is_harmless(found: Import) -> bool:
    full = f"{found.module}.{found.name}".rstrip(".")
    above = [full[:end] for end, char in enumerate(f"{full}.") if char == "."]
    return any(name in HARMLESS for name in above)


def test_pure_modules_import_only_pure_modules_and_the_enums_of_config():
    wrong = [
        f"{module.at(found.line)} imports {found.name or reached} of {found.module}"
        for module, found, reached in imports_of_figsync()
        if is_pure(module.name) and not is_pure(reached)
        if not (part_of(reached) == "config" and _is_enum(found))
    ]

    assert not wrong, "\n".join(wrong)


def _is_enum(found: Import) -> bool:
    value = getattr(importlib.import_module(found.module), found.name, None)
    return isinstance(value, type) and issubclass(value, enum.Enum)


def test_pure_modules_ask_neither_disk_nor_clock():
    wrong = [
        f"{module.at(call.lineno)} calls {_called(call)}()"
        for module in pure_modules()
        for call in ast.walk(module.tree)
        if isinstance(call, ast.Call) and _called(call) in IMPURE_CALLS
    ]

    assert not wrong, "\n".join(wrong)


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def test_no_module_waits_by_itself():
    wrong = [
        module.at(node.lineno)
        for module in MODULES.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and _called(node) == "sleep"
    ]

    assert not wrong, "wait with a clock: " + ", ".join(wrong)


def test_the_standard_library_is_what_harmless_names_say():
    ours = {"msgspec", "pathspec"}
    names = {name.partition(".")[0] for name in HARMLESS - ours}

    assert names <= sys.stdlib_module_names
