"""Templates compiled to shapes, and what they render: fragments."""

from ..types import Reference
from .environment import Templates, View
from .fragments import BODY_MARK, FORM_STATE, HEAD_MARK, Fragment, Items, Kind, Shape
from .purity import pure
from .raw_html import Html, has_raw, html_of, is_html, raw_page, raw_part

__all__ = [
    "BODY_MARK",
    "FORM_STATE",
    "HEAD_MARK",
    "Fragment",
    "Html",
    "Items",
    "Kind",
    "Reference",
    "Shape",
    "Templates",
    "pure",
    "View",
    "html_of",
    "is_html",
    "has_raw",
    "raw_page",
    "raw_part",
]
