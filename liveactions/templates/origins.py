"""Lines of a template that was compiled into another one, as one number.

A component's nodes become part of the templates that use it. Jinja2 knows a node's line only, so the number
of such a line also says which template it belongs to, and at which line of which other template that is used.
"""

from __future__ import annotations

from typing import Final

_LINES: Final = 1 << 20
"""More than any template has."""
_sources: Final[list[tuple[str, int]]] = [("", 0)]
"""Names of templates, each with the number of the line where it is used; 0 as long as that isn't known."""
_numbers: Final[dict[tuple[str, int], int]] = {}


def foreign(name: str, line: int, user: int = 0) -> int:
    """Return the number for a line of another template, which is used at the line `user`.

    A number that is one already stays as it is.
    """
    if is_foreign(line):
        return line
    source = name, user
    if source not in _numbers:
        _numbers[source] = len(_sources)
        _sources.append(source)
    return _numbers[source] * _LINES + line


def used_at(number: int, name: str, user: int) -> int:
    """Return the number for a line which also says that the template `name` is used at the line `user`."""
    source, before = _sources[number // _LINES]
    if before:
        return foreign(source, number % _LINES, used_at(before, name, user))
    return foreign(source, number % _LINES, user) if source == name else number


def is_foreign(line: int | None) -> bool:
    """Return whether a line is one of another template."""
    return line is not None and line >= _LINES


def origin(name: str | None, line: int) -> tuple[str | None, int]:
    """Return the template and the line that a number is for; `name` is the template that was compiled."""
    return (_sources[line // _LINES][0], line % _LINES) if is_foreign(line) else (name, line)


def user_of(line: int) -> int:
    """Return the number of the line where the template of another one is used; 0 if that isn't known."""
    return _sources[line // _LINES][1] if is_foreign(line) else 0
