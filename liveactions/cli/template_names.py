"""Finds the names that a parsed template reads, tests and defines, and the templates that it uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from jinja2 import nodes
from jinja2.meta import find_undeclared_variables


def templates_used_by(tree: nodes.Template) -> Iterator[str]:
    """Yield the names of the templates that see the context of this one, as far as they are constants."""
    users: Iterable[nodes.Extends | nodes.Include] = tree.find_all((nodes.Extends, nodes.Include))
    for node in users:
        if isinstance(node, nodes.Include) and (node.ignore_missing or not node.with_context):
            continue
        if isinstance(node.template, nodes.Const) and isinstance(node.template.value, str):
            yield node.template.value


def names_defined(tree: nodes.Template) -> Iterator[str]:
    """Yield the names that a template defines somewhere: its blocks and what it includes may read them."""
    yield from (name.name for name in tree.find_all(nodes.Name) if name.ctx != "load")
    yield from (macro.name for macro in tree.find_all(nodes.Macro))
    yield from (imported.target for imported in tree.find_all(nodes.Import))
    for from_import in tree.find_all(nodes.FromImport):
        yield from (name if isinstance(name, str) else name[1] for name in from_import.names)


def names_undeclared(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    """Yield names that a template reads and doesn't define, with their first lines."""
    for name in sorted(find_undeclared_variables(tree)):
        lines = [node.lineno for node in tree.find_all(nodes.Name) if node.name == name]
        yield name, min(filter(None, lines), default=0)


def names_in_conditions(tree: nodes.Template) -> Iterator[str]:
    """Yield the names that a template has as conditions: they may be undefined sometimes."""
    asked: list[nodes.Node | None] = [node.test for node in tree.find_all(nodes.If)]
    asked += [node.test for node in tree.find_all(nodes.CondExpr)]
    while asked:
        node = asked.pop()
        if isinstance(node, nodes.Name):
            yield node.name
        elif isinstance(node, nodes.Not):
            asked.append(node.node)
        elif isinstance(node, nodes.And | nodes.Or):
            asked += [node.left, node.right]


def names_tested(tree: nodes.Template) -> Iterator[str]:
    """Yield the names that a template tests: ``{% if feed is defined %}``, ``{{ feed|default("") }}``."""
    tests = (node.node for node in tree.find_all(nodes.Test) if node.name in ("defined", "undefined"))
    filters = (node.node for node in tree.find_all(nodes.Filter) if node.name in ("default", "d"))
    yield from (node.name for node in chain(tests, filters) if isinstance(node, nodes.Name))


def names_of_html(tree: nodes.Template) -> set[str]:
    """Return names whose output is HTML that a template has written elsewhere, such as those of macros."""
    names = {"caller", "self", "super", *(macro.name for macro in tree.find_all(nodes.Macro))}
    names.update(imported.target for imported in tree.find_all(nodes.Import))
    for imported in tree.find_all(nodes.FromImport):
        names.update(name if isinstance(name, str) else name[1] for name in imported.names)
    targets = (block.target for block in tree.find_all(nodes.AssignBlock))
    return names.union(target.name for target in targets if isinstance(target, nodes.Name))
