"""Character references: escapes data for HTML, and decodes HTML to data.

Attribute values have a decoding rule of their own (HTML Standard, "named character reference state"): there
is no reference in ``?a=1&copy=2``.
"""

from __future__ import annotations

import html
import re

from markupsafe import escape as _escape

from ..protocol.constants import (
    CHILD_CLOSE,
    CHILD_OPEN,
    CHILD_REST,
    ITEM_END,
    LIST_CLOSE,
    LIST_OPEN,
    MARK,
)

_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z][a-zA-Z0-9]*;?)")
_MARKERS = "".join(map(re.escape, (CHILD_OPEN, CHILD_CLOSE, CHILD_REST, LIST_OPEN, LIST_CLOSE, ITEM_END)))
_MARKER_COMMENT = re.compile(f"<!--(?=[{_MARKERS}])")
# Not the tokenizer, because tokens have no positions to rewrite the source at. Only used if a marker occurs.
_START_TAG = re.compile("<[a-zA-Z](?:\"[^\"]*\"|'[^']*'|[^\"'>])*>?")
_MARKER_ATTRIBUTE = re.compile(rf"(?i)(?<=[\s\"'/]){re.escape(MARK)}(?=[\s=/>])")


def escape(data: str) -> str:
    """Escape data for HTML text or a double-quoted attribute value."""
    # Most texts have nothing to escape. Checking that costs less than the `Markup` that `_escape` creates.
    if "&" in data or "<" in data or ">" in data or '"' in data or "'" in data:
        return str(_escape(data))
    return str(data)


def decode_text(source: str) -> str:
    """Return the data of HTML text without elements."""
    return html.unescape(source) if "&" in source else source


def decode_attribute(source: str) -> str:
    """Return the data of an attribute value's source."""
    if "&" not in source:
        return source
    return _REFERENCE.sub(_attribute_reference, source)


def _attribute_reference(match: re.Match[str]) -> str:
    source = match[0]
    if source.endswith(";") or source[1] == "#":
        return html.unescape(source)
    decoded = html.unescape(source)
    follows = match.string[match.end() : match.end() + 1]
    # A name without a semicolon only counts if neither "=" nor a letter or digit follows.
    if follows == "=" or (len(decoded) > 1 and decoded[-1].isalnum()):
        return source
    return decoded


def neutralise(source: str) -> str:
    """Change raw HTML so that the client can't mistake anything in it for a marker."""
    if "<!--" in source:
        source = _MARKER_COMMENT.sub("<!-- ", source)
    if MARK in source.lower():
        source = _START_TAG.sub(lambda tag: _MARKER_ATTRIBUTE.sub(f"{MARK}-", tag[0]), source)
    return source
