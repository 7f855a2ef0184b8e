"""Markdown as HTML, by markdown-it-py."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from liveactions.ui.code import highlight

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore


def markdown(text: str, *, images: bool = False) -> Markup:
    """Return Markdown as HTML: CommonMark, with tables, from any source.

    HTML in it is shown as text, and links can't run scripts. Images are left out unless `images` is true:
    their addresses tell other sites who reads the text. Code blocks are highlighted as by `highlight`. Raise
    `ModuleNotFoundError` if ``markdown-it-py`` isn't installed.
    """
    return Markup(_markdown(images).render(text))


@cache
def _markdown(images: bool) -> MarkdownIt:
    try:
        from markdown_it import MarkdownIt
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "ui.markdown needs the package markdown-it-py: pip install 'liveactions[ui]'", name="markdown_it"
        ) from error
    found = MarkdownIt("js-default", {"highlight": _highlighted})
    found.core.ruler.push("alignment", _align)
    return found if images else found.disable("image")


def _align(state: StateCore) -> None:
    """Align the cells of tables by an attribute: strict policies forbid styles in HTML."""
    for token in state.tokens:
        style = token.attrs.pop("style", None)
        if style is not None:
            token.attrs["align"] = str(style).removeprefix("text-align:")


def _highlighted(text: str, language: str, attributes: str) -> str:
    return str(highlight(text, language))  # no `Markup`, which would escape what is added to it
