"""A template's body as a tape: literal text, and parts where something dynamic stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from jinja2 import nodes

Fold = Callable[[nodes.Expr], str | None]
"""The HTML of an expression that is constant, else None."""

SILENT = (
    nodes.Assign,
    nodes.AssignBlock,
    nodes.ExprStmt,
    nodes.Extends,
    nodes.FromImport,
    nodes.Import,
    nodes.Macro,
)
"""Statements that write nothing where they stand."""


@dataclass(eq=False, slots=True)
class Part:
    """An expression or statement that writes something, after the silent statements before it."""

    node: nodes.Node
    before: list[nodes.Node] = field(default_factory=list)
    position: int = 0
    """Among the pieces of its tape."""

    @property
    def lineno(self) -> int:
        return self.node.lineno or 1

    @property
    def is_expression(self) -> bool:
        return isinstance(self.node, nodes.Expr)

    @property
    def is_call(self) -> bool:
        """Whether it is a call as a whole: what a macro gives stays a fragment."""
        return isinstance(self.node, nodes.Call | nodes.CallBlock)


@dataclass(slots=True)
class Tape:
    """Strings and parts in order, and the silent statements after the last part."""

    pieces: list[str | Part]
    after: list[nodes.Node]
    line: int


def tape(body: Sequence[nodes.Node], fold: Fold) -> Tape:
    """The tape of a body, adjacent text merged."""
    pieces: list[str | Part] = []
    silent: list[nodes.Node] = []
    for node in _flat(body):
        text = _text(node, fold)
        if isinstance(node, SILENT):
            silent.append(node)
        elif text is None:
            pieces.append(Part(node, silent, len(pieces)))
            silent = []
        elif pieces and isinstance(last := pieces[-1], str):
            pieces[-1] = last + text
        elif text:
            pieces.append(text)
    return Tape(pieces, silent, first_line(body))


def _flat(body: Iterable[nodes.Node]) -> Iterator[nodes.Node]:
    for node in body:
        if isinstance(node, nodes.Output):
            yield from node.nodes
        else:
            yield node


def _text(node: nodes.Node, fold: Fold) -> str | None:
    if isinstance(node, nodes.TemplateData):
        return node.data
    return fold(node) if isinstance(node, nodes.Expr) else None


def first_line(body: Sequence[nodes.Node]) -> int:
    """The line at which a body begins."""
    return next((node.lineno for node in _flat(body) if node.lineno), 1)
