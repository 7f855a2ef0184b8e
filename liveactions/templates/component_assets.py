"""Styles and scripts of components, in files that the application's pages link.

A component's style is in a ``<style>`` in its template, or in a file next to it (``Card.css``). Its script, a
module, is in a ``<script>`` or in ``Card.js``. Each page links the styles of all components, because patches
and navigation may insert any of them. Nothing is inline, so that a strict Content-Security-Policy is
possible.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final, Protocol

STYLESHEET: Final = "components.css"
THEME: Final = "theme.css"
"""A style sheet in a folder of components: it applies to the whole page, before the components' styles."""
_WITHOUT_BRACES: Final = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[^{}]", re.DOTALL)
"""Everything in a style sheet except for braces."""


def root_class(tag: str) -> str:
    """Return the class of the element to which a component's style applies: ``Card``, ``forms-Field``."""
    return tag.replace(".", "-")


class HasAssets(Protocol):
    """A component."""

    tag: str
    style: str
    script: str


def fault_of_style(tag: str, style: str, classes: Collection[str]) -> str:
    """Return an error message if a style wouldn't apply to its component, or not only to it; otherwise ""."""
    if not style:
        return ""
    if root_class(tag) not in classes:
        return f'the style of <{tag}> is for an element with class="{root_class(tag)}", and there is none'
    braces = _WITHOUT_BRACES.sub("", style)
    while "{}" in braces:
        braces = braces.replace("{}", "")
    return f"the style of <{tag}> has an unmatched {braces[0]!r}" if braces else ""


def files(components: Iterable[HasAssets], themes: Iterable[str] = ()) -> dict[str, str]:
    """Return the contents of files by name: the style sheet of components, if they have styles, and their
    scripts.

    `themes` are style sheets that are put in front.
    """
    ordered = sorted(components, key=lambda one: one.tag)
    found = {f"{one.tag}.js": one.script for one in ordered if one.script}
    scope = "@scope (.{}) {{\n{}\n}}\n"
    styles = [f"{theme.strip()}\n" for theme in themes]
    styles += [scope.format(root_class(one.tag), one.style.strip()) for one in ordered if one.style]
    return {STYLESHEET: "".join(styles), **found} if styles else found
