"""Templates compiled to shapes, and what they render: fragments."""

from .fragment import BODY_MARK, HEAD_MARK, Fragment, Items, Kind, Shape
from .reference import Reference
from .view import Templates, View, raw_page

__all__ = [
    "BODY_MARK",
    "HEAD_MARK",
    "Fragment",
    "Items",
    "Kind",
    "Reference",
    "Shape",
    "Templates",
    "View",
    "raw_page",
]
