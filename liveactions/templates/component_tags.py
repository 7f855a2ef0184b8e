"""Replace component tags with the components' templates, before a template is compiled.

Jinja2 parses ``<Card title="{{ t }}">{{ n }}</Card>`` as text with two expressions. `expand` finds the tags
in this text with the HTML tokenizer, and replaces them with the component's nodes, as if the author had
written these there (`liveactions.templates.inlining`). So the page is compiled to the same shapes, and its
patches are the same. A tag and its end tag must be in the same body: of the template, a block, a branch or a
loop.

In a component, ``{{ attrs }}`` in a start tag adds the attributes of the component's tag that aren't props.
`_merge_attributes` writes such a start tag: these attributes replace those of the same name, and classes are
appended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from itertools import count
from typing import Any, Final

from jinja2 import nodes

from ..exceptions import TemplateError
from ..html.attributes import is_attribute
from ..html.entities import decode_attribute
from ..html.tokenizer import (
    Attribute,
    EndTag,
    Event,
    Merged,
    NotTrackable,
    Placeholder,
    Position,
    RawText,
    StartTag,
    is_component,
    located,
    mentions_components,
)
from .component_body import ATTRS, meant, set_names
from .component_files import DEFAULT, ComponentFile, Components, Expanded, MisspelledProp
from .component_props import Prop
from .inlining import ALL, ALSO_CLASS, OTHERS, Call, inline, of_attrs, text_of
from .ir import Part, attribute_source, runs
from .line_numbers import decode_line
from .live_attributes import PREFIX
from .macro_calls import Macros
from .syntax_tree import every


@dataclass(slots=True)
class _OpenTag:
    """A component tag that isn't closed yet, and the content of its slots so far."""

    tag: StartTag
    component: ComponentFile
    slots: dict[str, list[nodes.Node]] = field(default_factory=lambda: {DEFAULT: []})
    lets: dict[str, list[str]] = field(default_factory=dict)
    current: str = DEFAULT


def expand(
    body: list[nodes.Node], name: str | None, components: Components, is_component_file: bool = False, /
) -> Expanded:
    """Replace the component tags in a template's body, in place, and return what was found.

    If the template is a component itself, remove its style and its script from the body.

    Raise `TemplateError` for tags with unknown components, slots or props, or with invalid values.
    """
    expander = _Expander(name, components, is_component_file)
    body[:] = expander.whole(body)
    if is_component_file:
        body[:] = _strip(_split_outputs(body))
    for data in every(nodes.TemplateData, body):
        data.data = data.data.replace(_HIDDEN, "<")
    return expander.found


_SIMILAR: Final = 0.75
"""How alike names are that may be meant, as for `difflib.get_close_matches`."""
_UNKNOWN: Final = "\0"
_HIDDEN: Final = "\ufdd0"
"""Replaces ``<`` in ``{% raw %}``. Templates don't contain it, because it is a Unicode noncharacter."""


def hide_tags_in_raw(tokens: Iterable[tuple[int, str, str]]) -> Iterator[tuple[int, str, str]]:
    """Yield the tokens of a template. Hide the tags in ``{% raw %}`` from `expand`."""
    is_raw = False
    for line, token, value in tokens:
        is_raw = token == "raw_begin" or (is_raw and token != "raw_end")
        yield line, token, value.replace("<", _HIDDEN) if is_raw and token == "data" else value


class _Expander:
    """Replaces the component tags in the template `name`."""

    def __init__(self, name: str | None, components: Components, is_inner: bool) -> None:
        self._name = name
        self._components = components
        self._is_inner = is_inner
        """Whether the template is a component itself."""
        self._numbers = count(1)
        self._macros: Macros | None = None
        self.found = Expanded()

    def whole(self, body: list[nodes.Node]) -> list[nodes.Node]:
        """Return the template's body with component tags and calls of its macros replaced."""
        if not self._is_inner:
            self._macros = Macros(self._name)
            self._macros.collect(body, self.expanded)
        return self.expanded(body)

    def expanded(self, body: list[nodes.Node]) -> list[nodes.Node]:
        """Return a body with component tags replaced."""
        for node in body:
            self._inside(node)
        leaves = [
            leaf for node in body for leaf in (node.nodes if isinstance(node, nodes.Output) else [node])
        ]
        texts = [leaf.data for leaf in leaves if isinstance(leaf, nodes.TemplateData)]
        is_needed = any(map(mentions_components, texts)) or (
            self._is_inner and (any(map(_is_attrs_name, leaves)) or any(map(_has_asset, texts)))
        )
        calls_macro = any(map(self._call, leaves))
        if not leaves or not (is_needed or calls_macro or self._is_inner):
            return body
        reader = _Reader(_pieces(leaves), leaves[0].lineno)
        try:
            self._read(reader)
        except NotTrackable as error:
            if not is_needed:
                return body
            text = f"components can't be used where {error}"
            raise TemplateError(text, *decode_line(self._name, reader.line)) from None
        return reader.out

    def _inside(self, node: nodes.Node) -> None:
        for name, value in node.iter_fields(only=("body", "else_", "elif_")):
            if name == "elif_":
                for branch in value:
                    self._inside(branch)
            elif isinstance(value, list):
                setattr(node, name, self.expanded(value))

    def _read(self, reader: _Reader) -> None:
        opened: list[_OpenTag] = []
        asset: list[str] | None = None
        for event, end in located(reader.pieces, reader.line):
            reader.line = event.line
            if isinstance(event, StartTag) and is_component(event.source):
                reader.copy()
                reader.skip(end)
                self._start(event, opened, reader)
            elif isinstance(event, EndTag) and is_component(_name_of(event)):
                reader.copy()
                reader.skip(end)
                self._end(event, opened, reader)
            elif self._is_inner and isinstance(event, StartTag) and any(map(_is_attrs, event.attributes)):
                reader.copy()
                reader.skip(end)
                reader.out.extend(_merge_attributes(event))
            elif self._is_inner and isinstance(event, StartTag) and (asset := self._asset(event)) is not None:
                reader.copy()
                reader.skip(end)
            elif asset is not None:
                asset += self._source(event)
                asset = asset if isinstance(event, RawText) else None
                reader.skip(end)
            elif isinstance(event, Placeholder) and (found := self._call(event.value.node)) is not None:
                component, call = found
                call.prefix = f"_{component.tag}{next(self._numbers)}_"
                reader.copy()
                reader.skip(end)
                reader.out.extend(inline(component, call, self._components.environment))
            if self._is_inner and isinstance(event, StartTag):
                self.found.classes.update(_classes(event))
            reader.at = end
        if opened:
            tag = opened[-1].tag
            text = f"<{tag.source}> isn't closed here: write </{tag.source}>"
            raise self._error(text, tag.line, f"<{tag.source}")
        reader.copy()

    def _call(self, node: nodes.Node) -> tuple[ComponentFile, Call] | None:
        return self._macros.called_by(node) if self._macros is not None else None

    def _asset(self, tag: StartTag) -> list[str] | None:
        """Return the list that collects the content of a component's style or script; None for other tags."""
        if tag.attributes or tag.name not in ("style", "script"):
            return None
        return self.found.styles if tag.name == "style" else self.found.scripts

    def _source(self, event: Event) -> list[str]:
        parts = event.parts if isinstance(event, RawText) else []
        for part in parts:
            if isinstance(part, Part):
                text = "a component has one style and script: pass values in attributes"
                raise self._error(text, part.lineno)
        return list(map(str, parts))

    def _start(self, tag: StartTag, opened: list[_OpenTag], reader: _Reader) -> None:
        if tag.source.startswith(":"):
            self._start_slot(tag, opened, reader)
            return
        component = self._components.find(tag.source, self._name, tag.line)
        self.found.used.add(tag.source)
        top = _OpenTag(tag, component)
        opened.append(top)
        for attribute in tag.attributes if "let" not in component.props else ():
            if attribute.name == "let":
                top.lets[DEFAULT] = self._names(attribute, DEFAULT, top)
        reader.open()
        if tag.self_closing:
            self._close(opened, reader)

    def _start_slot(self, tag: StartTag, opened: list[_OpenTag], reader: _Reader) -> None:
        name = tag.source[1:]
        if not opened or opened[-1].current != DEFAULT:
            text = f"<{tag.source}> is directly in the tag of a component"
            raise self._error(text, tag.line, f"<{tag.source}")
        top = opened[-1]
        if name not in top.component.slots or name == DEFAULT:
            hint = meant(name, top.component.slots.keys() - {DEFAULT})
            text = f"<{top.tag.source}> has no slot {name!r}{hint}"
            raise self._error(text, tag.line, f"<{tag.source}")
        if name in top.slots:
            raise self._error(f"<{tag.source}> is there twice", tag.line, f"<{tag.source}")
        for attribute in tag.attributes:
            if attribute.name != "let":
                text = f'<{tag.source}> takes no attributes, except for let="…"'
                raise self._error(text, attribute.line, attribute.name or "")
            top.lets[name] = self._names(attribute, name, top)
        top.current = name
        reader.open()
        if tag.self_closing:
            self._close_slot(top, reader)

    def _names(self, attribute: Attribute, slot: str, top: _OpenTag) -> list[str]:
        """Return the names in ``let="row, number"``, for the values that the component passes to a slot."""
        value = "" if attribute.dynamic else "".join(map(str, attribute.value or []))
        names = [name.strip() for name in value.split(",")]
        if not all(map(str.isidentifier, names)):
            raise self._error('let="…" has names, separated by commas', attribute.line, "let")
        given = top.component.slots.get(slot, 0)
        if len(names) > given:
            text = f"<{top.tag.source}> gives {given} values to the slot {slot!r}, not {len(names)}"
            raise self._error(text, attribute.line, "let")
        return names

    def _close_slot(self, top: _OpenTag, reader: _Reader) -> None:
        top.slots[top.current] = reader.close()
        top.current = DEFAULT

    def _end(self, event: EndTag, opened: list[_OpenTag], reader: _Reader) -> None:
        name = _name_of(event)
        top = opened[-1] if opened else None
        expected = "" if top is None else top.tag.source if top.current == DEFAULT else f":{top.current}"
        if name != expected:
            instead = f"; </{expected}> is expected here" if expected else ""
            text = f"</{name}> has no start tag in this place{instead}"
            raise self._error(text, event.line, f"</{name}")
        assert top is not None
        if name.startswith(":"):
            self._close_slot(top, reader)
        else:
            self._close(opened, reader)

    def _close(self, opened: list[_OpenTag], reader: _Reader) -> None:
        top = opened.pop()
        slots = {name: _strip(found) for name, found in {**top.slots, DEFAULT: reader.close()}.items()}
        if not slots[DEFAULT]:
            del slots[DEFAULT]
        elif DEFAULT not in top.component.slots:
            text = f"<{top.tag.source}> takes no content: it has no {{{{ slots.{DEFAULT} }}}}"
            raise self._error(text, top.tag.line, f"<{top.tag.source}")
        for slot, names in top.lets.items():
            for name in set_names(slots.get(slot, [])).intersection(names):
                text = f"{name!r} is a name of let, and can't be set"
                raise self._error(text, top.tag.line, f"<{top.tag.source}")
        prefix = f"_{top.component.tag.replace('.', '_')}{next(self._numbers)}_"
        call = Call(prefix, self._is_inner, slots, top.lets, top.tag.line)
        self._take_attributes(top, call)
        reader.out.extend(_strip(inline(top.component, call, self._components.environment)))

    def _take_attributes(self, top: _OpenTag, call: Call) -> None:
        """Divide the attributes of a tag into props and others. Raise `TemplateError` for a wrong one."""
        tag, component = top.tag, top.component
        for attribute in tag.attributes:
            name = (attribute.name or "").replace("-", "_")
            prop = component.props.get(name)
            if prop is not None:
                if name in call.props:
                    text = f"<{tag.source}> has {name} twice"
                    raise self._error(text, attribute.line, attribute.name or "")
                call.props[name] = self._value(tag, attribute, prop)
            elif name == "let":
                continue
            elif _is_attrs(attribute) and not self._is_inner:
                text = "{{ attrs }} passes attributes on in components only: write {{ attrs|xmlattr }}"
                raise self._error(text, attribute.line, ATTRS)
            elif component.takes_attributes:
                call.attributes.append(attribute)
            elif attribute.name is None:
                raise self._error(
                    f"<{tag.source}> takes props only: write each as a name with a value", attribute.line
                )
            else:
                hint = meant(attribute.name, component.props)
                text = f"<{tag.source}> has no prop {attribute.name!r}{hint}"
                raise self._error(text, attribute.line, attribute.name)
        missing = [
            prop.name
            for prop in component.props.values()
            if prop.default is None and prop.name not in call.props
        ]
        if missing:
            others = [attribute.name for attribute in call.attributes if attribute.name]
            hint = next((f"; did you mean it by {one!r}?" for one in others if meant(one, missing)), "")
            text = f"<{tag.source}> needs {', '.join(missing)}{hint}"
            raise self._error(text, tag.line, f"<{tag.source}")
        self.found.misspelled += _misspelled(tag, call, sorted(component.props.keys() - call.props))

    def _value(self, tag: StartTag, attribute: Attribute, prop: Prop) -> nodes.Expr:
        """Return the value of a prop as an expression. A single ``{{ … }}`` keeps its type."""
        run = runs(attribute)
        for part in run:
            if isinstance(part, Part) and not part.is_expression:
                text = f"<{tag.source}> {prop.name}: write an expression, {{{{ a if b else c }}}}"
                raise self._error(text, attribute.line, attribute.name or "")
        if len(run) == 1 and isinstance(run[0], Part):
            node = run[0].node
            assert isinstance(node, nodes.Expr)
            if isinstance(node, nodes.Const):
                self._checked(tag, attribute, partial(prop.checked, node.value))
            return node
        if all(isinstance(part, str) for part in run):
            text = decode_attribute("".join(map(str, run)))
            read = partial(prop.read, text) if attribute.value is not None else partial(prop.checked, True)
            return nodes.Const(self._checked(tag, attribute, read), lineno=attribute.line)
        if not prop.accepts_text:
            text = f'<{tag.source}> {prop.name} is text here: write {prop.name}="{{{{ … }}}}" for a value'
            raise self._error(text, attribute.line, attribute.name or "")
        return text_of(run, attribute.line)

    def _checked(self, tag: StartTag, attribute: Attribute, read: Callable[[], Any]) -> Any:
        """Return a constant value, as `read` converts it. Raise `TemplateError` if it can't."""
        try:
            return read()
        except ValueError as error:
            text = f"<{tag.source}> {attribute.name} {error}"
            raise self._error(text, attribute.line, attribute.name or "") from None

    def _error(self, text: str, line: int, near: str = "") -> TemplateError:
        return TemplateError(text, *decode_line(self._name, line), near)


def _misspelled(tag: StartTag, call: Call, others: list[str]) -> Iterator[MisspelledProp]:
    """Yield attributes that aren't HTML's, and look like one of the props that the tag could have as well."""
    for attribute in call.attributes:
        source = attribute.name or ""
        name = source.replace("-", "_")
        if not name.isidentifier() or is_attribute(source) or source.startswith(PREFIX):
            continue
        alike = [one for one in others if one.count("_") == name.count("_")]  # `x-text` isn't `text`
        for prop in get_close_matches(name, alike, 1, _SIMILAR):
            yield MisspelledProp(tag.source, source, prop, attribute.line)


class _Reader:
    """Reads the pieces of a body, and collects the nodes of the new body."""

    def __init__(self, pieces: list[str | Part], line: int) -> None:
        self.pieces = pieces
        self.line = line
        self.at: Position = (0, 0)
        """The start of the current token."""
        self._copied: Position = (0, 0)
        self._outs: list[list[nodes.Node]] = [[]]

    @property
    def out(self) -> list[nodes.Node]:
        return self._outs[-1]

    def open(self) -> None:
        """Begin a nested list of nodes, for a slot."""
        self._outs.append([])

    def close(self) -> list[nodes.Node]:
        """End the nested list, and return it."""
        return self._outs.pop()

    def skip(self, end: Position) -> None:
        """Leave out everything up to a position."""
        self._copied = end

    def copy(self) -> None:
        """Copy everything up to the current token."""
        (index, start), (last, end) = self._copied, self.at
        while (index, start) < (last, end):
            piece = self.pieces[index]
            if isinstance(piece, Merged):
                self._copy_text(piece, start, end if index == last else len(piece))
            elif isinstance(piece, Part):
                node = piece.node
                self.out.append(nodes.Output([node], lineno=node.lineno) if piece.is_expression else node)
            index, start = index + 1, 0
        self._copied = self.at

    def _copy_text(self, piece: Merged, start: int, end: int) -> None:
        begins = [begin for begin, _ in piece.begins if start < begin < end]
        for a, b in zip([start, *begins], [*begins, end], strict=True):
            if a < b:
                self.out.append(_text(str.__getitem__(piece, slice(a, b)), piece.line_at(a)))


def _pieces(leaves: list[nodes.Node]) -> list[str | Part]:
    pieces: list[str | Part] = []
    for leaf in leaves:
        if not isinstance(leaf, nodes.TemplateData):
            pieces.append(Part(leaf))
        elif pieces and isinstance(last := pieces[-1], Merged):
            pieces[-1] = last.followed_by(leaf.data, leaf.lineno)
        else:
            pieces.append(Merged(leaf.data, ((0, leaf.lineno),)))
    return pieces


def _text(data: str, line: int) -> nodes.Output:
    return nodes.Output([nodes.TemplateData(data, lineno=line)], lineno=line)


def _name_of(event: EndTag) -> str:
    return event.source[2:-1].strip()


def _strip(found: list[nodes.Node]) -> list[nodes.Node]:
    """Return the content of a slot without leading and trailing white space."""
    for index, strip in ((0, str.lstrip), (-1, str.rstrip)):
        while found and (data := _only_text(found[index])) is not None:
            before, data.data = data.data, strip(data.data)
            if index == 0:
                data.lineno += before[: len(before) - len(data.data)].count("\n")
            if data.data:
                break
            del found[index]
    return found


def _split_outputs(body: list[nodes.Node]) -> list[nodes.Node]:
    """Return a body in which each text and each expression has a node of its own."""
    return [
        nodes.Output([one], lineno=one.lineno) if isinstance(node, nodes.Output) else node
        for node in body
        for one in (node.nodes if isinstance(node, nodes.Output) else [node])
    ]


def _only_text(node: nodes.Node) -> nodes.TemplateData | None:
    """Return the text of a node that is nothing but text; None for other nodes."""
    only = node.nodes[0] if isinstance(node, nodes.Output) else None
    return only if isinstance(only, nodes.TemplateData) else None


def _classes(tag: StartTag) -> set[str]:
    """Return the classes of an element that don't depend on expressions."""
    run = next((runs(one) for one in tag.attributes if one.name == "class"), [])
    names = "".join(piece if isinstance(piece, str) else _UNKNOWN for piece in run).split()
    return {name for name in names if _UNKNOWN not in name}


def _has_asset(text: str) -> bool:
    """Return whether a text may contain a style or a script, so that its tags have to be read."""
    return "<style" in text or "<script" in text


def _is_attrs_name(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == ATTRS


def _is_attrs(attribute: Attribute) -> bool:
    """Return whether an attribute is ``{{ attrs }}``."""
    run = runs(attribute) if attribute.name is None else []
    return len(run) == 1 and isinstance(run[0], Part) and _is_attrs_name(run[0].node)


def _merge_attributes(tag: StartTag) -> Iterator[nodes.Node]:
    """Yield the nodes of a start tag, merged with the attributes of the component's tag."""
    line = tag.line
    has_class = any(attribute.name == "class" for attribute in tag.attributes)
    yield _text(f"<{tag.source}", line)
    for attribute in tag.attributes:
        if _is_attrs(attribute):
            yield nodes.Output([of_attrs(OTHERS if has_class else ALL, attribute.line)], lineno=line)
            continue
        written = list(_source(attribute))
        if attribute.name == "class":
            closing = written.pop() if attribute.value is not None else _text('=""', line)
            yield from written
            yield nodes.Output([of_attrs(ALSO_CLASS, attribute.line)], lineno=line)
            yield closing
        elif attribute.name is None:
            yield from written
        else:
            given = of_attrs("has_" + attribute.name, attribute.line)
            yield nodes.If(nodes.Not(given), written, [], [], lineno=attribute.line)
    yield _text("/>" if tag.self_closing else ">", line)


def _source(attribute: Attribute) -> Iterator[nodes.Node]:
    for piece in attribute_source(attribute):
        if isinstance(piece, str):
            yield _text(piece, attribute.line)
        else:
            node = piece.node
            yield nodes.Output([node], lineno=node.lineno) if piece.is_expression else node
