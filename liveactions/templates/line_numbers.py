"""Line numbers that also say which template a line belongs to.

A component's nodes become part of the templates that use it, and a Jinja2 node has nothing but a line number.
So the lines of a component are encoded: a number identifies the component's template, the line in there, and
the line at which another template uses it.
"""

from __future__ import annotations

from typing import Final

_LINES: Final = 1 << 20
"""More than any template has."""
_sources: Final[list[tuple[str, int]]] = [("", 0)]
"""Names of templates, each with the number of the line that uses it; 0 if that isn't known."""
_numbers: Final[dict[tuple[str, int], int]] = {}


def encode_line(name: str, line: int, use: int = 0) -> int:
    """Return the number for a line of the template `name`, which the line `use` of another one uses.

    Return an encoded number unchanged.
    """
    if is_encoded(line):
        return line
    source = name, use
    if source not in _numbers:
        _numbers[source] = len(_sources)
        _sources.append(source)
    return _numbers[source] * _LINES + line


def with_use(number: int, name: str, use: int) -> int:
    """Return an encoded number to which the line that uses the template `name` has been added.

    If the number contains a use already, this one is added to the outermost.
    """
    source, before = _sources[number // _LINES]
    if before:
        return encode_line(source, number % _LINES, with_use(before, name, use))
    return encode_line(source, number % _LINES, use) if source == name else number


def is_encoded(line: int | None) -> bool:
    """Return whether a number was returned by `encode_line`, so that it is a line of another template."""
    return line is not None and line >= _LINES


def decode_line(name: str | None, line: int) -> tuple[str | None, int]:
    """Return the template and the line of a number. `name`: the compiled template, for plain lines."""
    return (_sources[line // _LINES][0], line % _LINES) if is_encoded(line) else (name, line)


def line_of_use(line: int) -> int:
    """Return the number of the line that uses the template of an encoded line; 0 if that isn't known."""
    return _sources[line // _LINES][1] if is_encoded(line) else 0
