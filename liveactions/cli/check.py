"""Find mistakes in an application without running it: ``liveactions check``.

All templates are compiled. The names that a page's template reads are compared with those that the page has,
or that its function renders (`cli.renderings`), and their attributes with the annotations of its fields
(`cli.attributes`). What is only known when a page runs (its data, HTML from elsewhere) is left to debug mode.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from jinja2 import TemplateError as JinjaError
from jinja2 import TemplateSyntaxError, nodes
from starlette.requests import Request

from ..app import Live
from ..exceptions import TemplateError
from ..hosting import hidden_routes
from ..pages.component import describe
from ..pages.description import Description
from ..pages.page import Page
from ..pages.page_functions import FunctionPage
from ..pages.page_html import NAMES
from ..templates import is_embedded
from ..templates.columns import column_in, column_of, line_of, locate, with_caret
from ..templates.commands import NAME, unknown_commands
from ..templates.component_files import tag_of
from ..templates.live_attributes import event_attributes_in, unknown_modifier, unlikely_event
from .attributes import SIMILAR, AttributeChecker
from .renderings import renderings
from .template_names import (
    names_defined,
    names_in_conditions,
    names_tested,
    names_undeclared,
    templates_used_by,
)

_SUFFIXES: Final = frozenset({".html", ".htm", ".jinja", ".jinja2", ".j2", ".svg", ".xml"})
"""Files in template folders that are compiled."""


@dataclass(frozen=True, order=True)
class Finding:
    """One mistake. `line` is 0 where none is known."""

    file: str
    line: int
    level: str
    """``error`` or ``warning``."""
    text: str
    column: int = 0
    """From 1; 0 where none is known."""
    source: str = dataclasses.field(default="", compare=False)
    """The line, to be shown if the column is known."""

    def __str__(self) -> str:
        column = f":{self.column}" if self.column else ""
        where = f"{self.file}:{self.line}{column}: " if self.line else f"{self.file}: " if self.file else ""
        below = f"\n{with_caret(self.source, self.column)}" if self.column and self.source else ""
        return f"{where}{self.level}: {self.text}{below}"

    def github(self) -> str:
        """Return a workflow command that annotates the line in a pull request."""
        named = {"file": self.file, "line": self.line, "col": self.column}
        where = ",".join(f"{name}={value}" for name, value in named.items() if value)
        text = self.text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        return f"::{self.level} {where}::{text}"


def check(lives: Iterable[Live]) -> list[Finding]:
    """Return the mistakes in an application's live pages, by file and line."""
    found = {finding for live in lives for finding in _Check(live).run()}
    found |= {Finding("", 0, "warning", text) for text in _hidden(lives)}
    return sorted(found)


def _hidden(lives: Iterable[Live]) -> Iterator[str]:
    for live in lives:
        for host in (live, *live.services.hosts):
            yield from hidden_routes(host.router.routes, live.own_routes)


class _Check:
    """Checks the pages of one `Live`."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._environment = live.templates.environment

    def run(self) -> Iterator[Finding]:
        for name in self._names():
            yield from self._compiled(name)
        for cls in self._pages():
            yield from self._page(cls)

    def _names(self) -> list[str]:
        """Return the names of the application's templates."""
        names = self._environment.components.own_templates()
        return [name for name in names if Path(name).suffix in _SUFFIXES]

    def _pages(self) -> Iterator[type[Page]]:
        for route in self._live.site.routes:
            yield route.page
        yield from dict.fromkeys(self._live.site.error_pages.values())

    # Templates

    def _compiled(self, name: str) -> Iterator[Finding]:
        component = tag_of(name)
        try:
            if component is not None:
                self._environment.components.find(component, name, 1)
            template = self._environment.get_template(name)
        except (TemplateError, TemplateSyntaxError) as error:
            if isinstance(error, TemplateError):
                locate(error, self._environment)
            text = error.message or "syntax error"
            yield self._finding(error.name or name, error.lineno, "error", text, column_of(error, ""))
            return
        except JinjaError as error:
            yield self._finding(name, 0, "error", str(error))
            return
        noted = template.root_render_func.__globals__
        for line, element in noted.get("unbalanced", ()):
            text = f"<{element}> begins and ends in different blocks: the part around it is patched coarsely"
            yield self._finding(name, line, "warning", text)
        for misspelled in self._live.templates.misspelled(name):
            yield self._finding(name, misspelled.line, "warning", misspelled.text, near=misspelled.name)
        yield from self._events(name)

    def _events(self, name: str) -> Iterator[Finding]:
        source = self._live.templates.source(name)
        for attribute, at in event_attributes_in(source):
            fault = unknown_modifier(attribute) or unlikely_event(attribute)
            if fault is not None:
                yield self._finding(name, source[:at].count("\n") + 1, "warning", fault, near=attribute)

    def _finding(
        self, name: str | None, line: int, level: str, text: str, column: int = 0, near: str = ""
    ) -> Finding:
        """Return a finding. If its column isn't known, it is that of the text that it is about, `near`.

        What is in a component of the library is found at its tag.
        """
        name, line, tag = self._environment.components.place(name, line)
        near = f"<{tag}" if tag else near
        source = line_of(name, line, self._live.templates.source(name or ""))
        return Finding(self._file(name or ""), line, level, text, column or column_in(source, near), source)

    def _file(self, name: str) -> str:
        """Return a template's path, relative to the current directory where it is below it."""
        try:
            loader = self._environment.loader
            path = loader.get_source(self._environment, name)[1] if loader is not None else None
        except JinjaError:
            path = None
        if path is None:
            return name
        try:
            return str(Path(path).resolve().relative_to(Path.cwd()))
        except ValueError:
            return path

    # Pages

    def _page(self, cls: type[Page]) -> Iterator[Finding]:
        if issubclass(cls, FunctionPage):
            for template, names, is_complete in renderings(cls._live_function).values():
                yield from self._component(describe(cls), template, names, is_complete)
            return
        todo: list[Description] = [describe(cls)]
        seen: set[type[Any]] = set()
        while todo:
            description = todo.pop()
            if description.cls in seen:
                continue
            seen.add(description.cls)
            todo += [describe(field.children.annotation) for field in description.children if field.children]
            if description.template is not None:
                if is_embedded(description.template):
                    yield from self._compiled(description.template)
                yield from self._component(description, description.template)

    def _component(
        self,
        description: Description,
        template: str,
        more: frozenset[str] = frozenset(),
        has_all: bool = True,
    ) -> Iterator[Finding]:
        """Check a template of a component. `more` are names that it has besides, if `has_all` all of them."""
        known, is_complete = self._known(description)
        known |= more
        is_complete &= has_all
        checker = AttributeChecker(description, more)
        owner, own = description.cls.__qualname__, _own_names(description) | more
        trees = dict(self._trees(template))
        parsed = [tree for tree in trees.values() if tree is not None]
        known.update(*map(names_defined, parsed))
        tested = {name for tree in parsed for name in names_tested(tree)}
        optional = tested.union(*map(names_in_conditions, parsed))
        for name, tree in trees.items():
            if tree is None:
                yield Finding("", 0, "error", f"{owner}: there is no template {name!r}")
                continue
            for variable, line in names_undeclared(tree):
                if variable in known:
                    continue
                similar = get_close_matches(variable, own, 1, SIMILAR)
                if similar or (is_complete and variable not in tested):
                    hint = f"; did you mean {similar[0]!r}?" if similar else ""
                    level = "warning" if variable in optional else "error"
                    text = f"{owner} has no {variable!r}{hint}"
                    yield self._finding(name, line, level, text, near=variable)
            for line, attribute, text in checker.faults(tree):
                yield self._finding(name, line, "error", text, near=attribute)
            for line, attribute, text in checker.unknown_names(tree):
                yield self._finding(name, line, "warning", text, near=attribute)
            for line, command, text in unknown_commands(tree, self._environment) if NAME not in own else ():
                yield self._finding(name, line, "error", text, near=command)

    def _known(self, description: Description) -> tuple[set[str], bool]:
        """Return the names that a component's template knows, and whether these are all."""
        names = {*NAMES, *self._environment.globals, "url", "live", "request", "self", "super", "caller"}
        names |= _own_names(description)
        variables = self._live.services.variables
        if variables is None:
            return names, True
        try:
            return names | variables(_sample_request(self._live)).keys(), True
        except Exception:  # a context processor that needs a session, a user ...
            return names, False

    def _trees(self, template: str) -> Iterator[tuple[str, nodes.Template | None]]:
        """Yield a template and those that it extends or includes, parsed; None for one that isn't there."""
        todo, seen = [template], {template}
        while todo:
            name = todo.pop()
            source = self._source(name)
            if source is None:
                yield name, None
                continue
            try:
                tree = self._environment.parse(source, name)
            except (TemplateError, TemplateSyntaxError):  # reported when it was compiled
                continue
            yield name, tree
            for other in templates_used_by(tree):
                if other not in seen:
                    seen.add(other)
                    todo.append(other)

    def _source(self, name: str) -> str | None:
        loader = self._environment.loader
        try:
            return loader.get_source(self._environment, name)[0] if loader is not None else None
        except JinjaError:
            return None


def _own_names(description: Description) -> set[str]:
    """Return the names that a template has from the component's class."""
    return {*description.fields, *description.attributes, *description.properties, *description.actions}


def _sample_request(live: Live) -> Request:
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
        "session": {},
        "app": live,
        "router": live.router,
    }
    return Request(scope)
