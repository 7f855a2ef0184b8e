"""Components: template files in the folder ``components`` that other templates use as tags.

``components/forms/Field.html`` is ``<forms.Field>``. A component is loaded once; while templates are
reloaded, again when its file or one of a component in it has changed. Components of the library are loaded if
a template has their tag.

A component's style is in a ``<style>`` in its template, or in a file next to it (``Card.css``). Its script, a
module, is in a ``<script>`` or in ``Card.js``. Each page links the styles of all components, because patches
and navigation may insert any of them. Nothing is inline, so that a strict Content-Security-Policy is
possible.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from posixpath import splitext
from typing import Any, Final, NamedTuple, Protocol

from jinja2 import BaseLoader, Environment, TemplateNotFound, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from ..exceptions import TemplateError
from .component_body import meant, slots_in, takes_attributes
from .component_props import Prop, declared, with_texts
from .line_numbers import decode_line, encode_line, line_of_use
from .syntax_tree import nodes_in

FOLDER: Final = "components/"
SUFFIX: Final = ".html"
DEFAULT: Final = "default"
"""The name of the slot for what is directly in a tag."""
STYLESHEET: Final = "components.css"
THEME: Final = "theme.css"
"""A style sheet in a folder of components: it applies to the whole page, before the components' styles."""
_WITHOUT_BRACES: Final = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[^{}]", re.DOTALL)
"""Everything in a style sheet except for braces."""
_SUFFIXES: Final = ("", ".htm", ".html", ".jinja", ".jinja2", ".j2")
"""Ends of the names of templates that may have tags; folders may contain other files."""
_ALL: Final = f"{FOLDER}**/*{SUFFIX}"
_TAG: Final = re.compile(r"<([\w.]+)")
PAGE_NAMES: Final = frozenset({"live", "request", "url"})
"""Variables of every page."""
_JINJA_NAMES: Final = frozenset({"caller", "kwargs", "loop", "self", "super", "varargs"})


@dataclass(slots=True)
class ComponentFile:
    """A component, parsed."""

    tag: str
    path: str
    """The template's name."""
    props: dict[str, Prop]
    body: list[nodes.Node]
    filename: str | None
    is_current: Callable[[], bool]
    slots: dict[str, int] = field(default_factory=dict)
    """How many values each slot is given."""
    takes_attributes: bool = False
    uses: set[str] = field(default_factory=set)
    """The components in its template."""
    classes: set[str] = field(default_factory=set)
    """Classes that its elements always have."""
    style: str = ""
    script: str = ""


class MisspelledProp(NamedTuple):
    """An attribute that a component passes on, but whose name looks like that of one of its props."""

    tag: str
    name: str
    prop: str
    line: int

    @property
    def text(self) -> str:
        """What to report."""
        return f"<{self.tag}> passes {self.name!r} on as an attribute; did you mean its prop {self.prop!r}?"


@dataclass(slots=True)
class Expanded:
    """What was found while the tags in a template were replaced."""

    used: set[str] = field(default_factory=set)
    """Its components."""
    styles: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)
    misspelled: list[MisspelledProp] = field(default_factory=list)


_LOADING: Final[ContextVar[tuple[str, ...]]] = ContextVar("loading", default=())
"""The components that are being loaded, outer ones first."""


class Expand(Protocol):
    """Replaces the tags in a template, see `liveactions.templates.component_tags.expand`."""

    def __call__(
        self, body: list[nodes.Node], name: str, components: Components, is_component_file: bool, /
    ) -> Expanded: ...


class Components:
    """The components of an environment.

    `names` are variables of all templates besides its globals, `own` is the application's loader, and `kit`
    the folder with the components of the library. `texts` are the application's defaults of props.
    """

    def __init__(
        self,
        environment: Environment,
        names: frozenset[str],
        expand: Expand,
        own: BaseLoader | None,
        kit: Path,
        texts: Mapping[str, Any],
    ) -> None:
        self.environment = environment
        self.texts = texts
        self._own = own
        self._names = names | PAGE_NAMES | _JINJA_NAMES
        self._expand = expand
        self._kit = kit
        self._found: dict[str, ComponentFile] = {}
        self._expanded: dict[str | None, Expanded] = {}
        """What was found in each template that has tags."""

    def find(self, tag: str, template: str | None, line: int) -> ComponentFile:
        """Return a component. Raise `TemplateError` if there is none, or if it contradicts itself.

        `template` and `line` are where its tag is.
        """
        known = self._found.get(tag)
        if known is not None and (not self.environment.auto_reload or self.is_current(known)):
            return known
        around = _LOADING.get()
        if tag in around:
            way = " in ".join(f"<{one}>" for one in (tag, *reversed(around)))
            text = f"{way}: a part that contains itself has to be a macro"
            raise self._error(text, tag, template, line)
        before = _LOADING.set((*around, tag))
        try:
            found = self._found[tag] = self._load(tag, template, line)
        finally:
            _LOADING.reset(before)
        return found

    def is_current(self, component: ComponentFile) -> bool:
        """Return whether neither a component's file nor those that it uses have changed."""
        return component.is_current() and all(
            used in self._found and self.is_current(self._found[used]) for used in component.uses
        )

    def note(self, template: str | None, found: Expanded) -> None:
        """Remember what was found in a template when it was compiled."""
        self._expanded[template] = found

    def misspelled(self, template: str | None) -> list[MisspelledProp]:
        """Return the attributes in a template that may be meant as props."""
        found = self._expanded.get(template)
        return found.misspelled if found is not None else []

    def are_current(self, template: str | None) -> bool:
        """Return whether the components that a template was compiled with haven't changed."""
        found = self._expanded.get(template)
        tags = found.used if found is not None else ()
        return all(tag in self._found and self.is_current(self._found[tag]) for tag in tags)

    def files(self) -> Iterator[str]:
        """Yield the files of components in use."""
        yield from (one.filename for one in self._found.values() if one.filename is not None)

    def file_of(self, template: str | None) -> str | None:
        """Return the file of a component that is in use, by the name of its template."""
        found = self._found.get(tag_of(template or "") or "")
        return found.filename if found is not None else None

    def place(self, template: str | None, number: int) -> tuple[str | None, int, str]:
        """Return the template and the line of a number for a line, and an empty string.

        In a component of the library, return those of its tag in the application's template, and the tag.
        """
        (name, line), tag = decode_line(template, number), ""
        while self._is_packaged(name) and (number := line_of_use(number)):
            tag = tag_of(name or "") or ""
            name, line = decode_line(template, number)
        return name, line, tag

    def _is_packaged(self, template: str | None) -> bool:
        file = self.file_of(template)
        return file is not None and self._kit in Path(file).parents

    @property
    def count(self) -> int:
        """How many components were loaded."""
        return len(self._found)

    def all(self, others: Iterable[str] = ()) -> list[ComponentFile]:
        """Return all components of the application, and those of the library that its templates use.

        `others` are templates that the loader doesn't list. Components with errors are left out: these are
        reported where they are used.
        """
        for tag in self._wanted(others):
            with suppress(TemplateError, TemplateSyntaxError):
                self.find(tag, None, 1)
        return list(self._found.values())

    def themes(self, components: Iterable[ComponentFile]) -> list[str]:
        """Return the style sheets of the folders that components with styles are in."""
        folders = sorted({one.path.rpartition("/")[0] for one in components if one.style})
        return [text for folder in folders if (text := self._source(f"{folder}/{THEME}")[0])]

    def own_templates(self) -> list[str]:
        """Return the names of the application's templates; none if its loader can't list them."""
        return _listed(self._own)

    def names(self) -> list[str]:
        """Return the tags of all components that the loader can list."""
        return [tag for tag in map(tag_of, _listed(self.environment.loader)) if tag is not None]

    def _wanted(self, others: Iterable[str]) -> list[str]:
        """Return the tags of the application's components, and of those of the kit that a template has."""
        listed = self.own_templates()
        own = [tag for tag in map(tag_of, listed) if tag is not None]
        names = [*others, *(name for name in listed if splitext(name)[1] in _SUFFIXES)]
        used = {tag for name in names for tag in _TAG.findall(self._source(name)[0])}
        return own + sorted(used & _packaged(self._kit) - {*own})

    def _load(self, tag: str, template: str | None, line: int) -> ComponentFile:
        path = f"{FOLDER}{tag.replace('.', '/')}{SUFFIX}"
        loader = self.environment.loader
        try:
            if loader is None:
                raise TemplateNotFound(path)
            source, filename, is_current = loader.get_source(self.environment, path)
        except TemplateNotFound:
            hint = meant(tag, self.names())
            text = f"<{tag}>: there is no component {path!r}{hint}; elements of HTML are in lower case"
            raise self._error(text, tag, template, line) from None
        component = ComponentFile(tag, path, {}, [], filename, is_current or (lambda: True))
        try:
            props = declared(source, path, self.environment)
            component.props = with_texts(props, tag, self.texts, path)
            component.body = Parser(self.environment, source, path, filename).parse().body
        except TemplateSyntaxError as error:
            error.source, error.translated = source, True  # else Jinja quotes the template with the tag
            raise
        for node in nodes_in(component.body):
            if node.lineno is not None:  # an operand of a comparison has none
                node.lineno = encode_line(path, node.lineno)
        found = self._expand(component.body, path, self, True)
        component.uses, component.classes = found.used, found.classes
        component.style = "".join([*found.styles, self._source(path.removesuffix(SUFFIX) + ".css")[0]])
        component.script = "".join([*found.scripts, self._source(path.removesuffix(SUFFIX) + ".js")[0]])
        known = self._names | self.environment.globals.keys()
        component.slots = slots_in(component.body, path, tag, component.props.keys(), known)
        component.takes_attributes = takes_attributes(component.body)
        if fault := fault_of_style(tag, component.style, component.classes):
            raise TemplateError(fault, path, 1)
        return component

    def _source(self, name: str) -> tuple[str, str | None]:
        """Return the text of a template, a style sheet or a module, and its file; "" if there is none."""
        assert self.environment.loader is not None
        try:
            return self.environment.loader.get_source(self.environment, name)[:2]
        except TemplateNotFound:
            return "", None

    def _error(self, text: str, tag: str, template: str | None, line: int) -> TemplateError:
        return TemplateError(text, *decode_line(template, line), f"<{tag}")


@cache
def _packaged(kit: Path) -> frozenset[str]:
    """Return the tags of the library's components."""
    tags = (tag_of(path.relative_to(kit).as_posix()) for path in kit.glob(_ALL))
    return frozenset(tag for tag in tags if tag is not None)


def _listed(loader: BaseLoader | None) -> list[str]:
    """Return the names of a loader's templates; none if it can't list them."""
    try:
        return loader.list_templates() if loader is not None else []
    except TypeError:
        return []


def tag_of(template: str) -> str | None:
    """Return the tag of a template, if it is a component."""
    if not (template.startswith(FOLDER) and template.endswith(SUFFIX)):
        return None
    return template[len(FOLDER) : -len(SUFFIX)].replace("/", ".")


def root_class(tag: str) -> str:
    """Return the class of the element to which a component's style applies: ``Card``, ``forms-Field``."""
    return tag.replace(".", "-")


def fault_of_style(tag: str, style: str, classes: Collection[str]) -> str:
    """Return an error message if a style wouldn't apply to its component, or not only to it; otherwise ""."""
    if not style:
        return ""
    if root_class(tag) not in classes:
        return f'the style of <{tag}> is for an element with class="{root_class(tag)}", and there is none'
    braces = _WITHOUT_BRACES.sub("", style)
    while "{}" in braces:
        braces = braces.replace("{}", "")
    return f"the style of <{tag}> has an unmatched {braces[0]!r}" if braces else ""


def asset_files(components: Iterable[ComponentFile], themes: Iterable[str] = ()) -> dict[str, str]:
    """Return the contents of files by name: the style sheet of components, if they have styles, and their
    scripts.

    `themes` are style sheets that are put in front.
    """
    ordered = sorted(components, key=lambda one: one.tag)
    found = {f"{one.tag}.js": one.script for one in ordered if one.script}
    scope = "@scope (.{}) {{\n{}\n}}\n"
    styles = [f"{theme.strip()}\n" for theme in themes]
    styles += [scope.format(root_class(one.tag), one.style.strip()) for one in ordered if one.style]
    return {STYLESHEET: "".join(styles), **found} if styles else found
