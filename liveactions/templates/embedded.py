"""Templates that are embedded in Python files: ``template = jinja(\"\"\"…\"\"\")``.

`jinja` registers the source and returns a name for it, to be used like that of a file. `EmbeddedLoader` loads
the source by this name, and keeps the line numbers of the Python file, so that errors refer to them.
"""

from __future__ import annotations

import ast
import linecache
import os
import sys
from collections.abc import Callable
from itertools import islice
from types import CodeType, FrameType
from typing import Final, NamedTuple

from jinja2 import BaseLoader, Environment, TemplateNotFound


class EmbeddedTemplate(NamedTuple):
    """The source of a template in a Python file."""

    source: str
    file: str
    line: int
    """The line of the file where the source begins."""


_templates: Final[dict[str, EmbeddedTemplate]] = {}
_names: Final[dict[tuple[CodeType, int, str], str]] = {}
"""Names of templates, by the code object and offset of their call, and their source."""


def jinja(source: str, /) -> str:
    """Return a name for a template in Python code, to be used like that of a file.

    Common indentation is removed. Use a raw string, ``r\"\"\"…\"\"\"``, for a template with backslashes.
    Raise `TypeError` for anything but text.
    """
    if not isinstance(source, str):
        raise TypeError(f"jinja() takes the source of a template, not {source!r}")
    frame = sys._getframe(1)
    key = frame.f_code, frame.f_lasti, source
    known = _names.get(key)
    if known is None:
        line, text = _unindented(_line_of(frame), source)
        known = _names[key] = _add(_title(frame), EmbeddedTemplate(text, frame.f_code.co_filename, line))
    return known


def is_embedded(name: str | None) -> bool:
    """Return whether a template is embedded in a Python file."""
    return name in _templates


def lines_of_file(name: str) -> list[str]:
    """Return the lines of the Python file that contains a template; none if it can't be read."""
    return [line.rstrip("\r\n") for line in linecache.getlines(_templates[name].file)]


def _add(title: str, template: EmbeddedTemplate) -> str:
    """Register a template, and return its name: its title, with a number if that is taken."""
    name, number = title, 1
    while _templates.setdefault(name, template) != template:
        number += 1
        name = f"{title}~{number}"
    return name


def _title(frame: FrameType) -> str:
    """Return a template's name from where it is defined: ``shop/pages.py:Cart``."""
    file = os.path.relpath(frame.f_code.co_filename)
    file = frame.f_code.co_filename if file.startswith("..") else file
    return file if frame.f_code.co_name == "<module>" else f"{file}:{_qualified(frame)}"


def _qualified(frame: FrameType) -> str:
    """Return the qualified name of the class whose body is being executed, or of the function."""
    found: str = frame.f_locals.get("__qualname__", frame.f_code.co_qualname)
    return found


def _line_of(frame: FrameType) -> int:
    """Return the line where the source begins: that of the literal, or of the call if there is no literal."""
    positions = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), (None,) * 4)
    first, last, start, end = positions
    if first is None or last is None or start is None or end is None:
        return frame.f_lineno
    lines = [
        line.encode()
        for line in linecache.getlines(frame.f_code.co_filename, frame.f_globals)[first - 1 : last]
    ]
    if len(lines) != last - first + 1:
        return first
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    try:
        call = ast.parse(b"".join(lines).decode(), mode="eval").body
    except (SyntaxError, ValueError):
        return first
    literal = call.args[0] if isinstance(call, ast.Call) and call.args else None
    return first + literal.lineno - 1 if isinstance(literal, ast.Constant) else first


def _unindented(line: int, source: str) -> tuple[int, str]:
    """Return the line where the source begins, and the source without common indentation."""
    first, *rest = source.rstrip().split("\n")
    margin = min((len(text) - len(text.lstrip()) for text in rest if text.strip()), default=0)
    lines = [first, *(text[margin:] for text in rest)]
    while len(lines) > 1 and not lines[0].strip():
        del lines[0]
        line += 1
    return line, "\n".join(lines)


class EmbeddedLoader(BaseLoader):
    """Loads templates that are embedded in Python files."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """Return a template's source after a comment, which moves it to its line in the Python file."""
        embedded = _templates.get(template)
        if embedded is None:
            raise TemplateNotFound(template)
        above = "\n" * (embedded.line - 1)
        comment = f"{environment.comment_start_string}{above}{environment.comment_end_string}"
        return comment + embedded.source, embedded.file, lambda: True

    def list_templates(self) -> list[str]:
        """Return an empty list: these templates are shared by all applications in the process."""
        return []
