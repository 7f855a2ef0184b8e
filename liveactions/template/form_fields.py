"""What is added to forms: that they carry files, and whose form it is where buttons call something else."""

from __future__ import annotations

import re
from typing import Final

from jinja2 import nodes

from ..html.scanner import Attribute
from ..wire import FIELD_FORM
from .tape import Part
from .tree import Element

_FILE: Final = re.compile(r"<input\b[^>]*\stype\s*=\s*[\"']?file\b", re.IGNORECASE)


def add_form_field(element: Element) -> None:
    """Puts the address of a form's own action into a field, if a button in it may call another one."""
    action = _dynamic_action(element)
    if action is None or not any(map(_has_button, element.children)):
        return
    written = {"type": ["hidden"], "name": [FIELD_FORM], "value": action.value}
    attributes = [Attribute(name, value, action.line) for name, value in written.items()]
    element.children.insert(0, Element("input", attributes, "input"))


def calls_action(element: Element) -> bool:
    """Return whether an element is a form whose address may be that of an action."""
    return _dynamic_action(element) is not None


def _dynamic_action(element: Element) -> Attribute | None:
    attributes = element.attributes if element.name == "form" else ()
    return next((one for one in attributes if one.name == "action" and one.dynamic), None)


def _has_button(child: object) -> bool:
    if isinstance(child, Part):
        return any("formaction=" in data.data for data in child.node.find_all(nodes.TemplateData))
    if not isinstance(child, Element):
        return False
    return any(one.name == "formaction" and one.dynamic for one in child.attributes) or any(
        map(_has_button, child.children)
    )


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
