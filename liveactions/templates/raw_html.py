"""HTML that wasn't compiled from a template: strings, objects with ``__html__``, template strings.

`html_of` converts these to a string. `raw_part` makes a fragment with one slot of it. `raw_page` makes one
of a whole document: the head stays static, the title and the content of the body are slots, so that one
page can be patched into the other. A document in which these can't be told apart is one piece, which is
replaced as a whole.

The few tags around head and body are found by regular expressions, because this is done in each rendering:
the tokenizer takes about fifteen times as long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final, Protocol, TypeAlias, runtime_checkable

from markupsafe import Markup, escape

from ..html.balance import check, ends
from ..html.entities import decode_text, neutralise
from ..html.tokenizer import head_end, is_document
from ..protocol.constants import CHILD_CLOSE, CHILD_OPEN, MARK, MARK_CHILD
from .fragments import BODY_MARK, HEAD_MARK, Fragment, Items, Kind, Shape
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
    raise TypeError(f"{type(value).__qualname__} isn't HTML: return a string, markup or a template string")


def is_html(value: Any) -> bool:
    """Return whether a value is HTML."""
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
    """Return a value as HTML; nothing for None and False, as in ``{is_new and t"<b>new</b>"}``."""
    if value is None or value is False:
        return ""
    if isinstance(value, Interpolated):
        return html_of(value)
    if isinstance(value, (list, tuple, Iterator)):
        return "".join(map(_shown, value))
    return str(escape(value))


_PART: Final = Shape((f"<!--{CHILD_OPEN}-->", f"<!--{CHILD_CLOSE}-->"), ("", ""), (Kind.CHILD,))
_WHOLE: Final = Shape(("", ""), ("", ""), (Kind.CHILD,))
_BEGINNING: Final = re.compile(
    r"(?:(?:\s|<!--.*?-->)*</head\s*>)?(?P<body>(?:\s|<!--.*?-->)*<body\b(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>)?",
    re.IGNORECASE | re.DOTALL,
)
_END: Final = re.compile(r"(?:</body\s*>\s*)?(?:</html\s*>\s*)?\Z", re.IGNORECASE)
_TAIL: Final = 2000
"""How far from its end a document's last tags are looked for, in characters."""
_OUTSIDE: Final = re.compile(r"</?(?:html|head|body|frameset)\b", re.IGNORECASE)
_TITLE: Final = re.compile(r"<title>([^<]*)</title>", re.IGNORECASE)


def raw_part(html: str) -> Any:
    """Return a part of a page; `UnbalancedMarkup` if it isn't balanced."""
    return fragment(_PART, (raw(html),))


def raw_page(html: str) -> Fragment:
    """Return a page of a whole document or of the content of a body."""
    html = neutralise(html.replace(HEAD_MARK, "").replace(BODY_MARK, ""))
    check(html)
    before, content, after = _document(html) if is_document(html) else _fragment(html)
    missing = ends(content) if _OUTSIDE.search(content) is None else None
    if missing is None:  # its content has no clear end
        return Fragment(_WHOLE, (Markup(html),))
    title = _TITLE.search(before)
    start, end = title.span(1) if title and "<!--" not in before[: title.start()] else (0, 0)
    body = Markup(content + missing) if "<" in content else decode_text(content)
    if not end:
        return Fragment(_shape(before, None, after), (body,))
    return Fragment(_shape(before[:start], before[end:], after), (decode_text(before[start:end]), body))


def _document(html: str) -> tuple[str, str, str]:
    """Split a document into what comes before the content of the body, the content, and what comes after."""
    cut = head_end(html)
    beginning = _BEGINNING.match(html, cut)
    assert beginning is not None
    body = beginning[0] if beginning["body"] else beginning[0] + "<body>"
    before = html[:cut] + HEAD_MARK + body + BODY_MARK
    return before, *_without_end(html[beginning.end() :])


def _without_end(rest: str) -> tuple[str, str]:
    found = _END.search(rest, max(0, len(rest) - _TAIL))
    return (rest[: found.start()], found[0]) if found else (rest, "")


def _fragment(html: str) -> tuple[str, str, str]:
    cut = head_end(html)
    return html[:cut], html[cut:], ""


@lru_cache(maxsize=64)
def _shape(before: str, title: str | None, after: str) -> Shape:
    """Return the shape of a page with slots for the body's content and, unless `title` is None, the title."""
    opening, closing = f"<!--{CHILD_OPEN}-->", f"<!--{CHILD_CLOSE}-->{after}"
    if title is None:
        return Shape((before + opening, closing), (before, after), (Kind.CHILD,))
    marked = before.removesuffix(">") + f' {MARK}="{MARK_CHILD}">'
    return Shape((marked, title + opening, closing), (before, title, after), (Kind.TEXT, Kind.CHILD))


def has_raw(fragment: Fragment) -> bool:
    """Return whether a fragment has raw HTML that can change. Only the first item of a list is looked at."""
    silent = fragment.shape.silent
    return any(_is_raw(value) for slot, value in enumerate(fragment.values) if slot not in silent)


def _is_raw(value: object) -> bool:
    if type(value) is Items:
        return any(map(has_raw, value.fragments[:1]))
    return has_raw(value) if type(value) is Fragment else isinstance(value, Markup)
