"""Jinja2 environments that compile templates to fragments, and the templates in use.

`Templates` creates an overlay of the application's environment, which uses its loader, filters, tests,
globals and extensions without changing it. A `View` renders one template, for all components that have it.
`TemplateWatcher` notices in debug mode that a template's file was saved.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any, NoReturn, cast

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, Template, TemplateSyntaxError, nodes
from jinja2.lexer import TokenStream

from ..exceptions import RenderError, TemplateError
from ..html.tokenizer import mentions_components
from .codegen import LiveCodeGenerator
from .columns import locate, note_column, source_of
from .component_files import Components, Expanded, MisspelledProp, asset_files, tag_of
from .component_tags import expand, hide_tags_in_raw
from .diagnostics import in_templates, note_location
from .embedded import EmbeddedLoader, is_embedded
from .fragments import Fragment, are_alike
from .list_memo import unshared
from .raw_html import raw_page
from .runtime import TemplateContext, concat, raw


class LiveEnvironment(Environment):
    """An environment whose templates render to fragments."""

    code_generator_class = LiveCodeGenerator
    context_class = TemplateContext
    concat = staticmethod(concat)
    found: dict[tuple[str, str | None], Template]
    components: Components

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,
    ) -> Template:
        """Return a template; without automatic reloading, from a cache."""
        if self.auto_reload or globals is not None or isinstance(name, Template):
            return super().get_template(name, parent, globals)
        known = self.found.get((name, parent))
        if known is None:
            if len(self.found) >= _MAX_TEMPLATES:
                self.found.clear()
            known = self.found[name, parent] = super().get_template(name, parent)
        return known

    def compile(
        self,
        source: str | nodes.Template,
        name: str | None = None,
        filename: str | None = None,
        raw: bool = False,
        defer_init: bool = False,
    ) -> Any:
        """Compile a template. Raise `jinja2.TemplateSyntaxError` or `TemplateError`, with their columns."""
        try:
            compiled: Any = super().compile(source, name, filename, raw, defer_init)  # type: ignore[call-overload]
        except TemplateError as error:
            locate(error, self, source if error.name == name and isinstance(source, str) else None)
            raise
        return compiled

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        try:
            tree = super()._parse(source, name, filename)
        except TemplateSyntaxError as error:
            note_column(error, source)
            raise
        has_macros = any(isinstance(node, nodes.Macro) for node in tree.body)
        found = Expanded()
        if has_macros or (mentions_components(source) and not (name or "").endswith(_WITHOUT_COMPONENTS)):
            found = expand(tree.body, name, self.components, tag_of(name or "") is not None)
        self.components.note(name, found)
        return tree

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        if not mentions_components(source) or "raw" not in source:
            return super()._tokenize(source, name, filename, state)
        source = self.preprocess(source, name, filename)
        tokens = hide_tags_in_raw(self.lexer.tokeniter(source, name, filename, state))
        stream = TokenStream(self.lexer.wrap(tokens, name, filename), name, filename)
        for extension in self.iter_extensions():
            filtered = extension.filter_stream(stream)
            stream = filtered if isinstance(filtered, TokenStream) else TokenStream(filtered, name, filename)
        return stream

    def handle_exception(self, source: str | None = None) -> NoReturn:
        """Raise the current exception, with the lines of templates in its traceback."""
        error = sys.exception()
        if isinstance(error, TemplateSyntaxError) or error is None:
            super().handle_exception(source)
        raise in_templates(error)


class LiveTemplate(Template):
    """A template that is compiled together with the components that it uses."""

    @property
    def is_up_to_date(self) -> bool:
        components = cast(LiveEnvironment, self.environment).components
        return super().is_up_to_date and components.are_current(self.name)


LiveEnvironment.template_class = LiveTemplate
_WITHOUT_COMPONENTS = (".xml", ".txt")
"""Ends of the names of templates in which capitalised tags are what they are."""
_PACKAGED = Path(__file__).with_name("packaged")
"""Templates of the library. An application's own with the same name is used instead."""
_KIT = Path(__file__).parents[1] / "ui"
"""The components of `liveactions.ui`, likewise. Pages load the files of those only that they use."""
_MAX_TEMPLATES = 400
"""Maximum number of compiled templates that are kept."""


class Templates:
    """The templates of an application, compiled to shapes.

    `environment` is any synchronous Jinja2 environment; its loader, filters, tests, globals and extensions
    are used. With `debug`, everything is rendered twice, with and without reusing earlier results. `names`
    are available in all templates, unless the environment defines the same names. `texts` are defaults of the
    props of components: ``{"ui.Dialog.close": "Close"}``.
    """

    def __init__(
        self,
        environment: Environment,
        debug: bool = False,
        names: Mapping[str, Any] | None = None,
        texts: Mapping[str, Any] | None = None,
    ) -> None:
        if environment.is_async:
            raise ValueError(
                "templates are rendered synchronously: create the environment without enable_async"
            )
        self.environment = _overlay(environment, names or {}, texts or {})
        self.environment.auto_reload = environment.auto_reload and debug
        self.debug = debug
        self._names = dict(names or {})
        self._views: dict[str, View] = {}
        self._component_files: Mapping[str, str] | None = None
        self._component_count = 0
        """How many components there were for these files."""
        self._watch = TemplateWatcher(self.environment)

    def view(self, name: str) -> View:
        """Return a template, which components share. Raise `jinja2.TemplateNotFound` or `TemplateError`."""
        template = self.environment.get_template(name)
        known = self._views.get(name)
        if known is None or known.template is not template:
            known = self._views[name] = View(template, self.debug, self._names)
        return known

    def macro(self, template: str, name: str) -> Callable[..., Any]:
        """Return a macro of a template. Raise `AttributeError` if it has none of this name."""
        macro: Callable[..., Any] = getattr(self.environment.get_template(template).module, name)
        return macro

    def component_files(self, others: Callable[[], Iterable[str]] = tuple) -> Mapping[str, str]:
        """Return the styles and scripts of components, by names of files.

        `others` returns the names of templates that the loader doesn't list: those in Python files.
        """
        components = self.environment.components
        known = self._component_files
        if known is None or self.environment.auto_reload or self._component_count != components.count:
            found = components.all(others())
            known = self._component_files = asset_files(found, components.themes(found))
            self._component_count = components.count
        return known

    def loaded(self) -> Iterator[Template]:
        """Return the templates that were used."""
        return self._watch.loaded()

    def misspelled(self, name: str | None) -> list[MisspelledProp]:
        """Return the attributes of component tags in a template that may be meant as props."""
        return self.environment.components.misspelled(name)

    def saved(self) -> bool:
        """Return whether a template's file was saved since the last call."""
        return self._watch.look()

    def source(self, name: str) -> str:
        """Return the current source of a template; "" if it can't be read."""
        return source_of(name, self.environment)


class View:
    """A template, and the contexts that it is rendered in: as many as there are renders at the same time."""

    def __init__(
        self, template: Template, debug: bool = False, names: Mapping[str, Any] | None = None
    ) -> None:
        self.template = template
        self._debug = debug
        self._globals = {**(names or {}), **template.globals}
        self._contexts: list[Any] = []
        """Those that are free."""

    def render(self, variables: dict[str, Any], previous: Fragment | None = None) -> Fragment:
        """Render the template as a page, reusing parts of `previous`, the last render."""
        shown = self._checked(variables, previous) if self._debug else self._render(variables, previous)
        return shown if type(shown) is Fragment else raw_page(str(shown))

    def render_part(self, variables: dict[str, Any], previous: Fragment | None = None) -> Any:
        """Render the template as a part of a page: a fragment, or a string of HTML as the value of a slot."""
        shown = self._checked(variables, previous) if self._debug else self._render(variables, previous)
        return shown if type(shown) is Fragment else raw(str(shown))

    def _checked(self, variables: dict[str, Any], previous: Fragment | None) -> Any:
        """Render the newest version of the template, twice if parts of `previous` may have been reused."""
        if not self.template.is_up_to_date:
            self._reload()
        shown = self._render(variables, previous)
        if previous is not None:
            with unshared():
                self._compare(shown, self._render(variables, None))
        return shown

    def _render(self, variables: dict[str, Any], previous: Fragment | None) -> Any:
        context: Any = self._contexts.pop() if self._contexts else self.template.new_context()
        context.renew({**self._globals, **variables}, self.template.blocks, previous)
        try:
            result = concat(self.template.root_render_func(context))
        except Exception as error:
            note_location(error)
            self.template.environment.handle_exception()
        context.renew({}, {}, None)  # it mustn't keep the page alive
        self._contexts.append(context)  # only if nothing was raised
        return result

    def _reload(self) -> None:
        """Switch to the current version of a template that was saved."""
        environment, name = self.template.environment, self.template.name
        if name is not None and environment.auto_reload:
            self.template = environment.get_template(name)
            self._contexts.clear()

    def _compare(self, remembered: Any, afresh: Any) -> None:
        if not are_alike(remembered, afresh):
            raise RenderError(
                f"{self.template.name}: rendering the page twice gives different results; something in it"
                " depends on more than the names it reads and its loop's item, or changes while it renders"
            )


def _overlay(environment: Environment, names: Iterable[str], texts: Mapping[str, Any]) -> LiveEnvironment:
    """Return an environment that compiles to fragments, and shares everything else with the original."""
    loaders = (EmbeddedLoader(), environment.loader, FileSystemLoader([_PACKAGED, _KIT]))
    live: Any = environment.overlay(
        cache_size=_MAX_TEMPLATES, loader=ChoiceLoader([one for one in loaders if one is not None])
    )
    live.__class__ = type("Live" + type(environment).__name__, (LiveEnvironment, type(environment)), {})
    live.found = {}
    live.bytecode_cache = None  # it would mix both kinds of code
    live.globals = environment.globals
    live.components = Components(live, frozenset(names), expand, environment.loader, _KIT, texts)
    return cast(LiveEnvironment, live)


class TemplateWatcher:
    """The files that an environment has loaded."""

    def __init__(self, environment: LiveEnvironment) -> None:
        self._environment = environment
        self._times: dict[str, int] = {}
        """Modification times by file, in nanoseconds."""

    def look(self) -> bool:
        """Return whether a file was saved since the last call, or since it was loaded."""
        saved = False
        for template in self.loaded():
            name = template.filename
            if name and name not in self._times and not is_embedded(template.name):
                self._times[name] = _time_of(name)
                saved = saved or not template.is_up_to_date
        for name in self._environment.components.files():
            if name not in self._times:
                self._times[name] = _time_of(name)
        for name, before in self._times.items():
            self._times[name] = _time_of(name)
            saved = saved or self._times[name] != before
        return saved

    def loaded(self) -> Iterator[Template]:
        """Yield the templates in the environment's cache."""
        yield from self._environment.cache.values() if self._environment.cache else ()


def _time_of(name: str) -> int:
    try:
        return os.stat(name).st_mtime_ns
    except OSError:  # missing, perhaps only while an editor replaces it
        return 0
