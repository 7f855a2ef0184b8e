"""Cache compiled templates and parsed components, since tests compile the same ones many times."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from types import CodeType
from typing import Any

from jinja2 import Environment, TemplateNotFound, TemplateSyntaxError, nodes

from liveactions.exceptions import TemplateError
from liveactions.html.tokenizer import mentions_components
from liveactions.templates.commands import js
from liveactions.templates.component_files import FOLDER, SUFFIX, ComponentFile, Components, Expanded
from liveactions.templates.environment import LiveEnvironment

_SYNTAX = (
    "block_start_string block_end_string variable_start_string variable_end_string comment_start_string"
    " comment_end_string line_statement_prefix line_comment_prefix trim_blocks lstrip_blocks newline_sequence"
    " keep_trailing_newline optimized autoescape finalize sandboxed undefined"
).split()
_compile = LiveEnvironment.compile
_load = Components._load

_Parts = dict[str, list[nodes.Node]]
"""The components that a template was compiled with: their bodies by tag."""


@dataclass(frozen=True)
class _Compiled:
    code: CodeType
    expanded: Expanded | None
    parts: _Parts


_templates: dict[Any, _Compiled] = {}
_components: dict[Any, tuple[ComponentFile, _Parts]] = {}


def compile_once(
    self: LiveEnvironment,
    source: str | nodes.Template,
    name: str | None = None,
    filename: str | None = None,
    raw: bool = False,
    defer_init: bool = False,
) -> Any:
    """Return a template's code. Reuse that of the same text and components in an environment with equal
    settings.
    """
    if raw or defer_init or not isinstance(source, str):
        return _compile(self, source, name, filename, raw, defer_init)
    key = source, name, filename, _settings(self, self.components.texts)
    known = _templates.get(key)
    if known is None or not _has(self.components, known.parts, name):
        code = _compile(self, source, name, filename)
        expanded = self.components._expanded.get(name) if mentions_components(source) else None
        parts = _parts(self.components, expanded.used if expanded is not None else set(), name)
        known = _templates[key] = _Compiled(code, expanded, parts)
    if known.expanded is not None:
        self.components.note(name, known.expanded)
    return known.code


def load_once(self: Components, tag: str, template: str | None, line: int) -> ComponentFile:
    """Return a component. Parse those with the same files and components in them only once."""
    path = f"{FOLDER}{tag.replace('.', '/')}"
    assert self.environment.loader is not None
    try:
        source, filename, is_current = self.environment.loader.get_source(self.environment, path + SUFFIX)
    except TemplateNotFound:
        return _load(self, tag, template, line)
    assets = self._source(f"{path}.css")[0], self._source(f"{path}.js")[0]
    names = self._names.union(self.environment.globals)
    key = tag, source, filename, assets, names, _settings(self.environment, self.texts)
    known = _components.get(key)
    if known is None or not _has(self, known[1], path + SUFFIX):
        found = _load(self, tag, template, line)
        known = _components[key] = found, _parts(self, found.uses, path + SUFFIX)
    return replace(known[0], is_current=is_current or (lambda: True))


def _parts(components: Components, tags: set[str], template: str | None) -> _Parts:
    return {tag: components.find(tag, template, 1).body for tag in tags}


def _has(components: Components, parts: _Parts, template: str | None) -> bool:
    """Return whether an environment has exactly these components."""
    with suppress(TemplateError, TemplateSyntaxError):  # it is raised where the template is compiled
        return all(components.find(tag, template, 1).body is body for tag, body in parts.items())
    return False


def _settings(environment: Environment, texts: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the settings of an environment that the code of templates depends on."""
    return (
        type(environment).__bases__,
        *(getattr(environment, name) for name in _SYNTAX),
        *(frozenset(one.items()) for one in (environment.filters, environment.tests)),
        frozenset(environment.extensions),
        environment.globals.get("js", js) is js,
        repr(environment.policies),
        frozenset((key, text if isinstance(text, str) else None) for key, text in texts.items()),
    )
