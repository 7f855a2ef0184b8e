"""Find the template and line that an error or a piece of HTML comes from, and give advice in debug mode.

- `note_location` adds the template and line to an exception; `location_of` returns them.
- `pieces` splits the HTML of a fragment into pieces, each with its template and line.
- `Adviser` checks each render for mistakes: lists without keys, HTML that browsers repair, misspelled events
  and props, addresses that would run a script. docs/reference/hints.md explains the codes (``LA002`` …).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from traceback import walk_tb
from types import TracebackType
from typing import Any, Final, NamedTuple, Protocol

from jinja2 import Template, TemplateSyntaxError, Undefined
from jinja2.debug import fake_traceback
from jinja2.utils import internal_code
from markupsafe import Markup

from ..exceptions import TemplateError
from ..html.lint import Repair, repairs
from .component_files import Components, MisspelledProp
from .escaping import SCRIPT, UNSAFE, attributes_in
from .fragments import Fragment, Items, Kind, Shape, written
from .line_numbers import decode_line, is_encoded, line_of_use
from .list_keys import are_recreated, lacks_keys, repeats_keys
from .live_attributes import event_attributes_in, unknown_modifier, unlikely_event


class TemplateLocation(str):
    """A template's name and a line in it. The string itself is the note for a traceback.

    `inner`: the template and line in one of the library's components, if that is used there.
    """

    name: str
    line: int

    def __new__(cls, name: str | None, line: int, inner: str = "") -> TemplateLocation:
        self = super().__new__(cls, f"in the template {_place(name, line)}{f' ({inner})' if inner else ''}")
        self.name, self.line = name or "<template>", line
        return self


def note_location(error: BaseException) -> None:
    """Add the innermost template location to an exception, unless it has one."""
    if _first_note(error) is not None:
        return
    for frame, line in reversed(list(walk_tb(error.__traceback__))):
        template = frame.f_globals.get("__jinja_template__")
        if template is not None:
            error.add_note(_location(template, template.get_corresponding_lineno(line)))
            return


def _location(template: Template, number: int) -> TemplateLocation:
    """Return the location of a line, which may be encoded; in the library's components, that of their tag."""
    components: Components | None = getattr(template.environment, "components", None)
    if components is None:
        return TemplateLocation(template.name, number)
    name, line, tag = components.place(template.name, number)
    return TemplateLocation(name, line, _place(template.name, number) if tag else "")


def in_templates(error: BaseException) -> BaseException:
    """Return an exception whose traceback shows lines of templates instead of the generated code."""
    entries: list[TracebackType] = []
    entry = error.__traceback__.tb_next if error.__traceback__ is not None else None
    while entry is not None:
        template = entry.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            number = template.get_corresponding_lineno(entry.tb_lineno)
            numbers = [number]
            while number := line_of_use(number):
                numbers.insert(0, number)
            for name, line in (decode_line(template.name, number) for number in numbers):
                file = template.filename
                if name != template.name:
                    file = template.environment.components.file_of(name)
                entries.append(fake_traceback(error, entry, file or name or "<template>", line))
        elif entry.tb_frame.f_code not in internal_code:
            entries.append(entry)
        entry = entry.tb_next
    following = None
    for entry in reversed(entries):
        entry.tb_next = following
        following = entry
    return error.with_traceback(following)


def location_of(error: BaseException) -> TemplateLocation | None:
    """Return the template location at which an exception was raised; None if it isn't known."""
    if isinstance(error, TemplateSyntaxError | TemplateError):
        return TemplateLocation(error.name, error.lineno)
    return _first_note(error)


def _first_note(error: BaseException) -> TemplateLocation | None:
    notes = getattr(error, "__notes__", ())
    return next((note for note in notes if isinstance(note, TemplateLocation)), None)


class Piece(NamedTuple):
    """HTML without markers, which begins at a line of the template `name`, if that is known."""

    text: str
    name: str | None
    line: int
    is_static: bool
    """Whether the template contains this text; otherwise, it is the output of an expression or statement."""
    places: tuple[tuple[int, int], ...] = ()
    """Offsets and lines of elements, if these come from several templates."""

    def at(self, offset: int) -> tuple[str | None, int]:
        """Return the template and line of a character. They are approximate if tags strip white space."""
        before = [place for place in self.places if place[0] <= offset]
        if before:
            begin, line = before[-1]
            return decode_line(self.name, line + self.text.count("\n", begin, offset))
        line = self.line + self.text[:offset].count("\n") if self.is_static else self.line
        return decode_line(self.name, line)


def pieces(fragment: Fragment) -> Iterator[Piece]:
    """Yield the HTML of a fragment, in order, as pieces."""
    shape = fragment.shape
    name = shape.where[0]
    for number, text in enumerate(shape.plain):
        places = shape.places[number] if shape.places else ()
        yield Piece(text, name, _line(shape, number), True, places)
        if number < len(shape.kinds):
            yield from _value(fragment, number)


def _value(fragment: Fragment, number: int) -> Iterator[Piece]:
    shape, value = fragment.shape, fragment.value(number)
    for inner in value.fragments if type(value) is Items else (value,):
        if type(inner) is Fragment:
            yield from pieces(inner)
        else:
            line = shape.lines[number] if shape.lines else shape.where[1]
            yield Piece(written(shape.kinds[number], inner), shape.where[0], line, False)


def _line(shape: Shape, number: int) -> int:
    """Return the line at which a static piece begins, computed from that of the slot after it."""
    if number < len(shape.lines) and is_encoded(shape.lines[number]):
        return shape.lines[number]
    if number < len(shape.lines):
        return shape.lines[number] - shape.plain[number].count("\n")
    return shape.lines[-1] if shape.lines else shape.where[1]


MISSING_KEYS: Final = "LA002"
DUPLICATE_KEYS: Final = "LA003"
REPAIRED: Final = "LA005"
NO_EVENT: Final = "LA006"
SCRIPT_ADDRESS: Final = "LA007"
UNUSED_FIELDS: Final = "LA010"
"""Given by `execution.advice`."""
MISSPELLED_PROP: Final = "LA011"


@dataclass(frozen=True, slots=True)
class Advice:
    """A message with its code."""

    code: str
    text: str


class LoadedTemplates(Protocol):
    """Provides the templates that are loaded, and what was found in them."""

    def loaded(self) -> Iterable[Template]: ...

    def misspelled(self, name: str | None) -> Iterable[MisspelledProp]: ...


class Adviser:
    """Checks renders for mistakes, and reports each of them once."""

    def __init__(self, templates: LoadedTemplates | None) -> None:
        self._templates = templates
        self._said: set[Advice] = set()
        self._read: set[bytes] = set()
        """Digests of the shapes that were checked already."""
        self._events: set[str] = set()
        """Names of event attributes that were checked already."""
        self._lists: dict[str, Items] = {}
        """The latest render of each list, by its template and line."""

    def look(self, fragment: Fragment) -> Iterator[Advice]:
        """Yield advice on a render that wasn't given before."""
        checks = (
            self._check_lists,
            self._check_nesting,
            self._check_events,
            self._check_addresses,
            self._check_props,
        )
        for advice in [advice for check in checks for advice in check(fragment)]:
            if advice not in self._said:
                self._said.add(advice)
                yield advice

    def _check_lists(self, fragment: Fragment) -> Iterator[Advice]:
        for items in _inside(fragment):
            if isinstance(items, Items) and len(items.fragments) > 1 and items.stream is None:
                name, line = items.fragments[0].shape.where
                where = _place(name, line)
                before, self._lists[where] = self._lists.get(where, items), items
                if (lacks_keys(items) or are_recreated(items, before)) and not self._is_constant(name, line):
                    yield Advice(MISSING_KEYS, f"{where}: the items of this list have no keys: {_GIVE_KEYS}")
                if repeats_keys(items):
                    yield Advice(DUPLICATE_KEYS, f"{where}: items of this list have the same key")

    def _is_constant(self, name: str | None, line: int) -> bool:
        """Return whether a list is a literal in its template."""
        return any(
            template.name == name and line in _noted(template, "constant_lists")
            for template in (self._templates.loaded() if self._templates is not None else ())
        )

    def _check_nesting(self, fragment: Fragment) -> Iterator[Advice]:
        shapes = {inner.shape.digest for inner in _inside(fragment) if isinstance(inner, Fragment)}
        is_raw = any(isinstance(value, Markup) for value in fragment.values)
        if shapes <= self._read and not is_raw:
            return
        self._read |= shapes
        text = _Text(fragment)
        for repair in repairs(text.html):
            where = self._where(repair, text)
            yield Advice(REPAIRED, f"{where}: {repair.text}" if where else repair.text)

    def _check_events(self, fragment: Fragment) -> Iterator[Advice]:
        yield from _undefined_actions(fragment)
        html = fragment.plain()
        new = {name for name, _ in event_attributes_in(html)} - self._events
        faults = {name: unknown_modifier(name) or unlikely_event(name) for name in new}
        faults = {name: fault for name, fault in faults.items() if fault is not None}
        self._events |= new - faults.keys()
        if not faults:
            return
        text = _Text(fragment)
        for at, name, _, _ in attributes_in(text.html):
            if name in faults:
                self._events.add(name)
                yield Advice(NO_EVENT, f"{text.where(at)}{faults.pop(name)}")

    def _check_addresses(self, fragment: Fragment) -> Iterator[Advice]:
        if UNSAFE not in fragment.plain():
            return
        text = _Text(fragment)
        for found in _UNSAFE_ADDRESS.finditer(text.html):
            yield Advice(
                SCRIPT_ADDRESS,
                f"{text.where(found.start(2))}{found[1]} would run a script: its scheme was"
                f" changed to {UNSAFE!r}. If you trust the value, mark it as safe: {{{{ …|safe }}}}",
            )

    def _check_props(self, fragment: Fragment) -> Iterator[Advice]:
        for name in {inner.shape.where[0] for inner in _inside(fragment) if isinstance(inner, Fragment)}:
            for misspelled in self._templates.misspelled(name) if self._templates is not None else ():
                yield Advice(MISSPELLED_PROP, f"{_place(name, misspelled.line)}: {misspelled.text}")

    def _where(self, repair: Repair, text: _Text) -> str:
        """Return the template and line of a repair; an empty string if they aren't known."""
        piece, offset = text.piece(repair.at)
        found = None if piece.is_static else self._unbalanced(repair)
        name, line = found or piece.at(offset)
        return f"{name}, line {line}" if name is not None else ""

    def _unbalanced(self, repair: Repair) -> tuple[str | None, int] | None:
        """Return the template and line of an unbalanced element that a repair is about, if there is one."""
        for template in self._templates.loaded() if self._templates is not None else ():
            for line, names in _unbalanced_in(template):
                if not names or not names.isdisjoint(repair.names):
                    return decode_line(template.name, line)
        return None


_UNSAFE_ADDRESS: Final = re.compile(rf"([\w:]+)=[\"'](?=({UNSAFE}[^\"'>]*?{SCRIPT.pattern}))", re.IGNORECASE)


class _Text:
    """The HTML of a fragment, with the template and line of each character."""

    def __init__(self, fragment: Fragment) -> None:
        self._pieces = list(pieces(fragment))
        self.html = "".join(piece.text for piece in self._pieces)
        self._starts = [0, *accumulate(len(piece.text) for piece in self._pieces)]

    def piece(self, at: int) -> tuple[Piece, int]:
        """Return the piece that contains a character, and its offset in the piece."""
        index = min(bisect_right(self._starts, at), len(self._pieces)) - 1
        return self._pieces[index], at - self._starts[index]

    def where(self, at: int) -> str:
        """Return the template and line of a character as a prefix for messages, or an empty string."""
        piece, offset = self.piece(at)
        name, line = piece.at(offset)
        return f"{name}, line {line}: " if name is not None else ""


_GIVE_KEYS: Final = 'give them an id, or their elements data-key="{{ … }}"'


def _place(name: str | None, line: int) -> str:
    name, line = decode_line(name, line)
    return f"{name or '<template>'}, line {line}"


def _undefined_actions(fragment: Fragment) -> Iterator[Advice]:
    """Yield advice on event attributes whose action is an unknown name."""
    for inner in _inside(fragment):
        if isinstance(inner, Fragment):
            for slot, value in enumerate(inner.values):
                if inner.shape.kinds[slot] is Kind.EVENT and _is_unknown_name(value):
                    where = _place(inner.shape.where[0], inner.shape.lines[slot])
                    yield Advice(NO_EVENT, f"{where}: no action is called: {value._undefined_message}")


def _is_unknown_name(value: Any) -> bool:
    """Return whether a value is that of a name or attribute that doesn't exist.

    Other undefined values are fine: of an `if` without `else`, and of a macro's argument that wasn't passed.
    """
    return isinstance(value, Undefined) and value._undefined_hint is None


def _inside(value: Any) -> Iterator[Fragment | Items]:
    """Yield all fragments and lists in a fragment, including itself."""
    yield value
    inner: Iterable[Any] = value.values if isinstance(value, Fragment) else value.fragments
    for one in inner:
        if isinstance(one, Fragment | Items):
            yield from _inside(one)


def _unbalanced_in(template: Template) -> Iterator[tuple[int, frozenset[str]]]:
    """Yield lines at which a template isn't balanced, each with the elements there; none for text."""
    for line, name in _noted(template, "unbalanced"):
        yield line, frozenset({name})
    for shape in getattr(template.root_render_func, "__globals__", {}).values():
        if isinstance(shape, Shape):
            yield from ((shape.lines[slot], names) for slot, names in shape.unbalanced.items())


def _noted(template: Template, what: str) -> list[Any]:
    """Return what the compiler has recorded about a template."""
    found: list[Any] = getattr(template.root_render_func, "__globals__", {}).get(what, [])
    return found
