"""Find what page functions render, in their source."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ..pages.page_functions import render


class Rendering(NamedTuple):
    """One template of a page function."""

    template: str
    names: frozenset[str]
    is_complete: bool
    """Whether these are all names: some may come from a dict (``**names``)."""


def renderings(function: Callable[..., Any]) -> dict[str, Rendering]:
    """Return what a page function renders, by template: the names of all calls of `render` for it.

    A call that another function makes, or whose template isn't a constant, isn't found.
    """
    found: dict[str, Rendering] = {}
    for template, names, is_complete in _calls(inspect.unwrap(function)):
        known = found.get(template, Rendering(template, frozenset(), True))
        found[template] = Rendering(template, known.names | names, known.is_complete and is_complete)
    return found


def _calls(function: Callable[..., Any]) -> Iterator[Rendering]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        around = inspect.getclosurevars(function)
    except (OSError, TypeError, SyntaxError):  # there is no source
        return
    names = {**around.globals, **around.nonlocals}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _value(node.func, names) is render and node.args:
            template = node.args[0]
            if isinstance(template, ast.Constant) and isinstance(template.value, str):
                given = [keyword.arg for keyword in node.keywords]
                yield Rendering(template.value, frozenset(name for name in given if name), None not in given)


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """Return what a dotted name means; None for anything else."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(_value(node.value, names), node.attr, None)
    return None
