"""Find the columns of errors in templates, as far as they can be known: Jinja2 only reports lines."""

from __future__ import annotations

import re
from traceback import walk_tb
from typing import Final

from jinja2 import Environment, TemplateSyntaxError
from jinja2.lexer import Lexer, ignored_tokens, newline_re
from jinja2.parser import Parser

from ..exceptions import TemplateError
from .embedded import is_embedded, lines_of_file

_COLUMN: Final = "_live_column"
_SKIPPED: Final = ignored_tokens | {"raw_begin", "raw_end"}
"""Kinds of tokens that the parser doesn't see."""


def note_column(error: TemplateSyntaxError, source: str) -> None:
    """Record in a syntax error the column at which its parser stopped.

    Call this where the error is raised, since Jinja2 replaces its traceback later.
    """
    source = newline_re.sub("\n", source)  # as the lexer does
    at = _stopped_at(error, source)
    if at is None:
        return
    column = at - source.rfind("\n", 0, at) if at >= 0 else 0
    if column and error.name is not None and is_embedded(error.name):
        column = _column_in_file(error.name, source, at, column)
    setattr(error, _COLUMN, column)


def _stopped_at(error: TemplateSyntaxError, source: str) -> int | None:
    """Return the offset at which the parser stopped; -1 if it isn't known, None for other errors."""
    for frame, _ in reversed(list(walk_tb(error.__traceback__))):
        if frame.f_code is Lexer.tokeniter.__code__:
            at: int = frame.f_locals["pos"]
            return at
        if isinstance(parser := frame.f_locals.get("self"), Parser):
            return _of_token(parser, source)
    return None


def _column_in_file(name: str, source: str, at: int, column: int) -> int:
    """Return the column in the Python file of an embedded template; 0 if it isn't known.

    The file's line is indented, and the first line of `source` begins with the loader's comment. So search
    it for the whole line first, then for the text from the column on.
    """
    whole = line_of(name, source.count("\n", 0, at) + 1, source)
    for start in (at - column + 1, at):
        text = source[start:].partition("\n")[0]
        if text and whole.count(text) == 1:
            return whole.index(text) + at - start + 1
    return 0


def _of_token(parser: Parser, source: str) -> int:
    """Return the offset of the token at which a parser stopped, by counting the tokens that are left."""
    token = parser.stream.current
    try:
        left = sum(1 for _ in parser.stream)
        tokens = list(parser.environment.lexer.tokeniter(source, None))
    except TemplateSyntaxError:  # there is another error after this one
        return -1
    offsets, at = [], 0
    for _, kind, text in tokens:
        at = source.find(text, at)
        if kind not in _SKIPPED:
            offsets.append((at, text))
        at += len(text)
    if not 0 < left <= len(offsets):  # the end of the template
        return -1
    at, text = offsets[-left]
    return at if str(token.value) in text else -1


def locate(error: TemplateError, environment: Environment, source: str | None = None) -> None:
    """Set the column of an error to that of the text it is about, and add the source line as a note.

    `source`: that of the error's template, if it is known already. The text must occur in the line once.
    """
    if error.column or not error.near:
        return
    line = line_of(error.name, error.lineno, source or source_of(error.name, environment))
    error.column = column_in(line, error.near)
    if error.column:
        error.add_note(with_caret(line, error.column))


def source_of(name: str | None, environment: Environment) -> str:
    """Return the current source of a template; "" if it can't be read."""
    try:
        return environment.loader.get_source(environment, name)[0] if environment.loader and name else ""
    except Exception:  # loaders may raise anything, and this is for an error message
        return ""


def lines_of(name: str | None, source: str) -> list[str]:
    """Return the lines of a template's file. `source` is that of the template."""
    if name is not None and is_embedded(name):
        return lines_of_file(name)
    lines: list[str] = newline_re.sub("\n", source).split("\n")
    return lines if lines[-1] else lines[:-1]


def line_of(name: str | None, number: int, source: str) -> str:
    """Return a line of a template's file; "" if there is none."""
    lines = lines_of(name, source)
    return lines[number - 1] if 0 < number <= len(lines) else ""


def column_in(line: str, text: str) -> int:
    """Return the column of a text, from 1; 0 unless it occurs once. Names only match whole words."""
    before, after = (
        (r"(?<![\w-])" if text[:1].isalnum() else ""),
        (r"(?![\w-])" if text[-1:].isalnum() else ""),
    )
    found = list(re.finditer(before + re.escape(text) + after, line, re.IGNORECASE)) if text else []
    return found[0].start() + 1 if len(found) == 1 else 0


def with_caret(line: str, column: int) -> str:
    """Return a line of a template with a caret below a column."""
    return f"    {line}\n    {caret(line, column)}"


def caret(line: str, column: int) -> str:
    """Return the text to show below a line, with a caret at a column. Tabs are kept."""
    return re.sub(r"[^\t]", " ", line[: column - 1]) + "^"


def column_of(error: BaseException, line: str) -> int:
    """Return the column of an error, from 1; 0 if it isn't known. `line` is its line of the template.

    An error of an expression is in the only tag of its line, if there are no others.
    """
    if isinstance(error, TemplateError):
        return error.column
    noted: int | None = getattr(error, _COLUMN, None)
    if noted is not None:
        return noted
    tags = list(re.finditer(r"\{\{|\{%", line))
    return tags[0].start() + 1 if len(tags) == 1 else 0
