"""Where the head of a document ends."""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(
    r"\s+"
    r"|<!--(?P<comment>.*?)-->"
    r"|<(?P<element>title|style|script|noscript|template)\b.*?</(?P=element)\s*>"
    r"|<(?:meta|link|base|!doctype|html|head)\b[^>]*>",
    re.IGNORECASE | re.DOTALL,
)
"""What can stand in a head, or before it."""
_SKELETON: Final = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(?:!doctype|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_DEPTH: Final = {"(": 1, "[": 1, ")": -1, "]": -1}


def is_document(html: str) -> bool:
    """Whether it begins as a whole document does, not as a part of one."""
    return _SKELETON.match(html) is not None


def head_end(html: str) -> int:
    """Where the part ends that belongs into the head. Never between a slot's two markers; a slot that
    nothing follows there is the body's, as it may be empty by chance.
    """
    at = end = depth = 0
    is_more = False
    while token := _TOKEN.match(html, at):
        comment = token["comment"]
        depth += _DEPTH.get(comment[:1], 0) if comment else 0
        is_more = is_more or (comment is None and not token[0].isspace())
        at = token.end()
        if is_more and depth == 0:
            end, is_more = at, False
    return end
