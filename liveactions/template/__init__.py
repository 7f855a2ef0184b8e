"""Templates compiled to shapes, and what they render: fragments."""

from .fragment import BODY_MARK, FORM_STATE, HEAD_MARK, Fragment, Items, Kind, Shape
from .purity import pure
from .reference import Reference
from .view import Templates, View, raw_page

__all__ = [
    "BODY_MARK",
    "FORM_STATE",
    "HEAD_MARK",
    "Fragment",
    "Items",
    "Kind",
    "Reference",
    "Shape",
    "Templates",
    "pure",
    "View",
    "raw_page",
]
