"""Markdown as HTML, by markdown-it-py."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from liveactions.ui.code import highlight

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore

MAX_NESTING: Final = 20
"""Maximum depth of elements. Each unclosed bracket is looked at in each level, so this bounds the time."""
MAX_CODE: Final = 4_000
"""Maximum characters of a highlighted block. The time that lexers take can grow with the square of the
length, so the squares of the lengths of all highlighted blocks of a text are at most the square of this.
"""


def markdown(text: str, *, images: bool = False) -> Markup:
    """Return Markdown as HTML: CommonMark, with tables, from any source.

    HTML in it is shown as text, and links can't run scripts. Images are left out unless `images` is true:
    their addresses tell other sites who reads the text. Code blocks are highlighted as by `highlight`, unless
    they are so long that highlighting could take seconds. Raise `ModuleNotFoundError` if ``markdown-it-py``
    isn't installed.
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
    found = MarkdownIt("js-default", {"highlight": _highlighted, "maxNesting": MAX_NESTING})
    found.core.ruler.push("alignment", _align)
    found.core.ruler.push("highlighting", _limit_highlighting)
    return found if images else found.disable("image")


def _align(state: StateCore) -> None:
    """Align the cells of tables by an attribute: strict policies forbid styles in HTML."""
    for token in state.tokens:
        style = token.attrs.pop("style", None)
        if style is not None:
            token.attrs["align"] = str(style).removeprefix("text-align:")


def _limit_highlighting(state: StateCore) -> None:
    """Remove the language of blocks that would exceed the limit for highlighted code."""
    left = MAX_CODE**2
    for token in state.tokens:
        if token.type == "fence":
            cost = len(token.content) ** 2
            if cost > left:
                token.info = ""
            else:
                left -= cost


def _highlighted(text: str, language: str, attributes: str) -> str:
    return str(highlight(text, language))  # no `Markup`, which would escape what is added to it
