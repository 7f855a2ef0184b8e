"""The intermediate representation of a template's body: a tree of elements with dynamic parts.

`flatten` turns Jinja2's nodes for a body into literal text and `Part`s, the expressions and statements that
produce output. `Builder` parses these and returns the tree of `Element`s. It adds what authors leave out and
browsers insert, such as end tags and the ``tbody`` of a table, so that the tree is the browser's. It raises
`TemplateError` for what browsers wouldn't keep, and `Unbalanced` for a body that isn't a tree by itself.

For ``<ul>{% for x in xs %}<li>{{ x }}{% endfor %}</ul>`` the outer body is an ``Element`` ``ul`` with one
child, the `Part` of the loop; the loop's body is planned by itself, as an ``Element`` ``li`` with the `Part`
of ``x``.

Two features change the tree before slots are laid out:

- a form that calls an action gets a hidden field if its buttons call other actions (`add_form_field`);
- ``live-ignore`` protects what scripts have done to an element (`ignored`)::

    <div live-ignore>               the element and everything in it
    <div live-ignore="children">    everything in it
    <div live-ignore="class style"> these attributes

  Its slots are written when the element is created, and never updated. The content is one slot of raw HTML,
  because a widget may remove the markers of other slots.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from jinja2 import nodes

from ..exceptions import TemplateError
from ..html.balance import OpenElements, Unbalanced, is_hidden_input
from ..html.content_model import (
    FOREIGN,
    INTEGRATION,
    NO_TEXT,
    OPTIONAL_END,
    SVG_ONLY,
    VOID,
    is_displaced,
)
from ..html.entities import decode_attribute, escape
from ..html.tokenizer import (
    Attribute,
    Comment,
    Declaration,
    EndTag,
    Merged,
    NotTrackable,
    Placeholder,
    RawText,
    StartTag,
    Text,
    scan,
)
from ..protocol.constants import FIELD_FORM

Fold = Callable[[nodes.Expr], str | None]
"""Returns the HTML of a constant expression, and None for others."""
SILENT = (
    nodes.Assign,
    nodes.AssignBlock,
    nodes.ExprStmt,
    nodes.Extends,
    nodes.FromImport,
    nodes.Import,
    nodes.Macro,
)
"""Statements without output."""


@dataclass(eq=False, slots=True)
class Part:
    """An expression or statement with output, and the silent statements before it."""

    node: nodes.Node
    before: list[nodes.Node] = field(default_factory=list)
    position: int = 0
    """Its index among the pieces of its body."""

    @property
    def lineno(self) -> int:
        return self.node.lineno or 1

    @property
    def is_expression(self) -> bool:
        return isinstance(self.node, nodes.Expr)

    @property
    def is_call(self) -> bool:
        """Whether it is just a call, so that the result of a macro stays a fragment."""
        return isinstance(self.node, nodes.Call | nodes.CallBlock)


@dataclass(slots=True)
class FlatBody:
    """Text and parts in order, and the silent statements after the last part."""

    pieces: list[Merged | Part]
    after: list[nodes.Node]
    line: int


def flatten(body: Sequence[nodes.Node], fold: Fold) -> FlatBody:
    """Return the text and the parts of a body, adjacent text merged."""
    pieces: list[Merged | Part] = []
    silent: list[nodes.Node] = []
    for node in _flat(body):
        text = _text(node, fold)
        if isinstance(node, SILENT):
            silent.append(node)
        elif text is None:
            pieces.append(Part(node, silent, len(pieces)))
            silent = []
        elif pieces and isinstance(last := pieces[-1], Merged):
            pieces[-1] = last.followed_by(text, node.lineno)
        elif text:
            pieces.append(Merged(text, ((0, node.lineno),)))
    return FlatBody(pieces, silent, first_line(body))


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
    """Return the line at which a body begins."""
    return next((node.lineno for node in _flat(body) if node.lineno), 1)


Run = list[str | Part]
"""Literal text and parts that belong together."""
_NO_TEXT = NO_TEXT | {"html", "head"}
_DOCUMENT = frozenset({"html", "head", "body", "frameset"})
# Matches only the first tag of a body, which is tokenized separately.
_BEGINS_WITH_ROW = re.compile(r"\s*(?:<!--.*?-->\s*)*<tr[\s>/]", re.IGNORECASE | re.DOTALL)


@dataclass(slots=True)
class Element:
    """An element. The root of a body has no name."""

    name: str = ""
    attributes: list[Attribute] = field(default_factory=list)
    source: str = ""
    self_closing: bool = False
    children: list[Child] = field(default_factory=list)
    raw: Run | None = None
    """Content that can't contain elements."""
    line: int = 0

    @property
    def is_void(self) -> bool:
        return self.name in VOID or self.self_closing


@dataclass(slots=True)
class Markup:
    """A comment or declaration; literal unless it has parts."""

    run: Run


Child = str | Part | Element | Markup


class Builder:
    """Builds the tree of one body. `name` is the template's, for error messages."""

    def __init__(self, source: FlatBody, name: str | None, namespace: str = "") -> None:
        self._source = source
        self._name = name
        self._namespace = namespace
        self.root = Element()
        self._stack = [self.root]
        self._open = OpenElements(bool(namespace))
        self.line = source.line
        """The current line."""

    def build(self) -> Element:
        """Return the root.

        Raise `Unbalanced` or `NotTrackable` if the body isn't a tree by itself, or `TemplateError`.
        """
        events = scan(self._source.pieces, self._source.line, bool(self._namespace))
        for event in events:
            self.line = event.line
            if isinstance(event, Text):
                self._text(event)
            elif isinstance(event, Placeholder):
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
            place = _place_for_text(inside)
            text = f"browsers don't keep text directly in <{inside}>: {wrong!r}; put it into {place}"
            line = event.line + event.data.count("\n", 0, event.data.index(wrong))
            raise TemplateError(text, self._name, line, wrong)
        self._append_text(event.data)

    def _append_text(self, data: str) -> None:
        if self._top and isinstance(last := self._top[-1], str):
            self._top[-1] = last + data
        else:
            self._top.append(data)

    def _part(self, event: Placeholder) -> None:
        part: Part = event.value
        inside = self._stack[-1].name
        if inside == "html" and part.is_expression and not part.is_call:
            text = "browsers don't keep text between <html> and <body>; move the expression into <body>"
            raise TemplateError(text, self._name, event.line)
        if inside == "table" and _begins_with_row(part.node):
            self._push(Element("tbody", source="tbody"))
        self._top.append(part)

    def _start(self, event: StartTag) -> None:
        if event.name == "tr" and self._stack[-1].name == "table":
            self._push(Element("tbody", source="tbody"))
        ended = self._open.start(event.name, event.self_closing)
        del self._stack[len(self._stack) - len(ended) :]
        above = [element.name for element in self._stack[1:]]
        if event.name not in _DOCUMENT and is_displaced(event.name, above, is_hidden_input(event)):
            raise Unbalanced(event.name)
        foreign = self._open.in_foreign() or event.name in FOREIGN
        element = Element(event.name, event.attributes, event.source, event.self_closing and foreign)
        element.line = event.line
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
    """Return the parts of a token, whose characters come one by one, with adjacent text merged."""
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
    """Return the value of an attribute, or a run of dynamic names."""
    return _run(attribute.value or [])


def surrounding_space(root: Element) -> tuple[int, int] | None:
    """Return the lengths of white space before and after a body's only element; None for other bodies."""
    elements = [i for i, child in enumerate(root.children) if isinstance(child, Element)]
    others = [child for child in root.children if not isinstance(child, Element)]
    if len(elements) != 1 or not all(isinstance(child, str) and not child.strip() for child in others):
        return None
    before = sum(len(str(child)) for child in root.children[: elements[0]])
    return before, sum(map(len, map(str, others))) - before


def guess_namespace(root: Element) -> str:
    """Return the namespace of a body whose surroundings aren't known."""
    first = next((child for child in root.children if isinstance(child, Element)), None)
    return "svg" if first and first.name in SVG_ONLY else ""


def namespace_in(element: Element, outside: str) -> str:
    """Return the namespace of an element's content."""
    if element.name in FOREIGN:
        return element.name
    return "" if element.name in INTEGRATION else outside


def _place_for_text(name: str) -> str:
    return {"colgroup": "<caption>", "html": "<body>", "head": "<body>"}.get(name, "a <td>")


def begins_with_row(html: str) -> bool:
    """Return whether HTML begins with a table row."""
    return _BEGINS_WITH_ROW.match(html) is not None


def _begins_with_row(node: nodes.Node) -> bool:
    """Return whether a statement's text begins with a table row."""
    return any(map(begins_with_row, _first_texts(node)))


def _first_texts(node: nodes.Node) -> Iterator[str]:
    for data in node.find_all(nodes.TemplateData):
        if data.data.strip():
            yield data.data
            return


# The parts of a form needn't be complete tags, so they can't be tokenized.
_FILE: Final = re.compile(r"<input\b[^>]*\stype\s*=\s*[\"']?file\b", re.IGNORECASE)


def add_form_field(element: Element) -> None:
    """Add a field with the address of a form's own action if one of its buttons may call another action."""
    action = _dynamic_action(element)
    if action is None or not any(map(_has_button, element.children)):
        return
    written = {"type": ["hidden"], "name": [FIELD_FORM], "value": action.value}
    attributes = [Attribute(name, value, action.line) for name, value in written.items()]
    element.children.insert(0, Element("input", attributes, "input"))


def calls_action(element: Element) -> bool:
    """Return whether an element is a form whose address may be an action's."""
    return _dynamic_action(element) is not None


def _dynamic_action(element: Element) -> Attribute | None:
    attributes = element.attributes if element.name == "form" else ()
    return next((one for one in attributes if one.name == "action" and one.dynamic), None)


def _has_button(child: object) -> bool:
    if isinstance(child, Part):
        return any("formaction=" in data.data for data in child.node.find_all(nodes.TemplateData))
    if not isinstance(child, Element):
        return False
    return any(one.name == "formaction" and one.dynamic for one in child.attributes) or any(
        map(_has_button, child.children)
    )


def has_file(element: Element) -> bool:
    """Return whether a form has a file field, as far as the template's own text shows."""
    return any(_has_file(child) for child in element.children)


def _has_file(child: object) -> bool:
    if isinstance(child, Part):
        return any(_FILE.search(data.data) for data in child.node.find_all(nodes.TemplateData))
    if not isinstance(child, Element):
        return False
    return (child.name == "input" and any(map(_is_file, child.attributes))) or has_file(child)


def _is_file(attribute: Attribute) -> bool:
    value = "".join(map(str, attribute.value or ()))
    return attribute.name == "type" and value.strip().lower() == "file"


_NAME: Final = "live-ignore"
_CHILDREN: Final = "children"


@dataclass(frozen=True, slots=True)
class Ignored:
    """What ``live-ignore`` protects of an element: content, and attributes by name (None for all)."""

    content: bool = False
    attributes: frozenset[str] | None = frozenset()

    def has(self, attribute: Attribute) -> bool:
        return self.attributes is None or attribute.name in self.attributes


def ignored(element: Element) -> Ignored:
    """Return what ``live-ignore`` excludes from updates.

    Raise `NotTrackable` unless its value is literal text.
    """
    attribute = next((one for one in element.attributes if one.name == _NAME), None)
    if attribute is None:
        return Ignored()
    if attribute.dynamic:
        raise NotTrackable("live-ignore is dynamic")
    names = "".join(map(str, attribute.value or ())).split()
    if not names:
        return Ignored(content=True, attributes=None)
    return Ignored(_CHILDREN in names, frozenset(names))


def verbatim(children: Sequence[Child]) -> Run:
    """Return the HTML of an ignored element's content, including its dynamic parts."""
    run: Run = []
    for child in children:
        if isinstance(child, Element):
            run += _element(child)
        elif isinstance(child, Markup):
            run += child.run
        else:
            run.append(child)
    return run


def _element(element: Element) -> Run:
    add_form_field(element)
    run: Run = [f"<{element.source}"]
    for attribute in element.attributes:
        run += attribute_source(attribute)
    if element.name == "form" and _calls(element):
        names = {attribute.name for attribute in element.attributes}
        run.append("" if "method" in names else ' method="post"')
        run.append("" if "enctype" in names or not has_file(element) else ' enctype="multipart/form-data"')
    run.append("/>" if element.self_closing else ">")
    run += verbatim(element.children) if element.raw is None else element.raw
    return run if element.is_void else [*run, f"</{element.source}>"]


def _calls(form: Element) -> bool:
    return any(attribute.name == "action" and attribute.dynamic for attribute in form.attributes)


def attribute_source(attribute: Attribute) -> Run:
    """Return the HTML of an attribute, with the space before it."""
    if attribute.name is None:
        return [" ", *runs(attribute)]
    if attribute.value is None:
        return [f" {attribute.name}"]
    value = [
        piece if isinstance(piece, Part) else escape(decode_attribute(piece)) for piece in runs(attribute)
    ]
    return [f' {attribute.name}="', *value, '"']
