"""Build the graph of the library's imports, including those for types and inside functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2] / "liveactions"

Graph = dict[str, set[str]]


def modules() -> dict[str, Path]:
    """Return the library's modules by their names relative to the package, without ``__init__`` files."""
    paths = [path for path in ROOT.rglob("*.py") if path.name != "__init__.py"]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}


@cache
def read() -> Graph:
    """Return the modules that each module imports. Re-exported names count for their origin."""
    known = modules()
    return {name: _imports(path, known) - {name} for name, path in known.items()}


def circles(graph: Graph) -> list[set[str]]:
    """Return the groups of modules that import each other, directly or indirectly."""
    reached = {name: _reachable(graph, name) for name in graph}
    groups: list[set[str]] = []
    for name in graph:
        group = {other for other in reached[name] if name in reached[other]}
        if group and group not in groups:
            groups.append(group)
    return groups


def longest_chain(graph: Graph) -> int:
    """Return the number of modules in the longest chain of imports. The graph must be acyclic."""
    length: dict[str, int] = {}
    for name in TopologicalSorter(graph).static_order():
        length[name] = 1 + max((length[other] for other in graph[name]), default=0)
    return max(length.values())


def _reachable(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    todo = list(graph[start])
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(graph[name])
    return found


def _imports(path: Path, known: Mapping[str, Path]) -> set[str]:
    found: set[str] = set()
    for node in _statements(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            for alias in node.names:
                found |= _origin(_absolute(path, node), alias.name, known)
    return found


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements, including nested ones, but no expressions."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(tree, part, ()):
            yield node
            yield from _statements(node)


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _absolute(path: Path, node: ast.ImportFrom) -> list[str]:
    """Return the parts of an imported module's name, relative to the library."""
    package = path.relative_to(ROOT).parts[:-1]
    above = package[: len(package) - node.level + 1]
    return [*above, *(node.module or "").split(".")] if node.module else list(above)


def _origin(parts: list[str], name: str, known: Mapping[str, Path]) -> set[str]:
    """Return the module that defines an imported name, if it is the library's."""
    module = ".".join(parts)
    if f"{module}.{name}".strip(".") in known:
        return {f"{module}.{name}".strip(".")}
    if module in known:
        return {module}
    package = ROOT.joinpath(*parts, "__init__.py")
    for node in _parsed(package).body if package.exists() else ():
        if isinstance(node, ast.ImportFrom) and node.level and name in {one.name for one in node.names}:
            return _origin(_absolute(package, node), name, known)
    return set()
