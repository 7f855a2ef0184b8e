"""HTML from anything: strings, objects that know theirs, template strings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeAlias, runtime_checkable

from markupsafe import escape


class HasHtml(Protocol):
    """What knows its HTML: an element of htpy, `markupsafe.Markup`, a reference."""

    def __html__(self) -> str: ...


@runtime_checkable
class Interpolated(Protocol):
    """A template string, ``t"<p>{name}</p>"``: a `string.templatelib.Template` of Python 3.14."""

    @property
    def strings(self) -> tuple[str, ...]: ...
    @property
    def interpolations(self) -> tuple[Any, ...]: ...


Html: TypeAlias = str | HasHtml | Interpolated
"""What a page may be written as."""


def html_of(value: Any) -> str:
    """The HTML that `value` is. What a template string has between its braces is escaped. `TypeError` when
    it is none.
    """
    if isinstance(value, str) or hasattr(value, "__html__"):
        return str(value.__html__() if hasattr(value, "__html__") else value)
    if isinstance(value, Interpolated):
        return "".join(_pieces(value))
    raise TypeError(f"{type(value).__qualname__} is no HTML: a string, markup or a template string is")


def is_html(value: Any) -> bool:
    """Whether a value stands for HTML."""
    return isinstance(value, (str, Interpolated)) or hasattr(value, "__html__")


def _pieces(template: Interpolated) -> Iterator[str]:
    yield template.strings[0]
    for hole, literal in zip(template.interpolations, template.strings[1:], strict=True):
        yield _filled(hole)
        yield literal


def _filled(hole: Any) -> str:
    if not hole.conversion and not hole.format_spec:
        return _shown(hole.value)
    value = _CONVERSIONS[hole.conversion](hole.value) if hole.conversion else hole.value
    return str(escape(format(value, hole.format_spec)))


_CONVERSIONS: dict[str, Callable[[Any], str]] = {"a": ascii, "r": repr, "s": str}


def _shown(value: Any) -> str:
    """None and False show nothing, for ``{is_new and t"<b>new</b>"}``; of several values each is shown."""
    if value is None or value is False:
        return ""
    if isinstance(value, Interpolated):
        return html_of(value)
    if isinstance(value, (list, tuple, Iterator)):
        return "".join(map(_shown, value))
    return str(escape(value))
