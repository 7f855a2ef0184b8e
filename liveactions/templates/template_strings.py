"""Template strings of Python 3.14 as templates: ``t"<p>{name}</p>"`` becomes a fragment.

The text between the values is constant: it is planned like the body of a template
(`liveactions.templates.plan`), and each value has a slot. As in Jinja2 templates, the position of a slot (in
text, in an attribute, in an address) determines which function of `runtime` computes its value. Lists of
template strings are lists of items.

A template string that isn't a tree by itself is HTML in one piece. `TemplateError` is raised for a value that
can't be escaped in its place: in a script, or in the name of a tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from jinja2 import nodes
from markupsafe import Markup, escape

from ..exceptions import TemplateError
from ..html.content_model import NO_TEXT, SVG_ONLY, TEXT_ONLY
from ..html.entities import decode_attribute, decode_text
from ..html.tokenizer import Attribute, Comment, NotTrackable, RawText, StartTag, scan
from . import runtime
from .bound_controls import bind_controls
from .commands import Commands, is_chain
from .escaping import DOCUMENT_ATTRIBUTE, URL_ATTRIBUTES
from .fragments import Fragment, Kind, Shape
from .ir import Part, Run, begins_with_row, flatten, runs
from .live_attributes import BIND
from .plan import Planner, Slot
from .raw_html import Interpolated, html_of, interpolated, is_template_string, raw_page, raw_part

_CACHED: Final = 2048
"""Maximum number of template strings that are cached."""
_ONE, _LIST, _ROWS, _COMMANDS = "", "list", "rows", "commands"
"""Kinds of values on which the shape depends."""
_SCALARS: Final = frozenset({str, int})
"""The types of most values, which need no further checks."""
_BOOLEAN: Final = re.compile(
    r"\s(allowfullscreen|async|autofocus|autoplay|checked|controls|default|defer|disabled|formnovalidate|hidden"
    r"|inert|ismap|itemscope|loop|multiple|muted|nomodule|novalidate|open|playsinline|readonly|required"
    r"|reversed|selected)\s*=\s*([\"']?)\Z",
    re.IGNORECASE,
)
"""Boolean attributes: ``checked={is_on}``."""
# Matches only the first tag of a body, which is tokenized separately.
_FIRST_TAG: Final = re.compile(r"\s*<([a-zA-Z]+)")
_NAME: Final = re.compile(r"(?!on)[a-z][\w.-]*", re.IGNORECASE)
Values = Sequence[Any]
Evaluate = Callable[[Values], Any]


def part_from_render(value: Any, previous: Fragment | None = None) -> Any:
    """Return the result of a component's `render`, HTML or a template string, as a part of a page.

    `previous` is the last render in its place. Raise `TypeError` if the result isn't HTML.
    """
    return fragment_of(value, previous) if is_template_string(value) else raw_part(html_of(value))


def page_from_render(value: Any, previous: Fragment | None = None) -> Fragment:
    """Return the result of a page's `render` as a whole page. Raise `TypeError` if it isn't HTML."""
    if not is_template_string(value):
        return raw_page(html_of(value))
    shown = fragment_of(value, previous)
    return shown if type(shown) is Fragment else raw_page(str(shown))


def fragment_of(template: Interpolated, previous: Any = None) -> Any:
    """Return the fragment of a template string; HTML if it isn't a tree by itself.

    `previous` is the last render in its place, which components in it receive. Raise `TemplateError` if a
    value is where none can be.
    """
    values = [_value(hole) for hole in template.interpolations]
    signature = tuple([_signature(value) for value in values])
    known = _compiled(template.strings, signature)
    if known.shape is None:
        return runtime.raw("".join(_in_one_piece(template.strings, values, known.places)))
    shape = known.shape
    prior = previous.values if type(previous) is Fragment and previous.shape is shape else None
    made = tuple([fill(values, prior, number) for number, fill in enumerate(known.fills)])
    return runtime.fragment(shape, made)


def _value(hole: Any) -> Any:
    value = interpolated(hole)
    return value if type(value) in _SCALARS or not isinstance(value, Iterator) else list(value)


Fill = Callable[[Values, "tuple[Any, ...] | None", int], Any]


class _Compiled(NamedTuple):
    shape: Shape | None
    fills: tuple[Fill, ...]
    places: Mapping[int, _Place]
    """The attributes that values are in, if it isn't a tree by itself."""


class _Place(NamedTuple):
    """An attribute that has values."""

    name: str
    """Empty if the values are its name."""
    before: str
    """The source of what is before its first value."""
    after: str
    """The source of what is after its last value."""
    size: int
    """How many values it has."""
    text: Evaluate
    """The function for its text; for names, for pairs of names and texts in one tuple."""


def _signature(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        first = value[0] if value else None
        return _ROWS if is_template_string(first) and begins_with_row(first.strings[0]) else _LIST
    return _COMMANDS if isinstance(value, Commands) else _ONE


@lru_cache(maxsize=_CACHED)
def _compiled(strings: tuple[str, ...], signature: tuple[str, ...]) -> _Compiled:
    body = _body(strings, signature)
    title = _title(strings)
    attributes = _check(body, title)
    template = nodes.Template(body, lineno=1)
    bind_controls(template, title)
    planner = Planner(title, lambda node: None)
    planner.hides_js = True  # commands are values here
    first = _FIRST_TAG.match(strings[0])
    plan = planner.plan(template.body, "svg" if first is not None and first[1] in SVG_ONLY else "")
    if plan.degraded:
        if any(BIND in text for text in strings):
            raise TemplateError(f"{BIND} needs a template string whose tags are balanced", title, plan.line)
        return _Compiled(None, (), {number: _place(one) for number, one in attributes.items()})
    fills = tuple(_fill(slot) for slot in plan.slots)
    return _Compiled(Shape(*plan.shape_arguments(title)), fills, {})


def _title(strings: tuple[str, ...]) -> str:
    """Return a name for error messages: how the template string begins."""
    text = "{…}".join(strings).strip().split("\n")[0]
    return f't"{text[:40]}{"…" if len(text) > 40 else ""}"'


def _body(strings: tuple[str, ...], signature: tuple[str, ...]) -> list[nodes.Node]:
    """Return what Jinja2 would parse, with a name for each value: its number."""
    body: list[nodes.Node] = []
    line, quote = 1, ""
    for number, text in enumerate(strings):
        text = text[1:] if quote and text.startswith(quote) else text
        quote = ""
        kind = signature[number] if number < len(signature) else None
        flag = _BOOLEAN.search(text) if kind is not None else None
        if flag is not None:
            quote, shown = flag[2], text[: flag.start() + 1]
        else:
            shown = text
        if shown:
            body.append(nodes.Output([nodes.TemplateData(shown, lineno=line)], lineno=line))
        line += text.count("\n")
        if kind is None:
            continue
        name = nodes.Name(str(number), "load", lineno=line)
        if flag is not None:
            output = nodes.Output([nodes.TemplateData(flag[1], lineno=line)], lineno=line)
            body.append(nodes.If(name, [output], [], [], lineno=line))
        elif kind in (_LIST, _ROWS):
            # Items may be elements, and browsers put those of a table into a tbody.
            begin = nodes.TemplateData("<!---->" if kind == _LIST else "<tr></tr>", lineno=line)
            item = nodes.Output([begin, nodes.Name("item", "load", lineno=line)], lineno=line)
            target = nodes.Name("item", "store", lineno=line)
            body.append(nodes.For(target, name, [item], [], None, False, lineno=line))
        elif kind == _COMMANDS:  # looks like commands to the planner
            call = nodes.Call(nodes.Getattr(nodes.Name("js", "load"), "call", "load"), [name], [], None, None)
            body.append(nodes.Output([call.set_lineno(line)], lineno=line))
        else:
            body.append(nodes.Output([name], lineno=line))
    return body


def _check(body: list[nodes.Node], title: str) -> dict[int, Attribute]:
    """Return the attributes by the numbers of the values in them.

    Raise `TemplateError` if a value is where it can't be escaped.
    """
    found: dict[int, Attribute] = {}
    flat = flatten(body, lambda node: None)
    try:
        events = list(scan(flat.pieces, flat.line))
    except NotTrackable as error:
        raise TemplateError(f"a value can't be placed here: {error}", title, flat.line) from None
    inside = ""
    for event in events:
        if isinstance(event, StartTag):
            inside = event.name
            for attribute in event.attributes:
                run = runs(attribute)
                parts = [piece for piece in run if isinstance(piece, Part)]
                if parts and (attribute.name or "").startswith("on"):
                    text = f"a value can't be in {attribute.name}, which is a script: use a live- attribute"
                    raise TemplateError(text, title, attribute.line)
                if attribute.name is None and len(run) > 1:
                    text = "a value can't be a part of an attribute's name"
                    raise TemplateError(text, title, attribute.line)
                if attribute.name is not None and any(isinstance(part.node, nodes.If) for part in parts):
                    text = f"a value in {attribute.name} looks like a boolean attribute: make it one value"
                    raise TemplateError(text, title, attribute.line)
                found.update({_number(part.node): attribute for part in parts})
        elif isinstance(event, Comment | RawText) and any(not isinstance(part, str) for part in event.parts):
            where = "a comment" if isinstance(event, Comment) else f"<{inside}>"
            if where == "a comment" or inside not in TEXT_ONLY:
                text = f"a value can't be in {where}: it can't be escaped there; use a data- attribute"
                raise TemplateError(text, title, event.line)
    return found


def _fill(slot: Slot) -> Fill:
    """Return the function that makes the value of a slot from all values."""
    make = _maker(slot)
    above = slot.above
    if not above:
        return make
    takes_text = above[-1] not in NO_TEXT

    def placed(values: Values, prior: tuple[Any, ...] | None, number: int) -> Any:
        value = make(values, prior, number)
        is_safe = type(value) is str if takes_text else not value
        return value if is_safe else runtime.placed(value, above)

    return placed


def _maker(slot: Slot) -> Fill:
    only = slot.only
    if slot.kind is Kind.LIST and only is not None:
        assert isinstance(only.node, nodes.For)
        source = _evaluator(only.node.iter)
        return lambda values, prior, number: _items(source(values))
    if slot.kind is Kind.CHILD and only is not None and only.is_expression:
        value = _evaluator(only.node)
        return lambda values, prior, number: _child(value(values), prior, number)
    make = _joining(slot)
    return lambda values, prior, number: make(values)


def _joining(slot: Slot) -> Evaluate:
    """Return the function for a slot whose value consists of text and values."""
    if slot.kind is Kind.CHILD:
        parts = _parts(slot.run, decode_text, _with_lists(_shown))
        return lambda values: runtime.joined(*[part(values) for part in parts])
    if slot.kind is Kind.TAG:
        return _tag(slot.run)
    if slot.kind is Kind.TEXT:
        parts = _parts(slot.run, decode_text, _with_lists(lambda value: runtime.content(_plain(value))))
        return lambda values: "".join([part(values) for part in parts])
    single = slot.only
    if slot.kind is Kind.EVENT and single is not None:
        value = _evaluator(single.node)
        return lambda values: runtime.event(value(values))
    if slot.is_url:
        return _url(slot.run)
    if single is not None and not slot.is_document:
        value = _evaluator(single.node)
        return lambda values: runtime.attribute(_plain(value(values)))
    return _attribute(slot.run, runtime.document if slot.is_document else runtime.text)


def _url(run: Run) -> Evaluate:
    """Return the function for an attribute that browsers follow or load."""
    parts = _parts(run, lambda text: Markup(decode_attribute(text)), _plain)
    return lambda values: runtime.url(*[part(values) for part in parts])


def _attribute(run: Run, show: Callable[[Any], str]) -> Evaluate:
    """Return the function for any other attribute. `show` makes the text of each value."""
    parts = _parts(run, decode_attribute, lambda value: show(_plain(value)))
    return lambda values: "".join([part(values) for part in parts])


def _parts(run: Run, decode: Callable[[str], str], show: Callable[[Any], Any]) -> list[Evaluate]:
    return [_constant(decode(piece)) if isinstance(piece, str) else _showing(piece, show) for piece in run]


def _constant(text: str) -> Evaluate:
    return lambda values: text


def _showing(part: Part, show: Callable[[Any], Any]) -> Evaluate:
    value = _evaluator(part.node)
    return lambda values: show(value(values))


def _with_lists(show: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that also shows lists, which can be in text but not in attributes."""

    def shown(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return show(value)
        return runtime.rendered([escape(_child(one, None, 0)) for one in value])

    return shown


def _tag(run: Run) -> Evaluate:
    """Return the function for attributes whose names are values: a name, a mapping, or nothing."""
    parts = [piece for piece in run if isinstance(piece, Part)]
    makers = [_attributes(part.node) for part in parts]

    def make(values: Values) -> tuple[str, ...]:
        pairs: dict[str, str] = {}
        for maker in makers:
            for name, value in maker(values):
                pairs.setdefault(name, value)
        return tuple(text for pair in pairs.items() for text in pair)

    return make


def _attributes(node: nodes.Node) -> Callable[[Values], list[tuple[str, str]]]:
    if isinstance(node, nodes.If):
        test = _evaluator(node.test)
        (output,) = node.body
        (data,) = output.find_all(nodes.TemplateData)
        return lambda values: [(data.data.lower(), "")] if test(values) else []
    value = _evaluator(node)
    return lambda values: list(_named(value(values)))


def _named(value: Any) -> Iterator[tuple[str, str]]:
    if not value:
        return
    pairs = value.items() if isinstance(value, Mapping) else [(value, True)]
    for name, one in pairs:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise TypeError(f"{name!r} can't be the name of an attribute: use a name, a mapping or nothing")
        if one is None or one is False:
            continue
        yield name.lower(), "" if one is True else str(_shower(name.lower())(one))


def _shower(name: str) -> Callable[[Any], Any]:
    """Return the function for the value of an attribute of this name."""
    if name in URL_ATTRIBUTES:
        return runtime.url
    return runtime.document if name == DOCUMENT_ATTRIBUTE else runtime.text


def _evaluator(node: nodes.Node) -> Evaluate:
    """Return a function for an expression: the number of a value, or what `bindings` has made of it."""
    if isinstance(node, nodes.Name):
        number = int(node.name)
        return lambda values: values[number]
    if isinstance(node, nodes.For):
        return _evaluator(node.iter)
    if isinstance(node, nodes.Const):
        constant = node.value
        return lambda values: constant
    if isinstance(node, nodes.Concat):
        pieces = [_evaluator(piece) for piece in node.nodes]
        return lambda values: "".join([runtime.text(piece(values)) for piece in pieces])
    if isinstance(node, nodes.Getattr):
        owner, name = _evaluator(node.node), node.attr
        return lambda values: getattr(owner(values), name)
    assert isinstance(node, nodes.Call)
    if is_chain(node):  # its value is the commands
        return _evaluator(node.args[0])
    function, arguments = _evaluator(node.node), [_evaluator(argument) for argument in node.args]
    return lambda values: function(values)(*[argument(values) for argument in arguments])


def _number(node: nodes.Node) -> int:
    """Return the number of the value that a part shows."""
    found = [node] if isinstance(node, nodes.Name) else node.find_all(nodes.Name)
    return next(int(name.name) for name in found if name.name.isdecimal())


def _shown(value: Any) -> Any:
    """Return a value as it is in text: a template string as its fragment, nothing for None and False."""
    if value is None or value is False:
        return ""
    return fragment_of(value) if is_template_string(value) else value


def _child(value: Any, prior: tuple[Any, ...] | None, number: int) -> Any:
    if is_template_string(value):
        return fragment_of(value, prior[number] if prior is not None else None)
    return runtime.child(_shown(value), prior, number)


def _items(values: Sequence[Any]) -> Any:
    """Return the value of a list."""
    return runtime.items([_child(value, None, 0) for value in values])


def _plain(value: Any) -> Any:
    """Return a value as it is in an attribute. Raise `TypeError` for one that would be misleading there."""
    if type(value) in _SCALARS:
        return value
    if value is None:
        return ""
    if isinstance(value, (bool, list, tuple, dict)) or is_template_string(value):
        kind = "a template string" if is_template_string(value) else repr(value)
        raise TypeError(f"{kind} can't be the value of an attribute: write its text, as in an f-string")
    return value


def _place(attribute: Attribute) -> _Place:
    run, name = runs(attribute), attribute.name or ""
    before, after = (piece if isinstance(piece, str) else "" for piece in (run[0], run[-1]))
    text = _url(run) if name in URL_ATTRIBUTES else _attribute(run, _shower(name)) if name else _tag(run)
    return _Place(name, before, after, sum(isinstance(piece, Part) for piece in run), text)


def _in_one_piece(strings: Sequence[str], values: Values, places: Mapping[int, _Place]) -> Iterator[str]:
    """Yield HTML that isn't a tree by itself, with its values escaped by their places."""
    number, written = 0, ""
    while True:
        text, place = strings[number].removeprefix(written), places.get(number)
        written = ""
        if number == len(values):
            yield text
            return
        flag = _BOOLEAN.search(text) if place is not None else None
        if place is None:
            value = values[number]
            shown = [_child(one, None, 0) for one in (value if isinstance(value, list | tuple) else [value])]
            yield text + "".join(map(escape, shown))
        elif flag is not None:
            written = flag[2]
            yield text[: flag.start() + 1] + (flag[1] if values[number] else "")
        elif place.name == "":
            pairs = place.text(values)
            names = zip(pairs[::2], pairs[1::2], strict=True)
            yield text + " ".join(f'{name}="{escape(one)}"' for name, one in names)
        else:  # the whole attribute: whether an address is safe depends on all of its values
            text = text.removesuffix(place.before)
            if not text.endswith(('"', "'")):
                raise TemplateError(f"put the value of {place.name} in quotes", _title(tuple(strings)), 1)
            yield text + str(escape(place.text(values)))
            number, written = number + place.size - 1, place.after
        number += 1
