"""Documents written so that two that look the same are the same text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import escape

from ..wire import FIELD_SNAPSHOT, MARK
from .dom import RAW_TEXT, VOID, Comment, Element, Node, Text

_MARKER = re.compile(r"[(),\]]|\[(\d+,\d+)?")


def canonical(node: Node, *, bookkeeping: bool = False) -> str:
    """HTML with sorted attributes and adjacent text merged.

    What the library keeps in the page for itself is left out unless `bookkeeping`: markers, and
    the snapshot in forms and script tag.
    """
    return "".join(_pieces(node, bookkeeping))


def is_marker(node: Node) -> bool:
    """Whether it is a comment that says where a slot or an item stands."""
    return isinstance(node, Comment) and _MARKER.fullmatch(node.data) is not None


def _pieces(node: Node, bookkeeping: bool) -> Iterator[str]:
    if isinstance(node, Text):
        raw = node.parent is not None and node.parent.name in RAW_TEXT
        yield node.data if raw else str(escape(node.data))
    elif isinstance(node, Comment):
        if bookkeeping or not is_marker(node):
            yield f"<!--{node.data}-->"
    elif isinstance(node, Element) and (bookkeeping or not _is_snapshot(node)):
        yield from _element(node, bookkeeping)


def _element(element: Element, bookkeeping: bool) -> Iterator[str]:
    if element.name:
        yield f"<{element.name}"
        for name, value in sorted(element.attributes.items()):
            if bookkeeping or name not in (MARK, "data-snapshot"):
                yield f' {name}="{escape(value)}"'
        yield ">"
    for child in element.children:
        yield from _pieces(child, bookkeeping)
    if element.name and element.name not in VOID:
        yield f"</{element.name}>"


def _is_snapshot(element: Element) -> bool:
    return element.name == "input" and element.get("name") == FIELD_SNAPSHOT
