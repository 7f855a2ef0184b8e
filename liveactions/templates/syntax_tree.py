"""Walks through the syntax tree of a template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from jinja2 import nodes

N = TypeVar("N", bound=nodes.Node)


def nodes_in(found: Iterable[nodes.Node]) -> Iterator[nodes.Node]:
    """Yield nodes and all nodes in them, each before those in it.

    In large templates, this takes a fraction of the time of Jinja's recursive `find_all`.
    """
    todo = [*found]
    todo.reverse()
    while todo:
        node = todo.pop()
        yield node
        inner: list[nodes.Node] = []
        for name in node.fields:
            value = getattr(node, name, None)
            if isinstance(value, nodes.Node):
                inner.append(value)
            elif isinstance(value, list):
                inner += [one for one in value if isinstance(one, nodes.Node)]
        inner.reverse()
        todo += inner


def every(kind: type[N], found: Iterable[nodes.Node]) -> Iterator[N]:
    """Yield the nodes of a kind among nodes and all nodes in them."""
    return (node for node in nodes_in(found) if isinstance(node, kind))
