"""Finds out whether a slot, or the body of a loop, depends only on the names that it reads.

If so, it needn't be rendered again while the values of these names stay the same. Filters and tests qualify
if Jinja2 defines them, or they are marked with `pure`. Client commands and calls of plain names qualify, too;
the values of these names are checked in each render.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from jinja2 import Environment, nodes
from jinja2.filters import FILTERS
from jinja2.tests import TESTS

from .commands import is_chain
from .syntax_tree import nodes_in

_SPECIAL: Final = frozenset({"loop", "self", "super", "caller"})
F = TypeVar("F", bound=Callable[..., Any])
_PURE_MARK = "__liveactions_pure__"
_IMPURE_FILTERS: Final = frozenset({"random", "attr", "map", "select", "reject", "selectattr", "rejectattr"})
"""Filters whose results vary, or that call functions named by their arguments."""
_PURE_NODES: Final = (
    nodes.TemplateData,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.Tuple,
    nodes.List,
    nodes.Dict,
    nodes.Pair,
    nodes.Keyword,
    nodes.Concat,
    nodes.Compare,
    nodes.Operand,
    nodes.BinExpr,
    nodes.UnaryExpr,
    nodes.CondExpr,
    nodes.Output,
    nodes.If,
)


def pure(function: F) -> F:
    """Mark a function, filter or test whose result depends only on its arguments."""
    setattr(function, _PURE_MARK, True)
    return function


def is_pure(function: Any) -> bool:
    """Return whether a function was marked with `pure`."""
    return getattr(function, _PURE_MARK, False) is True


def names(nodes_: Iterable[nodes.Node]) -> set[str]:
    """Return the names in nodes; names whose attributes are read (``save.error``) also with a dot."""
    found = set()
    for node in nodes_in(nodes_):
        if isinstance(node, nodes.Name):
            found.add(node.name)
        elif isinstance(node, nodes.Getattr | nodes.Getitem):
            found |= {f"{name}." for name in names([node.node]) if not name.endswith(".")}
    return found


def qualifies(body: Iterable[nodes.Node], environment: Environment) -> bool:
    """Return whether a body depends only on the values of names.

    Which function a name refers to is only known at run time: it has to be a reference, or `pure`.
    """
    return all(_is_pure_node(node, environment) for node in nodes_in(body))


def _is_pure_node(node: nodes.Node, environment: Environment) -> bool:
    if isinstance(node, nodes.Name):
        return node.name not in _SPECIAL
    if isinstance(node, nodes.Call):
        return isinstance(node.node, nodes.Name) or is_chain(node)
    if isinstance(node, nodes.For):
        return not node.recursive
    if isinstance(node, nodes.Filter):
        return _is_pure_filter(node.name, environment)
    if isinstance(node, nodes.Test):
        test = environment.tests.get(node.name)
        return is_pure(test) or test is TESTS.get(node.name)
    return isinstance(node, _PURE_NODES)


def _is_pure_filter(name: str, environment: Environment) -> bool:
    function = environment.filters.get(name)
    if is_pure(function):
        return True
    return function is FILTERS.get(name) and name not in _IMPURE_FILTERS
