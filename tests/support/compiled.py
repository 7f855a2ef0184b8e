"""Cache compiled templates, since tests compile the same ones many times."""

from __future__ import annotations

from types import CodeType
from typing import Any

from jinja2 import nodes

from liveactions.html.tokenizer import mentions_components
from liveactions.templates.commands import js
from liveactions.templates.environment import LiveEnvironment

_SYNTAX = (
    "block_start_string block_end_string variable_start_string variable_end_string comment_start_string"
    " comment_end_string line_statement_prefix line_comment_prefix trim_blocks lstrip_blocks newline_sequence"
    " keep_trailing_newline optimized autoescape finalize sandboxed undefined"
).split()
_compile = LiveEnvironment.compile
_known: dict[Any, CodeType] = {}


def compile_once(
    self: LiveEnvironment,
    source: str | nodes.Template,
    name: str | None = None,
    filename: str | None = None,
    raw: bool = False,
    defer_init: bool = False,
) -> Any:
    """Return a template's code. Reuse that of the same text in an environment with equal settings."""
    if raw or defer_init or not isinstance(source, str) or mentions_components(source):
        return _compile(self, source, name, filename, raw, defer_init)
    key = source, name, filename, _settings(self)
    if key not in _known:
        _known[key] = _compile(self, source, name, filename)
    return _known[key]


def _settings(environment: LiveEnvironment) -> tuple[Any, ...]:
    """Return the settings of an environment that the code of templates depends on."""
    return (
        type(environment).__bases__,
        *(getattr(environment, name) for name in _SYNTAX),
        *(frozenset(one.items()) for one in (environment.filters, environment.tests)),
        frozenset(environment.extensions),
        environment.globals.get("js", js) is js,
        repr(environment.policies),
    )
