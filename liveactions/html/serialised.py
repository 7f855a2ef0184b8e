"""Whether a browser that reads a piece of HTML would write it in the same way again."""

from __future__ import annotations

import re
from typing import Final

from ..wire import FIELD_ACTION, FIELD_SNAPSHOT
from .balance import OpenElements, Unbalanced
from .nesting import RAW_TEXT, TEXT_ONLY

_TEXT = r"[^<>&\xa0\r\0]|&(?:amp|lt|gt|nbsp);"
_VALUE = r'(?:[^"<>&\xa0\r\0]|&(?:amp|quot|nbsp);)*'
_START = rf'<[a-z][a-z0-9-]*(?: [a-z_:][a-z0-9_.:-]*="{_VALUE}")*>'
_LEXICAL: Final = re.compile(rf"(?:{_TEXT}|{_START}|</[a-z][a-z0-9-]*>)*+")
_NAME: Final = re.compile(r"<(/?)([a-z][a-z0-9-]*)")
_OTHERWISE: Final = (
    RAW_TEXT
    | TEXT_ONLY
    | frozenset("svg math pre listing template select html head body frameset frame".split())
    | frozenset("image keygen basefont bgsound".split())
)
"""Elements whose content is read by rules of their own."""
_ONCE: Final = ("a", "button", "form", "nobr")
"""Elements that end the one of the same name that they are in, or are no elements in it."""
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_SECTIONS: Final = ("tbody", "thead", "tfoot")
_PARTS: Final = {
    "table": ("caption", "colgroup", *_SECTIONS),
    **dict.fromkeys(_SECTIONS, ("tr",)),
    "tr": ("td", "th"),
    "colgroup": ("col",),
}
"""All that stands in parts of tables: browsers put the rest before the table."""
_OURS: Final = (f'name="{FIELD_SNAPSHOT}"', f"{FIELD_ACTION}=")
"""In what a page adds something to when it is sent as a whole."""


def is_serialised(html: str) -> bool:
    """Whether `html` is as ``innerHTML`` gives it. False also when that takes more than a quick look."""
    if any(ours in html for ours in _OURS) or _LEXICAL.fullmatch(html) is None:
        return False
    elements = OpenElements()
    for slash, name in _NAME.findall(html):
        if name in _OTHERWISE or not (_ends if slash else _starts)(elements, name):
            return False
    return not elements.names


def _starts(elements: OpenElements, name: str) -> bool:
    parent = elements.names[-1] if elements.names else ""
    if (name in _ONCE and name in elements.names) or (name in _HEADINGS and parent in _HEADINGS):
        return False
    if name == "tr" and parent not in ("", *_SECTIONS) or name not in _PARTS.get(parent, (name,)):
        return False
    return not elements.start(name, False)


def _ends(elements: OpenElements, name: str) -> bool:
    try:
        return elements.end(name) == [name]
    except Unbalanced:
        return False
