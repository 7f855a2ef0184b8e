"""Escapes data in HTML source, and tracks which parts of the source are data.

Escaped data has the type `Escaped`, a `Markup` that is known to be data. This matters in attributes that
browsers follow, load or parse as HTML, where data must not become a script, because escaping doesn't change
``javascript:``. If such an attribute is a slot, the compiler knows it. In source that is written as a string,
`join` has to find them.

`join` uses regular expressions, because the source may be incomplete, so that it can't be tokenized, and
because it runs for each piece of HTML that is written as a string.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from types import BuiltinFunctionType, CoroutineType, FunctionType, MethodType
from typing import Any, Final

from markupsafe import Markup
from markupsafe import escape as escape_markup

from ..exceptions import RenderError
from ..html.entities import escape as escape_text
from ..types import Escaped
from .fragments import Fragment

URL_LIST_ATTRIBUTES: Final = frozenset("by from to values".split())
"""Attributes of SVG's animations, which set addresses in other attributes: lists, separated by ``;``."""
URL_ATTRIBUTES: Final = URL_LIST_ATTRIBUTES | set("action data formaction href poster src xlink:href".split())
"""Attributes that a browser follows or loads."""
DOCUMENT_ATTRIBUTE: Final = "srcdoc"
"""The attribute whose value is HTML."""
UNSAFE: Final = "unsafe:"
"""The prefix for an address that would run a script: a scheme that browsers don't know."""
_SCHEMES: Final = ("javascript:", "vbscript:")
_IGNORED: Final = "[\t\n\r]*"  # anywhere in an address
_LEADING: Final = "".join(map(chr, range(0x21)))
_SCHEME: Final = "|".join(_IGNORED.join(scheme) for scheme in _SCHEMES)
SCRIPT: Final = re.compile(_SCHEME, re.IGNORECASE | re.ASCII)
"""A script's scheme."""
SCRIPT_FIRST: Final = re.compile(
    rf"(?:\A|(?<=;))(?=[{re.escape(_LEADING)}]*(?P<scheme>{_SCHEME}))", re.IGNORECASE | re.ASCII
)
"""The beginning of an address that a browser runs as a script; all attributes are read as lists."""
# Not the tokenizer, because tokens have no positions to change the source at.
_TAG: Final = re.compile("<[a-zA-Z](?:\"[^\"]*\"|'[^']*'|[^\"'>])*")
_ATTRIBUTE: Final = re.compile(r"(?<=[\s\"'/])([^\s\"'/=>]+)\s*=\s*(?:\"([^\"]*)|'([^']*)|([^\s>\"']*))")
_SUSPECT: Final = re.compile(f"{DOCUMENT_ATTRIBUTE}|{SCRIPT.pattern}", re.IGNORECASE | re.ASCII)


def may_run_script(beginning: str) -> bool:
    """Return whether an address with this beginning may run a script, depending on the rest.

    False too when the beginning says so itself.
    """
    begun = re.sub(_IGNORED, "", beginning.lstrip(_LEADING)).lower()
    return any(scheme.startswith(begun) and scheme != begun for scheme in _SCHEMES)


def without_script(address: str) -> str:
    """Return an address, or a list of addresses, that runs no script."""
    return SCRIPT_FIRST.sub(UNSAFE, address)


def escape(value: Any) -> Markup:
    """Escape a value for HTML source. Replaces MarkupSafe's function in compiled templates."""
    if type(value) is str:
        return Escaped(escape_text(value))
    if isinstance(value, Markup):
        return value
    if type(value) is Fragment:
        return mark_safe(value)
    refuse_function(value)
    html = escape_markup(value)
    return html if hasattr(value, "__html__") else Escaped(html)


def mark_safe(value: Any) -> Markup:
    """Mark source as safe, except for the data in it. Replaces `Markup` in compiled templates."""
    if isinstance(value, Escaped) or (type(value) is Fragment and value.values):
        return Escaped(value)
    return Markup(value)


def is_marked_safe(value: Any) -> bool:
    """Return whether the author has marked a value as safe."""
    return isinstance(value, Markup | Fragment) and not isinstance(mark_safe(value), Escaped)


def refuse_function(value: Any) -> None:
    """Raise `RenderError` for a function, or what an async one returns: neither is meant to be displayed."""
    if isinstance(value, (FunctionType, MethodType, BuiltinFunctionType)):
        raise RenderError(displayed_function(value))
    if isinstance(value, CoroutineType):
        value.close()
        raise RenderError(
            f"{value.__qualname__}() is async, and templates can't wait for it: call it in load(), and keep"
            " the result in a field. To let browsers call it, decorate it with @action; in Python, write such"
            f" a call as self.{value.__name__}.bind(…)"
        )


def displayed_function(function: FunctionType | MethodType | BuiltinFunctionType) -> str:
    """Return the message for a function that a template displays."""
    return (
        f"{function.__qualname__} is a function: decorate it with @action to let browsers call it,"
        f" or call it in the template, {{{{ {function.__name__}() }}}}"
    )


def join(pieces: Sequence[str]) -> str:
    """Join pieces of source. Data in them never becomes a script."""
    html = "".join(pieces)
    if not any(type(piece) is Escaped for piece in pieces):
        return html
    ends = accumulate(map(len, pieces))
    data = [
        (end - len(piece), end) for piece, end in zip(pieces, ends, strict=True) if type(piece) is Escaped
    ]
    return Escaped(_disarm(html, data))


def attributes(source: str) -> Markup:
    """Return attributes that a filter has written from data; none of them can run a script."""
    html = f"<a {source}>"
    data = [(start, end) for _, _, start, end in attributes_in(html)]
    return Escaped(_disarm(html, data).removeprefix("<a ").removesuffix(">"))


def _disarm(html: str, data: Sequence[tuple[int, int]]) -> str:
    """Return source in which the given ranges of data can neither run a script nor become HTML."""
    if _SUSPECT.search(html) is None:
        return html
    changed, done = "", 0
    for name_at, name, start, end in attributes_in(html):
        # Attributes that are contained in a piece were checked when that piece was joined.
        inside = [(a, b) for a, b in data if a < end and b > start and not a <= name_at < b]
        if name in URL_ATTRIBUTES:
            for found in SCRIPT_FIRST.finditer(html[start:end]):
                begins, scheme_ends = start + found.start(), start + found.end("scheme")
                if any(a < scheme_ends and b > begins for a, b in inside):
                    changed += html[done:begins] + UNSAFE
                    done = begins
        elif name == DOCUMENT_ATTRIBUTE:
            for a, b in inside:
                changed += html[done:a] + html[a:b].replace("&", "&amp;")
                done = b
    return changed + html[done:]


def attributes_in(html: str) -> Iterator[tuple[int, str, int, int]]:
    """Yield the position and name of each attribute, and the start and end of its value."""
    for tag in _TAG.finditer(html):
        for attribute in _ATTRIBUTE.finditer(html, *tag.span()):
            value = next(number for number in (2, 3, 4) if attribute[number] is not None)
            yield attribute.start(), attribute[1].lower(), *attribute.span(value)
