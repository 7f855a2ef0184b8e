"""HTML that isn't compiled from a template: strings, objects with ``__html__``, template strings.

`html_of` converts these to a string. `raw_part` returns a fragment with the string in one slot. `raw_page`
returns a fragment of a whole document: the head is static, the title and the content of the body are slots,
so that pages can be patched. The slot of the body extends to the end of the body, so that nothing that the
HTML leaves open, closes or moves can separate its markers: pages work with any HTML. If a document's head or
body is ambiguous, the document is one piece, which is replaced as a whole.

The few tags around head and body are found with regular expressions, because this runs in each render: the
tokenizer would take about fifteen times as long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final, Protocol, TypeAlias, TypeGuard, runtime_checkable

from markupsafe import Markup, escape

from ..html.balance import check_balance, check_nesting
from ..html.entities import decode_text, neutralise
from ..html.tokenizer import head_end, is_document
from ..protocol.constants import CHILD_CLOSE, CHILD_OPEN, CHILD_REST, MARK, MARK_CHILD
from .fragments import BODY_MARK, HEAD_MARK, Fragment, Items, Kind, Shape, whole_document
from .runtime import fragment, raw


class HasHtml(Protocol):
    """An object with HTML: an element of htpy, `markupsafe.Markup`, a reference."""

    def __html__(self) -> str: ...


@runtime_checkable
class Interpolated(Protocol):
    """A template string, ``t"<p>{name}</p>"``: a `string.templatelib.Template` of Python 3.14."""

    @property
    def strings(self) -> tuple[str, ...]: ...
    @property
    def interpolations(self) -> tuple[Any, ...]: ...


_kinds: Final[dict[type[Any], bool]] = {}
"""Whether a class is that of template strings. Cached, because checking the protocol takes microseconds."""


def is_template_string(value: Any) -> TypeGuard[Interpolated]:
    """Return whether a value is a template string."""
    kind = type(value)
    known = _kinds.get(kind)
    if known is None:
        known = _kinds[kind] = isinstance(value, Interpolated)
    return known


Html: TypeAlias = str | HasHtml | Interpolated
"""The types in which a page may return HTML."""


def html_of(value: Any) -> str:
    """The HTML that `value` is. What a template string has between its braces is escaped. `TypeError` when
    it is none.
    """
    if isinstance(value, str) or hasattr(value, "__html__"):
        return str(value.__html__() if hasattr(value, "__html__") else value)
    if is_template_string(value):
        return "".join(_pieces(value))
    raise TypeError(f"{type(value).__qualname__} isn't HTML: return a string, markup or a template string")


def is_html(value: Any) -> bool:
    """Return whether a value is HTML."""
    return isinstance(value, str) or hasattr(value, "__html__") or is_template_string(value)


def _pieces(template: Interpolated) -> Iterator[str]:
    yield template.strings[0]
    for hole, literal in zip(template.interpolations, template.strings[1:], strict=True):
        yield _shown(interpolated(hole))
        yield literal


def interpolated(hole: Any) -> Any:
    """Return the value of an interpolation, with its conversion and format applied."""
    if not hole.conversion and not hole.format_spec:
        return hole.value
    value = _CONVERSIONS[hole.conversion](hole.value) if hole.conversion else hole.value
    return format(value, hole.format_spec)


_CONVERSIONS: dict[str, Callable[[Any], str]] = {"a": ascii, "r": repr, "s": str}


def _shown(value: Any) -> str:
    """Return a value as HTML; nothing for None and False, as in ``{is_new and t"<b>new</b>"}``."""
    if value is None or value is False:
        return ""
    if is_template_string(value):
        return html_of(value)
    if isinstance(value, (list, tuple, Iterator)):
        return "".join(map(_shown, value))
    return str(escape(value))


_PART: Final = Shape((f"<!--{CHILD_OPEN}-->", f"<!--{CHILD_CLOSE}-->"), ("", ""), (Kind.CHILD,))
_WHOLE: Final = Shape(("", ""), ("", ""), (Kind.CHILD,))
# Not the tokenizer, because most of the HTML needn't be read: the first two match at the ends of the head and
# of the document. If `_OUTSIDE` finds more than tags, the page only costs more to compare.
_BEGINNING: Final = re.compile(
    r"(?:(?:\s|<!--.*?-->)*</head\s*>)?(?P<body>(?:\s|<!--.*?-->)*<body\b(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>)?",
    re.IGNORECASE | re.DOTALL,
)
_END: Final = re.compile(r"\s*(?:</body\s*>\s*)?(?:</html\s*>\s*)?\Z", re.IGNORECASE)
_TAIL: Final = 2000
"""Maximum distance of a document's last tags from its end, in characters."""
_OUTSIDE: Final = re.compile(r"</?(?:html|head|body|frameset)\b", re.IGNORECASE)
_UNCLEAR_HEAD: Final = re.compile(
    r"<!---?>|--!>|<script\b(?:(?!</script).)*<!--|<template\b(?:(?!</template).)*<template\b",
    re.IGNORECASE | re.DOTALL,
)
"""HTML for which browsers may end the head at another position than `head_end`."""
_TITLE: Final = re.compile(r"<title>([^<]*)</title>", re.IGNORECASE)


def raw_part(html: str) -> Any:
    """Return HTML as the value of a slot: `UnbalancedMarkup` if it isn't balanced."""
    return fragment(_PART, (raw(html),))


def raw_page(html: str) -> Fragment:
    """Return a page of a whole document or of the content of a body."""
    html = neutralise(html.replace(HEAD_MARK, "").replace(BODY_MARK, ""))
    check_balance(html)
    check_nesting(html)
    before, content = _document(html) if is_document(html) else _fragment(html)
    if _OUTSIDE.search(content) or _UNCLEAR_HEAD.search(before):  # where its body is isn't known
        return Fragment(_WHOLE, (Markup(html),))
    title = _TITLE.search(before)
    start, end = title.span(1) if title and "<!--" not in before[: title.start()] else (0, 0)
    body = Markup(content) if "<" in content else decode_text(content)
    if not end:
        return Fragment(_shape(before, None), (body,))
    return Fragment(_shape(before[:start], before[end:]), (decode_text(before[start:end]), body))


def _document(html: str) -> tuple[str, str]:
    """Split a document into the part before the content of the body, and the content."""
    cut = head_end(html)
    beginning = _BEGINNING.match(html, cut)
    assert beginning is not None
    body = beginning[0] if beginning["body"] else beginning[0] + "<body>"
    before = html[:cut] + HEAD_MARK + body + BODY_MARK
    return before, _without_end(html[beginning.end() :])


def _without_end(rest: str) -> str:
    """Return the content of a body without the end tags that browsers add by themselves."""
    found = _END.search(rest, max(0, len(rest) - _TAIL))
    return rest[: found.start()] if found else rest


def _fragment(html: str) -> tuple[str, str]:
    cut = head_end(html)
    return whole_document(html[:cut]), _without_end(html[cut:].lstrip())


@lru_cache(maxsize=64)
def _shape(before: str, title: str | None) -> Shape:
    """Return the shape of a page with slots for the body's content and, unless `title` is None, the title.

    The body has no end: whatever its content leaves open, nothing follows it.
    """
    opening = f"<!--{CHILD_REST}-->"
    if title is None:
        return Shape((before + opening, ""), (before, ""), (Kind.CHILD,))
    marked = before.removesuffix(">") + f' {MARK}="{MARK_CHILD}">'
    return Shape((marked, title + opening, ""), (before, title, ""), (Kind.TEXT, Kind.CHILD))


def has_raw(fragment: Fragment) -> bool:
    """Return whether a fragment has raw HTML that can change. Only the first item of a list is looked at."""
    silent = fragment.shape.silent
    for slot, value in enumerate(fragment.values):
        if type(value) is not str and slot not in silent and _is_raw(value):
            return True
    return False


def _is_raw(value: object) -> bool:
    if type(value) is Items:
        return any(map(has_raw, value.fragments[:1]))
    return has_raw(value) if type(value) is Fragment else isinstance(value, Markup)
