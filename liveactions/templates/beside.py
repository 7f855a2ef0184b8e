"""Templates in Python files, next to the classes that they belong to: ``template = jinja(\"\"\"…\"\"\")``.

`jinja` returns a name for the template, which is used like that of a file. `BesideLoader` provides the source
under this name to Jinja2, with the line numbers of the Python file, so that errors refer to these.
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


class Written(NamedTuple):
    """A template in a Python file."""

    source: str
    file: str
    line: int
    """The line of the file where the source begins."""


_written: Final[dict[str, Written]] = {}
_names: Final[dict[tuple[CodeType, int, str], str]] = {}
"""Names by the place of the call and the source."""


def jinja(source: str, /) -> str:
    """Return a name for a template that is written here, to be used like that of a file.

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
        known = _names[key] = _add(_title(frame), Written(text, frame.f_code.co_filename, line))
    return known


def is_beside(name: str | None) -> bool:
    """Return whether a template is written in a Python file."""
    return name in _written


def lines_of_file(name: str) -> list[str]:
    """Return the lines of the Python file that a template is written in; none if it can't be read."""
    return [line.rstrip("\r\n") for line in linecache.getlines(_written[name].file)]


def _add(title: str, written: Written) -> str:
    """Return the name for a template: its title, with a number if that is taken."""
    name, number = title, 1
    while _written.setdefault(name, written) != written:
        number += 1
        name = f"{title}~{number}"
    return name


def _title(frame: FrameType) -> str:
    """Return a name: ``shop/pages.py:Cart``."""
    file = os.path.relpath(frame.f_code.co_filename)
    file = frame.f_code.co_filename if file.startswith("..") else file
    return file if frame.f_code.co_name == "<module>" else f"{file}:{_qualified(frame)}"


def _qualified(frame: FrameType) -> str:
    """Return the name of the class whose body runs, or of the function."""
    found: str = frame.f_locals.get("__qualname__", frame.f_code.co_qualname)
    return found


def _line_of(frame: FrameType) -> int:
    """Return the line where the text of the call begins: that of the call, unless it is a literal below."""
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
    """Return source without common indentation, and the line where it begins."""
    first, *rest = source.rstrip().split("\n")
    margin = min((len(text) - len(text.lstrip()) for text in rest if text.strip()), default=0)
    lines = [first, *(text[margin:] for text in rest)]
    while len(lines) > 1 and not lines[0].strip():
        del lines[0]
        line += 1
    return line, "\n".join(lines)


class BesideLoader(BaseLoader):
    """Loads templates that are written in Python files."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """Return a template's source after a comment with as many lines as the Python file has above it."""
        written = _written.get(template)
        if written is None:
            raise TemplateNotFound(template)
        above = "\n" * (written.line - 1)
        comment = f"{environment.comment_start_string}{above}{environment.comment_end_string}"
        return comment + written.source, written.file, lambda: True

    def list_templates(self) -> list[str]:
        """Return nothing: only an application's pages say which of these templates belong to it."""
        return []
