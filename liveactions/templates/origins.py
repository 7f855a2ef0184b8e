"""Lines of a template that was compiled into another one, as one number.

A component's nodes become part of the templates that use it. Jinja2 knows a node's line only, so the number
of such a line also says which template it belongs to.
"""

from __future__ import annotations

from typing import Final

_LINES: Final = 1 << 20
"""More than any template has."""
_names: Final[list[str]] = [""]
_numbers: Final[dict[str, int]] = {}


def foreign(name: str, line: int) -> int:
    """Return the number for a line of another template. A number that is one already stays as it is."""
    if is_foreign(line):
        return line
    if name not in _numbers:
        _numbers[name] = len(_names)
        _names.append(name)
    return _numbers[name] * _LINES + line


def is_foreign(line: int | None) -> bool:
    """Return whether a line is one of another template."""
    return line is not None and line >= _LINES


def origin(name: str | None, line: int) -> tuple[str | None, int]:
    """Return the template and the line that a number is for; `name` is the template that was compiled."""
    return (_names[line // _LINES], line % _LINES) if is_foreign(line) else (name, line)
