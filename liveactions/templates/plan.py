"""Plans a template's body: static HTML with slots or, if that isn't possible, a string.

Each body (of a template, block, macro, branch or loop) is planned by itself. `Planner.plan` lets `ir` build
the tree and writes it as static pieces, with a slot for everything dynamic. The body ::

    <p class="{{ kind }}">{{ name }}</p>

has two slots, and three pieces around them::

    plain    '<p class="'              '">'                     '</p>'
    marked   '<p class="'              '" data-l="class .">'    '</p>'
    slots                 ATTR (kind)               CHILD (name)

The pieces exist twice: *marked* for pages that the client updates, and *plain* without markers.

A body that isn't a tree by itself, such as the branch ``{% if a %}<b>{% endif %}``, has no slots: its plan is
*degraded*, and it is rendered as a string of HTML, which is one slot of the surrounding body. If it leaves an
element open or closes one of its parent, the surrounding body is degraded, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

from ..exceptions import TemplateError
from ..html.balance import Unbalanced
from ..html.content_model import TABLE_CHILDREN, sensitive
from ..html.entities import decode_attribute, escape, neutralise
from ..html.tokenizer import Attribute, NotTrackable
from ..protocol.constants import (
    CHILD_CLOSE,
    CHILD_OPEN,
    LIST_CLOSE,
    LIST_OPEN,
    MARK,
    MARK_CHILD,
    MARK_EVENT,
    MARK_TAG,
)
from .commands import NAME, constant, has_chain, is_chain
from .escaping import DOCUMENT_ATTRIBUTE, URL_ATTRIBUTES, URL_LIST_ATTRIBUTES, may_run_script
from .fragments import BODY_MARK, HEAD_MARK, Kind
from .ir import (
    Builder,
    Child,
    Element,
    Fold,
    Ignored,
    Markup,
    Part,
    Run,
    add_form_field,
    calls_action,
    flatten,
    guess_namespace,
    has_file,
    ignored,
    namespace_in,
    runs,
    surrounding_space,
    verbatim,
)
from .line_numbers import is_encoded
from .live_attributes import BIND, PREFIX, event_attributes_in, event_of, unknown_modifier
from .purity import names

_MARKS = frozenset({MARK_TAG, MARK_EVENT, MARK_CHILD, LIST_OPEN})
_PAGE = frozenset({"html", "head", "body"})
_DROPS_BREAK = frozenset({"pre", "listing"})
"""Elements in which browsers drop a leading line break."""
_DEEP = (Kind.CHILD, Kind.LIST, Kind.ELEMENTS)
_SIMPLE = (Kind.CHILD, Kind.ATTR, Kind.EVENT, Kind.FORM, Kind.TEXT)
_JUMPS = (nodes.Break, nodes.Continue)


@dataclass(slots=True)
class Slot:
    """A slot, and what its value is computed from."""

    kind: Kind
    run: Run
    name: str = ""
    """The name of the attribute, or of the element whose content it is."""
    ignored: bool = False
    """Whether it is never updated."""
    is_verbatim: bool = False
    """Whether it is source that is used unchanged: a comment, or the content of ``template``."""
    above: tuple[str, ...] = ()
    """The elements around it, if browsers only keep certain elements in this place because of them."""

    @property
    def only(self) -> Part | None:
        """The part, if the slot consists of a single one."""
        return self.run[0] if len(self.run) == 1 and isinstance(self.run[0], Part) else None

    @property
    def is_simple(self) -> bool:
        """Whether the value can be computed by one expression, from text and expressions."""
        late = any(isinstance(piece, Part) and piece.before for piece in self.run[1:])
        return (
            self.kind in _SIMPLE
            and not self.is_verbatim
            and not late
            and all(isinstance(piece, str) or piece.is_expression for piece in self.run)
        )

    @property
    def is_document(self) -> bool:
        """Whether it is an attribute whose value is HTML."""
        return self.kind is Kind.ATTR and self.name == DOCUMENT_ATTRIBUTE

    @property
    def is_url(self) -> bool:
        """Whether it is an attribute whose value may be an address that runs a script."""
        beginning = decode_attribute(self.run[0]) if isinstance(self.run[0], str) else ""
        is_address = self.kind in (Kind.ATTR, Kind.FORM) and self.name in URL_ATTRIBUTES
        return is_address and (self.name in URL_LIST_ATTRIBUTES or may_run_script(beginning))

    @property
    def parts(self) -> list[Part]:
        """The dynamic parts."""
        return [piece for piece in self.run if isinstance(piece, Part)]

    @property
    def names(self) -> set[str]:
        """All names that occur in the parts."""
        return names(node for part in self.parts for node in (part.node, *part.before))


@dataclass(slots=True)
class Plan:
    """A body's static pieces, one more than it has slots, and its slots."""

    line: int
    marked: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    after: list[nodes.Node] = field(default_factory=list)
    namespace: str = ""
    form: tuple[int, int] | None = None
    """If the body is one element: the lengths of the white space before and after it."""
    key: int | None = None
    places: list[list[tuple[int, int]]] = field(default_factory=list)
    """For each static piece, the offsets and lines of the elements in it."""
    degraded: bool = False
    is_open: bool = False
    """Whether it leaves an element open for certain, or closes one of its parent."""

    @property
    def order(self) -> list[int]:
        """The slots in source order, in which their values are computed."""
        return sorted(range(len(self.slots)), key=lambda number: self.slots[number].parts[0].position)

    @property
    def bare(self) -> Slot | None:
        """The only slot of a body without any HTML, whose value can replace the fragment."""
        if len(self.slots) == 1 and not any(self.plain) and self.slots[0].kind is Kind.CHILD:
            return self.slots[0]
        return None

    def shape_arguments(self, template: str | None) -> tuple[Any, ...]:
        """Return the arguments of the `Shape` that this body of a template has."""
        lines = tuple(slot.parts[0].lineno for slot in self.slots)
        ignored = tuple(number for number, slot in enumerate(self.slots) if slot.ignored)
        arguments: tuple[Any, ...] = (
            tuple(self.marked),
            tuple(self.plain),
            tuple(int(slot.kind) for slot in self.slots),
            self.namespace,
            self.key,
            (template, self.line),
            lines,
            ignored,
        )
        if any(is_encoded(line) for places in self.places for _, line in places):
            return (*arguments, tuple(map(tuple, self.places)))
        return arguments


class Planner:
    """Plans the bodies of one template."""

    def __init__(self, name: str | None, fold: Fold) -> None:
        self._name = name
        self._fold = fold
        self._plans: dict[int, Plan] = {}
        self.unbalanced: list[tuple[int, str]] = []
        """Lines and elements that keep bodies from being trees."""
        self.hides_js = False
        """Whether the template defines a `js` of its own."""

    def plan(self, body: Sequence[nodes.Node], namespace: str = "") -> Plan:
        """Return the plan of a body. Plans are cached."""
        if id(body) not in self._plans:
            self._plans[id(body)] = self._plan(body, namespace)
        return self._plans[id(body)]

    def _plan(self, body: Sequence[nodes.Node], namespace: str) -> Plan:
        source = flatten(body, self._fold)
        builder = Builder(source, self._name, namespace)
        try:
            root = builder.build()
        except NotTrackable:
            return Plan(source.line, degraded=True)
        except Unbalanced as error:
            self.unbalanced.append((builder.line, str(error)))
            return Plan(source.line, degraded=True, is_open=True)
        try:
            return _Writer(self, Plan(source.line, after=source.after), namespace).write(root)
        except (Unbalanced, NotTrackable):  # an inner body isn't a tree; the two may form one together
            return Plan(source.line, degraded=True)

    def check_events(self, attribute: Attribute) -> None:
        """Raise `TemplateError` for an unknown modifier of an event attribute."""
        for text, line in _names(attribute):
            for name, at in event_attributes_in(text):
                fault = unknown_modifier(name)
                if name.split(".")[0] == BIND:
                    fault = f"{BIND} can't be in a condition: put the condition around the control"
                if fault is not None:
                    raise TemplateError(fault, self._name, line + text.count("\n", 0, at), name)

    def folded(self, attribute: Attribute) -> Attribute:
        """Return an attribute whose value is known, if it consists of client commands that are constant.

        Raise `TemplateError` for commands that don't exist, or where they can't be used.
        """
        run = runs(attribute) if attribute.name is not None and not self.hides_js else ()
        part = run[0] if len(run) == 1 and isinstance(run[0], Part) else None
        if part is None or not is_chain(part.node):
            return attribute
        assert attribute.name is not None
        if event_of(attribute.name) is None:
            raise self._misplaced(attribute.name, attribute.line, attribute.name)
        commands = constant(part.node, self._name)
        if commands is None or part.before:  # what is set before it is computed with its slot
            return attribute
        return Attribute(attribute.name, [escape(commands.text)], attribute.line)

    def check_text(self, slot: Slot) -> None:
        """Raise `TemplateError` if text contains client commands, which only work in attributes."""
        for part in slot.parts if slot.kind in (Kind.CHILD, Kind.TEXT) and not slot.is_verbatim else ():
            if not self.hides_js and is_chain(part.node):
                first = part.node.find(nodes.Name)
                assert first is not None  # `js`, at the beginning of the chain
                raise self._misplaced("text", first.lineno, NAME)

    def _misplaced(self, where: str, line: int, near: str) -> TemplateError:
        text = f"{where} can't contain client commands: they belong to event attributes, such as live-click"
        return TemplateError(text, self._name, line, near)

    def bodies(self, node: nodes.Node) -> list[Sequence[nodes.Node]]:
        """Return the bodies of a statement that are compiled inline."""
        if isinstance(node, nodes.If):
            return [node.body, *(branch.body for branch in node.elif_), node.else_]
        if isinstance(node, nodes.For):
            return [node.body, node.else_]
        return [node.body] if isinstance(node, nodes.With) else []


class _Writer:
    """Writes a tree as static pieces with slots between them."""

    def __init__(self, planner: Planner, plan: Plan, namespace: str) -> None:
        self._planner = planner
        self._plan = plan
        self._marked = ""
        self._plain = ""
        self._places: list[tuple[int, int]] = []
        self._namespaces = [namespace]
        self._above: list[str] = []
        """The names of the open elements."""

    def write(self, root: Element) -> Plan:
        plan = self._plan
        plan.namespace = self._namespaces[0] or guess_namespace(root)
        self._namespaces = [plan.namespace]
        plan.form = surrounding_space(root)
        whole = self._whole(root)
        if whole is None:
            self._children(root)
        else:
            self._range(whole)
        plan.marked.append(self._marked)
        plan.plain.append(self._plain)
        plan.places.append(self._places)
        plan.key = _key(root, plan.slots)
        return plan

    # -- pieces

    def _both(self, text: str) -> None:
        self._marked += text
        self._plain += text

    def _slot(self, slot: Slot) -> None:
        self._planner.check_text(slot)
        if slot.kind in _DEEP and not slot.is_verbatim:
            slot.above = sensitive(self._above)
        self._plan.marked.append(self._marked)
        self._plan.plain.append(self._plain)
        self._plan.places.append(self._places)
        self._plan.slots.append(slot)
        self._marked = self._plain = ""
        self._places = []

    # -- content

    def _children(self, element: Element) -> None:
        for child in element.children:
            if isinstance(child, str):
                self._both(child)
            elif isinstance(child, Element):
                self._element(child)
            elif isinstance(child, Markup):
                self._markup(child)
            else:
                self._range(Slot(*self._kind(child), name=element.name))

    def _markup(self, markup: Markup) -> None:
        if all(isinstance(piece, str) for piece in markup.run):
            self._both(neutralise("".join(map(str, markup.run))))
        else:
            self._range(Slot(Kind.CHILD, markup.run, is_verbatim=True))

    def _range(self, slot: Slot) -> None:
        opening, closing = CHILD_OPEN, CHILD_CLOSE
        if slot.kind is not Kind.CHILD:
            opening, closing = self._list_mark(slot), LIST_CLOSE
        self._marked += f"<!--{opening}-->"
        self._slot(slot)
        self._marked += f"<!--{closing}-->"

    def _kind(self, part: Part) -> tuple[Kind, Run]:
        """Return the kind of slot for a part among siblings. Raise `Unbalanced` if its body isn't a tree."""
        if isinstance(part.node, nodes.For) and not is_list(part.node):
            return Kind.CHILD, [part]
        plans = [self._planner.plan(body, self._namespaces[-1]) for body in self._planner.bodies(part.node)]
        if any(plan.is_open for plan in plans):
            raise Unbalanced
        if not isinstance(part.node, nodes.For):
            return Kind.CHILD, [part]
        item, otherwise = plans
        same = not part.node.else_ or item.form == otherwise.form
        return Kind.ELEMENTS if item.form and same else Kind.LIST, [part]

    def _list_mark(self, slot: Slot) -> str:
        if slot.kind is Kind.LIST:
            return LIST_OPEN
        assert slot.only is not None and isinstance(slot.only.node, nodes.For)
        before, after = self._planner.plan(slot.only.node.body).form or (0, 0)
        return f"{LIST_OPEN}{before},{after}"

    def _whole(self, element: Element) -> Slot | None:
        """Return the slot that is an element's whole content, if there is one.

        A form that calls an action has none: in the page, it begins with a hidden field.
        """
        children: Sequence[Child] = element.children
        if element.name in TABLE_CHILDREN:  # these never show white space
            parts = [child for child in children if not isinstance(child, str) or child.strip()]
            children = parts if len(parts) == 1 else children
        if (
            element.name in _PAGE
            or calls_action(element)
            or not any(isinstance(child, Part) for child in children)
        ):
            return None
        if len(children) == 1 and isinstance(children[0], Part):
            if not element.name:
                return None
            return Slot(*self._kind(children[0]), name=element.name)
        run = _textual(self._planner, children)
        if run is None:
            return None
        if element.name in _DROPS_BREAK and isinstance(run[0], str):
            run[0] = run[0].removeprefix("\n")
        return Slot(Kind.CHILD, run, element.name)

    # -- elements

    def _element(self, element: Element) -> None:
        self._namespaces.append(namespace_in(element, self._namespaces[-1]))
        add_form_field(element)
        kept = ignored(element)
        content = self._content(element, kept)
        self._start_tag(element, content, kept)
        self._above.append(element.name)
        if content is not None:
            if element.name in _DROPS_BREAK:
                self._both("\n")
            self._slot(content)
        elif element.raw is not None:
            self._both("".join(map(str, element.raw)))
        else:
            self._children(element)
        if element.name == "head":
            self._marked += HEAD_MARK
        if not element.is_void:
            self._both(f"</{element.source}>")
        self._above.pop()
        self._namespaces.pop()

    def _content(self, element: Element, kept: Ignored) -> Slot | None:
        if element.raw is None and kept.content:
            run = verbatim(element.children)
            is_dynamic = any(isinstance(piece, Part) for piece in run)
            return Slot(Kind.CHILD, run, ignored=True, is_verbatim=True) if is_dynamic else None
        if element.raw is None:
            return self._whole(element)
        if all(isinstance(piece, str) for piece in element.raw):
            return None
        if element.name == "template":
            if any(attribute.name == "shadowrootmode" for attribute in element.attributes):
                raise NotTrackable("browsers turn it into a shadow root, in which slots can't be found")
            return Slot(Kind.CHILD, element.raw, ignored=kept.content, is_verbatim=True)
        kind = Kind.TEXT if element.name in ("title", "textarea") else Kind.RAW
        return Slot(kind, element.raw, element.name, ignored=kept.content)

    def _start_tag(self, element: Element, content: Slot | None, kept: Ignored) -> None:
        self._places.append((len(self._plain), element.line))
        self._both(f"<{element.source}")
        marks: list[str] = []
        form: Slot | None = None
        names: Run = []
        for attribute in element.attributes:
            self._planner.check_events(attribute)
            attribute = self._planner.folded(attribute)
            slot = _attribute_slot(element, attribute)
            if slot is not None:
                slot.ignored = kept.has(attribute)
            if slot is None:
                self._both(_static(attribute))
            elif slot.kind is Kind.TAG:
                names += [" ", *slot.run]
            elif slot.kind is Kind.FORM:
                form = slot
            else:
                marks.append(self._attribute(slot))
        if names:
            tag = Slot(Kind.TAG, names, ignored=kept.attributes is None)
            if marks and any(part.before for part in tag.parts[1:]):
                raise NotTrackable("what is set in a tag would be seen by attributes before it")
            marks.append(MARK_TAG)
            self._slot(tag)
        if form is not None:
            marks.append(form.name)
            if not any(attribute.name == "method" for attribute in element.attributes):
                self._both(' method="post"')
            if not any(attribute.name == "enctype" for attribute in element.attributes) and has_file(element):
                self._both(' enctype="multipart/form-data"')
        if content is not None:
            marks.append(MARK_CHILD if content.kind in _CONTENT else self._list_mark(content))
        if marks:
            self._marked += f' {MARK}="{escape(" ".join(marks))}"'
        if form is not None:
            self._both(f' {form.name}="')
            self._slot(form)
        else:
            self._both("/>" if element.self_closing else ">")
        if element.name == "body":
            self._marked += BODY_MARK

    def _attribute(self, slot: Slot) -> str:
        """Write an attribute's slot. Return its mark."""
        if slot.kind is Kind.EVENT:
            self._plain += f' {slot.name}="'
            self._slot(slot)
            self._plain += '"'
            return MARK_EVENT + slot.name.removeprefix(PREFIX)
        self._both(f' {slot.name}="')
        self._slot(slot)
        self._both('"')
        return slot.name


_CONTENT = (Kind.CHILD, Kind.TEXT, Kind.RAW)


def _attribute_slot(element: Element, attribute: Attribute) -> Slot | None:
    if not attribute.dynamic:
        return None
    slot = Slot(Kind.ATTR, runs(attribute), attribute.name or "")
    single = slot.only is not None and slot.only.is_expression
    if attribute.name is None:
        slot.kind = Kind.TAG
    elif attribute.name[:1] in _MARKS:
        raise NotTrackable("an attribute's name looks like one of the library's markers")
    elif event_of(attribute.name) is not None and slot.only and single:
        # Client commands are the attribute's own value: the browser needs them.
        slot.kind = Kind.ATTR if has_chain(slot.only.node) else Kind.EVENT
    elif attribute.name == "action" and calls_action(element) and single and _posts(element):
        slot.kind = Kind.FORM
    return slot


def _posts(form: Element) -> bool:
    """Return whether a form may be posted. The state of a page is never put into an address."""
    method = next((one for one in form.attributes if one.name == "method"), None)
    value = "" if method is None or method.dynamic else "".join(map(str, method.value or ["get"]))
    return value.strip().lower() in ("", "post")


def _names(attribute: Attribute) -> Iterator[tuple[str, int]]:
    """Yield source that contains an attribute's name, or names written by statements, and its line."""
    if attribute.name is not None:
        yield f"{attribute.name}=", attribute.line
    for part in runs(attribute) if attribute.name is None else ():
        if isinstance(part, Part):
            for data in part.node.find_all(nodes.TemplateData):
                yield data.data, data.lineno


def _static(attribute: Attribute) -> str:
    name = attribute.name if attribute.name != MARK else f"{MARK}-"
    if attribute.value is None:
        return f" {name}"
    value = decode_attribute("".join(map(str, attribute.value)))
    return f' {name}="{escape(value)}"'


def _textual(planner: Planner, children: Sequence[Child]) -> Run | None:
    """Return children as a single run of text, if none of them can contain elements."""
    run: Run = []
    for child in children:
        if not isinstance(child, str | Part) or (isinstance(child, Part) and not _is_text(planner, child)):
            return None
        run.append(child)
    return run


def _is_text(planner: Planner, part: Part) -> bool:
    if part.is_expression:
        return True
    bodies = planner.bodies(part.node)
    return bool(bodies) and all(
        isinstance(piece, str) and "<" not in piece or isinstance(piece, Part) and _is_text(planner, piece)
        for body in bodies
        for piece in flatten(body, lambda _: None).pieces
    )


def _key(root: Element, slots: Sequence[Slot]) -> int | None:
    """Return the slot of the first element's ``data-key`` or ``id``."""
    first = next((child for child in root.children if isinstance(child, Element)), None)
    dynamic = {attribute.name for attribute in first.attributes if attribute.dynamic} if first else set()
    name = next((name for name in ("data-key", "id") if name in dynamic), None)
    if name is None:
        return None
    return next((n for n, slot in enumerate(slots) if slot.name == name and slot.kind is Kind.ATTR), None)


def is_list(node: nodes.For) -> bool:
    """Return whether a loop has a list of items: it isn't recursive, and has no ``break`` or ``continue``."""
    return not node.recursive and not any(map(_jumps, node.body))


def _jumps(node: nodes.Node) -> bool:
    """Return whether a statement leaves the loop around it."""
    if isinstance(node, _JUMPS):
        return True
    return not isinstance(node, nodes.For) and any(_jumps(child) for child in node.iter_child_nodes())
