"""The column of an error in a template, as far as it is known. Jinja2 only tells lines."""

from __future__ import annotations

import re
from traceback import walk_tb
from typing import Final

from jinja2 import TemplateSyntaxError
from jinja2.lexer import Lexer, ignored_tokens, newline_re
from jinja2.parser import Parser

from ..exceptions import TemplateError

_COLUMN: Final = "_live_column"
_SKIPPED: Final = ignored_tokens | {"raw_begin", "raw_end"}
"""Kinds of tokens that the parser doesn't see."""


def note_column(error: TemplateSyntaxError, source: str) -> None:
    """Note in a syntax error at which column its parser has stopped. Call this where it is raised: Jinja2
    replaces its traceback.
    """
    source = newline_re.sub("\n", source)  # as the lexer does
    for frame, _ in reversed(list(walk_tb(error.__traceback__))):
        if frame.f_code is Lexer.tokeniter.__code__:
            at: int = frame.f_locals["pos"]
            column = at - source.rfind("\n", 0, at)
        elif isinstance(parser := frame.f_locals.get("self"), Parser):
            column = _of_token(parser, source)
        else:
            continue
        setattr(error, _COLUMN, column)
        return


def _of_token(parser: Parser, source: str) -> int:
    """Return the column of the token at which a parser has stopped: tokens that are left are counted."""
    token = parser.stream.current
    try:
        left = sum(1 for _ in parser.stream)
        tokens = list(parser.environment.lexer.tokeniter(source, None))
    except TemplateSyntaxError:  # there is another error after this one
        return 0
    offsets, at = [], 0
    for _, kind, text in tokens:
        at = source.find(text, at)
        if kind not in _SKIPPED:
            offsets.append((at, text))
        at += len(text)
    if not 0 < left <= len(offsets):  # the end of the template
        return 0
    at, text = offsets[-left]
    return at - source.rfind("\n", 0, at) if str(token.value) in text else 0


def column_of(error: BaseException, line: str) -> int:
    """Return the column of an error, from 1; 0 if it isn't known. `line` is its line of the template.

    An error of an expression is in the only tag of its line, if there are no others.
    """
    noted: int | None = getattr(error, _COLUMN, None)
    if noted is not None:
        return noted
    tags = [] if isinstance(error, TemplateError) else list(re.finditer(r"\{\{|\{%", line))
    return tags[0].start() + 1 if len(tags) == 1 else 0
