"""`live-ignore`: what the page has made of an element stays.

::

    <div live-ignore>               the element with everything in it
    <div live-ignore="children">    everything in it
    <div live-ignore="class style"> these attributes

Its slots are written when the element is, and never again. What stands in it is one slot of raw HTML: a
widget may have destroyed markers in it before anybody looks for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..html.entities import decode_attribute, escape
from ..html.scanner import Attribute, Unplaceable
from .form_fields import add_form_field, has_file
from .tape import Part
from .tree import Child, Element, Markup, Run, runs

_NAME: Final = "live-ignore"
_CHILDREN: Final = "children"


@dataclass(frozen=True, slots=True)
class Ignored:
    """What is ignored of an element: its content, and attributes by name; `None` stands for all."""

    content: bool = False
    attributes: frozenset[str] | None = frozenset()

    def has(self, attribute: Attribute) -> bool:
        return self.attributes is None or attribute.name in self.attributes


def ignored(element: Element) -> Ignored:
    """What `live-ignore` says of an element. `Unplaceable` when that isn't literal text."""
    attribute = next((one for one in element.attributes if one.name == _NAME), None)
    if attribute is None:
        return Ignored()
    if attribute.dynamic:
        raise Unplaceable("live-ignore is dynamic")
    names = "".join(map(str, attribute.value or ())).split()
    if not names:
        return Ignored(content=True, attributes=None)
    return Ignored(_CHILDREN in names, frozenset(names))


def verbatim(children: Sequence[Child]) -> Run:
    """The HTML of an ignored element's content, with its dynamic parts where they stand."""
    run: Run = []
    for child in children:
        if isinstance(child, Element):
            run += _element(child)
        elif isinstance(child, Markup):
            run += child.run
        else:
            run.append(child)
    return run


def _element(element: Element) -> Run:
    add_form_field(element)
    run: Run = [f"<{element.source}"]
    for attribute in element.attributes:
        run += _attribute(attribute)
    if element.name == "form" and _calls(element):
        names = {attribute.name for attribute in element.attributes}
        run.append("" if "method" in names else ' method="post"')
        run.append("" if "enctype" in names or not has_file(element) else ' enctype="multipart/form-data"')
    run.append("/>" if element.self_closing else ">")
    run += verbatim(element.children) if element.raw is None else element.raw
    return run if element.is_void else [*run, f"</{element.source}>"]


def _calls(form: Element) -> bool:
    return any(attribute.name == "action" and attribute.dynamic for attribute in form.attributes)


def _attribute(attribute: Attribute) -> Run:
    if attribute.name is None:
        return [" ", *runs(attribute)]
    if attribute.value is None:
        return [f" {attribute.name}"]
    value = [
        piece if isinstance(piece, Part) else escape(decode_attribute(piece)) for piece in runs(attribute)
    ]
    return [f' {attribute.name}="', *value, '"']
