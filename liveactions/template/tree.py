"""The elements of a template's body, with parts in their places.

What authors leave out and browsers add is written out here (end tags, the ``tbody`` of a table),
so that the server's idea of the tree is the browser's. What browsers would not keep is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from jinja2 import nodes

from ..errors import TemplateError
from ..html.balance import OpenElements, Unbalanced
from ..html.nesting import FOREIGN, INTEGRATION, NO_TEXT, OPTIONAL_END, SVG_ONLY, VOID
from ..html.scanner import Attribute, Comment, Declaration, EndTag, Hole, RawText, StartTag, Text, scan
from .tape import Part, Tape

Run = list[str | Part]
"""Literal text and parts that belong together."""

_NO_TEXT = NO_TEXT | {"html", "head"}
_BEGINS_WITH_ROW = re.compile(r"\s*(?:<!--.*?-->\s*)*<tr[\s>/]", re.IGNORECASE | re.DOTALL)


@dataclass(slots=True)
class Element:
    """An element; the root of a body has no name."""

    name: str = ""
    attributes: list[Attribute] = field(default_factory=list)
    source: str = ""
    self_closing: bool = False
    children: list[Child] = field(default_factory=list)
    raw: Run | None = None
    """Content of an element that has no elements in it."""

    @property
    def is_void(self) -> bool:
        return self.name in VOID or self.self_closing


@dataclass(slots=True)
class Markup:
    """A comment or declaration: literal unless it has parts."""

    run: Run


Child = str | Part | Element | Markup


class Builder:
    """Builds the tree of one body. `name` is the template's, for errors."""

    def __init__(self, tape: Tape, name: str | None, namespace: str = "") -> None:
        self._tape = tape
        self._name = name
        self._namespace = namespace
        self.root = Element()
        self._stack = [self.root]
        self._open = OpenElements(bool(namespace))
        self.line = tape.line
        """How far it has come."""

    def build(self) -> Element:
        """The root. `Unbalanced` or `Unplaceable` when the body isn't a tree of its own; `TemplateError`."""
        events = scan(self._tape.pieces, self._tape.line, bool(self._namespace))
        for event in events:
            self.line = event.line
            if isinstance(event, Text):
                self._text(event)
            elif isinstance(event, Hole):
                self._part(event)
            elif isinstance(event, StartTag):
                self._start(event)
            elif isinstance(event, RawText):
                self._stack[-1].raw = _run(event.parts)
            elif isinstance(event, EndTag):
                self._end(event)
            elif isinstance(event, Comment):
                self._top.append(Markup(["<!--", *_run(event.parts), "-->"]))
            elif isinstance(event, Declaration):
                self._top.append(Markup([event.source]))
        for left in self._open.names:
            if left not in OPTIONAL_END | {"html", "head", "body"}:
                raise Unbalanced(left)
        return self.root

    @property
    def _top(self) -> list[Child]:
        return self._stack[-1].children

    def _text(self, event: Text) -> None:
        inside = self._stack[-1].name
        if inside in _NO_TEXT and event.data.strip():
            wrong = event.data.split()[0]
            raise TemplateError(
                f"browsers don't keep text directly in <{inside}>: {wrong!r}; put it into {_home(inside)}",
                self._name,
                event.line,
            )
        self._append_text(event.data)

    def _append_text(self, data: str) -> None:
        if self._top and isinstance(last := self._top[-1], str):
            self._top[-1] = last + data
        else:
            self._top.append(data)

    def _part(self, event: Hole) -> None:
        part: Part = event.value
        inside = self._stack[-1].name
        if inside == "html" and part.is_expression and not part.is_call:
            raise TemplateError(
                "browsers don't keep text between <html> and <body>; move the expression into <body>",
                self._name,
                event.line,
            )
        if inside == "table" and _begins_with_row(part.node):
            self._push(Element("tbody", source="tbody"))
        self._top.append(part)

    def _start(self, event: StartTag) -> None:
        if event.name == "tr" and self._stack[-1].name == "table":
            self._push(Element("tbody", source="tbody"))
        ended = self._open.start(event.name, event.self_closing)
        del self._stack[len(self._stack) - len(ended) :]
        foreign = self._open.in_foreign() or event.name in FOREIGN
        element = Element(event.name, event.attributes, event.source, event.self_closing and foreign)
        self._top.append(element)
        if not element.is_void:
            self._stack.append(element)

    def _push(self, element: Element) -> None:
        self._open.start(element.name, False)
        self._top.append(element)
        self._stack.append(element)

    def _end(self, event: EndTag) -> None:
        if event.name in VOID:  # browsers ignore it
            return
        ended = self._open.end(event.name)
        del self._stack[len(self._stack) - len(ended) :]


def _run(parts: list[object]) -> Run:
    """Parts of the scanner, whose characters come one by one, with adjacent text merged."""
    run: Run = []
    for part in parts:
        if isinstance(part, Part):
            run.append(part)
        elif run and isinstance(last := run[-1], str):
            run[-1] = last + str(part)
        else:
            run.append(str(part))
    return run


def runs(attribute: Attribute) -> Run:
    """The value of an attribute, or a run of dynamic names."""
    return _run(attribute.value or [])


def margins(root: Element) -> tuple[int, int] | None:
    """If a body is one element: how much white space stands before and after it."""
    elements = [i for i, child in enumerate(root.children) if isinstance(child, Element)]
    others = [child for child in root.children if not isinstance(child, Element)]
    if len(elements) != 1 or not all(isinstance(child, str) and not child.strip() for child in others):
        return None
    before = sum(len(str(child)) for child in root.children[: elements[0]])
    return before, sum(map(len, map(str, others))) - before


def guess_namespace(root: Element) -> str:
    """The namespace of a body that nobody told where it stands."""
    first = next((child for child in root.children if isinstance(child, Element)), None)
    return "svg" if first and first.name in SVG_ONLY else ""


def namespace_in(element: Element, outside: str) -> str:
    """The namespace of what stands in an element."""
    if element.name in FOREIGN:
        return element.name
    return "" if element.name in INTEGRATION else outside


def _home(name: str) -> str:
    return {"colgroup": "<caption>", "html": "<body>", "head": "<body>"}.get(name, "a <td>")


def _begins_with_row(node: nodes.Node) -> bool:
    """Whether a statement's text begins with a table row."""
    return any(_BEGINS_WITH_ROW.match(data) is not None for data in _first_texts(node))


def _first_texts(node: nodes.Node) -> Iterator[str]:
    for data in node.find_all(nodes.TemplateData):
        if data.data.strip():
            yield data.data
            return
