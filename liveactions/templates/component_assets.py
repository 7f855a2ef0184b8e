"""Styles and scripts of components: of all of an application, in files that its pages link.

A component's style is in a ``<style>`` in its template, or in a file beside it (``Card.css``); its script, a
module, in a ``<script>`` or ``Card.js``. A page links the styles of all components, so that patches and
navigation may bring any of them. Nothing is inline, as a strict Content-Security-Policy demands.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final, Protocol

STYLESHEET: Final = "components.css"
THEME: Final = "theme.css"
"""A style sheet in a folder of components: for the whole page, and before the styles of the components."""
_WITHOUT_BRACES: Final = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[^{}]", re.DOTALL)
"""What is between the braces of a style sheet."""


def root_class(tag: str) -> str:
    """Return the class of the element that a component's style is for: ``Card``, ``forms-Field``."""
    return tag.replace(".", "-")


class HasAssets(Protocol):
    """A component."""

    tag: str
    style: str
    script: str


def fault_of_style(tag: str, style: str, classes: Collection[str]) -> str:
    """Return why a style would reach beyond its component, or not reach it; "" if it is right."""
    if not style:
        return ""
    if root_class(tag) not in classes:
        return f'the style of <{tag}> is for an element with class="{root_class(tag)}", and there is none'
    braces = _WITHOUT_BRACES.sub("", style)
    while "{}" in braces:
        braces = braces.replace("{}", "")
    return f"the style of <{tag}> has an unmatched {braces[0]!r}" if braces else ""


def files(components: Iterable[HasAssets], themes: Iterable[str] = ()) -> dict[str, str]:
    """Return the style sheet of components, if they have styles, and their scripts, by names of files.

    `themes` are style sheets that come before.
    """
    ordered = sorted(components, key=lambda one: one.tag)
    found = {f"{one.tag}.js": one.script for one in ordered if one.script}
    scope = "@scope (.{}) {{\n{}\n}}\n"
    styles = [f"{theme.strip()}\n" for theme in themes]
    styles += [scope.format(root_class(one.tag), one.style.strip()) for one in ordered if one.style]
    return {STYLESHEET: "".join(styles), **found} if styles else found
