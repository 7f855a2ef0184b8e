"""Forms that have fields for files, which a browser must be told to send."""

from __future__ import annotations

import re
from typing import Final

from jinja2 import nodes

from ..html.scanner import Attribute
from .tape import Part
from .tree import Element

_FILE: Final = re.compile(r"<input\b[^>]*\stype\s*=\s*[\"']?file\b", re.IGNORECASE)


def has_file(element: Element) -> bool:
    """Whether a form has a field for files, as far as the template's own text tells."""
    return any(_has_file(child) for child in element.children)


def _has_file(child: object) -> bool:
    if isinstance(child, Part):
        return any(_FILE.search(data.data) for data in child.node.find_all(nodes.TemplateData))
    if not isinstance(child, Element):
        return False
    return (child.name == "input" and any(map(_is_file, child.attributes))) or has_file(child)


def _is_file(attribute: Attribute) -> bool:
    value = "".join(map(str, attribute.value or ()))
    return attribute.name == "type" and value.strip().lower() == "file"
