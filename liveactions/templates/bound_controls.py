"""Translates ``live-bind`` into other attributes, in the tree that Jinja2 has parsed. So ::

    <input type="search" live-bind.debounce.300="{{ live.field.q }}">

is compiled as ::

    <input type="hidden" name="_b" value="{{ live.field.q.token }}">
    <input type="search" live-input.debounce.300="{{ live.field.q }}" name="{{ live.field.q.name }}"
           value="{{ live.field.q.value }}">

In the post of a form, the hidden field names the field to set, even if the control itself sends nothing, like
an unchecked checkbox. Checkboxes, radio buttons and the options of a ``select`` get a condition,
``{% if live.field.tone.has("warm") %}selected{% endif %}``; options may be in loops and branches. A checkbox
with a value calls ``live.field.extras.item("desk")``, which only adds or removes this value of a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from jinja2 import nodes

from ..exceptions import TemplateError
from ..html.entities import decode_attribute
from ..html.tokenizer import (
    Attribute,
    EndTag,
    Merged,
    NotTrackable,
    Placeholder,
    Position,
    RawText,
    StartTag,
    Text,
    scan,
)
from ..protocol.constants import FIELD_BOUND
from .ir import Part, attribute_source, flatten, runs
from .live_attributes import BIND, BIND_MODIFIERS, unknown_modifier
from .syntax_tree import every

_EXAMPLE: Final = f'{BIND}="{{{{ live.field.name }}}}"'
_CONTROLS: Final = frozenset({"input", "select", "textarea"})
_NOT_BOUND: Final = frozenset({"button", "file", "image", "reset", "submit"})
_CHECKABLE: Final = frozenset({"checkbox", "radio"})
_BODIES: Final = ("body", "else_", "elif_")
Insertion = str | nodes.Node


def bind_controls(template: nodes.Template, name: str | None) -> None:
    """Translate ``live-bind`` everywhere in a template. Raise `TemplateError` where it can't be used."""
    if any(BIND in data.data.lower() for data in every(nodes.TemplateData, template.body)):
        _Translator(name).body(template.body, None)
        if template.environment is not None:
            template.set_environment(template.environment)


class _Translator:
    def __init__(self, name: str | None) -> None:
        self._name = name

    def error(self, text: str, line: int, near: str = "") -> TemplateError:
        return TemplateError(text, self._name, line, near)

    def body(self, body: list[nodes.Node], select: nodes.Expr | None) -> None:
        """Translate a body, which may be within the ``select`` of a field, and all bodies in it."""
        flat = flatten(body, lambda _: None)
        edits = _Edits()
        try:
            events = list(scan(flat.pieces, flat.line))
        except NotTrackable:
            events = []
            texts = [piece for piece in flat.pieces if isinstance(piece, Merged)]
            lines = [text.line_at(at) for text in texts for at in _mentions(text)]
            if lines:
                near = BIND if len(lines) == 1 else ""  # else it may be any of them
                raise self.error(f"{BIND} belongs in a complete tag", lines[0], near) from None
        silent = [
            *flat.after,
            *(node for piece in flat.pieces if isinstance(piece, Part) for node in piece.before),
        ]
        for node in silent:
            self._bodies(node, None)
        inside, is_own, form = select, False, None
        for number, event in enumerate(events):
            if isinstance(event, Placeholder):
                self._bodies(event.value.node, inside)
            elif isinstance(event, EndTag) and event.name == "select" and is_own:
                inside, is_own = select, False
            elif isinstance(event, EndTag) and event.name == "form":
                form = None
            elif isinstance(event, StartTag):
                form = event if event.name == "form" else form
                bound = self._control(event, events[number + 1 : number + 2], form, edits)
                if bound is not None and event.name == "select":
                    inside, is_own = bound, True
                elif event.name == "option" and inside is not None:
                    self._option(event, events[number + 1 :], inside, edits)
        if edits:
            body[:] = _rebuilt(flat.pieces, edits, flat.line, flat.after)

    def _bodies(self, node: nodes.Node, select: nodes.Expr | None) -> None:
        for name in _BODIES:
            inner = getattr(node, name, None)
            if name == "elif_":
                for branch in inner or ():
                    self._bodies(branch, select)
            elif isinstance(inner, list) and inner:
                self.body(inner, select)

    def _control(
        self, tag: StartTag, following: Sequence[Any], form: StartTag | None, edits: _Edits
    ) -> nodes.Expr | None:
        """Translate the attribute of one tag. Return the field that it binds, if it does."""
        found = [one for one in tag.attributes if one.name is not None and one.name.split(".")[0] == BIND]
        if not found:
            return None
        attribute = found[0]
        assert attribute.name is not None
        value = runs(attribute)
        part = value[0] if len(value) == 1 else None
        field = part.node if isinstance(part, Part) else None
        if not isinstance(part, Part) or not isinstance(field, nodes.Expr):
            text = f"the value of {BIND} is a field of the page: {_EXAMPLE}"
            raise self.error(text, attribute.line, attribute.name)
        kind = self._kind(tag, attribute)
        self._check(tag, kind, following)
        line = attribute.line
        edits.replace(attribute.start, len(attribute.name), self._event(attribute))
        if form is None or _posts(form) or _attribute(tag, "form") is not None:
            edits.insert(tag.start, [*self._hidden(tag, field, line)])
        inside: list[Insertion] = [' name="', _get(field, "name", line), '"']
        if kind in _CHECKABLE:
            own = _attribute(tag, "value")
            chosen = _get(field, "checked", line) if own is None else _call(field, "has", runs(own), line)
            if kind == "checkbox" and own is not None:
                part.node = _call(field, "item", runs(own), line)
            inside += [" ", _if(chosen, "checked", line)]
        elif tag.name == "input":
            inside += [' value="', _get(field, "value", line), '"']
        elif tag.name == "textarea":
            edits.insert(tag.end, [_get(field, "value", line)])
        edits.insert(tag.inside, inside)
        return field

    def _kind(self, tag: StartTag, attribute: Attribute) -> str:
        if tag.name not in _CONTROLS:
            text = f"{BIND} belongs on an input, a select or a textarea"
            raise self.error(text, attribute.line, attribute.name or "")
        type = _attribute(tag, "type")
        if tag.name != "input" or type is None:
            return "text"
        if type.dynamic:
            raise self.error(f"the type of an input with {BIND} can't be an expression", type.line, "type")
        kind = "".join(map(str, type.value or ())).strip().lower()
        if kind in _NOT_BOUND:
            raise self.error(f'{BIND}: an input of type="{kind}" can\'t be bound', type.line, "type")
        return kind

    def _check(self, tag: StartTag, kind: str, following: Sequence[Any]) -> None:
        written = {"name", "checked"} if kind in _CHECKABLE else {"name", "value"}
        for one in tag.attributes:
            if one.name in written:
                raise self.error(f"{BIND} writes {one.name}= itself; remove it", one.line, one.name)
        if kind == "radio" and _attribute(tag, "value") is None:
            raise self.error(f"a radio button with {BIND} needs a value", tag.line, f"<{tag.source}")
        content = following[0] if following else None
        if tag.name == "textarea" and isinstance(content, RawText) and content.parts:
            text = f"{BIND} writes the content of a textarea itself; remove it"
            raise self.error(text, tag.line, f"<{tag.source}")

    def _event(self, attribute: Attribute) -> str:
        """Return the event attribute with the same modifiers."""
        assert attribute.name is not None
        _, *modifiers = attribute.name.split(".")
        event = next((name for name in BIND_MODIFIERS if name in modifiers), "input")
        written = ".".join([f"live-{event}", *(name for name in modifiers if name != event)])
        fault = unknown_modifier(written)
        if fault is not None:
            text = fault.replace(written, attribute.name, 1)
            raise self.error(text, attribute.line, attribute.name)
        return written

    def _hidden(self, tag: StartTag, field: nodes.Expr, line: int) -> Iterator[Insertion]:
        """Yield the field that names what the control sets. It is of the same form, and disabled with it."""
        yield f'<input type="hidden" name="{FIELD_BOUND}" value="'
        yield _get(field, "token", line)
        yield '"'
        for one in tag.attributes:
            if one.name in ("form", "disabled") or one.name is None and _says(one, "disabled"):
                for piece in attribute_source(one):
                    yield piece if isinstance(piece, str) else piece.node
        yield ">"

    def _option(self, tag: StartTag, following: Sequence[Any], field: nodes.Expr, edits: _Edits) -> None:
        own = _attribute(tag, "value")
        if own is not None:
            value = runs(own)
        else:
            value = []
            for event in following:
                if isinstance(event, Text):
                    value.append(" ".join(event.data.split()))
                elif isinstance(event, Placeholder) and event.value.is_expression:
                    value.append(event.value)
                else:
                    break
        edits.insert(tag.inside, [" ", _if(_call(field, "has", value, tag.line), "selected", tag.line)])


class _Edits:
    """Replacements and insertions, by piece and position in it."""

    def __init__(self) -> None:
        self._by_piece: dict[int, list[tuple[int, int, list[Insertion]]]] = {}

    def __bool__(self) -> bool:
        return bool(self._by_piece)

    def replace(self, position: Position, length: int, text: str) -> None:
        self._by_piece.setdefault(position[0], []).append((position[1], length, [text]))

    def insert(self, position: Position, what: list[Insertion]) -> None:
        self._by_piece.setdefault(position[0], []).append((position[1], 0, what))

    def of(self, piece: int) -> list[tuple[int, int, list[Insertion]]]:
        return sorted(self._by_piece.get(piece, ()), key=lambda edit: edit[0])


def _rebuilt(
    pieces: Sequence[Merged | Part], edits: _Edits, line: int, after: Iterable[nodes.Node]
) -> list[nodes.Node]:
    """Return the body with its edits."""
    body: list[nodes.Node] = []

    def add(what: Insertion) -> None:
        node = nodes.TemplateData(what, lineno=line) if isinstance(what, str) else what
        if not isinstance(node, nodes.Expr):
            body.append(node)
        elif body and isinstance(last := body[-1], nodes.Output):
            last.nodes.append(node)
        else:
            body.append(nodes.Output([node], lineno=node.lineno))

    for number, piece in enumerate(pieces):
        if isinstance(piece, Part):
            line = piece.lineno
            for node in (*piece.before, piece.node):
                add(node)
            continue
        at, line = 0, piece.line_at(0)
        changes = edits.of(number) + [(begin, 0, []) for begin, _ in piece.begins[1:]]
        for start, length, what in sorted(changes, key=lambda change: change[0]):
            add(piece[at:start])
            line = piece.line_at(start)
            at = start + length
            for one in what:
                add(one)
        add(piece[at:])
    return [*body, *after]


def _mentions(text: str) -> Iterator[int]:
    """Yield the offsets at which a text mentions the attribute."""
    yield from (found.start() for found in re.finditer(BIND, text, re.IGNORECASE))


def _attribute(tag: StartTag, name: str) -> Attribute | None:
    return next((one for one in tag.attributes if one.name == name), None)


def _posts(form: StartTag) -> bool:
    """Return whether a form may be posted: it says so, or it calls an action."""
    action, method = _attribute(form, "action"), _attribute(form, "method")
    if method is None:
        return action is not None and action.dynamic
    return method.dynamic or "".join(map(str, method.value or ())).strip().lower() == "post"


def _says(attribute: Attribute, word: str) -> bool:
    """Return whether the source of a dynamic part of a tag contains a word."""
    parts = [piece for piece in runs(attribute) if isinstance(piece, Part)]
    return any(word in data.data for part in parts for data in part.node.find_all(nodes.TemplateData))


def _get(field: nodes.Expr, name: str, line: int) -> nodes.Expr:
    return nodes.Getattr(field, name, "load", lineno=line)


def _call(field: nodes.Expr, method: str, value: Sequence[str | Part], line: int) -> nodes.Expr:
    """Return a call of a field's method with the value of a checkbox, a radio button or an option."""
    parts: list[nodes.Expr] = []
    for piece in value:
        node = nodes.Const(decode_attribute(piece)) if isinstance(piece, str) else piece.node
        assert isinstance(node, nodes.Expr)
        parts.append(node)
    whole = parts[0] if len(parts) == 1 else nodes.Concat(parts) if parts else nodes.Const("")
    return nodes.Call(_get(field, method, line), [whole], [], None, None, lineno=line)


def _if(test: nodes.Expr, text: str, line: int) -> nodes.If:
    output = nodes.Output([nodes.TemplateData(text, lineno=line)], lineno=line)
    return nodes.If(test, [output], [], [], lineno=line)
