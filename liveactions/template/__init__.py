"""Templates compiled to shapes, and what they render: fragments."""

from .fragment import BODY_MARK, FORM_STATE, HEAD_MARK, Fragment, Items, Kind, Shape
from .markup import Html, html_of, is_html
from .purity import pure
from .raw import has_raw, raw_page, raw_part
from .reference import Reference
from .view import Templates, View

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
