"""What a person can see and use, as far as HTML says it: style sheets aren't read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from .dom import Element, Node, Text

_NEVER: Final = frozenset("head script style template noscript datalist title".split())
_INLINE: Final = frozenset(
    "a abbr b bdi bdo button cite code del dfn em i img input ins kbd label mark output q s samp select small"
    " span strong sub sup time u var".split()
)
_GONE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)


def is_visible(element: Element, scripting: bool = True) -> bool:
    """Whether neither it nor what it is in is hidden. Without `scripting`, ``noscript`` shows."""
    return not any(_is_hidden(above, scripting) for above in element.ancestors()) and not _is_folded(element)


def _is_hidden(element: Element, scripting: bool) -> bool:
    if element.name in _NEVER:
        return scripting or element.name != "noscript"
    if element.get("hidden") is not None or _GONE.search(element.get("style") or ""):
        return True
    if element.name == "input":
        return (element.get("type") or "").lower() == "hidden"
    return element.name == "dialog" and element.get("open") is None


def _is_folded(element: Element) -> bool:
    """Whether it is in a closed ``details``, other than in its summary."""
    inner: Element | None = None
    for above in element.ancestors():
        if above.name == "details" and above.get("open") is None and inner is not None:
            summaries = [child for child in above.children if isinstance(child, Element)]
            first = next((child for child in summaries if child.name == "summary"), None)
            if inner is not first:
                return True
        inner = above
    return False


def is_disabled(element: Element) -> bool:
    """Whether it is a control that is disabled, itself or by its field set."""
    if element.get("disabled") is not None:
        return True
    inner = element
    for above in element.ancestors():
        if above.name == "fieldset" and above.get("disabled") is not None and inner.name != "legend":
            return True
        inner = above
    return False


def shown_text(node: Node, scripting: bool = True, without: frozenset[str] = frozenset()) -> str:
    """The visible text in it, with single spaces; blocks are apart from each other.

    `without` are names of elements whose texts don't count.
    """
    return " ".join("".join(_texts(node, scripting, without | {"textarea"})).split())


def _texts(node: Node, scripting: bool, without: frozenset[str]) -> Iterator[str]:
    if isinstance(node, Text):
        yield node.data
    if not isinstance(node, Element) or _is_hidden(node, scripting) or node.name in without:
        return
    gap = "" if node.name in _INLINE else " "
    yield gap
    for child in node.children:
        if not _is_folded_child(node, child):
            yield from _texts(child, scripting, without)
    yield gap


def _is_folded_child(parent: Element, child: Node) -> bool:
    closed = parent.name == "details" and parent.get("open") is None
    return closed and not (isinstance(child, Element) and child.name == "summary")
