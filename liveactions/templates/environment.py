"""Jinja2 environments that compile templates to fragments, and the templates in use.

`Templates` makes an overlay of the application's environment, so that its loader, filters, tests, globals
and extensions are used while the environment itself stays as it is. A `View` renders one template again and
again for one component. `TemplateWatcher` notices in debug mode that the file of a template was saved.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, cast

from jinja2 import Environment, Template

from ..exceptions import RenderError
from .codegen import LiveCodeGenerator
from .diagnostics import note_place
from .fragments import Fragment
from .raw_html import raw_page
from .runtime import TemplateContext, concat


class LiveEnvironment(Environment):
    """An environment whose templates give fragments."""

    code_generator_class = LiveCodeGenerator
    context_class = TemplateContext
    concat = staticmethod(concat)
    found: dict[tuple[str, str | None], Template]

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,
    ) -> Template:
        """Return a template; without reloading, the one that was found before."""
        if self.auto_reload or globals is not None or isinstance(name, Template):
            return super().get_template(name, parent, globals)
        known = self.found.get((name, parent))
        if known is None:
            if len(self.found) >= _MAX_TEMPLATES:
                self.found.clear()
            known = self.found[name, parent] = super().get_template(name, parent)
        return known


_MAX_TEMPLATES = 400
"""Templates that are kept compiled."""


class Templates:
    """The templates of an application, compiled to shapes.

    `environment` is any synchronous Jinja2 environment; its loader, filters, tests, globals and
    extensions are used. With `debug`, every render is done twice, with and without memory. `names` are
    known to all templates, unless the environment has others of the same name.
    """

    def __init__(
        self, environment: Environment, debug: bool = False, names: Mapping[str, Any] | None = None
    ) -> None:
        if environment.is_async:
            raise ValueError(
                "templates are rendered synchronously: create the environment without enable_async"
            )
        self.environment = _overlay(environment)
        self.environment.auto_reload = environment.auto_reload and debug
        self.debug = debug
        self._names = dict(names or {})
        self._watch = TemplateWatcher(self.environment)

    def view(self, name: str) -> View:
        """Return a template for one component. Raise `jinja2.TemplateNotFound` or `TemplateError`."""
        return View(self.environment.get_template(name), self.debug, self._names)

    def loaded(self) -> Iterator[Template]:
        """The templates that were used."""
        return self._watch.loaded()

    def saved(self) -> bool:
        """Return whether a template's file was saved since the last call."""
        return self._watch.look()

    def source(self, name: str) -> str:
        """Return the current text of a template; "" when there is none."""
        try:
            return (
                self.environment.loader.get_source(self.environment, name)[0]
                if self.environment.loader
                else ""
            )
        except Exception:  # whatever a loader raises: it is for an error's sake
            return ""


class View:
    """A template with the context of one component, used for all its renders."""

    def __init__(
        self, template: Template, debug: bool = False, names: Mapping[str, Any] | None = None
    ) -> None:
        self._template = template
        self._debug = debug
        self._globals = {**(names or {}), **template.globals}
        self._context: Any = None

    def render(self, variables: dict[str, Any], previous: Fragment | None = None) -> Fragment:
        """Render the template; parts of `previous`, the last rendering, are used again."""
        if self._debug and not self._template.is_up_to_date:
            self._reload()
        fragment = self._render(variables, previous)
        if self._debug and previous is not None:
            self._compare(fragment, self._render(variables, None))
        return fragment

    def _render(self, variables: dict[str, Any], previous: Fragment | None) -> Fragment:
        context: Any = self._context or self._template.new_context()
        self._context = None
        context.renew({**self._globals, **variables}, self._template.blocks, previous)
        try:
            result = concat(self._template.root_render_func(context))
        except Exception as error:
            note_place(error)
            self._template.environment.handle_exception()
        self._context = context  # not one that an exception has left in the middle
        return result if type(result) is Fragment else raw_page(str(result))

    def _reload(self) -> None:
        """Use the current version of a template that was saved."""
        environment, name = self._template.environment, self._template.name
        if name is not None and environment.auto_reload:
            self._template, self._context = environment.get_template(name), None

    def _compare(self, remembered: Fragment, afresh: Fragment) -> None:
        if remembered.html() != afresh.html():
            raise RenderError(
                f"{self._template.name}: rendering the page twice gives different results; something in a"
                " loop depends on more than its item and the names it reads, or changes while it renders"
            )


def _overlay(environment: Environment) -> LiveEnvironment:
    """Return an environment that compiles to fragments and shares everything else with the original."""
    live: Any = environment.overlay(cache_size=_MAX_TEMPLATES)
    live.__class__ = type("Live" + type(environment).__name__, (LiveEnvironment, type(environment)), {})
    live.found = {}
    live.bytecode_cache = None  # it would mix both kinds of code
    live.globals = environment.globals
    return cast(LiveEnvironment, live)


class TemplateWatcher:
    """The files that an environment has loaded."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._times: dict[str, int] = {}
        """When each was saved, in nanoseconds, as it was found last."""

    def look(self) -> bool:
        """Return whether a file was saved since the last call, or since it was loaded."""
        saved = False
        for template in self.loaded():
            name = template.filename
            if name and name not in self._times:
                self._times[name] = _time_of(name)
                saved = saved or not template.is_up_to_date
        for name, before in self._times.items():
            self._times[name] = _time_of(name)
            saved = saved or self._times[name] != before
        return saved

    def loaded(self) -> Iterator[Template]:
        """The templates that it has in memory."""
        yield from self._environment.cache.values() if self._environment.cache else ()


def _time_of(name: str) -> int:
    try:
        return os.stat(name).st_mtime_ns
    except OSError:  # none, or none just now: editors replace files
        return 0
